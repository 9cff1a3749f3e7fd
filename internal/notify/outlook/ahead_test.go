package outlook_test

import (
	"context"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/facts"
	"mianshen/internal/facts/form"
	"mianshen/internal/notify/forecast"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Ahead is what is known of enterprises for the days to come: a snapshot for each day from which on others of the facts count that
// had been received by an instant. Other days see what the snapshot before them sees, but for facts that get too old.
type Ahead struct {
	v      *rules.Vocabulary
	from   []civil.Date
	snaps  []store.Snapshot
	reader *facts.Reader
}

// LookAhead builds the snapshots of the days that a forecast from today on looks at, for what the book reads. None of them becomes the
// latest.
func LookAhead(ctx context.Context, office *casework.Office, book *casework.Book, today civil.Date, known, now time.Time) (*Ahead, error) {
	days, err := turning(ctx, office.Store, book.Book.Vocabulary, today, known)
	if err != nil {
		return nil, err
	}
	a := &Ahead{v: book.Book.Vocabulary, from: days, reader: facts.NewReader(office.Store)}
	for _, day := range days {
		snap, err := facts.Build(ctx, office.Store, a.v, facts.Request{Vocabulary: book.Vocabulary, AsOf: day, KnownAt: known, Now: now})
		if err != nil {
			return nil, err
		}
		a.snaps = append(a.snaps, snap)
	}
	return a, nil
}

// turning lists the days, today first, from which on other deliveries or corrections may count: the first of each period that a fact is
// of, and the days that what is current is of.
func turning(ctx context.Context, s *store.Store, v *rules.Vocabulary, today civil.Date, known time.Time) ([]civil.Date, error) {
	last, _ := today.AddDays(forecast.Horizon)
	days := []civil.Date{today}
	add := func(day civil.Date) {
		if day.After(today) && !day.After(last) {
			days = append(days, day)
		}
	}
	for _, f := range v.Fields {
		if f.Period.Span == rules.Day {
			continue
		}
		for p := f.Period.Span.Of(today, -1); !p.From.IsZero() && !p.From.After(last); p = f.Period.Span.Of(p.From, -1) {
			add(p.From)
		}
	}
	deliveries, err := s.Deliveries(ctx, store.DeliveryFilter{State: store.Accepted, KnownAt: known})
	if err != nil {
		return nil, err
	}
	corrections, err := s.Corrections(ctx, store.CorrectionFilter{KnownAt: known})
	if err != nil {
		return nil, err
	}
	var periods []string
	for _, d := range deliveries {
		periods = append(periods, d.Period)
	}
	for _, c := range corrections {
		periods = append(periods, c.Period)
	}
	for _, p := range periods {
		m, err := form.ReadMoment(p)
		if err != nil {
			return nil, err
		}
		add(m.Day)
	}
	slices.SortFunc(days, civil.Date.Compare)
	return slices.Compact(days), nil
}

// Stretches are what is known of one enterprise, for a forecast.
func (a *Ahead) Stretches(ctx context.Context, uscc string) ([]forecast.Stretch, error) {
	out := make([]forecast.Stretch, len(a.from))
	for i, snap := range a.snaps {
		profile, err := a.reader.Profile(ctx, a.v, snap, uscc)
		if err != nil {
			return nil, err
		}
		out[i] = forecast.Stretch{From: a.from[i], Profile: profile}
	}
	return out, nil
}
