package receipt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
)

// State is what is known of one payment of a batch.
type State uint8

// The states. Only Paid says that the payee has the money.
const (
	Open     State = iota // 无回单: no receipt speaks of it; never taken for paid
	InHand                // 处理中: the bank has it
	Paid                  // 已付: success, and nothing speaks against it
	Unpaid                // 失败: the money never left
	SentBack              // 退回: the money left and came back
	Doubtful              // 待查: some receipt that names it stands in Doubts; a person decides
)

var stateNames = [...]string{"无回单", "处理中", "已付", "失败", "退回", "待查"}

// String returns the word for people.
func (s State) String() string { return stateNames[s] }

// Doubt says why a receipt is in 待查.
type Doubt uint8

// The classes of 待查, in the order in which they are asked; the first that fits is given.
const (
	OtherBatch   Doubt = iota + 1 // 他批回单: names another batch
	UnknownID                     // 编号不识: the batch has no such payment
	WrongAccount                  // 账号不符
	WrongAmount                   // 金额不符: by 1 分 or more
	TooEarly                      // 时间过早: the bank's time is before the batch was made
	TooLate                       // 逾期回单: the bank's time is after the last day on which it is expected
	Contradicted                  // 结果矛盾: another receipt of the payment says something that can't be true together with it
	Repeated                      // 重复成功: another receipt says that the same payment succeeded at another time; perhaps paid twice
	Beside                        // 同笔待查: right by itself, but another receipt that names the payment is in 待查
)

var doubtNames = [...]string{"", "他批回单", "编号不识", "账号不符", "金额不符", "时间过早", "逾期回单", "结果矛盾", "重复成功", "同笔待查"}

// String returns the word for people.
func (d Doubt) String() string { return doubtNames[d] }

// Outcome is what became of one payment.
type Outcome struct {
	Payment string // payout.Line.ID
	State   State
	Reason  string    // the bank's, for Unpaid and SentBack
	At      time.Time // the bank's, for InHand, Paid, Unpaid and SentBack; for InHand it may be zero
}

// Questioned is a receipt in 待查.
type Questioned struct {
	Receipt Receipt
	Class   Doubt
}

// Matching is the result of Match.
type Matching struct {
	Outcomes []Outcome    // one a payment, in the order of the batch
	Doubts   []Questioned // every receipt that doesn't count, ordered by payment, batch, time and what it says
}

// Match says what the receipts make of a batch. Equal receipts count once, whatever their order and number. A receipt dated
// after until (the last day on which the bank's answer is expected; no date: no such day) is too late. The only pair of
// results that one payment may have is success and, not before it, return; beside any result, underway says nothing, and of
// several failures the earliest is given. The error is about the batch: two payments with one id.
func Match(b payout.Batch, receipts []Receipt, until civil.Date) (Matching, error) {
	m := matcher{batch: b, until: until, lines: map[string]payout.Line{}, named: map[string][]Questioned{}}
	for i, l := range b.Lines {
		if _, twice := m.lines[l.ID]; twice {
			return Matching{}, fmt.Errorf("第 %d 笔的支付编号与前面的相同", i+1)
		}
		m.lines[l.ID] = l
	}
	for _, r := range distinct(receipts) {
		m.named[r.Payment] = append(m.named[r.Payment], Questioned{r, m.alone(r)})
	}
	var result Matching
	for _, l := range b.Lines {
		outcome := together(m.named[l.ID])
		outcome.Payment = l.ID
		result.Outcomes = append(result.Outcomes, outcome)
	}
	for _, list := range m.named {
		for _, q := range list {
			if q.Class != 0 {
				result.Doubts = append(result.Doubts, q)
			}
		}
	}
	slices.SortFunc(result.Doubts, func(a, b Questioned) int { return compare(a.Receipt, b.Receipt) })
	return result, nil
}

// distinct returns the receipts in order, each once. Times are compared as instants and given in Shanghai.
func distinct(receipts []Receipt) []Receipt {
	list := slices.Clone(receipts)
	for i := range list {
		if !list[i].At.IsZero() {
			list[i].At = list[i].At.In(civil.Shanghai())
		}
	}
	slices.SortFunc(list, compare)
	return slices.CompactFunc(list, func(a, b Receipt) bool { return compare(a, b) == 0 })
}

// matcher knows one batch and what names each payment.
type matcher struct {
	batch payout.Batch
	until civil.Date
	lines map[string]payout.Line
	named map[string][]Questioned
}

// alone says what is wrong with a receipt by itself, 0 where nothing is.
func (m matcher) alone(r Receipt) Doubt {
	l, known := m.lines[r.Payment]
	day := civil.On(r.At)
	dated := !r.At.IsZero()
	switch {
	case r.Batch != m.batch.ID:
		return OtherBatch
	case !known:
		return UnknownID
	case r.Account != l.Account:
		return WrongAccount
	case r.Amount != l.Amount:
		return WrongAmount
	case dated && day.Before(m.batch.Created):
		return TooEarly
	case dated && !m.until.IsZero() && day.After(m.until):
		return TooLate
	case r.Result < Underway || r.Result > Returned || !dated && r.Result != Underway:
		return Contradicted // not a receipt that a reader gives
	}
	return 0
}

// together folds the receipts that name one payment, which are in order, and marks those that can't stand together.
func together(list []Questioned) Outcome {
	by := map[Result][]Receipt{}
	doubtful := false
	for _, q := range list {
		doubtful = doubtful || q.Class != 0
		by[q.Receipt.Result] = append(by[q.Receipt.Result], q.Receipt)
	}
	switch {
	case doubtful:
		return mark(list, Beside)
	case clash(by):
		return mark(list, Contradicted)
	case len(by[Success]) > 1:
		return mark(list, Repeated)
	case len(by[Returned]) > 0:
		return Outcome{State: SentBack, Reason: by[Returned][0].Reason, At: by[Returned][0].At}
	case len(by[Failed]) > 0:
		return Outcome{State: Unpaid, Reason: by[Failed][0].Reason, At: by[Failed][0].At}
	case len(by[Success]) > 0:
		return Outcome{State: Paid, At: by[Success][0].At}
	case len(by[Underway]) > 0:
		return Outcome{State: InHand, At: by[Underway][len(by[Underway])-1].At}
	}
	return Outcome{State: Open}
}

// clash reports results of one payment that can't be true together. A payment comes back once, and not before it went.
func clash(by map[Result][]Receipt) bool {
	success, failed, returned := by[Success], by[Failed], by[Returned]
	if len(failed) > 0 {
		return len(success)+len(returned) > 0
	}
	if len(returned) == 0 {
		return false
	}
	for _, s := range success {
		if returned[0].At.Before(s.At) {
			return true
		}
	}
	return len(returned) > 1
}

// mark gives every receipt that has no doubt of its own this one.
func mark(list []Questioned, why Doubt) Outcome {
	for i := range list {
		if list[i].Class == 0 {
			list[i].Class = why
		}
	}
	return Outcome{State: Doubtful}
}

// String writes the sum of a matching for people, such as “已付 3 笔，无回单 1 笔”.
func (m Matching) String() string {
	var count [len(stateNames)]int
	for _, o := range m.Outcomes {
		count[o.State]++
	}
	var parts []string
	for i, n := range count {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d 笔", stateNames[i], n))
		}
	}
	return strings.Join(parts, "，")
}
