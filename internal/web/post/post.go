// Package post answers with what firms are told: the inbox with its live stream, the settings of what they hear and where, the opt-out
// link. The room upkeep holds what departments and administrators do beside it. Who may come to which page is decided before, by the
// table of access; whose things they are is decided here.
package post

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/subscription"
	"mianshen/internal/notify/supply"
	"mianshen/internal/store"
	"mianshen/internal/timetable"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
)

// Sealer keeps what browsers hold for us unreadable.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Config is what the pages need. Words, Channels and Jobs may be nil.
type Config struct {
	Counter  *counter.Counter
	Office   *casework.Office
	Desk     *desk.Desk
	Box      *outbox.Box
	Seal     Sealer
	Words    notify.Writer                              // nil, or what it can't say: plain words
	Channels []channel.Channel                          // on which firms may be reached, beside the inbox
	Jobs     *timetable.Timetable                       // nil: this server runs none
	Again    func(*http.Request) (caller.Caller, error) // who sent a request, asked anew
	Base     string                                     // the address at which people open the pages; "" where it isn't known
	Clock    func() time.Time
	Logger   *slog.Logger
}

// Post answers. It is safe for concurrent use.
type Post struct {
	Config
	Subscriptions *subscription.Book
	hub           *hub
	tries         *tries
}

// New returns the pages.
func New(cfg Config) *Post {
	return &Post{Config: cfg, Subscriptions: subscription.New(cfg.Office.Store), hub: newHub(), tries: newTries()}
}

// Close ends all live streams, so that a server can end. Tell lets those of a firm look at once.
func (p *Post) Close() { p.hub.close() }

// Tell lets the open pages of a firm look for news at once. It never waits.
func (p *Post) Tell(enterprise string) { p.hub.tell(enterprise) }

// Allow counts a use of something; false: it was used enough within the span.
func (p *Post) Allow(key string, most int, span time.Duration) bool {
	return p.tries.again(key, most, span, p.Clock())
}

// Routes are the answers by method and address.
func (p *Post) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /inbox":                  p.inbox,
		"GET /inbox/live":             p.live,
		"POST /inbox/acted":           p.acted,
		"POST /inbox/seen":            p.seen,
		"POST /inbox/unseen":          p.unseen,
		"GET /inbox/settings":         p.settings,
		"POST /inbox/settings":        p.setPreference,
		"POST /inbox/contacts":        p.setContact,
		"POST /inbox/contacts/code":   p.sendCode,
		"POST /inbox/contacts/verify": p.verify,
		"POST /inbox/contacts/stop":   p.stopChannel,
		"POST /inbox/contacts/resume": p.resumeChannel,
		"POST /inbox/feeds":           p.makeFeed,
		"POST /inbox/feeds/end":       p.endFeed,
		"GET /stop/:token":            p.stopPage,
		"POST /stop/:token":           p.stop,
		"POST /stop/:token/undo":      p.undo,
	}
}

// Firm is the enterprise that a request is about: the one that it names, or the first that the caller acts for.
func (p *Post) Firm(r *http.Request) (string, error) {
	who := p.Counter.Who(r.Context())
	code := counter.Text(r, "firm")
	if code == "" {
		code = who.Firm()
	}
	if code == "" || !who.Owns(code) {
		return "", problem.New(http.StatusNotFound, "没有找到这家企业。")
	}
	return code, nil
}

// actor is who acts for a firm.
func (p *Post) actor(ctx context.Context, firm string) outbox.Actor {
	who := p.Counter.Who(ctx)
	role := "E1"
	if who.For(caller.E2, firm) {
		role = "E2"
	}
	return outbox.Actor{Person: who.ID(), Role: role}
}

// channel finds a channel by its name.
func (p *Post) channel(name string) (channel.Channel, bool) {
	i := slices.IndexFunc(p.Channels, func(c channel.Channel) bool { return c.Name() == name && name != channel.Inbox })
	if i < 0 {
		return nil, false
	}
	return p.Channels[i], true
}

// Explain puts an error of the rooms below into a problem; what they refuse is in their own words.
func (p *Post) Explain(ctx context.Context, err error, what string) error {
	var refused *supply.Refusal
	var known *problem.Problem
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &refused) && refused.Conflict:
		return problem.New(http.StatusConflict, refused.Message)
	case errors.As(err, &refused):
		return problem.New(http.StatusUnprocessableEntity, refused.Message)
	case errors.Is(err, store.ErrConflict) && said(err):
		return problem.New(http.StatusConflict, err.Error())
	case errors.Is(err, store.ErrInvalid) && said(err):
		return problem.New(http.StatusUnprocessableEntity, err.Error())
	}
	return problem.Of(ctx, p.Logger, err, what)
}

// said tells whether an error is a sentence for people.
func said(err error) bool {
	text := []rune(err.Error())
	return len(text) > 0 && text[len(text)-1] == '。'
}

// write sends a page once it is complete.
func write(w http.ResponseWriter, r *http.Request, draw func(context.Context, io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(b.Bytes())
	return err
}

// lead leads on after an order.
func lead(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours; what was given stands behind ? as values
	return nil
}
