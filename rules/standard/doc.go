// Package standard holds national standards as data: the industries of GB/T
// 4754-2017, the size classes of enterprises (统计上大中小微型企业划分办法 2017),
// the unified social credit code of GB 32100-2015, and the districts and
// towns of GB/T 2260.
//
// All tables are embedded files beside the code, read once and never changed.
// Nothing here has a clock or does I/O; every function is pure and safe for
// concurrent use. What isn't known stays unknown: Under answers with three
// values and Classify with the set of classes that are still possible.
package standard

import (
	"fmt"
	"strings"
)

// Tri is a Kleene truth value. The zero value is Unknown.
type Tri int8

// The three truth values.
const (
	False   Tri = -1
	Unknown Tri = 0
	True    Tri = 1
)

// String returns 是, 否 or 待核实.
func (t Tri) String() string {
	switch t {
	case True:
		return "是"
	case False:
		return "否"
	}
	return "待核实"
}

// rows splits an embedded table into cells and calls add for each line that is
// neither empty, a comment nor the header. The tables are held by tests, so a
// mistake in one is a mistake of the build and panics at first use.
func rows(name, table, header string, add func(cells []string) error) {
	columns := strings.Count(header, "\t") + 1
	for i, line := range strings.Split(table, "\n") {
		if line == "" || line[0] == '#' || line == header {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			panic(fmt.Sprintf("standard: embedded %s line %d: %d columns, want %d", name, i+1, len(cells), columns))
		}
		if err := add(cells); err != nil {
			panic(fmt.Sprintf("standard: embedded %s line %d: %v", name, i+1, err))
		}
	}
}

// halfWidth trims spaces and turns full-width forms (Ａ, ９, the ideographic
// space) into ASCII.
func halfWidth(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000:
			return ' '
		}
		return r
	}, text))
}
