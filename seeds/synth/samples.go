package synth

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"mianshen/rules/source"
	"mianshen/seeds/firm"
)

// sampleItem is what the samples need of an item of a policy.
type sampleItem struct {
	id     string
	period string   // once, year, quarter, month, or "" for a longer one
	manual []string // ids of conditions that a person decides
	atMost bool     // a person sets the sum
}

// Samples makes two small files up for the items of policies and the firms of
// b: earlier grants (for a ledger that isn't there yet) and persons' findings.
// They go by position alone and say nothing about who was entitled.
func Samples(policies fs.FS, b Bundle) (awards, findings Table, err error) {
	awards = Table{Name: "awards", Header: []string{codeColumn, "事项", "所属期", "依据", "金额", "发放日期"}}
	findings = Table{Name: "findings", Header: []string{codeColumn, "事项", "条件", "结果", "金额", "日期"}}
	items, err := sampleItems(policies)
	if err != nil {
		return awards, findings, err
	}
	firms := b.Profiles.Rows
	for i, item := range items {
		for n := range min(6, len(firms)) {
			code := firms[(i*97+n*331)%len(firms)][0]
			amount := int64(5+(i*7+n*13)%46) * firm.TenThousand
			awards.Rows = append(awards.Rows, []string{code, item.id, periodOf(item.period, n), fmt.Sprintf("示例依据%03d-%d", i+1, n+1), hundredths(amount), fmt.Sprintf("2024-%02d-20", 7+n%5)})
		}
		for n := range min(40, len(firms)) {
			findings.Rows = append(findings.Rows, item.findings(firms[(i*53+n*49)%len(firms)][0], n)...)
		}
	}
	return awards, findings, nil
}

// periodOf writes the period of an award as --awards reads it.
func periodOf(kind string, n int) string {
	switch kind {
	case "quarter":
		return fmt.Sprintf("2024-Q%d", 1+n%4)
	case "month":
		return fmt.Sprintf("2024-%02d", 1+n)
	}
	return "2024"
}

func (item sampleItem) findings(code string, n int) [][]string {
	var rows [][]string
	for _, condition := range item.manual {
		rows = append(rows, []string{code, item.id, condition, yesNo(n%4 != 3), "", "2025-05-15"})
	}
	if item.atMost {
		rows = append(rows, []string{code, item.id, "amount", "", hundredths(int64(1+n%9) * firm.TenThousand), "2025-05-15"})
	}
	return rows
}

// sampleItems reads the items in the order of their policies' folder names.
func sampleItems(policies fs.FS) ([]sampleItem, error) {
	folders, err := fs.ReadDir(policies, ".")
	if err != nil {
		return nil, fmt.Errorf("list the sample policies: %w", err)
	}
	var items []sampleItem
	for _, folder := range folders {
		name := path.Join(folder.Name(), "policy.yaml")
		text, err := fs.ReadFile(policies, name)
		if err != nil {
			return nil, fmt.Errorf("read sample policy: %w", err)
		}
		file, mistakes := source.Parse(name, text)
		if err := mistakes.Err(); err != nil {
			return nil, fmt.Errorf("read sample policy %s: %w", name, err)
		}
		shared := manualIDs(child(file.Root, "conditions"))
		for _, node := range child(file.Root, "items").Items {
			items = append(items, sampleItem{
				id: trimmed(node, "id"), period: trimmed(node, "period"), atMost: child(node, "at_most").Kind == source.Scalar,
				manual: append(append([]string(nil), shared...), manualIDs(child(node, "conditions"))...),
			})
		}
	}
	return items, nil
}

// manualIDs returns the ids of the manual conditions in n and below.
func manualIDs(n *source.Node) []string {
	var ids []string
	if id := trimmed(n, "id"); id != "" && child(n, "manual").Kind == source.Scalar {
		ids = append(ids, id)
	}
	for _, e := range n.Entries {
		ids = append(ids, manualIDs(e.Value)...)
	}
	for _, item := range n.Items {
		ids = append(ids, manualIDs(item)...)
	}
	return ids
}

func trimmed(n *source.Node, key string) string { return strings.TrimSpace(text(n, key)) }
