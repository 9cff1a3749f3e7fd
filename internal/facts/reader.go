package facts

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/facts/form"
	"mianshen/internal/facts/layer"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Reader reads what a snapshot knows of single enterprises. It remembers the rows of the snapshot it was asked last, about 60
// bytes an enterprise. It may be used from many goroutines at once.
type Reader struct {
	st    *store.Store
	mu    sync.Mutex
	known *rowsOf
}

// rowsOf are the rows of a snapshot. It is only read once it is made.
type rowsOf struct {
	layers []layer.Layer
	at     map[form.Code]int32
}

// NewReader returns a reader of the snapshots in a store.
func NewReader(st *store.Store) *Reader { return &Reader{st: st} }

// Row returns the row of an enterprise in a snapshot, or an error that wraps store.ErrNotFound.
func (r *Reader) Row(ctx context.Context, snap store.Snapshot, uscc string) (int, error) {
	_, row, err := r.find(ctx, snap, uscc)
	return row, err
}

func (r *Reader) find(ctx context.Context, snap store.Snapshot, uscc string) ([]layer.Layer, int, error) {
	rows, err := r.rows(ctx, snap)
	if err != nil {
		return nil, 0, fmt.Errorf("rows of snapshot %s: %w", snap.ID, err)
	}
	code, ok := form.CodeOf(uscc)
	row, known := rows.at[code]
	if !ok || !known || int64(row) >= snap.Rows {
		return nil, 0, fmt.Errorf("enterprise %q in snapshot %s: %w", uscc, snap.ID, store.ErrNotFound)
	}
	for i, l := range rows.layers {
		if l.ID == snap.ID {
			return rows.layers[:i+1], int(row), nil
		}
	}
	return nil, 0, fmt.Errorf("snapshot %s: %w", snap.ID, store.ErrNotFound)
}

// rows returns the rows of a snapshot, or of one that stands on it.
func (r *Reader) rows(ctx context.Context, snap store.Snapshot) (*rowsOf, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known != nil && slices.ContainsFunc(r.known.layers, func(l layer.Layer) bool { return l.ID == snap.ID }) {
		return r.known, nil
	}
	layers, err := layer.Chain(ctx, r.st, snap)
	if err != nil {
		return nil, err
	}
	codes, err := layer.Codes(ctx, r.st, layers)
	if err != nil {
		return nil, err
	}
	r.known = &rowsOf{layers: layers, at: indexOf(codes)}
	return r.known, nil
}

// Profile returns what a snapshot knows of an enterprise, as Table.Profile does for the table of the whole snapshot, from the few
// chunks that speak of it. The error wraps store.ErrNotFound where the snapshot doesn't have the enterprise.
func (r *Reader) Profile(ctx context.Context, v *rules.Vocabulary, snap store.Snapshot, uscc string) (*rules.Profile, error) {
	layers, row, err := r.find(ctx, snap, uscc)
	if err != nil {
		return nil, err
	}
	columns := map[string]*column.Column{}
	for _, l := range layers {
		if row >= int(l.Rows) {
			continue
		}
		if err := r.look(ctx, l, row, columns); err != nil {
			return nil, fmt.Errorf("row %d of snapshot %s: %w", row, l.ID, err)
		}
	}
	t := engine.NewTable(v, []string{uscc})
	t.ReadRecords(readRecords)
	for _, f := range v.Fields {
		if c := columns[f.ID]; c != nil {
			if err := t.Put(f, c); err != nil {
				return nil, err
			}
		}
	}
	return t.Profile(0)
}

// look adds what a layer says of a row to columns of one row.
func (r *Reader) look(ctx context.Context, l layer.Layer, row int, columns map[string]*column.Column) error {
	if l.Directory == nil {
		return r.lookFull(ctx, l, row, columns)
	}
	fields := map[int][]string{} // by the chunk that may have the row
	for field, first := range l.Directory {
		if n := sort.SearchInts(first, row+1); n > 0 {
			fields[n-1] = append(fields[n-1], field)
		}
	}
	for n, list := range fields {
		bodies, err := r.st.ChunksOf(ctx, l.ID, n)
		if err != nil {
			return err
		}
		for _, field := range list {
			c, err := form.PatchAt(bodies[field], row)
			if err != nil {
				return err
			}
			if c != nil {
				columns[field] = c
			}
		}
	}
	return nil
}

func (r *Reader) lookFull(ctx context.Context, l layer.Layer, row int, columns map[string]*column.Column) error {
	bodies, err := r.st.ChunksOf(ctx, l.ID, row/column.ChunkRows)
	if err != nil {
		return err
	}
	for field, body := range bodies {
		if field == "" {
			continue
		}
		c, err := column.Decode(body)
		if err == nil && c.Rows <= row%column.ChunkRows {
			err = form.ErrDamaged
		}
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		columns[field] = column.Gather(c, []int{row % column.ChunkRows})
	}
	return nil
}
