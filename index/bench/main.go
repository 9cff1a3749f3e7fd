// Command bench measures the search index side by side with SQLite's FTS5 and with minisearch, over the same synthetic
// documents and questions. It has a module of its own because of SQLite and of npm.
//
//	go run . [-documents 100000] [-write]
//
// Results go to the standard output, one a line: name, value, unit; with -write also into RESULTS.tsv and RESULTS.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"mianshen/index"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// lab is one run.
type lab struct {
	dir     string
	docs    []index.Document
	items   []known
	asked   []string // questions as people ask them
	results []result
}

func (l *lab) report(name string, value float64, unit string) {
	fmt.Printf("%s\t%.4g\t%s\n", name, value, unit)
	l.results = append(l.results, result{name, value, unit})
}

// seed of the documents.
const seed = 20261126

// fullSize is how many documents the goals are about.
const fullSize = 100_000

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	n := flags.Int("documents", fullSize, "documents of 500 characters")
	peers := flags.Bool("peers", true, "measure SQLite's FTS5 and minisearch too")
	write := flags.Bool("write", false, "keep the results; only at the full size")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write && *n != fullSize {
		return errors.New("-write keeps results of the full size only")
	}
	dir, err := os.MkdirTemp("", "mianshen-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m, err := readMaterial()
	if err != nil {
		return err
	}
	l := &lab{dir: dir, asked: m.questions}
	l.docs, l.items = m.documents(*n, seed)
	l.report("documents", float64(len(l.docs)), "of 500 characters")
	if err := l.own(ctx); err != nil {
		return err
	}
	if *peers {
		l.docs, _ = m.documents(*n, seed)
		if err := errors.Join(l.fts5(ctx), l.minisearch(ctx)); err != nil {
			return err
		}
	}
	if *write {
		return keep(l.results)
	}
	return nil
}

// own measures this project's index.
func (l *lab) own(ctx context.Context) error {
	dir := filepath.Join(l.dir, "own")
	peak := watchMemory()
	start := time.Now()
	if err := index.Create(ctx, dir, index.All(l.docs)); err != nil {
		return err
	}
	l.report("build_s", time.Since(start).Seconds(), "s")
	l.report("build_mib", peak(), "MiB resident at most over the documents")
	prefixes := l.prefixes()
	l.docs = nil // a node that searches holds no documents
	debug.FreeOSMemory()
	start = time.Now()
	x, err := index.Open(dir, nil)
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	l.report("open_s", time.Since(start).Seconds(), "s, checksums verified")
	if err := l.knownItems(func(q string) (string, error) {
		res, err := x.Search(ctx, index.Query{Text: q})
		if err != nil || len(res.Hits) == 0 {
			return "", err
		}
		return res.Hits[0].Group, nil
	}, "own"); err != nil {
		return err
	}
	query := func(q string) error {
		_, err := x.Search(ctx, index.Query{Text: q, Today: "2026-11-26"})
		return err
	}
	if err := l.latency("query", l.asked, query); err != nil {
		return err
	}
	if err := l.latency("suggest", prefixes, func(q string) error { _, err := x.Suggest(ctx, q, 8); return err }); err != nil {
		return err
	}
	return l.users(query)
}

// knownItems asks for what stands in one document only and counts how often it came first.
func (l *lab) knownItems(first func(string) (string, error), engine string) error {
	right := 0
	for _, k := range l.items {
		got, err := first(k.question)
		if err != nil {
			return fmt.Errorf("%s, %q: %w", engine, k.question, err)
		}
		if got == k.id {
			right++
		}
	}
	l.report("known_items_"+engine, float64(right)/float64(len(l.items)), "share of questions with one answer that it gave first")
	return nil
}

// prefixes gives what stands in the field while titles are typed.
func (l *lab) prefixes() []string {
	var out []string
	for i := 0; i < len(l.docs); i += max(1, len(l.docs)/300) {
		title := []rune(l.docs[i].Title)
		for n := 1; n <= min(6, len(title)); n++ {
			out = append(out, string(title[:n]), string(title[len(title)-n:]))
		}
	}
	for _, p := range []string{"z", "zj", "zjt", "zjtx", "x", "xi", "xia", "xiao", "xiaoj", "g", "gx", "gao", "gaoxin", "房租b", "b", "bt", "butie"} {
		out = append(out, p)
	}
	return out
}

// latency asks all questions once to warm up, then once more, and reports the quantiles.
func (l *lab) latency(name string, questions []string, ask func(string) error) error {
	var took []time.Duration
	for round := range 2 {
		took = took[:0]
		for _, q := range questions {
			start := time.Now()
			if err := ask(q); err != nil {
				return fmt.Errorf("%s, round %d, %q: %w", name, round, q, err)
			}
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	l.report(name+"_p50_ms", quantile(took, 0.50), "ms")
	l.report(name+"_p99_ms", quantile(took, 0.99), "ms")
	l.report(name+"_max_ms", quantile(took, 1), "ms")
	return nil
}

func quantile(sorted []time.Duration, q float64) float64 {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Seconds() * 1000
}

// Users of the concurrent measurement: each asks, reads for a while, asks again.
const (
	users    = 300
	asksEach = 10
	reading  = 2 * time.Second // mean
)

func (l *lab) users(ask func(string) error) error {
	var wait sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	late := 0
	for u := range users {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(u), 2))
			for range asksEach {
				time.Sleep(time.Duration(r.ExpFloat64() * float64(reading)))
				start := time.Now()
				err := ask(l.asked[r.IntN(len(l.asked))])
				mu.Lock()
				took = append(took, time.Since(start))
				if errors.Is(err, context.DeadlineExceeded) {
					late, err = late+1, nil
				}
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	slices.Sort(took)
	l.report("users_300_p50_ms", quantile(took, 0.50), "ms, each asks about every two seconds")
	l.report("users_300_p99_ms", quantile(took, 0.99), "ms")
	l.report("users_300_late", float64(late), "questions of "+strconv.Itoa(len(took))+" that were given up after half a second")
	return failed
}

// watchMemory gives a function that tells how far the resident memory has grown meanwhile, at most.
func watchMemory() func() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	before := resident()
	most := before
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most = max(most, resident())
			}
		}
	}()
	return func() float64 { close(stop); <-done; return float64(most-before) / (1 << 20) }
}
