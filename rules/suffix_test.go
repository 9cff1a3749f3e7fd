package rules_test

import (
	"strings"
	"testing"

	"mianshen/rules"
)

// TestSuffixes holds that what stands behind a number in values.yaml is a unit of the right kind or a mistake, never passed over.
func TestSuffixes(t *testing.T) {
	const policy = "id: p\ntitle: 示例\nin_force: {from: 2025-01-01}\nclauses: [{ref: 第一条, text: 奖励。}]\nitems: [{id: i, title: 甲}]\n"
	for value, fine := range map[string]bool{
		"50": true, "50万元": true, "500000元": true, "50万": false, "5人": false, "5元整": false, "1e1": false, "1_000": false, "5%": false, "0x10": false, "": false,
	} {
		text := "values: [{name: 奖励, unit: 万元, clause: 第一条, dated: [{from: 2025-01-01, value: \"" + value + "\"}]}]\n"
		_, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(policy), "values.yaml": []byte(text)}, "p")
		if ms.Fatal() == fine {
			t.Errorf("value %q: %v", value, ms)
		}
		if !fine && value != "" && !strings.Contains(ms.Error(), "value") {
			t.Errorf("value %q: the mistake doesn't say which key: %v", value, ms)
		}
	}
}
