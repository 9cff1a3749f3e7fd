// Package lint finds what is wrong or risky in a policy before it is published: conditions that can never matter, tiers that
// don't meet the conditions, wording that no data can decide, dates that leave grants undecided, rewards that the fair
// competition rules object to, figures that differ from the quoted sentence. It reads compiled policies and does no input or
// output. What it claims about conditions is proved over every combination of the values that can make a difference, missing
// ones included; what it says about wording is a hint for a person, always a warning.
package lint

import (
	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/rules/lint/proof"
	"mianshen/rules/source"
)

// Check is one thing that is looked for. ID stands in brackets behind each message; Reason is one line in Chinese.
type Check struct{ ID, Reason string }

// check is a Check with the work it does.
type check struct {
	Check
	run func(*audit)
}

// checks are all checks, in the order in which Checks lists them.
var checks = []check{
	{Check{"always", "条件总是成立，等于没有写"}, claims(proof.Always)},
	{Check{"never", "条件永远不成立，没有企业能拿到"}, claims(proof.Never)},
	{Check{"conflict", "两个条件互相矛盾，没有企业能拿到"}, claims(proof.Conflict)},
	{Check{"implied", "条件已经包含在别的条件里，删去结果不变"}, claims(proof.Implied)},
	{Check{"branch", "几条路里有一条是多余的"}, claims(proof.Branch)},
	{Check{"tier-falls", "门槛越高、给得越少，或者两档一样"}, tierOrder},
	{Check{"tier-gap", "符合条件却落在最低一档之下，得零元"}, tierGap},
	{Check{"tier-unused", "条件使某一档永远用不到"}, tierUnused},
	{Check{"tier-cap", "单次上限低于某一档的金额"}, tierCap},
	{Check{"table-misses", "按文字取值的表漏了可能出现的文字"}, tableMisses},
	{Check{"unused-value", "values.yaml 里的数没有用上"}, unusedValues},
	{Check{"vague", "兜底或弹性表述，数据判定不了"}, vagueWords},
	{Check{"unmarked", "条款像是条件，却没有标注（要求全量标注）"}, unmarked},
	{Check{"no-end", "没有失效日期，或者有效期过长"}, endDate},
	{Check{"no-settle", "政策到期后，最后一期没有日子可以判定"}, settling},
	{Check{"fair-tax", "按纳税额或地方贡献发放奖补"}, fairTax},
	{Check{"fair-movein", "奖励从外地迁入"}, fairMoveIn},
	{Check{"fair-local", "限定购买、使用本地的商品、服务或人员"}, fairLocal},
	{Check{"fair-district", "以注册地等为条件，公平竞争审查时要说明"}, fairDistrict},
	{Check{"consulted", "没有听取意见的记录，或者中小企业不到一半"}, consulted},
	{Check{"plain", "没有大白话解读，或者太长"}, plainWords},
	{Check{"auto-waits", "写作免申即享，却要等人认定"}, autoWaits},
	{Check{"exclude-as-not", "排除性条件写成了 require: not"}, excludeAsNot},
	{Check{"no-reason", "条件没有写明原因、出处或者怎么办"}, unexplained},
	{Check{"figures", "表达式里的数与原文的数不一致"}, figures},
	{Check{"written-number", "会变的数直接写在表达式里"}, writtenNumbers},
	{Check{"cap-order", "单次、年度、累计上限大小颠倒"}, capOrder},
	{Check{"lonely-group", "互斥或共用上限的组里只有一个事项"}, lonelyGroups},
	{Check{"no-budget", "有金额的事项没有写预算科目"}, noBudget},
}

// Checks lists what Policy looks for.
func Checks() []Check {
	out := make([]Check, len(checks))
	for i, c := range checks {
		out[i] = c.Check
	}
	return out
}

// Policy examines one policy of a compiled book and returns what it found in file order. Only what makes an item impossible to
// obtain is more than a warning.
func Policy(book *rules.Book, p *rules.Policy) source.Mistakes {
	a := &audit{book: book, policy: p, models: map[*rules.Rule][]*proof.Model{}, proved: map[*rules.Rule][]proof.Claim{}}
	for _, it := range p.Items {
		if r, ok := book.Rule(it.ID); ok && r.Policy == p {
			a.rules = append(a.rules, r)
		}
	}
	for _, c := range checks {
		a.id = c.ID
		c.run(a)
	}
	a.found.Sort()
	return a.found
}

// audit is the examination of one policy.
type audit struct {
	book   *rules.Book
	policy *rules.Policy
	rules  []*rules.Rule // of the policy's items, in file order
	id     string        // of the check at work
	found  source.Mistakes
	models map[*rules.Rule][]*proof.Model
	proved map[*rules.Rule][]proof.Claim
}

// warn records a warning; one that was made before, of a condition that several items share, isn't repeated.
func (a *audit) warn(m source.Mistake) {
	m.Warning = true
	a.refuse(m)
}

// refuse records what keeps the policy from being published.
func (a *audit) refuse(m source.Mistake) {
	m.Message += "〔" + a.id + "〕"
	for _, o := range a.found {
		if o == m {
			return
		}
	}
	a.found = append(a.found, m)
}

// of returns the models of an item.
func (a *audit) of(r *rules.Rule) []*proof.Model {
	if _, ok := a.models[r]; !ok {
		a.models[r] = proof.Models(a.book.Vocabulary, r)
	}
	return a.models[r]
}

// claims makes a check out of the claims of one kind.
func claims(kind proof.Kind) func(*audit) {
	return func(a *audit) {
		for _, r := range a.rules {
			if _, ok := a.proved[r]; !ok {
				a.proved[r] = proof.Claims(a.of(r))
			}
			for _, c := range a.proved[r] {
				if c.Kind == kind {
					a.claim(r, c)
				}
			}
		}
	}
}

func (a *audit) claim(r *rules.Rule, c proof.Claim) {
	text, hint := c.Sentence(item(r))
	m := c.Of.Mistake(text, hint)
	if !c.Of.Inside && (c.Kind == proof.Never || c.Kind == proof.Conflict) {
		a.refuse(m)
		return
	}
	a.warn(m)
}

// item names an item in messages.
func item(r *rules.Rule) string { return "事项 " + r.Item.ID }

// expressions are all expressions of an item that have a tree: conditions with their parts, amounts, caps, named parts.
func expressions(r *rules.Rule) []rules.Expression {
	it := r.Item
	var out []rules.Expression
	for _, c := range r.Policy.All(it) {
		out = append(out, c.Expressions()...)
	}
	for _, p := range it.Payments {
		for _, c := range p.Conditions {
			out = append(out, c.Expressions()...)
		}
	}
	out = append(out, it.Amount, it.AtMost, it.Cap.PerGrant, it.Cap.PerYear, it.Cap.Total)
	for _, d := range it.Defines {
		out = append(out, d.Expression)
	}
	kept := out[:0]
	for _, e := range out {
		if r.Tree(e) != nil {
			kept = append(kept, e)
		}
	}
	return kept
}

// walk visits every node of the rule's expressions.
func walk(r *rules.Rule, visit func(*formula.Node)) {
	for _, e := range expressions(r) {
		r.Tree(e).Walk(func(n *formula.Node) bool { visit(n); return true })
	}
}

// entry finds the value of a key in a mapping of the file; nil where there is none.
func entry(n *source.Node, key string) *source.Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}
