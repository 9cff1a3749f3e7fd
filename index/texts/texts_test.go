package texts

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"mianshen/index"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

const notice = `来源：示例网站 https://example.org/1.html
3. 示例区支持首发经济若干措施
示例区支持首发经济若干措施
【发文机构】
示例区商务委员会
【发文字号】
示商规〔2024〕9 号
第一条 支持品牌在本区开设首店，对新开设的品牌首店按照实际投入的百分之二十给予一
次性补贴，最高不超过 50 万元。
第二条 本措施自2024年7月1日起施行，有效期至2026年6月30日。
`

func TestDocument(t *testing.T) {
	want := index.Document{
		ID: "012_首发经济.txt", Group: "012_首发经济.txt", Kind: index.KindText, Title: "示例区支持首发经济若干措施", Also: "首发经济",
		Department: "示例区商务委员会", Number: "示商规〔2024〕9 号", From: "2024-07-01", To: "2026-06-30",
		Body: "【发文机构】\n示例区商务委员会\n【发文字号】\n示商规〔2024〕9 号\n" +
			"第一条 支持品牌在本区开设首店，对新开设的品牌首店按照实际投入的百分之二十给予一次性补贴，最高不超过 50 万元。\n" +
			"第二条 本措施自2024年7月1日起施行，有效期至2026年6月30日。",
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(notice)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"UTF-8": notice, "UTF-8 with mark": "\ufeff" + notice, "GB18030": gb, "CRLF": strings.ReplaceAll(notice, "\n", "\r\n"),
	} {
		got, err := Document("012_首发经济.txt", []byte(content))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
}

func TestTitles(t *testing.T) {
	for content, want := range map[string]string{
		"关于支持机器人产业的意见\n正文。":       "关于支持机器人产业的意见",
		"12、关于支持机器人产业的意见\n正文。":    "关于支持机器人产业的意见",
		"第二条 本细则适用于本区企业\n正文。":     "文件名",
		"各镇人民政府，各委、办、局：\n正文。":     "文件名",
		"上一页剩下的半句话，到这里才算结束。\n正文。": "文件名",
		"": "文件名",
		"来源: 示例\n\n关于支持机器人产业的意见": "关于支持机器人产业的意见",
	} {
		d, err := Document("7_文件名.txt", []byte(content))
		if err != nil || d.Title != want {
			t.Errorf("%q: title %q, error %v, want %q", content, d.Title, err, want)
		}
	}
}

func TestNumbersOfOtherDocumentsAreNotTaken(t *testing.T) {
	for content, want := range map[string]string{
		"关于实施办法的通知\n示府规〔2023〕5号\n正文。":                   "示府规〔2023〕5号",
		"关于实施办法的通知\n（示府规[2023]5号）\n正文。":                 "示府规[2023]5号",
		"来源：示例区政府 示府规〔2023〕5号\n关于实施办法的通知\n正文。":          "示府规〔2023〕5号",
		"关于实施办法的通知\n按照市里的《若干措施》（沪示规〔2022〕1号）的要求，制定本办法。": "",
	} {
		d, err := Document("a.txt", []byte(content))
		if err != nil || d.Number != want {
			t.Errorf("%q: number %q, error %v, want %q", content, d.Number, err, want)
		}
	}
}

func TestDaysInForce(t *testing.T) {
	for text, want := range map[string][2]string{
		"本办法自2025年1月1日起施行。":                               {"2025-01-01", ""},
		"本通知自2026年1月1日至12月31日执行。":                         {"2026-01-01", "2026-12-31"},
		"本办法自 2025 年 3 月 1 日起实施，有效期三年，至 2028 年 2 月 29 日。": {"2025-03-01", "2028-02-29"},
		"有效期至2027年2月29日。":                                 {"", ""},
		"本办法自2025年1月1日起施行。本细则自2026年1月1日起施行。":              {"", ""},
		"自2025年1月1日起施行的税法。":                               {"", ""},
		"本办法自2025年1月1日起施行，有效期至2024年1月1日。":                 {"", ""},
	} {
		if from, to := daysInForce(text); from != want[0] || to != want[1] {
			t.Errorf("%s: %q to %q, want %v", text, from, to, want)
		}
	}
}

func TestWhatIsNoText(t *testing.T) {
	for name, content := range map[string][]byte{
		"a NUL": []byte("补贴\x00"), "no encoding at all": {0xff, 0xff, 0xfe, 0x80, 0xff, 0x81}, "too long": make([]byte, MaxBytes+1),
	} {
		if d, err := Document("a.txt", content); err == nil {
			t.Errorf("%s: read as %q", name, d.Body)
		}
	}
	d, err := Document("a.txt", []byte("这是一段有一个坏字节的普通文字，其余部分都完好无损，应当按UTF-8读取\xff。"))
	if err != nil || !strings.HasPrefix(d.Body, "这是一段") {
		t.Errorf("one bad byte: %q, %v", d.Body, err)
	}
}

func TestPassages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sentence := rapid.SampledFrom([]string{"对符合条件的企业给予补贴。", "\n", "申报", "第一条 ", "；", "abc ", strings.Repeat("长", 90)})
		body := strings.TrimSpace(strings.Join(rapid.SliceOfN(sentence, 0, 400).Draw(t, "body"), ""))
		d := index.Document{ID: "f.txt", Group: "f.txt", Kind: index.KindText, Title: "标题", Number: "号", Body: body}
		var joined strings.Builder
		seen := map[string]bool{}
		for _, p := range Passages(d) {
			if seen[p.ID] || p.Group != d.Group || p.Title != d.Title || p.Number != d.Number {
				t.Fatalf("passage %+v", p)
			}
			seen[p.ID] = true
			if n := utf8.RuneCountInString(p.Body); n > longestRunes+shortestRunes {
				t.Fatalf("passage of %d runes", n)
			}
			joined.WriteString(p.Body)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(joined.String()) != squeeze(body) {
			t.Fatal("the passages together are not the text")
		}
		if !seen["f.txt"] {
			t.Fatal("no passage has the id of the whole")
		}
	})
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b.txt", notice)
	write("a.TXT", "关于养老机构补贴的通知\n"+strings.Repeat("养老机构按床位给予运营补贴。", 200))
	write("broken.txt", "\x00\x01")
	write("notes.md", "不读这个文件")
	if err := os.Mkdir(filepath.Join(dir, "folder.txt"), 0o755); err != nil {
		t.Fatal(err)
	}
	docs, err := Read(dir)
	if err == nil || !strings.Contains(err.Error(), "broken.txt") || strings.Contains(err.Error(), "notes.md") {
		t.Errorf("error %v", err)
	}
	files := map[string]int{}
	for _, d := range docs {
		files[d.Group]++
	}
	if files["a.TXT"] < 4 || files["b.txt"] != 1 || len(files) != 2 {
		t.Errorf("passages by file: %v", files)
	}
	x, err := index.NewTemp(context.Background(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := x.Search(context.Background(), index.Query{Text: "品牌首店补贴"})
	if err != nil || len(r.Hits) == 0 || r.Hits[0].Group != "b.txt" {
		t.Errorf("found %+v, %v", r.Hits, err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Read(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add("012_首发经济.txt", []byte(notice))
	f.Add("\xe9", []byte(""))
	f.Add("", []byte("\xff\xfe第一条"))
	f.Add("x.txt", []byte("来源：\n\n\n【发文机构】\n"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		d, err := Document(name, content)
		if err != nil {
			return
		}
		if !utf8.ValidString(d.ID + d.Title + d.Also + d.Body + d.Department + d.Number) {
			t.Errorf("broken text in %+v", d)
		}
		for _, p := range Passages(d) {
			if n := utf8.RuneCountInString(p.Body); n > longestRunes+shortestRunes {
				t.Errorf("passage of %d runes", n)
			}
		}
	})
}
