package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
	"mianshen/rules/standard"
)

// maxCell caps the text of one cell, in bytes.
const maxCell = 20_000

// Parse reads the text of one cell. unit is what the column's header says in parentheses, or "" for the field's own unit. An
// empty cell gives nil, which is missing. What can't be read without guessing is an error in Chinese for the person who
// keeps the data; tables are read row by row, not here.
func (f *Field) Parse(text, unit string) (*formula.Value, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	if text == "" {
		return nil, nil
	}
	if len(text) > maxCell || !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s：单元格太长或不是有效文本", f.FullName())
	}
	v, err := f.parse(text, unit)
	if err != nil {
		return nil, fmt.Errorf("%s：%w", f.FullName(), err)
	}
	return v, nil
}

func (f *Field) parse(text, unit string) (*formula.Value, error) {
	switch f.Type {
	case TypeBool:
		return parseBool(text)
	case TypeInt, TypeDecimal, TypeMoney:
		v, err := f.parseNumber(text, unit)
		if err == nil {
			err = f.within(v.Num(), text)
		}
		if err != nil {
			return nil, err
		}
		return v, nil
	case TypeDate:
		return parseDate(text)
	case TypeEnum:
		if !slices.Contains(f.Values, text) {
			return nil, fmt.Errorf("没有“%s”这个取值，可取：%s", source.Clip(text), strings.Join(f.Values, "、"))
		}
		return formula.TextOf(text), nil
	case TypeSet:
		return f.parseSet(text)
	case TypeString:
		return f.parseString(text)
	}
	return nil, fmt.Errorf("表要逐行读入")
}

func parseBool(text string) (*formula.Value, error) {
	switch strings.ToLower(text) {
	case "是", "true", "1":
		return formula.BoolOf(true), nil
	case "否", "false", "0":
		return formula.BoolOf(false), nil
	}
	return nil, fmt.Errorf("“%s”应是 是/否、true/false 或 1/0", source.Clip(text))
}

func parseDate(text string) (*formula.Value, error) {
	d, err := civil.Parse(text)
	if err == nil {
		return formula.DateOf(d), nil
	}
	if serial, nerr := exact.Parse(text); nerr == nil && len(text) == 5 {
		if n, ok := serial.Int64(); ok && n > 20000 && n < 80000 {
			day, _ := civil.MustParse("1900-03-01").AddDays(int(n) - 61) // serial 61 is 1900-03-01
			return nil, fmt.Errorf("“%s”像是 Excel 的日期序号（%s），请把该列设为日期格式或写成 2025-06-30", text, day)
		}
	}
	return nil, err
}

// parseNumber reads a plain decimal; the header's unit must measure the same thing as the field's.
func (f *Field) parseNumber(text, unit string) (*formula.Value, error) {
	factor := f.factor
	if unit != "" && unit != f.Unit {
		u, other, err := formula.ParseUnit(unit)
		if err != nil {
			return nil, err
		}
		if !u.Same(f.typ.Unit) {
			return nil, fmt.Errorf("单位“%s”不能用于以 %s 计的指标", unit, unitName(f.Unit))
		}
		factor = other
	}
	if f.Unit == "%" {
		text = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(text, "%"), "％"), " ")
	}
	n, err := exact.Parse(text)
	if errors.Is(err, exact.ErrOverflow) {
		return nil, fmt.Errorf("“%s”太大", source.Clip(text))
	}
	if err != nil {
		return nil, fmt.Errorf("“%s”不是数%s", source.Clip(text), numberHint(text))
	}
	v, err := n.Mul(factor)
	if err != nil {
		return nil, fmt.Errorf("“%s”太大", source.Clip(text))
	}
	if f.Type == TypeMoney && !v.IsInt() {
		return nil, fmt.Errorf("“%s”精确到分以下，金额最多到分", source.Clip(text))
	}
	if f.Type == TypeInt && !v.IsInt() {
		return nil, fmt.Errorf("“%s”应是整数", source.Clip(text))
	}
	return formula.NumberOf(v), nil
}

func unitName(u string) string {
	if u == "" {
		return "无单位数"
	}
	return u
}

func numberHint(text string) string {
	switch {
	case strings.ContainsAny(text, ",，"):
		return "（去掉千分位逗号）"
	case strings.ContainsAny(text, "eE") && strings.ContainsAny(text, "0123456789"):
		return "（不要用科学计数法，请把该列设为文本或常规数值）"
	case strings.ContainsAny(text, "万亿千百元%％人"):
		return "（单位写在列名后的括号里，单元格只写数）"
	}
	return ""
}

// maxMembers caps a set.
const maxMembers = 1000

func (f *Field) parseSet(text string) (*formula.Value, error) {
	if text == ";;" || text == "；；" {
		return formula.SetOf(nil), nil
	}
	var members []string
	for _, m := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '；' }) {
		m = strings.TrimSpace(m)
		if m == "" {
			continue
		}
		if f.Values != nil && !slices.Contains(f.Values, m) {
			return nil, fmt.Errorf("没有“%s”这个取值，可取：%s", source.Clip(m), strings.Join(f.Values, "、"))
		}
		members = append(members, m)
	}
	if len(members) == 0 || len(members) > maxMembers {
		return nil, fmt.Errorf("集合“%s”读不出成员；已知为空写作 ;;", source.Clip(text))
	}
	return formula.SetOf(members), nil
}

func (f *Field) parseString(text string) (*formula.Value, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return nil, fmt.Errorf("“%s”含有控制字符或乱码", source.Clip(text))
	}
	if f.Name == "行业代码" {
		if code, ok := standard.CanonicalIndustry(text); ok {
			return formula.TextOf(code), nil
		}
	}
	return formula.TextOf(text), nil
}

// Format writes a value as a person reads it, in the field's own unit.
func (f *Field) Format(v *formula.Value) string {
	if v == nil || !v.Known() {
		return "缺失"
	}
	switch v.Kind() {
	case formula.Bool:
		if v.True() {
			return "是"
		}
		return "否"
	case formula.Number:
		return formatNumber(v.Num(), f.typ.Unit, f.factor, f.Unit)
	case formula.Set:
		if len(v.Members()) == 0 {
			return "（空）"
		}
		return strings.Join(v.Members(), "、")
	case formula.TableKind:
		return fmt.Sprintf("%d 条记录", len(v.Rows()))
	}
	return v.String()
}

// Cell writes a known value so that Parse reads it back; missing is "".
func (f *Field) Cell(v *formula.Value) string {
	if v == nil || !v.Known() {
		return ""
	}
	switch v.Kind() {
	case formula.Bool:
		return f.Format(v)
	case formula.Number:
		n, err := v.Num().Quo(f.factor)
		if err != nil {
			return ""
		}
		return n.String()
	case formula.Set:
		if len(v.Members()) == 0 {
			return ";;"
		}
		return strings.Join(v.Members(), ";")
	}
	return v.String()
}
