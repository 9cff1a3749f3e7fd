package engine

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/engine/column"
)

// TestMembers: members looked for one by one, a word of them at a time, and by what a plan has learned of a dictionary are the same rows.
func TestMembers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	names := []string{"甲", "甲乙", "乙", "乙甲", "a", "aa", "aaa", "丙"}
	for i := range 70 { // more than go into a word
		names = append(names, "第"+strconv.Itoa(i))
	}
	for range 50 {
		c := &column.Column{Kind: column.Set, Rows: 1 + r.IntN(20_000), Dict: []string{"", "\n"}}
		for range 1 + r.IntN(60) {
			var entry strings.Builder
			for _, m := range names {
				if r.IntN(3) == 0 {
					entry.WriteString(m + "\n")
				}
			}
			c.Dict = append(c.Dict, entry.String())
		}
		c.Known = make([]uint64, (c.Rows+63)/64)
		for row := range c.Rows {
			c.Codes = append(c.Codes, uint32(r.IntN(len(c.Dict))))
			c.Known[row>>6] |= r.Uint64N(2) << (uint(row) & 63)
		}
		learned := newNaming(c, names)
		learned.learned(c.Dict[:1+r.IntN(len(c.Dict))], c.Rows) // it has grown since
		some := []int{r.IntN(c.Rows), r.IntN(c.Rows), r.IntN(c.Rows)}
		few := gather(c, some)
		byCode, fewByCode, fewByText := learned.rows(c), learned.rows(few), newNaming(c, names).rows(few)
		for m, want := range withManyMembers(c, names) {
			for i, row := range some {
				if yes := want[row>>6] >> (uint(row) & 63) & 1; fewByCode[m][0]>>uint(i)&1 != yes || fewByText[m][0]>>uint(i)&1 != yes {
					t.Fatalf("%d rows, member %q, row %d differs", c.Rows, m, row)
				}
			}
			if !slices.Equal(byCode[m], want) {
				t.Fatalf("%d rows, member %q differs by what is learned", c.Rows, m)
			}
			if got := withMembers(c, []string{m})[m]; !slices.Equal(got, want) {
				t.Fatalf("%d rows, member %q differs", c.Rows, m)
			}
		}
	}
}
