package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"mianshen/internal/web/desk"
	"mianshen/internal/web/ui"
	"mianshen/rules/standard"
)

// Caps on what pages take.
const (
	pageSize   = 10
	maxPage    = 1000
	maxQuery   = 200 // characters of a search
	maxFilters = 10  // values of one filter
	maxFind    = 100 // characters of the search for an enterprise
	firmsShown = 50
)

func (s *Server) pages(e *echo.Echo) {
	e.GET("/", s.searchPage)
	e.GET("/policies/:id", s.policyPage)
	e.GET("/enterprises", s.firmsPage)
	e.GET("/enterprises/:uscc", s.firmPage)
	e.GET("/decisions/:id", s.whyPage)
	e.GET("/decisions/:id/reasons", s.reasons)
}

// page begins a page. Where there was no comparison yet it has no day.
func (s *Server) page(ctx context.Context, title, place string) ui.Page {
	p := ui.Page{Title: title, Place: place, Demo: s.cfg.Demo, Picks: s.seesFirms(ctx)}
	if day, err := s.desk.AsOf(ctx); err == nil {
		p.AsOf = day
	}
	return p
}

// seesFirms tells whether the caller may see enterprises, and so what an item means for one.
func (s *Server) seesFirms(ctx context.Context) bool {
	return access["GET /enterprises/:uscc"].Allows(s.role(ctx))
}

// write sends a page once it is complete, so that an error in the middle never shows half of one.
func (s *Server) write(c echo.Context, status int, draw func(context.Context, io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(c.Request().Context(), &b); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.HTMLBlob(status, b.Bytes())
}

func (s *Server) searchPage(c echo.Context) error {
	ctx := c.Request().Context()
	ask, pageNo, cut := asked(c)
	v := ui.SearchView{Page: s.page(ctx, "找政策", "search"), Ask: ask, PageNo: pageNo, Cut: cut}
	if ask.Text != "" {
		v.Title = ask.Text + " · 找政策"
	}
	if ask.Enterprise != "" {
		if !s.seesFirms(ctx) {
			return closed()
		}
		firm, err := s.firm(ctx, ask.Enterprise)
		if err != nil {
			return err
		}
		v.Firm, v.Ask.Enterprise = &firm, firm.USCC
	}
	var err error
	v.Answer, err = s.desk.Search(ctx, v.Ask)
	if err == nil {
		v.Policies, v.Items, v.Auto, err = s.desk.Totals(ctx)
	}
	if err == nil && s.cfg.Demo && v.Firm == nil {
		v.Samples, err = s.desk.Samples(ctx, 3)
	}
	if err != nil {
		var p *Problem
		if !errors.As(s.explain(ctx, err, "这家企业"), &p) || p.Status != http.StatusServiceUnavailable {
			return p
		}
		v.Notice = p.Detail
		return s.write(c, p.Status, func(ctx context.Context, w io.Writer) error { return ui.WriteSearch(ctx, w, v) })
	}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WriteSearch(ctx, w, v) })
}

// asked reads a search from an address. A page is lenient: what is too long is cut, what makes no sense is left out.
func asked(c echo.Context) (ask desk.Ask, pageNo int, cut bool) {
	ask = desk.Ask{Enterprise: c.QueryParam("enterprise"), Limit: pageSize, InForce: c.QueryParam("in_force") == "true"}
	ask.Text, cut = clip(c.QueryParam("q"), maxQuery)
	for name, into := range map[string]*[]string{"department": &ask.Departments, "kind": &ask.Kinds, "mode": &ask.Modes, "field": &ask.Fields} {
		for _, value := range c.QueryParams()[name] {
			if short, long := clip(value, 50); short != "" && !long && len(*into) < maxFilters {
				*into = append(*into, short)
			}
		}
	}
	pageNo, err := strconv.Atoi(c.QueryParam("page"))
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
func (s *Server) firm(ctx context.Context, code string) (desk.Enterprise, error) {
	if len(code) > maxFind {
		return desk.Enterprise{}, problem(http.StatusNotFound, "没有找到这家企业。")
	}
	uscc, err := standard.ParseUSCC(code)
	if err != nil {
		return desk.Enterprise{}, problem(http.StatusNotFound, "没有找到这家企业："+err.Error()+"。")
	}
	firm, err := s.desk.Enterprise(ctx, uscc)
	return firm, s.explain(ctx, err, "这家企业")
}

func (s *Server) policyPage(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.desk.Policy(ctx, c.Param("id"))
	if err != nil {
		return s.explain(ctx, err, "这项政策")
	}
	v := ui.PolicyView{Page: s.page(ctx, p.Title, "search"), Policy: p}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WritePolicy(ctx, w, v) })
}

func (s *Server) firmsPage(c echo.Context) error {
	ctx := c.Request().Context()
	v := ui.FirmsView{Page: s.page(ctx, "按企业看", "firms")}
	v.Find, _ = clip(c.QueryParam("find"), maxFind)
	v.Query, _ = clip(c.QueryParam("q"), maxQuery)
	var err error
	v.Firms, v.More, err = s.desk.Enterprises(ctx, v.Find, firmsShown)
	if err != nil {
		return s.explain(ctx, err, "企业")
	}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WriteFirms(ctx, w, v) })
}

func (s *Server) firmPage(c echo.Context) error {
	ctx := c.Request().Context()
	known, err := s.firm(ctx, c.Param("uscc"))
	if err != nil {
		return err
	}
	firm, err := s.desk.Firm(ctx, known.USCC)
	if err != nil {
		return s.explain(ctx, err, "这家企业的比对结果")
	}
	v := ui.FirmView{Page: s.page(ctx, firm.Enterprise.Called(), "firms"), Firm: firm}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WriteFirm(ctx, w, v) })
}

var decisionID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// why finds the decision that the address names.
func (s *Server) why(c echo.Context) (*desk.Why, error) {
	if !decisionID.MatchString(c.Param("id")) {
		return nil, problem(http.StatusNotFound, "没有找到这条判定。")
	}
	why, err := s.desk.Why(c.Request().Context(), c.Param("id"))
	return why, s.explain(c.Request().Context(), err, "这条判定")
}

func (s *Server) whyPage(c echo.Context) error {
	why, err := s.why(c)
	if err != nil {
		return err
	}
	v := ui.WhyView{Page: s.page(c.Request().Context(), why.Reasons.ItemTitle+" · "+why.Enterprise.Called(), "firms"), Why: why}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WriteWhy(ctx, w, v) })
}

// reasons is the part of a decision's page that unfolds in the page of its enterprise.
func (s *Server) reasons(c echo.Context) error {
	why, err := s.why(c)
	if err != nil {
		return err
	}
	return s.write(c, http.StatusOK, func(ctx context.Context, w io.Writer) error { return ui.WriteReasons(ctx, w, why) })
}

// problemPage says in a page what went wrong, and where to go on.
func (s *Server) problemPage(c echo.Context, p *Problem) error {
	v := ui.ProblemView{Page: s.page(c.Request().Context(), p.Title, ""), Status: p.Status, What: p.Title, Advice: p.Detail}
	if p.Status == http.StatusNotFound && p.Detail == details[http.StatusNotFound] {
		v.What, v.Advice = "没有这一页", "地址可能抄错了，或者这一页已经不在了。"
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return s.write(c, p.Status, func(ctx context.Context, w io.Writer) error { return ui.WriteProblem(ctx, w, v) })
}
