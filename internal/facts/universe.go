package facts

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"mianshen/internal/facts/form"
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

// enterprises makes the universe: the rows of the snapshot before, and the enterprises of deliveries that it doesn't know. names
// is told what the enterprises of these are called.
func enterprises(ctx context.Context, st *store.Store, before *store.Snapshot, fresh []*source) (*universe, error) {
	u := &universe{}
	if before != nil {
		layers, err := chain(ctx, st, *before)
		if err != nil {
			return nil, err
		}
		if u.codes, err = readCodes(ctx, st, layers); err != nil {
			return nil, err
		}
		u.base = len(u.codes)
	}
	u.at = indexOf(u.codes)
	for _, s := range fresh {
		err := eachPart(ctx, st, s, func(p *form.Part) error { return u.add(p) })
		if err != nil {
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

// add takes the enterprises of a part that aren't there yet.
func (u *universe) add(p *form.Part) error {
	codes, err := p.Codes()
	if err != nil {
		return err
	}
	for _, c := range codes {
		if _, known := u.at[c]; !known {
			u.at[c] = int32(len(u.codes))
			u.codes = append(u.codes, c)
		}
	}
	return nil
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

// putNames stores how the enterprises of new deliveries are called, what came later last. A new enterprise that nobody names
// goes under its code, so that it can be found.
func putNames(ctx context.Context, st *store.Store, u *universe, fresh []*source) error {
	named := make([]bool, len(u.codes)-u.base)
	w := &nameWriter{st: st}
	for _, s := range fresh {
		err := eachPart(ctx, st, s, func(p *form.Part) error {
			names, err := p.Names()
			if err != nil || names == nil {
				return err
			}
			rows, err := u.rows(p)
			for i, row := range rows {
				if err == nil && names[i] != "" {
					if row >= u.base {
						named[row-u.base] = true
					}
					err = w.put(ctx, u.codes[row], names[i])
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, done := range named {
		if code := u.codes[u.base+i]; !done {
			if err := w.put(ctx, code, code.String()); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

// nameWriter stores names in portions.
type nameWriter struct {
	st   *store.Store
	list []store.Enterprise
}

func (w *nameWriter) put(ctx context.Context, code form.Code, name string) error {
	w.list = append(w.list, store.Enterprise{USCC: code.String(), Name: name})
	if len(w.list) < namePortion {
		return nil
	}
	return w.flush(ctx)
}

func (w *nameWriter) flush(ctx context.Context) error {
	defer func() { w.list = w.list[:0] }()
	if len(w.list) == 0 {
		return nil
	}
	return w.st.PutEnterprises(ctx, w.list)
}
