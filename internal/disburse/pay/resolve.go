package pay

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// What a person says of a line in 待查, as the beginning of its resolution.
const (
	saysHolds = "属实："
	saysVoid  = "不作数："
)

func holds(resolution string) bool { return strings.HasPrefix(resolution, saysHolds) }

// Doubts lists the open lines of 待查 that name a batch, or all where batch is "".
func (d *Desk) Doubts(ctx context.Context, batch string) ([]evidence.Line, error) {
	rows, err := d.s.DB().QueryContext(ctx, `SELECT `+lineColumns+` FROM receipt_line
		WHERE ($1 = '' OR batch = $1) AND resolved_at IS NULL AND class NOT IN ('applied', 'underway') ORDER BY batch, payment, id`, batch)
	if err != nil {
		return nil, wrapped(err, "doubts")
	}
	return scanLines(rows)
}

// Resolve closes a line of 待查, by F2, with a reason, and by another person than the one who took its file in. Who was stood in for
// counts as one who acted, on either side. Where the line doesn't hold, it is left out and what the others say counts. Where it holds,
// what it says counts; that may be said only of a line whose payment, account and amount are right and whose day alone is doubtful, or
// of what State wrote down. The payment moves as the receipts then say, and no other way; what the bank carried out in the year after is
// paid out of an approved line of that year which is carried over from the payment's, and refused while there is none.
func (d *Desk) Resolve(ctx context.Context, actor Actor, lineID string, lineHolds bool, reason string, now time.Time) error {
	if reason = strings.TrimSpace(reason); reason == "" || utf8.RuneCountInString(reason) > 500 {
		return refuse("请写明处理依据，不超过 500 字。")
	}
	err := d.s.Transact(ctx, func(tx *store.Tx) error {
		who, err := actor.name(ctx, tx, "F2")
		if err != nil {
			return err
		}
		l, err := openLine(ctx, tx, lineID, actor)
		if err != nil {
			return err
		}
		says := saysVoid
		if lineHolds {
			says = saysHolds
			if !vouchable[l.Class] {
				return refuse("回单属于“%s”，不能直接认定属实。请向银行索取正确的回单，或认定这一条不作数。", l.Class)
			}
		}
		_, err = tx.Exec(ctx, `UPDATE receipt_line SET resolved_by = $1, resolved_for = $2, resolved_at = $3, resolution = $4 WHERE id = $5`,
			actor.Person, actor.absent(), store.Stamp(now), says+reason, lineID)
		if err != nil {
			return err
		}
		b, err := lockBatch(ctx, tx, l.Receipt.Batch)
		var done advanced
		if err == nil {
			done, err = advance(ctx, tx, b, nil, actor, now)
		}
		if err == nil && lineHolds {
			err = done.answers(ctx, tx, l)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // a batch that isn't ours has nothing to move
			return err
		}
		return record(ctx, tx, "receipt.resolved", lineID, actor, who, now, map[string]string{
			"batch": l.Receipt.Batch, "payment": l.Receipt.Payment, "class": string(l.Class), "holds": map[bool]string{true: "yes", false: "no"}[lineHolds],
		})
	})
	return wrapped(err, "receipt "+lineID)
}

// vouchable are the classes of lines that may be called true: payment, account and amount are right, and a day is in doubt or a person's word.
var vouchable = map[evidence.Class]bool{evidence.TooEarly: true, evidence.TooLate: true, evidence.Ahead: true, evidence.OtherYear: true, evidence.Stated: true}

// answers refuses what was called true and still doesn't say what becomes of its payment, with what to do first.
func (a advanced) answers(ctx context.Context, tx *store.Tx, l evidence.Line) error {
	id := l.Receipt.Payment
	if a.blocked[id] != evidence.OtherYear {
		if a.moved == 0 && (l.Class == evidence.Stated || l.Class == evidence.OtherYear) {
			return refuse("认定以后这笔支付还是没有结果：别的回单与它矛盾。请先处理这笔支付的其他待查，或认定这一条不作数。")
		}
		return nil
	}
	paid, known := a.paidAt[id]
	if !known {
		return refuse("银行在 %d 年退回，没有说哪一天划款，不知道该用哪一年的额度。请先向银行问清哪一天划款，收回单或补记银行答复，再来认定。", civil.On(l.Receipt.At).Year())
	}
	var name string
	if err := tx.QueryRow(ctx, `SELECT b.name FROM budget_line b JOIN payment p ON p.line = b.id WHERE p.id = $1`, id).Scan(&name); err != nil {
		return err
	}
	year := civil.On(paid).Year()
	return refuse("银行是 %d 年划的款，只能记在那一年的结转额度上。请先由财政经办开立由“%s”结转的 %d 年额度，经财政审批批准，再来认定；银行说是送出那一年划的，请改为补记银行答复。认定以前这笔支付保持原状，不会再送。", year, name, year)
}

// openLine reads a line that the actor may close, with its batch held first, as everybody does.
func openLine(ctx context.Context, tx *store.Tx, id string, actor Actor) (evidence.Line, error) {
	var batch, by, standingFor string
	err := tx.QueryRow(ctx, `SELECT l.batch, f.received_by, coalesce(f.received_for, '') FROM receipt_line l JOIN receipt_file f ON f.sha256 = l.file WHERE l.id = $1`, id).
		Scan(&batch, &by, &standingFor)
	if err != nil {
		return evidence.Line{}, err
	}
	if by == actor.Person || by == actor.StandsFor || standingFor != "" && (standingFor == actor.Person || standingFor == actor.StandsFor) {
		return evidence.Line{}, refuse("收进这份回单的人和由他代办的人不能处理它的待查，请由另一位复核人办理。")
	}
	if _, err := lockBatch(ctx, tx, batch); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return evidence.Line{}, err
	}
	rows, err := tx.Query(ctx, `SELECT `+lineColumns+` FROM receipt_line WHERE id = $1`, id)
	if err != nil {
		return evidence.Line{}, err
	}
	lines, err := scanLines(rows)
	switch {
	case err != nil:
		return evidence.Line{}, err
	case lines[0].Closed != "":
		return evidence.Line{}, refuse("这条待查已经处理过。")
	case !lines[0].Class.Doubtful():
		return evidence.Line{}, refuse("这条回单不在待查，不需要处理。")
	}
	return lines[0], nil
}

// Case is one batch with everything the bank said of it.
type Case struct {
	Batch    Batch
	Content  payout.Batch    // with the prints of the accounts in the place of their numbers
	Lines    []evidence.Line // that name the batch
	Evidence evidence.Evidence
}

// Case reads a batch and folds its receipts anew.
func (d *Desk) Case(ctx context.Context, batch string) (c Case, err error) {
	db := d.s.DB()
	if c.Batch, err = scanBatch(db.QueryRowContext(ctx, `SELECT `+batchColumns+` FROM payment_batch WHERE id = $1`, batch)); err != nil {
		return Case{}, wrapped(err, "batch "+batch)
	}
	if c.Content, _, err = readBatch(ctx, db.QueryContext, batch); err != nil {
		return Case{}, wrapped(err, "batch "+batch)
	}
	if c.Lines, err = Lines(ctx, db.QueryContext, batch); err != nil {
		return Case{}, wrapped(err, "batch "+batch)
	}
	c.Evidence, err = evidence.Fold(c.Content, c.Batch.AnswerBy, c.Lines)
	return c, err
}
