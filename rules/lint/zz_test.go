package lint

import (
	"fmt"
	"testing"

	"mianshen/rules"
	"mianshen/seeds"
)

func TestZZ(t *testing.T) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if ms.Fatal() {
		t.Fatal(ms)
	}
	ps, ms := rules.ReadPolicies(seeds.Policies(), "policies")
	if ms.Fatal() {
		t.Log(ms)
	}
	b, ms := rules.Compile(v, ps)
	if b == nil {
		t.Fatal(ms)
	}
	n := map[string]int{}
	for _, p := range b.Policies {
		for _, m := range Policy(b, p) {
			fmt.Println(m.Error())
			fmt.Println()
			n[m.Message[len(m.Message)-20:]]++
		}
	}
	for k, c := range n {
		fmt.Println(c, k)
	}
}
