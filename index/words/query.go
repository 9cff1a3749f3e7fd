package words

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Caps on what is used of a query; the rest is said in Query.Ignored.
const (
	MaxQueryRunes = 128
	MaxQueryTerms = 32
)

// MaxTerms is how many terms a query may have with what documents write for it; a set of terms fits in 64 bits.
const MaxTerms = 64

// Term is one thing a query looks for.
type Term struct {
	Key         string // the index term; of kind Single it is found under every Pair that starts with it
	Kind        Kind
	Weight      float64 // 1, or less for words that are in every policy; never 0
	First, Last int     // the runes of the query it was read from: tells a seam between two words from a miss
	Generic     bool    // a word that nearly every policy holds
	Seam        bool    // a pair that crosses the border between two words; marked only beside another mark
	Aside       bool    // it helps to put hits in order, but is not marked
}

// Query is what a person typed, as it was understood.
type Query struct {
	Terms   []Term // at most MaxQueryTerms in the order typed, then those of the slots' variants
	Typed   int    // how many of Terms were typed
	Slots   []Slot // in the order typed; they don't overlap
	AtLeast int64  // yuan that are asked for or more (一百万以上); 0 for no such word
	AtMost  int64  // yuan that are asked for or less (不超过30万); 0 for no such word
	How     int    // the rune behind 怎么 or the like, where what is to be done stands; 0 for no such word
	Runes   []rune // what was typed, folded; Used where it is a number, a sum, or a word people ask with
	Ignored string // what was typed but is not used: at most 64 runes and …
	Empty   bool   // nothing but blanks was typed
}

// Slot is a word of a query for which documents may write something else.
type Slot struct {
	Typed    Set   // the terms of the word itself
	Variants []Set // the terms of what documents write for it, one set a phrase
}

// Set is a set of terms, by their position in Query.Terms.
type Set uint64

// Has reports whether term n is in the set.
func (s Set) Has(n int) bool { return s>>n&1 != 0 }

// Len gives how many terms are in the set.
func (s Set) Len() int { return bits.OnesCount64(uint64(s)) }

// Expansion is what documents write for a part of a query.
type Expansion struct {
	First, Last int // the runes of the query
	Phrases     []string
}

// Expander gives what documents write for the words of a query, from its folded runes; what was used for numbers, sums and
// the words people ask with is [Used] there. The parts must be in order and not overlap.
type Expander func(folded []rune) []Expansion

// Used stands in folded runes for what needs no further reading.
const Used = utf8.RuneError

// genericWeight is what words weigh that nearly every policy holds; they still decide where nothing else is asked.
const genericWeight = 0.45

// A bare figure of up to so many digits stands in texts for anything, so it weighs little.
const (
	shortFigure  = 3
	figureWeight = 0.3
)

// askPatterns are the words people ask with. They carry no weight and end a run of characters, like a blank.
// Longer ones first, so that 有没有 is not read as 有 and 没有.
var askPatterns = byLength(`
给不给钱 给不给 给钱 领钱 退钱 拿钱 要不要钱 花不花钱 政府给 国家给 能不能 可不可以 有没有 是不是 要不要 会不会 该不该 行不行 好不好 能否 可否 是否 有无 请问 请教 想问 问一下 想问一下
想了解 了解一下 咨询 咨询一下 您好 你好 谢谢 麻烦 怎么样 怎么办 怎么 怎样 如何 咋 为什么 为何 什么时候 什么 啥 哪些 哪个
哪里 哪儿 哪家 多少钱 多少 多久 几个 可以 能够 根据 按照 依据 查询 查找 查一下 文号 我想 我要 我们 我是 我家 我 你们 咱们 咱 他们 一下 有哪些 有什么 有吗
吗 呢 嘛 呀 啊 呗 吧 么 的话 之类 能补 能奖 能拿 能领 能报 补多少 奖多少 补办 一部分 一些 一点 刚刚 刚被 以及 或者 还是 还有 关于 对于 针对 目前 现在 应该 需要 想 请 的 了
`)

// askExceptions are words that hold an ask pattern without asking.
var askExceptions = byLength(`目的 标的 的士 了解 为了 除了 理想 思想 设想 构想 想象 想法 请示 申请 聘请
邀请 敬请 请求 提请 报请 酒吧 网吧 自我 节能 智能 能源 产能 性能 功能 技能 储能 氢能 职能 赋能 效能 动能 光能 核能 太阳能 热能
电能 风能 国有 所有 私有 持有 拥有 享有 含有 共有 专有 特有 现有 原有 给予 供给 本领 引领 领域 领军 领取 领办`)

// genericWords occur in nearly every policy and say little about which one is meant.
var genericWords = byLength(`企业 公司 单位 政策 办法 措施 通知 意见 规定 支持 扶持 补贴 补助 奖励 资助 资金 项目 申请 申报 办理 条件 标准
要求 流程 材料 认定 相关 有关 规定 符合 享受 领取 发放 奖金 经费 好处 优惠 津贴 老板 厂家 厂里 公家 政府 国家`)

func byLength(words string) [][]rune {
	var out [][]rune
	for w := range strings.FieldsSeq(words) {
		out = append(out, []rune(w))
	}
	slices.SortStableFunc(out, func(a, b []rune) int { return len(b) - len(a) })
	return out
}

// Read reads what a person typed. It never fails: nothing is syntax, and what can't be used is left out and said. expand
// may be nil.
func Read(text string, expand Expander) Query {
	head, tail := Cap(text)
	q := Query{Empty: head == ""}
	f := fold(head)
	q.How = blankAsking(f)
	q.AtLeast, q.AtMost = bounds(f)
	terms := append(special(f), ordinary(f)...)
	slices.SortStableFunc(terms, func(a, b Term) int { return a.First - b.First })
	terms = withoutStraySingles(terms)
	rest := ""
	if len(terms) > MaxQueryTerms {
		rest = head[f.at[terms[MaxQueryTerms].First]:]
		terms = terms[:MaxQueryTerms]
	}
	if len(terms) == 0 {
		rest = head
	}
	q.Terms = lowerGeneric(f, terms)
	q.Typed, q.Runes = len(q.Terms), f.runes
	q.bareSums()
	if expand != nil {
		q.widen(expand(f.runes))
	}
	q.Ignored = Shorten(rest + tail)
	return q
}

// Cap gives what of a query is read, without blanks around it, and what is not.
func Cap(text string) (head, tail string) { return cutRunes(strings.TrimSpace(text), MaxQueryRunes) }

// maxIgnored is how many runes of what was not used are said.
const maxIgnored = 64

// Shorten gives the start of what was not used, as valid text, with … where something was cut.
func Shorten(ignored string) string { return shorten(ignored, maxIgnored) }

// Words that make a sum a bound, before and behind it. 最高 is none: that is how texts name what they give.
var (
	leastBefore = byLength(`至少 不低于 不少于 超过 大于 高于`)
	leastBehind = byLength(`以上 起 及以上 或以上`)
	mostBefore  = byLength(`不超过 不高于 低于 小于 至多 不到`)
	mostBehind  = byLength(`以下 以内 之内 封顶`)
)

// bounds gives the sums that are meant as bounds, the last of each.
func bounds(f folded) (atLeast, atMost int64) {
	before := func(first int, all [][]rune) bool {
		return slices.ContainsFunc(all, func(w []rune) bool { return first >= len(w) && slices.Equal(f.runes[first-len(w):first], w) })
	}
	for _, s := range findAmounts(f) {
		switch {
		case before(s.first, mostBefore) || matchAt(f.runes, s.last+1, mostBehind) > 0:
			atMost = s.yuan
		case before(s.first, leastBefore) || matchAt(f.runes, s.last+1, leastBehind) > 0:
			atLeast = s.yuan
		}
	}
	return atLeast, atMost
}

// leastSum is the least bare figure that may stand for a sum of money; smaller ones are years and counts.
const leastSum = 3_000

// bareSums lets a figure stand for as many yuan too: 500,000 is 50万元.
func (q *Query) bareSums() {
	for i, t := range q.Terms[:q.Typed] {
		if t.Kind != Word {
			continue
		}
		yuan, err := strconv.ParseInt(t.Key, 10, 64)
		if err != nil || yuan < leastSum || len(q.Terms) == MaxTerms {
			continue
		}
		t.Key, t.Kind, t.Weight = sum{yuan: yuan}.term(), Amount, 1
		q.Slots = append(q.Slots, Slot{Typed: 1 << i, Variants: []Set{1 << len(q.Terms)}})
		q.Terms = append(q.Terms, t)
	}
}

// widen adds slots for what documents write instead, as far as terms may be added.
func (q *Query) widen(parts []Expansion) {
	for _, e := range parts {
		slot := Slot{}
		for i, t := range q.Terms[:q.Typed] {
			if t.Kind <= Word && t.First >= e.First && t.Last <= e.Last {
				slot.Typed |= 1 << i
			}
		}
		if slot.Typed == 0 {
			continue
		}
		for _, phrase := range e.Phrases {
			if v := q.variant(phrase, e); v != 0 {
				slot.Variants = append(slot.Variants, v)
			}
		}
		if len(slot.Variants) > 0 {
			q.Slots = append(q.Slots, slot)
		}
	}
}

// variant adds the terms of phrase and gives their set; none when they would be too many.
func (q *Query) variant(phrase string, e Expansion) (set Set) {
	f := fold(phrase)
	terms := withoutStraySingles(ordinary(f))
	if len(q.Terms)+len(terms) > MaxTerms {
		return 0
	}
	for _, t := range lowerGeneric(f, terms) {
		t.First, t.Last = e.First, e.Last
		set |= 1 << len(q.Terms)
		q.Terms = append(q.Terms, t)
	}
	return set
}

// special reads document numbers and sums of money out of f, and blanks them there: they count as one term each. With
// an issuer named, the bare year and number are looked for beside it at less weight, so that another issuer's 4号
// stays below the floor.
func special(f folded) []Term {
	var out []Term
	for _, n := range findNumbers(f) {
		keys := n.keys()
		whole := Term{Key: keys[len(keys)-1], Kind: Number, Weight: 1, First: n.first, Last: n.last}
		if len(keys) > 1 {
			bare := whole
			bare.Key, bare.Weight = keys[0], 0.3
			out = append(out, bare)
		}
		out = append(out, whole)
		blankOut(f, n.first, n.last)
	}
	for _, a := range findAmounts(f) {
		out = append(out, Term{Key: a.term(), Kind: Amount, Weight: 1, First: a.first, Last: a.last})
		blankOut(f, a.first, a.last)
	}
	return out
}

// blankOut overwrites runes that have been used by one that no token holds.
func blankOut(f folded, first, last int) {
	for i := first; i <= last; i++ {
		f.runes[i] = Used
	}
}

// howWords are those behind which stands what is to be done.
var howWords = byLength(`怎么 怎样 如何 咋`)

// blankAsking blanks the words people ask with, also 有 and the like before a generic word: 有补贴, 给奖励. It gives the rune
// behind the last word that asks how.
func blankAsking(f folded) (how int) {
	for i := 0; i < len(f.runes); {
		if w := matchAt(f.runes, i, askExceptions); w > 0 {
			i += w
			continue
		}
		w := matchAt(f.runes, i, askPatterns)
		if w == 0 && strings.ContainsRune("有给拿领", f.runes[i]) && matchAt(f.runes, i+1, genericWords) > 0 {
			w = 1
		}
		if w > 0 && matchAt(f.runes, i, howWords) == w {
			how = i + w
		}
		blankOut(f, i, i+w-1)
		i += max(w, 1)
	}
	return how
}

// matchAt gives the length of the first of words that stands at i, or 0.
func matchAt(runes []rune, i int, words [][]rune) int {
	for _, w := range words {
		if i+len(w) <= len(runes) && slices.Equal(runes[i:i+len(w)], w) {
			return len(w)
		}
	}
	return 0
}

// ordinary reads the ordinary terms, each once.
func ordinary(f folded) []Term {
	var out []Term
	seen := map[string]bool{}
	for _, t := range tokenize(f, true) {
		if seen[t.Term] || t.Kind == Single && t.First > 0 && isHan(f.runes[t.First-1]) {
			continue // the last character of a longer run is in its last pair already
		}
		seen[t.Term] = true
		weight := 1.0
		if t.Kind == Word && len(t.Term) <= shortFigure && strings.Trim(t.Term, "0123456789") == "" {
			weight = figureWeight
		}
		out = append(out, Term{Key: t.Term, Kind: t.Kind, Weight: weight, First: t.First, Last: t.Last})
	}
	return out
}

// withoutStraySingles drops lone characters (the 年 of 2024年, what is left between two words people ask with) unless
// nothing else is there.
func withoutStraySingles(terms []Term) []Term {
	rest := slices.DeleteFunc(slices.Clone(terms), func(t Term) bool { return t.Kind == Single })
	if len(rest) == 0 {
		return terms
	}
	return rest
}

// lowerGeneric gives pairs that are generic words less weight, if any term is not.
func lowerGeneric(f folded, terms []Term) []Term {
	generic := func(t Term) bool {
		return t.Kind == Pair && t.Last == t.First+1 && matchAt(f.runes, t.First, genericWords) > 0
	}
	if !slices.ContainsFunc(terms, func(t Term) bool { return !generic(t) }) {
		return terms
	}
	for i := range terms {
		if generic(terms[i]) {
			terms[i].Weight, terms[i].Generic = genericWeight, true
		}
	}
	return terms
}

// cutRunes splits s behind its first n runes without reading further.
func cutRunes(s string, n int) (head, tail string) {
	for i := range s {
		if n == 0 {
			return s[:i], s[i:]
		}
		n--
	}
	return s, ""
}

// shorten gives the first n runes of s as valid text, with … where something was cut.
func shorten(s string, n int) string {
	head, tail := cutRunes(s, n)
	if tail != "" {
		head += "…"
	}
	return strings.ToValidUTF8(head, string(utf8.RuneError))
}

// maxLoose is how many single characters a loose query looks for.
const maxLoose = 6

// Loose gives a query that looks for the single characters of q, generic words left out: for when its pairs stand nowhere.
func (q Query) Loose() Query {
	out := Query{Runes: q.Runes, Ignored: q.Ignored, Empty: q.Empty}
	seen := map[rune]bool{}
	for i := 0; i < len(q.Runes) && len(out.Terms) < maxLoose; i++ {
		if n := matchAt(q.Runes, i, genericWords); n > 0 {
			i += n - 1
			continue
		}
		if c := q.Runes[i]; isHan(c) && !seen[c] {
			seen[c] = true
			out.Terms = append(out.Terms, Term{Key: string(c), Kind: Single, Weight: 1, First: i, Last: i})
		}
	}
	out.Typed = len(out.Terms)
	return out
}
