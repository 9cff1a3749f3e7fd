package formula

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of one expression, checked before expr's parser sees it.
const (
	MaxSource  = 8000 // bytes
	maxParens  = 40
	maxTokens  = 1500
	maxNodes   = 2000
	maxNumeral = 40
	maxChoices = 40
	// negations nest without brackets; so many are never meant
	maxNegations = 100
)

// Problem is one thing wrong with an expression; Offset counts characters from its start.
type Problem struct {
	Offset  int
	Message string
	Hint    string
}

// Problems are all that was found.
type Problems []Problem

// Error joins the messages.
func (ps Problems) Error() string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = fmt.Sprintf("第 %d 字：%s", p.Offset+1, p.Message)
		if p.Hint != "" {
			parts[i] += "（" + p.Hint + "）"
		}
	}
	return strings.Join(parts, "；")
}

// lookalike tells what was probably meant by characters that look like operators or quotes.
var lookalike = map[rune]string{
	'≥': ">=", '≤': "<=", '≠': "!=", '＞': ">", '＜': "<", '＝': "==", '×': "*", '÷': "/", '＋': "+", '－': "-", '—': "-", '–': "-", '−': "-",
	'“': `"`, '”': `"`, '‘': `'`, '’': `'`, '＂': `"`, '（': "(", '）': ")", '，': ",", '。': ".", '：': ":", '；': "分开写", '？': "?", '【': "[", '】': "]",
	'［': "[", '］': "]", '｛': "{", '｝': "}", '、': ",", '％': "比例(…)", '！': "!", '　': "普通空格", '．': ".", '＊': "*", '／': "/",
}

// scanner walks an expression once, character by character, before the parser.
type scanner struct {
	problems Problems
	stack    []rune
	quote    rune
	escaped  bool
	quoteAt  int
	tokens   int
	inWord   bool
	pipes    int
	choices  int
	last     rune // the character before, outside quotes
}

// precheck refuses texts the parser should not see: too long, too deep, with characters that deceive.
func precheck(source string) Problems {
	if len(source) > MaxSource {
		return Problems{{0, fmt.Sprintf("表达式有 %d 字节，超过上限 %d", len(source), MaxSource), "拆成几个条件，或用 define 给各部分命名"}}
	}
	if !utf8.ValidString(source) {
		return Problems{{0, "表达式不是 UTF-8 文本", ""}}
	}
	if strings.TrimSpace(source) == "" {
		return Problems{{0, "表达式是空的", ""}}
	}
	if strings.Count(source, "not") > maxNegations || strings.Count(source, "!") > maxNegations || strings.Count(source, "-") > 2*maxNegations {
		return Problems{{0, "not 或负号太多", "拆成几个条件"}}
	}
	s := &scanner{}
	offset := 0
	for _, r := range source {
		if stop := s.step(r, offset); stop {
			return s.problems
		}
		offset++
	}
	if s.quote != 0 {
		s.fail(s.quoteAt, "引号没有闭合", "")
	} else if len(s.stack) > 0 {
		s.fail(offset, fmt.Sprintf("括号没有闭合，还缺 %c", s.stack[len(s.stack)-1]), "")
	}
	return s.problems
}

func (s *scanner) fail(at int, message, hint string) {
	s.problems = append(s.problems, Problem{at, message, hint})
}

func (s *scanner) step(r rune, at int) (stop bool) {
	defer func() { s.last = r }()
	if s.quote != 0 {
		return s.inQuotes(r, at)
	}
	word := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
	if !unicode.IsSpace(r) && (!word || !s.inWord) {
		s.tokens++
	}
	s.inWord = word
	if r != '|' && s.pipes%2 == 1 {
		s.fail(at-1, "不能使用管道 |", "“或者”写作 or")
		return true
	}
	switch {
	case s.tokens > maxTokens:
		s.fail(at, "表达式太长", "拆成几个条件，或用 define 给各部分命名")
		return true
	case r == '`':
		s.fail(at, "不能使用反引号", "文字写在 \"\" 里")
		return true
	case r == '?' && s.count() > maxChoices:
		s.fail(at, fmt.Sprintf("?: 超过 %d 个", maxChoices), "用 分档 或 values.yaml 的 tiers、table")
		return true
	case r == '"' || r == '\'':
		s.quote, s.quoteAt = r, at
	case strings.ContainsRune("([{", r):
		return s.open(r, at)
	case strings.ContainsRune(")]}", r):
		return s.close(r, at)
	case s.last == '/' && (r == '/' || r == '*'):
		s.fail(at-1, "表达式里不能写注释", "注释之后的文字会被丢掉；说明写在 because 里，或写成上一行的 YAML 注释")
		return true
	case r == ';':
		s.fail(at, "不能使用分号", "一个条件只写一个表达式")
		return true
	case r == '%':
		s.fail(at, "不能使用 %", "百分数写 比例(5.5)，或把 % 指标直接与 5.5 比较")
		return true
	case s.last == '?' && r == '?':
		s.fail(at-1, "不能使用 ??：缺失的事实不能当作有", "缺省值写在指标字典的 absent，并说明理由")
		return true
	case r == '|':
		s.pipes++
	case strings.ContainsRune("$@~\\^", r):
		s.fail(at, fmt.Sprintf("不能使用 %c", r), "")
	case lookalike[r] != "":
		s.fail(at, fmt.Sprintf("“%c”是全角或特殊符号，表达式里不能用", r), "改用半角 "+lookalike[r])
	case deceives(r):
		s.fail(at, fmt.Sprintf("字符 %c（U+%04X）不能用在表达式里", r, r), "它可能与普通字母或汉字看起来一样，请重新输入")
	}
	return len(s.problems) > 20
}

// count counts the choices (?:) so far.
func (s *scanner) count() int { s.choices++; return s.choices }

func (s *scanner) inQuotes(r rune, at int) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case r == '\\':
		s.escaped = true
	case r == s.quote:
		s.quote = 0
	case invisible(r):
		s.fail(at, fmt.Sprintf("文字里有看不见的字符（U+%04X）", r), "删去后重新输入")
		return true
	}
	return false
}

// invisible reports characters that nobody sees in a text.
func invisible(r rune) bool {
	return r < 0x20 || r == 0x7f || r == unicode.ReplacementChar || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs)
}

func (s *scanner) open(r rune, at int) bool {
	s.stack = append(s.stack, map[rune]rune{'(': ')', '[': ']', '{': '}'}[r])
	if len(s.stack) > maxParens {
		s.fail(at, fmt.Sprintf("括号嵌套超过 %d 层", maxParens), "用 define 给各部分命名")
		return true
	}
	return false
}

func (s *scanner) close(r rune, at int) bool {
	if len(s.stack) == 0 || s.stack[len(s.stack)-1] != r {
		s.fail(at, fmt.Sprintf("多出或不配对的括号 %c", r), "")
		return true
	}
	s.stack = s.stack[:len(s.stack)-1]
	return false
}

// deceives reports letters outside ASCII and Han, and anything invisible: they may look like an allowed name and be another.
func deceives(r rune) bool {
	switch {
	case r < 0x80:
		return r < 0x20 && r != '\t' && r != '\n' || r == 0x7f
	case unicode.Is(unicode.Han, r):
		return r >= 0x2E80 && r <= 0x2FDF || r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
	}
	return true
}
