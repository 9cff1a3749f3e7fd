package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file, checked before it is parsed.
const (
	MaxFile    = 256 << 10 // bytes
	maxLines   = 4_000
	maxLine    = 8_000 // bytes
	maxDepth   = 48    // nested brackets, or dashes in one line
	maxIndent  = 200
	maxBraces  = 20_000
	maxEntries = 20_000 // dashes and question marks that begin entries
	maxSigns   = 4_000  // characters that mean something to YAML
	maxRun     = 200    // of one sign in a row
	maxNesting = 64     // of the parsed tree
)

// Kind says what a Node is.
type Kind uint8

// The kinds of Node. Scalars are always text: what looks like a number is left to who knows its unit.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

// Node is one value of a YAML file with its place.
type Node struct {
	Kind    Kind
	Text    string // of a Scalar
	Quoted  bool   // the Scalar stood in quotes or was a block
	Entries []Entry
	Items   []*Node
	At      Position
	file    *File
	block   int // indentation of a block scalar's text, else 0
}

// Entry is one key with its value, in file order.
type Entry struct {
	Key   string
	At    Position
	Value *Node
}

// File is one file read as a tree.
type File struct {
	Name  string
	Root  *Node // nil when it could not be read
	lines []string
}

// Parse reads data as one YAML document without anchors, aliases, merge keys, tags or directives. Mistakes name the file as name.
func Parse(name string, data []byte) (*File, Mistakes) {
	f := &File{Name: name}
	if len(data) > MaxFile {
		return f, Mistakes{f.Mistake(Position{1, 1}, fmt.Sprintf("文件有 %d 字节，超过上限 %d", len(data), MaxFile), "拆成几个政策")}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return f, Mistakes{f.Mistake(Position{1, 1}, "不是 UTF-8 文本", "另存为 UTF-8 再试")}
	}
	f.lines = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if ms := f.precheck(); len(ms) > 0 {
		return f, ms
	}
	parsed, err := parseBytes([]byte(strings.Join(f.lines, "\n")))
	if err != nil {
		return f, Mistakes{f.syntax(err)}
	}
	var docs []ast.Node
	for _, d := range parsed.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	if len(docs) != 1 {
		return f, Mistakes{f.Mistake(Position{1, 1}, fmt.Sprintf("应有且只有一个 YAML 文档，却有 %d 个", len(docs)), "")}
	}
	b := builder{file: f}
	f.Root = b.node(docs[0], 0)
	return f, b.mistakes
}

// parseBytes keeps a panic of the library inside the door.
func parseBytes(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml parser: %v", p)
		}
	}()
	return parser.ParseBytes(data, 0)
}

// precheck refuses shapes that would make the library's parser work without bound.
func (f *File) precheck() Mistakes {
	if len(f.lines) > maxLines {
		return Mistakes{f.Mistake(Position{maxLines, 1}, fmt.Sprintf("文件有 %d 行，超过上限 %d", len(f.lines), maxLines), "拆成几个政策")}
	}
	var c shape
	for i, line := range f.lines {
		at, message := c.line(line)
		if message != "" {
			hint := ""
			if len(line) > maxLine {
				hint = "长文字用 | 分行写"
			}
			return Mistakes{f.Mistake(Position{i + 1, utf8.RuneCountInString(line[:at]) + 1}, message, hint)}
		}
	}
	return nil
}

// shape counts over a file what a recursive or quadratic parser suffers from.
type shape struct{ depth, braces, signs, entries int }

// line looks at one more line; a message says what is wrong with it, at a byte.
func (c *shape) line(line string) (at int, message string) {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if len(line) > maxLine {
		return 0, fmt.Sprintf("这一行有 %d 字节，超过上限 %d", len(line), maxLine)
	}
	if indent > maxIndent {
		return maxIndent, "缩进太深"
	}
	head := line[:len(line)-len(strings.TrimLeft(line, " -?:"))]
	marks := strings.Count(head, "-") + strings.Count(head, "?") + strings.Count(head, ":")
	c.entries += marks
	if marks > maxDepth && (strings.Trim(line, " -") != "" || strings.Contains(line, "- -")) || c.entries > maxEntries {
		return 0, "嵌套太深，或列表太长"
	}
	if strings.HasPrefix(line[indent:], "#") {
		return 0, ""
	}
	last, run := rune(0), 0
	for j, r := range line {
		if r != last {
			last, run = r, 0
		}
		run++
		if message := c.sign(r, run); message != "" {
			return j, message
		}
	}
	return 0, ""
}

// sign counts one character, the run-th of its kind in a row.
func (c *shape) sign(r rune, run int) string {
	switch r {
	case '[', '{':
		c.depth++
		c.braces++
	case ']', '}':
		c.depth = max(0, c.depth-1)
	case '&', '*', '%', '@', '`', '<', '!', '|', '>':
		c.signs++
	}
	switch {
	case r < 0x20 && r != '\t' || r == 0x7f:
		return "有控制字符，删去看不见的字符"
	case c.depth > maxDepth || c.braces > maxBraces:
		return "方括号或花括号嵌套太深，或太多"
	case c.signs > maxSigns:
		return "符号太多"
	case run > maxRun && r != ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r):
		return "同一个符号连写太多"
	}
	return ""
}

func (f *File) syntax(err error) Mistake {
	at, msg := Position{1, 1}, ""
	var se yaml.Error
	if errors.As(err, &se) { // never err.Error(): it prints every token of the file
		if tk := se.GetToken(); tk != nil && tk.Position != nil {
			at = Position{tk.Position.Line, max(1, tk.Position.Column)}
		}
		msg = se.GetMessage()
	}
	if m, ok := f.cutByComment(at.Line); ok {
		return m
	}
	if dup, ok := strings.CutPrefix(msg, "mapping key "); ok && strings.Contains(msg, "already defined") {
		key, _, _ := strings.Cut(dup, " already")
		return f.Mistake(at, fmt.Sprintf("键 %s 写了两次", Clip(key)), "合并或删去一处")
	}
	if i := strings.IndexByte(msg, '\n'); i >= 0 {
		msg = msg[:i]
	}
	return f.Mistake(at, "YAML 写法有误（"+Clip(msg)+"）", "检查缩进、冒号后的空格和引号；含“: ”“ #”或以双引号开头的表达式要整体加引号")
}

// cutByComment finds, just before a syntax error, a line whose braces a comment has left open.
func (f *File) cutByComment(line int) (Mistake, bool) {
	for n := line; n >= max(1, line-2); n-- {
		text := f.Line(n)
		i := strings.Index(text, " #")
		if i < 0 || strings.Count(text[:i], "\"")%2 == 1 || strings.Count(text[:i], "'")%2 == 1 {
			continue
		}
		if head := text[:i]; strings.Count(head, "{") > strings.Count(head, "}") || strings.Count(head, "[") > strings.Count(head, "]") {
			at := Position{n, utf8.RuneCountInString(head) + 2}
			return f.Mistake(at, "“ #”之后的文字被当作注释，括号因此没有闭合", "表达式整体加引号，或把注释移到上一行"), true
		}
	}
	return Mistake{}, false
}

// Mistake points at a place in the file.
func (f *File) Mistake(at Position, message, hint string) Mistake {
	m := Mistake{File: f.Name, At: at, Message: message, Hint: hint}
	if at.Line >= 1 && at.Line <= len(f.lines) {
		m.Line = f.lines[at.Line-1]
	}
	return m
}

// Line returns line n, counted from 1, or "".
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

// Mistake points at the node.
func (n *Node) Mistake(message, hint string) Mistake { return n.file.Mistake(n.At, message, hint) }

// MistakeAt points at the character with index offset of the node's text.
func (n *Node) MistakeAt(offset int, message, hint string) Mistake {
	return n.file.Mistake(n.place(offset), message, hint)
}

// CommentCut reports whether an unquoted scalar is followed by a comment on its line: the comment may be the rest of the text.
func (n *Node) CommentCut() (Position, bool) {
	if n.Kind != Scalar || n.Quoted {
		return Position{}, false
	}
	for i, first := 0, true; i < 2 && first; i++ {
		line := []rune(n.file.Line(n.At.Line))
		from := min(len(line), max(0, n.At.Column-1))
		if j := strings.Index(string(line[from:]), " #"); j >= 0 {
			return Position{n.At.Line, from + utf8.RuneCountInString(string(line[from:])[:j]) + 2}, true
		}
		first = false
	}
	return Position{}, false
}

// builder turns the library's tree into ours and refuses what the law's files must not use.
type builder struct {
	file     *File
	mistakes Mistakes
}

func (b *builder) refuse(tk *token.Token, message, hint string) *Node {
	at := position(tk)
	b.mistakes = append(b.mistakes, b.file.Mistake(at, message, hint))
	return &Node{Kind: Null, At: at, file: b.file}
}

func position(tk *token.Token) Position {
	if tk == nil || tk.Position == nil {
		return Position{1, 1}
	}
	return Position{tk.Position.Line, max(1, tk.Position.Column)}
}

func (b *builder) node(n ast.Node, depth int) *Node {
	tk := n.GetToken()
	if depth > maxNesting {
		return b.refuse(tk, "嵌套太深", "")
	}
	switch v := n.(type) {
	case *ast.NullNode:
		return &Node{Kind: Null, At: position(tk), file: b.file}
	case *ast.MappingNode:
		return b.mapping(v.Values, tk, depth)
	case *ast.MappingValueNode:
		return b.mapping([]*ast.MappingValueNode{v}, tk, depth)
	case *ast.SequenceNode:
		out := &Node{Kind: List, At: position(tk), file: b.file}
		for _, item := range v.Values {
			out.Items = append(out.Items, b.node(item, depth+1))
		}
		return out
	case *ast.LiteralNode:
		return b.literal(v)
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		quoted := tk.Type == token.DoubleQuoteType || tk.Type == token.SingleQuoteType
		return &Node{Kind: Scalar, Text: tk.Value, Quoted: quoted, At: position(tk), file: b.file}
	case *ast.AnchorNode, *ast.AliasNode:
		return b.refuse(tk, "不可使用 YAML 锚点或引用（& 与 *）", "把内容写全；以 * 或 & 开头的表达式要加引号")
	case *ast.TagNode:
		return b.refuse(tk, "不可使用 YAML 标签（!）", "以 ! 开头的表达式要加引号，或写作 not")
	}
	return b.refuse(tk, "此处不可使用 YAML 的 "+n.Type().String(), "")
}

func (b *builder) literal(v *ast.LiteralNode) *Node {
	out := &Node{Kind: Scalar, Text: v.Value.GetToken().Value, Quoted: true, At: position(v.GetToken()), file: b.file}
	first := b.file.Line(out.At.Line + 1)
	out.block = len(first) - len(strings.TrimLeft(first, " "))
	return out
}

func (b *builder) mapping(values []*ast.MappingValueNode, tk *token.Token, depth int) *Node {
	out := &Node{Kind: Map, At: position(tk), file: b.file}
	if len(values) > 0 {
		out.At = position(values[0].Key.GetToken())
	}
	seen := map[string]bool{}
	for _, v := range values {
		key := v.Key.GetToken()
		switch v.Key.(type) {
		case *ast.MergeKeyNode:
			b.refuse(key, "不可使用 YAML 合并键（<<）", "把内容写全")
			continue
		case *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
			b.refuse(key, "键只能是普通文字", "")
			continue
		}
		if seen[key.Value] {
			b.refuse(key, fmt.Sprintf("键 %s 写了两次", Clip(key.Value)), "合并或删去一处")
			continue
		}
		seen[key.Value] = true
		out.Entries = append(out.Entries, Entry{Key: key.Value, At: position(key), Value: b.node(v.Value, depth+1)})
	}
	return out
}
