package texts_test

import (
	"mianshen/index"
	"mianshen/index/texts"
	"mianshen/index/words"

	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	dir := os.Getenv("TRY")
	if dir == "" {
		t.Skip("manual")
	}
	docs, err := texts.Read(dir)
	fmt.Println(len(docs), err)
	if os.Getenv("META") != "" {
		last := ""
		for _, d := range docs {
			if d.Group != last {
				fmt.Printf("%s | %s | %s | %s | %s..%s\n", d.Group, d.Title, d.Department, d.Number, d.From, d.To)
				last = d.Group
			}
		}
		return
	}
	t0 := time.Now()
	x, err := index.NewTemp(context.Background(), docs)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	fmt.Println("build", time.Since(t0))
	f, _ := os.Open(os.Getenv("QS"))
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		q := strings.TrimSpace(sc.Text())
		if q == "" {
			continue
		}
		t0 = time.Now()
		r, err := x.Search(context.Background(), index.Query{Text: q, Limit: 6})
		rq := words.Read(q)
		var ks []string
		for _, k := range rq.Terms {
			ks = append(ks, fmt.Sprintf("%s*%.2g", k.Key, k.Weight))
		}
		fmt.Printf("\n## %s  total=%d weak=%d %v %v ign=%q %v\n", q, r.Total, r.Weak, time.Since(t0), err, r.Ignored, ks)
		for _, h := range r.Hits {
			w := " "
			if h.Weak {
				w = "w"
			}
			fmt.Printf(" %d %s %.2f %s (+%d) %s\n      %s\n", h.Rank, w, h.Score, h.ID, h.More, h.Title, strings.ReplaceAll(h.Snippet, "\n", "⏎"))
		}
	}
}
