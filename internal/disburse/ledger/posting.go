package ledger

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules/exact"
)

// Posting is a movement of money between two accounts of a line.
type Posting struct {
	Seq           int64
	At            time.Time
	Kind          string // allot, carry, reserve, void, move_out, move_in, post, return or recover
	Debit, Credit string // the account that the money leaves, and the one it comes to
	Fen           exact.Money
	List          string // for reserve and void
	N             int    // entry of the list
	Round         int
	Payment       string // for move_out, move_in, post and return
	Ref           string // reference of a document or of the bank
	Person        string
}

// The kinds of posting that are booked here; the others come from lists and payments.
const (
	allot       = "allot"
	carry       = "carry"
	recoverKind = "recover"
)

// sides are the accounts of each kind that is booked here, as the table checks them.
var sides = map[string][2]string{
	allot:       {"appropriation", "available"},
	carry:       {"available", "appropriation"},
	recoverKind: {"paid", "available"},
}

// post books a posting on a line.
func post(ctx context.Context, tx *store.Tx, p Posting, line string) error {
	_, err := tx.Exec(ctx, `INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		store.Stamp(p.At), p.Kind, line, sides[p.Kind][0], sides[p.Kind][1], int64(p.Fen), p.Ref, p.Person)
	return err
}

// unused refuses a reference that is booked already.
func unused(ctx context.Context, tx *store.Tx, kind, ref string) error {
	booked, err := exists(ctx, tx, `SELECT 1 FROM posting WHERE kind = $1 AND ref = $2`, kind, ref)
	if err == nil && booked {
		err = refuse(store.ErrConflict, "“%s”已经入过账，不能再用；请核对是否重复办理", ref)
	}
	return err
}

// amount is a sum as a fact of the audit log.
func amount(fen exact.Money) string { return strconv.FormatInt(int64(fen), 10) }

// Account is what the postings of a line come to on one side.
type Account struct {
	Name    string // appropriation (下达), available (可用), reserved (冻结) or paid (已付)
	Balance exact.Money
}

// Statement is the double-entry account of a line.
type Statement struct {
	Line     Line
	Postings []Posting // in the order in which they were booked
	Accounts []Account // appropriation, available, reserved, paid; they sum to zero
}

// Statement returns a line with its postings and what they come to, as of one moment. ErrDamaged: they don't come to the sums of
// the line.
func (b *Book) Statement(ctx context.Context, id string) (s Statement, err error) {
	rows, err := b.store.DB().QueryContext(ctx, `SELECT `+lineColumns+`, coalesce(seq, 0), at, coalesce(kind, ''), coalesce(debit, ''), coalesce(credit, ''),
		coalesce(fen, 0), coalesce(list, ''), coalesce(n, 0), coalesce(round, 0), coalesce(payment, ''), coalesce(ref, ''), coalesce(person, '')
		FROM budget_line LEFT JOIN posting ON line = id WHERE id = $1 ORDER BY seq`, id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var p Posting
		err := scan(append(s.Line.columns(), &p.Seq, store.StampInto(&p.At), &p.Kind, &p.Debit, &p.Credit, &p.Fen, &p.List, &p.N, &p.Round, &p.Payment, &p.Ref, &p.Person)...)
		if p.Seq > 0 {
			s.Postings = append(s.Postings, p)
		}
		return err
	})
	switch {
	case err != nil:
		return Statement{}, err
	case s.Line.ID == "":
		return Statement{}, noLine(id)
	}
	err = s.add()
	return s, err
}

// add derives the accounts from the postings and holds them against the sums of the line.
func (s *Statement) add() error {
	balance := map[string]exact.Money{}
	for _, p := range s.Postings {
		balance[p.Debit] -= p.Fen
		balance[p.Credit] += p.Fen
	}
	var total exact.Money
	for _, name := range []string{"appropriation", "available", "reserved", "paid"} {
		s.Accounts = append(s.Accounts, Account{name, balance[name]})
		total += balance[name]
	}
	if l := s.Line; total != 0 || balance["available"] != l.Available() || balance["reserved"] != l.Reserved || balance["paid"] != l.Posted {
		return refuse(ErrDamaged, "额度“%s”的分录与合计不符，请停止使用这条额度，并运行 mianshen fsck 查明原因", l.Name)
	}
	return nil
}

// Carry moves what is left of a line into a line of the next year (结转).
type Carry struct {
	From, To string // To must be approved, and opened as carried from From
	Fen      exact.Money
	Ref      string // of the document that allows it; counts once
}

// CarryOver takes the sum off the old line and puts it on the new one, in one transaction and once for a reference. F3 does it, in
// the new line's year, another person than the one who opened that line.
func (b *Book) CarryOver(ctx context.Context, c Carry, by string, now time.Time) error {
	if err := first(sum(c.Fen), words("结转文号", c.Ref)); err != nil {
		return err
	}
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "办理结转", approves)
		if err != nil {
			return err
		}
		from, err := lineOf(ctx, tx, c.From) // old before new, always: nobody waits for the other
		if err != nil {
			return err
		}
		to, err := lineOf(ctx, tx, c.To)
		if err != nil {
			return err
		}
		if err := first(c.fits(from, to), to.takes(c.Fen, p, now), unused(ctx, tx, carry, c.Ref), unused(ctx, tx, allot, c.Ref)); err != nil {
			return err
		}
		entry := Posting{At: now, Fen: c.Fen, Ref: c.Ref, Person: p.id}
		out, in := entry, entry
		out.Kind, in.Kind = carry, allot
		if err := first(post(ctx, tx, out, from.ID), post(ctx, tx, in, to.ID)); err != nil {
			return err
		}
		return p.record(ctx, tx, "budget.carried", c.From, now, map[string]string{"to": c.To, "fen": amount(c.Fen), "ref": c.Ref})
	})
}

// fits refuses to carry more than is left, or into a line that isn't for it.
func (c Carry) fits(from, to Line) error {
	switch {
	case to.CarriedFrom != from.ID:
		return refuse(store.ErrConflict, "额度“%s”开立时没有写明由“%s”结转，请先为结转开立额度并批准", to.Name, from.Name)
	case c.Fen > from.Available():
		return refuse(store.ErrConflict, "额度“%s”只剩 %s 元可用，不够结转 %s 元；冻结中的名单请先退回或支付", from.Name, from.Available(), c.Fen)
	}
	return nil
}

func sortLines(list []Line) {
	slices.SortFunc(list, func(a, b Line) int {
		return cmp.Or(cmp.Compare(b.Year, a.Year), cmp.Compare(a.Department, b.Department), cmp.Compare(a.ID, b.ID))
	})
}
