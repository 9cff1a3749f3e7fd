package once_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
)

func TestAnswers(t *testing.T) {
	now := time.Date(2025, 7, 1, 9, 0, 0, 0, time.UTC)
	a := once.New(func() time.Time { return now })
	key, order := once.Key{By: "甲", Path: "/p", Text: "k"}, [32]byte{1}
	status := func(err error) int {
		var p *problem.Problem
		if errors.As(err, &p) {
			return p.Status
		}
		return 0
	}
	if got, err := a.Begin(key, order); got != nil || err != nil {
		t.Fatal(got, err)
	}
	if _, err := a.Begin(key, order); status(err) != http.StatusConflict {
		t.Errorf("an order under way: %v", err)
	}
	a.End(key, nil)
	if got, err := a.Begin(key, order); got != nil || err != nil {
		t.Errorf("what was given up can't be sent again: %v", err)
	}
	a.End(key, &once.Answer{Status: http.StatusCreated})
	if got, err := a.Begin(key, order); err != nil || got == nil || got.Status != http.StatusCreated {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := a.Begin(key, [32]byte{2}); status(err) != http.StatusUnprocessableEntity {
		t.Errorf("another order under the key: %v", err)
	}
	if got, err := a.Begin(once.Key{By: "乙", Path: "/p", Text: "k"}, order); got != nil || err != nil {
		t.Errorf("another caller gets %+v, %v", got, err)
	}
	now = now.Add(25 * time.Hour)
	if got, err := a.Begin(key, order); got != nil || err != nil {
		t.Errorf("a day later: %+v, %v", got, err)
	}
	for i := range 2500 {
		k := once.Key{Text: fmt.Sprint(i)}
		if _, err := a.Begin(k, order); err != nil {
			t.Fatal(err)
		}
		a.End(k, &once.Answer{})
	}
	if got, _ := a.Begin(once.Key{Text: "2499"}, order); got == nil {
		t.Error("the newest answer is forgotten")
	}
	if got, _ := a.Begin(once.Key{Text: "0"}, order); got != nil {
		t.Error("everything is kept for ever")
	}
	for i := range 100 {
		k := once.Key{Text: fmt.Sprint("large ", i)}
		if _, err := a.Begin(k, order); err != nil {
			t.Fatal(err)
		}
		a.End(k, &once.Answer{Body: make([]byte, 1<<20)})
	}
	kept := 0
	for i := range 100 {
		if got, _ := a.Begin(once.Key{Text: fmt.Sprint("large ", i)}, order); got != nil {
			kept++
		}
	}
	if kept == 0 || kept > 64 {
		t.Errorf("%d answers of a MiB are kept", kept)
	}
}
