// Package once remembers how orders that came with a key were answered, so that the same order sent again is answered alike and
// not carried out again. It lasts as long as the process; beyond that, orders are safe to repeat by themselves: deliveries are
// named by their content, and a state that is reached already changes nothing or is refused.
package once

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"

	"mianshen/internal/web/problem"
)

// Header names an order.
const Header = "Idempotency-Key"

// MaxKey is how many bytes a key has at most.
const MaxKey = 200

// Bounds of what is kept.
const (
	keptAnswers = 2000
	keptBytes   = 64 << 20 // of bodies together
	keptFor     = 24 * time.Hour
)

// Key is an order of a caller: the same text of another caller or for another address is another order.
type Key struct{ By, Path, Text string }

// Answer is how an order was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Write sends the answer again.
func (a *Answer) Write(w http.ResponseWriter) error {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
	_, err := w.Write(a.Body)
	return err
}

// Answers are those that are remembered. They may be used by many goroutines.
type Answers struct {
	now  func() time.Time
	mu   sync.Mutex
	kept map[Key]*place
	list []Key // the oldest first
	size int   // of the bodies that are kept
}

type place struct {
	order  [sha256.Size]byte // what was asked, as far as it is told apart
	at     time.Time
	answer *Answer // nil: it is being carried out
}

// New returns an empty memory; now tells the time.
func New(now func() time.Time) *Answers {
	return &Answers{now: now, kept: map[Key]*place{}}
}

// Begin takes the place of an order, which End gives back, or returns how it was answered. The error is a *problem.Problem: the
// key was used for another order, or this one is still being carried out.
func (a *Answers) Begin(key Key, order [sha256.Size]byte) (answered *Answer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.kept[key]; p != nil && (p.answer == nil || a.now().Sub(p.at) < keptFor) {
		switch {
		case p.order != order:
			return nil, problem.Wrong("header."+Header, "这个键用过了，那次的内容和这次不同：换一个新的")
		case p.answer == nil:
			return nil, problem.New(http.StatusConflict, "同一个键的请求还在处理，请稍后再问。")
		}
		return p.answer, nil
	}
	a.forget(key)
	a.kept[key] = &place{order: order, at: a.now()}
	a.list = append(a.list, key)
	a.shrink()
	return nil, nil
}

// End keeps the answer of an order, or, where it is nil, forgets the order, so that it may be sent again.
func (a *Answers) End(key Key, answer *Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.kept[key]; p != nil && answer != nil {
		p.answer = answer
		a.size += len(answer.Body)
		a.shrink()
		return
	}
	a.forget(key)
}

// shrink forgets the oldest orders until what is kept is within bounds.
func (a *Answers) shrink() {
	for len(a.list) > keptAnswers || a.size > keptBytes {
		a.forget(a.list[0])
	}
}

func (a *Answers) forget(key Key) {
	p := a.kept[key]
	if p == nil {
		return
	}
	if p.answer != nil {
		a.size -= len(p.answer.Body)
	}
	delete(a.kept, key)
	a.list = slices.DeleteFunc(a.list, func(k Key) bool { return k == key })
}
