package overview

import (
	"context"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Payment is one attempt to pay an entry. Account is masked.
type Payment struct {
	ID, List, Batch, Account, Line     string
	N, Attempt                         int
	Department, Enterprise, Name, Item string
	Amount                             exact.Money
	State, Reason                      string // ready, sent, unknown, paid, failed, returned or cancelled
	MovedAt                            time.Time
	By                                 string // name of who moved it last
}

// PaymentFilter chooses payments; what is empty chooses all.
type PaymentFilter struct {
	ID, List, Batch, State, Enterprise string
	Find                               string // a part of the firm's name, or the beginning of its code
	N                                  int
	Departments                        []string
	After                              string // the id of the last payment of the page before
	Limit                              int    // 1 to 200; else 50
}

// Payments returns a page of payments by id.
func (v *View) Payments(ctx context.Context, f PaymentFilter) (page []Payment, err error) {
	w := where{}
	w.add("p.id > $%d", f.After)
	w.is("p.id", f.ID)
	w.is("p.list", f.List)
	w.is("p.batch", f.Batch)
	w.is("p.state", f.State)
	w.is("e.enterprise", f.Enterprise)
	w.in("l.department", f.Departments)
	w.find("e.name", "e.enterprise", f.Find)
	if f.N > 0 {
		w.add("p.n = $%d", f.N)
	}
	err = v.query(ctx, `SELECT p.id, p.list, p.n, p.attempt, p.batch, a.masked, p.line, l.department, e.enterprise, e.name, e.item, p.amount_fen, p.state, p.reason, p.moved_at, m.name
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n JOIN disbursement_list l ON l.id = p.list JOIN payee_account a ON a.id = p.account
		JOIN person m ON m.id = p.moved_by WHERE `+w.text()+" ORDER BY p.id LIMIT "+upTo(f.Limit), w.args, func(scan scanner) error {
		var p Payment
		err := scan(&p.ID, &p.List, &p.N, &p.Attempt, &p.Batch, &p.Account, &p.Line, &p.Department, &p.Enterprise, &p.Name, &p.Item, &p.Amount, &p.State, &p.Reason,
			store.StampInto(&p.MovedAt), &p.By)
		page = append(page, p)
		return err
	})
	return page, err
}

// Batch is an order to pay, with how many of its payments stand where.
type Batch struct {
	ID, List, Title, Department string
	Round                       int
	MadeOn, AnswerBy            civil.Date
	Lines                       int
	Sum                         exact.Money
	MadeBy                      string // a name
	MadeAt                      time.Time
	States                      map[string]Sum // by state of the payments; Item is empty
	Doubts                      int            // open lines of 待查 that name it
}

// Batches returns a page of batches, the latest first; one where id isn't "". The page after it begins after its last id.
func (v *View) Batches(ctx context.Context, id, after string, limit int) (page []Batch, err error) {
	const since = "(SELECT x.made_at FROM payment_batch x WHERE x.id = $1)"
	err = v.query(ctx, `SELECT b.id, b.list, l.title, l.department, b.round, b.made_on, b.answer_by, b.lines, b.sum_fen, m.name, b.made_at,
		(SELECT count(*) FROM receipt_line r WHERE r.batch = b.id AND r.resolved_at IS NULL AND r.class NOT IN ('applied', 'underway'))
		FROM payment_batch b JOIN disbursement_list l ON l.id = b.list JOIN person m ON m.id = b.made_by
		WHERE ($1 = '' OR b.made_at < `+since+" OR (b.made_at = "+since+` AND b.id > $1)) AND ($2 = '' OR b.id = $2)
		ORDER BY b.made_at DESC, b.id LIMIT `+upTo(limit), []any{after, id}, func(scan scanner) error {
		b := Batch{States: map[string]Sum{}}
		err := scan(&b.ID, &b.List, &b.Title, &b.Department, &b.Round, store.DayInto(&b.MadeOn), store.DayInto(&b.AnswerBy), &b.Lines, &b.Sum, &b.MadeBy,
			store.StampInto(&b.MadeAt), &b.Doubts)
		page = append(page, b)
		return err
	})
	if err != nil || len(page) == 0 {
		return page, err
	}
	at, ids := map[string]int{}, make([]string, len(page))
	for i, b := range page {
		at[b.ID], ids[i] = i, b.ID
	}
	w := where{}
	w.in("batch", ids)
	return page, v.query(ctx, "SELECT batch, state, count(*), CAST(sum(amount_fen) AS BIGINT) FROM payment WHERE "+w.text()+" GROUP BY batch, state", w.args, func(scan scanner) error {
		var batch, state string
		var s Sum
		err := scan(&batch, &state, &s.Count, &s.Fen)
		page[at[batch]].States[state] = s
		return err
	})
}

// Download is a file of a batch that somebody took away.
type Download struct {
	Format, SHA256, Name string // Name is of the person
	Bytes                int64
	At                   time.Time
}

// Downloads returns who took which file of a batch, the latest first.
func (v *View) Downloads(ctx context.Context, batch string) (all []Download, err error) {
	err = v.query(ctx, `SELECT d.format, f.sha256, f.bytes, m.name, d.at FROM batch_download d JOIN batch_file f ON f.batch = d.batch AND f.format = d.format
		JOIN person m ON m.id = d.person WHERE d.batch = $1 ORDER BY d.seq DESC LIMIT 200`, []any{batch}, func(scan scanner) error {
		var d Download
		err := scan(&d.Format, &d.SHA256, &d.Bytes, &d.Name, store.StampInto(&d.At))
		all = append(all, d)
		return err
	})
	return all, err
}

// Receipt is a line that the bank wrote, as it stands.
type Receipt struct {
	ID, File, FileName, Batch, Payment string
	List                               string // of the payment; "" where it is none of ours
	N                                  int
	Name                               string // of the firm
	Amount                             exact.Money
	Result, Reason, Class              string
	BankAt, ReceivedAt                 time.Time
	Resolution, ResolvedBy             string // "" while nobody has said anything
}

// ReceiptFilter chooses receipts; what is empty chooses all.
type ReceiptFilter struct {
	Batch, Payment string
	Doubtful       bool   // only open lines of 待查
	After          string // the id of the last line of the page before
	Limit          int    // 1 to 200; else 50
}

// Receipts returns a page of receipt lines by id.
func (v *View) Receipts(ctx context.Context, f ReceiptFilter) (page []Receipt, err error) {
	w := where{}
	w.add("r.id > $%d", f.After)
	w.is("r.batch", f.Batch)
	w.is("r.payment", f.Payment)
	if f.Doubtful {
		w.parts = append(w.parts, "r.resolved_at IS NULL AND r.class NOT IN ('applied', 'underway')")
	}
	err = v.query(ctx, `SELECT r.id, r.file, f.name, r.batch, r.payment, coalesce(p.list, ''), coalesce(p.n, 0), coalesce(e.name, ''), r.amount_fen, r.result, r.reason, r.class,
		r.bank_at, f.received_at, coalesce(r.resolution, ''), coalesce(m.name, '')
		FROM receipt_line r JOIN receipt_file f ON f.sha256 = r.file LEFT JOIN payment p ON p.id = r.payment
		LEFT JOIN list_entry e ON e.list = p.list AND e.n = p.n LEFT JOIN person m ON m.id = r.resolved_by
		WHERE `+w.text()+" ORDER BY r.id LIMIT "+upTo(f.Limit), w.args, func(scan scanner) error {
		var r Receipt
		err := scan(&r.ID, &r.File, &r.FileName, &r.Batch, &r.Payment, &r.List, &r.N, &r.Name, &r.Amount, &r.Result, &r.Reason, &r.Class,
			store.StampInto(&r.BankAt), store.StampInto(&r.ReceivedAt), &r.Resolution, &r.ResolvedBy)
		page = append(page, r)
		return err
	})
	return page, err
}

// ReceiptFile is a file of receipts that was taken in.
type ReceiptFile struct {
	SHA256, Name, Format, By string
	Lines, Doubts            int
	At                       time.Time
}

// ReceiptFiles returns the files of receipts that came last.
func (v *View) ReceiptFiles(ctx context.Context, limit int) (all []ReceiptFile, err error) {
	err = v.query(ctx, `SELECT f.sha256, f.name, f.format, f.lines, f.received_at, m.name,
		(SELECT count(*) FROM receipt_line r WHERE r.file = f.sha256 AND r.resolved_at IS NULL AND r.class NOT IN ('applied', 'underway'))
		FROM receipt_file f JOIN person m ON m.id = f.received_by ORDER BY f.received_at DESC, f.sha256 LIMIT `+upTo(limit), nil, func(scan scanner) error {
		var f ReceiptFile
		err := scan(&f.SHA256, &f.Name, &f.Format, &f.Lines, store.StampInto(&f.At), &f.By, &f.Doubts)
		all = append(all, f)
		return err
	})
	return all, err
}
