package column

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"mianshen/engine/column/decimal"
)

// forge makes a chunk with a right checksum.
func forge(kind Kind, scale, packing byte, rows int, body ...byte) []byte {
	data := append([]byte(magic), 0, 0, 0, 0, byte(kind), scale, packing)
	data = binary.LittleEndian.AppendUint16(data, uint16(rows))
	return seal(append(data, body...))
}

func seal(data []byte) []byte {
	sum := crc32.Checksum(data[headAt:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(data[crcAt:], sum)
	return data
}

// Parts of bodies.
var (
	origin1 = []byte{1, 0, 0, 0, 0} // one origin, the zero one
	int0    = make([]byte, 9)       // whole numbers that are all 0
)

func body(parts ...[]byte) []byte { return slices.Concat(parts...) }

func TestRefusedChunks(t *testing.T) {
	two := append([]byte{2, 0, 0, 0, 0}, 1, 'x', 0, 0, 0)
	great := binary.LittleEndian.AppendUint64(nil, decimal.Limit+1)
	for name, data := range map[string][]byte{
		"empty":                       nil,
		"another magic":               append([]byte("mscK\x02"), make([]byte, 20)...),
		"header cut":                  forge(Bool, 0, 0, 1)[:headerSize-1],
		"no body":                     forge(Bool, 0, 0, 1),
		"kind":                        forge(Records+1, 0, 0, 0, 0, 0),
		"scale":                       forge(Number, MaxScale+1, 0, 1, body([]byte{0}, origin1, int0, []byte{0})...),
		"scale of a date":             forge(Date, 1, 0, 1, body([]byte{0}, origin1, int0)...),
		"packing":                     forge(Bool, 0, 2, 1, body([]byte{0}, origin1, []byte{0})...),
		"rows":                        forge(Bool, 0, 0, ChunkRows+1, body([]byte{0}, origin1, []byte{0})...),
		"known told otherwise":        forge(Bool, 0, 0, 1, body([]byte{3}, origin1, []byte{0})...),
		"known past the rows":         forge(Bool, 0, 0, 1, body([]byte{2, 2, 0, 0, 0, 0, 0, 0, 0}, origin1, []byte{0})...),
		"known cut":                   forge(Bool, 0, 0, 1, 2, 1, 0),
		"true but unknown":            forge(Bool, 0, 0, 1, body([]byte{0}, origin1, []byte{2, 1, 0, 0, 0, 0, 0, 0, 0})...),
		"known of no kind":            forge(Nothing, 0, 0, 1, body([]byte{1}, origin1)...),
		"no origin":                   forge(Bool, 0, 0, 1, 1, 0, 1),
		"more origins than rows":      forge(Bool, 0, 0, 1, body([]byte{1}, two, []byte{0, 1, 1, 1}, []byte{1})...),
		"origin cut":                  forge(Bool, 0, 0, 1, 1, 1, 5, 'a'),
		"day of an origin":            forge(Bool, 0, 0, 1, 1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 1),
		"from told otherwise":         forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{9}, []byte{1})...),
		"run too long":                forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{0, 1, 3, 1}, []byte{1})...),
		"runs too short":              forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{0, 1, 1, 1}, []byte{1})...),
		"run of no origin":            forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{0, 1, 2, 2}, []byte{1})...),
		"row of no origin":            forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{1, 0, 0, 2, 0}, []byte{1})...),
		"rows of origins cut":         forge(Bool, 0, 0, 2, body([]byte{1}, two, []byte{1, 0, 0, 1})...),
		"bytes after the end":         forge(Bool, 0, 0, 1, body([]byte{1}, origin1, []byte{1, 0})...),
		"width 5 of a date":           forge(Date, 0, 0, 1, body([]byte{1}, origin1, int0[:8], []byte{5, 0, 0, 0, 0, 0})...),
		"width 9":                     forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0[:8], []byte{9}, make([]byte, 10))...),
		"number over the limit":       forge(Number, 0, 0, 1, body([]byte{1}, origin1, great, []byte{0, 0})...),
		"numbers cut":                 forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0[:8], []byte{2, 1})...),
		"odd row unknown":             forge(Number, 0, 0, 1, body([]byte{0}, origin1, int0, []byte{1, 0, 0, 3}, []byte("1/3"))...),
		"odd row with a number":       forge(Number, 0, 0, 1, body([]byte{1}, origin1, []byte{1}, int0[1:], []byte{1, 0, 0, 3}, []byte("1/3"))...),
		"odd row past the end":        forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0, []byte{1, 9, 0, 3}, []byte("1/3"))...),
		"odd not in lowest terms":     forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0, []byte{1, 0, 0, 3}, []byte("2/6"))...),
		"odd that is no number":       forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0, []byte{1, 0, 0, 3}, []byte("1e9"))...),
		"odd over nothing":            forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0, []byte{1, 0, 0, 3}, []byte("1/0"))...),
		"more odd than rows":          forge(Number, 0, 0, 1, body([]byte{1}, origin1, int0, []byte{2, 0, 0, 3}, []byte("1/3"))...),
		"code without text":           forge(Text, 0, 0, 1, body([]byte{1}, origin1, []byte{1, 1, 'a'}, []byte{1}, int0[1:])...),
		"known but no texts":          forge(Text, 0, 0, 1, body([]byte{1}, origin1, []byte{0}, int0)...),
		"more texts than known":       forge(Text, 0, 0, 1, body([]byte{1}, origin1, []byte{2, 1, 1, 'a', 'b'}, int0)...),
		"texts cut":                   forge(Text, 0, 0, 2, body([]byte{1}, origin1, []byte{2, 1, 200, 1, 'a'}, int0)...),
		"count that doesn't end":      forge(Text, 0, 0, 1, body([]byte{1}, origin1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})...),
		"compressed and no such":      forge(Bool, 0, 1, 1, 3, 1, 2),
		"compressed and much too big": forge(Bool, 0, 1, 1, append(binary.AppendUvarint(nil, 64<<20+1), 0, 0)...),
		"compressed and cut":          forge(Bool, 0, 1, 1, s2.Encode(nil, make([]byte, 1000))[:4]...),
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := Decode(data); !errors.Is(err, ErrChunk) {
				t.Fatalf("%+v, %v", c, err)
			}
		})
	}
}

// TestEveryByteCounts holds that a chunk with one changed byte, or cut anywhere, is refused.
func TestEveryByteCounts(t *testing.T) {
	b := NewBuilder(Text)
	for i := range 300 {
		if err := b.From(Origin{Source: strings.Repeat("x", i/100)}); err != nil {
			t.Fatal(err)
		}
		b.Text([]byte{byte(i % 7)})
	}
	data := Append(nil, b.Take(Origin{}), 0, 300)
	for i := range data {
		data[i] ^= 0x10
		if _, err := Decode(data); !errors.Is(err, ErrChunk) {
			t.Fatalf("byte %d: %v", i, err)
		}
		data[i] ^= 0x10
		if _, err := Decode(data[:i]); !errors.Is(err, ErrChunk) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestRefusedJoins(t *testing.T) {
	full, part := NewBuilder(Bool), NewBuilder(Date)
	for range ChunkRows {
		full.Bool(true)
	}
	part.Day(1)
	a := Append(nil, full.Take(Origin{}), 0, ChunkRows)
	b := Append(nil, part.Take(Origin{}), 0, 1)
	none := Append(nil, part.Take(Origin{}), 0, 0)
	for name, test := range map[string]struct {
		chunks [][]byte
		rows   int
	}{
		"kinds":         {[][]byte{a, b}, ChunkRows + 1},
		"rows missing":  {[][]byte{a}, ChunkRows + 1},
		"rows too many": {[][]byte{a, a}, ChunkRows + 1},
		"not full":      {[][]byte{b, b}, 2},
		"empty chunk":   {[][]byte{a, none}, ChunkRows},
		"negative":      {nil, -1},
		"no chunks":     {nil, 1},
	} {
		if c, err := Join(test.chunks, test.rows); !errors.Is(err, ErrChunk) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if c, err := Join(nil, 0); err != nil || c.Rows != 0 || c.Kind != Nothing {
		t.Errorf("nothing: %+v, %v", c, err)
	}
	if c, err := Decode(none); err != nil || c.Rows != 0 || c.Kind != Date {
		t.Errorf("no rows: %+v, %v", c, err)
	}
}

func TestRefusedNumbers(t *testing.T) {
	b := NewBuilder(Number)
	for _, text := range []string{
		"", "-", "1.5", "1e9", "+1", "1/0", "1/00", "1/-2", "/2", "2/", "0x1", "1_0", " 1", "１", "1/2/3", strings.Repeat("9", 512+1),
	} {
		if err := b.Exact(text); !errors.Is(err, ErrNumber) || b.Len() != 0 {
			t.Errorf("%.20q: %v, %d rows", text, err, b.Len())
		}
	}
	if err := b.Exact(strings.Repeat("9", 512)); err != nil {
		t.Error(err)
	}
}

// TestExact holds what the texts of exact values become, and what scales and zeros do to them.
func TestExact(t *testing.T) {
	b := NewBuilder(Number)
	for text, want := range map[string]string{
		"-0": "0 e0", "007": "7 e0", "010/5": "2 e0", "010/3": "10/3", "-6/4": "-15 e1", "1/8": "125 e3", "2/6": "1/3",
		"4611686018427387904": "4611686018427387904 e0", "-4611686018427387905": "-4611686018427387905",
		"1/1000000000000": "1 e12", "1/10000000000000": "1/10000000000000", "30/10": "3 e0",
	} {
		if err := b.Exact(text); err != nil {
			t.Fatal(err)
		}
		if got := exactText(b.Take(Origin{})); got != want {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
	for _, test := range []struct {
		n     int64
		scale uint8
		want  string
	}{
		{500, 4, "5 e2"},
		{0, 255, "0 e0"},
		{-70, 1, "-7 e0"},
		{1, 13, "1/10000000000000"},
		{10, 13, "1 e12"},
		{5_000_000_000_000_000_000, 1, "500000000000000000 e0"},
		{-1 << 63, 0, "-9223372036854775808"},
	} {
		b.Number(test.n, test.scale)
		if got := exactText(b.Take(Origin{})); got != test.want {
			t.Errorf("%d e%d is %s, not %s", test.n, test.scale, got, test.want)
		}
	}
}

func exactText(c *Column) string {
	n, scale, odd := c.Exact(0)
	if odd != "" {
		return odd
	}
	return fmt.Sprintf("%d e%d", n, scale)
}

func TestRefusedOverlays(t *testing.T) {
	b := NewBuilder(Bool)
	b.Bool(true)
	b.Missing()
	c := b.Take(Origin{})
	b.Bool(false)
	b.Bool(true)
	patch := b.Take(Origin{Source: "x"})
	for _, rows := range [][]int{{0}, {0, 1, 2}, {0, -1}, {0, 3}, {3, 2}} {
		if err := Overlay(c, rows, patch); err == nil || c.Rows != 2 || !c.IsTrue(0) || c.IsKnown(1) || len(c.Origins) != 1 {
			t.Errorf("%v: %v, %+v", rows, err, c)
		}
	}
	if err := Overlay(c, []int{2, 3}, patch); err != nil || c.Rows != 4 || c.IsTrue(2) || !c.IsTrue(3) || c.Origin(3).Source != "x" {
		t.Errorf("%v, %+v", err, c)
	}
}

// TestPanics holds that what only a mistake in the program can ask for panics.
func TestPanics(t *testing.T) {
	c := NewBuilder(Bool).Take(Origin{})
	for name, do := range map[string]func(){
		"bool in numbers":   func() { NewBuilder(Number).Bool(true) },
		"text in numbers":   func() { NewBuilder(Number).Text(nil) },
		"number in texts":   func() { NewBuilder(Text).Number(1, 0) },
		"day in nothing":    func() { NewBuilder(Nothing).Day(1) },
		"rows past the end": func() { Append(nil, c, 0, 1) },
		"negative rows":     func() { Append(nil, c, 0, -1) },
		"a row past":        func() { Gather(c, []int{0}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			do()
		}()
	}
}

// FuzzDecode holds that any bytes give a whole column or an error, and that what they give can be written and read again.
func FuzzDecode(f *testing.F) {
	for kind := Nothing; kind <= Records; kind++ {
		for rows := range 4 {
			b := NewBuilder(kind)
			for i := range 40 * rows {
				if err := b.From(Origin{Source: strings.Repeat("s", i*rows/40), On: int32(rows)}); err != nil {
					f.Fatal(err)
				}
				value := []string{"0", "1", "1/3", "22", "460000000000000000012", "7/100"}[i%6]
				add(b, kind, cell{known: i%5 > 0 && kind != Nothing, value: value})
			}
			f.Add(Append(nil, b.Take(Origin{}), 0, 40*rows))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= headerSize { // otherwise hardly any input would get past the checksum
			copy(data, magic)
			seal(data)
		}
		c, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrChunk) {
				t.Fatal(err)
			}
			return
		}
		if err := check(c); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(Append(nil, c, 0, c.Rows))
		if err != nil || !Equal(c, again) {
			t.Fatalf("%v: %+v, then %+v", err, c, again)
		}
	})
}
