// Package layer reads snapshots back: a full one, or overlays on it that hold only what differs.
package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"mianshen/engine/column"
	"mianshen/internal/facts/form"
	"mianshen/internal/store"
)

// DirectoryField is the field under which an overlay keeps its directory. No field has such an id.
const DirectoryField = "."

// Directory says what an overlay changes: for each field the first row of each of its chunks.
type Directory map[string][]int

// Layer is one snapshot of a chain: the full one at the bottom, or an overlay with its directory.
type Layer struct {
	store.Snapshot
	Directory Directory // nil of a full snapshot
}

// Chain returns the snapshots that make up one, the full one first.
func Chain(ctx context.Context, st *store.Store, snap store.Snapshot) ([]Layer, error) {
	layers := []Layer{{Snapshot: snap}}
	for snap.Base != "" {
		dir, err := readDirectory(ctx, st, snap.ID)
		if err != nil {
			return nil, err
		}
		base, err := st.Snapshot(ctx, snap.Base)
		if err != nil {
			return nil, err
		}
		layers[len(layers)-1].Directory = dir
		snap = base
		layers = append(layers, Layer{Snapshot: snap})
	}
	slices.Reverse(layers)
	return layers, nil
}

func readDirectory(ctx context.Context, st *store.Store, snapshot string) (Directory, error) {
	body, err := st.Chunk(ctx, snapshot, DirectoryField, 0)
	if err != nil {
		return nil, err
	}
	dir := Directory{}
	if err := json.Unmarshal(body, &dir); err != nil {
		return nil, fmt.Errorf("directory of snapshot %s: %w: %w", snapshot, form.ErrDamaged, err)
	}
	return dir, nil
}

// Codes reads the codes of all Layers, in the order of rows.
func Codes(ctx context.Context, st *store.Store, layers []Layer) ([]form.Code, error) {
	codes := make([]form.Code, 0, layers[len(layers)-1].Rows)
	for _, l := range layers {
		bodies, err := st.Chunks(ctx, l.ID, "")
		if err != nil {
			return nil, err
		}
		for _, body := range bodies {
			if codes, err = form.DecodeCodes(codes, body); err != nil {
				return nil, fmt.Errorf("codes of snapshot %s: %w", l.ID, err)
			}
		}
		if int64(len(codes)) != l.Rows {
			return nil, fmt.Errorf("snapshot %s has %d codes for %d rows: %w", l.ID, len(codes), l.Rows, form.ErrDamaged)
		}
	}
	return codes, nil
}

// patch is what an overlay makes of some rows of a field.
type patch struct {
	layer Layer
	rows  []int
	c     *column.Column
}

// whole reports whether nothing below the patch is left to be seen.
func (p *patch) whole() bool {
	return int64(len(p.rows)) == p.layer.Rows
}

// Column puts together the column of a field from all Layers; nil if nothing is known of it.
func Column(ctx context.Context, st *store.Store, layers []Layer, field string) (*column.Column, error) {
	var patches []patch
	at := len(layers) - 1
	for ; at > 0; at-- {
		if _, changed := layers[at].Directory[field]; !changed {
			continue
		}
		p, err := readPatch(ctx, st, layers[at], field)
		if err != nil {
			return nil, err
		}
		patches = append(patches, p)
		if p.whole() {
			break
		}
	}
	var c *column.Column
	if at == 0 {
		var err error
		if c, err = readFull(ctx, st, layers[0], field); err != nil {
			return nil, err
		}
	}
	if c == nil && len(patches) == 0 {
		return nil, nil
	}
	return overlay(c, patches, int(layers[len(layers)-1].Rows))
}

func readPatch(ctx context.Context, st *store.Store, l Layer, field string) (patch, error) {
	bodies, err := st.Chunks(ctx, l.ID, field)
	if err != nil {
		return patch{}, err
	}
	rows, c, err := form.DecodePatch(bodies)
	if err == nil && len(rows) > 0 && int64(rows[len(rows)-1]) >= l.Rows {
		err = fmt.Errorf("row %d of %d: %w", rows[len(rows)-1], l.Rows, form.ErrDamaged)
	}
	if err != nil {
		return patch{}, fmt.Errorf("%s in snapshot %s: %w", field, l.ID, err)
	}
	return patch{layer: l, rows: rows, c: c}, nil
}

// buffers hold the chunks of a column while it is put together: a column of a million rows has megabytes of them, and columns are
// read by the hundred.
var buffers sync.Pool

// readFull reads the column of a field from a full snapshot; nil if nothing is known of it.
func readFull(ctx context.Context, st *store.Store, l Layer, field string) (*column.Column, error) {
	buf, _ := buffers.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer buffers.Put(buf)
	grown, bodies, err := st.AppendChunks(ctx, (*buf)[:0], l.ID, field)
	*buf = grown
	if err != nil || len(bodies) == 0 {
		return nil, err
	}
	c, err := column.Join(bodies, int(l.Rows))
	if err != nil {
		return nil, fmt.Errorf("%s in snapshot %s: %w: %w", field, l.ID, form.ErrDamaged, err)
	}
	return c, nil
}

// overlay applies patches, the newest first in the list, to a column, and makes it rows long.
func overlay(c *column.Column, patches []patch, rows int) (*column.Column, error) {
	for _, p := range slices.Backward(patches) {
		if p.whole() {
			c = p.c
			continue
		}
		if c == nil {
			c = &column.Column{}
		}
		if err := column.Extend(c, int(p.layer.Rows)-c.Rows); err != nil {
			return nil, err
		}
		if err := column.Overlay(c, p.rows, p.c); err != nil {
			return nil, err
		}
	}
	return c, column.Extend(c, rows-c.Rows)
}
