package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/internal/sheet"
	"mianshen/rules"
)

const vocabularyText = `fields:
  - {name: 上年营业收入, id: revenue, type: money, unit: 元, source: 区税务局}
  - {name: 从业人数, id: staff, type: int, unit: 人, source: 区统计局}
  - {name: 用工人数, id: workers, type: int, unit: 人, min: 0, max: 1000000, source: 区统计局}
  - {name: 营业成本, id: cost, type: money, unit: 元, min: 0, source: 区税务局}
  - {name: 补贴上限额, id: limited, type: money, unit: 元, min: 0, max: 100, source: 区税务局}
  - {name: 裁员率, id: layoff, type: decimal, unit: "%", source: 区人社局}
  - {name: 成立日期, id: founded, type: date, source: 区市场监管局}
  - {name: 高新技术企业, id: high_tech, type: bool, source: 区科委}
  - {name: 注册区, id: district, type: enum, values: [青浦区, 外省市], source: 区市场监管局}
  - {name: 资质, id: marks, type: set, source: 区经委}
  - {name: 批次, id: batch, type: string, source: 区经委}
  - {name: 营收两倍, id: twice, type: money, unit: 元, derive: 上年营业收入 * 2}
  - name: 租赁合同
    id: leases
    type: table
    source: 区房管局
    key: 合同号
    columns: [{name: 实付租金, id: rent, type: money, unit: 元}, {name: 起租日期, id: since, type: date}]
`

// Three valid codes.
const (
	codeALower = "91310118ma1jp7ub2b"
	codeA      = "91310118MA1JP7UB2B"
	codeB      = "91310118MA1JN1AK1W"
	codeC      = "91310118MA1JKYQ114"
)

func vocabulary(tb testing.TB) *rules.Vocabulary {
	tb.Helper()
	v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(vocabularyText))
	if v == nil {
		tb.Fatal(ms)
	}
	return v
}

// dump writes a batch in full: each firm with every known fact, in the field's own unit.
func dump(v *rules.Vocabulary, b *Batch) string {
	var out strings.Builder
	for _, p := range b.Profiles {
		out.WriteString(p.Enterprise[14:])
		if name := b.Names[p.Enterprise]; name != "" {
			out.WriteString(" " + name)
		}
		for _, f := range v.Fields {
			fact := p.Fact(f)
			switch {
			case fact.Value == nil:
			case f.Type == rules.TypeTable:
				fmt.Fprintf(&out, " %s=[", f.Name)
				for i, r := range fact.Value.Rows() {
					if i > 0 {
						out.WriteString(" ")
					}
					fmt.Fprintf(&out, "%s:%s,%s", r.Key, f.Columns[0].Cell(r.Columns[0]), f.Columns[1].Cell(r.Columns[1]))
				}
				out.WriteString("]")
			default:
				fmt.Fprintf(&out, " %s=%s", f.Name, f.Cell(fact.Value))
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

func readText(tb testing.TB, name, data string, opts Options) (string, []string, error) {
	tb.Helper()
	v := vocabulary(tb)
	b, err := ReadProfiles(tb.Context(), v, Bytes(name, []byte(data)), opts)
	if err != nil {
		if b != nil {
			tb.Errorf("an error and a batch: %v", err)
		}
		return "", nil, err
	}
	return dump(v, b), b.Notices, nil
}

func gb18030(tb testing.TB, s string) string {
	tb.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

const good = "统一社会信用代码,企业名称,上年营业收入(万元),从业人数,裁员率(%),成立日期,高新技术企业,注册区,资质,批次\n" +
	codeB + ",示例𠮷龘㐀公司,100.5,30,5.5,2020/6/30,是,青浦区,甲;乙,7\n" +
	" " + codeALower + " ,,,,,,,,;;,\n"

// TestCSV reads one file in every form that it may have.
func TestCSV(t *testing.T) {
	want := "AK1W 示例𠮷龘㐀公司 上年营业收入=1005000 从业人数=30 裁员率=5.5 成立日期=2020-06-30 高新技术企业=是 注册区=青浦区 资质=乙;甲 批次=7\n" +
		"UB2B 资质=;;\n"
	for name, tt := range map[string]struct{ data, encoding string }{
		"UTF-8":           {good, "UTF-8"},
		"byte order mark": {"\ufeff" + good, "UTF-8"},
		"Windows":         {strings.ReplaceAll(good, "\n", "\r\n"), "UTF-8"},
		"GB18030":         {gb18030(t, good), "GB18030"},
		"full width":      {strings.NewReplacer("(", "（", ")", "）").Replace(good), "UTF-8"},
		"ids":             {strings.NewReplacer("上年营业收入(", "revenue (单位：", "从业人数", "staff").Replace(good), "UTF-8"},
		"quotes":          {`"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(good, "\n"), ",", `","`), "\n", "\"\n\"") + "\"\n", "UTF-8"},
		"title above":     {"企业情况表,,,,,,,,,\n" + good, "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, notices, err := readText(t, "企业.csv", tt.data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if last := notices[len(notices)-1]; last != "企业.csv：读入 2 户企业（CSV，编码 "+tt.encoding+"）" {
				t.Errorf("notices %q", notices)
			}
		})
	}
}

// TestProblems holds the whole text of every refusal.
func TestProblems(t *testing.T) {
	head := "统一社会信用代码,上年营业收入,从业人数\n"
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "企业.csv：文件是空的"},
		{"no code", "企业,数\nx,1\n", "企业.csv：前 10 行里没有列名“统一社会信用代码”；第一格是“企业”"},
		{"semicolons", "统一社会信用代码;从业人数\n", "企业.csv：前 10 行里没有列名“统一社会信用代码”；看起来不是以逗号分隔，请另存为“CSV UTF-8（逗号分隔）”"},
		{"unknown", "统一社会信用代码,从业人员数,上年营业\n", "企业.csv:1:B（从业人员数）：“从业人员数”不是企业画像的列，是不是“从业人数”\n" +
			"企业.csv:1:C（上年营业）：“上年营业”不是企业画像的列，是不是“上年营业收入”"},
		{"unit", "统一社会信用代码,上年营业收入(人),批次(元),从业人数(万元)\n", "企业.csv:1:B（上年营业收入(人)）：单位“人”不能用于以 元 计的 上年营业收入\n" +
			"企业.csv:1:C（批次(元)）：批次 没有单位，列名后的（元）去掉\n企业.csv:1:D（从业人数(万元)）：单位“万元”不能用于以 人 计的 从业人数"},
		{"twice", "统一社会信用代码,从业人数,staff\n", "企业.csv:1:C（staff）：与 B“从业人数”重复，都是 从业人数"},
		{"table in a cell", "统一社会信用代码,租赁合同\n", "企业.csv:1:B（租赁合同）：租赁合同 是每户多条的表，不能放在一格里，请另用一个文件或工作表提供"},
		{"cells", head + codeA + ",\"12,000\",三十\n", "企业.csv:2:B（上年营业收入）：“12,000”不是数（去掉千分位逗号）\n企业.csv:2:C（从业人数）：“三十”不是数"},
		{"bounds", "统一社会信用代码,用工人数,营业成本,补贴上限额\n" + codeA + ",-5,-0.01,101\n", "企业.csv:2:B（用工人数）：“-5”不能小于 0 人\n" +
			"企业.csv:2:C（营业成本）：“-0.01”不能小于 0 元\n企业.csv:2:D（补贴上限额）：“101”不能大于 100 元"},
		{"code", head + "913101180000000000,1,1\n9.13101E+17,1,1\n", "企业.csv:2:A（统一社会信用代码）：统一社会信用代码“913101180000000000”校验不通过：第18位应为“4”，实为“0”；末三位都是0，像是 Excel 把编码当作数字而丢了末几位，请把该列设为文本格式后重新导出\n" +
			"企业.csv:3:A（统一社会信用代码）：统一社会信用代码“9.13101E+17”已被 Excel 改成数字（科学计数或小数），原编码已损坏；请把该列设为文本格式后重新导出"},
		{"same firm", head + codeA + ",1,1\n\n" + codeA + ",1,1\n", "企业.csv:4:A（统一社会信用代码）：" + codeA + " 与第 2 行重复，一户只能有一行"},
		{"short row", head + codeA + ",1\n", "企业.csv:2：有 2 格，表头是 3 格：可能多了或少了逗号，或者文件不完整"},
		{"shifted", head + codeA + ",1,2,3\n", "企业.csv:2：有 4 格，表头是 3 格：可能多了或少了逗号，或者文件不完整"},
		{"no header", "统一社会信用代码,\n" + codeA + ",x\n", "企业.csv:2:B：“x”上面没有列名"},
		{"date serial", "统一社会信用代码,成立日期\n" + codeA + ",45838\n", "企业.csv:2:B（成立日期）：“45838”像是 Excel 的日期序号（2025-06-30），请把该列设为日期格式或写成 2025-06-30"},
		{"scientific code", "统一社会信用代码,批次\n" + codeA + ",1.2E+17\n", "企业.csv:2:B（批次）：“1.2E+17”是科学计数法，编码被 Excel 当作数字，末几位已丢失；请把该列设为文本格式后重新填写或导出"},
		{"quote", head + codeA + ",\"1,1\n", "企业.csv:2:B：左引号从这里开始，到文件末尾也没有右引号，文件可能不完整"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readText(t, "企业.csv", tt.data, Options{})
			var ps *Problems
			if !errors.As(err, &ps) || !strings.HasPrefix(err.Error(), tt.want) || strings.Count(err.Error(), "\n") != strings.Count(tt.want, "\n") {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestManyProblems keeps fifty and counts the rest.
func TestManyProblems(t *testing.T) {
	data := "统一社会信用代码\n" + strings.Repeat("x\n", 120)
	_, _, err := readText(t, "a.csv", data, Options{})
	var ps *Problems
	if !errors.As(err, &ps) || len(ps.List) != 50 || ps.More != 70 || !strings.HasSuffix(err.Error(), "\n还有 70 处错误没有列出") {
		t.Errorf("%v", err)
	}
}

// TestNotices says what was read and yet may be meant otherwise.
func TestNotices(t *testing.T) {
	data := "统一社会信用代码,裁员率,营收两倍,备注\n" + codeA + ",0.055,1,x\n" + codeB + ",0,1,y\n" + codeC + ",-0.2,1,"
	got, notices, err := readText(t, "a.csv", data, Options{IgnoreUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Q114 裁员率=-0.2\nAK1W 裁员率=0\nUB2B 裁员率=0.055\n"; got != want {
		t.Error(got)
	}
	want := []string{
		"a.csv：列 营收两倍 由其他指标推算，没有读",
		"a.csv：列“备注”不在指标字典里，没有读",
		"a.csv：最后一行（第 4 行）末尾没有换行，请核对文件是否完整",
		"a.csv：列 B（裁员率）的值全部在 -1 和 1 之间，疑似以小数存储：该指标以 % 计，5.5% 应写 5.5，请核对",
		"a.csv：读入 3 户企业（CSV，编码 UTF-8）",
	}
	if d := cmp.Diff(want, notices); d != "" {
		t.Error(d)
	}
}

// TestTruncatedCSV cuts a file at every byte. What is read is either refused or made of whole rows of the full file; only
// the last cell of a last row without newline can be shorter, and that is said.
func TestTruncatedCSV(t *testing.T) {
	full, _, err := readText(t, "a.csv", good, Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Split(full, "\n")
	for n := range len(good) {
		for _, data := range []string{good[:n], gb18030(t, good)[:min(n, len(gb18030(t, good)))]} {
			got, notices, err := readText(t, "a.csv", data, Options{})
			if err != nil || slices.ContainsFunc(notices, func(s string) bool { return strings.Contains(s, "末尾没有换行") }) {
				continue
			}
			for _, row := range strings.Split(got, "\n") {
				if !slices.Contains(whole, row) {
					t.Fatalf("cut at %d: half a row was read: %s", n, row)
				}
			}
		}
	}
}

func TestLimitsAndCancel(t *testing.T) {
	v := vocabulary(t)
	for name, l := range map[string]Limits{
		"file": {FileBytes: 10}, "rows": {Limits: sheet.Limits{Rows: 1}}, "columns": {Limits: sheet.Limits{Columns: 2}},
		"cell": {Limits: sheet.Limits{CellBytes: 20}},
	} {
		if _, err := ReadProfiles(t.Context(), v, Bytes("a.csv", []byte(good)), Options{Limits: l}); err == nil {
			t.Errorf("%s: no error beyond the limit", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"a.csv", "a.jsonl"} {
		data := map[string]string{"a.csv": good, "a.jsonl": `{"统一社会信用代码":"` + codeA + `"}`}[name]
		if b, err := ReadProfiles(ctx, v, Bytes(name, []byte(data)), Options{}); !errors.Is(err, context.Canceled) || b != nil {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
}

// book builds a workbook from rows, a sheet each.
func workbook(tb testing.TB, fill func(f *excelize.File) error) []byte {
	tb.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := fill(f); err != nil {
		tb.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func setRows(f *excelize.File, name string, rows ...[]any) error {
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	for i, row := range rows {
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
			return err
		}
	}
	return nil
}

// TestXLSX reads profiles and records from one workbook, with what Excel does to cells.
func TestXLSX(t *testing.T) {
	data := workbook(t, func(f *excelize.File) error {
		percent, err := f.NewStyle(&excelize.Style{NumFmt: 10})
		day, err2 := f.NewStyle(&excelize.Style{NumFmt: 14})
		return errors.Join(
			err, err2,
			setRows(f, "Sheet1", []any{"说明"}),
			setRows(f, "画像", []any{"企业情况表"}, []any{"统一社会信用代码", "企业名称", "上年营业收入\n（万元）", "裁员率", "成立日期", "批次", "高新技术企业"},
				[]any{codeA, "示例甲", 0.1 + 0.2, 0.055, 45838, 7, true}, []any{}, []any{codeB, "示例乙", 100, 0.2, 45838, nil, "否"}),
			f.SetCellStyle("画像", "D3", "D5", percent), f.SetCellStyle("画像", "E3", "E5", day),
			f.SetRowVisible("画像", 5, false),
			setRows(f, "租赁合同", []any{"统一社会信用代码", "合同号", "rent", "起租日期"},
				[]any{codeA, "b", 1200.5, "2024-01-01"}, []any{codeA, "a", "3", nil}, []any{codeB}),
			setRows(f, "藏", []any{"统一社会信用代码"}), f.SetSheetVisible("藏", false),
		)
	})
	got, notices, err := readText(t, "企业.xlsx", string(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "AK1W 示例乙 上年营业收入=1000000 裁员率=20 成立日期=2025-06-30 高新技术企业=否 租赁合同=[]\n" +
		"UB2B 示例甲 上年营业收入=3000 裁员率=5.5 成立日期=2025-06-30 高新技术企业=是 批次=7 租赁合同=[a:3, b:1200.5,2024-01-01]\n"
	if !sameLines(want, got) {
		t.Errorf("got %s", got)
	}
	wantNotices := []string{
		"企业.xlsx：工作表“Sheet1”没有读",
		"企业.xlsx：工作表“藏”是隐藏的，没有读",
		"企业.xlsx：工作表“画像”：表头在第 2 行，以上没有读",
		"企业.xlsx：工作表“画像”：有 1 行被隐藏或筛掉，也已读入",
		"企业.xlsx：工作表“画像”：列 D（裁员率）有 2 格是百分比格式，已按显示的百分数读（存的 0.055 读作 5.5）",
		"企业.xlsx：读入 2 户企业（XLSX）",
	}
	if d := cmp.Diff(wantNotices, notices); d != "" {
		t.Error(d)
	}
}

func sameLines(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// TestXLSXProblems holds the sentences for what Excel has done to cells.
func TestXLSXProblems(t *testing.T) {
	data := workbook(t, func(f *excelize.File) error {
		percent, err := f.NewStyle(&excelize.Style{NumFmt: 10})
		day, err2 := f.NewStyle(&excelize.Style{NumFmt: 14})
		return errors.Join(err, err2,
			setRows(f, "Sheet1", []any{"统一社会信用代码", "上年营业收入", "成立日期", "批次", "从业人数"},
				[]any{913101180625739000, 0.5, 45838, 45838, "x"}, []any{codeA, nil, "a", 123456789012345678, true}, []any{codeB, nil, nil, "并"}),
			f.SetCellStyle("Sheet1", "B2", "B2", percent), f.SetCellStyle("Sheet1", "D2", "D2", day),
			f.SetCellFormula("Sheet1", "B3", "1+1"), f.MergeCell("Sheet1", "D4", "D5"),
			f.SetCellValue("Sheet1", "F4", "多"),
		)
	})
	_, _, err := readText(t, "a.xlsx", string(data), Options{})
	want := []string{
		"a.xlsx:2:A（统一社会信用代码）：统一社会信用代码“913101180625739000”校验不通过",
		"a.xlsx:3:B（上年营业收入）：公式没有保存计算结果，请用 Excel 或 WPS 打开后另存",
		"a.xlsx:3:C（成立日期）：日期“a”看不懂",
		"a.xlsx:3:D（批次）：“123456789012346000”超过 15 位，Excel 把编码当作数字，末几位已变成 0；请把该列设为文本格式后重新填写或导出",
		"a.xlsx:3:E（从业人数）：单元格是 TRUE，从业人数 却不是是否",
		"a.xlsx:4:F：“多”上面没有列名",
		"a.xlsx:4:D（批次）：第 4 至 5 行是合并单元格，只有第一格有值，请取消合并并逐格填写",
	}
	checkLines(t, err, want)
}

// checkLines compares an error line by line, each by its beginning.
func checkLines(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || !strings.HasPrefix(lines[i], want[i]) {
			t.Fatalf("line %d differs\ngot\n%s\nwant\n%s", i+1, err, strings.Join(want, "\n"))
		}
	}
}

// TestWrongFiles says what a file is that isn't what its name says.
func TestWrongFiles(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"a.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls：是旧版 Excel（.xls）或加了密码的工作簿，请另存为不加密码的 .xlsx"},
		{"a.xlsx", "统一社会信用代码\n", "a.xlsx：扩展名是 .xlsx，内容却不是工作簿，文件可能不完整"},
		{"a.csv", "\xff\xfe1\x00", "a.csv：文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"},
		{"a.parquet", "PAR1xxxx", "a.parquet：不是有效的 Parquet 文件，或文件不完整"},
		{"a.csv", "PK\x03\x04xxxx", "a.csv：不是有效的 XLSX 文件，或文件不完整"},
		{"a.json", "[{}]", "a.json:1：是 JSON 数组，不是 JSONL：每行应是一个对象"},
	} {
		_, _, err := readText(t, tt.name, tt.data, Options{})
		checkLines(t, err, []string{tt.want})
	}
}

// TestRoundTrip reads what sheet writes.
func TestRoundTrip(t *testing.T) {
	header := []string{"统一社会信用代码", "上年营业收入", "批次"}
	rows := [][]sheet.Cell{
		{sheet.Words(codeA), sheet.Figure("-12345.67"), sheet.Words("=cmd|'/c calc'!A1")},
		{sheet.Words(codeB), sheet.Figure("9007199254740993"), sheet.Words("𠮷,\"龘\"")},
	}
	var c, x bytes.Buffer
	cw, err := sheet.NewCSV(&c, header, true)
	xw, err2 := sheet.NewXLSX(&x, "结果", header)
	for _, row := range rows {
		err = errors.Join(err, err2, cw.Write(row...), xw.Write(row...))
	}
	if err := errors.Join(err, cw.Close(), xw.Close()); err != nil {
		t.Fatal(err)
	}
	want := "UB2B 上年营业收入=-12345.67 批次==cmd|'/c calc'!A1\nAK1W 上年营业收入=9007199254740993 批次=𠮷,\"龘\"\n"
	for name, data := range map[string]string{"a.csv": c.String(), "a.xlsx": x.String()} {
		got, _, err := readText(t, name, data, Options{})
		if err != nil || !sameLines(want, got) {
			t.Errorf("%s: %v %s", name, err, got)
		}
	}
}

// TestSums holds that the quick way for sums and Field.Parse agree.
func TestSums(t *testing.T) {
	f, _ := vocabulary(t).Field("revenue")
	for _, id := range []string{"cost", "limited"} {
		f, _ := vocabulary(t).Field(id)
		for _, text := range []string{"0", "-1", "100", "100.01", "99"} {
			quick := (&column{field: f}).sum(sheet.Words(text))
			if slow, err := f.Parse(text, ""); quick != nil && (err != nil || !quick.Equal(slow)) {
				t.Errorf("%s %q is %v by sum, %v (%v) by Parse", id, text, quick, slow, err)
			}
		}
	}
	for _, text := range []string{"0", "1", "12.3", "12.34", "00.10", "123456789012345.67", "999999999999999", "-1", "+1", "1.", ".5", "1.234", "1e3", "", "１", "1 ", "12a", "1234567890123456"} {
		quick := (&column{field: f}).sum(sheet.Words(text))
		slow, err := f.Parse(text, "")
		if quick != nil && (err != nil || slow == nil || !quick.Equal(slow)) {
			t.Errorf("%q is %v by sum, %v (%v) by Parse", text, quick, slow, err)
		}
	}
	if (&column{field: f}).sum(sheet.Words("12.34")) == nil || (&column{field: f, unit: "万元"}).sum(sheet.Words("1")) != nil {
		t.Error("sum takes the wrong cells")
	}
}
