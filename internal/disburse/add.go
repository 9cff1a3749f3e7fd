package disburse

import (
	"context"
	"slices"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
)

// Addition is what is to be put on a draft beside what is there.
type Addition struct {
	List, Enterprise string
	Items            []string // of the firm; none: all that are due to it by the list's sweep
	Reason           string
}

// Add works out anew what is due by the list's sweep, and puts what is due to the firm and isn't on a list yet on the draft, as Draft
// would. ErrConflict: nothing of the firm is due, with the reasons; or the list isn't a draft.
func (d *Desk) Add(ctx context.Context, actor lists.Actor, a Addition, now time.Time) (*Proposal, error) {
	r := Request{}
	kind := ""
	err := each(ctx, d.store, func(scan func(...any) error) error { return scan(&r.Department, &r.Sweep, &kind) },
		`SELECT department, sweep, kind FROM disbursement_list WHERE id = $1`, a.List)
	switch {
	case err != nil:
		return nil, err
	case kind == "":
		return nil, refusal(store.ErrNotFound, "没有编号为“%.40s”的名单，请核对编号", a.List)
	case kind != "regular":
		return nil, refusal(store.ErrConflict, "名单 %s 是补发名单，只能由更正起草，不能增加条目", a.List)
	}
	r.Items = a.Items
	p, err := d.Plan(ctx, r, now)
	if err != nil {
		return nil, err
	}
	p.Entries = slices.DeleteFunc(p.Entries, func(e lists.Entry) bool { return e.Entitlement.Enterprise != a.Enterprise })
	p.Left = slices.DeleteFunc(p.Left, func(l Left) bool { return l.Enterprise != a.Enterprise })
	if len(p.Entries) == 0 {
		why := p.why()
		for _, l := range p.Left {
			why += "；" + l.Title + "：" + l.Reason
		}
		return p, refusal(store.ErrConflict, "这家企业按名单的比对没有可以加入的条目：%s", why)
	}
	return p, d.lists.Add(ctx, actor, a.List, p.Sweep, p.Entries, a.Reason, now)
}
