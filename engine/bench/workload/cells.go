package workload

import (
	"bufio"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"sync"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

func hundredths(n int64) string { return string(appendHundredths(nil, n)) }

// appendHundredths writes n/100 without needless zeros; n isn't negative.
func appendHundredths(dst []byte, n int64) []byte {
	dst = strconv.AppendInt(dst, n/100, 10)
	if rest := n % 100; rest != 0 {
		dst = append(dst, '.', byte('0'+rest/10))
		if rest%10 != 0 {
			dst = append(dst, byte('0'+rest%10))
		}
	}
	return dst
}

func dayText(n int64) string { return string(appendDay(nil, n)) }

func appendDay(dst []byte, n int64) []byte {
	d, _ := civil.FromNumber(int32(n))
	year, month, day := d.Parts()
	dst = strconv.AppendInt(dst, int64(year), 10)
	return append(dst, '-', byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// AppendCell writes the cell of a row as deliveries have it; nothing where the fact is missing. An empty set is ;;.
func (v *View) AppendCell(dst []byte, row int) []byte {
	n, known := v.At(row)
	if !known {
		return dst
	}
	switch v.Field.Kind {
	case Money, Percent:
		return appendHundredths(dst, int64(n))
	case Day:
		return appendDay(dst, int64(n))
	case Enum:
		return append(dst, v.Field.Values[n]...)
	case Flag:
		return strconv.AppendBool(dst, n == 1)
	case Tags:
		if n == 0 {
			return append(dst, ";;"...)
		}
		for sep := ""; n != 0; n &= n - 1 {
			dst = append(dst, sep...)
			dst = append(dst, v.Field.Values[bits.TrailingZeros64(n)]...)
			sep = ";"
		}
		return dst
	}
	return strconv.AppendUint(dst, n, 10)
}

// Profile reads the cells of a row through the door of rules.
func (w *World) Profile(views []*View, row int) (*rules.Profile, error) {
	p := rules.NewProfile(w.Vocabulary, Code(row))
	for i, v := range views {
		f := w.Vocabulary.Fields[i]
		value, err := f.Parse(string(v.AppendCell(nil, row)), "")
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		if err := p.Set(f, rules.Fact{Value: value, Source: Source}); err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
	}
	return p, nil
}

// Code is the unified social credit code of a row, in ascending order of rows.
func Code(row int) string {
	base, err := standard.OrganisationBase("MA", row)
	if err != nil {
		panic(err)
	}
	code, err := standard.USCCFrom("91", "310118", base)
	if err != nil {
		panic(err)
	}
	return code
}

// Codes are the codes of the first so many rows.
func Codes(rows int) []string {
	out := make([]string, rows)
	for i := range out {
		out[i] = Code(i)
	}
	return out
}

// WriteCSV writes rows as one delivery with every field: rows are those of codes.
func WriteCSV(to io.Writer, views []*View, codes []string, workers int) error {
	out := bufio.NewWriterSize(to, 1<<20)
	out.WriteString(rules.KeyColumn)
	for _, v := range views {
		out.WriteString("," + v.Field.Name)
	}
	out.WriteString("\n")
	const rows = 4096
	texts := make([][]byte, workers)
	for from := 0; from < len(codes); from += workers * rows {
		var wait sync.WaitGroup
		for i := range texts {
			wait.Go(func() {
				texts[i] = texts[i][:0]
				for row := from + i*rows; row < min(from+(i+1)*rows, len(codes)); row++ {
					texts[i] = appendRow(texts[i], views, codes[row], row)
				}
			})
		}
		wait.Wait()
		for _, text := range texts {
			out.Write(text)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func appendRow(dst []byte, views []*View, code string, row int) []byte {
	dst = append(dst, code...)
	for _, v := range views {
		dst = append(dst, ',')
		dst = v.AppendCell(dst, row)
	}
	return append(dst, '\n')
}
