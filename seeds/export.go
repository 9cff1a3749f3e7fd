package seeds

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mianshen/seeds/synth"
)

// Export writes the whole sample to dir, which it makes where it is missing:
//
//	vocabulary.yaml    the vocabulary, where match finds it on its way up
//	policies/          one folder a policy
//	profiles.csv       the embedded enterprises
//	records/NAME.csv   one file a table of the vocabulary, named as it is
//	awards.csv         made-up earlier grants, for --awards
//	findings.csv       made-up findings of persons, for --findings
//
// The same build writes the same bytes. A dir that holds anything at all is
// refused and left as it is (ErrNotEmpty), so nobody's files are overwritten; any other error names the file.
func Export(dir string) error {
	if err := empty(dir); err != nil {
		return err
	}
	bundle, err := Enterprises()
	if err != nil {
		return err
	}
	awards, findings, err := synth.Samples(Policies(), bundle)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "records"), 0o750); err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "vocabulary.yaml"), vocabulary, 0o600); err != nil {
		return fmt.Errorf("export the vocabulary: %w", err)
	}
	if err := os.CopyFS(filepath.Join(dir, "policies"), Policies()); err != nil {
		return fmt.Errorf("export the policies: %w", err)
	}
	files := map[string]Table{"profiles.csv": bundle.Profiles, "awards.csv": awards, "findings.csv": findings}
	for _, t := range bundle.Records {
		files[filepath.Join("records", t.Name+".csv")] = t
	}
	for name, t := range files {
		if err := writeFile(filepath.Join(dir, name), t); err != nil {
			return err
		}
	}
	return nil
}

// ErrNotEmpty is Export's answer to a folder that already holds something.
var ErrNotEmpty = errors.New("目标文件夹不是空的，不覆盖其中的文件，请换一个文件夹")

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s：%w", dir, ErrNotEmpty)
	}
	return nil
}

func writeFile(path string, t Table) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("export %s: %w", t.Name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return t.WriteCSV(file)
}
