package cells

import (
	"errors"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/parts"
	"mianshen/internal/sheet"
)

// MaxProblems is how many problems of a delivery are kept. Reading stops once there are more.
const MaxProblems = 100

// Batch is what was read of some rows, in the order of the file.
type Batch struct {
	Codes    []string
	Keys     []Key
	Rows     []int    // their numbers, as spreadsheets count
	Names    []string // nil: the file has none
	Columns  []parts.NamedColumn
	Problems []intake.Problem
	More     int
	Stop     bool // nothing can be read after it
}

// Full reports whether so much is wrong that nobody needs to read on.
func (b *Batch) Full() bool { return b.Stop || len(b.Problems)+b.More > MaxProblems }

// Add notes something that is wrong.
func (b *Batch) Add(p intake.Problem) {
	if len(b.Problems) >= MaxProblems {
		b.More++
		return
	}
	b.Problems = append(b.Problems, p)
}

// AtCell turns what a reader of sheets says into a problem.
func AtCell(file string, e *sheet.Error) intake.Problem {
	p := intake.Problem{File: file, Row: e.Row, Text: intake.Clip(e.Text), Message: e.Message}
	if e.Column > 0 {
		p.Column = sheet.Letter(e.Column)
	}
	return p
}

// Broken is what comes of a text that can't be read on.
func Broken(file string, err error) *Batch {
	var e *sheet.Error
	if !errors.As(err, &e) {
		e = &sheet.Error{Message: err.Error()}
	}
	return &Batch{Stop: true, Problems: []intake.Problem{AtCell(file, e)}}
}
