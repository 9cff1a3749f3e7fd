package ledger_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mianshen/internal/disburse/ledger"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// model is what the ledger should be: plain numbers, no database.
type model struct {
	lines      map[string]*modelLine
	refs       map[string]bool // kind and reference
	entries    []*modelEntry
	recoveries []*modelRecovery
	netPaid    exact.Money // what firms have, after returns and recoveries
}

type modelLine struct {
	year                    int
	from                    string
	total, reserved, posted exact.Money
}

func (l *modelLine) available() exact.Money { return l.total - l.reserved - l.posted }

type modelEntry struct {
	list, line, payment string
	fen, claimed        exact.Money
	state               string // reserved, voided, paid or returned
}

type modelRecovery struct {
	id               string
	entry            *modelEntry
	amount, received exact.Money
	approved         bool
}

// walk is one random walk over a ledger and its model.
type walk struct {
	*rapid.T
	w    *world
	m    *model
	name string // of this walk, in every id
	done map[string]int
}

// TestRandom takes random steps and holds each outcome, and all sums after it, against the model. Rapid prints the seed of
// what fails.
func TestRandom(t *testing.T) {
	everywhere(t, func(w *world) {
		w.verified()
		number, done := 0, map[string]int{}
		if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
			check(w.t, flag.Set("rapid.checks", strconv.Itoa(walks))) // long walks say more than many
		}
		rapid.Check(w.t.(*testing.T), func(t *rapid.T) {
			number++
			x := &walk{T: t, w: w, m: &model{lines: map[string]*modelLine{}, refs: map[string]bool{}}, name: fmt.Sprint("w", number, "-"), done: done}
			x.lines()
			before := x.awarded()
			for range 80 {
				x.step(rapid.SampledFrom(steps).Draw(t, "step"))
				x.compare(before)
			}
		})
		for _, step := range []string{"allot", "carry", "reserve", "void", "pay", "return", "propose", "approve", "receive"} {
			if number >= 30 && (done[step] == 0 || done[step+" refused"] == 0 && !slices.Contains([]string{"void", "pay", "return"}, step)) {
				w.t.Errorf("%s: %d carried out, %d refused", step, done[step], done[step+" refused"])
			}
		}
		w.t.Logf("%d walks: %v", number, done)
	})
}

// steps are the words of a walk; what needs others before it comes more often.
var steps = strings.Fields("allot carry carry reserve reserve reserve pay pay pay void return propose propose propose approve approve receive receive receive receive")

func (x *walk) step(name string) {
	map[string]func(*rapid.T){
		"allot": x.allot, "carry": x.carry, "reserve": x.reserve, "void": x.void, "pay": x.pay, "return": x.giveBack,
		"propose": x.propose, "approve": x.approve, "receive": x.receive,
	}[name](x.T)
}

// lines opens an old line, one that takes its rest, and one beside.
func (x *walk) lines() {
	for _, l := range []struct {
		id, from string
		year     int
	}{{"old", "", 2025}, {"new", "old", 2026}, {"side", "", 2026}} {
		from := ""
		if l.from != "" {
			from = x.name + l.from
		}
		x.w.line(x.name+l.id, l.year, from, 1000)
		x.m.lines[x.name+l.id] = &modelLine{year: l.year, from: from, total: 1000}
	}
}

func (x *walk) line(t *rapid.T) string {
	return x.name + rapid.SampledFrom([]string{"old", "new", "side"}).Draw(t, "line")
}

func (x *walk) fen(t *rapid.T) exact.Money {
	return exact.Money(rapid.Int64Range(1, 400).Draw(t, "fen"))
}

func (x *walk) ref(t *rapid.T) string {
	return x.name + fmt.Sprint(rapid.IntRange(1, 60).Draw(t, "ref"))
}

// expect holds an outcome against what the model says, and reports whether the step was carried out.
func (x *walk) expect(t *rapid.T, step string, err error, allowed bool) bool {
	if (err == nil) != allowed {
		t.Fatalf("%s: error is %v, the model says %t", step, err, allowed)
	}
	if !allowed {
		step += " refused"
	}
	x.done[step]++
	return allowed
}

func (x *walk) allot(t *rapid.T) {
	line, fen, ref := x.line(t), x.fen(t), x.ref(t)
	l := x.m.lines[line]
	ok := l.year == 2026 && !x.m.refs["allot"+ref]
	if x.expect(t, "allot", x.w.b.Allot(x.w.t.Context(), line, fen, ref, f3, now), ok) {
		l.total += fen
		x.m.refs["allot"+ref] = true
	}
}

func (x *walk) carry(t *rapid.T) {
	c := ledger.Carry{From: x.line(t), To: x.line(t), Fen: x.fen(t), Ref: x.ref(t)}
	from, to := x.m.lines[c.From], x.m.lines[c.To]
	ok := to.from == c.From && c.Fen <= from.available() && !x.m.refs["carry"+c.Ref] && !x.m.refs["allot"+c.Ref]
	if x.expect(t, "carry", x.w.b.CarryOver(x.w.t.Context(), c, f3, now), ok) {
		from.total -= c.Fen
		to.total += c.Fen
		x.m.refs["carry"+c.Ref], x.m.refs["allot"+c.Ref] = true, true
	}
}

// one draws an entry in a state; nil where there is none.
func (x *walk) one(t *rapid.T, state string) *modelEntry {
	var list []*modelEntry
	for _, e := range x.m.entries {
		if e.state == state {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return rapid.SampledFrom(list).Draw(t, "entry")
}

func (x *walk) reserve(t *rapid.T) {
	e := &modelEntry{line: x.line(t), fen: x.fen(t)}
	list, err := x.w.entry(e.line, "2025", fmt.Sprint("合同", x.w.counter.Load()), e.fen) // each another right
	if err != nil {
		t.Fatal(err)
	}
	e.list = list
	l := x.m.lines[e.line]
	if x.expect(t, "reserve", x.w.reserve(e.list, e.line, e.fen), l.year == 2026 && e.fen <= l.available()) {
		l.reserved += e.fen
		e.state = "reserved"
		x.m.entries = append(x.m.entries, e)
	}
}

func (x *walk) void(t *rapid.T) {
	e := x.one(t, "reserved")
	if e == nil {
		return
	}
	x.expect(t, "void", x.w.void(e.list, e.line, e.fen), true)
	x.m.lines[e.line].reserved -= e.fen
	e.state = "voided"
}

func (x *walk) pay(t *rapid.T) {
	e := x.one(t, "reserved")
	if e == nil {
		return
	}
	e.payment = x.w.pay(e.list, e.line, e.fen, now)
	x.expect(t, "pay", nil, true)
	x.m.lines[e.line].reserved -= e.fen
	x.m.lines[e.line].posted += e.fen
	x.m.netPaid += e.fen
	e.state = "paid"
}

func (x *walk) giveBack(t *rapid.T) {
	e := x.one(t, "paid")
	if e == nil || e.claimed > 0 {
		return
	}
	x.expect(t, "return", x.w.giveBack(e.payment, e.line, e.fen, now), true)
	x.m.lines[e.line].posted -= e.fen
	x.m.netPaid -= e.fen
	e.state = "returned"
}

func (x *walk) propose(t *rapid.T) {
	e := x.one(t, "paid")
	if e == nil {
		return
	}
	r := &modelRecovery{id: fmt.Sprint(x.name, len(x.m.recoveries)), entry: e, amount: x.fen(t)}
	_, err := x.w.b.Propose(x.w.t.Context(), ledger.Recovery{ID: r.id, Payment: e.payment, Amount: r.amount, Reason: "核减"}, d1, now)
	if x.expect(t, "propose", err, r.amount <= e.fen-e.claimed) {
		e.claimed += r.amount
		x.m.recoveries = append(x.m.recoveries, r)
	}
}

// recovery draws a recovery, more often one that is approved or isn't.
func (x *walk) recovery(t *rapid.T, approved bool) *modelRecovery {
	if len(x.m.recoveries) == 0 {
		return nil
	}
	fitting := slices.IndexFunc(x.m.recoveries, func(r *modelRecovery) bool { return r.approved == approved && r.received < r.amount })
	if fitting >= 0 && rapid.Bool().Draw(t, "fitting") {
		return x.m.recoveries[fitting]
	}
	return rapid.SampledFrom(x.m.recoveries).Draw(t, "recovery")
}

func (x *walk) approve(t *rapid.T) {
	r := x.recovery(t, false)
	if r != nil && x.expect(t, "approve", x.w.b.ApproveRecovery(x.w.t.Context(), r.id, f3, now), !r.approved) {
		r.approved = true
	}
}

func (x *walk) receive(t *rapid.T) {
	r := x.recovery(t, true)
	if r == nil {
		return
	}
	when, fen, ref := now, min(x.fen(t), r.amount-r.received+1), x.ref(t)
	if rapid.Bool().Draw(t, "next year") {
		when = now.AddDate(1, 0, 0)
	}
	ok := r.approved && fen > 0 && fen <= r.amount-r.received && !x.m.refs["recover"+ref]
	if x.expect(t, "receive", x.w.b.Receive(x.w.t.Context(), r.id, ref, fen, f1, when), ok) {
		r.received += fen
		x.m.refs["recover"+ref] = true
		x.m.netPaid -= fen
		if when.Equal(now) {
			x.m.lines[r.entry.line].posted -= fen
		}
	}
}

// compare holds all lines, their double entry and the history against the model.
func (x *walk) compare(before exact.Money) {
	for id, l := range x.m.lines {
		s, err := x.w.b.Statement(x.w.t.Context(), id)
		if err != nil {
			x.Fatal(err)
		}
		var sum exact.Money
		for _, a := range s.Accounts {
			sum += a.Balance
		}
		if sum != 0 || s.Line.Total != l.total || s.Line.Reserved != l.reserved || s.Line.Posted != l.posted || s.Line.Available() < 0 {
			x.Fatalf("line %s is %+v with accounts %v, the model has %+v", id, s.Line, s.Accounts, l)
		}
	}
	if got := x.awarded() - before; got != x.m.netPaid {
		x.Fatalf("awards come to %s, the model has %s", got, x.m.netPaid)
	}
}

// awarded is what all awards come to.
func (x *walk) awarded() (sum exact.Money) {
	list, err := x.w.b.Awards(x.w.t.Context(), civil.MustParse("2030-01-01"), time.Time{})
	if err != nil {
		x.Fatal(err)
	}
	for _, a := range list {
		sum += a.Amount
	}
	return sum
}
