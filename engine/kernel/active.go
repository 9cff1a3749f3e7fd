package kernel

import "math/bits"

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

// Two begins with the conjunction of two conditions.
func (a *Active) Two(t0, n0, t1, n1 *Bits) {
	k := 0
	for i := range Words {
		x, y := t0[i], t1[i]
		p := (x | n0[i]) & (y | n1[i])
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = uint8(i), x&y, p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// One begins with one condition.
func (a *Active) One(t, n *Bits) {
	k := 0
	for i := range Words {
		p := t[i] | n[i]
		a.at[k&(Words-1)], a.t[k&(Words-1)], a.p[k&(Words-1)] = uint8(i), t[i], p
		k += int((p | -p) >> 63)
	}
	a.n = k
}

// And adds a condition.
func (a *Active) And(t, n *Bits) {
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

// AndNot adds the negation of a condition.
func (a *Active) AndNot(t, n *Bits) {
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

// Rows appends the rows that are known to be true to yes, and those that are possible but not known to open, both ascending.
func (a *Active) Rows(yes, open []uint16) (y, o []uint16) {
	for k := range a.n {
		base := uint16(a.at[k]) << 6
		for t := a.t[k]; t != 0; t &= t - 1 {
			yes = append(yes, base|uint16(bits.TrailingZeros64(t)))
		}
		for u := a.p[k] &^ a.t[k]; u != 0; u &= u - 1 {
			open = append(open, base|uint16(bits.TrailingZeros64(u)))
		}
	}
	return yes, open
}

// Bits writes the rows that are known to be true to t, and those that are possible but not known to u.
func (a *Active) Bits(t, u *Bits) {
	*t, *u = Bits{}, Bits{}
	for k := range a.n {
		t[a.at[k]], u[a.at[k]] = a.t[k], a.p[k]&^a.t[k]
	}
}
