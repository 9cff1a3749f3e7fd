package seeds_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/rules/standard"
	"mianshen/seeds"
)

// TestDistributions prints the shape of the embedded district and refuses one
// that no longer looks like a district. Shares are of the firms whose fact is delivered.
func TestDistributions(t *testing.T) {
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, b)
	share := func(what string, lo, hi float64, in, of func(row []string) bool) {
		t.Helper()
		hit, all := 0, 0
		for _, row := range b.Profiles.Rows {
			if !of(row) {
				continue
			}
			all++
			if in(row) {
				hit++
			}
		}
		p := percent(hit, all)
		t.Logf("%-40s %5.1f %% of %d", what, p, all)
		if p < lo || p > hi {
			t.Errorf("%s: %.1f %%, want %.1f to %.1f", what, p, lo, hi)
		}
	}
	has := func(name string) func([]string) bool {
		return func(row []string) bool { return w.cell(row, name) != "" }
	}
	is := func(name, value string) func([]string) bool {
		return func(row []string) bool { return w.cell(row, name) == value }
	}
	section := func(prefix string) func([]string) bool {
		return func(row []string) bool { return strings.HasPrefix(w.cell(row, "行业代码"), prefix) }
	}
	for prefix, bounds := range map[string][2]float64{"C": {28, 38}, "G": {8, 15}, "F": {13, 21}, "I": {8, 14}, "L72": {5, 11}, "M": {4, 8}, "A": {1, 4}} {
		share("branch "+prefix, bounds[0], bounds[1], section(prefix), has("行业代码"))
	}
	share("in Qingpu", 90, 98, is("注册区", "青浦区"), has("注册区"))
	share("高新技术企业", 9, 25, is("高新技术企业", "是"), has("高新技术企业"))
	share("科技型中小企业", 8, 25, is("科技型中小企业", "是"), has("科技型中小企业"))
	share("专精特新中小企业", 4, 14, is("专精特新中小企业", "是"), has("专精特新中小企业"))
	share("小巨人", 0.5, 5, is("小巨人", "是"), has("小巨人"))
	share("规模以上工业企业", 12, 28, is("规模以上工业企业", "是"), has("规模以上工业企业"))
	share("首次升规纳统", 2, 12, is("首次升规纳统", "是"), has("首次升规纳统"))
	for _, name := range []string{"失信被执行人", "严重失信", "经营异常", "联合惩戒", "欠税", "近三年重大环境违法"} {
		share(name, 0.2, 6, is(name, "是"), has(name))
	}
	share("exports or imports", 15, 40, func(row []string) bool { return exceeds(w, row, "上年进出口额", 0) }, has("上年进出口额"))
	share("research", 25, 45, func(row []string) bool { return exceeds(w, row, "上年研发费用", 0) }, has("上年研发费用"))
	able := func(row []string) bool {
		rd, ok := w.number(row, "上年研发费用")
		all, both := w.number(row, "上年营业收入")
		return ok && both && rd*100 >= all*5
	}
	share("高企 where research is 5 % or more", 35, 85, is("高新技术企业", "是"), func(row []string) bool { return able(row) && w.cell(row, "高新技术企业") != "" })
	share("高企 where it is less", 2, 12, is("高新技术企业", "是"), func(row []string) bool {
		return !able(row) && w.cell(row, "高新技术企业") != "" && has("上年研发费用")(row)
	})
	share("layoff rate at most 5.5 %", 65, 92, func(row []string) bool { return layoff(w, row) <= 55 }, func(row []string) bool { return layoff(w, row) < 1001 })
	share("two years of profit", 40, 75, func(row []string) bool {
		return exceeds(w, row, "上年净利润", 0) && exceeds(w, row, "前年净利润", 0)
	},
		func(row []string) bool { return has("上年净利润")(row) && has("前年净利润")(row) })
	sizes(t, w)
}

// layoff returns the rate of layoffs in thousandths, rounded up, or 9999 when it can't be told.
func layoff(w *world, row []string) int64 {
	last, a := w.number(row, "上年末参保人数")
	gone, b := w.number(row, "上年自然减员")
	before, c := w.number(row, "前年末参保人数")
	if !a || !b || !c || before == 0 {
		return 9999
	}
	return 1000 - (last+gone)*1000/before
}

// sizes classifies the firms by the table of 2017.
func sizes(t *testing.T, w *world) {
	t.Helper()
	count := map[string]int{}
	for _, row := range w.bundle.Profiles.Rows {
		var given [3]standard.Indicator
		for i, name := range []string{"从业人数", "上年营业收入", "资产总额"} {
			if n, ok := w.number(row, name); ok {
				if i == 0 {
					n /= 100
				}
				given[i] = standard.Known(n)
			}
		}
		possible, _ := standard.Classify(w.cell(row, "行业代码"), given[0], given[1], given[2])
		class, ok := possible.Only()
		if !ok {
			count["unknown"]++
			continue
		}
		count[class.String()]++
	}
	t.Logf("sizes: %v", count)
	for class, least := range map[string]int{"大型": 5, "中型": 150, "小型": 500, "微型": 300, "不适用": 10, "unknown": 50} {
		if count[class] < least {
			t.Errorf("%d firms are %s, want at least %d", count[class], class, least)
		}
	}
}

// TestThresholdsAreMet: firms stand exactly at the bounds that rules commonly use, and just beside them.
func TestThresholdsAreMet(t *testing.T) {
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, b)
	is := func(name string, value int64) func([]string) bool {
		return func(row []string) bool { n, ok := w.number(row, name); return ok && n == value }
	}
	both := func(x, y func([]string) bool) func([]string) bool {
		return func(row []string) bool { return x(row) && y(row) }
	}
	for what, met := range map[string]func([]string) bool{
		"layoff rate of exactly 5.5 %":     both(is("前年末参保人数", 200_00), is("上年末参保人数", 189_00)),
		"thirty persons, exactly 20 %":     both(is("前年末参保人数", 30_00), is("上年末参保人数", 24_00)),
		"revenue of exactly 2000 万":        is("上年营业收入", 20_000_000_00),
		"revenue one 分 short":              is("上年营业收入", 19_999_999_99),
		"research of exactly 3 %":          both(is("上年营业收入", 100_000_000_00), is("上年研发费用", 3_000_000_00)),
		"output up by exactly 1 亿 and 5 %": both(is("上年工业总产值", 2_100_000_000_00), is("前年工业总产值", 2_000_000_000_00)),
		"1000 staff and 4 亿":               both(is("从业人数", 1000_00), is("上年营业收入", 400_000_000_00)),
		"fine of exactly 5 万":              is("近三年最大单笔罚款", 50_000_00),
		"net retail up by exactly 1000 万":  both(is("上年网络零售额", 30_000_000_00), is("前年网络零售额", 20_000_000_00)),
		"founded three years ago today":    func(row []string) bool { return w.cell(row, "成立日期") == "2022-06-30" },
		"founded on a leap day":            func(row []string) bool { return w.cell(row, "成立日期") == "2020-02-29" },
	} {
		n := 0
		for _, row := range b.Profiles.Rows {
			if met(row) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no firm has %s", what)
		}
	}
}

func BenchmarkFirms(b *testing.B) {
	for b.Loop() {
		for row := range seeds.Firms(100, 1) {
			if len(row.Cells) == 0 {
				b.Fatal(fmt.Errorf("no cells"))
			}
		}
	}
}
