package workload

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
)

// perPolicy is how many items one policy grants, as in the district: 327 items in 45 policies.
const perPolicy = 7

// Policies are the items policy by policy, sharing the slice.
func Policies(items []*Item) [][]*Item { return slices.Collect(slices.Chunk(items, perPolicy)) }

// PolicyID is the id of the policy that grants the items.
func PolicyID(items []*Item) string { return "bench-" + items[0].ID }

// PolicyText writes the items of one policy as its policy.yaml.
func (w *World) PolicyText(items []*Item) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\ntitle: 合成政策%s\nnumber: 示例〔2025〕1号\nissuer: 区经委\nlevel: 区\n", PolicyID(items), items[0].ID)
	b.WriteString("in_force: {from: 2020-01-01, to: 2030-12-31}\nclauses:\n  - {ref: 第一条, text: 符合条件的企业按规定给予奖励。}\nitems:\n")
	for _, it := range items {
		w.writeItem(&b, it)
	}
	return []byte(b.String())
}

func (w *World) writeItem(b *strings.Builder, it *Item) {
	fmt.Fprintf(b, "  - id: %s\n    title: 合成事项%s\n    conditions:\n", it.ID, it.ID)
	for i, c := range it.Conditions {
		fmt.Fprintf(b, "      - id: c%d\n        clause: 第一条\n        because: 条件%d\n", i, i)
		switch {
		case c.Op == Not:
			fmt.Fprintf(b, "        exclude: '%s'\n", w.Text(c.Kids[0]))
		case c.Op == Or && i%2 == 0:
			b.WriteString("        any:\n")
			for _, k := range c.Kids {
				fmt.Fprintf(b, "          - require: '%s'\n", w.Text(k))
			}
		default:
			fmt.Fprintf(b, "        require: '%s'\n", w.Text(c))
		}
	}
	if it.Amount.Kind != None {
		fmt.Fprintf(b, "    amount: '%s'\n", w.amountText(it.Amount))
	}
}

// Text writes a condition in the language of policies.
func (w *World) Text(c *Condition) string {
	f := w.Fields[c.Field]
	switch c.Op {
	case AtLeast, Above, AtMost, Below:
		return fmt.Sprintf("%s %s %s", f.Name, Comparison(c.Op), f.literal(c.Bound))
	case Is:
		return f.Name
	case In:
		if len(c.Among) == 1 {
			return fmt.Sprintf("%s == %q", f.Name, f.Values[c.Among[0]])
		}
		return fmt.Sprintf("%s in %s", f.Name, f.List(c.Among))
	case Has:
		if len(c.Among) == 1 {
			return fmt.Sprintf("%q in %s", f.Values[c.Among[0]], f.Name)
		}
		return fmt.Sprintf("any(%s, # in %s)", f.Name, f.List(c.Among))
	case Not:
		return "not (" + w.Text(c.Kids[0]) + ")"
	}
	parts := make([]string, len(c.Kids))
	for i, k := range c.Kids {
		parts[i] = "(" + w.Text(k) + ")"
	}
	return strings.Join(parts, map[Op]string{And: " and ", Or: " or "}[c.Op])
}

// Comparison is the sign of a comparing Op.
func Comparison(op Op) string { return [...]string{">=", ">", "<=", "<"}[op] }

// List writes values as a list in expr's form.
func (f *Field) List(among []int) string {
	parts := make([]string, len(among))
	for i, v := range among {
		parts[i] = fmt.Sprintf("%q", f.Values[v])
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// literal writes a threshold with its unit.
func (f *Field) literal(v int64) string {
	switch f.Kind {
	case Money:
		return sum(v)
	case Percent:
		return hundredths(v)
	case Day:
		return fmt.Sprintf("日期(%q)", dayText(v))
	}
	return fmt.Sprint(v)
}

func sum(fen int64) string {
	if fen%wan == 0 {
		return fmt.Sprintf("%d*万元", fen/wan)
	}
	return hundredths(fen) + "*元"
}

func (w *World) amountText(a Amount) string {
	name := w.Fields[a.Field].Name
	switch a.Kind {
	case Share:
		return fmt.Sprintf("%s * 比例(%d)", name, a.Rate)
	case Capped:
		return fmt.Sprintf("min(%s, %s * 比例(%d))", sum(a.Fen), name, a.Rate)
	case PerOne:
		return fmt.Sprintf("%s * %s", name, sum(a.Fen))
	case Tiers:
		parts := make([]string, len(a.Tiers))
		for i, t := range a.Tiers {
			parts[i] = fmt.Sprintf("[%s, %s]", sum(t.From), sum(t.Value))
		}
		return fmt.Sprintf("分档(%s, [%s])", name, strings.Join(parts, ", "))
	}
	return sum(a.Fen)
}

// Book compiles the law of the items.
func (w *World) Book(items []*Item) (*rules.Book, error) {
	var policies []*rules.Policy
	for i, part := range Policies(items) {
		p, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": w.PolicyText(part)}, fmt.Sprintf("bench/%d", i))
		if err := mistakes.Err(); err != nil {
			return nil, fmt.Errorf("read policy %d: %w", i, err)
		}
		policies = append(policies, p)
	}
	book, mistakes := rules.Compile(w.Vocabulary, policies)
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return book, nil
}
