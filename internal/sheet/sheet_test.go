package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"mianshen/internal/sheet"
	"mianshen/internal/sheet/xlsx"
)

// all reads a stream to its end.
func all(tb testing.TB, rows sheet.Rows) ([][]sheet.Cell, error) {
	tb.Helper()
	var out [][]sheet.Cell
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			if _, again := rows.Next(); !errors.Is(again, err) {
				tb.Errorf("after %v Next gave %v", err, again)
			}
			return nil, err
		}
		out = append(out, slices.Clone(row.Cells))
	}
}

func readCSV(tb testing.TB, data []byte) ([][]sheet.Cell, sheet.Notes, error) {
	tb.Helper()
	rows, err := sheet.ReadCSV(bytes.NewReader(data), int64(len(data)), sheet.Limits{})
	if err != nil {
		return nil, sheet.Notes{}, err
	}
	cells, err := all(tb, rows)
	return cells, rows.Notes(), err
}

func readXLSX(tb testing.TB, data []byte) ([][]sheet.Cell, error) {
	tb.Helper()
	w, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits{})
	if err != nil {
		return nil, err
	}
	rows, err := w.Rows(0)
	if err != nil {
		return nil, err
	}
	return all(tb, rows)
}

// odd are texts that have gone wrong somewhere.
var odd = []string{
	"=1+1", "+86 21", "-SUM(A1)", "@x", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠a", " =1", "\u3000=1",
	"'=1", "''=1", "'quoted'", "'", "-", "-5", "-5.00", "1,2", "a\"b", "a\nb", "  两端空格 ", "913101180625739000",
	"91310118MA1JP7UB2B", "007", "1e5", "_x0041_", "𠮷野家 龘 㐀 ㎡", "青浦区", "<b>&amp;", "0.5", "",
}

// TestRoundTrip writes odd texts and numbers and reads them back from both formats.
func TestRoundTrip(t *testing.T) {
	header := []string{"名称", "金额"}
	var want [][]sheet.Cell
	for i, s := range odd {
		want = append(want, []sheet.Cell{sheet.Words(s), sheet.Figure(fmt.Sprintf("-%d.50", i))})
	}
	write := func(w sheet.Writer, err error) {
		t.Helper()
		for _, row := range want {
			if err == nil {
				err = w.Write(row...)
			}
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var c, x, x2 bytes.Buffer
	write(sheet.NewCSV(&c, header, true))
	write(sheet.NewXLSX(&x, "结果", header))
	write(sheet.NewXLSX(&x2, "结果", header))
	if !bytes.Equal(x.Bytes(), x2.Bytes()) {
		t.Error("two workbooks of the same cells differ")
	}
	fromCSV, notes, err := readCSV(t, c.Bytes())
	if err != nil || notes.Encoding != "UTF-8" || notes.NoNewline != 0 {
		t.Fatal(notes, err)
	}
	fromXLSX, err := readXLSX(t, x.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range want {
		text := strings.ReplaceAll(row[0].Text, "\r\n", "\n")
		if got := fromCSV[i+1]; got[0].Text != text || got[1].Text != row[1].Text {
			t.Errorf("CSV: %q %q came back as %q %q", text, row[1].Text, got[0].Text, got[1].Text)
		}
		got := fromXLSX[i+1]
		number := strings.TrimSuffix(row[1].Text, "0") // 0.50 is stored as 0.5 and shown as 0.50
		if got[0] != row[0] || got[1] != sheet.Figure(number) {
			t.Errorf("XLSX: %q %q came back as %+v", row[0].Text, number, got)
		}
	}
}

// TestNothingRuns opens what was written as a spreadsheet would and looks for formulas.
func TestNothingRuns(t *testing.T) {
	var c, x bytes.Buffer
	cw, err := sheet.NewCSV(&c, []string{"=HYPERLINK(1)"}, false)
	if err != nil {
		t.Fatal(err)
	}
	xw, err := sheet.NewXLSX(&x, "s", []string{"=HYPERLINK(1)"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range odd {
		if err := errors.Join(cw.Write(sheet.Words(s)), xw.Write(sheet.Words(s))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(cw.Close(), xw.Close()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&c).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		s := strings.TrimSpace(strings.TrimLeft(r[0], "\u3000"))
		if s != "" && strings.ContainsAny(s[:1], "=+-@") && s != "-5" && s != "-5.00" || strings.HasPrefix(s, "＝") {
			t.Errorf("CSV cell %q would run", r[0])
		}
	}
	f, err := excelize.OpenReader(&x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(odd) + 1 {
		if formula, err := f.GetCellFormula("s", fmt.Sprintf("A%d", i+1)); err != nil || formula != "" {
			t.Errorf("XLSX cell A%d has the formula %q (%v)", i+1, formula, err)
		}
	}
}

// TestCSVGuardIsReversible holds that guarding a text loses nothing, for any text.
func TestCSVGuardIsReversible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`['=+＝ a-]{0,6}`), rapid.StringN(0, 20, 60)).Draw(rt, "text")
		if strings.ContainsAny(text, "\r\x00\ufeff\ufffd") {
			return
		}
		var b bytes.Buffer
		w, err := sheet.NewCSV(&b, []string{"a", "b"}, false)
		if err != nil {
			rt.Fatal(err)
		}
		if err := errors.Join(w.Write(sheet.Words(text), sheet.Words("x")), w.Close()); err != nil {
			rt.Fatal(err)
		}
		got, _, err := readCSV(t, b.Bytes())
		if err != nil || got[1][0].Text != text {
			rt.Fatalf("%q came back as %q (%v)", text, got, err)
		}
	})
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	w := sheet.NewText(&b, []string{"企业", "金额（元）", "结果"})
	for _, row := range [][]sheet.Cell{
		{sheet.Words("示例𠮷公司"), sheet.Figure("350000.00"), sheet.Words("符合")},
		{sheet.Words("a\x1b[31m\u202eb\nc"), sheet.Figure("-1.00")},
	} {
		if err := w.Write(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"企业        金额（元）  结果\n" +
		"----------  ----------  ----\n" +
		"示例𠮷公司   350000.00  符合\n" +
		"a\ufffd[31m\ufffdb c       -1.00\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if err := w.Write(make([]sheet.Cell, 4)...); err == nil {
		t.Error("a row longer than the header was taken")
	}
}

// TestCSVMistakes holds the sentences for files whose cells can't be told apart.
func TestCSVMistakes(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"unclosed quote", "a,b\n1,\"2\n3,4\n", "第 2 行 B 列：左引号从这里开始，到文件末尾也没有右引号，文件可能不完整"},
		{"bare quote", "a,b\n1,x\"y\n", "第 2 行 B 列：引号只能包住整个单元格，单元格里的引号要写成两个"},
		{"text after quote", "a,b\n\"1\"x,2\n", "第 2 行 A 列：右引号后面有多余的字，单元格里的引号要写成两个"},
		{"damaged UTF-8", "企业,b\n1,x\xff\n", "第 2 行 B 列：有无法识别的字符，文件的编码已损坏（按 UTF-8 读）"},
		{"UTF-16", "\xff\xfea\x00,\x00", "文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"},
		{"long cell", "a\n" + strings.Repeat("x", 20_001) + "\n", "第 2 行 A 列：单元格太长，可能缺少换行或引号没有成对"},
		{"long line", "a\n" + strings.Repeat("x", 5<<20), "第 2 行：这一行太长，可能缺少换行或引号没有成对"},
		{"many columns", strings.Repeat(",", 3000) + "\n", "第 1 行 BXY 列：列数超过上限"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cells, _, err := readCSV(t, []byte(tt.data))
			var e *sheet.Error
			if !errors.As(err, &e) || e.Error() != tt.want {
				t.Errorf("got %v, %v; want %s", cells, err, tt.want)
			}
		})
	}
}

// TestCSVForms reads what is unusual and yet clear.
func TestCSVForms(t *testing.T) {
	gb := func(s string) string {
		b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		name, data string
		want       string
		notes      sheet.Notes
	}{
		{"byte order mark", "\ufeffa,b\r\n1,2\r\n", "a|b/1|2", sheet.Notes{Encoding: "UTF-8"}},
		{"no newline at the end", "a\n1\n\n2", "a/1/2", sheet.Notes{Encoding: "UTF-8", NoNewline: 4}},
		{"quotes", "\"a\"\"b\",\"c,d\"\n\"x\r\ny\",\n", "a\"b|c,d/x\ny|", sheet.Notes{Encoding: "UTF-8"}},
		{"GB18030", gb("企业,字\n示例,𠮷龘㐀€\n"), "企业|字/示例|𠮷龘㐀€", sheet.Notes{Encoding: "GB18030"}},
		{"empty cells", ",,\n", "||", sheet.Notes{Encoding: "UTF-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cells, notes, err := readCSV(t, []byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for _, row := range cells {
				var texts []string
				for _, c := range row {
					texts = append(texts, c.Text)
				}
				rows = append(rows, strings.Join(texts, "|"))
			}
			if got := strings.Join(rows, "/"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if d := cmp.Diff(tt.notes, notes); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestCSVRowNumbers counts as a spreadsheet does: blank rows count, a quoted line break doesn't.
func TestCSVRowNumbers(t *testing.T) {
	data := "a\n\n\"x\ny\"\nz\n"
	rows, err := sheet.ReadCSV(strings.NewReader(data), int64(len(data)), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, row.Number)
	}
	if !slices.Equal(numbers, []int{1, 3, 4}) {
		t.Errorf("row numbers %v", numbers)
	}
}

// TestWriteErrors holds that a full disk is an error and too much for Excel is one too.
func TestWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	for name, open := range map[string]func() (sheet.Writer, error){
		"csv":  func() (sheet.Writer, error) { return sheet.NewCSV(full, []string{"a"}, true) },
		"xlsx": func() (sheet.Writer, error) { return sheet.NewXLSX(full, "s", []string{"a"}) },
		"text": func() (sheet.Writer, error) { return sheet.NewText(full, []string{"a"}), nil },
	} {
		w, err := open()
		if err == nil {
			err = w.Write(sheet.Words("x"))
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Errorf("%s: writing to a full disk gave no error", name)
		}
	}
	w, err := sheet.NewXLSX(io.Discard, "s", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(sheet.Words(strings.Repeat("字", 40_000))), w.Close()); err == nil {
		t.Error("a text that Excel would cut was taken")
	}
	if _, err := sheet.NewXLSX(io.Discard, "a/b", nil); err == nil {
		t.Error("a sheet name that Excel refuses was taken")
	}
}

func TestXLSXToFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := sheet.NewXLSX(f, "结果", []string{"统一社会信用代码", "金额"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := w.Write(sheet.Words("91310118MA1JP7UB2B"), sheet.Figure(fmt.Sprint(i)+".00")); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got, err := x.GetCellValue("结果", "B501"); err != nil || got != "499.00" {
		t.Errorf("Excel shows %q (%v)", got, err)
	}
	panes, err := x.GetPanes("结果")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header isn't frozen: %+v (%v)", panes, err)
	}
	if wide, err := x.GetColWidth("结果", "A"); err != nil || wide < 18 {
		t.Errorf("column A is %v wide (%v)", wide, err)
	}
}
