package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

type result struct {
	name  string
	value float64
	unit  string
}

// goals are the bounds of the figures that have one; none is exceeded when all is well.
var goals = map[string]float64{
	"build_s": 120, "build_mib": 1536, "open_s": 1, "query_p50_ms": 5, "query_p99_ms": 30, "suggest_p99_ms": 10, "users_300_p99_ms": 300, "users_300_late": 0,
}

// keep writes RESULTS.tsv and RESULTS.md.
func keep(all []result) error {
	var tsv, page strings.Builder
	commit, _ := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	fmt.Fprintf(&page, "# What was measured\n\nWritten by `go run . -write` in this directory, commit %s, %s, %s, %d processors.\n\n", strings.TrimSpace(string(commit)),
		time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU())
	page.WriteString("100,000 synthetic documents of 500 characters, made of the sentences of the relevance files; the questions are those of the\n")
	page.WriteString("relevance files. FTS5 and minisearch look for the same pairs of characters, any of which may be missing, ranked by BM25. `known_items`\n")
	page.WriteString("is the check that all do the same work: each must give first the one document that holds a phrase.\n\n")
	head := "| what | value | unit | goal |\n|---|---|---|---|\n"
	if !slices.ContainsFunc(all, func(r result) bool { return r.name == "fts5_build_s" }) {
		page.WriteString("This run measured the project's own index only (`-peers=false`); the figures of FTS5 and minisearch are still to come.\n\n")
	}
	page.WriteString(head)
	for _, r := range all {
		fmt.Fprintf(&tsv, "%s\t%.4g\t%s\n", r.name, r.value, r.unit)
		goal := ""
		if g, ok := goals[r.name]; ok {
			goal = fmt.Sprintf("≤ %g ✓", g)
			if r.value > g {
				goal = fmt.Sprintf("≤ %g **missed**", g)
			}
		}
		fmt.Fprintf(&page, "| `%s` | %.4g | %s | %s |\n", r.name, r.value, r.unit, goal)
	}
	if err := os.WriteFile("RESULTS.tsv", []byte(tsv.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile("RESULTS.md", []byte(page.String()), 0o644)
}
