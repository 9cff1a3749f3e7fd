package overview

import (
	"path/filepath"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// TestQuestionsOfAnEmptyDatabase asks everything of both databases: each must take every question, and have nothing to tell but the
// person who is there.
func TestQuestionsOfAnEmptyDatabase(t *testing.T) {
	for name, address := range map[string]string{"sqlite": "sqlite://" + filepath.Join(t.TempDir(), "o.db"), "postgres": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if _, err := s.DB().ExecContext(t.Context(), "INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)", "p", "王工", store.Stamp(time.Unix(0, 0))); err != nil {
				t.Fatal(err)
			}
			v, ctx := New(s), t.Context()
			found := map[string]int{}
			note := func(what string, n int, err error) {
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
				found[what] = n
			}
			counts, err := v.Counts(ctx, []string{"甲局", "乙局"})
			note("counts", len(counts), err)
			items, err := v.Items(ctx, "L")
			note("items", len(items), err)
			notices, err := v.Notices(ctx, "L", 10)
			note("notices", len(notices), err)
			dues, err := v.Dues(ctx, "91310118MA1JP7UB2B")
			note("dues", len(dues), err)
			payments, err := v.Payments(ctx, PaymentFilter{List: "L", Batch: "B", State: "paid", Enterprise: "E", N: 1, Departments: []string{"甲局"}, After: "P"})
			note("payments", len(payments), err)
			batches, err := v.Batches(ctx, "B", "A", 10)
			note("batches", len(batches), err)
			downloads, err := v.Downloads(ctx, "B")
			note("downloads", len(downloads), err)
			receipts, err := v.Receipts(ctx, ReceiptFilter{Batch: "B", Payment: "P", Doubtful: true, After: "R"})
			note("receipts", len(receipts), err)
			files, err := v.ReceiptFiles(ctx, 10)
			note("files", len(files), err)
			all := Choice{Find: "100%", State: "waiting", Departments: []string{"甲局", "乙局"}, Items: []string{"a"}, After: "x"}
			findings, n, err := v.Findings(ctx, all)
			note("findings", n+len(findings), err)
			all.Items = nil
			accounts, n, err := v.Accounts(ctx, all)
			note("accounts", n+len(accounts), err)
			recoveries, n, err := v.Recoveries(ctx, all)
			note("recoveries", n+len(recoveries), err)
			all.Items = []string{"a"}
			budget, n, err := v.Lines(ctx, 2025, all)
			note("lines", n+len(budget), err)
			wholes, n, err := v.Wholes(ctx, all)
			note("statements", n+len(wholes), err)
			all.Items, all.ID = nil, "y"
			earlier, n, err := v.EarlierFiles(ctx, all)
			note("earlier files", n+len(earlier), err)
			grants, err := v.EarlierGrants(ctx, "x", 1, 10)
			note("earlier grants", len(grants), err)
			postings, err := v.Postings(ctx, "x", 1, 10)
			note("postings", len(postings), err)
			chosen, err := v.Chosens(ctx, "E", "g", 7, 10)
			note("choices", len(chosen), err)
			for what, n := range found {
				if n != 0 {
					t.Errorf("%d %s in an empty database", n, what)
				}
			}
			if names, err := v.Names(ctx); err != nil || names["p"] != "王工" {
				t.Error(names, err)
			}
		})
	}
}
