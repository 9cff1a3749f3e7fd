// Package quarter plays a quarter of a made-up district, from sweep to settled lists, with what goes wrong in one: accounts that
// are missing or bounce, objections, a list sent back, one suspended, one withdrawn, a short budget, receipts that come twice,
// shuffled or with wrong sums, and facts that are put right after the money was paid. Everything goes through the doors that
// persons use, so that every rule and every refusal counts.
//
// It is a machine over the database: each turn looks where things stand and does one more step in one transaction. What is left
// to chance follows from the seed and the name of the thing. So whoever is killed in the middle goes on where it stood, and comes
// to the same end.
package quarter

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/persons"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Keys seals account numbers and opens them for the payment file.
type Keys interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
	Print(plain, context string) string
}

// Config is what a quarter is played with.
type Config struct {
	Store *store.Store
	Keys  Keys
	Seed  uint64
	Files string            // an existing directory for payment files
	Tell  func(line string) // what was done, a sentence in Chinese; nil: nobody listens
}

// play is a quarter under way.
type play struct {
	Config
	office *casework.Office
	desk   *disburse.Desk
	lists  *lists.Book
	view   *view.View
	ledger *ledger.Book
	payees *ledger.Registry
	bank   *pay.Desk
	people *persons.Book
	depts  []string
	floor  time.Time // lists go on no earlier
}

// The persons of the quarter by login; each department has its own two besides.
const (
	handler, checker, approver, second, service = "f1", "f2", "f3", "f3b", "sv"
)

func who(login string) string { return "demo-" + login }

// at is an instant of the quarter: a day after its first, and an hour in Shanghai.
func at(day, hour int) time.Time {
	return time.Date(2025, 7, 1+day, hour, 0, 0, 0, civil.Shanghai())
}

// debtor is the made-up account of the made-up treasury.
var debtor = payout.Debtor{Name: "示例区财政局国库支付中心", Bank: "102290000001", Account: "1001000000000000018"}

// Run plays the quarter to its end on a database that is empty, or on which it was begun with the same seed.
// store.ErrConflict: the database holds something else.
func Run(ctx context.Context, c Config) error {
	if c.Tell == nil {
		c.Tell = func(string) {}
	}
	p := &play{Config: c, office: casework.New(c.Store)}
	p.lists, p.view, p.ledger = lists.New(c.Store), view.New(c.Store), ledger.New(c.Store)
	p.payees, p.bank, p.people = ledger.NewRegistry(c.Store, c.Keys), pay.New(c.Store, c.Keys, debtor), persons.New(c.Store, c.Keys)
	p.desk = disburse.New(p.office)
	if err := p.begin(ctx); err != nil {
		return err
	}
	for i, part := range []func(context.Context) error{p.prepare, p.known, p.first, p.renewed, p.again, p.corrected} {
		if err := p.once(ctx, i, part); err != nil {
			return err
		}
	}
	return nil
}

// once plays a part unless it was played to its end before.
func (p *play) once(ctx context.Context, part int, play func(context.Context) error) error {
	const job = "quarter"
	slot := fmt.Sprint("part ", part+1)
	if _, err := p.Store.TakeSlot(ctx, job, slot, at(-1, 8)); err != nil {
		return err
	}
	var over int
	row := p.Store.DB().QueryRowContext(ctx, `SELECT count(*) FROM job_slot WHERE job = $1 AND slot = $2 AND finished_at IS NOT NULL`, job, slot)
	if err := row.Scan(&over); err != nil || over > 0 {
		return err
	}
	if err := play(ctx); err != nil {
		return err
	}
	return p.Store.FinishSlot(ctx, job, slot, "done", at(-1, 8))
}

// chance is a number from 0 to 999 that depends on the seed and the names alone.
func (p *play) chance(names ...any) int {
	return int(binary.BigEndian.Uint64(p.digest(names...)) % 1000)
}

// digest are bytes that depend on the same.
func (p *play) digest(names ...any) []byte {
	sum := sha256.Sum256(fmt.Append(binary.BigEndian.AppendUint64(nil, p.Seed), names...))
	return sum[:]
}

func (p *play) tell(format string, args ...any) { p.Tell(fmt.Sprintf(format, args...)) }

// begin makes the district: its persons, law and facts.
func (p *play) begin(ctx context.Context) error {
	is, err := p.people.IsDemo(ctx)
	if err != nil {
		return err
	}
	if !is {
		if err := p.people.MakeDemo(ctx, at(-1, 8)); err != nil {
			return fmt.Errorf("演练只能在空的数据库里进行，请换一个文件或新库：%w", err)
		}
	}
	if err := demo.Load(ctx, p.office, at(-1, 9)); err != nil {
		return err
	}
	book, err := p.office.Current(ctx)
	if err != nil {
		return err
	}
	p.read(book)
	return nil
}

// prepare lets persons in, makes the first sweep and opens the budget.
func (p *play) prepare(ctx context.Context) error {
	if err := p.people.AddDemo(ctx, p.staff(), at(-1, 10)); err != nil {
		return err
	}
	if _, err := p.sweep(ctx, "first", store.Nightly, at(0, 2)); err != nil {
		return err
	}
	return p.fund(ctx)
}

// read notes the departments with automatic items.
func (p *play) read(book *casework.Book) {
	for _, r := range book.Rules {
		if r.Item.Mode == rules.Auto && !slices.Contains(p.depts, r.Policy.Issuer) {
			p.depts = append(p.depts, r.Policy.Issuer)
		}
	}
	slices.Sort(p.depts)
}

// staff are the persons: two in each department, the finance bureau's four, an auditor and the service.
func (p *play) staff() (list []persons.DemoPerson) {
	add := func(login, name string, role persons.Role, scope string) {
		list = append(list, persons.DemoPerson{Login: login, Name: name, Holdings: []persons.Holding{{Role: role, Scope: scope}}})
	}
	for i, d := range p.depts {
		add(fmt.Sprintf("d1-%d", i), "经办"+d, "D1", d)
		add(fmt.Sprintf("d2-%d", i), "审核"+d, "D2", d)
	}
	add(handler, "财政经办", "F1", "")
	add(checker, "财政复核", "F2", "")
	add(approver, "财政审批甲", "F3", "")
	add(second, "财政审批乙", "F3", "")
	add("au", "审计", "AU", "")
	add(service, "定时任务", "SV", "")
	return list
}

func (p *play) maker(dept string) string {
	return who(fmt.Sprintf("d1-%d", slices.Index(p.depts, dept)))
}

func (p *play) reviewer(dept string) string {
	return who(fmt.Sprintf("d2-%d", slices.Index(p.depts, dept)))
}

// sweep compares all items with all firms as of the sample's day, once for each name.
func (p *play) sweep(ctx context.Context, name string, purpose store.Purpose, now time.Time) (store.Sweep, error) {
	slot := "quarter-" + name
	if w, err := p.Store.SweepBySlot(ctx, slot); err == nil && w.Status == store.Done {
		return w, nil
	}
	w, err := p.office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: now, Slot: slot, Purpose: purpose, Hold: -1}, nil)
	if err != nil && !errors.Is(err, store.ErrSlotTaken) {
		return w, err
	}
	p.tell("%s 完成比对：第 %d 次", civil.On(now), w.ID)
	return w, nil
}

// fund opens a budget line for everything that is due, some of them with too little.
func (p *play) fund(ctx context.Context) error {
	for _, dept := range p.depts {
		plan, err := p.desk.Plan(ctx, disburse.Request{Department: dept}, at(1, 9))
		if err != nil {
			return err
		}
		for _, want := range plan.Lines {
			line := ledger.Line{
				ID: cmp.Or(want.Item, want.Name), Name: want.Name, Item: want.Item, Year: 2025, Department: dept,
				Unit: "101001", Project: "P2025001", Function: "2150805", Economic: "50701",
			}
			if err := p.open(ctx, line, want.Due); err != nil {
				return err
			}
		}
	}
	return nil
}

// short tells whether a line begins with less than is due.
func (p *play) short(line string) bool { return p.chance("short", line) < 250 }

// open opens, approves and fills a line, as far as that isn't done.
func (p *play) open(ctx context.Context, line ledger.Line, due exact.Money) error {
	have, err := p.ledger.Lines(ctx, ledger.LineFilter{ID: line.ID})
	if err != nil {
		return err
	}
	if len(have) == 0 {
		if _, err := p.ledger.OpenLine(ctx, line, who(handler), at(1, 10)); err != nil {
			return err
		}
		have = []ledger.Line{line}
	}
	if have[0].ApprovedBy == "" {
		if err := p.ledger.ApproveLine(ctx, line.ID, who(approver), at(1, 11)); err != nil {
			return err
		}
	}
	if have[0].Total > 0 || due == 0 {
		return nil
	}
	sum := 2 * due
	if p.short(line.ID) {
		sum = max(due*3/4, 1)
	}
	p.tell("%s 下达预算“%s”：%s元", civil.On(at(1, 12)), line.Name, sum)
	return p.ledger.Allot(ctx, line.ID, sum, "下达-"+line.ID, who(approver), at(1, 12))
}
