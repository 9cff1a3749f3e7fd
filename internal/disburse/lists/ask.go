package lists

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"mianshen/internal/store"
)

// scanner reads the columns of the row at hand.
type scanner func(...any) error

// query reads rows outside of a transaction.
func (b *Book) query(ctx context.Context, query string, args []any, each func(scanner) error) error {
	rows, err := b.s.DB().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// query reads rows within a transaction.
func query(ctx context.Context, tx *store.Tx, query string, args []any, each func(scanner) error) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// among runs a query that ends with IN for any number of keys.
func (b *Book) among(ctx context.Context, query string, keys []string, each func(scanner) error) error {
	return b.grouped(ctx, query, "", keys, each)
}

// grouped is among for a query that goes on after its keys.
func (b *Book) grouped(ctx context.Context, query, tail string, keys []string, each func(scanner) error) error {
	for part := range slices.Chunk(keys, 100) {
		args := make([]any, len(part))
		for i, key := range part {
			args[i] = key
		}
		if err := b.query(ctx, query+store.Places(0, len(part))+tail, args, each); err != nil {
			return err
		}
	}
	return nil
}

func sorted(keys map[string]bool) []string { return slices.Sorted(maps.Keys(keys)) }

func join(words []string) string { return strings.Join(words, "、") }

// unsaid tells whether err is a refusal of the database that has no sentence yet.
func unsaid(err error) bool {
	_, has := errors.AsType[refused](err)
	return !has && errors.Is(err, store.ErrConflict)
}
