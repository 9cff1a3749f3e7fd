package disburse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/disburse/best"
	"mianshen/internal/disburse/claim"
	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/lists"
	"mianshen/rules/exact"
)

// share is what an entry uses of a cap: its sum, and whether it counts one time.
type share struct {
	key   string
	most  *exact.Money
	times int // at most; 0: sums are counted
}

// component is firms that are settled together: one, or affiliated ones whose caps count together.
type component struct {
	firms  []claim.Firm
	claims []claim.Claim // that nothing refuses beforehand
	caps   []entitle.Cap
	paid   []entitle.Paid
	due    []*due
	left   []Left
}

// settle finds what each firm should be paid of what it claims.
func (w *world) settle(ctx context.Context) error {
	twice := w.sameOnce()
	all := w.components()
	err := parallel(ctx, len(all), func() func(int) error {
		return func(i int) error {
			all[i].admit(w, twice)
			return all[i].settle(w)
		}
	})
	for _, c := range all {
		w.due = append(w.due, c.due...)
		w.left = append(w.left, c.left...)
	}
	return err
}

// sameOnce finds bases that count once and that several firms claim at the same time: the facts contradict each other, and no
// rule says who is right. It maps ids of entitlements to the reason.
func (w *world) sameOnce() map[string]string {
	type thing struct {
		item string
		entitle.Basis
	}
	firms := map[thing][]string{}
	of := func(c claim.Claim) thing {
		if c.Basis.Kind == "" {
			return thing{c.Item, c.Basis}
		}
		return thing{"", c.Basis}
	}
	once := map[thing]bool{}
	var all []claim.Claim
	for _, f := range w.firms {
		all = append(all, f.Claims...)
	}
	for _, c := range all {
		t := of(c)
		once[t] = once[t] || c.Once && c.Basis.Value != ""
		if !slices.Contains(firms[t], c.Enterprise) && c.Basis.Value != "" {
			firms[t] = append(firms[t], c.Enterprise)
		}
	}
	out := map[string]string{}
	for _, c := range all {
		if t := of(c); once[t] && len(firms[t]) > 1 {
			out[c.ID] = fmt.Sprintf("%s“%s”同时有 %d 家企业（%s）用来享受，请核实属于谁后再起草", c.Basis.Kind, c.Basis.Value, len(firms[t]), w.some(firms[t]))
		}
	}
	return out
}

// some names a few firms.
func (w *world) some(firms []string) string {
	text := ""
	for i, f := range firms[:min(3, len(firms))] {
		if i > 0 {
			text += "、"
		}
		text += cmp.Or(w.names[f], f)
	}
	if len(firms) > 3 {
		text += "等"
	}
	return text
}

// components parts the firms, in order of their codes. Affiliated firms are together as soon as one of them claims under a cap.
func (w *world) components() []*component {
	capped := map[string]bool{}
	for _, f := range w.firms {
		if g := w.group[f.Enterprise]; g != "" && len(f.Caps) > 0 {
			capped[g] = true
		}
	}
	joined := map[string]*component{}
	var out []*component
	for _, f := range w.firms {
		g := w.group[f.Enterprise]
		if c := joined[g]; capped[g] && c != nil {
			c.firms = append(c.firms, f)
			continue
		}
		c := &component{firms: []claim.Firm{f}}
		if capped[g] {
			joined[g] = c
		}
		out = append(out, c)
	}
	return out
}

// admit leaves out what is refused whatever else is paid, and gathers what binds the rest.
func (c *component) admit(w *world, twice map[string]string) {
	members := []string{c.firms[0].Enterprise}
	if g := w.group[members[0]]; g != "" {
		members = w.groups[g]
	}
	var capped []entitle.Cap
	for _, f := range c.firms {
		for _, r := range f.Refused {
			c.drop(w, claim.Claim{Entitlement: entitle.Entitlement{Claim: entitle.Claim{Item: r.Rule.Item.ID, Enterprise: f.Enterprise, Period: r.Period, Amount: r.Amount}}, Rule: r.Rule}, Unknown, r.Reason)
		}
		for _, x := range f.Claims {
			blocked := ""
			if x.Item != w.replace {
				blocked = cmp.Or(w.past.blocked(x), w.past.settled(x, w.sweep.ID))
			}
			switch reason, unsure := twice[x.ID]; {
			case unsure:
				c.drop(w, x, Unknown, reason)
			case w.names[x.Enterprise] == "":
				c.drop(w, x, Unknown, "企业名录里没有这家企业，请先补录名称")
			case blocked != "":
				c.drop(w, x, Before, blocked)
			case x.Item != w.replace && len(w.past.byID[x.ID]) > 0:
				c.drop(w, x, Before, w.past.where(x.ID))
			default:
				c.claims = append(c.claims, x)
			}
		}
		capped = append(capped, f.Caps...)
	}
	c.paid = w.past.before(members, c.claims, w.replace)
	c.caps = merged(capped, members)
	c.before(w, members)
	c.wholes(w)
	c.differences()
}

// where says on which list an entitlement is.
func (p *past) where(id string) string {
	list := p.all[p.byID[id][0]].list
	if strings.HasPrefix(list, earlier) {
		return "本笔以前已经拨付（" + list + "）"
	}
	return "本笔已在名单 " + list + " 上"
}

// merged are caps over time as they bind affiliated firms: of several that differ from firm to firm the smallest.
func merged(caps []entitle.Cap, firms []string) []entitle.Cap {
	slices.SortStableFunc(caps, func(a, b entitle.Cap) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Most, b.Most), cmp.Compare(a.Times, b.Times))
	})
	caps = slices.CompactFunc(caps, func(a, b entitle.Cap) bool { return a.Item == b.Item && a.Kind == b.Kind })
	if len(firms) > 1 {
		for i := range caps {
			caps[i].Firms = firms
		}
	}
	return caps
}

// before adds the caps of items that were paid before and aren't claimed now: they bind their cap groups all the same.
func (c *component) before(w *world, members []string) {
	firms := members
	if len(firms) == 1 {
		firms = nil
	}
	for _, p := range c.paid {
		if p.Spent {
			continue
		}
		for _, x := range w.law.Caps(p.Item) {
			x.Item, x.Firms = "", firms
			binds := func(e claim.Claim) bool {
				return e.CapGroup == x.Group && (x.Kind != entitle.PerYear || entitle.Year(e.Period) == entitle.Year(p.Period))
			}
			known := func(o entitle.Cap) bool {
				return o.Item == "" && o.Kind == x.Kind && o.Group == x.Group && o.Most == x.Most && o.Times == x.Times
			}
			if x.Group != "" && slices.Contains(members, p.Enterprise) && slices.ContainsFunc(c.claims, binds) && !slices.ContainsFunc(c.caps, known) {
				c.caps = append(c.caps, x)
			}
		}
	}
}

// differences holds items that follow another one of a group of rule difference to what their own caps exceed the earlier payments by:
// a claim that a cap cuts is made up to the cap, not to the claim.
func (c *component) differences() {
	var more []entitle.Cap
	for _, x := range c.claims {
		others := c.others(x)
		for _, own := range c.caps {
			if others > 0 && own.Item == x.Item && (own.Kind == entitle.PerYear || own.Kind == entitle.Total) {
				more = append(more, entitle.Cap{Kind: entitle.PerGrant, Item: x.Item, Most: max(0, own.Most-others), Firms: []string{x.Enterprise}})
			}
		}
	}
	c.caps = append(c.caps, more...)
}

// wholes holds items decided record by record to what the grant comes to as a whole where some records were paid before.
func (c *component) wholes(w *world) {
	for _, f := range c.firms {
		for _, item := range sortedKeys(f.Grants) {
			r, _ := w.book.Rule(item)
			period := r.Grant(w.sweep.AsOf).Name
			if slices.ContainsFunc(c.paid, func(p entitle.Paid) bool {
				return p.Enterprise == f.Enterprise && p.Item == item && p.Period == period && !p.Spent
			}) {
				c.caps = append(c.caps, entitle.Cap{Kind: entitle.PerGrant, Item: item, Most: f.Grants[item], Firms: []string{f.Enterprise}})
			}
		}
	}
}

func (c *component) drop(w *world, x claim.Claim, fate Fate, reason string) {
	if w.wanted[x.Item] {
		c.left = append(c.left, w.leftOf(x, fate, reason))
	}
}

// settle finds the best legal combination of the claims. Where that can't be proved, all of them wait for a person.
func (c *component) settle(w *world) error {
	if len(c.claims) == 0 || !slices.ContainsFunc(c.claims, func(x claim.Claim) bool { return w.wanted[x.Item] }) {
		return nil
	}
	all := make([]entitle.Entitlement, len(c.claims))
	for i, x := range c.claims {
		all[i] = x.Entitlement
	}
	limits, err := entitle.Limits(all, c.caps, c.paid)
	if err != nil {
		return err
	}
	if len(all) == 1 && len(c.paid) == 0 && !slices.ContainsFunc(limits, func(l entitle.Limit) bool { return l.Cap.Kind != entitle.Times && l.Left < all[0].Amount }) {
		c.take(w, c.claims[0], all[0].Amount, "", c.shares(w, all, limits, []exact.Money{all[0].Amount})[0])
		return nil
	}
	answer, err := best.Solve(best.Problem{Entitlements: all, Paid: c.paid, Caps: c.caps, Chosen: c.chosen(w)})
	if err != nil {
		return err
	}
	if !answer.Proved {
		for _, x := range c.claims {
			if w.wanted[x.Item] {
				l := w.leftOf(x, Unknown, fmt.Sprintf("互斥和封顶的组合太多，没有能证明最优的办法（可能还差 %s），请人工核定", answer.Gap().Words()))
				l.Gap = answer.Gap()
				c.left = append(c.left, l)
			}
		}
		return nil
	}
	pays := make([]exact.Money, len(all))
	reasons := make([]string, len(all))
	at := map[string]int{}
	for i, e := range all {
		at[e.ID] = i
	}
	for _, l := range answer.Lines {
		i := at[l.Entitlement.ID]
		pays[i] = l.Pay
		if l.Reason != nil {
			reasons[i] = c.say(w, *l.Reason)
		}
	}
	shares := c.shares(w, all, limits, pays)
	for i, x := range c.claims {
		if pays[i] == 0 {
			c.drop(w, x, Lost, reasons[i])
			continue
		}
		c.take(w, x, pays[i], reasons[i], shares[i])
	}
	return nil
}

// chosen are the choices of the firms, under the names that groups have for the claims.
func (c *component) chosen(w *world) map[best.Chooser]string {
	out := map[best.Chooser]string{}
	for _, x := range c.claims {
		for k, g := range x.Exclusive {
			if item := w.chosen[x.Enterprise][x.Rule.Item.Exclusive[k].Group]; item != "" {
				out[best.Chooser{Enterprise: x.Enterprise, Group: g.Group}] = item
			}
		}
	}
	return out
}

// take makes an entry of a claim that is wanted.
func (c *component) take(w *world, x claim.Claim, pay exact.Money, reason string, shares []share) {
	if w.wanted[x.Item] {
		c.due = append(c.due, w.dueOf(x, pay, reason, shares, c.others(x) > 0))
	}
}

// dueOf is what is due of an entitlement that is paid whole.
func (w *world) dueOf(x claim.Claim, pay exact.Money, reason string, shares []share, follows bool) *due {
	d := &due{Claim: x, claimed: x.Entitlement, shares: shares, exclude: !follows, decision: decisionID(w.sweep.ID, x), version: w.book.Versions[x.Rule.Policy.ID]}
	d.entry = lists.Entry{Entitlement: d.claimed, Name: w.names[x.Enterprise], Amount: pay, Reason: reason}
	if pay == d.claimed.Amount {
		d.entry.Reason = ""
	}
	return d
}

// others is what the firm was paid for other items of the claim's groups of rule difference; of several groups the largest sum counts.
func (c *component) others(x claim.Claim) (most exact.Money) {
	for _, g := range x.Exclusive {
		sum := exact.Money(0)
		for _, p := range c.paid {
			if g.Rule == entitle.Difference && p.Enterprise == x.Enterprise && p.Item != x.Item && slices.Contains(p.Groups, g.Group) {
				sum += p.Amount
			}
		}
		most = max(most, sum)
	}
	return most
}

// shares are, by claim, the caps that it uses when each is paid so much: those that bind since one of their owners is paid.
func (c *component) shares(w *world, all []entitle.Entitlement, limits []entitle.Limit, pays []exact.Money) [][]share {
	out := make([][]share, len(all))
	for _, l := range limits {
		if l.Cap.Kind == entitle.PerGrant || !slices.ContainsFunc(l.Owners, func(i int) bool { return pays[i] > 0 }) {
			continue
		}
		for _, i := range l.Members {
			s := w.share(l, all[i].Enterprise)
			if pays[i] > 0 && !slices.ContainsFunc(out[i], func(o share) bool { return o.key == s.key }) {
				out[i] = append(out[i], s)
			}
		}
	}
	return out
}

// share names the cap: what it counts over, for whom, in which year, and its measure.
func (w *world) share(l entitle.Limit, firm string) share {
	over, whom := "事项 "+l.Cap.Item, firm
	if l.Cap.Group != "" {
		over = "上限组 " + l.Cap.Group
	}
	if len(l.Cap.Firms) > 0 {
		whom = "集团 " + w.group[firm]
	}
	s := share{times: l.Cap.Times}
	measure := fmt.Sprintf("%d 次", l.Cap.Times)
	if l.Cap.Kind != entitle.Times {
		most := l.Cap.Most
		s.most, measure = &most, most.String()
	}
	s.key = fmt.Sprintf("%s|%s|%s|%s|%s", l.Cap.Kind, over, whom, l.Span, measure)
	return s
}
