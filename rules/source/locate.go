package source

import "strings"

// locator walks the source of a scalar character by character beside its text, so that a place in the text can be shown in the
// file although YAML has folded lines and taken escapes away.
type locator struct {
	file  *File
	line  int    // current line, from 1
	runes []rune // of that line
	at    int    // index in runes
	quote rune   // ' or " or 0
	block bool
	fold  bool // a block whose lines are joined
}

// place finds where the character with index offset of the node's text stands.
func (n *Node) place(offset int) Position {
	l := &locator{file: n.file, line: n.At.Line, block: n.block > 0}
	l.runes = []rune(n.file.Line(l.line))
	l.at = n.At.Column - 1
	if l.block {
		l.fold = l.at >= 0 && l.at < len(l.runes) && l.runes[l.at] == '>'
		l.open(n.At.Line+1, n.block)
	} else if n.Quoted && l.at < len(l.runes) {
		l.quote = l.runes[l.at]
		l.at++
	}
	text := []rune(n.Text)
	for i := 0; i < offset && i < len(text); i++ {
		l.step(text[i], n.block)
	}
	if !l.block && l.end() && offset < len(text) {
		l.next()
	}
	return Position{l.line, l.at + 1}
}

func (l *locator) open(line, indent int) {
	l.line = line
	l.runes = []rune(l.file.Line(line))
	l.at = min(indent, len(l.runes))
}

// end reports whether nothing but white space is left of a folded line.
func (l *locator) end() bool {
	return l.at >= len(l.runes) || strings.TrimSpace(string(l.runes[l.at:])) == "" && l.line < len(l.file.lines)
}

// next goes to the next line that isn't blank.
func (l *locator) next() {
	for l.line < len(l.file.lines) {
		l.line++
		l.runes = []rune(l.file.Line(l.line))
		l.at = len(l.runes) - len([]rune(strings.TrimLeft(string(l.runes), " \t")))
		if l.at < len(l.runes) {
			return
		}
	}
}

// step moves over what stands in the source for one character of the text.
func (l *locator) step(r rune, indent int) {
	if l.block {
		if l.at < len(l.runes) {
			l.at++
			return
		}
		l.open(l.line+1, indent)
		for l.fold && l.line < len(l.file.lines) && strings.TrimSpace(string(l.runes)) == "" {
			l.open(l.line+1, indent)
		}
		return
	}
	if l.end() && (r == ' ' || r == '\n') {
		l.next()
		return
	}
	l.at += l.width()
}

// width is how many characters of the source stand for the next one of the text.
func (l *locator) width() int {
	rest := l.runes[min(l.at, len(l.runes)):]
	switch {
	case len(rest) < 2:
		return 1
	case l.quote == '\'' && rest[0] == '\'':
		return 2
	case l.quote == '"' && rest[0] == '\\':
		if w, ok := map[rune]int{'x': 4, 'u': 6, 'U': 10}[rest[1]]; ok {
			return w
		}
		return 2
	}
	return 1
}
