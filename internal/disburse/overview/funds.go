package overview

import (
	"context"
	"strings"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Line is a line of the budget; persons by name. What can still be reserved is Total less Reserved less Posted.
type Line struct {
	ID, Name, Department, Item, Unit, Project, Function, Economic string
	Year                                                          int
	CarriedFrom                                                   string // the line of the year before whose rest comes here; "": none
	OpenedBy, ApprovedBy                                          string // ApprovedBy is "" while it waits
	OpenedAt, ApprovedAt                                          time.Time
	Total, Reserved, Posted                                       exact.Money
}

// LineStates are what Choice.State may say of lines: waiting to be approved, or approved.
var LineStates = []string{"waiting", "approved"}

// Lines returns a page of the budget lines of a year (0: all years), and how many are chosen. Find is a part of a line's name, or the
// beginning of its id.
func (v *View) Lines(ctx context.Context, year int, c Choice) (page []Line, count int, err error) {
	r := register{
		columns: `x.id, x.name, x.department, x.item, x.unit, x.project, x.function, x.economic, x.year, coalesce(x.carried_from, ''), m.name, coalesce(k.name, ''), x.opened_at, x.approved_at,
			x.total_fen, x.reserved_fen, x.posted_fen`,
		from: `FROM budget_line x JOIN person m ON m.id = x.opened_by LEFT JOIN person k ON k.id = x.approved_by`,
		at:   "opened_at", name: "x.name", code: "x.id", departments: "x.department IN (%s)", year: year,
		states: map[string]string{"waiting": "x.approved_by IS NULL", "approved": "x.approved_by IS NOT NULL"},
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var l Line
		err := scan(&l.ID, &l.Name, &l.Department, &l.Item, &l.Unit, &l.Project, &l.Function, &l.Economic, &l.Year, &l.CarriedFrom, &l.OpenedBy, &l.ApprovedBy,
			store.StampInto(&l.OpenedAt), store.StampInto(&l.ApprovedAt), &l.Total, &l.Reserved, &l.Posted)
		page = append(page, l)
		return err
	})
	return page, count, err
}

// Posting is a movement of a line from one of its accounts to another; the person by name.
type Posting struct {
	Seq                 int64
	At                  time.Time
	Kind, Debit, Credit string
	Fen                 exact.Money
	List                string
	N, Round            int
	Payment, Ref        string
	By                  string
}

// Postings returns a page of a line's postings, in their order, those after a number.
func (v *View) Postings(ctx context.Context, line string, after int64, limit int) (page []Posting, err error) {
	err = v.query(ctx, `SELECT x.seq, x.at, x.kind, x.debit, x.credit, x.fen, coalesce(x.list, ''), coalesce(x.n, 0), coalesce(x.round, 0), coalesce(x.payment, ''), x.ref, m.name
		FROM posting x JOIN person m ON m.id = x.person WHERE x.line = $1 AND x.seq > $2 ORDER BY x.seq LIMIT `+upTo(limit), []any{line, after}, func(scan scanner) error {
		var p Posting
		err := scan(&p.Seq, store.StampInto(&p.At), &p.Kind, &p.Debit, &p.Credit, &p.Fen, &p.List, &p.N, &p.Round, &p.Payment, &p.Ref, &p.By)
		page = append(page, p)
		return err
	})
	return page, err
}

// Answered is what one person recorded and another answered, persons by name: confirmed, rejected, or "" while it waits.
type Answered struct {
	RecordedBy string
	RecordedAt time.Time
	Answer, By string
	At         time.Time
}

func (a *Answered) columns() []any {
	return []any{&a.RecordedBy, store.StampInto(&a.RecordedAt), &a.Answer, &a.By, store.StampInto(&a.At)}
}

const (
	answeredColumns = `m.name, x.recorded_at, coalesce(x.answer, ''), coalesce(k.name, ''), x.answered_at`
	answeredPersons = ` x JOIN person m ON m.id = x.recorded_by LEFT JOIN person k ON k.id = x.answered_by`
)

// answerStates are what Choice.State may say of what is answered.
var answerStates = map[string]string{"waiting": "x.answer IS NULL", "confirmed": "x.answer = 'confirmed'", "rejected": "x.answer = 'rejected'"}

// EarlierFile is a file of grants from before this ledger or from elsewhere.
type EarlierFile struct {
	ID, Department, Name, SHA256, Source string
	Grants                               int
	Sum                                  exact.Money
	Answered
}

// EarlierFiles returns a page of the files of earlier grants, and how many are chosen; by State as findings. Find is a part of a file's
// name, or the beginning of its id.
func (v *View) EarlierFiles(ctx context.Context, c Choice) (page []EarlierFile, count int, err error) {
	r := register{
		columns: `x.id, x.department, x.name, x.sha256, x.source, x.grants, x.sum_fen, ` + answeredColumns, from: "FROM earlier_file" + answeredPersons,
		at: "recorded_at", name: "x.name", code: "x.id", departments: "x.department IN (%s)", states: answerStates,
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var f EarlierFile
		err := scan(append([]any{&f.ID, &f.Department, &f.Name, &f.SHA256, &f.Source, &f.Grants, &f.Sum}, f.columns()...)...)
		page = append(page, f)
		return err
	})
	return page, count, err
}

// EarlierGrant is one line of a file of earlier grants; what was given back has a negative sum.
type EarlierGrant struct {
	Line                                  int
	Item, Enterprise, Name, Period, Basis string
	Amount                                exact.Money
	On                                    civil.Date
}

// EarlierGrants returns a page of the grants of a file, in its order, those after a line.
func (v *View) EarlierGrants(ctx context.Context, file string, after, limit int) (page []EarlierGrant, err error) {
	err = v.query(ctx, `SELECT x.line, x.item, x.enterprise, f.name, x.period, x.basis, x.amount_fen, x.on_day FROM earlier_grant x JOIN enterprise f ON f.uscc = x.enterprise
		WHERE x.file = $1 AND x.line > $2 ORDER BY x.line LIMIT `+upTo(limit), []any{file, after}, func(scan scanner) error {
		var g EarlierGrant
		err := scan(&g.Line, &g.Item, &g.Enterprise, &g.Name, &g.Period, &g.Basis, &g.Amount, store.DayInto(&g.On))
		page = append(page, g)
		return err
	})
	return page, err
}

// Whole is a statement that the ledger has everything of an item from a day on; the zero Date is from the beginning.
type Whole struct {
	ID, Department, Item, Evidence string
	Since                          civil.Date
	Answered
	EndedAt   time.Time // the zero time: it wasn't ended
	EndReason string
}

// Wholes returns a page of the statements that the ledger is whole, and how many are chosen; by State as findings, or ended.
func (v *View) Wholes(ctx context.Context, c Choice) (page []Whole, count int, err error) {
	states := map[string]string{"ended": "x.ended_at IS NOT NULL"}
	for name, has := range answerStates {
		states[name] = has + " AND x.ended_at IS NULL"
	}
	r := register{
		columns: `x.id, x.department, x.item, x.evidence, x.since, ` + answeredColumns + `, x.ended_at, coalesce(x.end_reason, '')`, from: "FROM whole_ledger" + answeredPersons,
		at: "recorded_at", name: "x.item", code: "x.id", departments: "x.department IN (%s)", states: states,
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var s Whole
		to := append([]any{&s.ID, &s.Department, &s.Item, &s.Evidence, store.DayInto(&s.Since)}, s.columns()...)
		err := scan(append(to, store.StampInto(&s.EndedAt), &s.EndReason)...)
		page = append(page, s)
		return err
	})
	return page, count, err
}

// Chosen is what a firm chose in a group of which it may have one; the person by name.
type Chosen struct {
	Seq                           int64
	Group, Enterprise, Name, Item string
	By                            string
	At                            time.Time
}

// Chosens returns a page of the choices that count, the latest first: of a firm ("": all) and in a group ("": all), those made before the
// one with number before (0: from the latest).
func (v *View) Chosens(ctx context.Context, enterprise, group string, before int64, limit int) (page []Chosen, err error) {
	w := where{parts: []string{"x.seq IN (SELECT max(l.seq) FROM choice l GROUP BY l.enterprise, l.grp)"}}
	w.is("x.enterprise", enterprise)
	w.is("x.grp", group)
	if before > 0 {
		w.add("x.seq < $%d", before)
	}
	err = v.query(ctx, strings.Join([]string{
		`SELECT x.seq, x.grp, x.enterprise, f.name, x.item, m.name, x.at FROM choice x JOIN enterprise f ON f.uscc = x.enterprise JOIN person m ON m.id = x.person WHERE`,
		w.text(), "ORDER BY x.seq DESC LIMIT", upTo(limit),
	}, " "), w.args, func(scan scanner) error {
		var c Chosen
		err := scan(&c.Seq, &c.Group, &c.Enterprise, &c.Name, &c.Item, &c.By, store.StampInto(&c.At))
		page = append(page, c)
		return err
	})
	return page, err
}
