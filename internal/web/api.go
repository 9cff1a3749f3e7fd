package web

import (
	"context"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/receive"
	"mianshen/internal/web/strict"
	"mianshen/rules/standard"
)

// api adds the typed operations and the description that is generated from their types.
func (s *Server) api(e *echo.Echo) error {
	speakChinese()
	config := huma.DefaultConfig("免申 mianshen", s.cfg.Version)
	config.Info.Description = "惠企政策的检索、比对和判定理由，数据的接收，条款的试算。金额是以元为单位的字符串，两位小数；日期是上海的日历日。错误是 RFC 9457 的 problem+json。" +
		"改动数据的 POST 要登录；可带 Idempotency-Key：同一个人在同一地址用同一个键重发，一天内答复同前，不会再做一次；键相同内容不同的退回 422。"
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: strict.Unmarshal}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format} // json: what ends in +json
	config.DefaultFormat = "application/json"
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.RejectUnknownQueryParameters = true
	api := humaecho.New(e, config)

	s.searches(api)
	s.finances(e, api)
	s.funds(api)
	s.letters(api)
	reads(s, api, "list-policies", "/api/v1/policies", "已发布的政策", "政策", s.apiPolicies)
	reads(s, api, "get-policy", "/api/v1/policies/{id}", "一项政策", "这项政策", s.apiPolicy)
	reads(s, api, "get-item", "/api/v1/items/{id}", "一个事项", "这个事项", s.apiItem)
	reads(s, api, "find-enterprises", "/api/v1/enterprises", "找企业", "企业", s.apiEnterprises)
	reads(s, api, "get-matches", "/api/v1/enterprises/{uscc}/matches", "一家企业的比对结果", "这家企业", s.apiMatches)
	reads(s, api, "get-decision", "/api/v1/decisions/{id}", "一条判定的完整理由", "这条判定", s.apiDecision)

	reads(s, api, "list-deliveries", "/api/v1/deliveries", "收到的数据", "数据", s.bureau.Deliveries)
	reads(s, api, "get-delivery", "/api/v1/deliveries/{id}", "一批数据", "这批数据", s.bureau.Delivery)
	orders(s, api, "set-standing", "/api/v1/deliveries/{id}/standing", "采用、隔离或撤回一批数据", "这批数据", s.bureau.SetStanding)
	orders(s, api, "begin-upload", "/api/v1/uploads", "开始分段上传一个文件", "这次上传", s.dock.Begin)
	reads(s, api, "get-upload", "/api/v1/uploads/{id}", "一次分段上传传到哪里了", "这次上传", func(ctx context.Context, in *receive.OneUpload) (*receive.Upload, error) {
		return s.dock.Upload(ctx, in, s.act(ctx))
	})
	s.streams(e, api)

	reads(s, api, "list-sweeps", "/api/v1/sweeps", "比对批次", "比对批次", s.apiSweeps)
	reads(s, api, "get-sweep", "/api/v1/sweeps/{id}", "一次比对的进度和结果", "这次比对", s.bureau.Sweep)
	reads(s, api, "list-differences", "/api/v1/sweeps/{id}/differences", "一次比对与上一次相比的变化", "这次比对", s.bureau.Differences)
	orders(s, api, "release-sweep", "/api/v1/sweeps/{id}/release", "放行或作废等人核对的比对", "这次比对", s.bureau.Release)
	orders(s, api, "simulate", "/api/v1/simulations", "试算：条款改了会怎样。只计算，什么都不改，演示方式下也开放", "这个事项",
		func(ctx context.Context, in *bureau.Simulate, _ bureau.Act) (*bureau.Simulation, error) {
			return s.bureau.Simulate(ctx, in)
		})
	reads(s, api, "report-readiness", "/api/v1/reports/readiness", "免申准备度：哪些事项可以免申即享，哪些等数据，哪些要修订条款", "数据", s.bureau.Readiness)
	reads(s, api, "report-gaps", "/api/v1/reports/gaps", "漏享清单：待核实的在等谁，压着多少金额", "数据", s.bureau.Gaps)

	var err error
	if s.openAPI, err = api.OpenAPI().MarshalJSON(); err != nil {
		return err
	}
	e.GET("/openapi.json", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/openapi+json", s.openAPI) })
	return nil
}

// schemaName names a type in the description. Types of the rooms below carry their room's name, since two may have one name.
func schemaName(t reflect.Type, hint string) string {
	name, deref := huma.DefaultSchemaNamer(t, hint), t
	for deref.Kind() == reflect.Pointer || deref.Kind() == reflect.Slice {
		deref = deref.Elem()
	}
	room := path.Base(deref.PkgPath())
	switch room {
	case ".", "web", "desk", "bureau", "reader", "receive", "problem":
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// refusals are the problems that any operation may answer with.
var refusals = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable,
}

// reads registers an operation that reads; what names what it is about, for when there is no such thing.
func reads[In, Out any](s *Server, api huma.API, id, route, summary, what string, do func(context.Context, *In) (Out, error)) {
	op := huma.Operation{OperationID: id, Method: http.MethodGet, Path: route, Summary: summary}
	register(s, api, op, "no-cache", what, do)
}

// register registers an operation whose answer caches may keep as cache says.
func register[In, Out any](s *Server, api huma.API, op huma.Operation, cache, what string, do func(context.Context, *In) (Out, error)) {
	op.Description, op.MaxBodyBytes, op.Errors = whoMay(op.Method, op.Path), maxBody, append(slices.Clone(refusals), op.Errors...)
	huma.Register(api, op, func(ctx context.Context, in *In) (*reply[Out], error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.explain(ctx, err, what)
		}
		return &reply[Out]{CacheControl: cache, Body: out}, nil
	})
}

// orders registers an operation that a caller orders with a JSON body.
func orders[In, Out any](s *Server, api huma.API, id, route, summary, what string, do func(context.Context, *In, bureau.Act) (Out, error)) {
	op := huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: route, Summary: summary, Description: whoMay(http.MethodPost, route), MaxBodyBytes: allowanceOf(http.MethodPost, echoPath(route)).body,
		DefaultStatus: http.StatusOK,
		Errors:        append(slices.Clone(refusals), http.StatusConflict, http.StatusRequestEntityTooLarge), Parameters: []*huma.Param{keyParameter()},
	}
	huma.Register(api, op, func(ctx context.Context, in *In) (*reply[Out], error) {
		out, err := do(ctx, in, s.act(ctx))
		if err != nil {
			return nil, s.explain(ctx, err, what)
		}
		return &reply[Out]{CacheControl: "no-store", Body: out}, nil
	})
}

// reply is a body with the header that keeps answers about enterprises out of shared caches.
type reply[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// uscc reads a code strictly.
func uscc(location, text string) (string, error) {
	code, err := standard.ParseUSCC(text)
	if err != nil {
		return "", problem.Wrong(location, err.Error())
	}
	return code, nil
}

type policyList struct {
	Policies []desk.PolicySummary `json:"policies"`
	Cursor   string               `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

func (s *Server) apiPolicies(ctx context.Context, in *desk.Paging) (*policyList, error) {
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	list, more, err := s.desk.Policies(ctx, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := policyList{Policies: list}
	if more {
		out.Cursor = desk.CursorOf(list[len(list)-1].ID)
	}
	return &out, nil
}

type idInput struct {
	ID string `path:"id" minLength:"1" maxLength:"100"`
}

func (s *Server) apiPolicy(ctx context.Context, in *idInput) (*desk.Policy, error) {
	return s.desk.Policy(ctx, in.ID)
}

func (s *Server) apiItem(ctx context.Context, in *idInput) (*desk.Item, error) {
	return s.desk.Item(ctx, in.ID)
}

type enterprisesInput struct {
	Q     string `query:"q" maxLength:"100" doc:"统一社会信用代码的开头，或者名称里的字；空的从头列出"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"最多几家"`
}

type enterpriseList struct {
	Enterprises []desk.Enterprise `json:"enterprises"`
	More        bool              `json:"more" doc:"还有别的，把 q 写长一些可以缩小范围"`
}

func (s *Server) apiEnterprises(ctx context.Context, in *enterprisesInput) (*enterpriseList, error) {
	if strings.ContainsRune(in.Q, 0) {
		return nil, problem.Wrong("query.q", "含有不能用的字符")
	}
	list, more, err := s.desk.Enterprises(ctx, in.Q, in.Limit)
	if err != nil {
		return nil, err
	}
	return &enterpriseList{Enterprises: list, More: more}, nil
}

type usccInput struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
}

func (s *Server) apiMatches(ctx context.Context, in *usccInput) (*desk.Firm, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	return s.desk.Firm(ctx, code)
}

type decisionInput struct {
	ID string `path:"id" maxLength:"250" pattern:"^[1-9][0-9]*-.+-[0-9A-Z]{18}$" doc:"判定编号：比对次数-事项-统一社会信用代码" example:"3-a-wengang-fanhuan-91310118MA1JP7UB2B"`
}

func (s *Server) apiDecision(ctx context.Context, in *decisionInput) (*desk.Why, error) {
	return s.desk.Why(ctx, in.ID)
}

type sweepList struct {
	Sweeps []desk.Sweep `json:"sweeps"`
	Cursor string       `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

func (s *Server) apiSweeps(ctx context.Context, in *desk.Paging) (*sweepList, error) {
	const most = 10_000
	skip, err := in.Skip(most)
	if err != nil {
		return nil, err
	}
	list, more, err := s.desk.Sweeps(ctx, skip, in.Limit)
	if err != nil {
		return nil, err
	}
	out := sweepList{Sweeps: list}
	if more && skip+in.Limit <= most {
		out.Cursor = desk.CursorOf(strconv.Itoa(skip + in.Limit))
	}
	return &out, nil
}
