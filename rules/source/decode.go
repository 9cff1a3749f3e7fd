package source

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decoder walks a file's tree and collects every mistake on the way instead of stopping at the first.
type Decoder struct {
	File     *File
	Mistakes Mistakes
}

// Fail records a mistake at the node.
func (d *Decoder) Fail(n *Node, hint, format string, args ...any) {
	d.Mistakes = append(d.Mistakes, n.Mistake(fmt.Sprintf(format, args...), hint))
}

// Keys says how each allowed key of a mapping is read.
type Keys map[string]func(*Node)

// Map reads a mapping: keys in file order, unknown ones refused with the nearest known one, those in required demanded.
// what names the thing in messages. It reports whether n was a mapping.
func (d *Decoder) Map(n *Node, what string, keys Keys, required ...string) bool {
	if n.Kind != Map {
		d.Fail(n, "写成“键: 值”各占一行", "%s应是一组“键: 值”", what)
		return false
	}
	present := map[string]bool{}
	for _, e := range n.Entries {
		present[e.Key] = true
		if read, ok := keys[e.Key]; ok {
			read(e.Value)
			continue
		}
		d.unknownKey(e, what, keys)
	}
	for _, key := range required {
		if !present[key] {
			d.Fail(n, "", "%s缺少 %s", what, key)
		}
	}
	return true
}

func (d *Decoder) unknownKey(e Entry, what string, keys Keys) {
	known := make([]string, 0, len(keys))
	for k := range keys {
		known = append(known, k)
	}
	sort.Strings(known)
	hint := "可用的键：" + strings.Join(known, "、")
	if near, ok := Nearest(e.Key, known); ok {
		hint = "是不是 " + near + "？"
	}
	d.Mistakes = append(d.Mistakes, d.File.Mistake(e.At, fmt.Sprintf("%s没有 %s 这个键", what, Clip(e.Key)), hint))
}

// List calls read for each item of a list.
func (d *Decoder) List(n *Node, what string, read func(*Node)) {
	if n.Kind != List {
		d.Fail(n, "每项前加“- ”，或写作 [甲, 乙]", "%s应是一个列表", what)
		return
	}
	for _, item := range n.Items {
		read(item)
	}
}

// maxText caps one scalar.
const maxText = 100_000

// Text returns the scalar's text; an empty or missing one is a mistake.
func (d *Decoder) Text(n *Node, what string) string {
	if n.Kind != Scalar || strings.TrimSpace(n.Text) == "" {
		d.Fail(n, "", "%s应是文字", what)
		return ""
	}
	if len(n.Text) > maxText {
		d.Fail(n, "", "%s太长（%d 字节）", what, len(n.Text))
		return ""
	}
	return n.Text
}

// TextInto returns a reader that stores the text in p.
func (d *Decoder) TextInto(p *string, what string) func(*Node) {
	return func(n *Node) { *p = d.Text(n, what) }
}

// Texts reads a list of texts; a lone scalar counts as a list of one.
func (d *Decoder) Texts(n *Node, what string) []string {
	if n.Kind == Scalar {
		return []string{d.Text(n, what)}
	}
	var out []string
	d.List(n, what, func(item *Node) { out = append(out, d.Text(item, what)) })
	return out
}

// Int reads a whole number from lo to hi.
func (d *Decoder) Int(n *Node, what string, lo, hi int) int {
	v, err := strconv.Atoi(n.Text)
	if n.Kind != Scalar || err != nil || v < lo || v > hi {
		d.Fail(n, "", "%s应是 %d 到 %d 的整数", what, lo, hi)
		return lo
	}
	return v
}

// Bool reads true or false (是 or 否).
func (d *Decoder) Bool(n *Node, what string) bool {
	switch n.Text {
	case "true", "是":
		return true
	case "false", "否":
		return false
	}
	d.Fail(n, "", "%s应是 true 或 false", what)
	return false
}

// OneOf reads a text that must be one of the allowed ones.
func (d *Decoder) OneOf(n *Node, what string, allowed ...string) string {
	text := d.Text(n, what)
	for _, a := range allowed {
		if text == a {
			return text
		}
	}
	if text != "" {
		d.Fail(n, "可用："+strings.Join(allowed, "、"), "%s不能是 %s", what, Clip(text))
	}
	return ""
}

// Expression reads the text of an expression and refuses an unquoted one that a comment may have cut.
func (d *Decoder) Expression(n *Node, what string) string {
	if at, cut := n.CommentCut(); cut {
		d.Mistakes = append(d.Mistakes, d.File.Mistake(at, what+"没有加引号，“ #”之后的文字会被当作注释丢掉", "给整个表达式加引号，或把注释移到上一行"))
	}
	return d.Text(n, what)
}

// Clip shortens a foreign text for a message.
func Clip(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		return string([]rune(s)[:40]) + "…"
	}
	return s
}
