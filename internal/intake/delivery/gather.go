package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/internal/sheet"
	"mianshen/rules"
)

// gatherer takes batches in the order of the delivery: it finds what comes twice, and hands parts on as long as nothing is
// wrong.
type gatherer struct {
	report *Report
	emit   func(Part) error
	known  func(string) bool
	seen   map[cells.Key]uint32 // the row, counted on over all files
	starts []uint32             // what the rows of each file are counted on from
	last   uint32               // the greatest row so far
	letter string               // of the current file's column of codes, where it has one
	named  int                  // rows with a name
	most   int                  // rows of the delivery
	parts  int
	wrong  cells.Batch
}

func newGatherer(meta Meta, most int, emit func(Part) error) *gatherer {
	return &gatherer{
		emit: emit, most: most, known: meta.Registered, seen: map[cells.Key]uint32{},
		report: &Report{Source: meta.Source, Period: meta.Period, Complete: meta.Complete, Purpose: meta.Purpose, LegalBasis: meta.LegalBasis},
	}
}

// begin goes on to the next file.
func (g *gatherer) begin(in intake.Input) {
	g.report.Files = append(g.report.Files, File{Name: in.Name, Bytes: in.Size})
	g.starts = append(g.starts, g.last)
	g.letter = ""
}

func (g *gatherer) current() *File { return &g.report.Files[len(g.report.Files)-1] }

func (g *gatherer) full() bool { return g.wrong.Full() }

// reject notes what is wrong.
func (g *gatherer) reject(p intake.Problem) { g.wrong.Add(p) }

// refused takes the problems out of an error; another error is returned.
func (g *gatherer) refused(err error) error {
	var all *intake.Problems
	var one *sheet.Error
	switch {
	case errors.As(err, &all):
		for _, p := range all.List {
			g.reject(p)
		}
		g.wrong.More += all.More
		return nil
	case errors.As(err, &one):
		g.reject(cells.AtCell(g.current().Name, one))
		return nil
	}
	return err
}

// problems returns everything found wrong as an error, nil for nothing.
func (g *gatherer) problems() error {
	if len(g.wrong.Problems) == 0 {
		return nil
	}
	at := map[string]int{}
	for i := range g.report.Files {
		at[g.report.Files[len(g.report.Files)-1-i].Name] = -i
	}
	slices.SortStableFunc(g.wrong.Problems, func(x, y intake.Problem) int {
		return cmp.Or(cmp.Compare(at[x.File], at[y.File]), cmp.Compare(x.Row, y.Row))
	})
	g.report.Problems, g.report.More = g.wrong.Problems, g.wrong.More
	return &intake.Problems{List: g.wrong.Problems, More: g.wrong.More}
}

// take takes the next batch. The error is emit's.
func (g *gatherer) take(b *cells.Batch) error {
	g.twice(b)
	for _, p := range b.Problems {
		g.reject(p)
	}
	g.wrong.More += b.More
	g.wrong.Stop = g.wrong.Stop || b.Stop
	g.current().Rows += len(b.Codes)
	g.report.Rows += len(b.Codes)
	if g.report.Rows > g.most {
		g.reject(intake.Problem{File: g.current().Name, Message: fmt.Sprintf("这一批数据超过 %d 行，请拆分", g.most)})
		g.wrong.Stop = true
	}
	if len(g.wrong.Problems) > 0 || len(b.Codes) == 0 {
		return nil
	}
	g.meet(b.Codes)
	for _, name := range b.Names {
		if name != "" {
			g.named++
		}
	}
	part := Part{N: g.parts, Codes: b.Codes, Names: b.Names, Columns: b.Columns}
	g.parts++
	return g.emit(part)
}

// twice finds the enterprises that were there before. Rows of a batch ascend.
func (g *gatherer) twice(b *cells.Batch) {
	start := g.starts[len(g.starts)-1]
	for i, k := range b.Keys {
		row := start + uint32(b.Rows[i])
		g.last = max(g.last, row)
		first, again := g.seen[k]
		if !again {
			g.seen[k] = row
			continue
		}
		g.report.Duplicates++
		b.Add(intake.Problem{
			File: g.current().Name, Row: b.Rows[i], Column: g.letter, Header: rules.KeyColumn, Text: b.Codes[i],
			Message: fmt.Sprintf("%s 与%s重复，一户只能出现一次", b.Codes[i], g.where(first)),
		})
	}
	slices.SortStableFunc(b.Problems, func(x, y intake.Problem) int { return cmp.Compare(x.Row, y.Row) })
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
