package intake

import (
	"bytes"
	"testing"

	"mianshen/rules"
	"mianshen/seeds"
)

// sample returns the embedded vocabulary and firms.
func sample(tb testing.TB) (*rules.Vocabulary, seeds.Bundle) {
	tb.Helper()
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if v == nil {
		tb.Fatal(ms)
	}
	b, err := seeds.Enterprises()
	if err != nil {
		tb.Fatal(err)
	}
	return v, b
}

func encode(tb testing.TB, t seeds.Table) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := t.WriteCSV(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestSeeds reads everything that the sample district delivers.
func TestSeeds(t *testing.T) {
	v, b := sample(t)
	batch, err := ReadProfiles(t.Context(), v, Bytes("profiles.csv", encode(t, b.Profiles)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(batch.Profiles) != seeds.Size || len(batch.Names) < seeds.Size*9/10 {
		t.Errorf("%d profiles, %d names, want %d", len(batch.Profiles), len(batch.Names), seeds.Size)
	}
	t.Log(batch.Notices)
	for _, table := range b.Records {
		f, ok := v.Field(table.Name)
		if !ok {
			t.Fatalf("no table %s", table.Name)
		}
		r, err := ReadRecords(t.Context(), f, Bytes(table.Name+".csv", encode(t, table)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.Attach(r); err != nil {
			t.Fatal(err)
		}
		known := 0
		for _, p := range batch.Profiles {
			if p.Fact(f).Value != nil {
				known++
			}
		}
		if known == 0 || known != len(r.Firms()) {
			t.Errorf("%s: %d firms have it, the file has %d", table.Name, known, len(r.Firms()))
		}
	}
	t.Log(batch.Notices)
}

func BenchmarkCSV(b *testing.B) {
	v, bundle := sample(b)
	data := encode(b, bundle.Profiles)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadProfiles(b.Context(), v, Bytes("profiles.csv", data), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
