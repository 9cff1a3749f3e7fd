package strict_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"mianshen/internal/web/strict"
)

func TestUnmarshal(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"a":1,"b":{"a":2}}`:      true,
		`[{"a":1},{"a":1}]`:        true,
		`"a"`:                      true,
		`{"a":1,"a":2}`:            false,
		`{"a":{"b":1,"\u0062":2}}`: false, // one name, written in two ways
		`[[{"a":1,"a":1}]]`:        false,
		`{"a":1} {}`:               false,
		`{"a":1`:                   false,
		``:                         false,
		`{"a":"半\u0020"}`:          true,
		`{"a":"\u0000"}`:           false,
		`{"\u0000":1}`:             false,
		"{\"a\":\"\xb0\xeb\"}":     false, // GB18030
		strings.Repeat("[", 20) + strings.Repeat("]", 20): true,
		strings.Repeat("[", 21) + strings.Repeat("]", 21): false,
		strings.Repeat("[", 1_000_000):                    false,
	} {
		var v any
		if err := strict.Unmarshal([]byte(text), &v); (err == nil) != ok {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

// FuzzUnmarshal: what is read is what encoding/json reads.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}],"c":"\ud800"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want any
		if strict.Unmarshal(data, &got) != nil {
			return
		}
		if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v (%v)", data, got, want, err)
		}
	})
}
