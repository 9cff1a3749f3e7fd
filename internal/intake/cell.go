package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/standard"
)

// maxCached caps the values of one column that are kept for reuse.
const maxCached = 4096

// cell returns the cell of a slot and its column; empty and nil where the table doesn't have it.
func (l *line) cell(slot int) (sheet.Cell, *column) {
	col := l.at[slot]
	if col == nil {
		return sheet.Cell{}, nil
	}
	if col.position >= len(l.cells) {
		return sheet.Cell{}, col
	}
	return l.cells[col.position], col
}

// value reads a cell of a field; nil is missing. What can't be read is recorded, and ok is false.
func (l *line) value(col *column, c sheet.Cell) (v *formula.Value, ok bool) {
	if c.Empty() {
		return nil, true
	}
	simple := c.Kind == sheet.Text || c.Kind == sheet.Number
	if simple {
		if v, hit := col.cache[c.Text]; hit {
			return v, true
		}
	}
	if v = col.sum(c); v != nil {
		return v, true
	}
	text, err := col.text(c)
	if err == nil {
		v, err = col.field.Parse(text, col.unit)
	}
	if err != nil {
		l.fail(l.number, col, c.Text, strings.TrimPrefix(err.Error(), col.field.FullName()+"："))
		return nil, false
	}
	if simple && col.cache != nil && len(col.cache) < maxCached {
		col.cache[c.Text] = v
	}
	col.weigh(v)
	return v, true
}

// sum reads an ordinary sum in 元, of at most 15 digits and two decimals, as Field.Parse would, which takes several times as
// long; nil leaves it to that. Half of the cells of a profile are sums.
func (col *column) sum(c sheet.Cell) *formula.Value {
	if col.field.Type != rules.TypeMoney || col.unit != "" && col.unit != col.field.Unit || c.Kind > sheet.Number || !col.field.FromZero() {
		return nil
	}
	whole, fraction, dot := strings.Cut(c.Text, ".")
	if len(whole) == 0 || len(whole) > 15 || len(fraction) > 2 || dot && fraction == "" {
		return nil
	}
	fen := int64(0)
	for _, part := range [...]string{whole, fraction, "00"[len(fraction):]} {
		for i := range len(part) {
			d := part[i] - '0'
			if d > 9 {
				return nil
			}
			fen = fen*10 + int64(d)
		}
	}
	return formula.NumberOf(exact.Int(fen))
}

// weigh counts what looks like percentages stored as ratios.
func (col *column) weigh(v *formula.Value) {
	if col.field.Unit != "%" || v == nil || v.Num().Sign() == 0 {
		return
	}
	col.nonzero++
	if n := v.Num(); n.Cmp(exact.Frac(1, 100)) < 0 && n.Cmp(exact.Frac(-1, 100)) > 0 {
		col.small++
	}
}

// text says what a person sees in the cell, or why that can't be told.
func (col *column) text(c sheet.Cell) (string, error) {
	f := col.field
	switch c.Kind {
	case sheet.Percent:
		if f.Unit != "%" {
			return "", fmt.Errorf("单元格是百分比格式，%s 却不以 %% 计", f.Name)
		}
		col.percents++
		return hundredfold(c.Text), nil
	case sheet.Date:
		if f.Type != rules.TypeDate {
			return "", fmt.Errorf("单元格被 Excel 当作日期（%s），请把该列设为文本或数值格式后重填", c.Text)
		}
		return midnight(c.Text), nil
	case sheet.Bool:
		if f.Type != rules.TypeBool {
			return "", fmt.Errorf("单元格是 %s，%s 却不是是否", c.Text, f.Name)
		}
		return c.Text, nil
	case sheet.Fault, sheet.NoResult, sheet.Damaged:
		return "", unusable(c)
	}
	switch f.Type {
	case rules.TypeDate:
		if day, ok := serial(c.Text); ok {
			return "", fmt.Errorf("“%s”像是 Excel 的日期序号（%s），请把该列设为日期格式或写成 2025-06-30", strings.TrimSpace(c.Text), day)
		}
		return midnight(c.Text), nil
	case rules.TypeString, rules.TypeEnum, rules.TypeSet:
		if scientific(c.Text) {
			return "", errScientific(c.Text)
		}
	}
	return c.Text, nil
}

// unusable says why nobody can know what a cell holds.
func unusable(c sheet.Cell) error {
	switch c.Kind {
	case sheet.Fault:
		return fmt.Errorf("单元格是错误值 %s", clip(c.Text))
	case sheet.NoResult:
		return errors.New("公式没有保存计算结果，请用 Excel 或 WPS 打开后另存")
	}
	return fmt.Errorf("“%s”超过 15 位，Excel 把编码当作数字，末几位已变成 0；请把该列设为文本格式后重新填写或导出", c.Text)
}

func errScientific(text string) error {
	return fmt.Errorf("“%s”是科学计数法，编码被 Excel 当作数字，末几位已丢失；请把该列设为文本格式后重新填写或导出", clip(text))
}

// scientific recognises 9.13101E+17, to which spreadsheets turn codes.
func scientific(text string) bool {
	mantissa, exponent, found := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "E+")
	return found && len(mantissa) > 0 && len(exponent) > 0 && strings.Trim(mantissa, "0123456789.") == "" && strings.Trim(exponent, "0123456789") == ""
}

// hundredfold moves the decimal point of a plain decimal two places: 0.055 becomes 5.5.
func hundredfold(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction += "00"
	whole = strings.TrimLeft(whole+fraction[:2], "0")
	fraction = strings.TrimRight(fraction[2:], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// midnight drops a time of day that says nothing, as databases write it behind days.
func midnight(text string) string {
	text = strings.TrimSpace(text)
	for _, end := range []string{".000000", ".000", ".0"} {
		text = strings.TrimSuffix(text, end)
	}
	for _, end := range []string{" 00:00:00", "T00:00:00", " 0:00:00", " 0:00", " 00:00"} {
		if day, ok := strings.CutSuffix(text, end); ok {
			return day
		}
	}
	return text
}

// serial recognises the number that spreadsheets store for a day between 1954 and 2119.
func serial(text string) (civil.Date, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 20_000 || n > 80_000 {
		return civil.Date{}, false
	}
	return civil.MustParse("1900-03-01").AddDays(n - 61)
}

// words reads a cell that is text by itself, such as a key; "" is missing.
func (l *line) words(slot int) (text string, ok bool) {
	c, col := l.cell(slot)
	text = strings.TrimSpace(c.Text)
	var err error
	switch {
	case c.Empty():
		return "", true
	case c.Kind == sheet.Fault || c.Kind == sheet.NoResult || c.Kind == sheet.Damaged:
		err = unusable(c)
	case c.Kind != sheet.Text && c.Kind != sheet.Number:
		err = fmt.Errorf("单元格被 Excel 改成了日期、百分比或是否（%s），请把该列设为文本格式后重填", clip(c.Text))
	case scientific(text):
		err = errScientific(text)
	case !printable(text, 200):
		err = fmt.Errorf("“%s”太长或含有不能显示的字符", clip(text))
	}
	if err != nil {
		l.fail(l.number, col, c.Text, err.Error())
		return "", false
	}
	return text, true
}

// enterprise reads the code that names the enterprise. It must be there and valid.
func (l *line) enterprise() (string, bool) {
	c, col := l.cell(slotCode)
	var code string
	var err error
	switch c.Kind {
	case sheet.Fault, sheet.NoResult:
		err = unusable(c)
	default:
		code, err = standard.ParseUSCC(c.Text)
	}
	if err != nil {
		l.fail(l.number, col, c.Text, err.Error())
		return "", false
	}
	return code, true
}

// display reads the enterprise's name for showing; what can't be shown is left out.
func (l *line) display(slot int) string {
	c, _ := l.cell(slot)
	if c.Kind != sheet.Text {
		return ""
	}
	if name := strings.TrimSpace(c.Text); printable(name, 600) {
		return name
	}
	return ""
}

// printable reports whether a text has at most so many bytes and nothing invisible.
func printable(text string, most int) bool {
	return len(text) <= most && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar })
}
