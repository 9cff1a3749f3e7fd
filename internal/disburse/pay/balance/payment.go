package balance

import (
	"context"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/receipt"
	"mianshen/rules/exact"
)

// side is one payment with what list and ledger have of it; an entry without one has no payment.
type side struct {
	list, payment, state            string
	n                               int
	amount, listed                  exact.Money
	sameAccount                     bool
	reserve, void, posted, restored exact.Money
}

// sides reads the payments of a batch in their order, then the entries of its round that have none.
func (b *balancer) sides(ctx context.Context, batch pay.Batch) ([]side, error) {
	rows, err := b.s.DB().QueryContext(ctx, `SELECT p.id, p.n, p.state, p.amount_fen, e.amount_fen, CASE WHEN e.account = p.account AND e.line = p.line THEN 1 ELSE 0 END,
			coalesce(r.fen, 0), coalesce(v.fen, 0), coalesce(o.fen, 0), coalesce(q.fen, 0)
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n
			LEFT JOIN posting r ON r.list = p.list AND r.n = p.n AND r.round = $2 AND r.kind = 'reserve'
			LEFT JOIN posting v ON v.list = p.list AND v.n = p.n AND v.round = $2 AND v.kind = 'void'
			LEFT JOIN posting o ON o.payment = p.id AND o.kind = 'post'
			LEFT JOIN posting q ON q.payment = p.id AND q.kind = 'return'
		WHERE p.batch = $1 ORDER BY p.n`, batch.ID, batch.Round)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []side
	for rows.Next() {
		p := side{list: batch.List}
		var same int
		if err := rows.Scan(&p.payment, &p.n, &p.state, &p.amount, &p.listed, &same, &p.reserve, &p.void, &p.posted, &p.restored); err != nil {
			return nil, err
		}
		p.sameAccount = same == 1
		list = append(list, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	missing, err := b.missing(ctx, batch)
	return append(list, missing...), err
}

// missing reads the entries that were reserved in the round and are in the list, but have no payment of the batch.
func (b *balancer) missing(ctx context.Context, batch pay.Batch) ([]side, error) {
	rows, err := b.s.DB().QueryContext(ctx, `SELECT e.n, e.amount_fen FROM list_entry e WHERE e.list = $1 AND e.status = 'in'
		AND EXISTS (SELECT 1 FROM posting r WHERE r.list = e.list AND r.n = e.n AND r.round = $2 AND r.kind = 'reserve')
		AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.list = e.list AND p.n = e.n AND p.batch = $3) ORDER BY e.n`, batch.List, batch.Round, batch.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []side
	for rows.Next() {
		p := side{list: batch.List}
		if err := rows.Scan(&p.n, &p.listed); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// payment reports one payment under the first class that fits: what differs comes before what waits, and that before what is done.
func (b *balancer) payment(p side, o receipt.Outcome, doubted bool) error {
	row := Row{List: Tally{1, p.listed}, File: Tally{1, p.amount}}
	if p.reserve != 0 {
		row.Ledger = Tally{1, p.reserve}
	}
	if o.State == receipt.Paid || o.State == receipt.Unpaid || o.State == receipt.SentBack {
		row.Receipts = Tally{1, p.amount}
	}
	line := Line{List: p.list, N: p.n, Payment: p.payment, Amount: p.amount, Note: o.Reason}
	line.Class = p.class(o, doubted)
	if b.statement != nil {
		var net Tally
		for _, m := range b.statement.take(p.payment) {
			if err := net.add(Tally{1, m.Fen}); err != nil {
				return err
			}
		}
		if net.Count > 0 {
			row.Statement = Tally{1, net.Sum}
		}
		if c := p.stated(net.Sum, net.Count); c != Settled && line.Class <= InDoubt {
			line.Class = c
		}
	}
	return b.put(line, row)
}

// class compares list, ledger and receipts.
func (p side) class(o receipt.Outcome, doubted bool) Class {
	said := map[receipt.State]string{receipt.Paid: "paid", receipt.Unpaid: "failed", receipt.SentBack: "returned"}[o.State]
	switch {
	case p.amount != p.listed || !p.sameAccount:
		return ListDiffers
	case !p.booked():
		return LedgerDiffers
	case p.state == "ready":
		return Unsent
	case p.state == "cancelled":
		return Cancelled
	case o.State == receipt.Doubtful:
		return InDoubt
	case said != "" && said != p.state && doubted:
		return InDoubt
	case said != "" && said != p.state:
		return StateDiffers
	case said != "":
		return map[string]Class{"paid": Settled, "failed": Failed, "returned": Returned}[said]
	case p.state != "sent" && p.state != "unknown":
		return StateDiffers
	case doubted:
		return InDoubt
	case o.State == receipt.InHand:
		return Waiting
	}
	return Silent
}

// booked reports whether the postings are those of the payment's state.
func (p side) booked() bool {
	a := p.amount
	got := [4]exact.Money{p.reserve, p.void, p.posted, p.restored}
	switch p.state {
	case "paid":
		return got == [4]exact.Money{a, 0, a, 0}
	case "failed":
		return got == [4]exact.Money{a, a, 0, 0}
	case "returned":
		return got == [4]exact.Money{a, 0, a, a}
	case "cancelled":
		return p.posted == 0 && p.restored == 0
	}
	return got == [4]exact.Money{a, 0, 0, 0}
}

// stated compares a payment with what the statement moved of it; Settled where nothing is against it.
func (p side) stated(net exact.Money, movements int) Class {
	want := exact.Money(0)
	if p.state == "paid" {
		want = p.amount
	}
	switch {
	case net == want:
		return Settled
	case movements == 0:
		return StatementMissing
	}
	return StatementDiffers
}
