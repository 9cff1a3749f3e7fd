package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/audit"
)

// The kinds of audit record, each written in the transaction of the change that it tells of.
const (
	// AuditPolicyPublished says that a version became current. The subject is the policy's id, the fact "version" the
	// version, the sealed "person" who did it.
	AuditPolicyPublished = "policy.published"
)

const (
	takeAudit      = `UPDATE audit_head SET last = coalesce(last, 0) + 1 WHERE id = 1 RETURNING last`
	putAudit       = `INSERT INTO audit_record (seq, at, kind, subject, body) VALUES ($1, $2, $3, $4, $5)`
	putAuditHash   = `INSERT INTO audit_hash (idx, record, hash) VALUES `
	putAuditSalt   = `INSERT INTO audit_salt (record, name, salt) VALUES `
	getAuditHashes = `SELECT idx, hash FROM audit_hash WHERE idx IN `
)

// appendAudit writes the next record of the audit log within tx and returns its number, which stays locked to the end of tx:
// so it comes after everything that tx waits for. A change and its record are committed together or not at all.
func (s *Store) appendAudit(ctx context.Context, tx *sql.Tx, entry audit.Entry) (seq int64, err error) {
	if err = tx.QueryRowContext(ctx, takeAudit).Scan(&seq); err != nil { // holds the lock row to the end of tx
		return 0, err
	}
	r, salts, err := audit.Number(seq, entry, rand.Reader)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	body := r.Bytes()
	first, added, err := audit.Grow(seq, audit.Leaf(body), s.hashesWithin(ctx, tx))
	if err != nil {
		return 0, err
	}
	record := []any{seq, stamp{r.At}, r.Kind, r.Subject, body}
	if s.kind == Postgres {
		return seq, putAtOnce(ctx, tx, record, first, added, salts)
	}
	if _, err := tx.ExecContext(ctx, putAudit, record...); err != nil {
		return 0, err
	}
	var values []any
	for i, h := range added {
		values = append(values, first+int64(i), seq, h[:])
	}
	if _, err := tx.ExecContext(ctx, putAuditHash+s.placeholders(len(added), 3), values...); err != nil || len(salts) == 0 {
		return seq, err
	}
	values = nil
	for name, salt := range salts {
		values = append(values, seq, name, salt[:])
	}
	_, err = tx.ExecContext(ctx, putAuditSalt+s.placeholders(len(salts), 3), values...)
	return seq, err
}

// putAtOnce writes a record with its hashes and salts in one round trip to PostgreSQL. The later parts read what the first
// returns, so that the triggers see the record.
func putAtOnce(ctx context.Context, tx *sql.Tx, record []any, first int64, added []audit.Hash, salts map[string]audit.Salt) error {
	var indexes []int64
	var hashes, grains [][]byte
	var names []string
	for i, h := range added {
		indexes, hashes = append(indexes, first+int64(i)), append(hashes, h[:])
	}
	for name, salt := range salts {
		names, grains = append(names, name), append(grains, salt[:])
	}
	_, err := tx.ExecContext(ctx, `WITH r AS (`+putAudit+` RETURNING seq), h AS (
			INSERT INTO audit_hash (idx, record, hash)
			SELECT v.idx, r.seq, v.hash FROM r, unnest($6::bigint[], $7::bytea[]) AS v (idx, hash) ORDER BY v.idx)
		INSERT INTO audit_salt (record, name, salt)
		SELECT r.seq, v.name, v.salt FROM r, unnest($8::text[], $9::bytea[]) AS v (name, salt)`,
		append(record, indexes, hashes, names, grains)...)
	return err
}

// AppendAudit records what changes nothing else in the store, such as something that was shown or exported, and returns the
// record's number. Changes of the store record themselves. ErrInvalid: an entry that can't be recorded.
func (s *Store) AppendAudit(ctx context.Context, entry audit.Entry) (seq int64, err error) {
	defer wrap(&err, "audit %s of %q", entry.Kind, entry.Subject)
	err = s.transact(ctx, func(tx *sql.Tx) error {
		seq, err = s.appendAudit(ctx, tx, entry)
		return err
	})
	return seq, err
}

// auditHashes reads the hashes of the audit log's tree by a query of the database or of a transaction.
type auditHashes struct {
	s     *Store
	query func(query string, args ...any) (*sql.Rows, error)
}

func (s *Store) hashesWithin(ctx context.Context, tx *sql.Tx) audit.Hashes {
	return auditHashes{s, func(query string, args ...any) (*sql.Rows, error) { return tx.QueryContext(ctx, query, args...) }}
}

// ReadHashes implements audit.Hashes.
func (a auditHashes) ReadHashes(indexes []int64) ([]audit.Hash, error) {
	args := make([]any, len(indexes))
	place := make(map[int64]int, len(indexes))
	for i, index := range indexes {
		args[i], place[index] = index, i
	}
	rows, err := a.query(getAuditHashes+a.s.placeholders(1, len(indexes)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out, found := make([]audit.Hash, len(indexes)), 0
	for ; rows.Next(); found++ {
		var index int64
		var sum []byte
		if err := rows.Scan(&index, &sum); err != nil {
			return nil, err
		}
		copy(out[place[index]][:], sum)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if found != len(indexes) {
		return nil, fmt.Errorf("%d of %d hashes of the audit log: %w", found, len(indexes), ErrNotFound)
	}
	return out, nil
}

// AuditHashes reads the hashes of the audit log's tree, for roots and proofs, within ctx.
func (s *Store) AuditHashes(ctx context.Context) audit.Hashes {
	return auditHashes{s, func(query string, args ...any) (*sql.Rows, error) { return s.db.QueryContext(ctx, query, args...) }}
}

// AuditSize returns how many records the audit log has.
func (s *Store) AuditSize(ctx context.Context) (size int64, err error) {
	defer wrap(&err, "size of the audit log")
	err = s.db.QueryRowContext(ctx, `SELECT coalesce(last, 0) FROM audit_head`).Scan(&size)
	return size, err
}

// AuditRecord is a record of the audit log as it is kept.
type AuditRecord struct {
	audit.Record
	Leaf audit.Hash // as computed when it was recorded
}

// AuditRecords returns up to limit records whose number is greater than after, in their order. ErrConflict: one isn't as it
// was written, so far as the database itself shows.
func (s *Store) AuditRecords(ctx context.Context, after int64, limit int) (list []AuditRecord, err error) {
	defer wrap(&err, "audit records after %d", after)
	after, limit = max(after, 0), max(limit, 0)
	list, err = collect(ctx, s.db, scanAudit, `SELECT seq, at, kind, subject, body FROM audit_record WHERE seq > $1 ORDER BY seq LIMIT $2`, after, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	type node struct {
		index int64
		hash  []byte
	}
	nodes, err := collect(ctx, s.db, func(scan func(...any) error) (n node, err error) {
		err = scan(&n.index, &n.hash)
		return n, err
	}, `SELECT idx, hash FROM audit_hash WHERE idx BETWEEN $1 AND $2`, audit.LeafIndex(list[0].Seq), audit.LeafIndex(list[len(list)-1].Seq))
	kept := make(map[int64][]byte, len(nodes))
	for _, n := range nodes {
		kept[n.index] = n.hash
	}
	for i := range list {
		copy(list[i].Leaf[:], kept[audit.LeafIndex(list[i].Seq)])
	}
	return list, err
}

func scanAudit(scan func(...any) error) (a AuditRecord, err error) {
	var at stamp
	var seq int64
	var kind, subject string
	var body []byte
	if err := scan(&seq, &at, &kind, &subject, &body); err != nil {
		return a, err
	}
	if a.Record, err = audit.Parse(body); err != nil || a.Seq != seq || a.Kind != kind || a.Subject != subject || !a.At.Equal(at.Time) {
		return a, fmt.Errorf("审计日志第 %d 条记录在库里被改过：%w", seq, errors.Join(ErrConflict, err))
	}
	return a, nil
}

// AuditSalts returns the salts of a record's seals; those that were destroyed are missing.
func (s *Store) AuditSalts(ctx context.Context, seq int64) (salts map[string]audit.Salt, err error) {
	defer wrap(&err, "salts of audit record %d", seq)
	salts = map[string]audit.Salt{}
	_, err = collect(ctx, s.db, func(scan func(...any) error) (struct{}, error) {
		var name string
		var salt []byte
		err := scan(&name, &salt)
		if err == nil && len(salt) == len(audit.Salt{}) {
			salts[name] = audit.Salt(salt)
		}
		return struct{}{}, err
	}, `SELECT name, salt FROM audit_salt WHERE record = $1`, seq)
	return salts, err
}

// SignAudit makes a checkpoint of all records with a secret key, at the instant now, keeps it and returns it as a signed
// note. The key isn't kept. If the newest checkpoint covers all records already, that one is returned. ErrNotFound: the log
// is empty. ErrConflict: the log or its last checkpoint is another key's or doesn't fit the records, or now is before it.
func (s *Store) SignAudit(ctx context.Context, secret string, now time.Time) (signed string, err error) {
	defer wrap(&err, "sign the audit log")
	origin, err := audit.Origin(secret)
	if err := errors.Join(err, instant("now", now)); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		c := audit.Checkpoint{Origin: origin, At: now.UTC().Truncate(time.Microsecond), Previous: audit.First}
		// Holding the lock row, nobody appends or signs meanwhile.
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(last, 0) FROM audit_head`+s.locking("UPDATE")).Scan(&c.Size); err != nil {
			return err
		}
		if c.Size == 0 {
			return fmt.Errorf("it is empty: %w", ErrNotFound)
		}
		last, err := s.follow(ctx, tx, &c)
		if err != nil {
			return err
		}
		if last.Size == c.Size {
			signed, err = lastCheckpoint(ctx, tx)
			return err
		}
		if c.Root, err = audit.Root(c.Size, s.hashesWithin(ctx, tx)); err != nil {
			return err
		}
		if signed, err = c.Sign(secret); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO audit_checkpoint (size, at, note) VALUES ($1, $2, $3)`, c.Size, stamp{c.At}, signed)
		return err
	})
	return signed, err
}

func lastCheckpoint(ctx context.Context, tx *sql.Tx) (signed string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1`).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return signed, err
}

// follow makes c the successor of the last checkpoint, which it returns, and sees to it that the tree still has the root
// that was signed then.
func (s *Store) follow(ctx context.Context, tx *sql.Tx, c *audit.Checkpoint) (last audit.Checkpoint, err error) {
	signed, err := lastCheckpoint(ctx, tx)
	if err != nil || signed == "" {
		return last, err
	}
	if last, err = audit.Open(signed); err != nil {
		return last, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if last.Origin != c.Origin {
		return last, fmt.Errorf("日志此前用“%s”的密钥签署，这把密钥是“%s”的：%w", last.Origin, c.Origin, ErrConflict)
	}
	root, err := audit.Root(last.Size, s.hashesWithin(ctx, tx))
	if err == nil && root != last.Root {
		err = fmt.Errorf("库里的前 %d 条记录与上一个检查点不符：%w", last.Size, ErrConflict)
	}
	c.Previous = audit.Digest(signed)
	return last, err
}

// AuditCheckpoints returns all checkpoints as signed notes, the oldest first.
func (s *Store) AuditCheckpoints(ctx context.Context) (list []string, err error) {
	defer wrap(&err, "checkpoints of the audit log")
	return collect(ctx, s.db, scanText, `SELECT note FROM audit_checkpoint ORDER BY size`)
}
