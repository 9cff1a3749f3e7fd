package notice_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"mianshen/internal/disburse/notice"
	"mianshen/internal/sheet"
	"mianshen/internal/sheet/xlsx"
	"mianshen/rules/civil"
)

var table = notice.Table{
	Title: "2025年第三批“免申即享”拟拨付名单公示", Department: "青浦区经济委员会", From: civil.MustParse("2025-06-30"), Until: civil.MustParse("2025-07-07"),
	Contact: "公园路100号，021-00000000",
	Rows: []notice.Row{
		{1, "青浦第一<b>有限公司", "91310118MA00000001", "研发补助", 1234_56},
		{2, notice.Mask("张三丰"), "92310118MA00000002", "=HYPERLINK(1)", 100_00},
	},
}

func TestMask(t *testing.T) {
	for name, want := range map[string]string{
		"张三": "张*", "张三丰": "张**", "欧阳娜娜": "欧**", "买买提·艾力": "买**", "青浦第一有限公司": "青浦第一有限公司",
		"上海某某种植专业合作社": "上海某某种植专业合作社", "青浦区白鹤镇张三水产养殖场": "青浦区白鹤镇张三水产养殖场",
	} {
		if got := notice.Mask(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}

func TestXLSX(t *testing.T) {
	var out bytes.Buffer
	if err := table.WriteXLSX(&out); err != nil {
		t.Fatal(err)
	}
	book, err := xlsx.Open(bytes.NewReader(out.Bytes()), int64(out.Len()), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.Rows(0)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, c.Text)
		}
		text = append(text, strings.Join(cells, "|"))
	}
	want := "序号|企业名称|统一社会信用代码|事项|拟拨付金额（元）\n1|青浦第一<b>有限公司|91310118MA00000001|研发补助|1234.56\n" +
		"2|张**|92310118MA00000002|=HYPERLINK(1)|100\n合计|2 笔|||1334.56"
	if got := strings.Join(text, "\n"); got != want {
		t.Errorf("the workbook has\n%s\nwant\n%s", got, want)
	}
}

func TestHTML(t *testing.T) {
	var out bytes.Buffer
	if err := table.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"size: A4", "2025年6月30日至2025年7月7日", "1334.56", "张**", "&lt;b&gt;", "021-00000000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(out.String(), "<b>") {
		t.Error("the page has what was to be escaped")
	}
}

// TestDOCX reads the parts back: they are XML, the relation leads to the document, and the document has the rows; twice the same.
func TestDOCX(t *testing.T) {
	var out, again bytes.Buffer
	if err := errors.Join(table.WriteDOCX(&out), table.WriteDOCX(&again)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("made again it has other bytes")
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	rows := 0
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(r)
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if s, is := token.(xml.StartElement); is && s.Name.Local == "tr" {
				rows++
			}
			if c, is := token.(xml.CharData); is && f.Name == "word/document.xml" {
				text.Write(c)
			}
		}
	}
	if rows != 4 {
		t.Errorf("%d rows, want 4", rows)
	}
	for _, want := range []string{table.Title, "青浦第一<b>有限公司", "91310118MA00000001", "1234.56", "1334.56"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the document lacks %q", want)
		}
	}
}

func TestSumOverflows(t *testing.T) {
	bad := notice.Table{Rows: []notice.Row{{N: 1, Amount: 1 << 62}, {N: 2, Amount: 1 << 62}}}
	if err := bad.WriteCSV(io.Discard); err == nil || !strings.Contains(err.Error(), "第 2 条") {
		t.Errorf("error is %v", err)
	}
}
