package readiness

import (
	"bytes"
	"testing"
	"fmt"

	"mianshen/internal/intake"
	"mianshen/rules"
	"mianshen/seeds"
)

func TestScratch(t *testing.T) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if v == nil {
		t.Fatal(ms)
	}
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	b.Profiles.WriteCSV(&out)
	batch, err := intake.ReadProfiles(t.Context(), v, intake.Bytes("profiles.csv", out.Bytes()), intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	policies, ms := rules.ReadPolicies(seeds.Policies(), "seeds")
	book, _ := rules.Compile(v, policies)
	for _, table := range b.Records {
		f, _ := v.Field(table.Name)
		var out bytes.Buffer
		table.WriteCSV(&out)
		r, err := intake.ReadRecords(t.Context(), f, intake.Bytes(table.Name+".csv", out.Bytes()), intake.Options{})
		if err != nil {
			t.Fatal(err)
		}
		batch.Attach(r)
	}
	read := map[*rules.Field][]string{}
	for _, r := range book.Rules {
		for _, f := range r.Reads() {
			read[f] = append(read[f], r.Item.ID)
		}
		th := r.Thresholds()
		for _, x := range th.All() {
			fmt.Println("TH", r.Item.ID, x.Condition, x.Name, x.Op)
		}
	}
	for f, items := range read {
		n := 0
		for _, p := range batch.Profiles {
			if p.Fact(f).Value != nil {
				n++
			}
		}
		if n < 200 {
			fmt.Println(n, f.Name, f.Source, items)
		}
	}
}
