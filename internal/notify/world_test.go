package notify_test

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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/inbox"
	"mianshen/internal/notify/channel/outward"
	"mianshen/internal/notify/channel/sms"
	"mianshen/internal/notify/channel/webhook"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) {
	if address := os.Getenv("MIANSHEN_TEST_NOTIFIER"); address != "" {
		child(address)
		return
	}
	pgtest.Main(m)
}

// both runs a test on each database.
func both(t *testing.T, run func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) {
		run(t, newWorld(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		pgtest.NotRacing(t)
		run(t, newWorld(t, pgtest.Database(t)))
	})
}

// ring is one key for parent and child.
var ring = func() *seal.Ring {
	r, err := seal.Parse([]byte("1 " + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"))
	if err != nil {
		panic(err)
	}
	return r
}()

// noon is a Monday, 12:00 in Shanghai.
var noon = time.Date(2025, 6, 30, 4, 0, 0, 0, time.UTC)

var clerk = outbox.Actor{Person: "E1", Role: "E1"}

// world is a store with an outbox and a clock that stands until it is moved.
type world struct {
	t       testing.TB
	address string
	s       *store.Store
	box     *outbox.Box
	clock   atomic.Int64
}

func newWorld(t testing.TB, address string) *world {
	t.Helper()
	w := &world{t: t, address: address}
	w.clock.Store(noon.UnixMicro())
	w.open()
	t.Cleanup(func() { ok(t, w.s.Close()) })
	return w
}

func (w *world) open() {
	s, err := store.Open(context.Background(), w.address)
	ok(w.t, err)
	w.s, w.box = s, outbox.New(s, ring)
}

func (w *world) now() time.Time          { return time.UnixMicro(w.clock.Load()).UTC() }
func (w *world) move(by time.Duration)   { w.clock.Add(by.Microseconds()) }
func uscc(i int) string                  { return fmt.Sprintf("91310118MA%08d", i) }
func phone(i int) string                 { return fmt.Sprintf("138%08d", i) }
func key(e event.Event, c string) string { return e.ID + "/" + c }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// firms stores enterprises 0..n-1.
func (w *world) firms(n int) {
	var all []store.Enterprise
	for i := range n {
		all = append(all, store.Enterprise{USCC: uscc(i), Name: fmt.Sprintf("青浦第%d有限公司", i)})
	}
	ok(w.t, w.s.PutEnterprises(w.t.Context(), all))
}

// reach gives firm i an address on a channel, verified.
func (w *world) reach(i int, name, to string) {
	w.t.Helper()
	ok(w.t, w.box.SetContact(w.t.Context(), clerk, uscc(i), name, channel.Address{To: to, Secret: []byte("geheim"), Masked: "***"}, w.now()))
	ok(w.t, w.box.Verify(w.t.Context(), clerk, uscc(i), name, w.now()))
}

// made is an event of firm i.
func (w *world) made(i int, subject string, worth exact.Money) event.Event {
	return event.Event{ID: event.ID("eligible", uscc(i), subject), Kind: "eligible", Enterprise: uscc(i), Subject: subject, At: w.now(), Worth: worth}
}

func (w *world) tell(events ...event.Event) {
	w.t.Helper()
	n, err := w.box.Tell(w.t.Context(), "test", events, w.now())
	ok(w.t, err)
	if n != len(events) {
		w.t.Fatalf("%d of %d events are new", n, len(events))
	}
}

// state is what became of an event's message.
func (w *world) state(e event.Event, name string) outbox.Row {
	w.t.Helper()
	rows, err := w.box.Message(w.t.Context(), e.ID)
	ok(w.t, err)
	for _, r := range rows {
		if r.Channel == name {
			return r
		}
	}
	return outbox.Row{}
}

// until waits for a condition; the time is for a machine that has much else to do.
func until(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if yes() {
			return
		}
	}
	t.Fatalf("after two minutes not yet: %s", what)
}

// writer writes the subjects; the subject "poison" panics, and "unwritten" has no words.
type writer struct{}

func (writer) Write(_ context.Context, _ string, events []event.Event) (notify.Words, error) {
	var subjects []string
	for _, e := range events {
		switch e.Subject {
		case "poison":
			panic("poison")
		case "unwritten":
			return notify.Words{}, fmt.Errorf("模板缺少变量：%w", notify.ErrWords)
		}
		subjects = append(subjects, e.Subject)
	}
	return notify.Words{Title: strings.Join(subjects, "、"), Text: "一件事", Link: "https://example.cn/d/1"}, nil
}

// options are for tests: everything is quick, and the clock is the world's.
func (w *world) options(channels ...channel.Channel) notify.Options {
	o := notify.Options{
		Writer: writer{}, OptOut: "https://example.cn/stop/", Now: w.now, Seed: 1, Timeout: 2 * time.Second, Lease: 4 * time.Second, Poll: 5 * time.Millisecond,
		Backoff: time.Second, Tries: 3, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range channels {
		o.Lanes = append(o.Lanes, notify.Lane{Channel: c})
	}
	return o
}

// run runs a dispatcher and returns what stops it.
func (w *world) run(o notify.Options) (stop func()) {
	w.t.Helper()
	d, err := notify.New(w.box, o)
	ok(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { d.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

// drained waits until nothing of a channel is due or under way.
func (w *world) drained(name string) {
	w.t.Helper()
	until(w.t, name+" is drained", func() bool {
		var n int
		ok(w.t, w.s.DB().QueryRowContext(w.t.Context(), `SELECT count(*) FROM outbox WHERE channel = $1 AND (state IN ('leased', 'sending')
			OR state = 'waiting' AND next_at <= $2)`, name, store.Stamp(w.now())).Scan(&n))
		return n == 0
	})
}

// sink is a gateway that counts what it has taken, by message.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	taken  map[string]int
	bodies []string
	fault  func(n int, w http.ResponseWriter, take func()) // nil: takes and answers 200
	calls  atomic.Int64
}

func newSink(t testing.TB) *sink {
	s := &sink{taken: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	name := r.Header.Get(webhook.HeaderKey)
	if name == "" {
		var sent struct{ Ref string }
		_ = json.Unmarshal(body, &sent)
		name = sent.Ref
	}
	take := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken[name]++
		s.bodies = append(s.bodies, string(body))
	}
	n := int(s.calls.Add(1))
	if s.fault != nil {
		s.fault(n, w, take)
		return
	}
	take()
}

// count is how often the gateway took a message, and how many messages it took.
func (s *sink) count(name string) (times, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[name], len(s.taken)
}

// once is the number of messages that were taken more than once.
func (s *sink) twice() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.taken {
		if times > 1 {
			n++
		}
	}
	return n
}

var local = outward.Options{Loopback: true, Timeout: time.Second}

func hooks() channel.Channel { return webhook.New(local, time.Now) }

func texts(url string) channel.Channel {
	c, err := sms.New(sms.Gateway{URL: url, Templates: map[string]string{"": "T1"}, HTTP: local})
	if err != nil {
		panic(err)
	}
	return c
}

func letters(told func(string)) channel.Channel { return inbox.New(told) }

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func (w *world) prefer(i int, p choice.Preference) {
	w.t.Helper()
	ok(w.t, w.box.SetPreference(w.t.Context(), clerk, uscc(i), p, w.now()))
}

var shanghai = civil.Shanghai()
