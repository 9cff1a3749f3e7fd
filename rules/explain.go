package rules

import (
	"fmt"
	"sort"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Explanation is a decision in words: what was decided, why, from which facts, and what is left to do. Its JSON form is that
// of `explain --format json`.
type Explanation struct {
	Policy     string             `json:"policy"`
	Title      string             `json:"policy_title"`
	Number     string             `json:"number,omitempty"`
	Issuer     string             `json:"issuer,omitempty"`
	Item       string             `json:"item"`
	ItemTitle  string             `json:"item_title"`
	Mode       Mode               `json:"mode"`
	Enterprise string             `json:"enterprise"`
	AsOf       civil.Date         `json:"as_of"`
	Period     string             `json:"period"` // 所属期
	Outcome    Outcome            `json:"outcome"`
	Amount     *exact.Money       `json:"amount"`
	Open       bool               `json:"open"`
	Summary    string             `json:"summary"`
	Conditions []ExplainedFinding `json:"conditions"`
	Records    []ExplainedRecord  `json:"records,omitempty"`
	Figure     *ExplainedAmount   `json:"figure,omitempty"`
	Payments   []ExplainedPayment `json:"payments,omitempty"`
	Missing    []MissingFact      `json:"missing"`
	Manual     []string           `json:"manual"`
	Faults     []string           `json:"faults,omitempty"`
	Decision   *Decision          `json:"-"`
}

// ExplainedFinding is one condition with its result: true, false or unknown.
type ExplainedFinding struct {
	ID       string             `json:"id,omitempty"`
	Kind     string             `json:"kind,omitempty"` // require, exclude, any, all, score, manual; "" for what the history says
	Result   string             `json:"result"`
	Because  string             `json:"because,omitempty"`
	Clause   string             `json:"clause,omitempty"`
	Quote    string             `json:"quote,omitempty"`
	Remedy   string             `json:"remedy,omitempty"`
	Rule     string             `json:"rule,omitempty"`
	Facts    []ExplainedFact    `json:"facts,omitempty"`
	Distance string             `json:"distance,omitempty"`
	Reasons  []string           `json:"reasons,omitempty"` // why unknown
	Parts    []ExplainedFinding `json:"parts,omitempty"`
}

// Title is what to call the condition: its reason, or what kind of condition it is.
func (e ExplainedFinding) Title() string {
	if e.Because != "" {
		return e.Because
	}
	if t, ok := map[string]string{"any": "满足以下任一项", "all": "满足以下各项", "score": "评分"}[e.Kind]; ok {
		return t
	}
	if e.Rule != "" {
		return e.Rule
	}
	return e.ID
}

// ExplainedFact is one fact as it was read; Value is 缺失 when there is none.
type ExplainedFact struct {
	Name   string `json:"name"`
	Label  string `json:"label,omitempty"`
	Value  string `json:"value"`
	Source string `json:"source,omitempty"`
	On     string `json:"on,omitempty"`
	Known  bool   `json:"known"`
}

// ExplainedRecord is one record of an item decided record by record.
type ExplainedRecord struct {
	Basis      string             `json:"basis"`
	Outcome    Outcome            `json:"outcome"`
	Amount     *exact.Money       `json:"amount"`
	Conditions []ExplainedFinding `json:"conditions"`
	Figure     *ExplainedAmount   `json:"figure,omitempty"`
}

// ExplainedAmount tells how the amount came about.
type ExplainedAmount struct {
	Rule   string          `json:"rule"`
	Exact  string          `json:"exact,omitempty"` // before caps and rounding
	Facts  []ExplainedFact `json:"facts,omitempty"`
	Limits []string        `json:"limits,omitempty"`
}

// ExplainedPayment is one instalment.
type ExplainedPayment struct {
	N      int         `json:"n"`
	Due    civil.Date  `json:"due"`
	Amount exact.Money `json:"amount"`
}

// MissingFact is a fact that is wanted, and the department that owes it.
type MissingFact struct {
	Name   string `json:"name"`
	Source string `json:"source,omitempty"`
}

// Explain decides the item for the loaded profile and tells why.
func (s *Session) Explain(r *Rule) *Explanation {
	d := s.Decide(r)
	p, it := r.Policy, r.Item
	e := &Explanation{
		Policy: p.ID, Title: p.Title, Number: p.Number, Issuer: p.Issuer, Item: it.ID, ItemTitle: it.Title, Mode: it.Mode, Enterprise: d.Enterprise,
		AsOf: d.AsOf, Period: d.Grant.Name, Outcome: d.Outcome, Amount: d.Amount, Open: d.Open, Missing: []MissingFact{}, Manual: d.Manual, Faults: d.Faults, Decision: d,
	}
	if e.Manual == nil {
		e.Manual = []string{}
	}
	x := &explainer{session: s, rule: r, run: &run{Session: s, rule: r, d: d}}
	s.frame.Host, s.frame.GrantYear = x.run, d.Grant.From.Year()
	e.Conditions = x.findings(d.Findings, nil)
	for _, rd := range d.Records {
		e.Records = append(e.Records, ExplainedRecord{Basis: rd.Basis, Outcome: rd.Outcome, Amount: rd.Amount, Conditions: x.findings(rd.Findings, rd.record), Figure: x.recordFigure(rd)})
	}
	e.Figure = x.figure(d)
	s.frame.Host, s.frame.Defines, s.frame.Record = nil, nil, nil
	for _, pay := range d.Payments {
		e.Payments = append(e.Payments, ExplainedPayment(pay))
	}
	for _, m := range d.Missing {
		e.Missing = append(e.Missing, r.book.Vocabulary.owed(m))
	}
	e.Summary = e.summarise()
	return e
}

func (v *Vocabulary) owed(name string) MissingFact {
	m := MissingFact{Name: name}
	if f, ok := v.Lookup(name); ok {
		m.Source = f.Source
		if f.table != "" {
			m.Source = v.byName[f.table].Source
		}
	}
	return m
}

// explainer puts findings into words; it evaluates parts of expressions in the state the decision was made in.
type explainer struct {
	session *Session
	rule    *Rule
	run     *run
}

func result(v *formula.Value) string {
	switch {
	case v.True():
		return "true"
	case v.False():
		return "false"
	}
	return "unknown"
}

func (x *explainer) findings(fs []Finding, record *formula.Record) []ExplainedFinding {
	out := make([]ExplainedFinding, 0, len(fs))
	for _, f := range fs {
		out = append(out, x.finding(f, record))
	}
	return out
}

func (x *explainer) finding(f Finding, record *formula.Record) ExplainedFinding {
	e := ExplainedFinding{ID: f.ID, Result: result(f.Value), Because: f.Text}
	if f.Condition == nil {
		return e
	}
	c := f.Condition
	e.ID, e.Kind = c.ID, c.Kind.String()
	e.Because, e.Clause, e.Quote, e.Remedy = c.Because, c.Clause, c.Quote, c.Remedy
	frame := &x.session.frame
	frame.Record, frame.Defines = record, f.frame
	switch c.Kind {
	case Require, Exclude:
		e.Rule = c.Expression.Text
		e.Facts = x.facts(f.check.program.Root)
		e.Distance = x.distance(f.check.program.Root, c.Kind == Require)
	case Manual:
		e.Rule = "人工认定：" + c.Manual
	case Score:
		e.Parts = x.points(f)
	default:
		e.Parts = x.findings(f.Parts, record)
	}
	if !f.Value.Known() {
		e.Reasons = reasons(f.Value)
	}
	return e
}

func reasons(v *formula.Value) []string {
	var out []string
	for _, c := range v.Causes() {
		if c.Kind == formula.Missing {
			out = append(out, c.Name+c.Text)
			continue
		}
		out = append(out, c.Text)
	}
	return out
}

func (x *explainer) points(f Finding) []ExplainedFinding {
	total := exact.Int(0)
	known := true
	var out []ExplainedFinding
	for i, p := range f.Condition.Score.Parts {
		v := f.Points[i]
		if v.Known() {
			total, _ = total.Add(v.Num()) // an overflow has made the finding unknown already
		}
		known = known && v.Known()
		e := pointsOf(p, v)
		if f.check.points[i] != nil {
			e.Facts = x.facts(f.check.points[i].Root)
		}
		out = append(out, e)
	}
	if known {
		res := formula.BoolOf(total.Cmp(f.Condition.Score.AtLeast) >= 0)
		out = append(out, ExplainedFinding{Because: "合计", Result: result(res), Distance: fmt.Sprintf("%s 分（要求 %s 分）", total.Decimal(2), f.Condition.Score.AtLeast.Decimal(2))})
	}
	return out
}

// pointsOf puts one group of points into words.
func pointsOf(p ScorePart, v *formula.Value) ExplainedFinding {
	e := ExplainedFinding{Because: p.Name, Rule: p.Points.Text, Result: "unknown"}
	if !v.Known() {
		e.Reasons = reasons(v)
		return e
	}
	e.Result = "true"
	e.Distance = v.Num().Decimal(2) + " 分"
	if p.Minimum != nil {
		e.Distance += fmt.Sprintf("（最低 %s 分）", p.Minimum.Decimal(2))
		e.Result = result(formula.BoolOf(v.Num().Cmp(*p.Minimum) >= 0))
	}
	return e
}

// facts lists what an expression reads: fields with their values and origin, columns of the record, named parts and dated values.
func (x *explainer) facts(root *formula.Node) []ExplainedFact {
	var out []ExplainedFact
	seen := map[string]bool{}
	root.Walk(func(n *formula.Node) bool {
		x.read(n, func(f ExplainedFact) {
			if !seen[f.Name] {
				seen[f.Name] = true
				out = append(out, f)
			}
		})
		return true
	})
	return out
}

// read tells what one node reads.
func (x *explainer) read(n *formula.Node, add func(ExplainedFact)) {
	v := x.rule.book.Vocabulary
	switch n.Op {
	case formula.OpField:
		x.field(v.Fields[n.Slot], add)
	case formula.OpRecord:
		if f, ok := v.Lookup(n.Name); ok {
			val := x.session.frame.Eval(n)
			e := ExplainedFact{Name: n.Name, Label: f.Label, Value: f.Format(val), Known: val.Known(), Source: v.owed(n.Name).Source}
			if fact := x.session.profile.Fact(x.rule.table); fact.Source != "" && val.Known() {
				e.Source = fact.Source
			}
			add(e)
		}
	case formula.OpDefine:
		val := x.session.frame.Eval(n)
		add(ExplainedFact{Name: n.Name, Value: formatTyped(val, n.Type), Known: val.Known(), Label: "本事项里的算式"})
		if p := x.define(n); p != nil {
			for _, f := range x.facts(p.Root) {
				add(f)
			}
		}
	case formula.OpLookup:
		val := x.session.frame.Eval(n)
		add(ExplainedFact{Name: n.Name, Value: formatTyped(val, n.Type), Known: val.Known(), Source: x.rule.lookups[n.Name].value.Clause, Label: "政策规定的数"})
	}
}

func (x *explainer) field(f *Field, add func(ExplainedFact)) {
	val := x.session.frame.Fields[f.Index]
	e := ExplainedFact{Name: f.Name, Label: f.Label, Value: f.Format(val), Known: val.Known(), Source: f.Source}
	if !f.Derived() {
		fact := x.session.profile.Fact(f)
		if fact.Source != "" {
			e.Source = fact.Source
		}
		if !fact.On.IsZero() {
			e.On = fact.On.String()
		}
		switch {
		case fact.Value == nil && fact.Reason != "":
			e.Value = fact.Reason
		case fact.Value != nil && f.Stale(fact, x.session.around.AsOf):
			e.Value = fmt.Sprintf("已过期（%s，超过 %d 天）", f.Format(fact.Value), f.StaleAfter)
		}
		add(e)
		return
	}
	e.Source = "由其他指标算出"
	if !val.Known() && val.Possible() != nil {
		e.Value = "可能是 " + joinOr(val.Possible())
	}
	add(e)
	bases := map[*Field]bool{}
	x.rule.book.Vocabulary.baseFields(f, bases)
	var list []*Field
	for b := range bases {
		list = append(list, b)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Index < list[j].Index })
	for _, b := range list {
		x.field(b, add)
	}
}

func joinOr(ss []string) string {
	out := ""
	for i, s := range ss {
		if i > 0 {
			out += "或"
		}
		out += s
	}
	return out
}

// formatTyped writes a value of which only the type is known.
func formatTyped(v *formula.Value, t formula.Type) string {
	if !v.Known() {
		return "待核实"
	}
	switch t.Kind {
	case formula.Bool:
		return map[bool]string{true: "是", false: "否"}[v.True()]
	case formula.Number:
		return quantity(v.Num(), t.Unit)
	}
	return v.String()
}

// quantity writes a number with its unit; ratios as percentages.
func quantity(n exact.Num, u formula.Unit) string {
	switch {
	case u.IsMoney():
		return moneyWords(n)
	case u.Plain() && u.Flavour != formula.Bare:
		return ratioWords(n)
	case u.Plain():
		return n.Decimal(4)
	}
	return u.Show(n)
}

// ratioWords writes a ratio as a percentage, and says when it is rounded.
func ratioWords(n exact.Num) string {
	p, err := n.Mul(exact.Int(100))
	if err != nil {
		return n.String()
	}
	return about(p, 2) + p.Decimal(2) + "%"
}

func percent(n exact.Num) string {
	p, err := n.Mul(exact.Int(100))
	if err != nil {
		return n.String()
	}
	return p.Decimal(2)
}

// figure tells how the amount of the whole decision came about; with each, the records tell theirs.
func (x *explainer) figure(d *Decision) *ExplainedAmount {
	e, program := x.formulaOf()
	if program == nil {
		return nil
	}
	e.Limits = limitTexts(d.Limits)
	if x.rule.table != nil {
		return e
	}
	frame := &x.session.frame
	frame.Record = nil
	if len(d.Findings) > 0 {
		frame.Defines = d.Findings[0].frame
	}
	x.trace(e, program, d.exact)
	return e
}

// recordFigure tells how the amount of one record came about; nil where there is none.
func (x *explainer) recordFigure(rd RecordDecision) *ExplainedAmount {
	e, program := x.formulaOf()
	if program == nil || rd.Outcome == Ineligible {
		return nil
	}
	x.session.frame.Record, x.session.frame.Defines = rd.record, rd.frame
	x.trace(e, program, rd.exact)
	e.Limits = limitTexts(rd.Limits)
	return e
}

func (x *explainer) formulaOf() (*ExplainedAmount, *formula.Program) {
	it := x.rule.Item
	if x.rule.amount != nil {
		return &ExplainedAmount{Rule: it.Amount.Text}, x.rule.amount
	}
	return &ExplainedAmount{Rule: it.AtMost.Text}, x.rule.atMost
}

func (x *explainer) trace(e *ExplainedAmount, program *formula.Program, raw *formula.Value) {
	e.Facts = x.facts(program.Root)
	if raw != nil && raw.Known() {
		e.Exact = exact.InFull(raw.Num())
	}
}

func limitTexts(limits []Limit) []string {
	var out []string
	for _, l := range limits {
		out = append(out, fmt.Sprintf("%s：按 %s 计", l.Name, l.To.Words()))
	}
	return out
}

func (e *Explanation) summarise() string {
	switch e.Outcome {
	case Eligible:
		if e.Amount == nil {
			return "满足全部条件。"
		}
		return fmt.Sprintf("满足全部条件，金额 %s。", e.Amount.Words())
	case Ineligible:
		n := len(e.Decision.Failed)
		if n == 0 {
			return "没有符合条件的记录。"
		}
		return fmt.Sprintf("有 %d 项条件不满足。", n)
	}
	s := ""
	if len(e.Missing) > 0 {
		s += fmt.Sprintf("缺 %d 项数据；", len(e.Missing))
	}
	if len(e.Manual) > 0 {
		s += fmt.Sprintf("%d 项等人工认定；", len(e.Manual))
	}
	if len(e.Faults) > 0 {
		s += joinSemicolon(e.Faults) + "；"
	}
	return s + "现在不能判定，也不会因此判为符合。"
}

func joinSemicolon(ss []string) string {
	out := ""
	for i, s := range ss {
		if i > 0 {
			out += "；"
		}
		out += s
	}
	return out
}
