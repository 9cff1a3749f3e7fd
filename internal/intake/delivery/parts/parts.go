// Package parts holds a delivery's rows as they are stored: some consecutive enterprises with a typed column for each series,
// and the one blob that such a part is written as.
package parts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unicode/utf8"

	"mianshen/engine/column"
)

// MaxRows is how many rows a part has at most.
const MaxRows = 32_768

// Part is some consecutive rows of a delivery.
type Part struct {
	N       int      // position in the delivery, from 0
	Codes   []string // 统一社会信用代码 of each row, in normal form; no code comes twice in a delivery
	Names   []string // 企业名称 of each row, "" where there is none; nil where the file has no such column
	Columns []NamedColumn
}

// NamedColumn is a series and its values in the base unit of its fields: 分 for money, the plain ratio for percentages. All of
// its rows have the zero Origin. A series that a part doesn't have is missing there.
type NamedColumn struct {
	Series string
	*column.Column
}

// ErrDamaged is what an error about bytes that Encode didn't write wraps.
var ErrDamaged = errors.New("damaged part of a delivery")

// The form, with lengths and counts as uvarints:
//
//	magic and version, CRC-32C of what follows (4 bytes, little-endian)
//	N, rows, 1 where there are names, count of columns, their series
//	chunks of the codes, of the names if there are any, of each column: each with its length, ChunkRows rows and the last fewer
const magic = "mscP\x01"

// What Decode takes at most.
const (
	codeLength     = 18
	maxPartBytes   = 1 << 30
	maxPartColumns = 2000
	maxCells       = 8 << 20
	maxSeriesName  = 256
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the part as one blob with a checksum. The same part gives the same bytes within one build of the program.
// The part has at most MaxRows rows, codes and all columns of the same length.
func Encode(p Part) []byte {
	b := append(make([]byte, 0, 64<<10), magic...)
	b = append(b, 0, 0, 0, 0)
	b = binary.AppendUvarint(b, uint64(p.N))
	b = binary.AppendUvarint(b, uint64(len(p.Codes)))
	named := uint64(0)
	if p.Names != nil {
		named = 1
	}
	b = binary.AppendUvarint(b, named)
	b = binary.AppendUvarint(b, uint64(len(p.Columns)))
	for _, c := range p.Columns {
		b = binary.AppendUvarint(b, uint64(len(c.Series)))
		b = append(b, c.Series...)
	}
	b = appendColumn(b, textColumn(p.Codes))
	if p.Names != nil {
		b = appendColumn(b, textColumn(p.Names))
	}
	for _, c := range p.Columns {
		b = appendColumn(b, c.Column)
	}
	binary.LittleEndian.PutUint32(b[len(magic):], crc32.Checksum(b[len(magic)+4:], castagnoli))
	return b
}

// textColumn makes a column of texts; "" is a missing one.
func textColumn(texts []string) *column.Column {
	c := &column.Column{
		Kind: column.Text, Rows: len(texts), Known: make([]uint64, column.Words(len(texts))), Codes: make([]uint32, len(texts)),
		Origins: []column.Origin{{}},
	}
	at := make(map[string]uint32, len(texts))
	for i, t := range texts {
		if t == "" {
			continue
		}
		code, known := at[t]
		if !known {
			code = uint32(len(c.Dict))
			at[t] = code
			c.Dict = append(c.Dict, t)
		}
		c.Codes[i] = code
		c.Known[i>>6] |= 1 << (uint(i) & 63)
	}
	if len(c.Dict) == 0 {
		c.Dict = []string{""}
	}
	return c
}

func appendColumn(b []byte, c *column.Column) []byte {
	var chunk []byte
	for from := 0; from < c.Rows; from += column.ChunkRows {
		chunk = column.Append(chunk[:0], c, from, min(column.ChunkRows, c.Rows-from))
		b = binary.AppendUvarint(b, uint64(len(chunk)))
		b = append(b, chunk...)
	}
	return b
}

// Decode reads what Encode wrote. The error wraps ErrDamaged: the bytes are damaged, or were never a part.
func Decode(data []byte) (Part, error) {
	p, err := decode(data)
	if err != nil {
		return Part{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return p, nil
}

func decode(data []byte) (p Part, err error) {
	head := len(magic) + 4
	if len(data) < head || len(data) > maxPartBytes || string(data[:len(magic)]) != magic {
		return p, errors.New("not a part")
	}
	if binary.LittleEndian.Uint32(data[len(magic):]) != crc32.Checksum(data[head:], castagnoli) {
		return p, errors.New("checksum differs")
	}
	d := &reader{rest: data[head:]}
	p.N = d.count(1 << 31)
	d.rows = d.count(MaxRows)
	named := d.count(1)
	series := make([]string, d.count(maxPartColumns))
	if d.rows*len(series) > maxCells {
		return p, errors.New("too many cells")
	}
	for i := range series {
		series[i] = string(d.bytes(maxSeriesName))
	}
	p.Codes = d.texts()
	if named == 1 {
		p.Names = d.texts()
	}
	for _, name := range series {
		c := d.column()
		if d.err != nil {
			break
		}
		p.Columns = append(p.Columns, NamedColumn{Series: name, Column: c})
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = errors.New("something follows the last column")
	}
	if d.err != nil {
		return Part{}, d.err
	}
	for _, code := range p.Codes {
		if len(code) != codeLength || !utf8.ValidString(code) {
			return Part{}, errors.New("a row has no code")
		}
	}
	return p, nil
}

// reader reads from the front of rest; after a mistake it gives zeros.
type reader struct {
	rest []byte
	rows int
	err  error
}

func (d *reader) count(most int) int {
	v, n := binary.Uvarint(d.rest)
	if d.err != nil || n <= 0 || v > uint64(most) {
		d.err = errors.New("a count is wrong")
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *reader) bytes(most int) []byte {
	n := d.count(min(most, len(d.rest)))
	if n > len(d.rest) {
		d.err = errors.New("cut off")
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *reader) column() *column.Column {
	var chunks [][]byte
	for from := 0; from < d.rows && d.err == nil; from += column.ChunkRows {
		chunks = append(chunks, d.bytes(maxPartBytes))
	}
	if d.err != nil {
		return nil
	}
	c, err := column.Join(chunks, d.rows)
	if err != nil {
		d.err = err
	}
	return c
}

func (d *reader) texts() []string {
	c := d.column()
	if d.err != nil {
		return nil
	}
	out := make([]string, d.rows)
	if c.Kind == column.Nothing {
		return out
	}
	if c.Kind != column.Text {
		d.err = errors.New("codes or names aren't text")
		return nil
	}
	for i := range out {
		if c.IsKnown(i) {
			out[i] = c.Dict[c.Codes[i]]
		}
	}
	return out
}
