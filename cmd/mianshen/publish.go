package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// publishCmd makes immutable versions of policies.
type publishCmd struct {
	Path       string `arg:"" help:"政策文件夹，或含有政策文件夹的目录"`
	DB         string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Vocabulary string `help:"一并发布这份指标字典；库里还没有字典时缺省为最近的 vocabulary.yaml 或内置字典"`
	AsOf       string `help:"按这一天比较发布前后的差别；缺省为今天"`
	By         string `help:"发布人；缺省为登录名"`
	DryRun     bool   `help:"只检查、比较、说出先告知谁，不发布"`
}

// Run checks, compares and publishes.
func (c *publishCmd) Run(ctx context.Context, s *streams) (err error) {
	now := time.Now()
	asOf := civil.On(now)
	if c.AsOf != "" {
		if asOf, err = civil.Parse(c.AsOf); err != nil {
			return misuse{fmt.Sprintf("--as-of：%v", err)}
		}
	}
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	office := over(db)
	text, err := c.vocabulary(ctx, s, office)
	if err != nil {
		return err
	}
	proposal, err := office.ProposeWith(ctx, text, os.DirFS(c.Path), filepath.ToSlash(c.Path))
	if err != nil {
		return err
	}
	effect, err := c.effect(ctx, office, proposal, asOf, now)
	if err != nil {
		return err
	}
	if c.DryRun {
		for _, v := range proposal.Versions {
			fmt.Fprintf(s.out, "可以发布 %s %s\n", v.ID, v.Title)
		}
		effect.say(s, asOf)
		return nil
	}
	published, err := office.Publish(ctx, proposal, operator(c.By), now)
	for _, p := range published {
		word := "已发布"
		switch {
		case !p.Changed:
			word = "内容与现行版本相同"
		case !p.New:
			word = "恢复为现行版本"
		}
		fmt.Fprintf(s.out, "%s %s %s\n", word, p.Version, p.Title)
	}
	if err != nil {
		return err
	}
	effect.say(s, asOf)
	return nil
}

// vocabulary is the text of the vocabulary to be published too: the one named, or the nearest one when the store has none yet.
func (c *publishCmd) vocabulary(ctx context.Context, s *streams, office *casework.Office) ([]byte, error) {
	if c.Vocabulary == "" {
		_, err := office.Store.CurrentVocabulary(ctx)
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	data, label, err := vocabularyText(c.Path, c.Vocabulary)
	if err == nil {
		fmt.Fprintf(s.err, "指标字典 %s（%s）一并发布。\n", store.Hash(data), label)
	}
	return data, err
}
