// Command gen writes the embedded synthetic enterprises of package seeds again:
// run `go run ./seeds/gen` in the root of the repository, or `go generate ./seeds`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"mianshen/seeds"
)

func main() {
	dir := flag.String("dir", "", "folder to write to (default: seeds/data or data, whichever is there)")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	dir, err := folder(dir)
	if err != nil {
		return err
	}
	files, err := seeds.Pack(seeds.Generate(seeds.Size, seeds.Seed))
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// folder finds data/ from the repository's root or, as go generate runs it, from the package.
func folder(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	for _, dir := range []string{filepath.Join("seeds", "data"), "data"} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", fmt.Errorf("neither seeds/data nor data is here: run it in the root of the repository")
}
