package ui

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"rsc.io/qr"

	"mianshen/internal/persons"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/say"
	"mianshen/rules/civil"
)

// SignInView is the page at which one signs in.
type SignInView struct {
	Page
	To       string // where to go afterwards
	Login    string // as typed before
	Wrong    string // why it didn't work; "" at first
	External bool   // there is an identity provider to sign in by
}

// EnrolView is the page at which one chooses a password and binds a second factor.
type EnrolView struct {
	Page
	Offer *persons.Enrolment
	Wrong string
}

// StepUpView is the page at which one shows once more who one is.
type StepUpView struct {
	Page
	To       string
	Wrong    string
	External bool // by the identity provider
}

// MeView is what a person sees of his own sessions and tokens.
type MeView struct {
	Page
	Local    bool // the password is ours
	Sessions []persons.Open
	Tokens   []persons.Token
	Made     string // the token that was just made, shown once
	Wrong    string
}

// Handed is an initial password or half of one, shown once: one's own, or to be handed over.
type Handed struct {
	Login, Password string
	Part            string // how much of it this is, such as 初始密码前半
	Advice          string // what to do with it
}

// PersonsView is who has which account and role.
type PersonsView struct {
	Page
	Persons []persons.Person
	Handed  *Handed
	Wrong   string
}

// FirstView is the page of the first start.
type FirstView struct {
	Page
	Missing []persons.Role
	Handed  *Handed // one was made just now
	Wrong   string
}

// DemoView is the page at which one becomes a person of the demo.
type DemoView struct {
	Page
	Persons []persons.DemoPerson
}

// WriteSignIn writes the page at which one signs in.
func WriteSignIn(ctx context.Context, w io.Writer, v SignInView) error {
	return signInPage(v).Render(ctx, w)
}

// WriteEnrol writes the page at which one binds a second factor.
func WriteEnrol(ctx context.Context, w io.Writer, v EnrolView) error {
	return enrolPage(v).Render(ctx, w)
}

// WriteStepUp writes the page at which one shows once more who one is.
func WriteStepUp(ctx context.Context, w io.Writer, v StepUpView) error {
	return stepUpPage(v).Render(ctx, w)
}

// WriteMe writes the page of one's own sessions and tokens.
func WriteMe(ctx context.Context, w io.Writer, v MeView) error { return mePage(v).Render(ctx, w) }

// WritePersons writes the page of persons and roles.
func WritePersons(ctx context.Context, w io.Writer, v PersonsView) error {
	return personsPage(v).Render(ctx, w)
}

// WriteFirst writes the page of the first start.
func WriteFirst(ctx context.Context, w io.Writer, v FirstView) error {
	return firstPage(v).Render(ctx, w)
}

// WriteDemo writes the page of the demo persons.
func WriteDemo(ctx context.Context, w io.Writer, v DemoView) error { return demoPage(v).Render(ctx, w) }

// qrQuiet is the white border that readers need, in modules.
const qrQuiet = 4

// qrCode is a text as the path of an SVG with its viewBox; "" when it is too long for a code.
func qrCode(text string) (path, box string) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", ""
	}
	var b strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+qrQuiet, y+qrQuiet)
			}
		}
	}
	side := code.Size + 2*qrQuiet
	return b.String(), fmt.Sprintf("0 0 %d %d", side, side)
}

// clock is an instant as people read it: 2026年3月2日 12:00.
func clock(t time.Time) string {
	if t.IsZero() {
		return "从未"
	}
	return say.Day(civil.On(t)) + t.In(civil.Shanghai()).Format(" 15:04")
}

func scopesText(scopes []string) string {
	var words []string
	for _, s := range scopes {
		words = append(words, persons.ScopeWord(s))
	}
	return strings.Join(words, "、")
}

// roleText is a role with what it is held for.
func roleText(r persons.Role, scope string) string {
	text := string(r) + " " + r.Label()
	if scope != "" {
		text += "（" + scope + "）"
	}
	return text
}

func accountState(a persons.Account) string {
	switch {
	case a.Disabled:
		return "待安全管理员启用"
	case !a.Enrolled:
		return "待本人绑定"
	case a.Kind == "oidc":
		return "统一身份认证"
	case a.Kind == "demo":
		return "演示"
	}
	return "可用"
}

// Who may change what on the page of persons.
const (
	systemAdmin     = caller.SA
	securityAdmin   = caller.SE
	rolesThatChange = caller.SA | caller.SE
)

// toward and also hand on where to go afterwards.
func toward(to string) string {
	if to == "" {
		return ""
	}
	return "?to=" + url.QueryEscape(to)
}

func also(to string) string { return "&to=" + url.QueryEscape(to) }
