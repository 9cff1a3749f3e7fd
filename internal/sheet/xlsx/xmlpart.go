package xlsx

import (
	"bufio"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"mianshen/internal/sheet"
)

// xmlPart reads one XML part of a workbook token by token. Document types are refused, so there are no entities to expand;
// no token may be large, whatever the part's size.
type xmlPart struct {
	decoder *xml.Decoder
	source  *metered
	body    io.Closer
	depth   int
}

// metered counts unpacked bytes against what the workbook may unpack to and what one token may take.
type metered struct {
	in    io.Reader
	book  *Workbook
	since int // bytes read since the last token began
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.since += n
	m.book.left -= int64(n)
	m.book.spent += int64(n)
	switch {
	case m.book.left < 0:
		return n, tooLarge(m.book.limits.Unzipped)
	case m.book.spent > freeRatio && m.book.spent/max(m.book.packed, 1) > m.book.limits.Ratio:
		return n, &sheet.Error{Message: "工作簿的压缩比异常，可能是压缩炸弹，不读"}
	case m.since > maxToken:
		return n, &sheet.Error{Message: "工作簿里有一段内容太长，不读"}
	}
	return n, err
}

func (w *Workbook) xml(part string) (*xmlPart, error) {
	f := w.parts[part]
	if f == nil {
		return nil, errNotXLSX
	}
	body, err := f.Open()
	if err != nil {
		return nil, errNotXLSX
	}
	m := &metered{in: body, book: w}
	return &xmlPart{decoder: xml.NewDecoder(bufio.NewReaderSize(m, 32<<10)), source: m, body: body}, nil
}

func (x *xmlPart) close() { _ = x.body.Close() }

// token returns the next token; io.EOF only at the end of a complete document. Its bytes are valid until the next call.
func (x *xmlPart) token() (xml.Token, error) {
	x.source.since = 0
	t, err := x.decoder.RawToken()
	if err == io.EOF && x.depth != 0 {
		return nil, errNotXLSX
	}
	if err != nil {
		return nil, err
	}
	switch t.(type) {
	case xml.Directive:
		return nil, &sheet.Error{Message: "工作簿含有文档类型声明（DTD），不读"}
	case xml.StartElement:
		x.depth++
	case xml.EndElement:
		if x.depth--; x.depth < 0 {
			return nil, errNotXLSX
		}
	}
	return t, nil
}

// text reads up to the end of the element name, whose start was just read, and joins its t elements outside phonetic
// readings (rPh).
func (x *xmlPart) text(name string) (string, error) {
	var b strings.Builder
	inText, skipping := false, false
	for {
		t, err := x.token()
		if err != nil {
			return "", err
		}
		switch e := t.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "t"
			skipping = skipping || e.Name.Local == "rPh"
		case xml.EndElement:
			inText = false
			if e.Name.Local == "rPh" {
				skipping = false
			}
			if e.Name.Local == name {
				return unescape(b.String()), nil
			}
		case xml.CharData:
			if inText && !skipping {
				b.Write(e)
			}
		}
		if b.Len() > maxToken {
			return "", &sheet.Error{Message: "工作簿里有一段内容太长，不读"}
		}
	}
}

// skip reads up to the end of the element whose start was just read.
func (x *xmlPart) skip() error {
	for end := x.depth - 1; x.depth > end; {
		if _, err := x.token(); err != nil {
			return err
		}
	}
	return nil
}

// chars reads the text of a simple element whose start was just read.
func (x *xmlPart) chars() (string, error) {
	text := ""
	for {
		t, err := x.token()
		if err != nil {
			return "", err
		}
		switch e := t.(type) {
		case xml.CharData:
			text += string(e)
		case xml.StartElement:
			return "", errNotXLSX
		case xml.EndElement:
			return text, nil
		}
	}
}

// unescape undoes _x000D_, which stands for a character that XML can't hold.
func unescape(s string) string {
	i := strings.Index(s, "_x")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "_x") {
		b.WriteString(s[:i])
		if len(s) >= i+7 && s[i+6] == '_' {
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				b.WriteRune(rune(v))
				s = s[i+7:]
				continue
			}
		}
		b.WriteString("_x")
		s = s[i+2:]
	}
	return b.String() + s
}
