// Package notify sends what waits in the outbox. Each channel has its own lane: one that leases messages and asks the firms' choices, a
// fixed number of workers that send, and one that writes down, for all of them at once, what is being sent and what came of it. So a slow
// channel slows no other, and memory stays as it is however much waits.
//
// A program that is killed leaves leases behind; another one, or the next, takes them back after their end. What a dumb gateway may have
// taken by then is unknown, and a person decides.
package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
)

// Words are what a message says.
type Words struct {
	Title, Text, Link string
	Params            map[string]string // for gateways with templates of their own
}

// ErrWords says that a message can't be written and never will be as things are, such as for a template that misses a variable.
var ErrWords = errors.New("no words")

// Writer finds the words for one or, in a digest, several events on a channel. An ErrWords ends the message at once, where a person sees
// why; other errors are tried again.
type Writer interface {
	Write(ctx context.Context, channel string, events []event.Event) (Words, error)
}

// Lane is a channel with as many workers as send on it at once.
type Lane struct {
	Channel channel.Channel
	Workers int // 0 stands for 4
}

// Options of a dispatcher.
type Options struct {
	Lanes   []Lane
	Writer  Writer
	OptOut  string           // what an opt-out link is before the contact's token, "" for no links
	Owner   string           // who leases; "" stands for a name that nobody else has
	Now     func() time.Time // nil stands for the clock
	Seed    uint64           // of the jitter; 0 stands for a random one
	Timeout time.Duration    // of one attempt; 0 stands for 20 s
	Lease   time.Duration    // 0 stands for 2 min; at least twice the timeout
	Poll    time.Duration    // how often an idle lane looks; 0 stands for 1 s
	Backoff time.Duration    // before the second attempt, doubled with each, up to 6 h; 0 stands for 30 s
	Tries   int              // attempts until a message is dead; 0 stands for 12
	Log     *slog.Logger     // nil stands for the default logger
}

const (
	mostBackoff    = 6 * time.Hour
	defaultWorkers = 4
)

// Dispatcher sends. It is made by New and run once.
type Dispatcher struct {
	box   *outbox.Box
	o     Options
	lanes []*lane
	mu    sync.Mutex // of random
	rand  *mathrand.Rand
}

// New returns a dispatcher, or an error for options that can't be right.
func New(box *outbox.Box, o Options) (*Dispatcher, error) {
	o.defaults()
	if o.Writer == nil || len(o.Lanes) == 0 {
		return nil, errors.New("a dispatcher needs a writer and at least one lane")
	}
	if o.Lease < 2*o.Timeout {
		return nil, fmt.Errorf("a lease of %s is too short for attempts of %s", o.Lease, o.Timeout)
	}
	d := &Dispatcher{box: box, o: o, rand: mathrand.New(mathrand.NewPCG(o.Seed, o.Seed))} //nolint:gosec // jitter is no secret
	known := map[string]bool{}
	for _, l := range o.Lanes {
		if known[l.Channel.Name()] {
			return nil, fmt.Errorf("two lanes for %s", l.Channel.Name())
		}
		known[l.Channel.Name()] = true
		if l.Workers <= 0 {
			l.Workers = defaultWorkers
		}
		d.lanes = append(d.lanes, newLane(d, l))
	}
	return d, nil
}

func (o *Options) defaults() {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&o.Timeout, 20*time.Second)
	set(&o.Lease, 2*time.Minute)
	set(&o.Poll, time.Second)
	set(&o.Backoff, 30*time.Second)
	if o.Tries == 0 {
		o.Tries = 12
	}
	if o.Owner == "" {
		o.Owner = rand.Text()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = mathrand.Uint64() //nolint:gosec // jitter is no secret
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

// Run sends until ctx ends, then lets the attempts that are under way come to their end, which takes no longer than the timeout of one. What
// was leased and not begun waits again.
func (d *Dispatcher) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range d.lanes {
		all.Go(func() { l.run(ctx) })
	}
	all.Wait()
}

// Wake lets idle lanes look at once, for who has just stored events. It never waits.
func (d *Dispatcher) Wake() {
	for _, l := range d.lanes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// backoff is how long to wait after an attempt: twice as long each time, between half and all of it.
func (d *Dispatcher) backoff(attempt int) time.Duration {
	wait := d.o.Backoff
	for range attempt - 1 {
		if wait = min(2*wait, mostBackoff); wait == mostBackoff {
			break
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return wait/2 + time.Duration(d.rand.Int64N(int64(wait/2)+1))
}
