package rules

import (
	"fmt"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// FromZero reports whether every number from zero up lies within the field's bounds.
func (f *Field) FromZero() bool { return f.max == nil && (f.min == nil || f.min.Sign() <= 0) }

// bounds reads min and max, which are written in the field's own unit.
func (f *Field) bounds(d *source.Decoder, n *source.Node) {
	if f.Min == "" && f.Max == "" {
		return
	}
	switch {
	case f.Type != TypeInt && f.Type != TypeDecimal && f.Type != TypeMoney:
		d.Fail(n, "", "只有 int、decimal、money 能写 min、max")
		return
	case f.Derived():
		d.Fail(n, "", "推算的指标不写 min、max")
		return
	}
	read := func(what, text string) *exact.Num {
		if text == "" {
			return nil
		}
		v, err := f.parseNumber(text, "")
		if err != nil {
			d.Fail(n, "", "%s：%v", what, err)
			return nil
		}
		num := v.Num()
		return &num
	}
	least, most := read("min", f.Min), read("max", f.Max)
	if least != nil && most != nil && least.Cmp(*most) > 0 {
		d.Fail(n, "", "min %s 大于 max %s", f.Min, f.Max)
	}
	f.min, f.max = least, most
}

// within refuses a number outside the field's bounds.
func (f *Field) within(v exact.Num, text string) error {
	switch {
	case f.min != nil && v.Cmp(*f.min) < 0:
		return fmt.Errorf("“%s”不能小于 %s", source.Clip(text), f.bound(*f.min, f.Min))
	case f.max != nil && v.Cmp(*f.max) > 0:
		return fmt.Errorf("“%s”不能大于 %s", source.Clip(text), f.bound(*f.max, f.Max))
	}
	return nil
}

// bound is a bound as people read it.
func (f *Field) bound(n exact.Num, written string) string {
	switch f.Unit {
	case "":
		return written
	case "%":
		return written + "%"
	case "元":
		return moneyWords(n)
	}
	return written + " " + formula.Measure(f.Unit)
}

// oneMeasure refuses a delivered series that fields read within different bounds: a cell is read once for all of them.
func (v *Vocabulary) oneMeasure(d *source.Decoder, n *source.Node) {
	first := map[string]*Field{}
	for _, f := range v.Fields {
		if f.Derived() {
			continue
		}
		series := f.Of
		if series == "" {
			series = f.Name
		}
		other := first[series]
		if other == nil {
			first[series] = f
			continue
		}
		if !same(f.min, other.min) || !same(f.max, other.max) {
			d.Fail(n, "", "%s 和 %s：同一交付序列“%s”的 min、max 要一致", other.Name, f.Name, series)
		}
	}
}

func same(a, b *exact.Num) bool { return a == b || a != nil && b != nil && a.Cmp(*b) == 0 }
