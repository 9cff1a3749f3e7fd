package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/engine/column"
	"mianshen/internal/intake"
	"mianshen/internal/sheet"
)

const taxVocabulary = `fields:
  - {name: 企业名称, id: name, type: string, source: 市场监管局}
  - {name: 上年营业收入, id: revenue_last_year, type: money, unit: 元, source: 税务局, of: 营业收入, period: year-1}
  - {name: 前年营业收入, id: revenue_y2, type: money, unit: 元, source: 税务局, of: 营业收入, period: year-2}
  - {name: 入库税收, id: tax, type: money, unit: 元, source: 税务局, period: year-1}
  - {name: 员工数, id: staff, type: int, unit: 人, source: 人社局}
  - {name: 应税面积, id: area, type: decimal, unit: 平方米, min: 0, max: 100000, source: 税务局, period: year-1}
  - {name: 税负率, id: burden, type: decimal, unit: "%", source: 税务局, period: year-1}
  - {name: 纳税级别, id: level, type: enum, values: [A, B, M], source: 税务局, period: year-1}
  - {name: 欠税, id: arrears, type: bool, source: 税务局, period: year-1}
  - {name: 登记日, id: registered, type: date, source: 税务局, period: year-1}
  - {name: 税种, id: kinds, type: set, source: 税务局, period: year-1}
  - {name: 有收入, id: earns, type: bool, derive: 上年营业收入 > 0*元}
  - name: 发票
    id: invoices
    type: table
    source: 税务局
    key: 发票号
    columns:
      - {name: 金额, id: amount, type: money, unit: 元}
      - {name: 开票日, id: day, type: date}
`

var taxes = Meta{Source: "税务局", Period: "2024", Complete: true, Purpose: "比对", LegalBasis: "第八条"}

// read reads one file and keeps its parts.
func read(t testing.TB, in intake.Input, meta Meta, limits Limits) (*Report, []Part, error) {
	t.Helper()
	var parts []Part
	report, err := Read(context.Background(), parseVocabulary(t, taxVocabulary), in, meta, limits, func(p Part) error {
		parts = append(parts, p)
		return nil
	})
	return report, parts, err
}

// fill puts valid codes for <1>, <2>, ....
func fill(t testing.TB, text string) string {
	for i := range 10 {
		text = strings.ReplaceAll(text, fmt.Sprintf("<%d>", i), testCode(t, i))
	}
	return text
}

// Each file of testdata/refused is a delivery with its whole message: what an official reads. MIANSHEN_UPDATE=1 writes them anew.
func TestRefused(t *testing.T) {
	paths, err := filepath.Glob("testdata/refused/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, "no files")
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			file, want := archive.Files[i], &archive.Files[i+1]
			text := fill(t, string(file.Data))
			text = strings.ReplaceAll(strings.TrimSuffix(text, "¬\n"), `\xff`, "\xff")
			_, parts, err := read(t, intake.Bytes(file.Name, []byte(text)), taxes, Limits{})
			got := "fine\n"
			if err != nil {
				got = err.Error() + "\n"
			}
			if err != nil && len(parts) > 0 {
				t.Errorf("%s: parts were emitted", file.Name)
			}
			if os.Getenv("MIANSHEN_UPDATE") != "" {
				want.Data = []byte(got)
			} else if diff := cmp.Diff(fill(t, string(want.Data)), got); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", path, file.Name, diff)
			}
		}
		if os.Getenv("MIANSHEN_UPDATE") != "" {
			if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

const table = "统一社会信用代码,企业名称,营业收入(万元),tax,税负率,纳税级别,欠税,登记日,税种\n" +
	"<1>,甲公司,123.4567,5000,5.5,A,是,2024-06-30,增值税;所得税\n" +
	"<2>,乙公司,,0,12,B,否,20240701,;;\n" +
	"<3>,,-8,1.05,0.125,,,,\n"

// written tells what parts hold, a line a row.
func written(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		for i, code := range p.Codes {
			fmt.Fprintf(&b, "%s %q", code[8:16], p.Names[i])
			for _, c := range p.Columns {
				fmt.Fprintf(&b, " %s=%s", c.Series, cellText(c.Column, i))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func cellText(c *column.Column, i int) string {
	if !c.IsKnown(i) {
		return "?"
	}
	switch c.Kind {
	case column.Bool:
		return fmt.Sprint(c.IsTrue(i))
	case column.Number:
		n, scale, odd := c.Exact(i)
		return fmt.Sprintf("%de-%d%s", n, scale, odd)
	case column.Date:
		return fmt.Sprint(c.Days[i])
	}
	return fmt.Sprintf("%q", c.Dict[c.Codes[i]])
}

const tableText = `MA000001 "甲公司" 营业收入=123456700e-0 入库税收=500000e-0 税负率=55e-3 纳税级别="A" 欠税=true 登记日=45472 税种="增值税\n所得税\n"
MA000002 "乙公司" 营业收入=? 入库税收=0e-0 税负率=12e-2 纳税级别="B" 欠税=false 登记日=45473 税种=""
MA000003 "" 营业收入=-8000000e-0 入库税收=105e-0 税负率=125e-5 纳税级别=? 欠税=? 登记日=? 税种=?
`

// The same table is read to the same columns from every format and encoding.
func TestFormats(t *testing.T) {
	utf8 := fill(t, table)
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(utf8)
	if err != nil {
		t.Fatal(err)
	}
	var lines, book bytes.Buffer
	rows := strings.Split(strings.TrimSpace(utf8), "\n")
	header := strings.Split(rows[0], ",")
	out, err := sheet.NewXLSX(&book, "数据", header)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		object, cells := map[string]string{}, []sheet.Cell{}
		for i, c := range strings.Split(row, ",") {
			object[header[i]] = c
			cells = append(cells, sheet.Words(c))
		}
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(data, '\n'))
		if err := out.Write(cells...); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, data, found string }{
		{"a.csv", utf8, "CSV，编码 UTF-8"},
		{"mark.csv", "\ufeff" + utf8, "CSV，编码 UTF-8"},
		{"crlf.csv", strings.ReplaceAll(utf8, "\n", "\r\n"), "CSV，编码 UTF-8"},
		{"gb.csv", gb, "CSV，编码 GB18030"},
		{"a.xlsx", book.String(), "XLSX"},
		{"a.jsonl", lines.String(), "JSONL"},
	} {
		report, parts, err := read(t, intake.Bytes(c.name, []byte(c.data)), taxes, Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(tableText, written(parts)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		sum := sha256.Sum256([]byte(c.data))
		if report.Checksum != hex.EncodeToString(sum[:]) || report.Bytes != int64(len(c.data)) || report.Files[0].Found != c.found || report.Rows != 3 || report.Parts != 1 {
			t.Errorf("%s: %+v", c.name, report)
		}
	}
}

// The report says what was read from where, and is the same each time.
func TestReport(t *testing.T) {
	meta := taxes
	meta.Registered = func(code string) bool { return code != testCode(t, 2) }
	report, _, err := read(t, intake.Bytes("税.csv", []byte(fill(t, table))), meta, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.json", append(got, '\n'))
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("MIANSHEN_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// What looks wrong but can be read is said.
func TestWarnings(t *testing.T) {
	var b strings.Builder
	b.WriteString("统一社会信用代码,营业收入,税负率,无关,有收入\n")
	for i := range 30 {
		fmt.Fprintf(&b, "%s,%d.5,0.0%d,x,是\n", testCode(t, i), 100+i, i+1)
	}
	meta := taxes
	meta.Period, meta.IgnoreUnknown = "2024-Q1", true
	report, _, err := read(t, intake.Bytes("a.csv", []byte(strings.TrimSuffix(b.String(), "\n"))), meta, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"营业收入 是年度数据，这一批的所属期却是 2024-Q1，请核对",
		"税负率 是年度数据，这一批的所属期却是 2024-Q1，请核对",
		"a.csv：列“无关”不在指标字典里，没有读",
		"a.csv：列 有收入 由其他指标推算，没有读",
		"a.csv：最后一行（第 31 行）末尾没有换行，请核对文件是否完整",
		"列 B（营业收入）按元读，一半以上的金额不到 10000 元，疑似以万元计，请核对；以万元计的在列名后写明（万元）",
		"列 C（税负率）的值全部在 -1 和 1 之间，疑似以小数存储：该指标以 % 计，5.5% 应写 5.5，请核对",
	}
	if diff := cmp.Diff(want, report.Warnings); diff != "" {
		t.Error(diff)
	}
}

// Reading stops when too much is wrong, and says how much it has met.
func TestTooManyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString("统一社会信用代码,营业收入\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "%s,无\n", testCode(t, i))
	}
	for _, name := range []string{"a.csv", "a.jsonl"} {
		data := b.String()
		if name == "a.jsonl" {
			data = jsonLines(t, 20_000)
		}
		report, _, err := read(t, intake.Bytes(name, []byte(data)), taxes, Limits{PartRows: 500})
		var all *intake.Problems
		if !errors.As(err, &all) || len(all.List) != MaxProblems || len(report.Problems) != MaxProblems || report.More < 1 || report.More > 1000 || report.Checksum != "" {
			t.Errorf("%s: %d problems and %d more", name, len(report.Problems), report.More)
		}
	}
}

func jsonLines(t *testing.T, rows int) string {
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `{"统一社会信用代码":"%s","营业收入":"无"}`+"\n", testCode(t, i))
	}
	return b.String()
}

// long makes a table of so many rows, some with quotes over several lines, which is several parts.
func long(t *testing.T, rows int) []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(3, 4))
	b.WriteString("统一社会信用代码,企业名称,营业收入,税负率,税种\n")
	for i := range rows {
		name := "企业" + fmt.Sprint(i)
		if i%1000 == 999 {
			name = fmt.Sprintf("\"企业\n%d,\"\"甲\"\"\"", i)
		}
		fmt.Fprintf(&b, "%s,%s,%d.%02d,%d.%d,税%d;税%d\n", testCode(t, i), name, r.IntN(1e8), r.IntN(100), r.IntN(100), r.IntN(1000), r.IntN(2000), r.IntN(5))
	}
	return b.Bytes()
}

// Parts, their order, their bytes and the report don't depend on how many read.
func TestSameForAnyWorkers(t *testing.T) {
	in := intake.Bytes("a.csv", long(t, 7000))
	var first [][]byte
	var before *Report
	for _, workers := range []int{1, 2, 5} {
		report, parts, err := read(t, in, taxes, Limits{Workers: workers, PartRows: 3000})
		if err != nil {
			t.Fatal(err)
		}
		if len(parts) != 3 || parts[1].N != 1 || parts[2].Codes[0] != testCode(t, 6000) {
			t.Fatalf("%d parts", len(parts))
		}
		var blobs [][]byte
		for _, p := range parts {
			blobs = append(blobs, EncodePart(p))
		}
		if before == nil {
			before, first = report, blobs
		}
		if diff := cmp.Diff(before, report); diff != "" || !slices.EqualFunc(first, blobs, bytes.Equal) {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}

// An enterprise that comes again is found wherever it does, with both rows.
func TestTwice(t *testing.T) {
	data := string(long(t, 7000))
	again := testCode(t, 5) + ",x,1,1,\n" + testCode(t, 6600) + ",x,1,1,\n"
	report, _, err := read(t, intake.Bytes("a.csv", []byte(data+again)), taxes, Limits{PartRows: 1000})
	want := fill(t, fmt.Sprintf("a.csv:7002:A（统一社会信用代码）：%s 与第 7 行重复，一户只能出现一次\n"+
		"a.csv:7003:A（统一社会信用代码）：%s 与第 6602 行重复，一户只能出现一次", testCode(t, 5), testCode(t, 6600)))
	if err == nil || err.Error() != want || report.Duplicates != 2 {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// Files of a folder are one delivery: parts go on counting, and an enterprise that two files have is found.
func TestSeveralFiles(t *testing.T) {
	v := parseVocabulary(t, taxVocabulary)
	one := intake.Bytes("1.csv", []byte(fill(t, "统一社会信用代码,营业收入\n<1>,5\n<2>,6\n")))
	two := intake.Bytes("2.csv", []byte(fill(t, "统一社会信用代码,入库税收\n<3>,5\n")))
	three := intake.Bytes("3.csv", []byte(fill(t, "统一社会信用代码,入库税收\n<2>,5\n<3>,7\n")))
	bills := intake.Bytes("发票.csv", []byte(fill(t, "统一社会信用代码,发票号,金额\n<1>,1,5\n")))
	numbers := 0
	emit := func(p Part) error {
		if p.N != numbers {
			t.Errorf("part %d, want %d", p.N, numbers)
		}
		numbers++
		return nil
	}
	report, err := ReadAll(context.Background(), v, []intake.Input{one, two}, taxes, Limits{}, emit)
	if err != nil || numbers != 2 || report.Rows != 3 || len(report.Files) != 2 || report.Files[1].Rows != 1 || len(report.Checksum) != 64 {
		t.Errorf("%v, %+v", err, report)
	}
	_, err = ReadAll(context.Background(), v, []intake.Input{one, two, three}, taxes, Limits{}, func(Part) error { return nil })
	want := fill(t, "3.csv:2:A（统一社会信用代码）：<2> 与 1.csv 第 3 行重复，一户只能出现一次\n3.csv:3:A（统一社会信用代码）：<3> 与 2.csv 第 2 行重复，一户只能出现一次")
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	_, err = ReadAll(context.Background(), v, []intake.Input{one, bills}, taxes, Limits{}, func(Part) error { return nil })
	if want := "发票.csv：企业的指标和表的记录不能放在同一批数据里，请分成两批"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// A file of records becomes one value an enterprise, however its rows are mixed.
func TestRecords(t *testing.T) {
	v := parseVocabulary(t, taxVocabulary)
	f, _ := v.Field("发票")
	for _, name := range []string{"发票.csv", "随便.csv"} {
		in := intake.Bytes(name, []byte(fill(t, "统一社会信用代码,发票号,金额(万元),开票日\n<2>,B,1.5,2024-01-02\n<1>,Z,2,\n<2>,A,,2024-01-01\n<3>,,,\n")))
		report, parts, err := read(t, in, taxes, Limits{})
		if err != nil || len(parts) != 1 || report.Table != "发票" {
			t.Fatalf("%s: %v", name, err)
		}
		var got strings.Builder
		c := parts[0].Columns[0]
		for i, code := range parts[0].Codes {
			rows, err := DecodeRecords(f, []byte(c.Dict[c.Codes[i]]))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%s:", code[8:16])
			for _, r := range rows {
				fmt.Fprintf(&got, " %s(%v %v)", r.Key, r.Columns[0], r.Columns[1])
			}
			got.WriteByte('\n')
		}
		if want := "MA000001: Z(2000000 unknown)\nMA000002: A(unknown 2024-01-01) B(1500000 2024-01-02)\nMA000003:\n"; got.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, &got, want)
		}
	}
	meta := taxes
	meta.Source = "人社局"
	_, _, err := read(t, intake.Bytes("发票.csv", []byte("x")), meta, Limits{})
	if want := "发票.csv：表 发票 由税务局提供，这一批是人社局的数据"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// A JSONL delivery may have records inside, and keys that come late.
func TestNestedRecords(t *testing.T) {
	in := intake.Bytes("a.jsonl", []byte(fill(t, `{"统一社会信用代码":"<1>","入库税收":"5"}
{"统一社会信用代码":"<2>","发票":[{"发票号":"9","金额":"7"}],"企业名称":"乙"}
{"统一社会信用代码":"<3>","发票":[]}
`)))
	_, parts, err := read(t, in, taxes, Limits{})
	if err != nil || len(parts) != 1 {
		t.Fatal(err)
	}
	p := parts[0]
	f, _ := parseVocabulary(t, taxVocabulary).Field("发票")
	if len(p.Columns) != 2 || p.Columns[1].Series != "发票" || p.Columns[1].IsKnown(0) || !p.Columns[1].IsKnown(2) || p.Names[1] != "乙" || len(p.Names) != 3 {
		t.Fatalf("%+v", p)
	}
	rows, err := DecodeRecords(f, []byte(p.Columns[1].Dict[p.Columns[1].Codes[1]]))
	if err != nil || len(rows) != 1 || rows[0].Key != "9" || rows[0].Columns[0].String() != "700" {
		t.Errorf("%v, %v", rows, err)
	}
}
