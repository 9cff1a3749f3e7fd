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
}

// Stake is how much money goes to those on one side. Overflow: it is beyond what money can count.
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
	found := make([]map[*rules.Threshold][]rules.Margin, workers())
	codes := make([]map[*rules.Threshold][]string, workers())
	for w := range found {
		found[w], codes[w] = map[*rules.Threshold][]rules.Margin{}, map[*rules.Threshold][]string{}
	}
	err := s.sweep(ctx, s.Table.Rows(), func(w, from, to int, session *rules.Session) error {
		for row := from; row < to; row++ {
			profile, err := s.Table.Profile(row)
			if err != nil {
				return err
			}
			session.Load(profile)
			for _, t := range thresholds {
				for _, m := range near(session, t, share) {
					found[w][m.Threshold] = append(found[w][m.Threshold], m)
					codes[w][m.Threshold] = append(codes[w][m.Threshold], profile.Enterprise)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := []Vicinity{}
	for i, t := range thresholds {
		for _, th := range t.All() {
			v := newVicinity(s.Rules[i], th)
			for w := range found {
				for j, m := range found[w][th] {
					v.add(codes[w][th][j], m)
				}
			}
			if len(v.Passing)+len(v.Failing) > 0 {
				v.sort()
				out = append(out, v)
			}
		}
	}
	return out, nil
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

func newVicinity(r *rules.Rule, t *rules.Threshold) Vicinity {
	return Vicinity{
		Item: r.Item.ID, Title: r.Item.Title, Condition: t.Condition, Because: t.Because, Clause: t.Clause, Quote: t.Quote, Figure: t.Name, Op: signs[t.Op],
		Passing: []Nearby{}, Failing: []Nearby{},
	}
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
		s.Overflow = true
	}
}

func (v *Vicinity) sort() {
	for _, side := range [][]Nearby{v.Passing, v.Failing} {
		slices.SortFunc(side, func(a, b Nearby) int {
			return cmp.Or(a.away.Cmp(b.away), cmp.Compare(a.Enterprise, b.Enterprise))
		})
	}
}
