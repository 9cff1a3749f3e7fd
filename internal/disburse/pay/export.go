package pay

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Batch is an order to pay as the database has it.
type Batch struct {
	ID       string
	List     string
	Hash     string // of the approved list
	Round    int
	MadeOn   civil.Date
	AnswerBy civil.Date // the last day on which the bank's answer counts by itself
	Lines    int
	Sum      exact.Money
}

// PaymentID names the attempt to pay entry n of a list: 27 letters and digits that depend on nothing else.
func PaymentID(list string, n, attempt int) string {
	return "P" + short(fmt.Sprintf("payment|%s|%d|%d", list, n, attempt))
}

// short is the beginning of a hash: 130 bits in 26 of A-Z 2-7.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base32.StdEncoding.EncodeToString(sum[:])[:26]
}

var batchForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,34}$`)

// batchID is the list's id with its round where banks take it, else a hash.
func batchID(list string, round int) string {
	if id := list + "-" + strconv.Itoa(round); batchForm.MatchString(id) {
		return id
	}
	return "B" + short(fmt.Sprintf("batch|%s|%d", list, round))
}

// due is one entry that is to be paid.
type due struct {
	n, attempt int
	account    string
	line       string
	amount     exact.Money
	fault      string // why it can't be paid, for people
}

// Export makes the payments and the batch of an approved list, by F1. Count and sum of the entries, of their open reservations and of the
// payments must be the same; an account that was retired or isn't usable yet, a line of another year and a batch that no file could
// carry are refused whole. answerBy is the last day on which the bank's answer counts by itself.
func (d *Desk) Export(ctx context.Context, actor Actor, listID string, answerBy civil.Date, now time.Time) (Batch, error) {
	b := Batch{List: listID, MadeOn: civil.On(now), AnswerBy: answerBy}
	if answerBy.IsZero() || answerBy.Before(b.MadeOn) {
		return Batch{}, refuse("银行答复期限应填写，且不早于今天。")
	}
	err := d.s.Transact(ctx, func(tx *store.Tx) error {
		turn, err := d.begin(ctx, tx, actor, "F1", lists.ActExport, listID, now)
		if err != nil {
			return err
		}
		if err := unlocked(ctx, tx); err != nil {
			return err
		}
		b.ID, b.Round, b.Hash = batchID(listID, turn.Round), turn.Round, turn.Hash
		if err := d.makeBatch(ctx, tx, &b, actor, now); err != nil {
			return err
		}
		return turn.End(ctx, map[string]string{"batch": b.ID, "lines": strconv.Itoa(b.Lines), "sum": b.Sum.String(), "answer_by": answerBy.String()})
	})
	if err != nil {
		return Batch{}, fmt.Errorf("export list %s: %w", listID, err)
	}
	return b, nil
}

// makeBatch writes payments and batch, and holds the sums against each other.
func (d *Desk) makeBatch(ctx context.Context, tx *store.Tx, b *Batch, actor Actor, now time.Time) error {
	entries, err := dues(ctx, tx, b.List, now)
	if err != nil {
		return err
	}
	if err := sound(entries); err != nil {
		return err
	}
	if err := total(b, entries); err != nil {
		return err
	}
	// each entry is looked up by itself: PostgreSQL may know nothing yet of the postings of this list, and joins them in quadratic time
	reserved, err := tally(ctx, tx, `SELECT coalesce(sum(CASE o.kind WHEN 'reserve' THEN 1 ELSE -1 END), 0),
			CAST(coalesce(sum(CASE o.kind WHEN 'reserve' THEN o.fen ELSE -o.fen END), 0) AS BIGINT)
		FROM posting o WHERE o.list = $1 AND o.round = $2 AND (SELECT e.status FROM list_entry e WHERE e.list = o.list AND e.n = o.n) <> 'held'`, b.List, b.Round)
	if err != nil {
		return err
	}
	if reserved != (payout.Totals{Count: b.Lines, Sum: b.Sum}) {
		return refuse("名单 %d 笔 %s 元，冻结 %d 笔 %s 元，两者不符，已停止导出，请核对冻结记录。", b.Lines, b.Sum, reserved.Count, reserved.Sum)
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{PaymentID(b.List, e.n, e.attempt), b.List, e.n, e.attempt, b.ID, e.account, e.line, int64(e.amount), "ready", store.Stamp(now), actor.Person}
	}
	if err := tx.Many(ctx, "payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)", "", rows); err != nil {
		return err
	}
	if err := b.whole(ctx, tx, "ready"); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at, answer_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		b.ID, b.List, b.Round, b.Hash, store.Day(b.MadeOn), b.Lines, int64(b.Sum), actor.Person, store.Stamp(now), store.Day(b.AnswerBy))
	if err != nil {
		return err
	}
	file, err := d.content(ctx, tx.Query, b.ID)
	if err != nil {
		return err
	}
	return file.Check()
}

// dues reads the entries that are to be paid, each with what is against it.
func dues(ctx context.Context, tx *store.Tx, list string, now time.Time) ([]due, error) {
	rows, err := tx.Query(ctx, `SELECT e.n, coalesce(p.attempts, 0), coalesce(e.account, ''), e.line, e.amount_fen, l.year,
			CASE WHEN a.id IS NULL THEN '没有收款账户' WHEN a.retired_at IS NOT NULL THEN '收款账户已停用' WHEN a.verified_at IS NULL THEN '收款账户未核实' ELSE '' END, a.usable_from
		FROM list_entry e JOIN budget_line l ON l.id = e.line LEFT JOIN payee_account a ON a.id = e.account
			LEFT JOIN (SELECT n, max(attempt) AS attempts FROM payment WHERE list = $1 GROUP BY n) p ON p.n = e.n
		WHERE e.list = $1 AND e.status = 'in' ORDER BY e.n`, list)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []due
	for rows.Next() {
		var e due
		var year int
		var usable time.Time
		if err := rows.Scan(&e.n, &e.attempt, &e.account, &e.line, &e.amount, &year, &e.fault, store.StampInto(&usable)); err != nil {
			return nil, err
		}
		e.attempt++
		switch {
		case e.fault != "":
		case usable.After(now):
			e.fault = "收款账户还在变更等待期内"
		case year != civil.On(now).Year():
			e.fault = fmt.Sprintf("预算指标属于 %d 年，不能在本年支付，请先办理结转", year)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// sound refuses entries that can't be paid, naming the first ten.
func sound(entries []due) error {
	if len(entries) == 0 {
		return refuse("名单里没有可支付的企业，请退回或撤回名单。")
	}
	if len(entries) > payout.MaxLines {
		return refuse("名单有 %d 笔，超过每批 %d 笔，请分成几张名单。", len(entries), payout.MaxLines)
	}
	var faults []string
	for _, e := range entries {
		if e.fault != "" {
			faults = append(faults, fmt.Sprintf("第 %d 笔：%s", e.n, e.fault))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return refuse("有 %d 笔不能支付，请退回名单处理后重新批准：%s。", len(faults), strings.Join(faults[:min(len(faults), 10)], "；"))
}

// total counts and adds the entries.
func total(b *Batch, entries []due) error {
	sum := exact.Int(0)
	for _, e := range entries {
		next, err := sum.Add(e.amount.Num())
		if err != nil {
			return err
		}
		sum = next
	}
	fen, ok := sum.Int64()
	if !ok {
		return exact.ErrOverflow
	}
	b.Lines, b.Sum = len(entries), exact.Money(fen)
	return nil
}

// tally runs a query for a count and a sum.
func tally(ctx context.Context, tx *store.Tx, query string, args ...any) (t payout.Totals, err error) {
	err = tx.QueryRow(ctx, query, args...).Scan(&t.Count, &t.Sum)
	return t, err
}

// whole refuses a batch whose payments in the state aren't all of it.
func (b Batch) whole(ctx context.Context, tx *store.Tx, state string) error {
	got, err := tally(ctx, tx, `SELECT count(*), CAST(coalesce(sum(amount_fen), 0) AS BIGINT) FROM payment WHERE batch = $1 AND state = $2`, b.ID, state)
	if err != nil {
		return err
	}
	if got != (payout.Totals{Count: b.Lines, Sum: b.Sum}) {
		return refuse("批次批准 %d 笔 %s 元，现有待送 %d 笔 %s 元，两者不符，已停止办理，请核对名单。", b.Lines, b.Sum, got.Count, got.Sum)
	}
	return nil
}

// standing refuses a batch that was right when it was made and may not leave any more: an account of it was retired since, or the year
// of its lines is over.
func (b Batch) standing(ctx context.Context, tx *store.Tx, now time.Time) error {
	var retired, over int
	year := civil.On(now).Year()
	err := tx.QueryRow(ctx, `SELECT count(CASE WHEN a.retired_at IS NOT NULL THEN 1 END), count(CASE WHEN l.year <> $2 THEN 1 END)
		FROM payment p JOIN payee_account a ON a.id = p.account JOIN budget_line l ON l.id = p.line WHERE p.batch = $1`, b.ID, year).Scan(&retired, &over)
	switch {
	case err != nil:
		return err
	case retired > 0:
		return refuse("有 %d 笔的收款账户在生成支付文件以后停用了，不能再付；请把名单退回更正，处理以后重新办理。已经交给银行的文件，请马上联系银行停付。", retired)
	case over > 0:
		return refuse("有 %d 笔的预算指标不是 %d 年的，不能再付；请把名单退回更正，先办理结转。已经交给银行的文件，请马上联系银行停付。", over, year)
	}
	return nil
}

const batchColumns = `id, list, round, list_hash, made_on, lines, sum_fen, answer_by`

// scanBatch reads one row of batchColumns.
func scanBatch(row *sql.Row) (b Batch, err error) {
	err = row.Scan(&b.ID, &b.List, &b.Round, &b.Hash, store.DayInto(&b.MadeOn), &b.Lines, &b.Sum, store.DayInto(&b.AnswerBy))
	return b, err
}
