package view

import (
	"context"

	"mianshen/rules/exact"
)

// Summary is what an approver sees before approving: the content that Hash names and how it differs from what was expected.
type Summary struct {
	List     List
	Top      []Entry    // the ten largest entries that are in
	Before   string     // the department's last approved list with an item of this one; "" if there is none
	Against  Difference // this list against Before, by enterprise and item
	Lines    []Line
	Expected *exact.Money // what a simulation came to, if one was given
	Off      exact.Money  // Sum minus Expected
}

// Difference counts and sums what is on one of two lists only, and what is on both with another amount.
type Difference struct {
	New, Gone, Changed     int
	NewSum, GoneSum        exact.Money
	ChangedFrom, ChangedTo exact.Money
}

// Line is what a list takes of one budget line, and what that line has left beside it.
type Line struct {
	ID, Name string
	Year     int
	Count    int
	Sum      exact.Money
	Left     exact.Money // available, after what this and other lists have reserved
}

// Summary reads it; simulated may be nil.
func (v *View) Summary(ctx context.Context, id string, simulated *exact.Money) (Summary, error) {
	l, err := v.List(ctx, id)
	if err != nil {
		return Summary{}, err
	}
	return v.SummaryOf(ctx, l, simulated)
}

// SummaryOf is Summary of a list that was just read.
func (v *View) SummaryOf(ctx context.Context, l List, simulated *exact.Money) (s Summary, err error) {
	id := l.ID
	s.List = l
	if s.Expected = simulated; simulated != nil {
		s.Off = s.List.Sum - *simulated
	}
	if s.Top, err = v.top(ctx, id); err != nil {
		return s, err
	}
	if s.Lines, err = v.lines(ctx, id); err != nil {
		return s, err
	}
	err = v.query(ctx, `SELECT l.id FROM disbursement_list l JOIN disbursement_list m ON m.id = $1
		WHERE l.department = m.department AND l.id <> m.id AND l.made_at <= m.made_at AND l.state IN ('approved', 'exported', 'sent', 'settled')
		AND EXISTS (SELECT 1 FROM list_entry e WHERE e.list = l.id AND e.status IN ('in', 'returned')
			AND e.item IN (SELECT o.item FROM list_entry o WHERE o.list = m.id AND o.status = 'in'))
		ORDER BY l.made_at DESC, l.id DESC LIMIT 1`, []any{id}, func(scan scanner) error { return scan(&s.Before) })
	if err != nil {
		return s, err
	}
	s.Against, err = v.difference(ctx, s.Before, id)
	return s, err
}

func (v *View) top(ctx context.Context, id string) (top []Entry, err error) {
	err = v.query(ctx, `SELECT e.n, e.enterprise, e.item, e.name, e.amount_fen, e.claimed_fen, e.reason, e.line, e.status
		FROM (SELECT list, n FROM list_entry WHERE list = $1 AND status = 'in' ORDER BY amount_fen DESC, n LIMIT 10) t
		JOIN list_entry e ON e.list = t.list AND e.n = t.n ORDER BY e.amount_fen DESC, e.n`, []any{id}, func(scan scanner) error {
		var e Entry
		err := scan(&e.N, &e.Enterprise, &e.Item, &e.Name, &e.Amount, &e.Claimed, &e.Reason, &e.Line, &e.Status)
		top = append(top, e)
		return err
	})
	return top, err
}

func (v *View) lines(ctx context.Context, id string) (all []Line, err error) {
	err = v.query(ctx, `SELECT b.id, b.name, b.year, e.n, e.fen, b.total_fen - b.reserved_fen - b.posted_fen
		FROM (SELECT line, count(*) AS n, CAST(sum(amount_fen) AS BIGINT) AS fen FROM list_entry WHERE list = $1 AND status = 'in' GROUP BY line) e
		JOIN budget_line b ON b.id = e.line ORDER BY b.id`, []any{id}, func(scan scanner) error {
		var l Line
		err := scan(&l.ID, &l.Name, &l.Year, &l.Count, &l.Sum, &l.Left)
		all = append(all, l)
		return err
	})
	return all, err
}

// difference compares what is in two lists, over the items of the second: before "" means that there is no first.
func (v *View) difference(ctx context.Context, before, now string) (d Difference, err error) {
	if before == "" { // all is new: nothing to hold it against
		err = v.query(ctx, `SELECT count(*), CAST(coalesce(sum(fen), 0) AS BIGINT) FROM (SELECT sum(amount_fen) AS fen FROM list_entry
			WHERE list = $1 AND status = 'in' GROUP BY enterprise, item) pairs`, []any{now}, func(scan scanner) error { return scan(&d.New, &d.NewSum) })
		return d, err
	}
	err = v.query(ctx, `SELECT
		CAST(coalesce(sum(CASE WHEN was = 0 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(coalesce(sum(CASE WHEN was = 0 THEN is_now ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN is_now = 0 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(coalesce(sum(CASE WHEN is_now = 0 THEN was ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN was > 0 AND is_now > 0 AND was <> is_now THEN 1 ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN was > 0 AND is_now > 0 AND was <> is_now THEN was ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN was > 0 AND is_now > 0 AND was <> is_now THEN is_now ELSE 0 END), 0) AS BIGINT)
		FROM (SELECT enterprise, item, CAST(sum(CASE WHEN list = $1 THEN amount_fen ELSE 0 END) AS BIGINT) AS was,
			CAST(sum(CASE WHEN list = $2 THEN amount_fen ELSE 0 END) AS BIGINT) AS is_now FROM list_entry
			WHERE list IN ($1, $2) AND (status = 'in' OR list = $1 AND status = 'returned')
			AND item IN (SELECT o.item FROM list_entry o WHERE o.list = $2 AND o.status = 'in') GROUP BY enterprise, item) pairs`,
		[]any{before, now}, func(scan scanner) error {
			return scan(&d.New, &d.NewSum, &d.Gone, &d.GoneSum, &d.Changed, &d.ChangedFrom, &d.ChangedTo)
		})
	return d, err
}
