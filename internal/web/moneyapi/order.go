package moneyapi

import (
	"context"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/web/problem"
	"mianshen/rules/civil"
)

// MarkUnknown says of sent payments that nobody knows what became of them.
type MarkUnknown struct {
	Body struct {
		Batch    string   `json:"batch" minLength:"1" maxLength:"35"`
		Payments []string `json:"payments,omitempty" maxItems:"1000" doc:"支付编号；不写就是这一批所有还没有答复的"`
		Reason   string   `json:"reason" minLength:"1" maxLength:"500" doc:"为什么结果不明"`
	}
}

// Marked is how many payments were marked.
type Marked struct {
	Marked int `json:"marked"`
}

// Unknown marks sent payments as unknown; they are never sent again by themselves.
func (a *API) Unknown(ctx context.Context, in *MarkUnknown) (*Marked, error) {
	n, err := a.Bank.MarkUnknown(ctx, pay.Actor{Person: a.Who(ctx).ID()}, in.Body.Batch, in.Body.Payments, in.Body.Reason, a.Clock())
	return &Marked{n}, a.Explain(ctx, err, "这个批次")
}

// StateAnswer writes down what the bank said of a payment without a receipt.
type StateAnswer struct {
	Payment string `path:"id" maxLength:"35" doc:"支付编号"`
	Body    struct {
		Result string `json:"result" enum:"success,failed,returned"`
		On     string `json:"on" format:"date" doc:"哪天的事"`
		Basis  string `json:"basis" minLength:"1" maxLength:"500" doc:"银行怎么答复的：函号、谁问的；不写账号"`
	}
}

// Said is the line of 待查 that a statement made.
type Said struct {
	Receipt string `json:"receipt" doc:"待查的编号，由财政复核（另一个人）认定才算数"`
}

// State writes down what the bank said; another person has to find it true.
func (a *API) State(ctx context.Context, in *StateAnswer) (*Said, error) {
	on, err := civil.Parse(in.Body.On)
	if err != nil {
		return nil, problem.Wrong("body.on", "应为日期，如 2025-07-01")
	}
	line, err := a.Bank.State(ctx, pay.Actor{Person: a.Who(ctx).ID()}, pay.Statement{Payment: in.Payment, Result: evidence.ResultOf(in.Body.Result), On: on, Basis: in.Body.Basis}, a.Clock())
	return &Said{line}, a.Explain(ctx, err, "这笔支付")
}

// CloseDoubt closes a line of 待查.
type CloseDoubt struct {
	Receipt string `path:"id" maxLength:"64" doc:"回单的编号"`
	Body    struct {
		Holds  bool   `json:"holds" doc:"算数：只有时间可疑的，或补记的银行答复属实；银行在下一年划的款，要先有批准了的结转额度"`
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"怎么核实的"`
	}
}

// Closed is what became of it.
type Closed struct {
	Receipt string `json:"receipt"`
	Holds   bool   `json:"holds"`
}

// CloseDoubt closes a line of 待查, by another person than the one who took it in.
func (a *API) CloseDoubt(ctx context.Context, in *CloseDoubt) (*Closed, error) {
	err := a.Bank.Resolve(ctx, pay.Actor{Person: a.Who(ctx).ID()}, in.Receipt, in.Body.Holds, in.Body.Reason, a.Clock())
	return &Closed{in.Receipt, in.Body.Holds}, a.Explain(ctx, err, "这条回单")
}
