package bureau

import (
	"context"
	"errors"
	"testing"

	"mianshen/internal/casework"
	"mianshen/internal/web/desk"
)

func TestHeavyQuestionsQueue(t *testing.T) {
	b := New(casework.New(nil))
	if err := b.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 * waiting { // who gives up gives the place back
		if err := b.enter(gone); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	ended := make(chan error, waiting)
	for range waiting - 1 {
		go func() {
			err := b.enter(t.Context())
			if err == nil {
				b.leave()
			}
			ended <- err
		}()
	}
	for len(b.queue) < waiting {
		continue
	}
	var refused *desk.Refusal
	if err := b.enter(t.Context()); !errors.As(err, &refused) || !refused.Busy {
		t.Errorf("one too many: %v", err)
	}
	b.leave()
	for range waiting - 1 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if len(b.queue)+len(b.heavy) != 0 {
		t.Errorf("%d places and %d turns are still taken", len(b.queue), len(b.heavy))
	}
}
