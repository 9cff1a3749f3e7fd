package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says what the log was when it was signed. As a note its text is four lines and a fifth: origin, size, root, the
// instant, and what Digest gives for the checkpoint before, "-" where there is none, so that none can be left out.
type Checkpoint struct {
	Origin   string // the log's name, which is the name of its key
	Size     int64  // how many records
	Root     Hash   // of the tree of these records
	At       time.Time
	Previous string // Digest of the checkpoint before, or "-"
}

// First is Previous of a log's first checkpoint.
const First = "-"

// maxNote bounds a signed checkpoint in bytes.
const maxNote = 8 << 10

// Digest returns the SHA-256 of a signed checkpoint in base64.
func Digest(signed string) string { return Hash(sha256.Sum256([]byte(signed))).String() }

// NewKey makes an Ed25519 key pair under the log's name, from random. The secret signs checkpoints and must be kept by its
// owner alone; the public key checks them and may be given to everybody. ErrInvalid: a name with a space, a plus or more
// than 200 bytes.
func NewKey(origin string, random io.Reader) (secret, public string, err error) {
	if origin == "" || !line(origin) || len(origin) > 200 || strings.ContainsAny(origin, " +\u3000") {
		return "", "", fmt.Errorf("%w: origin %q", ErrInvalid, origin)
	}
	secret, public, err = note.GenerateKey(random, origin)
	return secret, public, err
}

// Origin returns the name of the log that a secret key belongs to, or ErrInvalid.
func Origin(secret string) (string, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return "", fmt.Errorf("%w: secret key", ErrInvalid) // the error of note could show it
	}
	return signer.Name(), nil
}

// CheckKey returns ErrInvalid unless text is a public key that NewKey made.
func CheckKey(text string) error {
	if _, err := note.NewVerifier(strings.TrimSpace(text)); err != nil {
		return fmt.Errorf("%w: public key %q", ErrInvalid, text)
	}
	return nil
}

// Sign returns c as a signed note. c.Origin must be the key's name.
func (c Checkpoint) Sign(secret string) (string, error) {
	origin, err := Origin(secret)
	if err != nil {
		return "", err
	}
	if origin != c.Origin {
		return "", fmt.Errorf("%w: checkpoint of %q, key of %q", ErrInvalid, c.Origin, origin)
	}
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return "", fmt.Errorf("%w: secret key", ErrInvalid)
	}
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	return string(signed), err
}

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n%s\n", c.Origin, c.Size, c.Root, c.At.UTC().Format(layout), c.Previous)
}

// ErrSignature says that a checkpoint isn't signed by any of the keys.
var ErrSignature = errors.New("checkpoint isn't signed by the key")

// Open reads a signed checkpoint, which must have exactly one signature. Where public keys are given, one of them must have
// made it, else ErrSignature; without keys the signature is only looked at as text. Anything that Sign wouldn't have
// written is ErrInvalid.
func Open(signed string, public ...string) (c Checkpoint, err error) {
	var verifiers []note.Verifier
	for _, key := range public {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return c, fmt.Errorf("%w: public key %q", ErrInvalid, key)
		}
		verifiers = append(verifiers, v)
	}
	if len(signed) > maxNote {
		return c, fmt.Errorf("%w: a checkpoint of %d bytes", ErrInvalid, len(signed))
	}
	n, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if e, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		n = e.Note
	} else if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return c, ErrSignature
	} else if err != nil {
		return c, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	if len(public) > 0 && len(n.Sigs) == 0 {
		return c, ErrSignature
	}
	if c, err = parseCheckpoint(n.Text); err != nil {
		return c, err
	}
	return c, oneSignature(signed, n, c.Origin)
}

// parseCheckpoint reads the text of a checkpoint.
func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 {
		return c, fmt.Errorf("%w: not a checkpoint", ErrInvalid)
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := ParseHash(lines[2])
	at, err3 := time.Parse(layout, lines[3])
	if err := cmp.Or(err1, err2, err3); err != nil {
		return c, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	c = Checkpoint{Origin: lines[0], Size: size, Root: root, At: at, Previous: lines[4]}
	if _, err := ParseHash(c.Previous); err != nil && c.Previous != First {
		return c, err
	}
	if c.Size < 1 || c.Origin == "" || c.text() != text {
		return c, fmt.Errorf("%w: not a checkpoint", ErrInvalid)
	}
	return c, nil
}

// oneSignature refuses more signatures than one, another's, and one that is spelled otherwise than Sign spells it.
func oneSignature(signed string, n *note.Note, origin string) error {
	all := append(n.Sigs, n.UnverifiedSigs...) //nolint:gocritic // n is thrown away
	if len(all) != 1 || all[0].Name != origin {
		return fmt.Errorf("%w: a checkpoint has one signature, of its origin", ErrInvalid)
	}
	_, err := base64.StdEncoding.Strict().DecodeString(all[0].Base64)
	if err != nil || signed != fmt.Sprintf("%s\n— %s %s\n", n.Text, origin, all[0].Base64) {
		return fmt.Errorf("%w: the signature isn't in canonical form", ErrInvalid)
	}
	return nil
}
