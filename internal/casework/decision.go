package casework

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Decision is what one item meant for one enterprise in a sweep. It is read from the sweep's state and immutable.
type Decision struct {
	ID            string // "<sweep>-<item>-<USCC>"
	Sweep         int64
	PolicyVersion string
	PolicyID      string
	Item          string
	Enterprise    string
	AsOf          civil.Date
	Outcome       rules.Outcome
	HasAmount     bool
	Amount        exact.Money
	SHA256        string // of the canonical bytes, in hexadecimal, where the sweep recorded a difference; else ""
}

// ErrContradiction says that the rule's program and the stored state of a sweep disagree: one of them has been tampered with, or
// the program has a fault. Nothing that depends on the pair may be relied on.
var ErrContradiction = errors.New("the rule's program contradicts the stored state")

// DecisionID names the decision of a sweep about an item and an enterprise.
func DecisionID(sweep int64, item, uscc string) string {
	return fmt.Sprintf("%d-%s-%s", sweep, item, uscc)
}

// parseID takes a decision's id apart.
func parseID(id string) (sweep int64, item, uscc string, err error) {
	number, rest, ok := strings.Cut(id, "-")
	last := strings.LastIndexByte(rest, '-')
	sweep, bad := strconv.ParseInt(number, 10, 64)
	if !ok || bad != nil || last <= 0 || sweep <= 0 || number != strconv.FormatInt(sweep, 10) || len(rest) > 200 {
		return 0, "", "", fmt.Errorf("decision %.80q: %w", id, store.ErrNotFound)
	}
	return sweep, rest[:last], rest[last+1:], nil
}

// decisions reads what a finished sweep came to for an enterprise, one decision for each item in byte order of the items.
func (o *Office) decisions(ctx context.Context, sweep store.Sweep, book *Book, uscc string) ([]Decision, error) {
	snap, err := o.Store.Snapshot(ctx, sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	row, err := o.reader.Row(ctx, snap, uscc)
	if err != nil {
		return nil, err
	}
	_, blocks := span(sweep.Plan, 0)
	state, err := o.shard(ctx, sweep.ID, row/(blocks*kernel.Rows))
	if err != nil {
		return nil, err
	}
	at := row % (blocks * kernel.Rows)
	hashes, err := o.hashes(ctx, sweep.ID, uscc)
	if err != nil {
		return nil, err
	}
	out := make([]Decision, 0, len(state.Items))
	for i, t := range state.Items {
		r, ok := book.Rule(t.Item)
		if !ok {
			return nil, fmt.Errorf("sweep %d: item %s isn't in its policy versions", sweep.ID, t.Item)
		}
		d := Decision{
			ID: DecisionID(sweep.ID, t.Item, uscc), Sweep: sweep.ID, PolicyVersion: book.Versions[r.Policy.ID], PolicyID: r.Policy.ID,
			Item: t.Item, Enterprise: uscc, AsOf: sweep.AsOf, Outcome: state.Outcome(i, at), SHA256: hashes[t.Item],
		}
		d.Amount, d.HasAmount = state.Amount(i, at)
		out = append(out, d)
	}
	return out, nil
}

// hashes are the hashes that a sweep recorded about an enterprise, by item.
func (o *Office) hashes(ctx context.Context, sweep int64, uscc string) (map[string]string, error) {
	list, err := o.Store.Differences(ctx, sweep, store.DifferenceFilter{Enterprise: uscc})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, d := range list {
		if d.SHA256 != ([32]byte{}) {
			out[d.Item] = hex.EncodeToString(d.SHA256[:])
		}
	}
	return out, nil
}

// agrees holds a decision computed by the rule's program against what columns came to.
func agrees(d *rules.Decision, c engine.Change) error {
	same := d.Outcome == c.Now && (d.Amount != nil) == c.HasAfter && (d.Amount == nil || *d.Amount == c.After)
	if same {
		return nil
	}
	return &Contradiction{Item: c.Item, Enterprise: d.Enterprise, Text: fmt.Sprintf("program %s %v, columns %s %v", d.Outcome, d.Amount, c.Now, c.After)}
}

// Contradiction is a pair of which columns and the rule's own program come to different things. It is an ErrContradiction.
type Contradiction struct{ Item, Enterprise, Text string }

// Error says which pair.
func (c *Contradiction) Error() string {
	return fmt.Sprintf("item %s, enterprise %s: %s", c.Item, c.Enterprise, c.Text)
}

// Unwrap makes it an ErrContradiction.
func (c *Contradiction) Unwrap() error { return ErrContradiction }

// reproduces reports whether a decision computed again is what was stored: outcome, amount and, where there is one, the hash of
// the canonical bytes.
func (d Decision) reproduces(again *rules.Decision) bool {
	same := again.Outcome == d.Outcome && (again.Amount != nil) == d.HasAmount && (again.Amount == nil || *again.Amount == d.Amount)
	return same && (d.SHA256 == "" || store.Hash(again.AppendLine(nil)) == d.SHA256)
}
