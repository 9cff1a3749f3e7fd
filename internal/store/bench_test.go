package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

var both = map[string]func(testing.TB) string{"sqlite": file, "postgres": pgtest.Database}

// BenchmarkSnapshot writes and reads a snapshot of a million enterprises: 100 fields of 123 chunks, 300 MB.
func BenchmarkSnapshot(b *testing.B) {
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				snapshot(b, opened(b, address(b)), 100, 123, 25_000)
			}
		})
	}
}

// pin publishes what snapshots and sweeps name.
func pin(b *testing.B, s *store.Store) (version string) {
	b.Helper()
	body, now := []byte("x"), time.Unix(1, 0)
	_, err1 := s.PublishPolicy(b.Context(), store.PolicyVersion{PolicyID: "p", Title: "p", PublishedAt: now, PublishedBy: "p", Files: body})
	_, err2 := s.PublishVocabulary(b.Context(), store.VocabularyVersion{PublishedAt: now, PublishedBy: "p", Body: body})
	if err := errors.Join(err1, err2); err != nil {
		b.Fatal(err)
	}
	return store.Hash(body)
}

func putSnapshot(b *testing.B, s *store.Store, fields, chunks, bytes int) (id string) {
	b.Helper()
	ctx, now, random := b.Context(), time.Unix(1, 0), rand.New(rand.NewPCG(1, 2))
	id = store.Hash([]byte("snapshot"))
	_, err := s.BeginSnapshot(ctx, store.Snapshot{
		ID: id, AsOf: civil.MustParse("2025-06-30"), KnownAt: now, ReceivedAt: now, Source: "b", Rows: 1, Vocabulary: pin(b, s),
	})
	if err != nil {
		b.Fatal(err)
	}
	body := make([]byte, bytes)
	for f := range fields {
		field := ""
		if f > 0 {
			field = fmt.Sprint("field ", f)
		}
		var list []store.Chunk
		for n := range chunks {
			for i := 0; i < bytes; i += 8 {
				body[i] = byte(random.Uint32())
			}
			list = append(list, store.Chunk{Field: field, N: n, Body: append([]byte(nil), body...)})
		}
		if err := s.PutChunks(ctx, id, list); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.SealSnapshot(ctx, id, true, now); err != nil {
		b.Fatal(err)
	}
	return id
}

func snapshot(b *testing.B, s *store.Store, fields, chunks, bytes int) {
	ctx := b.Context()
	took := func(metric string, start time.Time) {
		b.ReportMetric(float64(time.Since(start).Microseconds())/1000, metric)
	}
	start := time.Now()
	id := putSnapshot(b, s, fields, chunks, bytes)
	took("ms/write", start)
	for readers := 1; readers <= 2; readers++ {
		start = time.Now()
		names, err := s.Fields(ctx, id)
		if err != nil {
			b.Fatal(err)
		}
		names = append(names, "")
		var group sync.WaitGroup
		for r := range readers {
			group.Go(func() {
				for i := r; i < len(names); i += readers {
					if list, err := s.Chunks(ctx, id, names[i]); err != nil || len(list) != chunks || len(list[0]) != bytes {
						b.Errorf("%d chunks of %q, %v", len(list), names[i], err)
					}
				}
			})
		}
		group.Wait()
		took(fmt.Sprintf("ms/read-by-%d", readers), start)
	}
	start = time.Now()
	if facts, err := s.ChunksOf(ctx, id, chunks/2); err != nil || len(facts) != fields {
		b.Errorf("%d facts, %v", len(facts), err)
	}
	took("ms/one-firm", start)
}

// BenchmarkShard puts 100,000 differences of 1,000 items in one shard, then a second one, and reads them.
func BenchmarkShard(b *testing.B) {
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				shards(b, opened(b, address(b)))
			}
		})
	}
}

func shards(b *testing.B, s *store.Store) {
	const items, firms, count = 1000, 100, 4
	ctx, now := b.Context(), time.Unix(1, 0)
	id := putSnapshot(b, s, 1, 1, 8)
	version := store.Hash([]byte("x"))
	sweep, err := s.BeginSweep(ctx, store.Plan{
		Purpose: store.Nightly, AsOf: civil.MustParse("2025-06-30"), KnownAt: now, Snapshot: id, Vocabulary: version, Policies: []string{version},
		Shards: count, Rows: count * firms,
	}, now)
	if err != nil {
		b.Fatal(err)
	}
	for n := range count {
		shard := store.Shard{N: n, First: int64(n * firms), Rows: firms, Body: make([]byte, 1<<20)}
		for i := range items * firms {
			d := store.Difference{
				Item: fmt.Sprintf("qp-policy-%02d.item-%02d", i%items/100, i%100), Enterprise: fmt.Sprintf("91310118MA%08d", n*firms+i/items),
				Turn: store.Entered, Was: store.Ineligible, Now: store.Eligible, After: store.Amount{Known: true, Fen: int64(i) * 100},
				SHA256: sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(n)}),
			}
			shard.Differences = append(shard.Differences, d)
		}
		start := time.Now()
		if _, err := s.PutShard(ctx, sweep.ID, shard, now); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), fmt.Sprintf("ms/shard-%d", n))
	}
	for metric, read := range map[string]func() (int, error){
		"ms/one-firm": func() (int, error) {
			list, err := s.Differences(ctx, sweep.ID, store.DifferenceFilter{Enterprise: fmt.Sprintf("91310118MA%08d", 7)})
			return len(list), err
		},
		"ms/counts": func() (int, error) {
			list, err := s.DifferenceCounts(ctx, sweep.ID)
			return len(list), err
		},
	} {
		start := time.Now()
		if n, err := read(); err != nil || n != items {
			b.Errorf("%s: %d, %v", metric, n, err)
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/1000, metric)
	}
}

// BenchmarkEnterprises stores 200,000 enterprises, and again the same.
func BenchmarkEnterprises(b *testing.B) {
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := opened(b, address(b))
				var list []store.Enterprise
				for n := range 200_000 {
					list = append(list, store.Enterprise{USCC: fmt.Sprintf("91310118MA%08d", n), Name: fmt.Sprintf("上海示例第%d号科技有限公司", n)})
				}
				for _, metric := range []string{"ms/first", "ms/again"} {
					start := time.Now()
					if err := s.PutEnterprises(b.Context(), list); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(time.Since(start).Milliseconds()), metric)
				}
			}
		})
	}
}
