// Package overview reads what stands between lists and money for those who look at it: how many lists stand where, payments with
// what the bank said, batches and who took their files, what a firm is to get, and the registers of what lists draw on. It changes nothing.
package overview

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// View reads out of a store. It may be used by many goroutines at once.
type View struct{ s *store.Store }

// New gives the view of what is in s.
func New(s *store.Store) *View { return &View{s} }

// Count is how many lists of a department stand in a state, with the sum of their entries that are in.
type Count struct {
	Department string
	State      lists.State
	Lists      int
	Sum        exact.Money
}

// Counts counts lists by department and state; of all departments where none is named.
func (v *View) Counts(ctx context.Context, departments []string) (all []Count, err error) {
	w := where{parts: []string{"1 = 1"}}
	w.in("l.department", departments)
	err = v.query(ctx, `SELECT l.department, l.state, count(*), CAST(coalesce(sum((SELECT sum(e.amount_fen) FROM list_entry e
		WHERE e.list = l.id AND e.status IN ('in', 'returned'))), 0) AS BIGINT)
		FROM disbursement_list l WHERE `+w.text()+" GROUP BY l.department, l.state ORDER BY l.department, l.state", w.args, func(scan scanner) error {
		var c Count
		err := scan(&c.Department, &c.State, &c.Lists, &c.Sum)
		all = append(all, c)
		return err
	})
	return all, err
}

// Sum is what a list has of one item.
type Sum struct {
	Item  string
	Count int
	Fen   exact.Money
}

// Items sums a list up by item, of the entries that are in, held or came back.
func (v *View) Items(ctx context.Context, list string) (all []Sum, err error) {
	err = v.query(ctx, `SELECT item, count(*), CAST(sum(amount_fen) AS BIGINT) FROM list_entry WHERE list = $1 AND status <> 'removed'
		GROUP BY item ORDER BY item`, []any{list}, func(scan scanner) error {
		var s Sum
		err := scan(&s.Item, &s.Count, &s.Fen)
		all = append(all, s)
		return err
	})
	return all, err
}

// Notice is a list that is, or was, in public notice.
type Notice struct {
	List, Title, Department string
	Until                   civil.Date
	Count                   int
	Sum                     exact.Money
}

// Notices returns a page of the lists that came to public notice and weren't called back, the latest first. The page after it
// begins after its last list.
func (v *View) Notices(ctx context.Context, after string, limit int) (page []Notice, err error) {
	const since = "(SELECT a.made_at FROM disbursement_list a WHERE a.id = $1)"
	err = v.query(ctx, `SELECT l.id, l.title, l.department, l.notice_until, count(e.n), CAST(coalesce(sum(e.amount_fen), 0) AS BIGINT)
		FROM disbursement_list l LEFT JOIN list_entry e ON e.list = l.id AND e.status IN ('in', 'returned')
		WHERE l.notice_until IS NOT NULL AND l.state NOT IN ('draft', 'reviewed', 'confirmed', 'withdrawn')
		AND ($1 = '' OR l.made_at < `+since+" OR (l.made_at = "+since+` AND l.id > $1))
		GROUP BY l.id, l.title, l.department, l.notice_until, l.made_at ORDER BY l.made_at DESC, l.id LIMIT `+upTo(limit), []any{after}, func(scan scanner) error {
		var n Notice
		err := scan(&n.List, &n.Title, &n.Department, store.DayInto(&n.Until), &n.Count, &n.Sum)
		page = append(page, n)
		return err
	})
	return page, err
}

// Names are the names of all persons by id.
func (v *View) Names(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := v.query(ctx, "SELECT id, name FROM person", nil, func(scan scanner) error {
		var id, name string
		err := scan(&id, &name)
		names[id] = name
		return err
	})
	return names, err
}

// Due is an entry of a list as its firm sees it.
type Due struct {
	List, Title, Department, Item, Period string
	N                                     int
	Amount                                exact.Money
	Status, Note                          string
	State                                 lists.State
	Suspended                             bool
	ConfirmUntil, NoticeUntil             civil.Date
	Answer                                string // what the firm said in this round: yes, no, or ""
	Payment, Reason                       string // state of the last attempt, and why it failed or came back
	MovedAt                               time.Time
	AnswerBy                              civil.Date // by when the bank answers
}

// Dues are the entries of a firm on lists that were reviewed, the latest first, at most 100.
func (v *View) Dues(ctx context.Context, uscc string) (all []Due, err error) {
	const last = " FROM payment p WHERE p.list = e.list AND p.n = e.n ORDER BY p.attempt DESC LIMIT 1)"
	err = v.query(ctx, `SELECT l.id, l.title, l.department, e.item, t.period, e.n, e.amount_fen, e.status, e.note, l.state, l.suspended, l.confirm_until, l.notice_until,
		coalesce((SELECT c.answer FROM confirmation c WHERE c.list = e.list AND c.n = e.n AND c.round = l.round), ''),
		coalesce((SELECT p.state`+last+", ''), coalesce((SELECT p.reason"+last+", ''), (SELECT p.moved_at"+last+`,
		(SELECT b.answer_by FROM payment_batch b WHERE b.list = e.list AND b.round = l.round)
		FROM list_entry e JOIN disbursement_list l ON l.id = e.list JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part
		WHERE e.enterprise = $1 AND l.state NOT IN ('draft', 'withdrawn') ORDER BY l.made_at DESC, l.id, e.n LIMIT 100`, []any{uscc}, func(scan scanner) error {
		var d Due
		var suspended int
		err := scan(&d.List, &d.Title, &d.Department, &d.Item, &d.Period, &d.N, &d.Amount, &d.Status, &d.Note, &d.State, &suspended, store.DayInto(&d.ConfirmUntil),
			store.DayInto(&d.NoticeUntil), &d.Answer, &d.Payment, &d.Reason, store.StampInto(&d.MovedAt), store.DayInto(&d.AnswerBy))
		d.Suspended = suspended == 1
		all = append(all, d)
		return err
	})
	return all, err
}

// scanner reads the columns of the row at hand.
type scanner func(...any) error

func (v *View) query(ctx context.Context, query string, args []any, each func(scanner) error) error {
	rows, err := v.s.DB().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// where collects conditions, each with its arguments.
type where struct {
	parts []string
	args  []any
}

// is adds that a column has a value, unless the value is "".
func (w *where) is(column, value string) {
	if value != "" {
		w.add(column+" = $%d", value)
	}
}

// add takes a condition with %d for the argument's number.
func (w *where) add(format string, arg any) {
	w.args = append(w.args, arg)
	w.parts = append(w.parts, strings.ReplaceAll(format, "%d", strconv.Itoa(len(w.args))))
}

// in adds that a column has one of the values, unless there are none.
func (w *where) in(column string, values []string) { w.among(column+" IN (%s)", values) }

// among adds a condition with the places of values where its %s stands, unless there are none.
func (w *where) among(format string, values []string) {
	var places []string
	for _, v := range values {
		w.args = append(w.args, v)
		places = append(places, "$"+strconv.Itoa(len(w.args)))
	}
	if len(places) > 0 {
		w.parts = append(w.parts, strings.Replace(format, "%s", strings.Join(places, ", "), 1))
	}
}

func (w *where) text() string { return strings.Join(w.parts, " AND ") }

func upTo(n int) string {
	if n < 1 || n > 200 {
		n = 50
	}
	return fmt.Sprint(n)
}
