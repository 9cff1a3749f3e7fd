package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/balance"
	"mianshen/internal/notify/supply"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/receive"
	"mianshen/internal/web/source"
	"mianshen/internal/web/static"
)

// Caps on one request.
const (
	maxBody     = 64 << 10
	maxTarget   = 8 << 10 // bytes of path and query
	requestTime = 10 * time.Second
)

// allowance is what one request may bring and take.
type allowance struct {
	body int64
	time time.Duration
}

// allowances are those of the routes that need more than the caps.
var allowances = map[string]allowance{
	"POST /api/v1/deliveries":       {receive.MaxFile, 30 * time.Minute},
	"PATCH /api/v1/uploads/:id":     {receive.MaxPiece, 2 * time.Minute},
	"POST /api/v1/simulations":      {maxBody, time.Minute},
	"GET /simulation":               {maxBody, time.Minute},
	"GET /api/v1/reports/readiness": {maxBody, time.Minute},
	"GET /api/v1/reports/gaps":      {maxBody, time.Minute},
	"GET /readiness":                {maxBody, time.Minute},
	"GET /gaps":                     {maxBody, time.Minute},
	"GET /lists/draft":              {maxBody, time.Minute},
	"POST /lists":                   {maxBody, time.Minute},
	"GET /lists/:id":                {maxBody, time.Minute},
	"GET /lists/:id/recheck":        {maxBody, time.Minute},
	"POST /lists/:id/recheck":       {maxBody, time.Minute},
	"POST /lists/:id/steps":         {maxBody, time.Minute},
	"POST /lists/:id/approve":       {maxBody, time.Minute},
	"POST /lists/:id/papers":        {lists.MaxAttachment + maxBody, time.Minute},
	"POST /payments/:id/files":      {maxBody, time.Minute},
	"POST /payments/receipts":       {pay.MaxReceiptFile + maxBody, 5 * time.Minute},
	"POST /api/v1/receipts":         {pay.MaxReceiptFile/3*4 + maxBody, 5 * time.Minute}, // base64
	"GET /reconciliation":           {maxBody, time.Minute},
	"POST /reconciliation":          {balance.MaxStatement + maxBody, 5 * time.Minute},
	"POST /findings/import":         {ledger.MaxFindingsFile + maxBody, time.Minute},
	"POST /api/v1/findings/import":  {ledger.MaxFindingsFile/3*4 + maxBody, time.Minute}, // base64
	"POST /api/v1/granted/files":    {granted.MaxFile/3*4 + maxBody, 5 * time.Minute},
	"GET /report":                   {maxBody, time.Minute},

	"GET /api/v1/reconciliation":       {maxBody, time.Minute},
	"GET /api/v1/reconciliation/lines": {maxBody, time.Minute},
	"POST /api/v1/reconciliation":      {balance.MaxStatement + maxBody, 5 * time.Minute},
	"POST /api/v1/lists":               {maxBody, time.Minute},
	"POST /api/v1/lists/:id/steps":     {maxBody, time.Minute},
	"GET /api/v1/reports/disbursement": {maxBody, time.Minute},
	"GET /inbox/live":                  {maxBody, 30 * time.Minute},
	"POST /facts":                      {supply.MaxFile + maxBody, 2 * time.Minute},
}

// allowed is the allowance of a request.
func allowed(c echo.Context) allowance { return allowanceOf(c.Request().Method, c.Path()) }

// allowanceOf is that of a route as it is registered.
func allowanceOf(method, path string) allowance {
	if a, ok := allowances[method+" "+path]; ok {
		return a
	}
	return allowance{maxBody, requestTime}
}

// policy of the pages: nothing but files of our own, no script and no style inside a page, in nobody's frame.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard puts everything in the way that each request passes, from the outside in.
func (s *Server) guard(e *echo.Echo, table map[string]Access) {
	e.Pre(s.recover, headers)
	e.Use(s.measure, wellFormed, s.bound(), s.limit(source.New(s.cfg.Rate, s.cfg.Clock), source.New(s.cfg.Guesses, s.cfg.Clock)), s.identify, s.permit(table), heavy(), deadline, s.answerOnce(once.New(s.cfg.Clock)))
}

// recover turns a panic into an answer and a line in the log; one bad request must not end the others.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			s.log.ErrorContext(c.Request().Context(), "panic", "route", c.Path(), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			s.fail(problem.New(http.StatusInternalServerError, ""), c)
		}()
		return next(c)
	}
}

// wellFormed refuses a query string that can't be read, since net/url would pass over the part it can't, and text in an address that no
// database keeps.
func wellFormed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		at := c.Request().URL
		query, err := url.ParseQuery(at.RawQuery)
		if err != nil {
			return problem.New(http.StatusBadRequest, "网址里问号后面的部分写法有误。")
		}
		text := at.Path
		for name, values := range query {
			text += name + strings.Join(values, "")
		}
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return problem.New(http.StatusBadRequest, "网址里有不能用的字符：要用 UTF-8 编码，不能有空字符。")
		}
		return next(c)
	}
}

// headers are those that every answer carries, errors too.
func headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		return next(c)
	}
}

// headAsGet routes HEAD like GET. net/http knows the request it got and leaves the body out.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// bound caps what one request may bring and how many are answered at once, of one source half of them: whoever sends bodies byte by
// byte holds his places as long as he is let, and leaves the others theirs.
func (s *Server) bound() echo.MiddlewareFunc {
	gate := source.NewGate(s.cfg.AtOnce, max(1, s.cfg.AtOnce/2))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			most := allowed(c).body
			if len(r.RequestURI) > maxTarget || r.ContentLength > most {
				return problem.New(http.StatusRequestEntityTooLarge, "")
			}
			r.Body = http.MaxBytesReader(c.Response(), r.Body, most)
			return through(gate, c.RealIP(), next, c, "同时来的请求太多，请过几秒再试。", "从您这里同时来的请求太多，请过几秒再试。")
		}
	}
}

// Orders that are held in memory whole: from this size on a few at once, of one person fewer. One comes to several times its size.
const (
	heavyBody     = 8 << 20
	heavyAtOnce   = 6
	heavyOfPerson = 2
)

// streamed are the orders whose bodies go to a file piece by piece, however large they are.
var streamed = map[string]bool{"POST /api/v1/deliveries": true, "PATCH /api/v1/uploads/:id": true}

// heavy lets few large orders be read at once, so that who may send them can't fill the memory, nor keep the others from it.
func heavy() echo.MiddlewareFunc {
	gate := source.NewGate(heavyAtOnce, heavyOfPerson)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			who, _ := r.Context().Value(callerKey{}).(caller.Caller)
			small := r.ContentLength >= 0 && r.ContentLength < heavyBody
			if small || allowed(c).body < heavyBody || streamed[r.Method+" "+c.Path()] {
				return next(c)
			}
			return through(gate, who.ID(), next, c, "同时送来的大文件太多，请过几秒再试。", "您有别的大文件正在送，请等它办完再送。")
		}
	}
}

// through goes on with a request while it has a place, or says that there is none: for anybody, or for who sends it.
func through(g *source.Gate, who string, next echo.HandlerFunc, c echo.Context, full, yours string) error {
	leave, all, own := g.Enter(who)
	switch {
	case all:
		return problem.New(http.StatusServiceUnavailable, full)
	case own:
		return problem.New(http.StatusTooManyRequests, yours)
	}
	defer leave()
	return next(c)
}

// limit holds each source to its rate, and to a lower one where secrets can be guessed. Files and health are not counted.
func (s *Server) limit(l, guesses *source.Limiter) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			path := c.Request().URL.Path
			if !strings.HasPrefix(path, static.Prefix) && path != "/healthz" && path != "/readyz" && !l.Allow(c.RealIP()) {
				return problem.New(http.StatusTooManyRequests, "您的请求太频繁，请过几秒再试。")
			}
			if guessing[c.Request().Method+" "+c.Path()] && !guesses.Allow(c.RealIP()) {
				return problem.New(http.StatusTooManyRequests, "从您这里登录的次数太多，请过一分钟再试。")
			}
			return next(c)
		}
	}
}

// deadline ends what takes too long. Who may take longer than the server gives a connection is given that.
func deadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		long := allowed(c).time
		ctx, cancel := context.WithTimeout(c.Request().Context(), long)
		defer cancel()
		if long > requestTime {
			conn, end := http.NewResponseController(c.Response()), time.Now().Add(long)
			if err := errors.Join(conn.SetReadDeadline(end), conn.SetWriteDeadline(end.Add(requestTime))); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return err
			}
		}
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// sameSite refuses what another site makes a browser send, except reading.
func (s *Server) sameSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := problem.New(http.StatusForbidden, "这个请求来自别的网站，没有处理。").Write(w); err != nil {
			s.log.WarnContext(r.Context(), "answer not sent", "error", err)
		}
	}))
	return protection.Handler(next)
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
