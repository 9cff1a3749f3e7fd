package notify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// child is a dispatcher in a process of its own, to be killed.
func child(address string) {
	w := &world{address: address}
	s, err := store.Open(context.Background(), address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w.s, w.box = s, outbox.New(s, ring)
	o := w.options(hooks(), texts(os.Getenv("MIANSHEN_TEST_GATEWAY")))
	o.Now, o.Seed, o.Tries, o.Backoff, o.Timeout, o.Lease = time.Now, 0, 1000, 10*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond
	d, err := notify.New(w.box, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	d.Run(context.Background())
}

// TestKilled kills dispatchers at any moment, also between sending and marking. The gateways count for themselves: the dumb one takes
// nothing twice, and what it may have taken without being marked is listed as unknown. MIANSHEN_NOTIFY_KILLS sets how often.
func TestKilled(t *testing.T) {
	pgtest.NotRacing(t) // what is killed is another process
	kills := number("MIANSHEN_NOTIFY_KILLS", 10)
	seed := uint64(number("MIANSHEN_SEED", int(time.Now().UnixNano()%1_000_000)))
	t.Logf("seed %d (MIANSHEN_SEED), %d kills (MIANSHEN_NOTIFY_KILLS)", seed, kills)
	both(t, func(t *testing.T, w *world) { w.killed(t, rand.New(rand.NewPCG(seed, 0)), kills) })
}

func (w *world) killed(t *testing.T, r *rand.Rand, kills int) {
	w.clock.Store(time.Now().UnixMicro())
	const each = 30
	n := each * kills
	w.firms(n)
	hook, gateway := newSink(t), newSink(t)
	slow := func(_ int, _ http.ResponseWriter, take func()) {
		time.Sleep(time.Millisecond)
		take()
		time.Sleep(4 * time.Millisecond)
	}
	hook.fault, gateway.fault = slow, slow
	var all []event.Event
	for i := range n {
		w.reach(i, channel.Webhook, hook.URL)
		w.reach(i, channel.SMS, phone(i))
		all = append(all, w.made(i, "甲", 0))
	}
	w.tell(all...)
	ok(t, w.s.Close())
	for range kills {
		w.kill(t, gateway, time.Duration(r.Int64N(int64(40*time.Millisecond))))
	}
	w.open()
	w.clock.Store(time.Now().Add(time.Minute).UnixMicro()) // all leases are over
	o := w.options(hooks(), texts(gateway.URL))
	o.Tries = 1000
	stop := w.run(o)
	w.drained(channel.Webhook)
	w.drained(channel.SMS)
	stop()
	w.settled(t, all, hook, gateway)
}

// kill starts a dispatcher and kills it some time after it has begun to send, or when it has nothing to send.
func (w *world) kill(t *testing.T, gateway *sink, after time.Duration) {
	t.Helper()
	self, err := os.Executable()
	ok(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), "MIANSHEN_TEST_NOTIFIER="+w.address, "MIANSHEN_TEST_GATEWAY="+gateway.URL)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	ok(t, err)
	before := gateway.calls.Load()
	ok(t, command.Start())
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Errorf("the child says nothing: %v", err)
	}
	for end := time.Now().Add(2 * time.Second); gateway.calls.Load() == before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(after)
	ok(t, command.Process.Kill())
	if err := command.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}

func (w *world) settled(t *testing.T, all []event.Event, hook, gateway *sink) {
	unknown, again, doubted := 0, 0, 0
	for _, e := range all {
		times, _ := gateway.count(key(e, channel.SMS))
		row := w.state(e, channel.SMS)
		switch {
		case times > 1:
			t.Errorf("the dumb gateway took %s %d times", e.ID, times)
		case row.State == "unknown" && row.Note != "":
			unknown++
			doubted += times
		case row.State != "delivered" || times != 1:
			t.Errorf("%s is %s (%s), and was taken %d times", e.ID, row.State, row.Note, times)
		}
		times, _ = hook.count(key(e, channel.Webhook))
		if row := w.state(e, channel.Webhook); row.State != "delivered" || times < 1 {
			t.Errorf("the webhook of %s is %s (%s), and was taken %d times", e.ID, row.State, row.Note, times)
		}
		again += max(times-1, 0)
	}
	listed, err := w.box.In(t.Context(), "unknown", len(all))
	if err != nil || len(listed) != unknown {
		t.Errorf("%d are listed as unknown, want %d, %v", len(listed), unknown, err)
	}
	if unknown == 0 {
		t.Error("no kill came between sending and marking, so nothing is shown")
	}
	t.Logf("%d messages: the dumb gateway took none twice, %d are unknown (%d of them taken); webhooks came again under the same key %d times", len(all), unknown, doubted, again)
}
