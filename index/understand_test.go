package index

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFilterWordsNarrow(t *testing.T) {
	x := open2(t, sample())
	for _, c := range []struct {
		text, chips, want string
		plain             []string
	}{
		{"免申即享的小巨人奖励", "免申即享:mode", "p1", nil},
		{"人社局的稳岗返还", "人社局:department", "p2", nil},
		{"过期的稳岗返还", "过期:state", "p2", nil},
		{"我区的厂房租金", "我区:level", "p3", nil},
		{"免申即享的小巨人奖励", "", "p1", []string{"免申即享"}},  // taken back
		{"免申即享的厂房租金", "", "p3", nil},                // nothing fits with it, so it was none
		{"交通委的厂房租金", "", "p3", nil},                 // there is no such department
		{"想问一下过去几年在我区租用厂房的科技企业租金补贴", "", "p3", nil}, // a story
	} {
		r := search(t, x, Query{Text: c.text, Today: "2025-06-30", Words: c.plain})
		var chips []string
		for _, chip := range r.Chips {
			chips = append(chips, chip.Word+":"+chip.By)
		}
		if strings.Join(chips, " ") != c.chips || len(r.Hits) == 0 || r.Hits[0].Group != c.want {
			t.Errorf("%s: chips %v, found %s, want %q and %s first", c.text, chips, groups(r), c.chips, c.want)
		}
	}
	if r := search(t, x, Query{Text: "免申即享", Today: "2025-06-30"}); r.Total != 2 || len(r.Chips) != 1 {
		t.Errorf("only a filter word: %s, chips %v", groups(r), r.Chips)
	}
	r := search(t, x, Query{Text: "免申即享的厂房租金", Filter: Filter{Modes: []string{"apply"}}})
	if len(r.Chips) != 1 || !r.Chips[0].Overruled || groups(r) != "p3" {
		t.Errorf("another mode was chosen by hand: chips %+v, found %s", r.Chips, groups(r))
	}
	if r := search(t, x, Query{Text: "免申即享的小巨人奖励", Literal: true}); len(r.Chips) != 0 {
		t.Errorf("taken literally, chips %v", r.Chips)
	}
}

func TestWhatIsPutRightIsSaid(t *testing.T) {
	x := open2(t, sample())
	for typed, want := range map[string]string{"xiaojuren奖励": "小巨人奖励", "小剧人奖励": "小巨人奖励", "小巨人奖励": ""} {
		r := search(t, x, Query{Text: typed})
		if r.Read != want || groups(r) == "" || r.Hits[0].Group != "p1" {
			t.Errorf("%s: read %q, found %s; want %q and p1", typed, r.Read, groups(r), want)
		}
	}
	if r := search(t, x, Query{Text: "xiaojuren", Literal: true}); r.Read != "" || r.Total != 0 {
		t.Errorf("taken literally: read %q, found %s", r.Read, groups(r))
	}
}

// TestDocumentNumbersAreNotPutRight: 示礼〔2025〕3号 is no mistake for 示例〔2025〕3号.
func TestDocumentNumbersAreNotPutRight(t *testing.T) {
	x := open2(t, sample())
	for _, text := range []string{"示礼〔2025〕3号", "请问示礼[2025]3号的内容"} {
		if r := search(t, x, Query{Text: text}); r.Read != "" || r.Total != r.Weak {
			t.Errorf("%s: read %q, found %s", text, r.Read, groups(r))
		}
	}
	if r := search(t, x, Query{Text: "xiaojuren 示例〔2025〕3号"}); r.Read != "小巨人 示例(2025)3号" {
		t.Errorf("read %q", r.Read)
	}
}

func TestEndedComesLaterButComes(t *testing.T) {
	docs := []Document{
		{ID: "old", Kind: KindPolicy, Title: "厂房租金补贴", Body: "厂房租金补贴。", To: "2024-12-31"},
		{ID: "new", Kind: KindPolicy, Title: "厂房租金补贴", Body: "厂房租金补贴，限一次。", From: "2025-01-01"},
	}
	x := open2(t, docs)
	for day, want := range map[string]string{"2024-06-30": "old new", "2025-06-30": "new old", "": "old new"} {
		if got := groups(search(t, x, Query{Text: "厂房租金", Today: day})); got != want {
			t.Errorf("on %q: %s, want %s", day, got, want)
		}
	}
	r := search(t, x, Query{Text: "厂房租金", Today: "2025-06-30", Filter: Filter{States: []string{StateEnded}}})
	if groups(r) != "old" || !slices.Equal(r.Facets.States, []Count{{StateCurrent, 1}, {StateEnded, 1}}) {
		t.Errorf("only ended: %s, states %v", groups(r), r.Facets.States)
	}
	if _, err := x.Search(context.Background(), Query{Today: "heute"}); err == nil {
		t.Error("a day that is none was taken")
	}
}

func TestOrders(t *testing.T) {
	docs := []Document{
		{ID: "a", Kind: KindPolicy, Title: "租金补贴甲", Body: "最高十万元。", From: "2023-01-01", To: "2026-01-01"},
		{ID: "b", Kind: KindPolicy, Title: "租金补贴乙", Body: "最高九十万元。", From: "2025-01-01", To: "2025-12-31"},
		{ID: "c", Kind: KindPolicy, Title: "租金补贴丙", Body: "最高三十万元。", From: "2024-01-01"},
	}
	x := open2(t, docs)
	for order, want := range map[Sort]string{SortNewest: "b c a", SortEnding: "b a c", SortAmount: "b c a"} {
		if got := groups(search(t, x, Query{Text: "租金补贴", Sort: order})); got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
	if got := groups(search(t, x, Query{Text: "租金补贴", Favor: map[string]float64{"c": 3}})); !strings.HasPrefix(got, "c") {
		t.Errorf("what is favoured is not first: %s", got)
	}
	r := search(t, x, Query{Text: "租金补贴", Filter: Filter{Amounts: []string{"10-50"}}})
	if got := groups(r); got != "a c" && got != "c a" {
		t.Errorf("of 100,000 to 500,000 yuan: %s", got)
	}
}

func TestSumsAsBounds(t *testing.T) {
	docs := []Document{
		{ID: "a", Kind: KindPolicy, Title: "技改奖励", Body: "技改奖励不超过一百万元。"},
		{ID: "b", Kind: KindPolicy, Title: "技改奖励", Body: "技改奖励最高五百万元，超出一百万元的部分分两年给。"},
	}
	x := open2(t, docs)
	for text, want := range map[string]string{"技改奖励一百万以上": "a b", "技改奖励200万以上": "b a", "技改奖励不超过一百万": "a b"} {
		if got := groups(search(t, x, Query{Text: text})); strings.ReplaceAll(got, "?", "") != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestPlacesDecide(t *testing.T) {
	docs := []Document{
		{ID: "gz", Kind: KindPolicy, Title: "广州市人才引进办法", Body: "引进人才可以入户。"},
		{ID: "bj", Kind: KindPolicy, Title: "北京市人才引进办法", Body: "引进人才可以落户，人才落户另有奖励。"},
	}
	x := open2(t, docs)
	if got := groups(search(t, x, Query{Text: "广州人才引进"})); got != "gz bj?" && got != "gz bj" {
		t.Errorf("asked for 广州: %s", got)
	}
	if r := search(t, x, Query{Text: "重庆人才引进"}); r.Total != r.Weak {
		t.Errorf("nothing is for 重庆, yet found %s", groups(r))
	}
}

func TestWhyAHitIsThere(t *testing.T) {
	x := open2(t, sample())
	r := search(t, x, Query{Text: "小巨人火锅"})
	if len(r.Hits) == 0 || !slices.Contains(r.Hits[0].Missing, "火锅") || r.Hits[0].Share <= 0 || r.Hits[0].Share >= 1 {
		t.Fatalf("hits %+v", r.Hits)
	}
	unknown := slices.ContainsFunc(r.Words, func(w Word) bool { return w.Text == "火锅" && w.Unknown })
	if !unknown {
		t.Errorf("words %+v", r.Words)
	}
}

func TestSuggestions(t *testing.T) {
	x := open2(t, sample())
	for typed, want := range map[string]string{
		"稳岗": "稳岗返还实施细则", "wengang": "稳岗返还实施细则", "wg": "稳岗返还实施细则", "稳岗f": "稳岗返还实施细则", "專精": "专精特新企业培育办法", "机器人": "科长讲政策：机器人产业",
	} {
		got, err := x.Suggest(context.Background(), typed, 10)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(got, func(s Suggestion) bool { return s.Text == want }) {
			t.Errorf("%s: %+v, want %s among them", typed, got, want)
		}
	}
	for _, typed := range []string{"", " ", "\x00", "火锅", strings.Repeat("稳", 10_000), "<b>"} {
		got, err := x.Suggest(context.Background(), typed, 10)
		if err != nil || len(got) != 0 {
			t.Errorf("%.10q: %+v, %v", typed, got, err)
		}
	}
	for _, s := range []string{"稳"} {
		got, _ := x.Suggest(context.Background(), s, 1)
		if len(got) != 1 || !strings.Contains(got[0].HTML, "<mark>稳</mark>") || Plain(got[0].HTML) != got[0].Text {
			t.Errorf("%s: %+v", s, got)
		}
	}
}

func TestRelated(t *testing.T) {
	docs := sample()
	docs = append(docs, Document{ID: "p4", Group: "p4", Kind: KindPolicy, Title: "办公用房租金补贴办法", Body: "租用办公用房的企业按租金补贴。"})
	x := open2(t, docs)
	got, err := x.Related(context.Background(), "p3", 5)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || got[0].Group != "p4" || slices.ContainsFunc(got, func(h Hit) bool { return h.Group == "p3" }) {
		t.Errorf("related to p3: %+v", got)
	}
	if got, err := x.Related(context.Background(), "nothing", 5); err != nil || len(got) != 0 {
		t.Errorf("related to nothing: %v, %v", got, err)
	}
}

// TestNarrowingKeepsTheBest compares the short way with the long one where both are possible: the first hits are the same.
func TestNarrowingKeepsTheBest(t *testing.T) {
	var docs []Document
	for i := range manyRows + 5_000 {
		body := strings.Repeat("企业申请补贴应当符合条件。", 1+i%3)
		if i%7 == 0 {
			body += "租用厂房的，按租金补贴。"
		}
		if i%1_000 == 3 {
			body += "对人形机器人整机给予奖励。"
		}
		docs = append(docs, Document{ID: fmt.Sprintf("d%05d", i), Kind: KindText, Title: "补贴办法", Body: body})
	}
	x := open2(t, docs)
	short := search(t, x, Query{Text: "人形机器人厂房租金企业补贴", Limit: 10})
	x.noShortCut = true
	long := search(t, x, Query{Text: "人形机器人厂房租金企业补贴", Limit: 10})
	if groups(short) != groups(long) {
		t.Errorf("short way %s, long way %s", groups(short), groups(long))
	}
}

// TestPassagesWithinAPolicy: searched by passages, each is a hit of its own.
func TestPassagesWithinAPolicy(t *testing.T) {
	x := open2(t, sample())
	r := search(t, x, Query{Text: "小巨人奖励", Passages: true, Filter: Filter{Groups: []string{"p1"}}})
	var ids []string
	for _, h := range r.Hits {
		ids = append(ids, h.ID)
		if h.More != 0 {
			t.Errorf("%s stands for others", h.ID)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"p1", "p1/3", "p1/xjr"}) {
		t.Errorf("passages %v", ids)
	}
}

func TestSeveralFilterWords(t *testing.T) {
	x := open2(t, []Document{
		{ID: "district", Kind: KindItem, Title: "稳岗返还", Level: "区"},
		{ID: "city", Kind: KindItem, Title: "稳岗返还办法", Level: "市"},
		{ID: "state", Kind: KindItem, Title: "稳岗返还通知", Level: "国家"},
	})
	r := search(t, x, Query{Text: "区级 市级 稳岗返还"})
	if len(r.Chips) != 2 || r.Total != 2 {
		t.Errorf("two words of one kind widen each other: %d found, chips %v", r.Total, r.Chips)
	}
	r = search(t, x, Query{Text: "区级 稳岗返还", Filter: Filter{Levels: []string{"市"}}})
	if r.Total != 1 || r.Hits[0].ID != "city" {
		t.Errorf("what was chosen by hand stands: %s", groups(r))
	}
}

// TestWordsThatNarrowNothing: where a filter word can't narrow, it is no question for everything.
func TestWordsThatNarrowNothing(t *testing.T) {
	x := open2(t, []Document{{ID: "a", Kind: KindText, Title: "稳岗返还", Body: "按规定返还。"}})
	for _, text := range []string{"过期", "区级", "市级的"} {
		if r := search(t, x, Query{Text: text}); r.Total > r.Weak {
			t.Errorf("%s: %d found, %d weak", text, r.Total, r.Weak)
		}
	}
}

// TestFacetsSayWhatChoosingGives: beside a chosen value, another one's count is what choosing it gives.
func TestFacetsSayWhatChoosingGives(t *testing.T) {
	var docs []Document
	for i := range 90 {
		d := Document{ID: fmt.Sprintf("d%02d", i), Kind: KindText, Title: "通知", Department: []string{"区经委", "区科委", "区商务委"}[i%3], Body: "厂房租金按月补贴。"}
		if i%4 == 0 {
			d.Body = "厂房另行规定。" + strings.Repeat("其余事项按程序办理，逐级上报。", 10) + "租金另行规定。" // apart, so weak
		}
		docs = append(docs, d)
	}
	x := open2(t, docs)
	chosen := search(t, x, Query{Text: "厂房租金按月", Filter: Filter{Departments: []string{"区经委"}}})
	for _, c := range chosen.Facets.Departments {
		r := search(t, x, Query{Text: "厂房租金按月", Filter: Filter{Departments: []string{c.Value}}})
		if r.Total-r.Weak != c.N {
			t.Errorf("%s: the facet says %d, choosing it gives %d", c.Value, c.N, r.Total-r.Weak)
		}
	}
}
