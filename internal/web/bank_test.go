package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/web/moneyapi"
)

// banked is a server over a database of its own whose list B1 has been sent to the bank, with the lines of its payment file.
type banked struct {
	t   *testing.T
	s   *Server
	now atomic.Int64
	out [][]string // 2: the payment's id is in column id, the amount in column sum
	id  int
	sum int
}

func (x *banked) clock() time.Time { return time.Unix(0, x.now.Load()).UTC() }

func (x *banked) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// sentToBank takes list B1 from its draft to the bank.
func sentToBank(t *testing.T) *banked {
	t.Helper()
	ctx := t.Context()
	office, err := settle(ctx, t.TempDir())
	x := &banked{t: t}
	x.must(err)
	t.Cleanup(func() { _ = office.Store.Close() })
	x.now.Store(received.UnixNano())
	x.s, _ = served(t, func(c *Config) { c.Office, c.Clock, c.Debtor = office, x.clock, demo.Debtor() })
	x.must(funded(ctx, office, demo.Department, "失业保险基金-扩岗补助", x.clock()))
	maker := lists.Actor{Person: "demo-D1", Role: "D1"}
	plan, err := disburse.New(office).Draft(ctx, maker, disburse.Drafting{ID: "B1", Title: "扩岗补助", Request: disburse.Request{Department: demo.Department, Items: []string{"a-kuogang-buzhu"}}}, x.clock())
	x.must(err)
	payees, known := ledger.NewRegistry(office.Store, ring), map[string]bool{}
	for _, e := range plan.Entries {
		firm := e.Entitlement.Enterprise
		if known[firm] {
			continue
		}
		known[firm] = true
		id, err := payees.Record(ctx, ledger.NewAccount{Enterprise: firm, Holder: e.Name, Bank: "102290000017", Number: fmt.Sprintf("6222%015d", len(known)), Source: "示例"}, "demo-F1", x.clock())
		x.must(err)
		x.must(payees.Verify(ctx, id, "示例", time.Minute, "demo-F2", x.clock()))
	}
	book := lists.New(office.Store)
	step := func(person, role string, o lists.Order) {
		t.Helper()
		o.List = "B1"
		x.must(book.Step(ctx, lists.Actor{Person: person, Role: role}, o, x.clock()))
	}
	step("demo-D2", "D2", lists.Order{Action: lists.ActReview})
	step("demo-D1", "D1", lists.Order{Action: lists.ActConfirm, Silence: map[string]lists.Silence{"a-kuogang-buzhu": lists.Unasked}})
	step("demo-D1", "D1", lists.Order{Action: lists.ActNotice, Days: 1, Note: "局务会同意缩短公示"})
	x.now.Add(int64(8 * 24 * time.Hour))
	step("demo-F1", "F1", lists.Order{Action: lists.ActHandle})
	step("demo-F2", "F2", lists.Order{Action: lists.ActCheck})
	l, err := x.s.money.View.List(ctx, "B1")
	x.must(err)
	step("demo-F3", "F3", lists.Order{Action: lists.ActApprove, Hash: l.Hash})
	as(t, x.s, "F1")
	x.order("/api/v1/lists/B1/steps", `{"action":"export","answer_by":"2025-07-20"}`, http.StatusOK)
	file := x.form("/payments/B1-1/files", url.Values{"format": {"csv-utf8"}})
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) < 5 {
		t.Fatalf("%v %d %.300s", err, file.Code, file.Body)
	}
	for i, name := range rows[0] {
		switch name {
		case "支付编号":
			x.id = i
		case "金额":
			x.sum = i
		}
	}
	x.out = rows[1 : len(rows)-1]
	x.order("/api/v1/lists/B1/steps", `{"action":"send"}`, http.StatusOK)
	return x
}

// order sends JSON and decodes the answer.
func (x *banked) order(path, body string, want int) map[string]any {
	x.t.Helper()
	w := send(x.s, http.MethodPost, path, body, []string{"Content-Type", "application/json"})
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != want || err != nil {
		x.t.Fatalf("%s %s: %d, %v: %.500s", path, body, w.Code, err, w.Body)
	}
	return out
}

func (x *banked) form(path string, values url.Values) *httptest.ResponseRecorder {
	return send(x.s, http.MethodPost, path, values.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"})
}

func (x *banked) payment(n int) string { return x.out[n][x.id] }

func (x *banked) state(n int) string {
	x.t.Helper()
	for _, p := range read[moneyapi.Payments](x.t, x.s, "/api/v1/payments?batch=B1-1&limit=100", http.StatusOK).Payments {
		if p.ID == x.payment(n) {
			return p.State
		}
	}
	x.t.Fatal("no such payment")
	return ""
}

// TestBankSaid holds through API and pages that sent payments are marked unknown by F2, that what F1 writes down moves nothing until F2
// has found it true, and that reconciliation tells it all by pages, as JSONL, as CSV, and with a bank statement.
func TestBankSaid(t *testing.T) {
	x := sentToBank(t)
	x.now.Add(int64(24 * time.Hour))
	as(t, x.s, "F1") // yesterday's session is over
	answer := func(n int) string { return "/api/v1/payments/" + x.payment(n) + "/answers" }
	const paid = `{"result":"success","on":"2025-07-10","basis":"复函8号"}`
	x.order(answer(0), paid, http.StatusConflict) // not unknown
	x.order("/api/v1/payments/unknown", `{"batch":"B1-1","reason":"系统故障"}`, http.StatusForbidden)
	as(t, x.s, "F2")
	if w := x.form("/payments/B1-1/unknown", url.Values{"payment": {x.payment(0)}, "reason": {"系统故障"}}); w.Code != http.StatusSeeOther || x.state(0) != "unknown" || x.state(1) != "sent" {
		t.Fatalf("by the page: %d, %s, %s", w.Code, x.state(0), x.state(1))
	}
	if got := x.order("/api/v1/payments/unknown", fmt.Sprintf(`{"batch":"B1-1","payments":[%q],"reason":"系统故障"}`, x.payment(1)), http.StatusOK); got["marked"] != 1.0 {
		t.Errorf("%v", got)
	}
	x.order(answer(0), paid, http.StatusForbidden)
	as(t, x.s, "F1")
	x.order(answer(0), `{"result":"success","on":"2099-07-10","basis":"复函8号"}`, http.StatusConflict)
	x.order(answer(0), `{"result":"underway","on":"2025-07-10","basis":"复函8号"}`, http.StatusUnprocessableEntity)
	said := fmt.Sprint(x.order(answer(0), paid, http.StatusOK)["receipt"])
	if w := x.form("/payments/B1-1/answers", url.Values{"payment": {x.payment(1)}, "result": {"failed"}, "on": {"2025-07-10"}, "basis": {"柜面答复"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("by the page: %d %.300s", w.Code, w.Body)
	}
	if x.state(0) != "unknown" || x.state(1) != "unknown" {
		t.Error("what one person says moved a payment")
	}
	x.order("/api/v1/receipts/"+said+"/resolution", `{"holds":true,"reason":"自己认定"}`, http.StatusForbidden)
	as(t, x.s, "F2")
	x.order("/api/v1/receipts/"+said+"/resolution", `{"holds":true,"reason":"与复函一致"}`, http.StatusOK)
	if x.state(0) != "paid" || x.state(1) != "unknown" {
		t.Errorf("%s, %s", x.state(0), x.state(1))
	}
	if body := call(x.s, "/payments/B1-1").Body.String(); !strings.Contains(body, "柜面答复") {
		t.Error("the page of the batch doesn't show what waits")
	}
	x.reconciled()
}

// reconciled holds the content of the reconciliation: one is paid, the others wait.
func (x *banked) reconciled() {
	t := x.t
	n := len(x.out)
	rec := read[moneyapi.Reconciliation](t, x.s, "/api/v1/reconciliation?year=2025&list=B1", http.StatusOK)
	if rec.Clean || rec.Total.List.Count != n || rec.Total.File.Sum != rec.Total.List.Sum || rec.Total.Receipts.Count < 1 || rec.Total.Statement != nil {
		t.Errorf("%+v", rec)
	}
	seen, cursor := map[string]bool{}, ""
	for range n + 2 {
		page := read[moneyapi.Reconciliation](t, x.s, "/api/v1/reconciliation?year=2025&class=all&limit=7&cursor="+cursor, http.StatusOK)
		for _, l := range page.Lines {
			key := l.Class + " " + l.Payment // the payment in doubt, and the receipt that waits
			if seen[key] {
				t.Errorf("%s twice", key)
			}
			seen[key] = true
		}
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	for i := range x.out {
		class := "silent"
		switch i {
		case 0:
			class = "settled"
		case 1:
			class = "in_doubt"
		}
		if !seen[class+" "+x.payment(i)] {
			t.Errorf("%s isn't %s on any page", x.payment(i), class)
		}
	}
	w := call(x.s, "/api/v1/reconciliation/lines?year=2025")
	if got := strings.Count(w.Body.String(), "\n"); w.Code != http.StatusOK || got != len(seen) || !strings.Contains(w.Body.String(), `"payment":"`+x.payment(0)+`"`) {
		t.Errorf("JSONL: %d, %d lines of %d: %.300s", w.Code, got, len(seen), w.Body)
	}
	w = call(x.s, "/api/v1/reconciliation/lines?year=2025&format=csv&class=settled")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][3] != x.payment(0) || rows[1][4] != x.out[0][x.sum] {
		t.Errorf("CSV: %d, %v, %v", w.Code, err, rows)
	}
	statement := fmt.Sprintf("日期,金额,摘要\n2025-07-10,%s,扩岗补助 %s\n2025-07-10,12.34,不知是谁\n", x.out[0][x.sum], x.payment(0))
	post := func(query, body string) *httptest.ResponseRecorder {
		return send(x.s, http.MethodPost, "/api/v1/reconciliation?year=2025"+query, body, []string{"Content-Type", "text/csv"})
	}
	w = post("", statement)
	var with moneyapi.Reconciliation
	if err := json.Unmarshal(w.Body.Bytes(), &with); err != nil || with.Total.Statement == nil || with.Total.Statement.Count != 2 {
		t.Errorf("with a statement: %d, %v: %.500s", w.Code, err, w.Body)
	}
	if w = post("&format=csv", statement); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "12.34") {
		t.Errorf("a movement that is nobody's: %d %.500s", w.Code, w.Body)
	}
	if w = post("", "日期,摘要\n"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "金额") {
		t.Errorf("a statement without sums: %d %.300s", w.Code, w.Body)
	}
	for _, query := range []string{"?class=nothing", "?format=xml", "?year=12", "?what=1"} {
		if w := call(x.s, "/api/v1/reconciliation/lines"+query); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}
