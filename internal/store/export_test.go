package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// PublishUnaudited does what PublishPolicy does but for the audit record, and one more statement where there is one; only the benchmark may.
func PublishUnaudited(ctx context.Context, s *Store, n int, more string, args ...any) error {
	v := PolicyVersion{PolicyID: fmt.Sprint("u", -n%100), Title: "办法", PublishedAt: time.Unix(1, 0), PublishedBy: "甲", Files: fmt.Append(nil, "files ", n, strings.Repeat("x", 10_000))}
	v.ID = Hash(v.Files)
	return s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO policy_version (id, policy_id, title, published_at, published_by, files)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
			v.ID, v.PolicyID, v.Title, stamp{v.PublishedAt}, v.PublishedBy, v.Files); err != nil {
			return err
		}
		_, err := s.movePointer(ctx, tx, v)
		if err == nil && more != "" {
			_, err = tx.ExecContext(ctx, more, args...)
		}
		return err
	})
}
