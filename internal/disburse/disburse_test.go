package disburse_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2025, 7, 1, 9, 0, 0, 0, time.UTC)

var databases = []struct {
	name string
	open func(t testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" }},
	{"postgres", pgtest.Database},
}

// desk is an office with persons, and what the tests do with it.
type desk struct {
	*disburse.Desk
	testing.TB
	office *casework.Office
	db     *store.Store
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, d *desk)) {
	for _, x := range databases {
		t.Run(x.name, func(t *testing.T) {
			if x.name == "postgres" {
				pgtest.NotRacing(t)
			}
			test(t, newDesk(t, x.open(t)))
		})
	}
}

func newDesk(t testing.TB, address string) *desk {
	t.Helper()
	db, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	o := casework.New(db)
	d := &desk{disburse.New(o), t, o, db}
	for _, p := range []string{"maker", "other", "third"} {
		d.exec(`INSERT INTO person (id, name, created_at) VALUES ($1, $1, $2)`, p, store.Stamp(now))
	}
	return d
}

func (d *desk) exec(query string, args ...any) {
	d.Helper()
	if _, err := d.db.DB().ExecContext(d.Context(), query, args...); err != nil {
		d.Fatalf("%s: %v", query, err)
	}
}

// role gives the maker a role, proposed and confirmed by the two others.
func (d *desk) role(role, scope string) {
	d.Helper()
	id := role + scope
	d.exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, 'maker', $2, $3, 'granted', 'other', $4)`, id, role, scope, store.Stamp(now))
	d.exec(`UPDATE role_grant SET confirmed_by = 'third', confirmed_at = $1 WHERE id = $2`, store.Stamp(now), id)
}

// line opens, approves and fills a budget line.
func (d *desk) line(id, department string, fen exact.Money) {
	d.Helper()
	d.exec(`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at)
		VALUES ($1, $1, 2025, $2, '101001', 'P1', '2150805', '50701', 'maker', $3)`, id, department, store.Stamp(now))
	d.exec(`UPDATE budget_line SET approved_by = 'other', approved_at = $1 WHERE id = $2`, store.Stamp(now), id)
	d.allot(id, fen)
}

func (d *desk) allot(id string, fen exact.Money) {
	d.Helper()
	if fen > 0 {
		d.exec(`INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($1, 'allot', $2, 'appropriation', 'available', $3, $4, 'other')`,
			store.Stamp(now), id, int64(fen), fmt.Sprint(id, fen))
	}
}

func (d *desk) sweep(at time.Time) store.Sweep {
	d.Helper()
	s, err := d.office.Sweep(d.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: at, Hold: -1}, nil)
	if err != nil {
		d.Fatal(err)
	}
	return s
}

func (d *desk) plan(r disburse.Request) *disburse.Proposal {
	d.Helper()
	p, err := d.Plan(d.Context(), r, now)
	if err != nil {
		d.Fatal(err)
	}
	return p
}

var maker = lists.Actor{Person: "maker", Role: "D1"}

func (d *desk) draft(id string, r disburse.Request) *disburse.Proposal {
	d.Helper()
	p, err := d.Draft(d.Context(), maker, disburse.Drafting{ID: id, Title: "示例名单", Request: r}, now)
	if err != nil {
		d.Fatal(err)
	}
	return p
}

// departments are the issuers of the policies with an automatic item.
func (d *desk) departments() (out []string, budget map[string]string) {
	d.Helper()
	book, err := d.office.Current(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	budget = map[string]string{}
	for _, r := range book.Rules {
		if !slices.Contains(out, r.Policy.Issuer) {
			out = append(out, r.Policy.Issuer)
		}
		if name := r.Item.Budget.Line; name != "" {
			budget[name] = r.Policy.Issuer
		}
	}
	slices.Sort(out)
	return out, budget
}

// TestDistrict drafts the lists of all departments of the sample district, and proposes again: nothing is proposed twice.
func TestDistrict(t *testing.T) {
	pgtest.NotRacing(t) // much by one goroutine
	onBoth(t, func(t *testing.T, d *desk) {
		if err := demo.Load(t.Context(), d.office, now); err != nil {
			t.Fatal(err)
		}
		d.sweep(now)
		departments, budget := d.departments()
		for name, department := range budget {
			d.line(name, department, 100_000_000_000_00)
		}
		total := 0
		for i, department := range departments {
			d.role("D1", department)
			p, err := d.Plan(t.Context(), disburse.Request{Department: department}, now)
			if err != nil {
				t.Logf("%s: %v", department, err)
				continue
			}
			fates := map[disburse.Fate]int{}
			for _, l := range p.Left {
				fates[l.Fate]++
				if l.Reason == "" || l.Item == "" || l.Enterprise == "" {
					t.Errorf("left out without a reason: %+v", l)
				}
			}
			t.Logf("%s: %d entries, %s; left %v", department, len(p.Entries), p.Total(), fates)
			total += len(p.Entries)
			if len(p.Entries) == 0 {
				continue
			}
			d.draft(fmt.Sprint("L", i), disburse.Request{Department: department})
			again := d.plan(disburse.Request{Department: department})
			if len(again.Entries) > 0 {
				t.Errorf("%s: proposed again: %+v", department, again.Entries[0])
			}
		}
		if total < 100 {
			t.Errorf("%d entries in all", total)
		}
	})
}
