package best

import (
	"testing"

	"mianshen/internal/disburse/entitle"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

type row struct {
	item    string
	amount  exact.Money
	day     string
	invoice string
	groups  []entitle.Exclusive
	join    string
}

func claims(t *testing.T, rows ...row) (all []entitle.Entitlement) {
	t.Helper()
	for _, r := range rows {
		c := entitle.Claim{Item: r.item, Enterprise: "F", Period: "2025", Amount: r.amount, CapGroup: r.join, Exclusive: r.groups}
		if r.day != "" {
			c.Since = civil.MustParse(r.day)
		}
		if r.invoice != "" {
			c.Basis = entitle.Basis{Kind: "发票号", Value: r.invoice}
		}
		e, err := entitle.Make(c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func group(rule entitle.Rule, names ...string) (out []entitle.Exclusive) {
	for _, n := range names {
		out = append(out, entitle.Exclusive{Group: n, Rule: rule})
	}
	return out
}

// TestByHand are cases that a person can follow, each with what each item is paid and why not more.
func TestByHand(t *testing.T) {
	high, diff, first, choice := group(entitle.Highest, "G"), group(entitle.Difference, "G"), group(entitle.First, "G"), group(entitle.Choice, "G")
	before := []entitle.Paid{{Item: "z", Enterprise: "F", Period: "2024", Groups: []string{"G"}, Amount: 3000}}
	for name, x := range map[string]struct {
		p    Problem
		pay  map[string]exact.Money
		says map[string]string
	}{
		"就高不重复": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 5000, groups: high}, row{item: "b", amount: 8000, groups: high})},
			map[string]exact.Money{"b": 8000},
			map[string]string{"a": "与互斥组“G”的另一事项不重复享受"},
		},
		"the highest may cost more than it brings": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 10000, groups: group(entitle.Highest, "G", "H")},
				row{item: "b", amount: 6000, groups: high}, row{item: "c", amount: 6000, groups: group(entitle.Highest, "H")})},
			map[string]exact.Money{"b": 6000, "c": 6000},
			map[string]string{"a": "与互斥组“G”的另一事项不重复享受"},
		},
		"paid before, highest": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 5000, groups: high}), Paid: before},
			nil,
			map[string]string{"a": "与互斥组“G”的另一事项不重复享受"},
		},
		"paid before, difference": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 5000, groups: diff}, row{item: "b", amount: 2000, groups: diff}), Paid: before},
			map[string]exact.Money{"a": 2000},
			map[string]string{"a": "互斥组“G”按差额补足，扣除已拨付 30 元", "b": "互斥组“G”按差额补足，扣除已拨付 30 元"},
		},
		"first": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 9000, groups: first, day: "2025-02-02"}, row{item: "b", amount: 1, groups: first, day: "2025-02-01"})},
			map[string]exact.Money{"b": 1},
			map[string]string{"a": "与互斥组“G”的另一事项不重复享受"},
		},
		"choice": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 9000, groups: choice}, row{item: "b", amount: 1, groups: choice}), Chosen: map[Chooser]string{{"F", "G"}: "b"}},
			map[string]exact.Money{"b": 1},
			map[string]string{"a": "互斥组“G”中企业选择了另一事项"},
		},
		"one invoice": {
			Problem{Entitlements: claims(t, row{item: "a", amount: 9000, invoice: "1"}, row{item: "b", amount: 1, invoice: "1"})},
			map[string]exact.Money{"a": 9000},
			map[string]string{"b": "同一依据已用于另一笔"},
		},
		"a low cap costs more than its item brings": {
			Problem{
				Entitlements: claims(t, row{item: "a", amount: 4000, join: "K"}, row{item: "b", amount: 9000, join: "K"}),
				Caps:         []entitle.Cap{{Kind: entitle.PerYear, Item: "a", Group: "K", Most: 5000}},
			},
			map[string]exact.Money{"b": 9000},
			map[string]string{"a": "年度上限 50 元，此前已拨付 0 元"},
		},
		"affiliated firms": {
			Problem{
				Entitlements: claims(t, row{item: "a", amount: 4000}),
				Caps:         []entitle.Cap{{Kind: entitle.Total, Item: "a", Most: 5000, Firms: []string{"E", "F"}}},
				Paid:         []entitle.Paid{{Item: "a", Enterprise: "E", Period: "2024", Amount: 1500}},
			},
			map[string]exact.Money{"a": 3500},
			map[string]string{"a": "累计上限 50 元，此前已拨付 15 元"},
		},
	} {
		a := solve(t, x.p)
		for _, l := range a.Lines {
			item, says := l.Entitlement.Item, ""
			if l.Reason != nil {
				says = l.Reason.String()
			}
			if l.Pay != x.pay[item] || says != x.says[item] {
				t.Errorf("%s: %s is paid %d (%s), want %d (%s)", name, item, l.Pay, says, x.pay[item], x.says[item])
			}
		}
	}
}
