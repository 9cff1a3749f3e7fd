package proof

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// Kind is what a claim says of a piece of the conditions. Removing means: put true in its place, or in a branch false.
type Kind uint8

// The kinds of claim.
const (
	Always   Kind = iota // never false; solid: never unknown either
	Never                // never true; at the top nobody is ever eligible
	Conflict             // never true together with by; at the top nobody is ever eligible
	Implied              // at least as true as by (or as all others): removing it changes no outcome
	Branch               // of several ways, at most as true as by (or as all others): removing it changes no outcome
)

// Claim is one proved statement about a piece. by is nil where it needs all other pieces together.
type Claim struct {
	Kind  Kind
	Of    *Piece
	By    *Piece
	Solid bool // always: even where facts are missing
	Same  bool // implied, branch: the two are always equal
}

// id is the same on every day.
func (c Claim) id() string {
	by := ""
	if c.By != nil {
		by = c.By.index
	}
	return fmt.Sprint(c.Kind, " ", c.Of.index, " ", by, " ", c.Solid, c.Same)
}

// Piece is one part of a conjunction: a whole condition, or what and, all, not leave of it.
type Piece struct {
	tree   *formula.Node // over the variables, already negated where neg
	node   *formula.Node // before negation
	slots  []int         // the variables it reads
	neg    bool
	at     place
	index  string        // names it on every day
	top    *formula.Node // the whole condition it is part of
	shared bool          // written once for all items of the policy
	record bool          // decided for each record
	Inside bool          // in one of several ways
	done   bool          // never, always or in conflict: nothing more is said of it
}

// study finds the claims that hold on one day.
type study struct {
	*Model
	claims []Claim
}

// Claims are the statements that hold for an item on every day of its policy, in the order of its conditions; models are all
// its Models.
func Claims(models []*Model) []Claim {
	var out []Claim
	for i, m := range models {
		s := &study{Model: m}
		s.conjunction(s.top(), nil)
		if i == 0 {
			out = s.claims
			continue
		}
		today := map[string]bool{}
		for _, c := range s.claims {
			today[c.id()] = true
		}
		out = slices.DeleteFunc(out, func(c Claim) bool { return !today[c.id()] })
	}
	return out
}

// top takes the item's conditions apart.
func (s *study) top() []*Piece {
	all := s.Rule.Policy.All(s.Rule.Item)
	var out []*Piece
	for i, c := range all {
		top := s.condition(c)
		parent := Piece{index: fmt.Sprint(i), top: top, shared: i < len(all)-len(s.Rule.Item.Conditions), record: s.asksRecord(top, nil)}
		out = append(out, s.split(top, false, formula.OpAnd, parent)...)
	}
	return out
}

// split takes apart what joins by op (and, or), through not; the parts take over what parent says.
func (s *study) split(n *formula.Node, neg bool, op formula.Op, parent Piece) []*Piece {
	var out []*Piece
	var walk func(n *formula.Node, neg bool)
	walk = func(n *formula.Node, neg bool) {
		joins := op
		if neg {
			joins = map[formula.Op]formula.Op{formula.OpAnd: formula.OpOr, formula.OpOr: formula.OpAnd}[op]
		}
		switch {
		case n.Op == formula.OpNot && !s.sealed[n]:
			walk(n.Args[0], !neg)
			return
		case n.Op == joins && !s.sealed[n]:
			walk(n.Args[0], neg)
			walk(n.Args[1], neg)
			return
		}
		p := parent
		p.tree, p.node, p.neg, p.at, p.slots = n, n, neg, s.places[n], slotsOf(n)
		if neg {
			p.tree = &formula.Node{Op: formula.OpNot, Type: n.Type, Args: []*formula.Node{n}}
		}
		p.index = fmt.Sprintf("%s.%d", parent.index, len(out))
		out = append(out, &p)
	}
	walk(n, neg)
	return out
}

// asksRecord reports whether a tree reads the record under decision outside of the part left out.
func (s *study) asksRecord(n, leftOut *formula.Node) bool {
	found := false
	n.Walk(func(x *formula.Node) bool {
		found = found || x != leftOut && x.Op == formula.OpDefine && s.vars[x.Slot].record
		return !found && x != leftOut
	})
	return found
}

// say makes a claim. One that invites to remove a piece is dropped where the rest of the condition would no longer be asked of
// records but of the firm: that can change the outcome of firms without records.
func (s *study) say(c Claim) {
	whole := c.Of.top
	for whole.Op == formula.OpNot && whole != c.Of.node {
		whole = whole.Args[0]
	}
	removes := c.Kind == Implied || c.Kind == Branch || c.Kind == Always
	if removes && whole != c.Of.node && c.Of.record && !s.asksRecord(c.Of.top, c.Of.node) {
		return
	}
	s.claims = append(s.claims, c)
}

// conjunction studies pieces that must all hold; outer are those around them.
func (s *study) conjunction(pieces, outer []*Piece) {
	if *s.left < 0 {
		return
	}
	for _, p := range pieces {
		s.alone(p)
	}
	for i, p := range pieces {
		s.contradicted(p, append(slices.Clone(outer), pieces[:i]...))
	}
	s.redundant(pieces, outer)
	for i, p := range pieces {
		around := append(slices.Clone(outer), pieces[:i]...)
		s.ways(p, append(around, pieces[i+1:]...))
	}
}

// alone says what holds of a piece by itself.
func (s *study) alone(p *Piece) {
	if p.done {
		return
	}
	trees := []*formula.Node{p.tree}
	switch {
	case s.all(trees, func(v []rank) bool { return v[0] != isTrue }):
		s.say(Claim{Kind: Never, Of: p})
	case s.all(trees, func(v []rank) bool { return v[0] == isTrue }):
		s.say(Claim{Kind: Always, Of: p, Solid: true})
	case s.all(trees, func(v []rank) bool { return v[0] != isFalse }):
		s.say(Claim{Kind: Always, Of: p})
	default:
		return
	}
	p.done = true
}

// share reports whether two pieces read a variable in common; without one neither says anything of the other.
func share(p, q *Piece) bool {
	return slices.ContainsFunc(q.slots, func(slot int) bool { return slices.Contains(p.slots, slot) })
}

// contradicted looks for a piece that p can't be true with, then whether all of them together leave it no room.
func (s *study) contradicted(p *Piece, others []*Piece) {
	if p.done {
		return
	}
	trees := []*formula.Node{p.tree}
	for _, q := range others {
		if q.done || !share(p, q) {
			continue
		}
		trees = append(trees, q.tree)
		if s.all([]*formula.Node{p.tree, q.tree}, func(v []rank) bool { return least(v) != isTrue }) {
			s.say(Claim{Kind: Conflict, Of: p, By: q})
			p.done = true
			return
		}
	}
	if len(trees) > 2 && s.all(trees, func(v []rank) bool { return least(v) != isTrue }) {
		s.say(Claim{Kind: Conflict, Of: p})
		p.done = true
	}
}

// may reports whether q may stand in for p: a condition of one item doesn't make one of all items needless, and a condition on
// records doesn't make one on the firm needless, since without records or with an unknown table it is not asked.
func may(p, q *Piece) bool { return !(p.shared && !q.shared) && !(q.record && !p.record) }

// redundant looks for pieces that others imply. Of two equal ones the later is named.
func (s *study) redundant(pieces, outer []*Piece) {
	gone := map[*Piece]bool{}
	for i, p := range pieces {
		if p.done || p.Inside && len(pieces) == 1 {
			continue
		}
		around := append(slices.Clone(outer), pieces[:i]...)
		for j, q := range append(around, pieces[i+1:]...) {
			if q.done || !may(p, q) || !share(p, q) || !s.implies(q, p) {
				continue
			}
			same := s.implies(p, q)
			if later := j >= len(around); same && later && may(q, p) {
				continue
			}
			s.say(Claim{Kind: Implied, Of: p, By: q, Same: same})
			gone[p] = true
			break
		}
	}
	for _, p := range slices.Backward(pieces) {
		if p.done || gone[p] || p.Inside && len(pieces) == 1 {
			continue
		}
		trees := []*formula.Node{p.tree}
		for _, q := range append(slices.Clone(outer), pieces...) {
			if q != p && !q.done && !gone[q] && may(p, q) && share(p, q) {
				trees = append(trees, q.tree)
			}
		}
		if len(trees) > 2 && s.all(trees, func(v []rank) bool { return v[0] >= least(v[1:]) }) {
			s.say(Claim{Kind: Implied, Of: p})
			gone[p] = true
		}
	}
}

func (s *study) implies(q, p *Piece) bool {
	return s.all([]*formula.Node{q.tree, p.tree}, func(v []rank) bool { return v[1] >= v[0] })
}

// ways studies the branches of a piece that is a choice.
func (s *study) ways(p *Piece, outer []*Piece) {
	if p.done {
		return
	}
	parent := *p
	parent.Inside, parent.done = true, false
	branches := s.split(p.node, p.neg, formula.OpOr, parent)
	if len(branches) < 2 {
		return
	}
	for i, b := range branches {
		s.alone(b)
		s.superfluous(b, i, branches)
		parts := s.split(b.node, b.neg, formula.OpAnd, *b)
		if !b.done {
			s.conjunction(parts, outer)
		}
	}
}

// superfluous looks for a branch that is at least as true as b, then whether all others together are.
func (s *study) superfluous(b *Piece, i int, branches []*Piece) {
	if b.done {
		return
	}
	trees := []*formula.Node{b.tree}
	for j, q := range branches {
		if j == i || !share(b, q) {
			continue
		}
		trees = append(trees, q.tree)
		if !s.implies(b, q) {
			continue
		}
		same := s.implies(q, b)
		if same && j > i {
			continue
		}
		s.say(Claim{Kind: Branch, Of: b, By: q, Same: same})
		b.done = true
		return
	}
	if len(trees) > 2 && s.all(trees, func(v []rank) bool { return v[0] <= greatest(v[1:]) }) {
		s.say(Claim{Kind: Branch, Of: b})
		b.done = true
	}
}

// Sentence says the claim to the author of the policy, with what to do; item names the item.
func (c Claim) Sentence(item string) (text, hint string) {
	of, by := c.Of.name(), "其余条件"
	if c.By != nil {
		by = c.By.name()
	}
	switch c.Kind {
	case Always:
		hint = "删去，或者写上真正的界限"
		if c.Solid {
			return of + "永远成立，有没有它结果都一样", hint
		}
		return of + "只要有数据就成立，不会排除任何企业，缺数据时却会待核实", hint
	case Never:
		if c.Of.Inside {
			return of + "永远不成立，没有企业会走这条路", "核对写的数和取值"
		}
		return of + "永远不成立，没有企业能符合" + item, "核对写的数和取值"
	case Conflict:
		if c.Of.Inside {
			return of + "与" + by + "不可能同时成立，没有企业会走这条路", "核对两处的界限"
		}
		return of + "与" + by + "不可能同时成立，没有企业能符合" + item, "核对两处的界限"
	case Branch:
		if c.Same {
			return of + "与" + by + "相同，这条路写了两次", "删去一处"
		}
		return of + "这条路已经包含在" + by + "里，删去它判定结果不变", "核对是不是漏了另一个要求"
	}
	if c.Same {
		return of + "与" + by + "相同，写了两次", "删去一处"
	}
	return of + "已经包含在" + by + "里，删去它判定结果不变", "核对条款是不是写的别的数；只为公示而写的可以保留"
}

// name quotes the piece with the id of its condition.
func (p *Piece) name() string {
	text := p.at.text()
	if p.neg {
		text = "not " + text
	}
	switch id := p.at.cond.ID; {
	case id != "" && p.at.expr.Node() == nil:
		return "条件 " + id
	case id != "":
		return fmt.Sprintf("“%s”（%s）", source.Clip(text), id)
	}
	return fmt.Sprintf("“%s”", source.Clip(text))
}

// Mistake points at the piece.
func (p *Piece) Mistake(text, hint string) source.Mistake {
	if p.at.expr.Node() == nil {
		return p.at.cond.Node().Mistake(text, hint)
	}
	from, _ := p.at.span()
	return p.at.expr.Node().MistakeAt(from, text, hint)
}

// text is what is written there; for a group its reason or kind.
func (p place) text() string {
	if p.expr.Node() != nil {
		from, to := p.span()
		return string([]rune(p.expr.Text)[from:to])
	}
	switch {
	case p.cond.Manual != "":
		return p.cond.Manual
	case p.cond.Because != "":
		return p.cond.Because
	}
	return map[rules.ConditionKind]string{rules.AnyOf: "any", rules.AllOf: "all", rules.Score: "score"}[p.cond.Kind]
}

// record is what stands before a column of the record under decision.
const record = "本条."

// span is where the piece stands in its expression, in characters, with the brackets that belong to it.
func (p place) span() (from, to int) {
	rs := []rune(p.expr.Text)
	from, to = max(0, p.from), min(p.to, len(rs))
	if self := len([]rune(record)); from >= self && string(rs[from-self:from]) == record {
		from -= self
	}
	rest := strings.TrimLeft(string(rs[to:]), " ")
	if strings.HasPrefix(rest, "(") && to > from && rs[to-1] != ')' {
		to = len(rs) - len([]rune(rest)) + 1
	}
	open := 0
	for i := from; i < to; i++ {
		open += bracket(rs[i])
		for open < 0 && from > 0 {
			from--
			open += bracket(rs[from])
		}
	}
	for open > 0 && to < len(rs) {
		open += bracket(rs[to])
		to++
	}
	return from, to
}

func bracket(r rune) int {
	switch r {
	case '(', '[':
		return 1
	case ')', ']':
		return -1
	}
	return 0
}
