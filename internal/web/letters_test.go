package web

import (
	"bytes"
	"context"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/rules/exact"
)

// told stores an event and puts its message into the firm's inbox as a dispatcher does.
func told(t *testing.T, s *Server, firm, subject string, at time.Time) event.Event {
	t.Helper()
	box := outbox.New(s.cfg.Office.Store, ring)
	e := event.Event{
		ID: event.ID(event.Eligible, firm, subject), Kind: event.Eligible, Enterprise: firm, Subject: subject, At: at, Item: "a-wengang-fanhuan",
		Decision: "1-a-wengang-fanhuan-" + firm, Worth: 3_500_000, Data: map[string]string{event.Item: "稳岗返还 " + subject, event.Sum: "3.5 万元", event.Why: "裁员率没有超过上限"},
	}
	if _, err := box.Tell(t.Context(), "test", []event.Event{e}, at); err != nil {
		t.Fatal(err)
	}
	l := outbox.Lease{Channel: channel.Inbox, Owner: "test", Until: at.Add(time.Hour)}
	firms, err := box.Lease(t.Context(), l, 100, at)
	if err != nil {
		t.Fatal(err)
	}
	var begin []outbox.Ticket
	var done []outbox.Done
	for _, f := range firms {
		for _, m := range f.Messages {
			k := outbox.Ticket{Lease: l, Event: m.Event.ID, Attempt: m.Attempt + 1}
			begin, done = append(begin, k), append(done, outbox.Done{Ticket: k, Result: channel.Delivered})
		}
	}
	if _, _, err := box.Turn(t.Context(), begin, nil, at); err != nil {
		t.Fatal(err)
	}
	if _, _, err := box.Turn(t.Context(), nil, done, at); err != nil {
		t.Fatal(err)
	}
	s.Tell(firm)
	return e
}

// firmOf is the enterprise of the demo's firm persons.
func firmOf() string { return people()[0].Holdings[0].Scope }

// TestLiveInbox reads the inbox in a browser while a message comes in, and until the session ends.
func TestLiveInbox(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Clock = time.Now; c.Channels = []channel.Channel{&mailbox{}} })
	told(t, s, firmOf(), "浏览器一", time.Now().Add(-time.Minute))
	b := browse(t, s)
	b.open("/demo")
	b.do(chromedp.Click(".cast input[value='E1'] + button"))
	b.wait("document.querySelector('#unread:not([hidden])')")
	b.open("/inbox")
	b.wait("document.querySelectorAll('.letter.fresh').length >= 1")
	before := b.count(".letter")
	b.look("inbox")
	told(t, s, firmOf(), "浏览器二", time.Now())
	b.wait("document.querySelector('#letters').innerText.includes('浏览器二')")
	if n := b.count(".letter"); n != before+1 {
		t.Errorf("%d messages, there were %d", n, before)
	}
	b.wait("document.querySelector('#live-note').innerText.includes('新消息')")
	b.do(chromedp.Click(".letter form button"))
	b.wait("document.querySelector('.letter:focus .state-accepted')")
	b.do(chromedp.KeyEvent("j"))
	b.wait("document.activeElement === document.querySelectorAll('.letter')[1]")
	b.do(chromedp.KeyEvent("k"), chromedp.KeyEvent("d"))
	b.wait("document.querySelector('.letter') === document.activeElement && !document.querySelector('.letter .state-accepted')")
	b.do(chromedp.KeyEvent("d"))
	b.wait("document.querySelector('.letter:focus .state-accepted')")
	for _, page := range []string{"/inbox/settings", "/facts?field=从业人数"} {
		b.open(page)
		b.look(regexp.MustCompile(`\W`).ReplaceAllString(strings.SplitN(page[1:], "?", 2)[0], "-"))
	}
	b.open("/inbox")
	b.wait("document.querySelector('#letters[data-state=open]')")
	_, err := s.cfg.Office.Store.DB().ExecContext(t.Context(), "UPDATE session SET revoked_at = $1 WHERE revoked_at IS NULL", "2025-07-01T00:00:00.000000Z")
	if err != nil {
		t.Fatal(err)
	}
	b.wait("document.querySelector('#live-note').innerText.includes('登录已经结束')")
}

// TestLiveStream bounds the streams of one person, and ends them with the server.
func TestLiveStream(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Clock = time.Now })
	as(t, s, "E1")
	web := httptest.NewServer(front(s))
	defer web.Close()
	var ended sync.WaitGroup
	codes := map[int]int{}
	for range 8 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/inbox/live", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := web.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		codes[res.StatusCode]++
		if res.StatusCode != http.StatusOK {
			_ = res.Body.Close()
			continue
		}
		ended.Go(func() {
			var got bytes.Buffer
			_, _ = got.ReadFrom(res.Body) // ends with the server
			_ = res.Body.Close()
			if !strings.Contains(got.String(), "event: inbox\ndata: {\"mark\":") {
				t.Errorf("stream: %q", got.String())
			}
		})
	}
	if codes[200] != 6 || codes[503] != 2 {
		t.Errorf("streams: %v", codes)
	}
	s.Close()
	ended.Wait()
}

// mailbox is a channel that keeps what it gets.
type mailbox struct {
	mu   sync.Mutex
	sent []channel.Message
}

func (m *mailbox) Name() string     { return channel.SMTP }
func (m *mailbox) Idempotent() bool { return true }
func (m *mailbox) Send(_ context.Context, _ channel.Address, x channel.Message) (channel.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, x)
	return channel.Delivered, nil
}

var digits = regexp.MustCompile(`[0-9]{8}`)

// post sends a form and gives the answer.
func submit(h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	return send(h, http.MethodPost, path, form.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"})
}

// TestInboxPages walks through an inbox in which many messages came at one instant, marks the rest as read and takes that back, and
// marks one as done and takes that back.
func TestInboxPages(t *testing.T) {
	at := received.Add(-48 * time.Hour)
	s, _ := served(t, func(c *Config) { c.Clock = func() time.Time { return received.Add(time.Minute) } })
	box := outbox.New(s.cfg.Office.Store, ring)
	want := map[string]bool{}
	for i := range 45 {
		want[told(t, s, firmOf(), "翻页"+strconv.Itoa(i), at).ID] = true
	}
	as(t, s, "E1")
	first := call(s, "/inbox").Body.String()
	if strings.Contains(first, "款项退回") || !strings.Contains(first, "新符合") {
		t.Error("the tabs name kinds of which there is no message, or leave one out")
	}
	got := map[string]int{}
	pages := 0
	for next := "/inbox"; next != ""; pages++ {
		page := call(s, next).Body.String()
		for _, m := range regexp.MustCompile(`id="m-([0-9a-f]{64})"`).FindAllStringSubmatch(page, -1) {
			got[m[1]]++
		}
		next = ""
		if m := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(page); m != nil {
			next = html.UnescapeString(m[1])
		}
		if pages > 50 {
			t.Fatal("no end")
		}
	}
	for id := range want {
		if got[id] != 1 {
			t.Errorf("%s stands on the pages %d times", id, got[id])
		}
	}
	if _, err := s.cfg.Office.Store.DB().ExecContext(t.Context(), "DELETE FROM reading WHERE acted_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	unread := func() int {
		n, err := s.post.Unread(t.Context(), firmOf())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := unread()
	w := submit(s, "/inbox/seen", url.Values{"kind": {"eligible"}})
	back := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || unread() != 0 || before < 45 {
		t.Fatalf("%d, %d of %d unread", w.Code, unread(), before)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if page := call(s, back).Body.String(); !strings.Contains(page, strconv.Itoa(before)+" 条标为已读") {
		t.Error("it isn't said what was marked")
	}
	if submit(s, "/inbox/unseen", url.Values{"at": {u.Query().Get("at")}}); unread() != before {
		t.Errorf("%d unread after undoing, %d before", unread(), before)
	}
	for id := range want {
		for _, undo := range []string{"", "1"} {
			w := submit(s, "/inbox/acted", url.Values{"event": {id}, "undo": {undo}, "kind": {"eligible"}})
			if !strings.HasSuffix(w.Header().Get("Location"), "kind=eligible#m-"+id) {
				t.Errorf("leads to %s", w.Header().Get("Location"))
			}
			rows, err := box.Message(t.Context(), id)
			if err != nil || rows[0].ActedAt.IsZero() != (undo == "1") {
				t.Errorf("undo %q: %+v %v", undo, rows, err)
			}
		}
		break
	}
	if page := call(s, "/inbox?kind=paid").Body.String(); !strings.Contains(page, "看全部消息") {
		t.Error("an empty kind doesn't lead on")
	}
}

// TestContact verifies an address by the code that came there, stops it by the link of a message, and takes that back.
func TestContact(t *testing.T) {
	box := &mailbox{}
	s, _ := served(t, func(c *Config) { c.Clock = time.Now; c.Channels = []channel.Channel{box} })
	as(t, s, "E2")
	firm, o := firmOf(), outbox.New(s.cfg.Office.Store, ring)
	if w := submit(s, "/inbox/contacts", url.Values{"channel": {"smtp"}, "address": {"not an address"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a bad address: %d", w.Code)
	}
	w := submit(s, "/inbox/contacts", url.Values{"channel": {"smtp"}, "address": {"zhang@example.com"}})
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "zhang@") || !strings.Contains(w.Body.String(), "z***@example.com") {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if len(box.sent) != 1 || ticket == nil {
		t.Fatalf("%d codes, ticket %v", len(box.sent), ticket)
	}
	code := digits.FindString(box.sent[0].Text)
	verify := func(code string) int {
		return submit(s, "/inbox/contacts/verify", url.Values{"channel": {"smtp"}, "ticket": {ticket[1]}, "code": {code}}).Code
	}
	if got := verify("00000000"); got != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got)
	}
	contacts, err := o.Contacts(t.Context(), firm)
	if err != nil || len(contacts) != 1 || !contacts[0].VerifiedAt.IsZero() {
		t.Fatalf("%+v, %v", contacts, err)
	}
	if got := verify(code); got != http.StatusOK {
		t.Errorf("the right code: %d", got)
	}
	contacts, _ = o.Contacts(t.Context(), firm)
	if contacts[0].VerifiedAt.IsZero() {
		t.Error("not verified")
	}

	signed.Delete(s) // the link works for whoever has it
	link := "/stop/" + contacts[0].Token
	stopped := func() bool {
		contacts, _ := o.Contacts(t.Context(), firm)
		return !contacts[0].StoppedAt.IsZero()
	}
	if w := call(s, link); w.Code != http.StatusOK || stopped() {
		t.Errorf("opening the link: %d, stopped %v", w.Code, stopped())
	}
	if w := submit(s, link, url.Values{"List-Unsubscribe": {"One-Click"}}); w.Code != http.StatusOK || !stopped() || !strings.Contains(w.Body.String(), "电子邮件 z***@example.com") {
		t.Errorf("one click: %d, stopped %v", w.Code, stopped())
	}
	if w := submit(s, link+"/undo", nil); w.Code != http.StatusOK || stopped() {
		t.Errorf("undo: %d, stopped %v", w.Code, stopped())
	}
	if w := call(s, "/stop/"+strings.Repeat("0", 64)); w.Code != http.StatusNotFound {
		t.Errorf("nobody's link: %d", w.Code)
	}
}

// TestCodeTries voids a code after some wrong ones.
func TestCodeTries(t *testing.T) {
	box := &mailbox{}
	s, _ := served(t, func(c *Config) { c.Clock = time.Now; c.Channels = []channel.Channel{box} })
	as(t, s, "E2")
	w := submit(s, "/inbox/contacts", url.Values{"channel": {"smtp"}, "address": {"li@example.com"}})
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if ticket == nil {
		t.Fatal(w.Body)
	}
	form := url.Values{"channel": {"smtp"}, "ticket": {ticket[1]}, "code": {"x"}}
	var codes []int
	for range 6 {
		codes = append(codes, submit(s, "/inbox/contacts/verify", form).Code)
	}
	form.Set("code", digits.FindString(box.sent[0].Text))
	codes = append(codes, submit(s, "/inbox/contacts/verify", form).Code)
	if want := []int{422, 422, 422, 422, 422, 429, 429}; !slices.Equal(codes, want) {
		t.Errorf("%v, want %v", codes, want)
	}
}

// TestPreferencePage stores what a form says, and refuses what makes no sense.
func TestPreferencePage(t *testing.T) {
	s, _ := served(t, nil)
	as(t, s, "E1")
	form := url.Values{"topic.eligible": {"1"}, "topic.paid": {"1"}, "quiet_from": {"21:00"}, "quiet_to": {"08:30"}, "digest": {"daily"}, "a_day": {"3"}, "working_days": {"1"}, "industries": {"C I65"}}
	if w := submit(s, "/inbox/settings", form); w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	p, err := outbox.New(s.cfg.Office.Store, ring).Preference(t.Context(), firmOf())
	if err != nil || !slices.Equal(p.Topics, []string{"eligible", "paid"}) || p.QuietFrom != 21*60 || p.QuietTo != 8*60+30 || p.ADay != 3 || !p.WorkingDays || p.Digest != "daily" || len(p.Industries) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	for name, value := range map[string]string{"quiet_from": "25:00", "a_day": "101", "digest": "hourly"} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(name, value)
		if w := submit(s, "/inbox/settings", bad); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", name, value, w.Code)
		}
	}
}

// TestInboxAPI lists, marks and subscribes as programs do; the firm of another is like none.
func TestInboxAPI(t *testing.T) {
	s, _ := served(t, nil)
	e := told(t, s, firmOf(), "接口", received)
	as(t, s, "E1")
	type list struct {
		Messages []struct {
			Event, Title string
			Worth        exact.Money
			Seen         bool
		}
		Unread int
	}
	path := "/api/v1/enterprises/" + firmOf() + "/inbox"
	got := read[list](t, s, path, http.StatusOK)
	at := slices.IndexFunc(got.Messages, func(m struct {
		Event, Title string
		Worth        exact.Money
		Seen         bool
	},
	) bool {
		return m.Event == e.ID
	})
	if at < 0 || got.Messages[at].Seen || got.Messages[at].Title != "新符合：稳岗返还 接口" {
		t.Fatalf("%+v", got)
	}
	w := send(s, http.MethodPost, path, `{"seen":["`+e.ID+`"]}`, []string{"Content-Type", "application/json"})
	if w.Code != http.StatusOK {
		t.Errorf("mark: %d %s", w.Code, w.Body)
	}
	if after := read[list](t, s, path, http.StatusOK); after.Unread != got.Unread-1 {
		t.Errorf("unread %d, then %d", got.Unread, after.Unread)
	}
	body := `{"topics":[],"departments":["区人社局"],"industries":[],"quiet_from":0,"quiet_to":0,"working_days":false,"digest":"weekly","a_day":5}`
	sub := "/api/v1/enterprises/" + firmOf() + "/subscriptions"
	if w := send(s, http.MethodPost, sub, body, []string{"Content-Type", "application/json"}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"digest":"weekly"`) {
		t.Errorf("subscribe: %d %s", w.Code, w.Body)
	}
}

// TestSupplyPage goes from the firm's form to the department's answer, with a proof on the way.
func TestSupplyPage(t *testing.T) {
	s, _ := served(t, nil)
	as(t, s, "E1")
	give := func(field, cell, unit string) *httptest.ResponseRecorder {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for name, value := range map[string]string{"field": field, "cell": cell, "unit": unit, "note": "年报"} {
			_ = m.WriteField(name, value)
		}
		f, _ := m.CreateFormFile("file", "../年报.pdf")
		_, _ = f.Write([]byte("%PDF 年报"))
		_ = m.Close()
		return send(s, http.MethodPost, "/facts", b.String(), []string{"Content-Type", m.FormDataContentType()})
	}
	book, err := s.cfg.Office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	field := ""
	for _, f := range book.Book.Vocabulary.Fields {
		if f.Source == "区人社局" && !f.Derived() && f.Unit == "元" && f.Level < 4 {
			field = f.Name
		}
	}
	if w := give(field, "很多", "元"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "不是数") {
		t.Errorf("not a number: %d", w.Code)
	}
	if w := give(field, "1200", "元"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "等部门核对") {
		t.Fatalf("%s: %d %s", field, w.Code, w.Body)
	}
	proof := regexp.MustCompile(`/facts/[A-Z0-9]+/proof`).FindString(call(s, "/facts").Body.String())
	if w := call(s, proof); w.Body.String() != "%PDF 年报" || !strings.Contains(w.Header().Get("Content-Disposition"), "attachment") || strings.Contains(w.Header().Get("Content-Disposition"), "..") {
		t.Errorf("proof: %v %s", w.Header(), w.Body)
	}
	as(t, s, "other")
	if w := call(s, proof); w.Code != http.StatusNotFound {
		t.Errorf("another department reads the proof: %d", w.Code)
	}
	if w := call(s, "/facts/answers"); strings.Contains(w.Body.String(), proof) {
		t.Error("another department sees the fact")
	}
	as(t, s, "D2")
	page := call(s, "/facts/answers").Body.String()
	id := regexp.MustCompile(`name="id" value="([A-Z0-9]+)"`).FindStringSubmatch(page)
	if id == nil {
		t.Fatal(page)
	}
	if w := submit(s, "/facts/answers", url.Values{"id": {id[1]}, "answer": {"confirmed"}, "reason": {"与台账一致"}}); w.Code != http.StatusOK {
		t.Errorf("answer: %d %s", w.Code, w.Body)
	}
	if w := submit(s, "/facts/answers", url.Values{"id": {id[1]}, "answer": {"refused"}, "reason": {"不对"}}); w.Code != http.StatusConflict {
		t.Errorf("a second answer: %d", w.Code)
	}
}

// TestReportPage shows counts to officials, and what waits for a person to administrators alone.
func TestReportPage(t *testing.T) {
	s, _ := served(t, nil)
	told(t, s, firmOf(), "报告", received.Add(-time.Hour))
	for login, stuck := range map[string]bool{"F1": false, "SA": true, "AU": true} {
		as(t, s, login)
		w := call(s, "/report/messages")
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "新符合") || strings.Contains(w.Body.String(), "结果不明 ") && !stuck || strings.Contains(w.Body.String(), "id=\"h-unknown\"") != stuck {
			t.Errorf("%s: %d, stuck shown: %v", login, w.Code, strings.Contains(w.Body.String(), "id=\"h-unknown\""))
		}
	}
	as(t, s, "SA")
	if w := submit(s, "/report/messages/retry", url.Values{"event": {strings.Repeat("0", 64)}, "channel": {"smtp"}, "why": {"再试"}}); w.Code != http.StatusConflict {
		t.Errorf("retry of nothing: %d", w.Code)
	}
	if w := call(s, "/jobs"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "不跑定时任务") {
		t.Errorf("jobs: %d", w.Code)
	}
}
