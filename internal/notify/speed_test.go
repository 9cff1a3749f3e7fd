package notify_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/smtp"
	"mianshen/internal/notify/event"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// post is a real mail server that counts.
type post struct {
	port  int
	taken atomic.Int64
}

func (p *post) Mail(string, *server.MailOptions) error { return nil }
func (p *post) Rcpt(string, *server.RcptOptions) error { return nil }
func (p *post) Reset()                                 {}
func (p *post) Logout() error                          { return nil }

func (p *post) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	p.taken.Add(1)
	return err
}

func newPost(t testing.TB) *post {
	p := &post{}
	s := server.NewServer(server.BackendFunc(func(*server.Conn) (server.Session, error) { return p, nil }))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	p.port = l.Addr().(*net.TCPAddr).Port
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { _, _ = s.Close(), l.Close(); done.Wait() })
	return p
}

// onEach runs a benchmark on each database.
func onEach(b *testing.B, run func(*testing.B, *world)) {
	b.Run("sqlite", func(b *testing.B) { run(b, newWorld(b, "sqlite://"+filepath.Join(b.TempDir(), "test.db"))) })
	b.Run("postgres", func(b *testing.B) { run(b, newWorld(b, pgtest.Database(b))) })
}

// BenchmarkEvents stores 100,000 events of 100,000 firms as messages, a tenth of them on two channels, in one transaction. MIANSHEN_EVENTS
// sets how many.
func BenchmarkEvents(b *testing.B) {
	n := number("MIANSHEN_EVENTS", 100_000)
	onEach(b, func(b *testing.B, w *world) {
		w.firms(n)
		ok(b, w.s.Transact(b.Context(), func(tx *store.Tx) error { return contacts(b, tx, n/10) }))
		for round := 0; b.Loop(); round++ {
			all := make([]event.Event, n)
			for i := range all {
				all[i] = w.made(i, fmt.Sprint("项目", round), exact.Money(i))
				all[i].Data = map[string]string{event.Department: "区经委", "item": "研发费用补贴", "reason": "营业收入达到上年度的规定比例"}
			}
			w.tell(all...)
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// contacts gives firms 0..n-1 a webhook, without the ceremony of a person.
func contacts(t testing.TB, tx *store.Tx, n int) error {
	insert, err := tx.Prepare(t.Context(), "INSERT INTO contact (enterprise, channel, address, masked, verified_at, token) VALUES ($1, 'webhook', $2, '***', $3, $4)")
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := insert.ExecContext(t.Context(), uscc(i), []byte{1}, store.Stamp(noon), store.Hash([]byte(uscc(i)))); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkSend sends to a mail server and to a webhook at once, with all that is written for each message. MIANSHEN_MESSAGES sets how many
// on each of the two.
func BenchmarkSend(b *testing.B) {
	n := number("MIANSHEN_MESSAGES", 2000)
	onEach(b, func(b *testing.B, w *world) {
		w.firms(n)
		hook, mails := newSink(b), newPost(b)
		letters, err := smtp.New(smtp.Options{Host: "127.0.0.1", Port: mails.port, From: "no-reply@mianshen.example.cn", Hello: "localhost", Plain: true, Conns: 16})
		ok(b, err)
		defer letters.Close()
		for i := range n {
			w.reach(i, channel.Webhook, hook.URL)
			w.reach(i, channel.SMTP, fmt.Sprintf("a%d@example.cn", i))
		}
		for round := 0; b.Loop(); round++ {
			b.StopTimer()
			w.move(24 * time.Hour)
			var all []event.Event
			for i := range n {
				all = append(all, w.made(i, fmt.Sprint("项目", round), 0))
			}
			w.tell(all...)
			o := w.options(hooks(), letters)
			o.Timeout, o.Lease = 20*time.Second, time.Minute
			for i := range o.Lanes {
				o.Lanes[i].Workers = 16
			}
			b.StartTimer()
			w.sendAll(b, o, func() int64 { return mails.taken.Load() + hook.calls.Load() }, int64(2*n*(round+1)))
		}
		b.ReportMetric(2*float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}

func (w *world) sendAll(t testing.TB, o notify.Options, sent func() int64, want int64) {
	stop := w.run(o)
	for end := time.Now().Add(2 * time.Minute); sent() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d messages after two minutes", sent(), want)
		}
	}
	w.drained(channel.Webhook)
	w.drained(channel.SMTP)
	stop()
}

// TestMemoryFlat: what waits isn't in memory. Twice as many messages leave the heap as it was.
func TestMemoryFlat(t *testing.T) {
	w := newWorld(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db"))
	const n = 3000
	w.firms(n)
	for from := range 2 {
		all := make([]event.Event, n)
		for i := range all {
			all[i] = w.made(i, fmt.Sprint("项目", from), 0)
		}
		w.tell(all...)
	}
	hold := make(chan struct{})
	var told atomic.Int64
	var once sync.Once
	defer once.Do(func() { close(hold) })
	before := heap()
	stop := w.run(w.options(letters(func(string) {
		if told.Add(1) > 200 {
			<-hold
		}
	})))
	until(t, "two hundred letters", func() bool { return told.Load() > 200 })
	during := heap()
	once.Do(func() { close(hold) })
	stop()
	if grown := int64(during) - int64(before); grown > 4<<20 {
		t.Errorf("the heap has grown by %d bytes with %d messages waiting", grown, 2*n)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
