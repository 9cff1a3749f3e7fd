package source

import (
	"strings"
	"testing"
)

// FuzzYAML: no file makes reading panic; every node and every mistake stands where the file has a line; a scalar that was written
// plainly stands at its place.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n", "- a\n- b: c\n  d: e\n", "a: |\n  x\n  y\nb: >\n  x\n  y\n", "a: &x 1\nb: *x\n", "a: !!str 1\n", "<<: {a: b}\n", "? a\n: b\n",
		"a: 'it''s'\n", "\"quoted\": \"\\u4e2d\\n\"\n", "a: b # c\n", "# only a comment\n", "", "~", "a:\n  - b:\n      - c\n", "a: {b: [c, {d: e}]}\n", "%YAML 1.2\n---\na: b\n...\n",
		"a: b\n---\nc: d\n", "\ufeffa: b\r\nc: d\r\n", "a: b: c\n", "[", "{a: b", "a: \"", "\t- a\n", "a: 1\na: 2\n", "中文: 值，全角：冒号\n", "a: >-\n\n  x\n\n  y\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, ms := Parse("f.yaml", data)
		for _, m := range ms {
			if m.At.Line < 1 || m.At.Column < 1 || m.Message == "" {
				t.Errorf("a mistake that points nowhere: %+v", m)
			}
			if len(m.Error()) > 10_000 {
				t.Errorf("a message of %d bytes", len(m.Error()))
			}
		}
		if file.Root == nil {
			if !ms.Fatal() {
				t.Error("nothing was read and nothing said")
			}
			return
		}
		visit(t, file, file.Root, 0)
	})
}

func visit(t *testing.T, f *File, n *Node, depth int) {
	t.Helper()
	if depth > 2*maxNesting {
		t.Fatal("deeper than the limit")
	}
	if n.At.Line < 1 || n.At.Column < 1 || n.At.Line > strings.Count(strings.Join(f.lines, "\n"), "\n")+1 {
		t.Errorf("a node at %v in a file of %d lines", n.At, len(f.lines))
	}
	for offset := range min(len([]rune(n.Text)), 50) {
		_ = n.MistakeAt(offset, "here", "").Error()
	}
	n.CommentCut()
	for _, e := range n.Entries {
		visit(t, f, e.Value, depth+1)
	}
	for _, i := range n.Items {
		visit(t, f, i, depth+1)
	}
}
