package fsck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// contents computes the hash of each list that has one again: SHA-256 over the line "mianshen list 1", then a line of the list's
// id, round, department and sweep, then for each entry that is in, by its number, a line of number, amount in 分, entitlement,
// part, enterprise, item, budget line and account ("" for none). A text is its length in bytes in decimal digits, a colon and
// the bytes, a number its decimal digits and a semicolon; nothing stands between. An entry that the bank returned was in when
// it was approved, and counts so.
func contents(ctx context.Context, b *book) error {
	var id, department, said string
	var round, sweep int64
	var n, fen *int64
	texts := make([]*string, 6)
	into := []any{&id, &round, &department, &sweep, &said, &n, &fen}
	for i := range texts {
		into = append(into, &texts[i])
	}
	var current, want string
	sum := sha256.New()
	var line []byte
	end := func() {
		if have := hex.EncodeToString(sum.Sum(nil)); current != "" && have != want {
			b.found("A2.hash", "清单 "+current, "记的散列值是 %s，按内容应为 %s", want, have)
		}
	}
	err := b.each(ctx, `SELECT l.id, l.round, l.department, l.sweep, l.hash, e.n, e.amount_fen, e.entitlement, e.part, e.enterprise, e.item, e.line,
			coalesce(e.account, '')
		FROM disbursement_list l LEFT JOIN list_entry e ON e.list = l.id AND e.status IN ('in', 'returned')
		WHERE l.hash IS NOT NULL ORDER BY l.id, e.n`, into, func() {
		if id != current {
			end()
			current, want = id, said
			sum.Reset()
			sum.Write([]byte("mianshen list 1\n"))
			line = number(text(number(text(line[:0], id), round), department), sweep)
			sum.Write(append(line, '\n'))
		}
		if n == nil {
			return
		}
		line = number(number(line[:0], *n), *fen)
		for _, t := range texts {
			line = text(line, *t)
		}
		sum.Write(append(line, '\n'))
	})
	if err == nil {
		end()
	}
	return err
}

// text and number write one value so that none runs into the next.
func text(line []byte, s string) []byte {
	return append(append(strconv.AppendInt(line, int64(len(s)), 10), ':'), s...)
}

func number(line []byte, n int64) []byte { return append(strconv.AppendInt(line, n, 10), ';') }
