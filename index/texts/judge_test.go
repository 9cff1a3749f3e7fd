package texts_test

import (
	"mianshen/index"
	"mianshen/index/texts"

	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	if os.Getenv("JUDGE") == "" {
		t.Skip("manual")
	}
	docs, _ := texts.Read("/work/shared/policies")
	x, err := index.NewTemp(context.Background(), docs)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	b, _ := os.ReadFile("/tmp/try/judged.tsv")
	mrr, top1, n, weakok, zero := 0.0, 0, 0, 0, 0
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		q, want, _ := strings.Cut(l, "\t")
		n++
		r, err := x.Search(context.Background(), index.Query{Text: q, Limit: 10})
		if err != nil {
			t.Fatal(q, err)
		}
		rank := 0
		for _, h := range r.Hits {
			for _, w := range strings.Split(want, ",") {
				if strings.HasPrefix(h.ID, w) && rank == 0 {
					rank = h.Rank
					if h.Weak {
						weakok++
					}
				}
			}
		}
		if len(r.Hits) == 0 {
			zero++
		}
		if rank > 0 {
			mrr += 1 / float64(rank)
		}
		if rank == 1 {
			top1++
		} else {
			got := ""
			for i, h := range r.Hits {
				if i < 4 {
					got += fmt.Sprintf(" %s(%.1f%v)", h.ID[:3], h.Score, h.Weak)
				}
			}
			fmt.Println("MISS", q, want, "rank", rank, "got", got)
		}
	}
	fmt.Printf("MRR %.3f top1 %d/%d weak-right %d zero %d\n", mrr/float64(n), top1, n, weakok, zero)
	b, _ = os.ReadFile("/tmp/try/none.txt")
	fa := 0
	for _, q := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		r, _ := x.Search(context.Background(), index.Query{Text: q})

		if r.Total > r.Weak {
			fa++
			fmt.Println("FALSE", q, r.Hits[0].ID, r.Hits[0].Title)
		}
	}
	fmt.Println("false answers", fa)
}
