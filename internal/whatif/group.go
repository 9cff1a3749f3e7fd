package whatif

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/standard"
)

// Industry is the field whose groups are the sections (门类) of GB/T 4754-2017.
const Industry = "行业代码"

// DefaultGroups are the fields by which changes are grouped unless others are asked for.
var DefaultGroups = []string{Industry, "企业规模", "注册街镇"}

// Grouping is the changes of an item parted by one field.
type Grouping struct {
	Field  string   `json:"field"`
	Groups []*Group `json:"groups"` // the largest difference of money first, then by how many firms change, then by name
}

// Group is those changes that are about enterprises with one value of the field.
type Group struct {
	Name    string      `json:"name"` // 不详 where the fact is missing
	Entered int         `json:"entered"`
	Left    int         `json:"left"`
	Changed int         `json:"changed"`
	Money   exact.Money `json:"money"` // after less before
}

// unclear is the group of enterprises of which the fact isn't known, or known only in part.
const unclear = "不详"

// maxGroups caps the groups of one field; a field of more values isn't one to group by.
const maxGroups = 500

// group parts the changes by each field that the vocabulary has.
func (q *Question) group(ctx context.Context, changes []change) ([]*Grouping, error) {
	fields := q.GroupBy
	if fields == nil {
		fields = DefaultGroups
	}
	out := []*Grouping{}
	rows := make([]int, len(changes))
	for i, c := range changes {
		rows[i] = c.row
	}
	for _, name := range fields {
		f, ok := q.Table.Vocabulary.Field(name)
		if !ok {
			continue
		}
		names, of, err := q.sort(ctx, f, rows)
		if err != nil {
			return nil, err
		}
		if len(names) > maxGroups {
			return nil, refuse("不能按 %s 分组：取值太多", f.Name)
		}
		out = append(out, &Grouping{Field: f.Name, Groups: gather(names, of, changes)})
	}
	return out, nil
}

// gather adds the changes up by group; of tells for each change the index of its group's name.
func gather(names []string, of []int, changes []change) []*Group {
	groups := make([]*Group, len(names))
	for i, name := range names {
		groups[i] = &Group{Name: name}
	}
	for i, c := range changes {
		g := groups[of[i]]
		g.Entered += count(c.entered)
		g.Left += count(c.left)
		g.Changed += count(c.bothOfAmounts)
		g.Money += c.money // within the sums of the item, which don't overflow
	}
	groups = slices.DeleteFunc(groups, func(g *Group) bool { return g.Entered+g.Left+g.Changed == 0 })
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(max(b.Money, -b.Money), max(a.Money, -a.Money)), cmp.Compare(b.Entered+b.Left+b.Changed, a.Entered+a.Left+a.Changed), cmp.Compare(a.Name, b.Name))
	})
	return groups
}

// sort tells for each of the rows which group it is in, as an index of names.
func (q *Question) sort(ctx context.Context, f *rules.Field, rows []int) (names []string, of []int, err error) {
	if f.Derived() {
		return q.sortDerived(ctx, f, rows)
	}
	c, err := q.Table.Column(f)
	if err != nil {
		return nil, nil, err
	}
	s := &sorter{index: map[string]int{unclear: 0}, names: []string{unclear}, of: make([]int, len(rows))}
	if c == nil || c.Kind == column.Nothing {
		return s.names, s.of, nil
	}
	stale := staleOrigins(f, c, q.AsOf)
	from := func(row int) uint16 {
		if c.From == nil {
			return 0
		}
		return c.From[row]
	}
	known := func(row int) bool {
		return c.IsKnown(row) && !stale[from(row)]
	}
	switch c.Kind {
	case column.Text:
		s.texts(f, c, rows, known)
	case column.Bool:
		for i, row := range rows {
			if known(row) {
				s.of[i] = s.name(map[bool]string{true: "是", false: "否"}[c.IsTrue(row)])
			}
		}
	default:
		return nil, nil, refuse("不能按 %s 分组：只能按文字、枚举和是否分组", f.Name)
	}
	return s.names, s.of, nil
}

// sorter numbers the names of groups in order of first use; group 0 is unclear.
type sorter struct {
	index map[string]int
	names []string
	of    []int
}

func (s *sorter) name(name string) int {
	at, ok := s.index[name]
	if !ok {
		at = len(s.names)
		s.index[name] = at
		s.names = append(s.names, name)
	}
	return at
}

// texts sorts by the entries of a dictionary, each looked at once.
func (s *sorter) texts(f *rules.Field, c *column.Column, rows []int, known func(int) bool) {
	groups := make([]int, len(c.Dict)) // plus one; 0: not looked at yet
	for i, row := range rows {
		if !known(row) {
			continue
		}
		code := c.Codes[row]
		if groups[code] == 0 {
			groups[code] = s.name(groupName(f, c.Dict[code])) + 1
		}
		s.of[i] = groups[code] - 1
	}
}

// groupName is the group of a text: the text itself, of an industry its section.
func groupName(f *rules.Field, text string) string {
	if f.Name != Industry {
		return text
	}
	path := standard.IndustryPath(text)
	if len(path) == 0 {
		return unclear
	}
	name, _ := standard.Industry(path[0])
	return path[0] + " " + name
}

// staleOrigins tells of each origin whether its values are too old on the day.
func staleOrigins(f *rules.Field, c *column.Column, asOf civil.Date) []bool {
	out := make([]bool, max(len(c.Origins), 1))
	for i, o := range c.Origins {
		on, _ := civil.FromNumber(o.On)
		out[i] = f.Stale(rules.Fact{On: on}, asOf)
	}
	return out
}

// sortDerived sorts by a derived field: for each of its values the engine decides who has it, over these rows alone.
func (q *Question) sortDerived(ctx context.Context, f *rules.Field, rows []int) (names []string, of []int, err error) {
	names, of = []string{unclear}, make([]int, len(rows))
	if len(f.Values) == 0 {
		return nil, nil, refuse("不能按 %s 分组：推算的指标要有取值表", f.Name)
	}
	if len(rows) == 0 {
		return names, of, nil
	}
	book, err := valueBook(q.Table.Vocabulary, f, q.AsOf)
	if err != nil {
		return nil, nil, err
	}
	t, err := excerpt(q.Table, rows, book.Rules[0].Reads())
	if err != nil {
		return nil, nil, err
	}
	res, err := decide(ctx, t, book, book.Rules, rules.Circumstances{AsOf: q.AsOf})
	if err != nil {
		return nil, nil, err
	}
	for i := range res.Items {
		names = append(names, f.Values[i])
		res.Grants(i, func(row int, _ exact.Money) bool {
			of[row] = i + 1
			return true
		})
	}
	return names, of, nil
}

// valueBook has one item for each value of an enum, which asks whether the field has it. Items sort in the order of the values.
func valueBook(v *rules.Vocabulary, f *rules.Field, asOf civil.Date) (*rules.Book, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "id: groups\ntitle: 分组\nin_force: {from: %s}\nitems:\n", asOf)
	for i, value := range f.Values {
		quote := strings.NewReplacer(`'`, `''`, `\`, `\\`, `"`, `\"`)
		fmt.Fprintf(&b, "  - {id: g%04d, title: 组, conditions: [{id: is, require: '%s == \"%s\"'}]}\n", i, f.Name, quote.Replace(value))
	}
	p, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(b.String())}, "分组")
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	book, mistakes := rules.Compile(v, []*rules.Policy{p})
	return book, mistakes.Err()
}

// excerpt is a table of some rows and some delivered fields.
func excerpt(t *engine.Table, rows []int, fields []*rules.Field) (*engine.Table, error) {
	codes := make([]string, len(rows))
	for i, row := range rows {
		codes[i] = t.Code(row)
	}
	out := engine.NewTable(t.Vocabulary, codes)
	for _, f := range fields {
		c, err := t.Column(f)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		if err := out.Put(f, column.Gather(c, rows)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
