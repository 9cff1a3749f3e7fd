package column

import (
	"fmt"
	"math/rand"
	"testing"
)

const million = 1_000_000

// samples are columns as a million enterprises have them.
func samples() map[string]*Column {
	rnd := rand.New(rand.NewSource(1))
	number, wide := NewBuilder(Number), NewBuilder(Number)
	sparse, ratio := NewBuilder(Number), NewBuilder(Number)
	truth, day, enum, name := NewBuilder(Bool), NewBuilder(Date), NewBuilder(Text), NewBuilder(Text)
	small := make([][]byte, 20)
	for i := range small {
		small[i] = fmt.Appendf(nil, "高新技术企业类别%d", i)
	}
	var text []byte
	for i := range million {
		number.Number(rnd.Int63n(1e12), 0)
		wide.Number(rnd.Int63()>>1, 0)
		if rnd.Intn(10) < 3 {
			sparse.Missing()
		} else {
			sparse.Number(rnd.Int63n(3e9), 0)
		}
		ratio.Number(rnd.Int63n(10_000), 4)
		truth.Bool(rnd.Intn(3) == 0)
		day.Day(int32(10_000 + rnd.Intn(9_000)))
		enum.Text(small[rnd.Intn(len(small))])
		text = fmt.Appendf(text[:0], "深圳市第%07d号科技有限公司", i)
		name.Text(text)
	}
	origin := Origin{Source: "税务", On: 20_000, Delivery: "d"}
	return map[string]*Column{
		"money": number.Take(origin), "wide": wide.Take(origin), "sparse": sparse.Take(origin), "ratio": ratio.Take(origin), "bool": truth.Take(origin),
		"date": day.Take(origin), "enum": enum.Take(origin), "name": name.Take(origin),
	}
}

var order = []string{"money", "wide", "sparse", "ratio", "bool", "date", "enum", "name"}

func chunksOf(c *Column) [][]byte {
	var chunks [][]byte
	for from := 0; from < c.Rows; from += ChunkRows {
		chunks = append(chunks, Append(nil, c, from, min(ChunkRows, c.Rows-from)))
	}
	return chunks
}

func sizeOf(chunks [][]byte) int64 {
	n := 0
	for _, chunk := range chunks {
		n += len(chunk)
	}
	return int64(n)
}

// BenchmarkAppend encodes a million rows an operation; bytes are those of the chunks.
func BenchmarkAppend(b *testing.B) {
	columns := samples()
	for _, name := range order {
		b.Run(name, func(b *testing.B) {
			c := columns[name]
			b.SetBytes(sizeOf(chunksOf(c)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				for from := 0; from < c.Rows; from += ChunkRows {
					dst = Append(dst[:0], c, from, min(ChunkRows, c.Rows-from))
				}
			}
		})
	}
}

// BenchmarkJoin decodes a million rows an operation.
func BenchmarkJoin(b *testing.B) {
	columns := samples()
	for _, name := range order {
		b.Run(name, func(b *testing.B) {
			chunks := chunksOf(columns[name])
			b.SetBytes(sizeOf(chunks))
			b.ReportAllocs()
			for b.Loop() {
				c, err := Join(chunks, million)
				if err != nil || c.Rows != million {
					b.Fatal(err)
				}
			}
			if c, _ := Join(chunks, million); !Equal(c, columns[name]) {
				b.Fatal("another column")
			}
		})
	}
}

// BenchmarkBuilder makes a part of 32,768 rows an operation.
func BenchmarkBuilder(b *testing.B) {
	const rows = 32_768
	texts := make([][]byte, 20)
	for i := range texts {
		texts[i] = fmt.Appendf(nil, "高新技术企业类别%d", i)
	}
	for _, run := range []struct {
		name string
		kind Kind
		fill func(b *Builder)
	}{
		{"number", Number, func(b *Builder) {
			for i := range rows {
				b.Number(int64(i), 0)
			}
		}},
		{"ratio", Number, func(b *Builder) {
			for i := range rows {
				b.Number(int64(i), 4)
			}
		}},
		{"bool", Bool, func(b *Builder) {
			for i := range rows {
				b.Bool(i&3 == 0)
			}
		}},
		{"day", Date, func(b *Builder) {
			for i := range rows {
				b.Day(int32(i))
			}
		}},
		{"text", Text, func(b *Builder) {
			for i := range rows {
				b.Text(texts[i*7%20])
			}
		}},
		{"missing", Number, func(b *Builder) {
			for range rows {
				b.Missing()
			}
		}},
	} {
		b.Run(run.name, func(b *testing.B) {
			builder := NewBuilder(run.kind)
			n := 0
			for b.Loop() {
				run.fill(builder)
				n += builder.Take(Origin{}).Rows
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/value")
		})
	}
}

func BenchmarkGatherHalf(b *testing.B) {
	columns := samples()
	rows := make([]int, 0, million/2)
	for i := 0; i < million; i += 2 {
		rows = append(rows, i)
	}
	for _, name := range []string{"money", "enum", "name"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Gather(columns[name], rows)
			}
		})
	}
}

func BenchmarkOverlayThousand(b *testing.B) {
	columns := samples()
	rows := make([]int, 1000)
	for i := range rows {
		rows[i] = i * 997
	}
	for _, name := range order {
		b.Run(name, func(b *testing.B) {
			c, patch := columns[name], Gather(columns[name], rows)
			for b.Loop() {
				if err := Overlay(c, rows, patch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
