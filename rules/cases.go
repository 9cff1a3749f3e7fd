package rules

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// caseEnterprise is the enterprise of all cases: a code with a valid check digit that no register has issued.
const caseEnterprise = "91310118MA1JP7UB2B"

// CaseResult is how one case came out; Problems is empty when it passed.
type CaseResult struct {
	Case     *Case
	Decision *Decision
	Problems []string
}

// RunCases decides every case of a policy of the book and compares it with what is expected.
func (b *Book) RunCases(p *Policy) []CaseResult {
	var out []CaseResult
	for _, c := range p.Cases {
		out = append(out, b.runCase(c))
	}
	return out
}

func (b *Book) runCase(c *Case) CaseResult {
	res := CaseResult{Case: c}
	profile, err := b.caseProfile(c)
	if err != nil {
		res.Problems = []string{err.Error()}
		return res
	}
	around := Circumstances{AsOf: c.AsOf, Findings: c.findings()}
	if c.hasAwards {
		awards := slices.Clone(c.Awards)
		for i := range awards {
			if awards[i].Enterprise == "" {
				awards[i].Enterprise = caseEnterprise
			}
		}
		around.History = NewHistory(awards)
	}
	rule, ok := b.byItem[c.Item]
	if !ok {
		res.Problems = []string{"没有事项 " + c.Item}
		return res
	}
	if !rule.Due(c.AsOf) {
		res.Problems = []string{fmt.Sprintf("政策在 %s 不在有效期内", c.AsOf)}
		return res
	}
	s := b.NewSession(around)
	s.Load(profile)
	res.Decision = s.Decide(rule)
	res.Problems = c.Expect.compare(res.Decision)
	return res
}

func (b *Book) caseProfile(c *Case) (*Profile, error) {
	p := NewProfile(b.Vocabulary, caseEnterprise)
	for key, text := range c.Facts {
		name, unit := SplitHeader(key)
		f, ok := b.Vocabulary.Field(name)
		if !ok {
			return nil, fmt.Errorf("facts：没有“%s”这个指标", source.Clip(key))
		}
		if f.Type == TypeTable {
			return nil, fmt.Errorf("facts：表 %s 写在 records 里", name)
		}
		v, err := f.Parse(text, unit)
		if err == nil {
			err = p.Set(f, Fact{Value: v, Source: "案例", On: c.AsOf})
		}
		if err != nil {
			return nil, err
		}
	}
	for name, rows := range c.Records {
		f, ok := b.Vocabulary.Field(name)
		if !ok || f.Type != TypeTable {
			return nil, fmt.Errorf("records：没有“%s”这张表", source.Clip(name))
		}
		if rows == nil {
			continue
		}
		table, err := f.caseTable(rows)
		if err != nil {
			return nil, err
		}
		if err := p.Set(f, Fact{Value: table, Source: "案例", On: c.AsOf}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (f *Field) caseTable(rows []map[string]string) (*formula.Value, error) {
	var out []*formula.Record
	for i, row := range rows {
		key := row[f.Key]
		if key == "" {
			key = fmt.Sprintf("第%d条", i+1)
		}
		cells := make([]*formula.Value, len(f.Columns))
		for name, text := range row {
			if name == f.Key {
				continue
			}
			column, unit := SplitHeader(name)
			c, ok := f.Column(column)
			if !ok {
				return nil, fmt.Errorf("records：表 %s 没有“%s”这一列", f.Name, source.Clip(name))
			}
			v, err := c.Parse(text, unit)
			if err != nil {
				return nil, err
			}
			cells[c.Index] = v
		}
		out = append(out, f.NewRecord(key, cells))
	}
	slices.SortStableFunc(out, func(a, b *formula.Record) int { return strings.Compare(a.Key, b.Key) })
	return formula.TableOf(out), nil
}

// SplitHeader takes the unit in parentheses off a column's header: 上年营业收入(万元).
func SplitHeader(text string) (name, unit string) {
	text = strings.TrimSpace(text)
	for _, p := range [][2]string{{"(", ")"}, {"（", "）"}} {
		if i := strings.LastIndex(text, p[0]); i > 0 && strings.HasSuffix(text, p[1]) {
			return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+len(p[0]) : len(text)-len(p[1])])
		}
	}
	return text, ""
}

func (c *Case) findings() *Findings {
	var all []PersonFinding
	for id, text := range c.Findings {
		f := PersonFinding{Enterprise: caseEnterprise, Item: c.Item, Condition: id}
		if v, err := ParseResult(text); err == nil {
			f.Result = &v
		} else if m, err := exact.ParseMoney(text); err == nil {
			f.Amount = &m
		}
		all = append(all, f)
	}
	return NewFindings(all)
}

// ParseResult reads what a person has found: 是/否, true/false, 1/0, 符合/不符合, 通过/不通过.
func ParseResult(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "是", "true", "1", "符合", "通过":
		return true, nil
	case "否", "false", "0", "不符合", "不通过":
		return false, nil
	}
	return false, fmt.Errorf("结果“%s”应是 是/否、true/false、符合/不符合 或 通过/不通过", source.Clip(text))
}

// compare lists how a decision differs from what was expected.
func (e Expectation) compare(d *Decision) []string {
	var out []string
	differ := func(what string, want, got any) {
		out = append(out, fmt.Sprintf("%s应为 %v，实为 %v", what, want, got))
	}
	if string(d.Outcome) != e.Outcome {
		differ("结果", Outcome(e.Outcome).Label(), d.Outcome.Label()+d.summary())
	}
	if e.Amount != nil {
		if d.Amount == nil {
			differ("金额", *e.Amount, "没有金额")
		} else if d.Amount.String() != *e.Amount {
			differ("金额", *e.Amount, d.Amount.String())
		}
	}
	if e.Payments != nil {
		got := make([]string, len(d.Payments))
		for i, p := range d.Payments {
			got[i] = p.Amount.String()
		}
		if !slices.Equal(e.Payments, got) {
			differ("各期金额", e.Payments, got)
		}
	}
	for _, l := range []struct {
		checked   bool
		name      string
		want, got []string
	}{{e.checkFailed, "failed", e.Failed, d.Failed}, {e.checkMissing, "missing", e.Missing, d.Missing}, {e.checkManual, "manual", e.Manual, d.Manual}} {
		if l.checked && !slices.Equal(l.want, l.got) && (len(l.want) > 0 || len(l.got) > 0) {
			differ(l.name, l.want, l.got)
		}
	}
	return out
}

func (d *Decision) summary() string {
	var parts []string
	for _, l := range []struct {
		name string
		ids  []string
	}{{"不满足", d.Failed}, {"缺", d.Missing}, {"待人工", d.Manual}, {"", d.Faults}} {
		if len(l.ids) > 0 {
			parts = append(parts, l.name+strings.Join(l.ids, "、"))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "（" + strings.Join(parts, "；") + "）"
}

// Publishable lists what keeps a policy from being published although it can be matched: items without all four kinds of
// case, cases whose kind contradicts what they expect.
func (p *Policy) Publishable() source.Mistakes {
	var ms source.Mistakes
	has := map[[2]string]bool{}
	for _, c := range p.Cases {
		has[[2]string{c.Item, c.Kind}] = true
		want := map[string]string{"accepted": "eligible", "refused": "ineligible", "missing": "unknown"}[c.Kind]
		if want != "" && c.Expect.Outcome != want {
			ms = append(ms, c.node.Mistake(fmt.Sprintf("案例“%s”是 %s，却期望 %s", source.Clip(c.Name), c.Kind, c.Expect.Outcome), ""))
		}
	}
	names := map[string]string{"accepted": "符合", "refused": "不符合", "boundary": "边界", "missing": "缺数据"}
	for _, it := range p.Items {
		var lacks []string
		for _, k := range caseKinds {
			if !has[[2]string{it.ID, k}] {
				lacks = append(lacks, fmt.Sprintf("%s（%s）", k, names[k]))
			}
		}
		if len(lacks) > 0 {
			ms = append(ms, it.node.Mistake(fmt.Sprintf("事项 %s 缺少案例：%s", it.ID, strings.Join(lacks, "、")), "在 cases.yaml 里各补一个，才能发布"))
		}
	}
	return ms
}

// CaseMistakes lists the facts and records of a policy's cases that the vocabulary can't read.
func (b *Book) CaseMistakes(p *Policy) source.Mistakes {
	var ms source.Mistakes
	for _, c := range p.Cases {
		if _, err := b.caseProfile(c); err != nil {
			ms = append(ms, c.node.Mistake(fmt.Sprintf("案例“%s”：%v", source.Clip(c.Name), err), ""))
		}
	}
	return ms
}

// Mistake points at the case and says how it came out.
func (r CaseResult) Mistake() source.Mistake {
	return r.Case.node.Mistake(fmt.Sprintf("案例“%s”没有通过：%s", r.Case.Name, strings.Join(r.Problems, "；")), "")
}
