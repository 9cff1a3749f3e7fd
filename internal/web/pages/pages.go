// Package pages answers visitors with pages. It reads an address leniently (what is too long is cut, what makes no sense is left
// out), asks desk and bureau, and has ui draw the answer.
package pages

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/reader"
	"mianshen/internal/web/seek"
	"mianshen/internal/web/shelf"
	"mianshen/internal/web/ui"
	"mianshen/rules/standard"
)

// Caps on what pages take.
const (
	pageSize   = 10
	maxPage    = 1000
	maxQuery   = 200 // characters of a search
	maxFind    = 100 // characters of the search for an enterprise
	firmsShown = 50

	relatedShown = 5
)

// Page answers one request. What its error says is the caller's to show.
type Page func(w http.ResponseWriter, r *http.Request) error

// Config is what pages need; all of it is required but Demo.
type Config struct {
	Desk   *desk.Desk
	Reader *reader.Reader
	Shelf  *shelf.Shelf
	Bureau *bureau.Bureau
	Who    func(context.Context) caller.Caller                      // who asks
	Due    func(ctx context.Context, uscc string) ([]ui.Due, error) // what is on lists for a firm
	Logger *slog.Logger
	Demo   bool                                                // the store holds samples, and pages say so
	Unread func(ctx context.Context, firm string) (int, error) // messages that a firm hasn't read; nil: nobody counts
}

// Pages answers with pages. It is safe for concurrent use.
type Pages struct {
	Config
}

// New returns the pages.
func New(cfg Config) *Pages { return &Pages{Config: cfg} }

// Routes are the pages by method and address, in which :name stands for what the request gives as its path value name.
func (s *Pages) Routes() map[string]Page {
	return map[string]Page{
		"GET /":                       s.searchPage,
		"GET /policies/:id":           s.policyPage,
		"GET /enterprises":            s.firmsPage,
		"GET /enterprises/:uscc":      s.firmPage,
		"GET /decisions/:id":          s.whyPage,
		"GET /decisions/:id/reasons":  s.reasons,
		"GET /deliveries":             s.deliveriesPage,
		"GET /deliveries/:id":         s.deliveryPage,
		"GET /sweeps":                 s.sweepsPage,
		"GET /sweeps/:id":             s.sweepPage,
		"GET /sweeps/:id/differences": s.differencesPage,
		"GET /readiness":              s.readinessPage,
		"GET /gaps":                   s.gapsPage,
		"GET /simulation":             s.simulationPage,

		"POST /enterprises/:uscc/searches":        s.saveSearch,
		"POST /enterprises/:uscc/searches/remove": s.removeSearch,
	}
}

func (s *Pages) explain(ctx context.Context, err error, what string) error {
	return problem.Of(ctx, s.Logger, err, what)
}

// Page begins a page. Where there was no comparison yet it has no day.
func (s *Pages) Page(ctx context.Context, title, place string) ui.Page {
	p := ui.Page{Title: title, Place: place, Demo: s.Demo, Who: s.Who(ctx)}
	if day, err := s.Desk.AsOf(ctx); err == nil {
		p.AsOf = day
	}
	if firm := p.Who.Firm(); firm != "" && s.Unread != nil {
		var err error
		if p.Unread, err = s.Unread(ctx, firm); err != nil { // the page can be read without
			s.Logger.WarnContext(ctx, "unread messages not counted", "error", err)
		}
	}
	return p
}

// write sends a page once it is complete, so that an error in the middle never shows half of one.
func (s *Pages) write(w http.ResponseWriter, r *http.Request, status int, draw func(context.Context, io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(r.Context(), &b); err != nil {
		return err
	}
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Pages) searchPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	ask, pageNo, cut := asked(r)
	v := ui.SearchView{Page: s.Page(ctx, "找政策", "search"), Ask: ask, PageNo: pageNo, Cut: cut}
	if ask.Text != "" {
		v.Title = ask.Text + " · 找政策"
	}
	if ask.Enterprise != "" {
		if s.Who(ctx).Has(caller.Visitor) {
			return problem.Closed()
		}
		firm, err := s.firm(ctx, ask.Enterprise)
		if err == nil && !s.Who(ctx).Sees(firm.USCC) {
			err = problem.New(http.StatusNotFound, "没有找到这家企业。")
		}
		if err != nil {
			return err
		}
		v.Firm, v.Ask.Enterprise = &firm, firm.USCC
	}
	var err error
	v.Answer, err = s.Desk.Search(ctx, v.Ask)
	if err == nil {
		v.Policies, v.Items, v.Auto, err = s.Desk.Totals(ctx)
	}
	if err == nil && s.Demo && v.Firm == nil {
		v.Samples, err = s.Desk.Samples(ctx, 3)
	}
	if err == nil && v.Firm != nil {
		v.Saved, err = s.Shelf.List(ctx, v.Firm.USCC)
	}
	if err != nil {
		var p *problem.Problem
		if !errors.As(s.explain(ctx, err, "这家企业"), &p) || p.Status != http.StatusServiceUnavailable {
			return p
		}
		v.Notice = p.Detail
		return s.write(w, r, p.Status, func(ctx context.Context, b io.Writer) error { return ui.WriteSearch(ctx, b, v) })
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteSearch(ctx, b, v) })
}

// asked reads a search from an address. A page is lenient: what is too long is cut, what makes no sense is left out.
func asked(r *http.Request) (ask seek.Ask, pageNo int, cut bool) {
	q := r.URL.Query()
	ask = seek.Ask{Enterprise: q.Get("enterprise"), Limit: pageSize}
	ask.Text, cut = clip(q.Get("q"), maxQuery)
	ask.Read(q)
	pageNo, err := strconv.Atoi(q.Get("page"))
	if err != nil || pageNo < 1 || pageNo > maxPage {
		pageNo = 1
	}
	ask.Offset = (pageNo - 1) * pageSize
	return ask, pageNo, cut
}

// clip keeps the first n characters of a text; bytes that aren't UTF-8 are dropped.
func clip(text string, n int) (kept string, cut bool) {
	out := make([]rune, 0, min(n, len(text)))
	for _, r := range text {
		if r == utf8.RuneError || r == 0 {
			continue
		}
		if len(out) == n {
			return string(out), true
		}
		out = append(out, r)
	}
	return string(out), false
}

// firm reads a code and finds its enterprise.
func (s *Pages) firm(ctx context.Context, code string) (desk.Enterprise, error) {
	if len(code) > maxFind {
		return desk.Enterprise{}, problem.New(http.StatusNotFound, "没有找到这家企业。")
	}
	uscc, err := standard.ParseUSCC(code)
	if err != nil {
		return desk.Enterprise{}, problem.New(http.StatusNotFound, "没有找到这家企业："+err.Error()+"。")
	}
	firm, err := s.Desk.Enterprise(ctx, uscc)
	return firm, s.explain(ctx, err, "这家企业")
}

func (s *Pages) policyPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := s.Desk.Policy(ctx, r.PathValue("id"))
	if err != nil {
		return s.explain(ctx, err, "这项政策")
	}
	v := ui.PolicyView{Page: s.Page(ctx, p.Title, "search"), Policy: p}
	v.Text, _ = clip(strings.TrimSpace(r.URL.Query().Get("q")), maxQuery)
	if v.Text != "" {
		if v.Found, err = s.Reader.Within(ctx, p.ID, v.Text); err != nil {
			return s.explain(ctx, err, "这项政策")
		}
	}
	if v.Related, err = s.Reader.Related(ctx, p.ID, relatedShown); err != nil { // the policy can be read without them
		s.Logger.WarnContext(ctx, "no related policies", "policy", p.ID, "error", err)
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WritePolicy(ctx, b, v) })
}

func (s *Pages) firmsPage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := ui.FirmsView{Page: s.Page(ctx, "按企业看", "firms")}
	v.Find, _ = clip(q.Get("find"), maxFind)
	v.Query, _ = clip(q.Get("q"), maxQuery)
	var err error
	v.Firms, v.More, err = s.Desk.Enterprises(ctx, v.Find, firmsShown)
	if err != nil {
		return s.explain(ctx, err, "企业")
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteFirms(ctx, b, v) })
}

func (s *Pages) firmPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	known, err := s.firm(ctx, r.PathValue("uscc"))
	if err != nil {
		return err
	}
	firm, err := s.Desk.Firm(ctx, known.USCC)
	if err != nil {
		return s.explain(ctx, err, "这家企业的比对结果")
	}
	v := ui.FirmView{Page: s.Page(ctx, firm.Enterprise.Called(), "firms"), Firm: firm}
	if v.Saved, err = s.Shelf.List(ctx, known.USCC); err != nil {
		return s.explain(ctx, err, "这家企业")
	}
	if !s.Who(ctx).Has(caller.DemoVisitor) {
		if v.Dues, err = s.Due(ctx, known.USCC); err != nil {
			return s.explain(ctx, err, "这家企业")
		}
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteFirm(ctx, b, v) })
}

// saveSearch keeps the search that a form holds, and leads back to it.
func (s *Pages) saveSearch(w http.ResponseWriter, r *http.Request) error {
	firm, err := s.firm(r.Context(), r.PathValue("uscc"))
	if err != nil {
		return err
	}
	saved, err := s.Shelf.Save(r.Context(), firm.USCC, r.PostFormValue("text"), r.PostFormValue("filters"))
	if err != nil {
		return s.explain(r.Context(), err, "这家企业")
	}
	http.Redirect(w, r, ui.SearchURL(saved.Ask), http.StatusSeeOther) //nolint:gosec // begins with /, and what was given stands behind ? as values
	return nil
}

// removeSearch drops the search that a form holds, and leads back to the others.
func (s *Pages) removeSearch(w http.ResponseWriter, r *http.Request) error {
	firm, err := s.firm(r.Context(), r.PathValue("uscc"))
	if err != nil {
		return err
	}
	if err := s.Shelf.Forget(r.Context(), firm.USCC, r.PostFormValue("text"), r.PostFormValue("filters")); err != nil {
		return s.explain(r.Context(), err, "这家企业")
	}
	http.Redirect(w, r, ui.SavedURL(firm.USCC), http.StatusSeeOther)
	return nil
}

var decisionID = regexp.MustCompile(`^[1-9][0-9]*-.{1,220}-[0-9A-Z]{18}$`)

// why finds the decision that the address names.
func (s *Pages) why(r *http.Request) (*desk.Why, error) {
	if !decisionID.MatchString(r.PathValue("id")) {
		return nil, problem.New(http.StatusNotFound, "没有找到这条判定。")
	}
	why, err := s.Desk.Why(r.Context(), r.PathValue("id"))
	return why, s.explain(r.Context(), err, "这条判定")
}

func (s *Pages) whyPage(w http.ResponseWriter, r *http.Request) error {
	why, err := s.why(r)
	if err != nil {
		return err
	}
	v := ui.WhyView{Page: s.Page(r.Context(), why.Reasons.ItemTitle+" · "+why.Enterprise.Called(), "firms"), Why: why}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteWhy(ctx, b, v) })
}

// reasons is the part of a decision's page that unfolds in the page of its enterprise.
func (s *Pages) reasons(w http.ResponseWriter, r *http.Request) error {
	why, err := s.why(r)
	if err != nil {
		return err
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteReasons(ctx, b, why) })
}

// Problem says in a page what went wrong, and where to go on.
func (s *Pages) Problem(w http.ResponseWriter, r *http.Request, p *problem.Problem) error {
	v := ui.ProblemView{Page: s.Page(r.Context(), p.Title, ""), Status: p.Status, What: p.Title, Advice: p.Detail}
	if p.NoAddress() {
		v.What, v.Advice = "没有这一页", "地址可能抄错了，或者这一页已经不在了。"
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.write(w, r, p.Status, func(ctx context.Context, b io.Writer) error { return ui.WriteProblem(ctx, b, v) })
}
