package facts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/facts/form"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// edition is part of every snapshot's id. It changes when the same deliveries come to mean something else, or rows are
// numbered otherwise.
const edition = "mianshen facts 1"

// recipe is from what a snapshot was made, as JSON in store.Snapshot.Recipe.
type recipe struct {
	AsOf       civil.Date    `json:"as_of"`
	Rows       string        `json:"rows,omitempty"` // id of the snapshot whose rows come first
	Deliveries []string      `json:"deliveries"`     // all accepted ones, in the order of their numbers: whose enterprises are here
	Fields     []fieldRecipe `json:"fields"`         // fields of which something may be known
}

// fieldRecipe is from what one field was made.
type fieldRecipe struct {
	Field       string  `json:"field"`
	From        []int   `json:"from,omitempty"`        // places in Deliveries, as source.compare orders them
	Corrections []int64 `json:"corrections,omitempty"` // Seq, ascending
}

func readRecipe(data []byte) (r recipe, err error) {
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("recipe: %w", err)
	}
	for _, f := range r.Fields {
		if slices.ContainsFunc(f.From, func(i int) bool { return i < 0 || i >= len(r.Deliveries) }) {
			return r, fmt.Errorf("recipe: %s is from a delivery that isn't there", f.Field)
		}
	}
	return r, nil
}

// of returns the deliveries and corrections of a field; none if nothing is known of it.
func (r *recipe) of(field string) (deliveries []string, corrections []int64) {
	for _, f := range r.Fields {
		if f.Field != field {
			continue
		}
		for _, at := range f.From {
			deliveries = append(deliveries, r.Deliveries[at])
		}
		return deliveries, f.Corrections
	}
	return nil, nil
}

// bytes is the recipe as it is stored. The same recipe gives the same bytes.
func (r *recipe) bytes() ([]byte, error) { return json.Marshal(r) }

// facts names what a snapshot holds, but for the numbers of its rows.
func (r *recipe) facts() (string, error) {
	without := *r
	without.Rows = ""
	data, err := without.bytes()
	return string(data), err
}

// id names a snapshot of a vocabulary that is made by the recipe.
func (r *recipe) id(vocabulary string) (string, error) {
	data, err := r.bytes()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", edition, vocabulary, data))
	return hex.EncodeToString(sum[:]), nil
}

// source is an accepted delivery.
type source struct {
	store.Delivery
	form.Moment
	mapping form.Mapping
	number  int // place in recipe.Deliveries
}

// compare orders deliveries by department, and those of one department so that what counts more comes later.
func (s *source) compare(o *source) int {
	if c := strings.Compare(s.Source, o.Source); c != 0 {
		return c
	}
	if c := s.Day.Compare(o.Day); c != 0 {
		return c
	}
	if c := s.ReceivedAt.Compare(o.ReceivedAt); c != 0 {
		return c
	}
	return int(s.Seq - o.Seq)
}

// fix is the correction that counts for one enterprise and field.
type fix struct {
	store.Correction
	form.Moment
}

// compare orders corrections of one cell so that what counts more comes later.
func (x *fix) compare(o *fix) int {
	if c := x.Day.Compare(o.Day); c != 0 {
		return c
	}
	if c := x.At.Compare(o.At); c != 0 {
		return c
	}
	return int(x.Seq - o.Seq)
}

// question is what a snapshot has to say, and from what.
type question struct {
	Request
	sources []*source // all accepted ones, by number
	fixes   map[string][]*fix
	jobs    []*job // the fields of which something may be known, in the order of the vocabulary
	recipe  recipe // without Rows
}

// ask finds out what had been received and accepted by an instant and what of it counts on a day.
func ask(ctx context.Context, st *store.Store, v *rules.Vocabulary, r Request) (*question, error) {
	q := &question{Request: r, fixes: map[string][]*fix{}, recipe: recipe{AsOf: r.AsOf, Deliveries: []string{}, Fields: []fieldRecipe{}}}
	list, err := st.Deliveries(ctx, store.DeliveryFilter{State: store.Accepted, KnownAt: r.KnownAt})
	if err != nil {
		return nil, err
	}
	for i, d := range list {
		s, err := readSource(ctx, st, d)
		if err != nil {
			return nil, err
		}
		s.number = i
		q.sources = append(q.sources, s)
		q.recipe.Deliveries = append(q.recipe.Deliveries, s.ID)
	}
	corrections, err := st.Corrections(ctx, store.CorrectionFilter{KnownAt: r.KnownAt})
	if err != nil {
		return nil, err
	}
	for _, c := range corrections {
		m, err := form.ReadMoment(c.Period)
		if err != nil {
			return nil, fmt.Errorf("correction %d: %w", c.Seq, err)
		}
		q.fixes[c.Series] = append(q.fixes[c.Series], &fix{Correction: c, Moment: m})
	}
	for _, f := range v.Fields {
		if j := q.job(f); len(j.list) > 0 || len(j.fixes) > 0 {
			q.jobs = append(q.jobs, j)
			q.recipe.Fields = append(q.recipe.Fields, j.recipe())
		}
	}
	return q, nil
}

// readSource completes a delivery by what the list of them leaves out.
func readSource(ctx context.Context, st *store.Store, listed store.Delivery) (*source, error) {
	full, err := st.Delivery(ctx, listed.ID)
	if err != nil {
		return nil, err
	}
	s := &source{Delivery: listed}
	if s.mapping, err = form.ReadMapping(full.Mapping); err != nil {
		return nil, fmt.Errorf("delivery %s: %w", listed.ID, err)
	}
	if s.Moment, err = form.ReadMoment(listed.Period); err != nil {
		return nil, fmt.Errorf("delivery %s: %w", listed.ID, err)
	}
	return s, nil
}

// job says how one field comes about.
type job struct {
	field  *rules.Field
	series string
	list   []*source // in order; of a department nothing before its last complete one
	fixes  []*fix    // one an enterprise, by Seq

	// Whether only rows change that something speaks of which the base doesn't have. It has the first so many of list, and these
	// corrections.
	sparse bool
	done   int
	fixed  map[int64]bool
}

// job returns what a field comes of; of a derived field nothing.
func (q *question) job(f *rules.Field) *job {
	j := &job{field: f, series: delivery.SeriesOf(f)}
	if f.Derived() {
		return j
	}
	for _, s := range q.sources {
		if s.Serves(f, q.AsOf) && s.mapping.Has(j.series, f) {
			j.list = append(j.list, s)
		}
	}
	slices.SortFunc(j.list, (*source).compare)
	j.list = sinceComplete(j.list)
	newest := map[string]*fix{}
	for _, x := range q.fixes[j.series] {
		if n := newest[x.USCC]; x.Serves(f, q.AsOf) && (n == nil || n.compare(x) < 0) {
			newest[x.USCC] = x
		}
	}
	for _, x := range newest {
		j.fixes = append(j.fixes, x)
	}
	slices.SortFunc(j.fixes, func(a, b *fix) int { return int(a.Seq - b.Seq) })
	return j
}

// sinceComplete leaves out what a department delivered before its last complete delivery.
func sinceComplete(list []*source) []*source {
	begin := map[string]int{}
	for i, s := range list {
		if s.Complete {
			begin[s.Source] = i
		}
	}
	kept := list[:0:0]
	for i, s := range list {
		if i >= begin[s.Source] {
			kept = append(kept, s)
		}
	}
	return kept
}

func (j *job) recipe() fieldRecipe {
	r := fieldRecipe{Field: j.field.ID}
	for _, s := range j.list {
		r.From = append(r.From, s.number)
	}
	for _, x := range j.fixes {
		r.Corrections = append(r.Corrections, x.Seq)
	}
	return r
}

// changed compares the job with what the base was made from. It reports whether anything differs and, if so, notes what the
// base has already where only rows can change that what came since speaks of.
func (j *job) changed(base *recipe, all map[int64]*fix) bool {
	deliveries, corrections := base.of(j.field.ID)
	mine := j.recipe()
	if slices.EqualFunc(deliveries, j.list, func(id string, s *source) bool { return id == s.ID }) && slices.Equal(corrections, mine.Corrections) {
		return false
	}
	if len(deliveries) == 0 || len(deliveries) > len(j.list) {
		return true
	}
	for i, s := range j.list {
		if i < len(deliveries) && s.ID != deliveries[i] || s.Source != j.list[0].Source {
			return true
		}
	}
	if !j.onlyAdds(corrections, all) {
		return true
	}
	j.sparse, j.done = true, len(deliveries)
	return true
}

// grows reports whether a job that the base has done says something of enterprises that are new, and makes it one about them.
func (j *job) grows(u *universe) bool {
	if len(u.codes) == u.base || !j.speaksOfAll() && !slices.ContainsFunc(j.fixes, u.isNew) {
		return false
	}
	j.sparse, j.done, j.fixed = true, len(j.list), map[int64]bool{}
	for _, x := range j.fixes {
		j.fixed[x.Seq] = true
	}
	return true
}

// speaksOfAll reports whether some department's delivery says something of enterprises that aren't in it.
func (j *job) speaksOfAll() bool {
	return j.field.Absent != "" && slices.ContainsFunc(j.list, func(s *source) bool { return s.Complete })
}

// onlyAdds reports whether the corrections that are new can be told without looking at what they correct, and those that are
// gone were replaced by them; it notes those that the base has.
func (j *job) onlyAdds(before []int64, all map[int64]*fix) bool {
	had := make(map[int64]bool, len(before))
	for _, seq := range before {
		had[seq] = true
	}
	have, added := map[int64]bool{}, map[string]bool{}
	newest := j.list[len(j.list)-1]
	for _, x := range j.fixes {
		have[x.Seq] = true
		if had[x.Seq] {
			continue
		}
		added[x.USCC] = true
		if x.Day.Before(newest.Day) {
			return false
		}
	}
	for _, seq := range before {
		if x := all[seq]; !have[seq] && (x == nil || !added[x.USCC]) {
			return false
		}
	}
	j.fixed = had
	return true
}
