package event_test

import (
	"testing"

	"mianshen/internal/notify/event"
)

func TestID(t *testing.T) {
	if got := event.ID("paid", "91310118MA00000001", "pay-1"); got != event.ID("paid", "91310118MA00000001", "pay-1") || len(got) != 64 {
		t.Errorf("the id is %q", got)
	}
	if event.ID("a", "bc", "d") == event.ID("ab", "c", "d") || event.ID("a", "b", "cd") == event.ID("a", "bc", "d") {
		t.Error("parts run into each other")
	}
}
