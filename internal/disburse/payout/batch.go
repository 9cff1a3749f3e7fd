// Package payout makes the files by which a paid-out list leaves the house: the order to the bank (ISO 20022 pain.001, CSV,
// workbook), the printed 财政直接支付申请书, and the hand-over to the budget-integration system.
//
// A Batch is checked as a whole before the first byte is written: every mistake of every line is said at once, and a file
// that would lose a character, cut a name or run as a formula is refused instead of bent. The same batch gives the same
// bytes on any day and any machine. Nothing here knows a database or a clock. Messages name lines, never accounts.
package payout

import (
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Batch is one order to pay: the lines of an approved list, with the control totals that the approval was given for.
type Batch struct {
	ID       string     // 批次号, 1 to 35 of A-Z a-z 0-9 -, beginning with a letter or digit; MsgId of pain.001
	ListHash string     // SHA-256 of the approved list's content, 64 lower-case hexadecimal digits
	Created  civil.Date // the day the batch was made, also the day on which it is to be carried out
	Debtor   Debtor     // who pays
	Lines    []Line     // at least one, at most 100,000, in the order of the list
	Control  Totals     // what the approval was given for; must equal the totals of Lines
}

// Debtor is the paying account, such as the 国库单一账户 or a 零余额账户.
type Debtor struct {
	Name    string // 付款人全称, 1 to 60 characters
	Bank    string // 付款行行号, 12 digits (CNAPS)
	Account string // 付款账号, 5 to 32 of A-Z a-z 0-9 -, beginning with a letter or digit; L4
}

// Line is one payment.
type Line struct {
	ID      string      // 支付编号, ours, as Batch.ID; unique in the batch; comes back in receipts
	Payee   string      // 收款人全称, 1 to 60 characters
	Bank    string      // 收款行行号, 12 digits (CNAPS)
	Account string      // 收款账号, as Debtor.Account; L4
	Amount  exact.Money // in 分, above 0, at most MaxAmount
	Purpose string      // 用途, 1 to 60 characters
	Budget  Budget      // what the payment is booked under
}

// Budget is the budget classification of one payment.
type Budget struct {
	Unit     string // 预算单位代码, 3 to 21 of A-Z a-z 0-9
	Project  string // 项目代码, 1 to 21 of A-Z a-z 0-9
	Function string // 支出功能分类科目, 7 digits (类款项)
	Economic string // 支出经济分类科目, 5 digits (类款)
}

// Totals are the control totals of a batch.
type Totals struct {
	Count int         // number of payments
	Sum   exact.Money // in 分, at most MaxAmount
}

// Bounds of a batch.
const (
	MaxAmount exact.Money = 999_999_999_999_999 // 分 in one payment and in one batch: 15 digits, which spreadsheets keep
	MaxLines  int         = 100_000             // payments in one batch
)

// Totals counts and adds the lines anew. It fails with exact.ErrOverflow where the sum is beyond int64.
func (b Batch) Totals() (Totals, error) {
	sum := exact.Int(0)
	for _, l := range b.Lines {
		next, err := sum.Add(l.Amount.Num())
		if err != nil {
			return Totals{}, err
		}
		sum = next
	}
	fen, ok := sum.Int64()
	if !ok {
		return Totals{}, exact.ErrOverflow
	}
	return Totals{Count: len(b.Lines), Sum: exact.Money(fen)}, nil
}
