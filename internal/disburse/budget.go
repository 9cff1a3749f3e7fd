package disburse

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/ration"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Line is a budget line that a proposal draws on, or would if it were there.
type Line struct {
	Name      string      // as its policy calls it; where that names none, the title of the item that it has to be for
	Item      string      // the only item that it may pay, where the policy names no line; else ""
	ID        string      // "": there is none that may be used
	Items     []string    // sorted
	Available exact.Money // less what drafts before public notice will reserve
	Due, Paid exact.Money // of this proposal
	Problem   string      // a Chinese sentence that says what to do; "" where all is paid
}

// purse is a line with what is due from it.
type purse struct {
	line  *Line
	dues  []int // positions in world.due
	rules map[ration.Rule]bool
}

// propose gives what is due its budget lines and shares short ones out; what isn't paid is left out.
func (w *world) propose(ctx context.Context) (*Proposal, error) {
	lines, err := w.desk.ledger.Lines(ctx, ledger.LineFilter{})
	if err != nil {
		return nil, err
	}
	pending, err := w.desk.pending(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.due, func(a, b *due) int { return compareClaims(&a.claimed, a.part, &b.claimed, b.part) })
	purses := w.purses(lines, pending)
	p := &Proposal{Sweep: w.sweep.ID, AsOf: w.sweep.AsOf, Year: w.request.Year, Entries: make([]lists.Entry, 0, len(w.due))}
	for _, x := range purses {
		if err := w.pay(x); err != nil {
			return nil, err
		}
		p.Lines = append(p.Lines, *x.line)
	}
	for _, d := range w.due {
		if d.entry.Amount > 0 && d.entry.Line != "" {
			w.finish(d)
			p.Entries = append(p.Entries, d.entry)
		}
	}
	p.Left = w.left
	slices.SortStableFunc(p.Left, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Enterprise, b.Enterprise), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Basis, b.Basis), cmp.Compare(a.Part, b.Part))
	})
	return p, nil
}

// compareClaims orders claims by item, firm, period, basis and part. Most differ in the first two.
func compareClaims(a *entitle.Entitlement, partA string, b *entitle.Entitlement, partB string) int {
	if c := cmp.Compare(a.Item, b.Item); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Enterprise, b.Enterprise); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Period, b.Period), cmp.Compare(a.Basis.Value, b.Basis.Value), cmp.Compare(a.Basis.Kind, b.Basis.Kind), cmp.Compare(partA, partB))
}

// pending is what living lists before public notice will reserve, by line.
func (d *Desk) pending(ctx context.Context) (map[string]exact.Money, error) {
	out := map[string]exact.Money{}
	err := each(ctx, d.store, func(scan func(...any) error) error {
		var line string
		var sum int64
		err := scan(&line, &sum)
		out[line] = exact.Money(sum)
		return err
	}, `SELECT e.line, CAST(sum(e.amount_fen) AS BIGINT) FROM list_entry e JOIN disbursement_list l ON l.id = e.list
		WHERE e.status IN ('in', 'held') AND l.state IN ('draft', 'reviewed', 'confirmed') GROUP BY e.line`)
	return out, err
}

// purses parts what is due by budget line, in order of the lines' names.
func (w *world) purses(lines []ledger.Line, pending map[string]exact.Money) []*purse {
	byItem, byLine := map[string]*purse{}, map[string]*purse{}
	for i, d := range w.due {
		x := byItem[d.Item]
		if x == nil {
			line := w.lineFor(d.Rule, lines, pending)
			key := cmp.Or(line.ID, "?"+d.Item)
			if x = byLine[key]; x == nil {
				x = &purse{line: &line, rules: map[ration.Rule]bool{}}
				byLine[key] = x
			}
			byItem[d.Item] = x
			x.line.Items = append(x.line.Items, d.Item)
			x.rules[ration.Rule(cmp.Or(d.Rule.Item.Budget.WhenShort, string(ration.Hold)))] = true
		}
		x.dues = append(x.dues, i)
	}
	out := make([]*purse, 0, len(byLine))
	for _, key := range sortedKeys(byLine) {
		out = append(out, byLine[key])
	}
	return out
}

// lineFor finds the line that an item is paid from this year: the one that its policy names, or one that was carried over from it,
// or, where the policy names none, the one that is for this item.
func (w *world) lineFor(r *rules.Rule, lines []ledger.Line, pending map[string]exact.Money) Line {
	name := r.Item.Budget.Line
	from := map[string]bool{name: name != ""}
	for range 10 { // years over which a line may have been carried
		for _, l := range lines {
			if l.CarriedFrom != "" && from[l.CarriedFrom] || name != "" && l.Name == name {
				from[l.ID] = true
			}
		}
	}
	out := Line{Name: name}
	var fit []ledger.Line
	none := fmt.Sprintf("没有预算额度“%s”，请财政先建立并下达 %d 年额度", name, w.request.Year)
	if name == "" {
		out.Name, out.Item = r.Item.Title, r.Item.ID
		none = fmt.Sprintf("没有给“%s”的预算额度，请财政先为事项 %s 建立并下达 %d 年额度", r.Item.Title, r.Item.ID, w.request.Year)
	}
	problem := ""
	for _, l := range lines {
		if !from[l.ID] && (name != "" || l.Item != r.Item.ID) {
			continue
		}
		switch {
		case l.Year != w.request.Year:
			none = fmt.Sprintf("预算额度“%s”是 %d 年的，%d 年没有可用额度，请先办理结转或建立本年额度", l.Name, l.Year, w.request.Year)
		case l.ApprovedBy == "":
			problem = fmt.Sprintf("预算额度“%s”还没有审核，请财政另一人审核后再起草", l.Name)
		case l.Department != r.Policy.Issuer || l.Item != "" && l.Item != r.Item.ID:
			problem = fmt.Sprintf("预算额度“%s”是%s的，不能用于%s的“%s”，请核对额度", l.Name, cmp.Or(l.Department, l.Item), r.Policy.Issuer, r.Item.Title)
		default:
			fit = append(fit, l)
		}
	}
	slices.SortFunc(fit, func(a, b ledger.Line) int { return cmp.Compare(a.ID, b.ID) })
	if at := slices.IndexFunc(fit, func(l ledger.Line) bool { return l.ID == name }); at > 0 {
		fit = fit[at:]
	}
	if len(fit) == 0 {
		out.Problem = cmp.Or(problem, none)
		return out
	}
	out.ID, out.Available = fit[0].ID, max(0, fit[0].Available()-pending[fit[0].ID])
	return out
}

// pay shares what the line has available out among what is due from it.
func (w *world) pay(x *purse) error {
	slices.Sort(x.line.Items)
	dues := make([]ration.Due, 0, len(x.dues))
	at := make(map[string]int, len(x.dues))
	for _, i := range x.dues {
		d := w.due[i]
		sum, err := entitle.Add(x.line.Due, d.entry.Amount)
		if err != nil {
			return err
		}
		x.line.Due = sum
		id := d.ID + d.part
		at[id] = i
		dues = append(dues, ration.Due{ID: id, Amount: d.entry.Amount, Score: d.Score, Time: int64(d.Since.Number()) * 86_400_000})
	}
	switch {
	case x.line.ID == "":
		for _, i := range x.dues {
			w.starve(i, NoLine, x.line.Problem)
		}
		return nil
	case x.line.Due > x.line.Available && len(x.rules) > 1:
		x.line.Problem = fmt.Sprintf("预算额度“%s”可用 %s，应拨 %s，而各事项的不足处理办法不同，请逐个事项起草或追加额度", x.line.Name, x.line.Available.Words(), x.line.Due.Words())
		for _, i := range x.dues {
			w.starve(i, Short, x.line.Problem)
		}
		return nil
	}
	var rule ration.Rule
	for rule = range x.rules { // one, or enough for all
		if len(x.rules) > 1 {
			rule = ration.Hold
		}
	}
	shares, err := ration.Divide(rule, x.line.Available, dues)
	if err != nil {
		return err
	}
	for _, s := range shares {
		w.pays(x.line, at[s.ID], s, rule)
	}
	return nil
}

// shortWords says what a rule does with a line that runs short.
var shortWords = map[ration.Rule]string{ration.Hold: "全部暂缓", ration.Prorate: "按比例拨付", ration.Rank: "按评分和时间排序拨付"}

// pays gives one entry what the line has for it.
func (w *world) pays(line *Line, i int, s ration.Share, rule ration.Rule) {
	d := w.due[i]
	d.entry.Line = line.ID
	line.Paid += s.Paid
	if s.Held == 0 {
		return
	}
	line.Problem = fmt.Sprintf("预算额度“%s”可用 %s，不足应拨的 %s，%s，请追加额度", line.Name, line.Available.Words(), line.Due.Words(), shortWords[rule])
	if s.Paid == 0 {
		w.starve(i, Short, line.Problem)
		return
	}
	if d.entry.Reason != "" {
		d.entry.Reason += "；"
	}
	d.entry.Amount = s.Paid
	d.entry.Reason += fmt.Sprintf("预算额度不足，%s，应拨 %s", shortWords[rule], s.Amount.Words())
}

// hold leaves an entry out that could be paid otherwise.
func (w *world) hold(d *due, fate Fate, reason string) {
	l := w.leftOf(d.Claim, fate, reason)
	l.Part, l.Amount = d.part, d.claimed.Amount
	w.left = append(w.left, l)
}

// starve leaves an entry out since there is no money for it.
func (w *world) starve(i int, fate Fate, reason string) {
	w.hold(w.due[i], fate, reason)
	w.due[i].entry.Amount = 0
}

// finish gives an entry what the database holds it by: its seats, and its shares of caps.
func (w *world) finish(d *due) {
	e := &d.entry
	e.Decision, e.PolicyVersion = d.decision, d.version
	for _, x := range d.Exclusive {
		if d.exclude {
			e.Seats = append(e.Seats, lists.Seat{Kind: "exclusive", Key: x.Group + "|" + d.Enterprise, Holder: d.Item})
		}
	}
	if b := d.Basis; b.Kind != "" {
		e.Seats = append(e.Seats, lists.Seat{Kind: "basis", Key: b.Kind + "|" + b.Value + "|" + d.Enterprise, Holder: d.Item})
	}
	if d.Once && d.Basis.Value != "" {
		e.Seats = append(e.Seats, lists.Seat{Kind: "once", Key: d.Item + "|" + d.Basis.Value, Holder: d.Enterprise + "|" + d.Period})
	}
	for _, s := range d.shares {
		c := lists.CapShare{Key: s.key, Most: s.most, MostTimes: s.times}
		if s.times == 0 {
			c.Fen = e.Amount
		} else if d.part == "" || d.part == part(1) || w.past.left(d.ID) == 0 { // a time that was given back is taken again
			c.Times = 1
		}
		e.Caps = append(e.Caps, c)
	}
}
