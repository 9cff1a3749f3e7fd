// Package strict reads JSON that says one thing only.
package strict

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Unmarshal reads JSON of which every object has each of its names once, since of two values for one name a reader further on
// might take the other, and in which values lie at most 20 deep in one another. Text is UTF-8 without NUL, since nothing else can be kept
// as it came. Otherwise it is json.Unmarshal.
func Unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("JSON 不是 UTF-8 编码")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := unique(d, 0); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// whole refuses a text with a NUL.
func whole(t json.Token) error {
	if text, is := t.(string); is && strings.Contains(text, "\x00") {
		return errors.New("JSON 里有空字符（\\u0000）")
	}
	return nil
}

// maxDepth is how deep values lie in one another.
const maxDepth = 20

// unique reads one value.
func unique(d *json.Decoder, depth int) error {
	t, err := d.Token()
	open, _ := t.(json.Delim)
	if err != nil || open == 0 {
		return cmp.Or(err, whole(t))
	}
	if depth == maxDepth {
		return errors.New("JSON 套得太深")
	}
	names := map[any]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if err := whole(name); err != nil {
				return err
			}
			if names[name] {
				return errors.New("JSON 里同一个名称写了两次")
			}
			names[name] = true
		}
		if err := unique(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
