package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/demo"
	"mianshen/internal/web/moneyapi"
	"mianshen/internal/web/once"
)

// TestMoneyAPI reads a list by pages, takes a step with a key twice, and is refused what isn't the caller's turn.
func TestMoneyAPI(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Clock = func() time.Time { return later.Add(3 * time.Hour) } })
	as(t, s, "D1")
	if got := read[moneyapi.Lists](t, s, "/api/v1/lists", 200); len(got.Lists) != 1 || got.Lists[0].ID != "M0" {
		t.Fatalf("another department's lists: %+v", got)
	}
	detail := read[moneyapi.Detail](t, s, "/api/v1/lists/M0", 200)
	if detail.State != "draft" || len(detail.Events) == 0 || len(detail.Can) != 2 {
		t.Fatalf("%+v", detail)
	}
	seen, cursor := map[int]bool{}, ""
	for range detail.Count + 1 {
		page := read[moneyapi.Entries](t, s, "/api/v1/lists/M0/entries?limit=7&cursor="+cursor, 200)
		for _, e := range page.Entries {
			if seen[e.N] || !strings.Contains(e.Decision, e.Enterprise) {
				t.Fatalf("%+v", e)
			}
			seen[e.N] = true
		}
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if len(seen) != detail.Count {
		t.Errorf("%d entries by pages, %d by count", len(seen), detail.Count)
	}
	order := func(key, body string) (int, string) {
		w := send(s, http.MethodPost, "/api/v1/lists/M0/steps", body, []string{"Content-Type", "application/json", once.Header, key})
		return w.Code, w.Body.String()
	}
	code, first := order("k1", `{"action":"suspend","note":"等会议纪要"}`)
	again, second := order("k1", `{"action":"suspend","note":"等会议纪要"}`)
	if code != 200 || again != 200 || first != second {
		t.Fatalf("%d %s\n%d %s", code, first, again, second)
	}
	if code, body := order("k2", `{"action":"suspend","note":"等会议纪要"}`); code != http.StatusConflict || !strings.Contains(body, "已暂停，请先恢复") {
		t.Errorf("suspended twice: %d %s", code, body)
	}
	if code, body := order("k3", `{"action":"resume","note":"到了"}`); code != 200 {
		t.Fatal(code, body)
	}
	if code, body := order("k4", `{"action":"review"}`); code != http.StatusForbidden {
		t.Errorf("review by D1: %d %s", code, body)
	}
	if code, _ := order("k5", `{"action":"approve"}`); code != http.StatusUnprocessableEntity {
		t.Errorf("approving by the API: %d", code)
	}
	raw := call(s, "/api/v1/lists/M0").Body.String()
	var text struct{ Sum any }
	if err := json.Unmarshal([]byte(raw), &text); err != nil {
		t.Fatal(err)
	}
	if sum, ok := text.Sum.(string); !ok || !strings.HasSuffix(sum, ".00") {
		t.Errorf("money as %T %v", text.Sum, text.Sum)
	}
	for _, path := range []string{"/api/v1/payments", "/api/v1/notices", "/api/v1/reports/disbursement", "/api/v1/lists/M0/objections"} {
		if w := call(s, path); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	departments := func() (list []string) {
		for _, l := range read[moneyapi.Report](t, s, "/api/v1/reports/disbursement", http.StatusOK).Lines {
			if !slices.Contains(list, l.Department) {
				list = append(list, l.Department)
			}
		}
		return list
	}
	if got := departments(); !slices.Equal(got, []string{demo.Department}) {
		t.Errorf("a policy department reads the sums of %v", got)
	}
	if page := call(s, "/report").Body.String(); strings.Contains(page, "区经委") || !strings.Contains(page, demo.Department) || !strings.Contains(page, "占比和到账天数是全区的") {
		t.Error("a policy department sees the sums of others")
	}
	for _, all := range []string{"AU", "F1"} {
		as(t, s, all)
		if got := departments(); len(got) < 3 {
			t.Errorf("%s reads the sums of %v", all, got)
		}
		if page := call(s, "/report").Body.String(); !strings.Contains(page, "区经委") || strings.Contains(page, "占比和到账天数是全区的") {
			t.Errorf("%s doesn't see the sums of all", all)
		}
	}
	large := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x,"), 200<<10)) // as large as a bank's file may be, and no receipt
	if w := send(s, http.MethodPost, "/api/v1/receipts", `{"name":"x.csv","data":"`+large+`"}`, []string{"Content-Type", "application/json"}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a large file: %d %.300s", w.Code, w.Body)
	}
	receipt := func(payment string) *httptest.ResponseRecorder { // as long as the other, and another
		table := "批次号,支付编号,收款账号,金额,结果,原因,银行时间\nB1," + payment + ",12345678,1.00,成功,,2025-07-01 09:00:00\n合计,1,,1.00,,,\n"
		body := `{"name":"x.csv","data":"` + base64.StdEncoding.EncodeToString([]byte(table)) + `"}`
		return send(s, http.MethodPost, "/api/v1/receipts", body, []string{"Content-Type", "application/json", once.Header, "day-1"})
	}
	if one, again, two := receipt("P1"), receipt("P1"), receipt("P2"); one.Code != 200 || again.Body.String() != one.Body.String() || two.Code != http.StatusUnprocessableEntity {
		t.Errorf("receipts under one key: %d %s, %d, %d %s", one.Code, one.Body, again.Code, two.Code, two.Body)
	}
	w := send(s, http.MethodPost, "/api/v1/receipts", `{"name":"x.csv","data":"eA=="}`, []string{"Content-Type", "application/json"})
	if w.Code != http.StatusUnprocessableEntity || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a file that can't be read: %d %s", w.Code, w.Body)
	}
}
