// Package foretell says, before a policy is published, who will be told first: how many events of each kind it brings, the firms that come
// first with the ways on which they hear of it, and the words of one message.
package foretell

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/words"
)

// Most is how many come first.
const Most = 10

// Way is how a message reaches a firm.
type Way struct {
	Channel string
	At      time.Time // not before; the instant asked for where nothing delays it
	Dropped string    // why it doesn't go on this channel at all, "" where it does
}

// First is an event that is among the first to be told, with its ways, the inbox first.
type First struct {
	Event event.Event
	Ways  []Way
}

// Sight is what a publication brings.
type Sight struct {
	Counts map[string]int // by kind of event
	Events int
	Firms  int
	First  []First // by worth, as they are sent; at most Most
	Words  words.Said
}

// Office is what a sight is made with.
type Office struct {
	Follower *derive.Follower
	Outlook  *outlook.Outlook
	Box      *outbox.Box
	Shelf    *words.Shelf
}

// Of says what publishing a proposal brings, by its trial: what firms haven't heard yet, and how it would go out at an instant.
func (o Office) Of(ctx context.Context, p *casework.Proposal, t *casework.Trial, now time.Time) (Sight, error) {
	s := Sight{Counts: map[string]int{}}
	firms := map[string]bool{}
	var first []event.Event
	err := o.events(ctx, p, t, now, func(events []event.Event) error {
		known, err := o.Box.Known(ctx, events)
		if err != nil {
			return err
		}
		for _, e := range events {
			if known[e.ID] {
				continue
			}
			s.Counts[e.Kind]++
			s.Events++
			firms[e.Enterprise] = true
			first = append(first, e)
		}
		slices.SortFunc(first, order)
		first = slices.Clone(first[:min(Most, len(first))])
		return nil
	})
	if err != nil {
		return s, err
	}
	s.Firms = len(firms)
	for _, e := range first {
		ways, err := o.ways(ctx, e, now)
		if err != nil {
			return s, err
		}
		s.First = append(s.First, First{e, ways})
	}
	if len(first) > 0 {
		s.Words, err = o.Shelf.Write(ctx, channel.Inbox, first[:1])
	}
	return s, err
}

// events hands on what each of those who tell firms will tell.
func (o Office) events(ctx context.Context, p *casework.Proposal, t *casework.Trial, now time.Time, tell func([]event.Event) error) error {
	if err := o.Follower.Foretell(ctx, p, t, now, tell); err != nil {
		return err
	}
	return o.Outlook.Foretell(ctx, p, t, now, tell)
}

// order has the most valuable first, as messages are sent.
func order(a, b event.Event) int {
	return cmp.Or(cmp.Compare(b.Worth, a.Worth), a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
}

// ways asks the firm's choice as the moment of sending will.
func (o Office) ways(ctx context.Context, e event.Event, now time.Time) ([]Way, error) {
	preference, err := o.Box.Preference(ctx, e.Enterprise)
	if err != nil {
		return nil, err
	}
	contacts, err := o.Box.Contacts(ctx, e.Enterprise)
	if err != nil {
		return nil, err
	}
	ways := []Way{{Channel: channel.Inbox, At: now}}
	for _, c := range contacts {
		if c.VerifiedAt.IsZero() || !c.StoppedAt.IsZero() || c.Channel == channel.Inbox {
			continue
		}
		w := Way{Channel: c.Channel, At: now}
		deeds := choice.Decide(preference, []choice.Waiting{{Event: e}}, 0, now)
		for _, d := range deeds.Drop {
			w.Dropped = d.Why
		}
		for _, l := range deeds.Later {
			w.At = l.At
		}
		ways = append(ways, w)
	}
	return ways, nil
}
