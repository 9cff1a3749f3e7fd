package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// clause finds the node of the text of clause i.
func (a *audit) clause(i int) *source.Node {
	list := entry(a.policy.Root("policy.yaml"), "clauses")
	if list == nil || i >= len(list.Items) {
		return nil
	}
	return entry(list.Items[i], "text")
}

// clauses warns at every place in the clauses where the pattern stands. The sentence gets what stands there and the clause's
// reference.
func (a *audit) clauses(pattern *regexp.Regexp, hint string, sentence func(found, ref string) string) {
	for i, c := range a.policy.Clauses {
		node := a.clause(i)
		for _, at := range pattern.FindAllStringIndex(c.Text, -1) {
			if node == nil || strings.HasSuffix(c.Text[:at[0]], "含") {
				continue // 不含增值税
			}
			offset := utf8.RuneCountInString(c.Text[:at[0]])
			a.warn(node.MistakeAt(offset, sentence(c.Text[at[0]:at[1]], c.Ref), hint))
		}
	}
}

// vague are words that leave the decision to somebody: nobody can tell from data whether they are met.
var vague = regexp.MustCompile(
	`其他(?:符合(?:条件|要求)|应当|需要|情形|情况|特殊|条件|经[^，。；]{0,12}(?:认定|同意|批准|研究))|经[^，。；]{0,8}(?:认定|同意|批准)的其他|认为(?:需要|应当|有必要)的?|原则上|等(?:相关|有关|其他)|视情|视具体情况|酌情|酌定|适当(?:给予|提高|放宽|倾斜|补助|奖励|支持|照顾)|一事一议|择优|(?:集体|会议|专题|政府)研究(?:决定|确定)|研究决定|情节(?:严重|较轻|特别严重)|必要时`)

func vagueWords(a *audit) {
	a.clauses(vague, "写成能查到的标准；确要人判断的，标注成 manual", func(found, ref string) string {
		return fmt.Sprintf("%s写有“%s”，数据判定不了", ref, found)
	})
	for _, r := range a.rules {
		for _, c := range a.policy.All(r.Item) {
			c.Walk(func(c *rules.Condition) {
				if found := vague.FindString(c.Manual); found != "" {
					a.warn(c.Node().Mistake(fmt.Sprintf("要人认定的“%s”没有标准：写有“%s”", source.Clip(c.Manual), found), "写明按什么认定，几个人认定应是同一个结果"))
				}
			})
		}
	}
}

// binding are words of a sentence that sets a condition; those in harmless don't.
var (
	binding  = regexp.MustCompile(`应当|应为|应是|必须|不得|不予|方可|不享受|不再享受|除外|[0-9一二三四五六七八九十百千万亿元人年月日米吨瓦%％](?:以上|以下|以内)`)
	harmless = regexp.MustCompile(`本数|所称|解释|施行|废止|责任|追回|保密|公示|拨付|兑付|受理|监督|绩效|公开|得[^，。；]{0,6}分`)
)

// unmarked warns of sentences that set a condition and that nothing quotes, nor any dated value takes its figures from.
func unmarked(a *audit) {
	m := a.marks()
	for i, c := range a.policy.Clauses {
		node := a.clause(i)
		if node == nil || m.whole[c.Ref] {
			continue
		}
		offset := 0
		for _, s := range strings.SplitAfter(strings.ReplaceAll(c.Text, "；", "。"), "。") {
			word := binding.FindString(s)
			if word != "" && !harmless.MatchString(s) && !m.holds(c.Ref, s) {
				a.warn(node.MistakeAt(offset, fmt.Sprintf("%s这一句像是条件（“%s”），没有任何条件、金额、材料或评审引用它", c.Ref, word), "标注成条件，写明 clause 和 quote"))
			}
			offset += utf8.RuneCountInString(s)
		}
	}
}

// marks is what annotations cite, by clause.
type marks struct {
	quotes  map[string][]string
	figures map[string][]used // of dated values and conditions
	whole   map[string]bool   // cited without a quote: its sentences can't be told apart
}

func (m marks) mark(ref, quote string) {
	m.quotes[ref] = append(m.quotes[ref], quote)
	m.whole[ref] = m.whole[ref] || ref != "" && quote == ""
}

// holds reports whether a sentence of a clause is cited.
func (m marks) holds(ref, sentence string) bool {
	for _, q := range m.quotes[ref] {
		for part := range strings.SplitSeq(strings.ReplaceAll(q, "；", "。"), "。") {
			if part = strings.TrimSpace(part); part != "" && strings.Contains(sentence, part) {
				return true
			}
		}
	}
	figures := said(sentence)
	return slices.ContainsFunc(figures, func(f used) bool {
		return slices.ContainsFunc(m.figures[ref], func(u used) bool { return u.Kind == f.Kind && u.Number == f.Number })
	})
}

func (a *audit) marks() marks {
	m := marks{quotes: map[string][]string{}, figures: map[string][]used{}, whole: map[string]bool{}}
	for _, v := range a.policy.Values {
		if v.Quote != "" {
			m.mark(v.Clause, v.Quote)
		}
		m.figures[v.Clause] = append(m.figures[v.Clause], a.inValue(v)...)
	}
	for _, r := range a.rules {
		it := r.Item
		conditions := a.policy.All(it)
		for _, p := range it.Payments {
			conditions = append(conditions, p.Conditions...)
		}
		for _, c := range conditions {
			c.Walk(func(c *rules.Condition) {
				m.mark(c.Clause, c.Quote)
				for _, e := range c.Expressions() {
					m.figures[c.Clause] = append(m.figures[c.Clause], a.inExpression(r, e)...)
				}
			})
		}
		for _, d := range it.Materials {
			m.mark(d.Clause, d.Quote)
		}
		for _, s := range it.Review {
			m.mark(s.Clause, s.Quote)
		}
	}
	return m
}

// The words of rewards and demands that the fair competition rules (公平竞争审查条例) object to.
var (
	taxWords   = regexp.MustCompile(`地方(?:综合|经济|财政|财力|税收)?贡献|(?:综合|经济|财政|财力|税收)贡献|地方(?:财力|留存|留成)|(?:税收|增值税|所得税|税款|纳税额|缴税)[^，。；]{0,12}(?:返还|奖励|补助|补贴|留成|留存)|年?(?:上缴|缴纳)税(?:金|收)`)
	taxFields  = regexp.MustCompile(`税收|纳税额|税款|缴税|财力|贡献`)
	movingIn   = regexp.MustCompile(`迁入[^。；]{0,40}(?:奖|补|给予|资助)|(?:新引进|引进|招引)的?[^人才，。；]{0,10}(?:企业|总部|项目)[^。；]{0,40}(?:奖|补|给予|资助)|(?:企业|总部|机构|项目)[^，。；人才]{0,12}落户[^。；]{0,30}(?:奖|补|给予|资助)|落户奖`)
	moveFields = regexp.MustCompile(`迁入|落户|引进企业`)
	localWords = regexp.MustCompile(`(?:采购|购买|选用|使用|租用)(?:本地|本区|本市|本省|区内|市内|省内)[^，。；]{0,12}(?:产品|商品|服务|设备|材料|原料|车辆)|(?:本地|本区|本市|本省|区内|市内)(?:企业)?(?:生产|制造|提供)的?[^，。；]{0,8}(?:产品|商品|设备|服务|车辆)|不得(?:从|向)?外(?:省|市|地|区)|以本(?:省|市|区|地)[^。；]{0,16}为主|本地(?:配套|采购)率`)
	localField = regexp.MustCompile(`本地采购|本地配套|区内采购|本地化率`)
	homeFields = regexp.MustCompile(`^(?:注册区|注册街镇|在本区登记纳税|税收户管区|税收户管地|统计关系区)$`)
)

const fairHint = "对照公平竞争审查条例重写，或写明法律、行政法规依据或国务院批准；属于第十二条例外的，写明理由和期限"

func fairTax(a *audit) {
	a.clauses(taxWords, fairHint, func(found, ref string) string {
		return fmt.Sprintf("%s写有“%s”：按纳税或地方贡献给奖补，可能触及公平竞争审查条例第十条第一项、第二项", ref, found)
	})
	for _, r := range a.rules {
		for _, e := range []rules.Expression{r.Item.Amount, r.Item.AtMost} {
			a.fields(r, e, taxFields, func(n *formula.Node) bool { return n.Type.Kind == formula.Number }, fairHint, func(name string) string {
				return fmt.Sprintf("金额用“%s”计算：按纳税或地方贡献给奖补，可能触及公平竞争审查条例第十条第一项、第二项", name)
			})
		}
	}
}

func fairMoveIn(a *audit) {
	sentence := "：奖励迁入或引进，可能触及公平竞争审查条例第九条第二项、第十条第二项"
	a.clauses(movingIn, fairHint, func(found, ref string) string {
		return fmt.Sprintf("%s写有“%s”%s", ref, source.Clip(found), sentence)
	})
	a.everywhere(moveFields, fairHint, func(name string) string { return fmt.Sprintf("用到“%s”%s", name, sentence) })
}

func fairLocal(a *audit) {
	sentence := "：限定本地的商品、服务或人员，可能触及公平竞争审查条例第八条第三项、第九条第一项"
	a.clauses(localWords, fairHint, func(found, ref string) string {
		return fmt.Sprintf("%s写有“%s”%s", ref, source.Clip(found), sentence)
	})
	a.everywhere(localField, fairHint, func(name string) string { return fmt.Sprintf("用到“%s”%s", name, sentence) })
}

// fairDistrict notes once a policy that it asks for a place of registration, which is usual for district funds.
func fairDistrict(a *audit) {
	before := len(a.found)
	a.everywhere(homeFields, "区级资金常见，不必改；公平竞争审查表里写明理由", func(name string) string {
		return fmt.Sprintf("以“%s”为条件，公平竞争审查时对照条例第九条第五项、第十条第二项说明", name)
	})
	if len(a.found) > before {
		a.found = a.found[:before+1]
	}
}

// everywhere warns of the fields in any expression of the policy whose names fit the pattern.
func (a *audit) everywhere(names *regexp.Regexp, hint string, sentence func(name string) string) {
	for _, r := range a.rules {
		for _, e := range expressions(r) {
			a.fields(r, e, names, func(*formula.Node) bool { return true }, hint, sentence)
		}
	}
}

// fields warns of each field in an expression, also behind named parts and derived fields, whose name fits the pattern.
func (a *audit) fields(r *rules.Rule, e rules.Expression, names *regexp.Regexp, fits func(*formula.Node) bool, hint string, sentence func(name string) string) {
	t := r.Tree(e)
	if t == nil {
		return
	}
	seen := map[string]bool{}
	var look func(n *formula.Node, from int)
	look = func(n *formula.Node, from int) {
		n.Walk(func(n *formula.Node) bool {
			at := from
			if at < 0 {
				at = n.From
			}
			switch n.Op {
			case formula.OpField, formula.OpRecord, formula.OpColumn:
				if names.MatchString(n.Name) && fits(n) {
					a.warn(e.Node().MistakeAt(at, sentence(n.Name), hint))
					return true
				}
			}
			if t := a.behind(r, n); t != nil && !seen[n.Name] {
				seen[n.Name] = true
				look(t, at)
			}
			return true
		})
	}
	look(t, -1)
}

// behind is the tree of a named part or a derived field; nil for other nodes.
func (a *audit) behind(r *rules.Rule, n *formula.Node) *formula.Node {
	switch n.Op {
	case formula.OpField:
		return a.book.Vocabulary.Fields[n.Slot].Tree()
	case formula.OpDefine:
		return define(r, n.Name)
	}
	return nil
}
