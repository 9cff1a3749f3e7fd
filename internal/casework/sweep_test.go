package casework_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/engine/kernel"
	"mianshen/internal/casework"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules"
)

// crowd is many firms with drawn facts: revenue around the threshold, a tenth of the credit records missing.
func crowd(t *testing.T, r *rand.Rand, n int) (*rules.Vocabulary, *intake.Batch) {
	t.Helper()
	v, ms := rules.ParseVocabulary("v", []byte(vocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	revenue, _ := v.Field("营业收入")
	dishonest, _ := v.Field("失信")
	b := &intake.Batch{Names: map[string]string{}}
	for i := range n {
		p := rules.NewProfile(v, fmt.Sprintf("9131%014d", i))
		for _, x := range []struct {
			f    *rules.Field
			cell string
		}{{revenue, fmt.Sprint(4_000_000 + r.IntN(2_000_000))}, {dishonest, []string{"是", "", "否", "否", "否", "否", "否", "否", "否", "否"}[r.IntN(10)]}} {
			value, err := x.f.Parse(x.cell, "")
			if err == nil && value != nil {
				err = p.Set(x.f, rules.Fact{Value: value, On: asOf})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		b.Names[p.Enterprise] = fmt.Sprintf("示例%d", i)
		b.Profiles = append(b.Profiles, p)
	}
	return v, b
}

// states are the stored shards of a sweep.
func states(t *testing.T, o *casework.Office, sweep int64) [][]byte {
	t.Helper()
	var out [][]byte
	if err := o.Store.Shards(t.Context(), sweep, func(h store.Shard) error { out = append(out, h.Body); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func differences(t *testing.T, o *casework.Office, sweep int64) []store.Difference {
	t.Helper()
	list, err := o.Store.Differences(t.Context(), sweep, store.DifferenceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestInterrupted stops a sweep after its first shard and goes on with it: states and differences are those of a sweep that was
// never interrupted.
func TestInterrupted(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	const firms = 2*kernel.Rows + 100
	run := func(t *testing.T, o *casework.Office, interrupt bool) {
		t.Helper()
		publish(t, o, []byte(vocabulary), values, cases)
		for night := range 2 {
			v, batch := crowd(t, rand.New(rand.NewPCG(5, 5)), firms)
			if night == 1 { // one in twenty has other facts
				_, other := crowd(t, rand.New(rand.NewPCG(9, 9)), firms)
				for i := 0; i < firms; i += 20 {
					batch.Profiles[i] = other.Profiles[i]
				}
			}
			receive(t, o, v, batch, now.Add(time.Duration(night)*time.Hour))
			request := casework.SweepRequest{AsOf: asOf, Now: now.Add(time.Duration(night)*time.Hour + time.Minute), Slot: fmt.Sprint(night), Shard: kernel.Rows}
			ctx, cancel := context.WithCancel(t.Context())
			_, err := o.Sweep(ctx, request, func(p casework.Progress) {
				if interrupt && p.Done == 1 {
					cancel()
				}
			})
			cancel()
			if interrupt && !errors.Is(err, context.Canceled) || !interrupt && err != nil {
				t.Fatalf("interrupted %v: %v", interrupt, err)
			}
			if !interrupt {
				continue
			}
			if done, err := o.Store.ShardsDone(t.Context(), int64(night+1)); err != nil || len(done) == 0 || len(done) == 3 {
				t.Fatalf("shards %v, %v", done, err)
			}
			if _, err := casework.New(o.Store).Resume(t.Context(), request.Now.Add(time.Minute), nil); err != nil {
				t.Fatal(err)
			}
		}
		last, err := o.Store.LatestSweep(t.Context())
		if err != nil || last.ID != 2 || last.Status != store.Done {
			t.Fatalf("%+v, %v", last, err)
		}
	}
	onBoth(t, func(t *testing.T, o *casework.Office) {
		run(t, o, true)
		plain, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/plain.db")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = plain.Close() }()
		p := casework.New(plain)
		run(t, p, false)
		for sweep := int64(1); sweep <= 2; sweep++ {
			a, b := states(t, o, sweep), states(t, p, sweep)
			for i := range b {
				if !bytes.Equal(a[i], b[i]) {
					t.Errorf("sweep %d: shard %d differs from the uninterrupted one", sweep, i)
				}
			}
			x, y := differences(t, o, sweep), differences(t, p, sweep)
			if len(x) == 0 || len(x) != len(y) {
				t.Fatalf("sweep %d: %d differences, %d uninterrupted", sweep, len(x), len(y))
			}
			for i := range y {
				if x[i] != y[i] {
					t.Fatalf("sweep %d: difference %+v, uninterrupted %+v", sweep, x[i], y[i])
				}
			}
		}
		for sweep := int64(1); sweep <= 2; sweep++ {
			report, err := o.ReplayAll(t.Context(), sweep, nil)
			if err != nil || report.WrongTotal > 0 || report.Shards != 3 || report.Differences == 0 || report.Pairs != firms {
				t.Errorf("replay %+v, %v", report, err)
			}
		}
	})
}

// TestHeld has a delivery change most outcomes: the sweep waits for a person and counts only once it is released.
func TestHeld(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		publish(t, o, []byte(vocabulary), values, cases)
		r := rand.New(rand.NewPCG(6, 6))
		v, batch := crowd(t, r, 500)
		receive(t, o, v, batch, now)
		first, err := sweepOn(t.Context(), o, "1", now.Add(time.Minute))
		if err != nil || first.Status != store.Done {
			t.Fatalf("%+v, %v", first, err)
		}
		_, other := crowd(t, r, 500)
		receive(t, o, v, other, now.Add(time.Hour))
		held, err := sweepOn(t.Context(), o, "2", now.Add(2*time.Hour))
		if err != nil || held.Status != store.Held || held.Note == "" {
			t.Fatalf("%+v, %v", held, err)
		}
		if last, err := o.LatestDone(t.Context()); err != nil || last.ID != first.ID {
			t.Errorf("a held sweep counts: %+v, %v", last, err)
		}
		if err := o.Store.ReleaseSweep(t.Context(), held.ID, "乙", true, "已核对", now.Add(3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if last, err := o.LatestDone(t.Context()); err != nil || last.ID != held.ID {
			t.Errorf("after its release: %+v, %v", last, err)
		}
		third, err := sweepOn(t.Context(), o, "3", now.Add(4*time.Hour))
		if err != nil || third.Status != store.Done || third.Previous != held.ID || len(differences(t, o, third.ID)) > 0 {
			t.Errorf("the same facts again: %+v, %v", third, err)
		}
	})
}

// TestReplayFindsTampering changes stored states and hashes behind the program's back.
func TestReplayFindsTampering(t *testing.T) {
	for name, tamper := range map[string]string{
		"a state":  `UPDATE sweep_shard SET body = $1`,
		"a digest": `UPDATE sweep_difference SET sha256 = $1 WHERE enterprise = (SELECT min(enterprise) FROM sweep_difference)`,
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			o := casework.New(db)
			publish(t, o, []byte(vocabulary), values, cases)
			r := rand.New(rand.NewPCG(8, 8))
			v, batch := crowd(t, r, 50)
			receive(t, o, v, batch, now)
			sweep, err := sweepOn(t.Context(), o, "1", now)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := db.DB().QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('sweep_shard', 'sweep_difference')`)
			if err != nil {
				t.Fatal(err)
			}
			var triggers []string
			for rows.Next() {
				var trigger string
				if err := rows.Scan(&trigger); err != nil {
					t.Fatal(err)
				}
				triggers = append(triggers, trigger)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
			for _, trigger := range triggers {
				if _, err := db.DB().ExecContext(t.Context(), `DROP TRIGGER "`+trigger+`"`); err != nil {
					t.Fatal(err)
				}
			}
			other := bytes.Repeat([]byte{7}, 32)
			if name == "a state" {
				other = slices.Concat(states(t, o, sweep.ID)[0], []byte{0})
			}
			if _, err := db.DB().ExecContext(t.Context(), tamper, other); err != nil {
				t.Fatal(err)
			}
			report, err := casework.New(db).ReplayAll(t.Context(), sweep.ID, nil)
			if err != nil || report.WrongTotal == 0 {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

// TestOneCell corrects one cell: one enterprise's outcome changes, with the digest of its new decision, and nothing else.
func TestOneCell(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		publish(t, o, []byte(vocabulary), values, cases)
		v, batch := firms(t)
		receive(t, o, v, batch, now)
		if _, err := sweepOn(t.Context(), o, "1", now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		fix := store.Correction{Series: "失信", Period: "current:" + asOf.String(), USCC: "91310118MA1JP7UB2B", Cell: "是", By: "甲", Reason: "法院来函"}
		if err := arrival.Correct(t.Context(), o.Store, v, []store.Correction{fix}, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		sweep, err := sweepOn(t.Context(), o, "2", now.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := differences(t, o, sweep.ID)
		if len(got) != 1 || got[0].Turn != store.Left || got[0].Enterprise != fix.USCC || !got[0].Before.Known || got[0].After.Known {
			t.Fatalf("differences %+v", got)
		}
		replayed, err := o.Replay(t.Context(), casework.DecisionID(sweep.ID, "award", fix.USCC))
		if err != nil || !replayed.Same || replayed.Decision.SHA256 == "" || !bytes.Contains(replayed.Line, []byte(`"failed":["dishonest"]`)) {
			t.Errorf("%+v, %v", replayed, err)
		}
		before, err := o.Replay(t.Context(), casework.DecisionID(1, "award", fix.USCC))
		if err != nil || !before.Same || before.Decision.Outcome != rules.Eligible {
			t.Errorf("yesterday's decision: %+v, %v", before, err)
		}
	})
}

// TestChangedUnit publishes a vocabulary in which a field counts something else: what was delivered before is missing then, never
// read in the other unit.
func TestChangedUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		publish(t, o, []byte(vocabulary), values, cases)
		v, batch := firms(t)
		share, _ := v.Field("占比")
		value, err := share.Parse("5.5", "")
		if err == nil {
			err = batch.Profiles[0].Set(share, rules.Fact{Value: value})
		}
		if err != nil {
			t.Fatal(err)
		}
		receive(t, o, v, batch, now)
		known := func(at time.Time) bool {
			book, snap, err := o.Prepare(t.Context(), casework.SweepRequest{AsOf: asOf, Now: at})
			if err != nil {
				t.Fatal(err)
			}
			table, err := o.Table(t.Context(), book.Book.Vocabulary, snap)
			if err != nil {
				t.Fatal(err)
			}
			p, err := table.Profile(0)
			if err != nil {
				t.Fatal(err)
			}
			f, _ := book.Book.Vocabulary.Field("占比")
			return p.Fact(f).Value != nil
		}
		if !known(now) {
			t.Fatal("the fact isn't there")
		}
		other := strings.Replace(vocabulary, `unit: "%"`, `unit: 人`, 1)
		if _, err := o.PublishVocabulary(t.Context(), []byte(other), "甲", now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if known(now.Add(2 * time.Hour)) {
			t.Error("5.5% is read as 人")
		}
	})
}
