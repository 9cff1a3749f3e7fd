package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mianshen/rules"
	"mianshen/rules/lint"
	"mianshen/rules/source"
	"mianshen/seeds"
)

// checkCmd checks policies and vocabulary files.
type checkCmd struct {
	Paths      []string `arg:"" name:"path" help:"政策文件夹，或含有政策文件夹的目录"`
	Vocabulary string   `help:"指标字典；缺省为最近的 vocabulary.yaml，再缺省为内置字典"`
}

// Run prints every mistake.
func (c *checkCmd) Run(s *streams) error {
	policies, b, all, err := openPolicies(c.Paths, c.Vocabulary)
	if err != nil {
		return err
	}
	items := 0
	for _, p := range policies {
		items += len(p.Items)
		all = append(all, p.Publishable()...)
		if b != nil {
			all = append(all, b.CaseMistakes(p)...)
			all = append(all, lint.Policy(b, p)...)
		}
	}
	all.Sort()
	all = all.Once()
	for _, m := range all {
		fmt.Fprintf(s.err, "%s\n\n", m.Error())
	}
	if all.Fatal() {
		fmt.Fprintf(s.err, "共 %d 处。\n", len(all))
		return errMistakes
	}
	if len(policies) == 0 {
		fmt.Fprintln(s.out, "指标字典没有错误。")
		return nil
	}
	fmt.Fprintf(s.out, "%d 个政策、%d 个事项，没有错误", len(policies), items)
	if len(all) > 0 {
		fmt.Fprintf(s.out, "，%d 处提醒", len(all))
	}
	fmt.Fprintln(s.out, "。")
	return nil
}

// openPolicies reads the policies at all paths and compiles them together, against the vocabulary named or the one nearest to
// the first path. Mistakes in cases.yaml are among the mistakes but don't prevent a book; the book is nil when the law itself
// has mistakes.
func openPolicies(paths []string, vocabulary string) ([]*rules.Policy, *rules.Book, source.Mistakes, error) {
	if vocabulary == "" && filepath.Base(paths[0]) == "vocabulary.yaml" {
		vocabulary = paths[0]
	}
	v, err := openVocabulary(paths[0], vocabulary)
	if err != nil {
		return nil, nil, nil, err
	}
	var policies []*rules.Policy
	var all source.Mistakes
	fatal := false
	for _, path := range paths {
		if filepath.Base(path) == "vocabulary.yaml" && len(paths) == 1 {
			return nil, nil, nil, nil // read above, and nothing else asked
		}
		path, err = folder(path)
		if err != nil {
			return nil, nil, nil, err
		}
		read, ms := rules.ReadPolicies(os.DirFS(path), filepath.ToSlash(path))
		law, _ := rules.WithoutCases(ms)
		fatal = fatal || law.Fatal()
		policies = append(policies, read...)
		all = append(all, ms...)
	}
	b, more := rules.Compile(v, policies) // also when something could not be read, so that all mistakes come at once
	if fatal {
		b = nil
	}
	return policies, b, append(all, more...), nil
}

// folder is the policy folder that a path means: the path itself, or the folder of one of its files.
func folder(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		switch filepath.Base(path) {
		case "policy.yaml", "values.yaml", "cases.yaml":
			return filepath.Dir(path), nil
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		return "", misuse{fmt.Sprintf("没有 %s 这个目录", path)}
	}
	if err != nil || !info.IsDir() {
		return "", misuse{fmt.Sprintf("%s 不是目录；给出政策文件夹，或含有政策文件夹的目录", path)}
	}
	return path, nil
}

// openVocabulary reads the vocabulary named, else the nearest vocabulary.yaml upward from path, else the embedded one.
func openVocabulary(path, named string) (*rules.Vocabulary, error) {
	data, label, err := vocabularyText(path, named)
	if err != nil {
		return nil, err
	}
	v, ms := rules.ParseVocabulary(label, data)
	return v, ms.Err()
}

// vocabularyText finds the text of that vocabulary and what to call it.
func vocabularyText(path, named string) (data []byte, label string, err error) {
	name := named
	if name == "" {
		name = nearest(path, "vocabulary.yaml")
	}
	if name == "" {
		return seeds.Vocabulary(), "内置 vocabulary.yaml", nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, "", misuse{fmt.Sprintf("读不到指标字典 %s：%v", name, err)}
	}
	if !info.Mode().IsRegular() {
		return nil, "", misuse{fmt.Sprintf("指标字典 %s 不是普通文件", name)}
	}
	if info.Size() > source.MaxFile {
		return nil, "", fmt.Errorf("指标字典 %s 有 %d 字节，超过上限 %d", name, info.Size(), source.MaxFile)
	}
	if data, err = os.ReadFile(name); err != nil {
		return nil, "", fmt.Errorf("读不到指标字典 %s：%w", name, err)
	}
	return data, filepath.ToSlash(name), nil
}

// nearest finds a file by name in path or the nearest directory above it.
func nearest(path, name string) string {
	dir, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	for {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
