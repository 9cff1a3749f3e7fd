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
}

// namePortion is how many names go into one transaction.
const namePortion = 20_000

// enterprises makes the universe: the rows of the snapshot before, and the enterprises of deliveries that it doesn't know. It
// stores what these are called, the newest name last; a new enterprise that nobody names goes under its code, so that it can be
// found.
func enterprises(ctx context.Context, st *store.Store, before *store.Snapshot, fresh []*source) (*universe, error) {
	u := &universe{}
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
	names := &nameWriter{st: st, universe: u}
	for _, s := range fresh {
		if err := eachPart(ctx, st, s, func(p *form.Part) error { return names.take(ctx, p) }); err != nil {
			return nil, err
		}
	}
	if err := names.finish(ctx); err != nil {
		return nil, err
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

// add returns the row that an enterprise has for now, a new one at the end if it isn't there yet.
func (u *universe) add(c form.Code) int {
	row, known := u.at[c]
	if !known {
		row = int32(len(u.codes))
		u.at[c] = row
		u.codes = append(u.codes, c)
	}
	return int(row)
}

// rows returns the row of each enterprise of a part.
func (u *universe) rows(p *form.Part) ([]int, error) {
	codes, err := p.Codes()
	if err != nil {
		return nil, err
	}
	rows := make([]int, len(codes))
	for i, c := range codes {
		row, known := u.at[c]
		if !known {
			return nil, fmt.Errorf("%s has no row", c)
		}
		rows[i] = int(row)
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

// nameWriter adds the enterprises of deliveries to a universe and stores their names in portions.
type nameWriter struct {
	*universe
	st    *store.Store
	named []bool // of new enterprises, in the order in which they came
	list  []store.Enterprise
}

func (w *nameWriter) take(ctx context.Context, p *form.Part) error {
	codes, err := p.Codes()
	if err != nil {
		return err
	}
	names, err := p.Names()
	if err != nil {
		return err
	}
	for i, c := range codes {
		row := w.add(c)
		if row-w.base == len(w.named) {
			w.named = append(w.named, false)
		}
		if names == nil || names[i] == "" {
			continue
		}
		if row >= w.base {
			w.named[row-w.base] = true
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
	err := w.st.PutEnterprises(ctx, w.list)
	w.list = w.list[:0]
	return err
}

// finish stores what is left, and the codes of those who have no name.
func (w *nameWriter) finish(ctx context.Context) error {
	for i, named := range w.named {
		if code := w.codes[w.base+i]; !named {
			if err := w.put(ctx, code, code.String()); err != nil {
				return err
			}
		}
	}
	if len(w.list) == 0 {
		return nil
	}
	return w.flush(ctx)
}
