// Package texts makes documents for the index out of plain text files.
//
// Files may be in UTF-8 or GB18030, of any origin: title, issuer, number and days in force are taken where the text
// says them plainly, lines that a converter wrapped are joined, and long texts are cut into passages.
package texts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mianshen/index"
	"mianshen/index/words"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Caps on plain text files.
const (
	MaxBytes = index.MaxBody / 2 // of one file: GB18030 grows when it becomes UTF-8
	MaxFiles = 100_000           // in one folder
)

// Lengths in runes at which a text is cut into passages: at the end of a paragraph from the first on, at the end of a
// sentence from the second on, anywhere at the third. What is then left of a text stays with it if it is shorter than the
// last.
const (
	passageRunes  = 350
	sentenceRunes = 500
	longestRunes  = 800
	shortestRunes = 240
)

// Read reads every .txt file directly in dir, in the order of their names, and cuts it into passages. The
// documents are good even beside an error, which then names each file that was left out and why.
func Read(dir string) ([]index.Document, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	if len(entries) > MaxFiles {
		return nil, fmt.Errorf("read texts: %s holds %d files, at most %d", dir, len(entries), MaxFiles)
	}
	var docs []index.Document
	var failed []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.EqualFold(filepath.Ext(e.Name()), ".txt") {
			continue
		}
		content, err := readFile(filepath.Join(dir, e.Name()))
		if err != nil {
			failed = append(failed, fmt.Errorf("read texts: %w", err))
			continue
		}
		d, err := Document(e.Name(), content)
		if err != nil {
			failed = append(failed, fmt.Errorf("read texts: %w", err))
			continue
		}
		docs = append(docs, Passages(d)...)
	}
	return docs, errors.Join(failed...)
}

// readFile reads a file of at most MaxBytes.
func readFile(path string) (content []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err = io.ReadAll(io.LimitReader(f, MaxBytes+1))
	return content, errors.Join(err, f.Close())
}

// Document makes a document of kind text from a file in UTF-8 or GB18030; its name is the id and the group. The
// title is the first line of content (a leading 来源 line aside) or, if that reads like running text, the file name.
// Number, issuer and days in force are taken where the text says them plainly. It fails on more than MaxBytes and
// on what is no text.
func Document(name string, content []byte) (index.Document, error) {
	if len(content) > MaxBytes {
		return index.Document{}, fmt.Errorf("%s: %d bytes, at most %d", name, len(content), MaxBytes)
	}
	text, err := decodeText(content)
	if err != nil {
		return index.Document{}, fmt.Errorf("%s: %w", name, err)
	}
	name = valid(name)
	source, lines := contentLines(text)
	stem := numbering.ReplaceAllString(strings.TrimSuffix(name, filepath.Ext(name)), "")
	d := index.Document{ID: name, Group: name, Kind: index.KindText, Title: stem, Also: stem}
	if len(lines) > 0 {
		if t := numbering.ReplaceAllString(lines[0], ""); likeTitle(t) {
			d.Title = t
		}
	}
	d.Department = labelled(lines, "发文机构", "发文机关", "发布机构", "制定机关", "印发机关")
	d.Number = ownNumber(source, lines)
	d.Body = strings.Join(unwrap(withoutTitle(lines, d.Title)), "\n")
	d.From, d.To = daysInForce(d.Body)
	return d, nil
}

// withoutTitle drops the lines at the head that only repeat the title, so that a snippet starts with the text; some
// line always stays.
func withoutTitle(lines []string, title string) []string {
	for len(lines) > 1 && numbering.ReplaceAllString(lines[0], "") == title {
		lines = lines[1:]
	}
	return lines
}

func valid(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

// decodeText reads UTF-8, also with a few damaged characters, else GB18030. Text with a NUL is none.
func decodeText(content []byte) (string, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if bytes.IndexByte(content, 0) >= 0 {
		return "", errors.New("holds NUL, so it is no text file")
	}
	good, bad := 0, 0
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		i += size
	}
	if bad == 0 || good > 20*bad {
		return valid(string(content)), nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content)
	if err != nil {
		return "", fmt.Errorf("neither UTF-8 nor GB18030: %w", err)
	}
	if wrong := bytes.Count(text, []byte("\ufffd")); wrong*20 > utf8.RuneCount(text) {
		return "", errors.New("neither UTF-8 nor GB18030")
	}
	return string(text), nil
}

var (
	numbering  = regexp.MustCompile(`^\d{1,4}[._、．\-\s]\s*`)
	sourceLine = regexp.MustCompile(`(?i)^(信息|文件|资料)?(来源|source|原文链接|链接|网址|url)\s*[:：]`)
)

// contentLines gives the trimmed lines that aren't empty, the lines of source that lead them apart.
func contentLines(text string) (source string, lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimFunc(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
		switch {
		case line == "":
		case len(lines) == 0 && sourceLine.MatchString(line):
			source += line + "\n"
		default:
			lines = append(lines, line)
		}
	}
	return source, lines
}

var (
	clauseStart = regexp.MustCompile(`^第[一二三四五六七八九十百零\d]+[条章节]`)
	blockStart  = regexp.MustCompile(`^(第[一二三四五六七八九十百零\d]+[条章节]|[（(]?[一二三四五六七八九十]+[）)、.]|[（(]?\d+[）)、.．]|[【●■◆★•·①-⑳])`)
)

// likeTitle tells a heading from the first line of running text.
func likeTitle(s string) bool {
	n := utf8.RuneCountInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return n >= 4 && n <= 60 && !strings.ContainsRune("。；，、：:;,", last) && !strings.ContainsAny(s, "。；") &&
		!clauseStart.MatchString(s)
}

// labelled gives the value behind one of the labels: 【发文机构】 or 发文机构：, on the same line or the next.
func labelled(lines []string, labels ...string) string {
	for i, line := range lines {
		for _, label := range labels {
			rest, ok := strings.CutPrefix(strings.TrimLeft(line, "【[ "), label)
			if !ok {
				continue
			}
			value := strings.TrimLeft(rest, "】]：: \u3000")
			if value == rest && rest != "" {
				continue // a longer word that starts like the label
			}
			if value == "" && i+1 < len(lines) {
				value = lines[i+1]
			}
			if n := utf8.RuneCountInString(value); n >= 2 && n <= 60 && !strings.HasPrefix(value, "【") {
				return value
			}
		}
	}
	return ""
}

// ownNumber gives the document number of the text itself: behind its label, alone on one of the first lines, or in the
// line of source. Numbers in running text belong to other documents.
func ownNumber(source string, lines []string) string {
	candidates := []string{labelled(lines, "发文字号", "文号", "文件编号")}
	for _, line := range lines[:min(len(lines), 12)] {
		if utf8.RuneCountInString(line) <= 24 {
			candidates = append(candidates, line)
		}
	}
	candidates = append(candidates, source)
	for _, c := range candidates {
		for _, n := range words.DocumentNumbers(c) {
			if n.Prefix != "" && utf8.RuneCountInString(n.Prefix) >= 2 {
				return n.Text
			}
		}
	}
	return ""
}

// unwrap joins the lines that a converter has broken: a long line that ends in mid-sentence continues on the next one.
func unwrap(lines []string) []string {
	var out []string
	for i, line := range lines {
		if i == 0 || !continues(lines[i-1], line) {
			out = append(out, line)
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(lines[i-1])
		first, _ := utf8.DecodeRuneInString(line)
		if last < utf8.RuneSelf && first < utf8.RuneSelf {
			line = " " + line
		}
		out[len(out)-1] += line
	}
	return out
}

func continues(before, line string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	return utf8.RuneCountInString(before) >= 24 && !strings.ContainsRune("。；！？：:;】", last) &&
		!blockStart.MatchString(line)
}

var (
	day        = `(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日`
	fromText   = regexp.MustCompile(`本[^，。\n]{0,12}自\s*` + day + `\s*起(?:正式)?(?:施行|实施|执行|生效)`)
	untilText  = regexp.MustCompile(`有效期[^。\n]{0,30}?至\s*` + day)
	fromToText = regexp.MustCompile(`本[^，。\n]{0,12}自\s*` + day + `\s*起?\s*至\s*(?:(\d{4})\s*年)?\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日止?(?:施行|实施|执行|有效)`)
)

// daysInForce gives the days a text names for itself, or nothing where it names none or several.
func daysInForce(text string) (from, to string) {
	if m := only(fromToText, text); m != nil {
		if m[4] == "" {
			m[4] = m[1]
		}
		from, to = isoDay(m[1:4]), isoDay(m[4:7])
	}
	if m := only(fromText, text); m != nil && from == "" {
		from = isoDay(m[1:4])
	}
	if m := only(untilText, text); m != nil && to == "" {
		to = isoDay(m[1:4])
	}
	if from != "" && to != "" && to < from {
		return "", ""
	}
	return from, to
}

// only gives the single match of re in text, or nil.
func only(re *regexp.Regexp, text string) []string {
	all := re.FindAllStringSubmatch(text, 2)
	if len(all) != 1 {
		return nil
	}
	return all[0]
}

// isoDay writes year, month, day as 2025-01-31, or gives nothing for a day that isn't in the calendar.
func isoDay(part []string) string {
	d, err := time.Parse("2006-1-2", strings.Join(part, "-"))
	if err != nil {
		return ""
	}
	return d.Format(time.DateOnly)
}

// Passages cuts a document of kind text into passages of about 500 characters, so that the place that answers is
// found and shown; they share the group, and take the id of the whole with #2, #3 behind it from the second on.
func Passages(d index.Document) []index.Document {
	var out []index.Document
	for rest := d.Body; rest != "" || len(out) == 0; {
		cut := passageEnd(rest)
		p := d
		p.Body = strings.TrimSpace(rest[:cut])
		if len(out) > 0 {
			p.ID = fmt.Sprintf("%s#%d", d.ID, len(out)+1)
		}
		out = append(out, p)
		rest = strings.TrimLeftFunc(rest[cut:], unicode.IsSpace)
	}
	return out
}

// passageEnd gives the byte at which the first passage of text ends.
func passageEnd(text string) int {
	n := 0
	for i, r := range text {
		n++
		end := i + utf8.RuneLen(r)
		switch {
		case r == '\n' && n >= passageRunes, (r == '。' || r == '；' || r == '\n') && n >= sentenceRunes, n >= longestRunes:
			if len(text)-end <= shortestRunes { // bytes, so never more runes than that
				return len(text)
			}
			return end
		}
	}
	return len(text)
}
