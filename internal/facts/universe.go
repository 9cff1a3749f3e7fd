package facts

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"mianshen/internal/facts/form"
	"mianshen/internal/facts/layer"
	"mianshen/internal/store"
)

// universe is the enterprises of a snapshot in the order of its rows.
type universe struct {
	codes []form.Code
	at    map[form.Code]int32
	base  int // how many of them the snapshot before has

	// What rows has found out, as long as it isn't too much to be kept: deliveries are read more than once.
	found map[place][]int32
	kept  int
}

// place is a part of a delivery.
type place struct {
	delivery int64
	part     int
}

// mostKept caps how many rows of parts are remembered.
const mostKept = 8 << 20

// namePortion is how many names go into one transaction.
const namePortion = 50_000

// enterprises makes the universe: the rows of the snapshot before, and the enterprises of deliveries that it doesn't know.
func enterprises(ctx context.Context, st *store.Store, before *store.Snapshot, fresh []*source) (*universe, error) {
	u := &universe{found: map[place][]int32{}}
	if before != nil {
		layers, err := layer.Chain(ctx, st, *before)
		if err != nil {
			return nil, err
		}
		if u.codes, err = layer.Codes(ctx, st, layers); err != nil {
			return nil, err
		}
		u.base = len(u.codes)
	}
	u.at = indexOf(u.codes)
	for _, s := range fresh {
		if err := eachPart(ctx, st, s, u.add); err != nil {
			return nil, err
		}
	}
	added := u.codes[u.base:]
	slices.SortFunc(added, func(a, b form.Code) int { return bytes.Compare(a[:], b[:]) })
	for i, c := range added {
		u.at[c] = int32(u.base + i)
	}
	return u, nil
}

func indexOf(codes []form.Code) map[form.Code]int32 {
	at := make(map[form.Code]int32, len(codes))
	for i, c := range codes {
		at[c] = int32(i)
	}
	return at
}

// add takes the enterprises of a part that aren't there yet, at the end for now.
func (u *universe) add(p *form.Part) error {
	codes, err := p.Codes()
	for _, c := range codes {
		if _, known := u.at[c]; !known {
			u.at[c] = int32(len(u.codes))
			u.codes = append(u.codes, c)
		}
	}
	return err
}

// rows returns the row of each enterprise of a part.
func (u *universe) rows(at place, p *form.Part) ([]int, error) {
	rows := make([]int, p.Rows)
	if found, ok := u.found[at]; ok {
		for i, row := range found {
			rows[i] = int(row)
		}
		return rows, nil
	}
	codes, err := p.Codes()
	if err != nil {
		return nil, err
	}
	found := make([]int32, len(codes))
	for i, c := range codes {
		row, known := u.at[c]
		if !known {
			return nil, fmt.Errorf("%s has no row", c)
		}
		found[i], rows[i] = row, int(row)
	}
	if u.kept+len(found) <= mostKept {
		u.found[at] = found
		u.kept += len(found)
	}
	return rows, nil
}

// isNew reports whether a correction is about an enterprise that the snapshot before doesn't have.
func (u *universe) isNew(x *fix) bool {
	code, _ := form.CodeOf(x.USCC)
	row, known := u.at[code]
	return known && int(row) >= u.base
}

// eachPart calls do with the parts of a delivery.
func eachPart(ctx context.Context, st *store.Store, s *source, do func(*form.Part) error) error {
	return st.Parts(ctx, s.ID, func(stored store.Part) error {
		p, err := form.OpenPart(stored.Body)
		if err == nil {
			err = do(p)
		}
		if err != nil {
			return fmt.Errorf("part %d of delivery %s: %w", stored.N, s.ID, err)
		}
		return nil
	})
}

// nameWriter stores what enterprises are called, in portions.
type nameWriter struct {
	st    *store.Store
	u     *universe
	named []bool // of new enterprises
	list  []store.Enterprise
}

// putNames stores what the enterprises of deliveries are called, the newest name last. A new enterprise that nobody names goes
// under its code, so that it can be found.
func putNames(ctx context.Context, st *store.Store, u *universe, fresh []*source) error {
	w := &nameWriter{st: st, u: u, named: make([]bool, len(u.codes)-u.base)}
	for _, s := range fresh {
		if err := eachPart(ctx, st, s, func(p *form.Part) error { return w.take(ctx, p) }); err != nil {
			return err
		}
	}
	for i, named := range w.named {
		if code := u.codes[u.base+i]; !named {
			if err := w.put(ctx, code, code.String()); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

func (w *nameWriter) take(ctx context.Context, p *form.Part) error {
	names, err := p.Names()
	if err != nil || names == nil {
		return err
	}
	codes, err := p.Codes()
	if err != nil {
		return err
	}
	for i, c := range codes {
		if names[i] == "" {
			continue
		}
		if row := int(w.u.at[c]); row >= w.u.base {
			w.named[row-w.u.base] = true
		}
		if err := w.put(ctx, c, names[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *nameWriter) put(ctx context.Context, code form.Code, name string) error {
	w.list = append(w.list, store.Enterprise{USCC: code.String(), Name: name})
	if len(w.list) < namePortion {
		return nil
	}
	return w.flush(ctx)
}

func (w *nameWriter) flush(ctx context.Context) error {
	if len(w.list) == 0 {
		return nil
	}
	err := w.st.PutEnterprises(ctx, w.list)
	w.list = w.list[:0]
	return err
}
