package results

// goals are what a full run must reach, in the order of the page.
var goals = []goal{
	{"equal", false, 1, "all engines agreed"},
	{"sweep_1k_1m_ms", true, 150, "1,000 items for 1,000,000 enterprises, outcomes kept, pure Go"},
	{"sweep_1k_1m_simd_ms", true, 60, "the same with Go's simd experiment"},
	{"duckdb_3v_ratio", false, 120, "DuckDB's best three-valued form takes so many times as long"},
	{"expr_ratio", false, 2000, "expr's machine, one run a pair, on all processors, takes so many times as long"},
	{"memory_1k_1m_mib", true, 250, "memory over the raw columns"},
	{"sweep_10k_over_1k", true, 9, "10,000 items take so many times as long as 1,000"},
	{"sweep_1m_over_100k", true, 10, "1,000,000 enterprises take so many times as long as 100,000"},
}
