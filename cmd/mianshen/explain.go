package main

import (
	"context"
	"encoding/json"
	"fmt"

	"mianshen/rules"
	"mianshen/rules/standard"
)

// explainCmd tells why one item fits one enterprise or not.
type explainCmd struct {
	inputs
	Item       string `required:"" help:"事项编号"`
	Enterprise string `required:"" help:"统一社会信用代码"`
	Format     string `enum:"text,json" default:"text" help:"text 或 json"`
}

// Run decides one pair and writes the explanation.
func (c *explainCmd) Run(ctx context.Context, s *streams) error {
	code, err := standard.ParseUSCC(c.Enterprise)
	if err != nil {
		return misuse{fmt.Sprintf("--enterprise：%v", err)}
	}
	m, err := c.read(ctx, s)
	if err != nil {
		return err
	}
	r, err := m.rule(c.Item)
	if err != nil {
		return err
	}
	profile := m.batch.Profile(code)
	if profile == nil {
		return misuse{fmt.Sprintf("企业画像里没有 %s", code)}
	}
	if !r.Due(m.around.AsOf) {
		return fmt.Errorf("事项 %s 在 %s 不在有效期内，不判定", c.Item, m.around.AsOf)
	}
	if m.around.History == nil {
		sayHistory(s, []*rules.Rule{r})
	}
	session := m.book.NewSession(m.around)
	session.Load(profile)
	e := session.Explain(r)
	if c.Format == "text" {
		return e.WriteText(s.out)
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}
