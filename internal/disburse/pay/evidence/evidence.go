// Package evidence says what the lines of receipts, as they are kept, make of a batch: the result depends on which lines there are and
// on what persons said of them, not on the order in which they came.
package evidence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mianshen/internal/disburse/payee"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/disburse/receipt"
	"mianshen/rules/civil"
)

// Class says what became of a line of a receipt.
type Class string

// The classes. All but the first two are 待查.
const (
	Applied      Class = "applied"
	Underway     Class = "underway"
	OtherBatch   Class = "other_batch"
	UnknownID    Class = "unknown_id"
	WrongAccount Class = "wrong_account"
	WrongAmount  Class = "wrong_amount"
	TooEarly     Class = "too_early"
	TooLate      Class = "too_late"
	Ahead        Class = "ahead" // the bank's time is later than the day after the file came
	Contradicted Class = "contradicted"
	Repeated     Class = "repeated"
	Unsent       Class = "unsent"     // the batch isn't marked as sent yet; sending it takes the receipt up
	Cancelled    Class = "cancelled"  // the payment was taken back
	OtherYear    Class = "other_year" // paid in another year than the budget line's
	Stated       Class = "stated"     // a person says that the bank says so; it counts once another person has found it true
)

// classWords are what people read.
var classWords = map[Class]string{
	Applied: "已入账", Underway: "处理中", OtherBatch: "他批回单", UnknownID: "编号不识", WrongAccount: "账号不符", WrongAmount: "金额不符", TooEarly: "时间过早",
	TooLate: "逾期回单", Ahead: "银行时间还没到", Contradicted: "结果矛盾", Repeated: "重复成功", Unsent: "尚未送出", Cancelled: "支付已撤销", OtherYear: "跨年支付", Stated: "银行答复，待复核",
}

// String returns the word for people.
func (c Class) String() string { return classWords[c] }

// Doubtful reports whether a line of the class waits for a person.
func (c Class) Doubtful() bool { return c != Applied && c != Underway }

// byDoubt are the classes of what receipt.Match holds apart.
var byDoubt = map[receipt.Doubt]Class{
	receipt.OtherBatch: OtherBatch, receipt.UnknownID: UnknownID, receipt.WrongAccount: WrongAccount, receipt.WrongAmount: WrongAmount,
	receipt.TooEarly: TooEarly, receipt.TooLate: TooLate, receipt.Contradicted: Contradicted, receipt.Repeated: Repeated,
}

// Printer tells whether two texts are the same, without showing them.
type Printer interface {
	Print(plain string, context string) string
}

// Line is one line of a receipt as it is kept: Receipt.Account holds the print of the account.
type Line struct {
	ID      string
	File    string    // the first in which it came
	Came    time.Time // when that file came; zero: what is ahead of it isn't asked
	Receipt receipt.Receipt
	Class   Class
	Holds   bool   // a person said that a line of 待查 counts
	Closed  string // what the person said, "" while it is open
}

// lineID names a line by all that it says, so that equal lines are one.
func lineID(r receipt.Receipt) string {
	h := sha256.New()
	for _, s := range []string{r.Batch, r.Payment, r.Account, r.Amount.String(), r.Result.String(), r.Reason, r.At.UTC().Format(time.RFC3339Nano)} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

var accountLike = regexp.MustCompile(`[0-9]{8,}([0-9]{4})`)

// Keep makes a receipt what is stored: the account's print, a reason without account numbers, the time to the microsecond.
func Keep(r receipt.Receipt, printer Printer) Line {
	r.Account = printer.Print(r.Account, payee.Print)
	r.Reason = accountLike.ReplaceAllString(r.Reason, "****$1")
	if !r.At.IsZero() {
		r.At = r.At.Truncate(time.Microsecond).In(civil.Shanghai())
	}
	return Line{ID: lineID(r), Receipt: r}
}

// State makes what a person says that the bank said a line of a file of its own. r.Account is a print already. It is never the same line
// as one that the bank wrote.
func State(r receipt.Receipt, file string) Line {
	r.Reason = accountLike.ReplaceAllString(r.Reason, "****$1")
	id := sha256.Sum256([]byte("stated|" + file))
	return Line{ID: hex.EncodeToString(id[:]), File: file, Receipt: r, Class: Stated}
}

// Evidence is what the lines of one batch come to.
type Evidence struct {
	Outcomes []receipt.Outcome    // one a payment, in the order of the batch
	PaidAt   map[string]time.Time // payment -> the first success that counts, when the bank says that it was
	BackAt   map[string]time.Time // payment -> a return that a person found true, the same
	Vouched  map[string]bool      // payments whose success in PaidAt a person found true
	Class    map[string]Class     // line -> its class, of those that no person has closed
}

// Fold says what the lines make of a batch, whose accounts are prints. It is receipt.Match, asked again without what it holds apart:
// a line that is wrong by itself, or that says a success once more, goes to 待查 and the others count as if it weren't there, so that
// the result doesn't depend on which of them came first. Lines that contradict each other stay in doubt together, and so does
// their payment. A line that a person let count has the batch's account, amount and days; one that he didn't let count is left out, and so is what a person stated until another found it true.
func Fold(b payout.Batch, until civil.Date, lines []Line) (Evidence, error) {
	e := Evidence{PaidAt: map[string]time.Time{}, BackAt: map[string]time.Time{}, Vouched: map[string]bool{}, Class: map[string]Class{}}
	f := folder{batch: b, until: until, byID: map[string]payout.Line{}, vouched: map[string]time.Time{}}
	for _, l := range b.Lines {
		f.byID[l.ID] = l
	}
	ahead, err := f.ahead(lines)
	if err != nil {
		return Evidence{}, err
	}
	var open []receipt.Receipt
	for _, l := range lines {
		switch {
		case ahead[l.ID]:
			e.Class[l.ID] = Ahead
		case l.Closed == "" && l.Class == Stated:
			e.Class[l.ID] = Stated
		case l.Closed == "":
			open = append(open, l.Receipt)
			e.Class[l.ID] = Applied
			if l.Receipt.Result == receipt.Underway {
				e.Class[l.ID] = Underway
			}
		case l.Holds:
			r := f.vouch(l)
			open = append(open, r)
			f.vouched[lineID(r)] = l.at()
		}
	}
	for {
		m, err := receipt.Match(b, open, until)
		if err != nil {
			return Evidence{}, err
		}
		apart := f.apart(m.Doubts)
		for id, class := range apart {
			if _, ours := e.Class[id]; ours {
				e.Class[id] = class
			}
		}
		before := len(open)
		open = slices.DeleteFunc(open, func(r receipt.Receipt) bool { c, found := apart[lineID(r)]; return found && c != Contradicted })
		if len(open) == before {
			e.Outcomes = m.Outcomes
			break
		}
	}
	for _, r := range open {
		at, vouched := f.when(r)
		switch first, seen := e.PaidAt[r.Payment]; {
		case r.Result == receipt.Returned && vouched:
			e.BackAt[r.Payment] = at
		case r.Result == receipt.Success && (!seen || at.Before(first)):
			e.PaidAt[r.Payment], e.Vouched[r.Payment] = at, vouched
		}
	}
	return e, nil
}

// when is the instant of a receipt, and whether a person vouches for it: of what came after the last day the bank's own, not the
// one that stands for it, for the year of that day says which line pays. Nothing was carried out before the batch was made.
func (f folder) when(r receipt.Receipt) (time.Time, bool) {
	at, vouched := f.vouched[lineID(r)]
	if !vouched || civil.On(at).Before(f.batch.Created) {
		return r.At, vouched
	}
	return at, true
}

// folder knows the batch, and which receipts a person vouches for.
type folder struct {
	batch   payout.Batch
	until   civil.Date
	byID    map[string]payout.Line
	vouched map[string]time.Time // line as it counts -> when the bank says that it was
}

// vouch makes a receipt that a person let count one that counts.
func (f folder) vouch(line Line) receipt.Receipt {
	r := line.Receipt
	l := f.byID[r.Payment]
	r.Batch, r.Account, r.Amount = f.batch.ID, l.Account, l.Amount
	r.At = line.at()
	switch day := civil.On(r.At); {
	case day.Before(f.batch.Created):
		r.At = Noon(f.batch.Created)
	case day.After(f.until):
		r.At = Noon(f.until)
	}
	return r
}

// at is the instant that the bank gives, but the day on which the file came where it gives one that hasn't been yet.
func (l Line) at() time.Time {
	if l.early() {
		return Noon(civil.On(l.Came))
	}
	return l.Receipt.At
}

// early tells whether the bank's time is later than the day after the line's file came: it speaks of what hasn't been yet.
func (l Line) early() bool {
	if l.Came.IsZero() || l.Receipt.At.IsZero() {
		return false
	}
	last, ok := civil.On(l.Came).AddDays(1)
	return ok && civil.On(l.Receipt.At).After(last)
}

// ahead are the open lines that are early and have nothing else wrong by themselves. When a file came is fixed with it, so that the
// result doesn't depend on the day on which it is asked.
func (f folder) ahead(lines []Line) (map[string]bool, error) {
	ids, list := map[string]bool{}, []receipt.Receipt{}
	for _, l := range lines {
		if l.Closed == "" && l.Class != Stated && l.early() {
			ids[l.ID] = true
			list = append(list, l.Receipt)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	m, err := receipt.Match(f.batch, list, f.until)
	for _, q := range m.Doubts {
		if q.Class <= receipt.TooLate {
			delete(ids, lineID(q.Receipt))
		}
	}
	return ids, err
}

// Noon is the middle of a day, for what is known by its day alone.
func Noon(d civil.Date) time.Time {
	y, m, day := d.Parts()
	return time.Date(y, time.Month(m), day, 12, 0, 0, 0, civil.Shanghai())
}

// apart gives the class of each receipt that Match holds apart for its own sake; of several successes all but one, the vouched or else
// the first.
func (f folder) apart(doubts []receipt.Questioned) map[string]Class {
	classes := map[string]Class{}
	again := map[string][]receipt.Receipt{}
	for _, q := range doubts {
		switch {
		case q.Class == receipt.Beside:
		case q.Class != receipt.Repeated:
			classes[lineID(q.Receipt)] = byDoubt[q.Class]
		case q.Receipt.Result == receipt.Success:
			again[q.Receipt.Payment] = append(again[q.Receipt.Payment], q.Receipt)
		}
	}
	for _, list := range again {
		slices.SortFunc(list, func(a, b receipt.Receipt) int {
			return cmp.Or(cmp.Compare(f.rank(a), f.rank(b)), a.At.Compare(b.At), strings.Compare(lineID(a), lineID(b)))
		})
		for _, r := range list[1:] {
			classes[lineID(r)] = Repeated
		}
	}
	return classes
}

// rank puts what a person vouches for first.
func (f folder) rank(r receipt.Receipt) int {
	if _, first := f.vouched[lineID(r)]; first {
		return 0
	}
	return 1
}

// ResultWord is how a result is stored.
func ResultWord(r receipt.Result) string { return results[r] }

var results = map[receipt.Result]string{receipt.Underway: "underway", receipt.Success: "success", receipt.Failed: "failed", receipt.Returned: "returned"}

// ResultOf reads what ResultWord wrote; 0 for anything else.
func ResultOf(text string) receipt.Result {
	for r, s := range results {
		if s == text {
			return r
		}
	}
	return 0
}
