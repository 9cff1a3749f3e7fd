package event

import (
	"slices"
	"time"
)

// The kinds of event.
const (
	Eligible  = "eligible"  // an item that the firm is owed since a sweep
	Left      = "left"      // one that it is no longer owed
	Amount    = "amount"    // another amount
	Missing   = "missing"   // 待核实 for want of a fact that the firm can supply
	Near      = "near"      // a little short of one threshold, with all else fulfilled
	Opens     = "opens"     // the window of an item opens soon
	Closes    = "closes"    // it closes soon
	Forecast  = "forecast"  // eligible from a day that is known already
	Expires   = "expires"   // eligible up to a day that is known already: a certificate runs out, a fact is too old
	Confirm   = "confirm"   // a list waits for the firm's answer
	Notice    = "notice"    // a list with the firm stands in public notice
	Objection = "objection" // an objection against the firm's entry was answered
	Paid      = "paid"      // money has arrived
	Returned  = "returned"  // the bank sent money back: the account must be put right
	Policy    = "policy"    // a new or changed policy for a search that the firm keeps
	Credit    = "credit"    // nothing but a record of bad credit is in the way
	Ending    = "ending"    // a policy that the firm benefits from ends soon
)

// The names under which Data holds what words are made of.
const (
	Firm     = "企业"
	Item     = "事项"
	Document = "政策"
	Number   = "文号"
	Issuer   = "部门"
	Day      = "日期"
	Clause   = "条款"
	Sum      = "金额"
	Before   = "原金额"
	Mode     = "方式"
	Why      = "原因"
	Remedy   = "补救"
	Lacking  = "缺少"
	Owner    = "提供部门"
	Figure   = "指标"
	Present  = "现值"
	Bound    = "门槛"
	Distance = "差距"
	From     = "开始"
	Until    = "截止"
	Rest     = "剩余天数"
	List     = "名单"
	Verdict  = "结论"
	Answer   = "答复"
	Ref      = "编号"
	Query    = "检索"
	Change   = "变化"
	Plain    = "摘要"
	Record   = "记录"
	Source   = "来源"
	Link     = "链接" // not in Data: words add it
)

// Variable is one thing that the words of a kind may name.
type Variable struct{ Name, Means string }

// Kind is a kind of event: its name, what people call it, and what its Data hold, each always.
type Kind struct {
	Name, Label string
	Variables   []Variable
}

// Has tells whether Data of the kind hold a name; Link is always there.
func (k Kind) Has(name string) bool {
	return slices.ContainsFunc(k.Variables, func(v Variable) bool { return v.Name == name })
}

var means = map[string]string{
	Firm: "企业名称", Item: "事项名称", Document: "政策名称", Number: "政策文号", Issuer: "发布部门", Day: "比对或发生的日期", Clause: "所依据的条款",
	Sum: "金额，如 35 万元", Before: "原来的金额", Mode: "免申即享、即申即享或依申请", Why: "理由", Remedy: "条款写明的补救办法", Lacking: "缺少的数据",
	Owner: "掌握这项数据的部门", Figure: "指标名称", Present: "企业现在的数", Bound: "条款要求的数", Distance: "还差多少", From: "开始日期", Until: "截止日期",
	Rest: "今天、明天或者几天后", List: "名单名称", Verdict: "异议成立或不成立", Answer: "对异议的答复", Ref: "支付编号", Query: "企业保存的检索", Change: "新发布或新修改",
	Plain: "政策的大白话解读", Record: "条款里关于信用记录的原文", Source: "记录的来源部门", Link: "查看依据和办理的网址",
}

func kind(name, label string, variables ...string) Kind {
	k := Kind{Name: name, Label: label}
	for _, v := range append(append([]string{Firm, Document, Number, Issuer, Day}, variables...), Link) {
		k.Variables = append(k.Variables, Variable{v, means[v]})
	}
	return k
}

var kinds = []Kind{
	kind(Eligible, "新符合", Item, Sum, Mode, Why, Clause),
	kind(Left, "不再符合", Item, Before, Why, Clause, Remedy),
	kind(Amount, "金额变化", Item, Before, Sum, Why, Clause),
	kind(Missing, "缺少数据", Item, Sum, Lacking, Owner, Clause),
	kind(Near, "接近门槛", Item, Sum, Figure, Present, Bound, Distance, Clause),
	kind(Opens, "窗口将开", Item, Sum, From, Until, Rest, Clause),
	kind(Closes, "窗口将关", Item, Sum, From, Until, Rest, Clause),
	kind(Forecast, "将会符合", Item, Sum, From, Why, Clause),
	kind(Expires, "将不再符合", Item, Sum, Until, Why, Clause, Remedy),
	kind(Confirm, "请确认", Item, Sum, List, Until, Clause),
	kind(Notice, "正在公示", Item, Sum, List, Until, Clause),
	kind(Objection, "异议已答复", Item, Sum, List, Verdict, Answer, Clause),
	kind(Paid, "已拨付", Item, Sum, List, Ref, Clause),
	kind(Returned, "款项退回", Item, Sum, List, Ref, Why, Clause),
	kind(Policy, "检索到新政策", Query, Change, Plain),
	kind(Credit, "信用记录", Item, Record, Source, Remedy, Clause),
	kind(Ending, "政策到期", Item, Sum, Until, Clause),
}

// Kinds lists all kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// New begins an event; its id follows from kind, enterprise and subject.
func New(kind, enterprise, subject string, at time.Time) Event {
	return Event{ID: ID(kind, enterprise, subject), Kind: kind, Enterprise: enterprise, Subject: subject, At: at, Data: map[string]string{Topic: kind}}
}
