package column

import (
	"errors"
	"fmt"

	"mianshen/engine/column/decimal"
	"mianshen/engine/column/pack"
)

// ErrKind is what the error of an Overlay with a patch of another kind wraps.
var ErrKind = errors.New("column: kinds differ")

// Overlay makes row rows[i] of c what row i of patch is: value, whether it is known, and origin. rows[i] == c.Rows appends a
// row; when rows names a row twice, the later one counts. A column of kind Nothing takes the kind of the patch. Texts and
// origins that no row uses any more stay in c. It costs time in proportion to Dict, and to Rows where the Scale can change.
//
// Errors change nothing: ErrKind; ErrOrigins; a row beyond the end, or another number of rows than the patch has.
func Overlay(c *Column, rows []int, patch *Column) error {
	end, err := c.endAfter(rows, patch)
	if err != nil {
		return err
	}
	places, err := c.placesFor(patch)
	if err != nil {
		return err
	}
	if c.Kind == Nothing {
		c.Kind = patch.Kind
		c.makeValues()
	}
	c.lengthen(end)
	c.takeOrigins(rows, patch, places)
	for i, r := range rows {
		pack.Put(c.Known, r, patch.IsKnown(i))
	}
	switch patch.Kind {
	case Nothing:
		c.forget(rows)
	case Bool:
		for i, r := range rows {
			pack.Put(c.Bits, r, patch.IsTrue(i))
		}
	case Number:
		c.takeNumbers(rows, patch)
	case Date:
		for i, r := range rows {
			c.Days[r] = patch.Days[i]
		}
	case Text, Set, Records:
		c.takeTexts(rows, patch)
	}
	c.completeDict()
	return nil
}

// Extend adds rows rows of which nothing is known, with the zero Origin, to c. ErrOrigins: that has no place, and nothing was
// changed.
func Extend(c *Column, rows int) error {
	if rows == 0 {
		return nil
	}
	m := newOriginMerger(c)
	if _, ok := m.place(Origin{}); !ok {
		return ErrOrigins
	}
	start := c.Rows
	c.lengthen(start + rows)
	m.fill(start, c.Rows, Origin{})
	c.completeDict()
	return nil
}

// endAfter checks the arguments of Overlay and returns how many rows c will have.
func (c *Column) endAfter(rows []int, patch *Column) (int, error) {
	if len(rows) != patch.Rows {
		return 0, fmt.Errorf("column: %d rows for a patch of %d", len(rows), patch.Rows)
	}
	if c.Kind != patch.Kind && c.Kind != Nothing && patch.Kind != Nothing {
		return 0, fmt.Errorf("%w: %d over %d", ErrKind, patch.Kind, c.Kind)
	}
	end := c.Rows
	for _, r := range rows {
		if r < 0 || r > end {
			return 0, fmt.Errorf("column: row %d of %d", r, end)
		}
		if r == end {
			end++
		}
	}
	return end, nil
}

// placesFor returns the index in c of each origin that a row of patch has, making room for the new ones.
func (c *Column) placesFor(patch *Column) ([]uint16, error) {
	used := make([]bool, len(patch.Origins))
	for i := range patch.Rows {
		used[patch.from(i)] = true
	}
	m := newOriginMerger(c)
	before, from := len(c.Origins), c.From
	places := make([]uint16, len(used))
	for i, o := range patch.Origins {
		if !used[i] {
			continue
		}
		at, ok := m.place(o)
		if !ok {
			c.Origins, c.From = c.Origins[:before], from
			return nil, ErrOrigins
		}
		places[i] = at
	}
	return places, nil
}

// from is the index of the origin of row i.
func (c *Column) from(i int) uint16 {
	if c.From == nil {
		return 0
	}
	return c.From[i]
}

func (c *Column) takeOrigins(rows []int, patch *Column, places []uint16) {
	if c.From == nil {
		return
	}
	for i, r := range rows {
		c.From[r] = places[patch.from(i)]
	}
}

// lengthen adds rows without values, of origin 0, until there are end.
func (c *Column) lengthen(end int) {
	c.Known = longer(c.Known, Words(end))
	switch c.Kind {
	case Bool:
		c.Bits = longer(c.Bits, Words(end))
	case Number:
		c.Ints = longer(c.Ints, end)
	case Date:
		c.Days = longer(c.Days, end)
	case Text, Set, Records:
		c.Codes = longer(c.Codes, end)
	}
	if c.From != nil {
		c.From = longer(c.From, end)
	}
	c.Rows = end
}

func longer[T any](values []T, n int) []T { return append(values, make([]T, n-len(values))...) }

// forget makes the elements of rows zero.
func (c *Column) forget(rows []int) {
	for _, r := range rows {
		switch c.Kind {
		case Bool:
			pack.Put(c.Bits, r, false)
		case Number:
			c.Ints[r] = 0
			delete(c.Odd, r)
		case Date:
			c.Days[r] = 0
		case Text, Set, Records:
			c.Codes[r] = 0
		}
	}
	c.settle()
}

func (c *Column) takeNumbers(rows []int, patch *Column) {
	if c.Scale < patch.Scale {
		c.rescale(patch.Scale)
	}
	by := c.Scale - patch.Scale
	for i, r := range rows {
		delete(c.Odd, r)
		n, ok := decimal.Raised(patch.Ints[i], by)
		c.Ints[r] = n
		if !ok {
			c.setOdd(r, decimal.Text(patch.Ints[i], patch.Scale))
		}
		if text, ok := patch.Odd[i]; ok {
			c.setOdd(r, text)
		}
	}
	c.settle()
}

// takeTexts looks each text of the dictionary of c up among those of the patch, not the other way round: the patch is small.
func (c *Column) takeTexts(rows []int, patch *Column) {
	codes := make([]uint32, len(patch.Dict)) // by code in patch: code in c + 1; 0 while it has none
	for i := range rows {
		if patch.IsKnown(i) {
			codes[patch.Codes[i]] = 1
		}
	}
	used := make(map[string]uint32, min(len(patch.Dict), len(rows))) // code in patch
	for code, yes := range codes {
		if yes > 0 {
			used[patch.Dict[code]] = uint32(code)
			codes[code] = 0
		}
	}
	for code, text := range c.Dict {
		if at, ok := used[text]; ok {
			codes[at] = uint32(code) + 1
		}
	}
	for i, r := range rows {
		if !patch.IsKnown(i) {
			c.Codes[r] = 0
			continue
		}
		code := &codes[patch.Codes[i]]
		if *code == 0 {
			c.Dict = append(c.Dict, patch.Dict[patch.Codes[i]])
			*code = uint32(len(c.Dict))
		}
		c.Codes[r] = *code - 1
	}
}
