package form_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mianshen/engine/column"
	"mianshen/internal/facts/form"
	"mianshen/internal/intake/delivery"
)

// long is more rows than one chunk holds.
const long = column.ChunkRows + 5

func samplePart(rows int, names bool) delivery.Part {
	p := delivery.Part{}
	number, text := column.NewBuilder(column.Number), column.NewBuilder(column.Text)
	for i := range rows {
		p.Codes = append(p.Codes, fmt.Sprintf("%018d", i*7))
		if names {
			p.Names = append(p.Names, []string{"", "甲厂"}[i%2])
		}
		if i%3 == 0 {
			number.Missing()
			text.Missing()
			continue
		}
		number.Number(int64(i), uint8(i%2))
		text.Text([]byte{byte('a' + i%5)})
	}
	p.Columns = []delivery.NamedColumn{
		{Series: "营收", Column: number.Take(column.Origin{})}, {Series: "区", Column: text.Take(column.Origin{})},
	}
	return p
}

func TestPart(t *testing.T) {
	for _, names := range []bool{true, false} {
		want := samplePart(long, names)
		data, err := form.EncodePart(want)
		if err != nil {
			t.Fatal(err)
		}
		p, err := form.OpenPart(data)
		if err != nil {
			t.Fatal(err)
		}
		codes, err := p.Codes()
		if err != nil || len(codes) != p.Rows || codes[9].String() != want.Codes[9] {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		got, err := p.Names()
		if err != nil || !slices.Equal(got, want.Names) {
			t.Errorf("names: %v", err)
		}
		if !slices.Equal(p.Series, []string{"营收", "区"}) {
			t.Errorf("series %q", p.Series)
		}
		for _, c := range want.Columns {
			got, err := p.Column(c.Series)
			if err != nil || !column.Equal(got, c.Column) {
				t.Errorf("%s differs: %v", c.Series, err)
			}
		}
		if c, err := p.Column("无"); c != nil || err != nil {
			t.Errorf("a series that isn't there: %v, %v", c, err)
		}
	}
	if _, err := form.EncodePart(delivery.Part{Codes: []string{"1"}}); err == nil {
		t.Error("a short code was written")
	}
}

func TestPatch(t *testing.T) {
	c := samplePart(long, false).Columns[0].Column
	rows := make([]int, c.Rows)
	for i := range rows {
		rows[i] = 5 + i + i/10*3 // in runs of ten
	}
	chunks := form.EncodePatch(rows, c)
	if len(chunks) != 2 {
		t.Fatalf("%d chunks", len(chunks))
	}
	gotRows, got, err := form.DecodePatch(chunks)
	if err != nil || !slices.Equal(gotRows, rows) || !column.Equal(got, c) {
		t.Fatalf("the patch differs: %v", err)
	}
	for _, i := range []int{0, 9, 10, column.ChunkRows - 1} {
		one, err := form.PatchAt(chunks[0], rows[i])
		if err != nil || !column.Equal(one, column.Gather(c, []int{i})) {
			t.Errorf("row %d differs: %v", rows[i], err)
		}
	}
	for _, row := range []int{0, 15, 17, rows[len(rows)-1]} {
		if one, err := form.PatchAt(chunks[0], row); one != nil || err != nil {
			t.Errorf("row %d is there: %v", row, err)
		}
	}
	slices.Reverse(chunks)
	if _, _, err := form.DecodePatch(chunks); !errors.Is(err, form.ErrDamaged) {
		t.Errorf("chunks in the wrong order: %v", err)
	}
	if rows, c, err := form.DecodePatch(nil); len(rows) != 0 || c.Rows != 0 || err != nil {
		t.Errorf("no chunks: %v", err)
	}
}

// TestDamage flips bits: what is read afterwards is an error or what was written.
func TestDamage(t *testing.T) {
	part := samplePart(long, true)
	data, err := form.EncodePart(part)
	if err != nil {
		t.Fatal(err)
	}
	patch := form.EncodePatch([]int{1, 2, 9}, column.Gather(part.Columns[0].Column, []int{1, 2, 3}))[0]
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bad := slices.Clone(data)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		if err := readAll(bad); !errors.Is(err, form.ErrDamaged) {
			t.Fatalf("a damaged part: %v", err)
		}
		bad = slices.Clone(patch)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		if _, _, err := form.DecodePatch([][]byte{bad}); !errors.Is(err, form.ErrDamaged) {
			t.Fatalf("a damaged patch: %v", err)
		}
		if err := readAll(data[:r.IntN(len(data))]); !errors.Is(err, form.ErrDamaged) {
			t.Fatalf("a part cut off: %v", err)
		}
	}
}

// readAll reads everything in a part.
func readAll(data []byte) error {
	p, err := form.OpenPart(data)
	if err != nil {
		return err
	}
	_, err = p.Codes()
	if err == nil {
		_, err = p.Names()
	}
	for _, s := range p.Series {
		if err == nil {
			_, err = p.Column(s)
		}
	}
	return err
}

// FuzzForms reads anything without a crash; errors are about damage.
func FuzzForms(f *testing.F) {
	part, err := form.EncodePart(samplePart(5, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(part)
	f.Add(form.EncodePatch([]int{0, 4}, column.Gather(samplePart(5, false).Columns[1].Column, []int{1, 2}))[0])
	f.Add(form.EncodeCodes([]form.Code{{1}, {2}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, codes := form.DecodeCodes(nil, data)
		_, _, patch := form.DecodePatch([][]byte{data})
		_, at := form.PatchAt(data, 4)
		for _, err := range []error{readAll(data), codes, patch, at} {
			if err != nil && !errors.Is(err, form.ErrDamaged) {
				t.Error(err)
			}
		}
	})
}
