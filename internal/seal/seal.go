// Package seal keeps values unreadable at rest: account numbers, secrets of second factors. A ring holds one or more keys of 256
// bits; the newest seals, all of them open. What is sealed is bound to the place it is kept at, its context, so that it can't
// be moved to another row.
//
// Sealed bytes are: 1 (the form), the key's number in four bytes, then nonce and ciphertext of AES-256-GCM; the first five bytes and the
// context are authenticated with it.
//
// Keys stand in a file that only its owner may read: a line for each, its number and 32 bytes in base64. Numbers rise. The file
// is never in the database, and belongs in another backup.
package seal

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// ErrKey says that a key file can't be used.
var ErrKey = errors.New("密钥文件不能用")

// ErrOpen says that sealed bytes don't open: another context, another ring, or changed bytes.
var ErrOpen = errors.New("sealed bytes don't open")

const (
	form    = 1
	keySize = 32
	head    = 1 + 4
)

// Ring seals and opens. It is safe for concurrent use.
type Ring struct {
	newest uint32
	doors  map[uint32]cipher.AEAD
	print  []byte // the key of Print, out of the oldest key
}

// New returns a ring of one key made out of thin air, for what doesn't outlive the process.
func New() *Ring {
	ring, err := Parse(another(nil, 1))
	if err != nil {
		panic(err) // a key of ours is always well-formed
	}
	return ring
}

// Parse reads the text of a key file. ErrKey: it isn't one.
func Parse(text []byte) (*Ring, error) {
	r := &Ring{doors: map[uint32]cipher.AEAD{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if err := r.add(lines.Text()); err != nil {
			return nil, err
		}
	}
	if len(r.doors) == 0 {
		return nil, fmt.Errorf("%w：里面没有密钥", ErrKey)
	}
	return r, lines.Err()
}

// add takes in a line. The key itself is in no error.
func (r *Ring) add(line string) error {
	var id uint32
	var encoded string
	_, err := fmt.Sscanf(line, "%d %s", &id, &encoded)
	key, err2 := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || err2 != nil || len(key) != keySize {
		return fmt.Errorf("%w：第 %d 把密钥写法有误，应为编号、空格、32 字节的 base64", ErrKey, len(r.doors)+1)
	}
	if id <= r.newest {
		return fmt.Errorf("%w：编号 %d 不比前一把大", ErrKey, id)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if r.doors[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return err
	}
	r.newest = id
	if r.print == nil {
		r.print, err = hkdf.Key(sha256.New, key, nil, "mianshen print", keySize)
	}
	return err
}

// Seal encrypts plain for the place that context names, as table|column|row. The same plain comes out different each time.
func (r *Ring) Seal(plain []byte, context string) ([]byte, error) {
	sealed := binary.BigEndian.AppendUint32([]byte{form}, r.newest)
	return r.doors[r.newest].Seal(sealed, nil, plain, with(sealed, context)), nil //nolint:gosec // the nonce is drawn within
}

// Open decrypts what Seal made with any key of the ring for the same context. Everything else is ErrOpen.
func (r *Ring) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < head || sealed[0] != form {
		return nil, ErrOpen
	}
	id := binary.BigEndian.Uint32(sealed[1:head])
	door, ok := r.doors[id]
	if !ok {
		return nil, fmt.Errorf("%w: key %d isn't on the ring", ErrOpen, id)
	}
	plain, err := door.Open(nil, nil, sealed[head:], with(sealed[:head], context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func with(head []byte, context string) []byte { return slices.Concat(head, []byte(context)) }

// Print returns 64 digits that are the same for the same plain and context, and tell nothing of either to who hasn't the ring. It
// comes from the oldest key, so newer keys don't change it.
func (r *Ring) Print(plain, context string) string {
	mac := hmac.New(sha256.New, r.print)
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(context))))
	mac.Write([]byte(context))
	mac.Write([]byte(plain))
	return hex.EncodeToString(mac.Sum(nil))
}

// Load reads a key file. Who else than its owner may read it makes it an ErrKey; one that isn't there is os.ErrNotExist.
func Load(path string) (*Ring, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w：别人也能读 %s，请先 chmod 600", ErrKey, path)
	}
	const most = 1 << 20
	return io.ReadAll(io.LimitReader(f, most))
}

// Create makes a key file with one key and loads it. One that is there already is os.ErrExist and stays as it is.
func Create(path string) (_ *Ring, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	text := another(nil, 1)
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return Parse(text)
}

// Renew adds a key to a file, with which everything is sealed from then on. The file is exchanged as a whole.
func Renew(path string) error {
	text, err := read(path)
	if err != nil {
		return err
	}
	ring, err := Parse(text)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(another(text, ring.newest+1))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// another appends a line with a new key to the text of a key file.
func another(text []byte, id uint32) []byte {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // never fails
	return fmt.Appendf(slices.Clone(text), "%d %s\n", id, base64.StdEncoding.EncodeToString(key[:]))
}
