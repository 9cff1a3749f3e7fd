package sealed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, version, text string) {
	t.Helper()
	err := Write(dir, version, func(gen string) error {
		if err := os.Mkdir(filepath.Join(gen, "sub"), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(gen, "sub", "file"), []byte(text), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, version string) string {
	t.Helper()
	g, err := Open(dir, version)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(g.Dir, "sub", "file"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheNewestGenerationIsCurrent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	write(t, dir, "v1", "one")
	write(t, dir, "v1", "two")
	if got := read(t, dir, "v1"); got != "two" {
		t.Errorf("current holds %q", got)
	}
	old, err := filepath.Glob(filepath.Join(dir, genPrefix+"*"))
	if err != nil || len(old) != 1 {
		t.Errorf("generations left: %v, %v", old, err)
	}
}

func TestAFailedWriteLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "v1", "one")
	broken := errors.New("broken")
	err := Write(dir, "v1", func(gen string) error {
		return errors.Join(os.WriteFile(filepath.Join(gen, "half"), nil, 0o644), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if got := read(t, dir, "v1"); got != "one" {
		t.Errorf("current holds %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "half")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "v1", "one")
	if _, err := Open(dir, "v2"); err == nil || !strings.Contains(err.Error(), `version "v1", want "v2"`) {
		t.Errorf("error %v", err)
	}
}

func TestNothingThere(t *testing.T) {
	if _, err := Open(t.TempDir(), "v1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestEveryByteCounts changes each byte of every file, cuts each file at every length, and takes each away.
func TestEveryByteCounts(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "v1", "the text")
	g, err := Open(dir, "v1")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(dir, currentFile), filepath.Join(g.Dir, manifestFile), filepath.Join(g.Dir, "sub", "file")}
	tried := 0
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			flipped := []byte(string(whole))
			flipped[i] ^= 1
			for _, damaged := range [][]byte{flipped, whole[:i]} {
				if file == files[0] && strings.TrimSpace(string(damaged)) == strings.TrimSpace(string(whole)) {
					continue // the line's end alone carries nothing
				}
				if err := os.WriteFile(file, damaged, 0o644); err != nil {
					t.Fatal(err)
				}
				if _, err := Open(dir, "v1"); err == nil {
					t.Errorf("%s damaged at %d opens", filepath.Base(file), i)
				}
				tried++
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, "v1"); err == nil {
			t.Errorf("opens without %s", filepath.Base(file))
		}
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if tried < 200 {
		t.Errorf("only %d damages tried", tried)
	}
	if got := read(t, dir, "v1"); got != "the text" {
		t.Errorf("restored, it holds %q", got)
	}
}

func TestVerifyEndsWithTheContext(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "v1", "one")
	g, err := Open(dir, "v1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNamesThatLeadOutAreRefused(t *testing.T) {
	g := Generation{Dir: t.TempDir(), files: map[string]seal{"../x": {}}}
	if err := g.Verify(context.Background()); err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Errorf("error %v", err)
	}
}
