package event_test

import (
	"testing"
	"time"

	"mianshen/internal/notify/event"
)

func TestKinds(t *testing.T) {
	names, labels := map[string]bool{}, map[string]bool{}
	for _, k := range event.Kinds() {
		if names[k.Name] || labels[k.Label] {
			t.Errorf("%s %s stands twice", k.Name, k.Label)
		}
		names[k.Name], labels[k.Label] = true, true
		seen := map[string]bool{}
		for _, v := range k.Variables {
			if v.Name == "" || v.Means == "" || seen[v.Name] {
				t.Errorf("%s: variable %+v", k.Name, v)
			}
			seen[v.Name] = true
		}
		if found, ok := event.KindOf(k.Name); !ok || found.Label != k.Label || !k.Has(event.Link) || k.Has("没有") {
			t.Errorf("%s isn't found as it is", k.Name)
		}
	}
	if len(names) != 17 {
		t.Errorf("%d kinds", len(names))
	}
	if _, ok := event.KindOf("none"); ok {
		t.Error("a kind that isn't there was found")
	}
}

func TestNew(t *testing.T) {
	e := event.New(event.Paid, "91310118MA00000001", "pay-1", time.Unix(0, 0))
	if e.ID != event.ID(event.Paid, "91310118MA00000001", "pay-1") || e.Data[event.Topic] != event.Paid {
		t.Errorf("%+v", e)
	}
}
