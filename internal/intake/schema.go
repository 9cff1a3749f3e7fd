package intake

import (
	"fmt"
	"strings"
	"unicode"

	"mianshen/rules"
	"mianshen/rules/formula"
)

// nameColumn is the header of the enterprise's name, which may but needn't be a field of the vocabulary.
const nameColumn = "企业名称"

// The first two slots of every schema that is about enterprises.
const (
	slotCode = iota
	slotName
	slotFirst // the first of the schema's own
)

// slot is one thing that a table can deliver.
type slot struct {
	name    string
	field   *rules.Field // how its cells are read; nil: as text
	refused string       // why this file may not deliver it; "" when it may
}

// schema is what a table can deliver and must.
type schema struct {
	what   string
	slots  []slot
	names  map[string]int // header -> slot
	needed []int
}

func newSchema(what string) *schema {
	s := &schema{what: what, names: map[string]int{}}
	s.add(slot{name: rules.KeyColumn}, rules.KeyColumn)
	s.add(slot{name: nameColumn}, nameColumn)
	s.needed = []int{slotCode}
	return s
}

// add appends a slot under its names; a later slot of the same name wins, so that a declared 企业名称 is a field.
func (s *schema) add(one slot, names ...string) int {
	for _, n := range names {
		s.names[n] = len(s.slots)
	}
	s.slots = append(s.slots, one)
	return len(s.slots) - 1
}

func profileSchema(v *rules.Vocabulary) *schema {
	s := newSchema("企业画像")
	for _, f := range v.Fields {
		s.add(slot{name: f.Name, field: f}, f.Name, f.ID)
	}
	return s
}

// recordSchema has the key at slotFirst and column i at slotFirst+1+i.
func recordSchema(table *rules.Field) *schema {
	s := newSchema("表 " + table.Name)
	s.needed = append(s.needed, s.add(slot{name: table.Key}, table.Key))
	for _, c := range table.Columns {
		s.add(slot{name: c.Name, field: c}, c.Name, c.ID)
	}
	return s
}

// splitHeader takes a header apart into name and unit: 上年营业收入(万元), 上年营业收入（单位：万元）. White space doesn't count.
func splitHeader(header string) (name, unit string) {
	h := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, header)
	h = strings.NewReplacer("（", "(", "）", ")").Replace(h)
	open := strings.LastIndexByte(h, '(')
	if open <= 0 || !strings.HasSuffix(h, ")") {
		return h, ""
	}
	unit = h[open+1 : len(h)-1]
	unit = strings.TrimPrefix(strings.TrimPrefix(unit, "单位:"), "单位：")
	return h[:open], unit
}

// checkUnit says what is wrong with a header's unit, ahead of a thousand cells.
func checkUnit(f *rules.Field, name, unit string) string {
	if unit == "" {
		return ""
	}
	numeric := f != nil && (f.Type == rules.TypeInt || f.Type == rules.TypeDecimal || f.Type == rules.TypeMoney)
	if !numeric {
		return fmt.Sprintf("%s 没有单位，列名后的（%s）去掉", name, clip(unit))
	}
	u, _, err := formula.ParseUnit(unit)
	if err != nil {
		return err.Error()
	}
	if unit != f.Unit && !u.Same(f.FormulaType().Unit) {
		own := f.Unit
		if own == "" {
			own = "无单位数"
		}
		return fmt.Sprintf("单位“%s”不能用于以 %s 计的 %s", clip(unit), own, name)
	}
	return ""
}

// nearest returns the known name that is most like the given one, "" when none is. Equal distances go to the first in byte
// order.
func (s *schema) nearest(name string) string {
	given := []rune(name)
	if len(given) > 64 {
		return ""
	}
	best, at := "", len(given)/2+1
	for _, known := range sortedKeys(s.names) {
		if d := distance(given, []rune(known), at); d < at {
			best, at = known, d
		}
	}
	return best
}

// distance is the edit distance of two texts, or at least limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		corner := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := corner
			if x != y {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
