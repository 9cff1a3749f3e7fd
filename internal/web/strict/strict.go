// Package strict reads JSON that says one thing only.
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Unmarshal reads JSON of which every object has each of its names once, since of two values for one name a reader further on
// might take the other, and in which values lie at most 20 deep in one another. Otherwise it is json.Unmarshal.
func Unmarshal(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := unique(d, 0); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// maxDepth is how deep values lie in one another.
const maxDepth = 20

// unique reads one value.
func unique(d *json.Decoder, depth int) error {
	t, err := d.Token()
	open, _ := t.(json.Delim)
	if err != nil || open == 0 {
		return err
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
