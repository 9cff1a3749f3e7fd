package lint

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/lint/numeral"
	"mianshen/rules/lint/proof"
	"mianshen/rules/source"
)

// head is a top-level value of policy.yaml, or the file's start.
func (a *audit) head(key string) *source.Node {
	root := a.policy.Root("policy.yaml")
	if n := entry(root, key); n != nil {
		return n
	}
	return root
}

// maxYears is how long a policy may run before a review is due.
const maxYears = 5

func endDate(a *audit) {
	in := a.policy.InForce
	if in.To.IsZero() {
		a.warn(a.head("in_force").Mistake("没有写失效日期", "写明 to；规范性文件有效期一般不超过五年"))
		return
	}
	if limit, ok := in.From.AddYears(maxYears); ok && in.To.Compare(limit) >= 0 {
		a.warn(a.head("in_force").Mistake(fmt.Sprintf("有效期从 %s 到 %s，超过五年", in.From, in.To), "规范性文件有效期一般不超过五年，到期评估后再延续"))
	}
}

// settling warns when grants for the last period of a policy can only be decided after it has ended and settle_to doesn't let them.
func settling(a *audit) {
	in, p := a.policy.InForce, a.policy
	if in.To.IsZero() {
		return
	}
	for _, r := range a.rules {
		f := r.Item.For
		if f.Span == rules.Day || f.Back == 0 {
			continue
		}
		last := f.Span.Of(in.To, 0)
		deciding := f.Span.Of(last.From, -f.Back)
		if last.To != in.To || !deciding.From.After(in.To) {
			continue
		}
		switch {
		case p.SettleTo.IsZero():
			a.warn(a.head("in_force").Mistake(fmt.Sprintf("%s 的所属期 %s 要到 %s 才能判定，政策那时已失效，又没有写 settle_to", item(r), last.Name, deciding.From), "写 settle_to: 到哪一天为止仍可判定"))
		case p.SettleTo.Before(deciding.From):
			a.warn(a.head("settle_to").Mistake(fmt.Sprintf("%s 的所属期 %s 要到 %s 才能判定，settle_to 却只到 %s", item(r), last.Name, deciding.From, p.SettleTo), "把 settle_to 放到判定结束之后"))
		case !opens(r, deciding.From, p.SettleTo):
			a.warn(a.head("settle_to").Mistake(fmt.Sprintf("%s 在 %s 到 %s 之间没有开放的日子，所属期 %s 的判定落不到窗口里", item(r), deciding.From, p.SettleTo, last.Name), "把 settle_to 放到窗口结束之后"))
		}
	}
}

func opens(r *rules.Rule, from, to civil.Date) bool {
	for d, ok := from, true; ok && !d.After(to); d, ok = d.AddDays(1) {
		if r.Open(d) {
			return true
		}
	}
	return false
}

func consulted(a *audit) {
	c := a.policy.Consultation
	switch {
	case c == nil || c.Asked == 0:
		a.warn(a.head("consultation").Mistake("没有听取市场主体意见的记录", "写 consultation: {asked: 家数, sme: 其中中小企业家数, opened: 起, closed: 止}"))
	case c.SME*2 < c.Asked:
		a.warn(a.head("consultation").Mistake(fmt.Sprintf("听取意见的 %d 家里中小企业 %d 家，占 %s，不到一半", c.Asked, c.SME, exact.Frac(int64(c.SME)*100, int64(c.Asked)).Decimal(1)+"%"), "普惠性政策听取意见，中小企业一般不少于一半"))
	}
}

// maxPlain is how long an explanation in plain words may be, in characters.
const maxPlain = 600

func plainWords(a *audit) {
	n := utf8.RuneCountInString(a.policy.Plain)
	switch {
	case n == 0:
		a.warn(a.head("plain").Mistake("没有大白话解读", "写 plain：谁能拿、拿多少、怎么拿、什么时候"))
	case n > maxPlain:
		a.warn(a.head("plain").Mistake(fmt.Sprintf("大白话解读有 %d 字，太长", n), fmt.Sprintf("缩到 %d 字以内，细节放到 qa", maxPlain)))
	}
}

// autoWaits warns of items that nobody need apply for but that a person must decide.
func autoWaits(a *audit) {
	for _, r := range a.rules {
		if r.Item.Mode != rules.Auto {
			continue
		}
		for _, c := range a.policy.All(r.Item) {
			c.Walk(func(c *rules.Condition) {
				if c.Kind == rules.Manual {
					a.warn(c.Node().Mistake(fmt.Sprintf("%s 写作免申即享，“%s”却要人认定，认定前一直待核实", item(r), source.Clip(c.Manual)), "换成能查到的标准，或把 mode 改成 confirm、apply"))
				}
			})
		}
		if n := r.Item.AtMost.Node(); n != nil {
			a.warn(n.Mistake(fmt.Sprintf("%s 写作免申即享，金额却是“不超过”，要人核定", item(r)), "写出算法用 amount，或把 mode 改成 confirm、apply"))
		}
	}
}

func excludeAsNot(a *audit) {
	for _, r := range a.rules {
		for _, c := range a.policy.All(r.Item) {
			t := r.Tree(c.Expression)
			if c.Kind != rules.Require || t == nil || t.Op != formula.OpNot || !listed(t.Args[0]) {
				continue
			}
			a.warn(c.Expression.Node().Mistake("排除性条件写成了 require: not", "改写成 exclude，判定相同，理由更好读"))
		}
	}
}

// listed reports whether a test only asks whether a firm is on lists, as exclusions do.
func listed(n *formula.Node) bool {
	if n.Op == formula.OpOr {
		return listed(n.Args[0]) && listed(n.Args[1])
	}
	return n.Op == formula.OpField || n.Op == formula.OpRecord
}

// unexplained warns of conditions whose finding could not be explained: without clause or quote, reason, or what to do.
func unexplained(a *audit) {
	for _, r := range a.rules {
		for _, c := range a.policy.All(r.Item) {
			if lacks := lacking(c); len(lacks) > 0 {
				a.warn(c.Node().Mistake(fmt.Sprintf("条件 %s 没有写 %s", c.ID, strings.Join(lacks, "、")), "企业看到的理由和出处都从这里来"))
			}
		}
	}
}

func lacking(c *rules.Condition) []string {
	var out []string
	for _, part := range []struct{ text, name string }{{c.Clause, "clause（出处）"}, {c.Quote, "quote（原文）"}, {c.Because, "because（理由）"}, {c.Remedy, "remedy（不符合怎么办）"}} {
		if part.text == "" {
			out = append(out, part.name)
		}
	}
	return out
}

// writtenNumbers notes, once a policy, sums, shares and thresholds that stand in expressions instead of values.yaml. Lengths of
// time and days mostly belong to the sentence; a table of points is a whole.
func writtenNumbers(a *audit) {
	var found []used
	for _, r := range a.rules {
		scored := points(r)
		for _, e := range expressions(r) {
			if !slices.ContainsFunc(scored, func(p rules.Expression) bool { return p.Node() == e.Node() }) {
				found = append(found, a.inExpression(r, e)...)
			}
		}
	}
	found = slices.DeleteFunc(found, func(u used) bool {
		return u.value != "" || u.Kind == numeral.Day || u.Kind == numeral.Months || u.Number == "1"
	})
	var numbers []string
	for _, u := range found {
		if !slices.Contains(numbers, u.Text) {
			numbers = append(numbers, u.Text)
		}
	}
	if len(found) > 0 {
		a.warn(found[0].at("直接写在表达式里的数："+strings.Join(numbers, "、"), "会变的数放进 values.yaml，写明单位、出处和起止日期，用 取值(…)"))
	}
}

func points(r *rules.Rule) []rules.Expression {
	var out []rules.Expression
	for _, c := range r.Policy.All(r.Item) {
		c.Walk(func(c *rules.Condition) {
			if c.Score != nil {
				for _, p := range c.Score.Parts {
					out = append(out, p.Points)
				}
			}
		})
	}
	return out
}

func capOrder(a *audit) {
	for _, r := range a.rules {
		c := r.Item.Cap
		grant, year, total := limit{"单次上限 per_grant", c.PerGrant}, limit{"年度上限 per_year", c.PerYear}, limit{"累计上限 total", c.Total}
		for _, m := range a.of(r) {
			a.ordered(m, grant, year)
			a.ordered(m, grant, total)
			a.ordered(m, year, total)
		}
	}
}

type limit struct {
	name string
	e    rules.Expression
}

func (a *audit) ordered(m *proof.Model, small, large limit) {
	x, y := m.Figure(small.e), m.Figure(large.e)
	if x != nil && y != nil && x.Num().Cmp(y.Num()) > 0 {
		u := formula.MoneyUnit()
		a.warn(small.e.Node().Mistake(fmt.Sprintf("%s %s大于%s %s", small.name, show(u, x.Num()), large.name, show(u, y.Num())), "大的那个不起作用，核对两个数"))
	}
}

// lonelyGroups warns of groups with one member. With a single policy loaded the others can't be seen, and nothing is said.
func lonelyGroups(a *audit) {
	if len(a.book.Policies) < 2 {
		return
	}
	members := map[string]int{}
	groups := func(it *rules.Item) []string {
		var out []string
		for _, e := range it.Exclusive {
			out = append(out, "exclusive "+e.Group)
		}
		if it.Cap.Group != "" {
			out = append(out, "cap "+it.Cap.Group)
		}
		return out
	}
	for _, r := range a.book.Rules {
		for _, g := range groups(r.Item) {
			members[g]++
		}
	}
	for _, r := range a.rules {
		for _, g := range groups(r.Item) {
			if members[g] == 1 {
				a.warn(r.Item.Node().Mistake(fmt.Sprintf("%s 的组“%s”在装入的 %d 个政策里只有它一个", item(r), g, len(a.book.Policies)), "核对组名的写法；组名全区通用"))
			}
		}
	}
}

// noBudget names, once a policy, the items that pay and have no budget line.
func noBudget(a *audit) {
	var ids []string
	var first *rules.Item
	for _, r := range a.rules {
		it := r.Item
		if it.Budget.Line != "" || it.Amount.Text == "" && it.AtMost.Text == "" {
			continue
		}
		if first == nil {
			first = it
		}
		ids = append(ids, it.ID)
	}
	if first != nil {
		a.warn(first.Node().Mistake("有金额而没有写预算科目："+strings.Join(ids, "、"), "写 budget: {line: 科目, when_short: hold}"))
	}
}
