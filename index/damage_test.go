package index

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// indexFiles gives every file below dir.
func indexFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Fatalf("an index of %d files: %v", len(files), files)
	}
	return files
}

// TestDamageIsFoundAtOpen flips bytes of each file, cuts it short, empties it, lengthens it and takes it away.
func TestDamageIsFoundAtOpen(t *testing.T) {
	dir := t.TempDir()
	if err := Create(context.Background(), dir, All(sample())); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range indexFiles(t, dir) {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		damages := [][]byte{{}, whole[:len(whole)/2], whole[:len(whole)-1], append(whole[:len(whole):len(whole)], 'x')}
		for range 40 {
			flipped := append([]byte(nil), whole...)
			flipped[random.IntN(len(flipped))] ^= byte(1 + random.IntN(255))
			damages = append(damages, flipped)
		}
		for i, damaged := range damages {
			if err := os.WriteFile(file, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			expectRebuildOrSame(t, dir, filepath.Base(file), i)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, nil); !errors.Is(err, ErrRebuild) {
			t.Errorf("without %s: error %v", file, err)
		}
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(filepath.Join(dir, "nowhere"), nil); !errors.Is(err, ErrRebuild) {
		t.Errorf("no folder: error %v", err)
	}
}

// expectRebuildOrSame opens a damaged index: it is refused or, where the damage touched nothing that counts (the end of
// a line), answers as before.
func expectRebuildOrSame(t *testing.T, dir, file string, damage int) {
	t.Helper()
	x, err := Open(dir, nil)
	if errors.Is(err, ErrRebuild) {
		return
	}
	if err != nil {
		t.Errorf("%s, damage %d: error %v", file, damage, err)
		return
	}
	if got := groups(search(t, x, Query{Text: "小巨人奖励"})); got[:2] != "p1" {
		t.Errorf("%s, damage %d: found %s", file, damage, got)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnOlderMappingIsRebuilt(t *testing.T) {
	dir := t.TempDir()
	if err := createAs(context.Background(), dir, "mianshen-index-0", All(sample())); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil); !errors.Is(err, ErrRebuild) {
		t.Errorf("error %v", err)
	}
	if err := Create(context.Background(), dir, All(sample())); err != nil {
		t.Fatal(err)
	}
	x, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpeningChangesNothing: the checksums of an index that was searched and closed still hold.
func TestOpeningChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := Create(context.Background(), dir, All(sample())); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		x, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Open(dir, nil) // as another process would
		if err != nil {
			t.Fatal(err)
		}
		search(t, x, Query{Text: "补贴"})
		search(t, second, Query{Text: "补贴"})
		if err := errors.Join(x.Verify(context.Background()), x.Close(), second.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageUnderARunningIndex cuts each file short while the index is open: a search then gives what it gave before
// or ErrRebuild, and the process lives. Verify finds it in any case.
func TestDamageUnderARunningIndex(t *testing.T) {
	queries := []string{"小巨人奖励", "稳岗返还", "税", ""}
	template := t.TempDir()
	if err := Create(context.Background(), template, All(sample())); err != nil {
		t.Fatal(err)
	}
	for i := range indexFiles(t, template) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		x, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		var before []Result
		for _, q := range queries {
			before = append(before, search(t, x, Query{Text: q}))
		}
		file := indexFiles(t, dir)[i]
		if err := os.Truncate(file, 0); err != nil {
			t.Fatal(err)
		}
		for j, q := range queries {
			got, err := x.Search(context.Background(), Query{Text: q})
			if errors.Is(err, ErrRebuild) {
				continue
			}
			if d := cmp.Diff(before[j], got); err != nil || d != "" {
				t.Errorf("%s cut short, %q: %v (-before +after):\n%s", filepath.Base(file), q, err, d)
			}
		}
		partOfIndex := filepath.Dir(file) != dir && filepath.Base(file) != "manifest.json"
		if err := x.Verify(context.Background()); partOfIndex && !errors.Is(err, ErrRebuild) {
			t.Errorf("%s cut short: verify says %v", filepath.Base(file), err)
		}
		if err := x.Close(); err != nil && !errors.Is(err, ErrRebuild) {
			t.Errorf("%s cut short: close says %v", filepath.Base(file), err)
		}
	}
}
