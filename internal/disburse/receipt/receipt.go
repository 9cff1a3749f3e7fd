// Package receipt reads what the bank says became of a batch, matches it against the batch, and reconciles list, file and
// receipts.
//
// Readers take pain.002, CSV and workbooks, read a file whole or not at all, and cap every size before they parse. Matching
// guesses nothing: a receipt counts for a payment only by our payment id and amount and account, in its own batch and in
// time; every other goes to 待查 under a class that says why, and the payment it names waits with it. What no receipt speaks
// of isn't paid. The result depends on the set of receipts alone, not on their order or how often each came. Nothing here
// knows a database or a clock. Messages name lines, never accounts.
package receipt

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Result is what a bank says of one payment.
type Result uint8

// The results.
const (
	Underway Result = iota + 1 // 处理中: taken in, not carried out; says nothing about success
	Success                    // 成功: on the payee's account or settled
	Failed                     // 失败: never left the debtor's account
	Returned                   // 退回: left the debtor's account and came back (退汇)
)

var resultNames = [...]string{"", "处理中", "成功", "失败", "退回"}

// String returns the word that stands in CSV and workbooks.
func (r Result) String() string { return resultNames[r] }

// Receipt is one line of a receipt file.
type Receipt struct {
	Batch   string      // 批次号 that the bank repeats, 1 to 35 characters
	Payment string      // 支付编号, ours, 1 to 35 characters
	Account string      // 收款账号, 1 to 34 characters; L4
	Amount  exact.Money // in 分, 0 to payout.MaxAmount
	Result  Result
	Reason  string    // why it failed or came back, at most 500 bytes; never empty then
	At      time.Time // 银行时间, in Shanghai; zero only for Underway where the bank gave none
}

// compare orders receipts by everything they say, so that two of them are equal exactly where it returns 0.
func compare(a, b Receipt) int {
	return cmp.Or(
		strings.Compare(a.Payment, b.Payment), strings.Compare(a.Batch, b.Batch), a.At.Compare(b.At), cmp.Compare(a.Result, b.Result),
		cmp.Compare(a.Amount, b.Amount), strings.Compare(a.Account, b.Account), strings.Compare(a.Reason, b.Reason),
	)
}

// File is a receipt file that was read whole.
type File struct {
	Receipts []Receipt // in the order of the file
	Refused  string    // of pain.002: why the bank refused the message as a whole, "" when it didn't; a person decides what follows
	Encoding string    // of CSV and pain.002: UTF-8 or GB18030
}

// Limits caps what is read. Zero values stand for the defaults.
type Limits struct {
	Bytes    int64 // of the file, 64 MiB
	Receipts int   // lines, 200,000
	Depth    int   // of nested XML elements, 24
	Token    int   // bytes of one XML tag or text, 64 KiB
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:    or(l.Bytes, 64<<20),
		Receipts: or(l.Receipts, 200_000),
		Depth:    or(l.Depth, 24),
		Token:    or(l.Token, 64<<10),
	}
}

func or[T int | int64](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

// Error is what keeps a file from being read: a sentence in Chinese with the line as far as it is known.
type Error struct {
	Line    int // from 1; in a workbook the row; 0 unknown
	Message string
}

// Error returns the sentence with its line.
func (e *Error) Error() string {
	if e.Line == 0 {
		return "回单：" + e.Message
	}
	return fmt.Sprintf("回单第 %d 行：%s", e.Line, e.Message)
}

// Bounds of single values.
const (
	maxID      = 35
	maxAccount = 34
	maxReason  = 500
)

// raw is one line as text, before it is checked.
type raw struct {
	batch, payment, account, amount, reason, at string
	result                                      Result
}

// receipt checks a line and reads its amount and time; the message is empty where all is right.
func (r raw) receipt() (Receipt, string) {
	for _, field := range []struct {
		name, value string
		most        int
	}{{"批次号", r.batch, maxID}, {"支付编号", r.payment, maxID}, {"收款账号", r.account, maxAccount}} {
		switch {
		case field.value == "":
			return Receipt{}, "没有" + field.name
		case len(field.value) > field.most:
			return Receipt{}, fmt.Sprintf("%s超过 %d 位", field.name, field.most)
		}
	}
	amount, message := sum(r.amount)
	if message != "" {
		return Receipt{}, message
	}
	at, ok := moment(r.at)
	switch {
	case !ok:
		return Receipt{}, "银行时间“" + clip(r.at) + "”读不懂，应如 2025-06-30 09:30:00"
	case at.IsZero() && r.result != Underway:
		return Receipt{}, "没有银行时间"
	case r.reason == "" && (r.result == Failed || r.result == Returned):
		return Receipt{}, "结果是" + r.result.String() + "，却没有原因"
	case len(r.reason) > maxReason:
		return Receipt{}, fmt.Sprintf("原因超过 %d 个字节", maxReason)
	}
	return Receipt{r.batch, r.payment, r.account, amount, r.result, r.reason, at}, ""
}

// sum reads an amount in 元: digits, at most two decimals, no sign.
func sum(text string) (exact.Money, string) {
	if text == "" {
		return 0, "没有金额"
	}
	m, err := exact.ParseMoney(text)
	if err != nil || text[0] < '0' || text[0] > '9' || m > payout.MaxAmount {
		return 0, "金额“" + clip(text) + "”读不懂，应以元为单位、最多两位小数，如 6000.00"
	}
	return m, ""
}

// moments are the forms of a time. Where there is no offset, it is Shanghai's.
var moments = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

// moment reads a time; empty text is no time. Years are those of civil.
func moment(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, form := range moments {
		t, err := time.ParseInLocation(form, text, civil.Shanghai())
		if err == nil {
			return t.In(civil.Shanghai()), !civil.On(t).IsZero()
		}
	}
	return time.Time{}, false
}

var longNumber = regexp.MustCompile(`[0-9]{5,}([0-9]{4})`)

// clip shortens a text for a message, and masks what could be an account that stands in the wrong column.
func clip(s string) string {
	s = longNumber.ReplaceAllString(s, "****$1")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
