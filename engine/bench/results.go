package main

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

	"mianshen/engine/kernel"
)

// result is one measured figure.
type result struct {
	name  string
	value float64
	unit  string
	from  string // commit and day; "" until it is kept
}

func (r result) line() string {
	text := strconv.FormatFloat(r.value, 'g', 5, 64)
	if r.value == float64(int64(r.value)) {
		text = strconv.FormatInt(int64(r.value), 10)
	}
	return strings.TrimRight(strings.Join([]string{r.name, text, r.unit, r.from}, "\t"), "\t")
}

// parseResults reads lines of results; comments, empty lines and the header are left out.
func parseResults(text string) ([]result, error) {
	var out []result
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
		out = append(out, result{name: cells[0], value: value, unit: cells[2], from: cells[3]})
	}
	return out, nil
}

// merge puts fresh results among those that were kept before, and writes both files.
func merge(ctx context.Context, table, page string, fresh []result) error {
	text, err := os.ReadFile(table)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("results: %w", err)
	}
	kept, err := parseResults(string(text))
	if err != nil {
		return err
	}
	from := commit(ctx) + " " + time.Now().Format(time.DateOnly)
	for _, r := range fresh {
		r.from = from
		kept = keep(kept, r)
	}
	kept = withRatios(kept, from)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nname\tvalue\tunit\tcommit and day\n", machine())
	for _, r := range kept {
		b.WriteString(r.line() + "\n")
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
func keep(all []result, r result) []result {
	if i := slices.IndexFunc(all, func(o result) bool { return o.name == r.name }); i >= 0 {
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
	if changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain").Output(); err != nil || len(changed) > 0 {
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

// built ends the names of what a build with Go's simd experiment measured.
func built(name string) string {
	if !kernel.SIMD() {
		return name
	}
	if head, unit, ok := cutUnit(name); ok {
		return head + "_simd_" + unit
	}
	return name + "_simd"
}

// cutUnit takes the unit off a name such as sweep_1k_1m_ms.
func cutUnit(name string) (head, unit string, ok bool) {
	i := strings.LastIndexByte(name, '_')
	if i < 0 || !slices.Contains([]string{"ms", "s", "us", "mib", "ns"}, name[i+1:]) {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}
