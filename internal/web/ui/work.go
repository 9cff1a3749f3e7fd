package ui

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"mianshen/internal/readiness"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/say"
	"mianshen/internal/whatif"
	"mianshen/rules/exact"
)

// DeliveriesView is the list of what departments have delivered.
type DeliveriesView struct {
	Page
	List  *bureau.DeliveryList
	State string // of those that are shown; "": any
	Later bool   // it isn't the first page
}

// DeliveryView is one delivery with its report.
type DeliveryView struct {
	Page
	Delivery *bureau.DeliveryDetail
}

// SweepsView is the list of comparisons.
type SweepsView struct {
	Page
	Sweeps []desk.Sweep
	Next   int // how many to leave out on the next page; 0: there is none
}

// SweepView is one comparison.
type SweepView struct {
	Page
	Sweep *bureau.SweepDetail
}

// DifferencesView is what a comparison changed, one page of it.
type DifferencesView struct {
	Page
	Sweep      *bureau.SweepDetail
	List       *bureau.DifferenceList
	Item, Turn string // what is shown; "": any
}

// ReadinessView is how far policies are from being granted without application.
type ReadinessView struct {
	Page
	Report  *bureau.ReadinessReport
	Verdict string // of the items that are shown; "": any
}

// GapsView is what is held up, and by whom.
type GapsView struct {
	Page
	Report *bureau.GapsReport
}

// SimulationView is a trial of a changed clause.
type SimulationView struct {
	Page
	Choices []bureau.Choice
	Item    *bureau.Choice // that was chosen; nil: none yet
	Dials   []bureau.Dial
	Form    SimulationForm
	Result  *bureau.Simulation // nil: nothing was tried, or it can't be
	Notice  string             // why it can't be tried, for the visitor
}

// SimulationForm is what the visitor has filled in, or what is proposed.
type SimulationForm struct {
	Name, From, To string
	Budget         string // in 万元
	Set            string // what the number or the condition is to be changed to
}

// WriteDeliveries writes the list of deliveries.
func WriteDeliveries(ctx context.Context, w io.Writer, v DeliveriesView) error {
	return deliveriesPage(v).Render(ctx, w)
}

// WriteDelivery writes the page of one delivery.
func WriteDelivery(ctx context.Context, w io.Writer, v DeliveryView) error {
	return deliveryPage(v).Render(ctx, w)
}

// WriteSweeps writes the list of comparisons.
func WriteSweeps(ctx context.Context, w io.Writer, v SweepsView) error {
	return sweepsPage(v).Render(ctx, w)
}

// WriteSweep writes the page of one comparison.
func WriteSweep(ctx context.Context, w io.Writer, v SweepView) error {
	return sweepPage(v).Render(ctx, w)
}

// WriteDifferences writes what a comparison changed.
func WriteDifferences(ctx context.Context, w io.Writer, v DifferencesView) error {
	return differencesPage(v).Render(ctx, w)
}

// WriteReadiness writes the report on readiness.
func WriteReadiness(ctx context.Context, w io.Writer, v ReadinessView) error {
	return readinessPage(v).Render(ctx, w)
}

// WriteGaps writes the list of what is held up.
func WriteGaps(ctx context.Context, w io.Writer, v GapsView) error {
	return gapsPage(v).Render(ctx, w)
}

// WriteSimulation writes the page on which a change is tried.
func WriteSimulation(ctx context.Context, w io.Writer, v SimulationView) error {
	return simulationPage(v).Render(ctx, w)
}

// place is an entry of the officials' menu.
type place struct{ id, path, name string }

var places = []place{
	{"deliveries", "/deliveries", "数据到达"},
	{"sweeps", "/sweeps", "比对批次"},
	{"readiness", "/readiness", "免申准备度"},
	{"gaps", "/gaps", "漏享清单"},
	{"simulation", "/simulation", "试算"},
}

// moneyPlaces are where lists and payments are worked on, each with who may come there.
var moneyPlaces = []struct {
	id, path, name string
	roles          caller.Roles
}{
	{"lists", "/lists", "拨付名单", caller.Business},
	{"payments", "/payments", "支付和回单", caller.F1 | caller.F2 | caller.F3 | caller.AU},
	{"budget", "/budget", "预算额度", caller.Business},
	{"accounts", "/accounts", "收款账户", caller.D1 | caller.F1 | caller.F2 | caller.F3 | caller.AU},
	{"findings", "/findings", "人工认定", caller.Business},
	{"recoveries", "/recoveries", "追回", caller.Business},
	{"report", "/report", "拨付报告", caller.Business},
}

// moment writes an instant of the API as a person reads it: 2025年7月1日 10:00.
func moment(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	day, _, _ := strings.Cut(text, "T")
	return say.ISODay(day) + " " + t.Format("15:04")
}

// period names the period of a delivery.
func period(text string) string {
	if day, ok := strings.CutPrefix(text, "current:"); ok {
		return say.ISODay(day) + "现状"
	}
	return say.Grant(text)
}

var stateWords = map[string]string{"accepted": "采用", "held": "待核对", "quarantined": "隔离", "withdrawn": "撤回"}

var statusWords = map[string]string{"running": "正在比对", "held": "待核对", "done": "完成", "failed": "作废"}

var purposeWords = map[string]string{"nightly": "定时", "manual": "人工", "retroactive": "回溯"}

// turn is a kind of difference as pages show it, in the order in which they do.
type turn struct{ id, word string }

var turns = []turn{{"entered", "新符合"}, {"left", "不再符合"}, {"amount", "金额变了"}, {"unknown", "变为待核实"}, {"known", "确定不符合"}}

func turnWord(id string) string {
	for _, t := range turns {
		if t.id == id {
			return t.word
		}
	}
	return id
}

// turned is what a comparison changed of one item: counts by turn, in their order, and the money.
type turned struct {
	item, title   string
	counts        []int64
	before, after exact.Money
}

// byItem puts the counts of differences together, the items with most of them first; the sum of all stands in front.
func byItem(all []bureau.TurnCount) (sum turned, out []turned) {
	sum.counts = make([]int64, len(turns))
	for _, c := range all {
		if last := len(out) - 1; last < 0 || out[last].item != c.Item {
			out = append(out, turned{item: c.Item, title: c.Title, counts: make([]int64, len(turns))})
		}
		x := &out[len(out)-1]
		at := slices.IndexFunc(turns, func(t turn) bool { return t.id == c.Turn })
		for _, y := range []*turned{x, &sum} {
			y.counts[at] += c.Enterprises
			y.before, y.after = y.before+c.Before, y.after+c.After
		}
	}
	slices.SortStableFunc(out, func(a, b turned) int { return int(b.all() - a.all()) })
	return sum, out
}

func (t turned) all() (n int64) {
	for _, c := range t.counts {
		n += c
	}
	return n
}

// signed writes a difference of money with its sign.
func signed(m exact.Money) string {
	switch {
	case m > 0:
		return "+" + m.Words()
	case m < 0:
		return "−" + strings.TrimPrefix(m.Words(), "-")
	}
	return "不变"
}

// differencesURL is the address of a list of differences.
func differencesURL(sweep int64, item, turn, cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"item": item, "turn": turn, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	u := sweepURL(sweep) + "/differences"
	if text := q.Encode(); text != "" {
		u += "?" + text
	}
	return u
}

func sweepURL(id int64) string     { return "/sweeps/" + itoa(id) }
func deliveryURL(id string) string { return "/deliveries/" + url.PathEscape(id) }

// listURL is an address with a state and a cursor, where there are any.
func listURL(path, state, cursor string) string {
	q := url.Values{}
	if state != "" {
		q.Set("state", state)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

func simulationURL(item string) string {
	return "/simulation?" + url.Values{"item": {item}}.Encode()
}

// itemsOf are the items with a verdict.
func itemsOf(r *bureau.ReadinessReport, v readiness.Verdict) []readiness.Item {
	var out []readiness.Item
	for _, it := range r.Items {
		if it.Verdict == v {
			out = append(out, it)
		}
	}
	return out
}

// hindrances are the needs of an item that aren't met, those in a nest of alternatives too.
func hindrances(needs []readiness.Need) []readiness.Need {
	var out []readiness.Need
	for _, n := range needs {
		switch {
		case n.Verdict == readiness.Ready:
		case len(n.Parts) == 0:
			out = append(out, n)
		default:
			out = append(out, under(n, hindrances(n.Parts))...)
		}
	}
	return out
}

// under gives parts the clause of the condition that they stand in, where they have none of their own.
func under(n readiness.Need, parts []readiness.Need) []readiness.Need {
	for i, p := range parts {
		if p.Clause == "" {
			parts[i].Clause, parts[i].Quote = n.Clause, n.Quote
		}
	}
	return parts
}

// owedText names what departments owe a condition: 是否高新技术企业（区科委，一家也没有）.
func owedText(all []readiness.Coverage) string {
	var out []string
	for _, c := range all {
		text := c.Fact + "（" + c.Department
		switch {
		case c.Known > 0:
			text += "，" + itoa(c.Of) + " 里只有 " + itoa(c.Known) + " 有值"
		case c.Of > 0:
			text += "，一个也没有"
		}
		out = append(out, text+"）")
	}
	return strings.Join(out, "、")
}

// partyNote says what kind of party holds something up.
func partyNote(p readiness.Party) string {
	return map[readiness.Kind]string{
		readiness.Department: "欠数据", readiness.Person: "要人判断", readiness.Ledger: "缺拨付记录", readiness.Law: "算不出来",
	}[p.Kind]
}

// mostReasons is how many reasons of a party stand in a list.
const mostReasons = 6

// rowsShown are the steps of a curve that stand in the table: at most about twenty, with the present one and the one that the
// budget pays for among them.
func rowsShown(c *whatif.Curve) []whatif.Step {
	const most = 18
	every := (len(c.Steps) + most - 1) / most
	var out []whatif.Step
	for i, s := range c.Steps {
		if s.Present || s.Affordable || i%every == 0 || i == len(c.Steps)-1 {
			out = append(out, s)
		}
	}
	return out
}

// Chosen finds the dial that a form names.
func (v SimulationView) Chosen() *bureau.Dial {
	for i := range v.Dials {
		if v.Dials[i].Name == v.Form.Name {
			return &v.Dials[i]
		}
	}
	return nil
}

// policiesOf divides choices by policy, in their order.
func policiesOf(all []bureau.Choice) [][]bureau.Choice {
	var out [][]bureau.Choice
	for _, c := range all {
		if last := len(out) - 1; last < 0 || out[last][0].Policy != c.Policy {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

// percentOr is a share in percent, or a dash where nobody counted.
func percentOr(p *string) string {
	if p == nil {
		return "—"
	}
	return *p + "%"
}

// shareOf is a share in whole percent; what is there but rounds to nothing is below one.
func shareOf(part, of int) string {
	switch {
	case of == 0:
		return "—"
	case part > 0 && part*100 < of:
		return "<1%"
	}
	return itoa(part*100/of) + "%"
}

// waitingFor names the first parties that an item waits for.
func waitingFor(all []readiness.Wait) string {
	var out []string
	for i, w := range all {
		if i < 3 {
			out = append(out, w.Party.Name)
		}
	}
	if len(all) > 3 {
		return strings.Join(out, "、") + "等"
	}
	return strings.Join(out, "、")
}

// anchorOf keeps the first and the last tick inside the picture.
func anchorOf(i, n int) string {
	switch i {
	case 0:
		return "start"
	case n - 1:
		return "end"
	}
	return "middle"
}

// groupName is how a field by which firms are grouped is called.
func groupName(field string) string {
	if field == whatif.Industry {
		return "行业门类"
	}
	return field
}

func calledOr(name, code string) string {
	if name == "" {
		return code
	}
	return name
}

// grouped sets commas between the thousands of a decimal.
func grouped(decimal string) string {
	whole, fraction, found := strings.Cut(decimal, ".")
	digits := strings.TrimPrefix(whole, "-")
	sign := whole[:len(whole)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if found {
		digits += "." + fraction
	}
	return sign + digits
}

// present is what the law says now where the form may change it.
func (v SimulationView) present() string {
	if d := v.Chosen(); d != nil {
		return "现为 " + d.Text
	}
	return ""
}
