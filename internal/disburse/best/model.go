package best

import (
	"cmp"
	"math"
	"slices"

	"mianshen/internal/disburse/entitle"
	"mianshen/rules/exact"
)

// unlimited stands for no limit of a sum or number; sums of amounts stay below it.
const unlimited = math.MaxInt64

// limit binds members to room 分 and times entitlements once an owner is paid.
type limit struct {
	owners, members []int
	owned, in       []bool // by entitlement
	room, times     int64
	uniform         bool // every member owns it, so it binds whenever it matters
	reason          Reason
}

// clash is an entitlement that another can't be paid with, and why.
type clash struct {
	other  int
	reason Reason
}

// model is a problem in a form to search: entitlements in the order of the fixed preference.
type model struct {
	all     []entitle.Entitlement
	most    []int64   // the most each could get alone; 0 for those that are out
	out     []*Reason // why an entitlement can't be paid whatever else is
	limits  []limit
	of      [][]int // limits that an entitlement is a member of
	clashes [][]clash
}

func build(all []entitle.Entitlement, p Problem) (*model, error) {
	n := len(all)
	m := &model{all: all, most: make([]int64, n), out: make([]*Reason, n), of: make([][]int, n), clashes: make([][]clash, n)}
	limits, err := entitle.Limits(all, p.Caps, p.Paid)
	if err != nil {
		return nil, err
	}
	for i := range limits {
		l := &limits[i]
		room, times := int64(l.Left), int64(unlimited)
		if l.Cap.Kind == entitle.Times {
			room, times = unlimited, int64(l.TimesLeft)
		}
		m.add(l.Owners, l.Members, room, times, Reason{Kind: Cut, Limit: l})
	}
	for _, c := range entitle.SameBasis(all, p.Paid) {
		m.sameBasis(c)
	}
	groups, seats := m.groups()
	for _, seat := range seats {
		if err := m.exclude(seat.Group, groups[seat], p); err != nil {
			return nil, err
		}
	}
	m.bound()
	m.inLine()
	return m, nil
}

func (m *model) add(owners, members []int, room, times int64, why Reason) {
	l := limit{owners: owners, members: members, room: room, times: times, reason: why, uniform: len(owners) == len(members)}
	l.owned, l.in = make([]bool, len(m.all)), make([]bool, len(m.all))
	for _, i := range owners {
		l.owned[i] = true
	}
	for _, i := range members {
		l.in[i] = true
		m.of[i] = append(m.of[i], len(m.limits))
	}
	m.limits = append(m.limits, l)
}

func (m *model) refuse(i int, why Reason) {
	if m.out[i] == nil {
		m.out[i] = &why
	}
}

func (m *model) clash(a, b int, kind ReasonKind, group string) {
	m.clashes[a] = append(m.clashes[a], clash{b, Reason{Kind: kind, Group: group, By: m.all[b].ID}})
	m.clashes[b] = append(m.clashes[b], clash{a, Reason{Kind: kind, Group: group, By: m.all[a].ID}})
}

func (m *model) sameBasis(c entitle.Clash) {
	switch {
	case c.B >= 0:
		m.clash(c.A, c.B, SameBasis, "")
	case c.Paid == m.all[c.A].ID:
		m.out[c.A] = &Reason{Kind: PaidBefore, By: c.Paid, Paid: true}
	default:
		m.refuse(c.A, Reason{Kind: SameBasis, By: c.Paid, Paid: true})
	}
}

// entry is an entitlement in a group of exclusion.
type entry struct {
	at   int
	item string
	rule entitle.Rule
}

// groups parts the entitlements by firm and group of exclusion; the keys come sorted.
func (m *model) groups() (of map[Chooser][]entry, keys []Chooser) {
	of = map[Chooser][]entry{}
	for i, e := range m.all {
		for _, x := range e.Exclusive {
			key := Chooser{e.Enterprise, x.Group}
			if of[key] == nil {
				keys = append(keys, key)
			}
			of[key] = append(of[key], entry{i, e.Item, x.Rule})
		}
	}
	slices.SortFunc(keys, func(a, b Chooser) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Enterprise, b.Enterprise))
	})
	return of, keys
}

// exclude makes clashes between the items of a firm's group, and lets what was paid and what was chosen decide.
func (m *model) exclude(group string, entries []entry, p Problem) error {
	for i, a := range entries {
		for _, b := range entries[i+1:] {
			if a.item != b.item {
				m.clash(a.at, b.at, Excluded, group)
			}
		}
	}
	deducted := map[string]bool{}
	for _, e := range entries {
		if item := p.Chosen[Chooser{m.all[e.at].Enterprise, group}]; e.rule == entitle.Choice && item != "" && item != e.item {
			m.refuse(e.at, Reason{Kind: NotChosen, Group: group})
		}
		sum, by, err := paidToOthers(p.Paid, m.all[e.at].Enterprise, group, e.item)
		switch {
		case err != nil:
			return err
		case sum == 0 || deducted[e.item]:
		case e.rule == entitle.Difference:
			deducted[e.item] = true
			m.deduct(group, e.item, entries, sum)
		default:
			m.refuse(e.at, Reason{Kind: Excluded, Group: group, By: by, Paid: true})
		}
	}
	return nil
}

// paidToOthers sums what the firm was paid for other items of the group, and names the first such payment by id.
func paidToOthers(paid []entitle.Paid, firm, group, item string) (sum exact.Money, by string, err error) {
	for _, p := range paid {
		if p.Amount == 0 || p.Enterprise != firm || p.Item == item || !slices.Contains(p.Groups, group) {
			continue
		}
		if id := p.ID(); by == "" || id < by {
			by = id
		}
		if sum, err = entitle.Add(sum, p.Amount); err != nil {
			return 0, "", err
		}
	}
	return sum, by, nil
}

// deduct holds an item to what its claims exceed the sum paid to others of the group by. A claim on a thing that was paid for
// already can't be paid and so makes up nothing.
func (m *model) deduct(group, item string, entries []entry, sum exact.Money) {
	var members []int
	claimed := int64(0)
	for _, e := range entries {
		if e.item == item {
			members = append(members, e.at)
			if out := m.out[e.at]; out == nil || out.Kind != SameBasis && out.Kind != PaidBefore {
				claimed += int64(m.all[e.at].Amount)
			}
		}
	}
	m.add(members, members, max(0, claimed-int64(sum)), unlimited, Reason{Kind: Deducted, Group: group, Sum: sum})
}

// bound sets the most that each entitlement could get if it stood alone.
func (m *model) bound() {
	for i, e := range m.all {
		m.most[i] = int64(e.Amount)
		for _, k := range m.of[i] {
			l := &m.limits[k]
			if !l.owned[i] {
				continue
			}
			if m.most[i] = min(m.most[i], l.room); l.times == 0 {
				m.most[i] = 0
			}
			if m.most[i] == 0 {
				m.refuse(i, l.reason)
			}
		}
		if m.out[i] != nil {
			m.most[i] = 0
		}
	}
}

// inLine goes through those that could be paid alone, in order of Since, then item: the first item of a firm to come to a group of rule
// `first` holds it against all others. What is refused in one group holds no other.
func (m *model) inLine() {
	var line []int
	for i := range m.all {
		if m.most[i] > 0 {
			line = append(line, i)
		}
	}
	slices.SortStableFunc(line, func(a, b int) int {
		x, y := m.all[a], m.all[b]
		return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.Item, y.Item))
	})
	holders := map[Chooser]entitle.Entitlement{}
	for _, i := range line {
		e := m.all[i]
		for _, x := range e.Exclusive {
			if h, held := holders[Chooser{e.Enterprise, x.Group}]; x.Rule == entitle.First && held && h.Item != e.Item {
				m.refuse(i, Reason{Kind: Excluded, Group: x.Group, By: h.ID})
				m.most[i] = 0
			}
		}
		for _, x := range e.Exclusive {
			if _, held := holders[Chooser{e.Enterprise, x.Group}]; x.Rule == entitle.First && !held && m.most[i] > 0 {
				holders[Chooser{e.Enterprise, x.Group}] = e
			}
		}
	}
}
