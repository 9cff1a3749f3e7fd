package whatif_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/seeds"
)

const benchPolicy = `id: p
title: 办法
in_force: {from: 2025-01-01}
clauses: [{ref: 第一条, text: 条款}]
conditions:
  - {id: district, require: '注册区 == "青浦区"'}
  - {id: dishonest, exclude: 失信被执行人}
items:
  - id: a
    title: 甲
    conditions:
      - {id: staff, require: 从业人数 >= 10}
      - {id: size, require: '企业规模 in ["小型", "微型", "中型"]'}
      - {id: revenue, require: '上年营业收入 >= 取值("门槛")'}
      - {id: ratio, require: 上年研发费用 / 上年营业收入 >= 0.01}
    amount: 'min(50*万元, 上年研发费用 * 比例(10))'
`

const benchValues = `values: [{name: 门槛, unit: 万元, clause: 第一条, value: 500}]`

// million is a table of that many firms, in which about every third gets the grant.
var million = sync.OnceValues(func() (*rules.Book, *engine.Table) {
	v, _ := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	p, _ := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(benchPolicy), "values.yaml": []byte(benchValues)}, "p")
	book, ms := rules.Compile(v, []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		panic(err)
	}
	const rows = 1_000_000
	codes := make([]string, rows)
	for i := range codes {
		codes[i] = fmt.Sprintf("F%017d", i)
	}
	t := engine.NewTable(v, codes)
	r := rand.New(rand.NewPCG(5, 5))
	put := func(name string, add func(b *column.Builder)) {
		f, _ := v.Field(name)
		b := column.NewBuilder(engine.KindOf(f))
		_ = b.From(column.Origin{Source: "区数据局", On: civil.MustParse("2025-06-01").Number()})
		for range rows {
			if r.IntN(20) == 0 {
				b.Missing()
				continue
			}
			add(b)
		}
		if err := t.Put(f, b.Take(column.Origin{})); err != nil {
			panic(err)
		}
	}
	money := func(mean float64) func(b *column.Builder) {
		return func(b *column.Builder) { b.Number(int64(math.Exp(mean+2*r.NormFloat64())), 0) }
	}
	among := func(values []string) func(b *column.Builder) {
		return func(b *column.Builder) { b.Text([]byte(values[r.IntN(len(values))])) }
	}
	for _, name := range []string{"注册街镇"} {
		f, _ := v.Field(name)
		put(name, among(f.Values))
	}
	put("注册区", among([]string{"青浦区", "青浦区", "青浦区", "闵行区"}))
	put("行业代码", among([]string{"C3311", "I6513", "F5211", "M7320", "C26", "L7211"}))
	put("失信被执行人", func(b *column.Builder) { b.Bool(r.IntN(50) == 0) })
	put("从业人数", func(b *column.Builder) { b.Number(int64(math.Exp(3+1.5*r.NormFloat64())), 0) })
	put("上年营业收入", money(21))
	put("资产总额", money(22))
	put("上年研发费用", money(18))
	return book, t
})

// BenchmarkTry changes a threshold, and drops three conditions, for a million firms: two plans, the differences, groups and examples.
func BenchmarkTry(b *testing.B) {
	book, t := million()
	q := whatif.Question{Table: t, Before: book, Items: []string{"a"}, Circumstances: rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}}
	drop := func(id string) rules.Edit { return rules.Edit{What: rules.EditDrop, Item: "a", Condition: id} }
	for name, edits := range map[string][]rules.Edit{
		"threshold": {{What: rules.EditValue, Value: "门槛", Text: "800"}},
		"dropped":   {drop("ratio"), drop("staff"), drop("revenue")},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out, err := whatif.Try(ctx, q, "a", edits)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(out.Items[0].Left+out.Items[0].Entered), "changed")
			}
		})
	}
}

// BenchmarkVary computes the whole curve of a threshold over a million firms.
func BenchmarkVary(b *testing.B) {
	book, t := million()
	v := whatif.Variation{Table: t, Book: book, Circumstances: rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}, Item: "a", Name: "门槛", From: "300万元", To: "8000万元", Budget: 10_000_000_000}
	for b.Loop() {
		c, err := whatif.Vary(ctx, v)
		if err != nil || !c.Exact {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c.Present.Enterprises), "firms")
	}
}

// BenchmarkVaryEach decides anew at 22 values over a million firms.
func BenchmarkVaryEach(b *testing.B) {
	book, t := million()
	around := rules.Circumstances{AsOf: civil.MustParse("2025-06-30"), History: rules.NewHistory([]rules.Award{{Enterprise: t.Code(7), Item: "a"}})}
	v := whatif.Variation{Table: t, Book: book, Circumstances: around, Item: "a", Name: "门槛", From: "300万元", To: "8000万元"}
	for b.Loop() {
		c, err := whatif.Vary(ctx, v)
		if err != nil || c.Exact {
			b.Fatal(err)
		}
	}
}
