package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/catalog"
	"mianshen/internal/demo"
	"mianshen/internal/store"
	"mianshen/seeds"
)

// sample is the sample district, published, received and compared once for all tests of the package: an office over a real
// store and a real index.
type sample struct {
	office *casework.Office
	index  *index.Index
	sweep  store.Sweep
}

// opened are the things that the samples stand on, given back when all tests are done.
var opened []io.Closer

func TestMain(m *testing.M) {
	code := m.Run()
	for _, c := range opened {
		if err := c.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var received = time.Date(2025, 7, 1, 2, 0, 0, 0, time.UTC)

var district = sync.OnceValues(func() (*sample, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mianshen-web-")
	if err != nil {
		return nil, err
	}
	// The open file outlives its name; nothing is left behind.
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(ctx, "sqlite://"+filepath.Join(dir, "web.db"))
	if err != nil {
		return nil, err
	}
	opened = append(opened, db)
	s := &sample{office: casework.New(db)}
	if err := demo.Publish(ctx, s.office, received); err != nil {
		return nil, err
	}
	if err := receive(ctx, s.office); err != nil {
		return nil, err
	}
	if s.sweep, err = s.office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: received, Slot: "test"}, nil); err != nil {
		return nil, err
	}
	book, err := s.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	s.index, err = index.NewTemp(ctx, catalog.Documents(book.Policies))
	if err == nil {
		opened = append(opened, s.index)
	}
	return s, err
})

// receive delivers the first of the sample firms: enough for every page, and soon compared under the race detector too.
func receive(ctx context.Context, office *casework.Office) error {
	const some = 300
	book, err := office.Current(ctx)
	if err != nil {
		return err
	}
	bundle, err := seeds.Enterprises()
	if err != nil {
		return err
	}
	bundle.Profiles.Rows = bundle.Profiles.Rows[:some]
	known := map[string]bool{}
	for _, row := range bundle.Profiles.Rows {
		known[row[0]] = true
	}
	bundle.Records = slices.Clone(bundle.Records)
	for i, t := range bundle.Records {
		bundle.Records[i].Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []string) bool { return !known[row[0]] })
	}
	firms, err := demo.Firms(book.Book.Vocabulary, bundle)
	if err != nil {
		return err
	}
	return demo.Deliver(ctx, office, book.Book.Vocabulary, firms, received)
}

// served returns a server over the samples; change may alter its configuration.
func served(t *testing.T, change func(*Config)) (*Server, *sample) {
	t.Helper()
	s, err := district()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Office: s.office, Searcher: s.index, Demo: true, Clock: func() time.Time { return received },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Rate: Rate{PerSecond: 1e6, Burst: 1e6}, Version: "test",
	}
	if change != nil {
		change(&cfg)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return server, s
}

// call asks a handler for a path.
func call(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

// read asks for JSON and decodes it; any other status than want fails the test.
func read[T any](t *testing.T, h http.Handler, path string, want int) T {
	t.Helper()
	w := call(h, path)
	if w.Code != want {
		t.Fatalf("GET %s: %d, want %d: %s", path, w.Code, want, w.Body)
	}
	var out T
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(fmt.Errorf("GET %s: %w: %s", path, err, w.Body))
	}
	return out
}
