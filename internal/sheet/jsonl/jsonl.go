// Package jsonl reads JSON objects one a line, strictly: duplicate keys, damaged characters, deep nesting and anything after
// the object are errors, and numbers stay the text they were written as.
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mianshen/internal/sheet"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value.
type Value struct {
	Kind    Kind
	Text    string   // of a Number as written, of a String decoded, of a Bool true or false
	List    []Value  // of an Array
	Members []Member // of an Object, in file order, keys unique
}

// Member is one entry of an object.
type Member struct {
	Key   string
	Value Value
}

// Reader reads a file line by line.
type Reader struct {
	in     *bufio.Reader
	line   int
	limits sheet.Limits
	depth  int
	buf    []byte
}

// NewReader reads from r; depth caps how deep values may nest, the object itself counts as one.
func NewReader(r io.Reader, limits sheet.Limits, depth int) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), limits: limits.WithDefaults(), depth: depth}
}

// Next returns the next object and the line it stands on, io.EOF at the end, or a *sheet.Error. After an error of one line
// the next can still be read, unless fatal.
func (r *Reader) Next() (v Value, line int, fatal bool, err error) {
	for {
		text, err := r.next()
		if err == io.EOF {
			return Value{}, r.line, true, err
		}
		if err != nil {
			return Value{}, r.line, true, err
		}
		if r.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if r.line > r.limits.Rows {
			return Value{}, r.line, true, r.fail("行数超过上限，请拆分文件")
		}
		v, err := r.object(text)
		return v, r.line, false, err
	}
}

// next returns the next line.
func (r *Reader) next() ([]byte, error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		if len(r.buf) > r.limits.LineBytes {
			r.line++
			return nil, r.fail(fmt.Sprintf("这一行超过 %d KiB，不读", r.limits.LineBytes>>10))
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && err != io.EOF {
			return nil, r.fail("读文件出错：" + err.Error())
		}
		if len(r.buf) == 0 {
			return nil, io.EOF
		}
		r.line++
		return r.buf, nil
	}
}

func (r *Reader) fail(message string) error { return &sheet.Error{Row: r.line, Message: message} }

func (r *Reader) object(text []byte) (Value, error) {
	if !utf8.Valid(text) {
		return Value{}, r.fail("不是有效的 UTF-8，JSONL 只能用 UTF-8 编码")
	}
	if text[0] == '[' {
		return Value{}, r.fail("是 JSON 数组，不是 JSONL：每行应是一个对象")
	}
	if deep(text) > r.depth {
		return Value{}, r.fail(fmt.Sprintf("嵌套超过 %d 层", r.depth))
	}
	if !json.Valid(text) {
		return Value{}, r.fail("不是完整的 JSON 对象：每行应恰好是一个对象")
	}
	if text[0] != '{' {
		return Value{}, r.fail("每行应是一个 JSON 对象")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return r.value(d)
}

// deep counts how deep brackets nest, strings left out. It is for valid and invalid text alike.
func deep(text []byte) int {
	depth, most, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}

// value reads one value; its depth was checked before.
func (r *Reader) value(d *json.Decoder) (Value, error) {
	t, err := d.Token()
	if err != nil {
		return Value{}, r.fail("不是完整的 JSON 对象")
	}
	switch t := t.(type) {
	case bool:
		return Value{Kind: Bool, Text: fmt.Sprint(t)}, nil
	case json.Number:
		return Value{Kind: Number, Text: t.String()}, r.fits(t.String())
	case string:
		return Value{Kind: String, Text: t}, r.fits(t)
	case json.Delim:
		if t == '[' {
			return r.array(d)
		}
		return r.members(d)
	}
	return Value{Kind: Null}, nil
}

func (r *Reader) fits(text string) error {
	if len(text) > r.limits.CellBytes {
		return r.fail("有一个值太长")
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return r.fail("有无法识别的字符，编码已损坏")
	}
	return nil
}

func (r *Reader) array(d *json.Decoder) (Value, error) {
	v := Value{Kind: Array}
	for d.More() {
		one, err := r.value(d)
		if err != nil {
			return v, err
		}
		v.List = append(v.List, one)
	}
	_, err := d.Token()
	return v, err
}

func (r *Reader) members(d *json.Decoder) (Value, error) {
	v := Value{Kind: Object}
	seen := map[string]bool{}
	for d.More() {
		key, err := r.value(d)
		if err != nil {
			return v, err
		}
		if seen[key.Text] {
			return v, r.fail(fmt.Sprintf("键“%.60s”重复", key.Text))
		}
		if len(seen) >= r.limits.Columns {
			return v, r.fail("键的个数超过上限")
		}
		seen[key.Text] = true
		one, err := r.value(d)
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, Member{Key: key.Text, Value: one})
	}
	_, err := d.Token()
	return v, err
}
