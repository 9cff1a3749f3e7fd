package evidence

import (
	"time"

	"mianshen/internal/disburse/receipt"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Payment is one payment of a batch as it stands.
type Payment struct {
	ID, State  string
	Line, Pays string // the budget line that was approved, and the one that it is paid out of: the same, unless it was moved
	N, Year    int    // its entry, and the year of Line
	Amount     exact.Money
	Given      bool // its firm has given back of it
}

// Move is what a payment's receipts do to it.
type Move struct {
	Payment
	To     string    // paid, failed or returned
	PaidAt time.Time // when the money left, for paid and returned
	At     time.Time // of the result
	Reason string
}

// Heir is a year, and the line of which something is carried over into it (结转).
type Heir struct {
	Line string
	Year int
}

// Moves says which payments move, in their order, and which can't go where their receipts say; the open lines of these get a class of 待查 in
// e. over gives the approved line of a year into which something is carried over from another.
func (e Evidence) Moves(payments []Payment, lines []Line, over map[Heir]string) (moves []Move, blocked map[string]Class) {
	blocked, basis := map[string]Class{}, map[string]Payment{}
	for i, p := range payments {
		if p.Given {
			basis[p.ID] = p
		}
		m, class := p.take(e.Outcomes[i], e)
		if class == OtherYear && e.Vouched[p.ID] {
			if m.Pays = over[Heir{p.Line, civil.On(m.PaidAt).Year()}]; m.Pays != "" {
				class = ""
			}
		}
		switch {
		case class != "":
			blocked[p.ID] = class
		case m.To != "":
			moves = append(moves, m)
		}
	}
	for _, l := range lines {
		class := blocked[l.Receipt.Payment]
		if class != "" && e.Class[l.ID] == Applied && !basis[l.Receipt.Payment].says(l.Receipt.Result) {
			e.Class[l.ID] = class
		}
	}
	return moves, blocked
}

// says tells whether a result is what a payment that its firm gave back of stands on: that one isn't in doubt with the return.
func (p Payment) says(r receipt.Result) bool {
	return p.Given && p.State == "paid" && r == receipt.Success
}

// take says what an outcome does to a payment: a move, nothing, or why it can't. With OtherYear comes the move that another line may pay.
func (p Payment) take(o receipt.Outcome, e Evidence) (Move, Class) {
	m := Move{Payment: p, PaidAt: e.PaidAt[p.ID], At: o.At, Reason: o.Reason}
	switch o.State {
	case receipt.Paid:
		m.To = "paid"
	case receipt.Unpaid:
		m.To = "failed"
	case receipt.SentBack:
		m.To = "returned"
		if m.PaidAt.IsZero() {
			m.PaidAt = o.At
			if at, vouched := e.BackAt[p.ID]; vouched {
				m.PaidAt = at
			}
		}
	default:
		return Move{}, ""
	}
	switch {
	case p.State == m.To:
		return Move{}, ""
	case p.State == "ready":
		return Move{}, Unsent
	case p.State == "cancelled":
		return Move{}, Cancelled
	case p.State == "paid" && m.To == "returned" && p.Given: // the same money can't have come back twice: a person looks
		return Move{}, Contradicted
	case p.State == "paid" && m.To == "returned":
		return m, ""
	case p.State != "sent" && p.State != "unknown":
		return Move{}, Contradicted
	case m.To != "failed" && civil.On(m.PaidAt).Year() != p.Year:
		return m, OtherYear
	}
	return m, ""
}
