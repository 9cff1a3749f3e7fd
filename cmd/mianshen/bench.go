package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"mianshen/index"
	"mianshen/index/judge"
)

// benchCmd measures.
type benchCmd struct {
	Search benchSearchCmd `cmd:"" help:"搜索质量：用内置的语料和问法，算 nDCG@10、MRR、无结果率和误答率"`
}

// benchSearchCmd asks the questions of the relevance files.
type benchSearchCmd struct {
	Today string `default:"2026-11-26" help:"按这一天区分有效和失效"`
	Worst int    `help:"再列出答得最差的几个问法"`
}

// Run asks all questions and prints the figures.
func (c *benchSearchCmd) Run(ctx context.Context, s *streams) (err error) {
	docs, err := judge.Corpus(index.Relevance, "testdata/corpus.txtar")
	if err != nil {
		return err
	}
	x, err := index.NewTemp(ctx, docs, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	var answers []judge.Answer
	for _, file := range []string{"testdata/queries.txtar", "testdata/sealed.txtar"} {
		questions, err := judge.Questions(index.Relevance, file)
		if err != nil {
			return err
		}
		more, err := judge.Ask(ctx, x, c.Today, questions)
		if err != nil {
			return err
		}
		answers = append(answers, more...)
	}
	return c.print(s, len(docs), answers)
}

func (c *benchSearchCmd) print(s *streams, documents int, answers []judge.Answer) error {
	fmt.Fprintf(s.out, "%d 段语料，%d 个问法\n", documents, len(answers))
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "class\tquestions\tndcg@10\tmrr\tzero\tweak\tno answer\tfalse\t")
	classes, all := judge.Sum(answers)
	for _, f := range append(classes, all) {
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.3f\t%s\t%s\t%d\t%s\t\n", f.Class, f.Questions, f.NDCG, f.MRR,
			rate(f.Zero, f.Questions), rate(f.Weak, f.Questions), f.Unanswerable, rate(f.FalseAnswers, f.Unanswerable))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	worst := judge.Worst(answers)
	for _, a := range worst[:min(max(c.Worst, 0), len(worst))] {
		fmt.Fprintf(s.out, "%.2f  %s  %s\n", a.NDCG, a.Class, a.Text)
	}
	return nil
}

// rate writes n of all as a percentage.
func rate(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(all))
}
