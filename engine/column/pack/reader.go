package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is what the error of a Reader wraps.
var ErrMalformed = errors.New("column: malformed chunk")

// Reader reads what the functions of this package appended. After the first thing that isn't as it must be, Err says so and all that is read is zero or empty.
type Reader struct {
	left []byte
	err  error
}

// NewReader returns a reader of body.
func NewReader(body []byte) *Reader { return &Reader{left: body} }

// Err is the first thing that wasn't as it must be, or nil.
func (r *Reader) Err() error { return r.err }

// Left is how many bytes weren't read yet.
func (r *Reader) Left() int { return len(r.left) }

// Expect makes what the error, unless ok or there is one already.
func (r *Reader) Expect(ok bool, what string) {
	if !ok && r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, what)
		r.left = nil
	}
}

// Take returns the next n bytes, or nil.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.left) {
		r.Expect(false, "too short")
		return nil
	}
	b := r.left[:n]
	r.left = r.left[n:]
	return b
}

func (r *Reader) byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Count reads a count or length that is at most most.
func (r *Reader) Count(most int) int {
	v, n := binary.Uvarint(r.left)
	if n <= 0 || v > uint64(most) {
		r.Expect(false, "a count")
		return 0
	}
	r.left = r.left[n:]
	return int(v)
}

// Text reads a text with its length.
func (r *Reader) Text() string { return string(r.Take(r.Count(len(r.left)))) }

// Day reads a varint that is an int32.
func (r *Reader) Day() int32 {
	v, n := binary.Varint(r.left)
	if n <= 0 || int64(int32(v)) != v {
		r.Expect(false, "a day")
		return 0
	}
	r.left = r.left[n:]
	return int32(v)
}

// Row reads a number of two bytes.
func (r *Reader) Row() int {
	if b := r.Take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

// Bits reads a bitmap of rows bits into words, which are zero: a part of within, or of all if that is nil.
func (r *Reader) Bits(words, within []uint64, rows int) {
	switch r.byte() {
	case bitsNone:
	case bitsAll:
		if within == nil {
			setAll(words, rows)
		}
		copy(words, within)
	case bitsListed:
		r.words(words, within, rows)
	default:
		r.Expect(false, "a bitmap")
	}
}

func (r *Reader) words(words, within []uint64, rows int) {
	b := r.Take(8 * len(words))
	if b == nil {
		return
	}
	stray := uint64(0)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(b[8*i:])
		if within != nil {
			stray |= words[i] &^ within[i]
		}
	}
	if tail := uint(rows) & 63; tail > 0 {
		stray |= words[len(words)-1] >> tail
	}
	r.Expect(stray == 0, "bits outside a bitmap")
}

// Places reads which of n origins each row has.
func (r *Reader) Places(rows []uint16, n int) {
	switch r.byte() {
	case placeRuns:
		r.runs(rows, n)
	case placesListed:
		b := r.Take(2 * len(rows))
		for i := range rows {
			if b != nil {
				rows[i] = binary.LittleEndian.Uint16(b[2*i:])
			}
			r.Expect(int(rows[i]) < n, "an origin")
		}
	default:
		r.Expect(false, "origins of rows")
	}
}

func (r *Reader) runs(rows []uint16, n int) {
	for range r.Count(len(rows)) {
		run := rows[:r.Count(len(rows))]
		rows = rows[len(run):]
		at := uint16(r.Count(n - 1))
		for i := range run {
			run[i] = at
		}
	}
	r.Expect(len(rows) == 0, "origins of rows")
}

// ReadWhole reads n whole numbers of at most most bytes into rows: into the known ones, or the first n if known is nil.
func ReadWhole[T Whole](r *Reader, rows []T, known []uint64, n, most int) {
	head := r.Take(9)
	if head == nil {
		return
	}
	base, width := T(binary.LittleEndian.Uint64(head)), int(head[8])
	r.Expect(width <= most, "a width")
	b := r.Take(width * n)
	if r.err != nil {
		return
	}
	widen(rows[:n], b, base, width)
	if known != nil {
		Spread(rows, known, n)
	}
}

// widen sets each of rows to base and the next width bytes of b.
func widen[T Whole](rows []T, b []byte, base T, width int) {
	switch width {
	case 0:
		for i := range rows {
			rows[i] = base
		}
		return
	case 1:
		for i, v := range b[:len(rows)] {
			rows[i] = base + T(v)
		}
		return
	case 8:
		for i := range rows {
			rows[i] = base + T(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return
	}
	mask := uint64(1)<<(8*width) - 1
	safe := max(0, len(rows)-8/width-1) // rows after which eight bytes can still be read
	for i := range rows[:safe] {
		rows[i] = base + T(binary.LittleEndian.Uint64(b[i*width:])&mask)
	}
	for i := safe; i < len(rows); i++ {
		var last [8]byte
		copy(last[:width], b[i*width:])
		rows[i] = base + T(binary.LittleEndian.Uint64(last[:]))
	}
}

// Spread moves the first n values to the n known rows, in order, and zeroes the others. It goes from the end, where a row
// never lies before the place its value comes from, and doesn't branch on bits that no processor can foresee.
func Spread[T Whole](rows []T, known []uint64, n int) {
	if n == len(rows) {
		return
	}
	for i := len(rows) - 1; i >= 0; i-- {
		bit := int(known[i>>6] >> (uint(i) & 63) & 1)
		n -= bit
		rows[i] = rows[n] & -T(bit)
	}
}
