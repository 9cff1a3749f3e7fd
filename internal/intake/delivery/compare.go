package delivery

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Jump is something in which a delivery differs from the one before it more than data of the same kind usually does. It says
// that a person should look, not that anything is wrong.
type Jump struct {
	Series  string `json:"series,omitempty"` // "" for the delivery as a whole
	Kind    string `json:"kind"`             // rows, missing, column, numbers or unit
	Before  string `json:"before"`
	Now     string `json:"now"`
	Message string `json:"message"` // a sentence in Chinese
}

// From where on a difference is a jump: rows and enterprises without a value, in percent; numbers, in times.
const (
	rowPercent     = 20
	missingPercent = 10
	numberTimes    = 3
)

// units are the factors by which whole columns are wrong when someone took the wrong unit.
var units = []struct {
	by   int64
	what string
}{
	{10_000, "元与万元"},
	{1000, "元与千元"},
	{100, "元与分，或百分数与小数"},
}

// Compare lists the jumps from the previous delivery of the same source and kind of period to this one, in a fixed order: the
// delivery first, then its series by name. previous may be nil, for none.
func Compare(previous, now *Report) []Jump {
	if previous == nil || now == nil {
		return nil
	}
	var out []Jump
	if d := abs(now.Rows - previous.Rows); d*100 > previous.Rows*rowPercent {
		out = append(out, Jump{
			Kind: "rows", Before: fmt.Sprint(previous.Rows), Now: fmt.Sprint(now.Rows),
			Message: fmt.Sprintf("企业数从 %d 户变为 %d 户", previous.Rows, now.Rows),
		})
	}
	before, after := bySeries(previous), bySeries(now)
	names := make([]string, 0, len(before))
	for name := range before {
		names = append(names, name)
	}
	for name := range after {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, compareSeries(name, before[name], after[name])...)
	}
	return out
}

// bySeries finds the columns of a report; of a series in several files the first stands for all.
func bySeries(r *Report) map[string]*Column {
	out := map[string]*Column{}
	for i := range r.Columns {
		c := &r.Columns[i]
		if _, again := out[c.Series]; c.Series != "" && !again {
			out[c.Series] = c
		}
	}
	return out
}

func compareSeries(name string, before, now *Column) []Jump {
	switch {
	case before == nil:
		return []Jump{{Series: name, Kind: "column", Now: now.Header, Message: fmt.Sprintf("%s：上一批没有这一列", name)}}
	case now == nil:
		return []Jump{{Series: name, Kind: "column", Before: before.Header, Message: fmt.Sprintf("%s：这一批没有这一列", name)}}
	}
	var out []Jump
	was, is := percent(before), percent(now)
	if abs(is-was) > missingPercent {
		out = append(out, Jump{
			Series: name, Kind: "missing", Before: fmt.Sprintf("%d%%", was), Now: fmt.Sprintf("%d%%", is),
			Message: fmt.Sprintf("%s：空缺从 %d%% 变为 %d%%", name, was, is),
		})
	}
	if before.Numbers == nil || now.Numbers == nil {
		return out
	}
	for _, figure := range [...]struct{ what, before, now string }{
		{"中位数", before.Numbers.Median, now.Numbers.Median},
		{"合计", before.Numbers.Total, now.Numbers.Total},
	} {
		if j := compareNumbers(name, figure.what, figure.before, figure.now); j != nil {
			return append(out, *j)
		}
	}
	return out
}

// percent is the share of enterprises without a value, rounded down.
func percent(c *Column) int {
	all := c.Known + c.Missing
	if all == 0 {
		return 0
	}
	return c.Missing * 100 / all
}

// compareNumbers compares two magnitudes; nil is no jump.
func compareNumbers(name, what, before, now string) *Jump {
	was, is := rat(before), rat(now)
	if was.Sign() == 0 || is.Sign() == 0 {
		return nil
	}
	times := new(big.Rat).Quo(is, was)
	times.Abs(times)
	how := "大"
	if times.Cmp(big.NewRat(1, 1)) < 0 {
		times.Inv(times)
		how = "小"
	}
	if times.Cmp(big.NewRat(numberTimes, 1)) < 0 {
		return nil
	}
	j := &Jump{Series: name, Kind: "numbers", Before: before, Now: now}
	j.Message = fmt.Sprintf("%s：%s从 %s 变为 %s，%s了约 %s 倍", name, what, before, now, how, strings.TrimSuffix(times.FloatString(1), ".0"))
	for _, u := range units {
		// what grows or shrinks by itself in a period stays well below twice
		if times.Cmp(big.NewRat(u.by, 2)) >= 0 && times.Cmp(big.NewRat(u.by*2, 1)) <= 0 {
			j.Kind = "unit"
			j.Message += fmt.Sprintf("，疑似单位错误（%s，相差 %d 倍）", u.what, u.by)
			break
		}
	}
	return j
}

func abs(n int) int { return max(n, -n) }
