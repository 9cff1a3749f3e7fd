package rulestest

import (
	"fmt"
	"slices"

	"mianshen/rules"
	"mianshen/rules/exact"
)

// FromDecision puts an answer of the product into the judge's form.
func FromDecision(d *rules.Decision) Verdict {
	v := Verdict{Outcome: string(d.Outcome), Amount: sum(d.Amount), Failed: d.Failed, Missing: d.Missing, Manual: d.Manual}
	for _, r := range d.Records {
		v.Records = append(v.Records, RecordVerdict{Basis: r.Basis, Outcome: string(r.Outcome), Amount: sum(r.Amount), Failed: r.Failed, Missing: r.Missing, Manual: r.Manual})
	}
	for _, p := range d.Payments {
		v.Payments = append(v.Payments, fmt.Sprintf("%d %s %s", p.N, p.Due, p.Amount))
	}
	return v
}

func sum(m *exact.Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

// Same reports whether two answers agree in everything.
func (v Verdict) Same(o Verdict) bool {
	if v.Outcome != o.Outcome || v.Amount != o.Amount || len(v.Records) != len(o.Records) || !slices.Equal(v.Payments, o.Payments) ||
		!slices.Equal(v.Failed, o.Failed) || !slices.Equal(v.Missing, o.Missing) || !slices.Equal(v.Manual, o.Manual) {
		return false
	}
	for i, r := range v.Records {
		p := o.Records[i]
		if r.Basis != p.Basis || r.Outcome != p.Outcome || r.Amount != p.Amount ||
			!slices.Equal(r.Failed, p.Failed) || !slices.Equal(r.Missing, p.Missing) || !slices.Equal(r.Manual, p.Manual) {
			return false
		}
	}
	return true
}
