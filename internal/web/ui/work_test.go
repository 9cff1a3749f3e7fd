package ui

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mianshen/internal/readiness"
	"mianshen/internal/web/bureau"
	"mianshen/internal/whatif"
	"mianshen/rules/exact"
)

func TestByItem(t *testing.T) {
	sum, items := byItem([]bureau.TurnCount{
		{Item: "a", Title: "甲", Turn: "entered", Enterprises: 2, After: 200},
		{Item: "a", Title: "甲", Turn: "left", Enterprises: 1, Before: 50},
		{Item: "b", Title: "乙", Turn: "known", Enterprises: 9},
	})
	if sum.all() != 12 || sum.after-sum.before != 150 || !slices.Equal(sum.counts, []int64{2, 1, 0, 0, 9}) {
		t.Errorf("%+v", sum)
	}
	if len(items) != 2 || items[0].item != "b" || items[1].all() != 3 || items[1].after != 200 {
		t.Errorf("%+v", items)
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		signed(3_800_600):                     "+38,006 元",
		signed(-1_000_000):                    "−1 万元",
		signed(0):                             "不变",
		grouped("1234567.5"):                  "1,234,567.5",
		grouped("-1000"):                      "-1,000",
		grouped("999"):                        "999",
		period("current:2025-06-25"):          "2025年6月25日现状",
		period("2024-Q1"):                     "2024年第1季度",
		moment("2025-07-01T10:00:00+08:00"):   "2025年7月1日 10:00",
		shareOf(1, 1000):                      "<1%",
		shareOf(0, 10):                        "0%",
		shareOf(1, 0):                         "—",
		differencesURL(3, "a", "entered", ""): "/sweeps/3/differences?item=a&turn=entered",
		owedText([]readiness.Coverage{{Fact: "用能", Department: "区发改委", Of: 300}, {Fact: "已发放的奖补", Department: "拨付历史"}, {Fact: "失信", Department: "区法院", Known: 1, Of: 300}}): "用能（区发改委，一个也没有）、已发放的奖补（拨付历史）、失信（区法院，300 里只有 1 有值）",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDraw holds a drawing to its picture: nothing lies outside, a curve that falls falls, and it is told in words.
func TestDraw(t *testing.T) {
	budget := exact.Money(2_500_000_00)
	c := &whatif.Curve{Title: "奖励", Name: "门槛", Exact: true, Budget: &budget}
	for i := range 40 {
		c.Steps = append(c.Steps, whatif.Step{
			Value: exact.Int(int64(300 + 10*i)), Words: strconv.Itoa(300+10*i) + " 万元", Enterprises: 80 - 2*i, Money: exact.Money(80-2*i) * 50_000_00,
			Present: i == 20, Affordable: i == 15,
		})
	}
	c.Present = c.Steps[20]
	d := draw(c)
	last := math.Inf(-1)
	for _, p := range strings.Fields(d.line) {
		x, y, _ := strings.Cut(p, ",")
		a, err := strconv.ParseFloat(x, 64)
		b, err2 := strconv.ParseFloat(y, 64)
		if err != nil || err2 != nil || a < chartLeft || a > chartWide-chartRight || b < chartTop || b > chartHigh-chartLow {
			t.Fatalf("point %s lies outside", p)
		}
		if b < last {
			t.Errorf("the curve rises at %s", p)
		}
		last = b
	}
	if d.present == nil || d.affordable == nil || d.budget == 0 || len(d.xs) < 3 || len(d.ys) != 5 || !strings.Contains(d.about, "现为 500 万元") {
		t.Errorf("%+v", d)
	}
	if draw(&whatif.Curve{Steps: c.Steps[:1]}) != nil {
		t.Error("a point is no curve")
	}
	if rows := rowsShown(c); len(rows) > 22 || !slices.ContainsFunc(rows, func(s whatif.Step) bool { return s.Present }) || !slices.ContainsFunc(rows, func(s whatif.Step) bool { return s.Affordable }) {
		t.Errorf("%d rows", len(rows))
	}
}
