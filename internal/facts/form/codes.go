package form

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// CodeLength is how many bytes a 统一社会信用代码 has.
const CodeLength = 18

// Code is a 统一社会信用代码 in normal form.
type Code [CodeLength]byte

// CodeOf returns the code that a text is, and whether it has the length of one.
func CodeOf(text string) (c Code, ok bool) {
	return c, copy(c[:], text) == len(text) && len(text) == CodeLength
}

// String is the code as text.
func (c Code) String() string { return string(c[:]) }

// Texts are codes as texts, which are parts of one: a million of their own would each be an allocation.
func Texts(codes []Code) []string {
	var all strings.Builder
	all.Grow(len(codes) * CodeLength)
	for i := range codes {
		all.Write(codes[i][:])
	}
	texts := make([]string, len(codes))
	for i := range texts {
		texts[i] = all.String()[i*CodeLength : (i+1)*CodeLength]
	}
	return texts
}

const codesMagic = "msfC\x01"

// EncodeCodes writes codes in their order.
func EncodeCodes(codes []Code) []byte {
	body := make([]byte, 0, len(codes)*CodeLength)
	for i := range codes {
		body = append(body, codes[i][:]...)
	}
	head := binary.AppendUvarint(nil, uint64(len(codes)))
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(body, castagnoli))
	return frame(codesMagic, head, body)
}

// DecodeCodes appends to list the codes that EncodeCodes wrote.
func DecodeCodes(list []Code, data []byte) ([]Code, error) {
	head, body, err := unframe(codesMagic, data)
	if err != nil {
		return list, err
	}
	r := &reader{rest: head}
	n := r.count(len(body))
	if r.bad || len(r.rest) != 4 || len(body) != n*CodeLength || binary.LittleEndian.Uint32(r.rest) != crc32.Checksum(body, castagnoli) {
		return list, damaged("%d codes in %d bytes", n, len(body))
	}
	for ; len(body) > 0; body = body[CodeLength:] {
		list = append(list, Code(body[:CodeLength]))
	}
	return list, nil
}
