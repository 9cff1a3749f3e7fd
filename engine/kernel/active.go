package kernel

import (
	"math/bits"
	"slices"
)

// Active is a conjunction over one block that keeps to the words in which some row is still possible: most items leave few rows
// of a block after two or three conditions, and then the other conditions cost next to nothing. Slot k is word at[k] of the
// block: rows of t are known to be true so far, rows of p aren't known to be false. The zero Active holds no rows.
type Active struct {
	n  int
	at [Words]uint8
	t  [Words]uint64
	p  [Words]uint64
}

// Len is how many words have a row that is still possible.
func (a *Active) Len() int { return a.n }

// All begins with every row of the first rows of a block.
func (a *Active) All(rows int) {
	a.n = (rows + 63) / 64
	for k := range a.n {
		a.at[k], a.t[k] = uint8(k), ^uint64(0)
	}
	if rows%64 != 0 {
		a.t[a.n-1] = 1<<uint(rows%64) - 1
	}
	a.p = a.t
}

// Literal is a condition over a block, T where it is known to be true and N where it isn't known, or with Not its negation.
type Literal struct {
	T, N *Bits
	Not  bool
}

// sign is what turns a condition into its negation: no bits or all.
func (l *Literal) sign() uint64 {
	if l.Not {
		return ^uint64(0)
	}
	return 0
}

// side is a condition over a word, or with every bit of sign its negation: where it is known to be true, and where it isn't known
// to be false. It needs that t and n share no bit.
func side(t, n, sign uint64) (yes, possible uint64) {
	t ^= sign
	return t ^ n&sign, t ^ n&^sign
}

// Filled appends the words in which a condition is possible for some row.
func Filled(at []uint8, t, n *Bits) []uint8 {
	var list [Words + 1]uint8
	k := 0
	for i := range Words {
		list[k] = uint8(i)
		p := t[i] | n[i]
		k += int((p | -p) >> 63)
	}
	return append(at, list[:k]...)
}

// Start begins with the conjunction of conditions, of which there is one at least. The most selective should come first.
func (a *Active) Start(lits []Literal) { loops.start(a, lits) }

// Narrow adds conditions, until no row is left.
func (a *Active) Narrow(lits []Literal) {
	for ; len(lits) >= 2 && a.n > 0; lits = lits[2:] {
		a.both(&lits[0], &lits[1])
	}
	if len(lits) == 1 {
		a.and(&lits[0])
	}
}

// start takes two conditions at once.
func (portable) start(a *Active, lits []Literal) {
	switch {
	case len(lits) >= 2 && !lits[0].Not && !lits[1].Not:
		a.two(lits[0].T, lits[0].N, lits[1].T, lits[1].N)
		lits = lits[2:]
	default:
		a.one(&lits[0])
		lits = lits[1:]
	}
	a.Narrow(lits)
}

// two begins with the conjunction of two conditions.
func (a *Active) two(t0, n0, t1, n1 *Bits) {
	k := 0
	for i := range Words {
		x, y := t0[i], t1[i]
		p := (x | n0[i]) & (y | n1[i])
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = uint8(i), x&y, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// StartAt is Start for two conditions that aren't negated, of which the first is known to be possible in some words only, as Filled
// gives them.
func (a *Active) StartAt(at []uint8, t0, n0, t1, n1 *Bits) {
	k := 0
	for _, i := range at {
		w := i & (Words - 1)
		x, y := t0[w], t1[w]
		p := (x | n0[w]) & (y | n1[w])
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = w, x&y, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// one begins with one condition.
func (a *Active) one(l *Literal) {
	t, n, sign := l.T, l.N, l.sign()
	k := 0
	for i := range Words {
		x, p := side(t[i], n[i], sign)
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = uint8(i), x, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// and adds a condition or its negation.
func (a *Active) and(l *Literal) {
	if l.Not {
		a.andNot(l.T, l.N)
		return
	}
	t, n := l.T, l.N
	k := 0
	for j := range a.n {
		w := a.at[j&(Words-1)]
		x := t[w&(Words-1)]
		p := a.p[j&(Words-1)] & (x | n[w&(Words-1)])
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = w, a.t[j&(Words-1)]&x, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

func (a *Active) andNot(t, n *Bits) {
	k := 0
	for j := range a.n {
		w := a.at[j&(Words-1)]
		x := t[w&(Words-1)]
		p := a.p[j&(Words-1)] &^ x
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = w, a.t[j&(Words-1)]&^(x|n[w&(Words-1)]), p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// both adds two conditions or negations. One pass over the words instead of two saves what a loop costs whose end the processor
// can't foresee, which is more than the second looks at words in vain.
func (a *Active) both(l, m *Literal) {
	t0, n0, s0 := l.T, l.N, l.sign()
	t1, n1, s1 := m.T, m.N, m.sign()
	k := 0
	for j := range a.n {
		w := a.at[j&(Words-1)] & (Words - 1)
		x, p := side(t0[w], n0[w], s0)
		y, q := side(t1[w], n1[w], s1)
		p &= q & a.p[j&(Words-1)]
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = w, a.t[j&(Words-1)]&x&y, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// Count is how many rows are still possible.
func (a *Active) Count() int {
	n := 0
	for _, p := range a.p[:a.n] {
		n += bits.OnesCount64(p)
	}
	return n
}

// AndWords adds a condition that of gives word by word: t where it is known to be true, p where it isn't known to be false. It need be
// right only for the rows among, which are still possible.
func (a *Active) AndWords(of func(word int, among uint64) (t, p uint64)) {
	k := 0
	for j := range a.n {
		t, p := of(int(a.at[j]), a.p[j])
		p &= a.p[j]
		a.at[k], a.t[k], a.p[k] = a.at[j], a.t[j]&t, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// Counts is how many rows are known to be true, and how many are possible but not known.
func (a *Active) Counts() (yes, open int) {
	for k := range a.n {
		yes += bits.OnesCount64(a.t[k&(Words-1)])
		open += bits.OnesCount64(a.p[k&(Words-1)])
	}
	return yes, open - yes
}

// Rows appends the rows that are known to be true to yes, and those that are possible but not known to open, both ascending.
func (a *Active) Rows(yes, open []uint16) (y, o []uint16) {
	t, u := a.Counts()
	return a.AppendYes(yes, t), a.AppendOpen(open, u)
}

// AppendYes appends the rows that are known to be true, which are so many, ascending.
func (a *Active) AppendYes(dst []uint16, rows int) []uint16 {
	if rows == 0 {
		return dst
	}
	to, k := room(dst, rows)
	for j := range a.n {
		k = spill(to, k, uint16(a.at[j&(Words-1)])<<6, a.t[j&(Words-1)])
	}
	return to[:len(dst)+rows]
}

// AppendOpen appends the rows that are possible but not known, which are so many, ascending.
func (a *Active) AppendOpen(dst []uint16, rows int) []uint16 {
	if rows == 0 {
		return dst
	}
	to, k := room(dst, rows)
	for j := range a.n {
		k = spill(to, k, uint16(a.at[j&(Words-1)])<<6, a.p[j&(Words-1)]&^a.t[j&(Words-1)])
	}
	return to[:len(dst)+rows]
}

// slack is how many rows spill may write past those that there are.
const slack = 2

// room is dst with room for more rows and slack, and where they begin.
func room(dst []uint16, rows int) (to []uint16, at int) {
	to = slices.Grow(dst, rows+slack)
	return to[:len(dst)+rows+slack], len(dst)
}

// spill writes the rows of a word to to[k:] and returns where the next ones go. Most words have two rows or fewer, so it writes
// two always: the processor can't foresee how many there are, and guessing wrong costs more.
func spill(to []uint16, k int, base uint16, x uint64) int {
	two := to[k : k+2 : k+2]
	two[0] = base | uint16(bits.TrailingZeros64(x))
	rest := x & (x - 1)
	two[1] = base | uint16(bits.TrailingZeros64(rest))
	end := k + bits.OnesCount64(x)
	k += 2
	for rest &= rest - 1; rest != 0; rest &= rest - 1 {
		to[k] = base | uint16(bits.TrailingZeros64(rest))
		k++
	}
	return end
}

// Bits writes the rows that are known to be true to t, and those that are possible but not known to u.
func (a *Active) Bits(t, u *Bits) {
	*t, *u = Bits{}, Bits{}
	for k := range a.n {
		t[a.at[k]], u[a.at[k]] = a.t[k], a.p[k]&^a.t[k]
	}
}
