// Package web is the edge of the product: the HTTP API under /api/v1 with its OpenAPI description, and the pages that
// visitors read. It answers from packages desk and bureau and decides nothing.
//
// Who may call a route stands in one table (access.go); a route that isn't in it keeps the server from starting. Requests
// pass the guards in guard.go before any handler: security headers, no cross-site writes, caps on bodies and on requests at
// once, a rate for each source, a deadline. Errors of the API are RFC 9457 problems in Chinese, errors of pages are pages.
//
// Sub-packages: caller is who asks, door signs in; seek is what is asked of a search; desk answers visitors, bureau officials; reader helps who looks for something in the
// texts, shelf keeps searches; say finds the words, ui draws, pages puts the two together; post is what firms are told; receive takes
// files in; source holds each source to its rate, once answers an order that is sent again, strict reads JSON; problem says what went wrong; static holds style and scripts.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/persons"
	"mianshen/internal/persons/provider"
	"mianshen/internal/timetable"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/cashier"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/door"
	"mianshen/internal/web/lock"
	"mianshen/internal/web/money"
	"mianshen/internal/web/pages"
	"mianshen/internal/web/post"
	"mianshen/internal/web/post/feeds"
	"mianshen/internal/web/post/upkeep"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/reader"
	"mianshen/internal/web/receive"
	"mianshen/internal/web/shelf"
	"mianshen/internal/web/source"
	"mianshen/internal/web/static"
	"mianshen/internal/web/treasury"
	"mianshen/internal/web/ui"
)

// Config is what a server needs. Office, Searcher, Persons and Seal are required.
type Config struct {
	Office   *casework.Office
	Searcher desk.Searcher        // an index of what the office has published
	Persons  *persons.Book        // who may do what
	Seal     pay.Keys             // of what browsers keep for us, and of account numbers
	Provider *provider.Provider   // signs in by an identity provider; nil: only local accounts
	Debtor   payout.Debtor        // the paying account; without one no payment file leaves
	Clock    func() time.Time     // now; nil is time.Now
	Demo     bool                 // the store holds samples: everybody may see the enterprises in it, and pages say so
	Scratch  string               // a folder for files that are being received; "" is the system's
	Logger   *slog.Logger         // nil is slog.Default()
	Words    notify.Writer        // what messages say; nil: plain words
	Channels []channel.Channel    // on which firms may be reached beside the inbox
	Jobs     *timetable.Timetable // of this server; nil: none
	Public   string               // the address at which people open the pages, https://…; "" where it isn't known
	Version  string               // of the program, for the API's description; "" is dev

	Rate    source.Rate    // for each source; zero is source.DefaultRate
	Guesses source.Rate    // for each source where secrets can be guessed; zero is source.DefaultGuesses
	Refusal time.Duration  // how long refusing a sign-in takes at least, whatever the reason; 0 is 300 ms
	AtOnce  int            // requests at once, beyond which 503 is answered; 0 is 256
	Proxies []netip.Prefix // proxies whose X-Forwarded-For is believed; none: the address of the connection counts
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	cfg     Config
	desk    *desk.Desk
	bureau  *bureau.Bureau
	reader  *reader.Reader
	shelf   *shelf.Shelf
	dock    *receive.Dock
	pages   *pages.Pages
	door    *door.Door
	money   *treasury.Treasury
	counter *counter.Counter
	post    *post.Post
	log     *slog.Logger
	meters  *meters
	handler http.Handler
	openAPI []byte
}

// New builds a server. It fails when something required is missing, or when a route and the table of access disagree.
func New(cfg Config) (*Server, error) {
	if cfg.Office == nil || cfg.Searcher == nil || cfg.Persons == nil || cfg.Seal == nil {
		return nil, errors.New("web: office, searcher, persons and seal are required")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Version == "" {
		cfg.Version = "dev"
	}
	if cfg.Rate == (source.Rate{}) {
		cfg.Rate = source.DefaultRate
	}
	if cfg.Guesses == (source.Rate{}) {
		cfg.Guesses = source.DefaultGuesses
	}
	if cfg.Refusal == 0 {
		cfg.Refusal = 300 * time.Millisecond
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 256
	}
	s := &Server{cfg: cfg, desk: desk.New(cfg.Office, cfg.Searcher, cfg.Clock), bureau: bureau.New(cfg.Office), log: cfg.Logger, meters: newMeters()}
	s.reader, s.shelf = reader.New(cfg.Office, cfg.Searcher), shelf.New(cfg.Office.Store, cfg.Clock)
	s.money = treasury.New(treasury.Config{Office: cfg.Office, Keys: cfg.Seal, Debtor: cfg.Debtor, Clock: cfg.Clock, Logger: s.log})
	s.dock = receive.New(cfg.Office.Store, s.bureau, cfg.Scratch)
	s.pages = pages.New(pages.Config{Desk: s.desk, Reader: s.reader, Shelf: s.shelf, Bureau: s.bureau, Who: s.caller, Due: func(ctx context.Context, uscc string) ([]ui.Due, error) { return s.counter.Due(ctx, uscc) }, Logger: s.log, Demo: cfg.Demo, Unread: s.unread})
	s.door = door.New(door.Config{Book: cfg.Persons, Seal: cfg.Seal, Provider: cfg.Provider, Demo: cfg.Demo, Clock: cfg.Clock, Even: s.even, Who: s.caller, Page: s.pages.Page, Logger: s.log})
	s.counter = &counter.Counter{Treasury: s.money, Who: s.caller, Page: s.pages.Page}
	s.post = post.New(post.Config{
		Counter: s.counter, Office: cfg.Office, Desk: s.desk, Box: outbox.New(cfg.Office.Store, cfg.Seal), Seal: cfg.Seal,
		Words: cfg.Words, Channels: cfg.Channels, Jobs: cfg.Jobs, Again: s.again, Clock: cfg.Clock, Logger: s.log, Base: strings.TrimSuffix(cfg.Public, "/"),
	})
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = s.source()
	e.HTTPErrorHandler = s.fail
	s.guard(e, access)
	s.mount(e)
	s.machine(e)
	if err := s.api(e); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := declared(e, access); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.handler = s.sameSite(headAsGet(e))
	return s, nil
}

// even begins the time that refusing a sign-in takes.
func (s *Server) even() (wait func(context.Context)) {
	timer := time.NewTimer(s.cfg.Refusal)
	return func(ctx context.Context) {
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Tell lets the open pages of a firm look for news at once. It never waits.
func (s *Server) Tell(enterprise string) { s.post.Tell(enterprise) }

// Close ends live streams, so that the server can end.
func (s *Server) Close() { s.post.Close() }

// unread counts for the head of pages; while the server is being made nobody asks.
func (s *Server) unread(ctx context.Context, firm string) (int, error) {
	return s.post.Unread(ctx, firm)
}

// again finds out anew who sent a request that is still being answered.
func (s *Server) again(r *http.Request) (caller.Caller, error) {
	id, err := s.identity(r)
	if err != nil || id == nil {
		return s.anybody(), err
	}
	return caller.Of(id), nil
}

// mount adds the pages.
func (s *Server) mount(e *echo.Echo) {
	for route, page := range s.pages.Routes() {
		method, path, _ := strings.Cut(route, " ")
		e.Add(method, path, plain(page))
	}
	for _, routes := range []map[string]door.Answer{
		s.door.Routes(), money.New(s.counter).Routes(), cashier.New(s.counter, s.cfg.Scratch).Routes(), lock.New(s.counter).Routes(), s.post.Routes(), upkeep.New(s.post).Routes(), feeds.New(s.post).Routes(),
	} {
		for route, answer := range routes {
			method, path, _ := strings.Cut(route, " ")
			e.Add(method, path, plain(answer))
		}
	}
}

// plain answers with a function that knows nothing of echo. What a form left in temporary files goes with the request: net/http looks
// after the first request alone, not after the copies that the guards make of it.
func plain(answer func(http.ResponseWriter, *http.Request) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		for _, name := range c.ParamNames() {
			r.SetPathValue(name, c.Param(name))
		}
		defer func() {
			if r.MultipartForm != nil {
				_ = r.MultipartForm.RemoveAll() // there is nothing left to do for one that stays
			}
		}()
		return answer(c.Response(), r)
	}
}

// machine adds what programs ask for: health, readiness, metrics, and the files of the pages.
func (s *Server) machine(e *echo.Echo) {
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c echo.Context) error {
		if err := s.desk.Ready(c.Request().Context()); err != nil {
			s.log.WarnContext(c.Request().Context(), "not ready", "error", err)
			return problem.New(http.StatusServiceUnavailable, "还没有准备好：数据库没有应答，或者还没有发布政策、完成比对。")
		}
		return c.String(http.StatusOK, "ready\n")
	})
	e.GET("/metrics", echo.WrapHandler(s.meters.handler()))
	e.GET(static.Prefix+":file", func(c echo.Context) error {
		if !static.Serve(c.Response(), c.Request(), c.Param("file")) {
			return echo.ErrNotFound
		}
		return nil
	})
}

// source says which address a request counts for.
func (s *Server) source() echo.IPExtractor {
	if len(s.cfg.Proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range s.cfg.Proxies {
		trust = append(trust, echo.TrustIPRange(ipNet(p)))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}
