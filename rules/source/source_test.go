package source

import (
	"strings"
	"testing"
)

// TestPlace holds places in folded, quoted and block texts against the file.
func TestPlace(t *testing.T) {
	text := strings.Join([]string{
		`plain: 甲 and 错`,             // 1
		`single: '名 == ''a'' and 错'`, // 2
		`double: "名 == \"a\" and 错"`, // 3
		`unicode: "名\u4e2d and 错"`,   // 4
		`literal: |`,                 // 5
		`  甲 and`,                    // 6
		`    错`,                      // 7
		`folded: >`,                  // 8
		`  甲 and`,                    // 9
		`  错`,                        // 10
		`lines: 甲 and`,               // 11
		`  错`,                        // 12
		`two: "甲 and`,                // 13
		`  错"`,                       // 14
		`blank: >-`,                  // 15
		`  甲 and`,                    // 16
		``,                           // 17
		`  错`,                        // 18
	}, "\n") + "\n"
	f, ms := Parse("f.yaml", []byte(text))
	if f.Root == nil || len(ms) > 0 {
		t.Fatal(ms)
	}
	for _, e := range f.Root.Entries {
		rs := []rune(e.Value.Text)
		offset := 0
		for i, r := range rs {
			if r == '错' {
				offset = i
			}
		}
		m := e.Value.MistakeAt(offset, "x", "")
		line := []rune(f.Line(m.At.Line))
		if m.At.Column < 1 || m.At.Column > len(line) || line[m.At.Column-1] != '错' {
			t.Errorf("%s: %d:%d points at %q", e.Key, m.At.Line, m.At.Column, string(line))
		}
	}
}

func TestNearest(t *testing.T) {
	if got, ok := Nearest("高新技术企", []string{"高新技术企业", "失信"}); !ok || got != "高新技术企业" {
		t.Errorf("Nearest = %q, %v", got, ok)
	}
	if got, ok := Nearest("甲乙丙丁", []string{"戊己庚辛"}); ok {
		t.Errorf("Nearest found %q", got)
	}
}
