package payout

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mistake is one thing wrong with a batch.
type Mistake struct {
	Line    int    // from 1, in the order of Batch.Lines; 0: the batch itself
	Field   string // in Chinese, such as 收款人
	Message string // in Chinese, without the value of an account
}

// String returns the sentence with its place.
func (m Mistake) String() string {
	if m.Line == 0 {
		return fmt.Sprintf("批次的%s：%s", m.Field, m.Message)
	}
	return fmt.Sprintf("第 %d 笔的%s：%s", m.Line, m.Field, m.Message)
}

// Mistakes is everything that is wrong with a batch, by line. An empty list is no error; see Batch.Check.
type Mistakes []Mistake

// Error returns all sentences, one a line.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

var (
	idForm      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,34}$`)
	hashForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	bankForm    = regexp.MustCompile(`^[0-9]{12}$`)
	accountForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{4,31}$`)
	unitForm    = regexp.MustCompile(`^[A-Za-z0-9]{3,21}$`)
	projectForm = regexp.MustCompile(`^[A-Za-z0-9]{1,21}$`)
	sevenForm   = regexp.MustCompile(`^[0-9]{7}$`)
	fiveForm    = regexp.MustCompile(`^[0-9]{5}$`)
)

// maxText is how many characters a name or a purpose may have: what CNAPS carries, and below the 140 of ISO 20022.
const maxText = 60

// Check returns everything that is wrong with the batch, whatever the format: nil or Mistakes.
func (b Batch) Check() error {
	if found := b.mistakes(); len(found) > 0 {
		return found
	}
	return nil
}

func (b Batch) mistakes() Mistakes {
	c := &checker{seen: map[string]int{}}
	c.form("批次号", b.ID, idForm, "应为 1 至 35 位字母、数字或“-”，以字母或数字开头")
	c.form("名单摘要", b.ListHash, hashForm, "应为 64 位小写十六进制数")
	if b.Created.IsZero() {
		c.add("制作日期", "没有填写")
	}
	c.text("付款人", b.Debtor.Name)
	c.form("付款行行号", b.Debtor.Bank, bankForm, "应为 12 位数字")
	c.form("付款账号", b.Debtor.Account, accountForm, "应为 5 至 32 位字母、数字或“-”，以字母或数字开头")
	switch {
	case len(b.Lines) == 0:
		c.add("明细", "一笔也没有")
	case len(b.Lines) > MaxLines:
		c.add("明细", fmt.Sprintf("共 %d 笔，超过每批 %d 笔的上限", len(b.Lines), MaxLines))
	}
	c.totals(b)
	for i, l := range b.Lines {
		c.at = i + 1
		c.line(l)
	}
	return c.found
}

// checker collects the mistakes of one batch.
type checker struct {
	found Mistakes
	at    int            // the line, 0 for the batch
	seen  map[string]int // payment id -> the line that has it
}

func (c *checker) add(field, message string) {
	c.found = append(c.found, Mistake{Line: c.at, Field: field, Message: message})
}

func (c *checker) totals(b Batch) {
	got, err := b.Totals()
	if err != nil {
		c.add("合计金额", "超出能表示的范围")
		return
	}
	if got.Count != b.Control.Count {
		c.add("合计笔数", fmt.Sprintf("批准 %d 笔，明细 %d 笔", b.Control.Count, got.Count))
	}
	if got.Sum > MaxAmount {
		c.add("合计金额", fmt.Sprintf("为 %s 元，超过每批 %s 元的上限", got.Sum, MaxAmount))
	}
	if got.Sum != b.Control.Sum {
		c.add("合计金额", fmt.Sprintf("批准 %s 元，明细相加 %s 元", b.Control.Sum, got.Sum))
	}
}

func (c *checker) line(l Line) {
	c.form("支付编号", l.ID, idForm, "应为 1 至 35 位字母、数字或“-”，以字母或数字开头")
	if first, twice := c.seen[l.ID]; twice {
		c.add("支付编号", fmt.Sprintf("与第 %d 笔相同", first))
	} else {
		c.seen[l.ID] = c.at
	}
	c.text("收款人", l.Payee)
	c.form("收款行行号", l.Bank, bankForm, "应为 12 位数字")
	c.form("收款账号", l.Account, accountForm, "应为 5 至 32 位字母、数字或“-”，以字母或数字开头")
	switch {
	case l.Amount <= 0:
		c.add("金额", fmt.Sprintf("为 %s 元，应大于零", l.Amount))
	case l.Amount > MaxAmount:
		c.add("金额", fmt.Sprintf("为 %s 元，超过每笔 %s 元的上限", l.Amount, MaxAmount))
	}
	c.text("用途", l.Purpose)
	c.form("预算单位", l.Budget.Unit, unitForm, "应为 3 至 21 位字母或数字")
	c.form("项目代码", l.Budget.Project, projectForm, "应为 1 至 21 位字母或数字")
	c.form("功能分类", l.Budget.Function, sevenForm, "应为 7 位数字（类款项）")
	c.form("经济分类", l.Budget.Economic, fiveForm, "应为 5 位数字（类款）")
}

func (c *checker) form(field, value string, form *regexp.Regexp, want string) {
	switch {
	case value == "":
		c.add(field, "没有填写")
	case !form.MatchString(value):
		c.add(field, want)
	}
}

// text checks a name or a purpose: characters that every format carries, nothing invisible, no beginning of a formula.
func (c *checker) text(field, value string) {
	switch {
	case value == "":
		c.add(field, "没有填写")
		return
	case !utf8.ValidString(value):
		c.add(field, "含有损坏的字符")
		return
	case utf8.RuneCountInString(value) > maxText:
		c.add(field, fmt.Sprintf("有 %d 个字，超过 %d 个字", utf8.RuneCountInString(value), maxText))
	}
	if strings.TrimSpace(value) != value {
		c.add(field, "前后有空格")
	}
	if first, _ := utf8.DecodeRuneInString(strings.TrimSpace(value)); strings.ContainsRune("=+-@'＝＋－＠", first) {
		c.add(field, fmt.Sprintf("以“%c”开头，表格软件可能把它当公式", first))
	}
	if i := strings.IndexFunc(value, unprintable); i >= 0 {
		r, _ := utf8.DecodeRuneInString(value[i:])
		c.add(field, fmt.Sprintf("含有不能打印的字符 %U", r))
	}
}

// unprintable reports characters that no form of the batch may hold: controls, line ends, invisible and directional signs, and
// U+FFFD, which stands for a lost one. Characters of private use pass, since registers hold names with them; GB18030 refuses
// those that it would lose.
func unprintable(r rune) bool {
	if r == utf8.RuneError || r == '\ufeff' {
		return true
	}
	return !unicode.IsGraphic(r) && !unicode.Is(unicode.Co, r)
}

// CheckText says what keeps a name or a purpose from standing in a payment file, in a Chinese sentence without its full stop, such as
// 有 61 个字，超过 60 个字; "" where nothing does. Batch.Check asks the same: what is looked at early doesn't stop a batch at the end.
func CheckText(value string) string {
	c := &checker{}
	c.text("", value)
	var all []string
	for _, m := range c.found {
		all = append(all, m.Message)
	}
	return strings.Join(all, "，")
}
