package notify_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
)

// TestChoiceMeanwhile: messages are leased some at a time, and while the first of them is on its way the firms choose otherwise. What
// they chose counts for the next: none goes to whom has opted out, unsubscribed, made it quiet or lowered the cap.
func TestChoiceMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(7)
		gateway := newSink(t)
		under, hold := make(chan struct{}), make(chan struct{})
		gateway.fault = func(n int, _ http.ResponseWriter, take func()) {
			take()
			if n == 1 {
				close(under)
				<-hold
			}
		}
		var all []event.Event
		for i := range 7 {
			w.reach(i, channel.SMS, phone(i))
			w.prefer(i, choice.Preference{Digest: choice.None, ADay: 5})
			all = append(all, w.made(i, "甲", 0))
		}
		w.tell(all...)
		o := w.options(texts(gateway.URL))
		o.Lanes = []notify.Lane{{Channel: texts(gateway.URL), Workers: 1}} // leases several messages, sends one
		o.Timeout, o.Lease = 20*time.Second, time.Minute
		defer w.run(o)()
		<-under
		w.move(time.Second)
		rest := slices.DeleteFunc([]int{0, 1, 2, 3, 4, 5, 6}, func(i int) bool { return w.state(all[i], channel.SMS).State == "sending" })
		if len(rest) != 6 {
			t.Fatalf("%d wait", len(rest))
		}
		contacts, err := w.box.Contacts(t.Context(), uscc(rest[0]))
		ok(t, err)
		_, err = w.box.StopByToken(t.Context(), contacts[0].Token, w.now())
		ok(t, err)
		w.prefer(rest[1], choice.Preference{Topics: []string{event.Paid}, Digest: choice.None, ADay: 5})
		w.prefer(rest[2], choice.Preference{QuietFrom: 11 * 60, QuietTo: 13 * 60, Digest: choice.None, ADay: 5})
		w.prefer(rest[3], choice.Preference{Digest: choice.Daily, ADay: 5})
		w.prefer(rest[4], choice.Preference{Digest: choice.None})
		close(hold)
		w.drained(channel.SMS)
		states := ""
		for _, i := range rest {
			states += w.state(all[i], channel.SMS).State + " "
		}
		if want := "dropped dropped waiting waiting dropped delivered "; states != want {
			t.Errorf("%s, want %s", states, want)
		}
		if _, n := gateway.count(""); n != 2 {
			t.Errorf("the gateway took %d messages", n)
		}
	})
}

// TestWorkingDays: over the holiday of October 2025 and its working weekend, by the official calendar; a weekly digest comes on the first
// Monday at nine, or when work begins again.
func TestWorkingDays(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(3)
		hook := newSink(t)
		w.clock.Store(time.Date(2025, 9, 28, 10, 0, 0, 0, shanghai).UnixMicro()) // a Sunday on which people work
		p := []choice.Preference{
			{WorkingDays: true, Digest: choice.None, ADay: 5},
			{WorkingDays: true, Digest: choice.Weekly, ADay: 5},
			{WorkingDays: true, QuietFrom: 18 * 60, QuietTo: 9*60 + 30, Digest: choice.None, ADay: 5},
		}
		for i := range p {
			w.reach(i, channel.Webhook, hook.URL)
			w.prefer(i, p[i])
		}
		defer w.run(w.options(hooks()))()
		told := map[string]event.Event{}
		step := func(at time.Time, name string, want string) {
			t.Helper()
			w.clock.Store(at.UnixMicro())
			if name != "" {
				for i := range p {
					e := w.made(i, name, 0)
					told[name+string(rune('0'+i))] = e
					w.tell(e)
				}
			}
			w.drained(channel.Webhook)
			var got []string
			for _, subject := range []string{"节前", "节中"} {
				for i := range p {
					if e, there := told[subject+string(rune('0'+i))]; there {
						got = append(got, w.state(e, channel.Webhook).State)
					}
				}
			}
			if text := strings.Join(got, " "); text != want {
				t.Errorf("at %s: %s, want %s", at, text, want)
			}
		}
		day := func(month time.Month, day, hour, minute int) time.Time {
			return time.Date(2025, month, day, hour, minute, 0, 0, shanghai)
		}
		const before = "delivered delivered delivered "
		step(day(9, 28, 10, 0), "节前", "delivered waiting delivered")        // a working Sunday
		step(day(9, 29, 9, 1), "", "delivered delivered delivered")         // Monday's digest
		step(day(10, 1, 10, 0), "节中", before+"waiting waiting waiting")     // the holiday begins
		step(day(10, 8, 23, 0), "", before+"waiting waiting waiting")       // it ends
		step(day(10, 9, 8, 59), "", before+"waiting waiting waiting")       // Thursday; nobody is woken at midnight
		step(day(10, 9, 9, 1), "", before+"delivered delivered waiting")    // with the digest, whose Monday was a holiday
		step(day(10, 9, 9, 31), "", before+"delivered delivered delivered") // and the quiet time is over
	})
}
