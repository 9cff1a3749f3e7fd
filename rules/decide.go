package rules

import (
	"slices"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Outcome is what a decision comes to.
type Outcome string

// The three outcomes: 符合, 不符合, 待核实.
const (
	Eligible   Outcome = "eligible"
	Ineligible Outcome = "ineligible"
	Unknown    Outcome = "unknown"
)

// Label is the outcome in Chinese.
func (o Outcome) Label() string {
	return map[Outcome]string{Eligible: "符合", Ineligible: "不符合", Unknown: "待核实"}[o]
}

// Circumstances are what a decision depends on besides the profile: the day, earlier awards, findings of persons.
type Circumstances struct {
	AsOf     civil.Date
	History  *History  // nil: not known
	Findings *Findings // nil: none
}

// Decision is the result for one item and one enterprise. The verdict is folded from Findings and the amount; it is computed
// nowhere else.
type Decision struct {
	Rule       *Rule
	Enterprise string
	AsOf       civil.Date
	Grant      Interval // 所属期
	Outcome    Outcome
	Amount     *exact.Money // set when eligible and the item has one
	Failed     []string     // ids of false conditions, in policy order
	Missing    []string     // base fields inside still unknown parts, in byte order; empty when ineligible
	Manual     []string     // conditions that wait for a person; empty when ineligible
	Open       bool
	Records    []RecordDecision // with each: one a record, by key
	Payments   []Payment
	Findings   []Finding // of the conditions that bind the firm, in policy order
	Limits     []Limit   // what cut the amount
	Faults     []string  // why a rule could not be computed, in words

	// Held is what an unknown decision would pay if its unknown conditions came out true; nil where that isn't known.
	Held *exact.Money

	exact *formula.Value // the amount before caps and rounding
}

// RecordDecision is the result for one record of an item decided record by record.
type RecordDecision struct {
	Basis    string
	Outcome  Outcome
	Amount   *exact.Money
	Failed   []string
	Missing  []string
	Manual   []string
	Findings []Finding
	Limits   []Limit

	record *formula.Record
	frame  []*formula.Value // defines as they were
	exact  *formula.Value
	due    *formula.Value // exact amount, negative counted as 0; nil where there is none
}

// Finding is the result of one condition.
type Finding struct {
	ID        string
	Condition *Condition // nil for the findings period and once_per, which come from the history
	Value     *formula.Value
	Parts     []Finding
	Points    []*formula.Value // of a score, by part
	Text      string           // of findings without a condition
	check     *check
	frame     []*formula.Value // defines as they were
}

// Payment is one instalment of an eligible grant.
type Payment struct {
	N      int
	Due    civil.Date
	Amount exact.Money
}

// Limit says what cut an amount down and to what.
type Limit struct {
	Name string
	To   exact.Money
}

// Session decides the items of a book for one profile after another. It isn't safe for concurrent use; each goroutine has its own.
type Session struct {
	book    *Book
	around  Circumstances
	profile *Profile
	frame   formula.Frame
	asked   map[string]*Decision       // outcomes asked by 符合
	claimed map[string]map[string]bool // by item: the bases that were granted before
}

// NewSession starts a session under the circumstances.
func (b *Book) NewSession(c Circumstances) *Session {
	return &Session{book: b, around: c, frame: formula.Frame{Fields: make([]*formula.Value, len(b.Vocabulary.Fields)), AsOf: c.AsOf}}
}

// Load takes the next profile, which must be of the book's vocabulary. Derived fields are computed when an item wants them.
func (s *Session) Load(p *Profile) {
	s.profile = p
	s.asked = nil
	for i, f := range s.book.Vocabulary.Fields {
		s.frame.Fields[i] = nil
		if !f.Derived() {
			s.frame.Fields[i] = p.value(f, s.around.AsOf)
		}
	}
}

// derive computes the derived fields that a rule reads and that nobody has asked for yet.
func (s *Session) derive(wanted []*Field) {
	s.frame.Reset()
	host, year, defines, record := s.frame.Host, s.frame.GrantYear, s.frame.Defines, s.frame.Record
	s.frame.Host, s.frame.GrantYear, s.frame.Defines, s.frame.Record = nil, s.around.AsOf.Year(), nil, nil
	for _, f := range wanted {
		if s.frame.Fields[f.Index] == nil {
			s.frame.Fields[f.Index] = f.fit(s.frame.Run(f.derive))
		}
	}
	s.frame.Host, s.frame.GrantYear, s.frame.Defines, s.frame.Record = host, year, defines, record
}

// fit holds a derived value to its declared type where the type system can't: whole numbers, the values of an enum.
func (f *Field) fit(v *formula.Value) *formula.Value {
	switch {
	case !v.Known():
	case f.Type == TypeInt && !v.Num().IsInt():
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: f.Name + "算出来不是整数"})
	case f.Type == TypeEnum && !slices.Contains(f.Values, v.Text()):
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: f.Name + "算出来的“" + v.Text() + "”不在可取的值里"})
	}
	return v
}

// Decide decides one item for the loaded profile.
func (s *Session) Decide(r *Rule) *Decision {
	run := &run{Session: s, rule: r, d: &Decision{Rule: r, Enterprise: s.profile.Enterprise, AsOf: s.around.AsOf, Grant: r.Grant(s.around.AsOf), Open: r.Open(s.around.AsOf)}}
	s.derive(r.derived)
	s.frame.Reset()
	run.limits, run.raw = &run.d.Limits, &run.d.exact
	host, year, defines, record := s.frame.Host, s.frame.GrantYear, s.frame.Defines, s.frame.Record
	s.frame.Host = run
	s.frame.GrantYear = run.d.Grant.From.Year()
	s.frame.Defines = make([]*formula.Value, len(r.defines))
	s.frame.Record = nil
	run.decide()
	s.frame.Host, s.frame.GrantYear, s.frame.Defines, s.frame.Record = host, year, defines, record
	return run.d
}

// Undecided is the decision of an item that could not be worked out: 待核实, with the reason.
func (s *Session) Undecided(r *Rule, reason string) *Decision {
	return &Decision{Rule: r, Enterprise: s.profile.Enterprise, AsOf: s.around.AsOf, Grant: r.Grant(s.around.AsOf), Open: r.Open(s.around.AsOf), Outcome: Unknown, Faults: []string{reason}}
}

// run is the work on one decision; it answers what the rule's expressions ask.
type run struct {
	*Session
	rule *Rule
	d    *Decision
	past []grant
	net  bool // past is filled

	limits *[]Limit        // of what is being decided: the decision, or one record
	raw    **formula.Value // its amount before caps and rounding
}

func (r *run) decide() {
	for _, d := range r.rule.defines {
		if !d.record {
			r.frame.Defines[d.slot] = r.frame.Run(d.program)
		}
	}
	for _, c := range r.rule.checks {
		if !c.record {
			r.d.Findings = append(r.d.Findings, r.finding(c))
		}
	}
	if r.rule.table != nil {
		r.decideEach()
		return
	}
	r.d.Findings = append(r.d.Findings, r.fromHistory(r.basisText())...)
	r.d.Outcome, r.d.Failed = fold(r.d.Findings)
	open := unknowns(r.d.Findings)
	if r.d.Outcome == Ineligible {
		return
	}
	amount := r.amount()
	var caps limits
	if amount != nil {
		caps = r.caps()
		open = append(open, unsettled(amount, caps)...)
	}
	if len(open) > 0 {
		r.d.Outcome = Unknown
		r.d.Held = r.held(amount, caps)
	}
	r.d.Missing, r.d.Manual, r.d.Faults = r.causes(open)
	if r.d.Outcome == Eligible && amount != nil {
		r.settle(amount.Num(), caps)
	}
}

// unsettled lists what is unknown about an amount and its caps.
func unsettled(amount *formula.Value, caps limits) []*formula.Value {
	open := caps.open()
	if !amount.Known() {
		open = append(open, amount)
	}
	return open
}

// fold gives the outcome of conditions: ineligible as soon as one is false, eligible when all are true.
func fold(fs []Finding) (Outcome, []string) {
	out := Eligible
	var failed []string
	for _, f := range fs {
		switch {
		case f.Value.False():
			failed = append(failed, f.ID)
		case !f.Value.Known():
			out = Unknown
		}
	}
	if len(failed) > 0 {
		return Ineligible, failed
	}
	return out, nil
}

func unknowns(fs []Finding) []*formula.Value {
	var out []*formula.Value
	for _, f := range fs {
		if !f.Value.Known() {
			out = append(out, f.Value)
		}
	}
	return out
}

// finding evaluates one condition.
func (r *run) finding(c *check) Finding {
	f := Finding{ID: c.id, Condition: c.cond, check: c}
	switch c.cond.Kind {
	case Require:
		f.Value = r.frame.Run(c.program)
	case Exclude:
		f.Value = formula.Not(r.frame.Run(c.program))
	case Manual:
		f.Value = r.person(c)
	case Score:
		f.Value, f.Points = r.score(c)
	default:
		vs := make([]*formula.Value, len(c.parts))
		for i, p := range c.parts {
			part := r.finding(p)
			f.Parts = append(f.Parts, part)
			vs[i] = part.Value
		}
		if c.cond.Kind == AnyOf {
			f.Value = formula.Some(vs)
		} else {
			f.Value = formula.Every(vs)
		}
	}
	f.frame = r.frame.Defines
	return f
}

// person is the value of a manual condition: what a person has found, else unknown.
func (r *run) person(c *check) *formula.Value {
	found, conflict := r.around.Findings.find(r.d.Enterprise, r.rule.Item.ID, c.id, r.around.AsOf)
	switch {
	case conflict:
		return formula.Unknown(formula.Cause{Kind: formula.Pending, Name: c.id, Text: "人工认定前后矛盾"})
	case found == nil || found.Result == nil:
		return formula.Unknown(formula.Cause{Kind: formula.Pending, Name: c.id, Text: "待人工认定"})
	}
	return formula.BoolOf(*found.Result)
}

// score is true when the sum and every part reach their minimum; a part known to be too low decides alone.
func (r *run) score(c *check) (*formula.Value, []*formula.Value) {
	points := make([]*formula.Value, len(c.points))
	var tests, open []*formula.Value
	total := exact.Int(0)
	for i, p := range c.points {
		v := r.frame.Run(p)
		points[i] = v
		if minimum := c.cond.Score.Parts[i].Minimum; minimum != nil {
			tests = append(tests, atLeast(v, *minimum))
		}
		if !v.Known() {
			open = append(open, v)
			continue
		}
		sum, err := total.Add(v.Num())
		if err != nil {
			open = append(open, formula.Unknown(formula.Cause{Kind: formula.Fault, Text: err.Error()}))
		}
		total = sum
	}
	if len(open) > 0 {
		tests = append(tests, formula.Open(open...))
	} else {
		tests = append(tests, formula.BoolOf(total.Cmp(c.cond.Score.AtLeast) >= 0))
	}
	return formula.Every(tests), points
}

func atLeast(v *formula.Value, minimum exact.Num) *formula.Value {
	if !v.Known() {
		return v
	}
	return formula.BoolOf(v.Num().Cmp(minimum) >= 0)
}

// decideEach decides record by record: ineligible if a firm condition is false, else unknown if one is unknown, else eligible
// if any record is, else unknown if any is, else ineligible.
func (r *run) decideEach() {
	outcome, failed := fold(r.d.Findings)
	r.d.Outcome, r.d.Failed = outcome, failed
	open := unknowns(r.d.Findings)
	table := r.frame.Fields[r.rule.table.Index]
	if !table.Known() {
		open = append(open, table)
		if outcome == Eligible {
			r.d.Outcome = Unknown
		}
	}
	for _, rec := range table.Rows() {
		rd, values := r.record(rec)
		open = append(open, values...)
		r.d.Records = append(r.d.Records, rd)
	}
	best := r.best()
	if outcome == Eligible && table.Known() {
		r.d.Outcome = best
	}
	if r.d.Outcome == Ineligible {
		if len(r.d.Failed) == 0 {
			r.d.Failed = r.recordFailures()
		}
		return
	}
	var caps limits
	if best == Eligible && r.rule.amount != nil {
		caps = r.caps()
		if unknown := caps.open(); len(unknown) > 0 {
			open = append(open, unknown...)
			r.d.Outcome = Unknown
		}
	}
	if r.d.Outcome == Unknown {
		r.d.Held = r.heldRecords()
	}
	r.d.Missing, r.d.Manual, r.d.Faults = r.causes(open)
	if r.d.Outcome == Eligible && r.rule.amount != nil {
		r.sumRecords(caps)
	}
}

// best folds the outcomes of the records.
func (r *run) best() Outcome {
	out := Ineligible
	for _, rd := range r.d.Records {
		switch rd.Outcome {
		case Eligible:
			return Eligible
		case Unknown:
			out = Unknown
		}
	}
	return out
}

// recordFailures lists the conditions that failed on any record, in policy order.
func (r *run) recordFailures() []string {
	failed := map[string]bool{}
	for _, rd := range r.d.Records {
		for _, id := range rd.Failed {
			failed[id] = true
		}
	}
	var out []string
	for _, c := range r.rule.checks {
		if failed[c.id] {
			out = append(out, c.id)
		}
	}
	for _, id := range []string{periodFinding, onceFinding} {
		if failed[id] {
			out = append(out, id)
		}
	}
	return out
}

// record decides one record; the values are what is still unknown about it.
func (r *run) record(rec *formula.Record) (rd RecordDecision, open []*formula.Value) {
	rd = RecordDecision{Basis: rec.Key, record: rec}
	firm := r.frame.Defines
	r.frame.Record = rec
	r.frame.Defines = append([]*formula.Value(nil), firm...)
	r.limits, r.raw = &rd.Limits, &rd.exact
	rd.frame = r.frame.Defines
	defer func() {
		r.frame.Record, r.frame.Defines = nil, firm
		r.limits, r.raw = &r.d.Limits, &r.d.exact
	}()
	for _, d := range r.rule.defines {
		if d.record {
			r.frame.Defines[d.slot] = r.frame.Run(d.program)
		}
	}
	for _, c := range r.rule.checks {
		if c.record {
			rd.Findings = append(rd.Findings, r.finding(c))
		}
	}
	rd.Findings = append(rd.Findings, r.fromHistory(formula.TextOf(rec.Key))...)
	rd.Outcome, rd.Failed = fold(rd.Findings)
	if rd.Outcome == Ineligible {
		return rd, nil
	}
	open = unknowns(rd.Findings)
	amount := r.amount()
	if amount != nil && !amount.Known() {
		open = append(open, amount)
		rd.Outcome = Unknown
	}
	rd.Missing, rd.Manual, _ = r.causes(open)
	if rd.Outcome == Eligible && amount != nil {
		m, err := r.rule.Item.Round.Round(amount.Num())
		if err != nil {
			rd.Outcome = Unknown
			return rd, []*formula.Value{formula.Unknown(formula.Cause{Kind: formula.Fault, Text: err.Error()})}
		}
		rd.Amount, rd.due = &m, amount
	}
	return rd, open
}
