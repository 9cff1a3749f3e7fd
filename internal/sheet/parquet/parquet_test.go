package parquet

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	parquetgo "github.com/parquet-go/parquet-go"

	"mianshen/internal/sheet"
)

var update = flag.Bool("update", false, "write the file that tests of intake read anew")

// delivery is a row as data platforms write it.
type delivery struct {
	Code    string   `parquet:"统一社会信用代码"`
	Revenue *int64   `parquet:"上年营业收入,optional,decimal(2:18)"`
	Staff   *float64 `parquet:"staff,optional"`
	Layoff  *float64 `parquet:"裁员率,optional"`
	Founded int32    `parquet:"成立日期,date"`
	High    *bool    `parquet:"高新技术企业,optional"`
	Marks   *string  `parquet:"资质,optional"`
}

func written[T any](tb testing.TB, rows []T) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := parquetgo.Write(&b, rows); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func read(data []byte, limits sheet.Limits) ([][]sheet.Cell, error) {
	rows, err := Read(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return nil, err
	}
	var out [][]sheet.Cell
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, slices.Clone(row.Cells))
	}
}

func firms() []delivery {
	revenue, staff, layoff, marks, yes := int64(-123456), 30.0, 5.5, "甲;乙", true
	return []delivery{
		{"91310118MA1JP7UB2B", &revenue, &staff, &layoff, 20269, &yes, &marks},
		{Code: "91310118MA1JN1AK1W"},
	}
}

// TestWritten reads what the library writes, and keeps the file that intake's tests read.
func TestWritten(t *testing.T) {
	data := written(t, firms())
	path := filepath.Join("..", "..", "intake", "testdata", "firms.parquet")
	if *update {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) sheet.Cell { return sheet.Cell{Text: s, Kind: sheet.Number} }
	day := func(s string) sheet.Cell { return sheet.Cell{Text: s, Kind: sheet.Date} }
	want := [][]sheet.Cell{
		{{Text: "统一社会信用代码"}, {Text: "上年营业收入"}, {Text: "staff"}, {Text: "裁员率"}, {Text: "成立日期"}, {Text: "高新技术企业"}, {Text: "资质"}},
		{{Text: "91310118MA1JP7UB2B"}, number("-1234.56"), number("30"), number("5.5"), day("2025-06-30"), {Text: "TRUE", Kind: sheet.Bool}, {Text: "甲;乙"}},
		{{Text: "91310118MA1JN1AK1W"}, {}, {}, {}, day("1970-01-01"), {}, {}},
	}
	for name, b := range map[string][]byte{"written": data, "kept": kept} {
		got, err := read(b, sheet.Limits{})
		if err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(name, d)
		}
	}
}

// TestTypes reads the less usual types.
func TestTypes(t *testing.T) {
	moment := time.Date(2025, 6, 30, 8, 30, 0, 0, time.UTC)
	got, err := read(written(t, []struct {
		At   time.Time `parquet:"a,timestamp(millisecond)"`
		Half float32   `parquet:"b"`
		Big  uint64    `parquet:"c"`
		Cent [16]byte  `parquet:"d,decimal(2:38)"`
		Int  int64     `parquet:"e"`
	}{{moment, 0.1, 1<<64 - 1, [16]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 156}, -7}}), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []sheet.Cell{{Text: "2025-06-30 08:30:00", Kind: sheet.Date}, sheet.Figure("0.1"), sheet.Figure("18446744073709551615"), sheet.Figure("-1.00"), sheet.Figure("-7")}
	if d := cmp.Diff(want, got[1]); d != "" {
		t.Error(d)
	}
}

// TestRefused holds the sentences.
func TestRefused(t *testing.T) {
	inexact, third := 0.1, 1.0/3
	inexact += 0.2
	nan := third - third
	nan /= nan
	type one struct {
		F float64 `parquet:"裁员率"`
	}
	many := make([]one, 200)
	for _, tt := range []struct {
		name, want string
		data       []byte
		limits     sheet.Limits
	}{
		{"inexact", "第 2 行 A 列：裁员率：3.0000000000000004e-01 是浮点数，不能确定是哪个十进制数，请改用 DECIMAL、整数或字符串", written(t, []one{{inexact}}), sheet.Limits{}},
		{"third", "第 2 行 A 列：裁员率：3.333333333333333e-01 是浮点数，不能确定是哪个十进制数，请改用 DECIMAL、整数或字符串", written(t, []one{{third}}), sheet.Limits{}},
		{"code", "第 2 行 A 列：裁员率：9.13101180625739e+17 是浮点数，不能确定是哪个十进制数，请改用 DECIMAL、整数或字符串", written(t, []one{{913101180625739000}}), sheet.Limits{}},
		{"NaN", "第 2 行 A 列：裁员率：是 NaN 或无穷大；缺失请写成空值（null）", written(t, []one{{nan}}), sheet.Limits{}},
		{"nested", "列“资质”是嵌套类型；集合请写成以分号隔开的字符串，表请另用一个文件", written(t, []struct {
			Set []string `parquet:"资质,list"`
		}{{nil}}), sheet.Limits{}},
		{"rows", "行数超过上限，请拆分文件", written(t, many), sheet.Limits{Rows: 100}},
		{"unpacked", "文件解压后超过 0 MiB，不读", written(t, many), sheet.Limits{Unzipped: 10}},
		{"text", "第 2 行 A 列：a：有无法识别的字符，应为 UTF-8", written(t, []struct {
			A string `parquet:"a"`
		}{{"\xff"}}), sheet.Limits{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(tt.data, tt.limits)
			var e *sheet.Error
			if !errors.As(err, &e) || e.Error() != tt.want {
				t.Errorf("got %v, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

// TestManyRows goes over the edges of batches.
func TestManyRows(t *testing.T) {
	type one struct {
		N int64 `parquet:"n"`
	}
	rows := make([]one, 1000)
	for i := range rows {
		rows[i].N = int64(i)
	}
	got, err := read(written(t, rows), sheet.Limits{})
	if err != nil || len(got) != 1001 || got[1000][0].Text != "999" {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

func FuzzParquet(f *testing.F) {
	f.Add(written(f, firms()))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := read(data, sheet.Limits{Rows: 1000, Unzipped: 1 << 20})
		var e *sheet.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no sentence", err)
		}
	})
}
