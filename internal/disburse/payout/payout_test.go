package payout_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// rare are names with characters outside GBK, one outside the basic plane.
var rare = []string{"上海𠮷祥食品有限公司", "龘龘科技（上海）有限公司", "㐀中机械厂", "A&B <贸易> \"有限\"公司", "三和,有限公司"}

// sample is a right batch of n lines.
func sample(n int) payout.Batch {
	b := payout.Batch{
		ID: "QP-2025-0001", ListHash: strings.Repeat("0a", 32), Created: civil.MustParse("2025-06-30"),
		Debtor: payout.Debtor{Name: "上海市青浦区财政局（示例）", Bank: "102290000017", Account: "1001234509000000001"},
	}
	for i := range n {
		b.Lines = append(b.Lines, payout.Line{
			ID: fmt.Sprintf("P%06d", i+1), Payee: rare[i%len(rare)], Bank: "103290000023", Account: fmt.Sprintf("0622202%010d", i),
			Amount: exact.Money(600_000 + 101*i), Purpose: "专精特新奖励",
			Budget: payout.Budget{Unit: "118001", Project: "310118250000000000012", Function: "2150805", Economic: "50799"},
		})
	}
	b.Control, _ = b.Totals()
	return b
}

var formats = []payout.Format{
	payout.Pain001{}, payout.CSV{}, payout.CSV{Page: payout.GB18030}, payout.Workbook{}, payout.Application{}, payout.Handover{},
}

func written(t failer, b payout.Batch, f payout.Format) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := payout.Write(&out, b, f); err != nil {
		t.Fatalf("%s: %v", f.Name(), err)
	}
	return out.Bytes()
}

// TestSameBytes writes each batch twice.
func TestSameBytes(t *testing.T) {
	for _, f := range formats {
		for _, n := range []int{1, 3, 500} {
			if !bytes.Equal(written(t, sample(n), f), written(t, sample(n), f)) {
				t.Errorf("%s, %d payments: other bytes the second time", f.Name(), n)
			}
		}
	}
}

// TestEveryMistakeAtOnce holds that one look at the mistakes is enough, and that no account is in them.
func TestEveryMistakeAtOnce(t *testing.T) {
	b := sample(4)
	b.ListHash = "AB"
	b.Created = civil.Date{}
	b.Control.Count, b.Control.Sum = 5, 1
	b.Lines[0].Payee = "=cmd|' /C calc'!A0"
	b.Lines[0].Bank = "10329000002"
	b.Lines[1].Account = "6222 0200 1234"
	b.Lines[1].Amount = 0
	b.Lines[2].ID = b.Lines[0].ID
	b.Lines[2].Purpose = strings.Repeat("长", 61)
	b.Lines[2].Payee = "甲\u202e乙"
	b.Lines[3].Budget = payout.Budget{Unit: "1", Function: "21508", Economic: "507"}
	b.Lines[3].Amount = payout.MaxAmount + 1
	const want = `批次的名单摘要：应为 64 位小写十六进制数
批次的制作日期：没有填写
批次的合计笔数：批准 5 笔，明细 4 笔
批次的合计金额：为 10000000012002.02 元，超过每批 9999999999999.99 元的上限
批次的合计金额：批准 0.01 元，明细相加 10000000012002.02 元
第 1 笔的收款人：以“=”开头，表格软件可能把它当公式
第 1 笔的收款行行号：应为 12 位数字
第 2 笔的收款账号：应为 5 至 32 位字母、数字或“-”，以字母或数字开头
第 2 笔的金额：为 0.00 元，应大于零
第 3 笔的支付编号：与第 1 笔相同
第 3 笔的收款人：含有不能打印的字符 U+202E
第 3 笔的用途：有 61 个字，超过 60 个字
第 4 笔的金额：为 10000000000000.00 元，超过每笔 9999999999999.99 元的上限
第 4 笔的预算单位：应为 3 至 21 位字母或数字
第 4 笔的项目代码：没有填写
第 4 笔的功能分类：应为 7 位数字（类款项）
第 4 笔的经济分类：应为 5 位数字（类款）`
	for _, f := range formats {
		var out bytes.Buffer
		err := payout.Write(&out, b, f)
		var found payout.Mistakes
		if !errors.As(err, &found) || err.Error() != want {
			t.Errorf("%s:\n%v\nwant\n%s", f.Name(), err, want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: wrote %d bytes of a wrong batch", f.Name(), out.Len())
		}
	}
	if err := b.Check(); err == nil || err.Error() != want {
		t.Errorf("Check: %v", err)
	}
	if err := sample(2).Check(); err != nil {
		t.Errorf("a right batch: %v", err)
	}
}

// TestEdges holds what is wrong at the edges of each rule.
func TestEdges(t *testing.T) {
	for name, spoil := range map[string]func(b *payout.Batch){
		"empty":            func(b *payout.Batch) { b.Lines = nil; b.Control = payout.Totals{} },
		"id with a space":  func(b *payout.Batch) { b.Lines[0].ID = "P 1" },
		"id of 36":         func(b *payout.Batch) { b.Lines[0].ID = strings.Repeat("1", 36) },
		"id like formula":  func(b *payout.Batch) { b.Lines[0].ID = "-1" },
		"line end at id":   func(b *payout.Batch) { b.Lines[0].ID = "P1\n" },
		"negative":         func(b *payout.Batch) { b.Lines[0].Amount = -1; b.Control, _ = b.Totals() },
		"full-width start": func(b *payout.Batch) { b.Lines[0].Payee = "＝1＋1" },
		"apostrophe":       func(b *payout.Batch) { b.Lines[0].Payee = "'甲" },
		"tab":              func(b *payout.Batch) { b.Lines[0].Purpose = "甲\t乙" },
		"line end":         func(b *payout.Batch) { b.Lines[0].Purpose = "甲\n乙" },
		"space in front":   func(b *payout.Batch) { b.Lines[0].Purpose = " 甲" },
		"damaged":          func(b *payout.Batch) { b.Lines[0].Payee = "甲\xff" },
		"lost character":   func(b *payout.Batch) { b.Lines[0].Payee = "甲\ufffd" },
		"byte order mark":  func(b *payout.Batch) { b.Lines[0].Payee = "甲\ufeff乙" },
		"full-width digit": func(b *payout.Batch) { b.Lines[0].Account = "６２２２０２０００" },
		"one 分 more":       func(b *payout.Batch) { b.Control.Sum++ },
		"one 分 less":       func(b *payout.Batch) { b.Control.Sum-- },
		"one line more":    func(b *payout.Batch) { b.Control.Count++ },
	} {
		b := sample(3)
		spoil(&b)
		if b.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// TestOverflow adds more than int64 holds.
func TestOverflow(t *testing.T) {
	b := sample(2)
	b.Lines[0].Amount, b.Lines[1].Amount = 1<<62, 1<<62
	if _, err := b.Totals(); !errors.Is(err, exact.ErrOverflow) {
		t.Errorf("sum of 2^63 分: %v", err)
	}
	if err := b.Check(); err == nil || !strings.Contains(err.Error(), "合计金额：超出") {
		t.Errorf("Check: %v", err)
	}
}

// TestCodePages holds that a character is carried or refused, by line and character.
func TestCodePages(t *testing.T) {
	b := sample(3)
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(written(t, b, payout.CSV{Page: payout.GB18030}))
	if err != nil {
		t.Fatal(err)
	}
	if mark := []byte("\ufeff"); !bytes.Equal(text, bytes.TrimPrefix(written(t, b, payout.CSV{}), mark)) {
		t.Error("the two code pages hold different texts")
	}
	b.Lines[1].Payee = "上海\ue000商行" // private use, which this GB18030 gives back as something else
	const want = "第 2 笔的收款人：字符“\ue000”（U+E000）不能用 GB18030 编码表示"
	var out bytes.Buffer
	if err := payout.Write(&out, b, payout.CSV{Page: payout.GB18030}); err == nil || err.Error() != want || out.Len() > 0 {
		t.Errorf("private use in GB18030: %v, %d bytes", err, out.Len())
	}
	if got := written(t, b, payout.CSV{}); !bytes.Contains(got, []byte("上海\ue000商行")) {
		t.Error("UTF-8 lost a character of private use")
	}
	b = sample(2)
	b.Lines[1].Payee = strings.Repeat("𠮷", 60)
	for _, f := range formats {
		written(t, b, f) // 240 bytes exactly
	}
}

// TestWidths holds that the bank's narrower fields are counted in bytes of the code page, and that nothing is cut.
func TestWidths(t *testing.T) {
	b := sample(3)
	b.Lines[0].Payee = strings.Repeat("厂", 20) // 60 bytes in UTF-8, 40 in GB18030
	b.Lines[1].Payee = strings.Repeat("𠮷", 10) // 40 in both
	b.Lines[2].Payee = strings.Repeat("a", 41)
	for page, want := range map[payout.CodePage]string{
		payout.GB18030: "第 3 笔的收款人：占 41 个字节，超过银行规定的 40 个字节",
		payout.UTF8: "第 1 笔的收款人：占 60 个字节，超过银行规定的 40 个字节\n第 1 笔的用途：占 18 个字节，超过银行规定的 17 个字节\n" +
			"第 2 笔的用途：占 18 个字节，超过银行规定的 17 个字节\n第 3 笔的收款人：占 41 个字节，超过银行规定的 40 个字节\n" +
			"第 3 笔的用途：占 18 个字节，超过银行规定的 17 个字节",
	} {
		var out bytes.Buffer
		err := payout.Write(&out, b, payout.CSV{Page: page, PayeeBytes: 40, PurposeBytes: 17})
		if err == nil || err.Error() != want || out.Len() > 0 {
			t.Errorf("%d: %v, %d bytes", page, err, out.Len())
		}
	}
}

// failing is a writer that takes so many bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, os.ErrClosed
	}
	f.left -= len(p)
	return len(p), nil
}

// TestFullDisk holds that no form is taken for written when it isn't.
func TestFullDisk(t *testing.T) {
	b := sample(40)
	for _, f := range formats {
		size := len(written(t, b, f))
		for _, left := range []int{0, 1, size / 2, size - 1} {
			if err := payout.Write(&failing{left}, b, f); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s, %d of %d bytes: %v", f.Name(), left, size, err)
			}
		}
	}
}

func TestCapital(t *testing.T) {
	for fen, want := range map[exact.Money]string{
		0: "零元整", 1: "壹分", 5: "伍分", 10: "壹角", 50: "伍角", 55: "伍角伍分", 100: "壹元整", 1000: "壹拾元整", 1001: "壹拾元零壹分",
		1_200_000: "壹万贰仟元整", 140_950: "壹仟肆佰零玖元伍角", 600_714: "陆仟零柒元壹角肆分", 168_032: "壹仟陆佰捌拾元叁角贰分",
		10_700_053: "壹拾万柒仟元伍角叁分", 1_640_902: "壹万陆仟肆佰零玖元零贰分", 32_504: "叁佰贰拾伍元零肆分",
		10_000_000_000: "壹亿元整", 10_000_000_100: "壹亿零壹元整", 100_100_000_000: "壹拾亿零壹佰万元整", 10_000_010_000: "壹亿零壹佰元整",
		1_000_000_000_000: "壹佰亿元整", 100_000_000: "壹佰万元整", 100_050_000: "壹佰万零伍佰元整", -12_345: "负壹佰贰拾叁元肆角伍分",
		payout.MaxAmount: "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
	} {
		if got := payout.Capital(fen); got != want {
			t.Errorf("Capital(%s) = %s, want %s", fen, got, want)
		}
	}
}

// uncapital reads capital characters by evaluating them, which shares nothing with how they are written.
func uncapital(text string) int64 {
	digit := map[rune]int64{}
	for i, r := range []rune("零壹贰叁肆伍陆柒捌玖") {
		digit[r] = int64(i)
	}
	var total, section, below, last, fen int64
	for _, r := range strings.TrimSuffix(text, "整") {
		switch r {
		case '拾', '佰', '仟':
			section += last * map[rune]int64{'拾': 10, '佰': 100, '仟': 1000}[r]
			last = 0
		case '万':
			below = (section + last) * 10_000
			section, last = 0, 0
		case '亿':
			total = (below + section + last) * 100_000_000
			below, section, last = 0, 0, 0
		case '元':
			fen = (total + below + section + last) * 100
			last = 0
		case '角':
			fen += last * 10
			last = 0
		case '分':
			fen += last
		default:
			last = digit[r]
		}
	}
	return fen
}

func TestCapitalReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(0, int64(payout.MaxAmount)).Draw(t, "fen")
		text := payout.Capital(exact.Money(fen))
		if got := uncapital(text); got != fen {
			t.Fatalf("%d is written %s, which is %d", fen, text, got)
		}
		if strings.Contains(text, "零零") {
			t.Fatalf("%d is written %s", fen, text)
		}
	})
}
