package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Enterprise is an entry of the picker.
type Enterprise struct {
	USCC string // 统一社会信用代码: 18 digits and upper-case letters; whether it is a lawful one, intake decides
	Name string
}

// writeRows is how many rows go into one INSERT.
const writeRows = 400

// maxQuery is the longest query in bytes that SearchEnterprises takes; no lawful name comes near it.
const maxQuery = 500

// PutEnterprises stores enterprises, or gives those that are known the names that they have here; of two entries for one
// code the last counts. It is one transaction: callers with a million hand them over in portions. ErrInvalid: a code that
// can't be one, or a name that is empty.
func (s *Store) PutEnterprises(ctx context.Context, list []Enterprise) (err error) {
	defer wrap(&err, "put %d enterprises", len(list))
	for _, e := range list {
		if err := e.check(); err != nil {
			return err
		}
	}
	sorted := slices.Clone(list)
	slices.Reverse(sorted) // so that the last of equal codes comes first, and Compact keeps it
	slices.SortStableFunc(sorted, func(a, b Enterprise) int { return cmp.Compare(a.USCC, b.USCC) })
	sorted = slices.CompactFunc(sorted, func(a, b Enterprise) bool { return a.USCC == b.USCC })
	return s.transact(ctx, func(tx *sql.Tx) error {
		stmts := newStatements(tx)
		for chunk := range slices.Chunk(sorted, writeRows) {
			rows := make([]any, 0, 3*len(chunk))
			for _, e := range chunk {
				rows = append(rows, e.USCC, e.Name, fold(e.Name))
			}
			if _, err := stmts.exec(ctx, `INSERT INTO enterprise (uscc, name, folded) VALUES `+s.placeholders(len(chunk), 3)+
				` ON CONFLICT (uscc) DO UPDATE SET name = excluded.name, folded = excluded.folded
				WHERE enterprise.name <> excluded.name`, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// check refuses what no database would take.
func (e Enterprise) check() error {
	if err := code(e.USCC); err != nil {
		return err
	}
	return text("name of "+e.USCC, e.Name)
}

// code refuses what has not the form of a USCC.
func code(uscc string) error {
	for i := range len(uscc) {
		if c := uscc[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return fmt.Errorf("USCC %q has a character outside 0-9 and A-Z: %w", uscc, ErrInvalid)
		}
	}
	if len(uscc) != 18 {
		return fmt.Errorf("USCC %q has %d characters, want 18: %w", uscc, len(uscc), ErrInvalid)
	}
	return nil
}

// Enterprise returns an enterprise under its newest name, or ErrNotFound.
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
		ORDER BY CASE WHEN uscc LIKE $1 ESCAPE '\' THEN 0 WHEN folded LIKE $3 ESCAPE '\' THEN 1 ELSE 2 END, CASE WHEN name = '' THEN 1 ELSE 0 END, name, uscc LIMIT $4`,
		strings.ToUpper(literal)+"%", "%"+literal+"%", literal+"%", max(limit, 0))
}

// fold makes names that a reader takes for the same equal: full-width and half-width forms, upper and lower case.
func fold(name string) string { return strings.ToLower(norm.NFKC.String(name)) }
