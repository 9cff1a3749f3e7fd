package whatif

import (
	"fmt"
	"maps"
	"slices"

	"mianshen/rules"
)

// explain gives the examples their reasons: both laws are asked for their findings on each of these enterprises.
func (q *Question) explain(effects []*Effect) error {
	before, after := q.Before.NewSession(q.Circumstances), q.After.NewSession(q.Circumstances)
	for _, e := range effects {
		was, now := q.rule(q.Before, e.Item), q.rule(q.After, e.Item)
		for _, list := range [][]Example{e.EnteredExamples, e.LeftExamples} {
			profiles, err := q.profiles(list, was, now)
			if err != nil {
				return err
			}
			for i, p := range profiles {
				list[i].Reason = reason(asked(before, was, p), asked(after, now, p))
			}
		}
	}
	return nil
}

// rule is the item's rule if the book has it and it is due.
func (q *Question) rule(book *rules.Book, item string) *rules.Rule {
	if r, ok := book.Rule(item); ok && r.Due(q.AsOf) {
		return r
	}
	return nil
}

func asked(s *rules.Session, r *rules.Rule, p *rules.Profile) *rules.Explanation {
	if r == nil {
		return nil
	}
	s.Load(p)
	return s.Explain(r)
}

// profiles are the examples' profiles with the facts that the rules read; the columns of other fields aren't fetched.
func (q *Question) profiles(list []Example, was, now *rules.Rule) ([]*rules.Profile, error) {
	read := map[*rules.Field]bool{}
	addReads(q.Before, was, read)
	addReads(q.After, now, read)
	table, rows := q.Table, make([]int, len(list))
	for i, x := range list {
		rows[i] = x.row
	}
	fields := slices.Collect(maps.Keys(read))
	if !slices.ContainsFunc(fields, func(f *rules.Field) bool { return f.Type == rules.TypeTable }) {
		t, err := excerpt(q.Table, rows, fields)
		if err != nil {
			return nil, err
		}
		table = t
		for i := range rows {
			rows[i] = i
		}
	}
	out := make([]*rules.Profile, len(list))
	for i, row := range rows {
		p, err := table.Profile(row)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// addReads adds the delivered fields that deciding a rule reads, also through the items whose outcome it asks.
func addReads(book *rules.Book, r *rules.Rule, read map[*rules.Field]bool) {
	if r == nil {
		return
	}
	for _, f := range r.Reads() {
		read[f] = true
	}
	_, outcomes := r.Related()
	for _, id := range outcomes {
		if other, ok := book.Rule(id); ok {
			addReads(book, other, read)
		}
	}
}

// reason says what comes out otherwise: the first condition in the order of the law as changed, then those that the change
// dropped, then a record's, then the amount.
func reason(before, after *rules.Explanation) string {
	switch {
	case before == nil:
		return "修改前没有这个事项，或不在有效期内"
	case after == nil:
		return "修改后没有这个事项，或不在有效期内"
	}
	if s := differing(before.Conditions, after.Conditions); s != "" {
		return s
	}
	was := map[string]rules.ExplainedRecord{}
	for _, r := range before.Records {
		was[r.Basis] = r
	}
	for _, r := range after.Records {
		if s := differing(was[r.Basis].Conditions, r.Conditions); s != "" && was[r.Basis].Outcome != r.Outcome {
			return "记录 " + r.Basis + "：" + s
		}
	}
	return fmt.Sprintf("金额：%s → %s", amountWords(before), amountWords(after))
}

func amountWords(e *rules.Explanation) string {
	if e.Amount == nil {
		return "没有"
	}
	return e.Amount.Words()
}

// results are what findings come to, in words.
var results = map[string]string{"true": "满足", "false": "不满足", "unknown": "待核实"}

func differing(before, after []rules.ExplainedFinding) string {
	was := map[string]rules.ExplainedFinding{}
	for _, f := range before {
		was[f.ID] = f
	}
	for _, f := range after {
		old, there := was[f.ID]
		delete(was, f.ID)
		switch {
		case there && old.Result != f.Result:
			return fmt.Sprintf("%s：%s → %s%s", f.Title(), results[old.Result], results[f.Result], distance(f))
		case !there && f.Result != "true":
			return fmt.Sprintf("%s：新增的条件，%s%s", f.Title(), results[f.Result], distance(f))
		}
	}
	for _, f := range before {
		if _, dropped := was[f.ID]; dropped && f.Result != "true" {
			return fmt.Sprintf("%s：不再要求，原为%s", f.Title(), results[f.Result])
		}
	}
	return ""
}

func distance(f rules.ExplainedFinding) string {
	if f.Distance == "" {
		return ""
	}
	return "（" + f.Distance + "）"
}
