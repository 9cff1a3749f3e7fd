// Package letters is the command mianshen notify: send what firms are to be told, read what a firm reads, and mind the templates.
package letters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/exchange"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/rota"
	"mianshen/internal/notify/words"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Group is the command with its subcommands.
type Group struct {
	Send  send  `cmd:"" help:"从新结果找要告知的企业，推算以后的变化，提醒到期，发出到时的消息，然后结束；serve 自己做这些"`
	Inbox inbox `cmd:"" help:"一家企业读到的站内消息，新的在前，同时的金额大的在前"`

	Lint    lintCmd  `cmd:"" help:"检查消息模板：错误连同行、列和插入符一次说完"`
	Preview preview  `cmd:"" help:"用库里最近的真实事项读一遍模板"`
	Words   wordsCmd `cmd:"" help:"写出现行的模板，改好后用 adopt 采用"`
	Adopt   adopt    `cmd:"" help:"采用改好的模板，留下新的一版（系统管理员）"`
}

// Kit is what the program lends these commands.
type Kit struct {
	Follower func(context.Context, *casework.Office, *outbox.Box) (f *derive.Follower, end func() error, err error)
}

// Address says where messages lead to.
type Address struct {
	PublicURL string `name:"public-url" help:"企业打开本系统的地址，如 https://mianshen.example.gov.cn；不写，链接只有路径"`
}

type send struct {
	counter.Place
	counter.Sealing
	Address
	AsOf     string `name:"as-of" help:"按这一天提醒窗口、确认、证书和政策到期；缺省为今天"`
	Channels string `help:"写明消息渠道（邮件、短信、企业微信、回调）的 JSON 文件；不写只有站内消息"`
	Now      string `help:"当作现在是这一刻，如 2025-07-20T09:00:00+08:00；只用于示例库"`
}

// Run makes events of what was committed since the last time and of the days ahead, reminds, and sends what is due.
func (c *send) Run(ctx context.Context, p *counter.Program, kit *Kit) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	began := time.Now()
	now, err := counter.At(ctx, db, c.Now)
	if err != nil {
		return err
	}
	day, err := c.day(now)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(p.Err, nil))
	open, err := c.open(log)
	if err != nil {
		return err
	}
	ring, err := p.Keys(c.DB, c.Keys)
	if err != nil {
		return err
	}
	office, box := p.Office(db), outbox.New(db, ring)
	follower, end, err := kit.Follower(ctx, office, box)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	clock := func() time.Time { return now.Add(time.Since(began)) }
	r := rota.Rota{Follower: follower, Outlook: outlook.New(office, box), Box: box, Now: clock, AsOf: func(time.Time) civil.Date { return day }}
	fresh, err := r.Once(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "%d 件新事要告知企业。\n", fresh)
	if err := exchange.Drain(ctx, box, open, exchange.Words{Shelf: words.NewShelf(db, c.PublicURL)}, c.PublicURL, clock, log); err != nil {
		return err
	}
	return say(ctx, p, box)
}

// day is the day that firms are reminded on.
func (c *send) day(now time.Time) (civil.Date, error) {
	if c.AsOf == "" {
		return civil.On(now), nil
	}
	day, err := civil.Parse(c.AsOf)
	if err != nil {
		return day, counter.Misuse{Text: "--as-of：" + err.Error()}
	}
	return day, nil
}

func (c *send) open(log *slog.Logger) ([]channel.Channel, error) {
	if c.Channels == "" {
		return nil, nil
	}
	cfg, err := exchange.Read(c.Channels)
	if err != nil {
		return nil, counter.Misuse{Text: "--channels：" + err.Error()}
	}
	return cfg.Channels(log)
}

// names are what people call channels and what became of messages.
var names = map[string]string{
	channel.Inbox: "站内", channel.SMTP: "邮件", channel.Webhook: "回调", channel.SMS: "短信", channel.WeCom: "企业微信", channel.Log: "日志",
	"waiting": "等待", "leased": "正要发", "sending": "正在发", "delivered": "已送达", "dead": "没有发成", "unknown": "结果不明", "dropped": "不再发", "digested": "并入汇总",
}

// say tells how all messages stand.
func say(ctx context.Context, p *counter.Program, box *outbox.Box) error {
	counts, err := box.Counts(ctx)
	if err != nil {
		return err
	}
	stand := &counter.Part{Columns: counter.Columns("channel", "渠道", "state", "状态", "n", "条数"), Empty: "还没有消息。"}
	for _, c := range counts {
		stand.Add(names[c.Channel], names[c.State], c.N)
	}
	return counter.Shown{}.Show(p.Out, stand)
}

type inbox struct {
	counter.Place
	counter.Shown
	Address
	Enterprise string `arg:"" help:"统一社会信用代码"`
	Kind       string `help:"只看这一类，如 eligible；类别写在 mianshen notify words 写出的模板里"`
	Most       int    `name:"most" short:"n" default:"20" help:"最多几条"`
}

// Run shows what the firm reads.
func (c *inbox) Run(ctx context.Context, p *counter.Program) error {
	if _, ok := event.KindOf(c.Kind); !ok && c.Kind != "" {
		return unknownKind(c.Kind)
	}
	return c.Read(ctx, p, func(o *casework.Office) error {
		rows, err := outbox.New(o.Store, nil).Inbox(ctx, c.Enterprise, c.Kind, outbox.Place{}, max(c.Most, 0))
		if err != nil {
			return err
		}
		slices.SortStableFunc(rows, func(a, b outbox.Row) int { // what came at once was written down in any order
			return cmp.Or(b.Event.At.Compare(a.Event.At), cmp.Compare(b.Event.Worth, a.Event.Worth), cmp.Compare(a.Event.ID, b.Event.ID))
		})
		shelf := words.NewShelf(o.Store, c.PublicURL)
		all := &counter.Part{Columns: counter.Columns("kind", "类别", "title", "标题", "text", "正文", "link", "链接", "seen", "已读")}
		for _, r := range rows {
			said, err := shelf.Write(ctx, channel.Inbox, []event.Event{r.Event})
			if err != nil {
				return err
			}
			all.Add(r.Event.Kind, said.Title, said.Text, said.Link, !r.SeenAt.IsZero())
			if c.Format != "json" {
				fmt.Fprintf(p.Out, "【%s】\n%s\n\n", said.Title, said.Text)
			}
		}
		switch {
		case c.Format == "json":
			return c.Show(p.Out, all)
		case len(all.Rows) == 0:
			fmt.Fprintln(p.Out, "没有消息。")
		}
		return nil
	})
}

func unknownKind(kind string) error {
	text := "没有“" + kind + "”这一类，可用："
	for i, k := range event.Kinds() {
		if i > 0 {
			text += "、"
		}
		text += k.Name + "（" + k.Label + "）"
	}
	return counter.Misuse{Text: text}
}
