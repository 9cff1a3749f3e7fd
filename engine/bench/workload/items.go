package workload

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Op is what a Condition says.
type Op uint8

// The operations. Kids are those of And, Or and Not; all others read Field.
const (
	AtLeast Op = iota // Field >= Bound
	Above             // Field > Bound
	AtMost            // Field <= Bound
	Below             // Field < Bound
	Is                // Field is flag true
	In                // an Enum is one of Among
	Has               // a Tags field holds one of Among
	And
	Or
	Not
)

// Condition is a tree of conditions.
type Condition struct {
	Op    Op
	Field int
	Bound int64 // in the unit of the field's Kind
	Among []int
	Kids  []*Condition
}

// Leaves visits the conditions without kids.
func (c *Condition) Leaves(visit func(*Condition)) {
	if len(c.Kids) == 0 {
		visit(c)
	}
	for _, k := range c.Kids {
		k.Leaves(visit)
	}
}

// Predicate names what a leaf asks, the same for leaves that negate each other.
func (c *Condition) Predicate() string {
	switch c.Op {
	case AtLeast, Below:
		return fmt.Sprintf("%d>=%d", c.Field, c.Bound)
	case Above, AtMost:
		return fmt.Sprintf("%d>=%d", c.Field, c.Bound+1)
	}
	return fmt.Sprintf("%d:%d", c.Field, c.Among)
}

// AmountKind is how an item's amount is computed.
type AmountKind uint8

// The kinds of amount.
const (
	None   AmountKind = iota // the item is an honour
	Fixed                    // Fen
	Share                    // Rate % of a Money field
	Capped                   // the same, at most Fen
	PerOne                   // Fen for each of a Count field
	Tiers                    // by a number: the Value of the last tier whose From is reached, else nothing
)

// Amount is an item's amount.
type Amount struct {
	Kind  AmountKind
	Field int
	Fen   int64
	Rate  int64 // percent
	Tiers []Tier
}

// Reads reports whether the amount waits for a fact.
func (a Amount) Reads() bool { return a.Kind != None && a.Kind != Fixed }

// Tier is one step of a Tiers amount.
type Tier struct{ From, Value int64 }

// Item is one benefit: all Conditions must hold.
type Item struct {
	ID         string
	Conditions []*Condition
	Amount     Amount
}

// Leaves counts the conditions without kids.
func (it *Item) Leaves() int {
	n := 0
	for _, c := range it.Conditions {
		c.Leaves(func(*Condition) { n++ })
	}
	return n
}

// author draws items.
type author struct {
	*rand.Rand
	w *World
}

// Items draws n items. Without amounts the conditions are the same and every amount is None.
func (w *World) Items(n int, amounts bool) []*Item {
	out := make([]*Item, n)
	for i := range out {
		a := author{Rand: rand.New(rand.NewPCG(uint64(i), 8)), w: w}
		out[i] = &Item{ID: fmt.Sprintf("i%05d", i), Conditions: a.conditions()}
		if amounts {
			out[i].Amount = a.amount()
		}
	}
	return out
}

// conditions draws 3 to 15 conditions, 8.9 on average: mostly a place, an industry and a size, then what the law is about.
func (a author) conditions() []*Condition {
	k := 3 + a.IntN(7) + a.IntN(7)
	var out []*Condition
	add := func(leaves int, c *Condition) { out = append(out, c); k -= leaves }
	if a.Float64() < 0.7 {
		add(1, a.where())
	}
	if a.Float64() < 0.5 {
		add(1, a.enum(industries+a.IntN(3)))
	}
	if a.Float64() < 0.4 && k > 0 {
		add(1, &Condition{Op: In, Field: size, Among: [][]int{{0}, {0, 1}, {0, 1, 2}, {2, 3}}[a.IntN(4)]})
	}
	if k >= 2 && a.Float64() < 0.35 {
		add(2, a.either(2))
		if k > 0 && a.IntN(2) == 0 {
			last := out[len(out)-1]
			last.Kids = append(last.Kids, a.leaf())
			k--
		}
	}
	if k >= 4 && a.Float64() < 0.1 {
		both := func() *Condition { return &Condition{Op: And, Kids: []*Condition{a.leaf(), a.leaf()}} }
		add(4, &Condition{Op: Or, Kids: []*Condition{both(), both()}})
	}
	if k >= 2 && a.Float64() < 0.1 {
		add(2, not(a.either(2)))
	}
	for k > 0 {
		add(1, a.leaf())
	}
	return out
}

func not(c *Condition) *Condition { return &Condition{Op: Not, Kids: []*Condition{c}} }

func (a author) either(n int) *Condition {
	c := &Condition{Op: Or}
	for range n {
		c.Kids = append(c.Kids, a.leaf())
	}
	return c
}

func (a author) leaf() *Condition {
	switch x := a.Float64(); {
	case x < 0.45:
		return a.number()
	case x < 0.70:
		c := &Condition{Op: Is, Field: firstFlag + skewed(a.Rand, flags)}
		if a.Float64() < 0.35 {
			return not(c)
		}
		return c
	case x < 0.80:
		return a.compare(firstDay+skewed(a.Rand, days), []Op{AtLeast, Below}[a.IntN(2)])
	case x < 0.90:
		return a.enum(ordinary + skewed(a.Rand, firstFlag-ordinary))
	}
	f := firstTags + skewed(a.Rand, tagged)
	if a.Float64() < 0.3 {
		return &Condition{Op: Has, Field: f, Among: a.list(f)}
	}
	return &Condition{Op: Has, Field: f, Among: []int{skewed(a.Rand, members)}}
}

// number compares a number with a threshold, one in twenty with one of the item's own.
func (a author) number() *Condition {
	op := AtLeast
	switch x := a.Float64(); {
	case x < 0.08:
		op = Above
	case x < 0.20:
		op = AtMost
	case x < 0.30:
		op = Below
	}
	c := a.compare(skewed(a.Rand, firstDay), op)
	if a.Float64() < 0.05 {
		own := int64(float64(c.Bound)*(0.5+a.Float64())) + 1
		if a.w.Fields[c.Field].Kind == Money {
			own = own/100*100 + 100
		}
		c.Bound = own
	}
	return c
}

func (a author) compare(field int, op Op) *Condition {
	pool := a.w.Fields[field].thresholds
	return &Condition{Op: op, Field: field, Bound: pool[a.IntN(len(pool))]}
}

func (a author) enum(field int) *Condition {
	one := []int{skewed(a.Rand, len(a.w.Fields[field].Values))}
	switch x := a.Float64(); {
	case x < 0.5:
		return &Condition{Op: In, Field: field, Among: one}
	case x < 0.92:
		return &Condition{Op: In, Field: field, Among: a.list(field)}
	}
	return not(&Condition{Op: In, Field: field, Among: one})
}

func (a author) list(field int) []int {
	lists := a.w.Fields[field].lists
	return slices.Clone(lists[a.IntN(len(lists))])
}

// where binds an item to a province, city or district.
func (a author) where() *Condition {
	field := places + []int{0, 0, 0, 1, 1, 1, 1, 2, 2, 2}[a.IntN(10)]
	if a.Float64() < 0.8 {
		return &Condition{Op: In, Field: field, Among: []int{skewed(a.Rand, len(a.w.Fields[field].Values))}}
	}
	return &Condition{Op: In, Field: field, Among: a.list(field)}
}

const wan = 10_000_00 // 分 in 万元

// amount draws what an item is worth: half of them a fixed sum.
func (a author) amount() Amount {
	if a.IntN(2) == 0 {
		return Amount{Kind: Fixed, Fen: []int64{1, 2, 5, 10, 20, 50, 100, 200}[a.IntN(8)] * wan}
	}
	money, count := 2*skewed(a.Rand, 18), 1+2*skewed(a.Rand, 17)
	rate := []int64{1, 2, 3, 5, 10, 15, 20, 30}[a.IntN(8)]
	switch a.IntN(4) {
	case 0:
		return Amount{Kind: Share, Field: money, Rate: rate}
	case 1:
		return Amount{Kind: Capped, Field: money, Rate: rate, Fen: []int64{10, 20, 50, 100, 500}[a.IntN(5)] * wan}
	case 2:
		return Amount{Kind: PerOne, Field: count, Fen: []int64{500_00, 1000_00, 1500_00, 2000_00}[a.IntN(4)]}
	}
	pool := slices.Sorted(slices.Values(a.w.Fields[money].thresholds))
	t := Amount{Kind: Tiers, Field: money}
	for i, at := range []int{len(pool) / 4, len(pool) / 2, len(pool) * 3 / 4} {
		t.Tiers = append(t.Tiers, Tier{From: pool[at], Value: []int64{5, 10, 30}[i] * wan})
	}
	return t
}

// Altered is the item with another threshold, list or value in one of its conditions; n chooses.
func (w *World) Altered(it *Item, n int) *Item {
	a := author{Rand: rand.New(rand.NewPCG(uint64(n), 13)), w: w}
	out := *it
	out.Conditions = slices.Clone(it.Conditions)
	at := a.IntN(len(out.Conditions))
	for range out.Conditions {
		if out.Conditions[at].Op <= Below {
			c := *out.Conditions[at]
			c.Bound = a.compare(c.Field, c.Op).Bound
			out.Conditions[at] = &c
			return &out
		}
		at = (at + 1) % len(out.Conditions)
	}
	out.Conditions[at] = a.number()
	return &out
}

// Predicates counts the distinct predicates of items.
func Predicates(items []*Item) int {
	seen := map[string]bool{}
	for _, it := range items {
		for _, c := range it.Conditions {
			c.Leaves(func(leaf *Condition) { seen[leaf.Predicate()] = true })
		}
	}
	return len(seen)
}
