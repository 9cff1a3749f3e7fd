package receipt

import (
	"fmt"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Entry is one payment of the approved list.
type Entry struct {
	Payment string      // 支付编号, as payout.Line.ID
	Account string      // as payout.Line.Account; L4
	Amount  exact.Money // in 分
}

// Class is what list, file and receipts together make of one payment. Each payment id has exactly one.
type Class uint8

// The classes of reconciliation. Settled, Lost and Back are finished; every other waits for the bank or a person.
const (
	Settled  Class = iota // 已付: on the list, in the file, paid
	Lost                  // 失败
	Back                  // 退回
	Waiting               // 处理中
	Silent                // 无回单
	InDoubt               // 待查: some receipt of it doesn't fit
	Differs               // 名单与文件不符: account or amount, whatever the receipts say
	ListOnly              // 名单有文件无
	FileOnly              // 文件有名单无
	Stray                 // 无主回单: neither list nor file has the payment
)

// classes is how many there are.
const classes = int(Stray) + 1

var classNames = [classes]string{"已付", "失败", "退回", "处理中", "无回单", "待查", "名单与文件不符", "名单有文件无", "文件有名单无", "无主回单"}

// String returns the word for people.
func (c Class) String() string { return classNames[c] }

// Tally is a count and a sum in 分.
type Tally struct {
	Count int
	Sum   exact.Money
}

// Row is one class of a reconciliation, or the sum over all.
type Row struct {
	List, File, Receipts Tally // receipts are counted once each, also where a payment has several
}

// Reconciliation is list, file and receipts side by side.
type Reconciliation struct {
	Rows     [classes]Row // by Class
	Total    Row          // of all; each column of Rows adds up to it exactly
	Matching Matching
}

// Finished reports whether nothing waits: every payment is settled, failed or returned, and no receipt is left over.
func (r Reconciliation) Finished() bool {
	for c := Waiting; int(c) < classes; c++ {
		if r.Rows[c] != (Row{}) {
			return false
		}
	}
	return true
}

// Reconcile compares the approved list, the batch that was sent and the receipts, as Match reads them. The error is an id that
// stands twice in the list or the batch, or a sum beyond int64 (exact.ErrOverflow).
func Reconcile(list []Entry, b payout.Batch, receipts []Receipt, until civil.Date) (Reconciliation, error) {
	matching, err := Match(b, receipts, until)
	if err != nil {
		return Reconciliation{}, err
	}
	class, err := classify(list, b, matching)
	if err != nil {
		return Reconciliation{}, err
	}
	r := Reconciliation{Matching: matching}
	for _, e := range list {
		if err := r.add(class[e.Payment], func(row *Row) *Tally { return &row.List }, e.Amount); err != nil {
			return Reconciliation{}, err
		}
	}
	for _, l := range b.Lines {
		if err := r.add(class[l.ID], func(row *Row) *Tally { return &row.File }, l.Amount); err != nil {
			return Reconciliation{}, err
		}
	}
	for _, one := range distinct(receipts) {
		c, known := class[one.Payment]
		if !known {
			c = Stray
		}
		if err := r.add(c, func(row *Row) *Tally { return &row.Receipts }, one.Amount); err != nil {
			return Reconciliation{}, err
		}
	}
	return r, nil
}

// byState is the class of a payment on which list and file agree.
var byState = map[State]Class{Open: Silent, InHand: Waiting, Paid: Settled, Unpaid: Lost, SentBack: Back, Doubtful: InDoubt}

// classify gives each payment of list and file its class.
func classify(list []Entry, b payout.Batch, matching Matching) (map[string]Class, error) {
	entries := map[string]Entry{}
	class := map[string]Class{}
	for i, e := range list {
		if _, twice := entries[e.Payment]; twice {
			return nil, fmt.Errorf("名单第 %d 笔的支付编号与前面的相同", i+1)
		}
		entries[e.Payment] = e
		class[e.Payment] = ListOnly
	}
	for i, l := range b.Lines {
		e, listed := entries[l.ID]
		switch {
		case !listed:
			class[l.ID] = FileOnly
		case e.Account != l.Account || e.Amount != l.Amount:
			class[l.ID] = Differs
		default:
			class[l.ID] = byState[matching.Outcomes[i].State]
		}
	}
	return class, nil
}

// add counts an amount in its class and in the total.
func (r *Reconciliation) add(c Class, column func(*Row) *Tally, amount exact.Money) error {
	for _, row := range []*Row{&r.Rows[c], &r.Total} {
		tally := column(row)
		next, err := tally.Sum.Num().Add(amount.Num())
		if err != nil {
			return err
		}
		fen, ok := next.Int64()
		if !ok {
			return exact.ErrOverflow
		}
		tally.Count, tally.Sum = tally.Count+1, exact.Money(fen)
	}
	return nil
}
