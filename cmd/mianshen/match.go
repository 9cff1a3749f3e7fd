package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"mianshen/engine"
	"mianshen/internal/intake"
	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/source"
)

// inputs are the flags by which match, explain and simulate name what they read.
type inputs struct {
	Policies   string   `required:"" help:"政策文件夹，或含有政策文件夹的目录"`
	Profiles   string   `required:"" help:"企业画像：CSV（UTF-8 或 GB18030）、XLSX、JSONL 或 Parquet"`
	Vocabulary string   `help:"指标字典；缺省为最近的 vocabulary.yaml，再缺省为内置字典"`
	AsOf       string   `help:"基准日，如 2025-06-30；缺省为今天"`
	Records    []string `help:"表的记录，如 租赁合同=FILE；可写多次" sep:"none" placeholder:"表=FILE"`
	Awards     string   `help:"拨付历史；给了它，没有记录就是没有拨付过"`
	Findings   string   `help:"人工认定的结果"`
}

// matter is everything that was read.
type matter struct {
	book   *rules.Book
	batch  *intake.Batch
	around rules.Circumstances
}

// day reads the as-of day; without one it is today in Shanghai, and that is said.
func (in *inputs) day(s *streams) (civil.Date, error) {
	if in.AsOf == "" {
		today := civil.On(time.Now())
		fmt.Fprintf(s.err, "没有给 --as-of，按今天 %s 判定。\n", today)
		return today, nil
	}
	d, err := civil.Parse(in.AsOf)
	if err != nil {
		return d, misuse{fmt.Sprintf("--as-of：%v", err)}
	}
	return d, nil
}

// read reads and compiles everything; notices go to stderr.
func (in *inputs) read(ctx context.Context, s *streams) (*matter, error) {
	day, err := in.day(s)
	if err != nil {
		return nil, err
	}
	m := &matter{around: rules.Circumstances{AsOf: day}}
	if m.book, err = in.law(s); err != nil {
		return nil, err
	}
	if m.batch, err = in.profiles(ctx, m.book.Vocabulary); err != nil {
		return nil, err
	}
	var notices []string
	if in.Awards != "" {
		var awards []rules.Award
		err = withInput(in.Awards, func(f intake.Input) (err error) {
			awards, notices, err = intake.ReadAwards(ctx, f, intake.Options{})
			return err
		})
		m.around.History = rules.NewHistory(awards)
	}
	if err == nil && in.Findings != "" {
		var findings []rules.PersonFinding
		err = withInput(in.Findings, func(f intake.Input) (err error) {
			var more []string
			findings, more, err = intake.ReadFindings(ctx, f, intake.Options{})
			notices = append(notices, more...)
			return err
		})
		m.around.Findings = rules.NewFindings(findings)
		notices = append(notices, m.strayFindings(findings)...)
	}
	for _, n := range append(m.batch.Notices, notices...) {
		fmt.Fprintln(s.err, n)
	}
	return m, err
}

// strayFindings says which findings are about nothing that the policies ask of a person.
func (m *matter) strayFindings(findings []rules.PersonFinding) []string {
	asked := map[[2]string]bool{}
	for _, r := range m.book.Rules {
		for _, id := range r.AsksPersons() {
			asked[[2]string{r.Item.ID, id}] = true
		}
	}
	var out []string
	said := map[[2]string]bool{}
	for _, f := range findings {
		key := [2]string{f.Item, f.Condition}
		if !asked[key] && !said[key] {
			said[key] = true
			out = append(out, fmt.Sprintf("人工认定：事项 %s 没有等人认定的条件 %s，没有用上。", source.Clip(f.Item), source.Clip(f.Condition)))
		}
	}
	return out
}

// law compiles the policies without their cases.
func (in *inputs) law(s *streams) (*rules.Book, error) {
	v, err := openVocabulary(in.Policies, in.Vocabulary)
	if err != nil {
		return nil, err
	}
	return compileFolder(s, "--policies", in.Policies, v)
}

// compileFolder compiles the policies of a folder that a flag names, without their cases.
func compileFolder(s *streams, flag, dir string, v *rules.Vocabulary) (*rules.Book, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, misuse{fmt.Sprintf("%s：%s 不是目录", flag, dir)}
	}
	policies, ms := rules.ReadLaw(os.DirFS(dir), filepath.ToSlash(dir))
	book, more := rules.Compile(v, policies)
	ms = append(ms, more...)
	if err := ms.Err(); err != nil {
		return nil, err
	}
	sayWarnings(s, ms)
	return book, nil
}

func sayWarnings(s *streams, ms source.Mistakes) {
	ms.Sort()
	for _, m := range ms {
		fmt.Fprintln(s.err, m.Error())
	}
}

func (in *inputs) profiles(ctx context.Context, v *rules.Vocabulary) (*intake.Batch, error) {
	var batch *intake.Batch
	err := withInput(in.Profiles, func(f intake.Input) (err error) {
		batch, err = intake.ReadProfiles(ctx, v, f, intake.Options{})
		return err
	})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, given := range in.Records {
		name, path, found := strings.Cut(given, "=")
		table, ok := v.Field(name)
		switch {
		case !found || path == "":
			return nil, misuse{fmt.Sprintf("--records “%s”：写作 表名=文件", given)}
		case !ok || table.Type != rules.TypeTable:
			return nil, misuse{fmt.Sprintf("--records：指标字典里没有“%s”这张表", name)}
		case seen[table.Name]:
			return nil, misuse{fmt.Sprintf("--records：%s 给了两个文件，请合成一个", table.Name)}
		}
		seen[table.Name] = true
		if err := attach(ctx, batch, table, path); err != nil {
			return nil, err
		}
	}
	return batch, nil
}

// attach reads the records of one table into the batch.
func attach(ctx context.Context, batch *intake.Batch, table *rules.Field, path string) error {
	return withInput(path, func(f intake.Input) error {
		records, err := intake.ReadRecords(ctx, table, f, intake.Options{})
		if err != nil {
			return err
		}
		batch.Notices = append(batch.Notices, records.Notices...)
		return batch.Attach(records)
	})
}

func withInput(path string, read func(intake.Input) error) (err error) {
	f, closer, err := intake.Open(path)
	if err != nil {
		return misuse{err.Error()}
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	return read(f)
}

// matchCmd decides all items for all enterprises.
type matchCmd struct {
	inputs
	Item    string `help:"只判定这一个事项"`
	Outcome string `enum:"eligible,unknown,ineligible,all,due" default:"due" help:"只输出这种结果；all 为全部，缺省为符合和待核实"`
	Format  string `enum:"table,jsonl,csv,xlsx" default:"table" help:"table、jsonl、csv 或 xlsx"`
	Out     string `help:"写到文件，缺省为标准输出"`
}

// Run reads, decides and writes.
func (c *matchCmd) Run(ctx context.Context, s *streams) error {
	debug.SetGCPercent(400)
	if err := c.overwrites(c.Out); err != nil {
		return err
	}
	m, err := c.read(ctx, s)
	if err != nil {
		return err
	}
	list, err := m.due(s, c.Item)
	if err != nil {
		return err
	}
	profiles := m.batch.Profiles
	if m.around.History == nil {
		sayHistory(s, list)
	}
	lines := make([][]byte, len(list)*len(profiles))
	var firms []row
	if c.Format != "jsonl" {
		firms = make([]row, len(lines))
	}
	var tally [3]atomic.Int64
	bar := newProgress(s, "比对", int64(len(profiles))*int64(len(list)))
	err = engine.Sweep(ctx, m.book, list, profiles, m.around, func(r, p int, d *rules.Decision) {
		bar.add()
		tally[outcomeOrder[d.Outcome]].Add(1)
		if !c.wants(d.Outcome) {
			return
		}
		if firms == nil {
			lines[r*len(profiles)+p] = append(d.AppendLine(make([]byte, 0, 256)), '\n')
			return
		}
		firms[r*len(profiles)+p] = newRow(d, m.batch.Names[d.Enterprise])
	})
	bar.done()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d 个事项 × %d 户企业：符合 %d，待核实 %d，不符合 %d。\n", len(list), len(profiles), tally[0].Load(), tally[1].Load(), tally[2].Load())
	return output(c.Out, s.out, c.Format == "xlsx", func(w io.Writer) error {
		if firms == nil {
			return writeLines(w, lines)
		}
		return writeRows(w, c.Format, firms)
	})
}

// sayHistory says which items wait because no earlier awards were given.
func sayHistory(s *streams, list []*rules.Rule) {
	n, limited := 0, 0
	for _, r := range list {
		if r.AsksHistory() {
			n++
		}
		if r.LimitedByHistory() {
			limited++
		}
	}
	if limited > 0 {
		fmt.Fprintf(s.err, "没有给 --awards：有 %d 个事项没有核对是否已经拨付过，也没有按年度、累计上限和次数扣减。\n", limited)
	}
	if n > 0 {
		fmt.Fprintf(s.err, "没有给 --awards：有 %d 个事项用到 已奖 或 曾获，不知道拨付历史就不能判为符合。\n", n)
	}
}

// outcomeOrder is the order in which outcomes are told.
var outcomeOrder = map[rules.Outcome]int{rules.Eligible: 0, rules.Unknown: 1, rules.Ineligible: 2}

// overwrites refuses an output that is one of the inputs.
func (in inputs) overwrites(output string) error {
	if output == "" {
		return nil
	}
	out, missing := os.Stat(output)
	if missing != nil {
		return nil //nolint:nilerr // what isn't there yet overwrites nothing
	}
	read := []string{in.Profiles, in.Vocabulary, in.Awards, in.Findings}
	for _, given := range in.Records {
		_, path, _ := strings.Cut(given, "=")
		read = append(read, path)
	}
	for _, path := range read {
		if in, err := os.Stat(path); path != "" && err == nil && os.SameFile(in, out) {
			return misuse{fmt.Sprintf("--out %s 就是要读的文件，换一个名字", output)}
		}
	}
	return nil
}

func (c *matchCmd) wants(o rules.Outcome) bool {
	switch c.Outcome {
	case "all":
		return true
	case "due":
		return o != rules.Ineligible
	}
	return string(o) == c.Outcome
}

// due lists the rules decided on the day; the others are said.
func (m *matter) due(s *streams, item string) ([]*rules.Rule, error) {
	list := m.book.Rules
	if item != "" {
		r, err := m.rule(item)
		if err != nil {
			return nil, err
		}
		list = []*rules.Rule{r}
	}
	var out []*rules.Rule
	for _, r := range list {
		if r.Due(m.around.AsOf) {
			out = append(out, r)
			continue
		}
		fmt.Fprintf(s.err, "事项 %s 在 %s 不在有效期内，不判定。\n", r.Item.ID, m.around.AsOf)
	}
	return out, nil
}

func (m *matter) rule(item string) (*rules.Rule, error) {
	if r, ok := m.book.Rule(item); ok {
		return r, nil
	}
	var ids []string
	for _, r := range m.book.Rules {
		ids = append(ids, r.Item.ID)
	}
	hint := "，事项的 id 见 policy.yaml 的 items"
	if near, ok := source.Nearest(item, ids); ok {
		hint = "，是不是 " + near + "？"
	}
	return nil, misuse{fmt.Sprintf("没有事项 %s%s", item, hint)}
}

func writeLines(w io.Writer, lines [][]byte) error {
	b := bufio.NewWriterSize(w, 1<<16)
	for _, l := range lines {
		if _, err := b.Write(l); err != nil {
			return err
		}
	}
	return b.Flush()
}

// row is one line of a table for people.
type row []string

var rowHeader = []string{"政策", "事项", "事项名称", "统一社会信用代码", "企业名称", "结果", "金额（元）", "不满足", "缺少的数据", "待人工", "窗口"}

func newRow(d *rules.Decision, name string) row {
	amount, open := "", ""
	if d.Amount != nil {
		amount = d.Amount.String()
	}
	if !d.Open {
		open = "未开放"
	}
	return row{
		d.Rule.Policy.ID, d.Rule.Item.ID, d.Rule.Item.Title, d.Enterprise, name, d.Outcome.Label(), amount,
		strings.Join(d.Failed, "、"), strings.Join(d.Missing, "、"), strings.Join(d.Manual, "、"), open,
	}
}

const amountColumn = 6

func writeRows(w io.Writer, format string, rows []row) error {
	var out sheet.Writer
	var err error
	switch format {
	case "csv":
		out, err = sheet.NewCSV(w, rowHeader, true)
	case "xlsx":
		out, err = sheet.NewXLSX(w, "比对结果", rowHeader)
	default:
		out = sheet.NewText(w, rowHeader)
	}
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r == nil {
			continue
		}
		cells := make([]sheet.Cell, len(r))
		for i, text := range r {
			cells[i] = sheet.Words(text)
			if i == amountColumn && text != "" {
				cells[i] = sheet.Figure(text)
			}
		}
		if err := out.Write(cells...); err != nil {
			return err
		}
	}
	return out.Close()
}
