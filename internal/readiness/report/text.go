// Package report writes what a readiness survey found out for officials: as text, and as CSV tables for spreadsheets.
package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/readiness"
	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// shown is how many reasons, or enterprises, a text lists of one party, or of one side of a threshold.
const shown = 5

// paper writes lines and remembers the first error.
type paper struct {
	w   io.Writer
	err error
}

func (p *paper) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table writes rows under a header; from column figures on, cells are numbers.
func (p *paper) table(header []string, figures int, rows [][]string) {
	if p.err != nil {
		return
	}
	out := sheet.NewText(p.w, header)
	for _, row := range rows {
		if p.err = out.Write(cells(row, figures)...); p.err != nil {
			return
		}
	}
	p.err = out.Close()
}

func cells(row []string, figures int) []sheet.Cell {
	out := make([]sheet.Cell, len(row))
	for i, text := range row {
		out[i] = sheet.Words(text)
		if i >= figures {
			out[i] = sheet.Figure(text)
		}
	}
	return out
}

// Items writes which items could be 免申即享 and what the others wait for.
func Items(w io.Writer, s *readiness.Survey, items []readiness.Item) error {
	p := &paper{w: w}
	p.line("免申即享准备情况  基准日 %s  %d 户企业，%d 个事项", s.Around.AsOf, s.Table.Rows(), len(items))
	p.line("")
	p.summary(readiness.Summarise(items))
	p.ready(items)
	for _, v := range []readiness.Verdict{readiness.AwaitsData, readiness.AwaitsClause} {
		p.waiting(v, items)
	}
	return p.err
}

func (p *paper) summary(counts []readiness.Count) {
	total := readiness.Count{}
	header, rows := []string{"现在的方式"}, [][]string{}
	for _, v := range readiness.Verdicts {
		header = append(header, v.Label())
	}
	row := func(name string, c readiness.Count) []string {
		out := []string{name}
		for _, v := range readiness.Verdicts {
			out = append(out, strconv.Itoa(c.Of(v)))
		}
		return append(out, strconv.Itoa(c.Ready+c.Data+c.Clause))
	}
	for _, c := range counts {
		total.Ready, total.Data, total.Clause = total.Ready+c.Ready, total.Data+c.Data, total.Clause+c.Clause
		rows = append(rows, row(c.Mode.Label(), c))
	}
	p.table(append(header, "合计"), 1, append(rows, row("合计", total)))
	auto := counts[0]
	p.line("")
	p.line("现在免申即享 %d 项。其余事项里，数据已经够的 %d 项，等数据共享的 %d 项，要先把条款改成可以核对的 %d 项。",
		auto.Ready+auto.Data+auto.Clause, total.Ready-auto.Ready, total.Data-auto.Data, total.Clause-auto.Clause)
	if n := auto.Data + auto.Clause; n > 0 {
		p.line("有 %d 项写明免申即享，其实还等数据或者等人认定，列在下面。", n)
	}
}

// ready lists the items that data decide and that still have to be applied for.
func (p *paper) ready(items []readiness.Item) {
	list := slices.DeleteFunc(slices.Clone(items), func(it readiness.Item) bool { return it.Verdict != readiness.Ready || it.Mode == rules.Auto })
	if len(list) == 0 {
		return
	}
	p.line("")
	p.line("【可以转为免申即享】%d 项，条件和金额都能由数据判定", len(list))
	for _, it := range list {
		p.head(it)
		p.bypassed(it.Needs)
	}
}

func (p *paper) waiting(v readiness.Verdict, items []readiness.Item) {
	list := slices.DeleteFunc(slices.Clone(items), func(it readiness.Item) bool { return it.Verdict != v })
	if len(list) == 0 {
		return
	}
	p.line("")
	p.line("【%s】%d 项", v.Label(), len(list))
	for _, it := range list {
		p.head(it)
		p.needs(it.Needs, "", "")
		p.bypassed(it.Needs)
	}
}

func (p *paper) head(it readiness.Item) {
	p.line("  %s（%s，%s）%s", it.Title, it.Item, it.Mode.Label(), it.PolicyTitle)
	p.line("      符合 %d 户，待核实 %d 户，不符合 %d 户", it.Eligible, it.Unknown, it.Ineligible)
}

// needs writes what stands in the way. Parts stand under the clause of the condition that they belong to.
func (p *paper) needs(needs []readiness.Need, clause, quote string) {
	for _, n := range needs {
		if n.Verdict == readiness.Ready {
			continue
		}
		if n.Clause == "" {
			n.Clause, n.Quote = clause, quote
		}
		place := cite(n)
		if n.Judge != "" {
			p.line("      要人认定：%s%s", n.Judge, place)
		}
		for _, c := range n.Owed {
			p.line("      等%s：%s%s", c.Department, coverage(c), place)
		}
		p.needs(n.Parts, n.Clause, n.Quote)
	}
}

// coverage says how much of the fact is there.
func coverage(c readiness.Coverage) string {
	unit := "户"
	if strings.Contains(c.Fact, ".") {
		unit = "条"
	}
	if c.Of == 0 {
		return c.Fact
	}
	share := exact.Frac(int64(c.Known)*100, int64(c.Of))
	return fmt.Sprintf("%s，%d %s里有 %d %s（%s%%）", c.Fact, c.Of, unit, c.Known, unit, share.Decimal(2))
}

func cite(n readiness.Need) string {
	switch {
	case n.Clause == "":
		return ""
	case n.Quote == "":
		return "（" + n.Clause + "）"
	}
	return fmt.Sprintf("（%s“%s”）", n.Clause, n.Quote)
}

// bypassed says which ways are still closed where another way is open already.
func (p *paper) bypassed(needs []readiness.Need) {
	for _, n := range needs {
		if n.Any && n.Verdict != readiness.AwaitsClause {
			for _, part := range n.Parts {
				p.closed(n, part)
			}
		}
		p.bypassed(n.Parts)
	}
}

func (p *paper) closed(n, part readiness.Need) {
	if !part.Verdict.Farther(n.Verdict) {
		return
	}
	title := part.Title
	if title == "" {
		title = part.Judge
	}
	p.line("      “%s”有一条路仍%s：%s", n.Title, map[readiness.Verdict]string{readiness.AwaitsData: "等数据", readiness.AwaitsClause: "要人认定"}[part.Verdict], title)
}

// Gaps writes what is held up, by whom and of which items.
func Gaps(w io.Writer, s *readiness.Survey) error {
	p, g := &paper{w: w}, s.Gaps()
	p.line("漏享清单  基准日 %s", s.Around.AsOf)
	p.line("")
	p.line("%d 对（一户企业、一个事项）现在不能判定，涉及 %d 户，压着 %s%s。", g.Whole.Pairs, g.Whole.Firms, g.Whole.Held.Words(), unpriced(g.Whole))
	if g.Whole.Pairs == 0 {
		return p.err
	}
	p.line("等几家的，每家都算一次；“只等它”的，它一家到位就能判定，这才是它真正压着的。压着的金额按其余条件都满足算，不是应发数。")
	p.line("")
	p.parties(g.Parties)
	for _, wait := range g.Parties {
		p.reasons(wait)
	}
	p.line("")
	p.line("按事项")
	var rows [][]string
	for _, it := range g.Items {
		rows = append(rows, append([]string{it.Item, it.Title, held(it.Parties)}, figures(it.Sum)...))
	}
	p.table([]string{"事项", "名称", "主要等谁", "对数", "户数", "压着（元）", "金额不明"}, 3, rows)
	return p.err
}

func unpriced(s readiness.Sum) string {
	if s.Unpriced == 0 {
		return ""
	}
	return fmt.Sprintf("，另有 %d 对金额不明", s.Unpriced)
}

// worth says what pairs hold up; nothing where their items have no amount.
func worth(s readiness.Sum) string {
	switch {
	case s.Held > 0:
		return "、" + s.Held.Words() + unpriced(s)
	case s.Unpriced > 0:
		return "，金额还不知道"
	}
	return ""
}

func figures(s readiness.Sum) []string {
	return []string{strconv.Itoa(s.Pairs), strconv.Itoa(s.Firms), s.Held.String(), strconv.Itoa(s.Unpriced)}
}

func (p *paper) parties(list []readiness.Wait) {
	header := []string{"等谁", "对数", "户数", "压着（元）", "金额不明", "只等它的对数", "只等它的户数", "只等它压着（元）", "只等它金额不明"}
	var rows [][]string
	for _, wait := range list {
		rows = append(rows, slices.Concat([]string{wait.Party.Name}, figures(wait.All), figures(wait.Alone)))
	}
	p.table(header, 1, rows)
}

func (p *paper) reasons(wait readiness.Wait) {
	p.line("")
	p.line("%s", map[readiness.Kind]string{readiness.Department: wait.Party.Name + "最缺", readiness.Person: "等人认定最多", readiness.Ledger: wait.Party.Name, readiness.Law: "规则算不出"}[wait.Party.Kind])
	for _, r := range wait.Reasons[:min(shown, len(wait.Reasons))] {
		alone := ""
		if r.Alone.Pairs > 0 {
			alone = fmt.Sprintf("，其中只差这一项 %d 对%s", r.Alone.Pairs, worth(r.Alone))
		}
		p.line("    %s：%d 对，%d 户%s", r.Text, r.All.Pairs, r.All.Firms, alone)
	}
	if rest := len(wait.Reasons) - shown; rest > 0 {
		p.line("    另有 %d 项", rest)
	}
}

// held names the two parties that hold up most pairs.
func held(list []readiness.Wait) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b readiness.Wait) int { return b.All.Pairs - a.All.Pairs })
	var names []string
	for _, w := range list[:min(2, len(list))] {
		names = append(names, fmt.Sprintf("%s %d", w.Party.Name, w.All.Pairs))
	}
	return strings.Join(names, "、")
}

// Near writes who stands close to which threshold.
func Near(w io.Writer, s *readiness.Survey, list []readiness.Vicinity, share exact.Num) error {
	p := &paper{w: w}
	percent, err := share.Mul(exact.Int(100))
	if err != nil {
		return err
	}
	p.line("门槛附近  基准日 %s  离门槛 %s%% 以内、其余条件都满足的企业", s.Around.AsOf, percent.Decimal(4))
	for _, v := range list {
		p.line("")
		p.line("%s（%s）%s", v.Title, v.Item, cite(readiness.Need{Clause: v.Clause, Quote: v.Quote}))
		p.line("    %s", v.Because)
		p.side("差一点没够", "按现有数值可得", v.Failing, v.Missed)
		p.side("刚刚够", "现在可得", v.Passing, v.Won)
	}
	if len(list) == 0 {
		p.line("没有这样的企业。")
	}
	return p.err
}

func (p *paper) side(title, verb string, list []readiness.Nearby, stake readiness.Stake) {
	if len(list) == 0 {
		return
	}
	p.line("    %s %d 户%s", title, len(list), stakeWords(stake, verb))
	for _, n := range list[:min(shown, len(list))] {
		parts := []string{n.Figure, "门槛 " + n.Threshold, n.Distance}
		if n.Amount != nil && *n.Amount > 0 {
			parts = append(parts, verb+" "+n.Amount.Words())
		}
		p.line("        %s  %s", n.Enterprise, strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "，"))
	}
	if rest := len(list) - shown; rest > 0 {
		p.line("        另有 %d 户", rest)
	}
}

func stakeWords(s readiness.Stake, verb string) string {
	switch {
	case s.Overflow:
		return "，合计超出可计的金额"
	case s.Amount == 0:
		return ""
	}
	return "，" + verb + " " + s.Amount.Words()
}
