package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mianshen/internal/sheet"
)

var limits = Limits{Rows: 10_000, LineBytes: 400, Piece: 150}

const cellBytes = 120

// here reads a text as pieces of so many records.
func here(text string, records int) string {
	var b strings.Builder
	s := NewSplitter(iotest.HalfReader(strings.NewReader(text)), limits)
	w := &Walker{Encoding: "UTF-8", CellBytes: cellBytes}
	var buf []byte
	for {
		p, err := s.Next(buf, records)
		if err == io.EOF {
			fmt.Fprintf(&b, "bare %d\n", s.Bare())
			return b.String()
		}
		if err != nil {
			return b.String() + err.Error() + "\n"
		}
		w.Reset(p)
		for w.Next() {
			cells := w.Cells
			if w.Plain != nil {
				cells = bytes.Split(w.Plain, []byte(","))
			}
			fmt.Fprintf(&b, "%d", w.Row)
			for _, c := range cells {
				fmt.Fprintf(&b, " %q", sheet.Unguard(string(c)))
			}
			b.WriteByte('\n')
		}
		if err := w.Err(); err != nil {
			return b.String() + err.Error() + "\n"
		}
		if p.Records > records || w.Row >= p.First+p.Records {
			return fmt.Sprintf("row %d in a piece that begins with %d and has %d of %d at most", w.Row, p.First, p.Records, records)
		}
		buf = p.Data
	}
}

// there reads a text as internal/sheet does.
func there(text string) string {
	var b strings.Builder
	rows, err := sheet.ReadCSV(strings.NewReader(text), int64(len(text)), sheet.Limits{Rows: limits.Rows, LineBytes: limits.LineBytes, CellBytes: cellBytes})
	if err != nil {
		return err.Error()
	}
	for {
		row, err := rows.Next()
		if err == io.EOF {
			fmt.Fprintf(&b, "bare %d\n", rows.Notes().NoNewline)
			return b.String()
		}
		if err != nil {
			return b.String() + err.Error() + "\n"
		}
		fmt.Fprintf(&b, "%d", row.Number)
		for _, c := range row.Cells {
			fmt.Fprintf(&b, " %q", c.Text)
		}
		b.WriteByte('\n')
	}
}

// Pieces of any size have the records that internal/sheet reads, and the mistakes that it finds.
func TestPiecesAreTheFile(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"plain", "a,b\n1,2\n3,4\n"},
		{"line ends", "a,b\r\n1,2\n\r\n\n3,4\r\n"},
		{"no newline at the end", "a,b\n1,2"},
		{"carriage return at the end", "a,b\n1,2\r"},
		{"quotes", "a,\"b\"\n\"1\",\"2,3\"\n\"\"\"x\"\"\",\n"},
		{"lines in quotes", "a,\"b\nc\r\nd\"\n1,\"\n\n\"\n2,3\n"},
		{"empty cells", ",\n,,\n\"\"\n\"\",\n"},
		{"quote inside", "a,b\n1,2\"3\n4,5\n"},
		{"text after a quote", "a,b\n\"1\"2,3\n4,5\n"},
		{"open quote", "a,b\n1,\"2\n3,4\n5,6\n"},
		{"open quote in the last line", "a,b\n1,\"2"},
		{"a quote that another closes", "a,b\n1,2\"\n3,\"4\n5,6\n"},
		{"long cell", "a,b\n1," + strings.Repeat("x", 121) + "\n"},
		{"guarded", "a,b\n'=1,''=1\n'x,\"'-a\"\n"},
		{"zero byte", "统一,b\n1,\x002\n"},
		{"damaged", "统一,b\n1,2\n3,\xff\n"},
		{"blank", "\n\n  \na\n\n"},
		{"only a newline", "\n"},
	} {
		for records := 1; records < 4; records++ {
			if got, want := here(c.text, records), there(c.text); got != want && c.name != "zero byte" {
				t.Errorf("%s, %d a piece:\n%s\nwant\n%s", c.name, records, got, want)
			}
		}
	}
}

// The same for random texts full of quotes, commas and line ends.
func TestRandomPiecesAreTheFile(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("MIANSHEN_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	bits := []string{"a", "1", "企", ",", ",", "\n", "\r\n", "\r", `"`, `"x"`, `"x,"`, "\"y\nz\"", `""`, "'=", " "}
	for range 5000 {
		var b strings.Builder
		b.WriteString("统一\n")
		for range r.IntN(40) {
			b.WriteString(bits[r.IntN(len(bits))])
		}
		records := r.IntN(4) + 1
		if got, want := here(b.String(), records), there(b.String()); got != want {
			t.Fatalf("%q, %d a piece:\n%s\nwant\n%s", b.String(), records, got, want)
		}
	}
}

// A record without end is refused when it is too long, wherever it begins.
func TestEndless(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a\n" + strings.Repeat("x", 500) + "\n", "第 2 行：这一行太长，可能缺少换行或引号没有成对"},
		{"a\n" + strings.Repeat("x", 500), "第 2 行：这一行太长，可能缺少换行或引号没有成对"},
		{"a\nb\n\"" + strings.Repeat("x\n", 500), "第 3 行 A 列：左引号从这里开始，一直没有右引号"},
		{"\"" + strings.Repeat("x,", 500), "第 1 行：这一行太长，可能缺少换行或引号没有成对"},
		{strings.Repeat("1\n", 10_001), "第 10001 行：行数超过上限，请拆分文件"},
	} {
		got := here(c.text, 5000)
		if lines := strings.Split(strings.TrimSpace(got), "\n"); lines[len(lines)-1] != c.want {
			t.Errorf("%.20q: %s\nwant %s", c.text, lines[len(lines)-1], c.want)
		}
	}
}

// What the disk says is passed on.
func TestBrokenDisk(t *testing.T) {
	s := NewSplitter(io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(errors.New("disk"))), limits)
	_, err := s.Next(nil, 100)
	if want := "读文件出错：disk"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("a,\"b\nc\"\n1,2\n", 1)
	f.Add("a\r\n\"\"\"\"\r\n", 2)
	f.Add("统一,\"x", 3)
	f.Fuzz(func(t *testing.T, text string, records int) {
		text = "统一\n" + text
		if records < 1 || len(text) > 300 || strings.ContainsAny(text, "\x00\ufffd") {
			t.Skip()
		}
		if got, want := here(text, records), there(text); got != want {
			t.Fatalf("%q, %d a piece:\n%s\nwant\n%s", text, records, got, want)
		}
	})
}
