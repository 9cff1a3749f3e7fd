package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"mianshen/internal/fsck"
	"mianshen/internal/store"
)

// fsckCmd proves that a database keeps the promises about money and decisions.
type fsckCmd struct {
	DB     string `name:"db" required:"" help:"sqlite://路径 或 postgres://……；SQLite 文件同时只能由一个进程打开，请先停下 serve"`
	Format string `enum:"text,json" default:"text" help:"text 或 json"`
}

// Help says what it does to the database, which is nothing.
func (*fsckCmd) Help() string {
	return "只读：不建库、不升级、不写一个字。PostgreSQL 上可与运行中的 serve 同时进行，看的是开始那一刻的库；SQLite 文件被别的进程占用时不能核对，先停下那个进程。" +
		"全部守住退出码 0，有不符 1，用法有误 2。"
}

// Run makes all checks and says which are broken.
func (c *fsckCmd) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Inspect(ctx, c.DB)
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrNewer) || errors.Is(err, store.ErrOlder) {
		return misuse{err.Error()}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p := newProgress(s, "核对", int64(len(fsck.Checks())))
	results, err := fsck.Run(ctx, db, p.add)
	p.done()
	if err != nil {
		return err
	}
	show := showFsck
	if c.Format == "json" {
		show = showFsckJSON
	}
	broken, err := show(s.out, results)
	if err == nil && broken > 0 {
		err = errMistakes
	}
	return err
}

// showFsck writes what is broken, and how many checks were made; broken is the number of those that found something.
func showFsck(w io.Writer, results []fsck.Result) (broken int, err error) {
	var found int64
	for _, r := range results {
		if r.Count == 0 {
			continue
		}
		broken++
		found += r.Count
		fmt.Fprintf(w, "%s 不符：%s\n", r.Check.ID, r.Check.Promise)
		for _, f := range r.Findings {
			fmt.Fprintf(w, "  %s：%s\n", f.Row, f.Text)
		}
		if more := r.Count - int64(len(r.Findings)); more > 0 {
			fmt.Fprintf(w, "  另有 %d 处\n", more)
		}
	}
	if broken == 0 {
		_, err = fmt.Fprintf(w, "%d 项核对全部相符。\n", len(results))
		return 0, err
	}
	_, err = fmt.Fprintf(w, "%d 项核对中 %d 项不符，共 %d 处。请保留现场，停止付款，交系统管理员和审计管理员查明。\n", len(results), broken, found)
	return broken, err
}

// fsckJSON is one check as JSON.
type fsckJSON struct {
	Check    string        `json:"check"`
	Promise  string        `json:"promise"`
	Count    int64         `json:"count"`
	Findings []findingJSON `json:"findings"`
}

type findingJSON struct {
	Row  string `json:"row"`
	Text string `json:"text"`
}

// showFsckJSON writes all checks as one JSON document, also those that found nothing.
func showFsckJSON(w io.Writer, results []fsck.Result) (broken int, err error) {
	list := make([]fsckJSON, 0, len(results))
	for _, r := range results {
		one := fsckJSON{Check: r.Check.ID, Promise: r.Check.Promise, Count: r.Count, Findings: []findingJSON{}}
		for _, f := range r.Findings {
			one.Findings = append(one.Findings, findingJSON(f))
		}
		if r.Count > 0 {
			broken++
		}
		list = append(list, one)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return broken, e.Encode(map[string]any{"clean": broken == 0, "checks": list})
}
