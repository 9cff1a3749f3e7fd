package engine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/engine/column"
)

// TestMembers: members looked for one by one and all at once are the same rows.
func TestMembers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	names := []string{"甲", "甲乙", "乙", "乙甲", "a", "aa", "aaa", "丙"}
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
		for m, want := range withManyMembers(c, names) {
			if got := withMembers(c, []string{m})[m]; !slices.Equal(got, want) {
				t.Fatalf("%d rows, member %q differs", c.Rows, m)
			}
		}
	}
}
