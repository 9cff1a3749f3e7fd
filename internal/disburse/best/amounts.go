package best

import (
	"math/big"
	"slices"
)

// nest chooses limits of which any two are disjoint or one holds the other, looking at live entitlements alone, and reports
// whether limits of sums cross. Limits that always bind are preferred, then larger ones.
func (m *model) nest(live []int) (nested []int, crossing bool) {
	sets := make([][]int, len(m.limits))
	var order []int
	for k, l := range m.limits {
		for _, i := range live {
			if l.in[i] {
				sets[k] = append(sets[k], i)
			}
		}
		order = append(order, k)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if x, y := m.limits[a].uniform, m.limits[b].uniform; x != y {
			return map[bool]int{true: -1, false: 1}[x]
		}
		return len(sets[b]) - len(sets[a])
	})
	for _, k := range order {
		if !slices.ContainsFunc(nested, func(o int) bool { return cross(sets[k], sets[o]) }) {
			nested = append(nested, k)
		}
		crossing = crossing || m.limits[k].room != unlimited && slices.ContainsFunc(order, func(o int) bool {
			return m.limits[o].room != unlimited && cross(sets[k], sets[o])
		})
	}
	return nested, crossing
}

// cross reports whether two ascending lists meet and neither holds the other.
func cross(a, b []int) bool {
	common := 0
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			common++
		}
	}
	return common > 0 && common < len(a) && common < len(b)
}

// packing is the question how much each of the chosen gets: whole 分 from 1 to most, and over each row at most room. Where
// rows nest, giving each in turn what is left reaches the largest sum, and the first in order gets the most that any best
// solution gives it. Where they cross, that may fail (three caps over two of three entitlements each); then it is an
// integer program, solved by the exact simplex method and branching.
type packing struct {
	most []int64
	rows [][]int
	room []int64
	x    []int64 // the best found
}

func newPacking(m *model, chosen, limits []int) *packing {
	p := &packing{}
	for _, i := range chosen {
		p.most = append(p.most, m.most[i])
	}
	for _, k := range limits {
		var row []int
		for j, i := range chosen {
			if m.limits[k].in[i] {
				row = append(row, j)
			}
		}
		p.rows, p.room = append(p.rows, row), append(p.room, m.limits[k].room)
	}
	return p
}

// best gives the largest sum, or if the steps end, a sum that was reached and a bound on all others. ok is false where the
// rows have no room for 1 分 each.
func (p *packing) best(left, steps *int, crossing bool) (total, bound int64, ok bool) {
	lo := make([]int64, len(p.most))
	for j := range lo {
		lo[j] = 1
	}
	if !p.fits(lo) {
		return 0, 0, false
	}
	p.x, total = p.inTurn(lo, p.most)
	if !crossing || !p.crosses() {
		return total, total, true
	}
	b := &branching{p: p, left: left, steps: steps, x: p.x, total: total}
	b.walk(lo, p.most)
	p.x = b.x
	return b.total, max(b.total, b.open), true
}

// amounts gives the solution that reaches total, which best has found. With ties it is the one that gives most to the first,
// then to the second, and so on; settled is false if the steps ended before that was certain.
func (p *packing) amounts(total int64, left, steps *int, ties bool) (x []int64, settled bool) {
	if !ties || !p.crosses() {
		return p.x, true
	}
	lo, hi := make([]int64, len(p.most)), slices.Clone(p.most)
	for j := range lo {
		lo[j] = 1
	}
	for j := range lo {
		low, high := lo[j], hi[j] // the sum is still reached with low
		for low < high {
			lo[j] = high - (high-low)/2
			b := &branching{p: p, left: left, steps: steps}
			if p.fits(lo) {
				b.x, b.total = p.inTurn(lo, hi)
				b.walk(lo, hi)
			}
			if *left <= 0 {
				return nil, false
			}
			if b.total == total {
				low = lo[j]
			} else {
				high = lo[j] - 1
			}
		}
		lo[j], hi[j] = low, low
	}
	return lo, true
}

func (p *packing) crosses() bool {
	for k, a := range p.rows {
		if slices.ContainsFunc(p.rows[k+1:], func(b []int) bool { return cross(a, b) }) {
			return true
		}
	}
	return false
}

func (p *packing) fits(x []int64) bool {
	for k, row := range p.rows {
		room := p.room[k]
		for _, j := range row {
			room -= min(x[j], room+1)
		}
		if room < 0 {
			return false
		}
	}
	return true
}

// inTurn raises each from lo as far as hi and the rows allow, in order. lo must fit.
func (p *packing) inTurn(lo, hi []int64) (x []int64, total int64) {
	room := slices.Clone(p.room)
	of := make([][]int, len(lo))
	for k, row := range p.rows {
		for _, j := range row {
			room[k] -= lo[j]
			of[j] = append(of[j], k)
		}
	}
	x = slices.Clone(lo)
	for j := range x {
		more := hi[j] - lo[j]
		for _, k := range of[j] {
			more = min(more, room[k])
		}
		for _, k := range of[j] {
			room[k] -= more
		}
		x[j] += more
		total += x[j]
	}
	return x, total
}

// branching is the integer program over one packing.
type branching struct {
	p           *packing
	left, steps *int
	x           []int64
	total, open int64
}

// walk looks for a larger sum between lo and hi. lo must fit.
func (b *branching) walk(lo, hi []int64) {
	x := b.p.relax(lo, hi)
	sum := new(big.Rat)
	broken := -1
	for j, v := range x {
		sum.Add(sum, v)
		if broken < 0 && !v.IsInt() {
			broken = j
		}
	}
	whole := func(r *big.Rat) int64 { return new(big.Int).Quo(r.Num(), r.Denom()).Int64() } // r >= 0
	bound := whole(sum)
	if bound <= b.total {
		return
	}
	if *b.left <= 0 {
		b.open = max(b.open, bound)
		return
	}
	*b.left--
	*b.steps++
	if broken < 0 {
		b.x, b.total = make([]int64, len(x)), bound
		for j, v := range x {
			b.x[j] = whole(v)
		}
		return
	}
	at := whole(x[broken])
	up := slices.Clone(lo)
	up[broken] = at + 1
	if b.p.fits(up) {
		b.walk(up, hi)
	}
	down := slices.Clone(hi)
	down[broken] = at
	b.walk(lo, down)
}

// relax solves the linear program between lo and hi, in exact fractions: the simplex method with Bland's rule, which always
// ends. It starts from lo, which must fit, so that every right side is at least 0.
func (p *packing) relax(lo, hi []int64) []*big.Rat {
	n, rows := len(lo), len(p.rows)+len(lo)
	t := newTableau(n, rows)
	for k, row := range p.rows {
		side := p.room[k]
		for _, j := range row {
			t.at[k][j].SetInt64(1)
			side -= lo[j]
		}
		t.at[k][n+rows].SetInt64(side)
	}
	for j := range n {
		k := len(p.rows) + j
		t.at[k][j].SetInt64(1)
		t.at[k][n+rows].SetInt64(hi[j] - lo[j])
	}
	t.solve()
	x := make([]*big.Rat, n)
	for j := range x {
		x[j] = new(big.Rat).SetInt64(lo[j])
	}
	for k, j := range t.basis {
		if j < n {
			x[j].Add(x[j], t.at[k][n+rows])
		}
	}
	return x
}

// tableau holds a row for each limit and one for the sum; columns are the unknowns, the slacks and the right side.
type tableau struct {
	at    [][]*big.Rat
	basis []int // the column that each row stands for
}

func newTableau(n, rows int) *tableau {
	t := &tableau{}
	for k := range rows + 1 {
		line := make([]*big.Rat, n+rows+1)
		for c := range line {
			line[c] = new(big.Rat)
		}
		if k < rows {
			line[n+k].SetInt64(1)
			t.basis = append(t.basis, n+k)
		}
		t.at = append(t.at, line)
	}
	for j := range n {
		t.at[rows][j].SetInt64(-1)
	}
	return t
}

func (t *tableau) solve() {
	last := len(t.at) - 1
	side := len(t.at[0]) - 1
	for {
		enter := slices.IndexFunc(t.at[last][:side], func(v *big.Rat) bool { return v.Sign() < 0 })
		if enter < 0 {
			return
		}
		leave, least := -1, new(big.Rat)
		for k := range t.basis {
			if t.at[k][enter].Sign() <= 0 {
				continue
			}
			ratio := new(big.Rat).Quo(t.at[k][side], t.at[k][enter])
			if c := ratio.Cmp(least); leave < 0 || c < 0 || c == 0 && t.basis[k] < t.basis[leave] {
				leave, least = k, ratio
			}
		}
		t.pivot(leave, enter) // there is a row, since every unknown is bounded
	}
}

func (t *tableau) pivot(row, col int) {
	t.basis[row] = col
	by := new(big.Rat).Inv(t.at[row][col])
	for _, v := range t.at[row] {
		v.Mul(v, by)
	}
	for k, line := range t.at {
		if k == row || line[col].Sign() == 0 {
			continue
		}
		factor, part := new(big.Rat).Set(line[col]), new(big.Rat)
		for c, v := range line {
			if t.at[row][c].Sign() != 0 {
				v.Sub(v, part.Mul(factor, t.at[row][c]))
			}
		}
	}
}
