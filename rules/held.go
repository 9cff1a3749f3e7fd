package rules

import (
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// NoHistory is the fault of decisions that ask for earlier awards when none were given.
const NoHistory = "没有提供拨付历史"

// Owed names the department that owes a missing fact, which is called as in Decision.Missing: a field, or table.column.
func (v *Vocabulary) Owed(name string) MissingFact { return v.owed(name) }

// held is what the item would pay if every unknown condition came out true: the amount after caps and rounding. It is nil
// where the item has no amount, or the amount or a cap isn't known. Limits stay as they are.
func (r *run) held(amount *formula.Value, caps limits) *exact.Money {
	if amount == nil || !amount.Known() || len(caps.open()) > 0 {
		return nil
	}
	kept := r.limits
	r.limits = new([]Limit)
	defer func() { r.limits = kept }()
	n, err := r.capped(amount.Num(), caps)
	if err != nil {
		return nil
	}
	m, err := r.rule.Item.Round.Round(n)
	if err != nil {
		return nil
	}
	return &m
}

// heldRecords is held for an item decided record by record: the sum of the records that aren't refused, 0 where all are. It is
// nil where the records themselves, or the amount of one that isn't refused, aren't known.
func (r *run) heldRecords() *exact.Money {
	if r.rule.amount == nil || !r.frame.Fields[r.rule.table.Index].Known() {
		return nil
	}
	sum := exact.Int(0)
	for _, rd := range r.d.Records {
		if rd.Outcome == Ineligible {
			continue
		}
		if !rd.exact.Known() {
			return nil
		}
		if rd.exact.Num().Sign() < 0 {
			continue // counts as 0
		}
		total, err := sum.Add(rd.exact.Num())
		if err != nil {
			return nil
		}
		sum = total
	}
	return r.held(formula.NumberOf(sum), r.caps())
}
