package facts

import (
	"context"
	"fmt"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/facts/form"
	"mianshen/internal/facts/layer"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// Open returns the table that a snapshot is. v is the vocabulary that is stored under snap.Vocabulary. Columns are fetched when
// they are first wanted, under ctx, which must live as long as that may happen; Prefetch fetches many at once. Errors, also later
// ones of the table, are the store's or wrap form.ErrDamaged.
func Open(ctx context.Context, st *store.Store, v *rules.Vocabulary, snap store.Snapshot) (*engine.Table, error) {
	layers, err := layer.Chain(ctx, st, snap)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", snap.ID, err)
	}
	codes, err := Codes(ctx, st, snap)
	if err != nil {
		return nil, err
	}
	t := engine.NewTable(v, codes)
	t.ReadRecords(readRecords)
	t.Lazy(func(f *rules.Field) (*column.Column, error) { return layer.Column(ctx, st, layers, f.ID) })
	return t, nil
}

// Codes lists the enterprises of a snapshot in the order of its rows.
func Codes(ctx context.Context, st *store.Store, snap store.Snapshot) ([]string, error) {
	layers, err := layer.Chain(ctx, st, snap)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", snap.ID, err)
	}
	list, err := layer.Codes(ctx, st, layers)
	return form.Texts(list), err
}

func readRecords(f *rules.Field, data string) ([]*formula.Record, error) {
	return delivery.DecodeRecords(f, []byte(data))
}

// Prefetch fetches columns of a table that Open returned, several at once, and waits for them. Without fields it fetches all.
func Prefetch(ctx context.Context, t *engine.Table, fields []*rules.Field) error {
	if fields == nil {
		fields = t.Vocabulary.Fields
	}
	return parallel(fields, func(f *rules.Field) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := t.Column(f)
		return err
	})
}
