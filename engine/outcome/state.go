package outcome

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"mianshen/engine/kernel"
)

// ErrState reports bytes that aren't a state, or one that has been damaged.
var ErrState = errors.New("not a state")

// stateMagic begins every state; the last byte is its version.
const stateMagic = "mianshen state\x00\x01"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendState appends the result as bytes: which rows are eligible and unknown for each item, and the amounts. Equal results
// give equal bytes.
func (r *Result) AppendState(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, stateMagic...)
	dst = binary.AppendUvarint(dst, uint64(r.rows))
	dst = binary.AppendUvarint(dst, uint64(len(r.items)))
	for _, g := range r.items {
		dst = binary.AppendUvarint(dst, uint64(len(g.ID)))
		dst = append(dst, g.ID...)
		fixed := uint64(0)
		if g.Amount {
			fixed = uint64(g.Fixed) + 1
		}
		dst = binary.AppendUvarint(dst, fixed)
	}
	for _, b := range r.blocks {
		dst = b.append(dst)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// append writes the sets of each item as their length and the gaps between rows, or as a bitmap, then the amounts.
func (r *Block) append(dst []byte) []byte {
	for k := range len(r.at) - 1 {
		rows := r.data[r.at[k]:r.at[k+1]]
		dst = binary.AppendUvarint(dst, uint64(len(rows)))
		if len(rows) == denseFrom {
			for _, w := range rows {
				dst = binary.LittleEndian.AppendUint16(dst, w)
			}
			continue
		}
		last := uint16(0)
		for _, row := range rows {
			dst = binary.AppendUvarint(dst, uint64(row-last))
			last = row
		}
	}
	for i := range len(r.paid) - 1 {
		dst = binary.AppendUvarint(dst, uint64(r.paid[i+1]-r.paid[i]))
	}
	return append(dst, r.sums...)
}

// stateReader reads a state; after the first fault everything is zero.
type stateReader struct {
	data []byte
	bad  bool
}

func (s *stateReader) number(most uint64) int {
	v, n := binary.Uvarint(s.data)
	if n <= 0 || v > most {
		s.bad = true
		s.data = nil
		return 0
	}
	s.data = s.data[n:]
	return int(v)
}

func (s *stateReader) bytes(n int) []byte {
	if n > len(s.data) {
		s.bad = true
		s.data = nil
		return nil
	}
	out := s.data[:n]
	s.data = s.data[n:]
	return out
}

// Bounds of a state that is still read.
const (
	maxStateRows  = 1 << 26
	maxStateItems = 1 << 17
)

// DecodeState reads what AppendState wrote. ErrState: it isn't that, or a byte of it has changed.
func DecodeState(data []byte) (*Result, error) {
	if len(data) < len(stateMagic)+4 || string(data[:len(stateMagic)]) != stateMagic {
		return nil, fmt.Errorf("no magic: %w", ErrState)
	}
	body, sum := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("checksum differs: %w", ErrState)
	}
	s := &stateReader{data: body[len(stateMagic):]}
	r := &Result{rows: s.number(maxStateRows), Faults: map[Fault]int{}}
	for range s.number(maxStateItems) {
		g := Item{ID: string(s.bytes(s.number(1 << 12)))}
		if fixed := s.number(1<<63 - 1); fixed > 0 {
			g.Amount, g.Fixed = true, int64(fixed-1)
		}
		r.items = append(r.items, g)
	}
	counts := make([]count, len(r.items))
	for left := r.rows; left > 0 && !s.bad; left -= kernel.Rows {
		b := s.block(len(r.items))
		r.blocks = append(r.blocks, b)
		b.count(r.items, counts)
	}
	if s.bad || len(s.data) > 0 {
		return nil, fmt.Errorf("ends early or late: %w", ErrState)
	}
	r.total(counts)
	return r, nil
}

func (s *stateReader) block(items int) *Block {
	b := &Block{at: make([]uint32, 1, 2*items+1), paid: make([]uint32, 1, items+1)}
	for range 2 * items {
		n := s.number(denseFrom)
		if n == denseFrom {
			words := s.bytes(2 * n)
			for i := 0; i+1 < len(words); i += 2 {
				b.data = append(b.data, binary.LittleEndian.Uint16(words[i:]))
			}
		} else {
			s.sparse(b, n)
		}
		b.at = append(b.at, uint32(len(b.data)))
	}
	total := 0
	for range items {
		total += s.number(1 << 20)
		b.paid = append(b.paid, uint32(total))
	}
	b.sums = s.bytes(total)
	return b
}

func (s *stateReader) sparse(b *Block, n int) {
	row := 0
	for range n {
		row += s.number(kernel.Rows - 1)
		if row >= kernel.Rows {
			s.bad = true
			return
		}
		b.data = append(b.data, uint16(row))
	}
}

// count adds the block up.
func (r *Block) count(items []Item, counts []count) {
	var bits kernel.Bits
	size := func(i, k int) int {
		n := int(r.at[2*i+k+1] - r.at[2*i+k])
		if n == denseFrom {
			r.set(i, k, &bits)
			n = kernel.Count(&bits)
		}
		return n
	}
	for i := range items {
		eligible := size(i, 0)
		counts[i].eligible += eligible
		counts[i].unknown += size(i, 1)
		if sums := r.amounts(i); sums != nil {
			for _, v := range sums {
				counts[i].plus(uint64(v))
			}
			continue
		}
		counts[i].times(eligible, items[i].Fixed)
	}
}

// Concat joins the results of consecutive rows of the same items; all but the last must end with a whole block.
func Concat(parts []*Result) (*Result, error) {
	out := &Result{Faults: map[Fault]int{}}
	for n, p := range parts {
		if n == 0 {
			out.items = p.items
		}
		if len(p.items) != len(out.items) || out.rows%kernel.Rows != 0 {
			return nil, fmt.Errorf("part %d doesn't continue the one before: %w", n, ErrState)
		}
		for i, g := range p.items {
			if g != out.items[i] {
				return nil, fmt.Errorf("part %d has other items: %w", n, ErrState)
			}
		}
		out.blocks = append(out.blocks, p.blocks...)
		out.rows += p.rows
		for f, c := range p.Faults {
			out.Faults[f] += c
		}
	}
	out.total(out.count())
	return out, nil
}
