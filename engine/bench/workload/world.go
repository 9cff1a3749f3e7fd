// Package workload draws what the benchmark measures on: a vocabulary of 100 facts, policies as their authors would write them,
// and any number of enterprises as columns, as CSV and as profiles. Everything follows from fixed seeds, on any machine and any
// number of processors.
package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
)

// Kind is the kind of a fact and fixes the unit of its whole numbers in conditions, columns and SQL.
type Kind uint8

// The kinds.
const (
	Money   Kind = iota // 分
	Count               // 人
	Percent             // hundredths of a percentage point
	Day                 // civil.Date.Number
	Enum                // index into Values
	Flag                // 0 or 1
	Tags                // a set; bit i stands for Values[i]
)

// Field is one fact with the distribution of its values and the thresholds and lists that policies like to use.
type Field struct {
	Name    string
	Kind    Kind
	Missing float64  // share of enterprises without the fact
	Values  []string // of Enum and Tags

	mean, spread float64 // of the logarithm of a number; mean is the share of true of a Flag
	thresholds   []int64
	lists        [][]int
}

// How many fields there are of each sort, and where each sort begins.
const (
	numbers  = 35 // alternating Money and Count
	percents = 5
	days     = 10
	enums    = 20
	flags    = 20
	tagged   = 10

	firstPercent = numbers
	firstDay     = firstPercent + percents
	firstEnum    = firstDay + days
	firstFlag    = firstEnum + enums
	firstTags    = firstFlag + flags
	fields       = firstTags + tagged

	places     = firstEnum     // province, city and district: three enums that follow from one another
	industries = firstEnum + 3 // three enums
	size       = firstEnum + 6
	ordinary   = firstEnum + 7
	members    = 40 // of a Tags field
)

var cardinalities = [enums]int{31, 340, 2800, 20, 97, 1400, 4, 8, 5, 3, 3, 4, 5, 6, 6, 8, 8, 10, 12, 12}

// Source is the department that delivers all facts.
const Source = "区数据局"

// World is the vocabulary with its distributions. It is immutable.
type World struct {
	Fields     []*Field
	Vocabulary *rules.Vocabulary
}

// NewWorld draws the one world of the benchmark.
func NewWorld() (*World, error) {
	w := &World{}
	r := rand.New(rand.NewPCG(7, 7))
	for i := range numbers {
		w.Fields = append(w.Fields, newNumber(r, i))
	}
	for i := range percents {
		w.Fields = append(w.Fields, &Field{
			Name: fmt.Sprintf("F%d", i), Kind: Percent, Missing: 0.2 + 0.2*r.Float64(), mean: math.Log(500), spread: 0.8,
			thresholds: []int64{200, 300, 400, 500, 600, 800, 1000, 1500, 2000, 3000},
		})
	}
	for i := range days {
		w.Fields = append(w.Fields, &Field{Name: fmt.Sprintf("D%d", i), Kind: Day, Missing: 0.02 + 0.3*r.Float64(), thresholds: firstDays()})
	}
	for i := range enums {
		w.Fields = append(w.Fields, newEnum(r, i))
	}
	for i := range flags {
		w.Fields = append(w.Fields, &Field{Name: fmt.Sprintf("B%02d", i), Kind: Flag, Missing: 0.03 + 0.3*r.Float64(), mean: 0.03 + 0.6*r.Float64()*r.Float64()})
	}
	for i := range tagged {
		f := &Field{Name: fmt.Sprintf("S%d", i), Kind: Tags, Missing: 0.05 + 0.3*r.Float64(), Values: names("标签", members)}
		for range 20 {
			f.lists = append(f.lists, choose(r, members, 2+r.IntN(4)))
		}
		w.Fields = append(w.Fields, f)
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", w.VocabularyFile())
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	w.Vocabulary = v
	return w, nil
}

func newNumber(r *rand.Rand, i int) *Field {
	f := &Field{Name: fmt.Sprintf("N%02d", i), Kind: Money, Missing: 0.05 + 0.45*r.Float64()}
	if i < 12 {
		f.Missing /= 2
	}
	f.mean, f.spread = math.Log(500e6)+r.NormFloat64(), 2
	if i%2 == 1 {
		f.Kind = Count
		f.mean, f.spread = math.Log(20)+r.NormFloat64(), 1.5
	}
	want := 9 + r.IntN(12)
	for tries := 0; tries < 60 && len(f.thresholds) < want; tries++ {
		v := roundNumber(math.Exp(f.mean + f.spread*r.NormFloat64()*1.3))
		if f.Kind == Money {
			v = max(v, 100_00)
		}
		if !slices.Contains(f.thresholds, v) {
			f.thresholds = append(f.thresholds, v)
		}
	}
	return f
}

// roundNumber is 1, 2 or 5 times a power of ten, near x and at least 1.
func roundNumber(x float64) int64 {
	x = max(x, 1)
	p := math.Pow(10, math.Floor(math.Log10(x)))
	m := 10.0
	for _, step := range []struct{ below, m float64 }{{7.5, 5}, {3.5, 2}, {1.5, 1}} {
		if x/p < step.below {
			m = step.m
		}
	}
	return int64(math.Round(m * p))
}

// firstDays are the days on which policies like to begin.
func firstDays() []int64 {
	var out []int64
	for year := 2012; year <= 2026; year++ {
		out = append(out, day(year, 1, 1))
		if year >= 2021 {
			out = append(out, day(year, 7, 1))
		}
	}
	return out
}

func day(year, month, of int) int64 {
	d, err := civil.New(year, month, of)
	if err != nil {
		panic(err)
	}
	return int64(d.Number())
}

func newEnum(r *rand.Rand, i int) *Field {
	f := &Field{Name: fmt.Sprintf("E%02d", i), Kind: Enum, Missing: 0.03 + 0.3*r.Float64()}
	if i < 7 {
		f.Missing = 0.01
	}
	f.Values = names([]string{"区划", "区划", "区划", "行业", "行业", "行业", "规模", "类别"}[min(i, 7)], cardinalities[i])
	lists := 24
	if len(f.Values) > 90 {
		lists = 60
	}
	for range lists {
		n := 2 + r.IntN(max(1, min(len(f.Values)-1, 12)-1))
		f.lists = append(f.lists, choose(r, len(f.Values), n))
	}
	return f
}

func names(head string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%04d", head, i)
	}
	return out
}

// skewed draws a number below n; small ones are likelier.
func skewed(r *rand.Rand, n int) int {
	u := r.Float64()
	return int(float64(n) * u * u)
}

// choose draws k different numbers below n, sorted.
func choose(r *rand.Rand, n, k int) []int {
	var out []int
	for len(out) < min(n, k) {
		if v := skewed(r, n); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// VocabularyFile writes the world as vocabulary.yaml.
func (w *World) VocabularyFile() []byte {
	kinds := map[Kind]string{Money: "money, unit: 元", Count: "int, unit: 人", Percent: `decimal, unit: "%"`, Day: "date", Enum: "enum", Flag: "bool", Tags: "set"}
	var b strings.Builder
	b.WriteString("fields:\n")
	for _, f := range w.Fields {
		fmt.Fprintf(&b, "  - {name: %s, id: %s, type: %s, source: %s", f.Name, strings.ToLower(f.Name), kinds[f.Kind], Source)
		if f.Values != nil {
			b.WriteString(", values: [")
			for part := range slices.Chunk(f.Values, 100) {
				b.WriteString(strings.Join(part, ", ") + ",\n      ")
			}
			b.WriteString("]")
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}

// Field finds the place of a field among Fields by its name.
func (w *World) Field(name string) (int, bool) {
	i := slices.IndexFunc(w.Fields, func(f *Field) bool { return f.Name == name })
	return i, i >= 0
}
