package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"
)

// Upload is a file on its way in, piece by piece; who was cut off goes on where the last piece ended.
type Upload struct {
	ID    string // given by the caller, never empty
	Meta  []byte // in a form of the caller's
	Bytes int64  // how many have arrived
	Total int64  // how many there will be; 0: not known
	At    time.Time
}

// BeginUpload begins an upload; Bytes of u isn't read. ErrConflict: there is one with this ID.
func (s *Store) BeginUpload(ctx context.Context, u Upload) (err error) {
	defer wrap(&err, "begin upload %q", u.ID)
	if err := errors.Join(text("id", u.ID), size("meta", u.Meta), counted("total", u.Total), instant("begin", u.At)); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO upload (id, meta, bytes, total, at) VALUES ($1, $2, 0, $3, $4)`,
			u.ID, notNull(u.Meta), sql.NullInt64{Int64: u.Total, Valid: u.Total > 0}, stamp{u.At})
		return err
	})
}

// AppendUpload adds a piece that begins at offset, which must be the number of bytes that have arrived, and returns their
// new number. A piece that stands there already changes nothing. ErrConflict: offset is another one, or the piece goes
// beyond the total; arrived is then the number to go on from. ErrInvalid: the piece is empty.
func (s *Store) AppendUpload(ctx context.Context, id string, offset int64, body []byte) (arrived int64, err error) {
	defer wrap(&err, "append to upload %q at %d", id, offset)
	if err := errors.Join(counted("offset", offset), counted("length", int64(len(body))-1), size("body", body)); err != nil {
		return 0, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var total sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT bytes, total FROM upload WHERE id = $1`+s.locking("UPDATE"), id).Scan(&arrived, &total); err != nil {
			return err
		}
		if offset != arrived {
			return repeated(ctx, tx, id, offset, body)
		}
		end := offset + int64(len(body))
		if total.Valid && end > total.Int64 {
			return fmt.Errorf("%d bytes are more than the total of %d: %w", end, total.Int64, ErrConflict)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO upload_chunk (upload, start, body) VALUES ($1, $2, $3)`, id, offset, body); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE upload SET bytes = $1 WHERE id = $2`, end, id); err != nil {
			return err
		}
		arrived = end
		return nil
	})
	return arrived, err
}

// repeated refuses a piece that doesn't follow unless it is there already.
func repeated(ctx context.Context, tx *sql.Tx, id string, offset int64, body []byte) error {
	var stands []byte
	err := tx.QueryRowContext(ctx, `SELECT body FROM upload_chunk WHERE upload = $1 AND start = $2`, id, offset).Scan(&stands)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || !bytes.Equal(stands, body) {
		return fmt.Errorf("the piece doesn't follow: %w", ErrConflict)
	}
	return nil
}

// Upload returns what has arrived of an upload, or ErrNotFound.
func (s *Store) Upload(ctx context.Context, id string) (u Upload, err error) {
	defer wrap(&err, "upload %q", id)
	var total sql.NullInt64
	var at stamp
	err = s.db.QueryRowContext(ctx, `SELECT id, meta, bytes, total, at FROM upload WHERE id = $1`, id).Scan(&u.ID, &u.Meta, &u.Bytes, &total, &at)
	u.Total, u.At = total.Int64, at.Time
	return u, err
}

// ReadUpload writes to w what had arrived of an upload when it was called, piece by piece. ErrNotFound: no such upload, or
// it was dropped meanwhile.
func (s *Store) ReadUpload(ctx context.Context, id string, w io.Writer) (err error) {
	defer wrap(&err, "read upload %q", id)
	u, err := s.Upload(ctx, id)
	for start := int64(0); err == nil && start < u.Bytes; {
		var body []byte
		err = s.db.QueryRowContext(ctx, `SELECT body FROM upload_chunk WHERE upload = $1 AND start = $2`, id, start).Scan(&body)
		if err == nil {
			_, err = w.Write(body)
		}
		start += int64(len(body))
	}
	return err
}

// DropUpload removes an upload with its pieces; if there is none, nothing happens.
func (s *Store) DropUpload(ctx context.Context, id string) (err error) {
	defer wrap(&err, "drop upload %q", id)
	_, err = s.drop(ctx, staleUploads, id)
	return err
}
