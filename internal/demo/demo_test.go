package demo

import (
	"path/filepath"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/seeds"
)

func TestLoadTwice(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite://"+filepath.Join(t.TempDir(), "demo.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	office := casework.New(db)
	now := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	if err := Load(ctx, office, now); err != nil {
		t.Fatal(err)
	}
	_, snapshot, err := office.Prepare(ctx, casework.SweepRequest{AsOf: AsOf(), Now: now})
	if err != nil || snapshot.Rows != seeds.Size {
		t.Fatalf("%+v %v", snapshot, err)
	}
	before, err := db.Changes(ctx, 0, 1000)
	if err != nil || len(before) < 10 {
		t.Fatalf("%d changes, %v", len(before), err)
	}
	if err := Load(ctx, office, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	after, err := db.Changes(ctx, 0, 1000)
	if err != nil || len(after) != len(before) {
		t.Errorf("loading again made %d changes, %v", len(after)-len(before), err)
	}
}

// TestFirms holds that what the samples say is what the profiles hold: records are attached, absence stays absence.
func TestFirms(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if mistakes.Fatal() {
		t.Fatal(mistakes)
	}
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	firms, err := Firms(v, b)
	if err != nil || len(firms) != seeds.Size {
		t.Fatalf("%d firms, %v", len(firms), err)
	}
	table := v.Tables()[0]
	none, empty, some := 0, 0, 0
	for _, f := range firms {
		switch fact := f.Profile.Fact(table); {
		case fact.Value == nil:
			none++
		case len(fact.Value.Rows()) == 0:
			empty++
		default:
			some++
			if fact.Source != table.Source || fact.On != DeliveredOn() {
				t.Fatalf("origin %s, %s", fact.Source, fact.On)
			}
		}
	}
	if none == 0 || empty == 0 || some == 0 {
		t.Errorf("%s: %d missing, %d known to be empty, %d with records", table.Name, none, empty, some)
	}
	bad := b
	bad.Profiles.Rows = [][]string{append([]string{}, b.Profiles.Rows[0]...)}
	for i, name := range bad.Profiles.Header {
		if name == "成立日期" {
			bad.Profiles.Rows[0][i] = "昨天"
		}
	}
	if _, err := Firms(v, bad); err == nil {
		t.Error("a cell that can't be read was accepted")
	}
}
