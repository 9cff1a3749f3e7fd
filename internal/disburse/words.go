package disburse

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/best"
	"mianshen/internal/disburse/claim"
)

func decisionID(sweep int64, c claim.Claim) string {
	return casework.DecisionID(sweep, c.Item, c.Enterprise)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// say says why a claim gets less than it comes to, with the name of what stands against it.
func (c *component) say(w *world, r best.Reason) string {
	other := c.named(w, r.By)
	switch r.Kind {
	case best.Excluded:
		return fmt.Sprintf("与%s同属“%s”，%s", other, r.Group, map[bool]string{true: "该事项已享受，不重复享受", false: "只享受其中一项，由该事项享受"}[r.Paid])
	case best.NotChosen:
		return fmt.Sprintf("“%s”只能选一项，企业选择了另一事项", r.Group)
	case best.SameBasis:
		return fmt.Sprintf("同一依据已用于%s，不重复享受", other)
	case best.PaidBefore, best.Cut, best.Deducted, best.NotProved:
	}
	return r.String()
}

// named is the item of an entitlement or payment, in words.
func (c *component) named(w *world, id string) string {
	item, firm, where := "", "", ""
	for _, x := range c.claims {
		if x.ID == id {
			item, firm = x.Item, x.Enterprise
		}
	}
	for _, i := range w.past.byID[id] {
		x := w.past.all[i]
		item, firm, where = x.Item, x.Enterprise, "名单 "+x.list
	}
	title := item
	if r, ok := w.book.Rule(item); ok {
		title = r.Item.Title
	}
	text := "“" + title + "”"
	if firm != "" && !slices.ContainsFunc(c.firms, func(f claim.Firm) bool { return f.Enterprise == firm }) {
		text = cmp.Or(w.names[firm], firm) + "的" + text
	}
	if where != "" {
		text += "（" + where + "）"
	}
	return text
}
