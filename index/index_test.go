package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a small record of the kind the store hands over: policies with items, clauses and explanations.
func sample() []Document {
	return []Document{
		{
			ID: "p1", Group: "p1", Kind: KindPolicy, Title: "专精特新企业培育办法", Number: "示例〔2025〕3号", Department: "区经委", Level: "区",
			Body: "鼓励中小企业走专业化道路，对获评的企业给予奖励。", From: "2025-01-01", To: "2027-12-31",
		},
		{
			ID: "p1/xjr", Group: "p1", Kind: KindItem, Title: "小巨人企业奖励", Department: "区经委", Level: "区", Mode: "auto", ItemKind: "补贴", Field: "科技创新",
			Industries: []string{"C", "I"}, Body: "首次获评国家级小巨人的企业，一次性奖励五十万元。", Ref: "第三条", From: "2025-01-01", To: "2027-12-31",
		},
		{
			ID: "p1/3", Group: "p1", Kind: KindClause, Title: "专精特新企业培育办法", Department: "区经委", Level: "区", Ref: "第三条",
			Body: "对首次获评小巨人的企业，给予一次性奖励。", From: "2025-01-01", To: "2027-12-31",
		},
		{
			ID: "p2", Group: "p2", Kind: KindPolicy, Title: "稳岗返还实施细则", Number: "示例〔2024〕8号", Department: "区人社局", Level: "市",
			Body: "上年度未裁员或裁员率低于控制目标的参保企业，可以享受失业保险稳岗返还。", From: "2024-01-01", To: "2024-12-31",
		},
		{
			ID: "p2/a", Group: "p2", Kind: KindItem, Title: "失业保险稳岗返还", Department: "区人社局", Level: "市", Mode: "auto", ItemKind: "就业", Field: "就业",
			Body: "中小微企业按缴纳失业保险费的百分之六十返还。", From: "2024-01-01", To: "2024-12-31",
		},
		{
			ID: "p3", Group: "p3", Kind: KindPolicy, Title: "产业用房租金补贴办法", Department: "区经委", Level: "区",
			Body: "租用厂房、办公用房的科技企业，按实付租金给予补贴，企业应当依法纳税。",
		},
		{
			ID: "p3/a", Group: "p3", Kind: KindItem, Title: "厂房租金补贴", Department: "区经委", Level: "区", Mode: "apply", ItemKind: "补贴", Field: "产业用房",
			Industries: []string{"C"}, Body: "每年最高补贴二十万元，奖励期限不超过三年。",
		},
		{ID: "solo", Kind: KindMedia, Title: "科长讲政策：机器人产业", Body: "介绍机器人企业可以申报的事项。"},
	}
}

func open2(t testing.TB, docs []Document) *Index {
	t.Helper()
	x, err := NewTemp(context.Background(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	x.limit = time.Minute // a test may be slowed down by the race detector and by its neighbours
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func search(t testing.TB, x *Index, q Query) Result {
	t.Helper()
	r, err := x.Search(context.Background(), q)
	if err != nil {
		t.Fatalf("search %+v: %v", q, err)
	}
	return r
}

func groups(r Result) string {
	var out []string
	for _, h := range r.Hits {
		name := h.Group
		if h.Weak {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestPassagesOfAPolicyAreOneHit(t *testing.T) {
	x := open2(t, sample())
	r := search(t, x, Query{Text: "小巨人奖励"})
	if len(r.Hits) == 0 {
		t.Fatal("nothing found")
	}
	h := r.Hits[0]
	want := Hit{
		Rank: 1, ID: "p1/xjr", Group: "p1", Kind: KindItem, Title: "<mark>小巨人</mark>企业<mark>奖励</mark>",
		Snippet: "首次获评国家级<mark>小巨人</mark>的企业，一次性<mark>奖励</mark>五十万元。", Ref: "第三条", Score: h.Score, More: 2, Share: 1, Sure: 1,
	}
	if d := cmp.Diff(want, h); d != "" {
		t.Errorf("first hit (-want +got):\n%s", d)
	}
	seen := map[string]bool{}
	for _, h := range r.Hits {
		if seen[h.Group] {
			t.Errorf("group %s twice", h.Group)
		}
		seen[h.Group] = true
	}
}

func TestADocumentWithoutGroupStandsAlone(t *testing.T) {
	r := search(t, open2(t, sample()), Query{Text: "機器人"})
	if got := groups(r); got != "solo" {
		t.Errorf("found %s", got)
	}
}

func TestFilters(t *testing.T) {
	x := open2(t, sample())
	for _, c := range []struct {
		name string
		f    Filter
		want string
	}{
		{"all", Filter{}, "p1 p2 p3 solo"},
		{"department", Filter{Departments: []string{"区经委"}}, "p1 p3"},
		{"two departments", Filter{Departments: []string{"区经委", "区人社局"}}, "p1 p2 p3"},
		{"mode", Filter{Modes: []string{"auto"}}, "p1 p2"},
		{"kind of item", Filter{ItemKinds: []string{"补贴"}}, "p1 p3"},
		{"field", Filter{Fields: []string{"就业"}}, "p2"},
		{"level", Filter{Levels: []string{"市"}}, "p2"},
		{"kind", Filter{Kinds: []Kind{KindMedia}}, "solo"},
		{"group", Filter{Groups: []string{"p3"}}, "p3"},
		{"industry named", Filter{Industry: "I", Kinds: []Kind{KindItem}}, "p1 p2"},
		{"industry for which only general ones are", Filter{Industry: "A", Kinds: []Kind{KindItem}}, "p2"},
		{"first day", Filter{On: "2025-01-01"}, "p1 p3 solo"},
		{"day before", Filter{On: "2024-12-31"}, "p2 p3 solo"},
		{"last day", Filter{On: "2027-12-31"}, "p1 p3 solo"},
		{"day after", Filter{On: "2028-01-01"}, "p3 solo"},
		{"two at once", Filter{Departments: []string{"区经委"}, Modes: []string{"apply"}}, "p3"},
		{"none", Filter{Departments: []string{"区税务局"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := search(t, x, Query{Filter: c.f})
			if got := groups(r); got != c.want || r.Total != len(r.Hits) || r.Weak != 0 {
				t.Errorf("found %q, total %d, weak %d; want %q", got, r.Total, r.Weak, c.want)
			}
		})
	}
	if _, err := x.Search(context.Background(), Query{Filter: Filter{On: "2025-2-30"}}); err == nil {
		t.Error("a day that is none is accepted")
	}
}

func TestAFilteredPassageDoesNotRepresentItsPolicy(t *testing.T) {
	r := search(t, open2(t, sample()), Query{Text: "小巨人奖励", Filter: Filter{Kinds: []Kind{KindClause}}})
	if len(r.Hits) != 1 || r.Hits[0].ID != "p1/3" || r.Hits[0].More != 0 {
		t.Errorf("hits %+v", r.Hits)
	}
}

func TestFacetsCountGroups(t *testing.T) {
	x := open2(t, sample())
	want := Facets{
		Departments: []Count{{"区经委", 2}, {"区人社局", 1}},
		ItemKinds:   []Count{{"补贴", 2}, {"就业", 1}},
		Modes:       []Count{{"auto", 2}, {"apply", 1}},
		Fields:      []Count{{"产业用房", 1}, {"就业", 1}, {"科技创新", 1}},
		Industries:  []Count{{"C", 2}, {"I", 1}},
		Amounts:     []Count{{"10-50", 1}, {"50-100", 1}},
		States:      []Count{}, // no day was given
	}
	if d := cmp.Diff(want, search(t, x, Query{}).Facets); d != "" {
		t.Errorf("all (-want +got):\n%s", d)
	}
	// The choice of a department narrows the others, and leaves its own list open for a second choice.
	got := search(t, x, Query{Filter: Filter{Departments: []string{"区人社局"}}}).Facets
	want = Facets{
		Departments: want.Departments, ItemKinds: []Count{{"就业", 1}}, Modes: []Count{{"auto", 1}}, Fields: []Count{{"就业", 1}},
		Industries: []Count{}, Amounts: []Count{}, States: []Count{},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("one department (-want +got):\n%s", d)
	}
}

func TestFacetsLeaveWeakHitsOut(t *testing.T) {
	x := open2(t, sample())
	r := search(t, x, Query{Text: "小巨人奖励"})
	if r.Weak == 0 {
		t.Fatal("the sample should give a weak hit here")
	}
	sum := 0
	for _, c := range r.Facets.Departments {
		sum += c.N
	}
	if sum != r.Total-r.Weak {
		t.Errorf("departments count %d groups, %d are strong", sum, r.Total-r.Weak)
	}
}

func TestPaging(t *testing.T) {
	var docs []Document
	for i := range 25 {
		docs = append(docs, Document{ID: fmt.Sprintf("d%02d", i), Kind: KindText, Title: "创新券", Body: strings.Repeat("其他事项。", i)})
	}
	x := open2(t, docs)
	all := search(t, x, Query{Text: "创新券", Limit: MaxLimit})
	if all.Total != 25 || len(all.Hits) != 25 {
		t.Fatalf("total %d, hits %d", all.Total, len(all.Hits))
	}
	var paged []Hit
	for offset := 0; offset < 30; offset += DefaultLimit {
		paged = append(paged, search(t, x, Query{Text: "创新券", Offset: offset}).Hits...)
	}
	if d := cmp.Diff(all.Hits, paged); d != "" {
		t.Errorf("pages differ from the whole (-whole +pages):\n%s", d)
	}
	for i, h := range all.Hits {
		if h.Rank != i+1 {
			t.Errorf("hit %d has rank %d", i, h.Rank)
		}
	}
	for _, q := range []Query{{Offset: 100}, {Offset: 1 << 40}, {Offset: -5, Limit: -5}, {Limit: 1 << 40}} {
		q.Text = "创新券"
		if r := search(t, x, q); r.Total != 25 || len(r.Hits) > MaxLimit {
			t.Errorf("%+v: total %d, %d hits", q, r.Total, len(r.Hits))
		}
	}
}

func TestEqualScoresAreOrderedByID(t *testing.T) {
	var docs []Document
	for _, id := range []string{"c", "a", "e", "b", "d"} {
		docs = append(docs, Document{ID: id, Kind: KindText, Title: "贷款贴息", Body: "贷款贴息。"})
	}
	slices.Reverse(docs)
	if got := groups(search(t, open2(t, docs), Query{Text: "贷款贴息"})); got != "a b c d e" {
		t.Errorf("order %s", got)
	}
}

func TestTheSameDocumentsGiveTheSameResult(t *testing.T) {
	docs := sample()
	first := open2(t, docs)
	slices.Reverse(docs)
	second := open2(t, docs)
	for _, text := range []string{"小巨人奖励", "企业", "租金补贴", "稳岗", "奖励", "税"} {
		a, b := search(t, first, Query{Text: text}), search(t, second, Query{Text: text})
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%s (-first +second):\n%s", text, d)
		}
	}
}

func TestWeakAndNothing(t *testing.T) {
	x := open2(t, sample())
	r := search(t, x, Query{Text: "猫咪洗澡医疗费用能不能报销租金"})
	if r.Total == 0 || r.Weak != r.Total {
		t.Errorf("a question with one common word in it: total %d, weak %d", r.Total, r.Weak)
	}
	r = search(t, x, Query{Text: "今天天气"})
	if r.Total != 0 || len(r.Hits) != 0 || r.Hits == nil {
		t.Errorf("nothing fits, yet: %+v", r)
	}
	r = search(t, x, Query{Text: "请问能不能"})
	if r.Total != 0 || r.Ignored != "请问能不能" {
		t.Errorf("nothing asked: %+v", r)
	}
}

func TestALoneCharacterIsFoundEverywhere(t *testing.T) {
	x := open2(t, []Document{
		{ID: "first", Kind: KindText, Body: "税收"},
		{ID: "last", Kind: KindText, Body: "依法纳税。"},
		{ID: "alone", Kind: KindText, Body: "税 费"},
		{ID: "title", Kind: KindText, Title: "印花税"},
		{ID: "none", Kind: KindText, Body: "费用"},
	})
	r := search(t, x, Query{Text: "稅"})
	var ids []string
	for _, h := range r.Hits {
		ids = append(ids, h.ID)
	}
	slices.Sort(ids)
	if d := cmp.Diff([]string{"alone", "first", "last", "title"}, ids); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEmptyIndex(t *testing.T) {
	x := open2(t, nil)
	for _, text := range []string{"", "补贴", "税"} {
		if r := search(t, x, Query{Text: text}); r.Total != 0 || len(r.Hits) != 0 {
			t.Errorf("%q found %+v", text, r)
		}
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	good := Document{ID: "good", Kind: KindText, Body: "补贴"}
	for name, bad := range map[string]Document{
		"no id": {Kind: KindText}, "long id": {ID: strings.Repeat("x", 513), Kind: KindText}, "broken id": {ID: "\xff", Kind: KindText},
		"no kind": {ID: "x"}, "odd kind": {ID: "x", Kind: "song"}, "long body": {ID: "x", Kind: KindText, Body: strings.Repeat("x", MaxBody+1)},
		"bad day": {ID: "x", Kind: KindText, From: "2025-02-30"}, "twice": good,
	} {
		if _, err := NewTemp(context.Background(), []Document{good, bad}, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	broken := errors.New("the store is gone")
	err := Create(context.Background(), t.TempDir(), func(yield func(Document, error) bool) {
		if yield(good, nil) {
			yield(Document{}, broken)
		}
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestBrokenBytesAreStoredAsText(t *testing.T) {
	x := open2(t, []Document{{ID: "a", Kind: KindText, Title: "补\xff贴", Body: "补贴\xfe说明"}})
	r := search(t, x, Query{Text: "说明"})
	if len(r.Hits) != 1 || r.Hits[0].Title != "补\ufffd贴" || r.Hits[0].Snippet != "补贴\ufffd<mark>说明</mark>" {
		t.Errorf("hits %+v", r.Hits)
	}
}

func TestANewIndexTakesThePlaceOfTheOld(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	if err := Create(ctx, dir, All(sample())); err != nil {
		t.Fatal(err)
	}
	old, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := Create(canceled, dir, All(sample()[:1])); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := Create(ctx, dir, All([]Document{{ID: "n", Kind: KindText, Body: "首发经济"}})); err != nil {
		t.Fatal(err)
	}
	if r := search(t, old, Query{Text: "小巨人"}); r.Total == 0 {
		t.Error("the open index lost its documents")
	}
	fresh, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := groups(search(t, fresh, Query{Text: "首发经济"})); got != "n" || fresh.Documents() != 1 {
		t.Errorf("the new index finds %q in %d documents", got, fresh.Documents())
	}
	if err := errors.Join(old.Close(), fresh.Close(), fresh.Close()); err != nil {
		t.Error(err)
	}
	if _, err := old.Search(ctx, Query{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("search after close: %v", err)
	}
	if err := old.Verify(ctx); !errors.Is(err, os.ErrClosed) {
		t.Errorf("verify after close: %v", err)
	}
}

func TestCloseRemovesTheTemporaryFolder(t *testing.T) {
	x, err := NewTemp(context.Background(), sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(x.temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", x.temp, err)
	}
}

func TestManySearchAtOnce(t *testing.T) {
	x, err := NewTemp(context.Background(), sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	x.limit = time.Minute
	want := search(t, x, Query{Text: "租金补贴"})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				got, err := x.Search(context.Background(), Query{Text: "租金补贴"})
				if errors.Is(err, os.ErrClosed) {
					return
				}
				if d := cmp.Diff(want, got); err != nil || d != "" {
					t.Errorf("%v (-want +got):\n%s", err, d)
				}
			}
		})
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
}

func TestACanceledSearchSaysSo(t *testing.T) {
	x := open2(t, sample())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Search(ctx, Query{Text: "补贴"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestALongSearchIsEnded(t *testing.T) {
	x := open2(t, sample())
	x.limit = 1
	for _, text := range []string{"补贴", "税", ""} {
		if r, err := x.Search(context.Background(), Query{Text: text}); !errors.Is(err, context.DeadlineExceeded) || r.Hits != nil {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
	x.limit = time.Minute
	if r := search(t, x, Query{Text: "小巨人奖励"}); groups(r)[:2] != "p1" {
		t.Errorf("afterwards: %s", groups(r))
	}
}

func TestHighlight(t *testing.T) {
	if got := Highlight("厂房租金<补贴>", "租金補貼"); got != "厂房<mark>租金</mark>&lt;<mark>补贴</mark>&gt;" {
		t.Errorf("got %s", got)
	}
}
