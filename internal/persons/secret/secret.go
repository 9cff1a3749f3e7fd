// Package secret holds what an account is proved by: passwords as argon2id hashes, one-time codes by time (RFC 6238: SHA-1, six
// digits, steps of 30 seconds), and random tokens of which only the SHA-256 is kept.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app knows it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// The cost of a hash: the OWASP password storage cheat sheet's figures for argon2id.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltSize  = 16
	hashSize  = 32
)

// Caps on the cost of a hash that is read back, so that a row can't take the machine.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
)

var b64 = base64.RawStdEncoding.Strict()

// Hash returns the argon2id hash of a password in the PHC format, with a fresh salt.
func Hash(password string) string {
	salt := random(saltSize)
	sum := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashSize)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// Verify tells whether the password is the one of a hash in PHC format. An empty or unreadable hash is nobody's, and takes as
// long as a real one.
func Verify(phc, password string) bool {
	h, ok := parse(phc)
	sum := argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(sum, h.sum) == 1 && ok
}

type hash struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

// parse reads a hash; if it can't it gives one of the usual cost that no password has.
func parse(phc string) (hash, bool) {
	nobody := hash{memoryKiB, passes, lanes, make([]byte, saltSize), make([]byte, hashSize)}
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nobody, false
	}
	var h hash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes); err != nil {
		return nobody, false
	}
	var err1, err2 error
	h.salt, err1 = b64.DecodeString(parts[4])
	h.sum, err2 = b64.DecodeString(parts[5])
	sane := h.memory >= 8 && h.memory <= maxMemoryKiB && h.passes >= 1 && h.passes <= maxPasses && h.lanes >= 1 && len(h.salt) >= 8 && len(h.sum) >= 16
	if err1 != nil || err2 != nil || !sane {
		return nobody, false
	}
	return h, true
}

// Token returns 32 random bytes as 43 characters that need no escaping in cookies, headers and addresses.
func Token() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

// Half returns half of an initial password: 80 random bits as 16 small letters and digits, to be typed from a sheet of paper. It
// is random enough that its Sum may be kept.
func Half() string { return strings.ToLower(b32.EncodeToString(random(10))) }

// Sum is what is kept of a token: its SHA-256 in hexadecimal. A token is random, so that no salt is needed.
func Sum(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Same compares two texts in a time that tells nothing of where they differ.
func Same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// NewKey returns a random key for one-time codes, as long as SHA-1's hash.
func NewKey() []byte { return random(sha1.Size) }

const step = 30 // seconds

// Code returns the code of a key at a step of time.
func Code(key []byte, at int64) string {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at)))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:from+4])&0x7fffffff%1_000_000)
}

// Step is the step of time that an instant is in.
func Step(now time.Time) int64 { return now.Unix() / step }

// Match returns the step whose code was given: that of now, the one before or the one after, if it is later than used, which
// makes a code good once. 0: none of them.
func Match(key []byte, code string, now time.Time, used int64) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	found := int64(0)
	for at := Step(now) - 1; at <= Step(now)+1; at++ {
		if Same(Code(key, at), code) && at > used {
			found = at
		}
	}
	return found
}

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// Address is what an authenticator app reads from a QR code; login is shown beside the code.
func Address(key []byte, issuer, login string) string {
	label := url.PathEscape(issuer) + ":" + url.PathEscape(login)
	return "otpauth://totp/" + label + "?secret=" + b32.EncodeToString(key) + "&issuer=" + url.QueryEscape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// Typed is the key for who types it by hand: base32 in groups of four.
func Typed(key []byte) string {
	var b strings.Builder
	for i, c := range b32.EncodeToString(key) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
