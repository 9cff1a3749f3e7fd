package results

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ratio is a result computed from two others, of one build. DuckDB's come from one run, so that both had the machine to
// themselves, or not.
type ratio struct {
	name, over, under string
	scale             float64 // to one unit
}

var ratios = []ratio{
	{"duckdb_3v_ratio", "duckdb_3v_1k_1m_ms", "sweep_1k_1m_ms", 1},
	{"duckdb_3v_simd_ratio", "duckdb_3v_1k_1m_simd_ms", "sweep_1k_1m_simd_ms", 1},
	{"duckdb_amounts_ratio", "duckdb_amounts_1k_1m_ms", "sweep_amounts_1k_1m_ms", 1},
	{"duckdb_amounts_simd_ratio", "duckdb_amounts_1k_1m_simd_ms", "sweep_amounts_1k_1m_simd_ms", 1},
	{"duckdb_3v_processor_ratio", "duckdb_3v_1k_1m_processor_ms", "sweep_1k_1m_processor_ms", 1},
	{"duckdb_3v_processor_simd_ratio", "duckdb_3v_1k_1m_processor_simd_ms", "sweep_1k_1m_processor_simd_ms", 1},
	{"expr_ratio", "expr_1k_1m_s", "sweep_1k_1m_ms", 1000},
	{"expr_simd_ratio", "expr_1k_1m_simd_s", "sweep_1k_1m_simd_ms", 1000},
	{"expr_one_core_ratio", "expr_one_core_1k_1m_s", "sweep_1k_1m_ms", 1000},
	{"expr_processor_ratio", "expr_1k_1m_processor_s", "sweep_1k_1m_processor_ms", 1000},
	{"expr_processor_simd_ratio", "expr_1k_1m_processor_simd_s", "sweep_1k_1m_processor_simd_ms", 1000},
	{"rule_ratio", "rule_1k_1m_s", "sweep_1k_1m_ms", 1000},
	{"csv_vs_duckdb_ratio", "csv_s", "duckdb_csv_best_s", 1},
	{"sweep_10k_over_1k", "sweep_10k_1m_ms", "sweep_1k_1m_ms", 1},
	{"sweep_10k_over_1k_simd", "sweep_10k_1m_simd_ms", "sweep_1k_1m_simd_ms", 1},
	{"sweep_1m_over_100k", "sweep_1k_1m_ms", "sweep_1k_100k_ms", 1},
	{"sweep_1m_over_100k_simd", "sweep_1k_1m_simd_ms", "sweep_1k_100k_simd_ms", 1},
}

// withRatios computes the ratios anew, and whether everything agreed.
func withRatios(all []Result, from string) []Result {
	at := map[string]Result{}
	agreed, compared := 1.0, false
	for _, r := range all {
		at[r.Name] = r
		if strings.HasPrefix(r.Name, "equal_") {
			agreed, compared = min(agreed, r.Value), true
		}
	}
	for _, x := range ratios {
		over, under := at[x.over], at[x.under]
		if under.Value > 0 && over.Name != "" {
			all = keep(all, Result{Name: x.name, Value: over.Value * x.scale / under.Value, Unit: "x", From: origin(over, under)})
		}
	}
	if compared {
		all = keep(all, Result{Name: "equal", Value: agreed, Unit: "1 = all agreed", From: from})
	}
	return all
}

// origin is where a ratio's two figures come from.
func origin(over, under Result) string {
	if over.From == under.From {
		return over.From
	}
	return over.From + ", " + under.From
}

// readable writes the results as a page.
func readable(all []Result) string {
	var b strings.Builder
	b.WriteString("# What was measured\n\nWritten by `go run . -run ... -write` in this directory. " + machine() + ".\n\n")
	b.WriteString("1,000 items have 8.9 conditions each over 100 facts, of which 1-50 % are missing. Every engine answers in three values, and\n")
	b.WriteString("the counts (and sums) of all items are compared: `equal` is 1 when all agreed. A `+` behind a commit stands for changes that\nweren't committed yet.\n\n")
	b.WriteString("| what | value | unit | goal | commit and day |\n|---|---|---|---|---|\n")
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y Result) int { return cmp.Compare(place(x.Name), place(y.Name)) })
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", title(r.Name), shown(r.Value), r.Unit, reached(r), r.From)
	}
	return b.String()
}

// place orders results: those with a goal first.
func place(name string) int {
	if i := slices.IndexFunc(goals, func(g goal) bool { return g.name == name }); i >= 0 {
		return i
	}
	return len(goals)
}

func title(name string) string {
	if i := place(name); i < len(goals) {
		return goals[i].about + " (`" + name + "`)"
	}
	return "`" + name + "`"
}

func reached(r Result) string {
	i := place(r.Name)
	if i == len(goals) || goals[i].bound == 0 {
		return ""
	}
	g := goals[i]
	sign, ok := "≥", r.Value >= g.bound
	if g.atMost {
		sign, ok = "≤", r.Value <= g.bound
	}
	if ok {
		return sign + " " + shown(g.bound) + " ✓"
	}
	return sign + " " + shown(g.bound) + " **missed**"
}

func shown(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
