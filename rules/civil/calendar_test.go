package civil

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestYears holds each year to the counts that its notice implies.
func TestYears(t *testing.T) {
	tests := []struct {
		year             int
		notice           string
		workdays         int
		holidays, worked int // days named in the file
	}{
		{2022, "国办发明电〔2021〕11号", 249, 32, 7},
		{2023, "国办发明电〔2022〕16号", 249, 26, 7},
		{2024, "国办发明电〔2023〕7号", 251, 28, 8},
		{2025, "国办发明电〔2024〕12号", 248, 28, 5},
		{2026, "国办发明电〔2025〕7号", 248, 33, 6},
	}
	c := Official()
	for _, tt := range tests {
		if got := c.Notice(tt.year); got != tt.notice || !c.Covers(tt.year) {
			t.Errorf("%d: notice %q, want %q", tt.year, got, tt.notice)
		}
		workdays, holidays, worked := 0, 0, 0
		for n := number(tt.year, 1, 1); n <= number(tt.year, 12, 31); n++ {
			workday, ok := c.IsWorkday(Date{n})
			if !ok {
				t.Fatalf("%v is not covered", Date{n})
			}
			if workday {
				workdays++
			}
			switch named := c.Name(Date{n}) != ""; {
			case named && workday:
				worked++
			case named:
				holidays++
			}
		}
		if workdays != tt.workdays || holidays != tt.holidays || worked != tt.worked {
			t.Errorf("%d: %d working days, %d holidays, %d worked; want %d, %d, %d",
				tt.year, workdays, holidays, worked, tt.workdays, tt.holidays, tt.worked)
		}
	}
	for _, year := range []int{2021, 2027, 0} {
		if c.Covers(year) || c.Notice(year) != "" {
			t.Errorf("%d has no notice here", year)
		}
	}
}

// TestStatutoryDays: from 2025 on, a year has 52 weekends less what is worked
// and 13 statutory days, so its working days follow from the calendar alone.
func TestStatutoryDays(t *testing.T) {
	for year, statutory := range map[int]int{2022: 11, 2023: 11, 2024: 11, 2025: 13, 2026: 13} {
		weekdays, workdays := 0, 0
		for n := number(year, 1, 1); n <= number(year, 12, 31); n++ {
			if !weekend(Date{n}) {
				weekdays++
			}
			if workday, _ := IsWorkday(Date{n}); workday {
				workdays++
			}
		}
		// 2022-12-31 stands for 2023-01-02 in the exchange; both are counted
		// in their own year and leave the sum of each year unchanged.
		if weekdays-statutory != workdays {
			t.Errorf("%d: %d weekdays less %d statutory days is not %d", year, weekdays, statutory, workdays)
		}
	}
}

func TestIsWorkday(t *testing.T) {
	for day, want := range map[string]bool{
		"2025-06-30": true,  // a Monday
		"2025-06-29": false, // a Sunday
		"2025-01-27": true,  // the Monday before the eve of the Spring Festival
		"2025-01-28": false, "2025-02-04": false, "2025-02-05": true,
		"2025-01-26": true, "2025-02-08": true, "2025-04-27": true, "2025-09-28": true, "2025-10-11": true,
		"2025-05-05": false, "2025-05-06": true, "2025-06-02": false, "2025-10-08": false, "2025-10-09": true,
		"2026-01-02": false, "2026-01-04": true, "2026-02-14": true, "2026-02-23": false, "2026-02-24": true, "2026-02-28": true,
		"2026-05-09": true, "2026-09-20": true, "2026-09-25": false, "2026-10-10": true, "2026-12-31": true,
		"2024-02-09": true, // the eve was not a day off by the notice of 2024
		"2024-02-10": false, "2024-02-18": true, "2024-09-14": true, "2024-09-15": false,
		"2023-10-07": true, "2023-10-06": false, "2023-04-05": false, "2023-04-06": true,
		"2022-12-31": false, "2022-01-30": true,
	} {
		if got, ok := IsWorkday(MustParse(day)); !ok || got != want {
			t.Errorf("IsWorkday(%s) = %v, %v", day, got, ok)
		}
	}
	for _, day := range []string{"2021-12-31", "2027-01-01", "1900-01-01", "2999-12-31"} {
		if _, ok := IsWorkday(MustParse(day)); ok {
			t.Errorf("%s is answered without data", day)
		}
	}
	if name := Official().Name(MustParse("2025-05-01")); name != "劳动节" {
		t.Errorf("1 May is %q", name)
	}
}

func TestAddWorkdays(t *testing.T) {
	tests := []struct {
		from string
		n    int
		want string // "" where the data does not reach
	}{
		{"2025-06-30", 0, "2025-06-30"},
		{"2025-06-29", 0, "2025-06-29"},
		{"2027-03-01", 0, "2027-03-01"},
		{"2025-06-30", 1, "2025-07-01"},
		{"2025-06-27", 1, "2025-06-30"},
		{"2025-06-28", 1, "2025-06-30"},
		{"2025-06-30", 5, "2025-07-07"},
		{"2025-09-30", 1, "2025-10-09"},
		{"2025-10-10", 1, "2025-10-11"}, // a worked Saturday
		{"2025-10-09", -1, "2025-09-30"},
		{"2025-10-04", -3, "2025-09-28"},
		{"2025-12-31", 1, "2026-01-04"},
		{"2026-12-30", 1, "2026-12-31"},
		{"2026-12-31", 1, ""},
		{"2022-01-04", -1, ""},
		{"2027-01-01", -1, "2026-12-31"}, // counting leaves the uncovered day itself
		{"2025-01-01", math.MaxInt, ""},
		{"2025-01-01", math.MinInt, ""},
	}
	for _, tt := range tests {
		got, ok := AddWorkdays(MustParse(tt.from), tt.n)
		if ok != (tt.want != "") || got.String() != tt.want {
			t.Errorf("AddWorkdays(%s, %d) = %v, %v; want %q", tt.from, tt.n, got, ok, tt.want)
		}
	}
}

// TestAddWorkdaysProperty counts the days between by hand, and goes back.
func TestAddWorkdaysProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := Date{rapid.Int32Range(number(2022, 1, 1), number(2026, 12, 31)).Draw(t, "from")}
		n := rapid.IntRange(1, 200).Draw(t, "n")
		to, ok := AddWorkdays(from, n)
		if !ok {
			return
		}
		count := 0
		for d := from.n + 1; d <= to.n; d++ {
			if workday, _ := IsWorkday(Date{d}); workday {
				count++
			}
		}
		if last, _ := IsWorkday(to); count != n || !last {
			t.Fatalf("from %v to %v are %d working days, not %d", from, to, count, n)
		}
		if workday, _ := IsWorkday(from); workday {
			if back, ok := AddWorkdays(to, -n); !ok || back != from {
				t.Fatalf("%v plus %d is %v, back %v", from, n, to, back)
			}
		}
	})
}

func TestCalendarGap(t *testing.T) {
	c, err := ParseCalendar("2024\tyear\t甲\n2026\tyear\t乙\n2026-01-01\tholiday\t元旦\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.IsWorkday(MustParse("2025-06-30")); ok || c.Covers(2025) {
		t.Error("a year between two covered years is not covered")
	}
	if got, ok := c.AddWorkdays(MustParse("2024-12-31"), 1); ok {
		t.Errorf("counting through a gap gave %v", got)
	}
	if got, ok := c.AddWorkdays(MustParse("2025-12-31"), 1); !ok || got.String() != "2026-01-02" {
		t.Errorf("first working day of 2026 is %v, %v", got, ok)
	}
}

func TestParseCalendarMistakes(t *testing.T) {
	const year = "# 注释\n2025\tyear\t国办发明电〔2024〕12号\n"
	for text, want := range map[string]string{
		"":                                 "没有任何年份",
		"2025-01-01\tholiday\t元旦":          "第1行：2025-01-01 之前没有声明2025年的 year 行",
		year + "2025-01-01\tholiday":       "第3行：应有三列",
		year + "2025-01-01\tholiday\t ":    "第3行：应有三列",
		year + "2025-01-32\tholiday\t元旦":   "没有32日",
		year + "2025/1/1\tholiday\t元旦":     "看不懂",
		year + "2025-01-01\tfeast\t元旦":     "类别“feast”不认识",
		year + "2025-01-02\tworkday\t元旦":   "不是周六或周日",
		year + "2024-12-31\tholiday\t元旦":   "没有声明2024年",
		year + "2025\tyear\t再来":            "2025年重复声明",
		year + "25\tyear\t再来":              "年份“25”看不懂",
		year + "3025\tyear\t再来":            "年份“3025”看不懂",
		strings.Repeat("#", maxCalendar+1): "工作日历过大",
		year + "2025-01-01\tholiday\t元旦\n2025-01-01\tholiday\t元旦\n": "第4行：2025-01-01 重复出现",
	} {
		if _, err := ParseCalendar(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := ParseCalendar(strings.ReplaceAll(embeddedCalendar, "\n", "\r\n")); err != nil {
		t.Errorf("CRLF: %v", err)
	}
}
