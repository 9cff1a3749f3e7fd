package casework

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Sweep compares all current items with all enterprises of the latest snapshot as of a day and stores every decision. slot
// names the tick of the schedule that wants it; a slot that already has its sweep gives that one and store.ErrSlotTaken.
func (o *Office) Sweep(ctx context.Context, asOf civil.Date, slot string, now time.Time) (store.Sweep, error) {
	book, err := o.Current(ctx)
	if err != nil {
		return store.Sweep{}, err
	}
	snapshot, err := o.Store.LatestSnapshot(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return store.Sweep{}, ErrNothing
	}
	if err != nil {
		return store.Sweep{}, err
	}
	plan := store.Plan{Slot: slot, AsOf: asOf, KnownAt: now, Snapshot: snapshot.ID, Vocabulary: book.Vocabulary, Policies: book.VersionIDs()}
	sweep, err := o.Store.BeginSweep(ctx, plan, now)
	if errors.Is(err, store.ErrSlotTaken) {
		done, lookup := o.Store.SweepBySlot(ctx, slot)
		return done, errors.Join(err, lookup)
	}
	if err != nil {
		return store.Sweep{}, err
	}
	began := time.Now()
	err = o.decideAll(ctx, book, sweep)
	now = now.Add(time.Since(began))
	if err != nil {
		giveUp := context.WithoutCancel(ctx)
		return sweep, errors.Join(err, o.Store.FinishSweep(giveUp, sweep.ID, store.Failed, err.Error(), now))
	}
	if err := o.Store.FinishSweep(ctx, sweep.ID, store.Done, "", now); err != nil {
		return sweep, err
	}
	return o.Store.Sweep(ctx, sweep.ID)
}

// Due lists the rules that are decided on the day.
func (b *Book) Due(asOf civil.Date) []*rules.Rule {
	var out []*rules.Rule
	for _, r := range b.Rules {
		if r.Due(asOf) {
			out = append(out, r)
		}
	}
	return out
}

func (o *Office) decideAll(ctx context.Context, book *Book, sweep store.Sweep) error {
	profiles, err := o.profiles(ctx, book.Book, sweep.Snapshot)
	if err != nil {
		return err
	}
	list := book.Due(sweep.AsOf)
	out := make([]store.Decision, len(list)*len(profiles))
	around := rules.Circumstances{AsOf: sweep.AsOf}
	err = engine.Sweep(ctx, book.Book, list, profiles, around, func(r, p int, d *rules.Decision) {
		out[r*len(profiles)+p] = book.stored(d, sweep)
	})
	if err != nil {
		return err
	}
	_, err = o.Store.PutDecisions(ctx, sweep.ID, out)
	return err
}

func (o *Office) profiles(ctx context.Context, b *rules.Book, snapshot string) ([]*rules.Profile, error) {
	var out []*rules.Profile
	err := o.Store.Profiles(ctx, snapshot, func(p store.Profile) error {
		profile, err := DecodeProfile(b.Vocabulary, p.USCC, p.Body)
		out = append(out, profile)
		return err
	})
	return out, err
}

// stored is a decision as the store keeps it: the canonical bytes stay out, since they can be computed again from what the
// sweep pins; their SHA-256 stays to hold that against.
func (b *Book) stored(d *rules.Decision, sweep store.Sweep) store.Decision {
	version := b.Versions[d.Rule.Policy.ID]
	sum := sha256.Sum256(d.AppendLine(nil))
	out := store.Decision{
		ID: decisionID(b.Key(), d.Rule.Item.ID, d.Enterprise, sweep), PolicyVersion: version, Item: d.Rule.Item.ID,
		Enterprise: d.Enterprise, AsOf: sweep.AsOf, Outcome: store.Outcome(d.Outcome), SHA256: hex.EncodeToString(sum[:]),
	}
	if d.Amount != nil {
		out.HasAmount, out.AmountFen = true, int64(*d.Amount)
	}
	return out
}

// decisionID names a decision by all it is computed from, so that the same decision always has the same id. All policies of the
// book count: by 符合 an item may depend on another policy.
func decisionID(book, item, enterprise string, sweep store.Sweep) string {
	h := sha256.New()
	for _, part := range []string{book, item, enterprise, sweep.Snapshot, sweep.Vocabulary, sweep.AsOf.String()} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
