package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// savedSearches come and go, each once, in an order that both databases share.
func savedSearches(t *testing.T, s *store.Store) {
	ctx := t.Context()
	check(t, s.PutEnterprises(ctx, []store.Enterprise{{USCC: uscc(1), Name: "甲"}, {USCC: uscc(2), Name: "乙"}}))
	one := store.SavedSearch{Enterprise: uscc(1), Text: "租金", Filters: "kind=%E8%A1%A5%E8%B4%B4", Created: today}
	old := store.SavedSearch{Enterprise: uscc(1), Text: "研发", Created: civil.MustParse("2025-06-29")}
	bare := store.SavedSearch{Enterprise: uscc(1), Filters: "mode=auto", Created: today}
	for _, x := range []store.SavedSearch{old, one, bare, {Enterprise: uscc(2), Text: "租金", Filters: one.Filters, Created: today}} {
		if !must[bool](t)(s.SaveSearch(ctx, x)) {
			t.Errorf("%+v isn't new", x)
		}
	}
	later := one
	later.Created = civil.MustParse("2025-07-03")
	if must[bool](t)(s.SaveSearch(ctx, later)) {
		t.Error("a search saved again is new")
	}
	equal(t, "the newest first", must[[]store.SavedSearch](t)(s.SavedSearches(ctx, uscc(1))), []store.SavedSearch{bare, one, old})
	equal(t, "of one that isn't known", must[[]store.SavedSearch](t)(s.SavedSearches(ctx, uscc(9))), []store.SavedSearch(nil))

	check(t, s.DropSearch(ctx, store.SavedSearch{Enterprise: uscc(1), Text: "租金"})) // with other filters it is another one
	check(t, s.DropSearch(ctx, bare))
	check(t, s.DropSearch(ctx, bare))
	equal(t, "dropped", must[[]store.SavedSearch](t)(s.SavedSearches(ctx, uscc(1))), []store.SavedSearch{one, old})
	equal(t, "another's stays", len(must[[]store.SavedSearch](t)(s.SavedSearches(ctx, uscc(2)))), 1)

	whole := store.SavedSearch{Enterprise: uscc(2), Text: strings.Repeat("字", store.MaxSavedText), Filters: strings.Repeat("f", store.MaxSavedFilters), Created: today}
	must[bool](t)(s.SaveSearch(ctx, whole))
	for name, test := range map[string]struct {
		spoil func(*store.SavedSearch)
		want  error
	}{
		"no such enterprise": {func(x *store.SavedSearch) { x.Enterprise = uscc(9) }, store.ErrNotFound},
		"no code":            {func(x *store.SavedSearch) { x.Enterprise = "x" }, store.ErrInvalid},
		"empty":              {func(x *store.SavedSearch) { x.Text, x.Filters = "", "" }, store.ErrInvalid},
		"a long text":        {func(x *store.SavedSearch) { x.Text += "字" }, store.ErrInvalid},
		"long filters":       {func(x *store.SavedSearch) { x.Filters += "f" }, store.ErrInvalid},
		"a NUL":              {func(x *store.SavedSearch) { x.Text = "\x00" }, store.ErrInvalid},
		"no day":             {func(x *store.SavedSearch) { x.Created = store.SavedSearch{}.Created }, store.ErrInvalid},
	} {
		bad := whole
		test.spoil(&bad)
		_, err := s.SaveSearch(ctx, bad)
		wants(t, name, err, test.want)
	}
}

// savedRoom lets sixteen callers fill an enterprise's searches at once: as many are kept as there is room for.
func savedRoom(t *testing.T, s *store.Store) {
	ctx := t.Context()
	check(t, s.PutEnterprises(ctx, []store.Enterprise{{USCC: uscc(1), Name: "甲"}, {USCC: uscc(2), Name: "乙"}}))
	var wait sync.WaitGroup
	for n := range 16 {
		wait.Go(func() {
			for i := range 5 {
				_, err := s.SaveSearch(ctx, store.SavedSearch{Enterprise: uscc(1), Text: fmt.Sprintf("第%d个", 5*n+i), Created: today})
				if err != nil && !errors.Is(err, store.ErrFull) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	list := must[[]store.SavedSearch](t)(s.SavedSearches(ctx, uscc(1)))
	equal(t, "kept", len(list), store.MaxSaved)
	if must[bool](t)(s.SaveSearch(ctx, list[7])) {
		t.Error("one of a full list is new")
	}
	_, err := s.SaveSearch(ctx, store.SavedSearch{Enterprise: uscc(1), Text: "又一个", Created: today})
	wants(t, "one too many", err, store.ErrFull)
	must[bool](t)(s.SaveSearch(ctx, store.SavedSearch{Enterprise: uscc(2), Text: "又一个", Created: today}))
	check(t, s.DropSearch(ctx, list[0]))
	must[bool](t)(s.SaveSearch(ctx, store.SavedSearch{Enterprise: uscc(1), Text: "又一个", Created: today}))
	for _, statement := range []string{
		"INSERT INTO saved_search VALUES ('" + uscc(1) + "', 'x', '', '2025-06-30')",
		"INSERT INTO saved_search VALUES ('" + uscc(2) + "', '', '', '2025-06-30')",
		"INSERT INTO saved_search VALUES ('" + uscc(2) + "', '又一个', '', '2025-06-30')",
		"INSERT INTO saved_search VALUES ('" + uscc(9) + "', 'x', '', '2025-06-30')",
		"INSERT INTO saved_search VALUES ('" + uscc(2) + "', '" + strings.Repeat("字", 129) + "', '', '2025-06-30')",
		"INSERT INTO saved_search VALUES ('" + uscc(2) + "', 'x', '', '2025-02-30')",
		"UPDATE saved_search SET filters = 'x=1'",
	} {
		if err := run(t, s, statement); err == nil {
			t.Errorf("the database carried out %s", statement)
		}
	}
	check(t, run(t, s, "INSERT INTO saved_search VALUES ('"+uscc(2)+"', 'x', '', '2025-06-30')"))
}
