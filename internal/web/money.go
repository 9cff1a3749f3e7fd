package web

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/moneyapi"
)

// finances adds the operations of lists, payments, receipts, notices, objections and reports. Approving isn't one of them: it is
// done by a person who has just shown his password, on the page that shows the content.
func (s *Server) finances(e *echo.Echo, api huma.API) {
	a := &moneyapi.API{Treasury: s.money, Who: s.caller, Scratch: s.cfg.Scratch}
	reads(s, api, "list-lists", "/api/v1/lists", "拨付名单", "名单", a.Lists)
	reads(s, api, "get-list", "/api/v1/lists/{id}", "一份拨付名单：办到哪里、谁办的、您现在可以办什么", "这份名单", a.List)
	reads(s, api, "list-entries", "/api/v1/lists/{id}/entries", "一份名单的条目", "这份名单", a.Entries)
	reads(s, api, "list-objections", "/api/v1/lists/{id}/objections", "一份名单的异议", "这份名单", a.Objections)
	reads(s, api, "list-payments", "/api/v1/payments", "支付", "支付", a.Payments)
	reads(s, api, "list-receipts", "/api/v1/receipts", "银行回单", "回单", a.Receipts)
	reads(s, api, "get-reconciliation", "/api/v1/reconciliation", "对账：名单、账、支付文件、回单并排，按类别，带一页明细", "对账", a.Reconciliation)
	reads(s, api, "list-notices", "/api/v1/notices", "公示", "公示", a.Notices)
	reads(s, api, "report-disbursement", "/api/v1/reports/disbursement", "拨付报告：免申即享的占比、从政策到钱的天数、已付暂缓退回", "报告", a.Report)
	orders(s, api, "draft-list", "/api/v1/lists", "从最近一次比对起草一份名单", "这个部门", by(a.Draft))
	orders(s, api, "step-list", "/api/v1/lists/{id}/steps", "办理名单的一个环节", "这份名单", by(a.Step))
	orders(s, api, "object", "/api/v1/lists/{id}/objections", "登记一条异议，暂缓它说的那一条", "这份名单", by(a.Object))
	orders(s, api, "resolve-objection", "/api/v1/lists/{id}/objections/{objection}", "答复一条异议", "这条异议", by(a.Resolve))
	orders(s, api, "close-receipt", "/api/v1/receipts/{id}/resolution", "处理一条待查的回单，不能是收它的人", "这条回单", by(a.CloseDoubt))
	orders(s, api, "mark-unknown", "/api/v1/payments/unknown", "把送出的支付记为结果不明，以后不会自动再送", "这个批次", by(a.Unknown))
	orders(s, api, "state-answer", "/api/v1/payments/{id}/answers", "补记银行对一笔结果不明的支付的答复，由另一人认定才算数", "这笔支付", by(a.State))
	orders(s, api, "bring-receipts", "/api/v1/receipts", "送一份银行回单", "这份回单", by(a.Bring))
	s.balances(e, api, a)
}

// balances adds the operations of reconciliation that send or take a file.
func (s *Server) balances(e *echo.Echo, api huma.API, a *moneyapi.API) {
	text := func(kinds ...string) map[string]*huma.MediaType {
		out := map[string]*huma.MediaType{}
		for _, k := range kinds {
			out[k] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		}
		return out
	}
	query := func(name, kind, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: kind}}
	}
	params := []*huma.Param{query("year", huma.TypeInteger, "哪一年的批次；不写就是今年"), query("list", huma.TypeString, "只对这份名单"), query("class", huma.TypeString, "只要这一类；不写是全部")}
	s.stream(e, api, &huma.Operation{
		OperationID: "download-reconciliation", Method: http.MethodGet, Path: "/api/v1/reconciliation/lines", Summary: "下载对账的全部明细",
		Responses: map[string]*huma.Response{"200": {Description: "一行一笔", Content: text("application/jsonl", "text/csv")}},
	}, append(slices.Clone(params), query("format", huma.TypeString, "jsonl（缺省）或 csv")), func(w http.ResponseWriter, r *http.Request) error {
		return s.explain(r.Context(), a.Lines(w, r), "对账")
	})
	report := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[moneyapi.Reconciliation](), true, "Reconciliation")
	answer := text("application/jsonl", "text/csv")
	answer["application/json"] = &huma.MediaType{Schema: report}
	s.stream(e, api, &huma.Operation{
		OperationID: "reconcile-statement", Method: http.MethodPost, Path: "/api/v1/reconciliation", Summary: "连同银行流水对账",
		Description: "请求内容是流水，CSV，有日期、金额、支付编号或摘要几列，最大 256 MiB；只用来对这一次，不留存。",
		RequestBody: &huma.RequestBody{Content: text("text/csv"), Required: true},
		Responses:   map[string]*huma.Response{"200": {Description: "对账的结果，或全部明细", Content: answer}},
	}, append(params, query("format", huma.TypeString, "json（缺省）、jsonl 或 csv"), query("limit", huma.TypeInteger, "json：一页几条明细，1 至 1000"), query("cursor", huma.TypeString, "json：上一页答复里的 cursor")), func(w http.ResponseWriter, r *http.Request) error {
		return s.explain(r.Context(), a.Statement(w, r), "对账")
	})
}

// by is an order whose caller and instant the rooms below ask for themselves.
func by[In, Out any](do func(context.Context, *In) (Out, error)) func(context.Context, *In, bureau.Act) (Out, error) {
	return func(ctx context.Context, in *In, _ bureau.Act) (Out, error) { return do(ctx, in) }
}
