package delivery

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/standard"
)

// wideVocabulary has 100 series of one department: 40 sums and counts, 10 dates, 20 enums, 20 truth values, 10 sets.
func wideVocabulary(t testing.TB) *rules.Vocabulary {
	var b strings.Builder
	b.WriteString("fields:\n")
	add := func(kind string, n int, rest string) {
		for i := range n {
			fmt.Fprintf(&b, "  - {name: %s列%02d, id: %s_%d, type: %s, source: 甲局%s}\n", kind, i, kind, i, strings.TrimRight(kind, "x"), rest)
		}
	}
	add("money", 25, ", unit: 元")
	add("int", 10, ", unit: 人")
	add("decimal", 5, `, unit: "%"`)
	add("date", 10, "")
	add("enum", 20, ", values: [甲类, 乙类, 丙类, 丁类, 戊类, 其他]")
	add("bool", 20, "")
	add("set", 10, ", values: [质量管理, 环境管理, 能源管理, 信息安全, 两化融合]")
	return parseVocabulary(t, b.String())
}

func parseVocabulary(t testing.TB, text string) *rules.Vocabulary {
	t.Helper()
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(text))
	if v == nil {
		t.Fatal(mistakes)
	}
	return v
}

// testCode returns the i-th of a series of valid codes.
func testCode(t testing.TB, i int) string {
	base, err := standard.OrganisationBase("MA", i)
	if err != nil {
		t.Fatal(err)
	}
	code, err := standard.USCCFrom("91", "310118", base)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// writeWide writes so many rows of the wide table with its header. What follows the code is drawn for 5,000 of them.
func writeWide(t testing.TB, out *bufio.Writer, v *rules.Vocabulary, rows int) {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	var tails [5000]string
	for i := range tails {
		b.Reset()
		for _, f := range v.Fields {
			b.WriteByte(',')
			if r.IntN(10) > 0 {
				writeCell(&b, f, r)
			}
		}
		b.WriteString("\r\n")
		tails[i] = b.String()
	}
	fmt.Fprint(out, rules.KeyColumn)
	for _, f := range v.Fields {
		fmt.Fprint(out, ",", f.Name)
	}
	fmt.Fprint(out, "\r\n")
	for i := range rows {
		out.WriteString(testCode(t, i))      //nolint:errcheck // Flush tells
		out.WriteString(tails[i%len(tails)]) //nolint:errcheck // Flush tells
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}

func writeCell(b *bytes.Buffer, f *rules.Field, r *rand.Rand) {
	switch f.Type {
	case rules.TypeMoney:
		fmt.Fprintf(b, "%d.%02d", r.IntN(900_000_000)+10_000, r.IntN(100))
	case rules.TypeInt:
		fmt.Fprint(b, r.IntN(3000))
	case rules.TypeDecimal:
		fmt.Fprintf(b, "%d.%d", r.IntN(100), r.IntN(100))
	case rules.TypeDate:
		fmt.Fprintf(b, "20%02d-%02d-%02d", r.IntN(26), r.IntN(12)+1, r.IntN(28)+1)
	case rules.TypeEnum:
		b.WriteString(f.Values[r.IntN(len(f.Values))])
	case rules.TypeBool:
		b.WriteString([]string{"是", "否"}[r.IntN(2)])
	case rules.TypeSet:
		b.WriteString(f.Values[r.IntN(3)])
		if r.IntN(2) > 0 {
			b.WriteString(";" + f.Values[3+r.IntN(2)])
		}
	}
}
