// Package exchange puts the parts of telling firms together for a server: the channels that its operator opened, the words of the
// templates, and the dispatcher that sends.
package exchange

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/inbox"
	"mianshen/internal/notify/channel/logged"
	"mianshen/internal/notify/channel/outward"
	"mianshen/internal/notify/channel/sms"
	"mianshen/internal/notify/channel/smtp"
	"mianshen/internal/notify/channel/webhook"
	"mianshen/internal/notify/channel/wecom"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/words"
)

// Config is which channels are open, as a file says in JSON. Secrets stand in files of their own.
type Config struct {
	SMTP    *Mail    `json:"smtp"`
	Webhook *Hosts   `json:"webhook"`
	SMS     *Gateway `json:"sms"`
	WeCom   *Hosts   `json:"wecom"`
	Log     bool     `json:"log"` // lines in the server's log, for a demo
}

// Mail is a mail server.
type Mail struct {
	Host         string `json:"host"`
	Port         int    `json:"port"`
	User         string `json:"user"`
	PasswordFile string `json:"password_file"`
	From         string `json:"from"`
	Plain        bool   `json:"plain"` // without STARTTLS, for a server on the same machine
}

// Hosts are the names that may be called; "*.example.cn" stands for all names under it.
type Hosts struct {
	Hosts []string `json:"hosts"`
}

// Gateway is an SMS gateway.
type Gateway struct {
	URL       string            `json:"url"`
	TokenFile string            `json:"token_file"`
	Sign      string            `json:"sign"`
	Templates map[string]string `json:"templates"` // kind of event to the gateway's template; "" for all others
	Hosts     []string          `json:"hosts"`
}

// Read reads such a file; what it doesn't know is an error.
func Read(path string) (c Config, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s: more than one value", path)
	}
	return c, nil
}

// Channels opens the channels, but for the inbox, which is always open.
func (c Config) Channels(log *slog.Logger) (list []channel.Channel, err error) {
	if c.SMTP != nil {
		password, err := secret(c.SMTP.PasswordFile)
		if err != nil {
			return nil, err
		}
		mail, err := smtp.New(smtp.Options{Host: c.SMTP.Host, Port: c.SMTP.Port, User: c.SMTP.User, Password: password, From: c.SMTP.From, Plain: c.SMTP.Plain})
		if err != nil {
			return nil, fmt.Errorf("smtp: %w", err)
		}
		list = append(list, mail)
	}
	if c.SMS != nil {
		token, err := secret(c.SMS.TokenFile)
		if err != nil {
			return nil, err
		}
		gateway, err := sms.New(sms.Gateway{URL: c.SMS.URL, Token: token, Sign: c.SMS.Sign, Templates: c.SMS.Templates, HTTP: outward.Options{Hosts: c.SMS.Hosts}})
		if err != nil {
			return nil, fmt.Errorf("sms: %w", err)
		}
		list = append(list, gateway)
	}
	if c.Webhook != nil {
		list = append(list, webhook.New(outward.Options{Hosts: c.Webhook.Hosts}, time.Now))
	}
	if c.WeCom != nil {
		list = append(list, wecom.New(outward.Options{Hosts: c.WeCom.Hosts}))
	}
	if c.Log {
		list = append(list, logged.New(log))
	}
	return list, nil
}

// secret reads a file that holds nothing but a secret; "" for no file.
func secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	return strings.TrimSpace(string(data)), err
}

// Words say events by the templates of a store.
type Words struct{ Shelf *words.Shelf }

// Write implements notify.Writer.
func (w Words) Write(ctx context.Context, name string, events []event.Event) (notify.Words, error) {
	said, err := w.Shelf.Write(ctx, name, events)
	return notify.Words{Title: said.Title, Text: said.Text, Link: said.Link, Params: said.Params}, err
}

// Dispatcher returns one over all channels and the inbox. tell is called for each message that comes into a firm's inbox. base is the
// address of the pages, "" where nobody can come from outside.
func Dispatcher(box *outbox.Box, open []channel.Channel, writer notify.Writer, base string, tell func(enterprise string), log *slog.Logger) (*notify.Dispatcher, error) {
	return notify.New(box, options(open, writer, base, tell, log))
}

func options(open []channel.Channel, writer notify.Writer, base string, tell func(enterprise string), log *slog.Logger) notify.Options {
	const readers = 32 // the inbox waits for nobody: many at once are written down together
	lanes := []notify.Lane{{Channel: inbox.New(tell), Workers: readers}}
	for _, c := range open {
		lanes = append(lanes, notify.Lane{Channel: c})
	}
	o := notify.Options{Lanes: lanes, Writer: writer, Log: log}
	if base != "" {
		o.OptOut = strings.TrimSuffix(base, "/") + "/stop/"
	}
	return o
}

// Drain sends what is due by a clock, on all channels and the inbox, and returns when nothing is: what failed waits for its next turn.
// While messages are locked after a restore nothing goes out, and nothing is waited for.
func Drain(ctx context.Context, box *outbox.Box, open []channel.Channel, writer notify.Writer, base string, now func() time.Time, log *slog.Logger) error {
	o := options(open, writer, base, nil, log)
	o.Owner, o.Now = rand.Text(), now
	d, err := notify.New(box, o)
	if err != nil {
		return err
	}
	var names []string
	for _, l := range o.Lanes {
		names = append(names, l.Channel.Name())
	}
	sending, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); d.Run(sending) }()
	defer func() { stop(); <-done }()
	const look = 50 * time.Millisecond
	for {
		n, err := box.Due(ctx, o.Owner, names, now())
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
}
