package rules

import (
	"strings"
	"testing"
)

func cellVocabulary(t *testing.T) *Vocabulary {
	t.Helper()
	v, ms := ParseVocabulary("vocabulary.yaml", []byte(`fields:
  - {name: 营业收入, id: revenue, type: money, unit: 元}
  - {name: 占比, id: share, type: decimal, unit: "%"}
  - {name: 人数, id: staff, type: int, unit: 人}
  - {name: 成立日期, id: founded, type: date}
  - {name: 高企, id: hi, type: bool}
  - {name: 规模, id: size, type: enum, values: [大型, 小型]}
  - {name: 标签, id: tags, type: set}
`))
	if v == nil {
		t.Fatal(ms)
	}
	return v
}

// TestParseCell reads every type as section 8 of the contract says, and refuses the rest without guessing.
func TestParseCell(t *testing.T) {
	v := cellVocabulary(t)
	for _, c := range []struct{ field, text, unit, want string }{
		{"营业收入", "500", "万元", "500 万元"},
		{"营业收入", "12.3456", "万元", "123,456 元"},
		{"营业收入", "0.01", "", "0.01 元"},
		{"占比", "5.5%", "", "5.5%"},
		{"占比", "0.055", "", "约 0.06%"},
		{"人数", "30", "", "30 人"},
		{"人数", "3", "万人", "30000 人"},
		{"成立日期", "2025/6/30", "", "2025-06-30"},
		{"成立日期", "20250630", "", "2025-06-30"},
		{"高企", "TRUE", "", "是"},
		{"高企", "0", "", "否"},
		{"规模", "小型", "", "小型"},
		{"标签", "乙;甲;乙", "", "乙、甲"},
		{"标签", ";;", "", "（空）"},
		{"营业收入", " ", "", "缺失"},
	} {
		f, _ := v.Field(c.field)
		got, err := f.Parse(c.text, c.unit)
		if err != nil || f.Format(got) != c.want {
			t.Errorf("%s %q (%s) = %s, %v; want %s", c.field, c.text, c.unit, f.Format(got), err, c.want)
		}
		if got == nil {
			continue
		}
		again, err := f.Parse(f.Cell(got), "")
		if err != nil || !got.Equal(again) {
			t.Errorf("%s: cell %q reads back as %v, %v", c.field, f.Cell(got), again, err)
		}
	}
	for _, c := range []struct{ field, text, unit, want string }{
		{"成立日期", "45838", "", "Excel 的日期序号（2025-06-30）"},
		{"成立日期", "20001", "", "日期序号（1954-10-04）"},
		{"成立日期", "2025-02-29", "", ""},
		{"营业收入", "1,000", "", "千分位"},
		{"营业收入", "1.5E7", "", "科学计数法"},
		{"营业收入", "0.001", "", "最多到分"},
		{"营业收入", "5", "人", "单位"},
		{"营业收入", "5万", "", "单位写在列名"},
		{"人数", "3.5", "", "整数"},
		{"高企", "有", "", "是/否"},
		{"规模", "中型", "", "可取"},
		{"标签", ";", "", "读不出"},
		{"营业收入", "99999999999999999999", "", "太大"},
	} {
		f, _ := v.Field(c.field)
		if got, err := f.Parse(c.text, c.unit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q (%s) = %v, %v; want an error with %q", c.field, c.text, c.unit, got, err, c.want)
		}
	}
}
