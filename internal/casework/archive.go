package casework

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"mianshen/rules"
	"mianshen/rules/source"
)

// archive is the canonical form of a policy folder: its files by name. Equal folders give equal bytes, on any system.
type archive struct {
	Policy string `json:"policy.yaml"`
	Values string `json:"values.yaml,omitempty"`
	Cases  string `json:"cases.yaml,omitempty"`
}

// Pack makes the canonical archive of the policy folder dir of fsys. Line ends are made \n and a byte order mark is dropped,
// so that a checkout on another system doesn't make another version.
func Pack(fsys fs.FS, dir string) ([]byte, error) {
	var a archive
	for name, into := range map[string]*string{"policy.yaml": &a.Policy, "values.yaml": &a.Values, "cases.yaml": &a.Cases} {
		file := path.Join(dir, name)
		info, err := fs.Stat(fsys, file)
		if errors.Is(err, fs.ErrNotExist) && name != "policy.yaml" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", file, err)
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("pack %s: not a regular file", file)
		}
		if info.Size() > source.MaxFile {
			return nil, fmt.Errorf("pack %s: %d bytes, at most %d", file, info.Size(), source.MaxFile)
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", file, err)
		}
		data = bytes.TrimPrefix(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\ufeff"))
		*into = string(data)
	}
	return json.Marshal(a)
}

// Unpack reads an archive back as a policy; name is what messages call its folder.
func Unpack(files []byte, name string) (*rules.Policy, error) {
	var a archive
	if err := json.Unmarshal(files, &a); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	texts := map[string][]byte{"policy.yaml": []byte(a.Policy)}
	if a.Values != "" {
		texts["values.yaml"] = []byte(a.Values)
	}
	if a.Cases != "" {
		texts["cases.yaml"] = []byte(a.Cases)
	}
	p, ms := rules.ReadPolicyFiles(texts, name)
	law, _ := rules.WithoutCases(ms)
	return p, law.Err()
}
