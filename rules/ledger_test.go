package rules

import (
	"testing"

	"mianshen/rules/civil"
)

// TestLedger knows of an item what its ledger has everything of, and limits nothing.
func TestLedger(t *testing.T) {
	y2024, y2025 := civil.MustParse("2024-01-01"), civil.MustParse("2025-01-01")
	h := NewLedger(nil, map[string]civil.Date{"ever": {}, "late": y2025})
	var none *History
	for _, x := range []struct {
		h     *History
		items []string
		from  civil.Date
		want  bool
	}{
		{none, nil, y2025, false},
		{none, []string{"ever"}, civil.Date{}, false},
		{NewHistory(nil), []string{"any"}, civil.Date{}, true},
		{h, []string{"ever"}, civil.Date{}, true},
		{h, []string{"ever", "late"}, y2025, true},
		{h, []string{"late"}, y2024, false},
		{h, []string{"late"}, civil.Date{}, false},
		{h, []string{"ever", "other"}, y2025, false},
		{NewLedger(nil, nil), []string{"ever"}, y2025, false},
	} {
		if got := x.h.Knows(x.items, x.from); got != x.want {
			t.Errorf("%v from %v: %t, want %t", x.items, x.from, got, x.want)
		}
	}
	if none.Limits() || h.Limits() || NewLedger(nil, nil).Limits() || !NewHistory(nil).Limits() {
		t.Error("only a history of everything limits grants by itself")
	}
}
