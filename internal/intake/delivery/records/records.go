// Package records writes the records that one enterprise has in one table as bytes, and reads them back. The same records give
// the same bytes. Columns are told by their ids, so that a table may gain and lose columns while old bytes stay readable.
package records

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// ErrDamaged is what an error about bytes that Encode didn't write wraps.
var ErrDamaged = errors.New("damaged records")

// The form, with lengths and counts as uvarints:
//
//	version 1 byte, count of columns, their ids, count of records
//	each record: key, and for each column a tag (1 byte) with what belongs to it
const version = 1

// The tags of values. Numbers that aren't whole are their text, n/d in lowest terms.
const (
	tagMissing = iota
	tagFalse
	tagTrue
	tagWhole // varint
	tagRatio // text
	tagDate  // uvarint, civil.Date.Number
	tagText
	tagSet // count and members, sorted
)

// What Decode takes at most.
const (
	maxRecords = 10_000
	maxColumns = 200
	maxMembers = 1000
)

// Encode returns the bytes of records of a table, in their order. No records are bytes too: known, and none. Values have the
// kinds of the table's columns; unknown ones are written as missing.
func Encode(table *rules.Field, rows []*formula.Record) []byte {
	b := []byte{version}
	b = binary.AppendUvarint(b, uint64(len(table.Columns)))
	for _, c := range table.Columns {
		b = appendText(b, c.ID)
	}
	b = binary.AppendUvarint(b, uint64(len(rows)))
	for _, r := range rows {
		b = appendText(b, r.Key)
		for i := range table.Columns {
			b = appendValue(b, r.Columns[i])
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v *formula.Value) []byte {
	if v == nil || !v.Known() {
		return append(b, tagMissing)
	}
	switch v.Kind() {
	case formula.Bool:
		if v.True() {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case formula.Number:
		if n, ok := v.Num().Int64(); ok {
			return binary.AppendVarint(append(b, tagWhole), n)
		}
		return appendText(append(b, tagRatio), v.Num().Rat().RatString())
	case formula.Date:
		return binary.AppendUvarint(append(b, tagDate), uint64(v.Day().Number()))
	case formula.Set:
		b = binary.AppendUvarint(append(b, tagSet), uint64(len(v.Members())))
		for _, m := range v.Members() {
			b = appendText(b, m)
		}
		return b
	}
	return appendText(append(b, tagText), v.Text())
}

// Decode returns the records that Encode wrote, for a table as it is now: a column that the bytes don't have is missing, one
// that the table doesn't have or has with another type is left out. The error wraps ErrDamaged.
func Decode(table *rules.Field, data []byte) ([]*formula.Record, error) {
	d := &decoder{rest: data}
	if d.byte() != version {
		d.bad = true
	}
	columns := make([]*rules.Field, d.count(maxColumns))
	for i := range columns {
		columns[i], _ = table.Column(d.text())
	}
	n := d.count(maxRecords)
	var rows []*formula.Record
	cells := make([]*formula.Value, len(table.Columns))
	for i := 0; i < n && !d.bad; i++ {
		key := d.text()
		clear(cells)
		for _, c := range columns {
			if v := d.value(); c != nil && v != nil && v.Kind() == c.FormulaType().Kind {
				cells[c.Index] = v
			}
		}
		rows = append(rows, table.NewRecord(key, cells))
	}
	if d.bad || len(d.rest) > 0 {
		return nil, fmt.Errorf("%s: %w", table.Name, ErrDamaged)
	}
	return rows, nil
}

// decoder reads from the front of rest; after a mistake it is bad and gives zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads a count of things that take at least a byte each.
func (d *decoder) count(most int) int {
	v := d.uvarint()
	if v > uint64(most) || v > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(v)
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// value reads one value; nil is missing, or a mistake.
func (d *decoder) value() *formula.Value {
	switch tag := d.byte(); tag {
	case tagMissing:
		return nil
	case tagFalse, tagTrue:
		return formula.BoolOf(tag == tagTrue)
	case tagWhole:
		v, n := binary.Varint(d.rest)
		if n <= 0 {
			d.bad, d.rest = true, nil
			return nil
		}
		d.rest = d.rest[n:]
		return formula.NumberOf(exact.Int(v))
	case tagRatio:
		return d.ratio()
	case tagDate:
		day, ok := civil.FromNumber(int32(min(d.uvarint(), 1<<30)))
		d.bad = d.bad || !ok
		return formula.DateOf(day)
	case tagText:
		return formula.TextOf(d.text())
	case tagSet:
		members := make([]string, d.count(maxMembers))
		for i := range members {
			members[i] = d.text()
		}
		return formula.SetOf(members)
	}
	d.bad = true
	return nil
}

// maxRatio caps the text of a number.
const maxRatio = 700

func (d *decoder) ratio() *formula.Value {
	text := d.text()
	r, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > maxRatio || r.RatString() != text {
		d.bad = true
		return nil
	}
	n, err := exact.FromRat(r)
	if err != nil {
		d.bad = true
		return nil
	}
	return formula.NumberOf(n)
}
