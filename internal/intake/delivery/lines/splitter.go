// Package lines takes CSV text apart fast: a Splitter cuts a stream into pieces of whole records, which several goroutines may
// then walk through at the same time, each with a Walker. It reads the same cells and refuses the same files as
// internal/sheet does, RFC 4180 taken strictly, and knows nothing of what they mean.
package lines

import (
	"bytes"
	"io"

	"mianshen/internal/sheet"
)

// Limits caps what a Splitter passes on.
type Limits struct {
	Rows      int // of the file, blank ones too
	LineBytes int // bytes of one record
	Piece     int // bytes at which a piece ends with the record that it is in
}

// Piece is some whole records of a file.
type Piece struct {
	First   int    // number of its first row, from 1 as spreadsheets count: a record is one row, however many lines it has
	Records int    // how many rows it has; blank ones are counted
	Data    []byte // ends with a newline
	Broken  bool   // the last row is cut off: it is too long, or a quote is open at the end of the file
	End     bool   // of a Broken piece: the file ended there
}

// block is how much is read at a time.
const block = 256 << 10

// Splitter cuts a stream of UTF-8 text into pieces.
type Splitter struct {
	in     io.Reader
	limits Limits
	carry  []byte // read, but past the end of the last piece
	row    int    // rows passed on
	ended  bool   // in has no more
	done   bool
	bare   bool
}

// NewSplitter reads from in, which has no byte order mark.
func NewSplitter(in io.Reader, limits Limits) *Splitter { return &Splitter{in: in, limits: limits} }

// Bare returns the number of the last row when it doesn't end in a newline and so may have been cut off; 0 otherwise. It is
// complete once Next has given io.EOF.
func (s *Splitter) Bare() int {
	if s.bare {
		return s.row
	}
	return 0
}

// scan is how far the text of a piece has been looked at.
type scan struct {
	at      int  // everything before is whole lines
	record  int  // where the current record begins
	records int  // whole ones before that
	open    bool // at is inside quotes
	endless bool // the current record is too long
}

// Next returns the next piece, of so many records at most, in buf or what it has grown to; io.EOF after the last; or a
// *sheet.Error.
func (s *Splitter) Next(buf []byte, records int) (Piece, error) {
	if s.done {
		return Piece{}, io.EOF
	}
	p := Piece{First: s.row + 1, Data: append(buf[:0], s.carry...)}
	s.carry = s.carry[:0]
	var at scan
	for !s.full(&p, &at, records) {
		if s.ended {
			return s.last(p, at)
		}
		if err := s.read(&p); err != nil {
			s.done = true
			return Piece{}, unread(err)
		}
	}
	if s.row+at.records > s.limits.Rows {
		return Piece{}, s.tooMany()
	}
	if at.endless && at.record == 0 {
		s.done, p.Broken, p.Records = true, true, 1
		p.Data = append(p.Data[:at.at], '\n')
		return p, nil
	}
	s.carry = append(s.carry, p.Data[at.record:]...)
	p.Data, p.Records = p.Data[:at.record], at.records
	s.row += at.records
	return p, nil
}

func (s *Splitter) tooMany() error {
	s.done = true
	return &sheet.Error{Row: s.limits.Rows + 1, Message: "行数超过上限，请拆分文件"}
}

// full goes on over whole lines until the piece has enough or meets a record without end, and reports whether it has.
func (s *Splitter) full(p *Piece, at *scan, records int) bool {
	for at.records < records && at.record < s.limits.Piece {
		n := bytes.IndexByte(p.Data[at.at:], '\n')
		end := at.at + n + 1
		if n < 0 {
			end = len(p.Data)
		}
		if end-at.record > s.limits.LineBytes {
			at.endless, at.at = true, end
			return true
		}
		if n < 0 {
			return false
		}
		if bytes.Count(p.Data[at.at:end], quote)%2 == 1 {
			at.open = !at.open
		}
		at.at = end
		if !at.open {
			at.record = at.at
			at.records++
		}
	}
	return true
}

var quote = []byte{'"'}

// read appends a block of text.
func (s *Splitter) read(p *Piece) error {
	n := len(p.Data)
	if cap(p.Data)-n < block {
		p.Data = append(make([]byte, 0, 2*cap(p.Data)+block), p.Data...)
	}
	got, err := io.ReadFull(s.in, p.Data[n:n+block])
	p.Data = p.Data[:n+got]
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.ended = true
		return nil
	}
	return err
}

// last is the piece at the end of the file.
func (s *Splitter) last(p Piece, at scan) (Piece, error) {
	s.done = true
	if len(p.Data) == 0 {
		return Piece{}, io.EOF
	}
	if rest := p.Data[at.at:]; len(rest) > 0 {
		s.bare = true
		at.open = at.open != (bytes.Count(rest, quote)%2 == 1)
		p.Data = append(p.Data, '\n')
	}
	p.Records = at.records
	if at.record < len(p.Data) {
		p.Records++
	}
	s.row += p.Records
	if s.row > s.limits.Rows {
		return Piece{}, s.tooMany()
	}
	p.Broken, p.End = at.open, at.open
	return p, nil
}
