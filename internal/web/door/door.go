// Package door signs people in and out, and answers with the pages of their accounts: one's own sessions and tokens, persons
// and roles, the first start, the persons of a demo. Who may come to which page is decided before, by the table of access.
package door

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mianshen/internal/persons"
	"mianshen/internal/persons/provider"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/ui"
)

// The cookies. Browsers take ones with __Host- from the very host only, by a safe connection, for all of its paths.
const (
	Cookie  = "__Host-mianshen"      // holds the session
	attempt = "__Host-mianshen-oidc" // holds what was begun at an identity provider, sealed
)

// Config is what the door needs; all of it is required but Provider and Demo.
type Config struct {
	Book     *persons.Book
	Seal     persons.Sealer
	Provider *provider.Provider // nil: only local accounts
	Demo     bool               // the persons of the demo may be taken by a click
	Clock    func() time.Time
	Even     func() (wait func(context.Context)) // begins a time, and waits until it is over: a refusal tells nothing by how soon it comes
	Who      func(context.Context) caller.Caller
	Page     func(ctx context.Context, title, place string) ui.Page
	Logger   *slog.Logger
}

// Door answers. It is safe for concurrent use.
type Door struct {
	Config
}

// New returns a door.
func New(cfg Config) *Door { return &Door{cfg} }

// Answer answers one request. What its error says is the caller's to show.
type Answer = func(w http.ResponseWriter, r *http.Request) error

// Routes are the answers by method and address.
func (d *Door) Routes() map[string]Answer {
	return map[string]Answer{
		"GET /signin":               d.signInPage,
		"POST /signin":              d.signIn,
		"GET /signin/oidc":          d.external,
		"GET /signin/oidc/callback": d.back,
		"POST /signout":             d.signOut,
		"GET /first":                d.firstPage,
		"POST /first":               d.first,
		"GET /demo":                 d.demoPage,
		"POST /demo":                d.demo,
		"GET /enrol":                d.enrolPage,
		"POST /enrol":               d.enrol,
		"GET /stepup":               d.stepUpPage,
		"POST /stepup":              d.stepUp,

		"GET /me":                d.mePage,
		"POST /me/password":      d.password,
		"POST /me/sessions/end":  d.endSession,
		"POST /me/tokens":        d.makeToken,
		"POST /me/tokens/revoke": d.revokeToken,

		"GET /persons":                  d.personsPage,
		"POST /persons":                 d.addPerson,
		"POST /persons/disable":         d.disable,
		"POST /persons/accounts":        d.prepare,
		"POST /persons/accounts/reset":  d.reset,
		"POST /persons/accounts/enable": d.enable,
		"POST /persons/roles":           d.propose,
		"POST /persons/roles/confirm":   d.confirm,
		"POST /persons/roles/revoke":    d.revoke,
	}
}

// Session is whose session a request brings along. persons.ErrNobody: nobody's.
func (d *Door) Session(r *http.Request) (*persons.Identity, error) {
	c, err := r.Cookie(Cookie)
	if err != nil || c.Value == "" {
		return nil, persons.ErrNobody
	}
	return d.Book.Session(r.Context(), c.Value, d.Clock())
}

// who is the identity behind a request; the table of access lets nobody else come where it is asked.
func (d *Door) who(r *http.Request) *persons.Identity { return d.Who(r.Context()).Identity }

// give sets a cookie; seconds 0 is until the browser ends, below 0 takes it back.
func give(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// enter gives the cookie of a session, and leads to where one wanted to go.
func (d *Door) enter(w http.ResponseWriter, r *http.Request, cookie, to string) error {
	give(w, Cookie, cookie, 0)
	return lead(w, r, safe(to))
}

func lead(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // an address of ours, as safe made it, or the provider's
	return nil
}

// safe is an address of ours; anything else is the first page.
func safe(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// write sends a page once it is complete.
func (d *Door) write(w http.ResponseWriter, r *http.Request, status int, draw func(context.Context, io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

// wrong is what an error says to a person, with its status. Others than those that a person can do something about come back.
func (d *Door) wrong(r *http.Request, err error, what string) (text string, status int, rest error) {
	var refused *persons.Refusal
	switch {
	case err == nil:
		return "", http.StatusOK, nil
	case errors.Is(err, persons.ErrSignIn):
		return err.Error() + "。", http.StatusUnprocessableEntity, nil
	case errors.As(err, &refused) && refused.Conflict:
		return refused.Message, http.StatusConflict, nil
	case errors.As(err, &refused):
		return refused.Message, http.StatusUnprocessableEntity, nil
	case errors.Is(err, persons.ErrNotAllowed):
		return "", 0, problem.New(http.StatusForbidden, "您现在没有做这件事的角色，或者没有再验证。")
	case errors.Is(err, persons.ErrNobody):
		return "", 0, problem.New(http.StatusUnauthorized, "登录已经结束，请重新登录。")
	}
	return "", 0, problem.Of(r.Context(), d.Logger, err, what)
}

func (d *Door) signInPage(w http.ResponseWriter, r *http.Request) error {
	return d.showSignIn(w, r, r.URL.Query().Get("to"), "", nil)
}

func (d *Door) showSignIn(w http.ResponseWriter, r *http.Request, to, login string, because error) error {
	text, status, err := d.wrong(r, because, "账号")
	if err != nil {
		return err
	}
	v := ui.SignInView{Page: d.Page(r.Context(), "登录", "me"), To: safe(to), Login: login, Wrong: text, External: d.Provider != nil}
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteSignIn(ctx, b, v) })
}

func (d *Door) signIn(w http.ResponseWriter, r *http.Request) error {
	login, to := strings.TrimSpace(r.PostFormValue("login")), r.PostFormValue("to")
	wait := d.Even()
	cookie, err := d.Book.SignIn(r.Context(), login, r.PostFormValue("password"), r.PostFormValue("code"), d.Clock())
	if err != nil {
		wait(r.Context())
		return d.showSignIn(w, r, to, login, err)
	}
	return d.enter(w, r, cookie, to)
}

func (d *Door) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := d.Book.End(r.Context(), d.who(r), d.who(r).Session, d.Clock()); err != nil {
		return problem.Of(r.Context(), d.Logger, err, "这次登录")
	}
	give(w, Cookie, "", -1)
	return lead(w, r, "/")
}

// external sends a browser to the identity provider.
func (d *Door) external(w http.ResponseWriter, r *http.Request) error {
	if d.Provider == nil {
		return problem.New(http.StatusNotFound, "")
	}
	address, begun, err := d.Provider.Begin(r.Context(), r.URL.Query().Get("again") == "1", d.Clock())
	if err != nil {
		d.Logger.ErrorContext(r.Context(), "identity provider", "error", err)
		return problem.New(http.StatusServiceUnavailable, "现在连不上统一身份认证，请过一会儿再试。")
	}
	kept, err := d.keep(begun, safe(r.URL.Query().Get("to")))
	if err != nil {
		return err
	}
	const seconds = 600
	give(w, attempt, kept, seconds)
	return lead(w, r, address)
}

// back takes whom the identity provider sent back.
func (d *Door) back(w http.ResponseWriter, r *http.Request) error {
	if d.Provider == nil {
		return problem.New(http.StatusNotFound, "")
	}
	give(w, attempt, "", -1)
	begun, to := d.kept(r)
	issuer, subject, err := d.Provider.Finish(r.Context(), begun, r.URL.Query(), d.Clock())
	if errors.Is(err, provider.ErrRefused) {
		d.Logger.WarnContext(r.Context(), "identity provider", "error", err)
		return problem.New(http.StatusUnauthorized, "统一身份认证没有成功，请重新登录。")
	}
	if err != nil {
		d.Logger.ErrorContext(r.Context(), "identity provider", "error", err)
		return problem.New(http.StatusServiceUnavailable, "现在连不上统一身份认证，请过一会儿再试。")
	}
	var cookie string
	if begun.Again && d.who(r) != nil {
		cookie, err = d.Book.ExternalStepUp(r.Context(), d.who(r), issuer, subject, d.Clock())
	} else {
		cookie, err = d.Book.External(r.Context(), issuer, subject, d.Clock())
	}
	if errors.Is(err, persons.ErrSignIn) {
		return problem.New(http.StatusUnauthorized, "统一身份认证通过了，但是这里还没有与它对应的账号。请找本单位的系统管理员开账号。")
	}
	if err != nil {
		return problem.Of(r.Context(), d.Logger, err, "账号")
	}
	return d.enter(w, r, cookie, to)
}

func (d *Door) stepUpPage(w http.ResponseWriter, r *http.Request) error {
	return d.showStepUp(w, r, r.URL.Query().Get("to"), nil)
}

func (d *Door) showStepUp(w http.ResponseWriter, r *http.Request, to string, because error) error {
	text, status, err := d.wrong(r, because, "账号")
	if err != nil {
		return err
	}
	local, err := d.Book.Local(r.Context(), d.who(r))
	if err != nil {
		return err
	}
	v := ui.StepUpView{Page: d.Page(r.Context(), "再验证一次", "me"), To: safe(to), Wrong: text, External: !local && !d.who(r).Demo}
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteStepUp(ctx, b, v) })
}

func (d *Door) stepUp(w http.ResponseWriter, r *http.Request) error {
	id, to := d.who(r), r.PostFormValue("to")
	var cookie string
	var err error
	if id.Demo && d.Demo {
		cookie, err = d.Book.DemoStepUp(r.Context(), id, d.Clock())
	} else {
		cookie, err = d.Book.StepUp(r.Context(), id, r.PostFormValue("password"), r.PostFormValue("code"), d.Clock())
	}
	if err != nil {
		return d.showStepUp(w, r, to, err)
	}
	return d.enter(w, r, cookie, to)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil // opens nowhere
	}
	return b
}
