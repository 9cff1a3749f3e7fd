package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/rules"
)

// A stream gives rows in the order of the file, columns under the names that slots have, and refuses what nobody may deliver.
func TestStream(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("v.yaml", []byte("fields:\n  - {name: 人数, id: staff, type: int, unit: 人, source: 甲局}\n  - {name: 收入, id: revenue, type: money, unit: 元, source: 乙局}\n"))
	if v == nil {
		t.Fatal(mistakes)
	}
	slots := []Slot{
		{Name: "人数", Headers: []string{"人数", "staff"}, Field: v.Fields[0]},
		{Name: "收入", Headers: []string{"收入"}, Field: v.Fields[1], Refused: "收入 由乙局提供"},
	}
	var got strings.Builder
	take := func(r StreamRow) { fmt.Fprintf(&got, "%d %s %s %v\n", r.Number, r.Code, r.Name, r.Values[0]) }
	layout, err := Stream(context.Background(), "这批", slots, Bytes("a.csv", []byte("企业名称,staff,统一社会信用代码\n甲,5,91310118MA1JP7UB2B\n乙,,91310118MA1JN1AK1W\n")), Options{}, 0, take)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("2 91310118MA1JP7UB2B 甲 5\n3 91310118MA1JN1AK1W 乙 <nil>\n", got.String()); diff != "" {
		t.Error(diff)
	}
	want := []LayoutColumn{
		{Header: "企业名称", Letter: "A", Slot: NameSlot}, {Header: "staff", Letter: "B", Position: 1}, {Header: "统一社会信用代码", Letter: "C", Position: 2, Slot: CodeSlot},
	}
	if diff := cmp.Diff(want, layout.Columns); diff != "" || layout.Width != 3 || layout.Found != "CSV，编码 UTF-8" {
		t.Errorf("%s\n%+v", diff, layout)
	}
	_, err = Stream(context.Background(), "这批", slots, Bytes("a.csv", []byte("统一社会信用代码,收入,人\n")), Options{}, 0, take)
	if want := "a.csv:1:B（收入）：收入 由乙局提供\na.csv:1:C（人）：“人”不是这批的列"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// A stream keeps as many problems as it is asked to, and then stops.
func TestStreamStops(t *testing.T) {
	v, _ := rules.ParseVocabulary("v.yaml", []byte("fields:\n  - {name: 人数, id: staff, type: int, unit: 人, source: 甲局}\n"))
	slots := []Slot{{Name: "人数", Headers: []string{"人数"}, Field: v.Fields[0]}}
	data := "统一社会信用代码,人数\n" + strings.Repeat("91310118MA1JP7UB2B,x\n", 500)
	rows := 0
	_, err := Stream(context.Background(), "这批", slots, Bytes("a.csv", []byte(data)), Options{}, 60, func(StreamRow) { rows++ })
	var all *Problems
	if !errors.As(err, &all) || len(all.List) != 60 || all.More != 1 || rows != 61 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
