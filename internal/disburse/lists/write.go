package lists

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/disburse/entitle"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// write inserts the list and all that its entries bring.
func (d Draft) write(ctx context.Context, tx *store.Tx, caps map[string]CapShare, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO disbursement_list (id, title, department, kind, sweep, two_approvers, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.ID, d.Title, d.Department, d.Kind, d.Sweep, bit(d.TwoApprovers), store.Stamp(now))
	if err != nil {
		return err
	}
	return d.fill(ctx, tx, caps, 0, now)
}

// fill inserts the entries, which follow those that are there, and all that they bring.
func (d Draft) fill(ctx context.Context, tx *store.Tx, caps map[string]CapShare, after int, now time.Time) error {
	for _, t := range d.rows(caps, after, now) {
		if err := tx.Many(ctx, t.into, t.tail, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf are the rows of one table.
type rowsOf struct {
	into, tail string
	rows       [][]any
}

// rows lays out a draft, in the order in which tables refer to each other. A right that is known takes the new decision, which
// the database refuses where an entry lives on the old one.
func (d Draft) rows(caps map[string]CapShare, after int, now time.Time) []rowsOf {
	rights := rowsOf{
		"entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)",
		` ON CONFLICT (id, part) DO UPDATE SET amount_fen = excluded.amount_fen, sweep = excluded.sweep,
		policy_version = excluded.policy_version, decision = excluded.decision, made_at = excluded.made_at`, nil,
	}
	entries := rowsOf{"list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, reason, line, status)", "", nil}
	seats := rowsOf{"seat (kind, key, holder)", " ON CONFLICT DO NOTHING", nil}
	taken := rowsOf{"entry_seat (list, n, kind, key, holder)", "", nil}
	limits := rowsOf{
		"cap_use (key, most_fen, most_times)",
		" ON CONFLICT (key) DO UPDATE SET most_fen = excluded.most_fen, most_times = excluded.most_times", nil,
	}
	uses := rowsOf{"entry_cap (list, n, key, fen, times)", "", nil}
	known, limited := map[Seat]bool{}, map[string]bool{}
	at := store.Stamp(now)
	for i, e := range d.Entries {
		n, r := after+i+1, e.Entitlement
		rights.rows = append(rights.rows, []any{
			r.ID, e.Part, r.Item, r.Enterprise, r.Period, r.Basis.Kind, r.Basis.Value, int64(r.Amount), d.Sweep, e.PolicyVersion, e.Decision, at,
		})
		entries.rows = append(entries.rows, []any{
			d.ID, n, r.ID, e.Part, r.Enterprise, r.Item, e.Name, int64(e.Amount), int64(r.Amount), e.Reason, e.Line, "in",
		})
		for _, s := range e.Seats {
			if !known[s] {
				known[s] = true
				seats.rows = append(seats.rows, []any{s.Kind, s.Key, s.Holder})
			}
			taken.rows = append(taken.rows, []any{d.ID, n, s.Kind, s.Key, s.Holder})
		}
		for _, c := range e.Caps {
			if !limited[c.Key] {
				limited[c.Key] = true
				limits.rows = append(limits.rows, []any{c.Key, fen(caps[c.Key].Most), positive(c.MostTimes)})
			}
			uses.rows = append(uses.rows, []any{d.ID, n, c.Key, int64(c.Fen), c.Times})
		}
	}
	for _, rows := range [][][]any{rights.rows, seats.rows, limits.rows} {
		slices.SortFunc(rows, inOrder)
	}
	return []rowsOf{rights, entries, seats, taken, limits, uses}
}

// inOrder compares rows by their first two columns, which are texts where the first one doesn't tell them apart. Two drafts that
// meet in several rows take them in one order, so that one waits for the other, and never both.
func inOrder(a, b []any) int {
	if c := strings.Compare(a[0].(string), b[0].(string)); c != 0 {
		return c
	}
	x, _ := a[1].(string)
	y, _ := b[1].(string)
	return strings.Compare(x, y)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fen(m *exact.Money) any {
	if m == nil {
		return nil
	}
	return int64(*m)
}

func positive(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// explain says who or what stands against a draft that the database refused. It looks after the fact, in what is committed.
func (b *Book) explain(ctx context.Context, d Draft, caps map[string]CapShare, err error) error {
	if !unsaid(err) {
		return err
	}
	for _, look := range []func(context.Context, Draft) (string, error){b.sameList, b.living, b.unknown, b.seated} {
		found, e := look(ctx, d)
		if e != nil {
			return e
		}
		if found != "" {
			return refused{err, found}
		}
	}
	found, e := b.passed(ctx, caps)
	if e != nil {
		return e
	}
	if found != "" {
		return refused{err, found}
	}
	return err
}

func (b *Book) sameList(ctx context.Context, d Draft) (found string, err error) {
	err = b.among(ctx, "SELECT id FROM disbursement_list WHERE id IN ", []string{d.ID}, func(scan scanner) error {
		found = "编号“" + d.ID + "”的名单已经有了，请换一个编号。"
		return nil
	})
	return found, err
}

// living finds a right that another list has.
func (b *Book) living(ctx context.Context, d Draft) (found string, err error) {
	ids := make([]string, len(d.Entries))
	entries := make(map[[2]string]*Entry, len(d.Entries))
	for i := range d.Entries {
		e := &d.Entries[i]
		ids[i] = e.Entitlement.ID
		entries[[2]string{e.Entitlement.ID, e.Part}] = e
	}
	query := `SELECT e.list, e.entitlement, e.part, l.state FROM list_entry e JOIN disbursement_list l ON l.id = e.list
		WHERE e.status IN ('in', 'held') AND e.entitlement IN `
	err = b.among(ctx, query, ids, func(scan scanner) error {
		var list, id, part string
		var state State
		err := scan(&list, &id, &part, &state)
		if e := entries[[2]string{id, part}]; err == nil && e != nil && found == "" {
			found = e.Name + "的“" + e.Entitlement.Item + "”（" + e.Entitlement.Period + "）已在名单“" + list + "”（" + stateNames[state] +
				"）上，同一笔不能再进名单；请从本草稿去掉，或先在那份名单移出。"
		}
		return err
	})
	return found, err
}

// unknown finds what a draft names and the database doesn't have.
func (b *Book) unknown(ctx context.Context, d Draft) (string, error) {
	firms, lines, versions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, e := range d.Entries {
		firms[e.Entitlement.Enterprise], lines[e.Line], versions[e.PolicyVersion] = true, true, true
	}
	for _, k := range []struct {
		query, what string
		keys        map[string]bool
	}{
		{"SELECT uscc FROM enterprise WHERE uscc IN ", "企业“%”不在企业库中，请先导入企业数据。", firms},
		{"SELECT id FROM budget_line WHERE id IN ", "没有预算指标“%”，请先录入并审核指标。", lines},
		{"SELECT id FROM policy_version WHERE id IN ", "没有政策版本“%”，请先发布政策。", versions},
	} {
		err := b.among(ctx, k.query, sorted(k.keys), func(scan scanner) error {
			var id string
			err := scan(&id)
			delete(k.keys, id)
			return err
		})
		if err != nil {
			return "", err
		}
		if missing := sorted(k.keys); len(missing) > 0 {
			return strings.Replace(k.what, "%", missing[0], 1), nil
		}
	}
	return "", nil
}

// seated finds a seat that somebody else has.
func (b *Book) seated(ctx context.Context, d Draft) (found string, err error) {
	want := map[[2]string]*Entry{}
	holder := map[[2]string]string{}
	keys := map[string]bool{}
	for i := range d.Entries {
		for _, s := range d.Entries[i].Seats {
			want[[2]string{s.Kind, s.Key}], holder[[2]string{s.Kind, s.Key}], keys[s.Key] = &d.Entries[i], s.Holder, true
		}
	}
	query := "SELECT s.kind, s.key, s.holder, min(e.list) FROM seat s JOIN entry_seat e ON e.kind = s.kind AND e.key = s.key WHERE s.key IN "
	err = b.grouped(ctx, query, " GROUP BY s.kind, s.key, s.holder", sorted(keys), func(scan scanner) error {
		var kind, key, has, list string
		err := scan(&kind, &key, &has, &list)
		if e := want[[2]string{kind, key}]; err == nil && e != nil && has != holder[[2]string{kind, key}] && found == "" {
			found = e.Name + "的“" + e.Entitlement.Item + "”不能起草：" + seatWords[kind] + "，名单“" + list + "”已用于“" + has + "”；请从本草稿去掉。"
		}
		return err
	})
	return found, err
}

// passed finds a cap that other lists leave too little of.
func (b *Book) passed(ctx context.Context, caps map[string]CapShare) (found string, err error) {
	keys := map[string]bool{}
	for key := range caps {
		keys[key] = true
	}
	err = b.among(ctx, "SELECT key, used_fen, used_times FROM cap_use WHERE key IN ", sorted(keys), func(scan scanner) error {
		var key string
		var used int64
		var times int
		if err := scan(&key, &used, &times); err != nil || found != "" {
			return err
		}
		c := caps[key]
		if sum, err := entitle.Add(c.Fen, exact.Money(used)); c.Most != nil && (err != nil || sum > *c.Most) {
			found = "上限“" + key + "”为 " + c.Most.String() + " 元，其他名单已用 " + exact.Money(used).String() + " 元，本草稿还要 " +
				c.Fen.String() + " 元；请减少金额后再起草。"
		} else if c.MostTimes > 0 && c.Times+times > c.MostTimes {
			found = "上限“" + key + "”为 " + strconv.Itoa(c.MostTimes) + " 次，其他名单已用 " + strconv.Itoa(times) + " 次；请从本草稿去掉。"
		}
		return nil
	})
	return found, err
}
