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
	{"single", "one enterprise against ten times as many items", decide.Single},
	{"stored", "deliveries, nights and a cold start, kept in SQLite", stored.Nights},
	{"duckcsv", "DuckDB reads a delivery of all enterprises into a typed table", stored.DuckDB},
	{"expr", "one run of expr's machine, and of the compiled rule, a pair", decide.Pairwise},
}

// steps are experiments that others run in processes of their own.
var steps = []experiment{
	{stored.ColdName, "from the start of a process to the first result", stored.Cold},
	{stored.NightName, "one enterprise in a hundred delivered anew, everything decided again", stored.Night},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // stop only gives the signal back
	}
}

func run(ctx context.Context, args []string) error {
	full := lab.Full()
	o := full
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	names := flags.String("run", "all", "experiments, by comma: all, "+strings.Join(experimentNames(), ", "))
	flags.IntVar(&o.Rows, "rows", o.Rows, "enterprises")
	flags.IntVar(&o.Items, "items", o.Items, "items")
	flags.IntVar(&o.Repeat, "repeat", o.Repeat, "how often a short measurement is repeated; the median counts")
	flags.IntVar(&o.Pairs, "pairs", o.Pairs, "pairs of the experiment pairs")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "of the experiment pairs")
	flags.StringVar(&o.Dir, "dir", o.Dir, "directory for files that an experiment needs")
	write := flags.Bool("write", false, "merge the results into RESULTS.tsv and RESULTS.md; only at the full size")
	if err := flags.Parse(args); err != nil {
		return err
	}
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
	var failed error
	for _, e := range chosen {
		got, err := lab.Apart(ctx, e.name, o)
		all = append(all, got...)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", e.name, err))
		}
	}
	if *write {
		failed = errors.Join(failed, results.Merge(ctx, "RESULTS.tsv", "RESULTS.md", all))
	}
	return failed
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
		all := slices.Concat(experiments, steps)
		i := slices.IndexFunc(all, func(e experiment) bool { return e.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no experiment %q; there are %s", name, strings.Join(experimentNames(), ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// here runs an experiment in this process.
func here(ctx context.Context, e experiment, o lab.Options) error {
	l := &lab.Lab{Options: o, Workers: runtime.GOMAXPROCS(0), Out: os.Stdout}
	l.Logf("%s: %s; %d enterprises, %d items", e.name, e.about, o.Rows, o.Items)
	if !slices.ContainsFunc(steps, func(s experiment) bool { return s.name == e.name }) {
		l.Report(lab.Built("load_before_"+e.name), lab.Load(), "processes that wanted a processor in the minute before")
	}
	if err := e.run(ctx, l); err != nil {
		return err
	}
	if len(l.Differ) > 0 {
		return fmt.Errorf("answers differ: %s", strings.Join(l.Differ, ", "))
	}
	return nil
}
