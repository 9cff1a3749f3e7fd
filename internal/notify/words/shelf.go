package words

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
)

// Shelf keeps templates in a store, each version for good, over those that are built in.
type Shelf struct {
	s    *store.Store
	base string
}

// NewShelf returns the templates of a store; base is the address of the pages that messages lead to.
func NewShelf(s *store.Store, base string) *Shelf { return &Shelf{s, base} }

const newest = `SELECT version, title, body FROM template WHERE kind = $1 AND channel = $2 ORDER BY version DESC LIMIT 1`

// Current is the template that counts for a kind on a channel: the newest of the channel, else of all channels, else the one built in.
func (s *Shelf) Current(ctx context.Context, kind, channel string) (Template, error) {
	for _, c := range []string{channel, ""} {
		t := Template{Kind: kind, Channel: c}
		err := s.s.DB().QueryRowContext(ctx, newest, kind, c).Scan(&t.Version, &t.Title, &t.Body)
		if !errors.Is(err, sql.ErrNoRows) {
			return t, err
		}
	}
	t, ok := Default(kind)
	if !ok {
		return t, fmt.Errorf("template of %q: %w", kind, store.ErrNotFound)
	}
	return t, nil
}

// Set stores new versions, all of them or none, which count from now on; it returns their numbers. The error wraps ErrTemplate and lists
// all that Lint finds.
func (s *Shelf) Set(ctx context.Context, list []Template, by string, now time.Time) (versions []int, err error) {
	for _, t := range list {
		if wrong := Lint(t); len(wrong) > 0 {
			return nil, fmt.Errorf("%w：\n%w", ErrTemplate, wrong)
		}
	}
	err = s.s.Transact(ctx, func(tx *store.Tx) error {
		versions = make([]int, len(list))
		for i, t := range list {
			const next = `SELECT COALESCE(max(version), 0) + 1 FROM template WHERE kind = $1 AND channel = $2`
			if err := tx.QueryRow(ctx, next, t.Kind, t.Channel).Scan(&versions[i]); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO template (kind, channel, version, title, body, set_by, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				t.Kind, t.Channel, versions[i], t.Title, t.Body, by, store.Stamp(now)); err != nil {
				return err
			}
		}
		for i, t := range list {
			if err := tx.Audit(ctx, audit.Entry{
				Kind: "notify.template", Subject: t.Kind, At: now, Sealed: map[string]string{"person": by},
				Facts: map[string]string{"channel": channelName(t.Channel), "version": strconv.Itoa(versions[i]), "sha256": store.Hash([]byte(t.Title + "\n" + t.Body))},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return versions, err
}

func channelName(c string) string {
	if c == "" {
		return "all"
	}
	return c
}

// Preview says the newest real event of a template's kind in its words; store.ErrNotFound where there is none yet.
func (s *Shelf) Preview(ctx context.Context, t Template, find func(ctx context.Context, kind string) (event.Event, error)) (Said, error) {
	e, err := find(ctx, t.Kind)
	if err != nil {
		return Said{}, err
	}
	return Say(t, e, s.base)
}

// Write says one event on a channel, or several as a digest.
func (s *Shelf) Write(ctx context.Context, channel string, events []event.Event) (Said, error) {
	if len(events) == 0 {
		return Said{}, fmt.Errorf("nothing to say: %w", store.ErrInvalid)
	}
	var titles strings.Builder
	var said Said
	for i, e := range events {
		t, err := s.Current(ctx, e.Kind, channel)
		if err != nil {
			return Said{}, err
		}
		if said, err = Say(t, e, s.base); err != nil {
			return Said{}, err
		}
		fmt.Fprintf(&titles, "%d. %s\n   %s\n", i+1, said.Title, said.Link)
	}
	if len(events) == 1 {
		return said, nil
	}
	return Said{
		Title: fmt.Sprintf("您单位有 %d 条通知", len(events)), Link: strings.TrimSuffix(s.base, "/") + "/",
		Text: events[0].Data[event.Firm] + "：\n" + titles.String(),
	}, nil
}
