package secret

import (
	"strings"
	"testing"
	"time"
)

func TestPassword(t *testing.T) {
	phc := Hash("正确的 马 电池 订书钉")
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(phc)
	}
	if !Verify(phc, "正确的 马 电池 订书钉") || Verify(phc, "正确的 马 电池 订书") || Verify(phc, "") {
		t.Error("a password isn't told from others")
	}
	if first, second := Hash("x"), Hash("x"); first == second {
		t.Error("two hashes of one password are the same")
	}
	cut := phc[:strings.LastIndex(phc, "$")+1]
	for _, bad := range []string{"", "$", "x", cut, "$argon2i" + phc[len("$argon2id"):], strings.Replace(phc, "m=19456", "m=999999999", 1), strings.Replace(phc, "t=2", "t=0", 1), strings.Replace(phc, "v=19", "v=16", 1)} {
		if Verify(bad, "") || Verify(bad, "正确的 马 电池 订书钉") {
			t.Errorf("%q lets in", bad)
		}
	}
	// A hash that another program made (argon2-cffi's documentation).
	if !Verify("$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg", "correct horse battery staple") {
		t.Error("another program's hash isn't read")
	}
}

// TestUnknownTakesAsLong: an unknown login costs as much work as a known one.
func TestUnknownTakesAsLong(t *testing.T) {
	phc := Hash("x")
	quickest := func(hash string) time.Duration {
		least := time.Hour
		for range 5 {
			begun := time.Now()
			Verify(hash, "y")
			least = min(least, time.Since(begun))
		}
		return least
	}
	known, unknown := quickest(phc), quickest("")
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

// TestCodes holds against RFC 6238, appendix B (SHA-1), whose codes have eight digits: ours are the last six.
func TestCodes(t *testing.T) {
	key := []byte("12345678901234567890")
	for seconds, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := Code(key, Step(time.Unix(seconds, 0))); got != want[2:] {
			t.Errorf("at %d: %s, want %s", seconds, got, want[2:])
		}
	}
}

func TestMatch(t *testing.T) {
	key, now := NewKey(), time.Unix(1_800_000_000, 0)
	at := Step(now)
	for d := int64(-3); d <= 3; d++ {
		want := at + d
		if d < -1 || d > 1 {
			want = 0
		}
		if got := Match(key, Code(key, at+d), now, 0); got != want {
			t.Errorf("step %+d: %d, want %d", d, got, want)
		}
	}
	code := Code(key, at)
	if Match(key, code[:3]+" "+code[3:], now, at-1) != at {
		t.Error("a code with a space is refused")
	}
	if Match(key, code, now, at) != 0 || Match(key, Code(key, at-1), now, at) != 0 {
		t.Error("a step is good twice")
	}
	for _, bad := range []string{"", "0", code + "0", code[:5], "一二三四五六"} {
		if Match(key, bad, now, 0) != 0 {
			t.Errorf("%q is a code", bad)
		}
	}
}

func TestTokens(t *testing.T) {
	a, b := Token(), Token()
	if a == b || len(a) != 43 || len(Sum(a)) != 64 || Sum(a) == Sum(b) {
		t.Error(a, b, Sum(a))
	}
	if got := Typed([]byte("12345678901234567890")); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Error(got)
	}
	if got := Address([]byte("12345678901234567890"), "免申", "a b"); got != "otpauth://totp/%E5%85%8D%E7%94%B3:a%20b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E5%85%8D%E7%94%B3&algorithm=SHA1&digits=6&period=30" {
		t.Error(got)
	}
}
