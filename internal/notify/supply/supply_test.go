package supply_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/notify/supply"
	"mianshen/internal/persons"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2025, 7, 1, 2, 0, 0, 0, time.UTC)

// town is a few enterprises of the samples with their persons, compared once.
type town struct {
	*testing.T
	office *casework.Office
	book   *supply.Book
	people *persons.Book
	v      *rules.Vocabulary
	firm   string
	field  *rules.Field // which an undecided item of firm waits for
	item   string
}

func both(t *testing.T, run func(*town)) {
	t.Run("sqlite", func(t *testing.T) { run(build(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db"))) })
	t.Run("postgres", func(t *testing.T) { run(build(t, pgtest.Database(t))) })
}

func build(t *testing.T, address string) *town {
	t.Helper()
	db, err := store.Open(t.Context(), address)
	ok(t, err)
	t.Cleanup(func() { ok(t, db.Close()) })
	w := &town{T: t, office: casework.New(db), book: supply.New(db), people: persons.New(db, seal.New())}
	ok(t, w.people.MakeDemo(t.Context(), now))
	ok(t, demo.Publish(t.Context(), w.office, now))
	book, err := w.office.Current(t.Context())
	ok(t, err)
	w.v = book.Book.Vocabulary
	bundle, err := seeds.Enterprises()
	ok(t, err)
	const some = 40
	bundle.Profiles.Rows = bundle.Profiles.Rows[:some]
	known := map[string]bool{}
	for _, row := range bundle.Profiles.Rows {
		known[row[0]] = true
	}
	for i := range bundle.Records {
		bundle.Records[i].Rows = slices.DeleteFunc(slices.Clone(bundle.Records[i].Rows), func(row []string) bool { return !known[row[0]] })
	}
	firms, err := demo.Firms(w.v, bundle)
	ok(t, err)
	ok(t, demo.Deliver(t.Context(), w.office, w.v, firms, now))
	w.sweep("before", now)
	w.choose(bundle.Profiles.Rows)
	hold := func(login string, role persons.Role, scope string) persons.DemoPerson {
		return persons.DemoPerson{Login: login, Name: login, Holdings: []persons.Holding{{Role: role, Scope: scope}}}
	}
	twice := hold("both", persons.FirmClerk, w.firm)
	twice.Holdings = append(twice.Holdings, persons.Holding{Role: persons.DepartmentReviews, Scope: w.field.Source})
	ok(t, w.people.AddDemo(t.Context(), []persons.DemoPerson{
		hold("clerk", persons.FirmClerk, w.firm), hold("official", persons.DepartmentReviews, w.field.Source), hold("elsewhere", persons.DepartmentReviews, "别的部门"), twice,
	}, now))
	return w
}

// choose finds a firm and a number that it lacks.
func (w *town) choose(rows [][]string) {
	w.Helper()
	for _, row := range rows {
		all, _, err := w.office.Reasons(w.Context(), row[0])
		ok(w, err)
		for _, x := range all {
			for _, m := range x.Explanation.Missing {
				f, known := w.v.Field(m.Name)
				if known && slices.Contains(supply.Open(w.v), f) && (f.Type == rules.TypeMoney || f.Type == rules.TypeInt) {
					w.firm, w.field, w.item = row[0], f, x.Explanation.Item
					return
				}
			}
		}
	}
	w.Fatal("nobody lacks a number")
}

func (w *town) sweep(slot string, at time.Time) {
	w.Helper()
	_, err := w.office.Sweep(w.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: at, Slot: slot}, nil)
	ok(w, err)
}

// lacks tells whether the item still waits for the number.
func (w *town) lacks() bool {
	w.Helper()
	all, _, err := w.office.Reasons(w.Context(), w.firm)
	ok(w, err)
	for _, x := range all {
		if x.Explanation.Item == w.item {
			return slices.ContainsFunc(x.Explanation.Missing, func(m rules.MissingFact) bool { return m.Name == w.field.Name })
		}
	}
	w.Fatal("the item is gone")
	return false
}

func (w *town) person(login string) string {
	w.Helper()
	cookie, err := w.people.AsDemo(w.Context(), login, now)
	ok(w, err)
	id, err := w.people.Session(w.Context(), cookie, now)
	ok(w, err)
	return id.Person
}

func (w *town) supply(who, cell string, file []byte) (string, error) {
	g := supply.Given{Enterprise: w.firm, Field: w.field.Name, Cell: cell, Note: "见附件", File: file}
	if file != nil {
		g.FileName = "证明.pdf"
	}
	return w.book.Supply(w.Context(), w.v, g, demo.AsOf(), w.person(who), now)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, words string) {
	t.Helper()
	var r *supply.Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Message, words) {
		t.Errorf("%v, want a refusal with %q", err, words)
	}
}

// records counts the audit records of supplied facts.
func (w *town) records() (n int) {
	w.Helper()
	ok(w, w.office.Store.DB().QueryRowContext(w.Context(), "SELECT count(*) FROM audit_record WHERE kind IN ('fact.supplied', 'fact.answered')").Scan(&n))
	return n
}

// TestConfirmedFactDecides goes from a missing fact to a decision that knows it.
func TestConfirmedFactDecides(t *testing.T) {
	both(t, func(w *town) {
		proof := []byte("%PDF-1.7 证明")
		id, err := w.supply("clerk", "123", proof)
		ok(w, err)
		list, err := w.book.Waiting(w.Context(), w.v, []string{w.field.Source}, false)
		ok(w, err)
		if len(list) != 1 || list[0].ID != id || list[0].Cell != "123" || list[0].FileSize != int64(len(proof)) || list[0].SupplierName != "clerk" {
			w.Fatalf("waiting: %+v", list)
		}
		if other, err := w.book.Waiting(w.Context(), w.v, []string{"别的部门"}, false); err != nil || len(other) != 0 {
			w.Errorf("another department sees %v, %v", other, err)
		}
		if _, file, err := w.book.Proof(w.Context(), id); err != nil || string(file) != string(proof) {
			w.Errorf("proof: %q, %v", file, err)
		}
		w.sweep("unanswered", now.Add(time.Hour))
		if !w.lacks() {
			w.Fatal("what nobody confirmed counts")
		}
		refused(w, w.book.Answer(w.Context(), w.v, id, true, "核对过", w.person("elsewhere"), now), "角色")
		refused(w, w.book.Answer(w.Context(), w.v, id, true, " ", w.person("official"), now), "理由")
		later := now.Add(2 * time.Hour)
		ok(w, w.book.Answer(w.Context(), w.v, id, true, "与台账一致", w.person("official"), later))
		refused(w, w.book.Answer(w.Context(), w.v, id, false, "再想想", w.person("official"), later), "已经有人答复")
		w.sweep("answered", later.Add(time.Hour))
		if w.lacks() {
			w.Error("the comparison after the answer doesn't know the fact")
		}
		fixed, err := w.office.Store.Corrections(w.Context(), store.CorrectionFilter{USCC: w.firm})
		ok(w, err)
		if len(fixed) != 1 || fixed[0].Cell != "123" || !strings.Contains(fixed[0].By, "official") {
			w.Errorf("corrections: %+v", fixed)
		}
		if all, err := w.book.Of(w.Context(), w.firm); err != nil || len(all) != 1 || all[0].Answer != "confirmed" || all[0].AnsweredBy != "official" {
			w.Errorf("of the firm: %+v, %v", all, err)
		}
		if done, err := w.book.Waiting(w.Context(), w.v, []string{w.field.Source}, true); err != nil || len(done) != 1 {
			w.Errorf("answered: %+v, %v", done, err)
		}
	})
}

// TestRefusals are what doesn't come in, and what is answered by nobody.
func TestRefusals(t *testing.T) {
	both(t, func(w *town) {
		for cell, words := range map[string]string{"": "数值", "很多": "不是数", "a\x00": "字符", "-5": "不能小于 0"} {
			_, err := w.supply("clerk", cell, nil)
			refused(w, err, words)
		}
		_, err := w.supply("clerk", "1", make([]byte, supply.MaxFile+1))
		refused(w, err, "10 MiB")
		_, err = w.supply("official", "1", nil)
		refused(w, err, "角色")
		_, err = w.book.Supply(w.Context(), w.v, supply.Given{Enterprise: w.firm, Field: "企业规模", Cell: "小型"}, demo.AsOf(), w.person("clerk"), now)
		refused(w, err, "不能在这里补报")
		for _, f := range supply.Open(w.v) {
			if f.Level >= 4 || f.Derived() || f.Source == "" {
				w.Errorf("%s may be supplied", f.Name)
			}
		}

		id, err := w.supply("both", "7", nil)
		ok(w, err)
		refused(w, w.book.Answer(w.Context(), w.v, id, true, "自己看过", w.person("both"), now), "不能自己核对")
		_, err = w.supply("clerk", "8", nil)
		refused(w, err, "正在等部门核对")
		ok(w, w.book.Answer(w.Context(), w.v, id, false, "与台账不符", w.person("official"), now))
		fixed, err := w.office.Store.Corrections(w.Context(), store.CorrectionFilter{USCC: w.firm})
		if err != nil || len(fixed) != 0 {
			w.Errorf("a refused fact corrects: %v, %v", fixed, err)
		}
		_, err = w.supply("clerk", "8", nil) // after an answer one may try again
		ok(w, err)
		if _, _, err := w.book.Proof(w.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a proof of nothing: %v", err)
		}
	})
}

// TestAnswerIsWhole answers at the same moment: one counts, and there is one correction.
func TestAnswerIsWhole(t *testing.T) {
	both(t, func(w *town) {
		id, err := w.supply("clerk", "9", nil)
		ok(w, err)
		const at = 6
		done, person := make(chan error, at), w.person("official")
		for range at {
			go func() {
				done <- w.book.Answer(context.WithoutCancel(w.Context()), w.v, id, true, "一致", person, now)
			}()
		}
		good := 0
		for range at {
			if err := <-done; err == nil {
				good++
			}
		}
		fixed, err := w.office.Store.Corrections(w.Context(), store.CorrectionFilter{USCC: w.firm})
		if err != nil || good != 1 || len(fixed) != 1 {
			w.Errorf("%d answers, corrections %v, %v", good, fixed, err)
		}
		if n := w.records(); n != 2 {
			w.Errorf("%d audit records, want one for the fact and one for the answer", n)
		}
	})
}
