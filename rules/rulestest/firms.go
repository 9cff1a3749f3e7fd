package rulestest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// The firms of random decisions: their codes are of no register.
const (
	firmCode  = "91310118MA1JP7UB2B"
	otherCode = "91310118MA1JP7UB3X"
)

// cells are the values that facts are drawn from: those on a threshold, just below and above it, extremes, zero.
var cells = map[string][]string{
	"money":   {"0", "0.01", "3000000", "2999999.99", "5000000", "5000000.01", "20000000", "19999999.99", "100000000", "1234.56", "92233720368547758.07", "-0.01", "-92233720368547758.07", "400000000", "30000000", "500000", "61728.39"},
	"staff":   {"0", "1", "10", "20", "29", "30", "31", "100", "300", "299", "1000", "9223372036854775807"},
	"percent": {"0", "5.5", "5.49", "5.51", "20", "100", "10", "33.3", "-3.2", "0.05"},
	"rating":  {"0", "3", "12", "60", "59", "61", "80", "100", "-1", "2024"},
	"factor":  {"0", "1.5", "0.333", "10", "100", "-2"},
	"area":    {"0", "500", "499.99", "100.5", "200", "1000"},
	"mu":      {"0", "15", "14.99", "5000"},
	"date":    {"2022-02-28", "2024-02-29", "2025-06-30", "2022-06-30", "2022-07-01", "1900-01-01", "2999-12-31", "2000-01-01", "2025-01-31", "2024-12-31"},
	"bool":    {"是", "否"},
	"code":    {"C39", "C3911", "C", "I6510", "I65", "G59", "G", "F51", "F5111", "P", "K7010", "E4710", "H", "L7211", "A0111", "X99", "M7310", "K", "Q8511", "R", "B0610", "K7020", "G5410", "G6010", "I6311", "H6110"},
	"batch":   {"第一批", "第二批", "第三批"},
	"name":    {"示例企业", "C39", "示例第一批"},
	"grade":   {"甲", "乙", "丙", "丁"},
	"tags":    {";;", "集成电路", "软件;生物医药", "人工智能;集成电路;软件"},
	"licence": {";;", "一级", "二级;一级", "软件"},
	"purpose": {"办公", "生产", "仓储"},
	"months":  {"0", "6", "12", "3", "-1"},
	"post":    {"研发", "示例", "C3"},
}

// columnCells and fieldCells say from which list a cell is drawn.
var (
	fieldCells = map[string]string{
		"高新技术企业": "bool", "失信": "bool", "欠税": "bool", "上年营业收入": "money", "前年营业收入": "money", "研发费用": "money", "资产总额": "money", "投资额": "money",
		"从业人数": "staff", "裁员人数": "staff", "专利数": "staff", "评级分": "rating", "系数": "factor", "裁员率": "percent", "资产负债率": "percent", "厂房面积": "area",
		"亩均税收": "mu", "成立日期": "date", "认定日期": "date", "行业代码": "code", "批次": "batch", "企业名称": "name", "信用等级": "grade", "标签": "tags", "资质": "licence",
	}
	fieldNames = []string{
		"高新技术企业", "失信", "欠税", "上年营业收入", "前年营业收入", "研发费用", "资产总额", "投资额", "从业人数", "裁员人数", "专利数", "评级分", "系数", "裁员率",
		"资产负债率", "厂房面积", "亩均税收", "成立日期", "认定日期", "行业代码", "批次", "企业名称", "信用等级", "标签", "资质",
	}
	tableCells = map[string][][2]string{
		"合同": {{"租金", "money"}, {"面积", "area"}, {"转租", "bool"}, {"起租", "date"}, {"用途", "purpose"}, {"折扣", "percent"}},
		"新招": {{"月数", "months"}, {"参保", "bool"}, {"月薪", "money"}, {"岗位", "post"}},
	}
)

// drawn is a cell of the list; sums of money and counts are modest more often than not.
func drawn(r *rand.Rand, list string) string {
	all := cells[list]
	if (list == "money" || list == "staff") && r.IntN(4) > 0 {
		all = all[1:9]
	}
	return all[r.IntN(len(all))]
}

// RandomFacts draws a firm's facts, each missing with the probability missing (in percent).
func RandomFacts(r *rand.Rand, missing int) Facts {
	f := Facts{Enterprise: firmCode, Cells: map[string]string{}, Records: map[string][]Record{}}
	for _, name := range fieldNames {
		if r.IntN(100) >= missing {
			f.Cells[name] = drawn(r, fieldCells[name])
		}
	}
	for _, table := range []string{"合同", "新招"} {
		if r.IntN(100) < missing {
			continue
		}
		rows := []Record{}
		for i := range r.IntN(4) {
			row := Record{Key: fmt.Sprintf("R%d", i+1), Cells: map[string]string{}}
			for _, c := range tableCells[table] {
				if r.IntN(100) >= missing/2 {
					row.Cells[c[0]] = drawn(r, c[1])
				}
			}
			rows = append(rows, row)
		}
		f.Records[table] = rows
	}
	return f
}

var (
	asOfDays     = []string{"2025-06-30", "2024-12-31", "2025-01-01", "2024-02-29", "2025-03-31", "2026-02-28"}
	awardPeriods = []string{"2022", "2023", "2024", "2024-Q1", "2024-Q4", "2025", "2025-Q1", "2025-Q2", "2024-12", "2025-06", "2026"}
)

// RandomAround draws a day, a history (or none) of the items and findings for their manual conditions.
func RandomAround(r *rand.Rand, p Policy) Around {
	a := Around{AsOf: civil.MustParse(asOfDays[r.IntN(len(asOfDays))])}
	if r.IntN(5) < 3 {
		a.Awards = []rules.Award{}
		for range r.IntN(4) {
			a.Awards = append(a.Awards, randomAward(r, p.Items))
			if n := len(a.Awards) - 1; r.IntN(4) == 0 {
				back := a.Awards[n]
				back.Amount = -back.Amount / exact.Money(1+r.IntN(2))
				a.Awards = append(a.Awards, back)
			}
		}
	}
	for _, m := range p.Manuals {
		for range r.IntN(3) {
			yes := r.IntN(4) > 0
			a.Findings = append(a.Findings, rules.PersonFinding{Enterprise: firmCode, Item: m[0], Condition: m[1], Result: &yes, On: randomDay(r)})
		}
	}
	for _, it := range p.Items {
		if r.IntN(2) == 0 {
			sum := exact.Money(r.IntN(100_000_000))
			a.Findings = append(a.Findings, rules.PersonFinding{Enterprise: firmCode, Item: it, Condition: rules.AmountFinding, Amount: &sum, On: randomDay(r)})
		}
	}
	return a
}

// randomDay is no day, one long past, one of the days of decision or one after all of them.
func randomDay(r *rand.Rand) civil.Date {
	switch r.IntN(4) {
	case 0:
		return civil.Date{}
	case 1:
		return civil.MustParse("2024-01-15")
	case 2:
		return civil.MustParse(asOfDays[r.IntN(len(asOfDays))])
	}
	return civil.MustParse("2027-01-01")
}

func randomAward(r *rand.Rand, items []string) rules.Award {
	p, err := rules.ParseInterval(awardPeriods[r.IntN(len(awardPeriods))])
	if err != nil {
		panic(err)
	}
	firm := firmCode
	if r.IntN(4) == 0 {
		firm = otherCode
	}
	basis := []string{"", "第一批", "第二批", "R1", "R2"}[r.IntN(5)]
	amounts := []exact.Money{0, 1_500_000, 1, 40_000_000, 99_999_999}
	return rules.Award{Enterprise: firm, Item: items[r.IntN(len(items))], Period: p, Basis: basis, Amount: amounts[r.IntN(len(amounts))], On: randomDay(r)}
}

// Text shows facts and circumstances for a report.
func (f Facts) Text(a Around) string {
	var b strings.Builder
	fmt.Fprintf(&b, "as of %s\n", a.AsOf)
	for _, n := range fieldNames {
		if s := f.Cells[n]; s != "" {
			fmt.Fprintf(&b, "  %s: %s\n", n, s)
		}
	}
	for _, t := range []string{"合同", "新招"} {
		rows, ok := f.Records[t]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "  %s: %d rows\n", t, len(rows))
		for _, row := range rows {
			fmt.Fprintf(&b, "    %s %v\n", row.Key, row.Cells)
		}
	}
	if a.Awards == nil {
		b.WriteString("  no history\n")
	}
	for _, w := range a.Awards {
		fmt.Fprintf(&b, "  award %s %s %s basis %q %s on %s\n", w.Enterprise, w.Item, w.Period.Name, w.Basis, w.Amount, w.On)
	}
	for _, p := range a.Findings {
		result, amount := "", ""
		if p.Result != nil {
			result = fmt.Sprint(*p.Result)
		}
		if p.Amount != nil {
			amount = p.Amount.String()
		}
		fmt.Fprintf(&b, "  finding %s %s %s%s on %s\n", p.Item, p.Condition, result, amount, p.On)
	}
	return b.String()
}
