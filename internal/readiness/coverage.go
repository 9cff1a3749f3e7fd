package readiness

import (
	"context"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Coverage is how much of a fact has been delivered and counts on the day.
type Coverage struct {
	Fact       string `json:"fact"`       // as in Decision.Missing: a field, or table.column
	Department string `json:"department"` // that owes it
	Known      int    `json:"known"`
	Of         int    `json:"of"`      // enterprises; of a column of a table: records
	Waiting    int    `json:"waiting"` // enterprises that the item can't be decided for without it
}

// owed reports whether the item waits for a delivery of the fact: nothing of it is known; or less than 1 %, and more enterprises
// wait for it than have it. What few enterprises have because few need it, such as the date of a rare title, isn't owed.
func (c Coverage) owed() bool {
	return c.Of > 0 && (c.Known == 0 || c.Known*100 < c.Of && c.Known < c.Waiting)
}

// coverage tells what is known of a fact that the rule reads.
func (s *Survey) coverage(ctx context.Context, rule int, fact string) (Coverage, error) {
	c, ok := s.seen[fact]
	if !ok {
		if err := s.count(ctx, fact); err != nil {
			return c, err
		}
		c = s.seen[fact]
	}
	c.Waiting = s.wants[rule][fact]
	return c, nil
}

// count counts what is known of a fact. Columns of tables are all counted at once.
func (s *Survey) count(ctx context.Context, fact string) error {
	f, ok := s.Book.Vocabulary.Field(fact)
	if !ok {
		return s.countRecords(ctx)
	}
	known, err := s.known(f)
	s.seen[fact] = Coverage{Fact: fact, Department: department(s.Book.Vocabulary, fact), Known: known, Of: s.Table.Rows()}
	return err
}

// known counts the enterprises of which a delivered field is known and not too old.
func (s *Survey) known(f *rules.Field) (n int, err error) {
	c, err := s.Table.Column(f)
	if err != nil || c == nil {
		return 0, err
	}
	stale := make([]bool, len(c.Origins))
	for i, o := range c.Origins {
		on, _ := civil.FromNumber(o.On)
		stale[i] = f.Stale(rules.Fact{On: on}, s.Around.AsOf)
	}
	for row := range c.Rows {
		if c.IsKnown(row) && !stale[origin(c, row)] {
			n++
		}
	}
	return n, nil
}

func origin(c *column.Column, row int) int {
	if c.From == nil {
		return 0
	}
	return int(c.From[row])
}

// cells counts the records of a table, and in how many of them each column is known.
type cells struct {
	records int
	known   []int
}

// countRecords counts the cells of all tables, which only profiles give.
func (s *Survey) countRecords(ctx context.Context) error {
	tables := s.Book.Vocabulary.Tables()
	rows, err := s.withRecords(tables)
	if err != nil {
		return err
	}
	counts := make([][]cells, workers())
	for w := range counts {
		for _, t := range tables {
			counts[w] = append(counts[w], cells{known: make([]int, len(t.Columns))})
		}
	}
	err = s.sweep(ctx, len(rows), func(w, from, to int, _ *rules.Session) error {
		for _, row := range rows[from:to] {
			profile, err := s.Table.Profile(row)
			if err != nil {
				return err
			}
			for i, t := range tables {
				counts[w][i].add(t, profile.Fact(t), s.Around.AsOf)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, t := range tables {
		for j, column := range t.Columns {
			c := Coverage{Fact: column.FullName(), Department: department(s.Book.Vocabulary, column.FullName())}
			for w := range counts {
				c.Of += counts[w][i].records
				c.Known += counts[w][i].known[j]
			}
			s.seen[c.Fact] = c
		}
	}
	return nil
}

// withRecords lists the rows of enterprises that have some table.
func (s *Survey) withRecords(tables []*rules.Field) ([]int, error) {
	has := make([]bool, s.Table.Rows())
	for _, t := range tables {
		c, err := s.Table.Column(t)
		if err != nil {
			return nil, err
		}
		for row := range has {
			has[row] = has[row] || c != nil && c.IsKnown(row)
		}
	}
	var rows []int
	for row, some := range has {
		if some {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// add counts the records of one enterprise, unless they are too old.
func (c *cells) add(table *rules.Field, fact rules.Fact, asOf civil.Date) {
	if fact.Value == nil || table.Stale(fact, asOf) {
		return
	}
	for _, r := range fact.Value.Rows() {
		c.records++
		for i, v := range r.Columns {
			if v.Known() {
				c.known[i]++
			}
		}
	}
}

// department is who owes a fact.
func department(v *rules.Vocabulary, fact string) string {
	if owed := v.Owed(fact); owed.Source != "" {
		return owed.Source
	}
	return unnamed
}
