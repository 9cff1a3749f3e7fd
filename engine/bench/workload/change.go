package workload

import (
	"math/rand/v2"

	"mianshen/engine/column"
)

// Moved draws which enterprises change in a night, about one in a hundred, in ascending order.
func (w *World) Moved(rows, night int) []int {
	r := rand.New(rand.NewPCG(uint64(night), 3))
	var out []int
	for row := range rows {
		if r.IntN(100) == 0 {
			out = append(out, row)
		}
	}
	return out
}

// Touched are the fields in which enterprises change in a night: of every kind some.
func Touched() []string {
	return []string{"N00", "N02", "N03", "N08", "F1", "D1", "E07", "E12", "B02", "S3"}
}

// Patch draws anew what is known of a field for the rows, as of a night.
func (w *World) Patch(field int, rows []int, night int) *column.Column {
	c, codes := w.blank(field, len(rows))
	d := w.dice(field, -night)
	for i := range rows {
		if v, known := d.draw(); known {
			c.Known[i>>6] |= 1 << (uint(i) & 63)
			put(c, codes, i, v)
		}
	}
	if c.Codes != nil {
		c.Dict = codes.dict()
	}
	return c
}

// Known leaves out the rows of which a patch knows nothing.
func Known(rows []int, patch *column.Column) ([]int, *column.Column) {
	var some, at []int
	for i, row := range rows {
		if patch.IsKnown(i) {
			some, at = append(some, row), append(at, i)
		}
	}
	return some, column.Gather(patch, at)
}
