package parts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"mianshen/engine/column"
)

// sample makes a part of so many rows with a column of each kind.
func sample(rows int, named bool) Part {
	p := Part{N: 7}
	numbers, days, texts := column.NewBuilder(column.Number), column.NewBuilder(column.Date), column.NewBuilder(column.Set)
	for i := range rows {
		p.Codes = append(p.Codes, fmt.Sprintf("91310118MA%08d", i))
		if named {
			p.Names = append(p.Names, []string{"", "企业甲", "企业乙"}[i%3])
		}
		if i%5 == 0 {
			numbers.Missing()
			days.Missing()
			texts.Missing()
			continue
		}
		numbers.Number(int64(i)*123_457, uint8(i%3))
		days.Day(int32(40_000 + i%100))
		texts.Text([]byte([]string{"", "甲\n", "甲\n乙\n"}[i%3]))
	}
	nothing := column.NewBuilder(column.Number)
	for range rows {
		nothing.Missing()
	}
	for name, b := range map[string]*column.Builder{"营业收入": numbers, "成立日": days, "标签": texts, "空": nothing} {
		p.Columns = append(p.Columns, NamedColumn{Series: name, Column: b.Take(column.Origin{})})
	}
	slices.SortFunc(p.Columns, func(a, b NamedColumn) int { return bytes.Compare([]byte(a.Series), []byte(b.Series)) })
	return p
}

// A part comes back as it was, whatever its size, and has the same bytes each time.
func TestRoundTrip(t *testing.T) {
	for _, rows := range []int{0, 1, 63, 8191, 8192, 8193, 20_000} {
		for _, named := range []bool{false, true} {
			p := sample(rows, named)
			data := Encode(p)
			back, err := Decode(data)
			if err != nil {
				t.Fatalf("%d rows: %v", rows, err)
			}
			if back.N != p.N || !slices.Equal(back.Codes, p.Codes) || !slices.Equal(back.Names, p.Names) || len(back.Columns) != len(p.Columns) {
				t.Fatalf("%d rows: %d, %d codes, %d names, %d columns", rows, back.N, len(back.Codes), len(back.Names), len(back.Columns))
			}
			for i, c := range p.Columns {
				if got := back.Columns[i]; got.Series != c.Series || rows > 0 && !column.Equal(got.Column, c.Column) {
					t.Errorf("%d rows: %s differs", rows, c.Series)
				}
			}
			if !bytes.Equal(Encode(back), data) {
				t.Errorf("%d rows: other bytes", rows)
			}
		}
	}
}

// Every flipped bit is found, and so is a part that is cut off or goes on.
func TestDamaged(t *testing.T) {
	data := Encode(sample(10, true))
	for i := range data {
		broken := slices.Clone(data)
		broken[i] ^= 0x10
		if _, err := Decode(broken); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if _, err := Decode(data[:i]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d bytes: %v", i, err)
		}
	}
	if _, err := Decode(append(data, 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte more: %v", err)
	}
}

// seal gives bytes the checksum that they would need.
func seal(data []byte) []byte {
	data = slices.Clone(data)
	if head := len(magic) + 4; len(data) >= head {
		copy(data, magic)
		binary.LittleEndian.PutUint32(data[len(magic):], crc32.Checksum(data[head:], castagnoli))
	}
	return data
}

// Whatever has the right checksum is a part or an error.
func FuzzDecode(f *testing.F) {
	f.Add(Encode(sample(0, false)))
	f.Add(Encode(sample(3, true)))
	f.Add(Encode(sample(200, true)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(seal(data))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if _, err := Decode(Encode(p)); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	p := sample(8192, true)
	b.SetBytes(int64(len(Encode(p))))
	for b.Loop() {
		Encode(p)
	}
}

func BenchmarkDecode(b *testing.B) {
	data := Encode(sample(8192, true))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
