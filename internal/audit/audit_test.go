package audit

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func at(n int64) time.Time { return time.Date(2025, 6, 30, 1, 0, 0, int(n)*1000, time.UTC) }

// kept are hashes in memory, as a store keeps them.
type kept []Hash

func (k kept) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(k)) {
			return nil, errors.New("no such hash")
		}
		out[i] = k[index]
	}
	return out, nil
}

// book is a log with its keys and checkpoints.
type book struct {
	records     []Record
	salts       []map[string]Salt
	checkpoints []string
	sizes       []int64
	hashes      kept
	secret      string
	public      string
}

const origin = "audit.example.gov"

func newBook(t testing.TB, records int64, sizes ...int64) *book {
	t.Helper()
	b := &book{}
	var err error
	if b.secret, b.public, err = NewKey(origin, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= records; n++ {
		entry := Entry{Kind: "policy.published", Subject: fmt.Sprintf("policy-%d", n%7), At: at(n), Sealed: map[string]string{"person": "张三"}}
		if n%2 == 0 {
			entry.Facts = map[string]string{"version": fmt.Sprint(n), "title": "“小巨人” <b>\u2028 办法"}
		}
		r, salts, err := Number(n, entry, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		b.records, b.salts = append(b.records, r), append(b.salts, salts)
	}
	b.sizes = sizes
	b.seal(t, b.secret)
	return b
}

// seal computes hashes and checkpoints anew from the records.
func (b *book) seal(t testing.TB, secret string) {
	t.Helper()
	b.hashes, b.checkpoints = nil, nil
	for i, r := range b.records {
		first, added, err := Grow(int64(i+1), Leaf(r.Bytes()), b.hashes)
		if err != nil || first != int64(len(b.hashes)) {
			t.Fatalf("record %d grows at %d of %d: %v", i+1, first, len(b.hashes), err)
		}
		b.hashes = append(b.hashes, added...)
	}
	previous := First
	for _, size := range b.sizes {
		root, err := Root(size, b.hashes)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := Checkpoint{Origin: origin, Size: size, Root: root, At: at(size), Previous: previous}.Sign(secret)
		if err != nil {
			t.Fatal(err)
		}
		b.checkpoints = append(b.checkpoints, signed)
		previous = Digest(signed)
	}
}

// export returns the lines of the book's export.
func (b *book) export(t testing.TB) []string {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, origin, int64(len(b.records)), int64(len(b.checkpoints)))
	next := 0
	for i, r := range b.records {
		err = errors.Join(err, w.Record(r, Leaf(r.Bytes())))
		for next < len(b.sizes) && b.sizes[next] == int64(i+1) {
			err = errors.Join(err, w.Checkpoint(b.sizes[next], b.checkpoints[next]))
			next++
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(out.String(), ""), "\n")[:bytes.Count(out.Bytes(), []byte("\n"))]
}

func verify(lines []string, o Options) (Report, error) {
	return Verify(strings.NewReader(strings.Join(lines, "")), o)
}

func TestVerify(t *testing.T) {
	b := newBook(t, 120, 1, 40, 80, 120)
	for name, o := range map[string]Options{
		"nothing in hand": {}, "a key": {Keys: []string{b.public}}, "an old checkpoint": {Old: b.checkpoints[2]},
		"both": {Keys: []string{b.public + "\n"}, Old: b.checkpoints[1]}, "the newest": {Old: b.checkpoints[3]},
	} {
		r, err := verify(b.export(t), o)
		if err != nil || r.Records != 120 || r.Checkpoints != 4 || r.Last.Size != 120 || r.Signed != (len(o.Keys) > 0) || (r.Old > 0) != (o.Old != "") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	older := newBook(t, 80, 40, 80)
	older.records, older.secret, older.public = b.records[:80], b.secret, b.public
	older.sizes = b.sizes[:3]
	older.seal(t, b.secret)
	if r, err := verify(older.export(t), Options{Keys: []string{b.public}, Old: b.checkpoints[2]}); err != nil || r.Records != 80 {
		t.Errorf("an older true export: %+v, %v", r, err)
	}
}

// TestFaults holds the sentences: each says which record is wrong.
func TestFaults(t *testing.T) {
	b := newBook(t, 6, 3, 6)
	key := Options{Keys: []string{b.public}}
	both := Options{Keys: key.Keys, Old: b.checkpoints[0]}
	forged := func(change func(*book)) func([]string) []string {
		return func([]string) []string {
			c := newBook(t, 6, 3, 6)
			c.records = append([]Record(nil), b.records...)
			change(c)
			return c.export(t)
		}
	}
	subject := func(c *book) { c.records[1].Subject = "else" }
	for name, test := range map[string]struct {
		options Options
		change  func([]string) []string
		record  int64
		want    string
	}{
		"edited": {key, func(l []string) []string {
			l[2] = strings.Replace(l[2], "policy-2", "policy-3", 1)
			return l
		}, 2, "第 2 条记录（文件第 3 行）被改过：内容与记录时的摘要不符"},
		"spelled otherwise": {key, func(l []string) []string {
			l[2] = strings.Replace(l[2], `,"at"`, `, "at"`, 1)
			return l
		}, 2, "第 2 条记录（文件第 3 行）被改过：不是导出时的写法"},
		"deleted":    {key, func(l []string) []string { return append(l[:2], l[3:]...) }, 2, "第 2 条记录缺失或被调换：文件第 3 行是第 3 条"},
		"swapped":    {key, func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, 2, "第 2 条记录缺失或被调换：文件第 3 行是第 3 条"},
		"repeated":   {key, func(l []string) []string { l[3] = l[2]; return l }, 3, "第 3 条记录的位置（文件第 4 行）上是第 2 条：有记录重复、插入或调换"},
		"cut off":    {key, func(l []string) []string { return l[:7] }, 6, "第 6 条记录起对不上：开头说有 6 条，文件里有 5 条"},
		"cut to two": {both, func(l []string) []string { return l[:3] }, 3, "第 3 条起的记录被截去：旧检查点时已有 3 条，文件里只有 2 条"},
		"cut in a line": {key, func(l []string) []string {
			l[8] = l[8][:20]
			return l
		}, 0, "文件第 9 行不完整或太长：文件被截断，或不是审计日志"},
		"no checkpoint": {key, func(l []string) []string { return append(l[:4], l[5:]...) }, 0, "文件第 8 行的检查点接不上前一个：有检查点被改动、删去、插入或调换"},
		"recomputed, the old checkpoints kept": {key, forged(func(c *book) {
			subject(c)
			c.checkpoints = b.checkpoints
		}), 1, "第 1 至 3 条记录与检查点（文件第 5 行）不符：其中有记录被改动、删去、插入或调换"},
		"recomputed and signed by another": {key, forged(func(c *book) { subject(c); c.seal(t, c.secret) }), 0, "文件第 5 行的检查点不是用这把公钥对应的私钥签的，或签后被改过"},
		"the same, for who has no key":     {Options{Old: b.checkpoints[0]}, forged(func(c *book) { subject(c); c.seal(t, c.secret) }), 1, "第 1 至 3 条记录与旧检查点不符：其中有记录被改动、删去、插入或调换"},
		"another log":                      {key, func(l []string) []string { return []string{"{}\n"} }, 0, "文件第 1 行不是审计日志的开头（mianshen-audit-1）"},
		"nothing":                          {key, func(l []string) []string { return nil }, 0, "文件是空的"},
	} {
		_, err := verify(test.change(b.export(t)), test.options)
		fault, ok := errors.AsType[*Fault](err)
		if !ok || fault.Text != test.want || fault.Record != test.record {
			t.Errorf("%s: %v (record %d), want %s (record %d)", name, err, fault.Record, test.want, test.record)
		}
	}
}

func TestRecordBytes(t *testing.T) {
	r := Record{
		Seq: 7, At: at(1), Kind: "policy.published", Subject: "qp 1", Facts: map[string]string{"b": "", "a": "x  y"},
		Seals: map[string]Hash{"person": Salt{}.Seal("张三")},
	}
	want := "mianshen record 1\n7\n2025-06-30T01:00:00.000001Z\npolicy.published\nqp 1\nfact a x  y\nfact b \nseal person nmbD6RnRq0Tz3OoN1emtxx2AVyRd86DXliVcXe4jQlM=\n"
	if got := string(r.Bytes()); got != want {
		t.Errorf("bytes are %q, want %q", got, want)
	}
	again, err := Parse(r.Bytes())
	if err != nil || string(again.Bytes()) != want {
		t.Errorf("%+v, %v", again, err)
	}
	for i := range want { // every change of one byte is another record or none
		for _, to := range []byte{'\n', ' ', want[i] ^ 1} {
			changed := []byte(want)
			changed[i] = to
			if r, err := Parse(changed); err == nil && !bytes.Equal(r.Bytes(), changed) {
				t.Errorf("%q reads as %q", changed, r.Bytes())
			}
		}
	}
}

func TestRefusedEntries(t *testing.T) {
	good := Entry{Kind: "a.b", Subject: "s", At: at(1)}
	if _, _, err := Number(1, good, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Entry){
		"no kind": func(e *Entry) { e.Kind = "" }, "one word": func(e *Entry) { e.Kind = "a" }, "upper case": func(e *Entry) { e.Kind = "A.b" },
		"no subject": func(e *Entry) { e.Subject = "" }, "two lines": func(e *Entry) { e.Subject = "a\nb" }, "not UTF-8": func(e *Entry) { e.Subject = "\xff" },
		"no instant": func(e *Entry) { e.At = time.Time{} }, "a fact of two lines": func(e *Entry) { e.Facts = map[string]string{"a": "b\nseal x"} },
		"a fact's name": func(e *Entry) { e.Facts = map[string]string{"a b": "c"} }, "a seal's name": func(e *Entry) { e.Sealed = map[string]string{"": "c"} },
		"long": func(e *Entry) { e.Subject = strings.Repeat("x", 3000) },
	} {
		e := good
		change(&e)
		if r, _, err := Number(1, e, rand.Reader); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %q, %v", name, r.Bytes(), err)
		}
	}
	if _, _, err := Number(1, Entry{Kind: "a.b", Subject: "s", At: at(1), Sealed: map[string]string{"p": "x"}}, strings.NewReader("short")); err == nil {
		t.Error("a salt without randomness")
	}
	if _, _, err := Number(0, good, rand.Reader); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// TestNoPersonalData looks for what was sealed in everything that leaves the building.
func TestNoPersonalData(t *testing.T) {
	b := newBook(t, 5, 5)
	if text := strings.Join(b.export(t), ""); strings.Contains(text, "张三") {
		t.Error(text)
	}
	if b.records[0].Seals["person"] == b.records[1].Seals["person"] {
		t.Error("one person's seals can be told to be the same")
	}
}

func TestReceipt(t *testing.T) {
	b := newBook(t, 13, 6, 13)
	proof, err := Prove(13, 5, b.hashes)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	good := Receipt{Record: b.records[4], Salts: b.salts[4], Proof: proof, Note: b.checkpoints[1]}
	if err := good.Write(&out); err != nil {
		t.Fatal(err)
	}
	key, text := []string{b.public}, out.String()
	for name, test := range map[string]struct {
		text    string
		options Options
		want    string // "" if fine
	}{
		"by key":           {text, Options{Keys: key, Open: map[string]string{"person": "张三"}}, ""},
		"by checkpoint":    {text, Options{Old: b.checkpoints[1]}, ""},
		"another person":   {text, Options{Keys: key, Open: map[string]string{"person": "李四"}}, "“person”不是封存时的值"},
		"another value":    {text, Options{Keys: key, Open: map[string]string{"amount": "1"}}, "没有带“amount”的盐"},
		"other checkpoint": {text, Options{Old: b.checkpoints[0]}, "不是手里的那一个"},
		"other key":        {text, Options{Keys: []string{newBook(t, 1, 1).public}}, "不是用这把公钥"},
		"edited":           {strings.Replace(text, "policy-5", "policy-6", 1), Options{Keys: key}, "第 5 条记录被改过"},
		"renumbered":       {strings.Replace(text, `{"receipt":5`, `{"receipt":6`, 1), Options{Keys: key}, "第 6 条记录被改过"},
		"without proof":    {strings.Replace(text, proof[0].String(), Hash{}.String(), 1), Options{Keys: key}, "不在检查点（13 条时）的日志里"},
		"more":             {text + "x", Options{Keys: key}, "还有别的内容"},
		"nothing":          {"", Options{Keys: key}, "不是凭证"},
	} {
		_, c, err := VerifyReceipt(strings.NewReader(test.text), test.options)
		if test.want == "" && (err != nil || c.Size != 13) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for seq := range int64(15) {
		for n := range int64(14) {
			proof, err := Prove(13, n, b.hashes)
			if (err == nil) != (n >= 1) {
				t.Fatalf("prove %d: %v", n, err)
			}
			root, _ := Root(13, b.hashes)
			if n >= 1 && Proven(proof, 13, root, seq, Leaf(b.records[n-1].Bytes())) != (seq == n) {
				t.Errorf("record %d proven as %d", n, seq)
			}
		}
	}
}

func TestCheckpointForm(t *testing.T) {
	b := newBook(t, 3, 1, 3)
	other := newBook(t, 3, 1, 3)
	signed := b.checkpoints[1]
	if c, err := Open(signed, other.public, b.public); err != nil || c.Size != 3 || c.Origin != origin || c.Previous != Digest(b.checkpoints[0]) || !c.At.Equal(at(3)) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Open(signed, other.public); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	for i := range signed { // each byte counts, the last bits of the signature too
		for _, to := range []byte{signed[i] ^ 1, signed[i] ^ 2, 'A', '\n'} {
			changed := []byte(signed)
			changed[i] = to
			if string(changed) == signed {
				continue
			}
			if _, err := Open(string(changed), b.public); err == nil {
				t.Errorf("byte %d changed to %q", i, to)
			}
		}
	}
	two := signed + strings.SplitAfter(other.checkpoints[1], "\n\n")[1]
	if _, err := Open(two, b.public); !errors.Is(err, ErrInvalid) {
		t.Errorf("two signatures: %v", err)
	}
	if _, err := (Checkpoint{Origin: "else", Size: 1, At: at(1), Previous: First}).Sign(b.secret); !errors.Is(err, ErrInvalid) {
		t.Errorf("another's key: %v", err)
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", strings.Repeat("x", 300)} {
		if _, _, err := NewKey(name, rand.Reader); !errors.Is(err, ErrInvalid) {
			t.Errorf("key named %q: %v", name, err)
		}
	}
}
