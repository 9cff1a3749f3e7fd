package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/fsck"
	"mianshen/internal/web/door"
)

var viewAll = view.EntryFilter{Limit: 200}

// bureauTest is a server over a database of its own, whose clock a test moves, seen in a browser by persons of the demo in turn.
type bureauTest struct {
	*tab
	server *Server
	office *casework.Office
	now    atomic.Int64
}

func openBureau(t *testing.T) *bureauTest {
	t.Helper()
	office, err := settle(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = office.Store.Close() })
	x := &bureauTest{office: office}
	x.now.Store(received.UnixNano())
	x.server, _ = served(t, func(c *Config) {
		c.Office, c.Clock, c.Debtor = office, x.clock, demo.Debtor()
	})
	x.tab = browse(t, x.server)
	return x
}

func (x *bureauTest) clock() time.Time { return time.Unix(0, x.now.Load()).UTC() }

func (x *bureauTest) days(n int) { x.now.Add(int64(n) * 24 * int64(time.Hour)) }

// as becomes a person of the demo by a click, and opens a page.
func (x *bureauTest) as(login, page string) {
	x.t.Helper()
	x.open("/demo")
	x.do(chromedp.Click(".cast input[value='" + login + "'] + button"))
	x.wait("document.querySelector('.acting') && location.pathname !== '/demo'")
	x.open(page)
}

// order fills the form that has an address, and where several have it a hidden value, and sends it. A value that begins with
// file: is the text of a file.
func (x *bureauTest) order(action, hidden string, values map[string]string) {
	x.t.Helper()
	if values == nil {
		values = map[string]string{}
	}
	given, err := json.Marshal(values)
	if err != nil {
		x.t.Fatal(err)
	}
	script := fmt.Sprintf(`(() => {
		const form = [...document.querySelectorAll('form.order')].find((f) => f.method === 'post' && f.getAttribute('action') === %q && (!%q || [...f.elements].some((e) => e.type === 'hidden' && e.value === %q)));
		if (!form) return 'no form';
		for (let d = form.closest('details'); d; d = d.parentElement.closest('details')) d.open = true;
		for (const [name, value] of Object.entries(%s)) {
			const input = form.elements[name];
			if (!input) return 'no field ' + name;
			if (value.startsWith('file:')) { const files = new DataTransfer(); files.items.add(new File([value.slice(5)], 'upload.csv')); input.files = files.files; }
			else input.value = value;
		}
		if (!form.checkValidity()) return 'not filled';
		window.before = true;
		form.querySelector('button').click();
		return '';
	})()`, action, hidden, hidden, given)
	if fault := eval[string](x.tab, script); fault != "" {
		x.t.Fatalf("%s %s: %s on %s: %.1500s", action, hidden, fault, eval[string](x.tab, "location.pathname"), x.text())
	}
	x.wait("!window.before && document.readyState === 'complete'")
}

func (x *bureauTest) text() string {
	x.t.Helper()
	return eval[string](x.tab, "document.querySelector('main').innerText")
}

// says fails unless the page says something.
func (x *bureauTest) says(words ...string) {
	x.t.Helper()
	text := x.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			x.t.Fatalf("the page doesn't say %q: %.1500s", w, text)
		}
	}
}

// prove shows the password again, on the way that the page offers.
func (x *bureauTest) prove() {
	x.t.Helper()
	x.do(chromedp.Click("a.button[href^='/stepup']"))
	x.wait("document.querySelector(\"form[action='/stepup']\")")
	x.do(chromedp.Click("form[action='/stepup'] button"))
	x.wait("location.pathname !== '/stepup' && document.readyState === 'complete'")
}

// TestMoneyInABrowser takes a list from a budget line to settled: D1 drafts, D2 reviews, notice, F1, F2, F3, file, receipts.
func TestMoneyInABrowser(t *testing.T) {
	x := openBureau(t)
	x.as("D1", "/lists")
	x.says("还没有名单")
	x.look("lists-empty")
	x.open("/lists/draft?item=a-kuogang-buzhu")
	x.says("没有预算额度", "没有可以列入的")
	x.look("draft-none")
	x.budget()
	id := x.drafted()
	x.reviewed(id)
	x.noticed(id)
	x.approved(id)
	x.paid(id)
	results, err := fsck.Run(t.Context(), x.office.Store, func() {})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Count > 0 {
			t.Errorf("%+v", r)
		}
	}
}

// budget opens a line by pages, and gives the firms accounts.
func (x *bureauTest) budget() {
	x.t.Helper()
	x.as("F1", "/budget")
	x.order("/budget", "", map[string]string{"name": "失业保险基金-扩岗补助", "department": demo.Department, "unit": "101001", "project": "P2025001", "function": "2150805", "economic": "50701"})
	line := eval[string](x.tab, "location.pathname")
	x.as("F3", line)
	x.prove()
	x.order(line+"/approve", "", nil)
	x.order(line+"/allot", "", map[string]string{"amount": "1,000,000", "ref": "示例财指〔2025〕1号"})
	x.says("1,000,000.00", "下达 → 可用")
	x.look("budget-line")
	x.open("/budget")
	x.look("budget")
	plan, err := disburse.New(x.office).Plan(x.t.Context(), disburse.Request{Department: demo.Department, Items: []string{"a-kuogang-buzhu"}}, x.clock())
	if err != nil || len(plan.Entries) < 3 {
		x.t.Fatal(len(plan.Entries), err)
	}
	payees := ledger.NewRegistry(x.office.Store, ring)
	for i, e := range plan.Entries {
		firm := e.Entitlement.Enterprise
		if i == 0 { // one by the pages
			x.as("F1", "/accounts")
			x.order("/accounts", "", map[string]string{"uscc": firm, "holder": e.Name, "bank": "102290000017", "number": "6222990000000000001", "source": "企业填报（示例）"})
			x.as("F2", "/accounts")
			x.prove()
			action := eval[string](x.tab, "[...document.querySelectorAll('form')].map((f) => f.getAttribute('action')).find((a) => a.endsWith('/verify'))")
			x.order(action, "", map[string]string{"why": "小额打款核验"})
			x.says("冷静期")
			x.order(strings.Replace(action, "/verify", "/unmask", 1), "", map[string]string{"why": "与银行核对"})
			x.says("6222990000000000001")
			x.look("accounts")
			continue
		}
		account, err := payees.Record(x.t.Context(), ledger.NewAccount{Enterprise: firm, Holder: e.Name, Bank: "102290000017", Number: fmt.Sprintf("6222%015d", i), Source: "示例"}, "demo-F1", x.clock())
		if err == nil {
			err = payees.Verify(x.t.Context(), account, "示例", ledger.Cooling, "demo-F2", x.clock())
		}
		if err != nil {
			x.t.Fatal(err)
		}
	}
	x.days(4)
}

func (x *bureauTest) drafted() (id string) {
	x.t.Helper()
	x.as("li", "/lists/draft?department=%E5%8C%BA%E4%BA%BA%E7%A4%BE%E5%B1%80&item=a-kuogang-buzhu")
	x.says("可以列入")
	x.look("draft")
	x.order("/lists", "", map[string]string{"title": "扩岗补助名单"})
	page := eval[string](x.tab, "location.pathname")
	x.says("草稿", "您办理过这份名单的“起草”，不能再办理“审核”")
	x.look("list-draft")
	id = strings.TrimPrefix(page, "/lists/")
	// Who drafted doesn't review, whatever he sends.
	eval[bool](x.tab, `(() => { const f = [...document.querySelectorAll('form.order')].find((f) => f.getAttribute('action').endsWith('/steps')).cloneNode(true);
		f.elements.action.value = 'review'; f.elements.note.value = '自己审核'; document.querySelector('main').append(f); window.before = true; f.querySelector('button').click(); return true; })()`)
	x.wait("!window.before && document.readyState === 'complete'")
	x.says("没有办成", "请交由其他人员")
	x.look("list-refused")
	x.mu.Lock()
	defer x.mu.Unlock()
	x.console = slices.DeleteFunc(x.console, func(m string) bool { return strings.Contains(m, "403") }) // the refusal
	return id
}

func (x *bureauTest) step(login, id, action string, values map[string]string) {
	x.t.Helper()
	x.as(login, "/lists/"+id)
	x.order("/lists/"+id+"/steps", action, values)
	if text := x.text(); strings.Contains(text, "没有办成") {
		x.t.Fatalf("%s by %s: %.1500s", action, login, text)
	}
}

func (x *bureauTest) reviewed(id string) {
	x.t.Helper()
	x.step("D2", id, "review", map[string]string{"note": "与台账一致"})
	x.step("D1", id, "confirm", nil)
	x.step("D1", id, "notice", map[string]string{"days": "5"})
	x.says("公示中", "公示到")
	x.order("/lists/"+id+"/papers", "", map[string]string{"kind": "会议纪要", "paper": "file:纪要"})
	x.order("/lists/"+id+"/objections", "", map[string]string{"n": "1", "raised_by": "某公众", "text": "认为数据有误"})
	x.says("待答复", "暂缓")
	x.look("list-objection")
	x.as("D2", "/lists/"+id)
	x.order("/lists/"+id+"/objections/answers", "", map[string]string{"outcome": "rejected", "answer": "与社保台账一致"})
	x.says("不成立")
}

func (x *bureauTest) noticed(id string) {
	x.t.Helper()
	x.open("/lists/" + id + "/notice")
	x.says("拟拨付名单", "提出")
	x.look("notice")
	for _, file := range []string{"table.xlsx", "table.docx", "table.html"} {
		if w := call(x.server, "/lists/"+id+"/notice/"+file); w.Code != http.StatusOK || w.Body.Len() < 500 {
			x.t.Errorf("%s: %d, %d bytes", file, w.Code, w.Body.Len())
		}
	}
	x.as("F1", "/lists/"+id)
	x.says("期满后的第二天起才能经办")
	x.days(8)
}

func (x *bureauTest) approved(id string) {
	x.t.Helper()
	x.step("F1", id, "handle", nil)
	x.step("F2", id, "check", nil)
	x.as("F3", "/lists/"+id)
	x.says("批前复查", "金额最大的十笔", "与上期比")
	x.prove()
	x.look("list-approve")
	x.order("/lists/"+id+"/approve", "", map[string]string{"note": "同意"})
	x.says("已审批")
	x.open("/lists/" + id + "/entries/2")
	x.look("entry")
	x.open("/lists/steps?at=approved")
	x.look("steps")
	x.step("F1", id, "export", nil)
}

// paid lets the bank answer: one payment fails, one line is a cent off, the others are paid.
func (x *bureauTest) paid(id string) {
	x.t.Helper()
	batch := id + "-1"
	x.open("/payments/" + batch)
	x.says("没有下载就不能记为送出")
	x.look("batch")
	orders := x.download(batch)
	x.step("F1", id, "send", nil)
	x.open("/payments")
	x.look("payments")
	x.order("/payments/receipts", "", map[string]string{"receipts": "file:" + bankAnswers(batch, orders, x.clock(), false)})
	x.says("收下", "已入账")
	x.order("/payments/receipts", "", map[string]string{"receipts": "file:" + bankAnswers(batch, orders, x.clock(), true)})
	x.says("金额不符")
	x.look("payments-doubt")
	x.as("F2", "/payments")
	x.order("/payments/doubts", "", map[string]string{"holds": "no", "reason": "与付款文件核对，不是这一笔"})
	x.says("没有待查的回单")
	x.step("F2", id, "settle", nil)
	x.says("已办结")
	x.look("list-settled")
	for name, page := range map[string]string{"entry-paid": "/lists/" + id + "/entries/3", "reconciliation": "/reconciliation", "report": "/report", "lists": "/lists", "recoveries": "/recoveries", "budget": "/budget"} {
		x.open(page)
		x.look(name)
		x.do(chromedp.EmulateViewport(768, 900))
		if name == "report" || name == "budget" {
			if hidden := eval[bool](x.tab, `[...document.querySelectorAll('.money-table')].some((t) => t.checkVisibility() && t.scrollWidth > t.clientWidth)`); hidden {
				x.t.Errorf("%s: on a tablet columns hide to the right", name)
			}
		}
	}
	x.as("D1", "/findings")
	x.look("findings")
	list, err := x.server.money.View.Entries(x.t.Context(), id, viewAll)
	if err != nil {
		x.t.Fatal(err)
	}
	x.open("/enterprises/" + list[2].Enterprise + "#money")
	x.says("已到账")
	x.look("firm-money")
}

// download takes the file for the bank as F1, and reads it as the bank does.
func (x *bureauTest) download(batch string) (rows [][]string) {
	x.t.Helper()
	cookie, err := x.server.cfg.Persons.AsDemo(x.t.Context(), "F1", x.clock())
	if err != nil {
		x.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.base+"/payments/"+batch+"/files", strings.NewReader(url.Values{"format": {"csv-utf8"}}.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: door.Cookie, Value: cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		x.t.Fatalf("%d %v %.500s", res.StatusCode, err, data)
	}
	rows, err = csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil {
		x.t.Fatal(err)
	}
	return rows[1 : len(rows)-1]
}

// bankAnswers is the bank's table: the first payment failed, the others are paid. wrong is one line of a sum that is a cent off.
func bankAnswers(batch string, orders [][]string, now time.Time, wrong bool) string {
	var out strings.Builder
	out.WriteString("银行时间,批次号,支付编号,户名,收款账号,金额,结果,原因\n")
	at := now.Add(9 * time.Hour).Format("2006-01-02 15:04:05")
	if wrong {
		fmt.Fprintf(&out, "%s,%s,%s,某户,%s,0.01,成功,\n,合计,1,,,0.01,,\n", at, batch, orders[1][1], orders[1][4])
		return out.String()
	}
	sum := 0.0
	for i, o := range orders {
		var yuan float64
		_, _ = fmt.Sscan(o[5], &yuan)
		sum += yuan
		result := "成功,"
		if i == 0 {
			result = "失败,账号与户名不符"
		}
		fmt.Fprintf(&out, "%s,%s,%s,某户,%s,%s,%s\n", at, batch, o[1], o[4], o[5], result)
	}
	fmt.Fprintf(&out, ",合计,%d,,,%.2f,,\n", len(orders), sum)
	return out.String()
}
