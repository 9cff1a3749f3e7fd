// Package bureau answers officials: what departments have delivered and how it was read, how comparisons went and what they
// changed, what a changed clause would cost, what keeps items from being granted without an application. Like desk it decides
// nothing; its answers are plain values whose JSON form is that of the API, and what it is asked are plain values whose tags say
// where the API takes them from.
package bureau

import (
	"context"
	"errors"
	"sync"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/rules/civil"
)

// Bureau answers. It may be used by many goroutines.
type Bureau struct {
	office *casework.Office
	queue  chan struct{} // places for those who ask heavy questions
	heavy  chan struct{} // one question at a time goes through all enterprises: it uses every processor, and the table alone
	mu     sync.Mutex
	kept   *reports // of the newest comparison: it doesn't change any more
}

// waiting is how many heavy questions may wait for one another; who comes then is asked to come back.
const waiting = 8

// New returns a bureau over an office.
func New(office *casework.Office) *Bureau {
	return &Bureau{office: office, queue: make(chan struct{}, waiting), heavy: make(chan struct{}, 1)}
}

// Act is who orders something, and when.
type Act struct {
	By string
	At time.Time
}

// enter waits for the place of a heavy question, to be given back by leave.
func (b *Bureau) enter(ctx context.Context) error {
	select {
	case b.queue <- struct{}{}:
	default:
		return &desk.Refusal{Message: "正在为别人计算，请过一会儿再试。", Busy: true}
	}
	select {
	case b.heavy <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-b.queue
		return ctx.Err()
	}
}

func (b *Bureau) leave() {
	<-b.heavy
	<-b.queue
}

// refused tells apart what a caller did wrong from what went wrong.
func refused(err error, message string) error {
	if errors.Is(err, store.ErrConflict) {
		return &desk.Refusal{Message: message, Conflict: true}
	}
	return err
}

func instant(t time.Time) string { return t.In(civil.Shanghai()).Format(time.RFC3339) }

// names reads the names of enterprises; one without a name has its code.
func (b *Bureau) names(ctx context.Context, codes []string) (map[string]string, error) {
	out := map[string]string{}
	for _, code := range codes {
		if _, again := out[code]; again {
			continue
		}
		e, err := b.office.Store.Enterprise(ctx, code)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		out[code] = ""
		if e.Name != code {
			out[code] = e.Name
		}
	}
	return out, nil
}
