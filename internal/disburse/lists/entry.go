package lists

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// row is what an entry is at the moment.
type row struct {
	n                                 int
	enterprise, name, status, account string
	retired                           int // 1: the account was retired since
	note                              string
	amount                            exact.Money
}

// entry reads a list and one entry of it, both held to the end of the transaction.
func entry(ctx context.Context, tx *store.Tx, list string, n int) (h head, e row, err error) {
	if h, err = load(ctx, tx, list); err != nil {
		return h, e, err
	}
	err = query(ctx, tx, `SELECT n, enterprise, name, status, coalesce(account, ''),
		(SELECT count(*) FROM payee_account p WHERE p.id = account AND p.retired_at IS NOT NULL), note, amount_fen FROM list_entry WHERE list = $1 AND n = $2`,
		[]any{list, n}, func(scan scanner) error {
			return scan(&e.n, &e.enterprise, &e.name, &e.status, &e.account, &e.retired, &e.note, &e.amount)
		})
	if err == nil && e.n == 0 {
		err = refused{store.ErrNotFound, fmt.Sprintf("名单“%s”没有第 %d 条，请核对序号。", list, n)}
	}
	return h, e, err
}

// Remove takes an entry out for good, with the reason: it can't come back to this list, but its right may go on another one. What
// was reserved for it is free again. D1 does it before handling, and later for entries that are held: they
// aren't part of what was approved.
func (b *Book) Remove(ctx context.Context, a Actor, list string, n int, reason string, now time.Time) error {
	return b.change(ctx, a, list, n, reason, "removed", now, func(tx *store.Tx, h head, e row) error {
		switch {
		case e.status == "removed" || e.status == "returned":
			return conflict("第 %d 条已经移出，不需要再办。", n)
		case e.status == "in" && !early(h):
			return conflict("名单现在是“%s”，不能移出条目；请先“暂缓”这一条，或由财政“重新核对”“退回更正”后再移出。", stateNames[h.state])
		}
		if err := a.hasIn(ctx, tx, h.department, "D1"); err != nil {
			return err
		}
		return takeOut(ctx, tx, h, e, reason, a, now)
	})
}

// early tells whether entries may still come and go: from handling on the content is bound.
func early(h head) bool {
	return slices.Contains([]State{Drafted, Reviewed, Confirmed, Noticed}, h.state)
}

// takeOut gives back what is reserved for an entry, and removes it.
func takeOut(ctx context.Context, tx *store.Tx, h head, e row, reason string, a Actor, now time.Time) error {
	if err := void(ctx, tx, h.id, e.n, h.round, a, now); err != nil {
		return err
	}
	if e.status == "held" {
		return aloof(ctx, tx, h, e.n, "removed", reason)
	}
	return mark(ctx, tx, h.id, e.n, "removed", reason)
}

// aloof changes a held entry that doesn't come in: the content stays as it is, and with it the hash, which the database empties
// at any change of an entry.
func aloof(ctx context.Context, tx *store.Tx, h head, n int, status, note string) error {
	if err := mark(ctx, tx, h.id, n, status, note); err != nil || h.hash == "" {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE disbursement_list SET hash = $1 WHERE id = $2", h.hash, h.id)
	return err
}

func mark(ctx context.Context, tx *store.Tx, list string, n int, status, note string) error {
	_, err := tx.Exec(ctx, "UPDATE list_entry SET status = $1, note = $2 WHERE list = $3 AND n = $4", status, note, list, n)
	return err
}

// Lower pays an entry of a draft less, with the reason. What it no longer takes of its caps is free; nobody else is raised.
func (b *Book) Lower(ctx context.Context, a Actor, list string, n int, amount exact.Money, reason string, now time.Time) error {
	return b.change(ctx, a, list, n, reason, "lowered", now, func(tx *store.Tx, h head, e row) error {
		if h.state != Drafted {
			return conflict("名单现在是“%s”，只有草稿能改金额；请先退回更正。", stateNames[h.state])
		}
		if e.status == "removed" || e.status == "returned" || amount <= 0 || amount >= e.amount {
			return invalid("第 %d 条现在是 %s 元，只能改成更小、大于 0 的金额；要多拨请重新比对、起草，不拨请移出。", n, e.amount)
		}
		_, err := tx.Exec(ctx, "UPDATE list_entry SET amount_fen = $1, reason = $2 WHERE list = $3 AND n = $4", int64(amount), reason, list, n)
		return err
	})
}

// Hold keeps an entry from being paid until it is released or removed, with a reason that says what to do. From handling on this
// empties the hash, which voids what was handled, checked or approved: F1 reopens the list, and it goes through these hands again.
func (b *Book) Hold(ctx context.Context, a Actor, list string, n int, reason string, now time.Time) error {
	return b.change(ctx, a, list, n, reason, "held", now, func(tx *store.Tx, h head, e row) error {
		if err := holdable(h); err != nil {
			return err
		}
		if e.status != "in" {
			return conflict("第 %d 条不在拨付之列，不需要暂缓。", n)
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "D2", "F1", "F2", "F3"); err != nil {
			return err
		}
		return mark(ctx, tx, list, n, "held", reason)
	})
}

// holdable refuses states in which nothing can be kept back any more.
func holdable(h head) error {
	if !slices.Contains([]State{Drafted, Reviewed, Confirmed, Noticed, Handled, Checked, Approving, Approved}, h.state) {
		return conflict("名单现在是“%s”，不能再暂缓条目；尚未送出的请先退回更正，已送出的按追回办理。", stateNames[h.state])
	}
	return nil
}

// HoldAll holds what a check just before approval found, such as a firm that lost its credit: the reason of each entry by its
// number. Entries that aren't in are left as they are. It returns how many it held.
func (b *Book) HoldAll(ctx context.Context, a Actor, list string, reasons map[int]string, now time.Time) (count int, err error) {
	err = b.transact(ctx, func(tx *store.Tx) error {
		h, err := load(ctx, tx, list)
		if err != nil {
			return err
		}
		if err := holdable(h); err != nil {
			return err
		}
		if h.state == Drafted && h.suspended {
			return h.open(ActEdit)
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "D2", "F1", "F2", "F3"); err != nil {
			return err
		}
		if count, err = holdEach(ctx, tx, list, reasons); err != nil || count == 0 {
			return err
		}
		if err := edited(ctx, tx, h, a, "复查暂缓", now); err != nil {
			return err
		}
		return record(ctx, tx, "rechecked", list, a, "", now, map[string]string{"held": fmt.Sprint(count)})
	})
	return count, err
}

func holdEach(ctx context.Context, tx *store.Tx, list string, reasons map[int]string) (count int, err error) {
	for n, reason := range reasons {
		if reason == "" {
			return 0, invalid("第 %d 条没有写明暂缓的原因，请补上。", n)
		}
		changed, err := tx.Exec(ctx, "UPDATE list_entry SET status = 'held', note = $1 WHERE list = $2 AND n = $3 AND status = 'in'", reason, list, n)
		if err != nil {
			return 0, err
		}
		count += int(changed)
	}
	return count, nil
}

// Release lets a held entry be paid again. In a round that is in notice it needs the account and the money that the freeze gave
// the others; with an objection open it waits for the answer.
func (b *Book) Release(ctx context.Context, a Actor, list string, n int, reason string, now time.Time) error {
	return b.change(ctx, a, list, n, reason, "released", now, func(tx *store.Tx, h head, e row) error {
		if e.status != "held" {
			return conflict("第 %d 条没有暂缓，不需要恢复。", n)
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "F1"); err != nil {
			return err
		}
		open, err := objections(ctx, tx, list, n)
		if err != nil {
			return err
		}
		if open > 0 {
			return conflict("第 %d 条还有 %d 件异议没有答复，请先答复异议。", n, open)
		}
		return letIn(ctx, tx, h, e, a, now)
	})
}

// letIn makes a held entry count again, before handling.
func letIn(ctx context.Context, tx *store.Tx, h head, e row, a Actor, now time.Time) error {
	if !early(h) {
		return conflict("名单现在是“%s”，不能恢复条目；请财政“重新核对”后再恢复，或留到下一批。", stateNames[h.state])
	}
	if h.state != Noticed {
		return mark(ctx, tx, h.id, e.n, "in", "")
	}
	if e.account == "" || e.retired > 0 { // the payment file would refuse a retired one after all signatures
		return conflict("第 %d 条（%s）公示时没有可用的收款账户，或者账户已停用，本轮不能恢复；请移出到下一批，或退回更正、补好账户后再公示。", e.n, e.name)
	}
	if err := mark(ctx, tx, h.id, e.n, "in", ""); err != nil {
		return err
	}
	if err := money(ctx, tx, h.id, e.n, now); err != nil {
		return err
	}
	return reserve(ctx, tx, h.id, e.n, h.round, a, now)
}

// change does something to one entry and writes its records: in a draft it is an edit, which makes who does it one of its makers.
func (b *Book) change(ctx context.Context, a Actor, list string, n int, reason, kind string, now time.Time, do func(*store.Tx, head, row) error) error {
	return b.transact(ctx, func(tx *store.Tx) error {
		if strings.TrimSpace(reason) == "" {
			return invalid("请写明原因。")
		}
		h, e, err := entry(ctx, tx, list, n)
		if err != nil {
			return err
		}
		if h.suspended {
			return h.open(ActEdit)
		}
		if err := do(tx, h, e); err != nil {
			return err
		}
		if err := edited(ctx, tx, h, a, fmt.Sprintf("第 %d 条：%s", n, reason), now); err != nil {
			return err
		}
		return record(ctx, tx, kind, list, a, reason, now, map[string]string{"n": fmt.Sprint(n)})
	})
}

// edited writes the event of a change to a draft; other states have none.
func edited(ctx context.Context, tx *store.Tx, h head, a Actor, note string, now time.Time) error {
	if h.state != Drafted {
		return nil
	}
	s, err := step(h, ActEdit, a.Role)
	if err != nil {
		return err
	}
	if err := a.has(ctx, tx, h.department); err != nil {
		return err
	}
	if err := another(ctx, tx, h, a, ActEdit); err != nil {
		return err
	}
	return event(ctx, tx, h, s, a, note, nil, now)
}
