package feeds

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/feed"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/rules"
)

// shown is how many policies stand on a page of a feed.
const shown = 50

// everybodys gives all published policies to everybody.
func (p *Pages) everybodys(w http.ResponseWriter, r *http.Request) error {
	return p.atom(w, r, publicly, feed.Feed{Name: "policies", Title: "免申即享政策"}, func(*rules.Policy) bool { return true })
}

// policies gives those that concern a firm: an item of theirs is or may be due to it, or a search that it keeps has found them.
func (p *Pages) policies(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	firm, err := p.open(w, r)
	if err != nil {
		return err
	}
	concerns, name, err := p.concerning(ctx, firm)
	if err != nil {
		return p.Explain(ctx, err, "订阅源")
	}
	return p.atom(w, r, privately, feed.Feed{Name: "policies of " + firm, Title: "免申即享政策 " + name}, func(x *rules.Policy) bool { return concerns[x.ID] })
}

func (p *Pages) concerning(ctx context.Context, firm string) (concerns map[string]bool, name string, err error) {
	concerns, name = map[string]bool{}, firm
	known, err := p.Desk.Firm(ctx, firm)
	switch {
	case err == nil:
		name = known.Enterprise.Called()
		for _, m := range known.Matches {
			if m.Outcome != rules.Ineligible {
				concerns[m.Policy] = true
			}
		}
	case !errors.Is(err, desk.ErrNotFound) && !errors.Is(err, desk.ErrNotReady):
		return nil, "", err
	}
	found, err := p.Box.Latest(ctx, firm, event.Policy)
	for _, e := range found {
		concerns[e.Data[event.Ref]] = true
	}
	return concerns, name, err
}

// atom sends one page of the policies that are wanted, what changed last first.
func (p *Pages) atom(w http.ResponseWriter, r *http.Request, cache string, f feed.Feed, wanted func(*rules.Policy) bool) error {
	ctx := r.Context()
	page, err := strconv.Atoi(counter.Text(r, "page"))
	if err != nil || page < 1 {
		page = 1
	}
	all, err := p.entries(ctx, wanted)
	if err != nil {
		return p.Explain(ctx, err, "订阅源")
	}
	if page > 1 && (page-1)*shown >= len(all) {
		return problem.New(http.StatusNotFound, "没有这一页。")
	}
	f.Base, f.Entries = p.Base, all[(page-1)*shown:min(page*shown, len(all))]
	f.Self = paged(page)
	if page*shown < len(all) {
		f.Next = paged(page + 1)
	}
	if page > 1 {
		f.Prev = paged(page - 1)
	}
	body, err := feed.Atom(f)
	if err != nil {
		return err
	}
	var modified time.Time
	if len(f.Entries) > 0 {
		modified = f.Entries[0].Updated
	}
	return send(w, r, p.Clock(), answer{"policies.atom", "application/atom+xml", cache, body, modified})
}

// paged is the address of a page beside the one that is shown, so that a secret needn't stand in it.
func paged(page int) string {
	if page == 1 {
		return "policies.atom"
	}
	return "policies.atom?page=" + strconv.Itoa(page)
}

func (p *Pages) entries(ctx context.Context, wanted func(*rules.Policy) bool) (list []feed.Entry, err error) {
	book, err := p.Office.Current(ctx)
	if errors.Is(err, casework.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	since, err := p.Subscriptions.Published(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range book.Policies {
		if wanted(x) {
			list = append(list, feed.Entry{ID: x.ID, Title: x.Title, Author: x.Issuer, Summary: x.Plain, Path: "/policies/" + x.ID, Updated: since[x.ID]})
		}
	}
	slices.SortFunc(list, func(a, b feed.Entry) int {
		if c := b.Updated.Compare(a.Updated); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}
