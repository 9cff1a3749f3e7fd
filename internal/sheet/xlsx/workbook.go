// Package xlsx reads workbooks row by row in bounded memory, and says of each cell what a spreadsheet shows: a percentage, a
// day, an error, a formula without result, a code whose last digits are lost. It is a reader of our own over archive/zip and
// encoding/xml (ECMA-376), since excelize's stream gives neither the type nor the number format of a cell and its other door
// holds the whole sheet in memory. Files are hostile until proved otherwise: directory, entries, unpacked bytes, ratio,
// tokens, rows, columns and cells are capped, document types are refused.
package xlsx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"mianshen/internal/sheet"
)

// Workbook is an XLSX file opened for reading. It isn't safe for concurrent use.
type Workbook struct {
	limits sheet.Limits
	parts  map[string]*zip.File // by lower-case path
	sheets []sheetPart
	shared []string
	styles []style // by the s attribute of cells
	from04 bool    // days are counted from 1904
	left   int64   // bytes that may still be unpacked
	packed int64
	spent  int64
}

type sheetPart struct {
	Sheet
	part string
}

// Sheet names one sheet of a workbook.
type Sheet struct {
	Name   string
	Hidden bool
}

// Bounds of parts that are held in memory.
const (
	maxShared    = 128 << 20 // bytes of shared strings
	maxToken     = 1 << 20   // bytes of one XML token
	maxDirectory = 4 << 20   // bytes of the zip's directory
	freeRatio    = 16 << 20  // unpacked bytes up to which any ratio is fine
)

var errNotXLSX = &sheet.Error{Message: "不是有效的 XLSX 文件，或文件不完整"}

// Open reads the directory, the sheet names, the styles and the shared strings. What can't be read, is too large or
// unpacks to too much is an *sheet.Error.
func Open(r io.ReaderAt, size int64, limits sheet.Limits) (*Workbook, error) {
	limits = limits.WithDefaults()
	if err := checkDirectory(r, size, limits.Entries); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errNotXLSX
	}
	w := &Workbook{limits: limits, parts: map[string]*zip.File{}, left: limits.Unzipped, packed: size}
	if len(z.File) > limits.Entries {
		return nil, &sheet.Error{Message: fmt.Sprintf("工作簿里有 %d 个文件，超过上限 %d", len(z.File), limits.Entries)}
	}
	var total uint64
	for _, f := range z.File {
		name := partName(f.Name)
		if w.parts[name] != nil {
			return nil, &sheet.Error{Message: "工作簿里有两个同名的文件，无法确定读哪一个"}
		}
		w.parts[name] = f
		total += min(f.UncompressedSize64, 1<<50)
	}
	if total > uint64(limits.Unzipped) {
		return nil, tooLarge(limits.Unzipped)
	}
	if err := w.open(); err != nil {
		return nil, asError(err)
	}
	return w, nil
}

func tooLarge(limit int64) error {
	return &sheet.Error{Message: fmt.Sprintf("工作簿解压后超过 %d MiB，不读", limit>>20)}
}

// asError keeps sentences and replaces what zip and XML say in English.
func asError(err error) error {
	var e *sheet.Error
	if errors.As(err, &e) {
		return e
	}
	return errNotXLSX
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
}

// checkDirectory finds the end of the zip's directory and refuses one that is large, before archive/zip, which believes the
// entries and not their count, makes an object of each.
func checkDirectory(r io.ReaderAt, size int64, entries int) error {
	tail := make([]byte, min(size, 66_000))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return &sheet.Error{Message: "读文件出错：" + err.Error()}
	}
	at := strings.LastIndex(string(tail), "PK\x05\x06")
	if at < 0 || at+22 > len(tail) {
		return errNotXLSX
	}
	number := func(offset, n int) int64 {
		var v int64
		for i := n - 1; i >= 0; i-- {
			v = v<<8 | int64(tail[at+offset+i])
		}
		return v
	}
	if n := number(10, 2); n > int64(entries) {
		return &sheet.Error{Message: fmt.Sprintf("工作簿里有 %d 个文件，超过上限 %d", n, entries)}
	}
	end := size - int64(len(tail)) + int64(at)
	if start := min(number(16, 4), end-number(12, 4)); start < 0 || end-start > maxDirectory {
		return &sheet.Error{Message: "工作簿的目录太大或已损坏"}
	}
	return nil
}

// relation is one line of a .rels part.
type relation struct{ kind, target string }

func (w *Workbook) open() error {
	book := "xl/workbook.xml"
	for _, rel := range w.relations("_rels/.rels") {
		if strings.HasSuffix(rel.kind, "/officeDocument") {
			book = partName(rel.target)
		}
	}
	folder := path.Dir(book)
	rels := w.relations(folder + "/_rels/" + path.Base(book) + ".rels")
	place := func(target string) string {
		if strings.HasPrefix(target, "/") {
			return partName(target)
		}
		return partName(folder + "/" + target)
	}
	if err := w.readBook(book, rels, place); err != nil {
		return err
	}
	if len(w.sheets) == 0 {
		return &sheet.Error{Message: "工作簿里没有工作表"}
	}
	for _, rel := range rels {
		var err error
		switch {
		case strings.HasSuffix(rel.kind, "/styles"):
			err = w.readStyles(place(rel.target))
		case strings.HasSuffix(rel.kind, "/sharedStrings"):
			err = w.readShared(place(rel.target))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relations reads a .rels part; one that is absent or damaged has none, and what depends on it is then not found.
func (w *Workbook) relations(part string) map[string]relation {
	rels := map[string]relation{}
	x, err := w.xml(part)
	if err != nil {
		return rels
	}
	defer x.close()
	for {
		t, err := x.token()
		if err != nil {
			return rels
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && attr(e, "TargetMode") != "External" {
			rels[attr(e, "Id")] = relation{kind: attr(e, "Type"), target: attr(e, "Target")}
		}
	}
}

func (w *Workbook) readBook(part string, rels map[string]relation, place func(string) string) error {
	return w.each(part, func(e xml.StartElement, _ *xmlPart) error {
		switch e.Name.Local {
		case "workbookPr":
			w.from04 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		case "sheet":
			rel, ok := rels[attrSpace(e, "id")]
			if !ok || !strings.HasSuffix(rel.kind, "/worksheet") {
				return nil // a chart or macro sheet
			}
			state := attr(e, "state")
			hidden := state == "hidden" || state == "veryHidden"
			w.sheets = append(w.sheets, sheetPart{Sheet{attr(e, "name"), hidden}, place(rel.target)})
		}
		return nil
	})
}

// readShared reads the shared strings; phonetic readings are left out.
func (w *Workbook) readShared(part string) error {
	size := 0
	return w.each(part, func(e xml.StartElement, x *xmlPart) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := x.text("si")
		if err != nil {
			return err
		}
		if size += len(text) + 16; size > maxShared {
			return &sheet.Error{Message: "工作簿里的文字太多，请拆分文件"}
		}
		w.shared = append(w.shared, text)
		return nil
	})
}

// Sheets lists the sheets in their order.
func (w *Workbook) Sheets() []Sheet {
	out := make([]Sheet, len(w.sheets))
	for i, s := range w.sheets {
		out[i] = s.Sheet
	}
	return out
}

// each calls f for every element of a part, to its end, which also checks the part's checksum.
func (w *Workbook) each(part string, f func(xml.StartElement, *xmlPart) error) error {
	x, err := w.xml(part)
	if err != nil {
		return err
	}
	defer x.close()
	for {
		t, err := x.token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := f(e, x); err != nil {
				return err
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// attrSpace returns an attribute that has a namespace, such as r:id.
func attrSpace(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Space != "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
