package source

import (
	"net"
	"testing"
	"time"
)

func TestLimiterForgets(t *testing.T) {
	now := time.Date(2025, 6, 30, 0, 0, 0, 0, time.UTC)
	l := New(Rate{PerSecond: 1, Burst: 1}, func() time.Time { return now })
	for i := range maxSources + 50 {
		l.Allow(net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)).String())
	}
	if len(l.buckets) > maxSources {
		t.Errorf("%d sources kept", len(l.buckets))
	}
	now = now.Add(-time.Hour)
	if l.Allow("192.0.2.1"); l.Allow("192.0.2.1") {
		t.Error("a clock that jumps back gives tokens")
	}
	if l.Allow("2001:db8::1"); l.Allow("2001:db8::ffff") {
		t.Error("one network counts as two sources")
	}
}
