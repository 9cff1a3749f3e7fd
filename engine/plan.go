package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// Plan is many items compiled together over one table under the same circumstances. Distinct predicates are shared between
// items. A plan is immutable; it holds as long as the table keeps to the bounds that were seen when it was made (Fits).
type Plan struct {
	table  *Table
	book   *rules.Book
	around rules.Circumstances
	items  []*item
	tasks  []task  // of each item
	pieces []piece // by node

	nodes  []node
	byKey  map[string]int32
	leaves []int32 // nodes that read one column, by column
	joined []int32 // comparisons, and groups that several items share, inner ones first

	fields  []*encoded       // by field index; nil: not read
	limits  map[int]limit    // what numbers and days were proved for, by field index
	entries map[int]int      // how many dictionary entries were looked at, by field index
	derived map[int]*derived // texts computed from other fields
	byHand  map[string][]int // item -> rows that only the rule's own program may decide, sorted
	odd     map[int][]int    // field -> rows that hold a number no column can, sorted
	hand    bool             // there are rows that only programs may decide
	read    []*rules.Field   // delivered fields that any of the rules reads
}

// item is one compiled item.
type item struct {
	rule  *rules.Rule
	reads []*rules.Field // delivered fields
	pos   []int32        // conditions that must be true
	neg   []int32        // conditions that must be false
	order []int32        // both, as literals, in the order in which they are asked
	temps []int32        // groups that this item alone uses, inner ones first
	whole bool           // something can't be decided by columns: the program decides rows that are still open
	pay   payment
	grant outcome.Item
	parts []part
}

// part is one condition of an item, for reports that count conditions by themselves.
type part struct {
	id  string
	lit int32
	ok  bool // decided by columns
}

// payment says how an eligible amount comes about.
type payment struct {
	kind  paymentKind
	fixed int64 // 分
	prog  program
	sum   num
	step  int64 // of rounding, in 分
	up    bool  // half up
}

type paymentKind uint8

const (
	noAmount paymentKind = iota
	fixedAmount
	openAmount // never known by columns: eligible becomes unknown
	formulaAmount
	wholeAmount // the program computes it
)

// node is one predicate or group, three-valued over rows.
type node struct {
	kind    nodeKind
	field   int
	bound   int64
	rank    uint16 // of bound, once the column is encoded
	member  string
	rows    []uint64 // of member: where it is true
	answers []uint8  // of look: by dictionary code
	yes     []uint16 // of look over a small dictionary: the codes that answer True
	unclear []uint16 // and those that answer Unknown
	compare *comparison
	kids    []int32 // of groups: literals
	truth   uint8   // of constants
	uses    int
}

type nodeKind uint8

const (
	nodeConstant nodeKind = iota
	nodeTrue              // a Bool column is true
	nodeAtLeast           // a Number or Date column has at least bound
	nodeLook              // the answer of a dictionary code
	nodeMember            // a Set column contains member
	nodeCompare           // arithmetic over several columns
	nodeAny
	nodeAll
)

// limit is what a plan assumes of a column of numbers or days: |value| <= bound.
type limit struct {
	scale uint8
	bound int64
	low   int64 // of days: from
}

// comparison decides op between two numbers.
type comparison struct {
	prog program
	op   formula.Op
	a, b num
}

// NewPlan compiles the rules, which must be of the book and due on the day, for all enterprises of the table. A rule that
// can't be decided by columns is decided by its own program; that costs time, never correctness. The error is the table's own.
func NewPlan(t *Table, book *rules.Book, list []*rules.Rule, around rules.Circumstances) (*Plan, error) {
	p := &Plan{
		table: t, book: book, around: around, byKey: map[string]int32{}, fields: make([]*encoded, len(t.Vocabulary.Fields)),
		limits: map[int]limit{}, entries: map[int]int{}, derived: map[int]*derived{}, byHand: map[string][]int{}, odd: map[int][]int{},
	}
	seen := map[*rules.Field]bool{}
	reads := make([][]*rules.Field, len(list))
	for i, r := range list {
		reads[i] = r.Reads()
		for _, f := range reads[i] {
			if !seen[f] {
				seen[f] = true
				p.read = append(p.read, f)
			}
		}
	}
	if err := p.fetch(); err != nil {
		return nil, err
	}
	facts := book.NewProbe(nil, around)
	for i, r := range list {
		c := &compiler{plan: p, rule: r, rules: book.NewProbe(r, around), facts: facts, memo: map[*formula.Node]int32{}}
		c.probe = c.rules
		it := c.item()
		it.reads = reads[i]
		p.items = append(p.items, it)
	}
	p.touch()
	p.arrange()
	p.encode()
	p.sort()
	return p, nil
}

// fetch loads the columns that the rules read.
func (p *Plan) fetch() error {
	for _, f := range p.read {
		c, err := p.table.Column(f)
		if err != nil {
			return fmt.Errorf("column %s: %w", f.ID, err)
		}
		if c != nil && len(c.Odd) > 0 {
			p.odd[f.Index] = slices.Sorted(maps.Keys(c.Odd))
		}
	}
	return nil
}

// touch finds out, for each item, the rows that only its own program may decide.
func (p *Plan) touch() {
	if p.around.History == nil && p.around.Findings == nil && len(p.odd) == 0 {
		return
	}
	for _, it := range p.items {
		rows := p.touched(it)
		p.byHand[it.rule.Item.ID] = rows
		p.hand = p.hand || len(rows) > 0
	}
}

// touched lists the rows that only the item's own program may decide: of enterprises for which history or persons' findings say
// something about the item, and those with a number, in a field that the rule reads, that no column can hold.
func (p *Plan) touched(it *item) []int {
	awards, _ := it.rule.Related()
	firms := p.around.History.Firms(append(awards, it.rule.Item.ID))
	firms = append(firms, p.around.Findings.Firms(it.rule.Item.ID)...)
	var rows []int
	for _, f := range firms {
		if row, ok := p.table.Row(f); ok {
			rows = append(rows, row)
		}
	}
	for _, f := range it.reads {
		rows = append(rows, p.odd[f.Index]...)
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// ranges is what may be assumed of a column of numbers or days; ok is false where there is nothing to assume from. The bounds
// leave room, so that later facts seldom break them.
func (p *Plan) ranges(f *rules.Field) (limit, bool) {
	if l, ok := p.limits[f.Index]; ok {
		return l, true
	}
	l, ok := p.table.limit(f)
	if ok {
		p.limits[f.Index] = l
	}
	return l, ok
}

// limit looks through a column once for the bounds of its values.
func (t *Table) limit(f *rules.Field) (limit, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, ok := t.known[f.Index]; ok {
		return l, true
	}
	c := t.columns[f.Index]
	l := limit{low: firstDay, bound: lastDay}
	switch {
	case c == nil || c.Kind == column.Nothing:
	case c.Kind == column.Number:
		l = limit{scale: c.Scale, bound: spread(c.Ints)}
	case c.Kind == column.Date:
		l.low, l.bound = daySpan(c)
	default:
		return l, false
	}
	if l.bound > maxInt {
		return l, false
	}
	if t.known == nil {
		t.known = map[int]limit{}
	}
	t.known[f.Index] = l
	return l, true
}

// spread is a power of two at least four times as large as any of the values, or more than maxInt where that is too large.
func spread(values []int64) int64 {
	var mu sync.Mutex
	most := uint64(1)
	stretches(len(values), func(from, to int) {
		low, high := int64(0), int64(0)
		for _, v := range values[from:to] {
			low, high = min(low, v), max(high, v)
		}
		mu.Lock()
		defer mu.Unlock()
		most = max(most, -uint64(low), uint64(high))
	})
	if most > uint64(maxInt)/4 {
		return maxInt + 1 // too large to prove anything with
	}
	bound := uint64(1)
	for bound < most*4 {
		bound <<= 1
	}
	return int64(bound)
}

// firstDay and lastDay are days, about 2009 and 2025, that every column of days is taken to reach; tenYears is the room that
// is left around it. All are counts of days as civil.Date.Number.
const (
	firstDay = 40_000
	lastDay  = 46_000
	tenYears = 3653
)

func daySpan(c *column.Column) (low, high int64) {
	var mu sync.Mutex
	low, high = firstDay, lastDay
	stretches(len(c.Days), func(from, to int) {
		first, last := int64(firstDay), int64(lastDay)
		for at := from; at < to; at += 64 {
			known := c.Known[at>>6]
			for i, d := range c.Days[at:min(at+64, to)] {
				if known>>uint(i)&1 == 1 {
					first, last = min(first, int64(d)), max(last, int64(d))
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		low, high = min(low, first), max(high, last)
	})
	return max(low-tenYears, 1), high + tenYears
}

// Fits reports whether Rows can still decide by the plan: false when facts have come in that leave the bounds, scales or
// dictionaries it was made for. Then a new plan must be made.
func (p *Plan) Fits() bool {
	for index, l := range p.limits {
		c := p.table.columns[index]
		if c == nil {
			continue
		}
		if c.Kind == column.Number && c.Scale != l.scale {
			return false
		}
		if c.Kind == column.Number && !within(c, c.Ints, -l.bound, l.bound) || c.Kind == column.Date && !within(c, c.Days, l.low, l.bound) {
			return false
		}
	}
	for index, n := range p.entries {
		if c := p.table.columns[index]; c != nil && len(c.Dict) != n {
			return false
		}
	}
	return true
}

// within reports whether all known values lie between bounds.
func within[T int32 | int64](c *column.Column, values []T, low, high int64) bool {
	for i, v := range values {
		if (int64(v) < low || int64(v) > high) && c.IsKnown(i) {
			return false
		}
	}
	return true
}

// node returns the number of a node, the same for equal ones.
func (p *Plan) node(key string, n node) int32 {
	if id, ok := p.byKey[key]; ok {
		return id
	}
	id := int32(len(p.nodes))
	p.byKey[key] = id
	p.nodes = append(p.nodes, n)
	if n.kind < nodeAny && n.kind != nodeConstant && n.kind != nodeCompare {
		p.use(p.table.Vocabulary.Fields[n.field])
	}
	return id
}

// use sees to it that a column is encoded.
func (p *Plan) use(f *rules.Field) {
	if p.fields[f.Index] == nil {
		p.fields[f.Index] = &encoded{field: f}
	}
}

// arrange orders the work of a block: leaves column by column, groups that several items share once, the others where they
// are used.
func (p *Plan) arrange() {
	for i := range p.items {
		p.count(p.items[i].pos)
		p.count(p.items[i].neg)
	}
	shared := map[int32]bool{}
	for id, n := range p.nodes {
		switch {
		case n.kind == nodeConstant:
		case n.kind < nodeCompare:
			p.leaves = append(p.leaves, int32(id))
		case n.kind == nodeCompare || n.uses > 1:
			shared[int32(id)] = true
			p.joined = append(p.joined, int32(id))
		}
	}
	slices.SortStableFunc(p.leaves, func(a, b int32) int {
		x, y := p.nodes[a], p.nodes[b]
		return cmp.Or(cmp.Compare(x.field, y.field), cmp.Compare(x.kind, y.kind), cmp.Compare(x.bound, y.bound))
	})
	p.own(shared)
}

// count adds up how often nodes are used. A group's parts count once, however often it is used.
func (p *Plan) count(ids []int32) {
	for _, id := range ids {
		p.nodes[id].uses++
		if p.nodes[id].uses > 1 {
			continue
		}
		for _, lit := range p.nodes[id].kids {
			p.count([]int32{lit >> 1})
		}
	}
}

// own gives each item the groups that it alone uses. What tests of ?: use is computed with the leaves, since amounts read it.
func (p *Plan) own(shared map[int32]bool) {
	for id, n := range p.nodes {
		if n.kind >= nodeAny && n.uses == 0 {
			shared[int32(id)] = true
			p.joined = append(p.joined, int32(id))
		}
	}
	for id := range shared { // kids of shared groups must be there before them
		p.share(id, shared)
	}
	slices.Sort(p.joined) // kids have smaller numbers than the groups they are in
	for _, it := range p.items {
		seen := map[int32]bool{}
		var visit func(id int32)
		visit = func(id int32) {
			if p.nodes[id].kind < nodeAny || shared[id] || seen[id] {
				return
			}
			seen[id] = true
			for _, lit := range p.nodes[id].kids {
				visit(lit >> 1)
			}
			it.temps = append(it.temps, id)
		}
		for _, id := range slices.Concat(it.pos, it.neg) {
			visit(id)
		}
	}
}

// share makes all groups below a shared one shared too.
func (p *Plan) share(id int32, shared map[int32]bool) {
	for _, lit := range p.nodes[id].kids {
		kid := lit >> 1
		if p.nodes[kid].kind < nodeAny || shared[kid] {
			continue
		}
		shared[kid] = true
		p.joined = append(p.joined, kid)
		p.share(kid, shared)
	}
}

// Distrust has an item decided by its own program for every enterprise from now on, whatever columns say; false where the plan
// has no such item or does so already. Nobody else may use the plan meanwhile.
func (p *Plan) Distrust(item string) bool {
	for i, it := range p.items {
		if it.rule.Item.ID != item || it.whole && it.order == nil {
			continue
		}
		it.whole = true
		it.pos, it.neg, it.order, it.temps = nil, nil, nil, nil
		it.pay.kind = wholeAmount
		it.grant.Fixed = 0
		p.tasks[i].set(it)
		return true
	}
	return false
}

// Items lists the ids of the items, in the order of the rules that the plan was made for.
func (p *Plan) Items() []string {
	out := make([]string, len(p.items))
	for i, it := range p.items {
		out[i] = it.rule.Item.ID
	}
	return out
}

// Shape says what a plan came to, for reports.
type Shape struct {
	Items      int
	Predicates int // distinct predicates over columns
	Joined     int // comparisons of several columns, and groups that several items share
	Programs   int // items that need their own program for rows that columns leave open
	Rows       int
}

// Shape says what the plan came to.
func (p *Plan) Shape() Shape {
	s := Shape{Items: len(p.items), Predicates: len(p.leaves), Joined: len(p.joined), Rows: p.table.Rows()}
	for _, it := range p.items {
		if it.whole || it.pay.kind == wholeAmount {
			s.Programs++
		}
	}
	return s
}

// constants are the bitmaps of nodes that are the same for all rows.
var constants = func() (out [3][2]kernel.Bits) {
	for i := range kernel.Words {
		out[kernel.True][0][i] = ^uint64(0)
		out[kernel.Unknown][1][i] = ^uint64(0)
	}
	return out
}()
