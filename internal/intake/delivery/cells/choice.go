package cells

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"

	"mianshen/internal/intake"
	"mianshen/rules"
)

// choice reads sets whose members come from a short closed list. Of forty tags there are more combinations than anybody remembers
// texts of, but each is one word of bits, found by what stands between the semicolons.
type choice struct {
	values []string         // sorted, as sets have them
	place  map[string]uint8 // of each value among them
	known  map[uint64]int32 // by members: index into the lane's words
}

const (
	maxChoice     = 64   // values of the list
	maxChoiceCell = 4096 // bytes of a cell, so that no cap of Field.Parse is near
	separator     = ';'
	emptySet      = ";;"
)

// newChoice returns nil for a field that isn't such a set. Values that by themselves aren't read as what they are, are left to
// the slow way.
func newChoice(f *rules.Field, unit string) *choice {
	if f.Type != rules.TypeSet || len(f.Values) == 0 || len(f.Values) > maxChoice {
		return nil
	}
	c := &choice{values: slices.Clone(f.Values), place: map[string]uint8{}, known: map[uint64]int32{}}
	slices.Sort(c.values)
	for i, value := range c.values {
		v, err := intake.ParseCell(f, unit, value)
		if err != nil || v == nil || !slices.Equal(v.Members(), []string{value}) || value[0] == apostrophe {
			continue
		}
		if _, err := setForm(v.Members()); err == nil {
			c.place[value] = uint8(i)
		}
	}
	return c
}

// read returns which values a cell has, and false when it isn't simply some of them.
func (c *choice) read(cell []byte) (mask uint64, ok bool) {
	if string(cell) == emptySet {
		return 0, true
	}
	if len(cell) > maxChoiceCell {
		return 0, false
	}
	for range maxChoice {
		end := bytes.IndexByte(cell, separator)
		last := end < 0
		if last {
			end = len(cell)
		}
		i, known := c.place[string(cell[:end])]
		if !known {
			return 0, false
		}
		mask |= 1 << i
		if last {
			return mask, true
		}
		cell = cell[end+1:]
	}
	return 0, false
}

// of returns which values members are, and false when one isn't on the list.
func (c *choice) of(members []string) (mask uint64, ok bool) {
	for _, m := range members {
		i, found := slices.BinarySearch(c.values, m)
		if !found {
			return 0, false
		}
		mask |= 1 << i
	}
	return mask, true
}

// form writes the set as columns hold it.
func (c *choice) form(mask uint64) string {
	var b strings.Builder
	size := 0
	for rest := mask; rest != 0; rest &= rest - 1 {
		size += len(c.values[bits.TrailingZeros64(rest)]) + 1
	}
	b.Grow(size)
	for ; mask != 0; mask &= mask - 1 {
		b.WriteString(c.values[bits.TrailingZeros64(mask)])
		b.WriteByte('\n')
	}
	return b.String()
}

// chosen adds a row with the set.
func (l *Lane) chosen(mask uint64) {
	i, known := l.choice.known[mask]
	if !known {
		i = l.add(l.choice.form(mask))
		l.choice.known[mask] = i
	}
	l.code(i)
}

// readSet reads some values of a closed list, and what was read before.
func (l *Lane) readSet(b []byte, p, end int) int {
	if l.choice == nil || p == end || b[p] == ',' {
		return l.readText(b, p, end)
	}
	q := cellEnd(b, p, end)
	mask, ok := l.choice.read(b[p:q])
	if !ok {
		return l.readText(b, p, end)
	}
	l.chosen(mask)
	return q
}

// putSet adds a row with a set of members, which are sorted.
func (l *Lane) putSet(members []string) error {
	form, err := setForm(members)
	if err != nil {
		return err
	}
	if l.choice != nil {
		if mask, ok := l.choice.of(members); ok {
			l.chosen(mask)
			return nil
		}
	}
	l.code(l.word(form))
	return nil
}
