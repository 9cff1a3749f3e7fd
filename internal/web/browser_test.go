package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// widths at which every page is looked at: a phone, a tablet, a desk.
var widths = []int{360, 768, 1280}

// tab is one page in a real browser, together with the server it looks at.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu      sync.Mutex
	console []string
}

// browse opens a tab. Without chromium the test is skipped, except where nothing may be skipped. Errors in the console,
// violations of the content policy among them, fail the test at its end.
func browse(t *testing.T, s *Server) *tab {
	t.Helper()
	path := chromium()
	if path == "" {
		if os.Getenv("CI") != "" || os.Getenv("MIANSHEN_NO_SKIP") != "" {
			t.Fatal("no chromium found (chromium, chromium-browser, google-chrome): make setup installs it")
		}
		t.Skip("no chromium found: page tests need one")
	}
	web := httptest.NewServer(front(s))
	t.Cleanup(web.Close)
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	for _, name := range []string{"no-sandbox", "disable-gpu", "disable-quic", "disable-component-update", "hide-scrollbars"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, base: web.URL}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if strings.HasPrefix(m.Text, "htmx:afterRequest,") || strings.HasPrefix(m.Text, "htmx:sendAbort,") {
				continue // htmx says that it gave up a question for a newer one
			}
			if m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning {
				b.mu.Lock()
				b.console = append(b.console, m.String())
				b.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, m := range b.console {
			t.Error("console: " + m)
		}
	})
	return b
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// do runs actions; an error ends the test.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// eval runs an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait waits until an expression is true. chromedp's own polling evaluates text in the page, which the content policy
// forbids.
func (b *tab) wait(expression string) {
	b.t.Helper()
	var failed error // a page that is just being left can't answer
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var is bool
		if is, failed = chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")")); failed == nil && is {
			return
		}
	}
	b.t.Fatalf("never became true: %s (%v)", expression, failed)
}

func (b *tab) count(selector string) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
}

// look audits the page at every width and keeps a picture of each.
func (b *tab) look(name string) {
	b.t.Helper()
	dir := os.Getenv("MIANSHEN_SHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	for _, w := range widths {
		b.do(chromedp.EmulateViewport(int64(w), 900))
		for _, fault := range eval[[]string](b, audit) {
			b.t.Errorf("%s at %d px: %s", name, w, fault)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, w)), picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestSearchPage(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/")
	if n := b.count(".hit"); n != 10 {
		t.Errorf("%d policies listed", n)
	}
	b.look("home")

	b.do(chromedp.SendKeys("#q", "小巨人奖励"))
	b.wait("document.querySelector('#results .snippet mark') && location.search.includes('q=')")
	if first := eval[string](b, "document.querySelector('.hit h2').textContent"); !strings.Contains(first, "梯度培育") {
		t.Errorf("first hit: %s", first)
	}
	if eval[string](b, "document.activeElement.id") != "q" {
		t.Error("search as you type takes the focus away")
	}
	if n := b.count(".outcome"); n != 0 {
		t.Errorf("%d outcomes without an enterprise", n)
	}

	b.open("/?q=" + url.QueryEscape("小巨人奖励"))
	b.do(chromedp.Click(".samples a"))
	b.wait("document.querySelector('.firmbar.chosen') && document.querySelectorAll('.standing .outcome').length > 0")
	if text := eval[string](b, "document.querySelector('.standing').textContent"); !strings.ContainsAny(text, "符待") {
		t.Errorf("an outcome without a word: %s", text)
	}
	b.look("search")

	b.do(chromedp.Click(".narrow li a[href*='mode=auto']"))
	b.wait("document.querySelector('.chip')")
	b.do(chromedp.Click(".chip"))
	b.wait("!document.querySelector('.chip')")

	b.open("/?q=zzzzqqqq")
	if n := b.count(".hits .empty"); n != 1 {
		t.Error("nothing found, and nothing said")
	}
	b.look("nothing")
}

func TestPolicyPage(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/policies/qp-jw-zjtx-tidu#c-" + url.PathEscape("第三条第一款"))
	pairs, quoted := b.count(".pair"), b.count(".pair .clause mark")
	if pairs < 10 || quoted != pairs {
		t.Errorf("%d conditions, %d with their words marked", pairs, quoted)
	}
	if n := b.count(".sample"); n != 1 {
		t.Error("nothing says that this is a sample")
	}
	b.look("policy")
	const place = `(() => { const p = document.querySelector('.pair'), c = p.querySelector('.condition').getBoundingClientRect(),
		q = p.querySelector('.clause').getBoundingClientRect(); return q.left >= c.right ? 'beside' : q.top >= c.bottom ? 'below' : 'over'; })()`
	for w, want := range map[int64]string{360: "below", 1280: "beside"} {
		b.do(chromedp.EmulateViewport(w, 900))
		if got := eval[string](b, place); got != want {
			t.Errorf("at %d px the clause stands %s its condition, want %s", w, got, want)
		}
	}
}

func TestFirmPage(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/enterprises/" + anyFirm(t, s))
	for _, group := range []string{"#eligible", "#unknown", "#ineligible"} {
		if b.count(group+" .match") == 0 {
			t.Errorf("nothing in %s", group)
		}
	}
	b.do(chromedp.Click("#eligible .why summary"))
	b.wait("document.querySelectorAll('#eligible .why-body .finding .facts').length > 0")
	if b.count("#eligible .why-body .clause mark") == 0 {
		t.Error("the reasons quote no clause")
	}
	b.do(chromedp.Click("#unknown .why summary"))
	b.wait("document.querySelectorAll('#unknown .why-body .result-unknown').length > 0")
	b.look("firm")

	why := eval[string](b, "document.querySelector('#ineligible .why summary').getAttribute('hx-get')")
	b.open(strings.TrimSuffix(why, "/reasons"))
	if b.count(".result-false") == 0 || !strings.Contains(eval[string](b, "document.body.innerText"), "又算了一遍") {
		t.Error("the decision doesn't show what failed, or that it was reproduced")
	}
	b.look("decision")

	b.open("/enterprises")
	b.do(chromedp.SendKeys("#find", "物流"))
	b.wait("location.search.includes('find=') && document.querySelectorAll('.firms li').length > 0")
	b.look("firms")
}

func TestPagesWithoutScripts(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	firm := anyFirm(t, s)
	b.open("/")
	b.do(chromedp.SendKeys("#q", "稳岗返还"), chromedp.Click(".askbox button"))
	b.wait("document.querySelectorAll('.snippet mark').length > 0")
	if b.count("#q[role]") != 0 {
		t.Error("a field without suggestions says that it has some")
	}
	b.open("/policies/qp-rs-wengang")
	b.do(chromedp.SendKeys("#within", "裁员率"), chromedp.Click(".within button"))
	b.wait("document.querySelectorAll('.passages mark').length > 0")
	b.open("/?q=" + url.QueryEscape("裁员率") + "&enterprise=" + firm)
	b.do(chromedp.Click(".keep button"))
	b.wait("document.querySelector('p.keep a')")
	b.open("/enterprises/" + firm)
	b.do(chromedp.Click("#saved button"))
	b.wait("!document.querySelector('#saved') && document.querySelector('#eligible')")
	b.do(chromedp.Click("#eligible .why summary"))
	b.do(chromedp.Click("#eligible .why-body a"))
	b.wait("document.querySelectorAll('.decision .finding').length > 0")
}

func TestErrorPage(t *testing.T) {
	s, _ := served(t, nil)
	w := call(s, "/policies/none")
	if w.Code != 404 || !strings.Contains(w.Body.String(), "没有找到这项政策。") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
