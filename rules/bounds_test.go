package rules_test

import (
	"strings"
	"testing"

	"mianshen/rules"
)

const boundedVocabulary = `fields:
  - {name: 从业人数, id: staff, type: int, unit: 人, min: 0, source: 区统计局}
  - {name: 营业收入, id: revenue, type: money, unit: 元, min: 0, max: 1000000.00, source: 区税务局}
  - {name: 利率, id: rate, type: decimal, unit: "%", min: -1.5, max: 100, source: 人民银行}
  - {name: 净利润, id: profit, type: money, unit: 元, source: 区税务局}
  - name: 租赁
    id: leases
    type: table
    source: 区经委
    key: 合同号
    columns:
      - {name: 面积, id: area, type: decimal, unit: 平方米, min: 0}
      - {name: 年龄, id: age, type: int, unit: 岁, min: 16, max: 150}
`

// TestBounds refuses cells below min and above max, in whatever unit they come, and takes the bounds themselves.
func TestBounds(t *testing.T) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(boundedVocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	for _, c := range []struct{ field, text, unit, says string }{
		{"从业人数", "0", "", ""},
		{"从业人数", "-0", "", ""},
		{"从业人数", "-5", "", "从业人数：“-5”不能小于 0 人"},
		{"从业人数", "-0.0001", "万人", "不能小于 0 人"},
		{"从业人数", "99999999", "", ""},
		{"营业收入", "100", "万元", ""},
		{"营业收入", "1000000", "", ""},
		{"营业收入", "1000000.01", "", "“1000000.01”不能大于 100 万元"},
		{"营业收入", "100.000001", "万元", "不能大于 100 万元"},
		{"营业收入", "-0.01", "", "不能小于 0 元"},
		{"利率", "-1.5", "", ""},
		{"利率", "100%", "", ""},
		{"利率", "1000000000", "", "不能大于 100%"},
		{"利率", "-1.51", "", "不能小于 -1.5%"},
		{"净利润", "-999999999", "", ""},
		{"租赁.面积", "-1", "", "租赁.面积：“-1”不能小于 0 平方米"},
		{"租赁.年龄", "15", "", "不能小于 16 岁"},
		{"租赁.年龄", "16", "", ""},
		{"租赁.年龄", "151", "", "不能大于 150 岁"},
	} {
		name, column, is := strings.Cut(c.field, ".")
		f, _ := v.Field(name)
		if is {
			f, _ = f.Column(column)
		}
		value, err := f.Parse(c.text, c.unit)
		if c.says == "" && (err != nil || value == nil) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s %q (%s): %v, want %q", c.field, c.text, c.unit, err, c.says)
		}
	}
	for name, want := range map[string]bool{"从业人数": true, "营业收入": false, "利率": false, "净利润": true} {
		if f, _ := v.Field(name); f.FromZero() != want {
			t.Errorf("%s from zero: %v", name, f.FromZero())
		}
	}
}

// TestBoundsMistakes says what is wrong with bounds as they are declared.
func TestBoundsMistakes(t *testing.T) {
	for _, c := range []struct{ field, says string }{
		{"{name: 甲, id: a, type: int, min: 3, max: 2}", "min 3 大于 max 2"},
		{"{name: 甲, id: a, type: int, min: x}", "min：“x”不是数"},
		{"{name: 甲, id: a, type: int, max: 1.5}", "max：“1.5”应是整数"},
		{"{name: 甲, id: a, type: money, unit: 元, min: 0.001}", "分以下"},
		{"{name: 甲, id: a, type: bool, min: 0}", "只有 int、decimal、money 能写 min、max"},
		{"{name: 甲, id: a, type: int, min: }", "min应是文字"},
		{"{name: 甲, id: a, type: int, min: 1, absent: 0, source: 乙}", "absent：甲：“0”不能小于 1"},
		{"{name: 甲, id: a, type: int, min: 0, derive: 1 + 1}", "推算的指标不写"},
		{"{name: 甲, id: a, type: int, min: 0, of: 丙, source: 乙}\n  - {name: 丁, id: b, type: int, of: 丙, source: 乙}", "同一交付序列“丙”的 min、max 要一致"},
		{"{name: 甲, id: a, type: int, source: 乙}\n  - {name: 丁, id: b, type: int, max: 5, of: 甲, source: 乙}", "同一交付序列“甲”的 min、max 要一致"},
	} {
		_, ms := rules.ParseVocabulary("vocabulary.yaml", []byte("fields:\n  - "+c.field+"\n"))
		if !ms.Fatal() || !strings.Contains(ms.Error(), c.says) {
			t.Errorf("%s: %v, want %s", c.field, ms, c.says)
		}
	}
	ok := "fields:\n  - {name: 甲, id: a, type: int, min: 0, of: 丙, period: year-1, source: 乙}\n  - {name: 丁, id: b, type: int, min: 0, of: 丙, period: year-2, source: 乙}\n"
	if v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(ok)); v == nil {
		t.Error(ms)
	}
}
