package counter

import "fmt"

// Paged are the flags of a list that may be long: it is read a page at a time, the latest first.
type Paged struct {
	Limit int    `default:"200" help:"最多列几行，1 至 1000"`
	After string `help:"接着列：上一页最后一行的编号"`
}

// Validate refuses a page of no size, and one of a size that isn't offered.
func (p Paged) Validate() error {
	if p.Limit < 1 || p.Limit > MaxPage {
		return fmt.Errorf("--limit 写 1 至 %d 的整数", MaxPage)
	}
	return nil
}

// MaxPage is how many rows a page has at most.
const MaxPage = 1000

// Cut is a page out of rows of which one more than its limit was asked for; where there are more, it says on the side how to go on.
func Cut[T any](p Paged, program *Program, rows []T, id func(T) string) []T {
	if len(rows) <= p.Limit {
		return rows
	}
	rows = rows[:p.Limit]
	fmt.Fprintf(program.Err, "还有，接着列：--after %s\n", id(rows[p.Limit-1]))
	return rows
}
