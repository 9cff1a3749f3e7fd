package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse/brake"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/persons"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/door"
	"mianshen/internal/web/fundsapi"
	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
)

// till is a server over a database of its own, with what it wrote to its log and all that it answered.
type till struct {
	t      *testing.T
	s      *Server
	office *casework.Office
	firms  []store.Enterprise
	now    atomic.Int64
	log    bytes.Buffer
	said   bytes.Buffer
}

func (x *till) clock() time.Time { return time.Unix(0, x.now.Load()).UTC() }

func newTill(t *testing.T) *till {
	t.Helper()
	office, err := settle(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = office.Store.Close() })
	x := &till{t: t, office: office}
	x.now.Store(received.Add(time.Hour).UnixNano())
	x.s, _ = served(t, func(c *Config) {
		c.Office, c.Clock, c.Logger = office, x.clock, slog.New(slog.NewTextHandler(&x.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if x.firms, err = office.Store.SearchEnterprises(t.Context(), "", 20); err != nil || len(x.firms) < 10 {
		t.Fatal(len(x.firms), err)
	}
	return x
}

// post sends an order, with a key if there is one.
func (x *till) post(path, body, key string) *httptest.ResponseRecorder {
	headers := []string{"Content-Type", "application/json"}
	if key != "" {
		headers = append(headers, once.Header, key)
	}
	w := send(x.s, http.MethodPost, path, body, headers)
	x.said.Write(w.Body.Bytes())
	return w
}

// done orders something and decodes the answer.
func done[T any](x *till, path, body string) (out T) {
	x.t.Helper()
	w := x.post(path, body, "")
	if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != http.StatusOK || err != nil {
		x.t.Fatalf("%s %s: %d, %v: %.500s", path, body, w.Code, err, w.Body)
	}
	return out
}

// refused orders something that must be refused with a status and words.
func (x *till) refused(path, body string, status int, words string) {
	x.t.Helper()
	if w := x.post(path, body, ""); w.Code != status || !strings.Contains(w.Body.String(), words) || w.Header().Get("Content-Type") != "application/problem+json" {
		x.t.Errorf("%s %.200s: %d, want %d with %s: %.500s", path, body, w.Code, status, words, w.Body)
	}
}

// wrong orders something with a bad body: 422 that names the field.
func (x *till) wrong(path, body, field string) {
	x.t.Helper()
	w := x.post(path, body, "")
	var p problem.Problem
	err := json.Unmarshal(w.Body.Bytes(), &p)
	if w.Code != http.StatusUnprocessableEntity || err != nil || !slices.ContainsFunc(p.Errors, func(d problem.Detail) bool { return d.Location == field }) {
		x.t.Errorf("%s %.200s: %d, %v, want 422 for %s: %.500s", path, body, w.Code, err, field, w.Body)
	}
}

// alike holds that what is another's answers like what isn't there.
func (x *till) alike(method, another, missing, body string) {
	x.t.Helper()
	ask := func(path string) *httptest.ResponseRecorder {
		return send(x.s, method, path, body, []string{"Content-Type", "application/json"})
	}
	a, b := ask(another), ask(missing)
	if a.Code != http.StatusNotFound || b.Code != a.Code || a.Body.String() != b.Body.String() {
		x.t.Errorf("%s: %d %s\n%s: %d %s", another, a.Code, a.Body, missing, b.Code, b.Body)
	}
}

// paged walks a register two rows at a time and returns the ids of its rows under a name, each of which must come once.
func (x *till) paged(path, rows, id string) (ids []string) {
	x.t.Helper()
	cursor := ""
	for range 200 {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		page := read[map[string]any](x.t, x.s, path+sign+"limit=2&cursor="+cursor, http.StatusOK)
		list, _ := page[rows].([]any)
		if len(list) > 2 {
			x.t.Fatalf("%s: %d rows on a page of 2", path, len(list))
		}
		for _, row := range list {
			name := fmt.Sprint(row.(map[string]any)[id])
			if slices.Contains(ids, name) {
				x.t.Fatalf("%s: %s twice", path, name)
			}
			ids = append(ids, name)
		}
		if cursor, _ = page["cursor"].(string); cursor == "" {
			if count, ok := page["count"].(float64); ok && int(count) != len(ids) {
				x.t.Errorf("%s: %d rows by pages, %v by count", path, len(ids), count)
			}
			return ids
		}
	}
	x.t.Fatalf("%s has no end", path)
	return nil
}

func (x *till) as(login string) { x.t.Helper(); as(x.t, x.s, login) }

func (x *till) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

const line = `{"id":%q,"name":%q,"year":%d,"department":%q,"unit":"101001","project":"P1","function":"2150805","economic":"50701"%s}`

// TestBudgetAPI opens lines, reads them by pages with what is left, and finds no door for what is signed on a page.
func TestBudgetAPI(t *testing.T) {
	x := newTill(t)
	ctx := t.Context()
	x.as("F1")
	var want []string
	for i := range 5 {
		got := done[fundsapi.Line](x, "/api/v1/budget", fmt.Sprintf(line, fmt.Sprint("L", i), "额度", 2025, demo.Department, ""))
		if got.State != "waiting" || got.OpenedBy != "演示财政经办" || got.Left != 0 {
			t.Errorf("%+v", got)
		}
		want = append(want, got.ID)
	}
	done[fundsapi.Line](x, "/api/v1/budget", fmt.Sprintf(line, "S0", "统计额度", 2025, "区统计局", `,"item":"b-sg-first"`))
	if got := done[fundsapi.Line](x, "/api/v1/budget", fmt.Sprintf(line, "L0-26", "额度", 2026, demo.Department, `,"carried_from":"L0"`)); got.CarriedFrom != "L0" {
		t.Errorf("%+v", got)
	}
	x.refused("/api/v1/budget", fmt.Sprintf(line, "L0", "额度", 2025, demo.Department, ""), http.StatusConflict, "已经有了")
	x.refused("/api/v1/budget", fmt.Sprintf(line, "L9", "额度", 2026, demo.Department, `,"carried_from":"none"`), http.StatusNotFound, "没有编号")
	x.refused("/api/v1/budget", fmt.Sprintf(line, "L9", "额度", 2026, demo.Department, `,"carried_from":"S0"`), http.StatusUnprocessableEntity, "同部门")
	x.wrong("/api/v1/budget", strings.Replace(fmt.Sprintf(line, "", "额度", 2025, demo.Department, ""), "101001", "1", 1), "body.unit")
	x.wrong("/api/v1/budget", fmt.Sprintf(line, "", "额度", 25, demo.Department, ""), "body.year")
	x.wrong("/api/v1/budget", fmt.Sprintf(line, "", "额度", 2025, demo.Department, `,"approved_by":"demo-F3"`), "body.approved_by")
	keyed := fmt.Sprintf(line, "", "同一个键", 2025, demo.Department, "")
	one, two := x.post("/api/v1/budget", keyed, "k"), x.post("/api/v1/budget", keyed, "k")
	if one.Code != http.StatusOK || one.Body.String() != two.Body.String() {
		t.Errorf("one key: %d %s, %d %s", one.Code, one.Body, two.Code, two.Body)
	}
	got := x.paged("/api/v1/budget", "lines", "id")
	for _, id := range want {
		if len(got) != 8 || !slices.Contains(got, id) {
			t.Errorf("%d lines, %s among them? %v", len(got), id, got)
		}
	}
	for query, n := range map[string]int{"year=2026": 1, "item=b-sg-first": 1, "department=%E5%8C%BA%E7%BB%9F%E8%AE%A1%E5%B1%80": 1, "state=approved": 0, "find=S0": 1, "year=2025": 7} {
		if got := x.paged("/api/v1/budget?"+query, "lines", "id"); len(got) != n {
			t.Errorf("%s: %v", query, got)
		}
	}
	book := ledger.New(x.office.Store)
	x.must(book.ApproveLine(ctx, "L0", "demo-F3", x.clock()))
	for i := range 3 {
		x.must(book.Allot(ctx, "L0", 100_00, fmt.Sprint("文", i), "demo-F3", x.clock()))
	}
	if got := read[fundsapi.Line](t, x.s, "/api/v1/budget/L0", http.StatusOK); got.State != "approved" || got.Total != 300_00 || got.Left != 300_00 || got.ApprovedBy != "演示财政审批甲" {
		t.Errorf("%+v", got)
	}
	if got := x.paged("/api/v1/budget/L0/postings", "postings", "ref"); fmt.Sprint(got) != "[文0 文1 文2]" {
		t.Errorf("postings %v", got)
	}
	if w := call(x.s, "/api/v1/budget/L0"); !strings.Contains(w.Body.String(), `"left":"300.00"`) {
		t.Errorf("money as %s", w.Body)
	}
	x.as("D1")
	if got := x.paged("/api/v1/budget", "lines", "id"); len(got) != 7 || slices.Contains(got, "S0") {
		t.Errorf("of one department: %v", got)
	}
	if got := x.paged("/api/v1/budget?department=%E5%8C%BA%E7%BB%9F%E8%AE%A1%E5%B1%80", "lines", "id"); len(got) != 0 {
		t.Errorf("of another department: %v", got)
	}
	x.refused("/api/v1/budget", keyed, http.StatusForbidden, "角色")
	x.as("tongji")
	x.alike(http.MethodGet, "/api/v1/budget/L0", "/api/v1/budget/none", "")
	x.alike(http.MethodGet, "/api/v1/budget/L0/postings", "/api/v1/budget/none/postings", "")
}

// TestForeignCursor holds that a row of another department is no place in a list to go on from, as one that isn't there is none: who goes
// on from it would learn that it is there, and when it was written.
func TestForeignCursor(t *testing.T) {
	x := newTill(t)
	x.as("F1")
	for i, department := range []string{demo.Department, "区统计局", demo.Department} {
		x.now.Add(int64(time.Second))
		done[fundsapi.Line](x, "/api/v1/budget", fmt.Sprintf(line, fmt.Sprint("L", i), "额度", 2025, department, ""))
	}
	x.as("D1")
	mine := done[fundsapi.Finding](x, "/api/v1/findings", fmt.Sprintf(found, x.firms[0].USCC, "2025-06-30"))
	x.as("D1")
	x.must(x.office.Store.Transact(t.Context(), func(tx *store.Tx) error { // of an item that nobody asks after any more
		_, err := tx.Exec(t.Context(), `INSERT INTO finding (id, item, enterprise, condition, result, on_day, evidence, recorded_by, recorded_at)
			SELECT 'other', 'b-other', enterprise, condition, result, on_day, evidence, recorded_by, $1 FROM finding WHERE id = $2`, store.Stamp(x.clock().Add(time.Minute)), mine.ID)
		return err
	}))
	for _, c := range []struct{ path, foreign, own string }{{"/api/v1/budget", "L1", "L2"}, {"/api/v1/findings", "other", ""}} {
		from := func(id string) string { return call(x.s, c.path+"?cursor="+desk.CursorOf(id)).Body.String() }
		if foreign, missing := from(c.foreign), from("none"); foreign != missing {
			t.Errorf("%s from another's row: %s\nfrom none: %s", c.path, foreign, missing)
		}
		if c.own != "" && !strings.Contains(from(c.own), `"L0"`) {
			t.Errorf("%s from one's own row: %s", c.path, from(c.own))
		}
	}
}

// TestOddText refuses text that no database keeps or that reads otherwise than it is kept, and ids that no address can name.
func TestOddText(t *testing.T) {
	x := newTill(t)
	x.as("F1")
	put := func(id, name, more string) *httptest.ResponseRecorder {
		return x.post("/api/v1/budget", strings.NewReplacer("ID", id, "NAME", name).Replace(fmt.Sprintf(line, "ID", "NAME", 2025, demo.Department, more)), "")
	}
	for what, w := range map[string]*httptest.ResponseRecorder{
		"an item with a NUL":        put("A", "额度", `,"item":"a\u0000"`),
		"an item of two lines":      put("B", "额度", `,"item":"a\nb"`),
		"a name that turns":         put("C", `额\u202e度`, ""),
		"a name of two lines":       put("D", `额\u2028度`, ""),
		"an id with a stroke":       put("a/b", "额度", ""),
		"an id that can't be asked": put(strings.Repeat("z", 101), "额度", ""),
		"a NUL in the address":      call(x.s, "/api/v1/budget/a%00"),
		"a NUL in the query":        call(x.s, "/api/v1/budget?find=%00"),
		"bytes that are no text":    call(x.s, "/api/v1/findings?item=%b0%eb"),
	} {
		if w.Code != http.StatusBadRequest && w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
	if w := put(strings.Repeat("额", 100), "额度", ""); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	read[fundsapi.Line](t, x.s, "/api/v1/budget/"+url.PathEscape(strings.Repeat("额", 100)), http.StatusOK)
}

// TestSignedDoorsAreNotInAPI holds that what is signed on a page has no door in the API, neither for one who has just shown password and
// code nor for a token of any scope.
func TestSignedDoorsAreNotInAPI(t *testing.T) {
	x := newTill(t)
	x.as("F1")
	done[fundsapi.Line](x, "/api/v1/budget", fmt.Sprintf(line, "L0", "额度", 2025, demo.Department, ""))
	for _, login := range []string{"F2", "F3"} {
		cookie, err := x.s.cfg.Persons.AsDemo(t.Context(), login, x.clock())
		x.must(err)
		id, err := x.s.cfg.Persons.Session(t.Context(), cookie, x.clock())
		x.must(err)
		cookie, err = x.s.cfg.Persons.DemoStepUp(t.Context(), id, x.clock())
		x.must(err)
		id, err = x.s.cfg.Persons.Session(t.Context(), cookie, x.clock())
		x.must(err)
		token, err := x.s.cfg.Persons.NewToken(t.Context(), id, "t", persons.Scopes, 1, x.clock())
		x.must(err)
		for _, path := range []string{
			"/api/v1/budget/L0/approve", "/api/v1/budget/L0/allot", "/api/v1/budget/L0/carry", "/api/v1/accounts/a/verify", "/api/v1/accounts/a/unmask",
			"/api/v1/recoveries/r/approve", "/api/v1/lock", "/api/v1/lock/ask", "/api/v1/lock/open",
		} {
			for _, with := range [][]string{{"Authorization", "Bearer " + token}, {"Cookie", door.Cookie + "=" + cookie}} {
				if w := send(x.s, http.MethodPost, path, "{}", append(with, "Content-Type", "application/json")); w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
					t.Errorf("%s as %s by %s: %d %s", path, login, with[0], w.Code, w.Body)
				}
			}
		}
		for _, path := range []string{"/budget/L0/approve", "/accounts/a/verify", "/accounts/a/unmask"} { // and the pages take no token
			if w := send(x.s, http.MethodPost, path, "", []string{"Authorization", "Bearer " + token}); w.Code != http.StatusForbidden {
				t.Errorf("%s as %s by token: %d", path, login, w.Code)
			}
		}
	}
	if got := read[fundsapi.Line](t, x.s, "/api/v1/budget/L0", http.StatusOK); got.State != "waiting" {
		t.Errorf("%+v", got)
	}
}

// TestAccountsAPI records accounts whose numbers come back nowhere, follows one until it is paid to, and takes it out of use.
func TestAccountsAPI(t *testing.T) {
	x := newTill(t)
	ctx := t.Context()
	number := func(i int) string { return fmt.Sprintf("62220000777%08d", i) }
	body := func(i int) string {
		return fmt.Sprintf(`{"enterprise":%q,"holder":%q,"bank":"102290000017","number":%q,"source":"申请表"}`, x.firms[i].USCC, x.firms[i].Name, number(i))
	}
	x.as("D1")
	mine := done[fundsapi.Account](x, "/api/v1/accounts", body(0))
	if mine.Number != "6222****0000" || mine.State != "waiting" || mine.RecordedBy != "演示部门经办" {
		t.Errorf("%+v", mine)
	}
	x.as("F1")
	for i := 1; i < 6; i++ {
		done[fundsapi.Account](x, "/api/v1/accounts", body(i))
	}
	x.refused("/api/v1/accounts", body(1), http.StatusConflict, "已经登记")
	x.wrong("/api/v1/accounts", strings.Replace(body(6), "102290000017", number(6), 1), "body.bank")
	x.wrong("/api/v1/accounts", strings.Replace(body(6), x.firms[6].USCC, "1", 1), "body.enterprise")
	x.wrong("/api/v1/accounts", strings.Replace(body(6), `"source"`, `"verified_by":"demo-F2","source"`, 1), "body.verified_by")
	x.wrong("/api/v1/accounts", strings.Replace(body(6), `"`+number(6)+`"`, number(6), 1), "body.number")
	x.post("/api/v1/accounts", strings.Replace(body(6), `"`+number(6)+`"`, `"`+number(6), 1), "") // no JSON
	x.refused("/api/v1/accounts", strings.Replace(body(6), number(6), number(6)+"号", 1), http.StatusUnprocessableEntity, "账号不对")
	x.refused("/api/v1/accounts", strings.Replace(body(6), x.firms[6].Name, "别的公司", 1), http.StatusUnprocessableEntity, "不一致")
	if got := x.paged("/api/v1/accounts", "accounts", "id"); len(got) != 6 {
		t.Errorf("%v", got)
	}
	payees := ledger.NewRegistry(x.office.Store, ring)
	x.must(payees.Verify(ctx, mine.ID, "开户许可证", 10*time.Minute, "demo-F2", x.clock()))
	state := func() fundsapi.Account {
		t.Helper()
		got := read[fundsapi.Accounts](t, x.s, "/api/v1/accounts?find="+x.firms[0].USCC, http.StatusOK)
		if len(got.Accounts) != 1 {
			t.Fatalf("%+v", got)
		}
		return got.Accounts[0]
	}
	if got := state(); got.State != "cooling" || got.UsableFrom != instantOf(x.clock().Add(10*time.Minute)) || got.VerifiedBy != "演示财政复核" {
		t.Errorf("%+v", got)
	}
	x.now.Add(int64(10 * time.Minute))
	if got := state(); got.State != "usable" {
		t.Errorf("%+v", got)
	}
	for state, n := range map[string]int{"waiting": 5, "live": 1, "retired": 0} {
		if got := x.paged("/api/v1/accounts?state="+state, "accounts", "id"); len(got) != n {
			t.Errorf("%s: %v", state, got)
		}
	}
	x.as("tongji") // none of these firms is on a list of the department
	if got := x.paged("/api/v1/accounts", "accounts", "id"); len(got) != 0 {
		t.Errorf("of another department: %v", got)
	}
	x.refused("/api/v1/accounts/"+mine.ID+"/retire", `{"reason":"登记有误"}`, http.StatusForbidden, "角色")
	x.as("F2")
	x.refused("/api/v1/accounts/none/retire", `{"reason":"登记有误"}`, http.StatusNotFound, "没有找到这个收款账户")
	x.wrong("/api/v1/accounts/"+mine.ID+"/retire", `{}`, "body")
	if got := done[fundsapi.Account](x, "/api/v1/accounts/"+mine.ID+"/retire", `{"reason":"登记有误"}`); got.State != "retired" {
		t.Errorf("%+v", got)
	}
	x.refused("/api/v1/accounts/"+mine.ID+"/retire", `{"reason":"登记有误"}`, http.StatusConflict, "已经停用")
	x.as("AU")
	x.said.WriteString(call(x.s, "/api/v1/accounts?limit=100").Body.String())
	for i := range 7 {
		if strings.Contains(x.said.String(), number(i)) || strings.Contains(x.log.String(), number(i)) {
			t.Errorf("account number %d is told: %s", i, x.log.String())
		}
	}
}

func instantOf(at time.Time) string { return at.In(time.FixedZone("", 8*3600)).Format(time.RFC3339) }

const found = `{"enterprise":%q,"item":"a-wengang-paiqian","condition":"allocation","holds":true,"on":%q,"evidence":"核对表"}`

// TestFindingsAPI records findings, one by one and from a file, which another person of the department answers.
func TestFindingsAPI(t *testing.T) {
	x := newTill(t)
	x.as("li") // drafts and reviews
	mine := done[fundsapi.Finding](x, "/api/v1/findings", fmt.Sprintf(found, x.firms[0].USCC, "2025-06-30"))
	if mine.State != "waiting" || mine.Holds == nil || !*mine.Holds || mine.Amount != nil || mine.On != "2025-06-30" {
		t.Errorf("%+v", mine)
	}
	x.refused("/api/v1/findings/"+mine.ID+"/answer", `{"answer":"confirmed"}`, http.StatusConflict, "请由另一人复核")
	x.as("tongji")
	there, none := x.post("/api/v1/findings", fmt.Sprintf(found, x.firms[0].USCC, "2025-06-30"), ""), x.post("/api/v1/findings", fmt.Sprintf(found, x.firms[0].USCC, "2025-06-29"), "")
	if there.Code != http.StatusForbidden || there.Code != none.Code || there.Body.String() != none.Body.String() {
		t.Errorf("another department learns what was found: %d %s, %d %s", there.Code, there.Body, none.Code, none.Body)
	}
	x.as("D1")
	sum := done[fundsapi.Finding](x, "/api/v1/findings", fmt.Sprintf(`{"enterprise":%q,"item":"a-wengang-paiqian","condition":"amount","amount":"12345.60","evidence":"核对表"}`, x.firms[1].USCC))
	if sum.Amount == nil || *sum.Amount != 12345_60 || sum.Holds != nil || sum.On != "2025-07-01" {
		t.Errorf("%+v", sum)
	}
	x.refused("/api/v1/findings", fmt.Sprintf(found, x.firms[0].USCC, "2025-06-30"), http.StatusUnprocessableEntity, "已有一条认定")
	x.refused("/api/v1/findings", strings.Replace(fmt.Sprintf(found, x.firms[2].USCC, "2025-06-30"), "a-wengang-paiqian", "none", 1), http.StatusUnprocessableEntity, "没有这个事项")
	x.refused("/api/v1/findings", strings.Replace(fmt.Sprintf(found, x.firms[2].USCC, "2025-06-30"), `"holds":true,`, "", 1), http.StatusUnprocessableEntity, "要填一项")
	x.wrong("/api/v1/findings", fmt.Sprintf(found, x.firms[2].USCC, "六月"), "body.on")
	x.wrong("/api/v1/findings", fmt.Sprintf(found, "1", "2025-06-30"), "body.enterprise")
	x.wrong("/api/v1/findings", fmt.Sprintf(`{"enterprise":%q,"item":"a-wengang-paiqian","condition":"amount","amount":"1e3","evidence":"核对表"}`, x.firms[2].USCC), "body.amount")
	x.wrong("/api/v1/findings", strings.Replace(fmt.Sprintf(found, x.firms[2].USCC, "2025-06-30"), `"核对表"`, `""`, 1), "body.evidence")
	load := func(rows string) string {
		text := "统一社会信用代码,事项,条件,结果,金额,日期\n" + rows
		return fmt.Sprintf(`{"name":"认定.csv","evidence":"验收纪要","data":%q}`, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	rows := ""
	for _, f := range x.firms[2:7] {
		rows += f.USCC + ",a-wengang-paiqian,allocation,是,,2025-06-30\n"
	}
	x.wrong("/api/v1/findings/import", load(rows+x.firms[7].USCC+",none,x,是,,2025-06-30\n"), "body.data")
	x.wrong("/api/v1/findings/import", load(rows+x.firms[7].USCC+",a-wengang-paiqian,allocation,也许,,2025-06-30\n"), "body.data")
	if got := done[fundsapi.Recorded](x, "/api/v1/findings/import", load(rows)); got.Recorded != 5 {
		t.Errorf("%+v", got)
	}
	if got := x.paged("/api/v1/findings", "findings", "id"); len(got) != 7 {
		t.Errorf("%v", got)
	}
	x.as("other") // reviews for another department
	x.alike(http.MethodPost, "/api/v1/findings/"+mine.ID+"/answer", "/api/v1/findings/none/answer", `{"answer":"confirmed"}`)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if w := send(x.s, http.MethodPost, "/findings/answers", "confirm=yes&finding="+mine.ID, form); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "没有找到这条人工认定") {
		t.Errorf("by the page: %d %.300s", w.Code, w.Body)
	}
	for _, path := range []string{"/api/v1/findings", "/api/v1/findings?item=a-wengang-paiqian"} {
		if got := x.paged(path, "findings", "id"); len(got) != 0 {
			t.Errorf("of another department: %v", got)
		}
	}
	x.refused("/api/v1/findings", fmt.Sprintf(found, x.firms[8].USCC, "2025-06-30"), http.StatusForbidden, "请由该部门")
	x.as("D2")
	x.wrong("/api/v1/findings/"+mine.ID+"/answer", `{"answer":"maybe"}`, "body.answer")
	if got := done[fundsapi.Finding](x, "/api/v1/findings/"+mine.ID+"/answer", `{"answer":"confirmed"}`); got.State != "confirmed" || got.AnsweredBy != "演示部门审核" {
		t.Errorf("%+v", got)
	}
	x.refused("/api/v1/findings/"+mine.ID+"/answer", `{"answer":"rejected"}`, http.StatusConflict, "不能再改")
	done[fundsapi.Finding](x, "/api/v1/findings/"+sum.ID+"/answer", `{"answer":"rejected"}`)
	for query, n := range map[string]int{"state=waiting": 5, "state=confirmed": 1, "state=rejected": 1, "item=a-wengang-paiqian": 7, "find=" + x.firms[1].USCC: 1} {
		if got := x.paged("/api/v1/findings?"+query, "findings", "id"); len(got) != n {
			t.Errorf("%s: %v", query, got)
		}
	}
}

// TestGrantedAPI brings earlier grants in and says that the ledger is whole; another person of the department answers both.
func TestGrantedAPI(t *testing.T) {
	x := newTill(t)
	load := func(dept, rows string) string {
		text := "统一社会信用代码,事项,所属期,依据,金额,发放日期\n" + rows
		return fmt.Sprintf(`{"department":%q,"name":"旧账/2023.csv","source":"2023年台账","data":%q}`, dept, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	rows := func(from, to int) (text string) {
		for _, f := range x.firms[from:to] {
			text += f.USCC + ",a-wengang-paiqian,2023,,100,2023-09-01\n"
		}
		return text
	}
	const files, statements = "/api/v1/granted/files", "/api/v1/granted/statements"
	x.as("li")
	got := done[fundsapi.Brought](x, files, load(demo.Department, rows(0, 5)))
	if got.Again || got.File == nil || got.File.Grants != 5 || got.File.Sum != 500_00 || got.File.State != "waiting" || got.File.Name != "2023.csv" {
		t.Fatalf("%+v", got)
	}
	file := got.File.ID
	if got := done[fundsapi.Brought](x, files, load(demo.Department, rows(0, 5))); !got.Again || got.File != nil {
		t.Errorf("the same again: %+v", got)
	}
	x.wrong(files, load(demo.Department, rows(5, 6)+"1,a-wengang-paiqian,2023,,1,2023-09-01\n"), "body.data")
	x.wrong(files, load(demo.Department, strings.Replace(rows(5, 6), "a-wengang-paiqian", "none", 1)), "body.data")
	x.wrong(files, `{"department":"区人社局","name":"a.csv","source":"台账"}`, "body")
	x.refused(files, load("区统计局", rows(5, 6)), http.StatusForbidden, "角色")
	x.refused(files+"/"+file+"/answer", `{"answer":"confirmed"}`, http.StatusConflict, "请由另一人复核")
	for i := 5; i < 8; i++ {
		done[fundsapi.Brought](x, files, load(demo.Department, rows(i, i+1)))
	}
	stated := done[fundsapi.Stated](x, statements, `{"department":"区人社局","items":["a-wengang-paiqian","a-kuogang-buzhu","a-wengang-fanhuan"],"since":"2023-01-01","evidence":"对账记录"}`)
	if len(stated.Statements) != 3 || stated.Statements[0].Since != "2023-01-01" || stated.Statements[0].State != "waiting" {
		t.Fatalf("%+v", stated)
	}
	whole, ever := stated.Statements[1].ID, `{"department":"区人社局","items":["a-kuogang-buzhu"],"ever":true,"evidence":"对账记录"}`
	if got := done[fundsapi.Stated](x, statements, ever); len(got.Statements) != 1 || got.Statements[0].Since != "" {
		t.Errorf("%+v", got)
	}
	x.wrong(statements, strings.Replace(ever, `"ever":true`, `"ever":true,"since":"2023-01-01"`, 1), "body.since")
	x.wrong(statements, strings.Replace(ever, `["a-kuogang-buzhu"]`, `[]`, 1), "body.items")
	x.refused(statements+"/"+whole+"/answer", `{"answer":"confirmed"}`, http.StatusConflict, "请由另一人复核")
	x.refused(statements+"/"+whole+"/end", `{"reason":"不全"}`, http.StatusConflict, "没有生效")
	if got := x.paged(files, "files", "id"); len(got) != 4 {
		t.Errorf("%v", got)
	}
	if got := x.paged(files+"/"+file+"/grants", "grants", "enterprise"); len(got) != 5 {
		t.Errorf("%v", got)
	}
	if got := x.paged(statements, "statements", "id"); len(got) != 4 {
		t.Errorf("%v", got)
	}
	x.as("other")
	x.alike(http.MethodGet, files+"/"+file+"/grants", files+"/none/grants", "")
	x.alike(http.MethodPost, files+"/"+file+"/answer", files+"/none/answer", `{"answer":"confirmed"}`)
	x.alike(http.MethodPost, statements+"/"+whole+"/answer", statements+"/none/answer", `{"answer":"confirmed"}`)
	x.alike(http.MethodPost, statements+"/"+whole+"/end", statements+"/none/end", `{"reason":"不全"}`)
	if got := slices.Concat(x.paged(files, "files", "id"), x.paged(statements, "statements", "id")); len(got) != 0 {
		t.Errorf("of another department: %v", got)
	}
	x.as("D2")
	x.wrong(files+"/"+file+"/answer", `{}`, "body")
	x.refused(statements+"/"+stated.Statements[0].ID+"/answer", `{"answer":"confirmed"}`, http.StatusConflict, "请先复核")
	if got := done[fundsapi.EarlierFile](x, files+"/"+file+"/answer", `{"answer":"confirmed"}`); got.State != "confirmed" || got.AnsweredBy != "演示部门审核" {
		t.Errorf("%+v", got)
	}
	x.refused(files+"/"+file+"/answer", `{"answer":"rejected"}`, http.StatusConflict, "不能再改")
	if got := done[fundsapi.Whole](x, statements+"/"+whole+"/answer", `{"answer":"confirmed"}`); got.State != "confirmed" {
		t.Errorf("%+v", got)
	}
	x.now.Add(int64(time.Minute))
	if got := done[fundsapi.Whole](x, statements+"/"+whole+"/end", `{"reason":"另有发放"}`); got.EndedAt == "" || got.EndReason != "另有发放" {
		t.Errorf("%+v", got)
	}
	for path, n := range map[string]int{files + "?state=waiting": 3, files + "?state=confirmed": 1, statements + "?state=ended": 1, statements + "?state=waiting": 3, statements + "?item=a-kuogang-buzhu": 2} {
		rows := "files"
		if strings.HasPrefix(path, statements) {
			rows = "statements"
		}
		if got := x.paged(path, rows, "id"); len(got) != n {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestChoicesAPI lets a firm choose for itself and a department for a firm; the last choice of a group counts.
func TestChoicesAPI(t *testing.T) {
	x := newTill(t)
	mine := people()[0].Holdings[0].Scope
	of := func(firm string) string { return "/api/v1/enterprises/" + firm + "/choices" }
	x.as("E1")
	if got := done[fundsapi.Choices](x, of(mine), `{"group":"技改三选一","item":"甲"}`); len(got.Choices) != 1 || got.Choices[0].Item != "甲" || got.Choices[0].By != "演示企业经办" {
		t.Errorf("%+v", got)
	}
	done[fundsapi.Choices](x, of(mine), `{"group":"技改三选一","item":"乙"}`)
	if got := read[fundsapi.Choices](t, x.s, of(mine), http.StatusOK); len(got.Choices) != 1 || got.Choices[0].Item != "乙" {
		t.Errorf("%+v", got)
	}
	another := ""
	for _, f := range x.firms {
		if f.USCC != mine {
			another = f.USCC
		}
	}
	const nobody = "91310118MA1JP7UB2B"
	x.alike(http.MethodGet, of(another), of(nobody), "")
	x.alike(http.MethodPost, of(another), of(nobody), `{"group":"技改三选一","item":"甲"}`)
	x.wrong(of(mine), `{"group":"","item":"甲"}`, "body.group")
	x.as("D1")
	x.refused(of(nobody), `{"group":"技改三选一","item":"甲"}`, http.StatusNotFound, "没有统一社会信用代码")
	chosen := map[string]bool{mine: true}
	for _, f := range x.firms[:6] {
		done[fundsapi.Choices](x, of(f.USCC), `{"group":"技改三选一","item":"丙"}`)
		done[fundsapi.Choices](x, of(f.USCC), `{"group":"区级研发后补助","item":"丁"}`)
		chosen[f.USCC] = true
	}
	got := x.paged("/api/v1/choices?group=%E6%8A%80%E6%94%B9%E4%B8%89%E9%80%89%E4%B8%80", "choices", "enterprise")
	slices.Sort(got)
	if fmt.Sprint(got) != fmt.Sprint(slices.Sorted(maps.Keys(chosen))) {
		t.Errorf("%v, want %v", got, chosen)
	}
	if got := x.paged(of(x.firms[0].USCC), "choices", "group"); len(got) != 2 {
		t.Errorf("%v", got)
	}
	x.as("D2")
	x.refused(of(mine), `{"group":"技改三选一","item":"甲"}`, http.StatusForbidden, "角色")
}

// TestLockAPI reads the lock; what is to be reconciled is told to finance and audit only.
func TestLockAPI(t *testing.T) {
	x := newTill(t)
	x.as("F1")
	if got := read[fundsapi.Lock](t, x.s, "/api/v1/lock", http.StatusOK); got.Locked || got.Outstanding == nil {
		t.Errorf("%+v", got)
	}
	b := brake.New(x.office.Store)
	x.must(b.Pull(t.Context(), "", "从备份恢复", x.clock()))
	x.must(b.Ask(t.Context(), "demo-F2", "已和流水核对", x.clock()))
	if got := read[fundsapi.Lock](t, x.s, "/api/v1/lock", http.StatusOK); !got.Locked || got.Reason != "从备份恢复" || got.Asker != "演示财政复核" || got.Since != instantOf(x.clock()) {
		t.Errorf("%+v", got)
	}
	x.as("SA")
	if got := read[fundsapi.Lock](t, x.s, "/api/v1/lock", http.StatusOK); !got.Locked || got.Outstanding != nil {
		t.Errorf("%+v", got)
	}
}

// TestRecoveriesAPI claims money back and books what came back, once for a reference.
func TestRecoveriesAPI(t *testing.T) {
	b := sentToBank(t)
	ctx := t.Context()
	b.now.Add(int64(24 * time.Hour))
	x := &till{t: t, s: b.s, office: b.s.cfg.Office}
	for i := range 3 { // the bank's answer, by two persons
		x.as("F2")
		b.order("/api/v1/payments/unknown", fmt.Sprintf(`{"batch":"B1-1","payments":[%q],"reason":"系统故障"}`, b.payment(i)), http.StatusOK)
		x.as("F1")
		said := fmt.Sprint(b.order("/api/v1/payments/"+b.payment(i)+"/answers", `{"result":"success","on":"2025-07-10","basis":"复函8号"}`, http.StatusOK)["receipt"])
		x.as("F2")
		b.order("/api/v1/receipts/"+said+"/resolution", `{"holds":true,"reason":"与复函一致"}`, http.StatusOK)
	}
	const all = "/api/v1/recoveries"
	claim := func(n int, amount string) string {
		return fmt.Sprintf(`{"payment":%q,"amount":%q,"reason":"更正"}`, b.payment(n), amount)
	}
	x.as("D1")
	first := done[fundsapi.Recovery](x, all, claim(0, "10.50"))
	if first.State != "waiting" || first.Amount != 10_50 || first.Open != 10_50 || first.Department != demo.Department {
		t.Errorf("%+v", first)
	}
	done[fundsapi.Recovery](x, all, claim(0, "1.00"))
	done[fundsapi.Recovery](x, all, claim(1, "1.00"))
	x.refused(all, claim(0, "100000000"), http.StatusConflict, "最多还能追回")
	x.refused(all, claim(3, "1"), http.StatusConflict, "没有支付成功")
	x.wrong(all, claim(2, "一元"), "body.amount")
	x.wrong(all, strings.Replace(claim(2, "1"), "更正", "", 1), "body.reason")
	if got := x.paged(all, "recoveries", "id"); len(got) != 3 {
		t.Errorf("%v", got)
	}
	x.as("tongji")
	another, missing := x.post(all, claim(2, "1"), ""), x.post(all, `{"payment":"none","amount":"1","reason":"更正"}`, "")
	if another.Code != http.StatusNotFound || missing.Code != another.Code || another.Body.String() != missing.Body.String() {
		t.Errorf("another department's payment: %d %s, %d %s", another.Code, another.Body, missing.Code, missing.Body)
	}
	if w := b.form("/recoveries", url.Values{"payment": {b.payment(2)}, "amount": {"1"}, "reason": {"更正"}}); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), demo.Department) {
		t.Errorf("by the page: %d %.300s", w.Code, w.Body)
	}
	if got := x.paged(all, "recoveries", "id"); len(got) != 0 {
		t.Errorf("of another department: %v", got)
	}
	x.as("F1")
	came := all + "/" + first.ID + "/receipts"
	x.refused(came, `{"amount":"1.00","ref":"流水1"}`, http.StatusConflict, "还没有批准")
	x.refused(all+"/none/receipts", `{"amount":"1.00","ref":"流水1"}`, http.StatusNotFound, "没有找到这笔追回")
	x.must(ledger.New(x.office.Store).ApproveRecovery(ctx, first.ID, "demo-F3", b.clock()))
	if got := done[fundsapi.Recovery](x, came, `{"amount":"10.00","ref":"流水1"}`); got.State != "open" || got.Received != 10_00 || got.Open != 50 || got.ApprovedBy != "演示财政审批甲" {
		t.Errorf("%+v", got)
	}
	x.refused(came, `{"amount":"0.50","ref":"流水1"}`, http.StatusConflict, "不能重复入账")
	x.refused(came, `{"amount":"0.51","ref":"流水2"}`, http.StatusConflict, "最多登记")
	x.wrong(came, `{"amount":"半元","ref":"流水2"}`, "body.amount")
	if got := done[fundsapi.Recovery](x, came, `{"amount":"0.50","ref":"流水2"}`); got.State != "done" {
		t.Errorf("%+v", got)
	}
	for state, n := range map[string]int{"waiting": 2, "open": 0, "done": 1} {
		if got := x.paged(all+"?state="+state, "recoveries", "id"); len(got) != n {
			t.Errorf("%s: %v", state, got)
		}
	}
}
