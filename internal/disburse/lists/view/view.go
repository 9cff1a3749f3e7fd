// Package view reads disbursement lists for those who look at them: which there are, their entries and events, and what an
// approver has to see before approving. It changes nothing.
package view

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

// View reads lists out of a store. It may be used by many goroutines at once.
type View struct{ s *store.Store }

// New gives the view of the lists in s.
func New(s *store.Store) *View { return &View{s} }

// List is a list at a glance. Count and Sum are of the entries that are in (or came back), Held counts those held.
type List struct {
	ID, Title, Department, Kind string
	Sweep                       int64
	State                       lists.State
	Suspended, TwoApprovers     bool
	Round                       int
	Hash                        string // "" if the content changed since it was looked at
	ConfirmUntil, NoticeUntil   civil.Date
	MadeAt                      time.Time
	Count, Held                 int
	Sum                         exact.Money
	Statuses                    map[string]int // entries by status; of View.List alone
}

// Filter chooses lists; what is empty chooses all.
type Filter struct {
	State      lists.State
	Department string
	After      string // the id of the last list of the page before
	Limit      int    // 1 to 200; else 50
}

const head = `SELECT l.id, l.title, l.department, l.kind, l.sweep, l.state, l.suspended, l.two_approvers, l.round, coalesce(l.hash, ''),
	l.confirm_until, l.notice_until, l.made_at, `

const columns = head + `(SELECT count(*) FROM list_entry e WHERE e.list = l.id AND e.status IN ('in', 'returned')),
	(SELECT count(*) FROM list_entry e WHERE e.list = l.id AND e.status = 'held'),
	(SELECT CAST(coalesce(sum(e.amount_fen), 0) AS BIGINT) FROM list_entry e WHERE e.list = l.id AND e.status IN ('in', 'returned'))
	FROM disbursement_list l WHERE `

func (l *List) scan(scan scanner) error {
	var suspended, two int
	err := scan(&l.ID, &l.Title, &l.Department, &l.Kind, &l.Sweep, &l.State, &suspended, &two, &l.Round, &l.Hash, store.DayInto(&l.ConfirmUntil),
		store.DayInto(&l.NoticeUntil), store.StampInto(&l.MadeAt), &l.Count, &l.Held, &l.Sum)
	l.Suspended, l.TwoApprovers = suspended == 1, two == 1
	return err
}

// List returns one list, or store.ErrNotFound.
func (v *View) List(ctx context.Context, id string) (l List, err error) {
	if err = v.query(ctx, head+"0, 0, 0 FROM disbursement_list l WHERE l.id = $1", []any{id}, l.scan); err == nil && l.ID == "" {
		err = missing{id}
	}
	if err != nil {
		return l, err
	}
	l.Statuses = map[string]int{}
	return l, v.query(ctx, "SELECT status, count(*), CAST(sum(amount_fen) AS BIGINT) FROM list_entry WHERE list = $1 GROUP BY status", []any{id}, func(scan scanner) error {
		var status string
		var n int
		var sum exact.Money
		err := scan(&status, &n, &sum)
		switch l.Statuses[status] = n; status {
		case "in", "returned":
			l.Count, l.Sum = l.Count+n, l.Sum+sum
		case "held":
			l.Held = n
		}
		return err
	})
}

// Department returns whose list it is, or store.ErrNotFound.
func (v *View) Department(ctx context.Context, id string) (department string, err error) {
	err = v.query(ctx, "SELECT department FROM disbursement_list WHERE id = $1", []any{id}, func(scan scanner) error { return scan(&department) })
	if err == nil && department == "" {
		err = missing{id}
	}
	return department, err
}

// missing is a store.ErrNotFound in words for a person.
type missing struct{ id string }

func (m missing) Error() string {
	return "没有编号为“" + m.id + "”的名单，请核对编号。"
}
func (missing) Unwrap() error { return store.ErrNotFound }

// Lists returns a page of lists, the latest first. The page after it begins After its last id.
func (v *View) Lists(ctx context.Context, f Filter) (page []List, err error) {
	w := where{}
	w.add("($%d = '' OR l.state = $%d)", string(f.State))
	w.add("($%d = '' OR l.department = $%d)", f.Department)
	if f.After != "" {
		w.add("(l.made_at < (SELECT a.made_at FROM disbursement_list a WHERE a.id = $%d) OR (l.made_at = (SELECT a.made_at FROM disbursement_list a WHERE a.id = $%d) AND l.id > $%d))", f.After)
	}
	err = v.query(ctx, columns+w.text()+" ORDER BY l.made_at DESC, l.id LIMIT "+limit(f.Limit), w.args, func(scan scanner) error {
		var l List
		err := l.scan(scan)
		page = append(page, l)
		return err
	})
	return page, err
}

// Entry is one entry of a list. Account is masked; "" while none is bound.
type Entry struct {
	N                                     int
	Entitlement, Part                     string
	Enterprise, Item, Period, Name        string
	Amount, Claimed                       exact.Money
	Reason, Line, Account                 string
	Status, Note, Decision, PolicyVersion string
	Confirmation                          string // yes, no or silent in the round that began last; "" where nobody asked or answered
}

// EntryFilter chooses entries; what is empty chooses all.
type EntryFilter struct {
	Status, Item, Enterprise string
	Find                     string // a part of the firm's name, or the beginning of its code
	After                    int    // the number of the last entry of the page before
	Limit                    int    // 1 to 200; else 50
}

// likely takes the meaning from the signs of LIKE.
var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Entries returns a page of the entries of a list by their numbers.
func (v *View) Entries(ctx context.Context, list string, f EntryFilter) (page []Entry, err error) {
	w := where{}
	w.add("e.list = $%d", list)
	w.add("e.n > $%d", f.After)
	w.add("($%d = '' OR e.status = $%d)", f.Status)
	w.add("($%d = '' OR e.item = $%d)", f.Item)
	w.add("($%d = '' OR e.enterprise = $%d)", f.Enterprise)
	if f.Find != "" {
		w.add("(e.name LIKE '%' || $%d || '%' ESCAPE '!' OR e.enterprise LIKE $%d || '%' ESCAPE '!')", likely.Replace(f.Find))
	}
	err = v.query(ctx, `SELECT e.n, e.entitlement, e.part, e.enterprise, e.item, t.period, e.name, e.amount_fen, e.claimed_fen, e.reason, e.line,
		coalesce(p.masked, ''), e.status, e.note, t.decision, t.policy_version,
		coalesce((SELECT c.answer FROM confirmation c WHERE c.list = e.list AND c.n = e.n ORDER BY c.round DESC LIMIT 1), '')
		FROM list_entry e JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part LEFT JOIN payee_account p ON p.id = e.account
		WHERE `+w.text()+" ORDER BY e.n LIMIT "+limit(f.Limit), w.args, func(scan scanner) error {
		var e Entry
		err := scan(&e.N, &e.Entitlement, &e.Part, &e.Enterprise, &e.Item, &e.Period, &e.Name, &e.Amount, &e.Claimed, &e.Reason, &e.Line, &e.Account,
			&e.Status, &e.Note, &e.Decision, &e.PolicyVersion, &e.Confirmation)
		page = append(page, e)
		return err
	})
	return page, err
}

// Event is one thing that was done to a list.
type Event struct {
	Seq               int
	Action            lists.Action
	From, To          lists.State
	Role              string
	Person, StandsFor string // ids
	Name              string // of the person
	At                time.Time
	Hash, Note        string
}

// Events returns what was done to a list, in order.
func (v *View) Events(ctx context.Context, list string) (all []Event, err error) {
	err = v.query(ctx, `SELECT e.seq, e.action, e.from_state, e.to_state, e.role, e.person, coalesce(e.stands_for, ''), p.name, e.at, coalesce(e.hash, ''), e.note
		FROM list_event e JOIN person p ON p.id = e.person WHERE e.list = $1 ORDER BY e.seq`, []any{list}, func(scan scanner) error {
		var e Event
		err := scan(&e.Seq, &e.Action, &e.From, &e.To, &e.Role, &e.Person, &e.StandsFor, &e.Name, store.StampInto(&e.At), &e.Hash, &e.Note)
		all = append(all, e)
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

// where collects conditions, each with one argument.
type where struct {
	parts []string
	args  []any
}

// add takes a condition with one %d, or several, for the argument's number.
func (w *where) add(format string, arg any) {
	w.args = append(w.args, arg)
	w.parts = append(w.parts, strings.ReplaceAll(format, "%d", strconv.Itoa(len(w.args))))
}

func (w *where) text() string { return strings.Join(w.parts, " AND ") }

func limit(n int) string {
	if n < 1 || n > 200 {
		n = 50
	}
	return fmt.Sprint(n)
}
