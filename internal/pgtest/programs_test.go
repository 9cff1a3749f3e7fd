package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestNotInstalled hides the server's programs: a test is skipped for it, but not where nothing may be skipped.
func TestNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "")
	t.Setenv("MIANSHEN_NO_SKIP", "")
	_, err := programs(filepath.Join(t.TempDir(), "*"))
	if !errors.Is(err, errNotInstalled) {
		t.Fatalf("programs found nothing, its error is %v, want errNotInstalled", err)
	}
	if !maySkip(err) {
		t.Error("a developer's machine without PostgreSQL fails instead of skipping")
	}
	if maySkip(nil) || maySkip(os.ErrPermission) {
		t.Error("no error, or another one, skips a test")
	}
	for _, name := range []string{"CI", "MIANSHEN_NO_SKIP"} {
		t.Setenv(name, "1")
		if maySkip(err) {
			t.Errorf("with %s set a test is skipped", name)
		}
		t.Setenv(name, "")
	}
}

func TestNewestProgramsAreTaken(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	for _, version := range []string{"9", "15", "13"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := programs(filepath.Join(dir, "*", "bin", "initdb"))
	if want := filepath.Join(dir, "15", "bin"); got != want || err != nil {
		t.Errorf("programs = %q, %v; want %q", got, err, want)
	}
}
