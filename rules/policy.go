package rules

import (
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// Policy is a published document (政策文件): the law with its clauses and the items it grants.
type Policy struct {
	ID, Title, Number, Issuer, Level string
	InForce                          Days
	SettleTo                         civil.Date // zero: InForce.To
	Plain                            string     // 大白话解读
	QA                               []QA
	Media                            []Media
	Consultation                     *Consultation
	Clauses                          []Clause
	Items                            []*Item
	Values                           []*DatedValue
	Cases                            []*Case
	conditions                       []*Condition // apply to every item
	files                            map[string]*source.File
}

// Days is a range of days, both included; a zero To is open.
type Days struct{ From, To civil.Date }

// Contains reports whether the day lies in the range.
func (d Days) Contains(day civil.Date) bool {
	return day.Compare(d.From) >= 0 && (d.To.IsZero() || day.Compare(d.To) <= 0)
}

// QA is one question with its answer.
type QA struct{ Q, A string }

// Media is a recording or announcement about the policy, such as 科长讲政策.
type Media struct{ Kind, Title, URL string }

// Consultation counts who was asked before the policy was issued; SME is how many of Asked were small or medium firms.
type Consultation struct {
	Asked, SME     int
	Opened, Closed civil.Date
}

// Clause is one clause of the document with its reference, such as 第三条第一款.
type Clause struct{ Ref, Text string }

// Mode says how a benefit is obtained: auto 免申即享, confirm 即申即享, apply 依申请.
type Mode string

// The modes.
const (
	Auto    Mode = "auto"
	Confirm Mode = "confirm"
	Apply   Mode = "apply"
)

// Label is the mode's name in Chinese.
func (m Mode) Label() string {
	return map[Mode]string{Auto: "免申即享", Confirm: "即申即享", Apply: "依申请"}[m]
}

// Item is one benefit that can be granted (政策事项), the unit of matching.
type Item struct {
	ID, Title  string
	Mode       Mode
	Kind       string // 补贴 融资 减免 人才 荣誉 就业 其他
	Field      string // 领域, for navigation only
	Industries []string
	For        Period
	Frequency  Frequency
	Defines    []Define
	Each       string // table decided record by record; ""
	Conditions []*Condition
	Amount     Expression // text "" when the item has no amount
	AtMost     Expression // instead of Amount: the sum waits for a person
	Round      exact.Rounding
	Cap        Cap
	Exclusive  []Exclusive
	Budget     Budget
	Basis      string // field that identifies one thing claimed twice; with Each: the table's key
	OncePer    bool   // basis is unique over all firms
	Payments   []Instalment
	Materials  []Material
	Review     []ReviewStep
	Windows    []Window
	node       *source.Node
}

// Expression is the text of an expression with its place in the file.
type Expression struct {
	Text string
	node *source.Node
}

// Define is a named part of an item's expressions.
type Define struct {
	Name string
	Expression
}

// Frequency says how often an item may be granted to one firm. Every is in years, for {every: 3y}; otherwise Span is the
// period, and Once means ever.
type Frequency struct {
	Once  bool
	Span  Span // Day: not limited by a period
	Every int
}

// ConditionKind is the kind of a Condition.
type ConditionKind uint8

// The kinds of condition.
const (
	Require ConditionKind = iota // expression must be true
	Exclude                      // expression must be false; missing is 待核实
	AnyOf                        // at least one part
	AllOf                        // every part
	Score                        // points of the parts
	Manual                       // waits for a person's finding
)

// String is the key under which the condition's content stands in the file.
func (k ConditionKind) String() string {
	return [...]string{"require", "exclude", "any", "all", "score", "manual"}[k]
}

// Condition is one annotated requirement or exclusion. Parts of any and all may lack ID, Clause, Quote and Because.
type Condition struct {
	ID, Clause, Quote, Because, Remedy string
	Kind                               ConditionKind
	Expression                         Expression // Require, Exclude
	Parts                              []*Condition
	Score                              *Scoring
	Manual                             string // what the person judges
	node                               *source.Node
	cited                              [2]*source.Node // where clause and quote stand; nil where they don't
}

// Scoring is a condition by points: the sum must reach AtLeast and each part its own minimum.
type Scoring struct {
	AtLeast exact.Num
	Parts   []ScorePart
}

// ScorePart is one group of points; Minimum is nil when it has none.
type ScorePart struct {
	Name    string
	Points  Expression
	Minimum *exact.Num
}

// Cap limits sums over a grant, a year (of the grant period) and all time, and how many times an item is granted; Group
// joins the items whose awards count together. Zero expressions and Times 0 are no limit.
type Cap struct {
	PerGrant, PerYear, Total Expression
	Times                    int
	Group                    string
}

// Exclusive says that of the items of a district-wide group one counts: highest, first, difference or choice.
type Exclusive struct{ Group, Rule string }

// Budget names the budget line an item is paid from and what happens when it runs short: hold, prorate or rank.
type Budget struct{ Line, WhenShort string }

// Instalment is one payment of a grant: a share in percent, due After the decision.
type Instalment struct {
	Share      exact.Num
	After      Delay
	Conditions []*Condition
}

// Delay is a length of civil time.
type Delay struct{ Years, Months, Days int }

// Material is a document a firm needs, or doesn't.
type Material struct{ Name, From, Clause, Quote string }

// ReviewStep is one step of the review and who does it.
type ReviewStep struct{ Name, By, Clause, Quote string }

// Window is when an item is open: full days, or month and day of every year (From.Year 0).
type Window struct {
	From, To    WindowDay
	Unconfirmed string // forfeit, grant or hold
}

// WindowDay is a day; Year 0 means every year.
type WindowDay struct{ Year, Month, Day int }

// Case is one named example of cases.yaml.
type Case struct {
	Name, Kind, Item, Like string
	AsOf                   civil.Date
	Facts                  map[string]string
	Records                map[string][]map[string]string
	Awards                 []Award
	hasAwards              bool
	Findings               map[string]string
	Expect                 Expectation
	node                   *source.Node
	factNodes              map[string]*source.Node
}

// Expectation is what a case must come out as. Empty lists are checked too when they were written.
type Expectation struct {
	Outcome                 string
	Amount                  *string
	Failed, Missing, Manual []string
	Payments                []string // amounts of the instalments; nil: not checked
	checkFailed             bool
	checkMissing            bool
	checkManual             bool
}

// Clause finds the clause of a reference.
func (p *Policy) Clause(ref string) (Clause, bool) {
	for _, c := range p.Clauses {
		if c.Ref == ref {
			return c, true
		}
	}
	return Clause{}, false
}

// All returns the conditions that hold for an item in policy order: the policy's own, then the item's.
func (p *Policy) All(it *Item) []*Condition {
	return append(append([]*Condition(nil), p.conditions...), it.Conditions...)
}
