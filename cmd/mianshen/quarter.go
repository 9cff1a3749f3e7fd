package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mianshen/internal/demo/quarter"
	"mianshen/internal/fsck"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// demoQuarterCmd plays a quarter of the sample district.
type demoQuarterCmd struct {
	DB    string `name:"db" required:"" help:"sqlite://路径 或 postgres://……；须是空库，或上次没演完的同一个库"`
	Seed  uint64 `default:"1" help:"随机数种子；同一种子结果相同"`
	Keys  string `help:"账号密钥文件；默认放在 SQLite 文件旁边" placeholder:"文件"`
	Files string `help:"付款文件放在哪个目录；默认放在 SQLite 文件旁边" placeholder:"目录"`
}

// Help says what is played.
func (*demoQuarterCmd) Help() string {
	return "用示例政策和企业演一个季度：比对、起草、复核、公示、异议、经办、复核、审批、付款、回单、对账、补发和追回，连同会出的岔子，最后由 fsck 核对。" +
		"中途被打断，用同样的参数再运行，就从断处接着演。"
}

// Run plays it to its end, says what it came to, and has fsck prove it.
func (c *demoQuarterCmd) Run(ctx context.Context, s *streams) (err error) {
	path, file := strings.CutPrefix(c.DB, "sqlite://")
	if file && path != ":memory:" {
		if c.Keys == "" {
			c.Keys = path + ".keys"
		}
		if c.Files == "" {
			c.Files = path + ".files"
		}
	}
	if c.Keys == "" || c.Files == "" {
		return misuse{"这个数据库要用 --keys 和 --files 写明密钥文件和付款文件的目录"}
	}
	if err := os.MkdirAll(c.Files, 0o700); err != nil {
		return misuse{fmt.Sprintf("建不了目录 %s：%v", filepath.Clean(c.Files), err)}
	}
	ring, err := keys(c.Keys, s.err)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, c.DB)
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrNewer) {
		return misuse{err.Error()}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = quarter.Run(ctx, quarter.Config{Store: db, Keys: ring, Seed: c.Seed, Files: c.Files, Tell: func(line string) { fmt.Fprintln(s.err, line) }})
	if errors.Is(err, store.ErrConflict) {
		return misuse{err.Error()}
	}
	if err != nil {
		return err
	}
	return sumUp(ctx, s.out, db)
}

// sumUp says what the quarter came to and whether the database keeps its promises.
func sumUp(ctx context.Context, w io.Writer, db *store.Store) error {
	counts, err := quarter.Counts(ctx, db)
	if err != nil {
		return err
	}
	for _, c := range counts {
		if c.Fen > 0 {
			fmt.Fprintf(w, "%s %d 笔，%s 元\n", c.What, c.N, exact.Money(c.Fen))
		} else {
			fmt.Fprintf(w, "%s %d\n", c.What, c.N)
		}
	}
	digest, err := quarter.Digest(ctx, db)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "摘要 %s\n", digest)
	results, err := fsck.Run(ctx, db, func() {})
	if err != nil {
		return err
	}
	broken, err := showFsck(w, results)
	if err == nil && broken > 0 {
		err = errMistakes
	}
	return err
}
