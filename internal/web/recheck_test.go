package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/store"
)

// TestApprovingRechecks takes a list to the approver and takes a fact away under one firm. Approving by the page then approves nothing:
// the entry is held, as the command does it, also for who never looked at the check.
func TestApprovingRechecks(t *testing.T) {
	ctx := t.Context()
	office, err := settle(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = office.Store.Close() })
	var now atomic.Int64
	now.Store(received.UnixNano())
	clock := func() time.Time { return time.Unix(0, now.Load()).UTC() }
	s, _ := served(t, func(c *Config) { c.Office, c.Clock, c.Debtor = office, clock, demo.Debtor() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(funded(ctx, office, demo.Department, "失业保险基金-扩岗补助", clock()))
	maker := lists.Actor{Person: "demo-D1", Role: "D1"}
	plan, err := disburse.New(office).Draft(ctx, maker, disburse.Drafting{ID: "R1", Title: "扩岗补助", Request: disburse.Request{Department: demo.Department, Items: []string{"a-kuogang-buzhu"}}}, clock())
	must(err)
	firm := plan.Entries[0].Entitlement.Enterprise
	payees := ledger.NewRegistry(office.Store, ring)
	for i, e := range plan.Entries {
		if i > 0 && e.Entitlement.Enterprise == plan.Entries[i-1].Entitlement.Enterprise {
			continue
		}
		id, err := payees.Record(ctx, ledger.NewAccount{Enterprise: e.Entitlement.Enterprise, Holder: e.Name, Bank: "102290000017", Number: "6222" + strings.Repeat("0", 6) + e.Entitlement.Enterprise, Source: "示例"}, "demo-F1", clock())
		must(err)
		must(payees.Verify(ctx, id, "示例", time.Minute, "demo-F2", clock()))
	}
	book := lists.New(office.Store)
	for _, o := range []struct {
		lists.Actor
		lists.Order
	}{
		{lists.Actor{Person: "demo-D2", Role: "D2"}, lists.Order{Action: lists.ActReview}},
		{maker, lists.Order{Action: lists.ActConfirm, Silence: map[string]lists.Silence{"a-kuogang-buzhu": lists.Unasked}}},
		{maker, lists.Order{Action: lists.ActNotice, Days: 1, Note: "一家企业，局务会同意"}},
		{lists.Actor{Person: "demo-F1", Role: "F1"}, lists.Order{Action: lists.ActHandle}},
		{lists.Actor{Person: "demo-F2", Role: "F2"}, lists.Order{Action: lists.ActCheck}},
	} {
		o.List = "R1"
		must(book.Step(ctx, o.Actor, o.Order, clock()))
		if o.Action == lists.ActNotice {
			now.Add(int64(8 * 24 * time.Hour))
		}
	}
	v, err := office.Current(ctx)
	must(err)
	must(arrival.Correct(ctx, office.Store, v.Book.Vocabulary, []store.Correction{{Series: "严重失信", Period: "current:" + demo.AsOf().String(), USCC: firm, Cell: "是", By: "甲", Reason: "法院来函"}}, clock()))
	as(t, s, "F3")
	proved := submit(s, "/stepup", url.Values{"to": {"/"}})
	signed.Store(s, proved.Result().Cookies()[0].Value)
	l, err := s.money.View.List(ctx, "R1")
	must(err)
	approve := func() (int, string) {
		w := submit(s, "/lists/R1/approve", url.Values{"action": {"approve"}, "hash": {l.Hash}})
		return w.Code, w.Body.String()
	}
	// What no comparison knows yet isn't overlooked: nothing is approved, and nothing held for what isn't known.
	if code, body := approve(); code != http.StatusConflict || !strings.Contains(body, "还没有进入比对") {
		t.Fatalf("%d %.2000s", code, body)
	}
	if w := call(s, "/lists/R1"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "还没有进入比对") {
		t.Fatalf("%d %.2000s", w.Code, w.Body)
	}
	if still, err := s.money.View.List(ctx, "R1"); err != nil || still.State != lists.Checked || still.Held != l.Held {
		t.Fatalf("%+v, %v", still, err)
	}
	now.Add(int64(time.Minute))
	_, err = office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: clock(), Slot: "again"}, nil)
	must(err)
	if code, body := approve(); code != http.StatusConflict || !strings.Contains(body, "没有审批：批前复查有") {
		t.Fatalf("%d %.2000s", code, body)
	}
	after, err := s.money.View.List(ctx, "R1")
	must(err)
	if after.State != lists.Checked || after.Held == 0 || after.Held == l.Held {
		t.Errorf("%+v", after)
	}
	if code, _ := approve(); code != http.StatusConflict {
		t.Errorf("what was seen before: %d", code)
	}
}
