package derive

import (
	"context"
	"errors"
	"slices"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// published tells firms of a new or changed policy that a search which they keep finds. One is told once of a version, however many of
// its searches find it. Who saved a search on a later day has seen what it finds.
func (f *Follower) published(ctx context.Context, c store.Change, w *writer) error {
	v, err := f.office.Store.CurrentPolicy(ctx, c.Subject)
	if f.Match == nil || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := casework.Unpack(v.Files, v.PolicyID)
	if err != nil {
		return err
	}
	history, err := f.office.Store.PolicyHistory(ctx, v.PolicyID)
	if err != nil {
		return err
	}
	change := "新发布"
	if len(history) > 1 {
		change = "新修改"
	}
	searches, err := f.searches(ctx)
	if err != nil {
		return err
	}
	names, err := night.Names(ctx, f.office.Store, searches, func(x store.SavedSearch) string { return x.Enterprise })
	if err != nil {
		return err
	}
	finds, told := map[[2]string]bool{}, map[string]bool{}
	for _, x := range searches {
		if x.Created.After(civil.On(c.At)) {
			continue
		}
		key := [2]string{x.Text, x.Filters}
		if _, asked := finds[key]; !asked {
			if finds[key], err = f.Match(ctx, x.Text, x.Filters, v.PolicyID); err != nil {
				return err
			}
		}
		if !finds[key] || told[x.Enterprise] {
			continue
		}
		told[x.Enterprise] = true
		e := event.New(event.Policy, x.Enterprise, v.PolicyID+"|"+v.ID, c.At)
		night.Fill(e.Data, p, night.Firm{USCC: x.Enterprise, Name: names[x.Enterprise], Day: civil.On(c.At)})
		e.Data[event.Query], e.Data[event.Change], e.Data[event.Plain] = query(x), change, clip(night.OrNone(p.Plain), 120)
		e.Data[event.Ref] = v.PolicyID
		if err := w.add(e); err != nil {
			return err
		}
	}
	return nil
}

func query(x store.SavedSearch) string {
	if x.Text == "" {
		return "按条件筛选"
	}
	return x.Text
}

// clip shortens a text to so many characters.
func clip(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "……"
	}
	return text
}

func (f *Follower) searches(ctx context.Context) ([]store.SavedSearch, error) {
	rows, err := f.office.Store.DB().QueryContext(ctx, `SELECT enterprise, text, filters, created FROM saved_search`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []store.SavedSearch
	for rows.Next() {
		var x store.SavedSearch
		if err := rows.Scan(&x.Enterprise, &x.Text, &x.Filters, store.DayInto(&x.Created)); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b store.SavedSearch) int {
		return slices.Compare([]string{a.Enterprise, a.Text, a.Filters}, []string{b.Enterprise, b.Text, b.Filters})
	})
	return list, rows.Err()
}
