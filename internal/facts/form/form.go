// Package form holds how facts are written as bytes: parts of deliveries whose columns can be read one by one, the codes of
// enterprises, and patches, which say what some rows of a column have become. Every form has a version and checksums: bytes that
// nobody here wrote are an error that wraps ErrDamaged.
package form

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrDamaged is what an error about bytes that weren't written here wraps.
var ErrDamaged = errors.New("damaged facts")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is a head under a magic word and a checksum, before a body that has checksums of its own:
//
//	magic (5 bytes), CRC-32C of the head (4 bytes, little-endian), length of the head (uvarint), head, body
func frame(magic string, head, body []byte) []byte {
	b := make([]byte, 0, len(magic)+4+binary.MaxVarintLen64+len(head)+len(body))
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(head, castagnoli))
	b = binary.AppendUvarint(b, uint64(len(head)))
	b = append(b, head...)
	return append(b, body...)
}

func unframe(magic string, data []byte) (head, body []byte, err error) {
	start := len(magic) + 4
	if len(data) < start || string(data[:len(magic)]) != magic {
		return nil, nil, damaged("no %q", magic)
	}
	size, n := binary.Uvarint(data[start:])
	if n <= 0 || size > uint64(len(data)-start-n) {
		return nil, nil, damaged("cut off")
	}
	head, body = data[start+n:start+n+int(size)], data[start+n+int(size):]
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(data[len(magic):]) {
		return nil, nil, damaged("checksum")
	}
	return head, body, nil
}

// reader reads from the front of rest; after a mistake it is bad and gives zeros.
type reader struct {
	rest []byte
	bad  bool
}

// count reads a number that may be most at most.
func (r *reader) count(most int) int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(most) {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *reader) text(most int) string {
	n := r.count(most)
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
