package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// shown tells in the page whether suggestions stand open.
const shown = `!document.querySelector('#q-list').hidden && document.querySelector('#q').getAttribute('aria-expanded') === 'true'`

// TestTyping goes through the suggestions by keys and by pointer.
func TestTyping(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/")
	if role := eval[string](b, "document.querySelector('#q').getAttribute('role') + ' ' + document.querySelector('#q').getAttribute('aria-controls')"); role != "combobox q-list" {
		t.Errorf("the field is %s", role)
	}
	b.do(chromedp.SendKeys("#q", "xiaoju"))
	b.wait(shown + " && document.querySelector('#q-list [role=option]').textContent.includes('小巨人')")
	b.look("typing")
	if n := b.count("#q-list [role=option]"); n > 10 {
		t.Errorf("%d suggestions", n)
	}

	const at = "document.querySelector('#q').getAttribute('aria-activedescendant')"
	b.do(chromedp.SendKeys("#q", kb.ArrowDown))
	if got := eval[string](b, at); got != "q-list-0" {
		t.Errorf("the arrow leads to %s", got)
	}
	b.do(chromedp.SendKeys("#q", kb.ArrowUp))
	if eval[bool](b, at+" !== null") {
		t.Error("before the first is the field itself")
	}
	b.do(chromedp.SendKeys("#q", kb.Escape))
	b.wait("document.querySelector('#q-list').hidden")
	if got := eval[string](b, "document.querySelector('#q').value"); got != "xiaoju" {
		t.Errorf("escape leaves %q", got)
	}
	b.do(chromedp.SendKeys("#q", kb.ArrowDown))
	b.wait(shown)
	chosen := eval[string](b, "document.querySelector('#q-list [aria-selected=true]').dataset.text")
	b.do(chromedp.SendKeys("#q", kb.Enter))
	b.wait("new URLSearchParams(location.search).get('q') === " + jsText(chosen))
	if eval[string](b, "document.querySelector('#q').value") != chosen || !eval[bool](b, "document.querySelector('#q-list').hidden") {
		t.Errorf("what was chosen, %s, isn't in the field, or the list stays", chosen)
	}
	b.wait("document.querySelector('#results .hit h2').textContent.includes('小巨人') || document.querySelector('#results mark')")

	b.do(chromedp.SendKeys("#q", "奖"))
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('#q').value = ''"))
	b.do(chromedp.SendKeys("#q", "稳岗"))
	b.wait(shown + " && document.querySelector('#q-list mark')")
	want := eval[string](b, "document.querySelector('#q-list [role=option]').dataset.text")
	b.do(chromedp.Click("#q-list [role=option]"))
	b.wait("new URLSearchParams(location.search).get('q') === " + jsText(want))
}

func jsText(s string) string { return "'" + strings.ReplaceAll(s, "'", `\'`) + "'" }

// TestWordsAsFilters takes back a word that was a filter, and a repair.
func TestWordsAsFilters(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/?q=" + url.QueryEscape("我区研发补助"))
	b.wait("document.querySelector('.chip-word')")
	if text := eval[string](b, "document.querySelector('.chip-word').textContent"); !strings.Contains(text, "我区") || !strings.Contains(text, "区级") {
		t.Errorf("the chip says %s", text)
	}
	if b.count(".hit:not(.hit-weak) mark") == 0 {
		t.Error("nothing is marked in what was found")
	}
	b.look("chips")
	b.do(chromedp.Click(".chip-word"))
	b.wait("new URLSearchParams(location.search).get('plain') === '我区' && !document.querySelector('.chip-word')")

	b.open("/?q=xiaojuren")
	b.wait("document.querySelector('.read-as a')")
	b.look("read-as")
	b.do(chromedp.Click(".read-as a"))
	b.wait("location.search.includes('literal=true') && !document.querySelector('.read-as') && document.querySelector('.chip')")
}

// TestNarrowing chooses values, sorts and turns pages.
func TestNarrowing(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/")
	first := eval[string](b, "document.querySelector('.hit h2').textContent")
	b.do(chromedp.Click(".paging a[rel=next]"))
	b.wait("location.search.includes('page=2') && document.querySelector('.paging [aria-current]').textContent === '2'")
	if eval[string](b, "document.querySelector('.hit h2').textContent") == first {
		t.Error("the second page begins like the first")
	}
	b.open("/?q=" + url.QueryEscape("补贴"))
	b.do(chromedp.Click(".sorting a[href*='sort=ending']"))
	b.wait("document.querySelector('.sort-now').textContent === '即将截止' && document.querySelectorAll('.hit').length > 1")
	if ended := eval[bool](b, "[...document.querySelectorAll('.hit:not(.hit-weak) .meta')].some((m) => m.textContent.includes('已失效'))"); ended {
		t.Error("what has ended is about to end")
	}
	b.do(chromedp.Click(".narrow a[href*='amount=']"))
	b.wait("document.querySelector('.chip') && document.querySelector('.chip').textContent.includes('万元')")
	b.look("narrowed")
	b.do(chromedp.Click(".narrow a[href*='industry=']"))
	b.wait("location.search.includes('industry=') && document.querySelectorAll('.chip').length === 2")
	b.do(chromedp.Click(".chip-clear"))
	b.wait("!document.querySelector('.chip') && document.querySelector('.sort-now').textContent === '即将截止'")

	b.open("/?q=" + url.QueryEscape("宠物美容"))
	b.wait("document.querySelector('a.tel[href^=\"tel:123\"]')")
	b.look("helpline")
}

// TestWithinPolicy finds passages of one policy and opens them in place.
func TestWithinPolicy(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/policies/qp-jw-zjtx-tidu")
	if b.count(".related li") == 0 {
		t.Error("nothing is related")
	}
	b.do(chromedp.SendKeys("#within", "奖励"+kb.Enter))
	b.wait("document.querySelectorAll('.passages li').length > 1 && document.querySelector('.passages mark')")
	b.look("within")
	places := `[...document.querySelectorAll('.passages li > a')].every((a) => document.getElementById(decodeURIComponent(a.hash.slice(1))))`
	if !eval[bool](b, places) {
		t.Error("a passage leads nowhere")
	}
	b.do(chromedp.Click(".passages li > a"))
	b.wait("location.hash && document.querySelector(':target')")
	b.open("/policies/qp-jw-zjtx-tidu?q=jiangli")
	b.wait("document.querySelector('.passages .hint').textContent.includes('已按“奖励”查找')")
	b.open("/policies/qp-jw-zjtx-tidu?q=zzzz")
	if b.count(".passages li") != 0 || !strings.Contains(eval[string](b, "document.querySelector('.passages').textContent"), "没有找到“zzzz”") {
		t.Error("nothing found, and something said")
	}
}

// TestSavedSearches saves a search for an enterprise, finds it on its page, and removes it there.
func TestSavedSearches(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	firm := anyFirm(t, s)
	b.open("/?mode=auto&q=" + url.QueryEscape("稳岗返还") + "&enterprise=" + firm)
	b.do(chromedp.Click(".keep button"))
	b.wait("document.querySelector('p.keep a') && location.search.includes('mode=auto')")
	b.look("saved-search")
	b.do(chromedp.Click("p.keep a"))
	b.wait("document.querySelectorAll('#saved li').length === 1")
	if text := eval[string](b, "document.querySelector('#saved li a').textContent"); text != "“稳岗返还”，免申即享" {
		t.Errorf("saved as %s", text)
	}
	b.look("saved")
	b.do(chromedp.Click("#saved li a"))
	b.wait("location.pathname === '/' && document.querySelector('p.keep')")
	b.open("/enterprises/" + firm)
	b.do(chromedp.Click("#saved button"))
	b.wait("!document.querySelector('#saved') && document.querySelector('#eligible')")
}
