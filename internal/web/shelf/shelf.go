// Package shelf keeps searches for enterprises, so that a firm or its accountant comes back to them.
package shelf

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mianshen/index"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/seek"
	"mianshen/rules/civil"
)

// Shelf holds what enterprises have saved. It may be used by many goroutines.
type Shelf struct {
	store *store.Store
	now   func() time.Time
}

// New returns the shelf of a store. now gives the time.
func New(s *store.Store, now func() time.Time) *Shelf { return &Shelf{store: s, now: now} }

// Search is a search that an enterprise comes back to; text and filters name it.
type Search struct {
	Text    string     `json:"text" doc:"要找什么"`
	Filters string     `json:"filters" doc:"筛选条件，写成网址里的样子：参数和值排好序，例如 kind=%E8%A1%A5%E8%B4%B4&state=current"`
	Created civil.Date `json:"created" doc:"哪一天保存的"`

	Ask seek.Ask `json:"-"` // the search for that enterprise
}

// List gives what an enterprise has saved, the newest first. store.ErrNotFound for an unknown enterprise.
func (s *Shelf) List(ctx context.Context, uscc string) ([]Search, error) {
	if _, err := s.store.Enterprise(ctx, uscc); err != nil {
		return nil, err
	}
	list, err := s.store.SavedSearches(ctx, uscc)
	if err != nil {
		return nil, err
	}
	out := []Search{}
	for _, x := range list {
		out = append(out, of(x))
	}
	return out, nil
}

func of(x store.SavedSearch) Search {
	out := Search{Text: x.Text, Filters: x.Filters, Created: x.Created, Ask: seek.Ask{Text: x.Text, Enterprise: x.Enterprise}}
	if q, err := url.ParseQuery(x.Filters); err == nil {
		out.Ask.Read(q)
	}
	return out
}

// Save keeps a search for an enterprise; saved again it stays as it was. store.ErrNotFound for an unknown enterprise; a *desk.Refusal for
// a search that is empty, too long or has filters that aren't known, and when there is no room for more.
func (s *Shelf) Save(ctx context.Context, uscc, text, filters string) (*Search, error) {
	x, err := named(uscc, text, filters)
	if err != nil {
		return nil, err
	}
	x.Created = civil.On(s.now())
	_, err = s.store.SaveSearch(ctx, x)
	if errors.Is(err, store.ErrFull) {
		return nil, &desk.Refusal{Conflict: true, Message: fmt.Sprintf("一家企业最多保存%d个搜索，请先在企业的页面上去掉几个。", store.MaxSaved)}
	}
	if err != nil {
		return nil, err
	}
	out := of(x)
	return &out, nil
}

// Forget removes a saved search; if there is none, nothing happens.
func (s *Shelf) Forget(ctx context.Context, uscc, text, filters string) error {
	x, err := named(uscc, text, filters)
	if err != nil {
		return nil //nolint:nilerr // what can't be saved isn't there
	}
	return s.store.DropSearch(ctx, x)
}

// named reads what names a saved search, and puts it into its one form.
func named(uscc, text, filters string) (store.SavedSearch, error) {
	refuse := func(location, message string) (store.SavedSearch, error) {
		return store.SavedSearch{}, &desk.Refusal{Location: location, Message: message}
	}
	text = strings.Join(strings.Fields(text), " ")
	given, err := url.ParseQuery(filters)
	if err != nil || len(filters) > store.MaxSavedFilters {
		return refuse("body.filters", "写法有误")
	}
	var ask seek.Ask
	ask.Read(given)
	canonical := ask.Filters().Encode()
	for name, values := range given {
		if len(ask.Filters()[name]) < len(values) {
			return refuse("body.filters", "没有这个筛选条件，或者它的值不对、写了两遍："+name)
		}
	}
	switch {
	case len([]rune(text)) > store.MaxSavedText:
		return refuse("body.text", fmt.Sprintf("最多 %d 个字", store.MaxSavedText))
	case strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text:
		return refuse("body.text", "含有不能用的字符")
	case text == "" && canonical == "":
		return refuse("body.text", "至少要有一个词或者一个筛选条件")
	case len(canonical) > store.MaxSavedFilters:
		return refuse("body.filters", "筛选条件太多")
	}
	return store.SavedSearch{Enterprise: uscc, Text: text, Filters: canonical}, nil
}

// Finds tells whether a search that an enterprise keeps finds a policy by a day, for sure and not just perhaps. ask searches.
func Finds(ctx context.Context, ask func(context.Context, index.Query) (index.Result, error), text, filters, policy string, today civil.Date) (bool, error) {
	wanted := seek.Ask{Text: text, Limit: 1}
	given, err := url.ParseQuery(filters)
	if err != nil {
		return false, fmt.Errorf("filters of a saved search: %w", err)
	}
	wanted.Read(given)
	q := wanted.Query(today.String())
	q.Filter.Groups = []string{policy}
	found, err := ask(ctx, q)
	return err == nil && len(found.Hits) > 0 && found.Hits[0].Group == policy && !found.Hits[0].Weak, err
}
