package rules

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the explanation for a person at a terminal.
func (e *Explanation) WriteText(w io.Writer) error {
	t := &textWriter{w: w}
	t.line("%s", e.ItemTitle)
	t.line("%s  %s", e.Title, e.Number)
	t.line("企业 %s  基准日 %s  所属期 %s  %s", e.Enterprise, e.AsOf, e.Period, e.Mode.Label())
	t.line("")
	t.line("结论：%s。%s", e.Outcome.Label(), e.Summary)
	if !e.Open {
		t.line("（今天不在申领或确认的时间窗口内）")
	}
	t.line("")
	t.findings(e.Conditions, "")
	for _, r := range e.Records {
		t.line("")
		t.line("记录 %s：%s%s", r.Basis, r.Outcome.Label(), amountText(r))
		t.findings(r.Conditions, "  ")
		if r.Figure != nil {
			t.trace(r.Figure, "      ")
		}
	}
	t.figure(e)
	t.missing(e)
	return t.err
}

func amountText(r ExplainedRecord) string {
	if r.Amount == nil {
		return ""
	}
	return "，" + r.Amount.Words()
}

type textWriter struct {
	w   io.Writer
	err error
}

func (t *textWriter) line(format string, args ...any) {
	if t.err != nil {
		return
	}
	_, t.err = fmt.Fprintln(t.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

var signs = map[string]string{"true": "✓", "false": "✗", "unknown": "？"}

func (t *textWriter) findings(fs []ExplainedFinding, indent string) {
	for _, f := range fs {
		head := fmt.Sprintf("%s%s %s", indent, signs[f.Result], f.Title())
		if f.Clause != "" {
			head += "（" + f.Clause + "）"
		}
		t.line("%s", head)
		if f.Quote != "" {
			t.line("%s    原文：“%s”", indent, f.Quote)
		}
		t.detail(f, indent+"    ")
		t.findings(f.Parts, indent+"    ")
	}
}

func (t *textWriter) detail(f ExplainedFinding, indent string) {
	for _, fact := range f.Facts {
		origin := fact.Source
		if fact.On != "" {
			origin += " " + fact.On
		}
		if origin != "" {
			origin = "  〔" + origin + "〕"
		}
		t.line("%s%s：%s%s", indent, fact.Name, fact.Value, origin)
	}
	if f.Distance != "" {
		t.line("%s→ %s", indent, f.Distance)
	}
	if len(f.Reasons) > 0 {
		t.line("%s不能判定：%s", indent, strings.Join(f.Reasons, "、"))
	}
	if f.Result == "false" && f.Remedy != "" {
		t.line("%s怎么办：%s", indent, f.Remedy)
	}
}

func (t *textWriter) figure(e *Explanation) {
	if e.Figure == nil {
		return
	}
	t.line("")
	t.line("金额怎么算：%s", e.Figure.Rule)
	t.trace(e.Figure, "    ")
	if e.Amount != nil {
		t.line("    应得 %s", e.Amount.Words())
	}
	for _, p := range e.Payments {
		t.line("    第 %d 期 %s：%s", p.N, p.Due, p.Amount.Words())
	}
}

// trace writes what an amount was computed from.
func (t *textWriter) trace(f *ExplainedAmount, indent string) {
	for _, fact := range f.Facts {
		t.line("%s%s：%s", indent, fact.Name, fact.Value)
	}
	if f.Exact != "" {
		t.line("%s算得 %s", indent, f.Exact)
	}
	for _, l := range f.Limits {
		t.line("%s%s", indent, l)
	}
}

func (t *textWriter) missing(e *Explanation) {
	if len(e.Missing)+len(e.Manual)+len(e.Faults) == 0 {
		return
	}
	t.line("")
	for _, m := range e.Missing {
		if m.Source == "" {
			t.line("还缺：%s", m.Name)
			continue
		}
		t.line("还缺：%s（由%s提供）", m.Name, m.Source)
	}
	for _, m := range e.Manual {
		if m == AmountFinding {
			t.line("等人工核定：金额")
			continue
		}
		t.line("等人工认定：%s", m)
	}
	for _, f := range e.Faults {
		t.line("%s", f)
	}
}
