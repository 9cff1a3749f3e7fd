package column

import (
	"slices"

	"mianshen/engine/column/decimal"
)

// Equal reports whether two columns have the same kind and, row for row, the same value or lack of one, and the same origin.
// Scales and the order of dictionaries and origins may differ.
func Equal(a, b *Column) bool {
	if a.Kind != b.Kind || a.Rows != b.Rows || !slices.Equal(a.Known, b.Known) || !sameOrigins(a, b) {
		return false
	}
	switch a.Kind {
	case Bool:
		return slices.Equal(a.Bits, b.Bits)
	case Number:
		return sameNumbers(a, b)
	case Date:
		return slices.Equal(a.Days, b.Days)
	case Text, Set, Records:
		return sameTexts(a, b)
	}
	return true
}

func sameNumbers(a, b *Column) bool {
	simple := a.Scale == b.Scale && len(a.Odd) == 0 && len(b.Odd) == 0
	for i, n := range a.Ints {
		if simple && n == b.Ints[i] || !a.IsKnown(i) {
			continue
		}
		if simple || !sameNumber(a, b, i) {
			return false
		}
	}
	return true
}

// sameNumber compares row i of both. The same value may be odd in one column and not in the other, whose Scale is less.
func sameNumber(a, b *Column, i int) bool {
	n, scale, odd := a.Exact(i)
	m, other, strange := b.Exact(i)
	if odd == "" && strange == "" {
		return n == m && scale == other
	}
	if odd == "" {
		odd = decimal.Text(n, scale)
	}
	if strange == "" {
		strange = decimal.Text(m, other)
	}
	return odd == strange
}

func sameTexts(a, b *Column) bool {
	same := make(pairing, len(a.Dict))
	for i, code := range a.Codes {
		if !a.IsKnown(i) {
			continue
		}
		if !same.match(code, b.Codes[i], func() bool { return a.Dict[code] == b.Dict[b.Codes[i]] }) {
			return false
		}
	}
	return true
}

func sameOrigins(a, b *Column) bool {
	if a.From == nil && b.From == nil {
		return a.Rows == 0 || a.Origins[0] == b.Origins[0]
	}
	same := make(pairing, len(a.Origins))
	for i := range a.Rows {
		at, other := a.from(i), b.from(i)
		if !same.match(uint32(at), uint32(other), func() bool { return a.Origins[at] == b.Origins[other] }) {
			return false
		}
	}
	return true
}

// pairing remembers which code of one dictionary means what a code of another means.
type pairing []uint32 // by code of the first: code of the second + 1

func (p pairing) match(code, other uint32, compare func() bool) bool {
	if p[code] == other+1 {
		return true
	}
	if !compare() {
		return false
	}
	p[code] = other + 1
	return true
}
