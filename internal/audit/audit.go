// Package audit is the tamper-evident log: what a record of a state change says, byte for byte, how records make a Merkle
// tree, how the tree's root leaves the building as a signed checkpoint, and how anyone who holds an old checkpoint finds,
// offline, that a record was edited, removed, moved or cut off.
//
// The tree is that of golang.org/x/mod/sumdb/tlog (RFC 6962). Records are numbered from 1; record n is leaf n-1. A leaf
// holds no personal data: what could be such (who did it, a name, an account) stands there as a seal, SHA-256 of a random
// salt of 32 bytes followed by the value in UTF-8. Salts are kept apart from the log; where one is destroyed, nobody can
// tell any more what was sealed, and the log stays whole.
//
// What the log proves: the holder of a checkpoint of size s can tell whether a file has the same first s records. Records
// after s are as good as the signature of the newest checkpoint in the file. A file that ends at a checkpoint that was
// really issued, not before s, is an older true export, and is accepted as what it is.
//
// The package does no I/O but through readers and writers that it is given, and has no clock.
package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid says that an entry, a record, a key or a checkpoint doesn't have the form it must have.
var ErrInvalid = errors.New("invalid audit data")

// Hash is a SHA-256: of a leaf, of a node of the tree, or a seal.
type Hash [sha256.Size]byte

// String returns the hash in base64, as it stands in records, exports and checkpoints.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// ParseHash reads what String wrote, and nothing else: each hash has one text.
func ParseHash(text string) (h Hash, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(h) || strings.ContainsAny(text, "\r\n") {
		return h, fmt.Errorf("%w: hash %q", ErrInvalid, text)
	}
	return Hash(b), nil
}

// Salt is what makes a seal impossible to guess; random, used once.
type Salt [32]byte

// Seal returns the commitment to a value.
func (s Salt) Seal(value string) Hash {
	return sha256.Sum256(slices.Concat(s[:], []byte(value)))
}

// Entry is a state change that is to be recorded.
type Entry struct {
	Kind    string            // what happened, such as policy.published: lower-case words parted by dots
	Subject string            // what it happened to: an identifier of the system, never personal data
	At      time.Time         // when, cut to microseconds
	Facts   map[string]string // what everybody may read, such as the hash of a version; may be empty
	Sealed  map[string]string // what may be personal; "person" is who did it; may be empty
}

// Record is an entry with its number, as the log holds it.
type Record struct {
	Seq     int64 // from 1, without gaps
	At      time.Time
	Kind    string
	Subject string
	Facts   map[string]string
	Seals   map[string]Hash
}

// Number makes entry record seq: it draws a salt from random for each sealed value. The salts are to be kept apart from the
// record. ErrInvalid: an entry that Check refuses, or a seq below 1.
func Number(seq int64, entry Entry, random io.Reader) (Record, map[string]Salt, error) {
	r := Record{
		Seq: seq, At: entry.At.UTC().Truncate(time.Microsecond), Kind: entry.Kind, Subject: entry.Subject,
		Facts: maps.Clone(entry.Facts), Seals: make(map[string]Hash, len(entry.Sealed)),
	}
	salts := make(map[string]Salt, len(entry.Sealed))
	for _, name := range slices.Sorted(maps.Keys(entry.Sealed)) {
		var salt Salt
		if _, err := io.ReadFull(random, salt[:]); err != nil {
			return Record{}, nil, fmt.Errorf("salt of %s: %w", name, err)
		}
		salts[name], r.Seals[name] = salt, salt.Seal(entry.Sealed[name])
	}
	return r, salts, r.check()
}

const (
	head   = "mianshen record 1" // the first line of a record's bytes, with the version of their form
	layout = "2006-01-02T15:04:05.000000Z"
	// maxText bounds a subject and a fact in bytes, maxParts the facts and seals of a record.
	maxText, maxParts = 2000, 64
)

var (
	kindForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30}){1,3}$`)
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
)

// check refuses what has no canonical bytes.
func (r Record) check() error {
	switch {
	case r.Seq < 1:
		return fmt.Errorf("%w: record number %d", ErrInvalid, r.Seq)
	case r.At.IsZero() || r.At.Year() < 1 || r.At.Year() > 9999:
		return fmt.Errorf("%w: instant %v", ErrInvalid, r.At)
	case !kindForm.MatchString(r.Kind):
		return fmt.Errorf("%w: kind %q", ErrInvalid, r.Kind)
	case !line(r.Subject) || r.Subject == "":
		return fmt.Errorf("%w: subject %q", ErrInvalid, r.Subject)
	case len(r.Facts)+len(r.Seals) > maxParts:
		return fmt.Errorf("%w: %d facts and %d seals", ErrInvalid, len(r.Facts), len(r.Seals))
	}
	for name, value := range r.Facts {
		if !nameForm.MatchString(name) || !line(value) {
			return fmt.Errorf("%w: fact %q: %q", ErrInvalid, name, value)
		}
	}
	for name := range r.Seals {
		if !nameForm.MatchString(name) {
			return fmt.Errorf("%w: seal %q", ErrInvalid, name)
		}
	}
	return nil
}

// line tells whether text fits in one line of a record.
func line(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// Bytes returns the record's canonical bytes, whose hash is the leaf: lines of text that end with LF, the head, the number,
// the instant in UTC, kind, subject, then "fact NAME VALUE" and "seal NAME HASH", each in the order of the names.
func (r Record) Bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s\n%s\n%s\n", head, r.Seq, r.At.UTC().Format(layout), r.Kind, r.Subject)
	for _, name := range slices.Sorted(maps.Keys(r.Facts)) {
		fmt.Fprintf(&b, "fact %s %s\n", name, r.Facts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Seals)) {
		fmt.Fprintf(&b, "seal %s %s\n", name, r.Seals[name])
	}
	return []byte(b.String())
}

// Parse reads canonical bytes; anything else is ErrInvalid.
func Parse(body []byte) (r Record, err error) {
	lines := strings.Split(string(body), "\n")
	if len(lines) < 6 || len(lines) > 6+maxParts || lines[0] != head {
		return r, fmt.Errorf("%w: not a record", ErrInvalid)
	}
	seq, err1 := strconv.ParseInt(lines[1], 10, 64)
	at, err2 := time.Parse(layout, lines[2])
	if err := cmp.Or(err1, err2); err != nil {
		return r, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r = Record{Seq: seq, At: at, Kind: lines[3], Subject: lines[4], Facts: map[string]string{}, Seals: map[string]Hash{}}
	for _, text := range lines[5 : len(lines)-1] {
		if err := r.add(text); err != nil {
			return r, err
		}
	}
	if err := r.check(); err != nil {
		return r, err
	}
	if string(r.Bytes()) != string(body) {
		return r, fmt.Errorf("%w: record %d isn't in canonical form", ErrInvalid, r.Seq)
	}
	return r, nil
}

// add takes in a line with a fact or a seal.
func (r *Record) add(text string) (err error) {
	what, rest, _ := strings.Cut(text, " ")
	name, value, _ := strings.Cut(rest, " ")
	switch what {
	case "fact":
		r.Facts[name] = value
	case "seal":
		r.Seals[name], err = ParseHash(value)
	default:
		err = fmt.Errorf("%w: line %q", ErrInvalid, text)
	}
	return err
}
