package readiness

import (
	"cmp"
	"maps"
	"slices"

	"mianshen/rules"
	"mianshen/rules/exact"
)

// Kind is what kind of party keeps a pair from being decided.
type Kind string

// The kinds of party.
const (
	Department Kind = "department" // owes facts; the party's name is the department
	Person     Kind = "person"     // a person has to find something: 人工认定
	Ledger     Kind = "ledger"     // earlier awards weren't given: 拨付历史
	Law        Kind = "rule"       // the rule can't be worked out, such as a division by zero: 规则
)

// Party is one that pairs wait for.
type Party struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"` // of a department; else the kind in Chinese
}

var (
	persons = Party{Person, "人工认定"}
	ledger  = Party{Ledger, "拨付历史"}
	law     = Party{Law, "规则"}
)

// unnamed stands for the department of a fact whose source the vocabulary doesn't say.
const unnamed = "未注明来源"

// Sum counts undecided pairs of an item and an enterprise.
type Sum struct {
	Pairs    int         `json:"pairs"`
	Firms    int         `json:"enterprises"` // that have at least one of the pairs
	Held     exact.Money `json:"held"`        // what the pairs would pay if all that is unknown about their conditions came out true
	Unpriced int         `json:"unpriced"`    // pairs that would pay something, nobody knows how much; not in Held
}

// Gaps is 漏享清单: what is held up because nobody can decide it yet, by whom it waits for and by item.
type Gaps struct {
	Whole   Sum       `json:"whole"` // each pair once
	Parties []Wait    `json:"parties"`
	Items   []ItemGap `json:"items"`           // of the items that have undecided pairs, in the order of the rules
	Pairs   []Pair    `json:"pairs,omitempty"` // when asked for, by enterprise as in the table, then by item
}

// Wait is what one party holds up. All counts every pair that waits for it, whomever else it waits for; Alone only those that
// nobody but this party holds up. Parties are in order of the money that they alone hold up, most first.
type Wait struct {
	Party   Party    `json:"party"`
	All     Sum      `json:"all"`
	Alone   Sum      `json:"alone"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// Reason is one fact that a department owes, one finding of a person, or one fault. Alone counts the pairs for which it is the
// only thing that is missing. Reasons are in order of pairs, most first.
type Reason struct {
	Text  string `json:"text"`
	All   Sum    `json:"all"`
	Alone Sum    `json:"alone"`
}

// ItemGap is what is held up of one item.
type ItemGap struct {
	Item    string `json:"item"`
	Title   string `json:"title"`
	Sum     Sum    `json:"sum"`
	Parties []Wait `json:"parties"`
}

// Pair is one item that can't be decided for one enterprise.
type Pair struct {
	Enterprise string       `json:"enterprise"`
	Item       string       `json:"item"`
	Title      string       `json:"title"`
	Parties    []Party      `json:"parties"`
	Missing    []string     `json:"missing"` // facts that departments owe
	Manual     []string     `json:"manual"`  // what persons have to find, in words
	Faults     []string     `json:"faults"`
	Held       *exact.Money `json:"held"` // nil: not known, or the item has no amount
}

// Gaps returns what is held up. It is shared and must not be changed.
func (s *Survey) Gaps() *Gaps { return s.gaps }

// counter counts pairs that come enterprise by enterprise.
type counter struct {
	Sum
	last int // row of the last pair, plus 1
}

func (c *counter) add(row int, p *pair) error {
	c.Pairs++
	if c.last != row+1 {
		c.Firms, c.last = c.Firms+1, row+1
	}
	switch {
	case p.held != nil:
		return plus(&c.Held, *p.held)
	case p.amount:
		c.Unpriced++
	}
	return nil
}

// merge adds what another worker has counted of other enterprises.
func (c *counter) merge(o *counter) error {
	c.Pairs += o.Pairs
	c.Firms += o.Firms
	c.Unpriced += o.Unpriced
	return plus(&c.Held, o.Held)
}

// plus adds amounts, which are never negative.
func plus(to *exact.Money, m exact.Money) error {
	if *to > 1<<63-1-m {
		return exact.ErrOverflow
	}
	*to += m
	return nil
}

// both counts pairs twice: all, and those that wait for nothing else.
type both struct{ all, alone counter }

func (b *both) add(row int, p *pair, alone bool) error {
	if err := b.all.add(row, p); err != nil || !alone {
		return err
	}
	return b.alone.add(row, p)
}

func (b *both) merge(o *both) error {
	if err := b.all.merge(&o.all); err != nil {
		return err
	}
	return b.alone.merge(&o.alone)
}

// cause is one thing that a pair waits for.
type cause struct {
	party Party
	text  string
}

// pair is an undecided pair as it is counted.
type pair struct {
	rule    int
	causes  []cause
	parties []Party
	held    *exact.Money
	amount  bool // the item has one
}

// group is what was counted of one item, or of all.
type group struct {
	whole   counter
	parties map[Party]*both
	causes  map[cause]*both
}

func newGroup() *group { return &group{parties: map[Party]*both{}, causes: map[cause]*both{}} }

func (g *group) add(row int, p *pair) error {
	if err := g.whole.add(row, p); err != nil {
		return err
	}
	for _, party := range p.parties {
		if err := at(g.parties, party).add(row, p, len(p.parties) == 1); err != nil {
			return err
		}
	}
	for _, c := range p.causes {
		if err := at(g.causes, c).add(row, p, len(p.causes) == 1); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) merge(o *group) error {
	if err := g.whole.merge(&o.whole); err != nil {
		return err
	}
	if err := join(g.parties, o.parties); err != nil {
		return err
	}
	return join(g.causes, o.causes)
}

func join[K comparable](a, b map[K]*both) error {
	for key, counted := range b {
		if err := at(a, key).merge(counted); err != nil {
			return err
		}
	}
	return nil
}

func at[K comparable](m map[K]*both, key K) *both {
	b := m[key]
	if b == nil {
		b = &both{}
		m[key] = b
	}
	return b
}

// tally is what one worker has counted.
type tally struct {
	district *group
	items    []*group
}

func newTally(items int) *tally {
	t := &tally{district: newGroup(), items: make([]*group, items)}
	for i := range t.items {
		t.items[i] = newGroup()
	}
	return t
}

func (t *tally) add(row int, p *pair) error {
	if err := t.district.add(row, p); err != nil {
		return err
	}
	return t.items[p.rule].add(row, p)
}

func (t *tally) merge(o *tally) error {
	for i := range t.items {
		if err := t.items[i].merge(o.items[i]); err != nil {
			return err
		}
	}
	return t.district.merge(o.district)
}

// waiting counts, by rule, the pairs that wait for each fact.
func (t *tally) waiting() []map[string]int {
	out := make([]map[string]int, len(t.items))
	for i, it := range t.items {
		out[i] = map[string]int{}
		for c, b := range it.causes {
			if c.party.Kind == Department {
				out[i][c.text] = b.all.Pairs
			}
		}
	}
	return out
}

// gaps puts what was counted in order.
func (t *tally) gaps(list []*rules.Rule) *Gaps {
	g := &Gaps{Whole: t.district.whole.Sum, Parties: t.district.waits(), Items: []ItemGap{}}
	for i, it := range t.items {
		if it.whole.Pairs > 0 {
			g.Items = append(g.Items, ItemGap{Item: list[i].Item.ID, Title: list[i].Item.Title, Sum: it.whole.Sum, Parties: it.waits()})
		}
	}
	return g
}

func (g *group) waits() []Wait {
	reasons := map[Party][]Reason{}
	for c, b := range g.causes {
		reasons[c.party] = append(reasons[c.party], Reason{Text: c.text, All: b.all.Sum, Alone: b.alone.Sum})
	}
	out := make([]Wait, 0, len(g.parties))
	for _, p := range slices.SortedFunc(maps.Keys(g.parties), compareParties) {
		slices.SortFunc(reasons[p], func(a, b Reason) int {
			return cmp.Or(cmp.Compare(b.All.Pairs, a.All.Pairs), cmp.Compare(a.Text, b.Text))
		})
		out = append(out, Wait{Party: p, All: g.parties[p].all.Sum, Alone: g.parties[p].alone.Sum, Reasons: reasons[p]})
	}
	slices.SortStableFunc(out, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(b.Alone.Held, a.Alone.Held), cmp.Compare(b.Alone.Pairs, a.Alone.Pairs), cmp.Compare(b.All.Pairs, a.All.Pairs))
	})
	return out
}

func compareParties(a, b Party) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}
