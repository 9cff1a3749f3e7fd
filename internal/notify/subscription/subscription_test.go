package subscription_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify/subscription"
	"mianshen/internal/persons"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	firm, other = "91310118MA00000001", "91310118MA00000002"
	anna, bo    = "demo-anna", "demo-bo"
)

var now = time.Date(2025, 6, 30, 4, 0, 0, 0, time.UTC)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// databases runs a test on both kinds, each with two firms and two persons who act for the first.
func databases(t *testing.T, run func(t *testing.T, s *store.Store, b *subscription.Book)) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address(t))
			ok(t, err)
			t.Cleanup(func() { ok(t, s.Close()) })
			book := persons.New(s, nil)
			ok(t, book.MakeDemo(t.Context(), now))
			clerk := []persons.Holding{{Role: persons.FirmClerk, Scope: firm}}
			ok(t, book.AddDemo(t.Context(), []persons.DemoPerson{{Login: "anna", Name: "安", Holdings: clerk}, {Login: "bo", Name: "柏", Holdings: clerk}}, now))
			ok(t, s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: firm, Name: "甲"}, {USCC: other, Name: "乙"}}))
			run(t, s, subscription.New(s))
		})
	}
}

// TestAddress makes, renews and ends addresses: one lives of each person, an ended one is like one that never was, and nothing in the
// database is a token.
func TestAddress(t *testing.T) {
	databases(t, func(t *testing.T, s *store.Store, b *subscription.Book) {
		find := func(token string) string {
			t.Helper()
			f, there, err := b.Find(t.Context(), token)
			ok(t, err)
			if there != (f.Enterprise != "") {
				t.Fatalf("%v %+v", there, f)
			}
			return f.Enterprise
		}
		first, err := b.Make(t.Context(), firm, anna, now)
		ok(t, err)
		theirs, err := b.Make(t.Context(), firm, bo, now)
		ok(t, err)
		if find(first) != firm || find(theirs) != firm || find("") != "" || find(first+"x") != "" || find(strings.Repeat("A", 43)) != "" || find(strings.Repeat("A", 4000)) != "" {
			t.Error("found wrongly")
		}
		second, err := b.Make(t.Context(), firm, anna, now.Add(time.Hour))
		ok(t, err)
		if find(first) != "" || find(second) != firm || find(theirs) != firm {
			t.Error("renewed wrongly")
		}
		live, err := b.Live(t.Context(), firm)
		ok(t, err)
		if len(live) != 2 || live[1].Person != anna || !live[0].Counts || live[0].ID == live[1].ID {
			t.Fatalf("%+v", live)
		}
		if err := b.End(t.Context(), other, live[1].ID, bo, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("ended for another firm: %v", err)
		}
		ok(t, b.End(t.Context(), firm, live[1].ID, bo, now.Add(2*time.Hour)))
		if err := b.End(t.Context(), firm, live[1].ID, bo, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("ended twice: %v", err)
		}
		if find(second) != "" || find(theirs) != firm {
			t.Error("ended wrongly")
		}
		_, err = s.DB().ExecContext(t.Context(), `UPDATE role_grant SET revoked_by = 'demo-anna', revoked_at = $1 WHERE person = 'demo-bo'`, store.Stamp(now))
		ok(t, err)
		if live, err = b.Live(t.Context(), firm); err != nil || len(live) != 1 || live[0].Counts || find(theirs) != "" {
			t.Errorf("who has left still reads: %+v %v", live, err)
		}
		for _, statement := range []string{"DELETE FROM feed_address", "UPDATE feed_address SET ended_at = NULL, ended_by = NULL WHERE ended_at IS NOT NULL", "UPDATE feed_address SET enterprise = '" + other + "'"} {
			if _, err := s.DB().ExecContext(t.Context(), statement); err == nil {
				t.Errorf("the database allows %s", statement)
			}
		}
		var kept int
		ok(t, s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM feed_address WHERE sum IN ($1, $2, $3)`, first, second, theirs).Scan(&kept))
		if kept != 0 {
			t.Error("a token stands in the database")
		}
		ok(t, s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM audit_record WHERE kind LIKE 'notify.feed_%'`).Scan(&kept))
		if kept != 4 {
			t.Errorf("%d audit records, want 4", kept)
		}
	})
}

// TestCalendar moves, cancels and brings back a day, and holds that sequence and instant change then and at no other time.
func TestCalendar(t *testing.T) {
	databases(t, func(t *testing.T, s *store.Store, b *subscription.Book) {
		day := func(uid, on, title string) subscription.Day {
			return subscription.Day{UID: uid, Day: civil.MustParse(on), Title: title, Path: "/"}
		}
		says := func(at time.Time, today string, days ...subscription.Day) string {
			t.Helper()
			list, err := b.Calendar(t.Context(), firm, days, civil.MustParse(today), at)
			ok(t, err)
			var out []string
			for _, e := range list {
				text := e.UID + " " + e.Day.Day.String() + " " + e.Title + " " + string(rune('0'+e.Sequence)) + " " + e.ChangedAt.UTC().Format("15:04")
				if e.Cancelled {
					text += " off"
				}
				out = append(out, text)
			}
			return strings.Join(out, "\n")
		}
		want := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
			}
		}
		a, c := day("a", "2025-07-10", "甲"), day("c", "2025-07-01", "丙")
		both := "c 2025-07-01 丙 0 04:00\na 2025-07-10 甲 0 04:00"
		want("new", says(now, "2025-06-30", a, c), both)
		want("the same", says(now.Add(time.Hour), "2025-06-30", c, a), both)
		want("moved", says(now.Add(2*time.Hour), "2025-06-30", day("a", "2025-07-12", "甲"), c), "c 2025-07-01 丙 0 04:00\na 2025-07-12 甲 1 06:00")
		want("off", says(now.Add(3*time.Hour), "2025-06-30", c), "c 2025-07-01 丙 0 04:00\na 2025-07-12 甲 2 07:00 off")
		want("still off", says(now.Add(4*time.Hour), "2025-06-30", c), "c 2025-07-01 丙 0 04:00\na 2025-07-12 甲 2 07:00 off")
		want("on again", says(now.Add(5*time.Hour), "2025-06-30", a, c), "c 2025-07-01 丙 0 04:00\na 2025-07-10 甲 3 09:00")
		want("past", says(now.Add(6*time.Hour), "2025-07-05", a), "c 2025-07-01 丙 0 04:00\na 2025-07-10 甲 3 09:00")
		want("long past", says(now.Add(7*time.Hour), "2026-07-05"), "")
		if list, err := b.Calendar(t.Context(), other, nil, civil.MustParse("2025-06-30"), now); err != nil || len(list) != 0 {
			t.Errorf("another firm: %v %v", list, err)
		}
		if _, err := s.DB().ExecContext(t.Context(), "UPDATE calendar_entry SET title = 'x'"); err == nil {
			t.Error("an entry changes without its sequence")
		}
	})
}

// TestReset: an account that is reset, and a person who is disabled, takes the addresses along, for good; those of others stay.
func TestReset(t *testing.T) {
	databases(t, func(t *testing.T, s *store.Store, b *subscription.Book) {
		book, at := persons.New(s, nil), now.Add(time.Hour)
		ok(t, book.AddDemo(t.Context(), []persons.DemoPerson{{Login: "sa", Name: "管", Holdings: []persons.Holding{{Role: persons.SystemAdmin}}}}, now))
		sa := &persons.Identity{Person: "demo-sa"}
		mine, err := b.Make(t.Context(), firm, anna, now)
		ok(t, err)
		theirs, err := b.Make(t.Context(), firm, bo, now)
		ok(t, err)
		account, _, err := book.Prepare(t.Context(), sa, persons.Login{Person: anna, Login: "an"}, now)
		ok(t, err)
		want := func(when string, tokens ...bool) {
			t.Helper()
			for i, token := range []string{mine, theirs} {
				if _, found, err := b.Find(t.Context(), token); err != nil || found != tokens[i] {
					t.Errorf("%s: address %d counts %v, %v", when, i+1, found, err)
				}
			}
		}
		want("at first", true, true)
		_, _, err = book.Reset(t.Context(), sa, account, at)
		ok(t, err)
		want("reset", false, true)
		if live, err := b.Live(t.Context(), firm); err != nil || len(live) != 1 || live[0].Person != bo {
			t.Errorf("live after the reset: %+v, %v", live, err)
		}
		ok(t, book.Disable(t.Context(), sa, bo, at))
		want("disabled", false, false)
		if live, err := b.Live(t.Context(), firm); err != nil || len(live) != 0 {
			t.Errorf("live in the end: %+v, %v", live, err)
		}
	})
}
