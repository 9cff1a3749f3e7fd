package lab

import (
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/workload"
	"mianshen/engine/column"
	"mianshen/rules"
)

// Law are items with the book that they were compiled into; rule i of the book is item i.
type Law struct {
	World *workload.World
	Items []*workload.Item
	Book  *rules.Book
}

// Law draws so many items and compiles them. Without amounts the conditions are the same.
func (l *Lab) Law(items int, amounts bool) (*Law, error) {
	w, err := workload.NewWorld()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	list := w.Items(items, amounts)
	book, err := w.Book(list)
	if err != nil {
		return nil, err
	}
	l.Logf("%d items compiled in %v", items, time.Since(start).Round(time.Millisecond))
	return &Law{w, list, book}, nil
}

// Population are the enterprises of tables.
type Population struct {
	World   *workload.World
	Codes   []string
	Columns []*column.Column // in the order of the world's fields
}

// Population draws so many enterprises.
func (l *Lab) Population(w *workload.World, rows int) Population {
	return Population{w, workload.Codes(rows), w.Columns(rows, l.Workers)}
}

// Head are the first rows, sharing the values.
func (p Population) Head(rows int) Population {
	return Population{p.World, p.Codes[:rows], workload.Head(p.Columns, rows)}
}

// Table makes the engine's table, which shares the columns.
func (p Population) Table() (*engine.Table, error) {
	t := engine.NewTable(p.World.Vocabulary, p.Codes)
	for i, c := range p.Columns {
		if err := t.Put(p.World.Vocabulary.Fields[i], c); err != nil {
			return nil, fmt.Errorf("table: %w", err)
		}
	}
	return t, nil
}

// Stage draws items with amounts, and the table of all enterprises that they are decided for.
func (l *Lab) Stage(items int) (*Law, *engine.Table, error) {
	law, err := l.Law(items, true)
	if err != nil {
		return nil, nil, err
	}
	t, err := l.Population(law.World, l.Rows).Table()
	return law, t, err
}
