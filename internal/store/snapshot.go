package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mianshen/rules/civil"
)

// Snapshot is the facts of all enterprises as of a day, column by column. Once sealed it never changes.
type Snapshot struct {
	ID         string     // given by the caller: 64 digits of lower-case hexadecimal that name its contents
	AsOf       civil.Date // the day of the facts
	KnownAt    time.Time  // what had been received by then is in it
	ReceivedAt time.Time  // when it was built
	Source     string     // where it came from, for people; never empty
	Rows       int64      // how many enterprises it has
	Vocabulary string     // id of the vocabulary version that gives the fields
	Recipe     []byte     // from which deliveries and corrections it was built
	Base       string     // id of the sealed snapshot of which this one holds only what differs; empty: it holds all
	Depth      int        // how many bases it stands on, set by the store
	seq        int64
}

// Chunk is one field of some rows of a snapshot, encoded.
type Chunk struct {
	Field string // the empty one is the codes of the enterprises
	N     int    // 0 and up
	Body  []byte
}

// BeginSnapshot begins a snapshot, which is there for nobody before it is sealed. isNew is false where it is sealed already,
// which changes nothing. One that somebody began and didn't seal is gone on with, whatever else meta says. ErrNotFound:
// the vocabulary isn't stored, or no snapshot is sealed under Base.
func (s *Store) BeginSnapshot(ctx context.Context, meta Snapshot) (isNew bool, err error) {
	defer wrap(&err, "begin snapshot %q as of %v", meta.ID, meta.AsOf)
	if err := errors.Join(hexadecimal("id", meta.ID), text("source", meta.Source), counted("rows", meta.Rows), size("recipe", meta.Recipe),
		instant("known-at", meta.KnownAt), instant("receipt", meta.ReceivedAt)); err != nil {
		return false, err
	}
	if meta.AsOf.IsZero() {
		return false, fmt.Errorf("no as-of day: %w", ErrInvalid)
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, snapshots); err != nil {
			return err
		}
		var sealed bool
		err := tx.QueryRowContext(ctx, `SELECT sealed FROM snapshot WHERE id = $1`, meta.ID).Scan(&sealed)
		if !errors.Is(err, sql.ErrNoRows) {
			isNew = !sealed
			return err
		}
		isNew = true
		return beginSnapshot(ctx, tx, meta)
	})
	return isNew && err == nil, err
}

func beginSnapshot(ctx context.Context, tx *sql.Tx, meta Snapshot) error {
	var vocabulary string
	if err := tx.QueryRowContext(ctx, `SELECT id FROM vocabulary_version WHERE id = $1`, meta.Vocabulary).Scan(&vocabulary); err != nil {
		return known(err, "vocabulary", meta.Vocabulary)
	}
	var base sql.NullInt64
	if meta.Base != "" {
		if err := tx.QueryRowContext(ctx, `SELECT seq, depth + 1 FROM snapshot WHERE id = $1 AND sealed`, meta.Base).Scan(&base, &meta.Depth); err != nil {
			return known(err, "base", meta.Base)
		}
	} else {
		meta.Depth = 0
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO snapshot (id, as_of, known_at, received_at, source, rows, vocabulary, recipe, base, depth, sealed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE)`, meta.ID, day{meta.AsOf}, stamp{meta.KnownAt}, stamp{meta.ReceivedAt}, meta.Source,
		meta.Rows, vocabulary, notNull(meta.Recipe), base, meta.Depth)
	return err
}

// PutChunks stores chunks of a snapshot that isn't sealed, all or none, in one transaction; a chunk that stands there
// already changes nothing. ErrConflict: another one stands there, or the snapshot is sealed without it.
func (s *Store) PutChunks(ctx context.Context, snapshot string, chunks []Chunk) (err error) {
	defer wrap(&err, "put %d chunks of snapshot %q", len(chunks), snapshot)
	sums := make([]digest, len(chunks))
	for i, c := range chunks {
		if err := errors.Join(clean("field", c.Field), counted("chunk", int64(c.N)), size("body", c.Body)); err != nil {
			return err
		}
		sums[i] = digest(Hash(c.Body))
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var seq int64
		var sealed bool
		if err := tx.QueryRowContext(ctx, `SELECT seq, sealed FROM snapshot WHERE id = $1`+s.locking("SHARE"), snapshot).Scan(&seq, &sealed); err != nil {
			return err
		}
		stmts := newStatements(tx)
		for i, c := range chunks {
			if err := putChunk(ctx, stmts, seq, sealed, c, sums[i]); err != nil {
				return fmt.Errorf("chunk %d of %q: %w", c.N, c.Field, err)
			}
		}
		return nil
	})
}

// putChunk stores a chunk unless it stands there already, as each chunk of a sealed snapshot must.
func putChunk(ctx context.Context, stmts *statements, snapshot int64, sealed bool, c Chunk, sum digest) error {
	if !sealed {
		added, err := stmts.exec(ctx, `INSERT INTO snapshot_chunk (snapshot, field, chunk, sha256, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (snapshot, field, chunk) DO NOTHING`, []any{snapshot, c.Field, c.N, sum, notNull(c.Body)})
		if err != nil || added == 1 {
			return err
		}
	}
	there, err := same(stmts.tx.QueryRowContext(ctx, `SELECT sha256 FROM snapshot_chunk WHERE snapshot = $1 AND field = $2 AND chunk = $3`,
		snapshot, c.Field, c.N), string(sum))
	if err == nil && !there {
		err = fmt.Errorf("the snapshot is sealed: %w", ErrConflict)
	}
	return err
}

// SealSnapshot closes a snapshot: its chunks are complete. announce makes it the latest one, with a change of kind
// ChangeSnapshot at now, unless it is that already; so a snapshot that is sealed becomes the latest again. Otherwise to seal it
// again changes nothing. ErrConflict: a field has chunks with a gap or, in a snapshot without base, more or fewer chunks
// than the codes.
func (s *Store) SealSnapshot(ctx context.Context, id string, announce bool, now time.Time) (stored Snapshot, err error) {
	defer wrap(&err, "seal snapshot %q", id)
	if err := instant("now", now); err != nil {
		return Snapshot{}, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.sealChunks(ctx, tx, id); err != nil {
			return err
		}
		if !announce {
			return nil
		}
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		var latest string
		err := tx.QueryRowContext(ctx, latestSnapshot, ChangeSnapshot).Scan(&latest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) || latest == id {
			return err
		}
		return record(ctx, tx, Change{At: now, Kind: ChangeSnapshot, Subject: id})
	})
	if err != nil {
		return Snapshot{}, err
	}
	return s.Snapshot(ctx, id)
}

// sealChunks seals a snapshot, if it isn't, unless chunks are missing.
func (s *Store) sealChunks(ctx context.Context, tx *sql.Tx, id string) error {
	var seq, rows, codes int64
	var sealed, full bool
	err := tx.QueryRowContext(ctx, `SELECT seq, rows, sealed, base IS NULL FROM snapshot WHERE id = $1`+s.locking("UPDATE"), id).Scan(&seq, &rows, &sealed, &full)
	if err != nil || sealed {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM snapshot_chunk WHERE snapshot = $1 AND field = ''`, seq).Scan(&codes); err != nil {
		return err
	}
	if full && codes == 0 && rows > 0 {
		return fmt.Errorf("it has %d rows and no codes: %w", rows, ErrConflict)
	}
	var bad string
	err = tx.QueryRowContext(ctx, `SELECT field FROM snapshot_chunk WHERE snapshot = $1 GROUP BY field
		HAVING count(*) <> max(chunk) + 1 OR ($2 AND count(*) <> $3) ORDER BY field LIMIT 1`, seq, full, codes).Scan(&bad)
	if err == nil {
		return fmt.Errorf("%q doesn't have all chunks: %w", bad, ErrConflict)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE snapshot SET sealed = TRUE WHERE seq = $1`, seq)
	return err
}

// latestSnapshot finds what was announced last: each announcement is a change, also of one that had been announced before.
const latestSnapshot = `SELECT subject FROM change WHERE kind = $1 ORDER BY seq DESC LIMIT 1`

const selectSnapshot = `SELECT n.seq, n.id, n.as_of, n.known_at, n.received_at, n.source, n.rows, n.vocabulary, n.recipe, COALESCE(b.id, ''), n.depth
	FROM snapshot n LEFT JOIN snapshot b ON b.seq = n.base WHERE n.sealed AND `

func scanSnapshot(scan func(...any) error) (n Snapshot, err error) {
	var asOf day
	var knownAt, received stamp
	err = scan(&n.seq, &n.ID, &asOf, &knownAt, &received, &n.Source, &n.Rows, &n.Vocabulary, &n.Recipe, &n.Base, &n.Depth)
	n.AsOf, n.KnownAt, n.ReceivedAt = asOf.Date, knownAt.Time, received.Time
	return n, err
}

// Snapshot returns the sealed snapshot with the given id, or ErrNotFound.
func (s *Store) Snapshot(ctx context.Context, id string) (n Snapshot, err error) {
	defer wrap(&err, "snapshot %q", id)
	return scanSnapshot(s.db.QueryRowContext(ctx, selectSnapshot+`n.id = $1`, id).Scan)
}

// LatestSnapshot returns the snapshot announced last, or ErrNotFound if there is none yet.
func (s *Store) LatestSnapshot(ctx context.Context) (n Snapshot, err error) {
	defer wrap(&err, "latest snapshot")
	return scanSnapshot(s.db.QueryRowContext(ctx, selectSnapshot+`n.id = (`+latestSnapshot+`)`, ChangeSnapshot).Scan)
}

// Fields returns which fields a sealed snapshot has chunks of, in byte order, without the codes. ErrNotFound: no such snapshot.
func (s *Store) Fields(ctx context.Context, snapshot string) (list []string, err error) {
	defer wrap(&err, "fields of snapshot %q", snapshot)
	n, err := s.Snapshot(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.db, scanText, `SELECT DISTINCT field FROM snapshot_chunk WHERE snapshot = $1 AND field <> '' ORDER BY field`, n.seq)
}

// Chunks returns all chunks of a field of a sealed snapshot in their order; none if it has none. The bodies are the
// caller's. They are as written: whoever decodes them checks a checksum inside.
func (s *Store) Chunks(ctx context.Context, snapshot, field string) (bodies [][]byte, err error) {
	defer wrap(&err, "chunks of %q in snapshot %q", field, snapshot)
	return collect(ctx, s.db, scanBody, selectChunks, snapshot, field)
}

const selectChunks = `SELECT c.body FROM snapshot n JOIN snapshot_chunk c ON c.snapshot = n.seq
	WHERE n.id = $1 AND n.sealed AND c.field = $2 ORDER BY c.chunk`

// AppendChunks is Chunks for who reads many fields one after the other: the bodies stand in buf, from its length on, or in what it
// has grown to, which is returned too. They are lost when the caller reuses it.
func (s *Store) AppendChunks(ctx context.Context, buf []byte, snapshot, field string) (grown []byte, bodies [][]byte, err error) {
	defer wrap(&err, "chunks of %q in snapshot %q", field, snapshot)
	start := len(buf)
	ends, err := collect(ctx, s.db, func(scan func(...any) error) (int, error) {
		var body sql.RawBytes // the driver's, until the next row
		err := scan(&body)
		buf = append(buf, body...)
		return len(buf), err
	}, selectChunks, snapshot, field)
	bodies = make([][]byte, len(ends))
	for i, end := range ends {
		bodies[i] = buf[start:end:end]
		start = end
	}
	return buf, bodies, err
}

// Chunk returns chunk n of a field of a sealed snapshot, or ErrNotFound.
func (s *Store) Chunk(ctx context.Context, snapshot, field string, n int) (body []byte, err error) {
	defer wrap(&err, "chunk %d of %q in snapshot %q", n, field, snapshot)
	return scanBody(s.db.QueryRowContext(ctx, `SELECT c.body FROM snapshot n JOIN snapshot_chunk c ON c.snapshot = n.seq
		WHERE n.id = $1 AND n.sealed AND c.field = $2 AND c.chunk = $3`, snapshot, field, n).Scan)
}

// ChunksOf returns chunk n of every field that has one, the codes included: all facts of some enterprises. None if the
// snapshot isn't sealed or has no such chunk.
func (s *Store) ChunksOf(ctx context.Context, snapshot string, n int) (bodies map[string][]byte, err error) {
	defer wrap(&err, "chunks %d of snapshot %q", n, snapshot)
	list, err := collect(ctx, s.db, func(scan func(...any) error) (c Chunk, err error) {
		err = scan(&c.Field, &c.Body)
		return c, err
	}, `SELECT c.field, c.body FROM snapshot n JOIN snapshot_chunk c ON c.snapshot = n.seq
		WHERE n.id = $1 AND n.sealed AND c.chunk = $2`, snapshot, n)
	if err != nil {
		return nil, err
	}
	bodies = make(map[string][]byte, len(list))
	for _, c := range list {
		bodies[c.Field] = c.Body
	}
	return bodies, nil
}
