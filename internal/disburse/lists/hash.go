package lists

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// content is what an approval binds: how many entries are in, their sum, and the hash of the canonical form.
type content struct {
	hash  string
	count int
	sum   exact.Money
}

// canonical hashes the content of a list in a round: a line that names the form, then list, round, department and sweep, then
// for each entry that is in, by its number: number, entitlement, part, enterprise, item, 分, budget line and account. Each text
// is its length in bytes, a colon and the text, so that no two contents are written alike. The form never changes: what was
// approved must be found again in years.
func canonical(ctx context.Context, tx *store.Tx, h head, round int) (c content, err error) {
	sum := sha256.New()
	var line []byte
	text := func(s string) { line = append(append(strconv.AppendInt(line, int64(len(s)), 10), ':'), s...) }
	number := func(n int64) { line = append(strconv.AppendInt(line, n, 10), ';') }
	flush := func() {
		line = append(line, '\n')
		sum.Write(line)
		line = line[:0]
	}
	sum.Write([]byte("mianshen list 1\n"))
	text(h.id)
	number(int64(round))
	text(h.department)
	number(h.sweep)
	flush()
	err = query(ctx, tx, `SELECT n, entitlement, part, enterprise, item, amount_fen, line, coalesce(account, '') FROM list_entry
		WHERE list = $1 AND status = 'in' ORDER BY n`, []any{h.id}, func(scan scanner) error {
		var n, fen int64
		var texts [6]string
		if err := scan(&n, &texts[0], &texts[1], &texts[2], &texts[3], &fen, &texts[4], &texts[5]); err != nil {
			return err
		}
		number(n)
		number(fen)
		for _, s := range texts {
			text(s)
		}
		flush()
		c.count++
		c.sum += exact.Money(fen) // each is at most its entitlement's, and the line they come from holds an int64
		return nil
	})
	c.hash = hex.EncodeToString(sum.Sum(nil))
	return c, err
}

// bind puts the hash of the content as it is now into the list.
func bind(ctx context.Context, tx *store.Tx, h *head, round int) (content, error) {
	c, err := canonical(ctx, tx, *h, round)
	if err != nil || c.hash == h.hash {
		return c, err
	}
	h.hash = c.hash
	_, err = tx.Exec(ctx, "UPDATE disbursement_list SET hash = $1 WHERE id = $2", c.hash, h.id)
	return c, err
}
