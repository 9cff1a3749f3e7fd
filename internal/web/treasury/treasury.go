// Package treasury joins the rooms from list to money for those who work on them by pages or by the API: who may see which list,
// what somebody may do with it now, and the one door through which a step is taken, whichever room carries it out. It decides
// nothing that those rooms don't decide again.
package treasury

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"mianshen/internal/casework"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/disburse/receipt"
	"mianshen/internal/disburse/recheck"
	"mianshen/internal/store"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/problem"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Config is what a treasury needs; all of it is required. Debtor may be empty: then no file leaves.
type Config struct {
	Office *casework.Office
	Keys   pay.Keys
	Debtor payout.Debtor
	Clock  func() time.Time
	Logger *slog.Logger
}

// Treasury is safe for concurrent use.
type Treasury struct {
	Config
	Lists  *lists.Book
	View   *view.View
	Seen   *overview.View
	Ledger *ledger.Book
	Payees *ledger.Registry
	Bank   *pay.Desk
	Drafts *disburse.Desk
}

// New returns a treasury.
func New(c Config) *Treasury {
	s := c.Office.Store
	return &Treasury{
		Config: c, Lists: lists.New(s), View: view.New(s), Seen: overview.New(s), Ledger: ledger.New(s), Payees: ledger.NewRegistry(s, c.Keys),
		Bank: pay.New(s, c.Keys, c.Debtor), Drafts: disburse.New(c.Office),
	}
}

// SeesEveryList tells whether a caller reads the lists of all departments.
func SeesEveryList(who caller.Caller) bool {
	return who.Has(caller.F1 | caller.F2 | caller.F3 | caller.AU)
}

// Departments are those whose lists a caller reads; none for all. Who reads no list has one that no list is of.
func Departments(who caller.Caller) (list []string) {
	if SeesEveryList(who) {
		return nil
	}
	if who.Identity == nil {
		return []string{nobodys}
	}
	for _, h := range who.Identity.Roles {
		if d := h.Scope; (h.Role == "D1" || h.Role == "D2") && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return []string{nobodys}
	}
	return list
}

// nobodys is a department that there is not: a list always names one.
const nobodys = ""

// Of tells whether a caller reads what belongs to a department's lists.
func Of(who caller.Caller, department string) bool {
	return SeesEveryList(who) || who.For(caller.D1|caller.D2, department)
}

// MaySee is nil if the caller may see a list, else what Visible says of it. It reads nothing of the list's entries.
func (t *Treasury) MaySee(ctx context.Context, who caller.Caller, id string) error {
	department, err := t.View.Department(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !Of(who, department) {
		return problem.New(http.StatusNotFound, "没有找到这份名单。")
	}
	return t.Explain(ctx, err, "这份名单")
}

// Visible is a list if the caller may see it, else it isn't there.
func (t *Treasury) Visible(ctx context.Context, who caller.Caller, id string) (view.List, error) {
	l, err := t.View.List(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !Of(who, l.Department) {
		return view.List{}, problem.New(http.StatusNotFound, "没有找到这份名单。") // whether it is another's or isn't there
	}
	return l, t.Explain(ctx, err, "这份名单")
}

// Explain turns an error of the rooms below into a problem; nil stays nil. What is missing is named by what.
func (t *Treasury) Explain(ctx context.Context, err error, what string) error {
	var p *problem.Problem
	var faults payout.Mistakes
	switch {
	case err == nil || errors.As(err, &p):
		return err
	case errors.Is(err, lists.ErrForbidden), errors.Is(err, ledger.ErrRole):
		return problem.New(http.StatusForbidden, sentence(err))
	case errors.As(err, &faults):
		const most = 10
		return problem.New(http.StatusConflict, "支付文件做不出来，请改正后再办：\n"+faults[:min(len(faults), most)].Error())
	case errors.Is(err, casework.ErrNothing):
		return problem.New(http.StatusConflict, "还没有发布政策或完成比对，等比对完成后再起草。")
	}
	if said := sentence(err); said != "" {
		for _, kind := range kinds {
			if errors.Is(err, kind.error) {
				return problem.New(kind.status, said)
			}
		}
	}
	return problem.Of(ctx, t.Logger, err, what)
}

var kinds = []struct {
	error
	status int
}{{store.ErrInvalid, http.StatusUnprocessableEntity}, {store.ErrConflict, http.StatusConflict}, {store.ErrNotFound, http.StatusNotFound}}

// sentence is the first error of a chain that is a sentence for people: those begin in Chinese. What is put in front on the way, such as
// the name of what failed, is for the log. "": there is none.
func sentence(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if r, _ := utf8.DecodeRuneInString(err.Error()); r > '⺀' && r != utf8.RuneError {
			return err.Error()
		}
	}
	return ""
}

// Offer is something that may be done with a list as it stands.
type Offer struct {
	lists.Step
	Blocked string // why the caller can't do it now though the role fits, in a sentence; "": he can
}

// Offers are the steps that a caller's roles allow for a list as it stands.
func (t *Treasury) Offers(who caller.Caller, l view.List, events []view.Event) (all []Offer) {
	for _, s := range lists.Steps() {
		if s.From != l.State || s.Action == lists.ActDraft || s.Action == lists.ActEdit || !holds(who, s.Role, l.Department) {
			continue
		}
		switch {
		case l.Suspended && s.Action != lists.ActResume && s.Action != lists.ActWithdraw, !l.Suspended && s.Action == lists.ActResume:
		case s.Action == lists.ActApproveFirst && !l.TwoApprovers, s.Action == lists.ActApprove && l.TwoApprovers && s.From == lists.Checked:
		default:
			all = append(all, Offer{s, t.blocked(who, l, events, s.Action)})
		}
	}
	return all
}

// blocked says why a person can't take a step whose role fits.
func (t *Treasury) blocked(who caller.Caller, l view.List, events []view.Event, action lists.Action) string {
	for _, e := range events {
		if e.Person == who.ID() {
			if why := lists.Apart(e.Action, action); why != "" {
				return why
			}
		}
	}
	if action == lists.ActHandle {
		return lists.Early(l.NoticeUntil, civil.On(t.Clock()))
	}
	return ""
}

// holds tells whether a caller has a role for a department's list.
func holds(who caller.Caller, role, department string) bool {
	for _, n := range caller.Names {
		if n.Name != role {
			continue
		}
		if n.Role&(caller.D1|caller.D2) != 0 {
			return who.For(n.Role, department)
		}
		return who.Has(n.Role)
	}
	return false
}

// Hands are the roles that hold entries, take objections and answer them, in the order in which a caller who has several acts.
var Hands = []string{"D1", "D2", "F1", "F2", "F3"}

// Actor is a caller in the first of some roles that he has for a department; without one of them in the first, so that who is
// refused reads it.
func Actor(who caller.Caller, department, standsFor string, roles ...string) lists.Actor {
	a := lists.Actor{Person: who.ID(), Role: roles[0], StandsFor: standsFor}
	if i := slices.IndexFunc(roles, func(r string) bool { return holds(who, r, department) }); i >= 0 {
		a.Role = roles[i]
	}
	return a
}

// Order is a step that somebody wants to take with a list.
type Order struct {
	lists.Order
	StandsFor string
	AnswerBy  civil.Date // export: the last day on which the bank's answer counts by itself
}

// ErrStepUp says that a step needs password and code to be shown again.
var ErrStepUp = problem.New(http.StatusForbidden, "审批要先再验证一次密码和动态验证码，五分钟内有效。")

// Step takes a list one step further.
func (t *Treasury) Step(ctx context.Context, who caller.Caller, o Order) error {
	l, err := t.Visible(ctx, who, o.List)
	if err != nil {
		return err
	}
	if (o.Action == lists.ActApprove || o.Action == lists.ActApproveFirst) && (who.Identity == nil || !who.Identity.StepUp) {
		return ErrStepUp
	}
	roles := rolesFor(o.Action, l.State)
	if len(roles) == 0 {
		return problem.New(http.StatusUnprocessableEntity, "没有这一步，请从名单页面办理。")
	}
	now, by := t.Clock(), pay.Actor{Person: who.ID(), StandsFor: o.StandsFor}
	switch o.Action {
	case lists.ActApprove, lists.ActApproveFirst:
		a := Actor(who, l.Department, o.StandsFor, roles...)
		if err = t.recheck(ctx, who, a, o, l); err == nil {
			err = t.Lists.Step(ctx, a, o.Order, now)
		}
	case lists.ActExport:
		_, err = t.Bank.Export(ctx, by, o.List, o.AnswerBy, now)
	case lists.ActSend:
		err = t.Bank.Send(ctx, by, o.List, now)
	case lists.ActSettle:
		err = t.Bank.Settle(ctx, by, o.List, now)
	case lists.ActConfirm:
		if o.Silence, err = disburse.Silences(ctx, t.Office, o.List); err != nil {
			return t.Explain(ctx, err, "这份名单")
		}
		fallthrough
	default:
		err = t.Lists.Step(ctx, Actor(who, l.Department, o.StandsFor, roles...), o.Order, now)
	}
	return t.Explain(ctx, err, "这份名单")
}

// recheck decides a list again just before it is approved, and holds what isn't due any more as it was drafted; then there is nothing to
// approve yet. What would be refused anyway is refused by the step, which says why: nobody else's attempt holds an entry.
func (t *Treasury) recheck(ctx context.Context, who caller.Caller, a lists.Actor, o Order, l view.List) error {
	events, err := t.View.Events(ctx, l.ID)
	if err != nil {
		return err
	}
	mine := slices.ContainsFunc(t.Offers(who, l, events), func(x Offer) bool { return x.Action == o.Action && x.Blocked == "" })
	if !mine || o.Hash != l.Hash {
		return nil
	}
	found, err := recheck.List(ctx, t.Office, l.ID)
	if err != nil {
		return err
	}
	reasons := Changed(found)
	if len(reasons) == 0 {
		return nil
	}
	held, err := t.Lists.HoldAll(ctx, a, l.ID, reasons, t.Clock())
	if err == nil && held > 0 {
		err = problem.New(http.StatusConflict, fmt.Sprintf("没有审批：批前复查有 %d 条与起草时不同，已经暂缓，理由写在条目里。请部门移出或查清后恢复，再由财政经办“重新核对”，然后经办、复核、审批。", held))
	}
	return err
}

// Changed are the reasons to hold what a check before approval found changed, by the number of the entry.
func Changed(found []recheck.Entry) map[int]string {
	reasons := map[int]string{}
	for _, e := range found {
		if e.Kind != recheck.Still {
			reasons[e.N] = "批前复查：" + e.Reason
		}
	}
	return reasons
}

// rolesFor are the roles that take an action from a state; from any state where it can't be taken now.
func rolesFor(action lists.Action, state lists.State) (now []string) {
	var ever []string
	for _, s := range lists.Steps() {
		if s.Action != action || action == lists.ActDraft || action == lists.ActEdit {
			continue
		}
		ever = append(ever, s.Role)
		if s.From == state {
			now = append(now, s.Role)
		}
	}
	if len(now) == 0 {
		return ever
	}
	return now
}

// Item is an item as lists speak of it.
type Item struct {
	ID, Title, Department string
	Mode                  rules.Mode
	Asks                  []string // conditions that wait for a person
}

// Items are the items of all current policies, by id.
func (t *Treasury) Items(ctx context.Context) (map[string]Item, error) {
	book, err := t.Office.Current(ctx)
	if errors.Is(err, casework.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string]Item{}
	for _, r := range book.Rules {
		out[r.Item.ID] = Item{r.Item.ID, r.Item.Title, r.Policy.Issuer, r.Item.Mode, r.AsksPersons()}
	}
	return out, nil
}

// Asks says what the items of all current policies ask of persons. The error is casework.ErrNothing while nothing is published.
func (t *Treasury) Asks(ctx context.Context) (ledger.Asks, error) {
	book, err := t.Office.Current(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.AsksOf(book.Book), nil
}

// ItemsOf are the items whose findings a caller reads; none for all. Who reads none has one that there is not.
func ItemsOf(who caller.Caller, items map[string]Item) (ids []string) {
	if SeesEveryList(who) {
		return nil
	}
	for id, i := range items {
		if Of(who, i.Department) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return []string{nobodys}
	}
	slices.Sort(ids)
	return ids
}

// Finding is a finding if the caller may see it, else it isn't there.
func (t *Treasury) Finding(ctx context.Context, who caller.Caller, id string) (overview.Finding, error) {
	items, err := t.Items(ctx)
	if err != nil {
		return overview.Finding{}, err
	}
	page, _, err := t.Seen.Findings(ctx, overview.Choice{ID: id, Items: ItemsOf(who, items), Limit: 1})
	if err == nil && (len(page) == 0 || id == "") {
		err = problem.New(http.StatusNotFound, "没有找到这条人工认定。")
	}
	if err != nil {
		return overview.Finding{}, err
	}
	return page[0], nil
}

// OwnPayment is nil if a payment is of a list that the caller may see, else it isn't there.
func (t *Treasury) OwnPayment(ctx context.Context, who caller.Caller, id string) error {
	page, err := t.Seen.Payments(ctx, overview.PaymentFilter{ID: id, Departments: Departments(who), Limit: 1})
	if err == nil && (len(page) == 0 || id == "") {
		return problem.New(http.StatusNotFound, "没有找到这笔支付，请核对支付编号。")
	}
	return err
}

// NewID is a number for a list made on a day, such as L20250701-7KQ2M3.
func NewID(day civil.Date) string {
	return "L" + day.Start().Format("20060102") + "-" + rand.Text()[:6]
}

// Unread makes an error of a file that can't be read a problem that names the line; others come back as they are.
func Unread(err error) error {
	var unread *receipt.Error
	if errors.As(err, &unread) {
		return problem.New(http.StatusUnprocessableEntity, unread.Error()+"。整份没有收，改好后再传。")
	}
	return err
}
