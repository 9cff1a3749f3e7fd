package rules

import (
	"strings"

	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// The kinds of case; an item needs one of each before it can be published.
var caseKinds = []string{"accepted", "refused", "boundary", "missing"}

// maxCases caps the cases of a policy.
const maxCases = 5000

func (r *policyReader) cases() {
	byName := map[string]*Case{}
	r.Map(r.File.Root, "cases.yaml", source.Keys{"cases": func(n *source.Node) {
		r.List(n, "cases", func(item *source.Node) {
			if len(r.p.Cases) >= maxCases {
				return
			}
			c := r.testCase(item)
			if byName[c.Name] != nil {
				r.Fail(item, "", "案例“%s”重名", source.Clip(c.Name))
			}
			byName[c.Name] = c
			r.p.Cases = append(r.p.Cases, c)
		})
	}}, "cases")
	items := map[string]bool{}
	for _, it := range r.p.Items {
		items[it.ID] = true
	}
	state := map[*Case]int{}
	for _, c := range r.p.Cases {
		r.inherit(c, byName, state)
		if c.Item == "" && len(r.p.Items) == 1 {
			c.Item = r.p.Items[0].ID
		}
		if !items[c.Item] {
			r.Fail(c.node, "", "案例“%s”的事项 %s 不在本政策里", source.Clip(c.Name), source.Clip(c.Item))
		}
		if c.AsOf.IsZero() {
			r.Fail(c.node, "", "案例“%s”缺少 as_of", source.Clip(c.Name))
		}
	}
}

func (r *policyReader) testCase(n *source.Node) *Case {
	c := &Case{node: n, Facts: map[string]string{}, factNodes: map[string]*source.Node{}, Records: map[string][]map[string]string{}, Findings: map[string]string{}}
	r.Map(n, "案例", source.Keys{
		"name":  r.TextInto(&c.Name, "name"),
		"kind":  func(n *source.Node) { c.Kind = r.OneOf(n, "kind", caseKinds...) },
		"item":  r.TextInto(&c.Item, "item"),
		"as_of": func(n *source.Node) { c.AsOf = r.date(n, "as_of") },
		"like":  r.TextInto(&c.Like, "like"),
		"facts": func(n *source.Node) { r.facts(c, n) },
		"records": func(n *source.Node) {
			if n.Kind != source.Map {
				r.Fail(n, "", "records 写作 {表名: [{列: 值}]}")
				return
			}
			for _, e := range n.Entries {
				c.Records[e.Key] = r.records(e.Value)
				c.factNodes[e.Key] = e.Value
			}
		},
		"awards": func(n *source.Node) {
			c.hasAwards = true
			r.List(n, "awards", func(item *source.Node) { c.Awards = append(c.Awards, r.award(item)) })
		},
		"findings": func(n *source.Node) {
			for _, e := range n.Entries {
				c.Findings[e.Key] = e.Value.Text
				c.factNodes["findings."+e.Key] = e.Value
			}
		},
		"expect": func(n *source.Node) { c.Expect = r.expect(n) },
	}, "name", "kind", "expect")
	return c
}

// cell is the text of a fact; null and ~ are missing. A list is a set.
func (r *policyReader) cell(n *source.Node) string {
	switch n.Kind {
	case source.Scalar:
		return n.Text
	case source.List:
		if len(n.Items) == 0 {
			return ";;"
		}
		return strings.Join(r.Texts(n, "集合"), ";")
	case source.Map:
		r.Fail(n, "", "事实应是单个值")
	}
	return ""
}

func (r *policyReader) facts(c *Case, n *source.Node) {
	if n.Kind != source.Map {
		r.Fail(n, "", "facts 写作 {指标: 值}")
		return
	}
	for _, e := range n.Entries {
		c.Facts[e.Key] = r.cell(e.Value)
		c.factNodes[e.Key] = e.Value
	}
}

func (r *policyReader) records(n *source.Node) []map[string]string {
	if n.Kind == source.Null {
		return nil
	}
	out := []map[string]string{}
	r.List(n, "records", func(item *source.Node) {
		row := map[string]string{}
		if item.Kind != source.Map {
			r.Fail(item, "", "每条记录写作 {列: 值}")
			return
		}
		for _, e := range item.Entries {
			row[e.Key] = r.cell(e.Value)
		}
		out = append(out, row)
	})
	return out
}

func (r *policyReader) award(n *source.Node) Award {
	var a Award
	period := func(n *source.Node) {
		p, err := ParseInterval(n.Text)
		if err != nil {
			r.Fail(n, "", "%v", err)
		}
		a.Period = p
	}
	amount := func(n *source.Node) {
		m, err := exact.ParseMoney(n.Text)
		if err != nil {
			r.Fail(n, "", "%v", err)
		}
		a.Amount = m
	}
	basis := func(n *source.Node) { a.Basis = r.cell(n) }
	on := func(n *source.Node) { a.On = r.date(n, "发放日期") }
	keys := source.Keys{
		"enterprise": r.TextInto(&a.Enterprise, "enterprise"), KeyColumn: r.TextInto(&a.Enterprise, KeyColumn),
		"item": r.TextInto(&a.Item, "item"), "事项": r.TextInto(&a.Item, "事项"),
		"period": period, "所属期": period, "basis": basis, "依据": basis,
		"amount": amount, "金额": amount, "on": on, "date": on, "paid": on, "发放日期": on,
	}
	r.Map(n, "拨付历史", keys)
	if a.Item == "" || a.Period.Name == "" {
		r.Fail(n, "写作 {事项: id, 所属期: 2024, 金额: \"100.00\"}", "拨付历史要有事项和所属期")
	}
	return a
}

func (r *policyReader) expect(n *source.Node) Expectation {
	var e Expectation
	list := func(p *[]string, checked *bool) func(*source.Node) {
		return func(n *source.Node) {
			*checked = true
			if n.Kind != source.Null {
				*p = r.Texts(n, "expect 的列表")
			}
		}
	}
	r.Map(n, "expect", source.Keys{
		"outcome": func(n *source.Node) { e.Outcome = r.OneOf(n, "outcome", "eligible", "ineligible", "unknown") },
		"amount": func(n *source.Node) {
			if n.Kind == source.Null {
				return
			}
			m, err := exact.ParseMoney(n.Text)
			if err != nil {
				r.Fail(n, "", "%v", err)
			}
			text := m.String()
			e.Amount = &text
		},
		"failed":  list(&e.Failed, &e.checkFailed),
		"missing": list(&e.Missing, &e.checkMissing),
		"manual":  list(&e.Manual, &e.checkManual),
		"payments": func(n *source.Node) {
			r.List(n, "payments", func(item *source.Node) {
				m, err := exact.ParseMoney(item.Text)
				if err != nil {
					r.Fail(item, "", "%v", err)
				}
				e.Payments = append(e.Payments, m.String())
			})
		},
	}, "outcome")
	return e
}

// inherit fills a case from the one it is like: facts and records key by key, all else where it has none of its own.
func (r *policyReader) inherit(c *Case, byName map[string]*Case, state map[*Case]int) {
	if c.Like == "" || state[c] == 2 {
		return
	}
	if state[c] == 1 {
		r.Fail(c.node, "", "案例“%s”的 like 绕回了自己", source.Clip(c.Name))
		return
	}
	state[c] = 1
	defer func() { state[c] = 2 }()
	base := byName[c.Like]
	if base == nil {
		r.Fail(c.node, "", "没有名为“%s”的案例", source.Clip(c.Like))
		return
	}
	r.inherit(base, byName, state)
	if c.Item == "" {
		c.Item = base.Item
	}
	if c.AsOf.IsZero() {
		c.AsOf = base.AsOf
	}
	if !c.hasAwards {
		c.Awards, c.hasAwards = base.Awards, base.hasAwards
	}
	fill(c.Facts, base.Facts)
	fill(c.Findings, base.Findings)
	fill(c.Records, base.Records)
	fill(c.factNodes, base.factNodes)
}

func fill[V any](into, from map[string]V) {
	for k, v := range from {
		if _, own := into[k]; !own {
			into[k] = v
		}
	}
}
