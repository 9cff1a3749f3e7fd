package share

import (
	"testing"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// shares reads a question over texts in which every pair weighs the same and stands somewhere.
func shares(t *testing.T, text string) (*Shares, words.Query) {
	t.Helper()
	lex, err := lexicon.Default()
	if err != nil {
		t.Fatal(err)
	}
	q := words.Read(text, nil)
	weights := make([]Weight, len(q.Terms))
	for i, term := range q.Terms {
		weights[i].Value = 4 * term.Weight
	}
	return New(lex, q, weights), q
}

// only gives the terms of a question that stand in a text, as pairs.
func only(q words.Query, text string) (set words.Set) {
	for _, p := range words.NewLooker(q).Places(text) {
		set |= p.Terms
	}
	return set
}

func TestHowSure(t *testing.T) {
	for _, c := range []struct {
		question, text, title string
		weak                  bool
		notDone               string
	}{
		{"个体户怎么注销", "个体户可以注销", "", false, ""},
		{"个体户怎么注销", "个体户可以领补贴", "", true, "注销"},
		{"个体户怎么注销", "个体户可以领补贴", "个体户扶持办法", false, "注销"}, // about them: it may say it in other words
		{"营业执照怎么换", "营业执照复印件", "", false, "换"},
		{"个体户怎么申请", "个体户可以申请", "", false, ""},
		{"个体户怎么领", "个体户可以来", "", false, ""},
		{"光伏 孵化器", "光伏电站", "", true, ""},    // one of two words is half
		{"光伏 每吨 每亩", "光伏电站", "", false, ""}, // texts write quantities otherwise
		{"养老机构一张床", "养老机构", "", false, ""},
		{"光伏 孵化 民宿 首店 展会 家政 菜场", "光伏 孵化 民宿", "", false, ""}, // less than half of a long question
	} {
		s, q := shares(t, c.question)
		title := only(q, c.title)
		has := only(q, c.text) | title
		got := s.Of(has, title)
		if got.Sure < Floor != c.weak {
			t.Errorf("%s in %s, titled %q: sure %.3f", c.question, c.text, c.title, got.Sure)
		}
		if done := s.NotDone(has); done != c.notDone {
			t.Errorf("%s in %s: not done %q, want %q", c.question, c.text, done, c.notDone)
		}
	}
}

func TestSureIsAShare(t *testing.T) {
	for _, question := range []string{"", "的", "怎么", "怎么的", "个体户怎么", "怎么注销", "补贴", "一张", "沪府办规〔2024〕4号", "能奖二十万的"} {
		s, q := shares(t, question)
		all := words.Set(1)<<q.Typed - 1
		none, whole := s.Of(0, 0), s.Of(all, all)
		if none.Sure != 0 || whole.Sure < 0 || whole.Sure > 1 || q.Typed > 0 && whole.Sure != 1 {
			t.Errorf("%q: %v with nothing, %v with all", question, none, whole)
		}
	}
}
