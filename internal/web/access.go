package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"

	"github.com/labstack/echo/v4"
)

// Role is what a caller is. There is no signing in yet, so there are two; the roles of firms, departments and finance join
// them here when there is.
type Role uint32

// The roles. A caller has exactly one of these two.
const (
	Visitor     Role = 1 << iota // anybody, without signing in
	DemoVisitor                  // anybody, on a server that holds nothing but samples
)

// Access is the set of roles that may call a route. The empty set is nobody.
type Access Role

// Ways in which routes are open.
const (
	Public = Access(Visitor | DemoVisitor) // policies and what machines ask for
	Sample = Access(DemoVisitor)           // what tells of enterprises: open only while the enterprises are made up
)

// Allows reports whether a caller of the role may call the route.
func (a Access) Allows(r Role) bool { return Role(a)&r != 0 }

// access is who may call which route: method and path as they are registered. It is the only place that says so.
var access = map[string]Access{
	"GET /":                      Public,
	"GET /policies/:id":          Public,
	"GET /enterprises":           Sample,
	"GET /enterprises/:uscc":     Sample,
	"GET /decisions/:id":         Sample,
	"GET /decisions/:id/reasons": Sample,

	"GET /api/v1/search":                    Public, // with an enterprise only for those who may see enterprises
	"GET /api/v1/policies":                  Public,
	"GET /api/v1/policies/:id":              Public,
	"GET /api/v1/items/:id":                 Public,
	"GET /api/v1/enterprises":               Sample,
	"GET /api/v1/enterprises/:uscc/matches": Sample,
	"GET /api/v1/decisions/:id":             Sample,
	"GET /api/v1/sweeps":                    Sample,

	"GET /openapi.json": Public,
	"GET /assets/:file": Public,
	"GET /healthz":      Public,
	"GET /readyz":       Public,
	"GET /metrics":      Public, // counts and times by route; nothing of any caller or enterprise
}

// declared holds the routes against the table, both ways: a route without access, and access without a route.
func declared(e *echo.Echo, table map[string]Access) error {
	var mistakes []error
	there := map[string]bool{}
	for _, r := range e.Routes() {
		key := r.Method + " " + r.Path
		there[key] = true
		if table[key] == 0 {
			mistakes = append(mistakes, fmt.Errorf("route %s has no declared access", key))
		}
	}
	for key := range table {
		if !there[key] {
			mistakes = append(mistakes, fmt.Errorf("access is declared for %s, which is no route", key))
		}
	}
	sort.Slice(mistakes, func(i, j int) bool { return mistakes[i].Error() < mistakes[j].Error() })
	return errors.Join(mistakes...)
}

// role is what the caller of the request with this context is. While nobody signs in it is the same for all.
func (s *Server) role(context.Context) Role {
	if s.cfg.Demo {
		return DemoVisitor
	}
	return Visitor
}

// permit refuses callers that the table doesn't allow. What isn't a route at all goes on to 404 and 405.
func (s *Server) permit(table map[string]Access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			a, ok := table[c.Request().Method+" "+c.Path()]
			if ok && !a.Allows(s.role(c.Request().Context())) {
				return closed()
			}
			return next(c)
		}
	}
}

// closed answers a caller who would have to sign in.
func closed() error {
	return problem(http.StatusUnauthorized, "企业的比对结果要登录后才能看。本版本还没有登录，只在演示方式下开放编造的示例企业。")
}
