package persons

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/internal/persons/secret"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

const (
	good = "correct horse battery"
	firm = "91310118MA1JP7UB2B"
)

// hall is a book with a database of its own and people in it.
type hall struct {
	*Book
	*testing.T
	keys map[string]string // login: what a ticket was offered, as typed
	now  time.Time
}

// on runs a test on each database.
func on(t *testing.T, run func(*hall)) {
	addresses := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "persons.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), address(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			run(&hall{Book: New(db, seal.New()), T: t, keys: map[string]string{}, now: noon})
		})
	}
}

func (h *hall) ctx() context.Context { return h.Context() }

func (h *hall) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// refused expects an order to be refused with a message for people that has a word in it.
func (h *hall) refused(err error, word string) {
	h.Helper()
	var r *Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Message, word) {
		h.Errorf("%v, want a refusal with %q", err, word)
	}
}

func (h *hall) is(err, want error) {
	h.Helper()
	if !errors.Is(err, want) {
		h.Errorf("%v, want %v", err, want)
	}
}

// who is whom a cookie names; what it was read from must be there.
func (h *hall) who(cookie string) *Identity {
	h.Helper()
	id, err := h.Session(h.ctx(), cookie, h.now)
	h.must(err)
	return id
}

// code is the code that an account's app shows now.
func (h *hall) code(login string) string {
	h.Helper()
	key, err := b32(h.keys[login])
	h.must(err)
	return secret.Code(key, secret.Step(h.now))
}

// enrol gives the account of a session its second factor.
func (h *hall) enrol(cookie, login string) string {
	h.Helper()
	id := h.who(cookie)
	if id.Enrolled {
		h.Fatal("already enrolled")
	}
	offer, err := h.Offer(h.ctx(), id)
	h.must(err)
	h.keys[login] = offer.Typed
	cookie, err = h.Enrol(h.ctx(), id, offer.Ticket, good, h.code(login), h.now)
	h.must(err)
	h.now = h.now.Add(time.Minute)
	return cookie
}

// admins makes the first two administrators, and returns who they are.
func (h *hall) admins() (sa, se *Identity) {
	h.Helper()
	token, err := h.Start(h.ctx(), h.now)
	h.must(err)
	for _, x := range []struct {
		role  Role
		login string
		to    **Identity
	}{{SystemAdmin, "sa", &sa}, {SecurityAdmin, "se", &se}} {
		cookie, _, err := h.First(h.ctx(), token, x.role, "管理员"+x.login, x.login, h.now)
		h.must(err)
		*x.to = h.who(h.enrol(cookie, x.login))
	}
	return sa, se
}

// person makes a person with an account and roles, the way it is done.
func (h *hall) person(sa, se *Identity, login string, held ...Holding) (id, cookie string) {
	h.Helper()
	id, err := h.Add(h.ctx(), sa, "某"+login, h.now)
	h.must(err)
	account, first, err := h.Prepare(h.ctx(), sa, Login{Person: id, Login: login}, h.now)
	h.must(err)
	_, err = h.SignIn(h.ctx(), login, first, "", h.now)
	h.is(err, ErrSignIn) // not enabled yet
	_, second, err := h.Enable(h.ctx(), se, account, h.now)
	h.must(err)
	for _, x := range held {
		grant, err := h.Propose(h.ctx(), sa, id, x, h.now)
		h.must(err)
		h.must(h.Confirm(h.ctx(), se, grant, h.now))
	}
	cookie, err = h.SignIn(h.ctx(), login, first+"-"+second, "", h.now)
	h.must(err)
	return id, h.enrol(cookie, login)
}

// audited runs do and expects one record of the audit log of that kind, or none for "".
func (h *hall) audited(kind string, do func()) {
	h.Helper()
	before, err := h.store.AuditSize(h.ctx())
	h.must(err)
	do()
	list, err := h.store.AuditRecords(h.ctx(), before, 10)
	h.must(err)
	if kind == "" && len(list) > 0 || kind != "" && (len(list) != 1 || list[0].Kind != kind) {
		h.Errorf("records %v, want one %q", list, kind)
	}
}

func TestFirstStart(t *testing.T) {
	on(t, func(h *hall) {
		old, err := h.Start(h.ctx(), h.now)
		h.must(err)
		var token string
		h.audited("first_start.issued", func() { token, err = h.Start(h.ctx(), h.now) })
		h.must(err)
		if old == "" || token == old {
			h.Fatal(old, token)
		}
		for _, bad := range []string{old, "", token + "x"} {
			_, _, err = h.First(h.ctx(), bad, SystemAdmin, "甲", "a", h.now)
			h.is(err, ErrSignIn)
		}
		_, _, err = h.First(h.ctx(), token, SystemAdmin, "甲", "a", h.now.Add(firstLasts))
		h.is(err, ErrSignIn)
		_, _, err = h.First(h.ctx(), token, FinanceApproves, "甲", "a", h.now)
		h.refused(err, "首次启动")
		var cookie, initial string
		h.audited("first_start.used", func() { cookie, initial, err = h.First(h.ctx(), token, SystemAdmin, "甲", "a", h.now) })
		h.must(err)
		if id := h.who(cookie); id.Enrolled || !id.Has(SystemAdmin) {
			h.Error("first administrator", id)
		}
		_, _, err = h.First(h.ctx(), token, SystemAdmin, "乙", "b", h.now)
		h.refused(err, "已经设过")
		// Cut off before enrolling, one comes in again by the initial password.
		again, err := h.SignIn(h.ctx(), "a", initial, "", h.now)
		h.must(err)
		h.enrol(again, "a")
		_, err = h.Session(h.ctx(), cookie, h.now)
		h.is(err, ErrNobody)
		if more, err := h.Start(h.ctx(), h.now); err != nil || more == "" {
			h.Error("the security administrator can't be made any more", err)
		} else {
			_, _, err = h.First(h.ctx(), more, SecurityAdmin, "乙", "b", h.now)
			h.must(err)
		}
		if none, err := h.Start(h.ctx(), h.now); err != nil || none != "" {
			h.Error("a token though both are there", err)
		}
	})
}

func TestSignIn(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		_, cookie := h.person(sa, se, "wang", Holding{FinanceHandles, ""})
		if id := h.who(cookie); !id.Enrolled || id.StepUp || id.Name != "某wang" || len(id.Roles) != 1 {
			h.Error(id)
		}
		code := h.code("wang")
		for _, bad := range [][3]string{{"wang", good, "000000"}, {"wang", good, ""}, {"wang", good + "x", code}, {"wang", "", code}, {"nobody", good, code}, {"", "", ""}} {
			_, err := h.SignIn(h.ctx(), bad[0], bad[1], bad[2], h.now)
			h.is(err, ErrSignIn)
		}
		var next string
		var err error
		h.audited("session.opened", func() { next, err = h.SignIn(h.ctx(), "wang", good, code, h.now) })
		h.must(err)
		if next == cookie {
			h.Error("the session isn't another one")
		}
		_, err = h.SignIn(h.ctx(), "wang", good, code, h.now)
		h.is(err, ErrSignIn) // a code is good once

		h.now = h.now.Add(time.Minute)
		var stepped string
		h.audited("session.stepped_up", func() { stepped, err = h.StepUp(h.ctx(), h.who(next), good, h.code("wang"), h.now) })
		h.must(err)
		if !h.who(stepped).StepUp {
			h.Error("didn't step up")
		}
		_, err = h.Session(h.ctx(), next, h.now)
		h.is(err, ErrNobody) // rotated
		_, err = h.StepUp(h.ctx(), &Identity{Account: h.who(stepped).Account, Session: secret.Sum(next)}, good, "", h.now)
		h.is(err, ErrSignIn)
		h.now = h.now.Add(StepUpFor + time.Second)
		if h.who(stepped).StepUp {
			h.Error("a step-up lasts")
		}
	})
}

func TestLockout(t *testing.T) {
	on(t, func(h *hall) {
		h.admins()
		wrong := func() {
			_, err := h.SignIn(h.ctx(), "sa", "wrong wrong wrong", h.code("sa"), h.now)
			h.is(err, ErrSignIn)
		}
		for range mostFailures - 1 {
			h.audited("", wrong)
		}
		h.audited("account.locked", wrong)
		try := func() error { _, err := h.SignIn(h.ctx(), "sa", good, h.code("sa"), h.now); return err }
		h.is(try(), ErrSignIn)
		h.now = h.now.Add(lockBegins - time.Second)
		h.is(try(), ErrSignIn)
		h.now = h.now.Add(time.Second)
		h.audited("account.locked", wrong) // and now twice as long
		h.now = h.now.Add(2*lockBegins - time.Second)
		h.is(try(), ErrSignIn)
		h.now = h.now.Add(time.Second)
		h.must(try())
		h.now = h.now.Add(time.Minute)
		h.audited("", wrong) // counted from nothing again
		h.must(try())
	})
}

// TestGuessesAtOnce sends guesses at the same time, the right one among the last: no more than the few are looked at.
func TestGuessesAtOnce(t *testing.T) {
	on(t, func(h *hall) {
		h.admins()
		var wg sync.WaitGroup
		for range 4 * mostFailures {
			wg.Go(func() { _, _ = h.SignIn(h.ctx(), "sa", "wrong wrong wrong", "000000", h.now) })
		}
		wg.Wait()
		_, err := h.SignIn(h.ctx(), "sa", good, h.code("sa"), h.now)
		h.is(err, ErrSignIn)
		var failed int
		h.must(h.store.DB().QueryRowContext(h.ctx(), `SELECT failed FROM account WHERE login = 'sa'`).Scan(&failed))
		if failed != mostFailures {
			h.Errorf("%d guesses were looked at, want %d", failed, mostFailures)
		}
		// The same code at once opens one session.
		h.now = h.now.Add(time.Hour)
		code := h.code("sa")
		var opened sync.Map
		for i := range 8 {
			wg.Go(func() {
				if cookie, err := h.SignIn(h.ctx(), "sa", good, code, h.now); err == nil {
					opened.Store(i, cookie)
				}
			})
		}
		wg.Wait()
		n := 0
		opened.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			h.Errorf("a code opened %d sessions", n)
		}
	})
}

func TestSessions(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		_, cookie := h.person(sa, se, "wang")
		begun := h.now
		for h.now.Before(begun.Add(SessionLasts - SessionIdle)) {
			h.now = h.now.Add(SessionIdle - time.Minute)
			h.who(cookie)
		}
		h.now = begun.Add(SessionLasts + time.Minute)
		_, err := h.Session(h.ctx(), cookie, h.now)
		h.is(err, ErrNobody)

		one, err := h.SignIn(h.ctx(), "wang", good, h.code("wang"), h.now)
		h.must(err)
		_, err = h.Session(h.ctx(), one, h.now.Add(SessionIdle+time.Second))
		h.is(err, ErrNobody)
		h.now = h.now.Add(time.Minute)
		two, err := h.SignIn(h.ctx(), "wang", good, h.code("wang"), h.now)
		h.must(err)
		list, err := h.Sessions(h.ctx(), h.who(two), h.now)
		h.must(err)
		if len(list) != 2 || !list[0].Here || list[1].Here {
			h.Fatal(list)
		}
		h.is(h.End(h.ctx(), sa, list[1].ID, h.now), store.ErrNotFound)
		other := New(h.store, h.seal) // another node
		h.audited("session.ended", func() { h.must(other.End(h.ctx(), h.who(two), list[1].ID, h.now)) })
		_, err = h.Session(h.ctx(), one, h.now)
		h.is(err, ErrNobody)
		for _, bad := range []string{"", "x", list[0].ID, two + "x"} {
			_, err = h.Session(h.ctx(), bad, h.now)
			h.is(err, ErrNobody)
		}
		h.now = h.now.Add(time.Minute)
		stepped, err := h.StepUp(h.ctx(), h.who(two), good, h.code("wang"), h.now)
		h.must(err)
		h.audited("account.password", func() { h.must(h.ChangePassword(h.ctx(), h.who(stepped), "another sentence", h.now)) })
		h.who(stepped)
		h.now = h.now.Add(time.Minute)
		_, err = h.SignIn(h.ctx(), "wang", good, h.code("wang"), h.now)
		h.is(err, ErrSignIn)
		_, err = h.SignIn(h.ctx(), "wang", "another sentence", h.code("wang"), h.now)
		h.must(err)
		_, err = h.StepUp(h.ctx(), h.who(stepped), "another sentence", "", h.now)
		h.is(err, ErrSignIn)
	})
}
