package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"mianshen/internal/persons"
	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/problem"
	"mianshen/rules/standard"
)

type callerKey struct{}

// identify finds out who sends a request, once for all that follows: by the token it brings, else by its cookie. A token
// that is nobody's is an error, a cookie that is isn't: sessions end.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		who := s.anybody()
		id, err := s.identity(r)
		switch {
		case errors.Is(err, persons.ErrNobody):
			return problem.New(http.StatusUnauthorized, "这个令牌不对、过期了，或者已经撤销。请用本人页面上新建的令牌，写成 Authorization: Bearer 令牌。")
		case err != nil:
			return err
		case id != nil:
			who = caller.Of(id)
			c.Response().Header().Set("Cache-Control", "no-store")
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
		return next(c)
	}
}

func (s *Server) identity(r *http.Request) (*persons.Identity, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		token, ok := strings.CutPrefix(header, "Bearer ")
		if !ok {
			return nil, persons.ErrNobody
		}
		return s.cfg.Persons.Bearer(r.Context(), token, s.cfg.Clock())
	}
	id, err := s.door.Session(r)
	if errors.Is(err, persons.ErrNobody) {
		return nil, nil
	}
	return id, err
}

// anybody is a caller of whom nothing is known.
func (s *Server) anybody() caller.Caller {
	if s.cfg.Demo {
		return caller.Caller{Roles: caller.DemoVisitor}
	}
	return caller.Caller{Roles: caller.Visitor}
}

// caller is who sent the request with this context.
func (s *Server) caller(ctx context.Context) caller.Caller {
	if c, ok := ctx.Value(callerKey{}).(caller.Caller); ok {
		return c
	}
	return s.anybody()
}

// act is the order of a caller.
func (s *Server) act(ctx context.Context) bureau.Act {
	return bureau.Act{By: s.caller(ctx).Name(), At: s.cfg.Clock()}
}

// permit refuses callers that the table doesn't allow. What isn't a route at all goes on to 404 and 405.
func (s *Server) permit(table map[string]Access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			a, ok := table[c.Request().Method+" "+c.Path()]
			if !ok {
				return next(c)
			}
			who := s.caller(c.Request().Context())
			if err := permitted(a, who, c.Request().Method); err != nil {
				return s.turn(c, a, who, err)
			}
			if err := s.owned(c, a, who); err != nil {
				return err
			}
			if a.StepUp && !who.Identity.StepUp {
				return s.turn(c, a, who, problem.New(http.StatusForbidden, "这一步要先再验证一次密码和动态验证码，五分钟内有效。"))
			}
			return next(c)
		}
	}
}

// permitted says whether the caller's roles, or its token, may call a route at all; nil: they may.
func permitted(a Access, who caller.Caller, method string) error {
	switch {
	case who.Identity != nil && who.Identity.Scopes != nil && !inScope(a, who.Identity.Scopes):
		return problem.New(http.StatusForbidden, "这个令牌没有这里要的权限。请在本人页面上新建一个有相应权限的令牌；页面和要再验证的操作不接受令牌。")
	case who.Has(a.Roles):
		return nil
	case who.Has(caller.Visitor):
		return problem.Closed()
	case who.Has(caller.DemoVisitor) && method == http.MethodGet:
		return problem.New(http.StatusUnauthorized, "这里要先选一位演示人物。")
	case who.Has(caller.DemoVisitor):
		return problem.New(http.StatusForbidden, "演示服务器上的数据不登录只看不改。要动手，先选一位演示人物。")
	case who.Has(caller.Newcomer):
		return problem.New(http.StatusForbidden, "请先设好自己的密码、绑定动态验证码。")
	}
	return problem.New(http.StatusForbidden, "您的角色不能做这件事。需要的话请找系统管理员提角色。")
}

func inScope(a Access, scopes []string) bool {
	for _, s := range scopes {
		if s == a.Scope && !a.StepUp {
			return true
		}
	}
	return false
}

// turn sends who came for a page to where he can get what he lacks, and answers others with why not.
func (s *Server) turn(c echo.Context, a Access, who caller.Caller, why error) error {
	r := c.Request()
	switch {
	case forProgram(r):
		return why
	case who.Has(caller.Newcomer) && r.Method == http.MethodGet:
		return c.Redirect(http.StatusSeeOther, "/enrol")
	case who.Has(a.Roles) && a.StepUp && who.Identity.Session != "":
		place, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		return c.Redirect(http.StatusSeeOther, "/stepup?to=/"+place)
	}
	return why
}

// owned refuses what is another's, as if it weren't there.
func (s *Server) owned(c echo.Context, a Access, who caller.Caller) error {
	r := c.Request()
	switch a.Own {
	case OfEnterprise:
		code, err := standard.ParseUSCC(c.Param("uscc"))
		if err == nil && !who.Sees(code) {
			return problem.New(http.StatusNotFound, "没有找到这家企业。")
		}
	case OfDecision:
		id := c.Param("id")
		if !who.SeesAll() && !who.Owns(id[strings.LastIndexByte(id, '-')+1:]) {
			return problem.New(http.StatusNotFound, "没有找到这条判定。")
		}
	case OfDepartment:
		source := r.URL.Query().Get("source")
		if !who.Has(caller.SV) && source != "" && !who.For(caller.D1, source) {
			return problem.New(http.StatusForbidden, "只能送自己部门的数据。")
		}
	case OfList:
		return s.money.MaySee(r.Context(), who, c.Param("id"))
	case OfDelivery:
		d, err := s.cfg.Office.Store.Delivery(r.Context(), c.Param("id"))
		if err == nil && !who.For(caller.D2, d.Source) {
			err = store.ErrNotFound
		}
		return s.explain(r.Context(), err, "这批数据")
	}
	return nil
}
