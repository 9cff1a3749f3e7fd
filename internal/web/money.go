package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/moneyapi"
)

// finances adds the operations of lists, payments, receipts, notices, objections and reports. Approving isn't one of them: it is
// done by a person who has just shown his password, on the page that shows the content.
func (s *Server) finances(api huma.API) {
	a := &moneyapi.API{Treasury: s.money, Who: s.caller}
	reads(s, api, "list-lists", "/api/v1/lists", "拨付名单", "名单", a.Lists)
	reads(s, api, "get-list", "/api/v1/lists/{id}", "一份拨付名单：办到哪里、谁办的、您现在可以办什么", "这份名单", a.List)
	reads(s, api, "list-entries", "/api/v1/lists/{id}/entries", "一份名单的条目", "这份名单", a.Entries)
	reads(s, api, "list-objections", "/api/v1/lists/{id}/objections", "一份名单的异议", "这份名单", a.Objections)
	reads(s, api, "list-payments", "/api/v1/payments", "支付", "支付", a.Payments)
	reads(s, api, "list-receipts", "/api/v1/receipts", "银行回单", "回单", a.Receipts)
	reads(s, api, "list-notices", "/api/v1/notices", "公示", "公示", a.Notices)
	reads(s, api, "report-disbursement", "/api/v1/reports/disbursement", "拨付报告：免申即享的占比、从政策到钱的天数、已付暂缓退回", "报告", a.Report)
	orders(s, api, "draft-list", "/api/v1/lists", "从最近一次比对起草一份名单", "这个部门", by(a.Draft))
	orders(s, api, "step-list", "/api/v1/lists/{id}/steps", "办理名单的一个环节", "这份名单", by(a.Step))
	orders(s, api, "object", "/api/v1/lists/{id}/objections", "登记一条异议，暂缓它说的那一条", "这份名单", by(a.Object))
	orders(s, api, "resolve-objection", "/api/v1/lists/{id}/objections/{objection}", "答复一条异议", "这条异议", by(a.Resolve))
	orders(s, api, "bring-receipts", "/api/v1/receipts", "送一份银行回单", "这份回单", by(a.Bring))
}

// by is an order whose caller and instant the rooms below ask for themselves.
func by[In, Out any](do func(context.Context, *In) (Out, error)) func(context.Context, *In, bureau.Act) (Out, error) {
	return func(ctx context.Context, in *In, _ bureau.Act) (Out, error) { return do(ctx, in) }
}
