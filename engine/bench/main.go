// Command bench measures the engine side by side with DuckDB and with expr's virtual machine, on the same synthetic enterprises
// and policies, and holds their answers against each other. It has a module of its own because DuckDB needs cgo.
//
//	go run . -run sweep,expr -rows 100000 -items 1000
//	go run . -run all -write
//
// Every experiment runs in a process of its own, so that none inherits another's memory. Results go to the standard output, one
// a line: name, value, unit. With -write they are also merged into RESULTS.tsv and RESULTS.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// experiment is one thing to measure.
type experiment struct {
	name, about string
	run         func(context.Context, *lab) error
}

// experiments in the order in which all of them run.
var experiments = []experiment{
	{"sweep", "all items for all enterprises, against DuckDB", sweep},
	{"duckcsv", "DuckDB reads a delivery of all enterprises into a typed table", duckCSV},
	{"expr", "one run of expr's machine, and of the compiled rule, a pair", expression},
}

// options are the sizes of an experiment.
type options struct {
	rows, items, repeat int
	dir                 string // for files
}

// full is the size that the names of the results speak of.
var full = options{rows: 1_000_000, items: 1_000, repeat: 9}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	o := full
	names := flag.String("run", "all", "experiments, by comma: all, "+strings.Join(experimentNames(), ", "))
	flag.IntVar(&o.rows, "rows", o.rows, "enterprises")
	flag.IntVar(&o.items, "items", o.items, "items")
	flag.IntVar(&o.repeat, "repeat", o.repeat, "how often a short measurement is repeated; the median counts")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "directory for files that an experiment needs")
	write := flag.Bool("write", false, "merge the results into RESULTS.tsv and RESULTS.md; only at the full size")
	flag.Parse()
	if *write && (o.rows != full.rows || o.items != full.items) {
		return errors.New("-write keeps results of the full size only")
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	var all []result
	if len(chosen) == 1 && !*write {
		return here(ctx, chosen[0], o)
	}
	for _, e := range chosen {
		got, err := apart(ctx, e, o)
		all = append(all, got...)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	if !*write {
		return nil
	}
	return merge(ctx, "RESULTS.tsv", "RESULTS.md", all)
}

func experimentNames() []string {
	var out []string
	for _, e := range experiments {
		out = append(out, e.name)
	}
	return out
}

func choose(names string) ([]experiment, error) {
	if names == "all" {
		return experiments, nil
	}
	var out []experiment
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(experiments, func(e experiment) bool { return e.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no experiment %q; there are %s", name, strings.Join(experimentNames(), ", "))
		}
		out = append(out, experiments[i])
	}
	return out, nil
}

// here runs an experiment in this process.
func here(ctx context.Context, e experiment, o options) error {
	debug.SetGCPercent(100)
	l := &lab{options: o, workers: runtime.GOMAXPROCS(0), out: os.Stdout}
	l.logf("%s: %s; %d enterprises, %d items", e.name, e.about, o.rows, o.items)
	return e.run(ctx, l)
}

// apart runs an experiment in a process of its own and reads its results.
func apart(ctx context.Context, e experiment, o options) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("own program: %w", err)
	}
	args := []string{"-run", e.name, "-rows", fmt.Sprint(o.rows), "-items", fmt.Sprint(o.items), "-repeat", fmt.Sprint(o.repeat), "-dir", o.dir}
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // it runs itself
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	os.Stdout.Write(text)
	got, bad := parseResults(string(text))
	return got, errors.Join(err, bad)
}
