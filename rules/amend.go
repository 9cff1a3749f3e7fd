package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// EditKind says what an Edit changes.
type EditKind string

// The kinds of edit. Those of the cap and the amount also write what the item didn't have.
const (
	EditValue     EditKind = "value"     // the number of a dated value
	EditCondition EditKind = "condition" // what a condition requires or excludes; one of another kind becomes a require
	EditDrop      EditKind = "drop"      // the condition no longer stands
	EditAmount    EditKind = "amount"    // instead of an amount or an at_most
	EditPerGrant  EditKind = "per_grant"
	EditPerYear   EditKind = "per_year"
	EditTotal     EditKind = "total"
	EditTimes     EditKind = "times"
)

// Edit is one change to the law of a policy, to be tried.
type Edit struct {
	What      EditKind   `json:"what"`
	Item      string     `json:"item,omitempty"`      // id; not of values. A condition of the policy itself changes for all its items.
	Condition string     `json:"condition,omitempty"` // id of a condition or of a part of one
	Value     string     `json:"value,omitempty"`     // name in values.yaml
	On        civil.Date `json:"on,omitzero"`         // of a value: the entry that counts on this day is changed; zero: the only one
	Cell      string     `json:"cell,omitempty"`      // of a value by tiers or table: at_least or the key, as the file has it
	Text      string     `json:"text,omitempty"`      // an expression; of a value a number in its unit, or with another unit behind it: 600, 0.5亿元
}

// Amend returns a copy of the policy with the edits made in their order. The copy shares what isn't changed, and its files are
// still those of p. Mistakes point into the text of the edit, shown as a file 改动; what an expression means is checked by Compile.
func Amend(p *Policy, edits []Edit) (*Policy, source.Mistakes) {
	out := *p
	out.Items, out.conditions, out.Values = slices.Clone(p.Items), slices.Clone(p.conditions), slices.Clone(p.Values)
	var all source.Mistakes
	for i, e := range edits {
		name := "改动"
		if len(edits) > 1 {
			name = fmt.Sprintf("改动 %d", i+1)
		}
		a := &amendment{policyReader: policyReader{Decoder: &source.Decoder{}, p: &out}, edit: e}
		a.read(name)
		if len(a.Mistakes) == 0 {
			a.apply()
		}
		all = append(all, a.Mistakes...)
	}
	if all.Fatal() {
		return nil, all
	}
	return &out, all
}

// amendment carries out one edit.
type amendment struct {
	policyReader
	edit Edit
	text *source.Node
}

// target is how the edit's text is headed in messages.
func (e Edit) target() string {
	name := e.Value
	switch {
	case e.What == EditValue && e.Cell != "":
		name += "[" + e.Cell + "]"
	case e.What == EditCondition || e.What == EditDrop:
		name = e.Condition
	case e.What != EditValue:
		name = string(e.What)
	}
	return quoted(source.Clip(name))
}

// quoted writes a text as a YAML scalar of one line.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "'", "''") + "'"
}

// read makes the edit's text a node that mistakes can point at.
func (a *amendment) read(name string) {
	file, ms := source.Parse(name, []byte(a.edit.target()+": "+quoted(a.edit.Text)))
	a.File, a.Mistakes = file, ms
	if ms.Fatal() || file.Root == nil || len(file.Root.Entries) != 1 {
		if len(ms) == 0 {
			a.Mistakes = source.Mistakes{file.Mistake(source.Position{Line: 1, Column: 1}, "这处改动无法识别", "")}
		}
		return
	}
	a.text = file.Root.Entries[0].Value
	if a.edit.What != EditDrop && a.text.Text == "" {
		a.Fail(a.text, "", "没有写改成什么")
	}
}

func (a *amendment) apply() {
	switch a.edit.What {
	case EditValue:
		a.changeValue()
	case EditCondition, EditDrop:
		a.changeCondition()
	case EditAmount, EditPerGrant, EditPerYear, EditTotal, EditTimes:
		if it := a.item(); it != nil {
			a.changeMoney(it)
		}
	default:
		a.missing("没有“%s”这种改动", source.Clip(string(a.edit.What)))
	}
}

// missing says that there is nothing to change.
func (a *amendment) missing(format string, args ...any) { a.Fail(a.File.Root, "", format, args...) }

// near says that there is nothing of this name, and what was probably meant.
func (a *amendment) near(name string, names []string, format string, args ...any) {
	hint := ""
	if near, ok := source.Nearest(name, names); ok {
		hint = "是不是 " + near + "？"
	} else if len(names) > 0 {
		hint = "有：" + strings.Join(names[:min(len(names), 12)], "、")
	}
	a.Fail(a.File.Root, hint, format, args...)
}

// item is a copy of the item that may be changed, in its place among the policy's; nil with a mistake if there is none.
func (a *amendment) item() *Item {
	var ids []string
	for i, it := range a.p.Items {
		if it.ID == a.edit.Item {
			fresh := *it
			a.p.Items[i] = &fresh
			return &fresh
		}
		ids = append(ids, it.ID)
	}
	a.near(a.edit.Item, ids, "政策 %s 没有事项 %s", a.p.ID, source.Clip(a.edit.Item))
	return nil
}

func (a *amendment) changeMoney(it *Item) {
	text := Expression{Text: a.text.Text, node: a.text}
	switch a.edit.What {
	case EditAmount:
		it.Amount, it.AtMost = text, Expression{}
	case EditPerGrant:
		it.Cap.PerGrant = text
	case EditPerYear:
		it.Cap.PerYear = text
	case EditTotal:
		it.Cap.Total = text
	default:
		it.Cap.Times = a.Int(a.text, "times", 1, 1000)
	}
}

func (a *amendment) changeCondition() {
	var ids []string
	gather := func(c *Condition) {
		if c.ID != "" {
			ids = append(ids, c.ID)
		}
	}
	for _, c := range a.p.conditions {
		c.Walk(gather)
	}
	if list, done := a.within(a.p.conditions); done {
		a.p.conditions = list
		return
	}
	if a.edit.Item != "" {
		it := a.item()
		if it == nil {
			return
		}
		for _, c := range it.Conditions {
			c.Walk(gather)
		}
		if list, done := a.within(it.Conditions); done {
			it.Conditions = list
			return
		}
	}
	a.near(a.edit.Condition, ids, "事项 %s 没有条件 %s", source.Clip(a.edit.Item), source.Clip(a.edit.Condition))
}

// within returns the conditions with the edit made to one of them or to a part of one; done is false where none is meant.
func (a *amendment) within(list []*Condition) (changed []*Condition, done bool) {
	for i, c := range list {
		if c.ID == a.edit.Condition && a.edit.What == EditDrop {
			return slices.Delete(slices.Clone(list), i, i+1), true
		}
		fresh := *c
		if c.ID == a.edit.Condition {
			fresh.Expression, fresh.Parts, fresh.Score, fresh.Manual = Expression{Text: a.text.Text, node: a.text}, nil, nil, ""
			if c.Kind != Exclude {
				fresh.Kind = Require
			}
		} else if fresh.Parts, done = a.within(c.Parts); !done {
			continue
		} else if len(fresh.Parts) == 0 {
			a.missing("去掉 %s 以后，%s 里没有条件了", a.edit.Condition, c.Kind)
		}
		out := slices.Clone(list)
		out[i] = &fresh
		return out, true
	}
	return list, false
}

func (a *amendment) changeValue() {
	var names []string
	for i, v := range a.p.Values {
		if v.Name == a.edit.Value {
			fresh := *v
			fresh.Entries = slices.Clone(v.Entries)
			a.p.Values[i] = &fresh
			a.changeEntry(&fresh)
			return
		}
		names = append(names, v.Name)
	}
	a.near(a.edit.Value, names, "政策 %s 没有数值 %s", a.p.ID, source.Clip(a.edit.Value))
}

func (a *amendment) changeEntry(v *DatedValue) {
	var e *DatedEntry
	switch {
	case !a.edit.On.IsZero():
		e = v.at(a.edit.On, a.p.InForce)
	case len(v.Entries) == 1:
		e = &v.Entries[0]
	}
	if e == nil && a.edit.On.IsZero() {
		a.Fail(a.File.Root, "写明改的是哪一天的值", "数值 %s 分了 %d 段日期", v.Name, len(v.Entries))
		return
	}
	if e == nil {
		a.missing("数值 %s 在 %s 没有值", v.Name, a.edit.On)
		return
	}
	number := a.scaled(a.text, "值", v)
	cells := e.Cells()
	at := slices.Index(cells, a.edit.Cell)
	switch {
	case a.edit.Cell == "" && len(cells) > 0:
		a.Fail(a.File.Root, fmt.Sprintf("写明改哪一档，如 %s[%s]", v.Name, cells[0]), "数值 %s 按 %s 分档：%s", v.Name, v.By, strings.Join(cells, "、"))
	case a.edit.Cell == "":
		e.Value = number
	case at < 0:
		a.near(a.edit.Cell, cells, "数值 %s 没有“%s”这一档", v.Name, source.Clip(a.edit.Cell))
	case e.Tiers != nil:
		e.Tiers = slices.Clone(e.Tiers)
		e.Tiers[at].Value = number
	default:
		table := make(map[string]exact.Num, len(e.Table))
		for key, n := range e.Table {
			table[key] = n
		}
		table[a.edit.Cell] = number
		e.Table = table
	}
}

// Cells names the tiers or the rows of the table as the file has them; none where the entry is one number.
func (e *DatedEntry) Cells() []string {
	var out []string
	if table := child(e.node, "table"); table != nil {
		for _, row := range table.Entries {
			out = append(out, row.Key)
		}
	}
	if tiers := child(e.node, "tiers"); tiers != nil {
		for _, tier := range tiers.Items {
			out = append(out, child(tier, "at_least").Text) // which the reader demands
		}
	}
	return out
}

// child is the value of a key of a mapping; nil where it has none.
func child(n *source.Node, key string) *source.Node {
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// Parse reads a number as values.yaml may hold it for the value: in the value's unit, or with another of the same kind behind
// it. The result is in the base unit; the error is a sentence in Chinese.
func (v *DatedValue) Parse(text string) (exact.Num, error) {
	return parseText(text, func(r *policyReader, n *source.Node) exact.Num { return r.scaled(n, "值", v) })
}

// Text writes a number, which is in the base unit, in the value's unit so that Amend reads it back: 600. It is a fraction where
// no decimal is exact, which Amend refuses.
func (v *DatedValue) Text(n exact.Num) string {
	out, err := n.Quo(v.factor)
	if err != nil {
		return n.String()
	}
	return out.String()
}

// ParseFigure reads a number of a unit with a unit behind it: 300万元, 30人, 5%. Without one it is a count, a plain number, or
// percentage points of a percentage; money and multiples such as 万元/亩 need theirs. The result is in the base unit; the error is
// a sentence in Chinese.
func ParseFigure(text string, unit formula.Unit) (exact.Num, error) {
	return parseText(text, func(r *policyReader, n *source.Node) exact.Num {
		num, written, factor, ok := r.quantity(n, "值")
		switch {
		case !ok:
			return num
		case written == nil && (unit.IsMoney() || unit.Scaled):
			r.Fail(n, "", "“%s”要带单位（%s）", source.Clip(text), unit)
		case written == nil && unit.Flavour == formula.Percent && unit.Plain():
			factor = exact.Frac(1, 100)
		case written != nil && !written.Same(unit) && !(written.Plain() && unit.Plain()):
			r.Fail(n, "", "“%s”的单位与 %s 不合", source.Clip(text), unit)
		}
		out, err := num.Mul(factor)
		if err != nil {
			r.Fail(n, "", "“%s”太大", source.Clip(text))
		}
		return out
	})
}

// parseText reads a text that stands alone.
func parseText(text string, read func(*policyReader, *source.Node) exact.Num) (exact.Num, error) {
	file, ms := source.Parse("值", []byte(quoted(text)))
	if file.Root == nil || ms.Fatal() {
		return exact.Num{}, fmt.Errorf("“%s”应是数", source.Clip(text))
	}
	r := &policyReader{Decoder: &source.Decoder{File: file}}
	n := read(r, file.Root)
	if len(r.Mistakes) == 0 {
		return n, nil
	}
	m := r.Mistakes[0]
	if m.Hint != "" {
		return n, errors.New(m.Message + "，" + m.Hint)
	}
	return n, errors.New(m.Message)
}
