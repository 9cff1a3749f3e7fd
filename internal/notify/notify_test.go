package notify_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
	"mianshen/internal/notify/channel/sms"
	"mianshen/internal/notify/channel/webhook"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

func TestDelivered(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(3)
		hook, gateway := newSink(t), newSink(t)
		w.reach(0, channel.Webhook, hook.URL)
		w.reach(0, channel.SMS, phone(0))
		a, b := w.made(0, "甲", 0), w.made(1, "乙", 0)
		w.tell(a, b)
		if n, err := w.box.Tell(t.Context(), "test", []event.Event{a, b}, w.now()); err != nil || n != 0 {
			t.Errorf("told again: %d, %v", n, err)
		}
		var told atomic.Int64
		defer w.run(w.options(hooks(), texts(gateway.URL), letters(func(string) { told.Add(1) })))()
		for _, name := range []string{channel.Webhook, channel.SMS, channel.Inbox} {
			until(t, name, func() bool { return w.state(a, name).State == "delivered" })
		}
		until(t, "the other's inbox", func() bool { return w.state(b, channel.Inbox).State == "delivered" })
		if told.Load() != 2 || w.state(b, channel.SMS).State != "" {
			t.Errorf("%d pages told, the other's text is %+v", told.Load(), w.state(b, channel.SMS))
		}
		for name, s := range map[string]*sink{channel.Webhook: hook, channel.SMS: gateway} {
			if times, all := s.count(key(a, name)); times != 1 || all != 1 {
				t.Errorf("%s took it %d times, and %d messages", name, times, all)
			}
		}
		tries, err := w.box.Attempts(t.Context(), a.ID, channel.SMS)
		if err != nil || len(tries) != 1 || tries[0].Outcome != "delivered" {
			t.Errorf("attempts: %+v, %v", tries, err)
		}
		letters, err := w.box.Inbox(t.Context(), uscc(0), "", outbox.Place{}, 10)
		if err != nil || len(letters) != 1 || letters[0].Event.Subject != "甲" || !letters[0].SeenAt.IsZero() {
			t.Errorf("inbox: %+v, %v", letters, err)
		}
		ok(t, w.box.Seen(t.Context(), uscc(1), []string{a.ID}, w.now())) // another's
		ok(t, w.box.Acted(t.Context(), uscc(0), []string{a.ID}, w.now()))
		if r := w.state(a, channel.Inbox); r.ActedAt.IsZero() || r.SeenAt.IsZero() {
			t.Errorf("not acted: %+v", r)
		}
	})
}

// TestGateways goes through what a gateway may do, and how often a message is taken then.
func TestGateways(t *testing.T) {
	drop := func(_ int, _ http.ResponseWriter, _ func()) { panic(http.ErrAbortHandler) }
	takeAndDrop := func(_ int, _ http.ResponseWriter, take func()) { take(); panic(http.ErrAbortHandler) }
	delay := func(_ int, _ http.ResponseWriter, take func()) { take(); time.Sleep(1500 * time.Millisecond) }
	wrong := func(n int, w http.ResponseWriter, take func()) {
		take()
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
	middle := func(n int, w http.ResponseWriter, take func()) {
		take()
		if n == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}
	}
	busy := func(n int, w http.ResponseWriter, take func()) {
		if n == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		take()
	}
	no := func(_ int, w http.ResponseWriter, _ func()) { w.WriteHeader(http.StatusForbidden) }
	away := func(_ int, w http.ResponseWriter, _ func()) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	for _, c := range []struct {
		name       string
		fault      func(int, http.ResponseWriter, func())
		dumb, hook string // how it ends
		times      int    // that the dumb one took it
	}{
		{"drops the connection", drop, "unknown", "dead", 0},
		{"takes and drops", takeAndDrop, "unknown", "dead", 1},
		{"delays beyond the timeout", delay, "unknown", "dead", 1},
		{"500 after accepting", wrong, "unknown", "delivered", 1},
		{"closes in mid-body", middle, "unknown", "delivered", 1},
		{"too many requests", busy, "delivered", "delivered", 1},
		{"refuses", no, "dead", "dead", 0},
		{"redirects", away, "dead", "dead", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, "sqlite://"+t.TempDir()+"/test.db")
			w.firms(1)
			hook, gateway := newSink(t), newSink(t)
			hook.fault, gateway.fault = c.fault, c.fault
			w.reach(0, channel.Webhook, hook.URL)
			w.reach(0, channel.SMS, phone(0))
			e := w.made(0, "甲", 0)
			w.tell(e)
			defer w.run(w.options(hooks(), texts(gateway.URL)))()
			for range 4 {
				w.drained(channel.Webhook)
				w.drained(channel.SMS)
				w.move(time.Minute)
			}
			if s := w.state(e, channel.SMS); s.State != c.dumb || s.State != "delivered" && s.Note == "" {
				t.Errorf("the text is %s (%s), want %s", s.State, s.Note, c.dumb)
			}
			if s := w.state(e, channel.Webhook); s.State != c.hook {
				t.Errorf("the webhook is %s (%s), want %s", s.State, s.Note, c.hook)
			}
			if times, _ := gateway.count(key(e, channel.SMS)); times != c.times {
				t.Errorf("the gateway took it %d times, want %d", times, c.times)
			}
		})
	}
}

// TestPoison: a message that can't be written, or whose writing panics, ends dead, and the others go on.
func TestPoison(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(3)
		hook := newSink(t)
		for i := range 3 {
			w.reach(i, channel.Webhook, hook.URL)
		}
		poison, unwritten, fine := w.made(0, "poison", 9), w.made(1, "unwritten", 8), w.made(2, "好", 0)
		w.tell(poison, unwritten, fine)
		defer w.run(w.options(hooks(), letters(nil)))()
		w.drained(channel.Webhook)
		if w.state(fine, channel.Webhook).State != "delivered" {
			t.Errorf("the good one is %+v", w.state(fine, channel.Webhook))
		}
		until(t, "the inbox too", func() bool {
			return w.state(poison, channel.Inbox).State == "dead" && w.state(unwritten, channel.Inbox).State == "dead"
		})
		dead, err := w.box.In(t.Context(), "dead", 10)
		if err != nil || len(dead) != 4 || !strings.Contains(w.state(unwritten, channel.Webhook).Note, "模板缺少变量") {
			t.Errorf("dead: %+v, %v", dead, err)
		}
		ok(t, w.box.Retry(t.Context(), outbox.Actor{Person: "f1", Role: "D1"}, unwritten.ID, channel.Webhook, "模板已改", w.now()))
		w.drained(channel.Webhook)
		if r := w.state(unwritten, channel.Webhook); r.State != "dead" || r.Attempt != 2 {
			t.Errorf("tried again: %+v", r)
		}
		if err := w.box.Retry(t.Context(), clerk, fine.ID, channel.Webhook, "再发", w.now()); err == nil || !strings.HasSuffix(err.Error(), "。") {
			t.Errorf("what was delivered is sent again: %v", err)
		}
	})
}

// TestChoiceWhenSending: what the firm chose after the message was stored counts.
func TestChoiceWhenSending(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(4)
		hook := newSink(t)
		var all []event.Event
		for i := range 4 {
			w.reach(i, channel.Webhook, hook.URL)
			all = append(all, w.made(i, "甲", 0))
		}
		w.tell(all...)
		contacts, err := w.box.Contacts(t.Context(), uscc(0))
		ok(t, err)
		for range 2 {
			if c, err := w.box.StopByToken(t.Context(), contacts[0].Token, w.now()); err != nil || c.Enterprise != uscc(0) {
				t.Fatalf("%+v, %v", c, err)
			}
		}
		if _, err := w.box.StopByToken(t.Context(), strings.Repeat("0", 64), w.now()); err == nil {
			t.Error("nobody's token stops something")
		}
		w.prefer(1, choice.Preference{Topics: []string{"paid"}, Digest: choice.None, ADay: 5})
		w.prefer(2, choice.Preference{QuietFrom: 11 * 60, QuietTo: 13 * 60, Digest: choice.None, ADay: 5})
		defer w.run(w.options(hooks()))()
		w.drained(channel.Webhook)
		for i, want := range []string{"dropped", "dropped", "waiting", "delivered"} {
			if r := w.state(all[i], channel.Webhook); r.State != want {
				t.Errorf("firm %d: %s (%s), want %s", i, r.State, r.Note, want)
			}
		}
		w.move(time.Hour)
		w.drained(channel.Webhook)
		if r := w.state(all[2], channel.Webhook); r.State != "delivered" {
			t.Errorf("after the quiet time: %+v", r)
		}
	})
}

// TestQuietNight: over midnight, and then the cap of the next day with the most valuable first.
func TestQuietNight(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(1)
		hook := newSink(t)
		w.reach(0, channel.Webhook, hook.URL)
		w.prefer(0, choice.Preference{QuietFrom: 22 * 60, QuietTo: 8 * 60, Digest: choice.None, ADay: 2})
		w.move(10*time.Hour + time.Minute) // 22:01
		var all []event.Event
		for i, subject := range []string{"甲", "乙", "丙"} {
			all = append(all, w.made(0, subject, exact.Money(i)))
		}
		w.tell(all...)
		defer w.run(w.options(hooks()))()
		states := func() (out string) {
			w.drained(channel.Webhook)
			for _, e := range all {
				out += w.state(e, channel.Webhook).State + " "
			}
			return out
		}
		for _, step := range []struct {
			by   time.Duration
			want string
		}{
			{0, "waiting waiting waiting "},
			{3 * time.Hour, "waiting waiting waiting "},
			{7 * time.Hour, "waiting delivered delivered "}, // 08:01
			{15 * time.Hour, "waiting delivered delivered "},
			{9 * time.Hour, "delivered delivered delivered "},
		} {
			w.move(step.by)
			if got := states(); got != step.want {
				t.Errorf("at %s: %s, want %s", w.now().In(shanghai), got, step.want)
			}
		}
	})
}

// TestDigest: one message carries all, the others point to it, and a second attempt says the same.
func TestDigest(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(1)
		hook := newSink(t)
		hook.fault = func(n int, rw http.ResponseWriter, take func()) {
			take()
			if n == 1 {
				rw.WriteHeader(http.StatusBadGateway)
			}
		}
		w.reach(0, channel.Webhook, hook.URL)
		w.prefer(0, choice.Preference{Digest: choice.Daily, ADay: 5})
		a, b, c := w.made(0, "甲", 1), w.made(0, "乙", 3), w.made(0, "丙", 2)
		w.tell(a, b, c)
		defer w.run(w.options(hooks()))()
		w.drained(channel.Webhook)
		if r := w.state(b, channel.Webhook); r.State != "waiting" || hook.calls.Load() != 0 {
			t.Fatalf("before its time: %+v", r)
		}
		w.move(21*time.Hour + time.Minute) // 09:01
		w.drained(channel.Webhook)
		w.move(time.Minute)
		w.drained(channel.Webhook)
		if r := w.state(b, channel.Webhook); r.State != "delivered" || r.Attempt != 2 {
			t.Errorf("the carrier is %+v", r)
		}
		for _, e := range []event.Event{a, c} {
			if r := w.state(e, channel.Webhook); r.State != "digested" || r.Digest != b.ID {
				t.Errorf("a member is %+v", r)
			}
		}
		hook.mu.Lock()
		defer hook.mu.Unlock()
		if len(hook.bodies) != 2 || hook.bodies[0] != hook.bodies[1] || !strings.Contains(hook.bodies[0], "乙、丙、甲") {
			t.Errorf("sent %q", hook.bodies)
		}
	})
}

// TestLocked: after a restore nothing goes out until it is unlocked.
func TestLocked(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(1)
		hook := newSink(t)
		w.reach(0, channel.Webhook, hook.URL)
		e := w.made(0, "甲", 0)
		w.tell(e)
		_, err := w.s.DB().ExecContext(t.Context(), "UPDATE instance SET locked = 1, lock_reason = '恢复'")
		ok(t, err)
		stop := w.run(w.options(hooks()))
		time.Sleep(100 * time.Millisecond)
		stop()
		if r := w.state(e, channel.Webhook); r.State != "waiting" || hook.calls.Load() != 0 {
			t.Errorf("sent while locked: %+v", r)
		}
	})
}

// TestClockJumps: an hour forward and a day back while messages go out; nothing is taken twice by the dumb gateway.
func TestClockJumps(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		const n = 40
		w.firms(n)
		gateway := newSink(t)
		gateway.fault = func(_ int, _ http.ResponseWriter, take func()) { take(); time.Sleep(5 * time.Millisecond) }
		var all []event.Event
		for i := range n {
			w.reach(i, channel.SMS, phone(i))
			all = append(all, w.made(i, "甲", 0))
		}
		w.tell(all...)
		stop := w.run(w.options(texts(gateway.URL)))
		other := w.run(w.options(texts(gateway.URL)))
		for _, by := range []time.Duration{time.Hour, -24 * time.Hour, 24 * time.Hour, -time.Hour, 2 * time.Hour} {
			w.move(by)
			time.Sleep(30 * time.Millisecond)
		}
		w.drained(channel.SMS)
		stop()
		other()
		if gateway.twice() != 0 {
			t.Errorf("%d messages were taken twice", gateway.twice())
		}
		for _, e := range all {
			times, _ := gateway.count(key(e, channel.SMS))
			if r := w.state(e, channel.SMS); r.State != "delivered" && r.State != "unknown" || r.State == "delivered" && times != 1 {
				t.Errorf("%+v, taken %d times", r, times)
			}
		}
	})
}

// TestStaleOwner: whoever comes back after his lease changes nothing.
func TestStaleOwner(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx, free := t.Context(), func(string) bool { return false }
		w.firms(1)
		w.reach(0, channel.Webhook, "http://127.0.0.1:1/")
		e := w.made(0, "甲", 0)
		w.tell(e)
		lease := func(owner string) outbox.Lease {
			return outbox.Lease{Channel: channel.Webhook, Owner: owner, Until: w.now().Add(time.Minute)}
		}
		turn := func(owner string, attempt int, done channel.Result) bool {
			ticket := outbox.Ticket{Lease: lease(owner), Event: e.ID, Attempt: attempt}
			if done == "" {
				granted, _, err := w.box.Turn(ctx, []outbox.Ticket{ticket}, nil, w.now())
				ok(t, err)
				return granted[0]
			}
			_, marked, err := w.box.Turn(ctx, nil, []outbox.Done{{Ticket: ticket, Result: done, Next: w.now()}}, w.now())
			ok(t, err)
			return marked[0]
		}
		for step, c := range []struct {
			does func() bool
			want bool
		}{
			{func() bool { f, err := w.box.Lease(ctx, lease("a"), 10, w.now()); ok(t, err); return len(f) == 1 }, true},
			{func() bool { f, err := w.box.Lease(ctx, lease("b"), 10, w.now()); ok(t, err); return len(f) == 1 }, false},
			{func() bool { return turn("b", 1, "") }, false},
			{func() bool { w.move(2 * time.Minute); return turn("a", 1, "") }, false}, // the lease is over: it is given back
			{func() bool { f, err := w.box.Lease(ctx, lease("a"), 10, w.now()); ok(t, err); return len(f) == 1 }, true},
			{func() bool { return turn("a", 1, "") }, true},
			{func() bool { return turn("a", 1, "") }, false},
			{func() bool {
				w.move(2 * time.Minute)
				n, err := w.box.Expire(ctx, lease("b"), true, free, w.now())
				ok(t, err)
				return n == 0
			}, true},
			{func() bool { return turn("a", 1, channel.Delivered) }, false},
			{func() bool { f, err := w.box.Lease(ctx, lease("b"), 10, w.now()); ok(t, err); return len(f) == 1 }, true},
			{func() bool { return turn("b", 2, "") }, true},
			{func() bool { return turn("a", 1, channel.Refused) }, false},
			{func() bool { return turn("b", 1, channel.Refused) }, false},
			{func() bool { return turn("b", 2, channel.Delivered) }, true},
			{func() bool { return turn("b", 2, channel.Delivered) }, false},
		} {
			if got := c.does(); got != c.want {
				t.Fatalf("step %d: %v", step, got)
			}
		}
	})
}

// TestTwoDispatchers work on one database; each message is taken once.
func TestTwoDispatchers(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		const n = 200
		w.firms(n)
		hook, gateway := newSink(t), newSink(t)
		var all []event.Event
		for i := range n {
			w.reach(i, channel.Webhook, hook.URL)
			w.reach(i, channel.SMS, phone(i))
			all = append(all, w.made(i, "甲", 0))
		}
		w.tell(all...)
		second := w
		if w.s.Kind() == store.Postgres {
			second = newWorld(t, w.address)
		}
		stop := w.run(w.options(hooks(), texts(gateway.URL)))
		other := second.run(second.options(hooks(), texts(gateway.URL)))
		w.drained(channel.Webhook)
		w.drained(channel.SMS)
		stop()
		other()
		for name, s := range map[string]*sink{channel.Webhook: hook, channel.SMS: gateway} {
			if _, count := s.count(""); count != n || s.twice() != 0 {
				t.Errorf("%s took %d of %d messages, %d twice", name, count, n, s.twice())
			}
		}
	})
}

// TestSlowChannel: a channel whose gateway hangs doesn't hold up another.
func TestSlowChannel(t *testing.T) {
	w := newWorld(t, "sqlite://"+t.TempDir()+"/test.db")
	const n = 50
	w.firms(n)
	hook, gateway := newSink(t), newSink(t)
	hold := make(chan struct{})
	gateway.fault = func(_ int, _ http.ResponseWriter, take func()) { <-hold; take() }
	for i := range n {
		w.reach(i, channel.Webhook, hook.URL)
		w.reach(i, channel.SMS, phone(i))
		w.tell(w.made(i, "甲", 0))
	}
	patient := outward.Options{Loopback: true, Timeout: time.Minute}
	c, err := sms.New(sms.Gateway{URL: gateway.URL, Templates: map[string]string{"": "T1"}, HTTP: patient})
	ok(t, err)
	o := w.options(webhook.New(patient, time.Now), c)
	o.Timeout, o.Lease = time.Minute, 2*time.Minute
	stop := w.run(o)
	w.drained(channel.Webhook)
	if in, err := w.box.In(t.Context(), "delivered", 2*n); err != nil || len(in) != n {
		t.Errorf("%d delivered while the other channel hangs, %v", len(in), err)
	}
	close(hold)
	stop()
}

func TestOptions(t *testing.T) {
	box := outbox.New(nil, ring)
	for name, o := range map[string]notify.Options{
		"no lanes":      {Writer: writer{}},
		"no writer":     {Lanes: []notify.Lane{{Channel: letters(nil)}}},
		"two lanes":     {Writer: writer{}, Lanes: []notify.Lane{{Channel: letters(nil)}, {Channel: letters(nil)}}},
		"short a lease": {Writer: writer{}, Lanes: []notify.Lane{{Channel: letters(nil)}}, Lease: time.Second, Timeout: time.Second},
	} {
		if _, err := notify.New(box, o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
