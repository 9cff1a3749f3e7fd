package view

import (
	"context"
	"fmt"
	"time"

	"mianshen/internal/disburse/notice"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Notice is the table of a list's public notice: its entries that are in, by their numbers, names of persons masked. It is the
// notice that began last; a list that never was in notice has none (store.ErrNotFound). The caller adds where objections go.
func (v *View) Notice(ctx context.Context, list string) (notice.Table, error) {
	return v.NoticePage(ctx, list, 0, 0)
}

// NoticePage is Notice with at most limit of its rows, those after a number; all where limit is 0.
func (v *View) NoticePage(ctx context.Context, list string, after, limit int) (t notice.Table, err error) {
	l, err := v.List(ctx, list)
	if err != nil {
		return t, err
	}
	var began time.Time
	err = v.query(ctx, "SELECT at FROM list_event WHERE list = $1 AND action = 'notice' ORDER BY seq DESC LIMIT 1", []any{list}, func(scan scanner) error {
		return scan(store.StampInto(&began))
	})
	if err != nil {
		return t, err
	}
	if began.IsZero() {
		return t, unnoticed{list}
	}
	t = notice.Table{Title: l.Title + "公示", Department: l.Department, From: civil.On(began), Until: l.NoticeUntil}
	cut := ""
	if limit > 0 {
		cut = fmt.Sprintf(" LIMIT %d", limit)
	}
	err = v.query(ctx, `SELECT n, name, enterprise, item, amount_fen FROM list_entry WHERE list = $1 AND status IN ('in', 'returned') AND n > $2 ORDER BY n`+cut,
		[]any{list, after}, func(scan scanner) error {
			var r notice.Row
			var fen int64
			err := scan(&r.N, &r.Payee, &r.USCC, &r.Item, &fen)
			r.Payee, r.Amount = notice.Mask(r.Payee), exact.Money(fen)
			t.Rows = append(t.Rows, r)
			return err
		})
	return t, err
}

// unnoticed is a store.ErrNotFound in words for a person.
type unnoticed struct{ id string }

func (u unnoticed) Error() string {
	return "名单“" + u.id + "”还没有进入公示，没有公示表；请先办理公示。"
}
func (unnoticed) Unwrap() error { return store.ErrNotFound }
