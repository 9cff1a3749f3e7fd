package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Profile is what a snapshot holds of one enterprise.
type Profile struct {
	USCC string // 统一社会信用代码: 18 digits and upper-case letters; whether it is a lawful one, intake decides
	Name string
	Body []byte // the facts, in the form that the caller reads back; may be empty
}

// Snapshot is an immutable set of profiles as received at one time.
type Snapshot struct {
	ID         string // SHA-256 over the profiles, see PutSnapshot
	ReceivedAt time.Time
	Source     string // where it came from, for people
	Profiles   int64  // how many there are
	seq        int64
}

// Enterprise is an entry of the picker.
type Enterprise struct{ USCC, Name string }

// writeRows is how many rows go into one INSERT, readRows how many profiles into one SELECT.
const (
	writeRows = 400
	readRows  = 500
)

// maxQuery is the longest query in bytes that SearchEnterprises takes; no lawful name comes near it.
const maxQuery = 500

// PutSnapshot stores a snapshot in one transaction, in bounded memory. The profiles must come in strictly ascending
// order of USCC (ErrInvalid otherwise, or the sequence's own error, and nothing is stored). meta gives ReceivedAt and
// Source. Its ID is the SHA-256 over all profiles of USCC, name and body, each preceded by its length as an
// unsigned varint: the same profiles give the same ID, and the second time nothing is written, isNew is false and the
// snapshot stored first is returned. Enterprises take the names given here. The sequence must not call the store.
func (s *Store) PutSnapshot(ctx context.Context, meta Snapshot, profiles iter.Seq2[Profile, error]) (stored Snapshot, isNew bool, err error) {
	defer wrap(&err, "put snapshot from %q", meta.Source)
	if err := errors.Join(text("source", meta.Source), instant("receipt", meta.ReceivedAt)); err != nil {
		return Snapshot{}, false, err
	}
	errKnown := errors.New("known") // ends the transaction of a snapshot that is there already
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, snapshots); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1 FROM snapshot`).Scan(&meta.seq); err != nil {
			return err
		}
		if err := s.putProfiles(ctx, tx, &meta, profiles); err != nil {
			return err
		}
		var known int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM snapshot WHERE id = $1`, meta.ID).Scan(&known); err != nil {
			return err
		}
		if known > 0 {
			return errKnown
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO snapshot (seq, id, received_at, source, profiles) VALUES ($1, $2, $3, $4, $5)`,
			meta.seq, meta.ID, stamp{meta.ReceivedAt}, meta.Source, meta.Profiles); err != nil {
			return err
		}
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		return record(ctx, tx, Change{At: meta.ReceivedAt, Kind: ChangeSnapshot, Subject: meta.ID})
	})
	if err != nil && !errors.Is(err, errKnown) {
		return Snapshot{}, false, err
	}
	isNew = err == nil
	if !isNew {
		if err := s.receivedAgain(ctx, meta); err != nil {
			return Snapshot{}, false, err
		}
	}
	stored, err = s.Snapshot(ctx, meta.ID)
	return stored, isNew, err
}

// receivedAgain makes a snapshot that is there already the latest one, unless it is.
func (s *Store) receivedAgain(ctx context.Context, meta Snapshot) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		var latest string
		if err := tx.QueryRowContext(ctx, latestSnapshot, ChangeSnapshot).Scan(&latest); err != nil || latest == meta.ID {
			return err
		}
		return record(ctx, tx, Change{At: meta.ReceivedAt, Kind: ChangeSnapshot, Subject: meta.ID})
	})
}

// latestSnapshot finds what was received last: each receipt is a change, also of contents that had been received before.
const latestSnapshot = `SELECT subject FROM change WHERE kind = $1 ORDER BY seq DESC LIMIT 1`

// putProfiles writes the profiles of meta and sets its ID and count.
func (s *Store) putProfiles(ctx context.Context, tx *sql.Tx, meta *Snapshot, profiles iter.Seq2[Profile, error]) error {
	sum, last, batch := sha256.New(), "", make([]Profile, 0, writeRows)
	stmts := newStatements(tx)
	for p, err := range profiles {
		if err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if p.USCC <= last {
			return fmt.Errorf("%s comes after %s, want ascending order: %w", p.USCC, last, ErrInvalid)
		}
		last = p.USCC
		p.hash(sum)
		if batch = append(batch, p); len(batch) < writeRows {
			continue
		}
		if err := s.putBatch(ctx, stmts, meta, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	if err := s.putBatch(ctx, stmts, meta, batch); err != nil {
		return err
	}
	meta.ID = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// putBatch writes some profiles, which may be none, and counts them.
func (s *Store) putBatch(ctx context.Context, stmts *statements, meta *Snapshot, batch []Profile) error {
	if len(batch) == 0 {
		return nil
	}
	enterprises, profiles := make([]any, 0, 3*len(batch)), make([]any, 0, 4*len(batch))
	for _, p := range batch {
		body := p.Body
		if body == nil {
			body = []byte{} // NULL would be refused
		}
		enterprises = append(enterprises, p.USCC, p.Name, fold(p.Name))
		profiles = append(profiles, meta.seq, p.USCC, p.Name, body)
	}
	if _, err := stmts.exec(ctx, `INSERT INTO enterprise (uscc, name, folded) VALUES `+s.placeholders(len(batch), 3)+
		` ON CONFLICT (uscc) DO UPDATE SET name = excluded.name, folded = excluded.folded
		WHERE enterprise.name <> excluded.name`, enterprises); err != nil {
		return err
	}
	_, err := stmts.exec(ctx, `INSERT INTO profile (snapshot, uscc, name, body) VALUES `+s.placeholders(len(batch), 4), profiles)
	meta.Profiles += int64(len(batch))
	return err
}

// check refuses what no database would take.
func (p Profile) check() error {
	for i := range len(p.USCC) {
		if c := p.USCC[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return fmt.Errorf("USCC %q has a character outside 0-9 and A-Z: %w", p.USCC, ErrInvalid)
		}
	}
	if len(p.USCC) != 18 {
		return fmt.Errorf("USCC %q has %d characters, want 18: %w", p.USCC, len(p.USCC), ErrInvalid)
	}
	return text("name of "+p.USCC, p.Name)
}

// hash adds p to the sum that becomes the snapshot's ID.
func (p Profile) hash(sum hash.Hash) {
	var length [binary.MaxVarintLen64]byte
	for _, part := range [][]byte{[]byte(p.USCC), []byte(p.Name), p.Body} {
		sum.Write(binary.AppendUvarint(length[:0], uint64(len(part)))) // a hash.Hash never fails
		sum.Write(part)
	}
}

const selectSnapshot = `SELECT seq, id, received_at, source, profiles FROM snapshot `

func scanSnapshot(scan func(...any) error) (n Snapshot, err error) {
	var at stamp
	err = scan(&n.seq, &n.ID, &at, &n.Source, &n.Profiles)
	n.ReceivedAt = at.Time
	return n, err
}

// Snapshot returns the snapshot with the given id, or ErrNotFound.
func (s *Store) Snapshot(ctx context.Context, id string) (n Snapshot, err error) {
	defer wrap(&err, "snapshot %q", id)
	return scanSnapshot(s.db.QueryRowContext(ctx, selectSnapshot+`WHERE id = $1`, id).Scan)
}

// LatestSnapshot returns the snapshot received last, or ErrNotFound if there is none yet.
func (s *Store) LatestSnapshot(ctx context.Context) (n Snapshot, err error) {
	defer wrap(&err, "latest snapshot")
	return scanSnapshot(s.db.QueryRowContext(ctx, selectSnapshot+`WHERE id = (`+latestSnapshot+`)`, ChangeSnapshot).Scan)
}

// Profiles calls do with every profile of a snapshot in the order of USCC, and ends with do's first error. The body is
// do's to keep. No connection is held while do runs, so it may call the store. ErrNotFound: no such snapshot.
func (s *Store) Profiles(ctx context.Context, snapshot string, do func(Profile) error) (err error) {
	defer wrap(&err, "profiles of snapshot %q", snapshot)
	n, err := s.Snapshot(ctx, snapshot)
	if err != nil {
		return err
	}
	for last := ""; ; {
		page, err := collect(ctx, s.db, scanProfile, `SELECT uscc, name, body FROM profile
			WHERE snapshot = $1 AND uscc > $2 ORDER BY uscc LIMIT $3`, n.seq, last, readRows)
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := do(p); err != nil {
				return err
			}
		}
		if len(page) < readRows {
			return nil
		}
		last = page[len(page)-1].USCC
	}
}

func scanProfile(scan func(...any) error) (p Profile, err error) {
	err = scan(&p.USCC, &p.Name, &p.Body)
	return p, err
}

// Profile returns what a snapshot holds of an enterprise. ErrNotFound: no such snapshot, or it doesn't hold it.
func (s *Store) Profile(ctx context.Context, snapshot, uscc string) (p Profile, err error) {
	defer wrap(&err, "profile of %q in snapshot %q", uscc, snapshot)
	return scanProfile(s.db.QueryRowContext(ctx, `SELECT p.uscc, p.name, p.body FROM profile p
		JOIN snapshot s ON s.seq = p.snapshot WHERE s.id = $1 AND p.uscc = $2`, snapshot, uscc).Scan)
}

// Enterprise returns an enterprise that some snapshot holds, under its newest name, or ErrNotFound.
func (s *Store) Enterprise(ctx context.Context, uscc string) (e Enterprise, err error) {
	defer wrap(&err, "enterprise %q", uscc)
	return scanEnterprise(s.db.QueryRowContext(ctx, `SELECT uscc, name FROM enterprise WHERE uscc = $1`, uscc).Scan)
}

func scanEnterprise(scan func(...any) error) (e Enterprise, err error) {
	err = scan(&e.USCC, &e.Name)
	return e, err
}

// SearchEnterprises returns up to limit enterprises whose USCC begins with query or whose name contains it, whatever
// the case or width of its letters: codes first, then names that begin with it, then the others, each by name and USCC
// in byte order. An empty query finds all. ErrInvalid: the query is longer than 500 bytes or isn't UTF-8.
func (s *Store) SearchEnterprises(ctx context.Context, query string, limit int) (list []Enterprise, err error) {
	defer wrap(&err, "search enterprises %q", query)
	if len(query) > maxQuery {
		return nil, fmt.Errorf("query has %d bytes, want at most %d: %w", len(query), maxQuery, ErrInvalid)
	}
	folded := fold(strings.TrimSpace(query))
	if err := clean("query", folded); err != nil {
		return nil, err
	}
	literal := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(folded)
	return collect(ctx, s.db, scanEnterprise, `SELECT uscc, name FROM enterprise
		WHERE uscc LIKE $1 ESCAPE '\' OR folded LIKE $2 ESCAPE '\'
		ORDER BY CASE WHEN uscc LIKE $1 ESCAPE '\' THEN 0 WHEN folded LIKE $3 ESCAPE '\' THEN 1 ELSE 2 END, name, uscc LIMIT $4`,
		strings.ToUpper(literal)+"%", "%"+literal+"%", literal+"%", max(limit, 0))
}

// fold makes names that a reader takes for the same equal: full-width and half-width forms, upper and lower case.
func fold(name string) string { return strings.ToLower(norm.NFKC.String(name)) }
