package web

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/labstack/echo/v4"

	"mianshen/internal/persons"
	"mianshen/internal/web/caller"
)

// Ownership is whose things a route gives to those who don't see all: E1 and E2 only what is of their own enterprise, D1 and D2,
// where it says so, only what is of their own department. What is another's is answered like what isn't there.
type Ownership int

// Kinds of ownership, by where a request says what it is about.
const (
	Everything   Ownership = iota
	OfEnterprise           // :uscc is the enterprise
	OfDecision             // :id ends with it
	OfDepartment           // the query's source is the department
	OfDelivery             // :id is a delivery, whose source it is
	OfList                 // :id is a list, whose department it is; finance and audit read all
)

// Access is who may call a route. No roles is nobody.
type Access struct {
	Roles  caller.Roles
	Own    Ownership
	StepUp bool   // password and code shown again within five minutes; over HTTP never by token
	Scope  string // of the tokens that may call it; "" takes no token
}

// Ways in which routes are open.
var (
	public  = Access{Roles: caller.Anybody, Scope: persons.ScopeRead}                           // policies and what machines ask for
	inside  = Access{Roles: caller.DemoVisitor | caller.Business, Scope: persons.ScopeRead}     // tells of enterprises and data: open to all only while they are made up
	firm    = Access{inside.Roles | caller.Firms, OfEnterprise, false, persons.ScopeRead}       // to the enterprise itself too
	verdict = Access{inside.Roles | caller.Firms, OfDecision, false, persons.ScopeRead}         //
	saving  = Access{caller.DemoVisitor | caller.Firms, OfEnterprise, false, persons.ScopeWork} // what an enterprise saves is its own
	upload  = Access{caller.D1 | caller.SV, Everything, false, persons.ScopeIntake}             // hands in data
	handing = Access{caller.D1 | caller.SV, OfDepartment, false, persons.ScopeIntake}           //
	decides = Access{caller.D2, OfDelivery, false, persons.ScopeWork}                           // says whether they count
	release = Access{caller.D2, Everything, false, persons.ScopeWork}                           //
	signing = Access{Roles: caller.Anybody}                                                     // signing in
	mine    = Access{Roles: caller.Person}                                                      // one's own sessions and tokens
	proven  = Access{Roles: caller.Person, StepUp: true}                                        //
	roster  = Access{Roles: caller.SA | caller.SE | caller.AU}                                  // who has which role
	prepare = Access{Roles: caller.SA, StepUp: true}                                            // proposes
	confirm = Access{Roles: caller.SE, StepUp: true}                                            // confirms
	curtail = Access{Roles: caller.SA | caller.SE, StepUp: true}                                // takes away

	books     = Access{Roles: caller.Business, Scope: persons.ScopeRead}                                            // tells of lists and money; what is of one department is asked again within
	ofList    = Access{caller.Business, OfList, false, persons.ScopeRead}                                           //
	stepping  = Access{caller.D1 | caller.D2 | caller.F1 | caller.F2 | caller.F3, OfList, false, persons.ScopeWork} //
	drafting  = Access{Roles: caller.D1, Scope: persons.ScopeWork}                                                  //
	asking    = Access{caller.D1, OfList, false, persons.ScopeWork}                                                 //
	approves  = Access{caller.F3, OfList, true, ""}                                                                 // on the content that was seen, by a person
	cash      = Access{Roles: caller.F1 | caller.F2 | caller.F3 | caller.AU, Scope: persons.ScopeRead}              // all payments
	pays      = Access{Roles: caller.F1, Scope: persons.ScopeWork}                                                  //
	checks    = Access{Roles: caller.F2, Scope: persons.ScopeWork}                                                  //
	allots    = Access{Roles: caller.F3, StepUp: true}                                                              //
	payees    = Access{Roles: caller.D1 | caller.F1 | caller.F2 | caller.F3 | caller.AU, Scope: persons.ScopeRead}  // accounts, masked
	recording = Access{Roles: caller.D1 | caller.F1, Scope: persons.ScopeWork}                                      //
	retiring  = Access{Roles: caller.F1 | caller.F2, Scope: persons.ScopeWork}                                      //
	bank      = Access{Roles: caller.F1 | caller.SV, Scope: persons.ScopeWork}                                      // brings receipts
	answers   = Access{caller.Firms, OfEnterprise, false, persons.ScopeWork}                                        // a firm's word on its own entry
	letters   = Access{Roles: caller.Firms, Scope: persons.ScopeRead}                                               // what a firm is told, and supplies itself
	replies   = Access{Roles: caller.Firms, Scope: persons.ScopeWork}                                               //
	mailed    = Access{caller.Firms, OfEnterprise, false, persons.ScopeRead}                                        //
	chosen    = Access{caller.Firms, OfEnterprise, false, persons.ScopeWork}                                        //
	vouches   = Access{Roles: caller.D1 | caller.D2}                                                                // answers what firms supply
	minding   = Access{Roles: caller.SA}                                                                            // decides what becomes of messages
)

// access is who may call which route: method and path as they are registered. It is the only place that says so.
var access = map[string]Access{
	"GET /":                       public,
	"GET /policies/:id":           public,
	"GET /enterprises":            inside,
	"GET /enterprises/:uscc":      firm,
	"GET /decisions/:id":          verdict,
	"GET /decisions/:id/reasons":  verdict,
	"GET /deliveries":             inside,
	"GET /deliveries/:id":         inside,
	"GET /sweeps":                 inside,
	"GET /sweeps/:id":             inside,
	"GET /sweeps/:id/differences": inside,
	"GET /readiness":              inside,
	"GET /gaps":                   inside,
	"GET /simulation":             inside,

	"POST /enterprises/:uscc/searches":          saving,
	"POST /enterprises/:uscc/searches/remove":   saving,
	"GET /api/v1/enterprises/:uscc/searches":    firm,
	"POST /api/v1/enterprises/:uscc/searches":   saving,
	"DELETE /api/v1/enterprises/:uscc/searches": saving,

	"GET /api/v1/search":                    public, // with an enterprise only for those who may see it
	"GET /api/v1/suggest":                   public,
	"GET /api/v1/policies":                  public,
	"GET /api/v1/policies/:id":              public,
	"GET /api/v1/items/:id":                 public,
	"GET /api/v1/enterprises":               inside,
	"GET /api/v1/enterprises/:uscc/matches": firm,
	"GET /api/v1/decisions/:id":             verdict,
	"GET /api/v1/deliveries":                inside,
	"GET /api/v1/deliveries/:id":            inside,
	"POST /api/v1/deliveries":               handing,
	"POST /api/v1/deliveries/:id/standing":  decides,
	"POST /api/v1/uploads":                  upload,
	"GET /api/v1/uploads/:id":               upload,
	"PATCH /api/v1/uploads/:id":             upload,
	"GET /api/v1/sweeps":                    inside,
	"GET /api/v1/sweeps/:id":                inside,
	"GET /api/v1/sweeps/:id/differences":    inside,
	"POST /api/v1/sweeps/:id/release":       release,
	"POST /api/v1/simulations":              inside, // computes, changes nothing
	"GET /api/v1/reports/readiness":         inside,
	"GET /api/v1/reports/gaps":              inside,

	"GET /signin":               signing,
	"POST /signin":              signing,
	"GET /signin/oidc":          signing,
	"GET /signin/oidc/callback": signing,
	"GET /first":                signing,
	"POST /first":               signing,
	"GET /demo":                 signing,
	"POST /demo":                signing,
	"POST /signout":             {Roles: caller.Newcomer | caller.Person},
	"GET /enrol":                {Roles: caller.Newcomer},
	"POST /enrol":               {Roles: caller.Newcomer},
	"GET /stepup":               mine,
	"POST /stepup":              mine,
	"GET /me":                   mine,
	"POST /me/password":         proven,
	"POST /me/sessions/end":     mine,
	"POST /me/tokens":           proven,
	"POST /me/tokens/revoke":    mine,

	"GET /persons":                  roster,
	"POST /persons":                 prepare,
	"POST /persons/disable":         curtail,
	"POST /persons/accounts":        prepare,
	"POST /persons/accounts/reset":  prepare,
	"POST /persons/accounts/enable": confirm,
	"POST /persons/roles":           prepare,
	"POST /persons/roles/confirm":   confirm,
	"POST /persons/roles/revoke":    curtail,

	"GET /lists":                         books,
	"GET /lists/draft":                   drafting,
	"POST /lists":                        drafting,
	"GET /lists/steps":                   books,
	"GET /lists/:id":                     ofList,
	"POST /lists/:id/steps":              stepping,
	"POST /lists/:id/approve":            approves,
	"POST /lists/:id/ask":                asking,
	"GET /lists/:id/recheck":             ofList,
	"POST /lists/:id/recheck":            stepping,
	"GET /lists/:id/entries/:n":          ofList,
	"POST /lists/:id/entries/:n":         stepping,
	"POST /lists/:id/objections":         stepping,
	"POST /lists/:id/objections/answers": stepping,
	"POST /lists/:id/papers":             stepping,
	"GET /lists/:id/papers/:n":           ofList,
	"GET /notices":                       public,
	"GET /lists/:id/notice":              public, // what is to be paid to whom, with nothing that the public has no right to
	"GET /lists/:id/notice/:file":        public,
	"POST /enterprises/:uscc/answers":    answers,

	"GET /payments":                cash,
	"GET /payments/:id":            cash,
	"POST /payments/:id/files":     pays,
	"POST /payments/:id/unknown":   checks,
	"POST /payments/:id/answers":   pays,
	"POST /payments/receipts":      pays,
	"POST /payments/doubts":        checks,
	"GET /reconciliation":          cash,
	"POST /reconciliation":         cash,
	"GET /budget":                  books,
	"POST /budget":                 pays,
	"GET /budget/:id":              books,
	"POST /budget/:id/approve":     allots,
	"POST /budget/:id/allot":       allots,
	"POST /budget/:id/carry":       allots,
	"GET /accounts":                payees,
	"POST /accounts":               recording,
	"POST /accounts/:id/verify":    {Roles: caller.F2, StepUp: true},
	"POST /accounts/:id/retire":    retiring,
	"POST /accounts/:id/unmask":    {Roles: caller.F1 | caller.F2 | caller.AU, StepUp: true},
	"GET /findings":                books,
	"POST /findings":               drafting,
	"POST /findings/import":        drafting,
	"POST /findings/answers":       release,
	"GET /recoveries":              books,
	"POST /recoveries":             drafting,
	"POST /recoveries/:id/approve": allots,
	"POST /recoveries/:id/receive": pays,
	"GET /report":                  books,
	"GET /lock":                    {Roles: caller.F1 | caller.F2 | caller.F3 | caller.AU | caller.SA | caller.SE},
	"POST /lock":                   {Roles: caller.F1 | caller.F2 | caller.F3 | caller.SA | caller.SE},
	"POST /lock/ask":               {Roles: caller.F2},
	"POST /lock/open":              allots,

	"GET /api/v1/lists":                            books,
	"POST /api/v1/lists":                           drafting,
	"GET /api/v1/lists/:id":                        ofList,
	"POST /api/v1/lists/:id/steps":                 stepping,
	"GET /api/v1/lists/:id/entries":                ofList,
	"GET /api/v1/lists/:id/objections":             ofList,
	"POST /api/v1/lists/:id/objections":            stepping,
	"POST /api/v1/lists/:id/objections/:objection": stepping,
	"GET /api/v1/payments":                         books,
	"POST /api/v1/payments/unknown":                checks,
	"POST /api/v1/payments/:id/answers":            pays,
	"GET /api/v1/reconciliation":                   cash,
	"POST /api/v1/reconciliation":                  cash, // computes, changes nothing
	"GET /api/v1/reconciliation/lines":             cash,
	"POST /api/v1/receipts/:id/resolution":         checks,
	"GET /api/v1/receipts":                         cash,
	"POST /api/v1/receipts":                        bank,
	"GET /api/v1/notices":                          public,
	"GET /api/v1/reports/disbursement":             books,

	"GET /api/v1/budget":                         books,
	"POST /api/v1/budget":                        pays,
	"GET /api/v1/budget/:id":                     books,
	"GET /api/v1/budget/:id/postings":            books,
	"GET /api/v1/accounts":                       payees,
	"POST /api/v1/accounts":                      recording,
	"POST /api/v1/accounts/:id/retire":           retiring,
	"GET /api/v1/findings":                       books,
	"POST /api/v1/findings":                      drafting,
	"POST /api/v1/findings/import":               drafting,
	"POST /api/v1/findings/:id/answer":           release,
	"GET /api/v1/recoveries":                     books,
	"POST /api/v1/recoveries":                    drafting,
	"POST /api/v1/recoveries/:id/receipts":       pays,
	"GET /api/v1/granted/files":                  books,
	"POST /api/v1/granted/files":                 drafting,
	"GET /api/v1/granted/files/:id/grants":       books,
	"POST /api/v1/granted/files/:id/answer":      release,
	"GET /api/v1/granted/statements":             books,
	"POST /api/v1/granted/statements":            drafting,
	"POST /api/v1/granted/statements/:id/answer": release,
	"POST /api/v1/granted/statements/:id/end":    {Roles: caller.D1 | caller.D2, Scope: persons.ScopeWork},
	"GET /api/v1/choices":                        books,
	"GET /api/v1/enterprises/:uscc/choices":      {caller.Business | caller.Firms, OfEnterprise, false, persons.ScopeRead},
	"POST /api/v1/enterprises/:uscc/choices":     {caller.D1 | caller.Firms, OfEnterprise, false, persons.ScopeWork}, // a department writes down what a firm told it
	"GET /api/v1/lock":                           {Roles: caller.F1 | caller.F2 | caller.F3 | caller.AU | caller.SA | caller.SE, Scope: persons.ScopeRead},

	"GET /inbox":                      letters,
	"GET /inbox/live":                 letters,
	"POST /inbox/acted":               replies,
	"POST /inbox/seen":                replies,
	"POST /inbox/unseen":              replies,
	"GET /inbox/settings":             letters,
	"POST /inbox/settings":            replies,
	"POST /inbox/contacts":            {Roles: caller.Firms},
	"POST /inbox/contacts/code":       {Roles: caller.Firms},
	"POST /inbox/contacts/verify":     {Roles: caller.Firms},
	"POST /inbox/contacts/stop":       replies,
	"POST /inbox/contacts/resume":     replies,
	"POST /inbox/feeds":               {Roles: caller.Firms},
	"POST /inbox/feeds/end":           replies,
	"GET /policies.atom":              public,
	"GET /feeds/:token/calendar.ics":  signing, // whoever has the address, which is a secret
	"GET /feeds/:token/policies.atom": signing,
	"GET /stop/:token":                signing, // whoever has the link of a message
	"POST /stop/:token":               signing,
	"POST /stop/:token/undo":          signing,
	"GET /facts":                      letters,
	"POST /facts":                     {Roles: caller.Firms},
	"GET /facts/:id/proof":            {Roles: caller.Firms | caller.D1 | caller.D2 | caller.AU},
	"GET /facts/answers":              vouches,
	"POST /facts/answers":             vouches,
	"GET /jobs":                       {Roles: caller.SA | caller.AU},
	"GET /report/messages":            {Roles: caller.Business | caller.SA, Scope: persons.ScopeRead},
	"POST /report/messages/retry":     minding,
	"POST /report/messages/confirm":   minding,

	"GET /api/v1/enterprises/:uscc/inbox":          mailed,
	"POST /api/v1/enterprises/:uscc/inbox":         chosen,
	"GET /api/v1/enterprises/:uscc/subscriptions":  mailed,
	"POST /api/v1/enterprises/:uscc/subscriptions": chosen,

	"GET /openapi.json": public,
	"GET /assets/:file": public,
	"GET /healthz":      public,
	"GET /readyz":       public,
	"GET /metrics":      public, // counts and times by route; nothing of any caller or enterprise
}

// guessing are the routes at which secrets can be guessed: a source may try them only so often.
var guessing = map[string]bool{
	"POST /signin": true, "POST /first": true, "POST /enrol": true, "POST /stepup": true, "GET /signin/oidc/callback": true, "POST /demo": true,
	"POST /inbox/contacts/verify": true, "POST /inbox/contacts/code": true, "POST /inbox/contacts": true,
}

// whoMay says for the description who may call a route, whose path is written as OpenAPI does.
func whoMay(method, path string) string {
	a := access[method+" "+echoPath(path)]
	if a.Roles&caller.Visitor != 0 {
		return "不用登录。"
	}
	var names []string
	for _, n := range caller.Names {
		if a.Roles&n.Role != 0 && n.Role > caller.Person {
			names = append(names, n.Name)
		}
	}
	text := "角色：" + strings.Join(names, "、") + "；令牌要有 " + a.Scope + " 权限。"
	if a.Own != Everything && a.Roles&caller.Firms != 0 {
		text += "企业的角色只能看自己的企业。"
	}
	if a.Own == OfList {
		text += "部门的角色只能办自己部门的名单。"
	}
	if a.Own == OfDepartment || a.Own == OfDelivery {
		text += "部门的角色只能办自己部门的数据。"
	}
	if a.Roles&caller.DemoVisitor != 0 {
		return text + "演示方式下向所有人开放，因为企业和数据都是编造的。"
	}
	return text + "演示方式下不登录也不开放，因为它改动数据。"
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
		if table[key].Roles == 0 {
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
