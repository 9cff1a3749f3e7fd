package past_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/internal/whatif"
	"mianshen/internal/whatif/past"
	"mianshen/rules"
	"mianshen/rules/civil"
)

const vocabulary = `fields:
  - {name: 营业收入, id: revenue, type: money, unit: 元, source: 区税务局}
  - {name: 失信, id: dishonest, type: bool, source: 区法院, absent: false}
`

const policy = `id: p
title: 示例奖励
in_force: {from: 2025-01-01, to: 2026-12-31}
clauses: [{ref: 第一条, text: "营业收入五百万元以上且未失信的，按收入百分之一奖励。"}]
items:
  - id: award
    title: 奖励
    conditions:
      - {id: revenue, clause: 第一条, quote: 营业收入五百万元以上, require: 营业收入 >= 取值("门槛"), because: 收入达到门槛, remedy: 达到后再比对}
      - {id: dishonest, clause: 第一条, quote: 未失信, exclude: 失信, because: 未失信, remedy: 信用修复}
    amount: 营业收入 * 比例(1)
`

const cases = `cases:
  - {name: 达到, kind: accepted, item: award, as_of: 2025-06-30, facts: {营业收入: 90000000, 失信: 否}, expect: {outcome: eligible, amount: "900000.00"}}
  - {name: 没有达到, kind: refused, like: 达到, facts: {营业收入: 1}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 差一分, kind: boundary, like: 达到, facts: {营业收入: 4999999.99}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 没有失信数据, kind: missing, like: 达到, facts: {失信: ~}, expect: {outcome: unknown, missing: [失信]}}
`

// The firms, in the order of their codes: one stays, one turns out dishonest, one had more revenue, one was new, one only waits.
const (
	stays, dishonest, richer, fresh, waits = "91310118XN00UTGJ4H", "91310118XN5BCUMW2G", "91310118XN7HDA3U5B", "91310118XNHH3W362Y", "91310118XNQ4X1AB1Q"
)

var (
	day  = civil.MustParse("2025-06-30")
	june = time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC)
)

type town struct {
	*testing.T
	st     *store.Store
	office *casework.Office
	v      *rules.Vocabulary
}

func newTown(t *testing.T) *town {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	v, ms := rules.ParseVocabulary("v", []byte(vocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	return &town{T: t, st: st, office: casework.New(st), v: v}
}

func (t *town) publish(threshold int, at time.Time) {
	t.Helper()
	values := fmt.Sprintf("values: [{name: 门槛, unit: 万元, clause: 第一条, dated: [{from: 2025-01-01, value: %d}]}]\n", threshold)
	text := cases
	if threshold != 500 {
		text = strings.ReplaceAll(cases, "4999999.99", fmt.Sprintf("%d.99", threshold*10_000-1))
	}
	p, err := t.office.ProposeWith(t.Context(), []byte(vocabulary), fstest.MapFS{"p/policy.yaml": {Data: []byte(policy)}, "p/values.yaml": {Data: []byte(values)}, "p/cases.yaml": {Data: []byte(text)}}, "x")
	if err == nil {
		_, err = t.office.Publish(t.Context(), p, "甲", at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// deliver hands over one column of one department: pairs of code and cell.
func (t *town) deliver(source, field string, complete bool, at time.Time, cells ...string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "统一社会信用代码,%s\n", field)
	for i := 0; i < len(cells); i += 2 {
		fmt.Fprintf(&b, "%s,%s\n", cells[i], cells[i+1])
	}
	meta := arrival.Meta{Meta: delivery.Meta{Source: source, Period: "current:2025-06-15", Complete: complete, Purpose: "比对", LegalBasis: "条例"}, ReceivedBy: "甲", Hold: arrival.Hold{Never: true}}
	if _, _, _, err := arrival.Receive(t.Context(), t.st, t.v, []intake.Input{intake.Bytes("数据.csv", []byte(b.String()))}, meta, at); err != nil {
		t.Fatal(err)
	}
}

// TestRetroactive looks back on a day after three late deliveries and a change of the law.
func TestRetroactive(t0 *testing.T) {
	t := newTown(t0)
	t.publish(500, june.AddDate(0, 0, -2))
	t.deliver("区税务局", "营业收入", false, june.AddDate(0, 0, -1), stays, "8000000", dishonest, "8000000", richer, "6000000", waits, "")
	t.deliver("区法院", "失信", true, june.AddDate(0, 0, -1), stays, "否", dishonest, "否", richer, "否", waits, "否")
	sweep, err := t.office.Sweep(t.Context(), casework.SweepRequest{AsOf: day, Now: june}, nil)
	if err != nil {
		t.Fatal(err)
	}
	later := june.AddDate(0, 3, 0)
	t.deliver("区法院", "失信", true, later, dishonest, "是")
	t.deliver("区税务局", "营业收入", false, later, richer, "7000000.50", fresh, "9000000", stays, "8000000")
	t.publish(5000, later) // under this nobody would get anything

	q := past.Question{Circumstances: rules.Circumstances{AsOf: day}, Then: june, Now: later}
	got, err := past.Retroactive(t.Context(), t.office, t.st, q)
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(got.Entries)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"item":"award","enterprise":"` + dishonest + `","was":"eligible","now":"ineligible","before":"80000.00","after":null},` +
		`{"item":"award","enterprise":"` + richer + `","was":"eligible","now":"eligible","before":"60000.00","after":"70000.00"},` +
		`{"item":"award","enterprise":"` + fresh + `","was":"ineligible","now":"eligible","before":null,"after":"90000.00"}]`
	if string(list) != want || got.Gained != 2 || got.Lost != 1 || got.Firms != 5 || got.Items != 1 || got.Sweep != sweep.ID {
		t.Errorf("got  %s\nwant %s\n%+v", list, want, got)
	}
	latest, err := t.st.LatestSnapshot(t.Context())
	if err != nil || latest.ID != sweep.Snapshot || latest.ID != got.Then {
		t.Errorf("looking back changed the latest snapshot: %s, %v", latest.ID, err)
	}
	again, err := past.Retroactive(t.Context(), t.office, t.st, q)
	if err != nil || again.Now != got.Now || len(again.Entries) != 3 {
		t.Errorf("asked again: %+v, %v", again, err)
	}

	// A day without a sweep is decided by the law that is current.
	q.AsOf = civil.MustParse("2025-06-29")
	if got, err = past.Retroactive(t.Context(), t.office, t.st, q); err != nil || got.Sweep != 0 || len(got.Entries) != 0 {
		t.Errorf("by the current law: %+v, %v", got, err)
	}
	q.Then = later.AddDate(0, 0, 1)
	var refusal *whatif.Refusal
	if _, err = past.Retroactive(t.Context(), t.office, t.st, q); !errors.As(err, &refusal) {
		t.Errorf("then after now: %v", err)
	}
}
