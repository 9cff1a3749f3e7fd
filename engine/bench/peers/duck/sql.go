package duck

import (
	"fmt"
	"strconv"
	"strings"

	"mianshen/engine/bench/workload"
)

// writer writes conditions as SQL, whose logic is three-valued as ours.
type writer struct{ fields []*workload.Field }

// truth is the condition itself.
func (w writer) truth(c *workload.Condition) string {
	name := w.fields[c.Field].Name
	switch c.Op {
	case workload.AtLeast, workload.Above, workload.AtMost, workload.Below:
		return fmt.Sprintf("%s %s %d", name, workload.Comparison(c.Op), c.Bound)
	case workload.Is:
		return name
	case workload.In:
		return name + among(c.Among)
	case workload.Has:
		var mask uint64
		for _, v := range c.Among {
			mask |= 1 << v
		}
		return fmt.Sprintf("(%s & %d::UBIGINT) <> 0", name, mask)
	case workload.Not:
		return "NOT (" + w.truth(c.Kids[0]) + ")"
	}
	return w.join(c.Kids, map[workload.Op]string{workload.And: " AND ", workload.Or: " OR "}[c.Op], w.truth)
}

func among(values []int) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = strconv.Itoa(v)
	}
	if len(texts) == 1 {
		return " = " + texts[0]
	}
	return " IN (" + strings.Join(texts, ",") + ")"
}

// notFalse is true where the condition isn't false.
func (w writer) notFalse(c *workload.Condition) string { return "(" + w.truth(c) + ") IS NOT FALSE" }

// possible says the same with a single comparison spelled out.
func (w writer) possible(c *workload.Condition) string {
	leaf := c
	if c.Op == workload.Not {
		leaf = c.Kids[0]
	}
	if len(leaf.Kids) == 0 {
		return fmt.Sprintf("(%s) OR %s IS NULL", w.truth(c), w.fields[leaf.Field].Name)
	}
	return w.notFalse(c)
}

func (w writer) join(cs []*workload.Condition, by string, write func(*workload.Condition) string) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = "(" + write(c) + ")"
	}
	return strings.Join(parts, by)
}

// eligible is true where an item is granted: all conditions are true and the amount is known.
func (w writer) eligible(it *workload.Item) string {
	all := w.join(it.Conditions, " AND ", w.truth)
	if it.Amount.Reads() {
		all += " AND " + w.fields[it.Amount.Field].Name + " IS NOT NULL"
	}
	return all
}

// amount is the sum in 分 of an eligible enterprise, rounded down.
func (w writer) amount(a workload.Amount) string {
	name := w.fields[a.Field].Name
	switch a.Kind {
	case workload.None:
		return "0"
	case workload.Share:
		return fmt.Sprintf("%s*%d//100", name, a.Rate)
	case workload.Capped:
		return fmt.Sprintf("least(%d, %s*%d//100)", a.Fen, name, a.Rate)
	case workload.PerOne:
		return fmt.Sprintf("%s::BIGINT*%d", name, a.Fen)
	case workload.Tiers:
		var b strings.Builder
		b.WriteString("CASE")
		for i := len(a.Tiers) - 1; i >= 0; i-- {
			fmt.Fprintf(&b, " WHEN %s >= %d THEN %d", name, a.Tiers[i].From, a.Tiers[i].Value)
		}
		return b.String() + " ELSE 0 END"
	}
	return strconv.FormatInt(a.Fen, 10)
}

// Form is a way to ask DuckDB for the counts of items.
type Form struct {
	Name  string
	Items int // of one query
	query func(w writer, items []*workload.Item) string
}

// Forms are the ways that were tried. All give the same counts.
func Forms() []Form {
	return []Form{
		{"one scan an item: WHERE each condition IS NOT FALSE, FILTER counts what is true", 1, scan(writer.notFalse)},
		{"one scan an item: WHERE each condition holds or IS NULL, FILTER counts what is true", 1, scan(writer.possible)},
		{"one scan an item: projection, then sums", 1, wide},
		{"one scan for 10 items: projection, then sums", 10, wide},
		{"one scan for 50 items: projection, then sums", 50, wide},
		{"two scans an item: true, and not false", 1, twice},
	}
}

func scan(possible func(writer, *workload.Condition) string) func(writer, []*workload.Item) string {
	return func(w writer, items []*workload.Item) string {
		it := items[0]
		granted := w.eligible(it)
		sum := "0::BIGINT"
		if it.Amount.Kind != workload.None {
			sum = fmt.Sprintf("coalesce(sum(%s) FILTER (WHERE %s), 0)::BIGINT", w.amount(it.Amount), granted)
		}
		where := w.join(it.Conditions, " AND ", func(c *workload.Condition) string { return possible(w, c) })
		return fmt.Sprintf("SELECT count(*) FILTER (WHERE %s), count(*), %s FROM t WHERE %s", granted, sum, where)
	}
}

func wide(w writer, items []*workload.Item) string {
	var inner, outer []string
	for i, it := range items {
		inner = append(inner, fmt.Sprintf("(%s) AS p%d", w.join(it.Conditions, " AND ", w.truth), i))
		granted, sum := fmt.Sprintf("p%d", i), "0::BIGINT"
		if it.Amount.Reads() {
			inner = append(inner, fmt.Sprintf("%s IS NOT NULL AS k%d", w.fields[it.Amount.Field].Name, i))
			granted = fmt.Sprintf("p%d AND k%d", i, i)
		}
		if it.Amount.Kind != workload.None {
			inner = append(inner, fmt.Sprintf("%s AS a%d", w.amount(it.Amount), i))
			sum = fmt.Sprintf("coalesce(sum(a%d) FILTER (WHERE %s), 0)::BIGINT", i, granted)
		}
		outer = append(outer, fmt.Sprintf("coalesce(sum((%s)::INT), 0)::BIGINT, count(*) - coalesce(sum((NOT p%d)::INT), 0)::BIGINT, %s", granted, i, sum))
	}
	return "SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + " FROM t)"
}

func twice(w writer, items []*workload.Item) string {
	it := items[0]
	return fmt.Sprintf("SELECT n, possible, s FROM (SELECT count(*) AS n, coalesce(sum(%s), 0)::BIGINT AS s FROM t WHERE %s), (SELECT count(*) AS possible FROM t WHERE %s)",
		w.amount(it.Amount), w.eligible(it), w.join(it.Conditions, " AND ", w.notFalse))
}
