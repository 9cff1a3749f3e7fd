package delivery

import (
	"fmt"
	"math/big"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/rules"
)

// Report is what is kept of how a delivery was read. It holds no float: numbers are decimals as text, in the field's own unit.
type Report struct {
	Source     string `json:"source"`
	Period     string `json:"period"`
	Complete   bool   `json:"complete"`
	Table      string `json:"table,omitempty"` // whose records it holds; "" for one row an enterprise
	Purpose    string `json:"purpose,omitempty"`
	LegalBasis string `json:"legal_basis,omitempty"`

	Files    []File `json:"files"`
	Bytes    int64  `json:"bytes"`
	Checksum string `json:"checksum,omitempty"` // hex SHA-256 of the raw bytes; of several files, of their lines "checksum  name\n"; "" when refused
	Rows     int    `json:"rows"`               // enterprises that could be told
	Parts    int    `json:"parts"`              // handed on

	Columns  []Column         `json:"columns"`
	Problems []intake.Problem `json:"problems,omitempty"` // why it is refused, the first MaxProblems
	More     int              `json:"more,omitempty"`     // how many further ones were met before reading stopped
	Warnings []string         `json:"warnings,omitempty"` // sentences in Chinese that a person should be told

	Duplicates   int      `json:"duplicates,omitempty"` // rows of enterprises that were there before; each is a problem too
	UnknownCodes int      `json:"unknown_codes,omitempty"`
	FirstUnknown []string `json:"first_unknown,omitempty"` // the first 100 of them
}

// File is one file of a delivery.
type File struct {
	Name     string `json:"name"`
	Found    string `json:"found"` // what it is, for a person: CSV，编码 UTF-8
	Bytes    int64  `json:"bytes"`
	Rows     int    `json:"rows"`
	Checksum string `json:"checksum,omitempty"` // hex SHA-256 of the raw bytes
}

// Column is one column of a file, and what it was taken for.
type Column struct {
	File   string `json:"file"`
	Header string `json:"header"`
	Letter string `json:"letter,omitempty"` // as spreadsheets name columns
	Series string `json:"series,omitempty"` // "" where the column wasn't read
	Unit   string `json:"unit,omitempty"`   // in which its numbers were read
	// Of a series, over the whole delivery: of rows whose value is known, and of the others.
	Known   int            `json:"known"`
	Missing int            `json:"missing"`
	Numbers *cells.Numbers `json:"numbers,omitempty"`
}

// columns notes what the columns of the current file were taken for, and what a person should know of them.
func (r *reader) columns(l *intake.Layout) {
	file := r.current()
	file.Found = l.Found
	for _, c := range l.Columns {
		out := Column{File: file.Name, Header: c.Header, Letter: c.Letter}
		switch {
		case c.Slot == intake.CodeSlot:
			out.Series, r.letter = rules.KeyColumn, c.Letter
		case c.Slot == intake.NameSlot:
			out.Series = cells.NameColumn
		case c.Slot >= 0:
			f := r.slots[c.Slot].Field
			out.Series, out.Unit = r.slots[c.Slot].Name, c.Unit
			if out.Unit == "" {
				out.Unit = f.Unit
			}
			r.checkSpan(f, out.Series)
		}
		r.report.Columns = append(r.report.Columns, out)
	}
	r.report.Warnings = append(r.report.Warnings, l.Notices...)
}

// checkSpan says when nobody will look for a series in this period.
func (r *reader) checkSpan(f *rules.Field, series string) {
	if f.Period.Span == r.span {
		return
	}
	names := map[rules.Span]string{rules.Day: "当前", rules.Month: "月", rules.Quarter: "季度", rules.Year: "年度"}
	r.warn("%s 是%s数据，这一批的所属期却是 %s，请核对", series, names[f.Period.Span], r.meta.Period)
}

func (r *reader) warn(format string, args ...any) {
	r.report.Warnings = append(r.report.Warnings, fmt.Sprintf(format, args...))
}

// describe fills in what is known once everything was read.
func (r *reader) describe() {
	bySeries := map[string]int{}
	for i, s := range r.slots {
		bySeries[s.Name] = i
	}
	for i := range r.report.Columns {
		c := &r.report.Columns[i]
		slot, known := bySeries[c.Series]
		switch {
		case c.Series == rules.KeyColumn:
			c.Known = r.report.Rows
			continue
		case c.Series == cells.NameColumn:
			c.Known, c.Missing = r.named, r.report.Rows-r.named
			continue
		case !known:
			continue
		}
		t, f := &r.tallies[slot], r.slots[slot].Field
		c.Known, c.Missing, c.Numbers = t.Known, r.report.Rows-t.Known, t.Tell(f)
		r.suspect(c, f)
	}
}

// Where a sum without a unit begins to look like one in 万元: when half of at least so many sums stay below so many 元.
const (
	fewSums  = 20
	smallSum = 10_000
)

// suspect says when numbers look as if they were in another unit.
func (r *reader) suspect(c *Column, f *rules.Field) {
	if c.Numbers == nil || c.Numbers.Median == "" {
		return
	}
	median, least, most := rat(c.Numbers.Median), rat(c.Numbers.Least), rat(c.Numbers.Most)
	one := big.NewRat(1, 1)
	switch {
	case f.Type == rules.TypeMoney && c.Unit == f.Unit && c.Known-c.Numbers.Zeros >= fewSums && median.Cmp(big.NewRat(smallSum, 1)) < 0:
		r.warn("列 %s（%s）按元读，一半以上的金额不到 %d 元，疑似以万元计，请核对；以万元计的在列名后写明（万元）", c.Letter, c.Header, smallSum)
	case f.Unit == "%" && c.Unit == "%" && most.Cmp(one) < 0 && least.Cmp(new(big.Rat).Neg(one)) > 0:
		r.warn("列 %s（%s）的值全部在 -1 和 1 之间，疑似以小数存储：该指标以 %% 计，5.5%% 应写 5.5，请核对", c.Letter, c.Header)
	}
}

// rat reads a decimal that this package wrote; anything else is 0.
func rat(text string) *big.Rat {
	if len(text) > 100 {
		return new(big.Rat)
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		return r
	}
	return new(big.Rat)
}
