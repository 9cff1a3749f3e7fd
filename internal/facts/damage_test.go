package facts_test

import (
	"errors"
	"slices"
	"testing"

	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/facts/form"
	"mianshen/internal/intake"
	"mianshen/internal/store"
)

// TestDamagedChunks puts damaged chunks under a snapshot: reading is an error, never a wrong fact.
func TestDamagedChunks(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	b.receive(meta("区市场局", "current:2025-01-01", false), "注册区,企业规模", "1,a,大型;2,b,小型;3,c,小型;4,d,小型")
	s := b.build("2025-01-10", b.now, true)
	for _, field := range []string{"district", ""} {
		copied := s
		copied.ID = store.Hash([]byte("damaged" + field))
		if _, err := b.st.BeginSnapshot(ctx, copied); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "district", "size"} {
			body, err := b.st.Chunk(ctx, s.ID, name, 0)
			if err != nil {
				t.Fatal(err)
			}
			if name == field {
				body = slices.Clone(body)
				body[len(body)-1] ^= 1
			}
			if err := b.st.PutChunks(ctx, copied.ID, []store.Chunk{{Field: name, Body: body}}); err != nil {
				t.Fatal(err)
			}
		}
		damaged, err := b.st.SealSnapshot(ctx, copied.ID, false, b.now)
		if err != nil {
			t.Fatal(err)
		}
		table, err := facts.Open(ctx, b.st, b.v, damaged)
		if err == nil {
			err = facts.Prefetch(ctx, table, nil)
		}
		if !errors.Is(err, form.ErrDamaged) {
			t.Errorf("chunk of %q: %v", field, err)
		}
		if _, err := facts.NewReader(b.st).Profile(ctx, b.v, damaged, code(1)); err == nil {
			t.Errorf("a profile was read past the chunk of %q", field)
		}
	}
}

// TestRecords delivers the records of a table.
func TestRecords(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	in := intake.Bytes("合同.csv", []byte("统一社会信用代码,合同号,租金(万元)\n"+code(1)+",A,1\n"+code(1)+",B,2.5\n"+code(2)+",,\n"))
	for _, period := range []string{"current:2025-01-01", "current:2025-01-02"} {
		if _, _, _, err := arrival.Receive(ctx, b.st, b.v, []intake.Input{in}, meta("区房管局", period, false), b.now); err != nil {
			t.Fatal(err)
		}
	}
	s := b.build("2025-01-10", b.now, true)
	b.want(s, "1 合同 2 条 区房管局 2025-01-02", "2 合同 0 条 区房管局 2025-01-02", "3 合同 无此企业")
	table := b.open(s)
	row, _ := table.Row(code(1))
	p, err := table.Profile(row)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := b.v.Field("合同")
	if got := p.Fact(f).Value.Rows()[1].Columns[0].Num().String(); got != "2500000" {
		t.Errorf("the rent is %s 分", got)
	}
	if _, err := facts.NewReader(b.st).Row(ctx, s, "91"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no code: %v", err)
	}
}

// TestNothing builds from nothing at all, and from a delivery of nobody.
func TestNothing(t *testing.T) {
	b := newBench(t, "", vocabularyText)
	if s := b.build("2025-01-10", b.now, true); s.Rows != 0 || b.open(s).Rows() != 0 {
		t.Errorf("%+v", s)
	}
	b.receive(meta("区市场局", "current:2025-01-01", false), "注册区", "1,a")
	b.want(b.build("2025-01-10", b.now, true), "1 注册区 a 区市场局 2025-01-01")
}
