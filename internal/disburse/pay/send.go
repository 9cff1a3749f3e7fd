package pay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Send says that the batch of an exported list has gone to the bank, by F1. A file must have been taken before. Receipts that came
// first are taken up.
func (d *Desk) Send(ctx context.Context, actor Actor, listID string, now time.Time) error {
	err := d.s.Transact(ctx, func(tx *store.Tx) error {
		turn, err := d.begin(ctx, tx, actor, "F1", lists.ActSend, listID, now)
		if err != nil {
			return err
		}
		if err := unlocked(ctx, tx); err != nil {
			return err
		}
		b, err := lockBatch(ctx, tx, batchID(listID, turn.Round))
		if err != nil {
			return err
		}
		if err := b.whole(ctx, tx, "ready"); err != nil {
			return err
		}
		if err := b.standing(ctx, tx, now); err != nil {
			return err
		}
		var taken int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM batch_download WHERE batch = $1`, b.ID).Scan(&taken); err != nil {
			return err
		}
		if taken == 0 {
			return refuse("这个批次的支付文件还没有人取走，请先下载支付文件并交给银行。")
		}
		if _, err := tx.Exec(ctx, `UPDATE payment SET state = 'sent', moved_at = $1, moved_by = $2 WHERE batch = $3`, store.Stamp(now), actor.Person, b.ID); err != nil {
			return err
		}
		done, err := advance(ctx, tx, b, nil, actor, now)
		if err != nil {
			return err
		}
		return turn.End(ctx, map[string]string{"batch": b.ID, "lines": strconv.Itoa(b.Lines), "sum": b.Sum.String(), "moved": strconv.Itoa(done.moved)})
	})
	return wrapped(err, "send list "+listID)
}

// MarkUnknown says of sent payments that nobody knows what became of them, by F2 and with a reason: of those that are named, or of all of
// the batch that wait for the bank where none is. It returns how many. Nothing sends them again; a receipt moves them on, or what the
// bank said, stated by one person and found true by another (State, Resolve).
func (d *Desk) MarkUnknown(ctx context.Context, actor Actor, batch string, payments []string, reason string, now time.Time) (int, error) {
	if reason = strings.TrimSpace(reason); reason == "" || utf8.RuneCountInString(reason) > 500 {
		return 0, refuse("请写明为什么结果不明，不超过 500 字。")
	}
	var marked int
	err := d.s.Transact(ctx, func(tx *store.Tx) error {
		who, err := actor.name(ctx, tx, "F2")
		if err != nil {
			return err
		}
		if _, err := lockBatch(ctx, tx, batch); err != nil {
			return err
		}
		marked = 0
		const mark = `UPDATE payment SET state = 'unknown', moved_at = $1, moved_by = $2, reason = $3 WHERE batch = $4 AND state = 'sent'`
		for _, id := range payments {
			n, err := tx.Exec(ctx, mark+` AND id = $5`, store.Stamp(now), actor.Person, reason, batch, id)
			if err != nil {
				return err
			}
			if n == 0 {
				return refuse("支付 %s 不在“已送银行”状态，不能记为结果不明，请刷新后再办理。", id)
			}
			marked++
		}
		if len(payments) == 0 {
			n, err := tx.Exec(ctx, mark, store.Stamp(now), actor.Person, reason, batch)
			if err != nil {
				return err
			}
			if n == 0 {
				return refuse("批次 %s 没有等银行答复的支付，不用记为结果不明。", batch)
			}
			marked = int(n)
		}
		return record(ctx, tx, "payments.unknown", batch, actor, who, now, map[string]string{"payments": strconv.Itoa(marked), "why": "person"})
	})
	return marked, wrapped(err, "batch "+batch)
}

// Overdue says of every sent payment whose batch should have been answered before today that its outcome is unknown, by a service or
// F1, a transaction a batch. It returns how many.
func (d *Desk) Overdue(ctx context.Context, actor Actor, now time.Time) (int64, error) {
	batches, err := d.overdue(ctx, civil.On(now))
	if err != nil {
		return 0, fmt.Errorf("overdue payments: %w", err)
	}
	var total int64
	for _, batch := range batches {
		var n int64
		err := d.s.Transact(ctx, func(tx *store.Tx) error {
			who, err := actor.name(ctx, tx, "SV", "F1")
			if err != nil {
				return err
			}
			if _, err := lockBatch(ctx, tx, batch); err != nil {
				return err
			}
			n, err = tx.Exec(ctx, `UPDATE payment SET state = 'unknown', moved_at = $1, moved_by = $2, reason = '过了银行答复期限' WHERE batch = $3 AND state = 'sent'`,
				store.Stamp(now), actor.Person, batch)
			if err != nil || n == 0 {
				return err
			}
			return record(ctx, tx, "payments.unknown", batch, actor, who, now, map[string]string{"payments": strconv.FormatInt(n, 10), "why": "answer_by"})
		})
		if err != nil {
			return total, fmt.Errorf("overdue payments of %s: %w", batch, err)
		}
		total += n
	}
	return total, nil
}

func (d *Desk) overdue(ctx context.Context, today civil.Date) ([]string, error) {
	rows, err := d.s.DB().QueryContext(ctx, `SELECT b.id FROM payment_batch b WHERE b.answer_by < $1
		AND EXISTS (SELECT 1 FROM payment p WHERE p.batch = b.id AND p.state = 'sent') ORDER BY b.id`, store.Day(today))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Settle ends a list when no payment of it is open, by F2.
func (d *Desk) Settle(ctx context.Context, actor Actor, listID string, now time.Time) error {
	err := d.s.Transact(ctx, func(tx *store.Tx) error {
		turn, err := d.begin(ctx, tx, actor, "F2", lists.ActSettle, listID, now)
		if err != nil {
			return err
		}
		var open int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM payment WHERE list = $1 AND state IN ('ready', 'sent', 'unknown')`, listID).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return refuse("还有 %d 笔支付没有结果，请先收齐银行回单并处理待查。", open)
		}
		return turn.End(ctx, nil)
	})
	return wrapped(err, "settle list "+listID)
}

// wrapped says what was being done; a missing row is a store.ErrNotFound.
func wrapped(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s: %w", what, store.ErrNotFound)
	}
	return fmt.Errorf("%s: %w", what, err)
}
