package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMerge holds that fresh results replace those of their name, that others stay as they were, and that ratios and the
// verdict follow.
func TestMerge(t *testing.T) {
	dir := t.TempDir()
	table, page := filepath.Join(dir, "r.tsv"), filepath.Join(dir, "r.md")
	old := "# some machine\nname\tvalue\tunit\tcommit and day\nsweep_1k_1m_ms\t200\tms\tabc 2026-01-01\nduckdb_3v_1k_1m_ms\t13000\tms\tabc 2026-01-01\nequal_a\t1\t\tabc 2026-01-01\n"
	if err := os.WriteFile(table, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh, err := Parse("sweep_1k_1m_ms\t100\tms\nequal_b\t0\t1 = all agreed\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := Merge(t.Context(), table, page, fresh); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"sweep_1k_1m_ms": 100, "duckdb_3v_1k_1m_ms": 13000, "equal_a": 1, "equal_b": 0, "duckdb_3v_ratio": 130, "equal": 0}
	for _, r := range got {
		v, ok := want[r.Name]
		if !ok || v != r.Value {
			t.Errorf("%s = %v, want %v", r.Name, r.Value, v)
		}
		if r.Name == "duckdb_3v_1k_1m_ms" && r.From != "abc 2026-01-01" {
			t.Errorf("a kept result is now from %q", r.From)
		}
		delete(want, r.Name)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
	if text, _ := os.ReadFile(page); !strings.Contains(string(text), "≥ 120 ✓") || !strings.Contains(string(text), "**missed**") {
		t.Errorf("the page says neither what was reached nor what was missed:\n%s", text)
	}
}

// TestParseResults holds that a line that isn't a result is an error.
func TestParseResults(t *testing.T) {
	for _, text := range []string{"name only\n", "a\tb\tms\n"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
