package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"mianshen/index"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/reader"
	"mianshen/internal/web/seek"
	"mianshen/internal/web/shelf"
)

// suggestionsKept lets whoever types the same again soon be answered without asking. Suggestions are the same for everybody.
const suggestionsKept = "public, max-age=60"

// searches adds what finds policies, and what keeps searches for an enterprise.
func (s *Server) searches(api huma.API) {
	reads(s, api, "search", "/api/v1/search", "找政策", "这家企业", s.apiSearch)
	suggest := huma.Operation{OperationID: "suggest", Method: http.MethodGet, Path: "/api/v1/suggest", Summary: "边输入边提示：汉字、拼音、拼音首字母都可以"}
	register(s, api, suggest, suggestionsKept, "提示", s.apiSuggest)

	const saved = "/api/v1/enterprises/{uscc}/searches"
	reads(s, api, "list-searches", saved, "一家企业保存的搜索", "这家企业", s.apiSaved)
	save := huma.Operation{
		OperationID: "save-search", Method: http.MethodPost, Path: saved, Summary: "保存一个搜索。再存一遍还是同一个，不用 Idempotency-Key",
		DefaultStatus: http.StatusOK, Errors: []int{http.StatusConflict, http.StatusRequestEntityTooLarge},
	}
	register(s, api, save, "no-store", "这家企业", s.apiSave)
	forget := huma.Operation{
		OperationID: "remove-search", Method: http.MethodDelete, Path: saved, Summary: "去掉一个保存的搜索。没有它也算去掉了", DefaultStatus: http.StatusOK,
	}
	register(s, api, forget, "no-store", "这家企业", s.apiForget)
}

type searchInput struct {
	Q          string   `query:"q" maxLength:"200" doc:"要找什么，用自己的话；空的列出全部"`
	Enterprise string   `query:"enterprise" maxLength:"40" doc:"统一社会信用代码；给出时每个事项带上对这家企业的结论，它能享受的排得靠前一点"`
	Department []string `query:"department,explode" maxItems:"10" doc:"发文部门"`
	Kind       []string `query:"kind,explode" maxItems:"10" doc:"补贴、融资、减免、人才、荣誉、就业、其他"`
	Mode       []string `query:"mode,explode" maxItems:"3" enum:"auto,confirm,apply" doc:"auto 免申即享，confirm 即申即享，apply 依申请"`
	Field      []string `query:"field,explode" maxItems:"10" doc:"领域"`
	State      []string `query:"state,explode" maxItems:"3" enum:"current,coming,ended" doc:"current 有效，coming 即将开始，ended 已失效"`
	Amount     []string `query:"amount,explode" maxItems:"5" enum:"0-10,10-50,50-100,100-500,500-" doc:"写到的最高金额，万元，含下不含上"`
	Industry   string   `query:"industry" enum:"A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T" doc:"国民经济行业门类（GB/T 4754）；不限行业的政策也算"`
	Sort       string   `query:"sort" enum:"newest,ending,amount" doc:"newest 最新发布，ending 即将截止（不列已失效的，除非用 state 要），amount 金额最高；不写是最相关。可能相关的总在后面"`
	Literal    bool     `query:"literal" doc:"按原文查：不订正，也不把词当筛选条件"`
	Plain      []string `query:"plain,explode" maxItems:"10" doc:"这些词不当筛选条件，见答复里的 chips"`
	InForce    bool     `query:"in_force" doc:"同 state=current"`
	desk.Paging
}

// ask is the search that the input means.
func (in *searchInput) ask() seek.Ask {
	a := seek.Ask{
		Text: in.Q, Departments: in.Department, Kinds: in.Kind, Modes: in.Mode, Fields: in.Field, States: in.State, Amounts: in.Amount,
		Industry: in.Industry, Sort: in.Sort, Literal: in.Literal, Plain: in.Plain, Limit: in.Limit,
	}
	if in.InForce && len(a.States) == 0 {
		a.States = []string{index.StateCurrent}
	}
	return a
}

func (s *Server) apiSearch(ctx context.Context, in *searchInput) (*desk.Answer, error) {
	skip, err := in.Skip(index.MaxOffset)
	if err != nil {
		return nil, err
	}
	ask := in.ask()
	ask.Offset = skip
	if in.Enterprise != "" {
		if ask.Enterprise, err = s.seen(ctx, in.Enterprise); err != nil {
			return nil, err
		}
	}
	found, err := s.desk.Search(ctx, ask)
	if err != nil {
		return nil, err
	}
	if next := skip + in.Limit; next < found.Total && next <= index.MaxOffset {
		found.Cursor = desk.CursorOf(strconv.Itoa(next))
	}
	return found, nil
}

// seen reads the code of an enterprise that the caller may see: what an item means for one is for nobody else.
func (s *Server) seen(ctx context.Context, text string) (string, error) {
	if s.caller(ctx).Has(caller.Visitor) {
		return "", problem.Closed()
	}
	code, err := uscc("query.enterprise", text)
	if err == nil && !s.caller(ctx).Sees(code) {
		err = problem.New(http.StatusNotFound, "没有找到这家企业。")
	}
	return code, err
}

type suggestInput struct {
	Q     string `query:"q" maxLength:"200" doc:"已经输入的；空的没有提示"`
	Limit int    `query:"limit" minimum:"1" maximum:"10" default:"8" doc:"最多几条"`
}

type suggestList struct {
	Suggestions []reader.Suggestion `json:"suggestions"`
}

func (s *Server) apiSuggest(ctx context.Context, in *suggestInput) (*suggestList, error) {
	list, err := s.reader.Suggest(ctx, in.Q, in.Limit)
	return &suggestList{Suggestions: list}, err
}

type savedList struct {
	Searches []shelf.Search `json:"searches" doc:"新存的在前"`
}

func (s *Server) apiSaved(ctx context.Context, in *usccInput) (*savedList, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	list, err := s.shelf.List(ctx, code)
	return &savedList{Searches: list}, err
}

type saveInput struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
	Body struct {
		Text    string `json:"text,omitempty" maxLength:"128" doc:"要找什么；只有筛选条件时可以空着"`
		Filters string `json:"filters,omitempty" maxLength:"4000" doc:"筛选条件，写法同搜索网址问号后面的部分：department、kind、mode、field、state、amount、industry、sort、literal、plain"`
	}
}

func (s *Server) apiSave(ctx context.Context, in *saveInput) (*shelf.Search, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	return s.shelf.Save(ctx, code, in.Body.Text, in.Body.Filters)
}

type forgetInput struct {
	USCC    string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
	Text    string `query:"text" maxLength:"128" doc:"保存的搜索的 text"`
	Filters string `query:"filters" maxLength:"4000" doc:"保存的搜索的 filters"`
}

func (s *Server) apiForget(ctx context.Context, in *forgetInput) (*savedList, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	if err := s.shelf.Forget(ctx, code, in.Text, in.Filters); err != nil {
		return nil, err
	}
	return s.apiSaved(ctx, &usccInput{USCC: in.USCC})
}
