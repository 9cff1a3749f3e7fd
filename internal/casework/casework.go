// Package casework joins the store, the facts, the rules and the engine: it publishes policies as immutable versions, runs sweeps
// over what is current, keeps their states and differences, and answers with decisions and their explanations. What it answers
// is computed from what a sweep has pinned (policy version, vocabulary, snapshot, day), never from what is current by chance.
package casework

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/rules"
)

// ErrNothing says that there is no finished sweep, policy or vocabulary yet to answer from.
var ErrNothing = errors.New("nothing published or compared yet")

// Office answers from one store. It may be used by many goroutines.
type Office struct {
	Store *store.Store
	Past  Past // set before the office is used; nil: there are no findings, and the history isn't known

	reader *facts.Reader
	mu     sync.Mutex
	books  map[string]*Book // by the versions compiled; a few recent ones
	order  []string
	kept   shelf // tables and states that were read lately
}

// New returns an office over the store.
func New(s *store.Store) *Office {
	return &Office{Store: s, reader: facts.NewReader(s), books: map[string]*Book{}}
}

// Book is a compiled set of published versions. It is immutable.
type Book struct {
	*rules.Book
	Vocabulary string            // id of the vocabulary version
	Versions   map[string]string // policy id -> version id
	key        string
}

// VersionIDs lists the versions, sorted.
func (b *Book) VersionIDs() []string {
	out := make([]string, 0, len(b.Versions))
	for _, v := range b.Versions {
		out = append(out, v)
	}
	sort.Strings(out)
	return out
}

// Key is one hash over the vocabulary and all versions of the book.
func (b *Book) Key() string { return b.key }

// Current compiles all current policy versions against the current vocabulary. ErrNothing when there are none.
func (o *Office) Current(ctx context.Context) (*Book, error) {
	v, err := o.Store.CurrentVocabulary(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNothing
	}
	if err != nil {
		return nil, err
	}
	versions, err := o.Store.CurrentPolicies(ctx)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, ErrNothing
	}
	return o.compile(v, versions)
}

// Of compiles what a sweep has pinned.
func (o *Office) Of(ctx context.Context, plan store.Plan) (*Book, error) {
	v, err := o.Store.VocabularyVersion(ctx, plan.Vocabulary)
	if err != nil {
		return nil, err
	}
	var versions []store.PolicyVersion
	for _, id := range plan.Policies {
		p, err := o.Store.PolicyVersion(ctx, id)
		if err != nil {
			return nil, err
		}
		versions = append(versions, p)
	}
	return o.compile(v, versions)
}

// keptBooks is how many compiled sets are kept: the current one, that of the last sweep, and a few that are being explained.
const keptBooks = 4

func (o *Office) compile(v store.VocabularyVersion, versions []store.PolicyVersion) (*Book, error) {
	ids := make([]string, len(versions))
	for i, p := range versions {
		ids[i] = p.ID
	}
	sort.Strings(ids)
	key := store.Hash([]byte(v.ID + strings.Join(ids, "")))
	o.mu.Lock()
	defer o.mu.Unlock()
	if b := o.books[key]; b != nil {
		return b, nil
	}
	vocabulary, ms := rules.ParseVocabulary("vocabulary.yaml", v.Body)
	if err := ms.Err(); err != nil {
		return nil, fmt.Errorf("vocabulary %s: %w", v.ID, err)
	}
	b := &Book{Vocabulary: v.ID, Versions: map[string]string{}, key: key}
	policies, err := unpackAll(versions)
	if err != nil {
		return nil, err
	}
	for _, version := range versions {
		b.Versions[version.PolicyID] = version.ID
	}
	book, ms := rules.Compile(vocabulary, policies)
	if err := ms.Err(); err != nil {
		return nil, fmt.Errorf("compile published policies: %w", err)
	}
	b.Book = book
	o.keep(key, b)
	return b, nil
}

// unpackAll reads the archives of versions, side by side. The error is the first version's that can't be read.
func unpackAll(versions []store.PolicyVersion) ([]*rules.Policy, error) {
	policies, failed := make([]*rules.Policy, len(versions)), make([]error, len(versions))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(versions)); i = next.Add(1) - 1 {
				policies[i], failed[i] = Unpack(versions[i].Files, versions[i].PolicyID)
			}
		})
	}
	wg.Wait()
	for i, err := range failed {
		if err != nil {
			return nil, fmt.Errorf("policy version %s: %w", versions[i].ID, err)
		}
	}
	return policies, nil
}

func (o *Office) keep(key string, b *Book) {
	if len(o.order) >= keptBooks {
		delete(o.books, o.order[0])
		o.order = o.order[1:]
	}
	o.books[key] = b
	o.order = append(o.order, key)
}
