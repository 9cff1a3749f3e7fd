package disburse_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/pgtest"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// newSource prints its seed; MIANSHEN_SEED repeats a run.
func newSource(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MIANSHEN_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = given
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// thing is one item of a small world.
type thing struct {
	id           string
	each, once   bool
	rule         string // of group G; "": in none
	total, times int    // caps; 0: none
	capGroup     bool
	field        int
	short        string // budget.when_short; "": hold
	also         string // a further condition
	shares       string // of instalments; "": none
}

// small is a world of a few items and firms: what a judge can try in every way.
type small struct {
	items []thing
	firms []smallFirm
}

type smallFirm struct {
	code, group string
	able        [4]bool
	amounts     [4]int
	invoices    map[string]int
}

const items = 4

func randomItems(r *rand.Rand) []thing {
	rule := pick(r, "highest", "highest", "difference", "choice")
	var out []thing
	for k := range items {
		x := thing{id: fmt.Sprintf("item-%d", k), field: k, each: k >= 2 && r.IntN(2) == 0}
		x.once = x.each && r.IntN(2) == 0
		if r.IntN(2) == 0 {
			x.rule = rule
		}
		if r.IntN(2) == 0 {
			x.total, x.capGroup = 1+r.IntN(5), r.IntN(2) == 0
		}
		if r.IntN(4) == 0 {
			x.times = 1 + r.IntN(2)
		}
		out = append(out, x)
	}
	return out
}

func randomFirms(r *rand.Rand) []smallFirm {
	var out []smallFirm
	for n := range 6 {
		out = append(out, smallFirm{code: fmt.Sprintf("9131%014d", n), group: fmt.Sprintf("集团%d", pick(r, n, n/2, n/2))}.drawn(r))
	}
	return out
}

// drawn is the firm with facts drawn anew.
func (f smallFirm) drawn(r *rand.Rand) smallFirm {
	f.invoices = map[string]int{}
	for k := range f.able {
		f.able[k], f.amounts[k] = r.IntN(3) > 0, r.IntN(4)
	}
	for range r.IntN(3) {
		number := fmt.Sprintf("%s-%d", f.code[16:], r.IntN(3))
		if r.IntN(5) == 0 {
			number = "共用"
		}
		f.invoices[number] = 1 + r.IntN(3)
	}
	return f
}

const smallVocabulary = `fields:
  - {name: 关联集团, id: affiliate_group, type: string, source: 区市场监管局}
  - {name: 企业, id: kind, type: string, source: 区市场监管局}
  - {name: 资格0, id: able0, type: bool, source: 区市场监管局}
  - {name: 资格1, id: able1, type: bool, source: 区市场监管局}
  - {name: 资格2, id: able2, type: bool, source: 区市场监管局}
  - {name: 资格3, id: able3, type: bool, source: 区市场监管局}
  - {name: 金额0, id: sum0, type: money, unit: 元, source: 区市场监管局}
  - {name: 金额1, id: sum1, type: money, unit: 元, source: 区市场监管局}
  - {name: 金额2, id: sum2, type: money, unit: 元, source: 区市场监管局}
  - {name: 金额3, id: sum3, type: money, unit: 元, source: 区市场监管局}
  - name: 发票
    id: invoices
    type: table
    source: 区税务局
    key: 发票号
    columns: [{name: 票面, id: face, type: money, unit: 元}]
`

// files are the world's items as two published policies of one department.
func (s small) files() fstest.MapFS {
	out := fstest.MapFS{}
	for p := range 2 {
		policy := fmt.Sprintf("id: p-%d\ntitle: 示例办法%d\nissuer: 区经委\nin_force: {from: 2025-01-01, to: 2026-12-31}\nclauses: [{ref: 第一条, text: 有资格的，给予奖励。}]\nitems:\n", p, p)
		cases := "cases:\n"
		for _, x := range s.items[p*items/2 : (p+1)*items/2] {
			policy += x.yaml()
			cases += x.cases()
		}
		out[fmt.Sprintf("p%d/policy.yaml", p)] = &fstest.MapFile{Data: []byte(policy)}
		out[fmt.Sprintf("p%d/cases.yaml", p)] = &fstest.MapFile{Data: []byte(cases)}
	}
	return out
}

func (x thing) yaml() string {
	amount, each := fmt.Sprintf("金额%d", x.field), ""
	if x.each {
		amount, each = "本条.票面", "    each: 发票\n    basis: 发票号\n"
	}
	if x.once {
		each += "    once_per: basis\n"
	}
	text := fmt.Sprintf(`  - id: %s
    title: 奖励%d
    mode: auto
    period: year
    conditions:
      - {id: able, clause: 第一条, quote: 有资格, require: '资格%d%s', because: 有资格}
    amount: %s
    budget: {line: L, when_short: %s}
`, x.id, x.field, x.field, x.also, amount, cmp.Or(x.short, "hold")) + each + x.shares
	var caps []string
	if x.total > 0 {
		caps = append(caps, fmt.Sprintf("total: 0.0%d*元", x.total))
	}
	if x.times > 0 {
		caps = append(caps, fmt.Sprintf("times: %d", x.times))
	}
	if x.capGroup {
		caps = append(caps, "group: K")
	}
	if len(caps) > 0 {
		text += "    cap: {" + strings.Join(caps, ", ") + "}\n"
	}
	if x.rule != "" {
		text += "    exclusive: [{group: G, rule: " + x.rule + "}]\n"
	}
	return text
}

func (x thing) cases() string {
	facts := fmt.Sprintf("金额%d: 1", x.field)
	records := ""
	if x.each {
		facts, records = "金额0: 1", "records: {发票: [{发票号: a, 票面: 1}]}, "
	}
	text := ""
	for _, c := range [][3]string{{"accepted", "是", "eligible"}, {"refused", "否", "ineligible"}, {"boundary", "是", "eligible"}, {"missing", "~", "unknown"}} {
		text += fmt.Sprintf("  - {name: %s-%s, kind: %s, item: %s, as_of: 2025-06-30, facts: {资格%d: %s, 企业: 好, %s}, %sexpect: {outcome: %s}}\n",
			x.id, c[0], c[0], x.id, x.field, c[1], facts, records, c[2])
	}
	return text
}

func (d *desk) publish(vocabulary string, files fstest.MapFS, at time.Time) {
	d.Helper()
	p, err := d.office.ProposeWith(d.Context(), []byte(vocabulary), files, "x")
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.office.Publish(d.Context(), p, "甲", at); err != nil {
		d.Fatal(err)
	}
}

// deliver hands the facts of the firms over.
func (d *desk) deliver(firms []smallFirm, at time.Time) {
	d.Helper()
	v, ms := rules.ParseVocabulary("v", []byte(smallVocabulary))
	if err := ms.Err(); err != nil {
		d.Fatal(err)
	}
	b := &intake.Batch{Names: map[string]string{}}
	for _, f := range firms {
		p := rules.NewProfile(v, f.code)
		set := func(name string, value *formula.Value) {
			field, _ := v.Field(name)
			if err := p.Set(field, rules.Fact{Value: value, Source: field.Source, On: demo.AsOf()}); err != nil {
				d.Fatal(err)
			}
		}
		set("关联集团", formula.TextOf(f.group))
		for k := range f.able {
			set(fmt.Sprint("资格", k), formula.BoolOf(f.able[k]))
			set(fmt.Sprint("金额", k), formula.NumberOf(exact.Int(int64(f.amounts[k]))))
		}
		table, _ := v.Field("发票")
		var rows []*formula.Record
		for number, face := range f.invoices {
			rows = append(rows, table.NewRecord(number, []*formula.Value{formula.NumberOf(exact.Int(int64(face)))}))
		}
		slices.SortFunc(rows, func(a, b *formula.Record) int { return strings.Compare(a.Key, b.Key) })
		set("发票", formula.TableOf(rows))
		b.Names[f.code] = "示例" + f.code[16:]
		b.Profiles = append(b.Profiles, p)
	}
	if _, err := arrival.ReceiveProfiles(d.Context(), d.db, v, b, demo.AsOf(), at, "示例"); err != nil {
		d.Fatal(err)
	}
}

// TestSmallWorlds plans random small worlds twice, with other facts the second time, and holds each proposal against a judge that
// tries every combination of payments: sums are the largest that are legal, everything that was drafted stays legal together, and
// planning again proposes nothing twice.
func TestSmallWorlds(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	worlds := map[string]int{"sqlite": 40, "postgres": 8}
	if pgtest.Racing {
		worlds = map[string]int{"sqlite": 5}
	}
	for _, x := range databases {
		t.Run(x.name, func(t *testing.T) {
			if worlds[x.name] == 0 {
				pgtest.NotRacing(t)
			}
			r := newSource(t)
			var judged, skipped, entries int
			for n := range worlds[x.name] {
				s := small{items: randomItems(r), firms: randomFirms(r)}
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					d := newDesk(t, x.open(t))
					d.role("D1", "区经委")
					d.line("L", "区经委", 1_000_000_00)
					d.publish(smallVocabulary, s.files(), now.Add(-time.Hour))
					var past []pay
					for round := range 2 {
						at := now.Add(time.Duration(round) * time.Hour)
						if round > 0 {
							for i, f := range s.firms {
								s.firms[i] = f.drawn(r)
							}
						}
						d.deliver(s.firms, at)
						d.sweep(at.Add(time.Minute))
						j := judge{small: s, past: past}
						p := d.plan(disburse.Request{Department: "区经委"})
						again := d.plan(disburse.Request{Department: "区经委"})
						if fmt.Sprint(p) != fmt.Sprint(again) {
							t.Fatal("two proposals of one state differ")
						}
						done, left := j.hold(t, p)
						judged, skipped, entries = judged+done, skipped+left, entries+len(p.Entries)
						if len(p.Entries) == 0 {
							continue
						}
						d.draft(fmt.Sprint("L", round), disburse.Request{Department: "区经委"})
						if again := d.plan(disburse.Request{Department: "区经委"}); len(again.Entries) > 0 {
							t.Fatalf("proposed twice: %+v", again.Entries[0])
						}
						past = j.after(p)
					}
				})
			}
			t.Logf("%d entries; %d groups of firms judged, %d too large", entries, judged, skipped)
			if !pgtest.Racing && (judged < 4*skipped || entries == 0) { // few worlds may be odd ones
				t.Error("too little was judged")
			}
		})
	}
}

// pay is one payment as the judge sees it.
type pay struct {
	firm    *smallFirm
	item    thing
	invoice string
	most    int // what is claimed
	got     int
}

// judge knows the law of small worlds by itself.
type judge struct {
	small
	past []pay
}

// claims are what a firm may claim now: nothing that was paid, nothing that several firms claim though it counts once.
func (j judge) claims(f *smallFirm) (out []pay) {
	for _, x := range j.items {
		switch {
		case !f.able[x.field]:
		case !x.each && f.amounts[x.field] > 0:
			out = append(out, pay{firm: f, item: x, most: f.amounts[x.field]})
		case x.each:
			for number, face := range f.invoices {
				out = append(out, pay{firm: f, item: x, invoice: number, most: face})
			}
		}
	}
	out = slices.DeleteFunc(out, func(p pay) bool {
		for _, o := range j.past {
			same := o.firm.code == p.firm.code && o.item.id == p.item.id
			if same && (o.invoice == p.invoice || !p.item.each) || j.claimedTwice(o, p) {
				return true
			}
		}
		return j.disputed(p)
	})
	slices.SortFunc(out, func(a, b pay) int { return strings.Compare(a.item.id+a.invoice, b.item.id+b.invoice) })
	return out
}

// claimedTwice reports whether two payments are for one invoice that may not serve for both.
func (j judge) claimedTwice(a, b pay) bool {
	if a.invoice == "" || a.invoice != b.invoice {
		return false
	}
	if a.item.id == b.item.id {
		return a.firm.code != b.firm.code && a.item.once
	}
	return a.firm.code == b.firm.code || a.item.once || b.item.once
}

// disputed reports whether an invoice that counts once is claimed by several firms now.
func (j judge) disputed(p pay) bool {
	if p.invoice == "" {
		return false
	}
	firms, once := map[string]bool{}, false
	for i := range j.firms {
		f := &j.firms[i]
		for _, x := range j.items {
			if _, has := f.invoices[p.invoice]; x.each && has && f.able[x.field] {
				firms[f.code], once = true, once || x.once
			}
		}
	}
	return once && len(firms) > 1
}

// legal says what is wrong with payments together with those before; "" where all is right.
func (j judge) legal(now []pay) string {
	all := slices.Concat(j.past, now)
	for i, a := range now {
		if a.got == 0 {
			continue
		}
		for _, b := range now[:i] {
			if b.got > 0 && j.claimedTwice(a, b) {
				return "one invoice twice"
			}
			if b.got > 0 && a.firm.code == b.firm.code && a.item.rule != "" && b.item.rule != "" && a.item.id != b.item.id {
				return "two items of the group"
			}
		}
		if why := j.exclusive(a, now); why != "" {
			return why
		}
	}
	for _, a := range all { // a cap binds as long as its item is paid, also from before
		if why := j.caps(a, all); a.got > 0 && why != "" {
			return why
		}
	}
	return ""
}

// exclusive looks at what was paid before in the group, and at the whole of a grant in records.
func (j judge) exclusive(a pay, now []pay) string {
	others, mine, got, before, whole := 0, 0, 0, 0, 0
	for _, o := range j.past {
		if o.firm.code == a.firm.code && o.item.rule != "" && a.item.rule != "" && o.item.id != a.item.id {
			others += o.got
		}
		if o.firm.code == a.firm.code && o.item.id == a.item.id {
			before += o.got
		}
	}
	for _, o := range now {
		if o.firm.code == a.firm.code && o.item.id == a.item.id {
			mine, got = mine+o.most, got+o.got
		}
	}
	for _, face := range a.firm.invoices {
		whole += face
	}
	switch {
	case others > 0 && a.item.rule != "difference":
		return "after another item"
	case others > 0 && a.item.total > 0 && got > max(0, a.item.total-others):
		return "more than the difference that the cap leaves"
	case others > 0 && got > max(0, mine-others):
		return "more than the difference"
	case a.item.each && before > 0 && before+got > whole:
		return "more than the whole grant"
	}
	return ""
}

func (j judge) caps(a pay, all []pay) string {
	sum, times := 0, 0
	for _, o := range all {
		counts := o.item.id == a.item.id || a.item.capGroup && o.item.capGroup
		if o.got > 0 && counts && o.firm.group == a.firm.group {
			sum, times = sum+o.got, times+1
		}
	}
	switch {
	case a.item.total > 0 && sum > a.item.total:
		return "over the total cap"
	case a.item.times > 0 && times > a.item.times:
		return "too many times"
	}
	return ""
}

// best is the largest legal sum, by trying everything.
func (j judge) best(claims []pay, i int) int {
	if i == len(claims) {
		if j.legal(claims) != "" {
			return -1
		}
		sum := 0
		for _, c := range claims {
			sum += c.got
		}
		return sum
	}
	most := -1
	for claims[i].got = 0; claims[i].got <= claims[i].most; claims[i].got++ {
		most = max(most, j.best(claims, i+1))
	}
	claims[i].got = 0
	return most
}

// hold compares a proposal with the best for each group of firms.
func (j judge) hold(t *testing.T, p *disburse.Proposal) (judged, skipped int) {
	t.Helper()
	got := j.pays(t, p)
	groups := map[string][]pay{}
	var all []pay
	found := 0
	for i := range j.firms {
		claims := j.claims(&j.firms[i])
		groups[j.firms[i].group] = append(groups[j.firms[i].group], claims...)
		for _, c := range claims {
			at := slices.IndexFunc(got, func(g pay) bool {
				return g.firm == c.firm && g.item == c.item && g.invoice == c.invoice && g.most == c.most
			})
			if at >= 0 {
				c.got = got[at].got
				found++
			}
			all = append(all, c)
		}
	}
	if why := j.legal(all); why != "" || found != len(got) {
		t.Fatalf("%s; %d of %d entries are claims\n%+v\npast %+v\n%+v", why, found, len(got), all, j.past, j.small)
	}
	for group, claims := range groups {
		if len(claims) > 7 {
			skipped++
			continue
		}
		judged++
		sum := 0
		for _, g := range got {
			if g.firm.group == group {
				sum += g.got
			}
		}
		if best := j.best(claims, 0); best != sum {
			t.Fatalf("%s is paid %d, every combination gives %d\nclaims %+v\ngot %+v\npast %+v\n%+v", group, sum, best, claims, got, j.past, j.items)
		}
	}
	return judged, skipped
}

// pays are the entries of a proposal as the judge sees them.
func (j judge) pays(t *testing.T, p *disburse.Proposal) (out []pay) {
	for _, e := range p.Entries {
		i := slices.IndexFunc(j.firms, func(f smallFirm) bool { return f.code == e.Entitlement.Enterprise })
		k := slices.IndexFunc(j.items, func(x thing) bool { return x.id == e.Entitlement.Item })
		if i < 0 || k < 0 || e.Part != "" || e.Entitlement.Period != "2025" {
			t.Fatalf("entry %+v", e)
		}
		out = append(out, pay{&j.firms[i], j.items[k], e.Entitlement.Basis.Value, int(e.Entitlement.Amount), int(e.Amount)})
	}
	return out
}

// after are all payments once a proposal was drafted; firms are remembered as they were.
func (j judge) after(p *disburse.Proposal) []pay {
	out := slices.Clone(j.past)
	for _, g := range j.pays(nil, p) {
		firm := *g.firm
		g.firm = &firm
		out = append(out, g)
	}
	return out
}
