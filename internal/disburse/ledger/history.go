package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Choice is which item of a group of rule choice a firm has chosen.
type Choice struct{ Group, Enterprise, Item string }

// Choose records what a firm chose; the last choice counts. E1 or E2 of the firm does it, or D1 for it.
func (b *Book) Choose(ctx context.Context, c Choice, by string, now time.Time) error {
	if err := first(words("互斥组", c.Group), words("事项", c.Item)); err != nil {
		return err
	}
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := actor(ctx, tx, by)
		if err != nil {
			return err
		}
		if !p.has(firmClerk, c.Enterprise) && !p.has(firmAdmin, c.Enterprise) && !p.has(drafts, "") || c.Enterprise == "" {
			return refuse(ErrRole, "您没有该企业的%s或%s的角色，也没有%s的角色，不能代它选择事项",
				duty.Full(firmClerk), duty.Full(firmAdmin), duty.Full(drafts))
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM enterprise WHERE uscc = $1`, c.Enterprise)
		if err != nil {
			return err
		}
		if !known {
			return refuse(store.ErrNotFound, "没有统一社会信用代码为“%.40s”的企业，请核对", c.Enterprise)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO choice (grp, enterprise, item, person, at) VALUES ($1, $2, $3, $4, $5)`,
			c.Group, c.Enterprise, c.Item, p.id, store.Stamp(now)); err != nil {
			return err
		}
		return p.record(ctx, tx, "choice.made", c.Enterprise, now, map[string]string{"group": c.Group, "item": c.Item})
	})
}

// Choices are the choices that count, by enterprise and group. known, where it isn't zero, leaves out those made after it.
func (b *Book) Choices(ctx context.Context, known time.Time) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	rows, err := b.store.DB().QueryContext(ctx, `SELECT grp, enterprise, item, at FROM choice ORDER BY seq`)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var c Choice
		var when time.Time
		err := scan(&c.Group, &c.Enterprise, &c.Item, store.StampInto(&when))
		if !known.IsZero() && when.After(at(known)) {
			return err
		}
		if out[c.Enterprise] == nil {
			out[c.Enterprise] = map[string]string{}
		}
		out[c.Enterprise][c.Group] = c.Item
		return err
	})
	return out, err
}

// Awards are what was paid under items up to a day, what came back as negative sums: returned by the bank or recovered. Each has the
// day on which it was booked. known, where it isn't zero, leaves out what was booked after it. They come by firm, item, period,
// basis, day and sum, the larger first.
func (b *Book) Awards(ctx context.Context, until civil.Date, known time.Time) (list []rules.Award, err error) {
	rows, err := b.store.DB().QueryContext(ctx, `SELECT t.enterprise, t.item, t.period, t.basis, m.at, m.fen FROM (
			SELECT o.payment AS payment, o.at AS at, CASE o.kind WHEN 'post' THEN o.fen ELSE -o.fen END AS fen FROM posting o WHERE o.kind IN ('post', 'return')
			UNION ALL SELECT r.payment, c.at, -c.fen FROM recovery_receipt c JOIN recovery r ON r.id = c.recovery) m
		JOIN payment p ON p.id = m.payment JOIN list_entry e ON e.list = p.list AND e.n = p.n
		JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part`)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var a rules.Award
		var period string
		var when time.Time
		err := scan(&a.Enterprise, &a.Item, &period, &a.Basis, store.StampInto(&when), &a.Amount)
		if err == nil {
			a.Period, err = interval(period)
		}
		a.On = civil.On(when)
		if !a.On.After(until) && (known.IsZero() || !when.After(at(known))) {
			list = append(list, a)
		}
		return err
	})
	slices.SortFunc(list, func(a, b rules.Award) int {
		return cmp.Or(cmp.Compare(a.Enterprise, b.Enterprise), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Period.Name, b.Period.Name),
			cmp.Compare(a.Basis, b.Basis), a.On.Compare(b.On), cmp.Compare(b.Amount, a.Amount))
	})
	return list, err
}

// interval reads the period of an entitlement, which for an item without periods is a day.
func interval(period string) (rules.Interval, error) {
	if day, err := civil.Parse(period); err == nil {
		return rules.Day.Of(day, 0), nil
	}
	return rules.ParseInterval(period)
}
