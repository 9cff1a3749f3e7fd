package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// Records is what a file holds of one table.
type Records struct {
	Table   *rules.Field
	Notices []string

	name   string // of the file, for messages
	source string
	on     civil.Date
	firms  map[string]*firmRecords
}

// firmRecords are one firm's records of one table.
type firmRecords struct {
	rows   []*formula.Record
	keys   map[string]int // key -> row it stands on
	empty  int            // the row that says: known, and none
	capped bool
}

func newRecords(table *rules.Field) *Records {
	return &Records{Table: table, firms: map[string]*firmRecords{}}
}

// ReadRecords reads the records of one table: one row a record with 统一社会信用代码, the table's key and its columns, in any of the
// formats. A firm without a row is missing; one row in which everything else is empty says that the firm is known to have
// none. Keys are unique within a firm. In a workbook the sheet of the table's name is read, or else the first with the
// column. The error is a *Problems or ctx's.
func ReadRecords(ctx context.Context, table *rules.Field, in Input, opts Options) (*Records, error) {
	if table.Type != rules.TypeTable {
		return nil, fmt.Errorf("%s 不是表", table.Name)
	}
	s, err := open(in, opts)
	if err != nil {
		return nil, err
	}
	r := newRecords(table)
	r.name, r.source, r.on = in.Name, s.opts.Source, opts.On
	choose := func(b *book) int { return b.first(table.Name, table.ID) }
	if err := s.read(ctx, recordSchema(table), choose, r.take); err != nil {
		return nil, err
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	r.Notices = s.notices
	return r, nil
}

// Firms returns the enterprises that the file tells of, sorted.
func (r *Records) Firms() []string { return sortedKeys(r.firms) }

// Of returns a firm's records, sorted by key; known is false for a firm without a row.
func (r *Records) Of(enterprise string) (rows []*formula.Record, known bool) {
	firm, known := r.firms[enterprise]
	if !known {
		return nil, false
	}
	return firm.sorted(), true
}

func (r *Records) take(l *line) {
	code, ok := l.enterprise()
	if !ok {
		return
	}
	firm := r.firms[code]
	if firm == nil {
		firm = &firmRecords{keys: map[string]int{}}
		r.firms[code] = firm
	}
	firm.take(l, r.Table)
}

// take adds one row and reports whether it could be read.
func (f *firmRecords) take(l *line, table *rules.Field) bool {
	key, ok := l.words(slotFirst)
	cells := make([]*formula.Value, len(table.Columns))
	given := key != ""
	for _, col := range l.columns {
		if col == nil || col.slot <= slotFirst {
			continue
		}
		if col.position >= len(l.cells) {
			continue
		}
		// by the column's own position: one field may stand under two headers, each with its unit
		v, fine := l.value(col, l.cells[col.position])
		ok = ok && fine
		given = given || v != nil || !fine
		if v != nil {
			cells[col.slot-slotFirst-1] = v
		}
	}
	switch {
	case !ok:
		return false
	case !given:
		return f.none(l)
	case key == "":
		l.fail(l.number, l.at[slotFirst], "", fmt.Sprintf("缺少 %s", table.Key))
		return false
	case f.empty > 0:
		l.fail(l.number, l.at[slotFirst], "", fmt.Sprintf("第 %d 行说这户没有记录，这里却有一条", f.empty))
		return false
	case f.keys[key] > 0:
		l.fail(l.number, l.at[slotFirst], key, fmt.Sprintf("%s“%s”与第 %d 行重复", table.Key, key, f.keys[key]))
		return false
	}
	return f.add(l, table.NewRecord(key, cells))
}

// none takes a row that says that there are no records.
func (f *firmRecords) none(l *line) bool {
	if l.at[slotCode] == nil {
		l.fail(l.number, nil, "", "有一条记录是空的；没有记录写作空数组 []")
		return false
	}
	if f.empty > 0 || len(f.rows) > 0 {
		l.fail(l.number, nil, "", "空行表示这户没有记录，不能与这户的其他行并存")
		return false
	}
	f.empty = l.number
	return true
}

func (f *firmRecords) add(l *line, record *formula.Record) bool {
	if len(f.rows) >= l.opts.Limits.Records {
		if !f.capped {
			l.fail(l.number, nil, "", fmt.Sprintf("这户的记录超过 %d 条", l.opts.Limits.Records))
		}
		f.capped = true
		return false
	}
	f.rows = append(f.rows, record)
	f.keys[record.Key] = l.number
	return true
}

// sorted returns the records by the bytes of their keys.
func (f *firmRecords) sorted() []*formula.Record {
	slices.SortFunc(f.rows, func(a, b *formula.Record) int { return strings.Compare(a.Key, b.Key) })
	return f.rows
}
