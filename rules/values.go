package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// DatedValue is a number of the law that changes by date (values.yaml).
type DatedValue struct {
	Name, Unit, Clause, Quote string
	By                        string // field it depends on; ""
	Entries                   []DatedEntry
	node                      *source.Node
	unit                      formula.Unit
	factor                    exact.Num
}

// DatedEntry is the value for a range of days: one number, or tiers by a number, or a table by a text.
type DatedEntry struct {
	Days
	Value exact.Num // in the base unit: 分, or the plain ratio for %
	Tiers []Tier
	Table map[string]exact.Num
	node  *source.Node
}

// Tier is the value from a lower bound on, the bound included; bounds are in the base unit of the field.
type Tier struct {
	AtLeast, Value exact.Num
	bare           bool          // written without a unit: percentage points where the field is in %
	unit           *formula.Unit // as written; nil when bare
}

// other is the key of a table entry for all texts that have none.
const other = "其他"

func (r *policyReader) values() {
	r.Map(r.File.Root, "values.yaml", source.Keys{"values": func(n *source.Node) {
		r.List(n, "values", func(item *source.Node) { r.value(item) })
	}}, "values")
}

func (r *policyReader) value(n *source.Node) {
	v := &DatedValue{node: n, factor: exact.Int(1)}
	// unit and by are needed before the numbers, wherever they stand.
	for _, e := range n.Entries {
		if e.Key == "unit" {
			v.Unit = e.Value.Text
		}
	}
	u, factor, err := formula.ParseUnit(v.Unit)
	if err != nil {
		r.Fail(n, "", "%v", err)
	}
	v.unit, v.factor = u, factor
	whole := DatedEntry{Days: r.p.InForce, node: n}
	undated := false
	keys := r.entryKeys(v, &whole, func() { undated = true })
	keys["name"] = r.TextInto(&v.Name, "name")
	keys["unit"] = func(*source.Node) {}
	keys["clause"] = r.TextInto(&v.Clause, "clause")
	keys["quote"] = r.TextInto(&v.Quote, "quote")
	keys["dated"] = func(n *source.Node) {
		r.List(n, "dated", func(item *source.Node) { v.Entries = append(v.Entries, r.entry(v, item)) })
	}
	r.Map(n, "数值", keys, "name", "clause")
	r.quote(n, v.Clause, v.Quote)
	if undated && len(v.Entries) > 0 {
		r.Fail(n, "", "写了 dated 就不要再在外面写 value、tiers 或 table")
	}
	if undated {
		v.Entries = append(v.Entries, whole)
	}
	for _, o := range r.p.Values {
		if o.Name == v.Name {
			r.Fail(n, "", "数值 %s 写了两次", v.Name)
		}
	}
	r.coverage(v)
	r.p.Values = append(r.p.Values, v)
}

func (r *policyReader) entry(v *DatedValue, n *source.Node) DatedEntry {
	e := DatedEntry{node: n}
	count := 0
	keys := r.entryKeys(v, &e, func() { count++ })
	keys["from"] = func(n *source.Node) { e.From = r.date(n, "from") }
	keys["to"] = func(n *source.Node) { e.To = r.date(n, "to") }
	r.Map(n, "dated", keys, "from")
	if count != 1 {
		r.Fail(n, "", "每段日期要有且只有 value、tiers、table 中的一个")
	}
	if !e.To.IsZero() && e.To.Before(e.From) {
		r.Fail(n, "", "这段日期的最后一天早于第一天")
	}
	return e
}

func (r *policyReader) entryKeys(v *DatedValue, e *DatedEntry, found func()) source.Keys {
	return source.Keys{
		"by":    r.TextInto(&v.By, "by"),
		"value": func(n *source.Node) { found(); e.Value = r.scaled(n, "value", v) },
		"tiers": func(n *source.Node) { found(); e.Tiers = r.tiers(v, n) },
		"table": func(n *source.Node) { found(); e.Table = r.table(v, n) },
	}
}

// scaled reads a number in the value's unit; the unit, or another of the same kind, may stand behind it (15万元). A suffix that
// isn't a unit is never passed over.
func (r *policyReader) scaled(n *source.Node, what string, v *DatedValue) exact.Num {
	num, unit, factor, ok := r.quantity(n, what)
	if !ok {
		return exact.Num{}
	}
	if unit == nil {
		factor = v.factor
	} else if !unit.Same(v.unit) {
		r.Fail(n, "", "%s“%s”的单位与 %s 不合", what, source.Clip(n.Text), unitName(v.Unit))
		return exact.Num{}
	}
	out, err := num.Mul(factor)
	if err != nil {
		r.Fail(n, "", "%s太大", what)
	}
	return out
}

// quantity reads a number with an optional unit behind it; unit is nil when there is none.
func (r *policyReader) quantity(n *source.Node, what string) (num exact.Num, unit *formula.Unit, factor exact.Num, ok bool) {
	digits := strings.TrimRight(n.Text, " ")
	factor = exact.Int(1)
	split := strings.IndexFunc(digits, func(c rune) bool { return !(c >= '0' && c <= '9' || c == '.' || c == '-') })
	if split > 0 {
		name := strings.TrimSpace(digits[split:])
		u, f, err := formula.ParseUnit(name)
		if err != nil || !formula.KnownUnit(name) && !strings.Contains(name, "/") {
			r.Fail(n, "数后面只能跟单位，如 15万元、30人、5.5%", "%s里的单位“%s”无法识别", what, source.Clip(name))
			return num, nil, factor, false
		}
		digits, unit, factor = digits[:split], &u, f
	}
	num, err := exact.Parse(digits)
	if n.Kind != source.Scalar || err != nil {
		r.Fail(n, "", "%s应是数", what)
		return num, nil, factor, false
	}
	return num, unit, factor, true
}

func (r *policyReader) tiers(v *DatedValue, n *source.Node) []Tier {
	var out []Tier
	r.List(n, "tiers", func(item *source.Node) {
		var t Tier
		r.Map(item, "tiers", source.Keys{
			"at_least": func(n *source.Node) {
				num, unit, factor, _ := r.quantity(n, "at_least")
				t.AtLeast, _ = num.Mul(factor)
				t.bare, t.unit = unit == nil, unit
			},
			"value": func(n *source.Node) { t.Value = r.scaled(n, "value", v) },
		}, "at_least", "value")
		if len(out) > 0 && t.AtLeast.Cmp(out[len(out)-1].AtLeast) <= 0 {
			r.Fail(item, "", "各档 at_least 应从小到大，不能重复")
		}
		out = append(out, t)
	})
	return out
}

func (r *policyReader) table(v *DatedValue, n *source.Node) map[string]exact.Num {
	out := map[string]exact.Num{}
	if n.Kind != source.Map {
		r.Fail(n, "", "table 写作 {金泽镇: 30, 其他: 20}")
		return out
	}
	for _, e := range n.Entries {
		out[e.Key] = r.scaled(e.Value, "table 里的值", v)
	}
	return out
}

// coverage holds that every day in force has exactly one entry.
func (r *policyReader) coverage(v *DatedValue) {
	if len(v.Entries) == 0 {
		r.Fail(v.node, "", "数值 %s 没有写值", v.Name)
		return
	}
	es := slices.Clone(v.Entries)
	sort.SliceStable(es, func(i, j int) bool { return es[i].From.Before(es[j].From) })
	need, open := r.p.InForce.From, true
	for i, e := range es {
		if i > 0 && (es[i-1].To.IsZero() || e.From.Compare(es[i-1].To) <= 0) {
			r.Fail(e.node, "每一天只能有一个值", "数值 %s 在 %s 与前一段重叠", v.Name, e.From)
			return
		}
		if open && e.From.Compare(need) > 0 && r.p.InForce.Contains(need) {
			until := ""
			if last := before(e.From); last != need {
				until = " 到 " + last.String()
			}
			r.Fail(e.node, "补上这一段", "数值 %s 在 %s%s 没有值", v.Name, need, until)
			return
		}
		if e.To.IsZero() {
			open = false
			continue
		}
		if next, ok := e.To.AddDays(1); ok && next.Compare(need) > 0 {
			need = next
		}
	}
	if open && r.p.InForce.Contains(need) {
		r.Fail(v.node, "政策有效期内每一天都要有值；末段不写 to 表示一直有效", "数值 %s 从 %s 起没有值", v.Name, need)
	}
}

func before(d civil.Date) civil.Date {
	p, _ := d.AddDays(-1)
	return p
}

// at returns the entry of a day; after the policy has ended (settling), that of its last day in force.
func (v *DatedValue) at(day civil.Date, inForce Days) *DatedEntry {
	for _, d := range []civil.Date{day, inForce.To} {
		for i := range v.Entries {
			if !d.IsZero() && v.Entries[i].Contains(d) {
				return &v.Entries[i]
			}
		}
	}
	return nil
}

// value gives the number for what it depends on.
func (e *DatedEntry) value(name string, by *formula.Value, percent bool) *formula.Value {
	switch {
	case e.Tiers != nil && by != nil && by.Known():
		return formula.NumberOf(e.tier(by.Num(), percent))
	case e.Table != nil && by != nil:
		return e.fromTable(name, by)
	case e.Tiers == nil && e.Table == nil:
		return formula.NumberOf(e.Value)
	}
	return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: "“" + name + "”没有可用的档"})
}

func (e *DatedEntry) tier(x exact.Num, percent bool) exact.Num {
	out := exact.Int(0)
	for _, t := range e.Tiers {
		bound := t.AtLeast
		if t.bare && percent {
			bound, _ = bound.Quo(exact.Int(100))
		}
		if x.Cmp(bound) >= 0 {
			out = t.Value
		}
	}
	return out
}

func (e *DatedEntry) fromTable(name string, by *formula.Value) *formula.Value {
	texts := by.Possible()
	if by.Known() {
		texts = []string{by.Text()}
	}
	out := formula.Open(by)
	for i, t := range texts {
		n, ok := e.Table[t]
		if !ok {
			n, ok = e.Table[other]
		}
		if !ok {
			return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: fmt.Sprintf("“%s”没有写明 %s 的值", name, t)})
		}
		v := formula.NumberOf(n)
		if i > 0 && !out.Equal(v) {
			return formula.Open(by)
		}
		out = v
	}
	return out
}

// lookup is the type by which expressions ask for the value.
func (v *DatedValue) lookup(vocab *Vocabulary) (formula.Lookup, error) {
	u := v.unit
	if u.Flavour == formula.Percent {
		u = formula.Unit{Flavour: formula.Ratio}
	}
	l := formula.Lookup{Type: formula.Type{Kind: formula.Number, Unit: u}}
	for _, e := range v.Entries {
		if (e.Tiers != nil || e.Table != nil) && v.By == "" {
			return l, fmt.Errorf("数值 %s 写了 tiers 或 table，要用 by 写明按哪个指标", v.Name)
		}
	}
	if v.By == "" {
		return l, nil
	}
	f, ok := vocab.Lookup(v.By)
	if !ok {
		return l, fmt.Errorf("数值 %s 的 by：没有“%s”这个指标", v.Name, source.Clip(v.By))
	}
	for _, e := range v.Entries {
		if e.Tiers != nil && f.typ.Kind != formula.Number || e.Table != nil && f.typ.Kind != formula.String {
			return l, fmt.Errorf("数值 %s：按数分档用 tiers，按文字分档用 table", v.Name)
		}
		for _, t := range e.Tiers {
			if t.bare && (f.typ.Unit.IsMoney() || f.typ.Unit.Scaled) {
				return l, fmt.Errorf("数值 %s：按 %s 分档的 at_least 要带单位，如 500万元", v.Name, f)
			}
			if t.unit != nil && !t.unit.Same(f.typ.Unit) {
				return l, fmt.Errorf("数值 %s：at_least 的单位 %s 与 %s 的单位 %s 不合", v.Name, t.unit, f.FullName(), f.typ.Unit)
			}
		}
	}
	t := f.typ
	l.By = &t
	return l, v.keys(f)
}

// keys holds that a table names only values that the field can have. A value that it leaves out stays unknown where it is met.
func (v *DatedValue) keys(f *Field) error {
	if f.Values == nil {
		return nil
	}
	for _, e := range v.Entries {
		for key := range e.Table {
			if key != other && !slices.Contains(f.Values, key) {
				return fmt.Errorf("数值 %s：%s 没有“%s”这个取值", v.Name, f.FullName(), source.Clip(key))
			}
		}
	}
	return nil
}

// Lookup finds a field by name, or a column as table.column.
func (v *Vocabulary) Lookup(name string) (*Field, bool) {
	if f, ok := v.byName[name]; ok {
		return f, true
	}
	table, column, found := strings.Cut(name, ".")
	if !found {
		return nil, false
	}
	t, ok := v.byName[table]
	if !ok {
		return nil, false
	}
	return t.Column(column)
}

// Words writes a number of the value as people read it: 15 万元, 5.5%, 30 人.
func (v *DatedValue) Words(n exact.Num) string {
	return formatNumber(n, v.unit, v.factor, v.Unit)
}

// BoundWords writes the lower bound of a tier as people read it; by is the field the value depends on, nil if it isn't known.
func (t Tier) BoundWords(by *Field) string {
	if by == nil {
		return t.AtLeast.Decimal(4)
	}
	n := t.AtLeast
	if t.bare && by.Unit == "%" {
		n, _ = n.Quo(exact.Int(100))
	}
	return formatNumber(n, by.typ.Unit, by.factor, by.Unit)
}
