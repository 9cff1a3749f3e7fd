// Package judge measures how well an index answers: it reads the relevance files, asks every question and compares what
// comes first with what was expected.
package judge

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"mianshen/index"
)

// Question is a question with its judgement.
type Question struct {
	Class string
	Text  string
	Want  []string // groups, the best first; none when the corpus has no answer
}

// section is one file of a txtar archive.
type section struct{ name, data string }

// sections reads a txtar archive: a comment, then "-- name --" lines with what belongs to each below.
func sections(fsys fs.FS, path string) ([]section, error) {
	text, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, err
	}
	var out []section
	for line := range strings.Lines(string(text)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if name, end := strings.CutSuffix(name, " --"); ok && end {
			out = append(out, section{name: name})
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].data += line
		}
	}
	return out, nil
}

// Corpus reads documents: each file's name is the id, the part before the slash the group; head lines such as
// "title: ...", an empty line, the body.
func Corpus(fsys fs.FS, path string) ([]index.Document, error) {
	files, err := sections(fsys, path)
	if err != nil {
		return nil, err
	}
	var docs []index.Document
	for _, f := range files {
		d, err := document(f)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", path, f.name, err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func document(f section) (index.Document, error) {
	head, body, _ := strings.Cut(f.data, "\n\n")
	group, _, _ := strings.Cut(f.name, "/")
	d := index.Document{ID: f.name, Group: group, Body: strings.TrimSpace(body)}
	fields := map[string]*string{
		"title": &d.Title, "number": &d.Number, "department": &d.Department, "ref": &d.Ref, "mode": &d.Mode,
		"itemkind": &d.ItemKind, "field": &d.Field, "level": &d.Level, "from": &d.From, "to": &d.To,
	}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if key == "kind" {
			d.Kind = index.Kind(value)
			continue
		}
		if fields[key] == nil {
			return d, fmt.Errorf("unknown head line %q", line)
		}
		*fields[key] = value
	}
	return d, nil
}

// Questions reads questions, a section a class, a line "question => group group"; nothing behind the arrow means that
// there is no answer.
func Questions(fsys fs.FS, path string) ([]Question, error) {
	classes, err := sections(fsys, path)
	if err != nil {
		return nil, err
	}
	var out []Question
	for _, c := range classes {
		for line := range strings.Lines(c.data) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			text, want, ok := strings.Cut(strings.TrimSpace(line), "=>")
			if !ok {
				return nil, fmt.Errorf("%s, %s: no => in %q", path, c.name, line)
			}
			out = append(out, Question{Class: c.name, Text: strings.TrimSpace(text), Want: strings.Fields(want)})
		}
	}
	return out, nil
}

// Lesson is a question that is answered only with a group of synonyms, and the document that answers it.
type Lesson struct {
	Word     string // the first of its group
	Question string
	Document index.Document
}

// Lessons reads lessons: each file is named by the first word of its group; question, title and body follow, a line each.
func Lessons(fsys fs.FS, path string) ([]Lesson, error) {
	files, err := sections(fsys, path)
	if err != nil {
		return nil, err
	}
	var out []Lesson
	for _, f := range files {
		lines := strings.Split(strings.TrimSpace(f.data), "\n")
		if len(lines) != 3 {
			return nil, fmt.Errorf("%s, %s: %d lines, want question, title and body", path, f.name, len(lines))
		}
		out = append(out, Lesson{f.name, lines[0], index.Document{ID: f.name, Group: f.name, Kind: index.KindPolicy, Title: lines[1], Body: lines[2]}})
	}
	return out, nil
}

// depth is how many hits of an answer are judged.
const depth = 10

// Figures says how good answers were. Those of questions without an answer count for FalseAnswers only.
type Figures struct {
	Class        string
	Questions    int     // with an answer
	NDCG         float64 // at 10, mean: 1 when everything expected comes first, in order
	MRR          float64 // one over the rank of the first expected group, mean
	Zero         int     // found nothing at all
	Weak         int     // first expected group marked weak, or not found
	Unanswerable int
	FalseAnswers int // of these: with a hit that isn't marked weak
}

// Answer is what came for one question.
type Answer struct {
	Question
	Hits []index.Hit
	NDCG float64
	MRR  float64
}

// Searcher answers; an [index.Index] does.
type Searcher interface {
	Search(ctx context.Context, q index.Query) (index.Result, error)
}

// Ask asks every question. today is the day on which documents are in force or not.
func Ask(ctx context.Context, x Searcher, today string, questions []Question) ([]Answer, error) {
	out := make([]Answer, 0, len(questions))
	for _, q := range questions {
		res, err := x.Search(ctx, index.Query{Text: q.Text, Today: today, Limit: depth})
		if err != nil {
			return nil, fmt.Errorf("%q: %w", q.Text, err)
		}
		a := Answer{Question: q, Hits: res.Hits}
		a.NDCG, a.MRR = grade(res.Hits, q.Want)
		out = append(out, a)
	}
	return out, nil
}

// gain is what a group is worth by its place among those expected: the best one three times a good one, as the usual grades
// 2 and 1 give it (2^grade - 1).
func gain(want []string, group string) float64 {
	switch i := slices.Index(want, group); {
	case i < 0:
		return 0
	case i == 0:
		return 3
	}
	return 1
}

// grade gives nDCG (Järvelin and Kekäläinen 2002) and the reciprocal rank of the first group that was expected.
func grade(hits []index.Hit, want []string) (ndcg, mrr float64) {
	var have, best float64
	for i, h := range hits[:min(len(hits), depth)] {
		g := gain(want, h.Group)
		have += g / math.Log2(float64(i)+2)
		if g > 0 && mrr == 0 {
			mrr = 1 / float64(i+1)
		}
	}
	for i, w := range want {
		best += gain(want, w) / math.Log2(float64(i)+2)
	}
	if best == 0 {
		return 0, 0
	}
	return have / best, mrr
}

// Sum gives the figures of each class, in the order in which they come, and over all.
func Sum(answers []Answer) (classes []Figures, all Figures) {
	all.Class = "all"
	for _, a := range answers {
		i := slices.IndexFunc(classes, func(f Figures) bool { return f.Class == a.Class })
		if i < 0 {
			i = len(classes)
			classes = append(classes, Figures{Class: a.Class})
		}
		classes[i].add(a)
		all.add(a)
	}
	for i := range classes {
		classes[i].mean()
	}
	all.mean()
	return classes, all
}

func (f *Figures) add(a Answer) {
	if len(a.Want) == 0 {
		f.Unanswerable++
		if slices.ContainsFunc(a.Hits, func(h index.Hit) bool { return !h.Weak }) {
			f.FalseAnswers++
		}
		return
	}
	f.Questions++
	f.NDCG += a.NDCG
	f.MRR += a.MRR
	if len(a.Hits) == 0 {
		f.Zero++
	}
	i := slices.IndexFunc(a.Hits, func(h index.Hit) bool { return gain(a.Want, h.Group) > 0 })
	if i < 0 || a.Hits[i].Weak {
		f.Weak++
	}
}

func (f *Figures) mean() {
	n := float64(max(f.Questions, 1))
	f.NDCG, f.MRR = f.NDCG/n, f.MRR/n
}

// Worst gives the answers that are worth less than perfect, the worst first.
func Worst(answers []Answer) []Answer {
	out := slices.DeleteFunc(slices.Clone(answers), func(a Answer) bool { return len(a.Want) == 0 || a.NDCG > 0.999 })
	slices.SortStableFunc(out, func(a, b Answer) int { return cmp.Compare(a.NDCG, b.NDCG) })
	return out
}

// Line writes figures as a line of the file that holds what was reached.
func (f Figures) Line() string {
	return fmt.Sprintf("%s\t%d\t%.3f\t%.3f\t%d\t%d\t%d\t%d", f.Class, f.Questions, f.NDCG, f.MRR, f.Zero, f.Weak, f.Unanswerable, f.FalseAnswers)
}

// Head is the first line of that file.
const Head = "class\tquestions\tndcg10\tmrr\tzero\tweak\tunanswerable\tfalse_answers"

// ReadFigures reads such a file.
func ReadFigures(text string) (map[string]Figures, error) {
	out := map[string]Figures{}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == Head || strings.TrimSpace(line) == "" {
			continue
		}
		var f Figures
		_, err := fmt.Sscanf(line, "%s\t%d\t%f\t%f\t%d\t%d\t%d\t%d", &f.Class, &f.Questions, &f.NDCG, &f.MRR, &f.Zero, &f.Weak, &f.Unanswerable, &f.FalseAnswers)
		if err != nil {
			return nil, fmt.Errorf("figures, %q: %w", line, err)
		}
		out[f.Class] = f
	}
	return out, nil
}

// rounding is by how much a figure read from the file may differ from the one it was written from.
const rounding = 0.0006

// Worse says in what f is worse than what was reached before; nothing when in nothing.
func (f Figures) Worse(before Figures) []string {
	var out []string
	say := func(worse bool, name string, was, is any) {
		if worse {
			out = append(out, fmt.Sprintf("%s: %s was %v, is %v", f.Class, name, was, is))
		}
	}
	say(f.NDCG < before.NDCG-rounding, "nDCG@10", before.NDCG, f.NDCG)
	say(f.MRR < before.MRR-rounding, "MRR", before.MRR, f.MRR)
	say(f.Zero > before.Zero, "questions that find nothing", before.Zero, f.Zero)
	say(f.Weak > before.Weak, "right answers marked weak", before.Weak, f.Weak)
	say(f.FalseAnswers > before.FalseAnswers, "answers where there is none", before.FalseAnswers, f.FalseAnswers)
	return out
}
