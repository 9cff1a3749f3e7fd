package intake

import (
	"context"
	"errors"

	"mianshen/internal/sheet"
	"mianshen/internal/sheet/xlsx"
	"mianshen/rules"
)

// book is an open workbook.
type book struct {
	*xlsx.Workbook
	source *source
}

// openBook opens a workbook; what is wrong with it is recorded, and nil returned.
func (s *source) openBook() *book {
	w, err := xlsx.Open(s.in.Data, s.in.Size, s.opts.Limits.Limits)
	if err != nil {
		var e *sheet.Error
		if !errors.As(err, &e) {
			e = &sheet.Error{Message: err.Error()}
		}
		s.reject("", e, "")
		return nil
	}
	return &book{Workbook: w, source: s}
}

// readSheet reads one sheet; -1 is none that could be read.
func (s *source) readSheet(ctx context.Context, b *book, sheetIndex int, im *importer, take func(*line)) error {
	if sheetIndex < 0 {
		s.reject("", nil, "没有一个（未隐藏的）工作表含有列名“"+rules.KeyColumn+"”")
		return nil
	}
	if len(b.Sheets()) > 1 {
		im.sheet = b.Sheets()[sheetIndex].Name
	}
	rows, err := b.Rows(sheetIndex)
	if err != nil {
		im.stop(err)
		return nil
	}
	return im.readRows(ctx, rows, take)
}

// tableSheet is a sheet that holds records.
type tableSheet struct {
	table *rules.Field
	sheet int
}

// divide finds the sheet of the profiles, -1 for none, and the sheets of records, and says which sheets aren't read.
func (b *book) divide(v *rules.Vocabulary) (profiles int, tables []tableSheet) {
	profiles = -1
	for i, sh := range b.Sheets() {
		f, known := v.Field(sh.Name)
		switch {
		case sh.Hidden:
			b.source.notice("工作表“%s”是隐藏的，没有读", clip(sh.Name))
		case known && f.Type == rules.TypeTable:
			tables = append(tables, tableSheet{f, i})
		case profiles < 0 && b.hasHeader(i):
			profiles = i
		default:
			b.source.notice("工作表“%s”没有读", clip(sh.Name))
		}
	}
	return profiles, tables
}

// first finds the sheet of a given name or else the first with the column 统一社会信用代码, -1 for none.
func (b *book) first(names ...string) int {
	for i, sh := range b.Sheets() {
		for _, name := range names {
			if sh.Name == name {
				return i
			}
		}
	}
	for i, sh := range b.Sheets() {
		if !sh.Hidden && b.hasHeader(i) {
			return i
		}
	}
	return -1
}

func (b *book) hasHeader(i int) bool {
	rows, err := b.Rows(i)
	if err != nil {
		return false
	}
	for range headerRows {
		row, err := rows.Next()
		if err != nil {
			return false
		}
		if isHeader(row) {
			return true
		}
	}
	return false
}
