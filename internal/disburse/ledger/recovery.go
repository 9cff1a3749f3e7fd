package ledger

import (
	"context"
	"time"

	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Recovery is money that a firm has to give back (追回).
type Recovery struct {
	ID                     string // "" when it is proposed: a random one
	Payment                string
	Enterprise             string // of the payment
	Department             string // whose list paid it
	Amount, Received       exact.Money
	Reason                 string
	ProposedBy, ApprovedBy string
	ProposedAt, ApprovedAt time.Time
}

// Open is what hasn't come back yet.
func (r Recovery) Open() exact.Money { return r.Amount - r.Received }

// paid is a payment that something is claimed back of.
type paid struct {
	enterprise, department, line, state string
	year                                int
	amount, claimed                     exact.Money
}

// paidOf reads a payment and holds it to the end of the transaction.
func paidOf(ctx context.Context, tx *store.Tx, id string) (p paid, err error) {
	held, err := exists(ctx, tx, `SELECT id FROM payment WHERE id = $1`+tx.Lock(), id)
	if err != nil {
		return p, err
	}
	if !held {
		return p, refuse(store.ErrNotFound, "没有编号为“%.64s”的支付，请核对支付编号", id)
	}
	rows, err := tx.Query(ctx, `SELECT e.enterprise, l.department, f.line, p.state, b.year, p.amount_fen,
			(SELECT CAST(coalesce(sum(r.amount_fen), 0) AS BIGINT) FROM recovery r WHERE r.payment = p.id)
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n JOIN disbursement_list l ON l.id = p.list
			JOIN payment_line f ON f.payment = p.id JOIN budget_line b ON b.id = f.line
		WHERE p.id = $1`, id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		return scan(&p.enterprise, &p.department, &p.line, &p.state, &p.year, &p.amount, &p.claimed)
	})
	return p, err
}

// Propose claims back a part or all of a payment, and returns the id. D1 of the department whose list paid it does so.
func (b *Book) Propose(ctx context.Context, r Recovery, by string, now time.Time) (string, error) {
	r.ID = identity(r.ID)
	if err := first(sum(r.Amount), words("追回编号", r.ID), words("追回原因", r.Reason)); err != nil {
		return "", err
	}
	return r.ID, b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "提出追回", drafts)
		if err != nil {
			return err
		}
		taken, err := exists(ctx, tx, `SELECT 1 FROM recovery WHERE id = $1`, r.ID)
		if err != nil {
			return err
		}
		if taken {
			return refuse(store.ErrConflict, "追回编号“%s”已经有了，请换一个编号", r.ID)
		}
		was, err := paidOf(ctx, tx, r.Payment)
		switch {
		case err != nil:
			return err
		case !p.has(drafts, was.department):
			return refuse(ErrRole, "您没有“%s”的%s的角色，不能提出追回；请由该部门办理", was.department, duty.Full(drafts))
		case was.state != "paid":
			return refuse(store.ErrConflict, "这笔支付没有支付成功，不能追回")
		case r.Amount > was.amount-was.claimed:
			return refuse(store.ErrConflict, "这笔支付 %s 元，已提出追回 %s 元，最多还能追回 %s 元", was.amount, was.claimed, was.amount-was.claimed)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			r.ID, r.Payment, was.enterprise, int64(r.Amount), r.Reason, p.id, store.Stamp(now)); err != nil {
			return err
		}
		return p.record(ctx, tx, "recovery.proposed", r.ID, now, map[string]string{"payment": r.Payment, "fen": amount(r.Amount)})
	})
}

// ApproveRecovery lets money be taken in for a recovery. F3 does it, another person than the one who proposed it.
func (b *Book) ApproveRecovery(ctx context.Context, id, by string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "批准追回", approves)
		if err != nil {
			return err
		}
		r, err := recoveryOf(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case r.ApprovedBy != "":
			return refuse(store.ErrConflict, "这笔追回已经批准过，不用再批")
		case r.ProposedBy == p.id:
			return refuse(store.ErrConflict, "这笔追回是您提出的，请由另一人批准")
		}
		if _, err := tx.Exec(ctx, `UPDATE recovery SET approved_by = $1, approved_at = $2 WHERE id = $3`, p.id, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "recovery.approved", id, now, nil)
	})
}

// Receive books money that came back, once for a reference of the bank. It restores the line that the payment came from where that is
// of the current year; what was paid in an earlier year goes to the treasury, and the line stays as it was. F1 does it.
func (b *Book) Receive(ctx context.Context, id, ref string, fen exact.Money, by string, now time.Time) error {
	if err := first(sum(fen), words("银行流水号", ref)); err != nil {
		return err
	}
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "登记追回到账", handles)
		if err != nil {
			return err
		}
		r, err := recoveryOf(ctx, tx, id)
		if err != nil {
			return err
		}
		used, err := exists(ctx, tx, `SELECT 1 FROM recovery_receipt WHERE ref = $1`, ref)
		switch {
		case err != nil:
			return err
		case used:
			return refuse(store.ErrConflict, "银行流水号“%s”已经登记过，不能重复入账", ref)
		case r.ApprovedBy == "":
			return refuse(store.ErrConflict, "这笔追回还没有批准，请先由财政审批人员批准")
		case fen > r.Open():
			return refuse(store.ErrConflict, "应追回 %s 元，已到账 %s 元，这次最多登记 %s 元；多出的钱请先查明来源", r.Amount, r.Received, r.Open())
		}
		was, err := paidOf(ctx, tx, r.Payment)
		if err != nil {
			return err
		}
		if was.state != "paid" {
			return refuse(store.ErrConflict, "这笔支付已由银行退回，不能再登记追回到账；请查明这笔钱的来源")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ($1, $2, $3, $4, $5)`,
			id, ref, int64(fen), store.Stamp(now), p.id); err != nil {
			return err
		}
		line, err := was.restore(ctx, tx, Posting{At: now, Kind: recoverKind, Fen: fen, Ref: ref, Person: p.id})
		if err != nil {
			return err
		}
		return p.record(ctx, tx, "recovery.received", id, now, map[string]string{"ref": ref, "fen": amount(fen), "line": line})
	})
}

// restore books what came back on the line that paid it, if that is of the year; it returns the line, else "".
func (was paid) restore(ctx context.Context, tx *store.Tx, p Posting) (string, error) {
	if was.year != civil.On(p.At).Year() {
		return "", nil
	}
	return was.line, post(ctx, tx, p, was.line)
}

const recoveryColumns = `id, payment, enterprise, (SELECT l.department FROM payment p JOIN disbursement_list l ON l.id = p.list WHERE p.id = recovery.payment), amount_fen, received_fen, reason, proposed_by, proposed_at, coalesce(approved_by, ''), approved_at`

func (r *Recovery) columns() []any {
	return []any{
		&r.ID, &r.Payment, &r.Enterprise, &r.Department, &r.Amount, &r.Received, &r.Reason, &r.ProposedBy, store.StampInto(&r.ProposedAt),
		&r.ApprovedBy, store.StampInto(&r.ApprovedAt),
	}
}

// recoveryOf reads a recovery and holds it to the end of the transaction.
func recoveryOf(ctx context.Context, tx *store.Tx, id string) (r Recovery, err error) {
	rows, err := tx.Query(ctx, `SELECT `+recoveryColumns+` FROM recovery WHERE id = $1`+tx.Lock(), id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(r.columns()...) })
	if err == nil && r.ID == "" {
		err = refuse(store.ErrNotFound, "没有编号为“%.64s”的追回，请核对编号", id)
	}
	return r, err
}

// Recoveries lists the recoveries of a firm, of all firms where enterprise is "", newest first, a page of them.
func (b *Book) Recoveries(ctx context.Context, enterprise string, p Page) (list []Recovery, err error) {
	order, args := p.order("recovery", "proposed_at", enterprise)
	rows, err := b.store.DB().QueryContext(ctx, `SELECT `+recoveryColumns+` FROM recovery WHERE ($1 = '' OR enterprise = $1)`+order, args...)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var r Recovery
		err := scan(r.columns()...)
		list = append(list, r)
		return err
	})
	return list, err
}
