package granted

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Statement says that the ledger has everything that was granted of an item: every grant whose period begins on Since or later and
// everything paid since then, by whatever way, this ledger's or one that was brought in. The zero Date is from the beginning.
type Statement struct {
	ID, Department, Item string
	Since                civil.Date
	Evidence             string
	RecordedBy           string
	RecordedAt           time.Time
	Answer
	EndedBy, EndReason string
	EndedAt            time.Time
}

// State records a statement for each of the items, all or nothing, and returns the ids. D1 of the department does it, whose items they are.
func (b *Book) State(ctx context.Context, s Statement, items []string, owner Owner, by string, now time.Time) ([]string, error) {
	if err := words("依据", s.Evidence); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, refuse(store.ErrInvalid, "没有写明事项，请补上")
	}
	if s.Since.After(civil.On(now)) {
		return nil, refuse(store.ErrInvalid, "起始日 %s 晚于今天（%s），请核对", s.Since, civil.On(now))
	}
	var ids []string
	err := b.store.Transact(ctx, func(tx *store.Tx) error {
		ids = nil
		p, err := acts(ctx, tx, by, "登记账目完整", s.Department, drafts)
		if err != nil {
			return err
		}
		for _, item := range items {
			if whose, known := owner(item); !known || whose != s.Department {
				return refuse(store.ErrInvalid, "%s没有事项“%.80s”，请核对部门和事项编号", s.Department, item)
			}
			id := identity("")
			if _, err := tx.Exec(ctx, `INSERT INTO whole_ledger (id, department, item, since, evidence, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				id, s.Department, item, store.Day(s.Since), s.Evidence, p.id, store.Stamp(now)); err != nil {
				return err
			}
			if err := p.record(ctx, tx, "whole.stated", id, now, map[string]string{"department": s.Department, "item": item, "since": since(s.Since)}); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// since is the day as a fact of the audit log; "" from the beginning.
func since(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// AnswerStatement confirms or rejects a statement, for good. D2 of the department does it, another person, and not before the files with
// grants of the item are answered.
func (b *Book) AnswerStatement(ctx context.Context, id string, confirm bool, by string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		s, err := statementOf(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := answers(ctx, tx, by, "条账目完整的登记", s.Department, s.RecordedBy, s.Answer)
		if err != nil {
			return err
		}
		if confirm {
			if err := s.ready(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE whole_ledger SET answer = $1, answered_by = $2, answered_at = $3 WHERE id = $4`, verdict(confirm), p.id, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "whole.answered", id, now, map[string]string{"answer": verdict(confirm), "item": s.Item})
	})
}

// ready refuses to call the ledger whole while grants of the item wait to be confirmed.
func (s Statement) ready(ctx context.Context, tx *store.Tx) error {
	file := ""
	rows, err := tx.Query(ctx, `SELECT min(f.id) FROM earlier_grant g JOIN earlier_file f ON f.id = g.file WHERE g.item = $1 AND f.answer IS NULL HAVING count(*) > 0`, s.Item)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&file) })
	if err == nil && file != "" {
		err = refuse(store.ErrConflict, "事项 %s 还有补录的拨付没有复核（补录 %s），请先复核", s.Item, file)
	}
	return err
}

// End ends a statement that holds, with a reason: from then on the history of the item isn't known. D1 or D2 of the department does it.
func (b *Book) End(ctx context.Context, id, reason, by string, now time.Time) error {
	if err := words("理由", reason); err != nil {
		return err
	}
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		s, err := statementOf(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := acts(ctx, tx, by, "终止账目完整的登记", s.Department, drafts, reviews)
		switch {
		case err != nil:
			return err
		case s.Answer.Answer != "confirmed" || !s.EndedAt.IsZero():
			return refuse(store.ErrConflict, "这条登记没有生效或已经终止，不用再终止")
		case now.Before(s.At):
			return refuse(store.ErrInvalid, "不能在确认以前终止，请核对时间")
		}
		if _, err := tx.Exec(ctx, `UPDATE whole_ledger SET ended_by = $1, ended_at = $2, end_reason = $3 WHERE id = $4`, p.id, store.Stamp(now), reason, id); err != nil {
			return err
		}
		return p.record(ctx, tx, "whole.ended", id, now, map[string]string{"item": s.Item})
	})
}

const statementColumns = `id, department, item, since, evidence, recorded_by, recorded_at, coalesce(answer, ''), coalesce(answered_by, ''), answered_at,
	coalesce(ended_by, ''), ended_at, coalesce(end_reason, '')`

func statementsOf[R rowset.Rows](rows R, err error) (list []Statement, failed error) {
	failed = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var s Statement
		err := scan(&s.ID, &s.Department, &s.Item, store.DayInto(&s.Since), &s.Evidence, &s.RecordedBy, store.StampInto(&s.RecordedAt),
			&s.Answer.Answer, &s.By, store.StampInto(&s.At), &s.EndedBy, store.StampInto(&s.EndedAt), &s.EndReason)
		list = append(list, s)
		return err
	})
	return list, failed
}

func statementOf(ctx context.Context, tx *store.Tx, id string) (Statement, error) {
	list, err := statementsOf(tx.Query(ctx, `SELECT `+statementColumns+` FROM whole_ledger WHERE id = $1`+tx.Lock(), id))
	if err == nil && len(list) == 0 {
		err = refuse(store.ErrNotFound, "没有编号为“%.64s”的账目完整登记，请核对编号", id)
	}
	if err != nil {
		return Statement{}, err
	}
	return list[0], nil
}

// Statements lists all statements, newest first.
func (b *Book) Statements(ctx context.Context) ([]Statement, error) {
	list, err := statementsOf(b.store.DB().QueryContext(ctx, `SELECT `+statementColumns+` FROM whole_ledger`))
	slices.SortFunc(list, func(a, b Statement) int { return cmp.Or(b.RecordedAt.Compare(a.RecordedAt), cmp.Compare(a.ID, b.ID)) })
	return list, err
}

// instant takes an instant as the databases keep it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// stood reports whether something that began and ended (zero: it hasn't) stood at an instant; the zero instant is now, after everything.
func stood(began, ended, at time.Time) bool {
	if at.IsZero() {
		return ended.IsZero()
	}
	return !began.After(instant(at)) && (ended.IsZero() || ended.After(instant(at)))
}

// Whole says of which items the ledger has everything, and from when on, as known at an instant (zero: now). An item of which earlier
// grants wait to be confirmed isn't among them.
func (b *Book) Whole(ctx context.Context, known time.Time) (map[string]civil.Date, error) {
	list, err := b.Statements(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]civil.Date{}
	for _, s := range list {
		if s.Answer.Answer != "confirmed" || !stood(s.At, s.EndedAt, known) {
			continue
		}
		if was, ok := out[s.Item]; !ok || s.Since.IsZero() || s.Since.Before(was) {
			out[s.Item] = s.Since
		}
	}
	rows, err := b.store.DB().QueryContext(ctx, `SELECT DISTINCT g.item, f.recorded_at, f.answered_at FROM earlier_grant g JOIN earlier_file f ON f.id = g.file`)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var item string
		var recorded, answered time.Time
		err := scan(&item, store.StampInto(&recorded), store.StampInto(&answered))
		if stood(recorded, answered, known) {
			delete(out, item)
		}
		return err
	})
	return out, err
}

// Awards are the confirmed grants that were brought in, up to a day; known, where it isn't zero, leaves out what was confirmed after it.
func (b *Book) Awards(ctx context.Context, until civil.Date, known time.Time) (list []rules.Award, err error) {
	rows, err := b.store.DB().QueryContext(ctx, `SELECT g.enterprise, g.item, g.period, g.basis, g.amount_fen, g.on_day, f.answered_at
		FROM earlier_grant g JOIN earlier_file f ON f.id = g.file WHERE f.answer = 'confirmed' AND g.on_day <= $1
		ORDER BY g.enterprise, g.item, g.period, g.basis, g.on_day, g.amount_fen DESC`, store.Day(until))
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var a rules.Award
		var period string
		var when time.Time
		if err := scan(&a.Enterprise, &a.Item, &period, &a.Basis, &a.Amount, store.DayInto(&a.On), store.StampInto(&when)); err != nil {
			return err
		}
		var err error
		if a.Period, err = rules.ParseInterval(period); err != nil {
			return fmt.Errorf("补录的所属期：%w", err)
		}
		if known.IsZero() || !when.After(instant(known)) {
			list = append(list, a)
		}
		return nil
	})
	return list, err
}

// Lookback is what decisions look back on: findings and payments of the ledger, and what was brought in.
type Lookback struct {
	Ledger  *ledger.Book
	Granted *Book
}

// LookbackOf is that of a store.
func LookbackOf(s *store.Store) Lookback { return Lookback{ledger.New(s), New(s)} }

// Findings are those of the ledger.
func (l Lookback) Findings(ctx context.Context, onDay civil.Date, known time.Time) (*rules.Findings, error) {
	return l.Ledger.Findings(ctx, onDay, known)
}

// History is what was granted, for the items of which somebody has said, and another person confirmed, that all of it is there; nil, not
// known, where there is no such item. Conditions that ask for more wait (待核实) instead of taking what is missing for nothing.
func (l Lookback) History(ctx context.Context, until civil.Date, known time.Time) (*rules.History, error) {
	whole, err := l.Granted.Whole(ctx, known)
	if err != nil || len(whole) == 0 {
		return nil, err
	}
	paid, err := l.Ledger.Awards(ctx, until, known)
	if err != nil {
		return nil, err
	}
	earlier, err := l.Granted.Awards(ctx, until, known)
	if err != nil {
		return nil, err
	}
	return rules.NewLedger(slices.Concat(earlier, paid), whole), nil
}
