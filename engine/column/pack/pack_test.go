package pack

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestParts writes one of each part and reads it again, then what is cut off anywhere.
func TestParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 300).Draw(t, "rows")
		known := make([]uint64, (rows+63)/64)
		values, places := make([]int64, rows), make([]uint16, rows)
		width := rapid.IntRange(0, 63).Draw(t, "width")
		for i := range rows {
			places[i] = uint16(i / rapid.SampledFrom([]int{1, 100}).Draw(t, "run"))
			if rapid.Bool().Draw(t, "known") {
				Put(known, i, true)
				values[i] = rapid.Int64().Draw(t, "value") >> width
			}
		}
		n := Count(known)
		data := AppendBits(nil, known, n, rows)
		data = AppendWhole(data, Known(values, known, n))
		data = AppendPlaces(data, places)
		data = AppendText(data, "终")

		gotKnown, got, gotPlaces := make([]uint64, len(known)), make([]int64, rows), make([]uint16, rows)
		read := func(data []byte) (string, error) {
			clear(gotKnown)
			r := NewReader(data)
			r.Bits(gotKnown, nil, rows)
			ReadWhole(r, got, gotKnown, Count(gotKnown), 8)
			r.Places(gotPlaces, rows)
			text := r.Text()
			r.Expect(r.Left() == 0, "the end")
			return text, r.Err()
		}
		text, err := read(data)
		if err != nil || text != "终" || !slices.Equal(gotKnown, known) || !slices.Equal(got, values) || !slices.Equal(gotPlaces, places) {
			t.Fatal(err, text, gotKnown, got, gotPlaces)
		}
		if _, err := read(data[:rapid.IntRange(0, len(data)-1).Draw(t, "cut")]); !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
	})
}

// TestWidths holds that a number takes as many bytes as the greatest difference needs, up to the whole range of its type.
func TestWidths(t *testing.T) {
	for width := range 9 {
		values := []int64{7, 7, 7, 7, 7}
		if width > 0 {
			high := int64(1)<<(8*width-1) - 1 // from -high-1 to high is what width bytes hold
			values = []int64{0, -high - 1, high, -1, 1}
		}
		data := AppendWhole(nil, values)
		got := make([]int64, len(values))
		ReadWhole(NewReader(data), got, nil, len(got), 8)
		if len(data) != 9+width*len(values) || !slices.Equal(got, values) {
			t.Errorf("width %d: %d bytes, %v, not %v", width, len(data), got, values)
		}
	}
	days := []int32{math.MaxInt32, math.MinInt32, 0}
	got := make([]int32, 3)
	if ReadWhole(NewReader(AppendWhole(nil, days)), got, nil, 3, 4); !slices.Equal(got, days) {
		t.Errorf("%v, not %v", got, days)
	}
}

// TestWindow holds Window and Pick against single bits.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.Uint64(), 1, 5).Draw(t, "words")
		from := rapid.IntRange(0, 64*len(words)).Draw(t, "from")
		rows := rapid.IntRange(0, 64*len(words)-from).Draw(t, "rows")
		picked := make([]int, rows)
		want := make([]uint64, (rows+63)/64)
		for i := range picked {
			picked[i] = from + i
			Put(want, i, words[(from+i)>>6]>>(uint(from+i)&63)&1 == 1)
		}
		if !slices.Equal(Window(words, from, rows), want) || !slices.Equal(Pick(words, picked), want) {
			t.Fatalf("%x, %x, not %x", Window(words, from, rows), Pick(words, picked), want)
		}
	})
}
