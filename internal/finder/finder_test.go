package finder_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/finder"
	"mianshen/internal/store"
)

const vocabulary = `fields: [{name: 人数, id: staff, type: int, unit: 人, source: 区统计局}]
`

// files is a policy with one item, fit to be published.
func files(id, title string) fstest.MapFS {
	policy := `id: ID
title: TITLE
in_force: {from: 2025-01-01, to: 2026-12-31}
clauses: [{ref: 第一条, text: 三十人以上的企业予以奖励。}]
items:
  - {id: ID-a, title: TITLE奖励, conditions: [{id: staff, clause: 第一条, quote: 三十人以上, require: 人数 >= 30, because: 满三十人}]}
`
	cases := `cases:
  - {name: 够, kind: accepted, item: ID-a, as_of: 2025-06-30, facts: {人数: 31}, expect: {outcome: eligible}}
  - {name: 不够, kind: refused, like: 够, facts: {人数: 1}, expect: {outcome: ineligible}}
  - {name: 正好, kind: boundary, like: 够, facts: {人数: 30}, expect: {outcome: eligible}}
  - {name: 不知道, kind: missing, like: 够, facts: {人数: ~}, expect: {outcome: unknown}}
`
	fill := func(s string) []byte { return []byte(strings.NewReplacer("ID", id, "TITLE", title).Replace(s)) }
	return fstest.MapFS{"p/policy.yaml": {Data: fill(policy)}, "p/cases.yaml": {Data: fill(cases)}}
}

func publish(t *testing.T, o *casework.Office, vocabulary []byte, id, title string) {
	t.Helper()
	p, err := o.ProposeWith(t.Context(), vocabulary, files(id, title), "x")
	if err == nil {
		_, err = o.Publish(t.Context(), p, "甲", time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func found(t *testing.T, f *finder.Finder, text string) []string {
	t.Helper()
	res, err := f.Search(t.Context(), index.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range res.Hits {
		if !h.Weak {
			out = append(out, h.Group)
		}
	}
	return out
}

func TestFollowsAndHeals(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	office := casework.New(db)
	dir := t.TempDir()
	f, err := finder.Open(t.Context(), office, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got := found(t, f, "机器人"); len(got) != 0 {
		t.Errorf("an empty store: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Follow(ctx, 5*time.Millisecond) }()
	publish(t, office, []byte(vocabulary), "robots", "机器人产业")
	publish(t, office, nil, "rents", "厂房租金")
	for start := time.Now(); len(found(t, f, "厂房租金")) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatal("a published policy is not found")
		}
	}
	cancel()
	<-done
	if got := found(t, f, "机器人产业"); len(got) != 1 || got[0] != "robots" {
		t.Errorf("机器人产业: %v", got)
	}
	spoil(t, dir)
	if got := found(t, f, "机器人产业"); len(got) != 1 || got[0] != "robots" {
		t.Errorf("after damage: %v", got)
	}
	if got, err := f.Related(t.Context(), "robots", 5); err != nil || len(got) != 0 {
		t.Errorf("related after damage: %v %v", got, err)
	}
	again, err := finder.Open(t.Context(), office, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, again, "厂房租金"); len(got) != 1 {
		t.Errorf("opened again over damaged files: %v", got)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestHealsForEveryQuestion spoils the index before each of the questions, so that each finds the damage by itself or isn't
// touched by it, and the process lives.
func TestHealsForEveryQuestion(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	office := casework.New(db)
	publish(t, office, []byte(vocabulary), "robots", "机器人产业扶持")
	publish(t, office, nil, "robots-2", "机器人产业示范")
	dir := t.TempDir()
	f, err := finder.Open(t.Context(), office, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(f.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}()
	for name, question := range map[string]func() (int, error){
		"suggest": func() (int, error) {
			got, err := f.Suggest(t.Context(), "机器人产业", 5)
			return len(got), err
		},
		"suggest in the middle": func() (int, error) {
			got, err := f.Suggest(t.Context(), "产业扶持", 5)
			return len(got), err
		},
		"related": func() (int, error) {
			got, err := f.Related(t.Context(), "robots", 5)
			return len(got), err
		},
	} {
		if n, err := question(); n == 0 || err != nil {
			t.Errorf("%s before damage: %d %v", name, n, err)
		}
		spoil(t, dir)
		if n, err := question(); n == 0 || err != nil {
			t.Errorf("%s after damage: %d %v", name, n, err)
		}
	}
}

// spoil cuts every large file of the index short.
func spoil(t *testing.T, dir string) {
	t.Helper()
	spoiled := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil || info.Size() < 1000 {
			return err
		}
		spoiled++
		return os.Truncate(path, info.Size()/2)
	})
	if err != nil || spoiled == 0 {
		t.Fatalf("%d files spoiled, %v", spoiled, err)
	}
}

// TestDamageIsMendedOnce: many who find one damage at the same time wait for one new index.
func TestDamageIsMendedOnce(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	office := casework.New(db)
	publish(t, office, []byte(vocabulary), "robots", "机器人产业扶持")
	dir := t.TempDir()
	var log bytes.Buffer // a handler writes one line at a time
	f, err := finder.Open(t.Context(), office, dir, nil, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(f.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}()
	spoil(t, dir)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := f.Search(t.Context(), index.Query{Text: "机器人"}); err != nil || got.Total != 1 {
				t.Errorf("%d found, %v", got.Total, err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(log.String(), "building it anew"); n != 1 {
		t.Errorf("built anew %d times:\n%s", n, &log)
	}
}
