package derive

import (
	"context"
	"errors"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// published tells firms of a new or changed policy that a search which they keep finds. One is told once of a version.
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
		change = "有修改"
	}
	searches, err := f.searches(ctx)
	if err != nil {
		return err
	}
	names, err := namesOf(ctx, f.office.Store, searches, func(x store.SavedSearch) string { return x.Enterprise })
	if err != nil {
		return err
	}
	finds, told := map[[2]string]bool{}, map[string]bool{}
	for _, x := range searches {
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
		fill(e.Data, p, firm{uscc: x.Enterprise, name: names[x.Enterprise], day: civil.On(c.At)})
		e.Data[event.Query], e.Data[event.Change], e.Data[event.Plain] = query(x), change, clip(orNone(p.Plain), 120)
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
	rows, err := f.office.Store.DB().QueryContext(ctx, `SELECT enterprise, text, filters FROM saved_search`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []store.SavedSearch
	for rows.Next() {
		var x store.SavedSearch
		if err := rows.Scan(&x.Enterprise, &x.Text, &x.Filters); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b store.SavedSearch) int {
		return slices.Compare([]string{a.Enterprise, a.Text, a.Filters}, []string{b.Enterprise, b.Text, b.Filters})
	})
	return list, rows.Err()
}

// First is a firm that would be told of a publication.
type First struct{ Enterprise, Name, Kind, Item string }

// Preview is who would be told if a proposal were published: how many events of each kind, and the first of them by worth.
type Preview struct {
	Counts map[string]int // by kind of event
	Firms  int            // so many firms
	First  []First        // at most ten
}

// Preview says who will be told first if a proposal is published, with the facts known at now.
func (f *Follower) Preview(ctx context.Context, p *casework.Proposal, asOf civil.Date, now time.Time) (Preview, error) {
	out := Preview{Counts: map[string]int{}}
	type told struct {
		First
		fen int64
	}
	var list []told
	seen := map[string]bool{}
	err := f.office.Changes(ctx, p, asOf, now, func(uscc string, d store.Difference) {
		kind := kindOf(d)
		if kind == "" {
			return
		}
		out.Counts[kind]++
		seen[uscc] = true
		list = append(list, told{First{Enterprise: uscc, Kind: kind, Item: d.Item}, d.After.Fen})
		if len(list) >= 1000 {
			list = first(list, func(a, b told) int { return int(min(1, max(-1, b.fen-a.fen))) })
		}
	})
	if err != nil {
		return out, err
	}
	out.Firms = len(seen)
	list = first(list, func(a, b told) int { return int(min(1, max(-1, b.fen-a.fen))) })
	names, err := namesOf(ctx, f.office.Store, list, func(x told) string { return x.Enterprise })
	for _, x := range list {
		x.Name = names[x.Enterprise]
		out.First = append(out.First, x.First)
	}
	return out, err
}

// first keeps the ten that come first.
func first[T any](list []T, compare func(a, b T) int) []T {
	slices.SortStableFunc(list, compare)
	return list[:min(10, len(list))]
}

// kindOf is the kind of event that a difference will be, as far as the outcomes say; "" for none.
func kindOf(d store.Difference) string {
	switch {
	case d.Was == store.Eligible && d.Now == store.Eligible:
		return event.Amount
	case d.Now == store.Eligible:
		return event.Eligible
	case d.Was == store.Eligible:
		return event.Left
	case d.Now == store.Unknown:
		return event.Missing
	}
	return ""
}
