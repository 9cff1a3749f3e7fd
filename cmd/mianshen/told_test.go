package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/internal/notify/event"
)

// told says which story proves each kind of event: one that begins with a publication or a delivery and ends with what the firm reads.
var told = map[string]string{
	event.Eligible:  "17-told",
	event.Left:      "17-told",
	event.Amount:    "17-told",
	event.Missing:   "17-told",
	event.Near:      "17-told",
	event.Opens:     "17-told",
	event.Closes:    "17-told",
	event.Forecast:  "17-told",
	event.Expires:   "17-told",
	event.Credit:    "17-told",
	event.Ending:    "17-told",
	event.Confirm:   "18-list-told",
	event.Notice:    "18-list-told",
	event.Objection: "18-list-told",
	event.Paid:      "18-list-told",
	event.Returned:  "18-list-told",
	event.Policy:    "16-saved-search",
}

// TestToldByStories: every kind of event has its story, and what a firm reads there names itself, the amount, the clause, at most three steps
// and where to look. That the stories come out so is held by TestStories.
func TestToldByStories(t *testing.T) {
	for _, k := range event.Kinds() {
		name := told[k.Name]
		if name == "" {
			t.Errorf("%s (%s) has no story", k.Name, k.Label)
			continue
		}
		data, err := os.ReadFile(filepath.Join("..", "..", "examples", name+".txtar"))
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		proves(t, k, txtar.Parse(data))
	}
	if len(told) != len(event.Kinds()) {
		t.Errorf("%d stories for %d kinds", len(told), len(event.Kinds()))
	}
}

var steps = regexp.MustCompile(`(?m)^[0-9]+\. `)

// proves holds one story against what a story has to be.
func proves(t *testing.T, k event.Kind, story *txtar.Archive) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(string(story.Comment)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "mianshen ") || strings.HasPrefix(line, "deliver ") {
			lines = append(lines, line)
		} else if file, ok := strings.CutPrefix(line, "cmp stdout "); ok && len(lines) > 0 {
			lines[len(lines)-1] += " > " + file
		}
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "mianshen publish ") {
		t.Errorf("%s: the story doesn't begin with a publication", k.Name)
	}
	delivered := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "mianshen import ") || strings.HasPrefix(l, "deliver ")
	})
	sent := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "mianshen notify send ") })
	read := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "mianshen notify inbox ") && strings.Contains(l+" > ", "--kind "+k.Name+" > ")
	})
	if delivered < 0 || sent < delivered || read < sent {
		t.Errorf("%s: no firm reads it after a delivery and after sending", k.Name)
		return
	}
	_, file, whole := strings.Cut(lines[read], " > ")
	if !whole && k.Name == event.Policy { // it bears the day on which it is published, so the story compares it line by line
		return
	}
	i := slices.IndexFunc(story.Files, func(f txtar.File) bool { return f.Name == file })
	if i < 0 {
		t.Errorf("%s: %s isn't in the story", k.Name, file)
		return
	}
	text := string(story.Files[i].Data)
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		wants := []string{"【", "示例", "怎么办：\n1. ", "\n查看：/"}
		if k.Has(event.Clause) {
			wants = append(wants, "\n依据：")
		}
		if k.Has(event.Sum) {
			wants = append(wants, "元")
		}
		for _, want := range wants {
			if !strings.Contains(part, want) {
				t.Errorf("%s: %q isn't in\n%s", k.Name, want, part)
			}
		}
		if n := len(steps.FindAllString(part, -1)); n > 3 {
			t.Errorf("%s: %d steps", k.Name, n)
		}
	}
}
