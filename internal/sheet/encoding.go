package sheet

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// decoded is a text file whose encoding was found out.
type decoded struct {
	reader io.Reader // UTF-8 without byte order mark
	name   string
	check  bool // characters may be damaged, so every cell is to be looked at
}

const byteOrderMark = "\xef\xbb\xbf"

// detect finds out the encoding of a text file. A file that is UTF-8 throughout is UTF-8; one that isn't, though its first
// line has Chinese in valid UTF-8, is damaged UTF-8; any other is read as GB18030.
func detect(r io.ReaderAt, size int64) (decoded, error) {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return decoded{}, &Error{Message: "读文件出错：" + err.Error()}
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.IndexByte(head, 0) >= 0 {
		return decoded{}, &Error{Message: "文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"}
	}
	start := int64(0)
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		start = int64(len(byteOrderMark))
	}
	whole := func() io.Reader { return io.NewSectionReader(r, start, size-start) }
	valid, err := validUTF8(whole())
	if err != nil {
		return decoded{}, &Error{Message: "读文件出错：" + err.Error()}
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	chinese := bytes.IndexFunc(first, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0
	if valid || start > 0 || chinese && utf8.Valid(first) {
		return decoded{reader: whole(), name: "UTF-8", check: !valid}, nil
	}
	return decoded{
		reader: transform.NewReader(whole(), simplifiedchinese.GB18030.NewDecoder()),
		name:   "GB18030", check: true,
	}, nil
}

// validUTF8 reads everything once in bounded memory.
func validUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		part := buf[:kept+n]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return utf8.Valid(part), nil
		}
		if err != nil {
			return false, err
		}
		cut := wholeRunes(part)
		if !utf8.Valid(part[:cut]) {
			return false, nil
		}
		kept = copy(buf, part[cut:])
	}
}

// wholeRunes is how much of the text there is without a character that its end cuts off.
func wholeRunes(text []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		last := text[len(text)-i:]
		if !utf8.RuneStart(last[0]) {
			continue
		}
		if !utf8.FullRune(last) {
			return len(text) - i
		}
		break
	}
	return len(text)
}
