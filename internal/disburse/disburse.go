// Package disburse goes from decisions to money: from a finished sweep to a disbursement list, from a list to what has changed
// since it was drafted, and from a corrected rule or fact to what is to be paid or claimed back.
//
// A proposal is worked out of what a sweep has pinned and of what the database holds, and writes nothing; the same state
// gives the same proposal. What may never happen (a right paid twice, a cap passed) is refused by the database as well, so that
// two proposals made at one moment can't both become lists.
package disburse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Desk proposes payments out of one office's sweeps. It may be used by many goroutines at once.
type Desk struct {
	office *casework.Office
	store  *store.Store
	lists  *lists.Book
	ledger *ledger.Book
}

// New returns a desk over an office.
func New(o *casework.Office) *Desk {
	return &Desk{office: o, store: o.Store, lists: lists.New(o.Store), ledger: ledger.New(o.Store)}
}

// Request says what to propose payments for.
type Request struct {
	Department string   // whose items; the issuer of their policies
	Items      []string // of the department; none: all its items of mode auto
	Sweep      int64    // 0: the newest that is done
	Year       int      // fiscal year; 0: that of the day in Shanghai
}

// Fate says why a pair isn't proposed, or not whole.
type Fate string

// The fates.
const (
	Lost    Fate = "lost"    // another entitlement counts, or a cap or what was paid leaves nothing
	Before  Fate = "before"  // it is on a list or was paid, now or for a period that excludes this one
	Unknown Fate = "unknown" // 待核实: a person must look
	NoLine  Fate = "no_line" // there is no budget line to pay it from
	Short   Fate = "short"   // the budget line hasn't enough
	Later   Fate = "later"   // an instalment that isn't due, or whose conditions don't hold
)

// Left is a pair, or one basis of it, that is left out of a proposal, and why.
type Left struct {
	Item, Title, Enterprise, Name string
	Period, Basis, Part           string
	Amount                        exact.Money // what the decision came to
	Fate                          Fate
	Reason                        string      // a Chinese sentence
	Gap                           exact.Money // of a search that gave up: how much more some combination might reach
}

// Proposal is what a list would hold, by item, enterprise, period, basis and part, and what is left out, in the same order.
type Proposal struct {
	Sweep   int64
	AsOf    civil.Date
	Year    int
	Entries []lists.Entry
	Left    []Left
	Lines   []Line
}

// Total is the sum of the entries.
func (p *Proposal) Total() exact.Money {
	var sum exact.Money
	for _, e := range p.Entries {
		sum += e.Amount // each is within its budget line, which holds no more than Money does
	}
	return sum
}

// refusal is a sentence for a person with the error of the store that it stands for.
func refusal(kind error, format string, args ...any) error {
	return &sentence{kind, fmt.Sprintf(format, args...)}
}

type sentence struct {
	kind error
	text string
}

// Error implements error.
func (s *sentence) Error() string { return s.text }

// Unwrap gives the kind.
func (s *sentence) Unwrap() error { return s.kind }

// Plan works out what the eligible pairs of a sweep give a right to be paid now. Errors for people: store.ErrInvalid for a request
// that can't be answered, casework.ErrNothing when nothing has been compared yet.
func (d *Desk) Plan(ctx context.Context, r Request, now time.Time) (*Proposal, error) {
	w, err := d.open(ctx, r, now)
	if err != nil {
		return nil, err
	}
	if err := w.claim(ctx); err != nil {
		return nil, err
	}
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	if err := w.instalments(ctx); err != nil {
		return nil, err
	}
	return w.propose(ctx)
}

// Drafting is a list that is to be made of a proposal.
type Drafting struct {
	ID, Title    string
	TwoApprovers bool
	Request
}

// Draft proposes and puts the proposal on a list of its own. ErrConflict: nothing is due, or what is due was put on another list
// meanwhile; propose again.
func (d *Desk) Draft(ctx context.Context, actor lists.Actor, r Drafting, now time.Time) (*Proposal, error) {
	p, err := d.Plan(ctx, r.Request, now)
	if err != nil {
		return nil, err
	}
	if len(p.Entries) == 0 {
		return p, refusal(store.ErrConflict, "没有可以拨付的条目：%s。请按各条未列入的原因处理后再起草", p.why())
	}
	return p, d.lists.Draft(ctx, actor, lists.Draft{
		ID: r.ID, Title: r.Title, Department: r.Department, Kind: "regular", Sweep: p.Sweep, TwoApprovers: r.TwoApprovers, Entries: p.Entries,
	}, now)
}

// why counts what was left out, for people.
func (p *Proposal) why() string {
	counts := map[Fate]int{}
	for _, l := range p.Left {
		counts[l.Fate]++
	}
	var parts []string
	for _, f := range []struct {
		fate Fate
		name string
	}{{Before, "已列入名单或已拨付"}, {Lost, "不重复享受或已到上限"}, {Unknown, "待核实"}, {NoLine, "没有预算额度"}, {Short, "预算额度不足"}, {Later, "分期未到期或未达条件"}} {
		if n := counts[f.fate]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d 笔", f.name, n))
		}
	}
	if len(parts) == 0 {
		return "这次比对里没有符合条件的企业"
	}
	return strings.Join(parts, "，")
}

// today is the day in Shanghai.
func today(now time.Time) civil.Date { return civil.On(now) }

// sweepOf finds the sweep a request is about.
func (d *Desk) sweepOf(ctx context.Context, number int64) (store.Sweep, error) {
	if number == 0 {
		return d.office.LatestDone(ctx)
	}
	sweep, err := d.store.Sweep(ctx, number)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return sweep, refusal(store.ErrNotFound, "没有第 %d 次比对，请核对编号", number)
	case err == nil && sweep.Status != store.Done:
		return sweep, refusal(store.ErrConflict, "第 %d 次比对没有完成或没有放行，不能据以拨付，请选一次已完成的比对", number)
	}
	return sweep, err
}

// wantedItems are the items that a request names, or all of the department's that are automatic; only those decided on the day.
func wantedItems(book *casework.Book, r Request, asOf civil.Date) (map[string]bool, error) {
	wanted := map[string]bool{}
	for _, item := range r.Items {
		rule, ok := book.Rule(item)
		switch {
		case !ok || rule.Policy.Issuer != r.Department:
			return nil, refusal(store.ErrInvalid, "%s没有事项“%.80s”，请核对部门和事项编号", r.Department, item)
		case rule.Item.Mode == rules.Apply:
			return nil, refusal(store.ErrInvalid, "事项“%s”须由企业申请，不能由比对结果直接拨付，请从清单里去掉", rule.Item.Title)
		}
		wanted[item] = true
	}
	if len(r.Items) > 0 {
		return wanted, nil
	}
	for _, rule := range book.Due(asOf) {
		if rule.Policy.Issuer == r.Department && rule.Item.Mode == rules.Auto {
			wanted[rule.Item.ID] = true
		}
	}
	if len(wanted) == 0 {
		return nil, refusal(store.ErrInvalid, "%s在 %s 没有免申即享的事项，请核对部门名称", r.Department, asOf)
	}
	return wanted, nil
}

// sorted are the keys of a set in byte order.
func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
