package audit

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutant is a log tampered with, or the reason why it isn't one: a change that changes nothing.
type mutant struct {
	what  string
	lines []string
}

// tamper changes an export in one of many ways, from a slip of one byte to what somebody would do who has the database, the
// program and a key of his own under the log's name.
type tamper struct {
	*rand.Rand
	t      *testing.T
	book   *book  // the true log
	secret string // the forger's own key
	lines  []string
}

const (
	whole = 42
	held  = 28 // the size of the checkpoint that left the building
)

// TestMutations proves promise L1: each of so many random mutations of an exported log is found, both by who holds the public key
// and an old checkpoint, and, if it touches what the checkpoint covers, by who holds the old checkpoint alone.
func TestMutations(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("MIANSHEN_SEED=%d", seed)
	b := newBook(t, whole, 14, held, whole)
	old := b.checkpoints[1]
	m := &tamper{rand.New(rand.NewPCG(seed, 0)), t, b, newBook(t, 1, 1).secret, b.export(t)}
	ways := []func() mutant{m.flip, m.drop, m.repeat, m.swap, m.cut, m.shorten, m.rewrite, m.remove, m.insert, m.reorder, m.unseal}
	counts := map[string]int{}
	for n := range mutations {
		mutant := ways[n%len(ways)]()
		for slices.Equal(mutant.lines, m.lines) {
			mutant = ways[n%len(ways)]()
		}
		counts[strings.Fields(mutant.what)[0]]++
		if r, err := verify(mutant.lines, Options{Keys: []string{b.public}, Old: old}); err == nil {
			t.Fatalf("mutation %d wasn't found: %s: %+v", n, mutant.what, r)
		}
		if !strings.HasSuffix(mutant.what, "early") {
			continue
		}
		counts["without key"]++
		if r, err := verify(mutant.lines, Options{Old: old}); err == nil {
			t.Fatalf("mutation %d wasn't found by the old checkpoint alone: %s: %+v", n, mutant.what, r)
		}
	}
	t.Logf("%d of %d mutations found: %v", mutations, mutations, counts)
}

// flip changes one byte.
func (m *tamper) flip() mutant {
	text := []byte(strings.Join(m.lines, ""))
	i := m.IntN(len(text))
	text[i] ^= byte(1 + m.IntN(255))
	return mutant{fmt.Sprintf("flip byte %d", i), strings.SplitAfter(string(text), "\n")}
}

func (m *tamper) drop() mutant {
	i := m.IntN(len(m.lines))
	return mutant{fmt.Sprintf("drop line %d", i+1), slices.Delete(slices.Clone(m.lines), i, i+1)}
}

func (m *tamper) repeat() mutant {
	i, j := m.IntN(len(m.lines)), m.IntN(len(m.lines)+1)
	return mutant{fmt.Sprintf("repeat line %d at %d", i+1, j+1), slices.Insert(slices.Clone(m.lines), j, m.lines[i])}
}

func (m *tamper) swap() mutant {
	lines, i, j := slices.Clone(m.lines), m.IntN(len(m.lines)), m.IntN(len(m.lines))
	lines[i], lines[j] = lines[j], lines[i]
	return mutant{fmt.Sprintf("swap lines %d and %d", i+1, j+1), lines}
}

// cut ends the file at any byte.
func (m *tamper) cut() mutant {
	text := strings.Join(m.lines, "")
	i := m.IntN(len(text))
	return mutant{fmt.Sprintf("cut at byte %d", i), strings.SplitAfter(text[:i], "\n")}
}

// forged is a copy of the book whose records may be changed.
func (m *tamper) forged() *book {
	b := *m.book
	b.records = slices.Clone(b.records)
	return &b
}

// shorten makes a well-formed export that ends early. To end at held exactly would be an older true export.
func (m *tamper) shorten() mutant {
	b, n := m.forged(), m.IntN(len(m.book.records))
	for n == held {
		n = m.IntN(len(m.book.records))
	}
	b.records = b.records[:n]
	last := 0
	for last < len(b.sizes) && b.sizes[last] <= int64(n) {
		last++
	}
	b.sizes, b.checkpoints = b.sizes[:last], b.checkpoints[:last]
	return mutant{"shorten to " + strconv.Itoa(n) + early(n, held), b.export(m.t)}
}

// early marks what touches a record that the old checkpoint covers.
func early(record, last int) string {
	if record < last {
		return " early"
	}
	return ""
}

// finish computes everything anew from changed records, and either keeps the true checkpoints or signs with the wrong key.
func (m *tamper) finish(b *book, what string, first int) mutant {
	for i := range b.records {
		b.records[i].Seq = int64(i + 1)
	}
	sizes := b.sizes
	b.sizes = nil
	for _, size := range sizes {
		if n := min(size, int64(len(b.records))); len(b.sizes) == 0 || n > b.sizes[len(b.sizes)-1] {
			b.sizes = append(b.sizes, n)
		}
	}
	b.sizes[len(b.sizes)-1] = int64(len(b.records))
	if m.IntN(4) > 0 {
		b.seal(m.t, m.secret)
	}
	return mutant{what + " record " + strconv.Itoa(first+1) + early(first, held), b.export(m.t)}
}

func (m *tamper) rewrite() mutant {
	b, i := m.forged(), m.IntN(len(m.book.records))
	r := &b.records[i]
	switch m.IntN(5) {
	case 0:
		r.Subject += "x"
	case 1:
		r.Kind = "policy.withdrawn"
	case 2:
		r.At = r.At.Add(time.Microsecond)
	case 3:
		r.Facts = map[string]string{"version": "else"}
	default:
		r.Seals = map[string]Hash{"person": Salt{byte(m.Uint32())}.Seal("李四")}
	}
	return m.finish(b, "rewrite", i)
}

func (m *tamper) remove() mutant {
	b, i := m.forged(), m.IntN(len(m.book.records))
	b.records = slices.Delete(b.records, i, i+1)
	return m.finish(b, "remove", i)
}

func (m *tamper) insert() mutant {
	b, i := m.forged(), m.IntN(len(m.book.records)+1)
	b.records = slices.Insert(b.records, i, Record{Kind: "payment.approved", Subject: "forged", At: at(9)})
	return m.finish(b, "insert", i)
}

func (m *tamper) reorder() mutant {
	b, i, j := m.forged(), m.IntN(len(m.book.records)), m.IntN(len(m.book.records))
	for i == j {
		j = m.IntN(len(m.book.records))
	}
	b.records[i], b.records[j] = b.records[j], b.records[i]
	return m.finish(b, "reorder", min(i, j))
}

// unseal takes a checkpoint away, or signs all of the true log with the wrong key.
func (m *tamper) unseal() mutant {
	b := m.forged()
	if m.IntN(2) == 0 {
		b.sizes = []int64{m.Int64N(whole) + 1, whole}
		b.sizes = slices.Compact(b.sizes)
		b.seal(m.t, m.secret)
		return mutant{"sign with the wrong key", b.export(m.t)}
	}
	i := m.IntN(len(b.sizes))
	b.sizes, b.checkpoints = slices.Delete(slices.Clone(b.sizes), i, i+1), slices.Delete(slices.Clone(b.checkpoints), i, i+1)
	return mutant{fmt.Sprintf("unseal %d", i), b.export(m.t)}
}
