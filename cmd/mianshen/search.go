package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mianshen/index"
	"mianshen/index/lexicon"
	"mianshen/index/texts"
	"mianshen/internal/catalog"
	"mianshen/rules"
	"mianshen/seeds"
)

// searchCmd searches policies, or a folder of texts.
type searchCmd struct {
	Query    []string `arg:"" optional:"" help:"要找什么"`
	Policies string   `xor:"what" help:"政策文件夹，或含有政策文件夹的目录；缺省为内置示例"`
	Texts    string   `xor:"what" help:"一个目录里的 .txt 文件，文件名即编号"`
	Queries  string   `help:"每行一个“编号<TAB>查询”的文件"`
	Format   string   `enum:"text,jsonl" default:"text" help:"text 或 jsonl"`
	N        int      `short:"n" default:"10" help:"每个查询最多几条"`
	Synonyms string   `help:"自己的同义词文件，一行一组：人们说的 > 文件里写的；缺省用自带的"`
	Literal  bool     `help:"照原样查：不改错字和拼音，不把词当筛选"`
	Explain  bool     `help:"说明怎么理解这句话、每条为什么排在这里（写到标准错误）"`
}

// question is one query with its id.
type question struct{ id, text string }

// Run builds an index, asks it, and takes it away again.
func (c *searchCmd) Run(ctx context.Context, s *streams) (err error) {
	if c.N < 1 || c.N > index.MaxLimit {
		return misuse{fmt.Sprintf("-n 应在 1 到 %d 之间", index.MaxLimit)}
	}
	questions, err := c.questions()
	if err != nil {
		return err
	}
	docs, err := c.documents(s)
	if err != nil {
		return err
	}
	lex, err := readLexicon(c.Synonyms)
	if err != nil {
		return err
	}
	x, err := index.NewTemp(ctx, docs, lex)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	out := bufio.NewWriter(s.out)
	for _, q := range questions {
		res, err := x.Search(ctx, index.Query{Text: q.text, Limit: c.N, Literal: c.Literal})
		if err != nil {
			return fmt.Errorf("查询“%s”：%w", q.text, err)
		}
		if res.Ignored != "" {
			fmt.Fprintf(s.err, "查询太长或有不能查的字，没有用上：%s\n", res.Ignored)
		}
		c.say(s.err, res)
		if c.Queries != "" && c.Format == "text" && len(res.Hits) > 0 {
			fmt.Fprintf(out, "%s\n", oneLine(html.EscapeString(q.id+" "+q.text)))
		}
		if err := c.write(out, s, q, res); err != nil {
			return err
		}
	}
	return out.Flush()
}

// say says how a question was understood.
func (c *searchCmd) say(w io.Writer, res index.Result) {
	if res.Read != "" {
		fmt.Fprintf(w, "已按“%s”查找；要照原样查，加 --literal。\n", res.Read)
	}
	for _, chip := range res.Chips {
		fmt.Fprintf(w, "“%s”当作筛选：%s\n", chip.Word, narrowed(chip))
	}
	if !c.Explain {
		return
	}
	for _, word := range res.Words {
		fmt.Fprintf(w, "找“%s”，占 %.0f%%", spoken(word.Text), 100*word.Share)
		if len(word.Instead) > 0 {
			fmt.Fprintf(w, "，文件里也可以写作：%s", strings.Join(word.Instead, "、"))
		}
		if word.Unknown {
			fmt.Fprint(w, "，没有文件这样写")
		}
		fmt.Fprintln(w)
	}
	if len(res.Words) == 0 && len(res.Hits) > 0 {
		fmt.Fprintln(w, "没有要找的词，不计得分。")
		return
	}
	for _, h := range res.Hits {
		fmt.Fprintf(w, "第 %d 条：得分 %.2f，要找的有 %.0f%% 靠近着出现", h.Rank, h.Score, 100*h.Share)
		if len(h.Missing) > 0 {
			missing := make([]string, len(h.Missing))
			for i, text := range h.Missing {
				missing[i] = spoken(text)
			}
			fmt.Fprintf(w, "，缺“%s”", strings.Join(missing, "”“"))
		}
		if h.NotDone != "" {
			fmt.Fprintf(w, "，没有说怎么“%s”", h.NotDone)
		}
		fmt.Fprintf(w, "；把握 %.0f%%", 100*h.Sure)
		if h.Weak {
			fmt.Fprintf(w, "，不到 %.0f%%，只算可能相关", 100*index.Floor)
		}
		fmt.Fprintln(w)
	}
}

// narrowed writes what a filter word narrows to. A value may itself be several departments, so that more than one are
// quoted.
func narrowed(chip index.Chip) string {
	values := slices.Clone(chip.Values)
	for i, value := range values {
		if chip.By == lexicon.ByMode {
			values[i] = rules.Mode(value).Label()
		}
	}
	if len(values) == 1 {
		return values[0]
	}
	return "“" + strings.Join(values, "”“") + "”"
}

var numberTerm = regexp.MustCompile(`^#(\D*)(\d{4})-(\d+)$`)

// spoken writes a searched word for people: the terms of sums and document numbers as they are written in texts.
func spoken(text string) string {
	if yuan, ok := strings.CutPrefix(text, "¥"); ok {
		if wan, round := strings.CutSuffix(yuan, "0000"); round && wan != "" {
			return wan + " 万元"
		}
		return yuan + " 元"
	}
	return numberTerm.ReplaceAllString(text, "${1}〔${2}〕${3}号")
}

// readLexicon reads a file of synonyms; nil, the program's own, where none is named.
func readLexicon(path string) (*lexicon.Lexicon, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse{fmt.Sprintf("--synonyms：读不了 %s，请查看路径和权限", path)}
	}
	return lexicon.New(path, string(text))
}

// maxQueries caps a file of queries.
const maxQueries = 100_000

func (c *searchCmd) questions() (out []question, err error) {
	if c.Queries == "" {
		text := strings.Join(c.Query, " ")
		if strings.TrimSpace(text) == "" {
			return nil, misuse{"要找什么？例如：mianshen search 厂房租金有没有补助"}
		}
		return []question{{text, text}}, nil
	}
	if len(c.Query) > 0 {
		return nil, misuse{"给了 --queries 就不要再写查询"}
	}
	if info, err := os.Stat(c.Queries); err != nil || !info.Mode().IsRegular() {
		return nil, misuse{fmt.Sprintf("--queries：没有 %s 这个文件，或它不是普通文件", c.Queries)}
	}
	f, err := os.Open(c.Queries)
	if err != nil {
		return nil, misuse{fmt.Sprintf("--queries：%v", err)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimPrefix(strings.TrimRight(lines.Text(), "\r"), "\ufeff")
		if strings.TrimSpace(line) == "" {
			continue
		}
		id, text, found := strings.Cut(line, "\t")
		if !found {
			return nil, fmt.Errorf("%s:%d: 每行写作 编号<TAB>查询", c.Queries, n)
		}
		if out = append(out, question{id, text}); len(out) > maxQueries {
			return nil, fmt.Errorf("%s: 查询超过 %d 个", c.Queries, maxQueries)
		}
	}
	return out, lines.Err()
}

func (c *searchCmd) documents(s *streams) ([]index.Document, error) {
	if c.Texts != "" {
		if info, err := os.Stat(c.Texts); err != nil || !info.IsDir() {
			return nil, misuse{fmt.Sprintf("--texts：没有 %s 这个目录，或它读不了", c.Texts)}
		}
		docs, err := texts.Read(c.Texts)
		if len(docs) == 0 && err == nil {
			return nil, misuse{fmt.Sprintf("--texts：%s 里没有可查的 .txt 文件", c.Texts)}
		}
		if len(docs) == 0 && err != nil {
			return nil, misuse{err.Error()}
		}
		if err != nil {
			fmt.Fprintln(s.err, err)
		}
		return docs, nil
	}
	fsys, shown := seeds.Policies(), "内置示例"
	if c.Policies != "" {
		if _, err := folder(c.Policies); err != nil {
			return nil, err
		}
		fsys, shown = os.DirFS(c.Policies), filepath.ToSlash(c.Policies)
	}
	policies, ms := rules.ReadLaw(fsys, shown)
	if err := ms.Err(); err != nil {
		return nil, err
	}
	return catalog.Documents(policies), nil
}

// foundLine is one line of JSONL.
type foundLine struct {
	Query   string  `json:"query"`
	Rank    int     `json:"rank"`
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Score   float64 `json:"score"`
	Snippet string  `json:"snippet"`
	Weak    bool    `json:"weak,omitempty"`
}

// oneLine makes HTML without tags plain text on one line, without what a terminal would act on.
func oneLine(text string) string {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, html.UnescapeString(text))
	return strings.Join(strings.Fields(shown), " ")
}

// marked makes a marked text plain but for the marks, which bold writes.
func marked(bold *strings.Replacer, text string) string {
	var b strings.Builder
	for _, part := range strings.SplitAfter(text, "mark>") {
		tag := ""
		for _, t := range []string{"<mark>", "</mark>"} {
			if strings.HasSuffix(part, t) {
				part, tag = strings.TrimSuffix(part, t), t
			}
		}
		clean := oneLine(part)
		if strings.HasPrefix(part, " ") && clean != "" {
			clean = " " + clean
		}
		b.WriteString(clean)
		b.WriteString(bold.Replace(tag))
	}
	return b.String()
}

func (c *searchCmd) write(w io.Writer, s *streams, q question, res index.Result) error {
	if c.Format == "text" {
		return writeFound(w, s, q, res)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, h := range res.Hits {
		id := h.Group
		if id == "" {
			id = h.ID
		}
		line := foundLine{Query: q.id, Rank: h.Rank, ID: id, Title: index.Plain(h.Title), Score: h.Score, Snippet: h.Snippet, Weak: h.Weak}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func writeFound(w io.Writer, s *streams, q question, res index.Result) error {
	if len(res.Hits) == 0 {
		name, number := lexicon.Helpline(q.text)
		_, err := fmt.Fprintf(s.err, "没有找到“%s”。换个说法，或少用几个字再试；也可以打 %s（%s）问一问。\n", q.text, number, name)
		return err
	}
	bold := strings.NewReplacer("<mark>", "", "</mark>", "")
	if terminal(s.out) {
		bold = strings.NewReplacer("<mark>", "\x1b[1m", "</mark>", "\x1b[0m")
	}
	weak := false
	for _, h := range res.Hits {
		if h.Weak && !weak {
			weak = true
			fmt.Fprintln(w, "可能相关：")
		}
		id := h.Group
		if id == "" {
			id = h.ID
		}
		if _, err := fmt.Fprintf(w, "%2d. %s〔%s〕\n    %s\n", h.Rank, marked(bold, h.Title), id, marked(bold, h.Snippet)); err != nil {
			return err
		}
	}
	return nil
}
