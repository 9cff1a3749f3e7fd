package workload

import (
	"bytes"
	"encoding/csv"
	"slices"
	"sync"
	"testing"

	"mianshen/engine/column"
)

var world = sync.OnceValues(NewWorld)

func newWorld(t *testing.T) *World {
	t.Helper()
	w, err := world()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestColumns holds that a column is the same whoever draws it, and that a longer one begins with the shorter.
func TestColumns(t *testing.T) {
	w := newWorld(t)
	const rows = drawn + 77
	short, long := w.Columns(rows, 1), Head(w.Columns(2*rows, 3), rows)
	for i, c := range short {
		l := long[i]
		if !slices.Equal(c.Known, l.Known) || !slices.Equal(c.Bits, l.Bits) || !slices.Equal(c.Ints, l.Ints) || !slices.Equal(c.Days, l.Days) || !slices.Equal(c.Codes, l.Codes) {
			t.Errorf("%s differs", w.Fields[i].Name)
		}
		missing := 1 - float64(count(c.Known))/rows
		if f := w.Fields[i]; missing < f.Missing-0.03 || missing > f.Missing+0.03 {
			t.Errorf("%s: %.3f missing, want %.3f", f.Name, missing, f.Missing)
		}
	}
}

func count(words []uint64) (n int) {
	for _, w := range words {
		for ; w != 0; w &= w - 1 {
			n++
		}
	}
	return n
}

// TestViews holds values read through views against the columns' own texts.
func TestViews(t *testing.T) {
	w := newWorld(t)
	for i, c := range w.Columns(500, 2) {
		v := NewView(w.Fields[i], c)
		for row := range c.Rows {
			value, known := v.At(row)
			if known != c.IsKnown(row) {
				t.Fatalf("%s row %d: known %v", v.Field.Name, row, known)
			}
			if known && (c.Kind == column.Text || c.Kind == column.Set) && v.Field.text(value) != c.Dict[c.Codes[row]] {
				t.Fatalf("%s row %d: %q, want %q", v.Field.Name, row, v.Field.text(value), c.Dict[c.Codes[row]])
			}
		}
	}
}

// TestItems holds the shape of the policies: how many conditions an item has, how much is shared, how many amounts are fixed.
func TestItems(t *testing.T) {
	w := newWorld(t)
	items := w.Items(1000, true)
	leaves, fixed := 0, 0
	for _, it := range items {
		leaves += it.Leaves()
		if it.Amount.Kind == Fixed {
			fixed++
		}
	}
	if leaves < 8_700 || leaves > 9_200 {
		t.Errorf("%d conditions in 1,000 items, want about 8,900", leaves)
	}
	if n := Predicates(items); n < 2_000 || n > 3_000 {
		t.Errorf("%d distinct predicates", n)
	}
	if fixed < 450 || fixed > 550 {
		t.Errorf("%d fixed amounts, want about 500", fixed)
	}
	book, err := w.Book(items[:60])
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Rules) != 60 {
		t.Errorf("%d rules", len(book.Rules))
	}
}

// TestCSV holds that the file has the cells of the rows in order, whatever the number of workers.
func TestCSV(t *testing.T) {
	w := newWorld(t)
	views, codes := w.NewViews(w.Columns(5000, 2)), Codes(5000)
	var one, three bytes.Buffer
	if err := WriteCSV(&one, views, codes, 1); err != nil {
		t.Fatal(err)
	}
	if err := WriteCSV(&three, views, codes, 3); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), three.Bytes()) {
		t.Error("the file depends on the number of workers")
	}
	records, err := csv.NewReader(&one).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 5001 || len(records[0]) != 101 || records[4097][0] != codes[4096] {
		t.Errorf("%d records", len(records))
	}
}
