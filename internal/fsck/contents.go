package fsck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// contents computes the hash of each list that has one again: SHA-256 over the line that names the form, then of the list its
// id, department and kind, and of each entry that isn't removed, by its number: the number, entitlement, part, enterprise,
// item, name, amount and claim in 分, reason, line, account ("" for none) and whether it is held; each text as its length in
// bytes in decimal digits, a colon and the bytes. An entry that the bank returned counts as it was approved.
func contents(ctx context.Context, b *book) error {
	var id, department, kind string
	var said *string
	var n *int64
	texts := make([]*string, 10)
	into := []any{&id, &department, &kind, &said, &n}
	for i := range texts {
		into = append(into, &texts[i])
	}
	var current, want string
	var sum hash.Hash
	end := func() {
		if sum == nil {
			return
		}
		if have := hex.EncodeToString(sum.Sum(nil)); have != want {
			b.found("A2.hash", "清单 "+current, "记的散列值是 %s，按内容应为 %s", want, have)
		}
	}
	err := b.each(ctx, `SELECT l.id, l.department, l.kind, l.hash, e.n, e.entitlement, e.part, e.enterprise, e.item, e.name,
			TEXT[e.amount_fen], TEXT[e.claimed_fen], e.reason, e.line, coalesce(e.account, '') || CASE e.status WHEN 'held' THEN ' held' ELSE '' END
		FROM disbursement_list l LEFT JOIN list_entry e ON e.list = l.id AND e.status <> 'removed'
		WHERE l.hash IS NOT NULL ORDER BY l.id, e.n`, into, func() {
		if sum == nil || id != current {
			end()
			current, want, sum = id, *said, sha256.New()
			sum.Write([]byte("mianshen list 1\n"))
			put(sum, id, department, kind)
		}
		if n != nil {
			put(sum, strconv.FormatInt(*n, 10))
			for _, text := range texts {
				put(sum, *text)
			}
		}
	})
	if err == nil {
		end()
	}
	return err
}

// put writes texts with their lengths, so that none runs into the next.
func put(sum hash.Hash, texts ...string) {
	for _, text := range texts {
		sum.Write(append(strconv.AppendInt(nil, int64(len(text)), 10), ':'))
		sum.Write([]byte(text))
	}
}
