package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mianshen/index"
	"mianshen/index/judge"
	"mianshen/internal/sheet"
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
	if _, err := time.Parse(time.DateOnly, c.Today); err != nil {
		return misuse{fmt.Sprintf("--today：“%s”不是日期，写作 2025-06-30", c.Today)}
	}
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
	t := sheet.NewText(s.out, []string{"问法", "个数", "nDCG@10", "MRR", "无结果率", "只算可能相关", "本无答案", "误答率"})
	classes, all := judge.Sum(answers)
	for _, f := range append(classes, all) {
		row := []sheet.Cell{sheet.Words(className(f.Class))}
		for _, text := range []string{
			strconv.Itoa(f.Questions), fmt.Sprintf("%.3f", f.NDCG), fmt.Sprintf("%.3f", f.MRR),
			rate(f.Zero, f.Questions), rate(f.Weak, f.Questions), strconv.Itoa(f.Unanswerable), rate(f.FalseAnswers, f.Unanswerable),
		} {
			row = append(row, sheet.Figure(text))
		}
		if err := t.Write(row...); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	worst := judge.Worst(answers)
	for _, a := range worst[:min(max(c.Worst, 0), len(worst))] {
		fmt.Fprintf(s.out, "%.2f  %s  %s\n", a.NDCG, className(a.Class), a.Text)
	}
	return nil
}

// classNames are the classes of the relevance files in Chinese.
var classNames = map[string]string{
	"keywords": "关键词", "colloquial": "大白话", "abbreviation": "简称", "synonym": "同义词", "typo": "错字", "pinyin": "拼音",
	"traditional": "繁体", "number": "文号", "amount": "金额", "long": "长句", "filter": "筛选", "no-answer": "本无答案", "all": "全部",
}

func className(class string) string { return cmp.Or(classNames[class], class) }

// rate writes n of all as a percentage.
func rate(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(all))
}
