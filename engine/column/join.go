package column

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"mianshen/engine/column/decimal"
	"mianshen/engine/column/intern"
	"mianshen/engine/column/pack"
)

// ErrChunk is what every error about bytes that are not a chunk, or not the chunk expected, wraps.
var ErrChunk = pack.ErrMalformed

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrChunk, fmt.Sprintf(format, args...))
}

// Decode returns the column that one chunk holds. Errors wrap ErrChunk. No bytes cost more memory than a small multiple of
// their number, or of the 64 MiB that a compressed body may unfold to.
func Decode(data []byte) (*Column, error) {
	head, err := open(data)
	if err != nil {
		return nil, err
	}
	return Join([][]byte{data}, head.rows)
}

// Join returns the column of rows rows that chunks, in order, make up; all but the last must be full. Chunks of kind Nothing
// go with any other kind. The column doesn't keep the chunks. Errors wrap ErrChunk, or are ErrOrigins.
func Join(chunks [][]byte, rows int) (*Column, error) {
	heads := make([]chunk, len(chunks))
	c := &Column{Rows: rows}
	left := rows
	for i, data := range chunks {
		head, err := open(data)
		if err != nil {
			return nil, fmt.Errorf("chunk %d: %w", i, err)
		}
		if want := min(left, ChunkRows); head.rows != want || want == 0 && len(chunks) > 1 {
			return nil, fmt.Errorf("chunk %d: %w", i, malformed("%d rows, not %d", head.rows, want))
		}
		if c.Kind != Nothing && head.kind != Nothing && c.Kind != head.kind {
			return nil, fmt.Errorf("chunk %d: %w", i, malformed("kind %d in a column of kind %d", head.kind, c.Kind))
		}
		left -= head.rows
		c.Kind, c.Scale = max(c.Kind, head.kind), max(c.Scale, head.scale)
		heads[i] = head
	}
	if left != 0 {
		return nil, malformed("%d rows are missing", left)
	}
	j := newJoiner(c)
	for i, head := range heads {
		if err := j.add(head, i*ChunkRows); err != nil {
			return nil, fmt.Errorf("chunk %d: %w", i, err)
		}
	}
	return j.finish(), nil
}

// chunk is a chunk whose header was read and whose checksum is right.
type chunk struct {
	kind   Kind
	scale  uint8
	packed bool
	rows   int
	body   []byte
}

func open(data []byte) (chunk, error) {
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		return chunk{}, malformed("no header")
	}
	sum := crc32.Checksum(data[headAt:], crc32.MakeTable(crc32.Castagnoli))
	if sum != binary.LittleEndian.Uint32(data[crcAt:]) {
		return chunk{}, malformed("checksum")
	}
	head := data[headAt:]
	h := chunk{
		kind: Kind(head[0]), scale: head[1], packed: head[2] == packed,
		rows: int(binary.LittleEndian.Uint16(head[3:])), body: data[headerSize:],
	}
	if h.kind > Records || h.scale > MaxScale || h.scale > 0 && h.kind != Number || head[2] > packed || h.rows > ChunkRows {
		return chunk{}, malformed("kind %d, scale %d, packing %d, %d rows", h.kind, h.scale, head[2], h.rows)
	}
	return h, nil
}

// joiner puts chunks into a column whose slices have their full length from the beginning.
type joiner struct {
	c       *Column
	origins *originMerger
	texts   *intern.Table
	scratch []byte   // the body of the chunk, if that was compressed
	codes   []uint32 // by code of the chunk: code of the column
}

func newJoiner(c *Column) *joiner {
	c.Known = make([]uint64, Words(c.Rows))
	c.makeValues()
	return &joiner{c: c, origins: newOriginMerger(c), texts: intern.New()}
}

// makeValues makes the slice of the Kind, for Rows rows of which nothing is known.
func (c *Column) makeValues() {
	switch c.Kind {
	case Bool:
		c.Bits = make([]uint64, Words(c.Rows))
	case Number:
		c.Ints = make([]int64, c.Rows)
	case Date:
		c.Days = make([]int32, c.Rows)
	case Text, Set, Records:
		c.Codes = make([]uint32, c.Rows)
	}
}

func (j *joiner) finish() *Column {
	j.c.Dict = j.texts.Take()
	j.c.completeDict()
	j.c.settle()
	return j.c
}

// add reads a chunk into the rows from at on.
func (j *joiner) add(h chunk, at int) error {
	body := h.body
	if h.packed {
		var err error
		if body, err = pack.Unsqueeze(j.scratch, body); err != nil {
			return err
		}
		j.scratch = body
	}
	c, end := j.c, at+h.rows
	known := c.Known[at>>6 : Words(end)]
	r := pack.NewReader(body)
	r.Bits(known, nil, h.rows)
	if err := j.readOrigins(r, at, h.rows); err != nil {
		return err
	}
	n := pack.Count(known)
	switch h.kind {
	case Nothing:
		r.Expect(n == 0, "values of no kind")
	case Bool:
		r.Bits(c.Bits[at>>6:Words(end)], known, h.rows)
	case Number:
		j.readNumbers(r, h, at, n)
	case Date:
		pack.ReadWhole(r, c.Days[at:end], known, n, 4)
	case Text, Set, Records:
		j.readCodes(r, c.Codes[at:end], known, n)
	}
	r.Expect(r.Left() == 0, "bytes after the end")
	return r.Err()
}

func (j *joiner) readOrigins(r *pack.Reader, at, rows int) error {
	n := r.Count(rows)
	places := make([]uint16, 0, min(n, r.Left()))
	for range n {
		o := Origin{Source: r.Text(), On: r.Day(), Delivery: r.Text(), Reason: r.Text()}
		if r.Err() != nil {
			return r.Err()
		}
		place, ok := j.origins.place(o)
		if !ok {
			return ErrOrigins
		}
		places = append(places, place)
	}
	r.Expect(rows == 0 || n > 0, "no origin")
	if r.Err() != nil || j.c.From == nil {
		return r.Err()
	}
	from := j.c.From[at : at+rows]
	if n > 1 {
		r.Places(from, n)
	}
	for i, local := range from {
		if n > 0 && r.Err() == nil {
			from[i] = places[local]
		}
	}
	return r.Err()
}

// readNumbers reads n numbers and the odd ones among them.
func (j *joiner) readNumbers(r *pack.Reader, h chunk, at, n int) {
	c, rows := j.c, j.c.Ints[at:at+h.rows]
	pack.ReadWhole(r, rows, c.Known[at>>6:Words(at+h.rows)], n, 8)
	r.Expect(decimal.AllFit(rows), "a number over the limit")
	if r.Err() != nil {
		return
	}
	if h.scale < c.Scale {
		part := &Column{Kind: Number, Scale: h.scale, Rows: h.rows, Ints: rows}
		part.rescale(c.Scale)
		for i, text := range part.Odd {
			c.setOdd(at+i, text)
		}
	}
	for range r.Count(h.rows) {
		row, text := r.Row(), r.Text()
		if row >= h.rows || !c.IsKnown(at+row) || c.Ints[at+row] != 0 || !isOdd(text) {
			r.Expect(false, "an odd value")
			return
		}
		c.setOdd(at+row, text)
	}
}

// isOdd reports whether a text is in lowest terms.
func isOdd(text string) bool {
	n, scale, odd, err := decimal.Parse(text)
	if err == nil && odd == "" { // odd at the scale of the chunk
		odd = decimal.Text(n, scale)
	}
	return err == nil && odd == text
}

// readCodes reads a dictionary and n codes.
func (j *joiner) readCodes(r *pack.Reader, rows []uint32, known []uint64, n int) {
	j.readDict(r, n)
	pack.ReadWhole(r, rows, nil, n, 4)
	if r.Err() != nil {
		return
	}
	for i, code := range rows[:n] {
		if int64(code) >= int64(len(j.codes)) {
			r.Expect(false, "a code without text")
			return
		}
		rows[i] = j.codes[code]
	}
	pack.Spread(rows, known, n)
}

// readDict reads a dictionary of at most n texts into codes and the column's.
func (j *joiner) readDict(r *pack.Reader, n int) {
	lengths := make([]int, r.Count(n))
	total := 0
	for i := range lengths {
		lengths[i] = r.Count(r.Left())
		total += lengths[i]
	}
	texts := r.Take(total)
	if r.Err() != nil {
		return
	}
	all := "" // the texts that are new are parts of one string
	j.codes = j.codes[:0]
	at := 0
	for _, n := range lengths {
		text := texts[at : at+n]
		code, hash, ok := j.texts.Find(text)
		if !ok {
			if all == "" {
				all = string(texts)
			}
			code = j.texts.Add(hash, all[at:at+n])
		}
		j.codes = append(j.codes, code)
		at += n
	}
}
