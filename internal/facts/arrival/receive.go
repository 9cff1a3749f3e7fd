// Package arrival takes in what departments deliver: files become deliveries in the store, which count at once, or wait for a
// person when they look like a mistake; single cells are corrected, and deliveries withdrawn.
package arrival

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mianshen/internal/facts/form"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Meta says what is received from whom.
type Meta struct {
	delivery.Meta
	ReceivedBy string // never empty
	Hold       Hold
}

// Receive reads a delivery that is one or more files, stores it and gives it its first standing at now: accepted, or held when it
// differs from the one before so much that a person has to look, which the standing's reason says in Chinese. The jumps are all
// differences that are worth telling. What was delivered before in the same way is returned as it stands.
//
// The report is there also when the delivery is refused. Then the error is an *intake.Problems, and nothing counts; what had been
// stored meanwhile goes with the next store.DropLoading. Other errors are about meta, the store's or ctx's.
func Receive(ctx context.Context, st *store.Store, v *rules.Vocabulary, ins []intake.Input, meta Meta, now time.Time) (store.Delivery, *delivery.Report, []delivery.Jump, error) {
	if meta.Purpose == "" || meta.LegalBasis == "" {
		return store.Delivery{}, nil, nil, errors.New("没有说明数据的用途和依据")
	}
	if _, err := delivery.CheckPeriod(meta.Period); err != nil {
		return store.Delivery{}, nil, nil, err
	}
	a, err := begin(ctx, st, store.Delivery{
		Source: meta.Source, Period: meta.Period, Complete: meta.Complete, ReceivedAt: now, ReceivedBy: meta.ReceivedBy,
		File: fileNames(ins), Purpose: meta.Purpose, LegalBasis: meta.LegalBasis,
	})
	if err != nil {
		return store.Delivery{}, nil, nil, err
	}
	report, err := delivery.ReadAll(ctx, v, ins, meta.Meta, delivery.Limits{}, func(p delivery.Part) error {
		_, err := a.put(ctx, p)
		return err
	})
	if err != nil {
		return store.Delivery{}, report, nil, err
	}
	a.mapping.Describe(report)
	a.mapping.Bind(v)
	jumps, held, err := a.compare(ctx, report, meta.Hold)
	if err != nil {
		return store.Delivery{}, report, nil, err
	}
	standing := store.Standing{State: store.Accepted, At: now, By: meta.ReceivedBy}
	if len(held) > 0 {
		standing.State, standing.Reason = store.OnHold, reason(held)
	}
	seal := store.Seal{Bytes: report.Bytes, Rows: int64(report.Rows), Checksum: report.Checksum}
	if seal.Report, err = json.Marshal(report); err != nil {
		return store.Delivery{}, report, nil, err
	}
	d, err := a.seal(ctx, seal, standing)
	return d, report, jumps, err
}

// maxNames caps what is kept of the names of a delivery's files.
const maxNames = 1000

func fileNames(ins []intake.Input) string {
	names := make([]string, len(ins))
	for i, in := range ins {
		names[i] = strings.ToValidUTF8(strings.ReplaceAll(in.Name, "\x00", ""), "\ufffd")
	}
	all := []rune(strings.Join(names, "、"))
	if len(all) > maxNames {
		return string(all[:maxNames]) + "…"
	}
	return string(all)
}

// edition is part of every delivery's id. It changes when the same files come to mean something else.
const edition = "mianshen delivery 1"

// arrival is a delivery that is being stored.
type arrival struct {
	store.Delivery
	st      *store.Store
	mapping form.Mapping
	parts   int
}

func begin(ctx context.Context, st *store.Store, d store.Delivery) (*arrival, error) {
	seq, err := st.BeginDelivery(ctx, d)
	d.Seq = seq
	return &arrival{Delivery: d, st: st, mapping: form.Mapping{Series: []form.Series{}}}, err
}

// put stores the next part and returns its bytes.
func (a *arrival) put(ctx context.Context, p delivery.Part) ([]byte, error) {
	body, err := form.EncodePart(p)
	if err != nil {
		return nil, err
	}
	a.mapping.Add(p.Columns)
	_, err = a.st.PutPart(ctx, a.Seq, store.Part{N: a.parts, Rows: int64(len(p.Codes)), Body: body})
	a.parts++
	return body, err
}

// seal completes the delivery. Where it had been sealed before, that one is returned.
func (a *arrival) seal(ctx context.Context, s store.Seal, standing store.Standing) (store.Delivery, error) {
	var err error
	if s.Mapping, err = json.Marshal(a.mapping); err != nil {
		return store.Delivery{}, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%q\n%q\n%t\n%s\n%s", edition, a.Source, a.Period, a.Complete, s.Mapping, s.Checksum))
	s.ID = hex.EncodeToString(sum[:])
	stored, err := a.st.SealDelivery(ctx, a.Seq, s, standing)
	if errors.Is(err, store.ErrConflict) && stored.ID == s.ID {
		return stored, nil
	}
	return stored, err
}

// Accept lets a delivery count that was held or quarantined. by and reason say who decided that, and why.
func Accept(ctx context.Context, st *store.Store, id, by, reason string, now time.Time) error {
	return st.SetStanding(ctx, id, store.Standing{State: store.Accepted, At: now, By: by, Reason: reason})
}

// Quarantine takes a delivery out that is bad, or suspected to be.
func Quarantine(ctx context.Context, st *store.Store, id, by, reason string, now time.Time) error {
	return st.SetStanding(ctx, id, store.Standing{State: store.Quarantined, At: now, By: by, Reason: reason})
}

// Withdraw takes a delivery back for good.
func Withdraw(ctx context.Context, st *store.Store, id, by, reason string, now time.Time) error {
	return st.SetStanding(ctx, id, store.Standing{State: store.Withdrawn, At: now, By: by, Reason: reason})
}
