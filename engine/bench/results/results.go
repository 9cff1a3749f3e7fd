// Package results keeps what was measured: one line a figure in RESULTS.tsv, and the same for readers in RESULTS.md.
package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Result is one measured figure.
type Result struct {
	Name  string
	Value float64
	Unit  string
	From  string // commit and day; "" until it is kept
}

// Line writes the result as a line of RESULTS.tsv.
func (r Result) Line() string {
	text := strconv.FormatFloat(r.Value, 'g', 5, 64)
	if r.Value == float64(int64(r.Value)) {
		text = strconv.FormatInt(int64(r.Value), 10)
	}
	return strings.TrimRight(strings.Join([]string{r.Name, text, r.Unit, r.From}, "\t"), "\t")
}

// Parse reads lines of results; comments, empty lines and the header are left out.
func Parse(text string) ([]Result, error) {
	var out []Result
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "name\t") {
			continue
		}
		cells := append(strings.Split(line, "\t"), "")
		if len(cells) < 4 {
			return nil, fmt.Errorf("result %q: want name, value and unit", line)
		}
		value, err := strconv.ParseFloat(cells[1], 64)
		if err != nil {
			return nil, fmt.Errorf("result %q: %w", line, err)
		}
		out = append(out, Result{Name: cells[0], Value: value, Unit: cells[2], From: cells[3]})
	}
	return out, nil
}

// Merge puts fresh results among those that were kept before, and writes both files.
func Merge(ctx context.Context, table, page string, fresh []Result) error {
	text, err := os.ReadFile(table)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("results: %w", err)
	}
	kept, err := Parse(string(text))
	if err != nil {
		return err
	}
	from := commit(ctx) + " " + time.Now().Format(time.DateOnly)
	for _, r := range fresh {
		r.From = from
		kept = keep(kept, r)
	}
	kept = withRatios(kept, from)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nname\tvalue\tunit\tcommit and day\n", machine())
	for _, r := range kept {
		b.WriteString(r.Line() + "\n")
	}
	if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a file of the repository
		return fmt.Errorf("results: %w", err)
	}
	if err := os.WriteFile(page, []byte(readable(kept)), 0o644); err != nil { //nolint:gosec // a file of the repository
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// keep replaces the result of the same name, or adds it.
func keep(all []Result, r Result) []Result {
	if i := slices.IndexFunc(all, func(o Result) bool { return o.Name == r.Name }); i >= 0 {
		all[i] = r
		return all
	}
	return append(all, r)
}

// commit names the version of the source that was measured.
func commit(ctx context.Context) string {
	hash, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(hash))
	if changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ":/", ":!RESULTS.*").Output(); err != nil || len(changed) > 0 {
		name += "+"
	}
	return name
}

// machine describes what was measured on.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name\t: ")
	model, _, _ := strings.Cut(rest, "\n")
	return fmt.Sprintf("%s, %d processors, %s %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
