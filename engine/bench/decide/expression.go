package decide

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/peers/vm"
	"mianshen/engine/bench/workload"
	"mianshen/rules"
)

// How many enterprises a sample has: one run a pair over all of them would take minutes and more.
const (
	sampleVM   = 4000
	sampleRule = 400
)

// judge decides all items for the rows that next gives, and calls found for each pair.
type judge func(rows []int, found func(item int, eligible, possible bool)) error

// Pairwise measures one run of expr's machine a pair and one compiled rule a pair, on a sample of enterprises, scales both to
// the full size, and holds the engine's counts over the same samples against them.
func Pairwise(ctx context.Context, l *lab.Lab) error {
	law, err := l.Law(l.Items, false)
	if err != nil {
		return err
	}
	machine, err := vm.Compile(law.World.Fields, law.Items)
	if err != nil {
		return err
	}
	rows := min(sampleVM, l.Rows)
	some := l.Population(law.World, rows)
	views := law.World.NewViews(some.Columns)
	byMachine := func() judge { return machineJudge(machine, views, len(law.Items)) }
	byRule := func() judge { return ruleJudge(law, views) }
	for _, m := range []struct {
		name          string
		rows, workers int
		judge         func() judge
	}{
		{"expr_one_core_1k_1m_s", rows / 2, 1, byMachine},
		{"expr_1k_1m_s", rows, l.Workers, byMachine},
		{"rule_one_core_1k_1m_s", min(sampleRule, rows) / 2, 1, byRule},
		{"rule_1k_1m_s", min(sampleRule, rows), l.Workers, byRule},
	} {
		start, used := time.Now(), lab.Processor()
		theirs, err := sample(m.rows, m.workers, len(law.Items), m.judge)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		took, used := time.Since(start), lab.Processor()-used
		scale := float64(l.Rows) / float64(m.rows)
		l.Report(lab.Built(m.name), took.Seconds()*scale, fmt.Sprintf("s, scaled from %d enterprises", m.rows))
		l.Report(lab.Built(strings.TrimSuffix(m.name, "_s")+"_processor_s"), used.Seconds()*scale, "s of processor time, scaled")
		ours, err := counted(ctx, some.Head(m.rows), law.Book)
		if err != nil {
			return err
		}
		l.Equal(lab.Built(m.name), differences(law.Items, ours, theirs))
	}
	return nil
}

// sample decides rows on so many workers, each with a judge of its own.
func sample(rows, workers, items int, newJudge func() judge) ([]duck.Count, error) {
	parts := make([][]duck.Count, workers)
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			var mine []int
			for row := i; row < rows; row += workers {
				mine = append(mine, row)
			}
			counts := make([]duck.Count, items)
			errs[i] = newJudge()(mine, func(item int, eligible, possible bool) {
				if eligible {
					counts[item].Eligible++
				}
				if possible {
					counts[item].Possible++
				}
			})
			parts[i] = counts
		})
	}
	wait.Wait()
	total := make([]duck.Count, items)
	for i, part := range parts {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for j, c := range part {
			total[j].Eligible += c.Eligible
			total[j].Possible += c.Possible
		}
	}
	return total, nil
}

func machineJudge(m *vm.Machine, views []*workload.View, items int) judge {
	run := m.NewRun(views)
	return func(rows []int, found func(int, bool, bool)) error {
		for _, row := range rows {
			run.Load(row)
			for i := range items {
				o, err := run.Decide(i)
				if err != nil {
					return err
				}
				found(i, o == vm.Eligible, o != vm.Ineligible)
			}
		}
		return nil
	}
}

func ruleJudge(law *lab.Law, views []*workload.View) judge {
	s := law.Book.NewSession(lab.Around)
	return func(rows []int, found func(int, bool, bool)) error {
		for _, row := range rows {
			p, err := law.World.Profile(views, row)
			if err != nil {
				return err
			}
			s.Load(p)
			for i, r := range law.Book.Rules {
				o := s.Decide(r).Outcome
				found(i, o == rules.Eligible, o != rules.Ineligible)
			}
		}
		return nil
	}
}
