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

// coverage counts what is known of a fact that the rule reads.
func (s *Survey) coverage(ctx context.Context, rule int, fact string) (Coverage, error) {
	c, ok := s.seen[fact]
	if !ok {
		c = Coverage{Fact: fact, Department: s.Book.Vocabulary.Owed(fact).Source}
		if c.Department == "" {
			c.Department = unnamed
		}
		var err error
		if f, found := s.Book.Vocabulary.Field(fact); found {
			c.Known, c.Of, err = s.ofField(f)
		} else {
			c.Known, c.Of, err = s.ofColumn(ctx, fact)
		}
		if err != nil {
			return c, err
		}
		s.seen[fact] = c
	}
	c.Waiting = s.wants[rule][fact]
	return c, nil
}

// ofField counts the enterprises of which a delivered field is known and not too old.
func (s *Survey) ofField(f *rules.Field) (known, of int, err error) {
	c, err := s.Table.Column(f)
	if err != nil || c == nil {
		return 0, s.Table.Rows(), err
	}
	stale := make([]bool, len(c.Origins))
	for i, o := range c.Origins {
		on, _ := civil.FromNumber(o.On)
		stale[i] = f.Stale(rules.Fact{On: on}, s.Around.AsOf)
	}
	for row := range c.Rows {
		if c.IsKnown(row) && !stale[origin(c, row)] {
			known++
		}
	}
	return known, c.Rows, nil
}

func origin(c *column.Column, row int) int {
	if c.From == nil {
		return 0
	}
	return int(c.From[row])
}

// ofColumn counts the records in which a column of a table is known. All columns of the table are counted on the way.
func (s *Survey) ofColumn(ctx context.Context, fact string) (known, of int, err error) {
	table, ok := s.tableOf(fact)
	if !ok {
		return 0, 0, nil
	}
	c, err := s.Table.Column(table)
	if err != nil || c == nil {
		return 0, 0, err
	}
	var rows []int
	for row := range c.Rows {
		if c.IsKnown(row) {
			rows = append(rows, row)
		}
	}
	counts := make([][]int, workers())
	records := make([]int, workers())
	err = s.sweep(ctx, len(rows), func(w, from, to int, _ *rules.Session) error {
		if counts[w] == nil {
			counts[w] = make([]int, len(table.Columns))
		}
		for _, row := range rows[from:to] {
			profile, err := s.Table.Profile(row)
			if err != nil {
				return err
			}
			records[w] += countCells(table, profile, counts[w])
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	for i, column := range table.Columns {
		sum := Coverage{Fact: column.FullName(), Department: s.Book.Vocabulary.Owed(column.FullName()).Source}
		for w := range counts {
			sum.Of += records[w]
			if counts[w] != nil {
				sum.Known += counts[w][i]
			}
		}
		s.seen[sum.Fact] = sum
	}
	return s.seen[fact].Known, s.seen[fact].Of, nil
}

func (s *Survey) tableOf(fact string) (*rules.Field, bool) {
	for _, t := range s.Book.Vocabulary.Tables() {
		for _, c := range t.Columns {
			if c.FullName() == fact {
				return t, true
			}
		}
	}
	return nil, false
}

// countCells adds the known cells of the profile's records by column and returns how many records there are.
func countCells(table *rules.Field, p *rules.Profile, counts []int) int {
	fact := p.Fact(table)
	if fact.Value == nil {
		return 0
	}
	rows := fact.Value.Rows()
	for _, r := range rows {
		for i, v := range r.Columns {
			if v.Known() {
				counts[i]++
			}
		}
	}
	return len(rows)
}
