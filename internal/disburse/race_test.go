package disburse_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/internal/disburse"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/standard"
)

// TestBroughtInMeanwhile drafts a list for each firm while what the firm has a right to is brought in as paid before, by many at once:
// one of the two goes through, never both.
func TestBroughtInMeanwhile(t *testing.T) {
	d := newDesk(t, pgtest.Database(t))
	r := newSource(t)
	s := small{items: four(thing{})}
	for n := range 40 {
		code, err := standard.USCCFrom("91", "310118", fmt.Sprintf("MA%06d", n))
		if err != nil {
			t.Fatal(err)
		}
		s.firms = append(s.firms, smallFirm{code: code, amounts: [4]int{1 + r.IntN(9)}, able: [4]bool{true}})
	}
	d.hold("other", "D2", bureau)
	d.stage(s)
	d.line("L", bureau, 100_000)
	p := d.plan(disburse.Request{Department: bureau, Items: []string{"item-0"}})
	if len(p.Entries) != len(s.firms) {
		t.Fatalf("%d entries of %d", len(p.Entries), len(s.firms))
	}
	book, err := d.office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, l, owner := granted.New(d.db), lists.New(d.db), granted.OwnerOf(book.Book)
	var group sync.WaitGroup
	drafted, broughtIn := make([]bool, len(p.Entries)), make([]bool, len(p.Entries))
	try := func(done *bool, name string, after time.Duration, do func() error) {
		group.Go(func() {
			time.Sleep(after)
			switch err := do(); {
			case err == nil:
				*done = true
			case !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrInvalid):
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	soon := func() time.Duration { return time.Duration(r.IntN(1000)) * time.Millisecond }
	for i, e := range p.Entries {
		at := soon()
		try(&drafted[i], "draft", at+soon()/50, func() error {
			id := fmt.Sprint("N", i)
			return l.Draft(t.Context(), maker, lists.Draft{ID: id, Title: "名单", Department: bureau, Kind: "regular", Sweep: p.Sweep, Entries: []lists.Entry{e}}, now)
		})
		try(&broughtIn[i], "bring in", at+soon()/50, func() error {
			body := fmt.Sprintf("统一社会信用代码,事项,所属期,依据,金额,发放日期\n%s,item-0,%s,,1,2025-05-01\n", e.Entitlement.Enterprise, e.Entitlement.Period)
			_, err := b.Import(t.Context(), granted.Loading{Department: bureau, Name: "a.csv", Source: "账", Body: []byte(body)}, owner, "maker", now)
			return err
		})
	}
	group.Wait()
	won := 0
	for i, e := range p.Entries {
		if drafted[i] == broughtIn[i] {
			t.Errorf("%s: drafted %v, brought in %v", e.Name, drafted[i], broughtIn[i])
		}
		if drafted[i] {
			won++
		}
	}
	t.Logf("%d of %d were drafted", won, len(p.Entries))
	d.clean()
}

// TestGivenBack drafts a right whose earlier grant was given back once a second person has confirmed that, and not before: who alone says
// that a firm gave money back opens nothing. What is given back was granted.
func TestGivenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		code := "91310118832628001D"
		d.hold("other", "D2", bureau)
		d.stage(small{items: four(thing{}), firms: []smallFirm{{code: code, amounts: [4]int{3}, able: [4]bool{true}}}})
		d.line("L", bureau, 100)
		book, err := d.office.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b := granted.New(d.db)
		load := func(name, sum string) string {
			t.Helper()
			body := "统一社会信用代码,事项,所属期,依据,金额,发放日期\n" + code + ",item-0,2025,," + sum + ",2025-05-01\n"
			f, err := b.Import(t.Context(), granted.Loading{Department: bureau, Name: name, Source: "账", Body: []byte(body)}, granted.OwnerOf(book.Book), "maker", now)
			if err != nil {
				t.Fatal(err)
			}
			return f.ID
		}
		answer := func(id string, confirm bool, words string) {
			t.Helper()
			err := b.AnswerFile(t.Context(), id, confirm, "other", now)
			if words == "" && err != nil || words != "" && (!errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), words)) {
				t.Errorf("%v, want %q", err, words)
			}
		}
		ask := disburse.Request{Department: bureau, Items: []string{"item-0"}}
		paid, back := load("a.csv", "1"), load("b.csv", "-1")
		answer(paid, false, "请先驳回那一份")
		answer(back, true, "还没有复核")
		answer(paid, true, "")
		if p := d.plan(ask); len(p.Entries) != 0 {
			t.Errorf("one person alone opened a right: %+v", p.Entries)
		}
		answer(back, false, "")
		if p := d.plan(ask); len(p.Entries) != 0 {
			t.Errorf("not given back, and due: %+v", p.Entries)
		}
		answer(load("c.csv", "-1"), true, "")
		d.draft("N1", ask)
		d.clean()
	})
}
