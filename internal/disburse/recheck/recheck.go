// Package recheck decides the entries of a list again just before it is approved, with the newest facts and the law of the day,
// and says entry by entry what differs from when the list was drafted. It writes nothing: whoever approves holds or removes.
package recheck

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/disburse/claim"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Kind says what became of an entry.
type Kind string

// The kinds. Only Still may be paid without a person looking at it.
const (
	Still   Kind = "still"   // due as it was drafted
	Lost    Kind = "lost"    // no longer due: hold it
	Changed Kind = "changed" // due, with another amount
	Unknown Kind = "unknown" // can't be said any more: 待核实
)

// Entry is one entry of a list, decided again.
type Entry struct {
	N                                     int
	Item, Enterprise, Name, Period, Basis string
	Part                                  string
	Kind                                  Kind
	Was, Now                              exact.Money // what the decision came to; Now 0 unless Still or Changed
	Reason                                string      // a Chinese sentence; "" for Still
	AsOf                                  civil.Date  // the day of the facts it was decided with

	basisKind string
}

// List decides all entries of a list that are in or held, in their order. Where the period of an item has passed since the list was
// drafted, only what excludes a firm (失信 and the like) is decided again. ErrNotFound: there is no such list, or no entry in it.
// ErrStale: something is known that no comparison has seen yet.
func List(ctx context.Context, o *casework.Office, list string) ([]Entry, error) {
	entries, err := read(ctx, o.Store, list)
	if err != nil {
		return nil, err
	}
	book, err := o.Current(ctx)
	if err != nil {
		return nil, err
	}
	snap, table, err := o.Latest(ctx, book.Book.Vocabulary)
	if err != nil {
		return nil, err
	}
	if err := fresh(ctx, o, snap, list); err != nil {
		return nil, err
	}
	around, err := o.Circumstances(ctx, store.Sweep{Plan: store.Plan{AsOf: snap.AsOf}})
	if err != nil {
		return nil, err
	}
	workers := runtime.GOMAXPROCS(0)
	failed := make([]error, workers)
	size := (len(entries) + workers - 1) / workers
	var wg sync.WaitGroup
	for k := range workers {
		part := entries[min(len(entries), k*size):min(len(entries), (k+1)*size)]
		wg.Go(func() { failed[k] = decide(ctx, part, book, table, around) })
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func read(ctx context.Context, s *store.Store, list string) (out []Entry, err error) {
	rows, err := s.DB().QueryContext(ctx, `SELECT e.n, e.item, e.enterprise, e.name, t.period, t.basis_kind, t.basis, e.part, e.claimed_fen
		FROM list_entry e JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part WHERE e.list = $1 AND e.status IN ('in', 'held') ORDER BY e.n`, list)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := rows.Close(); err == nil {
			err = closing
		}
	}()
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.N, &e.Item, &e.Enterprise, &e.Name, &e.Period, &e.basisKind, &e.Basis, &e.Part, &e.Was); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("名单“%.80s”不存在或没有条目，请核对编号: %w", list, store.ErrNotFound)
	}
	return out, nil
}

// decide decides some entries; those of one firm that follow each other share its profile.
func decide(ctx context.Context, entries []Entry, book *casework.Book, table *engine.Table, around rules.Circumstances) error {
	session, loaded := book.NewSession(around), ""
	for i := range entries {
		e := &entries[i]
		e.AsOf = around.AsOf
		if err := ctx.Err(); err != nil {
			return err
		}
		r, ok := book.Rule(e.Item)
		row, known := table.Row(e.Enterprise)
		switch {
		case !ok:
			e.set(Unknown, 0, "事项所在的政策已经不在库里，请核对是否仍可拨付")
			continue
		case !known:
			e.set(Unknown, 0, "最新数据里没有这家企业，请核对")
			continue
		}
		if loaded != e.Enterprise {
			p, err := table.Profile(row)
			if err != nil {
				return err
			}
			session.Load(p)
			loaded = e.Enterprise
		}
		e.decide(session, r)
	}
	return nil
}

func (e *Entry) set(kind Kind, now exact.Money, reason string) {
	e.Kind, e.Now, e.Reason = kind, now, reason
}

func (e *Entry) decide(session *rules.Session, r *rules.Rule) {
	d := session.Decide(r)
	if d.Grant.Name != e.Period {
		e.credit(d)
		return
	}
	outcome, findings, missing := d.Outcome, d.Findings, d.Missing
	record := ""
	if r.Item.Each != "" && outcome != rules.Ineligible {
		record = e.Basis
		at := slices.IndexFunc(d.Records, func(x rules.RecordDecision) bool { return x.Basis == e.Basis })
		if at < 0 {
			e.set(Lost, 0, fmt.Sprintf("“%s”里已经没有 %s 这条记录", r.Item.Each, e.Basis))
			return
		}
		if x := d.Records[at]; x.Outcome != rules.Eligible {
			outcome, findings, missing = x.Outcome, x.Findings, x.Missing
		}
	}
	switch outcome {
	case rules.Ineligible:
		e.set(Lost, 0, "现在"+claim.Failing(findings))
	case rules.Unknown:
		e.set(Unknown, 0, unclear(d, findings, missing))
	default:
		e.amount(session, d, record)
	}
}

// amount holds what an eligible decision comes to now against what it came to then.
func (e *Entry) amount(session *rules.Session, d *rules.Decision, record string) {
	if r := d.Rule; r.Item.Each == "" && r.Item.Basis != "" {
		if text, known := session.Basis(r); !known || text != e.Basis {
			e.set(Lost, 0, fmt.Sprintf("依据“%s”已由 %s 变为 %s", e.basisKind, e.Basis, text))
			return
		}
	}
	now := claim.Amounts(d)[record]
	n := 0
	if _, err := fmt.Sscanf(e.Part, "i%d", &n); err == nil {
		parts := claim.Parts(d.Rule.Item, now)
		if n > len(parts) {
			e.set(Unknown, 0, "事项的分期办法变了，请人工核定")
			return
		}
		now = parts[n-1]
		if outcome, findings := session.Instalment(d.Rule, n); outcome != rules.Eligible {
			e.set(map[bool]Kind{true: Lost, false: Unknown}[outcome == rules.Ineligible], 0, fmt.Sprintf("第 %d 期现在%s", n, claim.Failing(findings)))
			return
		}
	}
	switch {
	case strings.HasPrefix(e.Part, "c"): // a correction is a difference, which no decision alone comes to
		e.set(Still, e.Was, "")
	case now == 0:
		e.set(Lost, 0, "现在核算的金额为零")
	case now != e.Was:
		e.set(Changed, now, fmt.Sprintf("起草时核算 %s，现在核算 %s", e.Was.Words(), now.Words()))
	default:
		e.set(Still, now, "")
	}
}

// credit looks at what excludes a firm alone, for a grant of a period that is over.
func (e *Entry) credit(d *rules.Decision) {
	var excluding []rules.Finding
	for _, f := range d.Findings {
		if f.Condition != nil && f.Condition.Kind == rules.Exclude && !f.Value.True() {
			excluding = append(excluding, f)
		}
	}
	switch {
	case len(excluding) == 0:
		e.set(Still, e.Was, "")
	case slices.ContainsFunc(excluding, func(f rules.Finding) bool { return f.Value.False() }):
		e.set(Lost, 0, "现在"+claim.Failing(excluding))
	default:
		e.set(Unknown, 0, claim.Failing(excluding))
	}
}

// unclear says what a decision waits for.
func unclear(d *rules.Decision, findings []rules.Finding, missing []string) string {
	var parts []string
	for _, m := range missing {
		parts = append(parts, "缺少"+m)
	}
	parts = append(parts, d.Faults...)
	if len(parts) == 0 {
		return claim.Failing(findings)
	}
	return strings.Join(parts, "；") + "，请补齐或核实后再批准"
}
