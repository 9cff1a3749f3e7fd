package lines

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"mianshen/internal/sheet"
)

// Text is a file whose encoding was found out, cut into pieces of UTF-8.
type Text struct {
	*Splitter
	Encoding string // UTF-8 or GB18030

	sum hash.Hash
}

// Sum returns the SHA-256 of the raw bytes, once Next has given io.EOF.
func (t *Text) Sum() []byte { return t.sum.Sum(nil) }

// Open finds out the encoding of a file from its beginning and skips a byte order mark. What isn't UTF-8 there is GB18030, unless
// the first line is good UTF-8 with Chinese: then the file is damaged, and a Walker says where. The error is a *sheet.Error.
func Open(r io.ReaderAt, size int64, limits Limits) (*Text, error) {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, unread(err)
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.IndexByte(head, 0) >= 0 {
		return nil, &sheet.Error{Message: "文件是 UTF-16 编码或不是文本，请另存为“CSV UTF-8（逗号分隔）”"}
	}
	t := &Text{Encoding: "UTF-8", sum: sha256.New()}
	raw := io.TeeReader(io.NewSectionReader(r, 0, size), t.sum)
	mark := []byte("\xef\xbb\xbf")
	switch first, _, _ := bytes.Cut(head, []byte("\n")); {
	case bytes.HasPrefix(head, mark):
		if _, err := io.CopyN(io.Discard, raw, int64(len(mark))); err != nil {
			return nil, unread(err)
		}
	case !utf8.Valid(wholeRunes(head)) && (isASCII(first) || !utf8.Valid(first)):
		t.Encoding = "GB18030"
		raw = transform.NewReader(raw, simplifiedchinese.GB18030.NewDecoder())
	}
	t.Splitter = NewSplitter(raw, limits)
	return t, nil
}

func unread(err error) error { return &sheet.Error{Message: "读文件出错：" + err.Error()} }

// wholeRunes leaves out a character that the end of the text cuts off.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		last := b[len(b)-i:]
		if !utf8.RuneStart(last[0]) {
			continue
		}
		if !utf8.FullRune(last) {
			return b[:len(b)-i]
		}
		break
	}
	return b
}

func isASCII(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
