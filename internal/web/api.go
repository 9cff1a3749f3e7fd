package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"mianshen/index"
	"mianshen/internal/web/desk"
	"mianshen/rules/standard"
)

// api adds the typed operations and the description that is generated from their types.
func (s *Server) api(e *echo.Echo) error {
	speakChinese()
	config := huma.DefaultConfig("免申 mianshen", s.cfg.Version)
	config.Info.Description = "惠企政策的检索、比对和判定理由。只读。金额是以元为单位的字符串，两位小数；日期是上海的日历日。错误是 RFC 9457 的 problem+json。"
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	api := humaecho.New(e, config)

	get(api, "search", "/api/v1/search", "找政策", s.apiSearch)
	get(api, "list-policies", "/api/v1/policies", "已发布的政策", s.apiPolicies)
	get(api, "get-policy", "/api/v1/policies/{id}", "一项政策", s.apiPolicy)
	get(api, "get-item", "/api/v1/items/{id}", "一个事项", s.apiItem)
	get(api, "find-enterprises", "/api/v1/enterprises", "找企业", s.apiEnterprises)
	get(api, "get-matches", "/api/v1/enterprises/{uscc}/matches", "一家企业的比对结果", s.apiMatches)
	get(api, "get-decision", "/api/v1/decisions/{id}", "一条判定的完整理由", s.apiDecision)
	get(api, "list-sweeps", "/api/v1/sweeps", "比对批次", s.apiSweeps)

	var err error
	if s.openAPI, err = api.OpenAPI().MarshalJSON(); err != nil {
		return err
	}
	e.GET("/openapi.json", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/openapi+json", s.openAPI) })
	return nil
}

// get registers a reading operation.
func get[In, Out any](api huma.API, id, path, summary string, do func(context.Context, *In) (*Out, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, MaxBodyBytes: maxBody,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, do)
}

// reply is a body with the header that keeps answers about enterprises out of shared caches.
type reply[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func answer[T any](body T) *reply[T] { return &reply[T]{CacheControl: "no-cache", Body: body} }

// Paging is which part of a list is wanted.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"上一页答复里的 cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"一页几条"`
}

// cursorOf hides a position in a list; callers hand it back as it is.
func cursorOf(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (p Paging) position() (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return "", wrong("query.cursor", "不是这个接口给出的游标")
	}
	return string(b), nil
}

// skip is a position that counts.
func (p Paging) skip(most int) (int, error) {
	text, err := p.position()
	if err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, wrong("query.cursor", "不是这个接口给出的游标")
	}
	return n, nil
}

// wrong is a problem with one input.
func wrong(location, message string) *Problem {
	p := problem(http.StatusUnprocessableEntity, "请求的参数不合要求。")
	p.Errors = []Detail{{Location: location, Message: message}}
	return p
}

// uscc reads a code strictly.
func uscc(location, text string) (string, error) {
	code, err := standard.ParseUSCC(text)
	if err != nil {
		return "", wrong(location, err.Error())
	}
	return code, nil
}

type searchInput struct {
	Q          string   `query:"q" maxLength:"200" doc:"要找什么，用自己的话；空的列出全部"`
	Enterprise string   `query:"enterprise" maxLength:"40" doc:"统一社会信用代码；给出时每个事项带上对这家企业的结论"`
	Department []string `query:"department,explode" maxItems:"10" doc:"发文部门"`
	Kind       []string `query:"kind,explode" maxItems:"10" doc:"补贴、融资、减免、人才、荣誉、就业、其他"`
	Mode       []string `query:"mode,explode" maxItems:"3" enum:"auto,confirm,apply" doc:"auto 免申即享，confirm 即申即享，apply 依申请"`
	Field      []string `query:"field,explode" maxItems:"10" doc:"领域"`
	InForce    bool     `query:"in_force" doc:"只要基准日有效的"`
	Paging
}

func (s *Server) apiSearch(ctx context.Context, in *searchInput) (*reply[*desk.Answer], error) {
	skip, err := in.skip(index.MaxOffset)
	if err != nil {
		return nil, err
	}
	ask := desk.Ask{Text: in.Q, Departments: in.Department, Kinds: in.Kind, Modes: in.Mode, Fields: in.Field, InForce: in.InForce, Offset: skip, Limit: in.Limit}
	if in.Enterprise != "" {
		// What an item means for an enterprise is for those who may see the enterprise.
		if !s.seesFirms(ctx) {
			return nil, closed()
		}
		if ask.Enterprise, err = uscc("query.enterprise", in.Enterprise); err != nil {
			return nil, err
		}
	}
	found, err := s.desk.Search(ctx, ask)
	if err != nil {
		return nil, s.explain(ctx, err, "这家企业")
	}
	if next := skip + in.Limit; next < found.Total && next <= index.MaxOffset {
		found.Cursor = cursorOf(strconv.Itoa(next))
	}
	return answer(found), nil
}

type policyList struct {
	Policies []desk.PolicySummary `json:"policies"`
	Cursor   string               `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

func (s *Server) apiPolicies(ctx context.Context, in *Paging) (*reply[policyList], error) {
	after, err := in.position()
	if err != nil {
		return nil, err
	}
	list, more, err := s.desk.Policies(ctx, after, in.Limit)
	if err != nil {
		return nil, s.explain(ctx, err, "政策")
	}
	out := policyList{Policies: list}
	if more {
		out.Cursor = cursorOf(list[len(list)-1].ID)
	}
	return answer(out), nil
}

type idInput struct {
	ID string `path:"id" minLength:"1" maxLength:"100"`
}

func (s *Server) apiPolicy(ctx context.Context, in *idInput) (*reply[*desk.Policy], error) {
	p, err := s.desk.Policy(ctx, in.ID)
	if err != nil {
		return nil, s.explain(ctx, err, "这项政策")
	}
	return answer(p), nil
}

func (s *Server) apiItem(ctx context.Context, in *idInput) (*reply[*desk.Item], error) {
	it, err := s.desk.Item(ctx, in.ID)
	if err != nil {
		return nil, s.explain(ctx, err, "这个事项")
	}
	return answer(it), nil
}

type enterprisesInput struct {
	Q     string `query:"q" maxLength:"100" doc:"统一社会信用代码的开头，或者名称里的字；空的从头列出"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"最多几家"`
}

type enterpriseList struct {
	Enterprises []desk.Enterprise `json:"enterprises"`
	More        bool              `json:"more" doc:"还有别的，把 q 写长一些可以缩小范围"`
}

func (s *Server) apiEnterprises(ctx context.Context, in *enterprisesInput) (*reply[enterpriseList], error) {
	if strings.ContainsRune(in.Q, 0) {
		return nil, wrong("query.q", "含有不能用的字符")
	}
	list, more, err := s.desk.Enterprises(ctx, in.Q, in.Limit)
	if err != nil {
		return nil, s.explain(ctx, err, "企业")
	}
	return answer(enterpriseList{Enterprises: list, More: more}), nil
}

type usccInput struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
}

func (s *Server) apiMatches(ctx context.Context, in *usccInput) (*reply[*desk.Firm], error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	firm, err := s.desk.Firm(ctx, code)
	if err != nil {
		return nil, s.explain(ctx, err, "这家企业")
	}
	return answer(firm), nil
}

type decisionInput struct {
	ID string `path:"id" maxLength:"250" pattern:"^[1-9][0-9]*-.+-[0-9A-Z]{18}$" doc:"判定编号：比对次数-事项-统一社会信用代码" example:"3-a-wengang-fanhuan-91310118MA1JP7UB2B"`
}

func (s *Server) apiDecision(ctx context.Context, in *decisionInput) (*reply[*desk.Why], error) {
	why, err := s.desk.Why(ctx, in.ID)
	if err != nil {
		return nil, s.explain(ctx, err, "这条判定")
	}
	return answer(why), nil
}

type sweepList struct {
	Sweeps []desk.Sweep `json:"sweeps"`
	Cursor string       `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

func (s *Server) apiSweeps(ctx context.Context, in *Paging) (*reply[sweepList], error) {
	const most = 10_000
	skip, err := in.skip(most)
	if err != nil {
		return nil, err
	}
	list, more, err := s.desk.Sweeps(ctx, skip, in.Limit)
	if err != nil {
		return nil, s.explain(ctx, err, "比对批次")
	}
	out := sweepList{Sweeps: list}
	if more && skip+in.Limit <= most {
		out.Cursor = cursorOf(strconv.Itoa(skip + in.Limit))
	}
	return answer(out), nil
}
