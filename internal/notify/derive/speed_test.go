package derive_test

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/seeds"
)

// began is when the town of the benchmark is swept.
var began = time.Date(2025, 6, 30, 9, 0, 0, 0, civil.Shanghai())

// BenchmarkSweep measures from a finished sweep to messages in the outbox: differences read, events made of them, events and messages
// stored. MIANSHEN_FIRMS sets how many of the synthetic enterprises are swept against the sample policies; 25,000 give about 100,000
// events, which are promised in 20 seconds on two cores.
func BenchmarkSweep(b *testing.B) {
	firms := 25_000
	if n, err := strconv.Atoi(os.Getenv("MIANSHEN_FIRMS")); err == nil {
		firms = n
	}
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				office := swept(b, address(b), firms)
				box := outbox.New(office.Store, seal.New())
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				b.StartTimer()
				start, used := time.Now(), processor(b)
				n, err := derive.New(office, box).Step(b.Context(), began)
				if err != nil {
					b.Fatal(err)
				}
				took := time.Since(start)
				b.ReportMetric((processor(b) - used).Seconds(), "cpu-s")
				b.StopTimer()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(n), "events")
				b.ReportMetric(float64(n)/took.Seconds(), "events/s")
				b.ReportMetric(float64(after.Sys-before.Sys)/(1<<20), "MiB-more")
				if err := office.Store.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// processor is the processor time that this process has taken, which is what counts where others use the machine too.
func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// swept is an office after the first sweep over so many firms.
func swept(t testing.TB, address string, firms int) *casework.Office {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	office := casework.New(s)
	if err := demo.Publish(t.Context(), office, began); err != nil {
		t.Fatal(err)
	}
	book, err := office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := demo.Firms(book.Book.Vocabulary, seeds.Generate(firms, seeds.Seed))
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Deliver(t.Context(), office, book.Book.Vocabulary, all, began); err != nil {
		t.Fatal(err)
	}
	sweep, err := office.Sweep(t.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: began}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("sweep %d: %d firms, %d pairs eligible, %d unknown", sweep.ID, firms, sweep.Eligible, sweep.Unknown)
	return office
}
