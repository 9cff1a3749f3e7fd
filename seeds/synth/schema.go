package synth

import (
	"fmt"
	"slices"

	"mianshen/rules/source"
)

// column is one delivered fact or one column of a table, as the vocabulary declares it.
type column struct {
	name   string
	kind   string // bool, int, decimal, money, date, string, enum or set
	unit   string // as declared, "" for none
	source string // the department that delivers it; of a table's column, the table's
	values []string
}

// layout is what the generator needs of the vocabulary: the delivered single
// facts and the tables, both in vocabulary order.
type layout struct {
	columns []column
	tables  []tableLayout
	at      map[string]int // column name -> position
	tableAt map[string]int

	departments []string // in the order in which they are first named
}

type tableLayout struct {
	id      string
	name    string
	key     string
	source  string
	columns []column
}

func readLayout(data []byte) (*layout, error) {
	file, mistakes := source.Parse("vocabulary.yaml", data)
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	l := &layout{at: map[string]int{}, tableAt: map[string]int{}}
	for _, item := range child(file.Root, "fields").Items {
		l.add(item)
	}
	if len(l.columns) == 0 || len(l.tables) == 0 {
		return nil, fmt.Errorf("the vocabulary has %d delivered fields and %d tables", len(l.columns), len(l.tables))
	}
	return l, nil
}

func (l *layout) add(item *source.Node) {
	if text(item, "derive") != "" {
		return
	}
	c := columnOf(item)
	if !slices.Contains(l.departments, c.source) {
		l.departments = append(l.departments, c.source)
	}
	if c.kind != "table" {
		l.at[c.name] = len(l.columns)
		l.columns = append(l.columns, c)
		return
	}
	t := tableLayout{id: text(item, "id"), name: c.name, key: text(item, "key"), source: c.source}
	for _, sub := range child(item, "columns").Items {
		sc := columnOf(sub)
		sc.source = c.source
		t.columns = append(t.columns, sc)
	}
	l.tableAt[t.name] = len(l.tables)
	l.tables = append(l.tables, t)
}

func columnOf(n *source.Node) column {
	c := column{name: text(n, "name"), kind: text(n, "type"), unit: text(n, "unit"), source: text(n, "source")}
	for _, v := range child(n, "values").Items {
		c.values = append(c.values, v.Text)
	}
	return c
}

// child returns the value under key, an empty node where there is none.
func child(n *source.Node, key string) *source.Node {
	for _, e := range n.Entries {
		if e.Key == key {
			return e.Value
		}
	}
	return &source.Node{}
}

func text(n *source.Node, key string) string { return child(n, key).Text }
