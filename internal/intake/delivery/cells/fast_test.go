package cells

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/engine/column"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/lines"
	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/standard"
)

const fields = `fields:
  - {name: 营业收入, id: revenue, type: money, unit: 元, source: 甲局}
  - {name: 人数, id: staff, type: int, unit: 人, source: 甲局}
  - {name: 占比, id: ratio, type: decimal, unit: "%", source: 甲局}
  - {name: 系数, id: factor, type: decimal, unit: "", source: 甲局}
  - {name: 强度, id: per_mu, type: decimal, unit: 万元/亩, source: 甲局}
  - {name: 用工, id: workers, type: int, unit: 人, min: 0, source: 甲局}
  - {name: 成本, id: cost, type: money, unit: 元, min: -5, max: 1234567, source: 甲局}
  - {name: 利率, id: rate, type: decimal, unit: "%", min: 2, max: 12.5, source: 甲局}
  - {name: 亏损, id: loss, type: money, unit: 元, max: 0, source: 甲局}
  - {name: 余额, id: rest, type: money, unit: 元, min: 0, source: 甲局}
  - {name: 成立日, id: day, type: date, source: 甲局}
  - {name: 高企, id: high_tech, type: bool, source: 甲局}
  - {name: 级别, id: level, type: enum, values: [A, B, 1, 无, 1E+5, 甲级], source: 甲局}
  - {name: 标签, id: tags, type: set, values: [甲, 乙, 丙], source: 甲局}
  - {name: 自由标签, id: free_tags, type: set, source: 甲局}
  - {name: 备注, id: note, type: string, source: 甲局}
  - {name: 行业代码, id: industry, type: string, source: 甲局}
`

func vocabulary(t testing.TB) *rules.Vocabulary {
	t.Helper()
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(fields))
	if v == nil {
		t.Fatal(mistakes)
	}
	return v
}

// seeded returns a source whose seed the test prints; MIANSHEN_SEED gives another.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("MIANSHEN_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// nasty are cells at the edges of what is read at all.
var nasty = []string{
	"", " ", "\t", "0", "-0", "00", "007", "-007", "+5", "5.", ".5", "-", "--5", "5-", "1.2.3", "0.00", "0.000", "0.001", "1.10", "1.100", "5.5%", "5.5％", "5.5 %",
	"999999999999999999", "9999999999999999999", "1234567890123456789", "92233720368547758.07", "92233720368547758.08", "46116860184273879.04",
	"46116860184273879.05", "-46116860184273879.05", "4611686018427387904", "4611686018427387905", "0.0000000000001", "0.000000000001", "1e5", "1E+5", "1E5", "1,5", "１２",
	"12 ", " 12", "12\r", "\u00a012", "12\ufeff", "12\u3000", "12元", "2025-06-30", "2025-6-30", "2025/6/30", "20250630", "2025-02-29", "2024-02-29", "20240229", "20250229",
	"0000-00-00", "1899-12-31", "2999-12-31", "3000-01-01", "2025-06-30 00:00:00", "2025-06-30T00:00:00", "2025-06-30 12:00:00", "45838", "2025-06-3", "2025:06:30", "２０２５-06-30",
	"是", "否", "是 ", "真", "true", "TRUE", "True", "false", "1", "2", "10", "01", "yes", "A", "a", "B", "无", "甲级", "甲", "乙;甲", "甲;乙", "甲；乙", "甲;甲", ";;", "；；", ";", "甲;", "丁",
	"'=A", "'A", "''=A", "=A", "'1", "'-5", "-5", "'甲", "'", "' 是", "A\x01", "甲\n乙", "甲\x00", "\xff", "C", "C3311", "C33", "3311", "33", "9.13101E+17", strings.Repeat("长", 7000), strings.Repeat("甲;", 63) + "乙", strings.Repeat("甲;", 64) + "乙", strings.Repeat("甲;", 1000) + "乙",
}

// random draws a cell: one of the nasty, or one made of the characters that cells are made of.
func random(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return nasty[r.IntN(len(nasty))]
	}
	alphabet := []string{"0123456789", "0123456789.-", "0123456789.-/+ %E'", "甲乙丙;；是否AB1 "}[r.IntN(4)]
	letters := []rune(alphabet)
	var b strings.Builder
	for range r.IntN(22) {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// What the fast readers make of a cell is what Field.Parse makes of it: the same value, or none and an error.
func TestFastIsSlow(t *testing.T) {
	r := seeded(t)
	v := vocabulary(t)
	for _, f := range v.Fields {
		units := []string{""}
		switch f.Unit {
		case "元":
			units = append(units, "元", "万元", "千元", "亿元", "分", "角")
		case "人":
			units = append(units, "人", "万人")
		case "%":
			units = append(units, "%")
		case "万元/亩":
			units = append(units, "元/亩", "亿元/亩")
		}
		for _, unit := range units {
			same(t, r, f, unit)
		}
	}
}

func same(t *testing.T, r *rand.Rand, f *rules.Field, unit string) {
	t.Helper()
	texts := slices.Clone(nasty)
	for range 800 {
		texts = append(texts, random(r))
	}
	texts = slices.DeleteFunc(texts, func(s string) bool { return strings.ContainsAny(s, ",\n") })
	fast, slow := NewLane(f, unit), NewLane(f, unit)
	fast.Begin(2 * len(texts))
	slow.Begin(2 * len(texts))
	for range 2 { // the second time from memory
		for _, text := range texts {
			plain := sheet.Unguard(text)
			line := []byte(text + ",1")
			var got error
			if end := fast.read(line, 0, len(line)); end < 0 {
				got = fast.slow(plain)
			} else if end != len(text) {
				t.Fatalf("%s(%s) %q: the cell ends at %d", f.Name, unit, text, end)
			}
			value, want := intake.ParseCell(f, unit, plain)
			if want == nil {
				want = slow.Put(value)
			}
			if want != nil {
				slow.Missing()
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s(%s) %q: %v, want %v", f.Name, unit, text, got, want)
			}
		}
	}
	a, b := fast.Take(), slow.Take()
	if column.Equal(a, b) && string(column.Append(nil, a, 0, min(a.Rows, column.ChunkRows))) == string(column.Append(nil, b, 0, min(b.Rows, column.ChunkRows))) {
		return
	}
	for i := range a.Rows {
		one, other := column.Gather(a, []int{i}), column.Gather(b, []int{i})
		if !column.Equal(one, other) {
			t.Fatalf("%s(%s) %q: %+v, want %+v", f.Name, unit, texts[i%len(texts)], one, other)
		}
	}
	t.Fatalf("%s(%s): columns differ", f.Name, unit)
}

// A cell at the end of a record reads as one before a comma.
func TestCellAtTheEnd(t *testing.T) {
	for _, f := range vocabulary(t).Fields {
		for _, text := range nasty {
			if strings.ContainsAny(text, ",\n\r") {
				continue
			}
			a, b := NewLane(f, ""), NewLane(f, "")
			a.Begin(1)
			b.Begin(1)
			before, end := a.read([]byte(text+",x"), 0, len(text)+2), b.read([]byte(text+"\n"), 0, len(text))
			if before != end {
				t.Errorf("%s %q: ends at %d before a comma, at %d at the end", f.Name, text, before, end)
			}
		}
	}
}

// Codes that the fast way takes are codes in normal form; what it refuses in normal form is wrong or on the list of pilots.
func TestFastCode(t *testing.T) {
	r := seeded(t)
	letters := "0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZabc-é"
	pilots := standard.PilotCodes().Codes()
	for i := range 30_000 {
		base, err := standard.OrganisationBase("MA", i)
		if err != nil {
			t.Fatal(err)
		}
		code, err := standard.USCCFrom([]string{"91", "92", "52", "N1"}[r.IntN(4)], fmt.Sprintf("%06d", r.IntN(1_000_000)), base)
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(code)
		for range r.IntN(3) {
			text[r.IntN(len(text))] = letters[r.IntN(len(letters))]
		}
		k, ok := fastCode(text)
		want, err := standard.ParseUSCC(string(text))
		normal := err == nil && want == string(text)
		if ok != normal && !slices.Contains(pilots, want) {
			t.Fatalf("%s: %v, want %v (%v)", text, ok, normal, err)
		}
		if ok && k != Pack(want) {
			t.Fatalf("%s: packed %v, want %v", text, k, Pack(want))
		}
	}
}

// Different codes have different keys.
func TestKeysDiffer(t *testing.T) {
	seen := map[Key]string{}
	for i := range 20_000 {
		base, err := standard.OrganisationBase("M", i*37)
		if err != nil {
			t.Fatal(err)
		}
		code, err := standard.USCCFrom("91", "310118", base)
		if err != nil {
			t.Fatal(err)
		}
		if other, again := seen[Pack(code)]; again {
			t.Fatalf("%s and %s have one key", code, other)
		}
		seen[Pack(code)] = code
	}
}

// The dictionary of a part has what the part uses, in order of first use, also when texts are remembered from earlier parts.
func TestDictionaryOfAPart(t *testing.T) {
	f, _ := vocabulary(t).Field("备注")
	l := NewLane(f, "")
	for part, want := range []string{"[a b]", "[b]", "[c a]", "[]"} {
		l.Begin(4)
		for _, text := range [][]string{{"a", "b", "a", "b"}, {"b", "", "b", ""}, {"c", "a", "c", "a"}, {"", "", "", ""}}[part] {
			if l.read([]byte(text), 0, len(text)) < 0 {
				if err := l.slow(text); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := fmt.Sprint(l.Take().Dict); got != want {
			t.Errorf("part %d: dictionary %s, want %s", part, got, want)
		}
	}
}

// Texts without end don't fill the memory: what is remembered from part to part is bounded.
func TestMemoIsBounded(t *testing.T) {
	f, _ := vocabulary(t).Field("备注")
	l := NewLane(f, "")
	for part := range 4 {
		l.Begin(6000)
		for i := range 6000 {
			if err := l.slow(fmt.Sprint(part, "-", i)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(l.memo); n > 6000+maxMemo {
			t.Fatalf("%d texts are remembered", n)
		}
		if c := l.Take(); len(c.Dict) != 6000 || c.Rows != 6000 {
			t.Fatalf("%d rows with %d texts", c.Rows, len(c.Dict))
		}
	}
}

// A record in quotes gives the same values as one without.
func TestQuotedIsPlain(t *testing.T) {
	v := vocabulary(t)
	slots := make([]intake.Slot, len(v.Fields))
	layout := &intake.Layout{Width: len(v.Fields) + 1, Columns: []intake.LayoutColumn{{Slot: intake.CodeSlot}}}
	plain, quoted := []string{"91310118MA1JP7UB2B"}, []string{`"91310118MA1JP7UB2B"`}
	code, err := standard.USCCFrom("91", "310118", "MA1JP7UB")
	if err != nil {
		t.Fatal(err)
	}
	plain[0], quoted[0] = code, `"`+code+`"`
	for i, f := range v.Fields {
		slots[i] = intake.Slot{Name: f.Name, Field: f, Headers: []string{f.Name}}
		layout.Columns = append(layout.Columns, intake.LayoutColumn{Header: f.Name, Position: i + 1, Slot: i})
		text := map[string]string{"成立日": "2025-06-30", "高企": "是", "级别": "A", "标签": "甲;乙", "自由标签": "x;y", "备注": "话", "行业代码": "C33", "亏损": "-12.00"}[f.Name]
		if text == "" {
			text = "12.00"
		}
		plain, quoted = append(plain, text), append(quoted, `"`+text+`"`)
	}
	var made []*Batch
	for _, cells := range [][]string{plain, quoted} {
		data := []byte(strings.Join(cells, ",") + "\r\n")
		w := NewWorker("f.csv", slots, layout, &lines.Walker{Encoding: "UTF-8", CellBytes: 100})
		b := w.Read(lines.Piece{First: 2, Records: 1, Data: data})
		if len(b.Problems) > 0 || len(b.Codes) != 1 {
			t.Fatalf("%+v", b.Problems)
		}
		made = append(made, b)
	}
	for i := range v.Fields {
		if !column.Equal(made[0].Columns[i].Column, made[1].Columns[i].Column) {
			t.Errorf("%s differs", v.Fields[i].Name)
		}
	}
}
