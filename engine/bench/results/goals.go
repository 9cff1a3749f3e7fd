package results

// goal is what a full run must reach, and what the figure means. Figures without a bound are there to be watched.
type goal struct {
	name   string
	bound  float64 // 0: none
	atMost bool    // the bound is the greatest allowed, else the least
	about  string
}

const (
	atLeast = false
	atMost  = true
)

// goals are in the order of the page.
var goals = []goal{
	{"equal", 1, atLeast, "all engines agreed"},
	{"sweep_1k_1m_ms", 0, atMost, "1,000 items for 1,000,000 enterprises, outcomes kept, pure Go"},
	{"sweep_1k_1m_simd_ms", 0, atMost, "the same with Go's simd experiment"},
	{"sweep_amounts_1k_1m_ms", 0, atMost, "the same with amounts, pure Go"},
	{"sweep_amounts_1k_1m_simd_ms", 0, atMost, "the same with amounts and Go's simd experiment"},
	{"duckdb_3v_1k_1m_ms", 0, atMost, "DuckDB in its best three-valued form"},
	{"duckdb_3v_ratio", 120, atLeast, "so many times as long as we take, pure Go"},
	{"duckdb_3v_simd_ratio", 120, atLeast, "the same with Go's simd experiment"},
	{"duckdb_amounts_ratio", 0, atLeast, "so many times as long with amounts, pure Go"},
	{"expr_1k_1m_s", 0, atMost, "expr's machine, one run a pair, on all processors"},
	{"expr_ratio", 2000, atLeast, "so many times as long as we take, pure Go"},
	{"expr_simd_ratio", 2000, atLeast, "the same with Go's simd experiment"},
	{"expr_one_core_ratio", 0, atLeast, "expr's machine on one processor against us on all"},
	{"rule_ratio", 0, atLeast, "one compiled rule a pair takes so many times as long"},
	{"memory_1k_1m_mib", 250, atMost, "memory over the raw columns: plan and result"},
	{"sweep_10k_1m_ms", 0, atMost, "10,000 items for 1,000,000 enterprises"},
	{"sweep_10k_over_1k", 9, atMost, "so many times as long as 1,000 items"},
	{"cancel_10k_ms", 10, atMost, "until a cancelled sweep of 10,000 items has stopped"},
	{"sweep_1k_100k_ms", 0, atMost, "1,000 items for 100,000 enterprises"},
	{"sweep_1m_over_100k", 10, atMost, "1,000,000 enterprises take so many times as long"},
	{"cold_start_s", 2, atMost, "from the start of a process to the first sweep's result, out of SQLite"},
	{"csv_s", 0, atMost, "a CSV delivery of 1,000,000 enterprises and 100 facts: read, validated, stored"},
	{"csv_vs_duckdb_ratio", 1.5, atMost, "so many times as long as DuckDB's read_csv into a typed table, in its best form"},
	{"csv_own_mib", 256, atMost, "memory of its own meanwhile, without pages of the database file"},
	{"night_run_s", 6, atMost, "the second night: 1 % of the enterprises delivered anew"},
	{"night_run_mib", 2560, atMost, "memory of the process meanwhile"},
	{"night_run_own_mib", 0, atMost, "of that its own, without pages of the database file"},
	{"single_10k_p99_us", 1000, atMost, "one enterprise against 10,000 items, p99"},
	{"policy_change_p95_ms", 10, atMost, "one threshold of a policy changed, all its items decided again, p95"},
	{"firms_1pct_ms", 50, atMost, "1 % of the enterprises changed in memory, decided again, differences listed"},
	{"cost_curve_ms", 150, atMost, "what a threshold costs at every value"},
	{"simulate_ms", 100, atMost, "one changed item with all differences"},
	{"pairs", 10_000_000, atLeast, "random pairs decided by columns, compiled rule and independent judge"},
}
