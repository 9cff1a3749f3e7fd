// Package feeds has the command feed: the secret addresses at which programs read a firm's calendar and policies.
package feeds

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/counter"
	"mianshen/internal/notify/subscription"
	"mianshen/internal/persons"
)

// Group is the command with its subcommands.
type Group struct {
	List list  `cmd:"" default:"withargs" help:"列出企业在用的订阅地址；地址本身谁也看不到第二次"`
	Make fresh `cmd:"" help:"造一个订阅地址，只显示这一次；已经有了就换一个，旧的马上打不开"`
	End  end   `cmd:"" help:"停用一个订阅地址"`
}

// of is whose addresses.
type of struct {
	Enterprise string `help:"统一社会信用代码；只为一家企业办事的不用写"`
}

// firm is the enterprise that is meant; who acts must act for it.
func (o of) firm(d *counter.Desk) (string, error) {
	var own []string
	for _, h := range d.Who.Roles {
		if (h.Role == persons.FirmClerk || h.Role == persons.FirmAdmin) && !slices.Contains(own, h.Scope) {
			own = append(own, h.Scope)
		}
	}
	switch {
	case slices.Contains(own, o.Enterprise):
		return o.Enterprise, nil
	case len(own) == 0:
		return "", counter.Misuse{Text: "订阅地址由企业自己的人造：您不为任何企业办事。"}
	case o.Enterprise != "":
		return "", counter.Misuse{Text: "您不为这家企业办事，请核对 --enterprise。"}
	case len(own) > 1:
		return "", counter.Misuse{Text: "您为多家企业办事，请用 --enterprise 写明哪一家：" + strings.Join(own, "、") + "。"}
	}
	return own[0], nil
}

type list struct {
	counter.Acting
	counter.Shown
	of
}

// Run lists the addresses of a firm.
func (c *list) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		firm, err := c.firm(d)
		if err != nil {
			return err
		}
		all, err := subscription.New(d.Store).Live(ctx, firm)
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有订阅地址。造一个用 mianshen feed make。", Columns: counter.Columns("id", "编号", "name", "谁造的", "made_at", "什么时候", "counts", "打得开")}
		for _, a := range all {
			t.Add(a.ID, a.Name, a.MadeAt, a.Counts)
		}
		return c.Show(p.Out, t)
	})
}

type fresh struct {
	counter.Acting
	of
	PublicURL string `name:"public-url" default:"http://127.0.0.1:8080" help:"人们打开本系统的地址，与 serve 的相同"`
}

// Run makes an address and shows it.
func (c *fresh) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		firm, err := c.firm(d)
		if err != nil {
			return err
		}
		token, err := subscription.New(d.Store).Make(ctx, firm, d.Who.Person, d.Now)
		if err != nil {
			return err
		}
		calendar, policies := subscription.Addresses(c.PublicURL, token)
		_, err = fmt.Fprintf(p.Out, "日历 %s\n政策 %s\n只显示这一次。地址本身就是钥匙，只放进自己的日历程序，不要转发；要换，再运行一次。\n", calendar, policies)
		return err
	})
}

type end struct {
	ID string `arg:"" help:"地址的编号，见 mianshen feed list"`
	counter.Acting
	of
}

// Run ends an address.
func (c *end) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		firm, err := c.firm(d)
		if err == nil {
			err = subscription.New(d.Store).End(ctx, firm, c.ID, d.Who.Person, d.Now)
		}
		if err == nil {
			_, err = fmt.Fprintln(p.Out, "订阅地址停用了。")
		}
		return err
	})
}
