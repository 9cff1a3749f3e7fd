package cells

import (
	"bytes"

	"mianshen/engine/column"
	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

// The readers below take the cell of b that begins at p. It ends at the first comma, or at end. They return where it ends, or
// -1 when they don't recognise it and have added no row: they read only what Field.Parse reads to the same value.

// number reads -?digits(.digits)? of at most 18 digits.
func (l *Lane) readNumber(b []byte, p, end int) int {
	if p == end || b[p] == ',' {
		l.build.Missing()
		return p
	}
	negative := b[p] == '-'
	if negative {
		p++
	}
	m, first := uint64(0), p
	for p < end && b[p]-'0' <= 9 {
		m = m*10 + uint64(b[p]-'0')
		p++
	}
	count, decimals := p-first, 0
	if count == 0 {
		return -1
	}
	if p < end && b[p] == '.' {
		p++
		first = p
		for p < end && b[p]-'0' <= 9 {
			m = m*10 + uint64(b[p]-'0')
			p++
		}
		if decimals = p - first; decimals == 0 {
			return -1
		}
	}
	if count+decimals > 18 || p < end && b[p] != ',' || !l.number(m, decimals, negative) {
		return -1
	}
	return p
}

// readDate reads 2025-06-30 and 20250630.
func (l *Lane) readDate(b []byte, p, end int) int {
	if p == end || b[p] == ',' {
		l.build.Missing()
		return p
	}
	if ends(b, p+10, end) && b[p+4] == '-' && b[p+7] == '-' {
		if l.day(b[p:p+4], b[p+5:p+7], b[p+8:p+10]) {
			return p + 10
		}
		return -1
	}
	if ends(b, p+8, end) && l.day(b[p:p+4], b[p+4:p+6], b[p+6:p+8]) {
		return p + 8
	}
	return -1
}

// ends reports whether a cell may end at p.
func ends(b []byte, p, end int) bool { return p == end || p < end && b[p] == ',' }

// day adds a row with a day, if it exists.
func (l *Lane) day(year, month, day []byte) bool {
	y, m, d := digits(year), digits(month), digits(day)
	if y < 0 || m < 0 || d < 0 {
		return false
	}
	date, err := civil.New(y, m, d)
	if err != nil {
		return false
	}
	l.build.Day(date.Number())
	return true
}

// digits reads a few digits, -1 for anything else.
func digits(b []byte) int {
	n := 0
	for _, c := range b {
		if c-'0' > 9 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// apostrophe begins texts that a spreadsheet might run, and isn't part of them: memos have texts without it.
const apostrophe = '\''

// readBool reads 是, 否, 1, 0, true, false and what was read before.
func (l *Lane) readBool(b []byte, p, end int) int {
	if p == end || b[p] == ',' {
		l.build.Missing()
		return p
	}
	if ends(b, p+1, end) && (b[p] == '1' || b[p] == '0') {
		l.build.Bool(b[p] == '1')
		return p + 1
	}
	if ends(b, p+4, end) && string(b[p:p+4]) == "true" {
		l.build.Bool(true)
		return p + 4
	}
	if ends(b, p+5, end) && string(b[p:p+5]) == "false" {
		l.build.Bool(false)
		return p + 5
	}
	if ends(b, p+3, end) {
		switch string(b[p : p+3]) {
		case "是":
			l.build.Bool(true)
			return p + 3
		case "否":
			l.build.Bool(false)
			return p + 3
		}
	}
	q := cellEnd(b, p, end)
	i, known := l.memo[string(b[p:q])]
	switch {
	case !known || b[p] == apostrophe:
		return -1
	case i == missing:
		l.build.Missing()
	default:
		l.build.Bool(i == 1)
	}
	return q
}

// readText reads what was read before.
func (l *Lane) readText(b []byte, p, end int) int {
	if p == end || b[p] == ',' {
		l.rows++
		return p
	}
	q := cellEnd(b, p, end)
	i, known := l.memo[string(b[p:q])]
	if !known || b[p] == apostrophe {
		return -1
	}
	l.code(i)
	return q
}

// read reads a cell in the fast way.
func (l *Lane) read(b []byte, p, end int) int {
	switch l.kind {
	case column.Number:
		return l.readNumber(b, p, end)
	case column.Date:
		return l.readDate(b, p, end)
	case column.Bool:
		return l.readBool(b, p, end)
	case column.Set:
		return l.readSet(b, p, end)
	}
	return l.readText(b, p, end)
}

// cellEnd returns where the cell at p ends.
func cellEnd(b []byte, p, end int) int {
	if n := bytes.IndexByte(b[p:end], ','); n >= 0 {
		return p + n
	}
	return end
}

// codeLength is the length of a unified social credit code.
const codeLength = 18

// Key is a code in 5 bits a character, by which duplicates are found.
type Key [3]uint32

// charset has the value that GB 32100-2015 gives to a character, and bad for those that it doesn't use.
var charset = func() (t [256]uint8) {
	for i := range t {
		t[i] = bad
	}
	for i, c := range []byte("0123456789ABCDEFGHJKLMNPQRTUWXY") {
		t[c] = uint8(i)
	}
	return t
}()

const bad = 0x80

var (
	codeWeights  = [codeLength - 1]uint32{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	organWeights = [8]uint32{3, 7, 9, 10, 5, 8, 4, 2}
)

// fastCode reports whether b is a code in normal form whose check characters are right, and packs it.
func fastCode(b []byte) (k Key, ok bool) {
	if len(b) != codeLength {
		return k, false
	}
	var all uint8
	var sum, organ uint32
	for i, c := range b {
		v := charset[c]
		all |= v
		if i < codeLength-1 {
			sum += codeWeights[i] * uint32(v)
		}
		k[i/6] = k[i/6]<<5 | uint32(v&31)
	}
	for _, c := range b[2:8] {
		if c > '9' {
			return k, false
		}
	}
	for i, c := range b[8:16] {
		v := uint32(c - '0')
		if c >= 'A' {
			v = uint32(c-'A') + 10
		}
		organ += organWeights[i] * v
	}
	ok = all&bad == 0 && uint32(charset[b[17]]) == (31-sum%31)%31 && b[16] == "0X987654321"[organ%11]
	return k, ok
}

// parseCode reads a code in any form that standard.ParseUSCC takes.
func parseCode(text string) (string, Key, error) {
	code, err := standard.ParseUSCC(text)
	if err != nil {
		return "", Key{}, err
	}
	return code, Pack(code), nil
}

// Pack packs a code in normal form.
func Pack(code string) (k Key) {
	for i := range len(code) {
		k[i/6] = k[i/6]<<5 | uint32(charset[code[i]]&31)
	}
	return k
}
