package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"mianshen/internal/intake"
	"mianshen/internal/sheet"
	"mianshen/rules"
)

// batch is what was read of some rows, in the order of the file.
type batch struct {
	codes    []string
	keys     []key
	lines    []int    // row numbers
	names    []string // nil: the file has none
	columns  []NamedColumn
	problems []intake.Problem
	more     int
	stop     bool // nothing can be read after it
}

// full reports whether so much is wrong that nobody needs to read on.
func (b *batch) full() bool { return b.stop || len(b.problems)+b.more > MaxProblems }

// add notes something that is wrong.
func (b *batch) add(p intake.Problem) {
	if len(b.problems) >= MaxProblems {
		b.more++
		return
	}
	b.problems = append(b.problems, p)
}

// gatherer takes batches in the order of the delivery: it finds what comes twice, and hands parts on as long as nothing is
// wrong.
type gatherer struct {
	report *Report
	emit   func(Part) error
	known  func(string) bool
	seen   map[key]uint32 // the row, counted on over all files
	starts []uint32       // what the rows of each file are counted on from
	last   uint32         // the greatest row so far
	parts  int
	wrong  batch
}

func newGatherer(meta Meta, emit func(Part) error) *gatherer {
	return &gatherer{
		emit: emit, known: meta.Registered, seen: map[key]uint32{},
		report: &Report{Source: meta.Source, Period: meta.Period, Complete: meta.Complete, Purpose: meta.Purpose, LegalBasis: meta.LegalBasis},
	}
}

// begin goes on to the next file.
func (g *gatherer) begin(in intake.Input) {
	g.report.Files = append(g.report.Files, File{Name: in.Name, Bytes: in.Size})
	g.starts = append(g.starts, g.last)
}

func (g *gatherer) current() *File { return &g.report.Files[len(g.report.Files)-1] }

func (g *gatherer) full() bool { return g.wrong.full() }

// reject notes what is wrong.
func (g *gatherer) reject(p intake.Problem) { g.wrong.add(p) }

// refused takes the problems out of an error; another error is returned.
func (g *gatherer) refused(err error) error {
	var all *intake.Problems
	var one *sheet.Error
	switch {
	case errors.As(err, &all):
		for _, p := range all.List {
			g.reject(p)
		}
		g.wrong.more += all.More
		return nil
	case errors.As(err, &one):
		g.reject(atCell(g.current().Name, one))
		return nil
	}
	return err
}

// atCell turns what a reader of sheets says into a problem.
func atCell(file string, e *sheet.Error) intake.Problem {
	p := intake.Problem{File: file, Row: e.Row, Text: intake.Clip(e.Text), Message: e.Message}
	if e.Column > 0 {
		p.Column = sheet.Letter(e.Column)
	}
	return p
}

// problems returns everything found wrong as an error, nil for nothing.
func (g *gatherer) problems() error {
	if len(g.wrong.problems) == 0 {
		return nil
	}
	at := map[string]int{}
	for i := range g.report.Files {
		at[g.report.Files[len(g.report.Files)-1-i].Name] = -i
	}
	slices.SortStableFunc(g.wrong.problems, func(x, y intake.Problem) int {
		return cmp.Or(cmp.Compare(at[x.File], at[y.File]), cmp.Compare(x.Row, y.Row))
	})
	g.report.Problems, g.report.More = g.wrong.problems, g.wrong.more
	return &intake.Problems{List: g.wrong.problems, More: g.wrong.more}
}

// take takes the next batch. The error is emit's.
func (g *gatherer) take(b *batch) error {
	g.twice(b)
	for _, p := range b.problems {
		g.reject(p)
	}
	g.wrong.more += b.more
	g.wrong.stop = g.wrong.stop || b.stop
	g.current().Rows += len(b.codes)
	g.report.Rows += len(b.codes)
	if len(g.wrong.problems) > 0 || len(b.codes) == 0 {
		return nil
	}
	g.meet(b.codes)
	part := Part{N: g.parts, Codes: b.codes, Names: b.names, Columns: b.columns}
	g.parts++
	return g.emit(part)
}

// twice finds the enterprises that were there before. Rows of a batch ascend.
func (g *gatherer) twice(b *batch) {
	start := g.starts[len(g.starts)-1]
	for i, k := range b.keys {
		row := start + uint32(b.lines[i])
		g.last = max(g.last, row)
		first, again := g.seen[k]
		if !again {
			g.seen[k] = row
			continue
		}
		g.report.Duplicates++
		b.add(intake.Problem{
			File: g.current().Name, Row: b.lines[i], Header: rules.KeyColumn, Text: b.codes[i],
			Message: fmt.Sprintf("%s 与%s重复，一户只能出现一次", b.codes[i], g.where(first)),
		})
	}
	slices.SortStableFunc(b.problems, func(x, y intake.Problem) int { return cmp.Compare(x.Row, y.Row) })
}

// where names a row that was counted on over all files.
func (g *gatherer) where(row uint32) string {
	file := len(g.starts) - 1
	for row <= g.starts[file] {
		file--
	}
	switch {
	case g.report.Table != "":
		return " " + g.report.Files[file].Name + " 里的记录"
	case file == len(g.starts)-1:
		return fmt.Sprintf("第 %d 行", row-g.starts[file])
	}
	return fmt.Sprintf(" %s 第 %d 行", g.report.Files[file].Name, row-g.starts[file])
}

// meet counts enterprises that nobody knows.
func (g *gatherer) meet(codes []string) {
	if g.known == nil {
		return
	}
	for _, c := range codes {
		if g.known(c) {
			continue
		}
		g.report.UnknownCodes++
		if len(g.report.FirstUnknown) < maxShown {
			g.report.FirstUnknown = append(g.report.FirstUnknown, c)
		}
	}
}

// maxShown is how many unknown codes a report lists.
const maxShown = 100
