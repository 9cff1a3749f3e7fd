// Package say puts what the rules decide into the words that a firm's accountant or an official reads: days, sums, periods,
// and one sentence for each outcome that says what is the matter and who has to do something about it. It is pure text.
package say

import (
	"fmt"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Day writes a day as 2025年6月30日, and no date as "".
func Day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d年%d月%d日", d.Year(), d.Month(), d.Day())
}

// ISODay writes the text of an ISO day as Day does; any other text stays as it is.
func ISODay(text string) string {
	d, err := civil.Parse(text)
	if err != nil {
		return text
	}
	return Day(d)
}

// Days writes a range of days; an open end is 长期有效, no range at all "".
func Days(d rules.Days) string {
	switch {
	case d.From.IsZero() && d.To.IsZero():
		return ""
	case d.To.IsZero():
		return Day(d.From) + "起，长期有效"
	case d.From.IsZero():
		return "至" + Day(d.To)
	}
	return Day(d.From) + "至" + Day(d.To)
}

// Grant names the period that a grant is for: 2024年度, 2025年第1季度, 2025年3月.
func Grant(name string) string {
	year, rest, found := strings.Cut(name, "-")
	switch {
	case !found && len(year) == 4:
		return year + "年度"
	case strings.HasPrefix(rest, "Q"):
		return year + "年第" + rest[1:] + "季度"
	case len(rest) == 2:
		return year + "年" + strings.TrimPrefix(rest, "0") + "月"
	}
	return ISODay(name)
}

// Period names which period's facts a grant looks at, relative to the day of comparison.
func Period(p rules.Period) string {
	if p.Span == rules.Day {
		return "比对当日"
	}
	unit := map[rules.Span]string{rules.Month: "个月", rules.Quarter: "季度", rules.Year: "年度"}[p.Span]
	if p.Back == 1 {
		return "上一" + unit
	}
	if p.Span == rules.Month {
		return fmt.Sprintf("%d个月前", p.Back)
	}
	return fmt.Sprintf("%d个%s前", p.Back, unit)
}

// Frequency says how often an item may be granted to one firm; "" where nothing limits it.
func Frequency(f rules.Frequency) string {
	switch {
	case f.Once:
		return "每家企业只给一次"
	case f.Every > 0:
		return fmt.Sprintf("每%d年可以给一次", f.Every)
	case f.Span == rules.Year:
		return "每年一次"
	case f.Span == rules.Quarter:
		return "每季度一次"
	case f.Span == rules.Month:
		return "每月一次"
	}
	return ""
}

// Windows says when an item can be had; an item without windows is open all the time.
func Windows(ws []rules.Window) string {
	if len(ws) == 0 {
		return "全年"
	}
	var out []string
	for _, w := range ws {
		text := w.String()
		if w.From.Year == 0 {
			text = "每年" + text
		}
		out = append(out, text)
	}
	return strings.Join(out, "、")
}

// HowTo says what a firm does to get a benefit of the mode.
func HowTo(m rules.Mode) string {
	switch m {
	case rules.Auto:
		return "不用申请，符合条件的由部门比对后直接兑现"
	case rules.Confirm:
		return "不用报材料，收到通知后确认即可"
	case rules.Apply:
		return "需要提出申请"
	}
	return ""
}

// Count joins a count and what is counted, with a space as in sums: 3 项.
func Count(n int, unit string) string { return fmt.Sprintf("%d %s", n, unit) }

// Fact is how a missing fact is asked for: 是否高新技术企业, 上一年度营业收入, 租赁合同的实付租金.
func Fact(v *rules.Vocabulary, name string) string {
	f, ok := v.Lookup(name)
	if !ok {
		return name
	}
	if table, column, found := strings.Cut(name, "."); found {
		return table + "的" + column
	}
	label := f.Label
	if label == "" || strings.ContainsAny(label, "（(") {
		label = f.Name
	}
	switch {
	case f.Type == rules.TypeBool && !strings.HasPrefix(label, "是否"):
		return "是否" + label
	case f.Type == rules.TypeTable:
		return label + "记录"
	}
	return label
}

// Wanted lists facts that are missing by the department that owes them, at most shown of them.
func Wanted(v *rules.Vocabulary, missing []rules.MissingFact, shown int) string {
	var sources []string
	by := map[string][]string{}
	for i, m := range missing {
		if i == shown {
			break
		}
		if by[m.Source] == nil {
			sources = append(sources, m.Source)
		}
		by[m.Source] = append(by[m.Source], Fact(v, m.Name))
	}
	var out []string
	for _, s := range sources {
		text := strings.Join(by[s], "、")
		if s != "" {
			text += "（由" + s + "提供）"
		}
		out = append(out, text)
	}
	text := strings.Join(out, "；")
	if len(missing) > shown {
		text += fmt.Sprintf("，等共 %d 项", len(missing))
	}
	return text
}

// Wan writes a sum in 万元 with two decimals, said to be about when that isn't exact; sums below 万元 as they are.
func Wan(m exact.Money) string {
	const wan = 1_000_000 // 分
	if m < wan {
		return m.Words()
	}
	text := exact.Frac(int64(m), wan).Decimal(2) + " 万元"
	if m%(wan/100) != 0 {
		return "约 " + text
	}
	return text
}

// Sentence says what an explained decision means for the firm and what, if anything, it has to do.
func Sentence(v *rules.Vocabulary, e *rules.Explanation) string {
	switch e.Outcome {
	case rules.Eligible:
		return eligible(e)
	case rules.Unknown:
		return unknown(v, e)
	}
	return ineligible(e)
}

func eligible(e *rules.Explanation) string {
	text := "全部条件都满足"
	if e.Amount != nil {
		text += "，按规定可得 " + e.Amount.Words()
	}
	text += "。"
	if !e.Open {
		return text + "现在不在办理期内，办理期到了再兑现。"
	}
	return text + HowTo(e.Mode) + "。"
}

func unknown(v *rules.Vocabulary, e *rules.Explanation) string {
	var out []string
	if len(e.Missing) > 0 {
		out = append(out, "还缺："+Wanted(v, e.Missing, 4)+"。数据到了会自动再比对，您不用做什么。")
	}
	if len(e.Manual) > 0 {
		out = append(out, manual(e))
	}
	for _, f := range e.Faults {
		out = append(out, fault(f))
	}
	if len(out) == 0 {
		return "现在还不能判定。"
	}
	return strings.Join(out, "")
}

// fault says why a rule couldn't be computed; that there is no history of grants is the common case.
func fault(text string) string {
	if strings.Contains(text, "历史") {
		return "还要对照以往的拨付记录，记录接入以后会自动再比对。"
	}
	return "有一处算不出来：" + strings.TrimSuffix(text, "。") + "。由部门核实，您不用做什么。"
}

// manual says what a person has to judge and which department that is.
func manual(e *rules.Explanation) string {
	var names []string
	for _, id := range e.Manual {
		if id == rules.AmountFinding {
			names = append(names, "金额核定")
			continue
		}
		names = append(names, strings.TrimPrefix(judged(e, id), "人工认定："))
	}
	who := e.Issuer
	if who == "" {
		who = "主管部门"
	}
	lead := "还要由"
	if len(e.Missing) == 0 {
		lead = "数据都齐了，还要由"
	}
	return lead + who + "人工认定：" + strings.Join(names, "；") + "。"
}

// judged finds what the manual condition id asks a person.
func judged(e *rules.Explanation, id string) string {
	all := e.Conditions
	for _, r := range e.Records {
		all = append(all[:len(all):len(all)], r.Conditions...)
	}
	if f := find(all, id); f != nil {
		if f.Rule != "" {
			return f.Rule
		}
		return f.Because
	}
	return id
}

func find(all []rules.ExplainedFinding, id string) *rules.ExplainedFinding {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
		if f := find(all[i].Parts, id); f != nil {
			return f
		}
	}
	return nil
}

// Quote puts a sentence into quotation marks, without its full stop; marks in it become those that stand inside others.
func Quote(text string) string {
	return "“" + strings.NewReplacer("“", "‘", "”", "’").Replace(strings.TrimSuffix(text, "。")) + "”"
}

func ineligible(e *rules.Explanation) string {
	var out []string
	for _, f := range e.Conditions {
		if f.Result != "false" {
			continue
		}
		text := "没有满足" + Quote(f.Title())
		if d := nearest(f); d != "" {
			text += "（" + d + "）"
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		if len(e.Records) == 0 {
			return "没有可以比对的记录。"
		}
		return fmt.Sprintf("%d 条记录都不符合条件。", len(e.Records))
	}
	const shown = 2
	if len(out) > shown {
		return strings.Join(out[:shown], "；") + fmt.Sprintf("；另有 %d 项也没有满足。", len(out)-shown)
	}
	return strings.Join(out, "；") + "。"
}

// nearest is how far a failed condition is from being met, where that is one figure.
func nearest(f rules.ExplainedFinding) string {
	if strings.HasPrefix(f.Distance, "差") || strings.HasPrefix(f.Distance, "超") {
		return f.Distance
	}
	return ""
}
