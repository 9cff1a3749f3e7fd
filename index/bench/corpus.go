package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"mianshen/index"
	"mianshen/index/judge"
)

// documentRunes is the length of a synthetic document.
const documentRunes = 500

// material is what synthetic documents are made of: the sentences of the relevance files, cut at their commas.
type material struct {
	titles, clauses, questions []string
}

func readMaterial() (m material, err error) {
	docs, err := judge.Corpus(index.Relevance, "testdata/corpus.txtar")
	if err != nil {
		return m, err
	}
	lessons, err := judge.Lessons(index.Relevance, "testdata/synonyms.txtar")
	if err != nil {
		return m, err
	}
	questions, err := judge.Questions(index.Relevance, "testdata/queries.txtar")
	if err != nil {
		return m, err
	}
	for _, l := range lessons {
		docs = append(docs, l.Document)
		m.questions = append(m.questions, l.Question)
	}
	for _, d := range docs {
		m.titles = append(m.titles, d.Title)
		m.clauses = append(m.clauses, strings.FieldsFunc(d.Body, func(r rune) bool { return strings.ContainsRune("，。；：、\n", r) })...)
	}
	for _, q := range questions {
		m.questions = append(m.questions, q.Text)
	}
	return m, nil
}

// districts make titles of one kind differ.
var districts = strings.Fields("东江 西岭 南湾 北塘 中渡 上坪 下沙 青石 白水 黑山 红桥 黄田 绿洲 蓝湖 紫阳 金沙 银河 铜陵 铁门 石桥 木兰 水口 火炬 土岗 云山 雨湖 雪峰 霜岭 风台 雷泽")

// known is a document that only one question fits, and that question.
type known struct{ id, question string }

// documents makes n documents of documentRunes each, the same for the same seed. A few of them hold a phrase that stands
// nowhere else, by which every engine must find them.
func (m material) documents(n int, seed uint64) (docs []index.Document, items []known) {
	r := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(r, 1.05, 20, uint64(len(m.clauses)-1))
	order := r.Perm(len(m.clauses))
	docs = make([]index.Document, n)
	for i := range docs {
		d := &docs[i]
		d.ID = fmt.Sprintf("d%06d", i)
		d.Group, d.Kind = d.ID, index.KindPolicy
		d.Title = districts[r.IntN(len(districts))] + "区" + m.titles[r.IntN(len(m.titles))]
		d.Department = districts[i%len(districts)] + "区经委"
		d.Number = fmt.Sprintf("示%s规〔20%02d〕%d号", districts[i%len(districts)][:3], 10+r.IntN(17), 1+r.IntN(90))
		d.From, d.To = "2024-01-01", "2027-12-31"
		var b strings.Builder
		for runes := 0; runes < documentRunes; {
			clause := m.clauses[order[zipf.Uint64()]]
			b.WriteString(clause + "，")
			runes += utf8.RuneCountInString(clause) + 1
		}
		if i%(n/200) == 0 {
			phrase := rare(r)
			fmt.Fprintf(&b, "另对%s给予支持。", phrase)
			items = append(items, known{d.ID, phrase})
		}
		d.Body = b.String()
	}
	return docs, items
}

// rareRunes are characters that policies hardly use.
var rareRunes = []rune("鼯鹬麂鳜鲥鲻鳊鲶鳙鲢鹳鹈鹕鸬鹚鹎鸫鸲鹟鹨鹡鸰鸺鹠鵟鹫鸢隼鹗鹮鹭鸨鹑鹧鸪")

// rare makes a phrase of six characters that stands nowhere else.
func rare(r *rand.Rand) string {
	out := make([]rune, 6)
	for i := range out {
		out[i] = rareRunes[r.IntN(len(rareRunes))]
	}
	return string(out)
}
