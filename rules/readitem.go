package rules

import (
	"regexp"
	"strconv"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// maxDefines caps the named parts of an item.
const maxDefines = 200

// maxConditions caps the conditions of an item, parts included.
const maxConditions = 300

func (r *policyReader) item(n *source.Node) *Item {
	it := &Item{node: n, Mode: Auto, Frequency: Frequency{}}
	keys := source.Keys{
		"id":    func(n *source.Node) { it.ID = r.id(n, "事项 id") },
		"title": r.TextInto(&it.Title, "title"),
		"mode":  func(n *source.Node) { it.Mode = Mode(r.OneOf(n, "mode", "auto", "confirm", "apply")) },
		"kind": func(n *source.Node) {
			it.Kind = r.OneOf(n, "kind", "补贴", "融资", "减免", "人才", "荣誉", "就业", "其他")
		},
		"field":      r.TextInto(&it.Field, "field"),
		"industries": func(n *source.Node) { it.Industries = r.Texts(n, "industries") },
		"for":        func(n *source.Node) { it.For = readPeriod(r.Decoder, n, "for") },
		"period":     func(n *source.Node) { it.Frequency = r.frequency(n) },
		"define":     func(n *source.Node) { it.Defines = r.defines(n) },
		"each":       r.TextInto(&it.Each, "each"),
		"conditions": func(n *source.Node) { it.Conditions = r.conditions(n, "conditions", true) },
	}
	r.moneyKeys(it, keys)
	r.processKeys(it, keys)
	r.Map(n, "事项", keys, "id", "title")
	if it.Amount.Text != "" && it.AtMost.Text != "" {
		r.Fail(n, "金额能算出写 amount，“不超过”写 at_most", "amount 和 at_most 只能写一个")
	}
	if it.OncePer && it.Basis == "" && it.Each == "" {
		r.Fail(n, "basis 写明用哪个指标识别同一件事", "once_per: basis 要有 basis")
	}
	return it
}

func (r *policyReader) moneyKeys(it *Item, keys source.Keys) {
	keys["amount"] = func(n *source.Node) { it.Amount = r.expression(n, "amount") }
	keys["at_most"] = func(n *source.Node) { it.AtMost = r.expression(n, "at_most") }
	keys["round"] = func(n *source.Node) { it.Round = r.round(n) }
	keys["cap"] = func(n *source.Node) { it.Cap = r.cap(n) }
	keys["exclusive"] = func(n *source.Node) { it.Exclusive = r.exclusive(n) }
	keys["budget"] = func(n *source.Node) {
		r.Map(n, "budget", source.Keys{
			"line":       r.TextInto(&it.Budget.Line, "line"),
			"when_short": func(n *source.Node) { it.Budget.WhenShort = r.OneOf(n, "when_short", "hold", "prorate", "rank") },
		}, "line")
	}
	keys["instalments"] = func(n *source.Node) { it.Payments = r.instalments(n) }
}

func (r *policyReader) processKeys(it *Item, keys source.Keys) {
	keys["basis"] = r.TextInto(&it.Basis, "basis")
	keys["once_per"] = func(n *source.Node) { it.OncePer = r.OneOf(n, "once_per", "basis") == "basis" }
	keys["materials"] = func(n *source.Node) {
		r.List(n, "materials", func(item *source.Node) {
			var m Material
			r.Map(item, "材料", source.Keys{"name": r.TextInto(&m.Name, "name"), "from": r.TextInto(&m.From, "from"), "clause": r.TextInto(&m.Clause, "clause"), "quote": r.TextInto(&m.Quote, "quote")}, "name")
			r.quote(item, m.Clause, m.Quote)
			it.Materials = append(it.Materials, m)
		})
	}
	keys["review"] = func(n *source.Node) {
		r.List(n, "review", func(item *source.Node) {
			var s ReviewStep
			r.Map(item, "评审环节", source.Keys{"name": r.TextInto(&s.Name, "name"), "by": r.TextInto(&s.By, "by"), "clause": r.TextInto(&s.Clause, "clause"), "quote": r.TextInto(&s.Quote, "quote")}, "name")
			r.quote(item, s.Clause, s.Quote)
			it.Review = append(it.Review, s)
		})
	}
	keys["window"] = func(n *source.Node) { it.Windows = r.windows(n) }
}

func (r *policyReader) expression(n *source.Node, what string) Expression {
	return Expression{Text: r.Expression(n, what), node: n}
}

func (r *policyReader) defines(n *source.Node) []Define {
	var out []Define
	if n.Kind != source.Map {
		r.Fail(n, "写作 define: {增量: '上年 - 前年'}", "define 应是一组“名称: 表达式”")
		return nil
	}
	if len(n.Entries) > maxDefines {
		r.Fail(n, "", "define 超过 %d 个", maxDefines)
		return nil
	}
	for _, e := range n.Entries {
		if !identifier(e.Key) {
			r.Fail(e.Value, "", "“%s”不能作名称", source.Clip(e.Key))
			continue
		}
		out = append(out, Define{Name: e.Key, Expression: r.expression(e.Value, "define")})
	}
	return out
}

// conditions reads a list of conditions. Top ones need an id; parts may lack it.
func (r *policyReader) conditions(n *source.Node, what string, top bool) []*Condition {
	var out []*Condition
	r.List(n, what, func(item *source.Node) {
		if len(out) >= maxConditions {
			return
		}
		out = append(out, r.condition(item, top))
	})
	if len(n.Items) > maxConditions {
		r.Fail(n, "", "条件超过 %d 个", maxConditions)
	}
	return out
}

func (r *policyReader) condition(n *source.Node, top bool) *Condition {
	c := &Condition{node: n}
	kinds := 0
	set := func(k ConditionKind, read func(*source.Node)) func(*source.Node) {
		return func(n *source.Node) { kinds++; c.Kind = k; read(n) }
	}
	keys := source.Keys{
		"id":      func(n *source.Node) { c.ID = r.id(n, "条件 id") },
		"clause":  func(n *source.Node) { c.Clause, c.cited[0] = r.Text(n, "clause"), n },
		"quote":   func(n *source.Node) { c.Quote, c.cited[1] = r.Text(n, "quote"), n },
		"because": r.TextInto(&c.Because, "because"),
		"remedy":  r.TextInto(&c.Remedy, "remedy"),
		"require": set(Require, func(n *source.Node) { c.Expression = r.expression(n, "require") }),
		"exclude": set(Exclude, func(n *source.Node) { c.Expression = r.expression(n, "exclude") }),
		"any":     set(AnyOf, func(n *source.Node) { c.Parts = r.conditions(n, "any", false) }),
		"all":     set(AllOf, func(n *source.Node) { c.Parts = r.conditions(n, "all", false) }),
		"score":   set(Score, func(n *source.Node) { c.Score = r.score(n) }),
		"manual":  set(Manual, r.TextInto(&c.Manual, "manual")),
	}
	if !r.Map(n, "条件", keys) {
		return c
	}
	if kinds != 1 {
		r.Fail(n, "", "条件要有且只有 require、exclude、any、all、score、manual 中的一个")
	}
	if (c.Kind == AnyOf || c.Kind == AllOf) && len(c.Parts) == 0 {
		r.Fail(n, "", "any、all 里没有条件")
	}
	if c.ID == "" && top {
		r.Fail(n, "给它起一个短名，如 id: district", "条件缺少 id")
	}
	if c.ID == "period" || c.ID == "once_per" || c.ID == "amount" {
		r.Fail(n, "", "条件 id 不能用 %s，它另有含义", c.ID)
	}
	return c
}

func (r *policyReader) num(n *source.Node, what string) exact.Num {
	v, err := exact.Parse(n.Text)
	if n.Kind != source.Scalar || err != nil {
		r.Fail(n, "", "%s应是数", what)
	}
	return v
}

func (r *policyReader) score(n *source.Node) *Scoring {
	s := &Scoring{}
	r.Map(n, "score", source.Keys{
		"at_least": func(n *source.Node) { s.AtLeast = r.num(n, "at_least") },
		"parts": func(n *source.Node) {
			r.List(n, "parts", func(item *source.Node) {
				var p ScorePart
				r.Map(item, "评分项", source.Keys{
					"name":     r.TextInto(&p.Name, "name"),
					"points":   func(n *source.Node) { p.Points = r.expression(n, "points") },
					"at_least": func(n *source.Node) { v := r.num(n, "at_least"); p.Minimum = &v },
				}, "name", "points")
				s.Parts = append(s.Parts, p)
			})
		},
	}, "at_least", "parts")
	if len(s.Parts) == 0 {
		r.Fail(n, "", "score 没有评分项")
	}
	return s
}

var everyPattern = regexp.MustCompile(`^([1-9][0-9]?)y$`)

func (r *policyReader) frequency(n *source.Node) Frequency {
	if n.Kind == source.Map {
		var f Frequency
		r.Map(n, "period", source.Keys{"every": func(n *source.Node) {
			m := everyPattern.FindStringSubmatch(n.Text)
			if m == nil {
				r.Fail(n, "", "every 写作 3y")
				return
			}
			f.Every, _ = strconv.Atoi(m[1])
		}}, "every")
		return f
	}
	switch r.OneOf(n, "period", "once", "year", "quarter", "month") {
	case "once":
		return Frequency{Once: true}
	case "quarter":
		return Frequency{Span: Quarter}
	case "month":
		return Frequency{Span: Month}
	case "year":
		return Frequency{Span: Year}
	}
	return Frequency{}
}

func (r *policyReader) round(n *source.Node) exact.Rounding {
	var out exact.Rounding
	r.Map(n, "round", source.Keys{
		"to": func(n *source.Node) {
			steps := map[string]exact.Money{"分": 1, "角": 10, "元": 100, "百元": 1e4, "千元": 1e5, "万元": 1e6}
			out.Step = steps[r.OneOf(n, "to", "分", "角", "元", "百元", "千元", "万元")]
		},
		"how": func(n *source.Node) {
			if r.OneOf(n, "how", "down", "half-up") == "half-up" {
				out.How = exact.HalfUp
			}
		},
	})
	return out
}

func (r *policyReader) cap(n *source.Node) Cap {
	var c Cap
	r.Map(n, "cap", source.Keys{
		"per_grant": func(n *source.Node) { c.PerGrant = r.expression(n, "per_grant") },
		"per_year":  func(n *source.Node) { c.PerYear = r.expression(n, "per_year") },
		"total":     func(n *source.Node) { c.Total = r.expression(n, "total") },
		"times":     func(n *source.Node) { c.Times = r.Int(n, "times", 1, 1000) },
		"group":     r.TextInto(&c.Group, "group"),
	})
	return c
}

func (r *policyReader) exclusive(n *source.Node) []Exclusive {
	var out []Exclusive
	r.List(n, "exclusive", func(item *source.Node) {
		var e Exclusive
		r.Map(item, "exclusive", source.Keys{
			"group": r.TextInto(&e.Group, "group"),
			"rule":  func(n *source.Node) { e.Rule = r.OneOf(n, "rule", "highest", "first", "difference", "choice") },
		}, "group", "rule")
		out = append(out, e)
	})
	return out
}

var delayPattern = regexp.MustCompile(`^([1-9][0-9]{0,3})([ymd])$`)

func (r *policyReader) instalments(n *source.Node) []Instalment {
	var out []Instalment
	total := exact.Int(0)
	r.List(n, "instalments", func(item *source.Node) {
		var p Instalment
		r.Map(item, "分期", source.Keys{
			"share":      func(n *source.Node) { p.Share = r.num(n, "share") },
			"after":      func(n *source.Node) { p.After = r.delay(n) },
			"conditions": func(n *source.Node) { p.Conditions = r.conditions(n, "conditions", true) },
		}, "share")
		if p.Share.Sign() <= 0 {
			r.Fail(item, "", "每期的 share 应大于零")
		}
		total, _ = total.Add(p.Share)
		out = append(out, p)
	})
	if total.Cmp(exact.Int(100)) != 0 {
		r.Fail(n, "各期 share 之和必须正好是 100", "各期 share 之和是 %s", total)
	}
	return out
}

func (r *policyReader) delay(n *source.Node) Delay {
	m := delayPattern.FindStringSubmatch(n.Text)
	if m == nil {
		r.Fail(n, "", "after 写作 1y、6m 或 30d")
		return Delay{}
	}
	v, _ := strconv.Atoi(m[1])
	switch m[2] {
	case "y":
		return Delay{Years: v}
	case "m":
		return Delay{Months: v}
	}
	return Delay{Days: v}
}

func (r *policyReader) windows(n *source.Node) []Window {
	if n.Kind != source.List {
		return []Window{r.window(n)}
	}
	var out []Window
	r.List(n, "window", func(item *source.Node) { out = append(out, r.window(item)) })
	return out
}

func (r *policyReader) window(n *source.Node) Window {
	var w Window
	r.Map(n, "window", source.Keys{
		"from":        func(n *source.Node) { w.From = r.windowDay(n) },
		"to":          func(n *source.Node) { w.To = r.windowDay(n) },
		"unconfirmed": func(n *source.Node) { w.Unconfirmed = r.OneOf(n, "unconfirmed", "forfeit", "grant", "hold") },
	}, "from", "to")
	if (w.From.Year == 0) != (w.To.Year == 0) {
		r.Fail(n, "", "window 的 from 和 to 要么都写年份，要么都不写")
	}
	if w.From.Year != 0 && w.To.Year != 0 && w.To.code() < w.From.code() {
		r.Fail(n, "", "window 的最后一天早于第一天")
	}
	return w
}

var monthDay = regexp.MustCompile(`^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`)

func (r *policyReader) windowDay(n *source.Node) WindowDay {
	if m := monthDay.FindStringSubmatch(n.Text); m != nil {
		month, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2])
		if _, err := civil.New(2024, month, day); err == nil {
			return WindowDay{Month: month, Day: day}
		}
	}
	d, err := civil.Parse(n.Text)
	if err != nil || !strings.Contains(n.Text, "-") {
		r.Fail(n, "", "window 的日子写作 05-20 或 2025-05-20")
		return WindowDay{Month: 1, Day: 1}
	}
	y, m, day := d.Parts()
	return WindowDay{Year: y, Month: m, Day: day}
}
