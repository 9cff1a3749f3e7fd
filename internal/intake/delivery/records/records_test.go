package records

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

const vocabulary = `fields:
  - name: 租赁合同
    id: leases
    type: table
    source: 区房管局
    key: 合同号
    columns:
      - {name: 实付租金, id: rent, type: money, unit: 元}
      - {name: 面积, id: area, type: decimal, unit: 平方米}
      - {name: 起租日, id: since, type: date}
      - {name: 备案, id: filed, type: bool}
      - {name: 用途, id: use, type: string}
      - {name: 标签, id: tags, type: set}
`

func table(t interface{ Fatal(...any) }, text string) *rules.Field {
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(text))
	if v == nil {
		t.Fatal(mistakes)
	}
	return v.Tables()[0]
}

func draw(t *rapid.T, kind formula.Kind) *formula.Value {
	if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
		return nil
	}
	switch kind {
	case formula.Bool:
		return formula.BoolOf(rapid.Bool().Draw(t, "bool"))
	case formula.Number:
		n, err := exact.FromRat(big.NewRat(rapid.Int64().Draw(t, "n"), rapid.Int64Range(1, 1000).Draw(t, "d")))
		if err != nil {
			t.Skip(err)
		}
		return formula.NumberOf(n)
	case formula.Date:
		d, _ := civil.FromNumber(rapid.Int32Range(1, 400_000).Draw(t, "day"))
		return formula.DateOf(d)
	case formula.Set:
		return formula.SetOf(rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "set"))
	}
	return formula.TextOf(rapid.String().Draw(t, "text"))
}

// Records come back as they were, and the same records have the same bytes.
func TestRoundTrip(t *testing.T) {
	f := table(t, vocabulary)
	rapid.Check(t, func(t *rapid.T) {
		var rows []*formula.Record
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			cells := make([]*formula.Value, len(f.Columns))
			for i, c := range f.Columns {
				cells[i] = draw(t, c.FormulaType().Kind)
			}
			rows = append(rows, f.NewRecord(rapid.String().Draw(t, "key"), cells))
		}
		data := Encode(f, rows)
		back, err := Decode(f, data)
		if err != nil || len(back) != len(rows) {
			t.Fatalf("%d records: %v, want %d", len(back), err, len(rows))
		}
		for i := range rows {
			sameRecord(t, rows[i], back[i])
		}
		if !bytes.Equal(Encode(f, back), data) {
			t.Fatal("other bytes")
		}
	})
}

func sameRecord(t *rapid.T, a, b *formula.Record) {
	if a.Key != b.Key || len(a.Columns) != len(b.Columns) {
		t.Fatalf("%v, want %v", b, a)
	}
	for i, v := range a.Columns {
		w := b.Columns[i]
		if v.Known() != w.Known() || v.Known() && !v.Equal(w) {
			t.Fatalf("column %d: %v, want %v", i, w, v)
		}
	}
}

// A table that has gained, lost and moved columns reads what it can of old bytes.
func TestOtherColumns(t *testing.T) {
	f := table(t, vocabulary)
	data := Encode(f, []*formula.Record{f.NewRecord("1", []*formula.Value{
		formula.NumberOf(exact.Int(500)), formula.NumberOf(exact.Frac(1, 3)), nil, formula.BoolOf(true), formula.TextOf("厂房"),
	})})
	now := strings.NewReplacer("      - {name: 面积, id: area, type: decimal, unit: 平方米}\n", "", "name: 实付租金, id: rent, type: money, unit: 元", "name: 楼层, id: floor, type: int").Replace(vocabulary)
	now = strings.Replace(now, "{name: 备案, id: filed, type: bool}", "{name: 备案, id: filed, type: string}", 1)
	rows, err := Decode(table(t, now), data)
	if err != nil || len(rows) != 1 || rows[0].Key != "1" {
		t.Fatalf("%v, %v", rows, err)
	}
	var got []string
	for _, v := range rows[0].Columns {
		got = append(got, v.String())
	}
	if want := "unknown unknown unknown 厂房 unknown"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %s", got, want)
	}
	if causes := rows[0].Columns[0].Causes(); len(causes) != 1 || causes[0].Name != "租赁合同.楼层" {
		t.Errorf("%v", causes)
	}
}

// No records and an unknown number of them are different things: no records are bytes too.
func TestNone(t *testing.T) {
	f := table(t, vocabulary)
	data := Encode(f, nil)
	rows, err := Decode(f, data)
	if len(data) == 0 || err != nil || len(rows) != 0 {
		t.Errorf("%x: %v, %v", data, rows, err)
	}
}

func TestDamaged(t *testing.T) {
	f := table(t, vocabulary)
	data := Encode(f, []*formula.Record{f.NewRecord("甲-1", []*formula.Value{formula.NumberOf(exact.Int(500)), formula.NumberOf(exact.Frac(1, 3))})})
	for i := range data {
		if _, err := Decode(f, data[:i]); !errors.Is(err, ErrDamaged) {
			t.Errorf("the first %d bytes: %v", i, err)
		}
	}
	if _, err := Decode(f, append(data, 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte more: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	leases := table(f, vocabulary)
	f.Add(Encode(leases, nil))
	f.Add(Encode(leases, []*formula.Record{leases.NewRecord("1", []*formula.Value{
		formula.NumberOf(exact.Int(-5)), formula.NumberOf(exact.Frac(1, 3)), formula.DateOf(civil.MustParse("2025-06-30")),
		formula.BoolOf(false), formula.TextOf("厂房"), formula.SetOf([]string{"甲", "乙"}),
	})}))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := Decode(leases, data)
		if err != nil {
			return
		}
		again, err := Decode(leases, Encode(leases, rows))
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d records: %v, want %d", len(again), err, len(rows))
		}
	})
}
