package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"mianshen/engine"
	"mianshen/internal/sheet"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// simulateCmd tries a change of the law over all enterprises without making it.
type simulateCmd struct {
	inputs
	Item    string   `help:"事项编号；同 --against 一起可以不写，比较全部事项"`
	Vary    string   `help:"一个数从多少变到多少，各要多少钱；名称是数值、数值的一档（奖励[500万元]）或条件编号" placeholder:"名称=从..到"`
	Budget  string   `help:"预算，以元计或带单位；同 --vary 一起，说出够用到哪个数" placeholder:"元"`
	Set     []string `help:"改一个数值，如 收入门槛=600万元；分档的写 奖励[500万元]=20；可写多次" sep:"none" placeholder:"名称=值"`
	Replace []string `help:"换一个条件的表达式，空着就是去掉这个条件；可写多次" sep:"none" placeholder:"条件=表达式"`
	Amount  string   `help:"换金额的表达式" placeholder:"表达式"`
	Against string   `help:"改好的政策目录，同 --policies 比较；用同一份指标字典" placeholder:"目录"`
	Format  string   `enum:"text,json" default:"text" help:"text 或 json"`
	Out     string   `help:"写到文件，缺省为标准输出"`
}

// textSteps is how many values of a curve people can take in.
const textSteps = 20

// Run reads, decides and writes.
func (c *simulateCmd) Run(ctx context.Context, s *streams) error {
	debug.SetGCPercent(400)
	if err := c.misused(); err != nil {
		return err
	}
	if err := c.overwrites(c.Out); err != nil {
		return err
	}
	m, err := c.read(ctx, s)
	if err != nil {
		return err
	}
	if c.Item != "" && c.Against == "" {
		r, err := m.rule(c.Item)
		if err != nil {
			return err
		}
		if m.around.History == nil {
			sayHistory(s, []*rules.Rule{r})
		}
	}
	table, err := engine.FromProfiles(m.book.Vocabulary, m.batch.Profiles)
	if err != nil {
		return err
	}
	answer, err := c.answer(ctx, s, m, table)
	var refusal *whatif.Refusal
	if errors.As(err, &refusal) {
		return misuse{refusal.Text}
	}
	if err != nil {
		return err
	}
	return output(c.Out, s.out, false, func(w io.Writer) error {
		if c.Format == "json" {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(answer)
		}
		t := &simulation{w: w, names: m.batch.Names}
		switch answer := answer.(type) {
		case *whatif.Curve:
			t.curve(answer)
		case *whatif.Outcome:
			t.outcome(answer)
		}
		return t.err
	})
}

// misused says which flags don't go together.
func (c *simulateCmd) misused() error {
	edits := len(c.Set)+len(c.Replace) > 0 || c.Amount != ""
	ways := 0
	for _, is := range []bool{c.Vary != "", edits, c.Against != ""} {
		if is {
			ways++
		}
	}
	switch {
	case ways == 0:
		return misuse{"要写怎么改：--vary、--set、--replace、--amount 或 --against"}
	case ways > 1:
		return misuse{"--vary、--against 和 --set、--replace、--amount 只能用其中一种"}
	case c.Item == "" && c.Against == "":
		return misuse{"缺少选项 --item"}
	case c.Budget != "" && c.Vary == "":
		return misuse{"--budget 要同 --vary 一起用"}
	case c.Vary != "":
		_, err := c.variation()
		return err
	}
	_, err := c.edits(civil.Date{})
	return err
}

// answer is a *whatif.Curve or a *whatif.Outcome.
func (c *simulateCmd) answer(ctx context.Context, s *streams, m *matter, table *engine.Table) (any, error) {
	if c.Vary != "" {
		v, err := c.variation()
		if err != nil {
			return nil, err
		}
		v.Table, v.Book, v.Circumstances = table, m.book, m.around
		return whatif.Vary(ctx, v)
	}
	q := whatif.Question{Table: table, Before: m.book, Circumstances: m.around}
	if c.Item != "" {
		q.Items = []string{c.Item}
	}
	if c.Against == "" {
		edits, err := c.edits(m.around.AsOf)
		if err != nil {
			return nil, err
		}
		return whatif.Try(ctx, q, c.Item, edits)
	}
	var err error
	if q.After, err = compileFolder(s, "--against", c.Against, m.book.Vocabulary); err != nil {
		return nil, err
	}
	return whatif.Compare(ctx, q)
}

// variation is what the flags ask, without the facts and the law.
func (c *simulateCmd) variation() (whatif.Variation, error) {
	name, span, found := strings.Cut(c.Vary, "=")
	from, to, both := strings.Cut(span, "..")
	v := whatif.Variation{Item: c.Item, Name: strings.TrimSpace(name), From: strings.TrimSpace(from), To: strings.TrimSpace(to)}
	if !found || !both || v.From == "" || v.To == "" {
		return v, misuse{fmt.Sprintf("--vary “%s”：写作 名称=从..到，如 收入门槛=300万元..800万元", c.Vary)}
	}
	if c.Format == "text" {
		v.Steps = textSteps
	}
	if c.Budget == "" {
		return v, nil
	}
	var err error
	if v.Budget, err = parseBudget(c.Budget); err != nil {
		return v, misuse{fmt.Sprintf("--budget：%v", err)}
	}
	return v, nil
}

// parseBudget reads a sum above 0, in 元 or with its unit.
func parseBudget(text string) (exact.Money, error) {
	m, err := exact.ParseMoney(text)
	if err != nil {
		n, other := rules.ParseFigure(text, formula.MoneyUnit())
		fen, whole := n.Int64()
		if other != nil || !whole {
			return 0, fmt.Errorf("“%s”应是金额，写作 5000000 或 500万元", text)
		}
		m = exact.Money(fen)
	}
	if m <= 0 {
		return 0, errors.New("预算应大于零")
	}
	return m, nil
}

// edits are what the flags change in the law of a day.
func (c *simulateCmd) edits(day civil.Date) ([]rules.Edit, error) {
	var out []rules.Edit
	for _, given := range c.Set {
		name, value, found := strings.Cut(given, "=")
		if !found || value == "" {
			return nil, misuse{fmt.Sprintf("--set “%s”：写作 名称=值，如 收入门槛=600万元", given)}
		}
		name, cell, celled := strings.Cut(strings.TrimSpace(name), "[")
		if celled {
			cell = strings.TrimSuffix(cell, "]")
		}
		out = append(out, rules.Edit{What: rules.EditValue, Value: name, Cell: cell, On: day, Text: strings.TrimSpace(value)})
	}
	for _, given := range c.Replace {
		id, text, found := strings.Cut(given, "=")
		if !found {
			return nil, misuse{fmt.Sprintf("--replace “%s”：写作 条件=表达式；条件= 是去掉这个条件", given)}
		}
		e := rules.Edit{What: rules.EditCondition, Item: c.Item, Condition: strings.TrimSpace(id), Text: strings.TrimSpace(text)}
		if e.Text == "" {
			e.What = rules.EditDrop
		}
		out = append(out, e)
	}
	if c.Amount != "" {
		out = append(out, rules.Edit{What: rules.EditAmount, Item: c.Item, Text: c.Amount})
	}
	return out, nil
}

// simulation writes answers for people.
type simulation struct {
	w     io.Writer
	names map[string]string
	err   error
}

func (t *simulation) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

// table writes rows under a header; what reads as a number stands right.
func (t *simulation) table(header []string, rows [][]string) {
	if t.err != nil {
		return
	}
	out := sheet.NewText(t.w, header)
	for _, r := range rows {
		cells := make([]sheet.Cell, len(r))
		for i, text := range r {
			cells[i] = sheet.Words(text)
			if _, err := exact.Parse(strings.TrimPrefix(text, "+")); err == nil {
				cells[i] = sheet.Figure(text)
			}
		}
		t.err = errors.Join(t.err, out.Write(cells...))
	}
	t.err = errors.Join(t.err, out.Close())
}

func (t *simulation) curve(c *whatif.Curve) {
	t.line("%s %s：%s 从 %s 到 %s", c.Item, c.Title, c.Name, c.Steps[0].Words, c.Steps[len(c.Steps)-1].Words)
	var rows [][]string
	for _, s := range c.Steps {
		var notes []string
		if s.Present {
			notes = append(notes, "← 现行")
		}
		if s.Affordable {
			notes = append(notes, "← 预算到此")
		}
		rows = append(rows, []string{s.Words, strconv.Itoa(s.Enterprises), tenThousands(s.Money), strings.Join(notes, " ")})
	}
	t.table([]string{c.Name, "户数", "金额（万元）", ""}, rows)
	if !slices.ContainsFunc(c.Steps, func(s whatif.Step) bool { return s.Present }) {
		t.line("现行 %s：%d 户，%s。", c.Present.Words, c.Present.Enterprises, c.Present.Money.Words())
	}
	if !c.Exact {
		t.line("这个数不能一次算出全部：逐个数重新判定，各数之间没有算。")
	}
	t.budget(c)
}

func (t *simulation) budget(c *whatif.Curve) {
	if c.Budget == nil {
		return
	}
	told := func(s *whatif.Step) string {
		return fmt.Sprintf("%s（%d 户，%s）", s.Words, s.Enterprises, s.Money.Words())
	}
	switch {
	case c.Affordable == nil:
		t.line("预算 %s：在这个范围里都不够，最少的是 %s。", c.Budget.Words(), told(c.Beyond))
	case c.Beyond == nil:
		t.line("预算 %s：在这个范围里都够，最多的是 %s。", c.Budget.Words(), told(c.Affordable))
	default:
		t.line("预算 %s：够用到 %s，到 %s就超出。", c.Budget.Words(), told(c.Affordable), told(c.Beyond))
	}
}

// tenThousands writes a sum in 万元, exact.
func tenThousands(m exact.Money) string { return exact.Frac(int64(m), 1_000_000).Decimal(6) }

func (t *simulation) outcome(o *whatif.Outcome) {
	changed := 0
	for _, e := range o.Items {
		if !e.Any() {
			continue
		}
		changed++
		if changed == 1 {
			t.line("按 %s 比较 %d 户企业：", o.AsOf, o.Firms)
		}
		t.effect(e)
	}
	if changed == 0 {
		t.line("按 %s 比较 %d 户企业：没有企业的结果改变。", o.AsOf, o.Firms)
	}
}

func (t *simulation) effect(e *whatif.Effect) {
	t.line("\n%s %s：+%d 户 −%d 户，%s", e.Item, e.Title, e.Entered, e.Left, signed(e.Difference))
	t.line("符合 %d 户 → %d 户，金额 %s → %s；金额改变 %d 户", e.Before.Eligible, e.After.Eligible, e.Before.Money.Words(), e.After.Money.Words(), e.Changed)
	if e.Before.Unknown+e.After.Unknown > 0 {
		t.line("待核实 %d 户 → %d 户（+%d −%d）", e.Before.Unknown, e.After.Unknown, e.Waiting, e.Settled)
	}
	for _, g := range e.Groups {
		var rows [][]string
		for _, x := range g.Groups {
			rows = append(rows, []string{x.Name, strconv.Itoa(x.Entered), strconv.Itoa(x.Left), strconv.Itoa(x.Changed), tenThousands(x.Money)})
		}
		if len(rows) > 0 {
			t.line("")
			t.table([]string{g.Field, "新增", "退出", "金额改变", "差额（万元）"}, rows)
		}
	}
	t.examples("新增", e.Entered, e.EnteredExamples)
	t.examples("退出", e.Left, e.LeftExamples)
}

func (t *simulation) examples(what string, all int, list []whatif.Example) {
	if len(list) == 0 {
		return
	}
	t.line("")
	var rows [][]string
	for _, x := range list {
		amount := x.After
		if amount == nil {
			amount = x.Before
		}
		sum := ""
		if amount != nil {
			sum = tenThousands(*amount)
		}
		rows = append(rows, []string{x.Enterprise, t.names[x.Enterprise], sum, x.Reason})
	}
	t.table([]string{fmt.Sprintf("%s（%d 户里的 %d 户）", what, all, len(list)), "企业名称", "金额（万元）", "原因"}, rows)
}

// signed writes a difference with its sign.
func signed(m exact.Money) string {
	if m < 0 {
		return "−" + (-m).Words()
	}
	return "+" + m.Words()
}
