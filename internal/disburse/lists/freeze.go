package lists

import (
	"context"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// freeze is what entering public notice does: accounts are bound, money is reserved for the round that begins, the period runs.
func (o Order) freeze(ctx context.Context, tx *store.Tx, h *head, a Actor, now time.Time) (content, error) {
	until, err := after(now, o.Days)
	if err != nil {
		return content{}, err
	}
	var n int
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM list_entry WHERE list = $1", h.id).Scan(&n); err != nil {
		return content{}, err
	}
	if err := tx.Room(ctx, n); err != nil {
		return content{}, err
	}
	if err := accounts(ctx, tx, h.id, until); err != nil {
		return content{}, err
	}
	if err := money(ctx, tx, h.id, 0, now); err != nil {
		return content{}, err
	}
	if err := tx.Counted(ctx, "list_entry", n); err != nil {
		return content{}, err
	}
	c, err := bind(ctx, tx, h, h.round+1)
	if err != nil {
		return c, err
	}
	if _, err := tx.Exec(ctx, "UPDATE disbursement_list SET notice_until = $1 WHERE id = $2", store.Day(until), h.id); err != nil {
		return c, err
	}
	if err := reserve(ctx, tx, h.id, 0, h.round+1, a, now); err != nil {
		return c, err
	}
	return c, tx.Counted(ctx, "posting", n)
}

// accounts binds the verified account of each firm that may be used when the notice is over, and holds the entries of firms
// that have none.
func accounts(ctx context.Context, tx *store.Tx, list string, until civil.Date) error {
	over, ok := until.AddDays(1)
	if !ok {
		return invalid("公示期满日超出范围，请缩短公示期。")
	}
	_, err := tx.Exec(ctx, `UPDATE list_entry SET account = (SELECT p.id FROM payee_account p WHERE p.enterprise = list_entry.enterprise
		AND p.verified_at IS NOT NULL AND p.retired_at IS NULL AND p.usable_from <= $1) WHERE list = $2 AND status IN ('in', 'held')`,
		store.Stamp(over.Start()), list)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE list_entry SET status = 'held', note = $1 WHERE list = $2 AND status = 'in' AND account IS NULL", noAccount, list)
	return err
}

const noAccount = "公示时没有已核验、可用的收款账户：请补录并核验账户（新账户须过冷静期），本批移出或退回更正后再公示"

// money refuses a list, or one entry of it, that its lines can't pay, and says what is lacking. The lines stay locked to the end
// of the transaction. With n 0 it is the whole list.
func money(ctx context.Context, tx *store.Tx, list string, n int, now time.Time) error {
	none := func(scanner) error { return nil }
	if err := query(ctx, tx, "SELECT id FROM budget_line WHERE id IN (SELECT line FROM list_entry WHERE list = $1) ORDER BY id"+tx.Lock(), []any{list}, none); err != nil {
		return err
	}
	var lacking error
	err := query(ctx, tx, `SELECT b.id, b.name, b.year, b.total_fen - b.reserved_fen - b.posted_fen, CAST(sum(e.amount_fen) AS BIGINT)
		FROM list_entry e JOIN budget_line b ON b.id = e.line WHERE e.list = $1 AND e.status = 'in' AND ($2 = 0 OR e.n = $2)
		GROUP BY b.id, b.name, b.year, b.total_fen, b.reserved_fen, b.posted_fen ORDER BY b.id DESC`, []any{list, n}, func(scan scanner) error {
		var id, name string
		var year int
		var left, need int64
		if err := scan(&id, &name, &year, &left, &need); err != nil {
			return err
		}
		if today := civil.On(now); year != today.Year() {
			lacking = conflict("预算指标“%s”（%s）是 %d 年度的，现在是 %d 年，不能冻结；请退回更正，改用本年度指标或已审核的结转指标。", id, name, year, today.Year())
		} else if need > left {
			lacking = conflict("预算指标“%s”（%s）可用 %s 元，本名单需要 %s 元，差 %s 元；请追加指标、移出条目，或按资金不足的办法重新起草。",
				id, name, exact.Money(left), exact.Money(need), exact.Money(need-left))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return lacking
}

// reserve puts money aside for the entries that are in, or for entry n alone, each once a round.
func reserve(ctx context.Context, tx *store.Tx, list string, n, round int, a Actor, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person)
		SELECT $1, 'reserve', e.line, 'available', 'reserved', e.amount_fen, e.list, e.n, $2, $3 FROM list_entry e
		WHERE e.list = $4 AND e.status = 'in' AND ($5 = 0 OR e.n = $5)
		AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.round = $2 AND o.kind = 'reserve') ORDER BY e.n`,
		store.Stamp(now), round, a.Person, list, n)
	return err
}

// void gives back what the round put aside for the list, or for entry n alone, as far as it wasn't given back.
func void(ctx context.Context, tx *store.Tx, list string, n, round int, a Actor, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person)
		SELECT $1, 'void', o.line, 'reserved', 'available', o.fen, o.list, o.n, o.round, $2 FROM posting o
		WHERE o.list = $3 AND o.round = $4 AND o.kind = 'reserve' AND ($5 = 0 OR o.n = $5)
		AND NOT EXISTS (SELECT 1 FROM posting v WHERE v.list = o.list AND v.n = o.n AND v.round = o.round AND v.kind = 'void')
		ORDER BY o.n`,
		store.Stamp(now), a.Person, list, round, n)
	return err
}

// release undoes the freeze: payments that haven't left are cancelled, what is reserved is free again.
func release(ctx context.Context, tx *store.Tx, h head, a Actor, note string, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE payment SET state = 'cancelled', moved_at = $1, moved_by = $2, reason = $3 WHERE list = $4 AND state = 'ready'",
		store.Stamp(now), a.Person, note, h.id)
	if err != nil {
		return err
	}
	return void(ctx, tx, h.id, 0, h.round, a, now)
}
