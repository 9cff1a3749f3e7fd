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
