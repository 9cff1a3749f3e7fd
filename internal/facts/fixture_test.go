package facts_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/engine"
	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

// vocabularyText has every type, current and past periods, two fields of one series, series that anybody may deliver, and absent
// values.
const vocabularyText = `
fields:
  - {name: 注册区, id: district, type: string, source: 区市场局}
  - {name: 企业规模, id: size, type: enum, values: [大型, 中型, 小型], source: 区市场局, stale_after: 100 days}
  - {name: 失信, id: dishonest, type: bool, source: 区法院, absent: 否}
  - {name: 上年营收, id: revenue1, type: money, unit: 元, source: 区税务局, of: 营收, period: year-1}
  - {name: 前年营收, id: revenue2, type: money, unit: 元, source: 区税务局, of: 营收, period: year-2}
  - {name: 上季用电, id: power, type: decimal, unit: "%", source: 供电公司, of: 用电, period: quarter-1, absent: "0"}
  - {name: 认定日, id: awarded, type: date}
  - {name: 资质, id: titles, type: set}
  - {name: 人数, id: staff, type: int, unit: 人}
  - name: 合同
    id: contracts
    type: table
    source: 区房管局
    key: 合同号
    columns: [{name: 租金, id: rent, type: money, unit: 元}]
  - {name: 大户, id: big, type: bool, derive: '上年营收 >= 100*万元'}
`

// bench is a store with a published vocabulary and a clock that tests set forward.
type bench struct {
	testing.TB
	st  *store.Store
	v   *rules.Vocabulary
	id  string
	now time.Time
}

var ctx = context.Background()

// onDisk is the address of a new SQLite file.
func onDisk(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "facts.db") }

// newBench opens a store; the empty address is a database in memory.
func newBench(t testing.TB, address, vocabulary string) *bench {
	t.Helper()
	if address == "" {
		address = "sqlite://:memory:"
	}
	b := &bench{TB: t, now: time.Date(2025, 1, 10, 1, 0, 0, 0, time.UTC)}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(vocabulary))
	if v == nil {
		t.Fatal(mistakes)
	}
	b.v = v
	st, err := store.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	b.st, b.id = st, store.Hash([]byte(vocabulary))
	_, err = st.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: b.now, PublishedBy: "测试", Body: []byte(vocabulary)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// later sets the clock forward.
func (b *bench) later(d time.Duration) { b.now = b.now.Add(d) }

func code(n int) string {
	base, err := standard.OrganisationBase("MA", n)
	if err != nil {
		panic(err)
	}
	c, err := standard.USCCFrom("91", "310118", base)
	if err != nil {
		panic(err)
	}
	return c
}

func meta(source, period string, complete bool) arrival.Meta {
	return arrival.Meta{
		Meta:       delivery.Meta{Source: source, Period: period, Complete: complete, Purpose: "比对", LegalBasis: "条例"},
		ReceivedBy: "甲",
	}
}

// file writes a CSV file; the first cell of each row is an enterprise's number.
func file(header []string, rows [][]string) intake.Input {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(append([]string{rules.KeyColumn}, header...))
	for _, row := range rows {
		_ = w.Write(row)
	}
	w.Flush()
	return intake.Bytes("数据.csv", out.Bytes())
}

// receive delivers rows given as "1,大型;2,": enterprise numbers and cells.
func (b *bench) receive(m arrival.Meta, header, rows string) store.Delivery {
	b.Helper()
	d, _, _, err := b.tryReceive(m, header, rows)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func (b *bench) tryReceive(m arrival.Meta, header, rows string) (store.Delivery, *delivery.Report, []delivery.Jump, error) {
	b.Helper()
	var list [][]string
	for row := range strings.SplitSeq(rows, ";") {
		if row == "" {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(row, "|", ";"), ",")
		var n int
		if _, err := fmt.Sscan(cells[0], &n); err != nil {
			b.Fatal(err)
		}
		cells[0] = code(n)
		list = append(list, cells)
	}
	return arrival.Receive(ctx, b.st, b.v, []intake.Input{file(strings.Split(header, ","), list)}, m, b.now)
}

func (b *bench) build(asOf string, knownAt time.Time, announce bool) store.Snapshot {
	b.Helper()
	s, err := facts.Build(ctx, b.st, b.v, facts.Request{
		Vocabulary: b.id, AsOf: civil.MustParse(asOf), KnownAt: knownAt, Now: b.now, Announce: announce,
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (b *bench) open(s store.Snapshot) *engine.Table {
	b.Helper()
	t, err := facts.Open(ctx, b.st, b.v, s)
	if err != nil {
		b.Fatal(err)
	}
	if err := facts.Prefetch(ctx, t, nil); err != nil {
		b.Fatal(err)
	}
	return t
}

// fact is what a table knows of an enterprise, as text: the value, or ? with the reason, then source and day of what has either.
func (b *bench) fact(t *engine.Table, n int, field string) string {
	b.Helper()
	f, ok := b.v.Field(field)
	row, known := t.Row(code(n))
	if !ok || !known {
		return "无此企业"
	}
	p, err := t.Profile(row)
	if err != nil {
		b.Fatal(err)
	}
	return tell(f, p.Fact(f))
}

func tell(f *rules.Field, fact rules.Fact) string {
	switch {
	case fact.Value == nil && fact.Reason == "":
		return "?"
	case fact.Value == nil:
		return "?" + fact.Reason
	case f.Type == rules.TypeTable:
		return fmt.Sprintf("%d 条 %s %s", len(fact.Value.Rows()), fact.Source, fact.On)
	}
	return fmt.Sprintf("%s %s %s", f.Cell(fact.Value), fact.Source, fact.On)
}
