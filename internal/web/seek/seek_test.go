package seek

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/index"
)

func TestRead(t *testing.T) {
	for address, want := range map[string]string{
		"":                     "",
		"kind=b&kind=a&kind=b": "kind=a&kind=b",
		"mode=auto&mode=gift&state=lost&state=ended":     "mode=auto&state=ended",
		"amount=10-50&amount=1-2&industry=C&sort=newest": "amount=10-50&industry=C&sort=newest",
		"industry=Z&industry=C33&sort=up&literal=1":      "",
		"in_force=true":                         "state=current",
		"in_force=true&state=ended":             "state=ended",
		"literal=true&plain=%E6%88%91%E5%8C%BA": "literal=true&plain=%E6%88%91%E5%8C%BA",
		"q=x&page=2&enterprise=y":               "",
		"field=" + strings.Repeat("a", 51):      "",
		"field=%ff&field=%00&field=":            "",
	} {
		q, err := url.ParseQuery(address)
		if err != nil {
			t.Fatal(err)
		}
		var a Ask
		a.Read(q)
		if got := a.Filters().Encode(); got != want {
			t.Errorf("%s is read as %s, want %s", address, got, want)
		}
	}
	var a Ask
	a.Read(url.Values{"kind": strings.Split(strings.Repeat("a,", 5)+"b,c,d,e,f,g,h,i,j,k,l", ",")})
	if len(a.Kinds) != maxValues {
		t.Errorf("%d values are kept", len(a.Kinds))
	}
}

func TestQuery(t *testing.T) {
	a := Ask{Text: "租金", Sort: "ending", Plain: []string{"我区"}, Industry: "C", Offset: 10, Limit: 5}
	want := index.Query{
		Text: "租金", Words: []string{"我区"}, Today: "2025-06-30", Sort: index.SortEnding, Offset: 10, Limit: 5,
		Filter: index.Filter{Industry: "C", States: []string{index.StateCurrent, index.StateComing}},
	}
	if diff := cmp.Diff(want, a.Query("2025-06-30")); diff != "" {
		t.Error(diff)
	}
	if got := (Ask{}).Query("").Sort; got != index.SortNewest {
		t.Errorf("everything comes by %q", got)
	}
	a.States = []string{index.StateEnded}
	if got := a.Query("").Filter.States; len(got) != 1 || got[0] != index.StateEnded {
		t.Errorf("what was chosen isn't what is asked: %v", got)
	}
}

// FuzzRead: whatever the address, reading and writing it comes to one form that stays.
func FuzzRead(f *testing.F) {
	f.Add("kind=b&kind=a&mode=auto&state=ended&literal=true&plain=x")
	f.Add("in_force=true&field=%ff")
	f.Fuzz(func(t *testing.T, address string) {
		q, err := url.ParseQuery(address)
		if err != nil {
			return
		}
		var a, b Ask
		a.Read(q)
		once := a.Filters()
		b.Read(once)
		if diff := cmp.Diff(once, b.Filters()); diff != "" {
			t.Error(diff)
		}
	})
}
