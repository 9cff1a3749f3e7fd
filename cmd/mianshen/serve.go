package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter/bank"
	"mianshen/internal/demo"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/finder"
	"mianshen/internal/store"
	"mianshen/internal/timetable"
	"mianshen/internal/web"
	"mianshen/rules/civil"
)

// serveCmd runs the server: pages, API, the nightly sweep.
type serveCmd struct {
	DB   string `name:"db" help:"sqlite://路径 或 postgres://……；--demo 时可以不给，用完即弃"`
	Addr string `default:"127.0.0.1:8080" help:"监听地址"`
	Demo bool   `help:"装入内置示例政策和合成企业"`
	AsOf string `help:"按这一天比对；缺省为每天的当天，--demo 为示例数据的日子"`
	Data string `help:"搜索索引放在哪个目录；缺省为数据库文件旁边或临时目录"`

	Synonyms string `help:"自己的同义词文件，一行一组：人们说的 > 文件里写的；缺省用自带的"`

	Keys string `env:"MIANSHEN_KEYS" help:"封存密钥文件（权限 600）；没有就新建。缺省在数据库文件旁边，PostgreSQL 必须写明；丢了它，账号和银行账号都打不开，请另行备份"`

	OIDCIssuer string `name:"oidc-issuer" help:"统一身份认证的地址，如 https://id.example.gov.cn"`
	OIDCClient string `name:"oidc-client" help:"在统一身份认证那里登记的客户端编号"`
	OIDCSecret string `name:"oidc-secret-file" help:"客户端密钥所在的文件"`
	Channels   string `name:"channels" help:"写明消息渠道（邮件、短信、企业微信、回调）的 JSON 文件；不写只有站内消息"`
	AuditKey   string `name:"audit-key" help:"签审计检查点的私钥文件（mianshen audit key 造的）；写了就每小时签一次"`
	PublicURL  string `name:"public-url" help:"人们打开本系统的地址，如 https://mianshen.example.gov.cn；用统一身份认证时要写"`

	bank.Payer
}

// followEvery is how often the search index looks for published changes.
const followEvery = 2 * time.Second

// abandonedAfter is how long a delivery or snapshot may take to load: whatever was begun before then, and isn't finished, was cut off.
const abandonedAfter = 24 * time.Hour

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, s *streams) (err error) {
	if c.DB == "" && !c.Demo {
		return misuse{"要给 --db sqlite://路径 或 postgres://……；只想看看，用 serve --demo"}
	}
	asOf, err := c.day()
	if err != nil {
		return err
	}
	if err := free(ctx, c.Addr); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mianshen-")
	if err != nil {
		return fmt.Errorf("temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	address := c.DB
	if address == "" {
		address = "sqlite://" + filepath.Join(scratch, "demo.db")
	}
	db, err := store.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	entrance, err := c.entrance(db, scratch, s.err)
	if err != nil {
		return err
	}
	if made, err := entrance.book.IsDemo(ctx); err != nil {
		return err
	} else if made && !c.Demo {
		return misuse{"这个库是演示库，里面有不用密码的演示人物，只能用 serve --demo 打开"}
	}
	log := slog.New(slog.NewTextHandler(s.err, nil))
	return c.serve(ctx, s, over(db), entrance, &sweeper{asOf: asOf, log: log}, c.indexDir(scratch), log)
}

// free fails at once when nothing can listen at the address, before minutes are spent on loading.
func free(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return misuse{fmt.Sprintf("不能在 %s 监听：%v。换一个地址，如 --addr 127.0.0.1:8081", addr, err)}
	}
	return l.Close()
}

// day says for which day a tick decides.
func (c *serveCmd) day() (func(time.Time) civil.Date, error) {
	if c.AsOf != "" {
		d, err := civil.Parse(c.AsOf)
		if err != nil {
			return nil, misuse{fmt.Sprintf("--as-of：%v", err)}
		}
		return func(time.Time) civil.Date { return d }, nil
	}
	if c.Demo {
		return func(time.Time) civil.Date { return demo.AsOf() }, nil
	}
	return civil.On, nil
}

// onlySamples refuses --demo on a database that holds anything else: the demo shows everything to everybody.
func onlySamples(ctx context.Context, db *store.Store) error {
	foreign := misuse{"--demo 只能用在空库或只有示例的库上：示例模式谁都能看到企业数据，还会发布示例政策"}
	v, err := db.CurrentVocabulary(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && v.PublishedBy != demo.By {
		return foreign
	}
	policies, err := db.CurrentPolicies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if p.PublishedBy != demo.By {
			return foreign
		}
	}
	deliveries, err := db.Deliveries(ctx, store.DeliveryFilter{})
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		if d.ReceivedBy != demo.By {
			return foreign
		}
	}
	return nil
}

func (c *serveCmd) indexDir(scratch string) string {
	if c.Data != "" {
		return c.Data
	}
	if path, ok := strings.CutPrefix(c.DB, "sqlite://"); ok && path != ":memory:" {
		return path + ".index"
	}
	return filepath.Join(scratch, "index")
}

// load puts the samples into the store, where it serves them.
func (c *serveCmd) load(ctx context.Context, s *streams, office *casework.Office, in *entrance) error {
	if !c.Demo {
		return nil
	}
	if err := onlySamples(ctx, office.Store); err != nil {
		return err
	}
	if err := in.begin(ctx, s.err, time.Now()); err != nil {
		return err
	}
	fmt.Fprintln(s.err, "正在装入示例政策和合成企业……")
	return demo.Load(ctx, office, time.Now())
}

func (c *serveCmd) serve(ctx context.Context, s *streams, office *casework.Office, in *entrance, sweeps *sweeper, dir string, log *slog.Logger) (err error) {
	sweeps.office = office
	if _, err := office.Store.DropLoading(ctx, time.Now().Add(-abandonedAfter)); err != nil {
		return err
	}
	if err := c.load(ctx, s, office, in); err != nil {
		return err
	}
	fmt.Fprintln(s.err, "正在比对……")
	_, _ = sweeps.tick(ctx, time.Now()) // it logs; what was compared before still stands
	if ctx.Err() != nil {
		return nil
	}
	lex, err := readLexicon(c.Synonyms)
	if err != nil {
		return err
	}
	found, err := finder.Open(ctx, office, dir, lex, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	telling, err := c.telling(office, in, log)
	if err != nil {
		return err
	}
	telling.follower.Match = matching(found)
	jobs, err := c.timetable(office, in, sweeps, telling, log)
	if err != nil {
		return err
	}
	version, _ := buildVersion()
	var debtor payout.Debtor
	if c.Demo {
		debtor = demo.Debtor()
	} else if c.Payer != (bank.Payer{}) {
		if debtor, err = c.Payer.Debtor(); err != nil {
			return err
		}
	}
	server, err := web.New(web.Config{
		Debtor: debtor, Office: office, Searcher: found, Persons: in.book, Seal: in.ring, Provider: in.provider, Demo: c.Demo, Logger: log, Version: version, Jobs: jobs,
		Words: telling.words, Channels: telling.channels, Public: c.PublicURL,
	})
	if err != nil {
		return err
	}
	return c.answer(ctx, s, server, found, telling, jobs, in, log)
}

// answer answers requests, and does what a server does beside that, until it is told to stop.
func (c *serveCmd) answer(ctx context.Context, s *streams, server *web.Server, found *finder.Finder, told *telling, jobs *timetable.Timetable, in *entrance, log *slog.Logger) (err error) {
	background, cancel := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() { defer close(followed); found.Follow(background, followEvery) }()
	defer func() { cancel(); <-followed }()
	finish, err := told.start(background, server.Tell)
	if err != nil {
		return err
	}
	defer func() { cancel(); finish() }()
	stop, err := jobs.Start(background)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return web.Serve(ctx, c.Addr, server, log, func(a net.Addr) {
		if !c.Demo { // before the last line, so that who waits for that has the token
			in.invite(ctx, s.err, a.String(), log)
		}
		fmt.Fprintf(s.err, "已就绪：http://%s   按 Ctrl-C 结束。\n", a)
	})
}
