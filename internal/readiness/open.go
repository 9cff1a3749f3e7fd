package readiness

import (
	"context"
	"slices"

	"mianshen/engine"
	"mianshen/rules"
)

// open goes through the pairs that a sweep left undecided and asks each what it waits for.
func (s *Survey) open(ctx context.Context, result *engine.Result) error {
	rows, starts, items := undecided(result, len(s.Rules))
	tallies := make([]*tally, workers())
	for i := range tallies {
		tallies[i] = newTally(len(s.Rules))
	}
	kept := make([][]Pair, (len(rows)+batch-1)/batch)
	naming := newNaming(s)
	err := s.sweep(ctx, len(rows), func(w, from, to int, session *rules.Session) error {
		for i := from; i < to; i++ {
			profile, err := s.Table.Profile(rows[i])
			if err != nil {
				return err
			}
			session.Load(profile)
			for _, j := range items[starts[i]:starts[i+1]] {
				d := engine.Decide(session, s.Rules[j])
				p := naming.pair(int(j), d)
				if err := tallies[w].add(rows[i], p); err != nil {
					return err
				}
				if s.Request.Pairs {
					kept[from/batch] = append(kept[from/batch], p.show(d))
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range tallies[1:] {
		if err := tallies[0].merge(t); err != nil {
			return err
		}
	}
	s.wants, s.gaps = tallies[0].waiting(), tallies[0].gaps(s.Rules)
	s.gaps.Pairs = slices.Concat(kept...)
	return nil
}

// undecided lists the rows that have undecided items, ascending, and the items of rows[i] at items[starts[i]:starts[i+1]].
func undecided(r *engine.Result, n int) (rows []int, starts []int, items []uint32) {
	counts := make([]int32, r.Rows())
	for i := range n {
		r.Unknowns(i, func(row int) bool { counts[row]++; return true })
	}
	place := make([]int, r.Rows()) // where the next item of a row goes
	total := 0
	for row, c := range counts {
		if c > 0 {
			rows, starts = append(rows, row), append(starts, total)
		}
		place[row] = total
		total += int(c)
	}
	starts = append(starts, total)
	items = make([]uint32, total)
	for i := range n {
		r.Unknowns(i, func(row int) bool { items[place[row]] = uint32(i); place[row]++; return true })
	}
	return rows, starts, items
}

// naming tells what a decision waits for.
type naming struct {
	vocabulary *rules.Vocabulary
	manual     []map[string]string // by rule: what persons judge, by condition
	amount     []bool
}

func newNaming(s *Survey) *naming {
	n := &naming{vocabulary: s.Book.Vocabulary}
	for _, r := range s.Rules {
		words := map[string]string{rules.AmountFinding: r.Item.Title + "：核定金额"}
		for _, c := range r.Policy.All(r.Item) {
			n.judged(r, c, c.ID, words)
		}
		n.manual = append(n.manual, words)
		n.amount = append(n.amount, r.Item.Amount.Text+r.Item.AtMost.Text != "")
	}
	return n
}

// judged adds what a person judges in a condition. A part without an id is known by that of the condition it stands in.
func (n *naming) judged(r *rules.Rule, c *rules.Condition, id string, words map[string]string) {
	if c.ID != "" {
		id = c.ID
	}
	if c.Kind == rules.Manual {
		words[id] = r.Item.Title + "：" + c.Manual
	}
	for _, p := range c.Parts {
		n.judged(r, p, id, words)
	}
}

func (n *naming) pair(rule int, d *rules.Decision) *pair {
	p := &pair{rule: rule, held: d.Held, amount: n.amount[rule]}
	for _, fact := range d.Missing {
		p.causes = append(p.causes, cause{Party{Department, department(n.vocabulary, fact)}, fact})
	}
	for _, id := range d.Manual {
		p.causes = append(p.causes, cause{persons, n.manual[rule][id]})
	}
	for _, text := range d.Faults {
		party := law
		if text == rules.NoHistory {
			party = ledger
		}
		p.causes = append(p.causes, cause{party, text})
	}
	for _, c := range p.causes {
		if !slices.Contains(p.parties, c.party) {
			p.parties = append(p.parties, c.party)
		}
	}
	return p
}

// show makes the pair fit for a list.
func (p *pair) show(d *rules.Decision) Pair {
	out := Pair{Enterprise: d.Enterprise, Item: d.Rule.Item.ID, Title: d.Rule.Item.Title, Parties: p.parties, Missing: []string{}, Manual: []string{}, Faults: []string{}, Held: p.held}
	for _, c := range p.causes {
		switch c.party.Kind {
		case Department:
			out.Missing = append(out.Missing, c.text)
		case Person:
			out.Manual = append(out.Manual, c.text)
		default:
			out.Faults = append(out.Faults, c.text)
		}
	}
	return out
}
