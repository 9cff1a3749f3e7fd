package intake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/standard"
)

// TestJSONL reads objects with every kind of value.
func TestJSONL(t *testing.T) {
	data := "\ufeff" + `{"统一社会信用代码":"` + codeA + `","企业名称":"示例甲","上年营业收入(万元)":0.30,"从业人数":30,"layoff":"5.5%","成立日期":"2020-06-30","高新技术企业":true,"注册区":"青浦区","资质":["乙","甲"],"批次":"7","租赁合同":[{"合同号":"b","实付租金":1200.50},{"合同号":"a","since":"2024-01-01","rent":null}]}` + "\n\n" +
		`{"统一社会信用代码":"` + codeB + `","上年营业收入":9007199254740993,"资质":[],"租赁合同":[],"批次":null}` + "\n" +
		`{"统一社会信用代码":"` + codeC + `","资质":"甲；乙","租赁合同":null}`
	got, notices, err := readText(t, "a.jsonl", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "Q114 资质=乙;甲\n" +
		"AK1W 上年营业收入=9007199254740993 资质=;; 租赁合同=[]\n" +
		"UB2B 示例甲 上年营业收入=3000 从业人数=30 裁员率=5.5 成立日期=2020-06-30 高新技术企业=是 注册区=青浦区 资质=乙;甲 批次=7 租赁合同=[a:,2024-01-01 b:1200.5,]\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(notices) != 1 {
		t.Errorf("notices %q", notices)
	}
}

// TestJSONLProblems holds the sentences for what isn't strict JSON of the right types.
func TestJSONLProblems(t *testing.T) {
	a := `{"统一社会信用代码":"` + codeA + `",`
	codeD, err := standard.USCCFrom("91", "310118", "MA1JQQQ1")
	if err != nil {
		t.Fatal(err)
	}
	by := func(code string) string { return strings.Replace(a, codeA, code, 1) }
	lines := []struct{ line, want string }{
		{a + `"从业人数":1,"从业人数":2}`, "：键“从业人数”重复"},
		{a + `"从业人数":1,"staff":2}`, "（staff）：从业人数 给出了两次"},
		{a + `"人数":1}`, "（人数）：“人数”不是企业画像的列"},
		{by(codeB) + `"从业人数":1.5}`, "（从业人数）：“1.5”应是整数"},
		{by(codeC) + `"上年营业收入":1e6}`, "（上年营业收入）：“1e6”不是数"},
		{a + `"批次":7}`, "（批次）：7 应写成字符串，加引号"},
		{a + `"批次":true}`, "（批次）：true 不能用在这里"},
		{a + `"批次":["7"]}`, "（批次）：不能是数组"},
		{a + `"批次":{"a":1}}`, "（批次）：不能是对象"},
		{a + `"资质":["甲;乙"]}`, "（资质）：集合的成员应是不含分号的非空字符串"},
		{a + `"租赁合同":"x"}`, "（租赁合同）：应是对象的数组"},
		{a + `"租赁合同":[1]}`, "（租赁合同）：第 1 条不是对象"},
		{a + `"租赁合同":[{"实付租金":1}]}`, "：缺少“合同号”"},
		{a + `"租赁合同":[{"合同号":"a"},{"合同号":"a"}]}`, "（租赁合同.合同号）：合同号“a”与第 14 行重复"},
		{by(codeD) + `"租赁合同":[{"合同号":"a","租金":1}]}`, "（租赁合同.租金）：“租金”不是表 租赁合同的列"},
		{a + `"租赁合同":[{"合同号":"a","实付租金":"x"}]}`, "（租赁合同.实付租金）：“x”不是数"},
		{a + `"批次":"\ud800"}`, "：有无法识别的字符，编码已损坏"},
		{a + `"批次":"` + "\xff" + `"}`, "：不是有效的 UTF-8，JSONL 只能用 UTF-8 编码"},
		{a + `"批次":` + strings.Repeat("[", 100_000) + `}`, "：嵌套超过 8 层"},
		{a + `"批次":"x"} {}`, "：不是完整的 JSON 对象：每行应恰好是一个对象"},
		{`"x"`, "：每行应是一个 JSON 对象"},
		{`{"从业人数":1}`, "：缺少“统一社会信用代码”"},
		{`{"统一社会信用代码":913101180625739000}`, "（统一社会信用代码）：913101180625739000 应写成字符串，加引号"},
	}
	var data strings.Builder
	var want []string
	for i, l := range lines {
		data.WriteString(l.line + "\n")
		want = append(want, fmt.Sprintf("a.jsonl:%d%s", i+1, l.want))
	}
	_, _, err = readText(t, "a.jsonl", data.String(), Options{})
	checkLines(t, err, want)
	_, _, err = readText(t, "a.jsonl", a+`"批次":"`+strings.Repeat("x", 5<<20)+`"}`, Options{})
	checkLines(t, err, []string{"a.jsonl:1：这一行超过 4096 KiB，不读"})
}

// TestTruncatedJSONL cuts a file at every byte: a firm is read whole or not at all.
func TestTruncatedJSONL(t *testing.T) {
	data := `{"统一社会信用代码":"` + codeA + `","从业人数":30}` + "\n" + `{"统一社会信用代码":"` + codeB + `","租赁合同":[{"合同号":"a"}]}`
	full, _, err := readText(t, "a.jsonl", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		got, _, err := readText(t, "a.jsonl", data[:n], Options{})
		if err == nil && got != "UB2B 从业人数=30\n" {
			t.Fatalf("cut at %d: %q of %q", n, got, full)
		}
	}
}

// TestRecords reads a file of records and gives them to profiles.
func TestRecords(t *testing.T) {
	v := vocabulary(t)
	table, _ := v.Field("租赁合同")
	b, err := ReadProfiles(t.Context(), v, Bytes("a.csv", []byte("统一社会信用代码\n"+codeA+"\n"+codeB+"\n")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	data := "统一社会信用代码,合同号,实付租金(万元),起租日期\n" + codeA + ",b,1,2024-01-01 00:00:00\n" + codeC + ",z,1,\n" + codeA + ",B,2,\n" + codeB + ",,,\n"
	r, err := ReadRecords(t.Context(), table, Bytes("租赁.csv", []byte(data)), Options{Source: "区房管局"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Attach(r); err != nil {
		t.Fatal(err)
	}
	want := "AK1W 租赁合同=[]\nUB2B 租赁合同=[B:20000, b:10000,2024-01-01]\n"
	if d := cmp.Diff(want, dump(v, b)); d != "" {
		t.Error(d)
	}
	if f := b.Profile(codeA).Fact(table); f.Source != "区房管局" {
		t.Errorf("source %q", f.Source)
	}
	if got := b.Notices[len(b.Notices)-1]; got != "租赁.csv：有 1 户不在企业画像里，没有用上："+codeC {
		t.Error(got)
	}
	if err := b.Attach(r); err == nil {
		t.Error("one table was given twice")
	}
	jsonl := `{"统一社会信用代码":"` + codeA + `","合同号":"b","rent":"10000"}`
	if r, err = ReadRecords(t.Context(), table, Bytes("租赁.jsonl", []byte(jsonl)), Options{}); err != nil {
		t.Fatal(err)
	}
	if rows, known := r.Of(codeA); len(rows) != 1 || !known || len(r.Firms()) != 1 {
		t.Errorf("%v %v", rows, known)
	}
}

func TestRecordProblems(t *testing.T) {
	table, _ := vocabulary(t).Field("租赁合同")
	head := "统一社会信用代码,合同号,实付租金,起租日期\n"
	for _, tt := range []struct{ data, want string }{
		{"统一社会信用代码,实付租金\n", "r.csv:1：缺少列“合同号”"},
		{head + codeA + ",a,1,\n" + codeA + ",a,2,\n", "r.csv:3:B（合同号）：合同号“a”与第 2 行重复"},
		{head + codeA + ",,1,\n", "r.csv:2:B（合同号）：缺少 合同号"},
		{head + codeA + ",,,\n" + codeA + ",a,1,\n", "r.csv:3:B（合同号）：第 2 行说这户没有记录，这里却有一条"},
		{head + codeA + ",a,1,\n" + codeA + ",,,\n", "r.csv:3：空行表示这户没有记录，不能与这户的其他行并存"},
		{head + codeA + ",1.2E+17,1,\n", "r.csv:2:B（合同号）：“1.2E+17”是科学计数法"},
		{head + codeA + ",a\x01,1,\n", "r.csv:2:B（合同号）：“a\ufffd”太长或含有不能显示的字符"},
		{head + codeA + ",a,1,x\n", "r.csv:2:D（起租日期）：日期“x”看不懂"},
		{head + codeA + ",1,1,\n" + codeA + ",2,1,\n" + codeA + ",3,1,\n" + codeA + ",4,1,\n", "r.csv:4：这户的记录超过 2 条"},
	} {
		_, err := ReadRecords(t.Context(), table, Bytes("r.csv", []byte(tt.data)), Options{Limits: Limits{Records: 2}})
		checkLines(t, err, []string{tt.want})
	}
	staff, _ := vocabulary(t).Field("staff")
	if _, err := ReadRecords(t.Context(), staff, Bytes("r.csv", nil), Options{}); err == nil {
		t.Error("records of what is no table")
	}
}

func TestAwards(t *testing.T) {
	data := "统一社会信用代码,企业名称,事项,所属期,依据,金额(万元),发放日期\n" +
		codeA + ",示例,xjr-first,2024,第五批,30,2024-09-01\n" + codeA + ",,xjr-first,2024-Q1,,-0.5,\n" + codeB + ",,x,2024-03,,,\n"
	awards, _, err := ReadAwards(t.Context(), Bytes("awards.csv", []byte(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range awards {
		got = append(got, fmt.Sprint(a.Enterprise[14:], a.Item, a.Period.Name, a.Basis, a.Amount, a.On.IsZero()))
	}
	want := []string{"UB2Bxjr-first2024第五批300000.00 false", "UB2Bxjr-first2024-Q1-5000.00 true", "AK1Wx2024-030.00 true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	bad := "统一社会信用代码,事项,所属期,金额\n" + codeA + ",x,去年,1\n" + codeA + ",,2024,1.234\n"
	_, _, err = ReadAwards(t.Context(), Bytes("awards.csv", []byte(bad)), Options{})
	checkLines(t, err, []string{
		"awards.csv:2:C（所属期）：所属期“去年”写作 2024、2024-Q1 或 2024-03",
		"awards.csv:3:B（事项）：缺少 事项", "awards.csv:3:D（金额）：“1.234”精确到分以下，金额最多到分",
	})
}

func TestFindings(t *testing.T) {
	data := "统一社会信用代码,事项,条件,结果,金额,日期\n" + codeA + ",x,influence,符合,,2025-01-02\n" + codeA + ",x,influence,否,,2025-01-03\n" + codeB + ",x,,,5000,\n"
	findings, _, err := ReadFindings(t.Context(), Bytes("f.csv", []byte(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	yes, no, amount := true, false, *findings[2].Amount
	want := []rules.PersonFinding{
		{Enterprise: codeA, Item: "x", Condition: "influence", Result: &yes, On: findings[0].On},
		{Enterprise: codeA, Item: "x", Condition: "influence", Result: &no, On: findings[1].On},
		{Enterprise: codeB, Item: "x", Condition: rules.AmountFinding, Amount: &amount},
	}
	for i := range want {
		if fmt.Sprint(want[i].Enterprise, want[i].Condition, show(want[i])) != fmt.Sprint(findings[i].Enterprise, findings[i].Condition, show(findings[i])) {
			t.Errorf("finding %d: %+v", i, findings[i])
		}
	}
	if findings[1].On.String() != "2025-01-03" || amount.String() != "5000.00" {
		t.Errorf("%v %v", findings[1].On, amount)
	}
	bad := "统一社会信用代码,事项,条件,结果,金额\n" + codeA + ",x,c,也许,\n" + codeA + ",x,c,,\n" + codeB + ",x,c,是,\n" + codeB + ",x,c,否,\n"
	_, _, err = ReadFindings(t.Context(), Bytes("f.csv", []byte(bad)), Options{})
	checkLines(t, err, []string{
		"f.csv:2:D（结果）：“也许”应是 是/否、符合/不符合、通过/不通过、true/false 或 1/0",
		"f.csv:3：要写明条件和结果；只认定金额时，结果可以空着",
		"f.csv:5：与第 4 行重复：同一企业、事项、条件在同一天只能有一条认定",
	})
}

func show(f rules.PersonFinding) string {
	if f.Result == nil {
		return "-"
	}
	return fmt.Sprint(*f.Result)
}

// TestParquet reads a file that TestWritten of internal/sheet/parquet made.
func TestParquet(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "firms.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	got, notices, err := readText(t, "a.parquet", string(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "AK1W 成立日期=1970-01-01\nUB2B 上年营业收入=-1234.56 从业人数=30 裁员率=5.5 成立日期=2025-06-30 高新技术企业=是 资质=乙;甲\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a.parquet：读入 2 户企业（Parquet）"}, notices); d != "" {
		t.Error(d)
	}
	for n := range data {
		if got, _, err := readText(t, "a.parquet", string(data[:n]), Options{}); err == nil {
			t.Fatalf("cut at %d: %s", n, got)
		}
	}
}

// fuzz reads data as a file and holds that a failure is a list of problems and never comes with a batch.
func fuzz(t *testing.T, v *rules.Vocabulary, name string, data []byte) {
	t.Helper()
	opts := Options{Limits: Limits{Limits: sheet.Limits{Rows: 1000, Unzipped: 1 << 20}}}
	b, err := ReadProfiles(t.Context(), v, Bytes(name, data), opts)
	var ps *Problems
	switch {
	case err == nil && b == nil, err != nil && b != nil, err != nil && !errors.As(err, &ps):
		t.Errorf("batch %v, error %v", b, err)
	case err != nil && len(ps.List) == 0:
		t.Error("problems without a problem")
	}
}

func FuzzCSV(f *testing.F) {
	v := vocabulary(f)
	f.Add([]byte(good))
	f.Add([]byte(gb18030(f, good)))
	f.Add([]byte("\ufeff统一社会信用代码,资质\n\"" + codeA + "\",\";;\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, v, "a.csv", data) })
}

func FuzzJSONL(f *testing.F) {
	v := vocabulary(f)
	f.Add([]byte(`{"统一社会信用代码":"` + codeA + `","资质":[],"租赁合同":[{"合同号":"a","rent":1.50}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, v, "a.jsonl", data) })
}

// TestTwoSpellings holds that a column written with and without its unit in one file counts in the unit it was written with,
// record by record.
func TestTwoSpellings(t *testing.T) {
	data := `{"统一社会信用代码":"` + codeA + `","租赁合同":[{"合同号":"1","实付租金":"50000"},{"合同号":"2","实付租金(万元)":"5"},{"合同号":"3","实付租金":"50000"}]}` + "\n"
	v := vocabulary(t)
	b, err := ReadProfiles(t.Context(), v, Bytes("f.jsonl", []byte(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, _ := v.Field("租赁合同")
	column, _ := f.Column("实付租金")
	for _, r := range b.Profile(codeA).Fact(f).Value.Rows() {
		if got := column.Format(r.Columns[column.Index]); got != "5 万元" {
			t.Errorf("合同 %s: %s, want 5 万元", r.Key, got)
		}
	}
}
