package column

import "encoding/binary"

// reader reads the body of a chunk. After the first thing that isn't as it must be, err is set and all that is read is zero.
type reader struct {
	left []byte
	err  error
}

func (r *reader) expect(ok bool, what string) {
	if !ok && r.err == nil {
		r.err = malformed("%s", what)
		r.left = nil
	}
}

// take returns the next n bytes, or nil.
func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.left) {
		r.expect(false, "too short")
		return nil
	}
	b := r.left[:n]
	r.left = r.left[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// count reads a count or length that is at most most.
func (r *reader) count(most int) int {
	v, n := binary.Uvarint(r.left)
	if n <= 0 || v > uint64(most) {
		r.expect(false, "a count")
		return 0
	}
	r.left = r.left[n:]
	return int(v)
}

func (r *reader) text() string { return string(r.take(r.count(len(r.left)))) }

func (r *reader) day() int32 {
	v, n := binary.Varint(r.left)
	if n <= 0 || int64(int32(v)) != v {
		r.expect(false, "a day")
		return 0
	}
	r.left = r.left[n:]
	return int32(v)
}

func (r *reader) row() int {
	if b := r.take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

// bits reads a bitmap of rows bits into words, which are zero: a part of within, or of all if that is nil.
func (r *reader) bits(words, within []uint64, rows int) {
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
		r.expect(false, "a bitmap")
	}
}

func (r *reader) words(words, within []uint64, rows int) {
	b := r.take(8 * len(words))
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
	r.expect(stray == 0, "bits outside a bitmap")
}

// from reads which of n origins each row has.
func (r *reader) from(rows []uint16, n int) {
	switch r.byte() {
	case fromRuns:
		r.runs(rows, n)
	case fromListed:
		b := r.take(2 * len(rows))
		for i := range rows {
			if b != nil {
				rows[i] = binary.LittleEndian.Uint16(b[2*i:])
			}
			r.expect(int(rows[i]) < n, "an origin")
		}
	default:
		r.expect(false, "origins of rows")
	}
}

func (r *reader) runs(rows []uint16, n int) {
	for range r.count(len(rows)) {
		run := rows[:r.count(len(rows))]
		rows = rows[len(run):]
		at := uint16(r.count(n - 1))
		for i := range run {
			run[i] = at
		}
	}
	r.expect(len(rows) == 0, "origins of rows")
}

// readWhole reads n whole numbers of at most most bytes into rows: into the known ones, or the first n if known is nil.
func readWhole[T whole](r *reader, rows []T, known []uint64, n, most int) {
	head := r.take(9)
	if head == nil {
		return
	}
	base, width := T(binary.LittleEndian.Uint64(head)), int(head[8])
	r.expect(width <= most, "a width")
	b := r.take(width * n)
	if r.err != nil {
		return
	}
	widen(rows[:n], b, base, width)
	if known != nil {
		spread(rows, known, n)
	}
}

// widen sets each of rows to base and the next width bytes of b.
func widen[T whole](rows []T, b []byte, base T, width int) {
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

// spread moves the first n values to the n known rows, in order, and zeroes the others. It goes from the end, where a row
// never lies before the place its value comes from, and doesn't branch on bits that no processor can foresee.
func spread[T whole](rows []T, known []uint64, n int) {
	if n == len(rows) {
		return
	}
	for i := len(rows) - 1; i >= 0; i-- {
		bit := int(known[i>>6] >> (uint(i) & 63) & 1)
		n -= bit
		rows[i] = rows[n] & -T(bit)
	}
}
