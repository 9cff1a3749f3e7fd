// Package duck asks DuckDB the questions of the benchmark, in the best forms found: a table in memory with the narrowest types,
// so many threads, and Kleene's logic, which SQL shares.
package duck

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/duckdb/duckdb-go/v2"

	"mianshen/engine/bench/workload"
)

// Count is the answer for one item: how many enterprises get it, how many aren't refused, and what it costs in 分.
type Count struct{ Eligible, Possible, Sum int64 }

// DB is a database.
type DB struct {
	pool   *sql.DB
	writer writer
}

// Open starts a database that works on so many threads: in memory, or in a file where path isn't "".
func Open(ctx context.Context, path string, threads int) (*DB, error) {
	connector, err := duckdb.NewConnector(path, nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: %w", err)
	}
	db := &DB{pool: sql.OpenDB(connector)}
	if _, err := db.pool.ExecContext(ctx, fmt.Sprintf("SET threads=%d", threads)); err != nil {
		db.Close()
		return nil, fmt.Errorf("duckdb: %w", err)
	}
	return db, nil
}

// Close ends the database.
func (db *DB) Close() { _ = db.pool.Close() } // nothing in it is needed again

// Version is DuckDB's version.
func (db *DB) Version(ctx context.Context) (version string, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}

// Counts asks for the items one query after the other, in a form.
func (db *DB) Counts(ctx context.Context, form Form, items []*workload.Item) ([]Count, error) {
	out := make([]Count, 0, len(items))
	for part := range slices.Chunk(items, form.Items) {
		counts := make([]Count, len(part))
		var to []any
		for i := range counts {
			to = append(to, &counts[i].Eligible, &counts[i].Possible, &counts[i].Sum)
		}
		if err := db.pool.QueryRowContext(ctx, form.query(db.writer, part)).Scan(to...); err != nil {
			return nil, fmt.Errorf("item %s, %s: %w", part[0].ID, form.Name, err)
		}
		out = append(out, counts...)
	}
	return out, nil
}
