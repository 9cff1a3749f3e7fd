package disburse

import (
	"cmp"
	"context"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/lists"
	"mianshen/rules"
)

// Silences says for each item on a list what it means that a firm doesn't answer, as the current policies have it. An item that asks
// nobody is lists.Unasked; where a policy doesn't say, says different things, or is no longer there, somebody must ask.
func Silences(ctx context.Context, o *casework.Office, list string) (map[string]lists.Silence, error) {
	book, err := o.Current(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]lists.Silence{}
	err = each(ctx, o.Store, func(scan func(...any) error) error {
		var item string
		if err := scan(&item); err != nil {
			return err
		}
		all[item] = lists.Hold
		if r, ok := book.Rule(item); ok {
			all[item] = silence(r)
		}
		return nil
	}, `SELECT DISTINCT item FROM list_entry WHERE list = $1`, list)
	return all, err
}

// silence is what all windows of an item say.
func silence(r *rules.Rule) lists.Silence {
	if r.Item.Mode == rules.Auto {
		return lists.Unasked
	}
	said := ""
	for _, w := range r.Item.Windows {
		if said != "" && w.Unconfirmed != said {
			return lists.Hold
		}
		said = w.Unconfirmed
	}
	return lists.Silence(cmp.Or(said, string(lists.Hold)))
}
