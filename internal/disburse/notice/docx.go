package notice

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The parts of a DOCX that never change: what the package holds and where the document is (ECMA-376, part 2 and 1).
const (
	contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`
	relations = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`
	documentHead = xml.Header + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	tableHead    = `<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>` +
		`<w:top w:val="single" w:sz="4"/><w:left w:val="single" w:sz="4"/><w:bottom w:val="single" w:sz="4"/><w:right w:val="single" w:sz="4"/>` +
		`<w:insideH w:val="single" w:sz="4"/><w:insideV w:val="single" w:sz="4"/></w:tblBorders></w:tblPr>` +
		`<w:tblGrid><w:gridCol w:w="800"/><w:gridCol w:w="3000"/><w:gridCol w:w="2200"/><w:gridCol w:w="2200"/><w:gridCol w:w="1600"/></w:tblGrid>`
	// A4 in twentieths of a point
	documentEnd = `<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1020" w:right="850" w:bottom="1020" w:left="850" w:header="600" w:footer="600" w:gutter="0"/></w:sectPr>` +
		`</w:body></w:document>`
)

// WriteDOCX writes the table as a Word document on A4, whose header row comes again on each page. The same table gives the same
// bytes.
func (t Table) WriteDOCX(w io.Writer) error {
	sum, err := t.sum()
	if err != nil {
		return err
	}
	archive := zip.NewWriter(w)
	for _, part := range [][2]string{{"[Content_Types].xml", contentTypes}, {"_rels/.rels", relations}} {
		f, err := archive.Create(part[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, part[1]); err != nil {
			return err
		}
	}
	f, err := archive.Create("word/document.xml")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	_, _ = out.WriteString(documentHead + paragraph(t.Title, "center", 36) + paragraph(t.period(), "left", 22) + tableHead) // Flush tells
	_, _ = out.WriteString(tableRow(header, true))
	for _, r := range t.Rows {
		_, _ = out.WriteString(tableRow([]string{strconv.Itoa(r.N), r.Payee, r.USCC, r.Item, r.Amount.String()}, false))
	}
	_, _ = out.WriteString(tableRow([]string{"合计", fmt.Sprintf("%d 笔", len(t.Rows)), "", "", sum.String()}, false))
	_, _ = out.WriteString(`</w:tbl>` + paragraph(t.closing(), "left", 22) + documentEnd)
	if err := out.Flush(); err != nil {
		return err
	}
	return archive.Close()
}

// paragraph is a line of text in half points of size.
func paragraph(text, align string, size int) string {
	return `<w:p><w:pPr><w:jc w:val="` + align + `"/></w:pPr><w:r><w:rPr><w:sz w:val="` + strconv.Itoa(size) +
		`"/></w:rPr><w:t xml:space="preserve">` + escaped(text) + `</w:t></w:r></w:p>`
}

// tableRow is one row; the last column is of figures.
func tableRow(cells []string, head bool) string {
	var b strings.Builder
	b.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
	if head {
		b.WriteString(`<w:tblHeader/>`)
	}
	b.WriteString(`</w:trPr>`)
	for i, cell := range cells {
		align := "left"
		if i == len(cells)-1 && !head {
			align = "right"
		}
		b.WriteString(`<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>` + paragraph(cell, align, 20) + `</w:tc>`)
	}
	b.WriteString(`</w:tr>`)
	return b.String()
}

// escaped makes text harmless in XML; what XML can't hold becomes U+FFFD.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
	return b.String()
}
