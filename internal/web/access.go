package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"

	"github.com/labstack/echo/v4"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/problem"
)

// Role is what a caller is. The server has no signing in of its own yet; the roles of firms, departments and finance join these
// when it has.
type Role uint32

// The roles. A caller has exactly one of them.
const (
	Visitor     Role = 1 << iota // anybody, without signing in
	DemoVisitor                  // anybody, on a server that holds nothing but samples
	Official                     // somebody whom Config.Callers knows as one; without it there are none
)

// Caller is who sends a request.
type Caller struct {
	Name string // as it is kept with what the caller orders; never empty for an official
	Role Role
}

// Access is the set of roles that may call a route. The empty set is nobody.
type Access Role

// Ways in which routes are open.
const (
	Public  = Access(Visitor | DemoVisitor | Official) // policies and what machines ask for
	Inside  = Access(DemoVisitor | Official)           // what tells of enterprises and data: open to all only while they are made up
	Working = Access(Official)                         // what changes anything: closed on a server of samples too
)

// Allows reports whether a caller of the role may call the route.
func (a Access) Allows(r Role) bool { return Role(a)&r != 0 }

// access is who may call which route: method and path as they are registered. It is the only place that says so.
var access = map[string]Access{
	"GET /":                       Public,
	"GET /policies/:id":           Public,
	"GET /enterprises":            Inside,
	"GET /enterprises/:uscc":      Inside,
	"GET /decisions/:id":          Inside,
	"GET /decisions/:id/reasons":  Inside,
	"GET /deliveries":             Inside,
	"GET /deliveries/:id":         Inside,
	"GET /sweeps":                 Inside,
	"GET /sweeps/:id":             Inside,
	"GET /sweeps/:id/differences": Inside,
	"GET /readiness":              Inside,
	"GET /gaps":                   Inside,
	"GET /simulation":             Inside,

	// What an enterprise saves is its own: who may see its matches may keep its searches.
	"POST /enterprises/:uscc/searches":          Inside,
	"POST /enterprises/:uscc/searches/remove":   Inside,
	"GET /api/v1/enterprises/:uscc/searches":    Inside,
	"POST /api/v1/enterprises/:uscc/searches":   Inside,
	"DELETE /api/v1/enterprises/:uscc/searches": Inside,

	"GET /api/v1/search":                    Public, // with an enterprise only for those who may see enterprises
	"GET /api/v1/suggest":                   Public,
	"GET /api/v1/policies":                  Public,
	"GET /api/v1/policies/:id":              Public,
	"GET /api/v1/items/:id":                 Public,
	"GET /api/v1/enterprises":               Inside,
	"GET /api/v1/enterprises/:uscc/matches": Inside,
	"GET /api/v1/decisions/:id":             Inside,
	"GET /api/v1/deliveries":                Inside,
	"GET /api/v1/deliveries/:id":            Inside,
	"POST /api/v1/deliveries":               Working,
	"POST /api/v1/deliveries/:id/standing":  Working,
	"POST /api/v1/uploads":                  Working,
	"GET /api/v1/uploads/:id":               Working,
	"PATCH /api/v1/uploads/:id":             Working,
	"GET /api/v1/sweeps":                    Inside,
	"GET /api/v1/sweeps/:id":                Inside,
	"GET /api/v1/sweeps/:id/differences":    Inside,
	"POST /api/v1/sweeps/:id/release":       Working,
	"POST /api/v1/simulations":              Inside, // computes, changes nothing
	"GET /api/v1/reports/readiness":         Inside,
	"GET /api/v1/reports/gaps":              Inside,

	"GET /openapi.json": Public,
	"GET /assets/:file": Public,
	"GET /healthz":      Public,
	"GET /readyz":       Public,
	"GET /metrics":      Public, // counts and times by route; nothing of any caller or enterprise
}

// whoMay says for the description who may call a route, whose path is written as OpenAPI does.
func whoMay(method, path string) string {
	switch access[method+" "+echoPath(path)] {
	case Public:
		return "不用登录。"
	case Inside:
		return "登录后可以调用；演示方式下向所有人开放，因为企业和数据都是编造的。"
	}
	return "登录后可以调用；演示方式下也不开放，因为它改动数据。"
}

// echoPath writes /a/{id} as the router does: /a/:id.
func echoPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

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

type callerKey struct{}

// identify finds out who sends a request, once for all that follows.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		caller := s.anybody()
		if s.cfg.Callers != nil {
			if known, ok := s.cfg.Callers(c.Request()); ok {
				caller = known
			}
		}
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), callerKey{}, caller)))
		return next(c)
	}
}

// anybody is a caller of whom nothing is known.
func (s *Server) anybody() Caller {
	if s.cfg.Demo {
		return Caller{Role: DemoVisitor}
	}
	return Caller{Role: Visitor}
}

// caller is who sent the request with this context.
func (s *Server) caller(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	return s.anybody()
}

// sees tells whether the caller may see enterprises, and so what an item means for one.
func (s *Server) sees(ctx context.Context) bool { return Inside.Allows(s.caller(ctx).Role) }

// act is the order of a caller.
func (s *Server) act(ctx context.Context) bureau.Act {
	return bureau.Act{By: s.caller(ctx).Name, At: s.cfg.Clock()}
}

// permit refuses callers that the table doesn't allow. What isn't a route at all goes on to 404 and 405.
func (s *Server) permit(table map[string]Access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			a, ok := table[c.Request().Method+" "+c.Path()]
			role := s.caller(c.Request().Context()).Role
			switch {
			case !ok || a.Allows(role):
				return next(c)
			case role == DemoVisitor:
				return problem.New(http.StatusForbidden, "演示服务器上的数据只看不改。")
			}
			return problem.Closed()
		}
	}
}
