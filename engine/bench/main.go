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
	"slices"
	"strings"

	"mianshen/engine/bench/decide"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/results"
	"mianshen/engine/bench/stored"
)

// experiment is one thing to measure.
type experiment struct {
	name, about string
	run         func(context.Context, *lab.Lab) error
}

// experiments in the order in which all of them run.
var experiments = []experiment{
	{"sweep", "all items for all enterprises, against DuckDB", decide.Sweep},
	{"tenfold", "ten times as many items for all enterprises", decide.Tenfold},
	{"policy", "one threshold of one policy changed, for all enterprises", decide.Policy},
	{"firms", "one enterprise in a hundred changed", decide.Firms},
	{"curve", "what a threshold costs at every value", decide.Curve},
	{"simulate", "one changed item, with all differences", decide.Simulate},
	{"pairs", "columns, compiled rules and the independent judge on random policies and enterprises", decide.Judged},
	{"csv", "a delivery of all enterprises: read, validated, stored", stored.Receive},
	{"duckcsv", "DuckDB reads a delivery of all enterprises into a typed table", stored.DuckDB},
	{"expr", "one run of expr's machine, and of the compiled rule, a pair", decide.Pairwise},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	full := lab.Full()
	o := full
	names := flag.String("run", "all", "experiments, by comma: all, "+strings.Join(experimentNames(), ", "))
	flag.IntVar(&o.Rows, "rows", o.Rows, "enterprises")
	flag.IntVar(&o.Items, "items", o.Items, "items")
	flag.IntVar(&o.Repeat, "repeat", o.Repeat, "how often a short measurement is repeated; the median counts")
	flag.IntVar(&o.Pairs, "pairs", o.Pairs, "pairs of the experiment pairs")
	flag.Uint64Var(&o.Seed, "seed", o.Seed, "of the experiment pairs")
	flag.StringVar(&o.Dir, "dir", o.Dir, "directory for files that an experiment needs")
	write := flag.Bool("write", false, "merge the results into RESULTS.tsv and RESULTS.md; only at the full size")
	flag.Parse()
	if *write && (o.Rows != full.Rows || o.Items != full.Items) {
		return errors.New("-write keeps results of the full size only")
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	var all []results.Result
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
	return results.Merge(ctx, "RESULTS.tsv", "RESULTS.md", all)
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
func here(ctx context.Context, e experiment, o lab.Options) error {
	l := &lab.Lab{Options: o, Workers: runtime.GOMAXPROCS(0), Out: os.Stdout}
	l.Logf("%s: %s; %d enterprises, %d items", e.name, e.about, o.Rows, o.Items)
	return e.run(ctx, l)
}

// apart runs an experiment in a process of its own and reads its results.
func apart(ctx context.Context, e experiment, o lab.Options) ([]results.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("own program: %w", err)
	}
	args := []string{"-run", e.name, "-rows", fmt.Sprint(o.Rows), "-items", fmt.Sprint(o.Items), "-repeat", fmt.Sprint(o.Repeat), "-pairs", fmt.Sprint(o.Pairs), "-seed", fmt.Sprint(o.Seed), "-dir", o.Dir}
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // it runs itself
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	os.Stdout.Write(text)
	got, bad := results.Parse(string(text))
	return got, errors.Join(err, bad)
}
