package facts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/facts/form"
	"mianshen/internal/facts/gather"
	"mianshen/internal/facts/layer"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Request says which snapshot is wanted.
type Request struct {
	Vocabulary string     // id of the stored vocabulary version
	AsOf       civil.Date // the day whose facts are wanted
	KnownAt    time.Time  // what had been received and accepted by then counts
	Now        time.Time  // the instant of building
	Announce   bool       // make it the latest snapshot, from which the next one takes its rows
}

const (
	// maxDepth is how many snapshots one stands on at most before all is written anew.
	maxDepth = 8
	// overlayShare is which share of all cells may change, in percent, for only the changes to be written.
	overlayShare = 20
	// passBytes is about how much memory the columns take that are gathered at the same time.
	passBytes = 128 << 20
)

// Build makes a snapshot of what the accepted deliveries and corrections say, and stores it, whole or as what differs from the
// latest one. v is the vocabulary that is stored under the id in r. A snapshot with the same facts for the same day among the
// latest one and those before it is returned as it stands; so what arrives later doesn't change what was known at an instant.
// What was accepted by KnownAt, but stored only afterwards, is in a snapshot that is built afterwards.
//
// Errors are the store's, or wrap form.ErrDamaged. A build that failed leaves nothing that counts and may be tried again.
func Build(ctx context.Context, st *store.Store, v *rules.Vocabulary, r Request) (store.Snapshot, error) {
	snap, err := build(ctx, st, v, r)
	if err != nil {
		return store.Snapshot{}, fmt.Errorf("build snapshot as of %v: %w", r.AsOf, err)
	}
	return snap, nil
}

func build(ctx context.Context, st *store.Store, v *rules.Vocabulary, r Request) (store.Snapshot, error) {
	q, err := ask(ctx, st, v, r)
	if err != nil {
		return store.Snapshot{}, err
	}
	var before *store.Snapshot
	latest, err := st.LatestSnapshot(ctx)
	switch {
	case err == nil:
		before = &latest
	case !errors.Is(err, store.ErrNotFound):
		return store.Snapshot{}, err
	}
	id, err := q.find(ctx, st, before)
	if err != nil {
		return store.Snapshot{}, err
	}
	if _, err := st.Snapshot(ctx, id); errors.Is(err, store.ErrNotFound) {
		err = q.write(ctx, st, v, id, before)
		if err != nil {
			return store.Snapshot{}, err
		}
	}
	return st.SealSnapshot(ctx, id, r.Announce, r.Now)
}

// find returns the id that the snapshot has: that of the latest one or of one before it that has the same facts, else a new one.
// What has fewer rows than the latest one can't be the latest.
func (q *question) find(ctx context.Context, st *store.Store, latest *store.Snapshot) (string, error) {
	mine, err := q.recipe.facts()
	if err != nil {
		return "", err
	}
	for n := latest; n != nil && !n.AsOf.Before(q.AsOf) && (!q.Announce || n.Rows == latest.Rows); {
		r, err := readRecipe(n.Recipe)
		if err != nil {
			return "", fmt.Errorf("snapshot %s: %w", n.ID, err)
		}
		theirs, err := r.facts()
		if err != nil || n.Vocabulary == q.Vocabulary && theirs == mine {
			return n.ID, err
		}
		if r.Rows == "" {
			break
		}
		older, err := st.Snapshot(ctx, r.Rows)
		if err != nil {
			return "", err
		}
		n = &older
	}
	if latest != nil {
		q.recipe.Rows = latest.ID
	}
	return q.recipe.id(q.Vocabulary)
}

// writer writes one snapshot.
type writer struct {
	st        *store.Store
	id        string
	u         *universe
	overlay   bool
	directory layer.Directory
}

// write writes the snapshot under an id, but for its seal.
func (q *question) write(ctx context.Context, st *store.Store, v *rules.Vocabulary, id string, before *store.Snapshot) error {
	fresh := q.sources
	var base recipe
	if before != nil {
		var err error
		if base, err = readRecipe(before.Recipe); err != nil {
			return fmt.Errorf("snapshot %s: %w", before.ID, err)
		}
		fresh = slices.DeleteFunc(slices.Clone(fresh), func(s *source) bool { return slices.Contains(base.Deliveries, s.ID) })
	}
	u, err := enterprises(ctx, st, before, fresh)
	if err != nil {
		return err
	}
	meta := store.Snapshot{
		ID: id, AsOf: q.AsOf, KnownAt: q.KnownAt, ReceivedAt: q.Now, Rows: int64(len(u.codes)), Vocabulary: q.Vocabulary,
		Source: fmt.Sprintf("%d 批数据", len(q.sources)),
	}
	jobs := q.jobs
	if before != nil && before.Vocabulary == q.Vocabulary && before.Depth < maxDepth {
		if changed := q.changes(v, &base, u); cells(changed, u)*100 <= len(u.codes)*fields(v)*overlayShare {
			jobs, meta.Base = changed, before.ID
		}
	}
	if meta.Recipe, err = q.recipe.bytes(); err != nil {
		return err
	}
	w := &writer{st: st, id: id, u: u, overlay: meta.Base != "", directory: layer.Directory{}}
	if _, err := st.BeginSnapshot(ctx, meta); err != nil {
		return err
	}
	if err := w.codes(ctx); err != nil {
		return err
	}
	return parallel([]func() error{
		func() error { return putNames(ctx, st, u, fresh) },
		func() error { return w.columns(ctx, jobs) },
	}, func(do func() error) error { return do() })
}

// changes returns the fields that aren't made from what the base is made from, or say something of new enterprises.
func (q *question) changes(v *rules.Vocabulary, base *recipe, u *universe) []*job {
	all := map[int64]*fix{}
	for _, list := range q.fixes {
		for _, x := range list {
			all[x.Seq] = x
		}
	}
	var changed []*job
	for _, f := range v.Fields {
		if j := q.job(f); j.changed(base, all) || j.grows(u) {
			changed = append(changed, j)
		}
	}
	return changed
}

// cells is about how many cells jobs have to write.
func cells(jobs []*job, u *universe) (n int) {
	for _, j := range jobs {
		n += j.cells(u)
	}
	return n
}

func (j *job) cells(u *universe) int {
	if !j.sparse {
		return len(u.codes)
	}
	n := len(u.codes) - u.base + len(j.fixes)
	for _, s := range j.list[j.done:] {
		n += int(s.Rows)
	}
	return n
}

func fields(v *rules.Vocabulary) (n int) {
	for _, f := range v.Fields {
		if !f.Derived() {
			n++
		}
	}
	return n
}

// codes writes the codes of the rows, of an overlay those that the base doesn't have.
func (w *writer) codes(ctx context.Context) error {
	codes := w.u.codes
	if w.overlay {
		codes = codes[w.u.base:]
	}
	var bodies [][]byte
	for chunk := range slices.Chunk(codes, column.ChunkRows) {
		bodies = append(bodies, form.EncodeCodes(chunk))
	}
	return w.put(ctx, "", bodies)
}

func (w *writer) put(ctx context.Context, field string, bodies [][]byte) error {
	chunks := make([]store.Chunk, len(bodies))
	for n, body := range bodies {
		chunks[n] = store.Chunk{Field: field, N: n, Body: body}
	}
	if len(chunks) == 0 {
		return nil
	}
	return w.st.PutChunks(ctx, w.id, chunks)
}

// columns writes the columns of jobs, and the directory of an overlay.
func (w *writer) columns(ctx context.Context, jobs []*job) error {
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b *job) int { // who reads the same deliveries stands together
		return slices.CompareFunc(a.list, b.list, (*source).compare)
	})
	for len(jobs) > 0 {
		n, bytes := 0, 0
		for n < len(jobs) && (n == 0 || bytes < passBytes) {
			bytes += jobs[n].bytes(w.u)
			n++
		}
		if err := w.pass(ctx, jobs[:n]); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	if !w.overlay {
		return nil
	}
	body, err := json.Marshal(w.directory)
	if err != nil {
		return err
	}
	return w.put(ctx, layer.DirectoryField, [][]byte{body})
}

// bytes is about how much memory the columns of a job take.
func (j *job) bytes(u *universe) int {
	width := 2 + [...]int{column.Bool: 1, column.Number: 8, column.Date: 4, column.Text: 4, column.Set: 4, column.Records: 4}[engine.KindOf(j.field)]
	if j.sparse {
		width += mapEntry
	}
	return j.cells(u) * width * max(1, len(j.departments()))
}

// mapEntry is about how many bytes a row takes in a gathering of some rows.
const mapEntry = 48

// departments names who delivers the field, in byte order.
func (j *job) departments() []string {
	var list []string
	for _, s := range j.list {
		if len(list) == 0 || list[len(list)-1] != s.Source {
			list = append(list, s.Source)
		}
	}
	return list
}

// working is a job with what was gathered for it so far, by department.
type working struct {
	*job
	departments []*gather.Gathering
}

// pass writes some columns: it reads the deliveries that they are from, part by part, each once.
func (w *writer) pass(ctx context.Context, jobs []*job) error {
	active := make([]*working, len(jobs))
	wanted := map[*source]bool{}
	for i, j := range jobs {
		a, err := w.prepare(j)
		if err != nil {
			return err
		}
		active[i] = a
		for _, s := range j.list[j.done:] {
			wanted[s] = true
		}
	}
	for _, s := range slices.SortedFunc(maps.Keys(wanted), (*source).compare) {
		if err := w.deliver(ctx, s, active); err != nil {
			return err
		}
	}
	var lock sync.Mutex
	return parallel(active, func(a *working) error {
		bodies, first, err := w.finish(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.field.ID, err)
		}
		lock.Lock()
		defer lock.Unlock()
		if len(first) > 0 {
			w.directory[a.field.ID] = first
		}
		return w.put(ctx, a.field.ID, bodies)
	})
}

// prepare begins a job. In one about some rows only, what its departments said of enterprises that they don't name holds for the
// new ones too.
func (w *writer) prepare(j *job) (*working, error) {
	a := &working{job: j}
	names := j.departments()
	if len(names) == 0 {
		names = []string{byHand}
	}
	added := make([]int, len(w.u.codes)-w.u.base)
	for i := range added {
		added[i] = w.u.base + i
	}
	for _, name := range names {
		g := gather.New(name, engine.KindOf(j.field), !j.sparse, len(w.u.codes))
		a.departments = append(a.departments, g)
		if !j.sparse || len(added) == 0 || !j.speaksOfAll() {
			continue
		}
		if err := g.Put(added, gather.Blank(column.Nothing, len(added))); err != nil {
			return nil, err
		}
		first := j.list[slices.IndexFunc(j.list, func(s *source) bool { return s.Source == name })]
		if !first.Complete {
			continue
		}
		if err := g.Begin(j.field, originOf(j.field, first)); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// deliver hands the parts of a delivery to the jobs that want it.
func (w *writer) deliver(ctx context.Context, s *source, active []*working) error {
	var takers []*taker
	for _, a := range active {
		at := slices.Index(a.list, s)
		if at < a.done {
			continue
		}
		t := &taker{job: a.job, origin: originOf(a.field, s)}
		t.to = a.departments[slices.IndexFunc(a.departments, func(g *gather.Gathering) bool { return g.Source == s.Source })]
		// The first delivery of a department finds nothing that its empty cells could hide, and a complete one always is the first.
		t.all = at == 0 || a.list[at-1].Source != s.Source
		if s.Complete {
			if err := t.to.Begin(a.field, t.origin); err != nil {
				return err
			}
		}
		takers = append(takers, t)
	}
	at := place{delivery: s.Seq}
	return eachPart(ctx, w.st, s, func(p *form.Part) error {
		rows, err := w.u.rows(at, p)
		if err != nil {
			return err
		}
		at.part++
		return parallel(takers, func(t *taker) error {
			c, err := p.Column(t.job.series)
			if err != nil {
				return err
			}
			return t.to.Take(rows, c, t.origin, t.all)
		})
	})
}

// taker is a job that takes a column of a delivery.
type taker struct {
	job    *job
	to     *gather.Gathering
	origin column.Origin
	all    bool
}

// correct applies the corrections of a field.
func (w *writer) correct(a *working) error {
	rule := gather.Rule{Field: a.field, Complete: func(id string) bool {
		return slices.ContainsFunc(a.list, func(s *source) bool { return s.ID == id && s.Complete })
	}}
	for _, x := range a.fixes {
		code, _ := form.CodeOf(x.USCC)
		row, known := w.u.at[code]
		if !known {
			continue
		}
		if !a.departments[0].Has(int(row)) && a.fixed[x.Seq] && int(row) < w.u.base {
			continue // the base has it
		}
		value, err := x.value(a.field)
		if err != nil {
			return err
		}
		if err := rule.Correct(a.departments, gather.Fix{Row: int(row), Day: x.Day, Value: value}); err != nil {
			return err
		}
	}
	return nil
}

// finish corrects and reconciles what was gathered, and returns it as chunks with the first row of each.
func (w *writer) finish(a *working) (bodies [][]byte, first []int, err error) {
	if err := w.correct(a); err != nil {
		return nil, nil, err
	}
	g, err := gather.Reconcile(a.departments)
	if err != nil {
		return nil, nil, err
	}
	a.departments = nil
	rows, c, err := g.Finish()
	if err != nil {
		return nil, nil, err
	}
	if !w.overlay {
		for from := 0; from < c.Rows; from += column.ChunkRows {
			bodies = append(bodies, column.Append(nil, c, from, min(column.ChunkRows, c.Rows-from)))
		}
		return bodies, nil, nil
	}
	if rows == nil {
		rows = make([]int, c.Rows)
		for i := range rows {
			rows[i] = i
		}
	}
	for i := 0; i < len(rows); i += column.ChunkRows {
		first = append(first, rows[i])
	}
	return form.EncodePatch(rows, c), first, nil
}
