package readiness

import (
	"cmp"
	"context"
	"slices"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Vicinity is a threshold of an item with the enterprises close to it, for which it alone decides.
type Vicinity struct {
	Item      string   `json:"item"`
	Title     string   `json:"title"`
	Condition string   `json:"condition"`
	Because   string   `json:"because"`
	Clause    string   `json:"clause"`
	Quote     string   `json:"quote"`
	Figure    string   `json:"figure,omitempty"` // name of the figure
	Op        string   `json:"op"`               // how the figure must stand to the threshold: >=, >, <=, <
	Passing   []Nearby `json:"passing"`          // that fulfil the condition narrowly, nearest first
	Failing   []Nearby `json:"failing"`          // that miss it narrowly, nearest first
	Missed    Stake    `json:"missed"`           // of those that miss it
	Won       Stake    `json:"won"`              // of those that fulfil it

	rule *rules.Rule
}

// Stake is how much money goes to those on one side. Overflow: it is beyond what money can count,
// and Amount is the greatest there is.
type Stake struct {
	Amount   exact.Money `json:"amount"`
	Overflow bool        `json:"overflow,omitempty"`
}

// Nearby is an enterprise close to a threshold.
type Nearby struct {
	Enterprise string       `json:"enterprise"`
	Figure     string       `json:"figure"`             // in words, such as 29 人
	Threshold  string       `json:"threshold"`          // in words; it may differ between enterprises
	Distance   string       `json:"distance,omitempty"` // in words, such as 差 1 人
	Amount     *exact.Money `json:"amount"`             // what the item pays, or would for the facts as they are; nil: it has none

	away exact.Num
}

// Near lists the thresholds that some enterprise's figure is at most share (0.02 for 2 %) of the threshold away from, while the
// enterprise fulfils everything else of the item. Thresholds are in the order of the rules and their conditions. The error is
// the context's or the table's.
func (s *Survey) Near(ctx context.Context, share exact.Num) ([]Vicinity, error) {
	thresholds := make([]*rules.Thresholds, len(s.Rules))
	for i, r := range s.Rules {
		thresholds[i] = r.Thresholds()
	}
	found := make([]map[*rules.Threshold]*Vicinity, workers())
	for w := range found {
		found[w] = map[*rules.Threshold]*Vicinity{}
	}
	err := s.sweep(ctx, s.Table.Rows(), func(w, from, to int, session *rules.Session) error {
		for row := from; row < to; row++ {
			profile, err := s.Table.Profile(row)
			if err != nil {
				return err
			}
			session.Load(profile)
			for i, t := range thresholds {
				collect(found[w], s.Rules[i], profile.Enterprise, near(session, t, share))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, more := range found[1:] {
		for th, v := range more {
			vicinity(found[0], v.rule, th).join(v)
		}
	}
	out := []Vicinity{}
	for _, t := range thresholds {
		for _, th := range t.All() {
			if v := found[0][th]; v != nil {
				v.sort()
				out = append(out, *v)
			}
		}
	}
	return out, nil
}

// collect adds what was found about one enterprise.
func collect(found map[*rules.Threshold]*Vicinity, r *rules.Rule, enterprise string, margins []rules.Margin) {
	for _, m := range margins {
		vicinity(found, r, m.Threshold).add(enterprise, m)
	}
}

// near asks for the thresholds of one rule. A fault of the program is no neighbour, never the survey's end.
func near(s *rules.Session, t *rules.Thresholds, share exact.Num) (out []rules.Margin) {
	if len(t.All()) == 0 {
		return nil
	}
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	return s.Near(t, share)
}

var signs = map[formula.Op]string{formula.OpGe: ">=", formula.OpGt: ">", formula.OpLe: "<=", formula.OpLt: "<"}

// vicinity finds or makes that of a threshold.
func vicinity(found map[*rules.Threshold]*Vicinity, r *rules.Rule, t *rules.Threshold) *Vicinity {
	v := found[t]
	if v == nil {
		v = &Vicinity{
			Item: r.Item.ID, Title: r.Item.Title, Condition: t.Condition, Because: t.Because, Clause: t.Clause, Quote: t.Quote, Figure: t.Name, Op: signs[t.Op],
			Passing: []Nearby{}, Failing: []Nearby{}, rule: r,
		}
		found[t] = v
	}
	return v
}

// join adds what another worker has found.
func (v *Vicinity) join(o *Vicinity) {
	v.Passing, v.Failing = append(v.Passing, o.Passing...), append(v.Failing, o.Failing...)
	v.Won.add(&o.Won.Amount)
	v.Missed.add(&o.Missed.Amount)
	v.Won.Overflow, v.Missed.Overflow = v.Won.Overflow || o.Won.Overflow, v.Missed.Overflow || o.Missed.Overflow
}

func (v *Vicinity) add(enterprise string, m rules.Margin) {
	n := Nearby{Enterprise: enterprise, Figure: m.Threshold.Say(m.Figure), Threshold: m.Threshold.Say(m.Bound), Distance: m.Distance, Amount: m.Amount}
	n.away, _ = m.Figure.Sub(m.Bound) // that it can be computed is how the enterprise was found
	if n.away.Sign() < 0 {
		n.away = n.away.Neg()
	}
	if m.Passes {
		v.Passing = append(v.Passing, n)
		v.Won.add(m.Amount)
		return
	}
	v.Failing = append(v.Failing, n)
	v.Missed.add(m.Amount)
}

func (s *Stake) add(m *exact.Money) {
	if m != nil && plus(&s.Amount, *m) != nil {
		s.Amount, s.Overflow = 1<<63-1, true
	}
}

func (v *Vicinity) sort() {
	for _, side := range [][]Nearby{v.Passing, v.Failing} {
		slices.SortFunc(side, func(a, b Nearby) int {
			return cmp.Or(a.away.Cmp(b.away), cmp.Compare(a.Enterprise, b.Enterprise))
		})
	}
}
