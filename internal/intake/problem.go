package intake

import (
	"fmt"
	"strings"
	"unicode"
)

// Problem is one thing that keeps a file from being read.
type Problem struct {
	File    string `json:"file"`
	Sheet   string `json:"sheet,omitempty"`  // of a workbook
	Row     int    `json:"row,omitempty"`    // from 1, as a spreadsheet or an editor counts; 0: the file as a whole
	Column  string `json:"column,omitempty"` // letter; "" where there are none or the whole row is meant
	Header  string `json:"header,omitempty"` // of the column, as in the file
	Text    string `json:"text,omitempty"`   // of the cell, shortened
	Message string `json:"message"`          // a sentence in Chinese
}

// String writes file, row, column and the sentence: 企业.csv:12:C（上年营业收入）：….
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Sheet != "" {
		fmt.Fprintf(&b, "[%s]", p.Sheet)
	}
	if p.Row > 0 {
		fmt.Fprintf(&b, ":%d", p.Row)
	}
	if p.Column != "" {
		b.WriteString(":" + p.Column)
	}
	if p.Header != "" {
		fmt.Fprintf(&b, "（%s）", p.Header)
	}
	b.WriteString("：" + p.Message)
	return b.String()
}

// maxProblems is how many problems are kept; more are counted.
const maxProblems = 50

// Problems is everything found wrong in one file, in the order of reading, the first 50 kept, or more where the reader was asked to.
type Problems struct {
	List []Problem
	More int // how many further ones there are

	most int  // how many are kept before reading stops; 0: 50 are kept and reading goes on
	full bool // reading is to stop
}

func (p *Problems) add(one Problem) {
	if len(p.List) >= max(p.most, maxProblems) {
		p.More++
		p.full = p.most > 0
		return
	}
	p.List = append(p.List, one)
}

// Error lists the problems, one a line.
func (p *Problems) Error() string {
	lines := make([]string, 0, len(p.List)+1)
	for _, one := range p.List {
		lines = append(lines, one.String())
	}
	if p.More > 0 {
		lines = append(lines, fmt.Sprintf("还有 %d 处错误没有列出", p.More))
	}
	return strings.Join(lines, "\n")
}

// clip shortens a text for a message and hides what can't be shown in one.
func clip(s string) string {
	const most = 40
	if len(s) > 8*most {
		s = s[:8*most]
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
