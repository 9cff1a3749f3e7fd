package civil

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestEveryDay walks every representable day beside the standard library.
func TestEveryDay(t *testing.T) {
	day := time.Date(MinYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := int32(1); n <= maxNumber; n++ {
		d, ok := FromNumber(n)
		if !ok {
			t.Fatalf("FromNumber(%d) refused", n)
		}
		y, m, dd := day.Date()
		if gy, gm, gd := d.Parts(); gy != y || gm != int(m) || gd != dd {
			t.Fatalf("day %d is %v, want %v", n, d, day)
		}
		if back, err := New(y, int(m), dd); err != nil || back != d || back.Number() != n {
			t.Fatalf("New(%v) = %v, %v", day, back, err)
		}
		if d.Weekday() != day.Weekday() {
			t.Fatalf("%v is a %v, want %v", d, d.Weekday(), day.Weekday())
		}
		day = day.AddDate(0, 0, 1)
	}
	if day.Year() != MaxYear+1 {
		t.Fatalf("last day is before %v", day)
	}
}

func TestNoDate(t *testing.T) {
	var none Date
	epochDay := MustParse("1970-01-01")
	if !none.IsZero() || epochDay.IsZero() || MustParse("1900-01-01").IsZero() {
		t.Error("only the zero value is no date")
	}
	if none.String() != "" || none.Year() != 0 || none.Month() != 0 || none.Day() != 0 || none.Quarter() != 0 {
		t.Error("no date has no parts")
	}
	if none.Before(epochDay) || none.After(epochDay) || epochDay.Before(none) || epochDay.After(none) {
		t.Error("no date is neither before nor after a day")
	}
	if none.Compare(epochDay) != -1 || epochDay.Compare(none) != 1 || none.Compare(none) != 0 {
		t.Error("no date sorts first")
	}
	for name, call := range map[string]func() bool{
		"AddDays":       func() bool { _, ok := none.AddDays(0); return ok },
		"AddMonths":     func() bool { _, ok := none.AddMonths(0); return ok },
		"AddYears":      func() bool { _, ok := none.AddYears(0); return ok },
		"Reached from":  func() bool { _, ok := Reached(none, 0, epochDay); return ok },
		"Reached base":  func() bool { _, ok := Reached(epochDay, 0, none); return ok },
		"ReachedMonths": func() bool { _, ok := ReachedMonths(epochDay, 0, none); return ok },
		"FullYears":     func() bool { _, ok := FullYears(none, epochDay); return ok },
		"FullMonths":    func() bool { _, ok := FullMonths(epochDay, none); return ok },
		"FromNumber":    func() bool { _, ok := FromNumber(0); return ok },
		"AddWorkdays":   func() bool { _, ok := AddWorkdays(none, 0); return ok },
		"IsWorkday":     func() bool { _, ok := IsWorkday(none); return ok },
	} {
		if call() {
			t.Errorf("%s answers for no date", name)
		}
	}
	if none.Sub(epochDay) != 0 || none.EndOfMonth() != none || !none.Start().IsZero() {
		t.Error("no date has no distance, month or instant")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"2025-06-30":       "2025-06-30",
		"2025/6/30":        "2025-06-30",
		"2025/06/30":       "2025-06-30",
		"2025/12/1":        "2025-12-01",
		"20250630":         "2025-06-30",
		" 2025-06-30\t":    "2025-06-30",
		"\u30002025/6/30 ": "2025-06-30",
		"1970-01-01":       "1970-01-01",
		"1900-01-01":       "1900-01-01",
		"2999-12-31":       "2999-12-31",
		"2024-02-29":       "2024-02-29",
		"2000-02-29":       "2000-02-29",
	} {
		if d, err := Parse(text); err != nil || d.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", text, d, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                       "日期为空",
		"  ":                     "日期为空",
		"2025.6.30":              "看不懂",
		"2025-6-30":              "看不懂",
		"2025-06/30":             "看不懂",
		"2025/6/":                "看不懂",
		"2025/6/030":             "看不懂",
		"25/6/30":                "看不懂",
		"6/30/2025":              "看不懂",
		"2025年6月30日":             "看不懂",
		"2025-06-30 10:00":       "看不懂",
		"２０２５-06-30":             "看不懂",
		"+025-06-30":             "看不懂",
		"2025-+1-30":             "看不懂",
		"202506":                 "看不懂",
		"2023-02-29":             "日期“2023-02-29”不存在：2023年2月没有29日（该月共28天）",
		"1900-02-29":             "1900年2月没有29日",
		"2025/4/31":              "2025年4月没有31日（该月共30天）",
		"2025-13-01":             "月份13不存在",
		"2025-00-01":             "月份0不存在",
		"2025-01-00":             "没有0日",
		"1899-12-31":             "年份1899超出范围",
		"30000101":               "年份3000超出范围",
		"0000-00-00":             "年份0超出范围",
		"45838":                  "Excel 日期序号",
		strings.Repeat("2", 999): "过长",
	} {
		d, err := Parse(text)
		if err == nil || !d.IsZero() || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want error with %q", text, d, err, want)
		}
	}
}

func TestAddMonthsAndYears(t *testing.T) {
	tests := []struct {
		from   string
		months int
		want   string // "" where the result is out of range
	}{
		{"2025-01-31", 1, "2025-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2025-03-31", -1, "2025-02-28"},
		{"2025-08-31", 1, "2025-09-30"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2024-02-29", -12, "2023-02-28"},
		{"2025-12-15", 1, "2026-01-15"},
		{"2025-01-15", -1, "2024-12-15"},
		{"2025-06-30", 0, "2025-06-30"},
		{"1900-01-31", -1, ""},
		{"2999-12-01", 1, ""},
		{"2999-11-30", 1, "2999-12-30"},
		{"2025-01-01", math.MaxInt, ""},
		{"2025-01-01", math.MinInt, ""},
	}
	for _, tt := range tests {
		from := MustParse(tt.from)
		got, ok := from.AddMonths(tt.months)
		if ok != (tt.want != "") || got.String() != tt.want {
			t.Errorf("%s plus %d months = %v, %v; want %q", tt.from, tt.months, got, ok, tt.want)
		}
		if tt.months%12 != 0 {
			continue
		}
		if years, ok2 := from.AddYears(tt.months / 12); years != got || ok2 != ok {
			t.Errorf("%s plus %d years = %v, %v; months say %v", tt.from, tt.months/12, years, ok2, got)
		}
	}
	for _, n := range []int{math.MaxInt, math.MinInt, 2000, -2000} {
		if got, ok := MustParse("2025-01-01").AddYears(n); ok {
			t.Errorf("AddYears(%d) = %v", n, got)
		}
	}
}

func TestAddDays(t *testing.T) {
	d := MustParse("2024-02-28")
	for n, want := range map[int]string{0: "2024-02-28", 1: "2024-02-29", 2: "2024-03-01", -59: "2023-12-31", 366: "2025-02-28"} {
		if got, ok := d.AddDays(n); !ok || got.String() != want || got.Sub(d) != n {
			t.Errorf("%v plus %d days = %v, %v; want %s", d, n, got, ok, want)
		}
	}
	first, last := MustParse("1900-01-01"), MustParse("2999-12-31")
	if last.Sub(first) != maxNumber-1 {
		t.Errorf("range has %d days", last.Sub(first)+1)
	}
	for _, n := range []int{1, math.MaxInt, math.MaxInt32, maxNumber} {
		if got, ok := last.AddDays(n); ok {
			t.Errorf("%v plus %d days = %v", last, n, got)
		}
		if got, ok := first.AddDays(-n); ok {
			t.Errorf("%v minus %d days = %v", first, n, got)
		}
	}
}

func TestReached(t *testing.T) {
	tests := []struct {
		from  string
		years int
		base  string
		want  bool
	}{
		{"2020-06-30", 5, "2025-06-30", true},
		{"2020-06-30", 5, "2025-06-29", false},
		{"2020-02-29", 1, "2021-02-28", true},
		{"2020-02-29", 1, "2021-02-27", false},
		{"2020-02-29", 4, "2024-02-28", false},
		{"2020-02-29", 4, "2024-02-29", true},
		{"2025-06-30", 0, "2025-06-30", true},
		{"2025-06-30", 0, "2025-06-29", false},
		{"2025-06-30", -1, "2024-06-30", true},
	}
	for _, tt := range tests {
		got, ok := Reached(MustParse(tt.from), tt.years, MustParse(tt.base))
		if !ok || got != tt.want {
			t.Errorf("Reached(%s, %d, %s) = %v, %v", tt.from, tt.years, tt.base, got, ok)
		}
		months, ok := ReachedMonths(MustParse(tt.from), 12*tt.years, MustParse(tt.base))
		if !ok || months != tt.want {
			t.Errorf("ReachedMonths(%s, %d, %s) = %v, %v", tt.from, 12*tt.years, tt.base, months, ok)
		}
	}
	if _, ok := Reached(MustParse("2500-01-01"), 500, MustParse("2999-12-31")); ok {
		t.Error("an anniversary outside the range is not decided")
	}
	if got, _ := ReachedMonths(MustParse("2025-01-31"), 1, MustParse("2025-02-28")); !got {
		t.Error("31 January plus one month is the last of February")
	}
}

func drawDate(t *rapid.T, label string) Date {
	return Date{rapid.Int32Range(1, maxNumber).Draw(t, label)}
}

// TestFullCountsProperty holds FullYears and FullMonths to their definition:
// the largest n that is reached.
func TestFullCountsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDate(t, "d")
		base := Date{min(max(d.n+rapid.Int32Range(-4000, 4000).Draw(t, "days"), 1), maxNumber)}
		years, _ := FullYears(d, base)
		months, _ := FullMonths(d, base)
		for _, c := range []struct {
			name string
			n    int
			at   func(Date, int, Date) (bool, bool)
		}{{"years", years, Reached}, {"months", months, ReachedMonths}} {
			if now, ok := c.at(d, c.n, base); ok && !now {
				t.Fatalf("%d full %s from %v to %v are not reached", c.n, c.name, d, base)
			}
			if next, ok := c.at(d, c.n+1, base); ok && next {
				t.Fatalf("%d full %s from %v to %v is not the largest", c.n, c.name, d, base)
			}
		}
	})
}

// TestOrderProperty: adding keeps the order, and text round-trips.
func TestOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDate(t, "a"), drawDate(t, "b")
		if a.After(b) {
			a, b = b, a
		}
		n := rapid.IntRange(-300, 300).Draw(t, "n")
		x, ok1 := a.AddMonths(n)
		y, ok2 := b.AddMonths(n)
		if ok1 && ok2 && x.After(y) {
			t.Fatalf("%v <= %v but %v > %v after %d months", a, b, x, y, n)
		}
		if back, err := Parse(a.String()); err != nil || back != a {
			t.Fatalf("Parse(%v) = %v, %v", a, back, err)
		}
		if e := a.EndOfMonth(); e.Month() != a.Month() || e.n < a.n || e.n < maxNumber && (Date{e.n + 1}).Day() != 1 {
			t.Fatalf("end of month of %v is %v", a, e)
		}
	})
}

func TestSorting(t *testing.T) {
	days := []Date{MustParse("2025-02-01"), {}, MustParse("1999-12-31")}
	slices.SortFunc(days, Date.Compare)
	if days[0] != (Date{}) || days[1].String() != "1999-12-31" || days[2].String() != "2025-02-01" {
		t.Errorf("sorted to %v", days)
	}
}

func TestJSON(t *testing.T) {
	type record struct {
		Day  Date
		None Date
		Key  map[Date]int
	}
	in := record{Day: MustParse("2025-06-30"), Key: map[Date]int{MustParse("2024-02-29"): 1}}
	text, err := json.Marshal(in)
	if want := `{"Day":"2025-06-30","None":null,"Key":{"2024-02-29":1}}`; err != nil || string(text) != want {
		t.Fatalf("marshal: %s, %v", text, err)
	}
	out := record{None: MustParse("2025-01-01")}
	if err := json.Unmarshal(text, &out); err != nil || out.Day != in.Day || !out.None.IsZero() || out.Key[MustParse("2024-02-29")] != 1 {
		t.Fatalf("unmarshal: %+v, %v", out, err)
	}
	for _, bad := range []string{`""`, `"2025/6/30"`, `20250630`, `"2025-02-30"`, `true`, `{}`} {
		d := MustParse("2025-01-01")
		if err := d.UnmarshalJSON([]byte(bad)); err == nil || d.String() != "2025-01-01" {
			t.Errorf("%s was read as %v", bad, d)
		}
	}
	var d Date
	if err := d.UnmarshalText([]byte("2025/6/30")); err == nil {
		t.Error("text form must be ISO")
	}
	if err := d.UnmarshalText(nil); err != nil || !d.IsZero() {
		t.Errorf("empty text: %v, %v", d, err)
	}
}

func TestShanghai(t *testing.T) {
	late := time.Date(2025, 6, 30, 15, 59, 59, 0, time.UTC)
	if got := On(late); got.String() != "2025-06-30" {
		t.Errorf("23:59:59 in Shanghai is on %v", got)
	}
	if got := On(late.Add(time.Second)); got.String() != "2025-07-01" {
		t.Errorf("midnight in Shanghai is on %v", got)
	}
	if got := On(time.Date(3000, 1, 1, 12, 0, 0, 0, time.UTC)); !got.IsZero() {
		t.Errorf("year 3000 gives %v", got)
	}
	if got := On(time.Time{}); !got.IsZero() {
		t.Errorf("the zero time gives %v", got)
	}
	d := MustParse("2025-06-30")
	if start := d.Start(); On(start) != d || On(start.Add(-time.Nanosecond)).Sub(d) != -1 {
		t.Errorf("%v starts at %v", d, start)
	}
	summer := time.Date(1988, 7, 1, 15, 30, 0, 0, time.UTC) // 00:30 in the summer time of 1988
	if got := On(summer); got.String() != "1988-07-02" {
		t.Errorf("half past midnight of summer time is on %v", got)
	}
	if name := Shanghai().String(); name != "Asia/Shanghai" {
		t.Errorf("zone %q", name)
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a mistake in code must panic")
		}
	}()
	MustParse("2025-02-30")
}

// FuzzParseDate: no text crashes the parser, and whatever it accepts is a day
// that round-trips.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2025-06-30", "2025/6/30", "20250630", "", "45838", "2025-02-30", "////", "----------", "２０２５", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if (err == nil) == d.IsZero() {
			t.Fatalf("Parse(%q) = %v, %v", text, d, err)
		}
		if err != nil {
			if len(err.Error()) > 400 {
				t.Fatalf("error of %d bytes", len(err.Error()))
			}
			return
		}
		if back, err := Parse(d.String()); err != nil || back != d {
			t.Fatalf("Parse(%q) = %v does not round-trip: %v, %v", text, d, back, err)
		}
	})
}

func BenchmarkReached(b *testing.B) {
	d, base := MustParse("2020-02-29"), MustParse("2025-06-30")
	for b.Loop() {
		if got, ok := Reached(d, 5, base); !got || !ok {
			b.Fatal("not reached")
		}
	}
}
