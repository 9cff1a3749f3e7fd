package lists

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// Draft is a list that is to be made.
type Draft struct {
	ID, Title, Department string // ID of at most 30 letters, digits, - and _, chosen by the caller; Title is the purpose of the payments, as files carry it
	Kind                  string // regular, or supplement (补发)
	Sweep                 int64
	TwoApprovers          bool // two F3 approve, one after the other
	Entries               []Entry
}

// idForm is what an address can hold as one part, whatever is made of it.
var idForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_-]*$`)

// Entry is one payment that a draft proposes. It keeps the place it is given in: the first is entry 1.
type Entry struct {
	Entitlement             entitle.Entitlement // its Amount is what the decision came to
	Part                    string              // '' the whole right, i2 an instalment, c1 a correction
	Name                    string              // the firm's name as it is printed
	Amount                  exact.Money         // what is paid, > 0, at most the entitlement's
	Reason                  string              // why less, where it is less
	Line                    string              // the budget line
	Decision, PolicyVersion string
	Seats                   []Seat
	Caps                    []CapShare
}

// Seat is a place that only one holder has, such as the item of an exclusive group for a firm. Kind is exclusive, basis or once.
type Seat struct{ Kind, Key, Holder string }

// CapShare is what an entry uses of a cap. Most nil and MostTimes 0: the cap has no limit of that kind.
type CapShare struct {
	Key       string
	Most      *exact.Money
	MostTimes int
	Fen       exact.Money
	Times     int
}

// Draft makes a list with its entries, their entitlements, seats and shares of caps, all or nothing. Entries of rights that are
// on another living list or were paid, seats that another holds and caps that would be passed are refused, with who has them.
// A right that was drafted before, and isn't on a living list, takes the amount and decision of this draft.
func (b *Book) Draft(ctx context.Context, a Actor, d Draft, now time.Time) error {
	caps, err := d.check()
	if err != nil {
		return err
	}
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		if a.Role != "D1" {
			return forbidden("起草名单由%s办理，请交由相应角色的人。", RoleName("D1"))
		}
		if err := a.has(ctx, tx, d.Department); err != nil {
			return err
		}
		if err := d.write(ctx, tx, caps, now); err != nil {
			return err
		}
		if err := event(ctx, tx, head{id: d.ID}, table[0], a, "", nil, now); err != nil {
			return err
		}
		facts := map[string]string{"entries": fmt.Sprint(len(d.Entries)), "sweep": fmt.Sprint(d.Sweep), "department": d.Department}
		return record(ctx, tx, "drafted", d.ID, a, "", now, facts)
	})
	return said(b.explain(ctx, d, caps, err))
}

// Add puts further entries of the same sweep on a draft, all or nothing and with a reason, as Draft would: what is on another living list,
// seats that another holds and caps that would be passed are refused. It changes the content, and with it the hash.
func (b *Book) Add(ctx context.Context, a Actor, list string, sweep int64, entries []Entry, reason string, now time.Time) error {
	d := Draft{ID: list, Title: list, Department: list, Kind: "regular", Sweep: sweep, Entries: entries}
	caps, err := d.check()
	if err != nil {
		return err
	}
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		h, err := load(ctx, tx, list)
		switch {
		case err != nil:
			return err
		case strings.TrimSpace(reason) == "":
			return invalid("请写明原因。")
		case h.state != Drafted:
			return conflict("名单现在是“%s”，只有草稿能增加条目；请先退回更正。", stateNames[h.state])
		case h.suspended:
			return h.open(ActEdit)
		}
		var of int64
		var last int
		if err := tx.QueryRow(ctx, `SELECT l.sweep, (SELECT max(e.n) FROM list_entry e WHERE e.list = l.id) FROM disbursement_list l WHERE l.id = $1`, list).Scan(&of, &last); err != nil {
			return err
		}
		if of != sweep {
			return conflict("名单是按第 %d 次比对起草的，不能加入第 %d 次比对的条目；请另行起草。", of, sweep)
		}
		if err := d.fresh(ctx, tx); err != nil {
			return err
		}
		if err := d.fill(ctx, tx, caps, last, now); err != nil {
			return err
		}
		if err := edited(ctx, tx, h, a, fmt.Sprintf("增加 %d 条：%s", len(entries), reason), now); err != nil {
			return err
		}
		return record(ctx, tx, "added", list, a, reason, now, map[string]string{"n": fmt.Sprint(last + 1), "entries": fmt.Sprint(len(entries))})
	})
	return said(b.explain(ctx, d, caps, err))
}

// fresh refuses entries that the list had and lost: they go on another list.
func (d Draft) fresh(ctx context.Context, tx *store.Tx) error {
	for _, e := range d.Entries {
		var n int
		err := tx.QueryRow(ctx, `SELECT coalesce(max(n), 0) FROM list_entry WHERE list = $1 AND entitlement = $2 AND part = $3 AND status IN ('removed', 'returned')`,
			d.ID, e.Entitlement.ID, e.Part).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			return conflict("%s的这一笔在本名单上移出过（第 %d 条），请列入另一份名单。", e.Name, n)
		}
	}
	return nil
}

// check refuses what no database could make right, and sums up the caps.
func (d Draft) check() (map[string]CapShare, error) {
	switch {
	case d.ID == "" || utf8.RuneCountInString(d.ID) > 30:
		return nil, invalid("名单编号须为 1 至 30 个字符，现在是“%s”，请改短。", d.ID)
	case !idForm.MatchString(d.ID):
		return nil, invalid("名单编号“%s”只能用字母、数字、“-”和“_”，请改正。", d.ID)
	case d.Title == "" || d.Department == "":
		return nil, invalid("名单“%s”缺少标题或部门，请补上。", d.ID)
	case payout.CheckText(d.Title) != "": // it is the purpose of each payment: what no file may carry would stop the list after its approval
		return nil, invalid("名单标题也是付款用途：%s，请改正后再起草。", payout.CheckText(d.Title))
	case d.Kind != "regular" && d.Kind != "supplement":
		return nil, invalid("名单“%s”的种类“%s”不认识，应为 regular（正常）或 supplement（补发）。", d.ID, d.Kind)
	case len(d.Entries) == 0:
		return nil, invalid("名单“%s”没有任何条目，不需要起草。", d.ID)
	}
	type right struct{ id, part string }
	rights := make(map[right]int, len(d.Entries))
	seats := make(map[[2]string]held, len(d.Entries))
	caps := make(map[string]CapShare, len(d.Entries))
	for i := range d.Entries {
		e := &d.Entries[i]
		if err := e.check(i + 1); err != nil {
			return nil, err
		}
		key := right{e.Entitlement.ID, e.Part}
		if first := rights[key]; first > 0 {
			return nil, invalid("第 %d 条与第 %d 条是同一笔应拨（%s，%s），请只保留一条。", i+1, first, e.Name, e.Entitlement.Item)
		}
		rights[key] = i + 1
		if err := e.seats(seats, i+1); err != nil {
			return nil, err
		}
		if err := e.caps(caps, i+1); err != nil {
			return nil, err
		}
	}
	return caps, nil
}

func (e *Entry) check(n int) error {
	switch {
	case e.Name == "" || e.Line == "" || e.Decision == "" || e.PolicyVersion == "":
		return invalid("第 %d 条缺少企业名称、预算指标、判定或政策版本，请补齐后再起草。", n)
	case e.Amount <= 0 || e.Amount > e.Entitlement.Amount:
		return invalid("第 %d 条（%s）拨付 %s 元，应大于 0 且不超过判定的 %s 元，请核对金额。", n, e.Name, e.Amount, e.Entitlement.Amount)
	case e.Amount < e.Entitlement.Amount && e.Reason == "":
		return invalid("第 %d 条（%s）少于判定的金额，请写明原因。", n, e.Name)
	case e.Entitlement.ID != entitle.ID(e.Entitlement.Item, e.Entitlement.Enterprise, e.Entitlement.Period, e.Entitlement.Basis):
		return invalid("第 %d 条（%s）的应拨编号与事项、企业、所属期、依据不符，请由判定重新生成。", n, e.Name)
	}
	return nil
}

// held is who has a seat, and with which entry he got it.
type held struct {
	holder string
	n      int
}

// seats refuses two holders of one seat within the draft.
func (e *Entry) seats(all map[[2]string]held, n int) error {
	for i, s := range e.Seats {
		if s.Kind != "exclusive" && s.Kind != "basis" && s.Kind != "once" || s.Key == "" || s.Holder == "" {
			return invalid("第 %d 条（%s）的占位“%s”无效，请由判定重新生成。", n, e.Name, s.Kind)
		}
		for _, other := range e.Seats[:i] {
			if other.Kind == s.Kind && other.Key == s.Key {
				return invalid("第 %d 条（%s）的占位“%s”写了两次，请由判定重新生成。", n, e.Name, s.Key)
			}
		}
		before, taken := all[[2]string{s.Kind, s.Key}]
		if taken && before.holder != s.Holder {
			return invalid("第 %d 条（%s）与第 %d 条不能同时拨付：%s，请只保留一条。", n, e.Name, before.n, seatWords[s.Kind])
		}
		if !taken {
			all[[2]string{s.Kind, s.Key}] = held{s.Holder, n}
		}
	}
	return nil
}

var seatWords = map[string]string{"exclusive": "同一互斥组只能享受一项", "basis": "同一依据只能用于一个事项", "once": "同一依据只能享受一次"}

// caps adds the entry's shares to the sums of the draft, and refuses a cap that is said in two ways or passed by the draft alone.
func (e *Entry) caps(all map[string]CapShare, n int) error {
	for i, c := range e.Caps {
		if c.Key == "" || c.Fen < 0 || c.Times < 0 || c.Times > 1 || c.MostTimes < 0 || c.Most != nil && *c.Most < 0 {
			return invalid("第 %d 条（%s）的上限“%s”无效，请由判定重新生成。", n, e.Name, c.Key)
		}
		for _, other := range e.Caps[:i] {
			if other.Key == c.Key {
				return invalid("第 %d 条（%s）的上限“%s”写了两次，请由判定重新生成。", n, e.Name, c.Key)
			}
		}
		sum, known := all[c.Key]
		if known && (sum.MostTimes != c.MostTimes || (sum.Most == nil) != (c.Most == nil) || sum.Most != nil && *sum.Most != *c.Most) {
			return invalid("第 %d 条（%s）的上限“%s”与前面的条目说法不同，请由判定重新生成。", n, e.Name, c.Key)
		}
		fen, err := entitle.Add(sum.Fen, c.Fen)
		if err != nil {
			return invalid("上限“%s”的合计超出范围，请核对金额。", c.Key)
		}
		sum = CapShare{Key: c.Key, Most: c.Most, MostTimes: c.MostTimes, Fen: fen, Times: sum.Times + c.Times}
		if c.Most != nil && sum.Fen > *c.Most || c.MostTimes > 0 && sum.Times > c.MostTimes {
			return invalid("到第 %d 条（%s）为止超过了上限“%s”，请减少金额或条目后再起草。", n, e.Name, c.Key)
		}
		all[c.Key] = sum
	}
	return nil
}
