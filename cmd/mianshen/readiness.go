package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"mianshen/engine"
	"mianshen/internal/readiness"
	"mianshen/internal/readiness/report"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// readinessCmd tells which items could be granted without application, what holds the others up, and who is near a threshold.
type readinessCmd struct {
	inputs
	Gaps   bool   `help:"漏享清单：待核实的对子等谁，压着多少钱"`
	Near   bool   `help:"门槛附近：离门槛很近、其余条件都满足的企业"`
	Within string `default:"2" help:"--near 的范围，门槛的百分之几" placeholder:"2"`
	Format string `enum:"text,json,csv" default:"text" help:"text、json 或 csv；csv 每次写一张表"`
	Out    string `help:"写到文件，缺省为标准输出"`
}

// survey is what the command writes as JSON.
type survey struct {
	AsOf        civil.Date           `json:"as_of"`
	Enterprises int                  `json:"enterprises"`
	Summary     []readiness.Count    `json:"summary"`
	Items       []readiness.Item     `json:"items"`
	Gaps        *readiness.Gaps      `json:"gaps,omitempty"`
	Near        []readiness.Vicinity `json:"near,omitempty"`
}

// Run reads, surveys and writes.
func (c *readinessCmd) Run(ctx context.Context, s *streams) error {
	debug.SetGCPercent(400)
	share, err := c.share()
	if err != nil {
		return err
	}
	if c.Format == "csv" && c.Gaps && c.Near {
		return misuse{"csv 每次写一张表：--gaps 和 --near 请分两次"}
	}
	if err := c.overwrites(c.Out); err != nil {
		return err
	}
	m, err := c.read(ctx, s)
	if err != nil {
		return err
	}
	list, err := m.due(s, "")
	if err != nil {
		return err
	}
	if m.around.History == nil {
		sayHistory(s, list)
	}
	table, err := engine.FromProfiles(m.book.Vocabulary, m.batch.Profiles)
	if err != nil {
		return err
	}
	view := newProgress(s, "盘点", int64(len(m.batch.Profiles)))
	found, err := readiness.Take(ctx, readiness.Request{
		Table: table, Book: m.book, Rules: list, Around: m.around, Pairs: c.Format == "csv" && c.Gaps,
		Progress: func(done, _ int64) { view.count.Store(done) },
	})
	if err != nil {
		view.done()
		return err
	}
	all := survey{AsOf: m.around.AsOf, Enterprises: table.Rows()}
	err = c.collect(ctx, found, share, &all)
	view.done()
	if err != nil {
		return err
	}
	return output(c.Out, s.out, false, func(w io.Writer) error { return c.write(w, found, share, &all) })
}

// share reads --within.
func (c *readinessCmd) share() (exact.Num, error) {
	n, err := exact.Parse(c.Within)
	if err != nil || n.Sign() <= 0 || n.Cmp(exact.Int(100)) > 0 {
		return n, misuse{fmt.Sprintf("--within 要大于 0、不超过 100，不能是“%s”", c.Within)}
	}
	return n.Quo(exact.Int(100))
}

func (c *readinessCmd) collect(ctx context.Context, found *readiness.Survey, share exact.Num, all *survey) (err error) {
	if all.Items, err = found.Items(ctx); err != nil {
		return err
	}
	all.Summary = readiness.Summarise(all.Items)
	if c.Gaps {
		all.Gaps = found.Gaps()
	}
	if c.Near {
		all.Near, err = found.Near(ctx, share)
	}
	return err
}

func (c *readinessCmd) write(w io.Writer, found *readiness.Survey, share exact.Num, all *survey) error {
	switch {
	case c.Format == "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	case c.Format == "csv" && c.Gaps:
		return report.CSVPairs(w, found)
	case c.Format == "csv" && c.Near:
		return report.CSVNear(w, all.Near)
	case c.Format == "csv":
		return report.CSVItems(w, all.Items)
	}
	return c.text(w, found, share, all)
}

// text writes the parts asked for, the items first.
func (c *readinessCmd) text(w io.Writer, found *readiness.Survey, share exact.Num, all *survey) error {
	if err := report.Items(w, found, all.Items); err != nil {
		return err
	}
	if c.Gaps {
		fmt.Fprintln(w)
		if err := report.Gaps(w, found); err != nil {
			return err
		}
	}
	if c.Near {
		fmt.Fprintln(w)
		return report.Near(w, found, all.Near, share)
	}
	return nil
}
