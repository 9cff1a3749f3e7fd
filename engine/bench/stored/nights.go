package stored

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/internal/casework"
	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// The experiments that Nights runs in processes of their own, on the database that it left in Options.Dir.
const (
	ColdName  = "cold"
	NightName = "night"
)

// When things happen: deliveries of a day arrive on it, the sweep is the night after.
var (
	firstDay  = civil.MustParse("2025-06-29")
	secondDay = civil.MustParse("2025-06-30")
)

func noon(d civil.Date) time.Time {
	year, month, day := d.Parts()
	return time.Date(year, time.Month(month), day, 4, 0, 0, 0, time.UTC)
}

func night(d civil.Date) time.Time { return noon(d).Add(14 * time.Hour) }

func database(dir string) string { return "sqlite://" + filepath.Join(dir, "bench.db") }

// Nights measures what is kept in SQLite: all enterprises delivered as one CSV file, the first night's sweep, a cold start from
// there, and a second night in which one enterprise in a hundred has changed.
func Nights(ctx context.Context, l *lab.Lab) error {
	w, err := workload.NewWorld()
	if err != nil {
		return err
	}
	path, err := written(l, w)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(l.Dir, "mianshen-bench-store-*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := firstNight(ctx, l, w, path, dir); err != nil {
		return err
	}
	o := l.Options
	o.Dir = dir
	for _, name := range []string{ColdName, NightName} {
		if _, err := lab.Apart(ctx, name, o); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// firstNight fills the database in dir.
func firstNight(ctx context.Context, l *lab.Lab, w *workload.World, path, dir string) error {
	st, err := store.Open(ctx, database(dir))
	if err != nil {
		return err
	}
	defer st.Close()
	lab.ForgetPeak()
	start, own := time.Now(), lab.WatchOwn()
	if err := receive(ctx, st, w, path, firstDay, true); err != nil {
		return err
	}
	l.Report("csv_s", time.Since(start).Seconds(), "s: read, validated, stored")
	l.Report("csv_own_mib", own(), "MiB of its own at most")
	l.Report("csv_peak_mib", lab.Peak(), "MiB resident at most, with pages of the database file")
	office := casework.New(st)
	if err := publish(ctx, office, w, w.Items(l.Items, true)); err != nil {
		return err
	}
	lab.ForgetPeak()
	start, own = time.Now(), lab.WatchOwn()
	sweep, err := office.Sweep(ctx, casework.SweepRequest{AsOf: firstDay, Now: night(firstDay), Hold: -1}, nil)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	l.Report("first_night_s", time.Since(start).Seconds(), "s: snapshot built, all decided, state stored")
	l.Report("first_night_own_mib", own(), "MiB of its own at most")
	l.Report("first_night_mib", lab.Peak(), "MiB resident at most, with pages of the database file")
	if sweep.Status != store.Done {
		return fmt.Errorf("the first night's sweep is %s: %s", sweep.Status, sweep.Note)
	}
	problems, err := kept(ctx, office, l.Population(w, l.Rows))
	if err != nil {
		return err
	}
	l.Equal("csv", problems)
	return nil
}

// receive stores a file as a delivery of the day.
func receive(ctx context.Context, st *store.Store, w *workload.World, path string, day civil.Date, complete bool) error {
	in, file, err := intake.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	meta := arrival.Meta{ReceivedBy: "bench", Hold: arrival.Hold{Never: true}, Meta: delivery.Meta{
		Source: workload.Source, Period: "current:" + day.String(), Complete: complete, Purpose: "政策匹配", LegalBasis: "示例",
	}}
	got, _, _, err := arrival.Receive(ctx, st, w.Vocabulary, []intake.Input{in}, meta, noon(day))
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if got.Standing.State != store.Accepted {
		return errors.New("the delivery was held: " + got.Standing.Reason)
	}
	return nil
}

// publish publishes the policies and the vocabulary.
func publish(ctx context.Context, office *casework.Office, w *workload.World, items []*workload.Item) error {
	p := &casework.Proposal{Vocabulary: w.VocabularyFile()}
	for _, part := range workload.Policies(items) {
		files, err := casework.Pack(fstest.MapFS{"policy.yaml": {Data: w.PolicyText(part)}}, ".")
		if err != nil {
			return err
		}
		p.Versions = append(p.Versions, store.PolicyVersion{ID: store.Hash(files), PolicyID: workload.PolicyID(part), Title: "合成政策", Files: files})
	}
	_, err := office.Publish(ctx, p, "bench", noon(firstDay))
	return err
}

// kept lists in what the stored snapshot differs from the population that was delivered.
func kept(ctx context.Context, office *casework.Office, p lab.Population) (problems []string, err error) {
	snap, err := office.Store.LatestSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	t, err := facts.Open(ctx, office.Store, p.World.Vocabulary, snap)
	if err != nil {
		return nil, err
	}
	if t.Rows() != len(p.Codes) {
		return []string{fmt.Sprintf("%d enterprises of %d", t.Rows(), len(p.Codes))}, nil
	}
	for row, code := range p.Codes {
		if t.Code(row) != code {
			return []string{fmt.Sprintf("row %d is %s, want %s", row, t.Code(row), code)}, nil
		}
	}
	for i, v := range p.World.NewViews(p.Columns) {
		c, err := t.Column(p.World.Vocabulary.Fields[i])
		if err != nil {
			return nil, err
		}
		if c == nil {
			problems = append(problems, v.Field.Name+" isn't there")
			continue
		}
		if row, same := v.Same(workload.NewView(v.Field, c)); !same {
			problems = append(problems, fmt.Sprintf("%s row %d", v.Field.Name, row))
		}
	}
	return problems, nil
}
