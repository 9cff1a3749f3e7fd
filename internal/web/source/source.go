// Package source holds each source of requests, which is an address or an IPv6 household, to what it may take: a rate, and so many
// requests at once.
package source

import (
	"net/netip"
	"sync"
	"time"
)

// Rate is how many requests one source may send: Burst at once, PerSecond lasting.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// DefaultRate is far beyond what a person does, and holds a program that runs wild.
var DefaultRate = Rate{PerSecond: 20, Burst: 80}

// DefaultGuesses lets a person mistype, and a program guess a few thousand times a day: less than one in a hundred chance at six digits,
// if accounts weren't locked long before.
var DefaultGuesses = Rate{PerSecond: 1.0 / 15, Burst: 10}

// maxSources bounds the limiter's memory.
const maxSources = 10_000

// Limiter is a bucket of tokens for each source. IPv6 sources count by their /64, which one household has.
type Limiter struct {
	rate Rate
	now  func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// New returns a limiter; now tells the time.
func New(r Rate, now func() time.Time) *Limiter {
	return &Limiter{rate: r, now: now, buckets: map[string]*bucket{}}
}

// Allow takes a token of the source and tells whether there was one.
func (l *Limiter) Allow(address string) bool {
	source := network(address)
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[source]
	if b == nil {
		if len(l.buckets) >= maxSources {
			l.forget(now)
		}
		b = &bucket{tokens: l.rate.Burst, at: now}
		l.buckets[source] = b
	}
	// A clock that jumps back gives nothing.
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(l.rate.Burst, b.tokens+passed*l.rate.PerSecond)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// forget drops the sources whose buckets have filled up again, and if none has, all of them: to forget a source gives it a
// full bucket, no more.
func (l *Limiter) forget(now time.Time) {
	full := time.Duration(l.rate.Burst / l.rate.PerSecond * float64(time.Second))
	for source, b := range l.buckets {
		if now.Sub(b.at) > full {
			delete(l.buckets, source)
		}
	}
	if len(l.buckets) >= maxSources {
		clear(l.buckets)
	}
}

func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// Crowd counts the requests of each source that are being answered.
type Crowd struct {
	most int
	mu   sync.Mutex
	here map[string]int
}

// NewCrowd returns one in which a source has at most some places.
func NewCrowd(most int) *Crowd { return &Crowd{most: most, here: map[string]int{}} }

// Enter takes a place of the source, which leave gives back, and tells whether there was one.
func (c *Crowd) Enter(address string) (leave func(), ok bool) {
	source := network(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here[source] >= c.most {
		return nil, false
	}
	c.here[source]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.here[source]--; c.here[source] == 0 {
			delete(c.here, source)
		}
	}, true
}

// Gate is a crowd of which all sources together have some places too.
type Gate struct {
	places chan struct{}
	crowd  *Crowd
}

// NewGate returns one with places for all together, and at most some of them for one source.
func NewGate(places, ofOne int) *Gate { return &Gate{make(chan struct{}, places), NewCrowd(ofOne)} }

// Enter takes a place, which leave gives back, or tells why there is none: all are taken, or the source has its own. A name that isn't an
// address is a source too.
func (g *Gate) Enter(who string) (leave func(), all, own bool) {
	select {
	case g.places <- struct{}{}:
	default:
		return nil, true, false
	}
	out, ok := g.crowd.Enter(who)
	if !ok {
		<-g.places
		return nil, false, true
	}
	return func() { out(); <-g.places }, false, false
}
