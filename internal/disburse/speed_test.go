package disburse_test

import (
	"fmt"
	"testing"
	"time"

	"mianshen/internal/disburse"
)

// BenchmarkDraft plans and drafts a list of 100,000 entries for 50,000 firms: two items with caps, one in records with bases that count
// once, and one that loses to another. It says how long planning alone took; promised are 10 s on SQLite and 15 s on PostgreSQL, freezing
// included.
func BenchmarkDraft(b *testing.B) {
	s := small{items: []thing{
		{id: "item-0", field: 0, total: 5, rule: "highest"},
		{id: "item-1", field: 1, rule: "highest"},
		{id: "item-2", field: 2, each: true, once: true},
		{id: "item-3", field: 3, times: 2},
	}}
	for n := range 50_000 {
		f := smallFirm{code: fmt.Sprintf("9131%014d", n), group: fmt.Sprint("集团", n), able: [4]bool{true, n%2 == 0, n%4 == 0, n%4 != 0}, amounts: [4]int{3, 2, 0, 4}}
		f.invoices = map[string]int{fmt.Sprint("F", n): 2}
		s.firms = append(s.firms, f)
	}
	for _, x := range databases {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				d := newDesk(b, x.open(b))
				d.role("D1", "区经委")
				d.line("L", "区经委", 1_000_000_00)
				d.publish(smallVocabulary, s.files(), now.Add(-time.Hour))
				d.deliver(s.firms, now)
				d.sweep(now.Add(time.Minute))
				began := time.Now()
				d.plan(disburse.Request{Department: "区经委"})
				b.ReportMetric(time.Since(began).Seconds(), "s/plan")
				b.StartTimer()
				p := d.draft("L1", disburse.Request{Department: "区经委"})
				if len(p.Entries) != 100_000 || len(p.Left) != 25_000 {
					b.Errorf("%d entries, %d left out", len(p.Entries), len(p.Left))
				}
			}
		})
	}
}
