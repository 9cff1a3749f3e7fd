package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/internal/intake"
	"mianshen/rules"
)

// Misuse is an error that isn't about the file.
func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		meta Meta
		want string
	}{
		{Meta{Source: "税务局", Period: "去年"}, "所属期“去年”写作 2024、2024-Q1 或 2024-03"},
		{Meta{Source: "税务局", Period: "2024Q1"}, "所属期“2024Q1”应写作 2024-Q1"},
		{Meta{Source: "税务局", Period: "current:2024/1/1"}, "所属期“current:2024/1/1”写作 current:2025-06-25"},
		{Meta{Source: "税务局", Period: "2024", Table: "营业收入"}, "指标字典里没有叫“营业收入”的表"},
		{Meta{Period: "2024"}, "没有说明是哪个部门的数据"},
	} {
		report, _, err := read(t, intake.Bytes("a.csv", []byte("x")), c.meta, Limits{})
		if err == nil || err.Error() != c.want || report != nil {
			t.Errorf("%+v: %v, want %s", c.meta, err, c.want)
		}
	}
	if _, err := ReadAll(context.Background(), nil, nil, taxes, Limits{}, nil); err == nil {
		t.Error("no files: fine")
	}
}

func TestCheckPeriod(t *testing.T) {
	for text, want := range map[string]rules.Span{
		"current:2025-06-25": rules.Day, "2024": rules.Year, "2024-Q4": rules.Quarter, "2024-12": rules.Month,
	} {
		if got, err := CheckPeriod(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// What is larger than a limit is refused with a sentence, before it costs memory.
func TestLimits(t *testing.T) {
	data := fill(t, "统一社会信用代码,税种\n<1>,x\n<2>,y\n<3>,z\n")
	for _, c := range []struct {
		set  func(*Limits)
		data string
		want string
	}{
		{func(l *Limits) { l.FileBytes = 10 }, data, "a.csv：这一批数据超过上限 0 MiB"},
		{func(l *Limits) { l.Rows = 3 }, data, "a.csv:4：行数超过上限，请拆分文件"},
		{func(l *Limits) { l.CellBytes = 30 }, data + strings.Repeat("长", 30) + ",\n", "a.csv:5:A：单元格太长，可能缺少换行或引号没有成对"},
		{func(l *Limits) { l.LineBytes = 100 }, data + strings.Repeat("长", 300), "a.csv:5：这一行太长，可能缺少换行或引号没有成对"},
		{func(l *Limits) { l.LineBytes = 100 }, data + `x,"` + strings.Repeat("长\n", 300), "a.csv:5:B：左引号从这里开始，一直没有右引号"},
		{func(*Limits) {}, "统一\x00", "a.csv：文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"},
		{func(*Limits) {}, data + "\x00,\n", "a.csv：文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"},
		{func(*Limits) {}, data + strings.Repeat("\n", 70_000) + "\x00,\n", "a.csv:70005:A：含有空字符，不是文本文件或编码不是 UTF-8、GB18030"},
	} {
		var limits Limits
		c.set(&limits)
		_, _, err := read(t, intake.Bytes("a.csv", []byte(c.data)), taxes, limits)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// A GB18030 file that is damaged in the middle is refused there, and so is UTF-8 under a header in UTF-8.
func TestDamagedText(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(string(long(t, 3000)))
	if err != nil {
		t.Fatal(err)
	}
	for encoding, data := range map[string]string{"GB18030": gb, "UTF-8": string(long(t, 3000))} {
		_, _, err := read(t, intake.Bytes("a.csv", []byte(data+testCode(t, 5000)+",\x81,1,1,\n")), taxes, Limits{PartRows: 1000})
		if want := "a.csv:3002:B：有无法识别的字符，文件的编码已损坏（按 " + encoding + " 读）"; err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// Long texts end a part before its rows do, in every format, and what is remembered of them is bounded.
func TestLongTexts(t *testing.T) {
	var csv, lines strings.Builder
	csv.WriteString("统一社会信用代码,税种\n")
	for i := range 1000 {
		text := strings.Repeat("x", 9000) + fmt.Sprint(i)
		fmt.Fprintf(&csv, "%s,%s\n", testCode(t, i), text)
		fmt.Fprintf(&lines, `{"统一社会信用代码":"%s","税种":"%s"}`+"\n", testCode(t, i), text)
	}
	for name, data := range map[string]string{"a.csv": csv.String(), "a.jsonl": lines.String()} {
		report, parts, err := read(t, intake.Bytes(name, []byte(data)), taxes, Limits{})
		if err != nil || report.Rows != 1000 || len(parts) != 2 || len(parts[1].Codes) < 50 {
			t.Errorf("%s: %v, %d parts", name, err, len(parts))
		}
	}
}

// Rows are counted over all files.
func TestRowsOfAllFiles(t *testing.T) {
	var ins []intake.Input
	for i := range 3 {
		ins = append(ins, intake.Bytes(fmt.Sprint(i, ".csv"), []byte(fill(t, fmt.Sprintf("统一社会信用代码,欠税\n<%d>,是\n<%d>,否\n", 2*i+1, 2*i+2)))))
	}
	var limits Limits
	limits.Rows = 5
	_, err := ReadAll(context.Background(), parseVocabulary(t, taxVocabulary), ins, taxes, limits, func(Part) error { return nil })
	if want := "2.csv：这一批数据超过 5 行，请拆分"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A cancelled context and an error of emit end the reading at once; the error is theirs.
func TestStopped(t *testing.T) {
	v := parseVocabulary(t, taxVocabulary)
	stop := errors.New("disk full")
	csv := long(t, 9000)
	for _, name := range []string{"a.csv", "a.jsonl"} {
		data := csv
		if name == "a.jsonl" {
			data = bytes.ReplaceAll([]byte(jsonLines(t, 9000)), []byte("无"), []byte("5"))
		}
		in := intake.Bytes(name, data)
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		_, err := Read(ctx, v, in, taxes, Limits{PartRows: 1000}, func(Part) error { calls++; cancel(); return nil })
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("%s cancelled: %v after %d parts", name, err, calls)
		}
		calls = 0
		_, err = Read(context.Background(), v, in, taxes, Limits{PartRows: 1000}, func(Part) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s stopped: %v after %d parts", name, err, calls)
		}
	}
}

// A delivery of nothing is fine: it says that the department has nobody to name.
func TestNoRows(t *testing.T) {
	report, parts, err := read(t, intake.Bytes("a.csv", []byte("统一社会信用代码,欠税\n")), taxes, Limits{})
	if err != nil || len(parts) != 0 || report.Rows != 0 || report.Parts != 0 {
		t.Errorf("%v, %+v", err, report)
	}
}

func TestCompare(t *testing.T) {
	made := func(rows int, header string, factor int, tax ...string) *Report {
		var b strings.Builder
		b.WriteString("统一社会信用代码," + header + "\n")
		for i := range rows {
			fmt.Fprintf(&b, "%s,%d,%s\n", testCode(t, i), (i%90+10)*factor, append(tax, "5", "5")[i%2])
		}
		report, _, err := read(t, intake.Bytes("a.csv", []byte(b.String())), taxes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	before := made(1000, "营业收入,入库税收", 10_000)
	for _, c := range []struct {
		now  *Report
		want string
	}{
		{made(1000, "营业收入,入库税收", 12_000), ""},
		{made(1300, "营业收入,入库税收", 10_000), "企业数从 1000 户变为 1300 户"},
		{made(700, "营业收入,入库税收", 10_000), "企业数从 1000 户变为 700 户"},
		{made(1000, "营业收入,入库税收", 1), "营业收入：中位数从 540000 变为 54，小了约 10000 倍，疑似单位错误（元与万元，相差 10000 倍）"},
		{made(1000, "营业收入(千元),入库税收", 10_000, ""), "入库税收：空缺从 0% 变为 50%\n营业收入：中位数从 540000 变为 540000000，大了约 1000 倍，疑似单位错误（元与千元，相差 1000 倍）"},
		{made(1000, "营业收入,入库税收", 50_000), "营业收入：中位数从 540000 变为 2700000，大了约 5 倍"},
		{made(1000, "营业收入,税负率", 10_000), "入库税收：这一批没有这一列\n税负率：上一批没有这一列"},
	} {
		if diff := cmp.Diff(c.want, jumps(Compare(before, c.now))); diff != "" {
			t.Error(diff)
		}
	}
	if Compare(nil, before) != nil || len(Compare(before, before)) != 0 {
		t.Error("a first delivery and the same one have no jumps")
	}
}

// jumps joins the messages, one a line.
func jumps(list []Jump) string {
	messages := make([]string, len(list))
	for i, j := range list {
		messages[i] = j.Message
	}
	return strings.Join(messages, "\n")
}

// Whatever the bytes, Read ends, and gives a part only of rows that have valid codes and columns of one length.
func FuzzRead(f *testing.F) {
	f.Add([]byte(fill(f, table)), uint8(0))
	f.Add([]byte("\ufeff"+fill(f, "统一社会信用代码,税种\n<1>,\"a\nb\"\n")), uint8(1))
	f.Add([]byte(fill(f, "统一社会信用代码,发票号,金额\n<1>,1,2\n")), uint8(2))
	f.Add([]byte(`{"统一社会信用代码":"x"}`), uint8(3))
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 100)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	f.Add(noise, uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		name := []string{"a.csv", "a.txt", "发票.csv", "a.jsonl", "a.xlsx", "a.parquet"}[kind%6]
		limits := Limits{Workers: 1}
		limits.Unzipped = 1 << 20
		report, parts, err := read(t, intake.Bytes(name, data), taxes, limits)
		if report == nil || err != nil && len(report.Problems) == 0 {
			t.Fatalf("no report: %v", err)
		}
		for _, p := range parts {
			for _, c := range p.Columns {
				if c.Rows != len(p.Codes) {
					t.Fatalf("%s has %d rows of %d", c.Series, c.Rows, len(p.Codes))
				}
			}
			if _, err := DecodePart(EncodePart(p)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
