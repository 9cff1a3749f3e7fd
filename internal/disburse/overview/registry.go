package overview

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Choice chooses a page out of a register, the latest first; what is empty chooses all.
type Choice struct {
	Find        string   // a part of the firm's name, or the beginning of its code
	State       string   // as the register has it
	Departments []string // whose lists; none: all
	Person      string   // with Departments: who asks, since everybody sees the accounts that he recorded
	Items       []string // of what is about an item; none: all
	ID          string   // one row; "": all
	After       string   // the id of the last row of the page before
	Limit       int      // 1 to 200; else 50
}

// register is how a table is read by pages. Its columns are those of the row; at is when a row was written.
type register struct {
	columns, from  string
	at, name, code string
	states         map[string]string // by state: what its rows have
	departments    string            // what ties a row to departments, with %s for their places
	year           int               // column year of its rows; 0: all
	own            string            // column of the person who sees a row whatever the department; "" for none
}

// page counts what is chosen and reads one page of it.
func (v *View) page(ctx context.Context, r register, c Choice, each func(scanner) error) (count int, err error) {
	w := where{parts: []string{"1 = 1"}}
	if len(c.Departments) > 0 {
		w.among(r.departments, c.Departments)
		if r.own != "" {
			w.args = append(w.args, c.Person)
			last := len(w.parts) - 1
			w.parts[last] = fmt.Sprintf("(%s OR %s = $%d)", w.parts[last], r.own, len(w.args))
		}
	}
	w.among("x.item IN (%s)", c.Items)
	own := slices.Clone(w.parts[1:]) // whose rows they are; of what else is chosen, a row may have left meanwhile
	w.find(r.name, r.code, c.Find)
	if state, ok := r.states[c.State]; ok {
		w.parts = append(w.parts, state)
	}
	w.is("x.id", c.ID)
	if r.year != 0 {
		w.add("x.year = $%d", r.year)
	}
	err = v.query(ctx, "SELECT count(*) "+r.from+" WHERE "+w.text(), w.args, func(scan scanner) error { return scan(&count) })
	if err != nil {
		return 0, err
	}
	if c.After != "" {
		// A row that the caller doesn't see is no place to go on from: where it stands is as unknown as where a missing one does.
		since := "(SELECT x." + r.at + " " + r.from + " WHERE x.id = $%d" + strings.Join(append([]string{""}, own...), " AND ") + ")"
		w.add("(x."+r.at+" < "+since+" OR (x."+r.at+" = "+since+" AND x.id > $%d))", c.After)
	}
	return count, v.query(ctx, "SELECT "+r.columns+" "+r.from+" WHERE "+w.text()+" ORDER BY x."+r.at+" DESC, x.id LIMIT "+upTo(c.Limit), w.args, each)
}

// find adds that a firm's name has a text, or that its code begins with it, unless there is none.
func (w *where) find(name, code, text string) {
	if text != "" {
		w.add("("+name+" LIKE '%' || $%d || '%' ESCAPE '!' OR "+code+" LIKE $%d || '%' ESCAPE '!')", likely.Replace(text))
	}
}

// likely takes the meaning from the signs of LIKE.
var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Account is an account that a firm is paid to, its number masked; persons by name.
type Account struct {
	ID, Enterprise, Holder, Bank, Masked, Source  string
	RecordedBy, Recorder, VerifiedBy, VerifiedHow string // RecordedBy is the id
	RecordedAt, VerifiedAt, UsableFrom, RetiredAt time.Time
}

// AccountStates are what Choice.State may say of accounts: waiting for somebody to verify it, live, or retired.
var AccountStates = []string{"waiting", "live", "retired"}

// Accounts returns a page of the accounts, and how many are chosen. Departments see those of the firms on their lists, and what they
// recorded themselves.
func (v *View) Accounts(ctx context.Context, c Choice) (page []Account, count int, err error) {
	r := register{
		columns: `x.id, x.enterprise, x.holder, x.bank, x.masked, x.source, x.recorded_by, m.name, coalesce(k.name, ''), coalesce(x.verified_how, ''), x.recorded_at, x.verified_at, x.usable_from, x.retired_at`,
		from:    `FROM payee_account x JOIN person m ON m.id = x.recorded_by LEFT JOIN person k ON k.id = x.verified_by`,
		at:      "recorded_at", name: "x.holder", code: "x.enterprise",
		states: map[string]string{
			"waiting": "x.verified_at IS NULL AND x.retired_at IS NULL", "live": "x.verified_at IS NOT NULL AND x.retired_at IS NULL", "retired": "x.retired_at IS NOT NULL",
		},
		departments: "x.enterprise IN (SELECT e.enterprise FROM disbursement_list l JOIN list_entry e ON e.list = l.id WHERE l.department IN (%s))",
		own:         "x.recorded_by",
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var a Account
		err := scan(&a.ID, &a.Enterprise, &a.Holder, &a.Bank, &a.Masked, &a.Source, &a.RecordedBy, &a.Recorder, &a.VerifiedBy, &a.VerifiedHow,
			store.StampInto(&a.RecordedAt), store.StampInto(&a.VerifiedAt), store.StampInto(&a.UsableFrom), store.StampInto(&a.RetiredAt))
		page = append(page, a)
		return err
	})
	return page, count, err
}

// Recovery is money that a firm has to give back; persons by name.
type Recovery struct {
	ID, Payment, Enterprise, Name, Department string
	Amount, Received                          exact.Money
	Reason                                    string
	ProposedBy, ApprovedBy                    string
	ProposedAt                                time.Time
}

// RecoveryStates are what Choice.State may say of recoveries: waiting to be approved, open, or done.
var RecoveryStates = []string{"waiting", "open", "done"}

// State is one of RecoveryStates.
func (r Recovery) State() string {
	switch {
	case r.ApprovedBy == "":
		return "waiting"
	case r.Received < r.Amount:
		return "open"
	}
	return "done"
}

// Recoveries returns a page of the recoveries, and how many are chosen.
func (v *View) Recoveries(ctx context.Context, c Choice) (page []Recovery, count int, err error) {
	r := register{
		columns: `x.id, x.payment, x.enterprise, f.name, l.department, x.amount_fen, x.received_fen, x.reason, m.name, coalesce(k.name, ''), x.proposed_at`,
		from: `FROM recovery x JOIN payment p ON p.id = x.payment JOIN disbursement_list l ON l.id = p.list JOIN enterprise f ON f.uscc = x.enterprise
			JOIN person m ON m.id = x.proposed_by LEFT JOIN person k ON k.id = x.approved_by`,
		at: "proposed_at", name: "f.name", code: "x.enterprise",
		states: map[string]string{
			"waiting": "x.approved_by IS NULL", "open": "x.approved_by IS NOT NULL AND x.received_fen < x.amount_fen", "done": "x.approved_by IS NOT NULL AND x.received_fen = x.amount_fen",
		},
		departments: "l.department IN (%s)",
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var r Recovery
		err := scan(&r.ID, &r.Payment, &r.Enterprise, &r.Name, &r.Department, &r.Amount, &r.Received, &r.Reason, &r.ProposedBy, &r.ApprovedBy, store.StampInto(&r.ProposedAt))
		page = append(page, r)
		return err
	})
	return page, count, err
}

// Finding is what a person found out; persons by name. Amount is nil where it is about a condition.
type Finding struct {
	ID, Enterprise, Name, Item, Condition string
	Holds                                 bool
	Amount                                *exact.Money
	On                                    civil.Date
	Evidence                              string
	RecordedBy, Recorder, AnsweredBy      string // RecordedBy is the id
	RecordedAt                            time.Time
	Answer                                string // confirmed, rejected, or "" while it waits
}

// FindingStates are what Choice.State may say of findings.
var FindingStates = []string{"waiting", "confirmed", "rejected"}

// Findings returns a page of the findings, and how many are chosen.
func (v *View) Findings(ctx context.Context, c Choice) (page []Finding, count int, err error) {
	c.Departments = nil // whose they are, their items say
	r := register{
		columns: `x.id, x.enterprise, f.name, x.item, x.condition, coalesce(x.result, 0), coalesce(x.amount_fen, -1), x.on_day, x.evidence, x.recorded_by, m.name, coalesce(k.name, ''), x.recorded_at, coalesce(x.answer, '')`,
		from:    `FROM finding x JOIN enterprise f ON f.uscc = x.enterprise JOIN person m ON m.id = x.recorded_by LEFT JOIN person k ON k.id = x.answered_by`,
		at:      "recorded_at", name: "f.name", code: "x.enterprise",
		states: map[string]string{"waiting": "x.answer IS NULL", "confirmed": "x.answer = 'confirmed'", "rejected": "x.answer = 'rejected'"},
	}
	count, err = v.page(ctx, r, c, func(scan scanner) error {
		var f Finding
		var result int
		var fen exact.Money
		err := scan(&f.ID, &f.Enterprise, &f.Name, &f.Item, &f.Condition, &result, &fen, store.DayInto(&f.On), &f.Evidence, &f.RecordedBy, &f.Recorder, &f.AnsweredBy, store.StampInto(&f.RecordedAt), &f.Answer)
		if f.Holds = result == 1; fen >= 0 {
			f.Amount = &fen
		}
		page = append(page, f)
		return err
	})
	return page, count, err
}
