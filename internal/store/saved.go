package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"mianshen/rules/civil"
)

// Caps on saved searches, which the database holds too.
const (
	MaxSaved        = 50   // an enterprise
	MaxSavedText    = 128  // runes
	MaxSavedFilters = 4000 // bytes
)

// ErrFull says that an enterprise has MaxSaved searches already. It is a kind of ErrConflict.
var ErrFull = fmt.Errorf("no room for more: %w", ErrConflict)

// SavedSearch is a search that an enterprise comes back to. Enterprise, text and filters together name it.
type SavedSearch struct {
	Enterprise string     // USCC
	Text       string     // as typed, at most MaxSavedText runes; may be empty where Filters isn't
	Filters    string     // a query string in a form that the caller keeps canonical
	Created    civil.Date // the day on which it was saved first
}

// SaveSearch stores a search, and tells whether it is new: saved again it stays as it was. ErrInvalid: it is empty or beyond
// the caps. ErrNotFound: there is no such enterprise. ErrFull: the enterprise has MaxSaved others.
func (s *Store) SaveSearch(ctx context.Context, x SavedSearch) (isNew bool, err error) {
	defer wrap(&err, "save search %q %q of %q", x.Text, x.Filters, x.Enterprise)
	if err := x.check(); err != nil {
		return false, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var one int
		// Who saves for one enterprise at the same time waits here, so that the count holds.
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM enterprise WHERE uscc = $1`+s.locking("NO KEY UPDATE"), x.Enterprise).Scan(&one)
		if err != nil {
			return err
		}
		var there, others int
		err = tx.QueryRowContext(ctx, `SELECT COALESCE(sum(CASE WHEN text = $2 AND filters = $3 THEN 1 ELSE 0 END), 0), count(*)
			FROM saved_search WHERE enterprise = $1`, x.Enterprise, x.Text, x.Filters).Scan(&there, &others)
		if err != nil || there > 0 {
			return err
		}
		if others >= MaxSaved {
			return ErrFull
		}
		isNew = true
		_, err = tx.ExecContext(ctx, `INSERT INTO saved_search (enterprise, text, filters, created) VALUES ($1, $2, $3, $4)`,
			x.Enterprise, x.Text, x.Filters, day{x.Created})
		return err
	})
	return isNew && err == nil, err
}

// check refuses what no database would take.
func (x SavedSearch) check() error {
	err := errors.Join(code(x.Enterprise), clean("text", x.Text), clean("filters", x.Filters))
	switch {
	case err != nil:
		return err
	case x.Text == "" && x.Filters == "":
		return fmt.Errorf("the search is empty: %w", ErrInvalid)
	case utf8.RuneCountInString(x.Text) > MaxSavedText || len(x.Filters) > MaxSavedFilters:
		return fmt.Errorf("the search is too long: %w", ErrInvalid)
	case x.Created.IsZero():
		return fmt.Errorf("the search has no day: %w", ErrInvalid)
	}
	return nil
}

// SavedSearches lists what an enterprise has saved, the newest day first, then by text and filters; nothing for one that isn't
// known.
func (s *Store) SavedSearches(ctx context.Context, uscc string) (list []SavedSearch, err error) {
	defer wrap(&err, "saved searches of %q", uscc)
	if err := code(uscc); err != nil {
		return nil, err
	}
	list, err = collect(ctx, s.db, scanSaved, `SELECT enterprise, text, filters, created FROM saved_search WHERE enterprise = $1`, uscc)
	slices.SortFunc(list, func(a, b SavedSearch) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Filters, b.Filters))
	})
	return list, err
}

func scanSaved(scan func(...any) error) (x SavedSearch, err error) {
	var created day
	err = scan(&x.Enterprise, &x.Text, &x.Filters, &created)
	x.Created = created.Date
	return x, err
}

// DropSearch removes a saved search; if there is none, nothing happens. Created isn't read.
func (s *Store) DropSearch(ctx context.Context, x SavedSearch) (err error) {
	defer wrap(&err, "drop search %q %q of %q", x.Text, x.Filters, x.Enterprise)
	if err := errors.Join(code(x.Enterprise), clean("text", x.Text), clean("filters", x.Filters)); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM saved_search WHERE enterprise = $1 AND text = $2 AND filters = $3`, x.Enterprise, x.Text, x.Filters)
		return err
	})
}
