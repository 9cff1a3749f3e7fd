package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/finder"
	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/exchange"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/rota"
	"mianshen/internal/notify/words"
	"mianshen/internal/timetable"
	"mianshen/internal/web/shelf"
	"mianshen/rules/civil"
)

// telling is what a server needs to tell firms: events out of what was committed, words, channels, and who sends.
type telling struct {
	box        *outbox.Box
	follower   *derive.Follower
	outlook    *outlook.Outlook
	words      notify.Writer
	channels   []channel.Channel
	base       string
	log        *slog.Logger
	dispatcher atomic.Pointer[notify.Dispatcher]
}

func (c *serveCmd) telling(office *casework.Office, in *entrance, log *slog.Logger) (*telling, error) {
	cfg := exchange.Config{Log: c.Demo}
	if c.Channels != "" {
		var err error
		if cfg, err = exchange.Read(c.Channels); err != nil {
			return nil, misuse{"--channels：" + err.Error()}
		}
	}
	open, err := cfg.Channels(log)
	if err != nil {
		return nil, misuse{"--channels：" + err.Error()}
	}
	box := outbox.New(office.Store, in.ring)
	return &telling{
		box: box, follower: derive.New(office, box), outlook: outlook.New(office, box), words: exchange.Words{Shelf: words.NewShelf(office.Store, c.PublicURL)}, channels: open, base: c.PublicURL, log: log,
	}, nil
}

// matching asks saved searches of an index that holds all that was published before.
func matching(found *finder.Finder) derive.Match {
	return func(ctx context.Context, text, filters, policy string) (bool, error) {
		if err := found.CatchUp(ctx); err != nil {
			return false, err
		}
		return shelf.Finds(ctx, found.Search, text, filters, policy, civil.On(time.Now()))
	}
}

// follower is who finds what firms are to be told, for a command that ends.
func follower(ctx context.Context, office *casework.Office, box *outbox.Box) (f *derive.Follower, end func() error, err error) {
	dir, err := os.MkdirTemp("", "mianshen-")
	if err != nil {
		return nil, nil, err
	}
	found, err := finder.Open(ctx, office, dir, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	f = derive.New(office, box)
	f.Match = matching(found)
	return f, func() error { return errors.Join(found.Close(), os.RemoveAll(dir)) }, nil
}

// jobs make events and let digests go out. asOf is the day that is decided for.
func (t *telling) jobs(asOf func(time.Time) civil.Date) []timetable.Job {
	r := &rota.Rota{Follower: t.follower, Outlook: t.outlook, Box: t.box, Now: time.Now, AsOf: asOf, Wake: func() {
		if d := t.dispatcher.Load(); d != nil {
			d.Wake()
		}
	}}
	return r.Jobs()
}

// start sends until ctx ends; the returned function waits for the attempts that are under way then.
func (t *telling) start(ctx context.Context, tell func(enterprise string)) (wait func(), err error) {
	d, err := exchange.Dispatcher(t.box, t.channels, t.words, t.base, tell, t.log)
	if err != nil {
		return nil, err
	}
	t.dispatcher.Store(d)
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	return func() { <-done }, nil
}
