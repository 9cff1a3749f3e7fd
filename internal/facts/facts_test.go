package facts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// want holds the facts of some enterprises against lines like "1 失信 否 区法院 2025-01-10".
func (b *bench) want(s store.Snapshot, lines ...string) {
	b.Helper()
	t := b.open(s)
	reader := facts.NewReader(b.st)
	for _, line := range lines {
		words := strings.SplitN(line, " ", 3)
		n := int(words[0][0] - '0')
		if got := b.fact(t, n, words[1]); got != words[2] {
			b.Errorf("%s %s is %q, want %q", words[0], words[1], got, words[2])
		}
		f, _ := b.v.Field(words[1])
		p, err := reader.Profile(ctx, b.v, s, code(n))
		if errors.Is(err, store.ErrNotFound) && words[2] == "无此企业" {
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		if got := tell(f, p.Fact(f)); got != words[2] {
			b.Errorf("alone, %s %s is %q, want %q", words[0], words[1], got, words[2])
		}
	}
}

// round is a small life of a database: it must go the same on both.
func round(t *testing.T, address string) {
	b := newBench(t, address, vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-05", false), "企业名称,注册区,企业规模", "1,甲厂,青浦区,大型;2,乙厂,青浦区,;3,,松江区,小型")
	b.receive(meta("区税务局", "2024", false), "上年营收(万元)", "1,120.5;2,3")
	b.receive(meta("区税务局", "2023", false), "营收", "1,7")
	s := b.build("2025-01-10", b.now, true)
	b.want(s, "1 注册区 青浦区 区市场局 2025-01-05", "1 上年营收 1205000 区税务局 2025-01-10", "1 前年营收 7 区税务局 2025-01-10",
		"2 企业规模 ?", "2 前年营收 ?", "3 上年营收 ?", "4 注册区 无此企业", "1 大户 ?")
	for n, name := range map[int]string{1: "甲厂", 2: "乙厂", 3: code(3)} {
		if e, err := b.st.Enterprise(ctx, code(n)); err != nil || e.Name != name {
			t.Errorf("enterprise %d: %v, %v", n, e, err)
		}
	}

	b.later(24 * time.Hour)
	b.receive(meta("区市场局", "current:2025-01-11", false), "企业名称,企业规模", "2,乙公司,中型;9,丙厂,;5,,小型")
	next := b.build("2025-01-11", b.now, true)
	if next.Base != s.ID || next.Depth != 1 || next.Rows != 5 {
		t.Fatalf("the next snapshot: %+v", next)
	}
	b.want(next, "2 企业规模 中型 区市场局 2025-01-11", "1 企业规模 大型 区市场局 2025-01-05", "9 企业规模 ?", "5 企业规模 小型 区市场局 2025-01-11",
		"2 注册区 青浦区 区市场局 2025-01-05", "1 上年营收 1205000 区税务局 2025-01-10", "5 注册区 ?")
	if e, err := b.st.Enterprise(ctx, code(2)); err != nil || e.Name != "乙公司" {
		t.Errorf("renamed: %v, %v", e, err)
	}
	table := b.open(next)
	for row := range table.Rows() {
		if got, want := table.Code(row), code([]int{1, 2, 3, 5, 9}[row]); got != want {
			t.Errorf("row %d is %s, want %s", row, got, want)
		}
	}
	b.want(s, "2 企业规模 ?", "5 注册区 无此企业")
}

func TestSQLite(t *testing.T)   { round(t, onDisk(t)) }
func TestPostgres(t *testing.T) { round(t, pgtest.Database(t)) }

// TestComplete looks at what a complete delivery says of those that it leaves out.
func TestComplete(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-01", false), "注册区", "1,a;2,a;3,a;4,a")
	b.receive(meta("区法院", "current:2025-01-02", false), "失信", "1,是;2,是")
	before := b.build("2025-01-10", b.now, true)
	b.want(before, "1 失信 是 区法院 2025-01-02", "3 失信 ?")

	b.receive(meta("区法院", "current:2025-01-03", true), "失信", "1,是;4,")
	closed := b.build("2025-01-10", b.now, true)
	b.want(closed, "1 失信 是 区法院 2025-01-03", "2 失信 否 区法院 2025-01-03", "3 失信 否 区法院 2025-01-03", "4 失信 ?")
	b.want(b.build("2025-01-02", b.now, false), "2 失信 是 区法院 2025-01-02", "3 失信 ?")

	b.receive(meta("区法院", "current:2025-01-04", false), "失信", "2,是;4,;3,")
	b.receive(meta("区市场局", "current:2025-01-04", false), "注册区", "5,b")
	after := b.build("2025-01-10", b.now, true)
	b.want(after, "1 失信 是 区法院 2025-01-03", "2 失信 是 区法院 2025-01-04", "3 失信 否 区法院 2025-01-03", "4 失信 ?", "5 失信 否 区法院 2025-01-03")
	if after.Base != closed.ID {
		t.Errorf("the last snapshot stands on %q", after.Base)
	}

	// Quarters are complete by themselves, and the delivery of another series says nothing of this one.
	b.receive(meta("供电公司", "2024-Q4", true), "用电", "1,0.5")
	b.receive(meta("供电公司", "2024-Q3", true), "用电", "2,1.5")
	b.want(b.build("2025-01-10", b.now, true), "1 上季用电 0.5 供电公司 2025-01-10", "2 上季用电 0 供电公司 2025-01-10", "5 失信 否 区法院 2025-01-03")
}

func TestContradiction(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("甲局", "current:2025-01-01", false), "资质,人数,认定日", "1,x|y,10,20240101;2,x,10,;3,x,,20240101;4,x,1,")
	b.receive(meta("乙局", "current:2025-01-02", false), "资质,人数,认定日", "1,y|x,11,2024-01-02;2,,10,;3,z,12,2024/1/1;5,x,1,")
	b.receive(meta("丙局", "current:2024-12-31", false), "人数", "1,10;2,10")
	s := b.build("2025-01-10", b.now, true)
	b.want(s, "1 资质 x;y 乙局 2025-01-02", "1 人数 ?矛盾", "1 认定日 ?矛盾", "2 资质 x 甲局 2025-01-01", "2 人数 10 乙局 2025-01-02", "2 认定日 ?",
		"3 资质 ?矛盾", "3 人数 12 乙局 2025-01-02", "3 认定日 2024-01-01 乙局 2025-01-02", "4 人数 1 甲局 2025-01-01", "5 人数 1 乙局 2025-01-02")
	b.later(time.Hour)
	err := arrival.Correct(ctx, b.st, b.v, []store.Correction{
		{Series: "人数", Period: "current:2025-01-02", USCC: code(1), Cell: "0.0012", Unit: "万人", By: "乙", Reason: "核对"},
		{Series: "资质", Period: "current:2025-01-01", USCC: code(3), Missing: true, By: "乙", Reason: "核对"},
		{Series: "人数", Period: "current:2025-01-01", USCC: code(2), Cell: "99", By: "乙", Reason: "核对"},
	}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	// What was corrected for the first of January stands against what another department says for the second.
	b.want(b.build("2025-01-10", b.now, true), "1 人数 12 人工更正 2025-01-02", "3 资质 z 乙局 2025-01-02", "2 人数 ?矛盾")
	b.want(b.build("2025-01-10", b.now.Add(-time.Minute), false), "1 人数 ?矛盾")
}

// TestKnownAt replays the past after something was withdrawn.
func TestKnownAt(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	first := b.receive(meta("区市场局", "current:2025-01-05", false), "注册区", "1,a;2,a;3,c")
	yesterday := b.now
	was := b.build("2025-01-10", yesterday, true)

	b.later(24 * time.Hour)
	if err := arrival.Withdraw(ctx, b.st, first.ID, "乙", "报错了", b.now); err != nil {
		t.Fatal(err)
	}
	second := b.receive(meta("区市场局", "current:2025-01-06", false), "注册区", "2,b;4,b")
	is := b.build("2025-01-10", b.now, true)
	b.want(is, "1 注册区 ?", "2 注册区 b 区市场局 2025-01-06", "3 注册区 ?", "4 注册区 b 区市场局 2025-01-06")
	if is.ID == was.ID || is.Rows != 4 {
		t.Errorf("the new snapshot: %+v", is)
	}
	if again := b.build("2025-01-10", yesterday, false); again.ID != was.ID {
		t.Errorf("yesterday's snapshot was %s and is %s", was.ID, again.ID)
	}
	if again := b.build("2025-01-10", b.now, true); again.ID != is.ID {
		t.Errorf("the same question gave %s, then %s", is.ID, again.ID)
	}
	b.want(b.build("2025-01-09", yesterday, false), "1 注册区 a 区市场局 2025-01-05", "2 注册区 a 区市场局 2025-01-05", "4 注册区 ?")

	b.later(time.Hour)
	if err := arrival.Quarantine(ctx, b.st, second.ID, "乙", "有疑问", b.now); err != nil {
		t.Fatal(err)
	}
	b.want(b.build("2025-01-10", b.now, true), "2 注册区 ?")
	b.later(time.Hour)
	if err := arrival.Accept(ctx, b.st, second.ID, "乙", "没有问题", b.now); err != nil {
		t.Fatal(err)
	}
	back := b.build("2025-01-10", b.now, true)
	if back.Rows != 4 {
		t.Errorf("%d rows", back.Rows)
	}
	b.want(back, "2 注册区 b 区市场局 2025-01-06")
}

// TestAnnouncedAgain makes what was known before the latest snapshot again: rows stay what they are.
func TestAnnouncedAgain(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-01", false), "注册区", "1,a;3,c")
	before := b.now
	first := b.build("2025-01-10", before, true)
	b.later(time.Hour)
	b.receive(meta("区市场局", "current:2025-01-02", false), "注册区", "4,d")
	b.build("2025-01-10", b.now, true)
	again := b.build("2025-01-10", before, true)
	if again.ID == first.ID || again.Rows != 3 {
		t.Errorf("%d rows are the latest", again.Rows)
	}
	b.want(again, "1 注册区 a 区市场局 2025-01-01", "4 注册区 ?")
	b.later(time.Hour)
	b.receive(meta("区市场局", "current:2025-01-03", false), "注册区", "2,b")
	if table := b.open(b.build("2025-01-10", b.now, true)); table.Code(2) != code(4) || table.Code(3) != code(2) {
		t.Error("rows have other numbers")
	}
}

// TestEarlierDay builds for a day on which a correction doesn't hold yet.
func TestEarlierDay(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-01", false), "注册区", "1,a;2,a;3,a;4,a")
	err := arrival.Correct(ctx, b.st, b.v, []store.Correction{{Series: "注册区", Period: "current:2025-01-09", USCC: code(1), Cell: "b", By: "乙", Reason: "核对"}}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.want(b.build("2025-01-10", b.now, true), "1 注册区 b 人工更正 2025-01-09")
	earlier := b.build("2025-01-05", b.now, true)
	b.want(earlier, "1 注册区 a 区市场局 2025-01-01")
	if earlier.Base == "" {
		t.Error("written as a whole")
	}
}

// TestStale holds days of origin against stale_after as rules see it.
func TestStale(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-05", false), "企业规模", "1,大型")
	b.receive(meta("区市场局", "2024-12", false), "企业规模", "2,大型")
	f, _ := b.v.Field("企业规模")
	for _, c := range []struct {
		n     int
		asOf  string
		stale bool
	}{{1, "2025-04-15", false}, {1, "2025-04-16", true}, {2, "2025-04-10", false}, {2, "2025-04-11", true}} {
		table := b.open(b.build(c.asOf, b.now, false))
		row, _ := table.Row(code(c.n))
		p, err := table.Profile(row)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Stale(p.Fact(f), civil.MustParse(c.asOf)); got != c.stale {
			t.Errorf("as of %s, enterprise %d: stale %v", c.asOf, c.n, got)
		}
	}
}

func TestReceive(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	m := meta("区税务局", "2023", false)
	var rows []string
	for n := range 60 {
		rows = append(rows, fmt.Sprintf("%d%s,500000", 1+n%9, strings.Repeat("0", n/9)))
	}
	first := b.receive(m, "营收", strings.Join(rows, ";"))
	if first.Standing.State != store.Accepted {
		t.Fatalf("first: %+v", first.Standing)
	}
	b.later(time.Hour)
	if again := b.receive(m, "营收", strings.Join(rows, ";")); again.ID != first.ID || !again.ReceivedAt.Equal(first.ReceivedAt) {
		t.Errorf("again: %+v", again)
	}
	m.Period = "2024"
	wrong := strings.ReplaceAll(strings.Join(rows, ";"), ",500000", ",52")
	d, _, jumps, err := b.tryReceive(m, "营收", wrong)
	if err != nil || d.Standing.State != store.OnHold || len(jumps) == 0 || !strings.Contains(d.Standing.Reason, "疑似单位错误（元与万元，相差 10000 倍）") {
		t.Fatalf("wrong unit: %+v, %v, %v", d.Standing, jumps, err)
	}
	b.want(b.build("2025-01-10", b.now, false), "1 上年营收 ?", "1 前年营收 500000 区税务局 2025-01-10")
	// A few enterprises more aren't a mistake, whatever they sum up to; a complete delivery that lost most is.
	m.Period = "2022"
	if d := b.receive(m, "营收", "1,500000"); d.Standing.State != store.Accepted {
		t.Errorf("a supplement: %+v", d.Standing)
	}
	m.Hold.Never = true
	if d := b.receive(m, "营收", wrong); d.Standing.State != store.Accepted {
		t.Errorf("not to be held: %+v", d.Standing)
	}
	court := meta("区法院", "current:2025-01-01", true)
	b.receive(court, "失信", "1,是;2,是;3,是")
	court.Period = "current:2025-01-02"
	if d := b.receive(court, "失信", "1,是"); d.Standing.State != store.OnHold || !strings.Contains(d.Standing.Reason, "从 3 户变为 1 户") {
		t.Errorf("a lost half: %+v", d.Standing)
	}

	var problems *intake.Problems
	_, report, _, err := b.tryReceive(m, "营收", "1,多")
	if !errors.As(err, &problems) || report == nil {
		t.Errorf("bad input: %v", err)
	}
	if list, err := b.st.Deliveries(ctx, store.DeliveryFilter{Period: "2022"}); err != nil || len(list) != 2 {
		t.Errorf("%d deliveries, %v", len(list), err)
	}
	m.Purpose = ""
	if _, _, _, err := b.tryReceive(m, "营收", "1,1"); err == nil {
		t.Error("a delivery without purpose was received")
	}
}

func TestCorrectRefuses(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	good := store.Correction{Series: "营收", Period: "2024", USCC: code(1), Cell: "1.5", Unit: "万元", By: "乙", Reason: "核对"}
	bad := func(change func(*store.Correction)) string {
		c := good
		change(&c)
		err := arrival.Correct(ctx, b.st, b.v, []store.Correction{good, c}, b.now)
		var problems *intake.Problems
		if !errors.As(err, &problems) || len(problems.List) != 1 || problems.List[0].Row != 2 {
			t.Fatalf("%+v: %v", c, err)
		}
		return problems.List[0].Message
	}
	got := []string{
		bad(func(c *store.Correction) { c.Series = "上年营收" }),
		bad(func(c *store.Correction) { c.Series = "合同" }),
		bad(func(c *store.Correction) { c.Period = "去年" }),
		bad(func(c *store.Correction) { c.USCC = "1" }),
		bad(func(c *store.Correction) { c.Cell = "1.2345678" }),
		bad(func(c *store.Correction) { c.Cell = "" }),
		bad(func(c *store.Correction) { c.Unit = "人" }),
		bad(func(c *store.Correction) { c.Missing = true }),
		bad(func(c *store.Correction) { c.Reason = "" }),
	}
	want := []string{
		"没有“上年营收”这个数据项", "表的记录不能逐格更正，请重新交换数据", "所属期“去年”写作 2024、2024-Q1 或 2024-03",
		"统一社会信用代码“1”应为18位，实为1位", "上年营收：“1.2345678”精确到分以下，金额最多到分", "没有写更正后的值；数据本来就缺的，请注明更正为缺失",
		"上年营收：单位“人”不能用于以 元 计的指标", "更正为缺失时不能再写值", "更正要写明更正人和理由",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if list, err := b.st.Corrections(ctx, store.CorrectionFilter{}); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestProfiles imports a file of profiles and compares what comes out with what went in.
func TestProfiles(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	in := intake.Bytes("企业.csv", []byte("统一社会信用代码,企业名称,注册区,上年营收(万元),前年营收,资质,认定日,失信\n"+
		code(3)+",丙,青浦区,1.5,0.01,a;b,20240101,\n"+code(1)+",甲,,,,;;,,是\n"+code(2)+",,,,,,,\n"))
	batch, err := intake.ReadProfiles(ctx, b.v, in, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	asOf := civil.MustParse("2025-01-10")
	for range 2 {
		list, err := arrival.ReceiveProfiles(ctx, b.st, b.v, batch, asOf, b.now, "甲")
		if err != nil || len(list) != 5 {
			t.Fatalf("%d deliveries, %v", len(list), err)
		}
	}
	s := b.build("2025-01-10", b.now, true)
	table, reader := b.open(s), facts.NewReader(b.st)
	if table.Rows() != 3 {
		t.Fatalf("%d rows", table.Rows())
	}
	for _, want := range batch.Profiles {
		row, _ := table.Row(want.Enterprise)
		got, err := table.Profile(row)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := reader.Profile(ctx, b.v, s, want.Enterprise)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.v.Fields {
			if g, w := f.Cell(got.Fact(f).Value), f.Cell(want.Fact(f).Value); g != w {
				t.Errorf("%s of %s is %q, want %q", f.Name, want.Enterprise, g, w)
			}
			if g, w := tell(f, alone.Fact(f)), tell(f, got.Fact(f)); g != w {
				t.Errorf("alone, %s of %s is %q, want %q", f.Name, want.Enterprise, g, w)
			}
		}
	}
	twice := strings.ReplaceAll(vocabularyText, "{name: 前年营收, id: revenue2, type: money, unit: 元, source: 区税务局, of: 营收, period: year-2}",
		"{name: 去年营收, id: revenue2, type: money, unit: 元, source: 区税务局, of: 营收, period: year-1}")
	v, mistakes := rules.ParseVocabulary("v", []byte(twice))
	if v == nil {
		t.Fatal(mistakes)
	}
	batch, err = intake.ReadProfiles(ctx, v, intake.Bytes("a.csv", []byte("统一社会信用代码,上年营收,去年营收\n"+code(1)+",1,2\n")), intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := arrival.ReceiveProfiles(ctx, b.st, v, batch, asOf, b.now, "甲"); err == nil || !strings.Contains(err.Error(), "是同一个数据项，值却不同") {
		t.Errorf("two values for one series: %v", err)
	}
}
