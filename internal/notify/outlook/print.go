package outlook

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"mianshen/engine/column"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// edition changes when this program says something else of the same facts.
const edition = 1

// entry is what is kept of a firm: a print of all that forecasts of it depend on besides rule and day, and the day from which on it must
// be looked at anew.
type entry struct {
	print uint64
	until civil.Date
}

const entrySize = 12

// keptShard is what was kept of many firms, when a sweep was looked ahead from; sweep 0: nothing.
type keptShard struct {
	sweep   int64
	entries []entry
}

// kept reads what was kept of a shard. What a later sweep has left, or isn't whole, counts as nothing.
func (k *look) kept(ctx context.Context, n int) (kept keptShard, err error) {
	if k.all {
		return kept, nil
	}
	rows, err := k.office.Store.DB().QueryContext(ctx, "SELECT sweep, body FROM outlook WHERE shard = $1", n)
	if err != nil {
		return kept, err
	}
	var body []byte
	for rows.Next() {
		if err := rows.Scan(&kept.sweep, &body); err != nil {
			return keptShard{}, errors.Join(err, rows.Close())
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || kept.sweep > k.Sweep.ID || len(body)%entrySize != 0 {
		return keptShard{}, err
	}
	for ; len(body) > 0; body = body[entrySize:] {
		until, _ := civil.FromNumber(int32(binary.LittleEndian.Uint32(body[8:])))
		kept.entries = append(kept.entries, entry{binary.LittleEndian.Uint64(body), until})
	}
	return kept, nil
}

// keep writes what was looked at, unless somebody has looked ahead from a later sweep.
func (k *look) keep(ctx context.Context, n int, entries []entry) error {
	if k.all {
		return nil
	}
	body := make([]byte, 0, len(entries)*entrySize)
	for _, e := range entries {
		body = binary.LittleEndian.AppendUint64(body, e.print)
		body = binary.LittleEndian.AppendUint32(body, uint32(e.until.Number()))
	}
	return k.office.Store.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO outlook (shard, sweep, body) VALUES ($1, $2, $3)
			ON CONFLICT (shard) DO UPDATE SET sweep = excluded.sweep, body = excluded.body WHERE outlook.sweep < excluded.sweep`, n, k.Sweep.ID, body)
		return err
	})
}

// prints tells of firms whether what is known of them is still the same.
type prints struct {
	*look
	columns []known
	past    map[string][]string // by firm, sorted: what was granted to it and found about it
	common  string              // what concerns all firms
}

// known is a delivered field that rules read.
type known struct {
	field *rules.Field
	*column.Column
	stale []bool // by origin
}

// prepare gathers what prints are made of.
func (k *look) prepare() error {
	p := &prints{look: k, past: map[string][]string{}}
	k.prints = p
	var once []*night.Law
	seen := map[*rules.Field]bool{}
	for _, l := range k.due {
		if l.Rule.Item.OncePer {
			once = append(once, l)
		}
		for _, f := range l.Rule.Reads() {
			if f.Derived() || seen[f] {
				continue
			}
			seen[f] = true
			c, err := k.Table.Column(f)
			if err != nil {
				return err
			}
			if c != nil {
				p.columns = append(p.columns, newKnown(f, c, k.Sweep.AsOf))
			}
		}
	}
	slices.SortFunc(p.columns, func(a, b known) int { return cmp.Compare(a.field.Index, b.field.Index) })
	var claimed []string
	k.Around.History.Each(func(a rules.Award) {
		text := fmt.Sprintf("%+v", a)
		p.past[a.Enterprise] = append(p.past[a.Enterprise], text)
		if slices.ContainsFunc(once, func(l *night.Law) bool { return l.Rule.Item.ID == a.Item }) {
			claimed = append(claimed, text)
		}
	})
	k.Around.Findings.Each(func(x rules.PersonFinding) {
		p.past[x.Enterprise] = append(p.past[x.Enterprise], say(x))
	})
	for _, list := range p.past {
		slices.Sort(list)
	}
	slices.Sort(claimed) // a basis that counts once is used up by any firm
	p.common = fmt.Sprintf("%d %s %s %v %v", edition, k.Book.Vocabulary, k.Near, k.Around.History == nil, claimed)
	return nil
}

func newKnown(f *rules.Field, c *column.Column, day civil.Date) known {
	x := known{field: f, Column: c, stale: make([]bool, len(c.Origins))}
	for i, o := range c.Origins {
		on, _ := civil.FromNumber(o.On)
		x.stale[i] = f.Stale(rules.Fact{On: on}, day)
	}
	return x
}

func say(x rules.PersonFinding) string {
	result, amount := "", ""
	if x.Result != nil {
		result = fmt.Sprint(*x.Result)
	}
	if x.Amount != nil {
		amount = x.Amount.String()
	}
	return fmt.Sprintf("%q %q %s %s %s", x.Item, x.Condition, result, amount, x.On)
}

// of sets the prints of rows from first on.
func (p *prints) of(first int, entries []entry) {
	pieces := (len(entries) + piece - 1) / piece
	_ = night.Share(pieces, func() *[]byte { return new([]byte) }, func(buffer *[]byte, n int) error {
		for i := n * piece; i < min((n+1)*piece, len(entries)); i++ {
			*buffer = p.append((*buffer)[:0], first+i)
			sum := sha256.Sum256(*buffer)
			entries[i].print = binary.LittleEndian.Uint64(sum[:])
		}
		return nil
	})
}

// append writes all that is known of a firm.
func (p *prints) append(b []byte, row int) []byte {
	code := p.Table.Code(row)
	b = append(append(append(b, p.common...), 0), code...)
	for _, c := range p.columns {
		b = c.append(b, row)
	}
	for _, text := range p.past[code] {
		b = append(append(b, 0), text...)
	}
	return b
}

// append writes a fact: the field, whether it is too old, and its value.
func (c known) append(b []byte, row int) []byte {
	if !c.IsKnown(row) {
		return b
	}
	from := 0
	if c.From != nil {
		from = int(c.From[row])
	}
	b = binary.AppendVarint(b, int64(c.field.Index))
	if c.stale[from] {
		return append(b, 's')
	}
	switch c.Kind {
	case column.Bool:
		return binary.AppendVarint(b, int64(c.Bits[row>>6]>>(uint(row)&63)&1))
	case column.Number:
		num, scale, odd := c.Exact(row)
		return append(binary.AppendVarint(binary.AppendVarint(b, num), int64(scale)), odd...)
	case column.Date:
		return binary.AppendVarint(b, int64(c.Days[row]))
	}
	text := c.Dict[c.Codes[row]]
	return append(binary.AppendVarint(b, int64(len(text))), text...)
}
