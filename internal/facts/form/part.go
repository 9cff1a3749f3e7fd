package form

import (
	"encoding/binary"
	"fmt"
	"sync"
	"unicode/utf8"

	"mianshen/engine/column"
	"mianshen/internal/intake/delivery"
)

const partMagic = "msfP\x01"

// What OpenPart takes at most.
const (
	maxPartRows    = 1 << 20
	maxPartColumns = 2000
	maxSeriesName  = 256
)

// Part is some rows of a delivery as they are stored. Its columns are only decoded when they are asked for.
type Part struct {
	Rows    int
	Series  []string // in the order of the delivery
	codes   []byte
	names   [][]byte // chunks; nil where the delivery has no names
	columns map[string][][]byte
}

// bodies hold the body of a part until it stands in its frame. One that grew anew for each part was half of all that taking in a
// delivery allocated.
var bodies sync.Pool

// EncodePart writes a part of a delivery. The same part gives the same bytes within one build of the program. The error is
// about a code that isn't one.
//
// The head has the number of rows, 1 where there are names, the number of columns and, for the codes, the names and each column,
// what it is called and the lengths of its chunks; the body is the chunks.
func EncodePart(p delivery.Part) ([]byte, error) {
	codes := make([]Code, len(p.Codes))
	for i, text := range p.Codes {
		code, ok := CodeOf(text)
		if !ok {
			return nil, fmt.Errorf("code %q has %d bytes", text, len(text))
		}
		codes[i] = code
	}
	rows := len(codes)
	head := binary.AppendUvarint(nil, uint64(rows))
	named := uint64(0)
	if p.Names != nil {
		named = 1
	}
	head = binary.AppendUvarint(head, named)
	head = binary.AppendUvarint(head, uint64(len(p.Columns)))
	scratch, _ := bodies.Get().(*[]byte)
	if scratch == nil {
		scratch = new([]byte)
	}
	body := (*scratch)[:0]
	body = append(body, EncodeCodes(codes)...)
	head = binary.AppendUvarint(head, uint64(len(body)))
	if p.Names != nil {
		head, body = appendColumn(head, body, textColumn(p.Names))
	}
	for _, c := range p.Columns {
		head = append(binary.AppendUvarint(head, uint64(len(c.Series))), c.Series...)
		head, body = appendColumn(head, body, c.Column)
	}
	out := frame(partMagic, head, body)
	*scratch = body
	bodies.Put(scratch)
	return out, nil
}

func appendColumn(head, body []byte, c *column.Column) (newHead, newBody []byte) {
	for from := 0; from < c.Rows; from += column.ChunkRows {
		before := len(body)
		body = column.Append(body, c, from, min(column.ChunkRows, c.Rows-from))
		head = binary.AppendUvarint(head, uint64(len(body)-before))
	}
	return head, body
}

// textColumn makes a column of texts; "" is a missing one.
func textColumn(texts []string) *column.Column {
	b := column.NewBuilder(column.Text)
	for _, t := range texts {
		if t == "" {
			b.Missing()
			continue
		}
		b.Text([]byte(t))
	}
	return b.Take(column.Origin{})
}

// OpenPart reads the head of what EncodePart wrote. The part keeps data.
func OpenPart(data []byte) (*Part, error) {
	head, body, err := unframe(partMagic, data)
	if err != nil {
		return nil, err
	}
	r := &partReader{reader: reader{rest: head}, body: body}
	p := &Part{Rows: r.count(maxPartRows), columns: map[string][][]byte{}}
	r.chunks = (p.Rows + column.ChunkRows - 1) / column.ChunkRows
	named, columns := r.count(1), r.count(maxPartColumns)
	p.codes = r.chunk()
	if named == 1 {
		p.names = r.column()
	}
	for range columns {
		series := r.text(maxSeriesName)
		p.Series = append(p.Series, series)
		p.columns[series] = r.column()
	}
	if r.bad || len(r.rest) > 0 || len(r.body) > 0 || len(p.columns) != columns {
		return nil, damaged("head of a part")
	}
	return p, nil
}

// partReader reads lengths from rest, and what they are the lengths of from body.
type partReader struct {
	reader
	body   []byte
	chunks int
}

func (r *partReader) chunk() []byte {
	n := r.count(len(r.body))
	b := r.body[:n:n]
	r.body = r.body[n:]
	return b
}

func (r *partReader) column() [][]byte {
	chunks := make([][]byte, r.chunks)
	for i := range chunks {
		chunks[i] = r.chunk()
	}
	return chunks
}

// Codes returns the enterprises of the rows.
func (p *Part) Codes() ([]Code, error) {
	codes, err := DecodeCodes(make([]Code, 0, p.Rows), p.codes)
	if err == nil && len(codes) != p.Rows {
		err = damaged("%d codes for %d rows", len(codes), p.Rows)
	}
	return codes, err
}

// Names returns what the enterprises of the rows are called, "" where nobody said; nil where the delivery has no names.
func (p *Part) Names() ([]string, error) {
	if p.names == nil {
		return nil, nil
	}
	c, err := column.Join(p.names, p.Rows)
	if err != nil {
		return nil, damaged("names: %v", err)
	}
	names := make([]string, p.Rows)
	for i := range names {
		if c.Kind == column.Text && c.IsKnown(i) && utf8.ValidString(c.Dict[c.Codes[i]]) {
			names[i] = c.Dict[c.Codes[i]]
		}
	}
	return names, nil
}

// Size is how many bytes a column takes, 0 for one that the part doesn't have.
func (p *Part) Size(series string) (bytes int) {
	for _, chunk := range p.columns[series] {
		bytes += len(chunk)
	}
	return bytes
}

// Column decodes the column of a series, nil for one that the part doesn't have. It may be called from many goroutines.
func (p *Part) Column(series string) (*column.Column, error) {
	chunks, ok := p.columns[series]
	if !ok {
		return nil, nil
	}
	c, err := column.Join(chunks, p.Rows)
	if err != nil {
		return nil, damaged("%s: %v", series, err)
	}
	return c, nil
}
