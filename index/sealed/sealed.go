// Package sealed keeps derived files in generations: each is written into a folder of its own, sealed by the checksums
// of all its files, and becomes current by a single rename. Who opens it finds the old generation or the new one, whole
// and unchanged, or an error.
//
// Below the folder stand CURRENT, which names the current generation and the checksum of its manifest, and gen-*.
package sealed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	currentFile  = "CURRENT" // "gen-123 SHA256\n"
	manifestFile = "manifest.json"
	genPrefix    = "gen-"
	maxManifest  = 1 << 20 // bytes
)

// Generation is a verified generation.
type Generation struct {
	Dir     string // where its files are
	files   map[string]seal
	written map[string]time.Time // by name, when it was opened
}

// manifest says what a generation consists of.
type manifest struct {
	Version string          `json:"version"`
	Files   map[string]seal `json:"files"` // by slash path within the generation
}

type seal struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Write makes a new generation below dir, which is made if need be. fill writes its files into the folder it is given;
// version is what [Open] must be asked for. On an error the current generation stays. Earlier generations are removed
// once the new one is current; on Unix, who has their files open keeps them. Only one Write may run on a dir at a time.
// Nothing is synced to disk: what a crash cuts short is found by Open.
func Write(dir, version string, fill func(gen string) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	gen, err := os.MkdirTemp(dir, genPrefix)
	if err != nil {
		return err
	}
	if err := fill(gen); err != nil {
		return errors.Join(err, os.RemoveAll(gen))
	}
	sum, err := sealAll(gen, version)
	if err != nil {
		return errors.Join(err, os.RemoveAll(gen))
	}
	current := filepath.Join(dir, currentFile)
	line := filepath.Base(gen) + " " + sum + "\n"
	if err := os.WriteFile(current+".new", []byte(line), 0o644); err != nil {
		return errors.Join(err, os.RemoveAll(gen))
	}
	if err := os.Rename(current+".new", current); err != nil {
		return errors.Join(err, os.RemoveAll(gen))
	}
	return removeOthers(dir, filepath.Base(gen))
}

// Open gives the current generation below dir after comparing every file of it with its checksum. It fails when there
// is none, when a byte of it differs, and when it was written for another version.
func Open(dir, version string) (Generation, error) {
	g, err := openCurrent(dir, version)
	if errors.Is(err, os.ErrNotExist) {
		return openCurrent(dir, version) // a Write may have replaced the generation between two of our steps
	}
	return g, err
}

func openCurrent(dir, version string) (Generation, error) {
	line, err := readCapped(filepath.Join(dir, currentFile), 1<<10)
	if err != nil {
		return Generation{}, err
	}
	name, sum, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	if !ok || !strings.HasPrefix(name, genPrefix) || name != filepath.Base(name) {
		return Generation{}, fmt.Errorf("%s: %.80q names no generation", currentFile, line)
	}
	g := Generation{Dir: filepath.Join(dir, name)}
	text, err := readCapped(filepath.Join(g.Dir, manifestFile), maxManifest)
	if err != nil {
		return Generation{}, err
	}
	if checksum(text) != sum {
		return Generation{}, fmt.Errorf("%s: checksum differs", manifestFile)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Generation{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Version != version {
		return Generation{}, fmt.Errorf("%s: version %q, want %q", manifestFile, m.Version, version)
	}
	g.files = m.Files
	if err := g.Verify(context.Background()); err != nil {
		return g, err
	}
	g.written, err = g.times()
	return g, err
}

// times gives when each file was last written.
func (g Generation) times() (map[string]time.Time, error) {
	out := make(map[string]time.Time, len(g.files))
	for name := range g.files {
		info, err := os.Stat(filepath.Join(g.Dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		out[name] = info.ModTime()
	}
	return out, nil
}

// Touched reports whether a file was cut or written since Open, without reading it: cheap enough for every question, since a
// file that is mapped into memory answers wrongly, and without an error, once it was cut within a page. A generation that was
// removed as a whole is not touched: who has it open still has all of it.
func (g Generation) Touched() error {
	for name, want := range g.files {
		info, err := os.Stat(filepath.Join(g.Dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.Size() != want.Size || !info.ModTime().Equal(g.written[name]):
			return fmt.Errorf("%s: was changed while in use", name)
		}
	}
	return nil
}

// Verify reads every file again and compares it with its checksum. It gives the context's error if that ends first.
func (g Generation) Verify(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(g.files)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		local := filepath.FromSlash(name)
		if !filepath.IsLocal(local) {
			return fmt.Errorf("%s: name leads out of the generation", name)
		}
		got, err := sealOf(filepath.Join(g.Dir, local))
		if err != nil {
			return err
		}
		if got != g.files[name] {
			return fmt.Errorf("%s: checksum differs", name)
		}
	}
	return nil
}

// sealAll writes the manifest of gen and gives its checksum.
func sealAll(gen, version string) (string, error) {
	m := manifest{Version: version, Files: map[string]seal{}}
	err := filepath.WalkDir(gen, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(gen, path)
		if err != nil {
			return err
		}
		m.Files[filepath.ToSlash(name)], err = sealOf(path)
		return err
	})
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return "", err
	}
	if len(text) > maxManifest {
		return "", fmt.Errorf("%s: %d files are too many", manifestFile, len(m.Files))
	}
	return checksum(text), os.WriteFile(filepath.Join(gen, manifestFile), text, 0o644)
}

// sealOf gives size and checksum of a file.
func sealOf(path string) (seal, error) {
	f, err := os.Open(path)
	if err != nil {
		return seal{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return seal{}, err
	}
	return seal{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// removeOthers removes every generation but keep.
func removeOthers(dir, keep string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), genPrefix) && e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func readCapped(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", filepath.Base(path), info.Size(), limit)
	}
	return os.ReadFile(path)
}
