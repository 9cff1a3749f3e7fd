package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"mianshen/engine/column"
)

// parallel has work done for the numbers below n, each once, on all processors.
func parallel(n int, work func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	wg.Wait()
}

// stretch is how many numbers a piece of parallel work over rows or entries takes; whole words of a bitmap.
const stretch = 1 << 14

// stretches has work done for all numbers below n in parallel, in pieces that share no word of a bitmap.
func stretches(n int, work func(from, to int)) {
	parallel((n+stretch-1)/stretch, func(i int) { work(i*stretch, min((i+1)*stretch, n)) })
}

// gather is the table of some of the rows alone. Dictionaries are shared with t, so that codes mean the same.
func (t *Table) gather(rows []int) *Table {
	out := &Table{Vocabulary: t.Vocabulary, codes: make([]string, len(rows)), columns: make([]*column.Column, len(t.columns)), records: t.records}
	for i, r := range rows {
		out.codes[i] = t.codes[r]
	}
	parallel(len(t.columns), func(i int) {
		if c := t.columns[i]; c != nil {
			out.columns[i] = gather(c, rows)
		}
	})
	return out
}

func gather(c *column.Column, rows []int) *column.Column {
	out := &column.Column{Kind: c.Kind, Scale: c.Scale, Rows: len(rows), Known: pickBits(c.Known, rows), Dict: c.Dict, Origins: c.Origins}
	switch c.Kind {
	case column.Bool:
		out.Bits = pickBits(c.Bits, rows)
	case column.Number:
		out.Ints = pick(c.Ints, rows)
	case column.Date:
		out.Days = pick(c.Days, rows)
	case column.Text, column.Set, column.Records:
		out.Codes = pick(c.Codes, rows)
	}
	if c.From != nil {
		out.From = pick(c.From, rows)
	}
	if len(c.Odd) > 0 {
		out.Odd = map[int]string{}
		for i, r := range rows {
			if text, odd := c.Odd[r]; odd {
				out.Odd[i] = text
			}
		}
	}
	return out
}

// pickBits is pick for a bitmap, a word at a time.
func pickBits(from []uint64, rows []int) []uint64 {
	out := make([]uint64, column.Words(len(rows)))
	for i := range out {
		var word uint64
		for k, r := range rows[i*64 : min(i*64+64, len(rows))] {
			word |= from[r>>6] >> (uint(r) & 63) & 1 << uint(k)
		}
		out[i] = word
	}
	return out
}

func pick[T any](from []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = from[r]
	}
	return out
}
