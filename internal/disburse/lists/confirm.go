package lists

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Ask opens the window in which firms confirm their entries of a reviewed list: to the end of the days-th working day from now.
func (b *Book) Ask(ctx context.Context, a Actor, list string, days int, now time.Time) error {
	return b.transact(ctx, func(tx *store.Tx) error {
		h, err := load(ctx, tx, list)
		if err != nil {
			return err
		}
		if _, err := step(h, ActConfirm, a.Role); err != nil {
			return err
		}
		if err := a.has(ctx, tx, h.department); err != nil {
			return err
		}
		until, err := after(now, days)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE disbursement_list SET confirm_until = $1 WHERE id = $2", store.Day(until), list); err != nil {
			return err
		}
		return record(ctx, tx, "asked", list, a, "", now, map[string]string{"until": until.String()})
	})
}

// after is the n-th working day after now.
func after(now time.Time, n int) (civil.Date, error) {
	today := civil.On(now)
	if n < 1 || n > 250 {
		return today, invalid("期限须为 1 至 250 个工作日，现在是 %d，请改正。", n)
	}
	until, ok := civil.AddWorkdays(today, n)
	if !ok {
		return today, conflict("从 %s 起第 %d 个工作日落在还没有放假安排数据的年份，算不出期满日；请等国务院公布放假安排、更新工作日历后再办理，或缩短期限。", today, n)
	}
	return until, nil
}

// Answer keeps what the firm of an entry says to it, once a round, while the window is open. The actor acts for the firm (E1, E2
// with its code as scope), or is the department's D1 who was told.
func (b *Book) Answer(ctx context.Context, a Actor, list string, n int, yes bool, note string, now time.Time) error {
	return b.transact(ctx, func(tx *store.Tx) error {
		h, e, err := entry(ctx, tx, list, n)
		if err != nil {
			return err
		}
		scope := h.department
		if a.Role == "E1" || a.Role == "E2" {
			scope = e.enterprise
		}
		if err := a.hasIn(ctx, tx, scope, "D1", "E1", "E2"); err != nil {
			return err
		}
		if h.state != Reviewed || civil.On(now).After(h.confirmUntil) || h.confirmUntil.IsZero() || e.status != "in" {
			return conflict("这一条现在不在企业确认期内，不能答复；有异议请在公示期提出。")
		}
		answer := map[bool]string{true: "yes", false: "no"}[yes]
		changed, err := tx.Exec(ctx, `INSERT INTO confirmation (list, n, round, answer, person, at, note) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (list, n, round) DO NOTHING`, list, n, h.round, answer, a.Person, store.Stamp(now), note)
		if err != nil {
			return err
		}
		if changed == 0 {
			return conflict("这一条已经答复过，不能再改；请联系经办部门。")
		}
		return record(ctx, tx, "answered", list, a, note, now, map[string]string{"n": fmt.Sprint(n), "answer": answer})
	})
}

// hasIn is has for a scope and one of several roles.
func (a Actor) hasIn(ctx context.Context, tx *store.Tx, scope string, roles ...string) error {
	if !slices.Contains(roles, a.Role) {
		var names []string
		for _, r := range roles {
			names = append(names, RoleName(r))
		}
		return forbidden("这件事由%s办理，您以“%s”的角色不能办理，请交由相应角色的人。", join(names), RoleName(a.Role))
	}
	return a.has(ctx, tx, scope)
}

// confirm closes the window.
func (o Order) confirm(ctx context.Context, tx *store.Tx, h head, a Actor, now time.Time) error {
	if !h.confirmUntil.IsZero() && !h.confirmUntil.Before(civil.On(now)) {
		return conflict("企业确认到 %s 为止（含当日），期满后的第二天起才能汇总。", h.confirmUntil)
	}
	items, err := o.asked(ctx, tx, h)
	if err != nil {
		return err
	}
	if h.confirmUntil.IsZero() && len(items) > 0 {
		return conflict("名单“%s”有需要企业确认的事项，请先开启企业确认，期满后再汇总。", h.id)
	}
	for _, item := range items {
		if err := silent(ctx, tx, h, item, o.Silence[item], a, now); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE list_entry SET status = 'removed', note = '企业答复不同意' WHERE list = $1 AND status IN ('in', 'held')
		AND n IN (SELECT c.n FROM confirmation c WHERE c.list = $1 AND c.round = $2 AND c.answer = 'no')`, h.id, h.round)
	return err
}

// asked are the items of the list whose firms were to be asked. Each item on the list must have been spoken of.
func (o Order) asked(ctx context.Context, tx *store.Tx, h head) (items []string, err error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT item FROM list_entry WHERE list = $1 AND status IN ('in', 'held') ORDER BY item`, h.id)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var item string
		if err := rows.Scan(&item); err != nil {
			return nil, err
		}
		switch o.Silence[item] {
		case Unasked:
		case Forfeit, Grant, Hold:
			items = append(items, item)
		default:
			return nil, invalid("没有说明事项“%s”要不要企业确认、逾期未答复怎么算，不能汇总；请从名单页面或 mianshen list confirm 办理。", item)
		}
	}
	return items, rows.Err()
}

// silent writes down who didn't answer for an item, and draws the consequence.
func silent(ctx context.Context, tx *store.Tx, h head, item string, s Silence, a Actor, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO confirmation (list, n, round, answer, person, at)
		SELECT e.list, e.n, $2, 'silent', $3, $4 FROM list_entry e WHERE e.list = $1 AND e.item = $5 AND e.status = 'in'
		AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.list = e.list AND c.n = e.n AND c.round = $2)`,
		h.id, h.round, a.Person, store.Stamp(now), item)
	if err != nil || s == Grant {
		return err
	}
	status, note := "removed", "逾期未答复，按事项规定视为放弃"
	if s == Hold {
		status, note = "held", "逾期未答复，请联系企业确认后恢复或移出"
	}
	_, err = tx.Exec(ctx, `UPDATE list_entry SET status = $1, note = $2 WHERE list = $3 AND item = $4 AND status = 'in'
		AND n IN (SELECT c.n FROM confirmation c WHERE c.list = $3 AND c.round = $5 AND c.answer = 'silent')`, status, note, h.id, item, h.round)
	return err
}
