package paytest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
)

// Ring seals with AES-256-GCM under a key that the test throws away.
type Ring struct {
	aead cipher.AEAD
	key  []byte
}

// NewRing makes a ring.
func NewRing(t testing.TB) Ring {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	Check(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	Check(t, err)
	return Ring{aead, key}
}

// Seal seals plain for its context.
func (r Ring) Seal(plain []byte, context string) ([]byte, error) {
	return r.aead.Seal(nil, nil, plain, []byte(context)), nil //nolint:gosec // the AEAD draws the nonce itself
}

// Open opens what was sealed for the same context.
func (r Ring) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errors.New("nothing is sealed")
	}
	return r.aead.Open(nil, nil, sealed, []byte(context))
}

// Print tells whether texts are the same.
func (r Ring) Print(plain, context string) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(context + "\x00" + plain))
	return hex.EncodeToString(mac.Sum(nil))
}
