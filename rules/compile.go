package rules

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"sync"

	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// Book is a set of policies compiled together against one vocabulary. It is immutable and may be used by many goroutines.
type Book struct {
	Vocabulary *Vocabulary
	Policies   []*Policy // sorted by id
	Rules      []*Rule   // one an item, sorted by item id
	byItem     map[string]*Rule
	groups     map[string][]string // cap group -> item ids, sorted
}

// Rule is one item compiled.
type Rule struct {
	Policy *Policy
	Item   *Item

	book     *Book
	checks   []*check
	defines  []*part  // in order of dependence
	derived  []*Field // derived fields that the rule reads, each after those it reads itself
	table    *Field   // each
	amount   *formula.Program
	atMost   *formula.Program
	perGrant *formula.Program
	perYear  *formula.Program
	total    *formula.Program
	basis    *Field
	lookups  map[string]*boundValue
	payments [][]*check
}

// part is a compiled define.
type part struct {
	name    string
	slot    int
	program *formula.Program
	record  bool // depends on 本条
}

// check is a compiled condition.
type check struct {
	cond    *Condition
	id      string // own id, or that of the condition it is part of
	program *formula.Program
	parts   []*check
	points  []*formula.Program
	record  bool
}

// boundValue is a dated value with the type of what it depends on.
type boundValue struct {
	value   *DatedValue
	percent bool
}

// Rule finds the rule of an item.
func (b *Book) Rule(item string) (*Rule, bool) {
	r, ok := b.byItem[item]
	return r, ok
}

// Compile checks all policies against the vocabulary and each other. All mistakes are returned at once; the book is nil if
// one is fatal.
func Compile(v *Vocabulary, policies []*Policy) (*Book, source.Mistakes) {
	b := &Book{Vocabulary: v, Policies: append([]*Policy(nil), policies...), byItem: map[string]*Rule{}, groups: map[string][]string{}}
	sort.SliceStable(b.Policies, func(i, j int) bool { return b.Policies[i].ID < b.Policies[j].ID })
	var all source.Mistakes
	seen := map[string]bool{}
	for _, p := range b.Policies {
		if seen[p.ID] {
			all = append(all, p.files["policy.yaml"].Mistake(source.Position{Line: 1, Column: 1}, "政策 id "+p.ID+" 与另一个政策重复", ""))
		}
		seen[p.ID] = true
		for _, it := range p.Items {
			if o, dup := b.byItem[it.ID]; dup && it.ID != "" {
				all = append(all, it.node.Mistake(fmt.Sprintf("事项 id %s 与政策 %s 里的重复", it.ID, o.Policy.ID), "事项 id 在全部政策里不能重复"))
				continue
			}
			r := &Rule{Policy: p, Item: it, book: b}
			b.byItem[it.ID] = r
			b.Rules = append(b.Rules, r)
			if it.Cap.Group != "" {
				b.groups[it.Cap.Group] = append(b.groups[it.Cap.Group], it.ID)
			}
		}
	}
	sort.Slice(b.Rules, func(i, j int) bool { return b.Rules[i].Item.ID < b.Rules[j].Item.ID })
	for _, g := range b.groups {
		sort.Strings(g)
	}
	all = append(all, b.compile()...)
	all = append(all, b.cycles()...)
	if all.Fatal() {
		all.Sort()
		return nil, all
	}
	return b, all
}

// compile compiles all rules, those of one policy one after the other, and lists what is wrong in the order of rules.
func (b *Book) compile() source.Mistakes {
	of := map[*Policy][]int{}
	for i, r := range b.Rules {
		of[r.Policy] = append(of[r.Policy], i)
	}
	queue := make(chan []int, len(of))
	for _, indices := range of {
		queue <- indices
	}
	close(queue)
	found := make([]source.Mistakes, len(b.Rules))
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(of)) {
		wg.Go(func() {
			for indices := range queue {
				for _, i := range indices {
					c := &compiler{rule: b.Rules[i], book: b}
					c.compile()
					c.rule.derived = c.rule.derivedFields()
					found[i] = c.mistakes
				}
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// cycles refuses items that ask for each other's outcome.
func (b *Book) cycles() source.Mistakes {
	asks := map[*Rule][]*Rule{}
	for _, r := range b.Rules {
		r.walk(func(n *formula.Node) {
			if n.Op == formula.OpQualifies {
				if o, ok := b.byItem[n.Names[0]]; ok {
					asks[r] = append(asks[r], o)
				}
			}
		})
	}
	var ms source.Mistakes
	order(b.Rules, asks, func(r *Rule) {
		ms = append(ms, r.Item.node.Mistake(fmt.Sprintf("事项 %s 的 符合(…) 绕回了自己", r.Item.ID), ""))
	})
	return ms
}

// walk visits every node of the rule's expressions.
func (r *Rule) walk(visit func(*formula.Node)) {
	for _, p := range r.programs() {
		p.Root.Walk(func(n *formula.Node) bool { visit(n); return true })
	}
}

func (r *Rule) programs() []*formula.Program {
	var out []*formula.Program
	for _, d := range r.defines {
		out = append(out, d.program)
	}
	for _, c := range r.checks {
		out = c.programs(out)
	}
	for _, p := range []*formula.Program{r.amount, r.atMost, r.perGrant, r.perYear, r.total} {
		if p != nil {
			out = append(out, p)
		}
	}
	for _, cs := range r.payments {
		for _, c := range cs {
			out = c.programs(out)
		}
	}
	return out
}

func (c *check) programs(out []*formula.Program) []*formula.Program {
	if c.program != nil {
		out = append(out, c.program)
	}
	for _, p := range c.points {
		if p != nil {
			out = append(out, p)
		}
	}
	for _, p := range c.parts {
		out = p.programs(out)
	}
	return out
}

// compiler compiles one item.
type compiler struct {
	rule     *Rule
	book     *Book
	scope    *formula.Scope
	mistakes source.Mistakes
}

func (c *compiler) fail(n *source.Node, hint, format string, args ...any) {
	c.mistakes = append(c.mistakes, n.Mistake(fmt.Sprintf(format, args...), hint))
}

func (c *compiler) compile() {
	r, it, v := c.rule, c.rule.Item, c.book.Vocabulary
	c.scope = &formula.Scope{
		Fields: v.scope.Fields, Units: v.scope.Units, Defines: map[string]formula.Symbol{}, Broken: map[string]bool{}, Lookups: map[string]formula.Lookup{},
		Item: func(id string) bool { _, ok := c.book.byItem[id]; return ok },
	}
	r.lookups = map[string]*boundValue{}
	for _, dv := range r.Policy.Values {
		l, err := dv.lookup(v)
		if err != nil {
			if it == r.Policy.Items[0] {
				c.fail(dv.node, "", "%v", err)
			}
			continue
		}
		c.scope.Lookups[dv.Name] = l
		r.lookups[dv.Name] = &boundValue{value: dv, percent: l.By != nil && l.By.Unit.Same(formula.Unit{Flavour: formula.Percent})}
	}
	if it.Each != "" {
		f, ok := v.Field(it.Each)
		if !ok || f.Type != TypeTable {
			c.fail(it.node, "", "each：没有“%s”这张表", source.Clip(it.Each))
			return
		}
		r.table, c.scope.Record = f, f.typ.Table
	}
	c.defines()
	for _, cond := range r.Policy.All(it) {
		r.checks = append(r.checks, c.check(cond, cond.ID))
	}
	c.money()
	c.basis()
	for _, p := range it.Payments {
		var cs []*check
		for _, cond := range p.Conditions {
			cs = append(cs, c.check(cond, cond.ID))
		}
		r.payments = append(r.payments, cs)
	}
	c.warn()
}

// program compiles an expression; fit holds it to what it must give.
func (c *compiler) program(e Expression, fit func(*formula.Node) (*formula.Node, formula.Problems)) *formula.Program {
	if e.node == nil || e.Text == "" {
		return nil // the reader has said what is wrong
	}
	root, problems := formula.Parse(e.Text, c.scope)
	if len(problems) == 0 {
		root, problems = fit(root)
	}
	for _, p := range problems {
		c.mistakes = append(c.mistakes, e.node.MistakeAt(p.Offset, p.Message, p.Hint))
	}
	if len(problems) > 0 {
		return nil
	}
	program, err := formula.Compile(root)
	if err != nil {
		c.fail(e.node, "", "%v", err)
		return nil
	}
	return program
}

func condition(n *formula.Node) (*formula.Node, formula.Problems) {
	return formula.Assign(n, formula.Type{Kind: formula.Bool})
}

func money(n *formula.Node) (*formula.Node, formula.Problems) {
	return formula.Assign(n, formula.Type{Kind: formula.Number, Unit: formula.MoneyUnit()})
}

func anything(n *formula.Node) (*formula.Node, formula.Problems) { return n, nil }

var word = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`|(?:[.]\\s*)?[\\p{L}_][\\p{L}\\p{N}_]*")

// defines compiles the named parts, each after those it reads.
func (c *compiler) defines() {
	it := c.rule.Item
	byName, deps := map[string]Define{}, map[string][]string{}
	var names []string
	for _, d := range it.Defines {
		if _, clash := c.book.Vocabulary.byName[d.Name]; clash {
			c.fail(d.node, "换一个名称", "“%s”已经是指标", d.Name)
			continue
		}
		byName[d.Name] = d
		names = append(names, d.Name)
	}
	for _, n := range names {
		for _, w := range word.FindAllString(byName[n].Text, -1) {
			if _, ok := byName[w]; ok {
				deps[n] = append(deps[n], w)
			}
		}
	}
	cyclic := false
	sorted := order(names, deps, func(n string) {
		cyclic = true
		for _, name := range names {
			c.scope.Broken[name] = true
		}
		c.fail(byName[n].node, "", "“%s”绕回了自己", n)
	})
	if cyclic {
		return
	}
	for _, n := range sorted {
		p := c.program(byName[n].Expression, anything)
		if p == nil {
			c.scope.Broken[n] = true
			continue
		}
		d := &part{name: n, slot: len(c.rule.defines), program: p, record: c.readsRecord(p)}
		c.rule.defines = append(c.rule.defines, d)
		c.scope.Defines[n] = formula.Symbol{Type: p.Root.Type, Slot: d.slot}
	}
}

func (c *compiler) readsRecord(p *formula.Program) bool {
	found := false
	p.Root.Walk(func(n *formula.Node) bool {
		found = found || n.Op == formula.OpRecord || n.Op == formula.OpDefine && c.rule.defines[n.Slot].record
		return !found
	})
	return found
}

func (c *compiler) check(cond *Condition, id string) *check {
	k := &check{cond: cond, id: id}
	if cond.ID != "" {
		k.id = cond.ID
	}
	switch cond.Kind {
	case Require, Exclude:
		if k.program = c.program(cond.Expression, condition); k.program != nil {
			k.record = c.readsRecord(k.program)
		}
	case AnyOf, AllOf:
		manuals := map[string]bool{}
		for _, p := range cond.Parts {
			part := c.check(p, k.id)
			if p.Kind == Manual && manuals[part.id] {
				c.fail(p.node, "给每个人工判断各起一个 id", "同一组里有两个 manual 没有自己的 id")
			}
			manuals[part.id] = manuals[part.id] || p.Kind == Manual
			k.parts = append(k.parts, part)
			k.record = k.record || part.record
		}
	case Score:
		for _, p := range cond.Score.Parts {
			program := c.program(p.Points, points)
			k.points = append(k.points, program)
			k.record = k.record || program != nil && c.readsRecord(program)
		}
	}
	return k
}

// points fits an expression to points: a number without unit, a count, or percentage points.
func points(n *formula.Node) (*formula.Node, formula.Problems) { return formula.Points(n) }

func (c *compiler) money() {
	r, it := c.rule, c.rule.Item
	for _, m := range []struct {
		e Expression
		p **formula.Program
	}{{it.Amount, &r.amount}, {it.AtMost, &r.atMost}, {it.Cap.PerGrant, &r.perGrant}, {it.Cap.PerYear, &r.perYear}, {it.Cap.Total, &r.total}} {
		if m.e.Text != "" {
			*m.p = c.program(m.e, money)
		}
	}
	if r.table != nil && it.AtMost.Text != "" {
		c.fail(it.AtMost.node, "写 amount 逐条算出金额", "逐条判定的事项不能用 at_most")
	}
	for _, p := range []*formula.Program{r.perGrant, r.perYear, r.total} {
		if p != nil && c.readsRecord(p) {
			c.fail(it.node, "每条记录的上限写在 amount 里，如 min(本条.租金, 5*万元)", "cap 管整次拨付，不能用 本条")
		}
	}
}

func (c *compiler) basis() {
	r, it := c.rule, c.rule.Item
	switch {
	case it.Basis == "":
	case r.table != nil:
		if it.Basis != r.table.Key {
			c.fail(it.node, "", "逐条判定时 basis 就是表的键 %s", r.table.Key)
		}
	default:
		f, ok := c.book.Vocabulary.Field(it.Basis)
		if !ok || f.Type == TypeTable || f.Type == TypeSet {
			c.fail(it.node, "", "basis：没有“%s”这个指标，或它不能识别一件事", source.Clip(it.Basis))
			return
		}
		r.basis = f
	}
}

// warn says what compiles but is probably not meant.
func (c *compiler) warn() {
	c.rule.walk(func(n *formula.Node) {
		if n.Op != formula.OpAwarded && n.Op != formula.OpEverAwarded {
			return
		}
		for _, id := range n.Names {
			if _, ok := c.book.byItem[id]; !ok {
				m := c.rule.Item.node.Mistake(fmt.Sprintf("事项 %s 问的是“%s”的拨付历史，装入的政策里没有这个事项", c.rule.Item.ID, source.Clip(id)), "拼写若有误，会当成从未拨付")
				m.Warning = true
				c.mistakes = append(c.mistakes, m)
			}
		}
	})
}

// AsksHistory reports whether the rule asks for earlier awards, so that without them something stays unknown.
func (r *Rule) AsksHistory() bool {
	asks := false
	r.walk(func(n *formula.Node) { asks = asks || n.Op == formula.OpAwarded || n.Op == formula.OpEverAwarded })
	return asks
}

// LimitedByHistory reports whether earlier awards can refuse or cut a grant of the item, by its period, its caps over time or a
// basis that counts once.
func (r *Rule) LimitedByHistory() bool {
	f, c := r.Item.Frequency, r.Item.Cap
	return f.Once || f.Span != Day || f.Every > 0 || r.perYear != nil || r.total != nil || c.Times > 0 || r.Item.OncePer
}

// Reads lists the base fields a rule may read, through derived fields and named parts, in vocabulary order.
func (r *Rule) Reads() []*Field {
	seen := map[*Field]bool{}
	r.walk(func(n *formula.Node) {
		if n.Op == formula.OpField {
			r.book.Vocabulary.baseFields(r.book.Vocabulary.Fields[n.Slot], seen)
		}
	})
	if r.table != nil {
		seen[r.table] = true
	}
	if r.basis != nil {
		r.book.Vocabulary.baseFields(r.basis, seen)
	}
	var out []*Field
	for _, f := range r.book.Vocabulary.Fields {
		if seen[f] {
			out = append(out, f)
		}
	}
	return out
}

// baseFields adds the delivered fields behind f.
func (v *Vocabulary) baseFields(f *Field, seen map[*Field]bool) {
	if seen[f] {
		return
	}
	if !f.Derived() {
		seen[f] = true
		return
	}
	f.derive.Root.Walk(func(n *formula.Node) bool {
		if n.Op == formula.OpField {
			v.baseFields(v.Fields[n.Slot], seen)
		}
		return true
	})
}
