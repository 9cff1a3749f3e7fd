package rules

import (
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"mianshen/rules/source"
)

// maxPolicies caps how many folders one directory may hold.
const maxPolicies = 5000

// ReadPolicies reads every policy folder (one that holds a policy.yaml) at or below the root of fsys. shown is what the
// caller calls the root in messages. Policies come sorted by folder.
func ReadPolicies(fsys fs.FS, shown string) ([]*Policy, source.Mistakes) {
	return readPolicies(fsys, shown, len(policyFiles))
}

// ReadLaw reads like ReadPolicies but leaves cases.yaml alone, which deciding doesn't need.
func ReadLaw(fsys fs.FS, shown string) ([]*Policy, source.Mistakes) {
	return readPolicies(fsys, shown, len(policyFiles)-1)
}

func readPolicies(fsys fs.FS, shown string, files int) ([]*Policy, source.Mistakes) {
	var dirs []string
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.IsDir() && e.Name() == "policy.yaml" {
			dirs = append(dirs, path.Dir(p))
		}
		if e.IsDir() && strings.Count(p, "/") > 4 || len(dirs) > maxPolicies {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil || len(dirs) == 0 {
		msg := "没有找到 policy.yaml"
		if err != nil {
			msg = "读不到目录：" + err.Error()
		}
		return nil, source.Mistakes{{File: shown, At: source.Position{Line: 1, Column: 1}, Message: msg, Hint: "给出政策文件夹，或含有若干政策文件夹的目录"}}
	}
	sort.Strings(dirs)
	var out []*Policy
	var all source.Mistakes
	for _, d := range dirs {
		p, ms := readFolder(fsys, d, shown, files)
		if p != nil {
			out = append(out, p)
		}
		all = append(all, ms...)
	}
	return out, all
}

// WithoutCases splits off the mistakes that only concern cases.yaml: they keep a policy from being published, not from being
// matched.
func WithoutCases(ms source.Mistakes) (law, cases source.Mistakes) {
	for _, m := range ms {
		if path.Base(m.File) == "cases.yaml" {
			cases = append(cases, m)
		} else {
			law = append(law, m)
		}
	}
	return law, cases
}

// Title names the policy with its number.
func (p *Policy) String() string {
	if p.Number == "" {
		return p.Title
	}
	return fmt.Sprintf("%s（%s）", p.Title, p.Number)
}
