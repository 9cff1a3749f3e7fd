// Package balance puts list, ledger, file, receipts and bank statement side by side, payment by payment, and says which agree. It
// reads only, and gives each payment and each receipt that fits none exactly one class.
package balance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Class says how a payment, or a receipt or movement without one, stands.
type Class uint8

// The classes, in the order of the report. The first four are finished.
const (
	Settled          Class = iota // paid, and all five agree
	Failed                        // never left
	Returned                      // left and came back
	Cancelled                     // taken back before it was sent
	Unsent                        // waits to be sent
	Waiting                       // the bank has it
	Silent                        // no receipt speaks of it
	InDoubt                       // some receipt of it is in 待查
	ListDiffers                   // list and payment have another amount or account
	ListOnly                      // on the list of the round, without a payment
	LedgerDiffers                 // the postings aren't those of its state
	StateDiffers                  // its state isn't what the receipts say
	StatementMissing              // paid, but the statement doesn't have it
	StatementDiffers              // the statement has another sum
	StrayReceipt                  // a receipt in 待查
	StrayMovement                 // a movement of the statement that is no payment of ours
	classes                       // how many there are
)

var classWords = [classes]string{
	"已付", "失败", "退回", "已撤销", "待送出", "处理中", "无回单", "待查", "名单与支付不符", "名单有支付无", "账实不符", "状态与回单不符", "流水无此支付", "流水金额不符", "待查回单", "无主流水",
}

// String returns the word for people.
func (c Class) String() string { return classWords[c] }

var classCodes = [classes]string{
	"settled", "failed", "returned", "cancelled", "unsent", "waiting", "silent", "in_doubt", "list_differs", "list_only", "ledger_differs", "state_differs", "statement_missing",
	"statement_differs", "stray_receipt", "stray_movement",
}

// Code returns the class as programs know it.
func (c Class) Code() string { return classCodes[c] }

// IsCode reports whether a text is the code of a class.
func IsCode(text string) bool { return slices.Contains(classCodes[:], text) }

// Finished reports whether nothing is left to do for the class.
func (c Class) Finished() bool { return c <= Cancelled }

// Tally is a count and a sum in 分.
type Tally struct {
	Count int
	Sum   exact.Money
}

// Row is one class of the report, or the sum over all. Receipts and Statement count a payment once.
type Row struct{ List, Ledger, File, Receipts, Statement Tally }

// Line is one payment, receipt or movement in its class.
type Line struct {
	Class   Class
	List    string
	N       int
	Payment string
	Amount  exact.Money
	Note    string // what to look at
}

// File is a payment file that was made anew and held against the one that left.
type File struct {
	Batch, Format string
	Problem       string // "" where it is the same
}

// Report is the whole reconciliation.
type Report struct {
	Rows  [classes]Row // by Class
	Total Row
	Lines [classes][]Line // by Class, in the order of lists and entries
	Files []File
}

// Clean reports whether nothing waits and nothing differs.
func (r *Report) Clean() bool {
	for c := Unsent; c < classes; c++ {
		if len(r.Lines[c]) > 0 {
			return false
		}
	}
	return !slices.ContainsFunc(r.Files, func(f File) bool { return f.Problem != "" })
}

// String writes the report's sums for people, a class a line.
func (r *Report) String() string {
	var out strings.Builder
	for c, row := range r.Rows {
		if len(r.Lines[c]) > 0 {
			fmt.Fprintf(&out, "%s：名单 %s，账 %s，文件 %s，回单 %s，流水 %s\n", Class(c), row.List, row.Ledger, row.File, row.Receipts, row.Statement)
		}
	}
	fmt.Fprintf(&out, "合计：名单 %s，账 %s，文件 %s，回单 %s，流水 %s\n", r.Total.List, r.Total.Ledger, r.Total.File, r.Total.Receipts, r.Total.Statement)
	return out.String()
}

// String returns 3 笔 18000.00 元.
func (t Tally) String() string { return fmt.Sprintf("%d 笔 %s 元", t.Count, t.Sum) }

// Reconcile compares the batches made in a year, or of one list where list isn't "". statement may be nil: then nobody asks it.
func Reconcile(ctx context.Context, s *store.Store, desk *pay.Desk, year int, list string, statement *Statement) (*Report, error) {
	b := &balancer{s: s, desk: desk, report: &Report{}, statement: statement}
	from, err := civil.New(year, 1, 1)
	to, err2 := civil.New(year, 12, 31)
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	batches, err := b.texts(ctx, `SELECT id FROM payment_batch WHERE ($1 = '' AND made_on >= $2 AND made_on <= $3) OR list = $1 ORDER BY list, round`,
		list, store.Day(from), store.Day(to))
	if err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	for _, batch := range batches {
		if err := b.batch(ctx, batch); err != nil {
			return nil, fmt.Errorf("reconcile batch %s: %w", batch, err)
		}
	}
	if list == "" {
		if err := b.strangers(ctx); err != nil {
			return nil, fmt.Errorf("reconcile: %w", err)
		}
		err = b.movements()
	}
	return b.report, err
}

// balancer makes a report.
type balancer struct {
	s         *store.Store
	desk      *pay.Desk
	report    *Report
	statement *Statement
}

func (b *balancer) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := b.s.DB().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// batch reports one batch.
func (b *balancer) batch(ctx context.Context, id string) error {
	c, err := b.desk.Case(ctx, id)
	if err != nil {
		return err
	}
	sides, err := b.sides(ctx, c.Batch)
	if err != nil {
		return err
	}
	doubted := map[string]bool{}
	for _, l := range c.Lines {
		if l.Closed == "" && c.Evidence.Class[l.ID].Doubtful() {
			doubted[l.Receipt.Payment] = true
			if err := b.stray(l); err != nil {
				return err
			}
		}
	}
	for i, p := range sides {
		if p.payment == "" {
			err = b.put(Line{Class: ListOnly, List: c.Batch.List, N: p.n, Amount: p.listed}, Row{List: Tally{1, p.listed}})
		} else {
			err = b.payment(p, c.Evidence.Outcomes[i], doubted[p.payment])
		}
		if err != nil {
			return err
		}
	}
	return b.files(ctx, id)
}

// stray reports a receipt in 待查.
func (b *balancer) stray(l evidence.Line) error {
	return b.put(Line{Class: StrayReceipt, Payment: l.Receipt.Payment, Amount: l.Receipt.Amount, Note: l.Class.String()}, Row{Receipts: Tally{1, l.Receipt.Amount}})
}

// strangers reports the open receipts that name a batch which isn't ours.
func (b *balancer) strangers(ctx context.Context) error {
	lines, err := b.desk.Doubts(ctx, "")
	if err != nil {
		return err
	}
	ours, err := b.texts(ctx, `SELECT id FROM payment_batch ORDER BY id`)
	if err != nil {
		return err
	}
	slices.Sort(ours)
	for _, l := range lines {
		if _, known := slices.BinarySearch(ours, l.Receipt.Batch); known {
			continue
		}
		if err := b.stray(l); err != nil {
			return err
		}
	}
	return nil
}

// movements reports what the statement has and nobody asked for.
func (b *balancer) movements() error {
	if b.statement == nil {
		return nil
	}
	left := b.statement.strays
	for _, id := range slices.Sorted(maps.Keys(b.statement.by)) {
		left = append(left, b.statement.by[id]...)
	}
	for _, m := range left {
		line := Line{Class: StrayMovement, Payment: m.Payment, Amount: m.Fen, Note: fmt.Sprintf("流水第 %d 行", m.Row)}
		if err := b.put(line, Row{Statement: Tally{1, m.Fen}}); err != nil {
			return err
		}
	}
	return nil
}

// files makes each file that left anew.
func (b *balancer) files(ctx context.Context, batch string) error {
	formats, err := b.texts(ctx, `SELECT format FROM batch_file WHERE batch = $1 ORDER BY format`, batch)
	if err != nil {
		return err
	}
	for _, format := range formats {
		f := File{Batch: batch, Format: format}
		if _, err := b.desk.Prove(ctx, batch, format); err != nil {
			refusal, ours := errors.AsType[*pay.Refusal](err)
			if !ours {
				return err
			}
			f.Problem = refusal.Message
		}
		b.report.Files = append(b.report.Files, f)
	}
	return nil
}

// put adds a line to its class.
func (b *balancer) put(l Line, row Row) error {
	b.report.Lines[l.Class] = append(b.report.Lines[l.Class], l)
	return errors.Join(b.report.Rows[l.Class].add(row), b.report.Total.add(row))
}

func (r *Row) add(other Row) error {
	return errors.Join(r.List.add(other.List), r.Ledger.add(other.Ledger), r.File.add(other.File), r.Receipts.add(other.Receipts), r.Statement.add(other.Statement))
}

func (t *Tally) add(other Tally) error {
	sum, err := t.Sum.Num().Add(other.Sum.Num())
	if err != nil {
		return err
	}
	fen, ok := sum.Int64()
	if !ok {
		return exact.ErrOverflow
	}
	t.Count, t.Sum = t.Count+other.Count, exact.Money(fen)
	return nil
}
