// Package ui draws the pages. It gets plain values and writes HTML that escapes by itself: no page holds a script, a style
// or a handler of its own, and no text is ever taken as HTML. The pages work without scripts; with them, search answers
// while one types and reasons unfold in place.
package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/reader"
	"mianshen/internal/web/seek"
	"mianshen/internal/web/shelf"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Page is what every page needs to know.
type Page struct {
	Title string
	Place string     // which part of the site: search, firms, or one of places; marks the entry of the menu
	AsOf  civil.Date // the day of the newest comparison; zero when there is none
	Demo  bool       // everything shown is made up, and says so
	Who   caller.Caller

	Unread int // messages that the firm of who looks hasn't read
}

// Picks tells whether who looks may pick any enterprise, and see what officials work on.
func (p Page) Picks() bool { return p.Who.SeesAll() }

// SearchView is the search page.
type SearchView struct {
	Page
	Ask      seek.Ask
	PageNo   int // from 1
	Answer   *desk.Answer
	Cut      bool // the query was longer than is searched
	Policies int  // how many are published
	Items    int
	Auto     int // of the items, those that need no application
	Firm     *desk.Enterprise
	Saved    []shelf.Search    // of Firm
	Samples  []desk.Enterprise // firms to try it with, where all are samples
	Notice   string            // why there is no answer, for the visitor; "" when there is one
}

// FirmsView is the list in which a visitor picks an enterprise.
type FirmsView struct {
	Page
	Find  string
	Query string // of the search that the visitor comes from
	Firms []desk.Enterprise
	More  bool
}

// FirmView is one enterprise with everything that the comparison came to.
type FirmView struct {
	Page
	Firm  *desk.Firm
	Saved []shelf.Search
	Dues  []Due
}

// Due is what a list has for an enterprise, in plain words.
type Due struct {
	List, Title, Department, Period string
	N                               int
	Amount                          exact.Money
	State, Plain                    string // a word, and a sentence that says when the money comes
	Ask                             bool   // the enterprise is asked to confirm it
	Public                          bool   // it is, or was, in public notice
}

// WhyView is one decision with its reasons.
type WhyView struct {
	Page
	Why *desk.Why
}

// PolicyView is one policy.
type PolicyView struct {
	Page
	Policy  *desk.Policy
	Text    string // what is looked for in this policy; "" for nothing
	Found   reader.Found
	Related []desk.PolicySummary
}

// ProblemView is a page that couldn't be shown.
type ProblemView struct {
	Page
	Status int
	What   string // in a sentence
	Advice string
}

// WriteSearch writes the search page.
func WriteSearch(ctx context.Context, w io.Writer, v SearchView) error {
	return searchPage(v).Render(ctx, w)
}

// WriteFirms writes the list of enterprises.
func WriteFirms(ctx context.Context, w io.Writer, v FirmsView) error {
	return firmsPage(v).Render(ctx, w)
}

// WriteFirm writes the page of one enterprise.
func WriteFirm(ctx context.Context, w io.Writer, v FirmView) error {
	return firmPage(v).Render(ctx, w)
}

// WriteWhy writes the page of one decision.
func WriteWhy(ctx context.Context, w io.Writer, v WhyView) error {
	return whyPage(v).Render(ctx, w)
}

// WriteReasons writes only the reasons of a decision, to be unfolded in another page.
func WriteReasons(ctx context.Context, w io.Writer, why *desk.Why) error {
	return reasons(why, 4).Render(ctx, w)
}

// WritePolicy writes the page of one policy.
func WritePolicy(ctx context.Context, w io.Writer, v PolicyView) error {
	return policyPage(v).Render(ctx, w)
}

// WriteProblem writes the page that says that something went wrong.
func WriteProblem(ctx context.Context, w io.Writer, v ProblemView) error {
	return problemPage(v).Render(ctx, w)
}

// WriteFrame writes a page whose main part another room draws.
func WriteFrame(ctx context.Context, w io.Writer, p Page, body func(context.Context, io.Writer) error) error {
	return layout(p).Render(templ.WithChildren(ctx, templ.ComponentFunc(body)), w)
}
