package web

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mianshen/internal/persons/secret"
)

// TestDemoPersons becomes persons of a demo by a click, in a real browser over plain HTTP on this machine: the cookie must hold there.
func TestDemoPersons(t *testing.T) {
	office, err := settle(t.Context(), t.TempDir()) // roles change here, which other tests ask about
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = office.Store.Close() }()
	s, _ := served(t, func(c *Config) { c.Office, c.Clock = office, time.Now })
	b := browse(t, s)
	b.open("/demo")
	if n := b.count(".cast li"); n < 12 {
		t.Errorf("%d persons", n)
	}
	if b.count(".acting") != 0 {
		t.Error("acting before choosing")
	}
	b.look("demo")
	as := func(login string) {
		t.Helper()
		b.open("/demo")
		b.do(chromedp.Click(".cast input[value='" + login + "'] + button"))
		b.wait("document.querySelector('.acting strong') && document.querySelector('#q')")
	}
	as("E1")
	b.look("demo-home")
	b.do(chromedp.Click("header nav a[href^='/enterprises/']"))
	b.wait("document.querySelector('.firm-head') && document.querySelector('.acting')")
	if b.count(".work") != 0 {
		t.Error("a firm sees the work of departments in the menu")
	}
	b.look("demo-firm")

	as("SA")
	b.open("/persons")
	b.do(chromedp.Click(".notice a"))
	b.wait("location.pathname === '/stepup'")
	b.look("demo-stepup")
	b.do(chromedp.Click("form[action='/stepup'] button"))
	b.wait("location.pathname === '/persons' && !document.querySelector('.notice')")
	b.do(chromedp.Click("#demo-zhao summary"))
	b.look("persons")
	b.do(chromedp.SetValue("#role-demo-zhao", "D2"), chromedp.SetValue("#scope-demo-zhao", "区人社局"), chromedp.Click("#demo-zhao form[action='/persons/roles'] button"))
	b.wait("document.querySelector('#demo-zhao .waiting')")
	as("SE")
	b.do(chromedp.Navigate(b.base + "/stepup?to=/persons"))
	b.do(chromedp.Click("form[action='/stepup'] button"))
	b.wait("location.pathname === '/persons'")
	b.do(chromedp.Click("#demo-zhao form[action='/persons/roles/confirm'] button"))
	b.wait("!document.querySelector('#demo-zhao .waiting') && document.querySelector('#demo-zhao').innerText.includes('D2')")
	b.look("persons-se")
	b.do(chromedp.Click(".acting form button"))
	b.wait("!document.querySelector('.acting') && document.querySelector('.ribbon')")
}

// TestSignInPages goes through the pages of a real account in a browser.
func TestSignInPages(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Clock = time.Now })
	b := browse(t, h.server)
	token, err := h.server.cfg.Persons.Start(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.open("/first")
	b.look("first")
	b.do(chromedp.SendKeys("#token", token), chromedp.SendKeys("#name", "王工"), chromedp.SendKeys("#login", "wanggong"), chromedp.Click("form[action='/first'] button"))
	b.wait("document.querySelector('.notice .key')")
	b.look("first-handed")
	b.do(chromedp.Click("a[href='/enrol']"))
	b.wait("document.querySelector('svg.qr path')")
	b.look("enrol")
	typed := eval[string](b, "document.querySelector('code.key').textContent")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(typed, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SendKeys("#password", sentence), chromedp.SendKeys("#code", secret.Code(key, secret.Step(time.Now())-1)), chromedp.Click("form[action='/enrol'] button"))
	b.wait("location.pathname === '/me' && document.querySelector('#h-sessions')")
	b.open("/stepup?to=/me")
	b.look("stepup")
	b.do(chromedp.SendKeys("#password", sentence), chromedp.SendKeys("#code", secret.Code(key, secret.Step(time.Now()))), chromedp.Click("form[action='/stepup'] button"))
	b.wait("location.pathname === '/me' && !document.querySelector('.notice')")
	b.do(chromedp.SendKeys("#token-name", "每月报送"), chromedp.Click("input[value='read']"), chromedp.Click("form[action='/me/tokens'] button"))
	b.wait("document.querySelector('.notice .key')")
	b.look("me")
	b.do(chromedp.Click(".actions form[action='/signout'] button"))
	b.wait("document.querySelector('header a[href=\"/signin\"]')")
	b.open("/signin?to=/me")
	b.look("signin")
	b.do(chromedp.SendKeys("#login", "wanggong"), chromedp.SendKeys("#password", sentence), chromedp.SendKeys("#code", secret.Code(key, secret.Step(time.Now())+1)), chromedp.Click("form[action='/signin'] button"))
	b.wait("location.pathname === '/me'")
}
