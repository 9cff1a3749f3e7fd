package moneyui

import "mianshen/internal/disburse/lists"

// EntryState is a status of an entry as a cell.
func EntryState(status string) Cell {
	switch status {
	case "in":
		return Badge("拨付", Good)
	case "held":
		return Badge("暂缓", Warn)
	case "returned":
		return Badge("退回", Bad)
	}
	return Badge("移出", Quiet)
}

// ListTone is the tone of a list's state.
func ListTone(s lists.State, suspended bool) Tone {
	switch {
	case suspended:
		return Warn
	case s == lists.Settled:
		return Good
	case s == lists.Withdrawn || s == lists.None:
		return Quiet
	}
	return Going
}

// PaymentWord names the state of a payment.
func PaymentWord(state string) string {
	return map[string]string{
		"ready": "待送出", "sent": "已送银行", "unknown": "结果不明", "paid": "已到账", "failed": "支付失败", "returned": "银行退回", "cancelled": "已取消",
	}[state]
}

// PaymentState is the state of a payment as a cell.
func PaymentState(state string) Cell {
	tone := map[string]Tone{"ready": Quiet, "sent": Going, "unknown": Warn, "paid": Good, "failed": Bad, "returned": Bad, "cancelled": Quiet}[state]
	return Badge(PaymentWord(state), tone)
}

// PaymentStates are the states of payments in their order.
var PaymentStates = []string{"ready", "sent", "unknown", "paid", "failed", "returned", "cancelled"}

// ResultWord names what the bank says of a payment.
func ResultWord(result string) string {
	return map[string]string{"underway": "处理中", "success": "成功", "failed": "失败", "returned": "退回"}[result]
}

// ModeWord names a kind of list.
func ModeWord(kind string) string {
	return map[string]string{"regular": "常规", "supplement": "补发"}[kind]
}
