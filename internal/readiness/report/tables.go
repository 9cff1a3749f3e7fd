package report

import (
	"io"
	"strconv"
	"strings"

	"mianshen/internal/readiness"
	"mianshen/internal/sheet"
)

// writeCSV writes rows under a header, with the mark by which spreadsheets know UTF-8; from column figures on, cells are numbers.
func writeCSV(w io.Writer, header []string, figures int, rows func(yield func(...string) error) error) error {
	out, err := sheet.NewCSV(w, header, true)
	if err != nil {
		return err
	}
	if err := rows(func(row ...string) error { return out.Write(cells(row, figures)...) }); err != nil {
		return err
	}
	return out.Close()
}

// CSVItems writes a line an item.
func CSVItems(w io.Writer, items []readiness.Item) error {
	header := []string{"政策", "事项", "事项名称", "现在的方式", "准备情况", "要人认定", "欠数据的部门", "欠的数据", "符合", "待核实", "不符合", "金额（元）"}
	return writeCSV(w, header, 8, func(yield func(...string) error) error {
		for _, it := range items {
			var departments, facts []string
			for _, d := range it.Owed {
				departments = append(departments, d.Department)
				for _, c := range d.Facts {
					facts = append(facts, c.Fact)
				}
			}
			err := yield(it.Policy, it.Item, it.Title, it.Mode.Label(), it.Verdict.Label(), strings.Join(judged(it.Needs, ""), "；"), strings.Join(departments, "、"),
				strings.Join(facts, "、"), strconv.Itoa(it.Eligible), strconv.Itoa(it.Unknown), strconv.Itoa(it.Ineligible), it.Amount.String())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// judged lists what persons have to find, with the clause, which parts have from the condition they stand in.
func judged(needs []readiness.Need, clause string) []string {
	var out []string
	for _, n := range needs {
		if n.Clause == "" {
			n.Clause = clause
		}
		if n.Judge != "" {
			out = append(out, strings.TrimSpace(n.Clause+" "+n.Judge))
		}
		out = append(out, judged(n.Parts, n.Clause)...)
	}
	return out
}

// CSVPairs writes a line for each undecided pair. The survey must have kept them.
func CSVPairs(w io.Writer, s *readiness.Survey) error {
	header := []string{"统一社会信用代码", "事项", "事项名称", "等谁", "缺少的数据", "等人认定", "规则", "压着的金额（元）"}
	return writeCSV(w, header, 7, func(yield func(...string) error) error {
		for _, p := range s.Gaps().Pairs {
			var names []string
			for _, party := range p.Parties {
				names = append(names, party.Name)
			}
			held := ""
			if p.Held != nil {
				held = p.Held.String()
			}
			err := yield(p.Enterprise, p.Item, p.Title, strings.Join(names, "、"), strings.Join(p.Missing, "、"), strings.Join(p.Manual, "、"), strings.Join(p.Faults, "；"), held)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// CSVNear writes a line for each enterprise close to a threshold.
func CSVNear(w io.Writer, list []readiness.Vicinity) error {
	header := []string{"事项", "事项名称", "条件", "条款", "原文", "说明", "统一社会信用代码", "结果", "数值", "门槛", "距离", "金额（元）"}
	return writeCSV(w, header, 11, func(yield func(...string) error) error {
		for _, v := range list {
			for i, n := range append(append([]readiness.Nearby(nil), v.Failing...), v.Passing...) {
				result, amount := "差一点没够", ""
				if i >= len(v.Failing) {
					result = "刚刚够"
				}
				if n.Amount != nil {
					amount = n.Amount.String()
				}
				if err := yield(v.Item, v.Title, v.Condition, v.Clause, v.Quote, v.Because, n.Enterprise, result, n.Figure, n.Threshold, n.Distance, amount); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
