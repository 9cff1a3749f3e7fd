// Package gather decides which delivered or corrected cell is the fact, and makes columns of the facts.
package gather

import (
	"fmt"
	"slices"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Contradiction is the reason of a fact on which departments disagree.
const Contradiction = "矛盾"

// Gathering collects what one department delivered of one field, the oldest delivery first: for all rows, or for those alone
// of which the deliveries say something.
type Gathering struct {
	Source string
	c      *column.Column
	rows   []int       // by row of c: the row of the snapshot; nil: the same
	at     map[int]int // the other way round
}

// New returns a gathering for what a department delivered: of all rows, of which there are rows, or only of those that Put names.
func New(source string, kind column.Kind, all bool, rows int) *Gathering {
	g := &Gathering{Source: source, c: column.NewBuilder(kind).Take(column.Origin{})}
	if !all {
		g.rows, g.at = []int{}, map[int]int{}
		return g
	}
	g.c = Blank(kind, rows)
	return g
}

// Blank is a column of rows rows of which nothing is known.
func Blank(kind column.Kind, rows int) *column.Column {
	b := column.NewBuilder(kind)
	b.Missing()
	return column.Gather(b.Take(column.Origin{}), make([]int, rows))
}

// local returns which row of c holds a row of the snapshot, and whether there is one.
func (g *Gathering) local(row int) (int, bool) {
	if g.at == nil {
		return row, true
	}
	i, ok := g.at[row]
	return i, ok
}

// Has reports whether the gathering is about a row of the snapshot.
func (g *Gathering) Has(row int) bool {
	_, ok := g.local(row)
	return ok
}

// Put makes rows of the snapshot what patch is.
func (g *Gathering) Put(rows []int, patch *column.Column) error {
	if g.at == nil {
		return column.Overlay(g.c, rows, patch)
	}
	local := make([]int, len(rows))
	for i, row := range rows {
		at, known := g.at[row]
		if !known {
			at = len(g.rows)
			g.at[row] = at
			g.rows = append(g.rows, row)
		}
		local[i] = at
	}
	return column.Overlay(g.c, local, patch)
}

// Begin closes the world before a complete delivery: whoever isn't in it has the absent value, if there is one.
func (g *Gathering) Begin(f *rules.Field, o column.Origin) error {
	if f.Absent == "" {
		return nil
	}
	c, err := One(f, f.Absent, "", o)
	if err != nil {
		return err
	}
	g.c = column.Gather(c, make([]int, g.c.Rows))
	return nil
}

// Take takes the cells of a part of a delivery, whose rows are given; c may be nil, for no cells. Empty ones count if all is
// set, and then replace what was there.
func (g *Gathering) Take(rows []int, c *column.Column, o column.Origin, all bool) error {
	if c == nil {
		if !all {
			return nil
		}
		c = Blank(column.Nothing, len(rows))
	}
	if known := knownRows(c); !all && len(known) < c.Rows {
		some := make([]int, len(known))
		for i, k := range known {
			some[i] = rows[k]
		}
		rows, c = some, column.Gather(c, known)
	}
	if len(rows) == 0 {
		return nil
	}
	c.Origins, c.From = []column.Origin{o}, nil
	return g.Put(rows, c)
}

func knownRows(c *column.Column) []int {
	known := make([]int, 0, c.Rows)
	for i := range c.Rows {
		if c.IsKnown(i) {
			known = append(known, i)
		}
	}
	return known
}

// One is a column of one row with the value of a cell, missing where the cell is empty.
func One(f *rules.Field, cell, unit string, o column.Origin) (*column.Column, error) {
	value, err := f.Parse(cell, unit)
	if err != nil {
		return nil, err
	}
	b := column.NewBuilder(engine.KindOf(f))
	if err := engine.AddValue(b, f, value); err != nil {
		return nil, err
	}
	return b.Take(o), nil
}

// Fix is a correction of one row.
type Fix struct {
	Row   int
	Day   civil.Date     // of what it corrects
	Value *column.Column // of one row
}

// Rule says what decides a field.
type Rule struct {
	Field    *rules.Field
	Complete func(delivery string) bool // whether a delivery speaks of all enterprises
}

// Correct applies a correction to what the departments delivered: it takes the place of everything that isn't newer, and counts
// by itself where nobody decided anything.
func (r Rule) Correct(departments []*Gathering, x Fix) error {
	decided := false
	for _, g := range departments {
		at, ok := g.local(x.Row)
		if !ok || !r.decides(g.c, at) {
			continue
		}
		decided = true
		if on, _ := civil.FromNumber(g.c.Origin(at).On); r.Field.Period.Span == rules.Day && on.After(x.Day) {
			continue
		}
		if err := g.Put([]int{x.Row}, x.Value); err != nil {
			return err
		}
	}
	if decided {
		return nil
	}
	return departments[0].Put([]int{x.Row}, x.Value)
}

// decides reports whether a department said something of a row of its column: a value, or an empty cell in a complete delivery.
func (r Rule) decides(c *column.Column, row int) bool {
	return c.IsKnown(row) || r.Complete(c.Origin(row).Delivery)
}

// Reconcile makes one column of those of all departments, in the first.
func Reconcile(departments []*Gathering) (*Gathering, error) {
	result := departments[0]
	for _, g := range departments[1:] {
		var taken, disputed []int
		for i := range g.c.Rows {
			if !g.c.IsKnown(i) {
				continue
			}
			mine := result.c.IsKnown(i)
			switch {
			case mine && !same(result.c, g.c, i):
				disputed = append(disputed, i)
			case mine && result.c.Origin(i).On >= g.c.Origin(i).On, !mine && result.c.Origin(i).Reason == Contradiction:
			default:
				taken = append(taken, i)
			}
		}
		if err := column.Overlay(result.c, taken, column.Gather(g.c, taken)); err != nil {
			return nil, err
		}
		missing := Blank(column.Nothing, len(disputed))
		if len(disputed) > 0 {
			missing.Origins = []column.Origin{{Reason: Contradiction}}
		}
		if err := column.Overlay(result.c, disputed, missing); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// same reports whether two columns of one kind have the same value in a row that both know.
func same(a, b *column.Column, row int) bool {
	switch a.Kind {
	case column.Bool:
		return a.IsTrue(row) == b.IsTrue(row)
	case column.Number:
		n, scale, odd := a.Exact(row)
		m, other, strange := b.Exact(row)
		return n == m && scale == other && odd == strange
	case column.Date:
		return a.Days[row] == b.Days[row]
	case column.Text, column.Set, column.Records:
		return a.Dict[a.Codes[row]] == b.Dict[b.Codes[row]]
	}
	return true
}

// Finish returns the rows of the snapshot that the gathering is about, ascending, and what they are; rows is nil for all.
func (g *Gathering) Finish() (rows []int, c *column.Column, err error) {
	if g.at == nil {
		return nil, g.c, nil
	}
	order := make([]int, len(g.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return g.rows[a] - g.rows[b] })
	for _, i := range order {
		rows = append(rows, g.rows[i])
	}
	if len(rows) != g.c.Rows {
		return nil, nil, fmt.Errorf("%d rows for a column of %d", len(rows), g.c.Rows)
	}
	return rows, column.Gather(g.c, order), nil
}
