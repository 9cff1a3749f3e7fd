package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"mianshen/internal/sheet"
)

// made builds a workbook with excelize, an independent writer.
func made(tb testing.TB, fill func(f *excelize.File) error) []byte {
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

// hand zips parts written by hand: sheet is what stands in the worksheet element.
func hand(tb testing.TB, sheetXML string, more ...string) []byte {
	tb.Helper()
	parts := []string{
		"_rels/.rels", `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook><sheets><sheet name="甲" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="a" Type="x/worksheet" Target="/xl/s.xml"/>` +
			`<Relationship Id="b" Type="x/sharedStrings" Target="shared.xml"/></Relationships>`,
		"xl/shared.xml", `<sst><si><t>一</t></si><si><r><t>二</t></r><rPh><t>er</t></rPh><r><t>_x0009_三</t></r></si></sst>`,
		"xl/s.xml", `<worksheet>` + sheetXML + `</worksheet>`,
	}
	return zipped(tb, append(parts, more...)...)
}

func zipped(tb testing.TB, parts ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = io.WriteString(w, parts[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte, limits sheet.Limits) (*Workbook, error) {
	return Open(bytes.NewReader(data), int64(len(data)), limits)
}

// read returns the rows of the first sheet.
func read(data []byte, limits sheet.Limits) ([][]sheet.Cell, sheet.Notes, error) {
	w, err := open(data, limits)
	if err != nil {
		return nil, sheet.Notes{}, err
	}
	rows, err := w.Rows(0)
	if err != nil {
		return nil, sheet.Notes{}, err
	}
	var out [][]sheet.Cell
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return out, rows.Notes(), nil
		}
		if err != nil {
			return nil, sheet.Notes{}, err
		}
		out = append(out, slices.Clone(row.Cells))
	}
}

// TestWhatExcelHides reads cells whose look differs from what is stored.
func TestWhatExcelHides(t *testing.T) {
	data := made(t, func(f *excelize.File) error {
		style := func(cell string, s excelize.Style) error {
			id, err := f.NewStyle(&s)
			return errors.Join(err, f.SetCellStyle("Sheet1", cell, cell, id))
		}
		custom := func(code string) excelize.Style { return excelize.Style{CustomNumFmt: &code} }
		values := []any{0.055, 45838, 45838.5, 0.1 + 0.2, 913101180625739000, true, "文字", 45838, -1234.5, 45838, 0.5}
		err := f.SetSheetRow("Sheet1", "A1", &values)
		return errors.Join(err,
			style("A1", excelize.Style{NumFmt: 10}), style("B1", excelize.Style{NumFmt: 14}),
			style("C1", custom(`yyyy"年"m"月"d"日"`)), style("H1", custom(`[$-804]yyyy\-mm\-dd;@`)),
			style("I1", custom(`#,##0.00"天day"`)), style("K1", custom(`[Red]0.00"%"`)),
			f.SetCellFormula("Sheet1", "A2", "1+1"), f.SetCellStr("Sheet1", "B2", "=1+1"),
			f.SetCellStr("Sheet1", "A4", "隐"), f.SetRowVisible("Sheet1", 4, false), f.SetColVisible("Sheet1", "B:C", false),
			f.MergeCell("Sheet1", "A5", "A6"), f.SetCellStr("Sheet1", "A5", "并"))
	})
	got, notes, err := read(data, sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]sheet.Cell{
		{
			{Text: "0.055", Kind: sheet.Percent},
			{Text: "2025-06-30", Kind: sheet.Date},
			{Text: "2025-06-30 12:00:00", Kind: sheet.Date},
			{Text: "0.3", Kind: sheet.Number},
			{Text: "913101180625739000", Kind: sheet.Damaged},
			{Text: "TRUE", Kind: sheet.Bool},
			{Text: "文字"},
			{Text: "2025-06-30", Kind: sheet.Date},
			{Text: "-1234.5", Kind: sheet.Number},
			{Text: "45838", Kind: sheet.Number},
			{Text: "0.5", Kind: sheet.Number},
		},
		{{Kind: sheet.NoResult}, {Text: "=1+1"}},
		{{Text: "隐"}},
		{{Text: "并"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	wantNotes := sheet.Notes{HiddenRows: 1, HiddenColumns: 2, Merged: []sheet.Area{{FirstRow: 5, LastRow: 6, FirstColumn: 1, LastColumn: 1}}}
	if d := cmp.Diff(wantNotes, notes); d != "" {
		t.Error(d)
	}
}

// TestByHand reads what other writers do differently.
func TestByHand(t *testing.T) {
	got, _, err := read(hand(t, `<sheetData><row><c t="s"><v>1</v></c><c/><c t="inlineStr"><is><t xml:space="preserve"> x </t></is></c></row>`+
		`<row r="9"><c r="B9" t="e"><v>#N/A</v></c><c t="str"><f>A1</f><v></v></c><c t="d"><v>2025-06-30T00:00:00Z</v></c>`+
		`<c><v>9.13101E+2</v></c><c><v>5.5000000000000007E-2</v></c></row></sheetData><extLst><row/></extLst>`), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]sheet.Cell{
		{{Text: "二\t三"}, {}, {Text: " x "}},
		{{}, {Text: "#N/A", Kind: sheet.Fault}, {}, {Text: "2025-06-30", Kind: sheet.Date}, {Text: "913.101", Kind: sheet.Number}, {Text: "0.055", Kind: sheet.Number}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHostile holds that each attack ends soon, in a sentence, and without much memory.
func TestHostile(t *testing.T) {
	row := `<sheetData><row><c t="s"><v>0</v></c></row></sheetData>`
	zeros := strings.Repeat("0", 80<<20)
	many := []string{}
	for i := range 200 {
		many = append(many, fmt.Sprintf("xl/media/%d", i), "x")
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"no zip", []byte("PK\x03\x04 nothing"), errNotXLSX.Message},
		{"ratio", hand(t, strings.Repeat(`<row r="1"/>`, 3<<19)), "工作簿的压缩比异常，可能是压缩炸弹，不读"},
		{"size", hand(t, row, "xl/media/a", zeros), "工作簿解压后超过 64 MiB，不读"},
		{"entries", hand(t, row, many...), "工作簿里有 205 个文件，超过上限 100"},
		{"same name", hand(t, row, "XL/s.xml", "<worksheet/>"), "工作簿里有两个同名的文件，无法确定读哪一个"},
		{"long token", hand(t, "<sheetData><row><c><v>"+strings.Repeat("1", 2<<20)+"</v></c></row></sheetData>"), "工作簿里有一段内容太长，不读"},
		{"many pieces", hand(t, "<sheetData><row><c t=\"inlineStr\"><is>"+strings.Repeat("<t>abcdefgh</t>", 200_000)+"</is></c></row></sheetData>"), "工作簿里有一段内容太长，不读"},
		{"DTD", hand(t, `<!DOCTYPE x [<!ENTITY a "b">]>`+row), "工作簿含有文档类型声明（DTD），不读"},
		{"entity", hand(t, `<sheetData><row><c><v>&a;</v></c></row></sheetData>`), errNotXLSX.Message},
		{"unclosed", hand(t, `<sheetData><row><c><v>1</v></c>`), errNotXLSX.Message},
		{"far column", hand(t, `<sheetData><row><c r="XFD1"><v>1</v></c></row></sheetData>`), "第 1 行 XFD 列：列数超过上限"},
		{"far row", hand(t, `<sheetData><row r="99999999"><c><v>1</v></c></row></sheetData>`), "第 1 行：行数超过上限，请拆分文件"},
		{"rows back", hand(t, `<sheetData><row r="5"><c><v>1</v></c></row><row r="5"/></sheetData>`), "第 6 行：工作表的行号错乱，文件已损坏"},
		{"cells back", hand(t, `<sheetData><row><c r="B1"/><c r="A1"/></row></sheetData>`), "第 1 行：工作表的单元格位置错乱，文件已损坏"},
		{"wild string", hand(t, `<sheetData><row><c t="s"><v>99</v></c></row></sheetData>`), "第 1 行 A 列：单元格指向不存在的文字，文件已损坏"},
		{"huge exponent", hand(t, `<sheetData><row><c><v>1E999999999</v></c></row></sheetData>`), "第 1 行 A 列：单元格里的数无法识别，文件已损坏"},
		{"deep", hand(t, strings.Repeat("<a>", 1_000_000)), errNotXLSX.Message},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun := time.Now()
			limits := sheet.Limits{Unzipped: 512 << 20, Entries: 100}
			if tt.name == "size" {
				limits.Unzipped = 64 << 20
			}
			_, _, err := read(tt.data, limits)
			var e *sheet.Error
			if !errors.As(err, &e) || !strings.HasSuffix(tt.want, e.Message) && e.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestTruncated cuts a workbook at every byte: it never reads as a shorter one.
func TestTruncated(t *testing.T) {
	data := hand(t, `<sheetData><row><c t="s"><v>0</v></c></row><row><c><v>1</v></c></row></sheetData>`)
	if _, _, err := read(data, sheet.Limits{}); err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if got, _, err := read(data[:n], sheet.Limits{}); err == nil {
			t.Fatalf("cut at %d of %d: %v", n, len(data), got)
		}
	}
}

// TestFlipped changes every byte in turn: the zip's checksums find it, or it changes nothing.
func TestFlipped(t *testing.T) {
	data := hand(t, `<sheetData><row><c t="s"><v>0</v></c><c><v>1234</v></c></row></sheetData>`)
	want, _, err := read(data, sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := slices.Clone(data)
		bad[i] ^= 0x10
		got, _, err := read(bad, sheet.Limits{})
		if err == nil && !cmp.Equal(got, want) {
			t.Errorf("byte %d changed: %v", i, got)
		}
	}
}

func TestNumeral(t *testing.T) {
	for raw, want := range map[string]string{
		"0": "0", "-0": "0", "1": "1", "1.50": "1.5", "0.30000000000000004": "0.3", "5.5E-2": "0.055", "1E3": "1000",
		"-9.9999999999999999E2": "-1000", "123456789012345": "123456789012345", "9.13101180625739E+17": "913101180625739000 long",
		"1234567890123456": "1234567890123460 long", "1e-5": "0.00001", "": "-", "x": "-", "1e": "-", "1e500": "-", ".5": "0.5", "--1": "-",
	} {
		text, long, ok := numeral(raw)
		got := text
		if long {
			got += " long"
		}
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("numeral(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for code, want := range map[string]style{
		"General": general, "0.00": general, "0.00E+00": general, "0%": percent, `0.0"%"`: general, "yyyy-mm-dd": date, "m/d": date,
		"h:mm": general, "[h]:mm:ss": general, `yyyy"年"`: date, `"day"0`: general, "mmm": date, `[$-F800]dddd\, mmmm`: date,
		`e"年"`: date, "#,##0.00;[Red]-#,##0.00": general, `0\d`: general, "0;yyyy": general, "[": general,
	} {
		if got := formatStyle(code); got != want {
			t.Errorf("formatStyle(%q) = %d, want %d", code, got, want)
		}
	}
}

// TestDay compares both calendars with known days.
func TestDay(t *testing.T) {
	for _, tt := range []struct {
		serial string
		from04 bool
		want   string
	}{
		{"1", false, "1900-01-01"},
		{"59", false, "1900-02-28"},
		{"60", false, ""},
		{"61", false, "1900-03-01"},
		{"45838", false, "2025-06-30"},
		{"44376", true, "2025-06-30"},
		{"0.5", false, ""},
		{"45838.75", false, "2025-06-30 18:00:00"},
		{"9999999", false, ""},
		{"-1", false, ""},
	} {
		got, ok := (&Workbook{from04: tt.from04}).day(tt.serial)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("day %s (1904 %v) = %q, want %q", tt.serial, tt.from04, got, tt.want)
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(hand(f, `<sheetData><row><c t="s"><v>1</v></c><c><v>1.5E2</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>`))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := read(data, sheet.Limits{Rows: 1000, Unzipped: 1 << 20})
		var e *sheet.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no sentence", err)
		}
	})
}

// FuzzSheet fuzzes the XML inside, which the zip's checksums keep FuzzXLSX from reaching.
func FuzzSheet(f *testing.F) {
	f.Add(`<sheetData><row r="2" hidden="1"><c r="B2" t="s"><v>1</v></c><c t="inlineStr"><is><t>x</t></is></c></row></sheetData>`)
	f.Fuzz(func(t *testing.T, body string) {
		_, _, err := read(hand(t, body), sheet.Limits{Rows: 1000, Unzipped: 1 << 20})
		var e *sheet.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no sentence", err)
		}
	})
}
