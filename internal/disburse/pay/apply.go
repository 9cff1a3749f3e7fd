package pay

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// lockBatch reads a batch and holds it to the end of the transaction, so that receipts of one batch come one after the other.
func lockBatch(ctx context.Context, tx *store.Tx, id string) (Batch, error) {
	return scanBatch(tx.QueryRow(ctx, `SELECT `+batchColumns+` FROM payment_batch WHERE id = $1`+tx.Lock(), id))
}

// advance holds all lines of a locked batch, with those that are new, against it: it stores the new ones, gives every open line its
// class, and moves the payments whose receipts say so.
func advance(ctx context.Context, tx *store.Tx, b Batch, fresh []evidence.Line, actor Actor, now time.Time) (advanced, error) {
	content, _, err := readBatch(ctx, tx.Query, b.ID)
	if err != nil {
		return advanced{}, err
	}
	kept, err := Lines(ctx, tx.Query, b.ID)
	if err != nil {
		return advanced{}, err
	}
	all := slices.Concat(kept, fresh)
	e, err := evidence.Fold(content, b.AnswerBy, all)
	if err != nil {
		return advanced{}, err
	}
	payments, err := paymentsOf(ctx, tx, b.ID)
	if err != nil {
		return advanced{}, err
	}
	over, err := carriedOver(ctx, tx, b.ID)
	if err != nil {
		return advanced{}, err
	}
	moves, blocked := e.Moves(payments, all, over)
	if err := elsewhere(ctx, tx, all, e.Class); err != nil {
		return advanced{}, err
	}
	if err := putLines(ctx, tx, fresh, e.Class); err != nil {
		return advanced{}, err
	}
	if err := reclass(ctx, tx, kept, e.Class); err != nil {
		return advanced{}, err
	}
	return advanced{e.Class, len(moves), blocked, e.PaidAt}, b.carry(ctx, tx, moves, actor, now)
}

// advanced is what advance came to.
type advanced struct {
	class   map[string]evidence.Class // of each open line
	moved   int                       // payments
	blocked map[string]evidence.Class // payments that can't go where their receipts say, and why
	paidAt  map[string]time.Time      // payment -> its success, where there is one
}

// Lines reads the lines that name a batch, as they stand. ask is how.
func Lines(ctx context.Context, ask func(context.Context, string, ...any) (*sql.Rows, error), batch string) ([]evidence.Line, error) {
	rows, err := ask(ctx, `SELECT `+lineColumns+` FROM receipt_line WHERE batch = $1 ORDER BY id`, batch)
	if err != nil {
		return nil, err
	}
	return scanLines(rows)
}

const lineColumns = `id, file, batch, payment, print, amount_fen, result, reason, bank_at, class, coalesce(resolution, ''),
	(SELECT f.received_at FROM receipt_file f WHERE f.sha256 = file)`

func scanLines(rows *sql.Rows) ([]evidence.Line, error) {
	defer rows.Close()
	var lines []evidence.Line
	for rows.Next() {
		var l evidence.Line
		var result string
		r := &l.Receipt
		if err := rows.Scan(&l.ID, &l.File, &r.Batch, &r.Payment, &r.Account, &r.Amount, &result, &r.Reason, store.StampInto(&r.At), &l.Class, &l.Closed, store.StampInto(&l.Came)); err != nil {
			return nil, err
		}
		r.Result = evidence.ResultOf(result)
		if !r.At.IsZero() {
			r.At = r.At.In(civil.Shanghai())
		}
		l.Holds = holds(l.Closed)
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

func paymentsOf(ctx context.Context, tx *store.Tx, batch string) ([]evidence.Payment, error) {
	rows, err := tx.Query(ctx, `SELECT p.id, p.n, p.state, p.line, f.line, p.amount_fen, l.year, (SELECT coalesce(max(r.received_fen), 0) FROM recovery r WHERE r.payment = p.id) > 0
		FROM payment p JOIN budget_line l ON l.id = p.line JOIN payment_line f ON f.payment = p.id WHERE p.batch = $1 ORDER BY p.n`, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []evidence.Payment
	for rows.Next() {
		var p evidence.Payment
		if err := rows.Scan(&p.ID, &p.N, &p.State, &p.Line, &p.Pays, &p.Amount, &p.Year, &p.Given); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// carriedOver gives the approved lines that are carried over from the lines of a batch (结转). Of several those of the same 科目 come
// first, then those that were approved first.
func carriedOver(ctx context.Context, tx *store.Tx, batch string) (map[evidence.Heir]string, error) {
	rows, err := tx.Query(ctx, `SELECT c.carried_from, c.year, c.id FROM budget_line c JOIN budget_line l ON l.id = c.carried_from
		WHERE c.approved_by IS NOT NULL AND l.id IN (SELECT p.line FROM payment p WHERE p.batch = $1)
		ORDER BY CASE WHEN (c.unit, c.project, c.function, c.economic) = (l.unit, l.project, l.function, l.economic) THEN 0 ELSE 1 END, c.approved_at, c.id`, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	over := map[evidence.Heir]string{}
	for rows.Next() {
		var h evidence.Heir
		var id string
		if err := rows.Scan(&h.Line, &h.Year, &id); err != nil {
			return nil, err
		}
		if over[h] == "" {
			over[h] = id
		}
	}
	return over, rows.Err()
}

// elsewhere tells ids that nobody knows from those of another batch.
func elsewhere(ctx context.Context, tx *store.Tx, lines []evidence.Line, class map[string]evidence.Class) error {
	find, err := tx.Prepare(ctx, `SELECT count(*) FROM payment WHERE id = $1`) //nolint:sqlclosecheck // the transaction closes it
	if err != nil {
		return err
	}
	for _, l := range lines {
		if class[l.ID] != evidence.UnknownID {
			continue
		}
		var known int
		if err := find.QueryRowContext(ctx, l.Receipt.Payment).Scan(&known); err != nil {
			return err
		}
		if known > 0 {
			class[l.ID] = evidence.OtherBatch
		}
	}
	return nil
}

// putLines stores new lines with their classes.
func putLines(ctx context.Context, tx *store.Tx, lines []evidence.Line, class map[string]evidence.Class) error {
	rows := make([][]any, len(lines))
	for i, l := range lines {
		r := l.Receipt
		rows[i] = []any{l.ID, l.File, r.Batch, r.Payment, r.Account, int64(r.Amount), evidence.ResultWord(r.Result), r.Reason, store.Stamp(r.At), string(class[l.ID])}
	}
	return tx.Many(ctx, "receipt_line (id, file, batch, payment, print, amount_fen, result, reason, bank_at, class)", "", rows)
}

// reclass gives the open lines that were there their new class, where it changed.
func reclass(ctx context.Context, tx *store.Tx, kept []evidence.Line, class map[string]evidence.Class) error {
	for _, l := range kept {
		if l.Closed != "" || class[l.ID] == l.Class {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE receipt_line SET class = $1 WHERE id = $2`, string(class[l.ID]), l.ID); err != nil {
			return err
		}
	}
	return nil
}

// carry moves payments with what belongs to it: success posts, failure voids the reservation, a return restores the line; the entry
// of what didn't arrive is returned, so that the right is free for another list. What another line pays is moved there first. Postings
// bear the bank's time. What the same happens to is written together.
func (b Batch) carry(ctx context.Context, tx *store.Tx, moves []evidence.Move, actor Actor, now time.Time) error {
	w := writer{ctx, tx, b, actor.Person, store.Stamp(now)}
	var paid, elsewhere, failed, back []evidence.Move
	for _, m := range moves {
		if m.To == "failed" {
			failed = append(failed, m)
			continue
		}
		if m.State != "paid" {
			paid = append(paid, m)
		}
		if m.State != "paid" && m.Pays != m.Line {
			elsewhere = append(elsewhere, m)
		}
		if m.To == "returned" {
			back = append(back, m)
		}
	}
	for _, write := range []func() error{
		func() error { return w.states("paid", paid) },
		func() error { return w.over(elsewhere, actor, now) },
		func() error { return w.posts("post", "reserved", "paid", paid, paidAt, pays) },
		func() error { return w.states("returned", back) },
		func() error {
			return w.posts("return", "paid", "available", back, func(m evidence.Move) time.Time { return m.At }, pays)
		},
		func() error { return w.entries("退汇：", back) },
		func() error { return w.states("failed", failed) },
		func() error { return w.voids(failed) },
		func() error { return w.entries("付款失败：", failed) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// writer writes what moves.
type writer struct {
	ctx    context.Context //nolint:containedctx // lives within carry
	tx     *store.Tx
	b      Batch
	person string
	now    any
}

// together runs an update for moves that have one reason, many at a time. Its text ends before the list of what key says, which
// comes after the arguments that args makes of the reason.
func (w writer) together(text string, moves []evidence.Move, key func(evidence.Move) any, args func(reason string) []any) error {
	by := map[string][]any{}
	for _, m := range moves {
		by[m.Reason] = append(by[m.Reason], key(m))
	}
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		for keys := range slices.Chunk(by[reason], 100) {
			first := args(reason)
			if _, err := w.tx.Exec(w.ctx, text+store.Places(len(first), len(keys)), append(first, keys...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w writer) states(to string, moves []evidence.Move) error {
	return w.together(`UPDATE payment SET state = $1, reason = $2, moved_at = $3, moved_by = $4 WHERE id IN `, moves,
		func(m evidence.Move) any { return m.ID }, func(reason string) []any { return []any{to, reason, w.now, w.person} })
}

func (w writer) entries(note string, moves []evidence.Move) error {
	return w.together(`UPDATE list_entry SET status = 'returned', note = $1 WHERE list = $2 AND n IN `, moves,
		func(m evidence.Move) any { return m.N }, func(reason string) []any { return []any{note + reason, w.b.List} })
}

func paidAt(m evidence.Move) time.Time { return m.PaidAt }
func pays(m evidence.Move) string      { return m.Pays }

// over moves what is reserved for payments from their line to the one that pays them, and records it.
func (w writer) over(moves []evidence.Move, actor Actor, now time.Time) error {
	if len(moves) == 0 {
		return nil
	}
	err := w.posts("move_out", "reserved", "appropriation", moves, paidAt, func(m evidence.Move) string { return m.Line })
	if err == nil {
		err = w.posts("move_in", "appropriation", "reserved", moves, paidAt, pays)
	}
	if err != nil {
		return err
	}
	var who string
	if err := w.tx.QueryRow(w.ctx, `SELECT name FROM person WHERE id = $1`, actor.Person).Scan(&who); err != nil {
		return err
	}
	for _, m := range moves {
		facts := map[string]string{"from": m.Line, "to": m.Pays, "fen": strconv.FormatInt(int64(m.Amount), 10), "on": civil.On(m.PaidAt).String()}
		if err := record(w.ctx, w.tx, "budget.moved", m.ID, actor, who, now, facts); err != nil {
			return err
		}
	}
	return nil
}

func (w writer) posts(kind, debit, credit string, moves []evidence.Move, at func(evidence.Move) time.Time, line func(evidence.Move) string) error {
	rows := make([][]any, len(moves))
	for i, m := range moves {
		rows[i] = []any{store.Stamp(at(m)), kind, line(m), debit, credit, int64(m.Amount), m.ID, w.person}
	}
	return w.tx.Many(w.ctx, "posting (at, kind, line, debit, credit, fen, payment, person)", "", rows)
}

func (w writer) voids(moves []evidence.Move) error {
	rows := make([][]any, len(moves))
	for i, m := range moves {
		rows[i] = []any{store.Stamp(m.At), "void", m.Line, "reserved", "available", int64(m.Amount), w.b.List, m.N, w.b.Round, w.person}
	}
	return w.tx.Many(w.ctx, "posting (at, kind, line, debit, credit, fen, list, n, round, person)", "", rows)
}
