package engine

import (
	"math/bits"

	"mianshen/engine/kernel"
)

// machine computes programs for selected rows of one block.
type machine struct {
	w     *worker
	block int
	rows  []uint16 // selected rows of the block, ascending; nil: all
	n     int      // how many
	vals  [][]int64
	open  [][]uint64 // bit j: register isn't known for the j-th selected row
}

// run computes a program. What it left in registers holds until the next run.
func (m *machine) run(p *program, block int, rows []uint16, n int) {
	m.block, m.rows, m.n = block, rows, n
	for len(m.vals) < p.regs {
		m.vals = append(m.vals, make([]int64, kernel.Rows))
		m.open = append(m.open, make([]uint64, kernel.Words))
	}
	for i := range p.steps {
		m.step(&p.steps[i])
	}
}

func (m *machine) known(reg, j int) bool { return m.open[reg][j>>6]>>(uint(j)&63)&1 == 0 }

func (m *machine) row(j int) int {
	if m.rows == nil {
		return j
	}
	return int(m.rows[j])
}

func (m *machine) step(s *step) {
	out, open := m.vals[s.dst][:m.n], m.open[s.dst][:(m.n+63)/64]
	switch s.op {
	case stepConst:
		for j := range out {
			out[j] = s.k
		}
		clear(open)
		return
	case stepLoad:
		m.load(s, out, open)
		return
	case stepLook:
		m.look(s, out, open)
		return
	case stepScale:
		a := m.vals[s.a][:m.n]
		for j := range out {
			out[j] = a[j] * s.k
		}
		copy(open, m.open[s.a])
		return
	case stepTiers:
		m.tiers(s, out)
		copy(open, m.open[s.a])
		return
	case stepGuard:
		copy(out, m.vals[s.a][:m.n])
		m.guard(s, open)
		return
	case stepChoose:
		m.choose(s, out, open)
		return
	}
	m.binary(s, out)
	a, b := m.open[s.a], m.open[s.b]
	for i := range open {
		open[i] = a[i] | b[i]
	}
}

func (m *machine) binary(s *step, out []int64) {
	a, b := m.vals[s.a][:m.n], m.vals[s.b][:m.n]
	switch s.op {
	case stepAdd:
		for j := range out {
			out[j] = a[j] + b[j]
		}
	case stepSub:
		for j := range out {
			out[j] = a[j] - b[j]
		}
	case stepMul:
		for j := range out {
			out[j] = a[j] * b[j]
		}
	case stepMin:
		for j := range out {
			out[j] = min(a[j], b[j])
		}
	case stepMax:
		for j := range out {
			out[j] = max(a[j], b[j])
		}
	}
}

func (m *machine) load(s *step, out []int64, open []uint64) {
	e := m.w.plan.fields[s.field]
	base := m.block * kernel.Rows
	m.gaps(e, open)
	ints := e.ints[base:]
	if m.rows == nil {
		copy(out, ints)
		return
	}
	for j, r := range m.rows {
		out[j] = ints[r]
	}
}

// gaps sets open to the selected rows in which a column is missing.
func (m *machine) gaps(e *encoded, open []uint64) {
	gaps := e.missing[m.block*kernel.Words:]
	if m.rows == nil {
		copy(open, gaps)
		return
	}
	clear(open)
	for j, r := range m.rows {
		open[j>>6] |= (gaps[r>>6] >> (r & 63) & 1) << (uint(j) & 63)
	}
}

func (m *machine) look(s *step, out []int64, open []uint64) {
	e := m.w.plan.fields[s.field]
	codes := e.codes[m.block*kernel.Rows:]
	m.gaps(e, open)
	for j := range out {
		code := codes[m.row(j)]
		out[j] = s.values[code]
		if s.open[code] {
			open[j>>6] |= 1 << (uint(j) & 63)
		}
	}
}

func (m *machine) tiers(s *step, out []int64) {
	a := m.vals[s.a][:m.n]
	clear(out)
	for i, b := range s.bounds {
		v := s.values[i]
		for j := range out {
			if a[j] >= b {
				out[j] = v
			}
		}
	}
}

func (m *machine) guard(s *step, open []uint64) {
	over := m.vals[s.over][:m.n]
	a, b := m.open[s.a], m.open[s.over]
	for i := range open {
		open[i] = a[i] | b[i]
	}
	for j, d := range over {
		if d == 0 {
			open[j>>6] |= 1 << (uint(j) & 63)
		}
	}
}

// choose is ?: by Kleene's logic: an unknown test leaves the number unknown unless both branches are known and equal.
func (m *machine) choose(s *step, out []int64, open []uint64) {
	id, flip := s.test>>1, s.test&1
	t, n := m.w.ts[id], m.w.ns[id]
	for j := range out {
		r := m.row(j)
		unknown := n[r>>6]>>(uint(r)&63)&1 == 1
		yes := t[r>>6]>>(uint(r)&63)&1 == 1 != (flip == 1)
		from := s.b
		if yes {
			from = s.a
		}
		ok := m.known(from, j)
		if unknown {
			ok = m.known(s.a, j) && m.known(s.b, j) && m.vals[s.a][j] == m.vals[s.b][j]
		}
		out[j] = m.vals[from][j]
		bit := uint64(1) << (uint(j) & 63)
		open[j>>6] &^= bit
		if !ok {
			open[j>>6] |= bit
		}
	}
}

// crossCompare compares a×m with b×n exactly.
func crossCompare(a, m, b, n int64) int {
	ah, al := mul128(a, m)
	bh, bl := mul128(b, n)
	switch {
	case ah < bh || ah == bh && al < bl:
		return -1
	case ah > bh || al > bl:
		return 1
	}
	return 0
}

// mul128 is the product as a signed 128-bit number.
func mul128(a, b int64) (hi int64, lo uint64) {
	h, l := bits.Mul64(uint64(a), uint64(b))
	hi = int64(h)
	if a < 0 {
		hi -= b
	}
	if b < 0 {
		hi -= a
	}
	return hi, l
}

// compare fills the bitmaps of a comparison for a whole block.
func (m *machine) compare(k *comparison, block int, rows int, t, n *kernel.Bits) {
	m.run(&k.prog, block, nil, rows)
	*t, *n = kernel.Bits{}, kernel.Bits{}
	a, b := m.vals[k.a.reg], m.vals[k.b.reg]
	for i := range (rows + 63) / 64 {
		n[i] = m.open[k.a.reg][i] | m.open[k.b.reg][i]
	}
	for j := range rows {
		if n[j>>6]>>(uint(j)&63)&1 == 1 {
			continue
		}
		over, under := int64(1), int64(1)
		if k.a.over >= 0 {
			over = m.vals[k.a.over][j]
		}
		if k.b.over >= 0 {
			under = m.vals[k.b.over][j]
		}
		if k.decide(a[j], over, b[j], under) {
			t[j>>6] |= 1 << (uint(j) & 63)
		}
	}
}
