package delivery

import (
	"bufio"
	"context"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"mianshen/internal/intake"
)

// BenchmarkReadCSV reads, validates and encodes a table of 100 columns. MIANSHEN_ROWS sets how many rows, 20,000 by default; with
// MIANSHEN_CSV the table is kept in that file, and is made there when it doesn't exist yet.
func BenchmarkReadCSV(b *testing.B) {
	v := wideVocabulary(b)
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("MIANSHEN_ROWS")); err == nil {
		rows = n
	}
	path := os.Getenv("MIANSHEN_CSV")
	if path == "" {
		path = b.TempDir() + "/wide.csv"
	}
	if _, err := os.Stat(path); err != nil {
		writeFile(b, path, rows)
	}
	in, file, err := intake.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	meta := Meta{Source: "甲局", Period: "2024"}
	b.SetBytes(in.Size)
	for b.Loop() {
		peak := watchHeap()
		encoded := 0
		report, err := Read(context.Background(), v, in, meta, Limits{}, func(p Part) error {
			encoded += len(EncodePart(p))
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(report.Rows), "rows")
		b.ReportMetric(float64(encoded)/1e6, "MB-encoded")
		b.ReportMetric(float64(peak())/(1<<20), "MiB-heap-peak")
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		b.ReportMetric(float64(usage.Maxrss)/1024, "MiB-rss-peak")
		b.ReportMetric(time.Duration(usage.Utime.Nano()).Seconds()/float64(b.N), "user-s/op")
	}
}

// watchHeap samples the memory that the runtime holds until the returned function is called, which gives the greatest.
func watchHeap() (stop func() uint64) {
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		var m runtime.MemStats
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-done:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(done); return <-peak }
}

func writeFile(b testing.TB, path string, rows int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	writeWide(b, bufio.NewWriter(f), wideVocabulary(b), rows)
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
