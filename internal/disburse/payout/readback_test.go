package payout_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"html"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/exact"
)

// What stands here reads the written bytes with the standard library alone, and adds in big.Rat.

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// back is what was read: what the file says of itself and what its payments add up to.
type back struct {
	count, saidCount int
	sum, saidSum     *big.Rat
	payees           []string
	accounts         []string
}

func rat(t failer, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok || !regexp.MustCompile(`^\d+\.\d\d$`).MatchString(text) {
		t.Fatalf("%q is no sum in 元 with two decimals", text)
	}
	return r
}

func (b *back) take(t failer, payee, account, amount string) {
	t.Helper()
	if b.sum == nil {
		b.sum = new(big.Rat)
	}
	b.count++
	b.sum.Add(b.sum, rat(t, amount))
	b.payees, b.accounts = append(b.payees, payee), append(b.accounts, account)
}

func backPain(t failer, data []byte) back {
	t.Helper()
	var doc struct {
		Head struct {
			Count int    `xml:"NbOfTxs"`
			Sum   string `xml:"CtrlSum"`
		} `xml:"CstmrCdtTrfInitn>GrpHdr"`
		Payments []struct {
			Amount  string `xml:"Amt>InstdAmt"`
			Payee   string `xml:"Cdtr>Nm"`
			Account string `xml:"CdtrAcct>Id>Othr>Id"`
		} `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	b := back{saidCount: doc.Head.Count, saidSum: rat(t, doc.Head.Sum)}
	for _, p := range doc.Payments {
		b.take(t, p.Payee, p.Account, p.Amount)
	}
	return b
}

func backTable(t failer, rows [][]string) back {
	t.Helper()
	var b back
	last := rows[len(rows)-1]
	if last[0] != "合计" {
		t.Fatalf("last row %q", last)
	}
	b.saidCount, _ = strconv.Atoi(last[1])
	b.saidSum = rat(t, last[5])
	for _, r := range rows[1 : len(rows)-1] {
		b.take(t, r[2], r[4], r[5])
	}
	return b
}

func backCSV(t failer, data []byte) back {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(rows...) {
		if c != "" && strings.ContainsRune("=+-@\t＝＋－＠", []rune(c)[0]) {
			t.Fatalf("cell %q could run as a formula", c)
		}
	}
	return backTable(t, rows)
}

// backXLSX reads the one sheet of the workbook, and refuses formulas.
func backXLSX(t failer, data []byte) back {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rows []struct {
			Cells []struct {
				At      string  `xml:"r,attr"`
				Type    string  `xml:"t,attr"`
				Value   string  `xml:"v"`
				Inline  string  `xml:"is>t"`
				Formula *string `xml:"f"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	rows := make([][]string, len(doc.Rows))
	for i, r := range doc.Rows {
		rows[i] = make([]string, 11)
		for _, c := range r.Cells {
			if c.Formula != nil || c.Type == "s" {
				t.Fatalf("cell %s is a formula or shared", c.At)
			}
			value := c.Value + c.Inline
			if column := int(c.At[0] - 'A'); column == 5 && c.Type != "inlineStr" && i > 0 {
				r, _ := new(big.Rat).SetString(value)
				value = r.FloatString(2)
				if again, _ := new(big.Rat).SetString(value); again.Cmp(r) != 0 {
					t.Fatalf("cell %s holds parts of a 分", c.At)
				}
			}
			rows[i][c.At[0]-'A'] = value
		}
	}
	return backTable(t, rows)
}

func backJSON(t failer, data []byte) back {
	t.Helper()
	var doc struct {
		Count int
		Sum   string
		Lines []struct{ Payee, Account, Amount string }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	b := back{saidCount: doc.Count, saidSum: rat(t, doc.Sum)}
	for _, l := range doc.Lines {
		b.take(t, l.Payee, l.Account, l.Amount)
	}
	return b
}

var cell = regexp.MustCompile(`<td[^>]*>([^<]*)</td>`)

func backPage(t failer, data []byte) back {
	t.Helper()
	text := string(data)
	var b back
	for _, row := range strings.Split(text, "<tr>")[2:] {
		cells := cell.FindAllStringSubmatch(row, -1)
		if len(cells) == 0 {
			continue // the sum
		}
		amount := cells[5][1]
		b.take(t, html.UnescapeString(cells[2][1]), cells[4][1], amount)
		if words := rat(t, amount); new(big.Rat).SetFrac64(uncapital(cells[6][1]), 100).Cmp(words) != 0 {
			t.Errorf("%s beside %s", amount, cells[6][1])
		}
	}
	said := regexp.MustCompile(`合计：(\d+)笔</th><th class="sum">([0-9.]+)</th><th colspan="6">人民币([^<]+)<`).FindStringSubmatch(text)
	b.saidCount, _ = strconv.Atoi(said[1])
	b.saidSum = rat(t, said[2])
	if new(big.Rat).SetFrac64(uncapital(said[3]), 100).Cmp(b.saidSum) != 0 {
		t.Errorf("sum %s beside %s", said[2], said[3])
	}
	return b
}

// reread reads a file of the format.
func reread(t failer, f payout.Format, data []byte) back {
	t.Helper()
	switch f := f.(type) {
	case payout.Pain001:
		return backPain(t, data)
	case payout.CSV:
		if f.Page == payout.GB18030 {
			text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
			if err != nil {
				t.Fatal(err)
			}
			data = text
		}
		return backCSV(t, data)
	case payout.Workbook:
		return backXLSX(t, data)
	case payout.Application:
		return backPage(t, data)
	}
	return backJSON(t, data)
}

func compare(t failer, b payout.Batch, f payout.Format) {
	t.Helper()
	got := reread(t, f, written(t, b, f))
	want := big.NewRat(int64(b.Control.Sum), 100)
	if got.count != b.Control.Count || got.saidCount != b.Control.Count || got.sum.Cmp(want) != 0 || got.saidSum.Cmp(want) != 0 {
		t.Fatalf("%s: %d of %d payments, sum %v of %v, want %d and %v", f.Name(), got.count, got.saidCount, got.sum, got.saidSum, b.Control.Count, want)
	}
	for i, l := range b.Lines {
		if got.payees[i] != l.Payee || got.accounts[i] != l.Account {
			t.Fatalf("%s: payment %d is for %q %s", f.Name(), i+1, got.payees[i], got.accounts[i])
		}
	}
}

// TestTotalsOfTheBytes holds M8: what the file says and what its payments add up to are the batch's totals.
func TestTotalsOfTheBytes(t *testing.T) {
	for _, f := range formats {
		for _, n := range []int{1, 7, 1500} {
			compare(t, sample(n), f)
		}
	}
}

// TestTotalsOfAnyBatch does the same with amounts and names of any kind.
func TestTotalsOfAnyBatch(t *testing.T) {
	runes := []rune("甲乙𠮷龘㐀a1 &<>\"',.;=+-@（）·\u3000")
	rapid.Check(t, func(r *rapid.T) {
		b := sample(rapid.IntRange(1, 6).Draw(r, "lines"))
		for i := range b.Lines {
			b.Lines[i].Amount = exact.Money(rapid.Int64Range(1, int64(payout.MaxAmount)/6).Draw(r, "fen"))
			b.Lines[i].Payee = "某" + string(rapid.SliceOfN(rapid.SampledFrom(runes), 0, 58).Draw(r, "payee")) + "厂"
		}
		b.Control, _ = b.Totals()
		for _, f := range formats {
			compare(r, b, f)
		}
	})
}

// TestApplicationLoadsNothing holds that the page needs no other file and runs nothing.
func TestApplicationLoadsNothing(t *testing.T) {
	text := string(written(t, sample(5), payout.Application{}))
	for _, bad := range []string{"<script", "http://", "https://", "src=", "url(", "@import", "<link", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	for _, part := range []string{"size: A4", "2025年6月30日", "人民币叁万", "申请单位（盖章）："} {
		if !strings.Contains(text, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if regexp.MustCompile(`\p{Han}[,:;!?]|[,:;!?]\p{Han}`).MatchString(regexp.MustCompile(`<td>[^<]*</td>|(?s)<style>.*</style>`).ReplaceAllString(text, "")) {
		t.Error("half-width punctuation beside Chinese")
	}
}
