package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
)

// How many rows one statement of Many inserts: on SQLite enough that a statement costs little against its rows, on PostgreSQL, where
// each statement has its triggers looked at once, as many as may stand in memory beside each other.
const (
	inValues = 100
	inArrays = 20_000
	// large is a number of rows from which on a transaction is worth preparing for.
	large = 1000
)

// Many inserts rows by statements of many rows each. into is the table with its columns, "t (a, b)"; tail what follows the values,
// such as ON CONFLICT. All rows are as long as the first.
// Where they are many, it does what Room and Counted do.
func (t *Tx) Many(ctx context.Context, into, tail string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if t.s.kind == Postgres {
		return t.arrays(ctx, into, tail, rows)
	}
	if err := t.Room(ctx, len(rows)); err != nil {
		return err
	}
	for size := min(inValues, len(rows)); len(rows) > 0; size = len(rows) {
		statement, err := t.Prepare(ctx, "INSERT INTO "+into+" VALUES "+t.s.placeholders(size, len(rows[0]))+" "+tail) //nolint:sqlclosecheck // the transaction closes it at its end
		if err != nil {
			return err
		}
		for ; len(rows) >= size; rows = rows[size:] {
			if _, err := statement.ExecContext(ctx, slices.Concat(rows[:size]...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Room prepares a transaction that writes so many rows: SQLite's cache is small, and pages that don't fit are written to the log again
// and again. It is small again when the transaction ends.
func (t *Tx) Room(ctx context.Context, rows int) error {
	if t.s.kind != SQLite || rows < large || t.roomy {
		return nil
	}
	t.roomy = true
	_, err := t.Exec(ctx, "PRAGMA cache_size=-98304")
	return err
}

// tidy gives back what Room took; where it can't, the connection keeps a larger cache.
func (t *Tx) tidy(ctx context.Context) {
	if t.roomy {
		_, _ = t.Exec(context.WithoutCancel(ctx), "PRAGMA cache_size=-16384")
	}
}

// Counted lets PostgreSQL count a table of which so many rows were written in this transaction, where they are many. Else its checks
// go on as if the table were as small as before, by plans whose time grows with the square of the rows.
func (t *Tx) Counted(ctx context.Context, table string, rows int) error {
	if t.s.kind != Postgres || rows < large {
		return nil
	}
	_, err := t.Exec(ctx, "ANALYZE "+table)
	return err
}

// arrays inserts rows as one array a column, which PostgreSQL takes in several times as fast as values.
func (t *Tx) arrays(ctx context.Context, into, tail string, rows [][]any) error {
	table, columns, _ := strings.Cut(into, " ")
	types, err := t.types(ctx, table, strings.Split(strings.Trim(columns, "()"), ", "))
	if err != nil {
		return err
	}
	total, lists := len(rows), make([]string, len(types))
	for i, name := range types {
		lists[i] = fmt.Sprintf("$%d::%s[]", i+1, name)
	}
	query := "INSERT INTO " + into + " SELECT * FROM unnest(" + strings.Join(lists, ", ") + ") " + tail
	for part := range slices.Chunk(rows, inArrays) {
		args := make([]any, len(types))
		for i := range args {
			if args[i], err = column(part, i); err != nil {
				return err
			}
		}
		if _, err := t.Exec(ctx, query, args...); err != nil {
			return err
		}
	}
	return t.Counted(ctx, table, total)
}

// column is one column of the rows as pgx takes an array. What knows how to be a text or a number becomes that, instants stay instants.
func column(rows [][]any, i int) ([]any, error) {
	out := make([]any, len(rows))
	for n, row := range rows {
		switch v := row[i].(type) {
		case stamp:
			if !v.IsZero() {
				out[n] = v.UTC()
			}
		case day:
			out[n] = v.Start()
		case driver.Valuer:
			plain, err := v.Value()
			if err != nil {
				return nil, err
			}
			out[n] = plain
		default:
			out[n] = v
		}
	}
	return out, nil
}

// types are the types of a table's columns.
func (t *Tx) types(ctx context.Context, table string, columns []string) ([]string, error) {
	all := map[string]string{}
	rows, err := t.Query(ctx, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		all[name] = kind
	}
	out := make([]string, len(columns))
	for i, name := range columns {
		if out[i] = all[name]; out[i] == "" {
			return nil, fmt.Errorf("%s has no column %q: %w", table, name, ErrInvalid)
		}
	}
	return out, rows.Err()
}
