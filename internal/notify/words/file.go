package words

import (
	"strings"

	"mianshen/rules/source"
)

// Read takes a file of templates apart: a line "== kind", or "== kind sms" for a channel of its own, a line with the title, then the body up
// to the next such line. The mistakes, of the file and of what stands in it, have the file's lines; templates with mistakes aren't returned.
func Read(file, text string) (list []Template, found source.Mistakes) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		head, ok := strings.CutPrefix(lines[i], "== ")
		if !ok {
			if strings.TrimSpace(lines[i]) != "" {
				found = append(found, source.Mistake{
					File: file, Line: lines[i], At: source.Position{Line: i + 1, Column: 1}, Message: "这里应该是一个模板的开头。",
					Hint: "开头写作 == 类别，如 == paid；短信写作 == paid sms；下一行是标题，再往下是正文",
				})
				return list, found
			}
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "== ") {
			end++
		}
		t := Template{}
		t.Kind, t.Channel, _ = strings.Cut(strings.TrimSpace(head), " ")
		if end > i+1 {
			t.Title, t.Body = lines[i+1], strings.TrimRight(strings.Join(lines[i+2:end], "\n"), "\n ")
		}
		l := newLinter(file, t, i+1)
		l.all()
		if len(l.found) == 0 {
			list = append(list, t)
		}
		found, i = append(found, l.found...), end-1
	}
	if len(list)+len(found) == 0 {
		found = append(found, source.Mistake{File: file, At: source.Position{Line: 1, Column: 1}, Message: "文件里没有模板。", Hint: "开头写作 == 类别，如 == paid"})
	}
	found.Sort()
	return list, found
}

// String writes a template as Read takes it.
func (t Template) String() string {
	return strings.TrimSpace("== "+t.Kind+" "+t.Channel) + "\n" + t.Title + "\n" + t.Body + "\n"
}
