package main

import (
	"fmt"

	"mianshen/rules"
)

// testCmd runs the cases of policies.
type testCmd struct {
	Paths      []string `arg:"" name:"path" help:"政策文件夹，或含有政策文件夹的目录"`
	Vocabulary string   `help:"指标字典；缺省为最近的 vocabulary.yaml，再缺省为内置字典"`
	Verbose    bool     `short:"v" help:"通过的案例也列出"`
}

// Run runs every case and says which didn't come out as expected.
func (c *testCmd) Run(s *streams) error {
	_, b, ms, err := openPolicies(c.Paths, c.Vocabulary)
	if err != nil {
		return err
	}
	if ms.Fatal() {
		ms.Sort()
		fmt.Fprintln(s.err, ms.Error())
		return errMistakes
	}
	if b == nil {
		return misuse{"指标字典没有案例；给出政策文件夹"}
	}
	passed, failed := 0, 0
	for _, p := range b.Policies {
		for _, r := range b.RunCases(p) {
			if c.report(s, p, r) {
				passed++
			} else {
				failed++
			}
		}
	}
	if failed > 0 {
		fmt.Fprintf(s.err, "%d 个案例通过，%d 个没有通过。\n", passed, failed)
		return errMistakes
	}
	if passed == 0 {
		fmt.Fprintln(s.err, "没有案例。每个事项至少要有 accepted、refused、boundary、missing 各一个，写在 cases.yaml 里。")
		return errMistakes
	}
	fmt.Fprintf(s.out, "%d 个案例全部通过。\n", passed)
	return nil
}

func (c *testCmd) report(s *streams, p *rules.Policy, r rules.CaseResult) bool {
	if len(r.Problems) == 0 {
		if c.Verbose {
			fmt.Fprintf(s.out, "通过 %s %s：%s\n", p.ID, r.Case.Item, r.Case.Name)
		}
		return true
	}
	fmt.Fprintf(s.err, "%s\n", r.Mistake().Error())
	return false
}
