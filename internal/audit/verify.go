package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Fault is what is wrong with a file, as a sentence for its reader.
type Fault struct {
	Line   int   // of the file, from 1
	Record int64 // the record that is wrong, or the first that can be; 0 where no record is at fault
	Text   string
}

// Error implements error.
func (f *Fault) Error() string { return f.Text }

// Options are what the reader of a file holds in his own hands.
type Options struct {
	Keys []string          // public keys; each checkpoint must be signed by one of them; none: signatures aren't looked at
	Old  string            // a signed checkpoint got earlier, or ""
	Open map[string]string // for a receipt: values that the seals of these names must be of
}

// Report says what a file that is in order holds.
type Report struct {
	Origin      string
	Records     int64
	Checkpoints int64
	Last        Checkpoint // covers all records
	Signed      bool       // by a key of the options
	Old         int64      // the size of the old checkpoint, whose records are all as they were; 0 without one
}

// Verify reads an export and holds it against what the options hold. A *Fault says what is wrong; any other error is one of
// reading, or of the options (ErrInvalid, ErrSignature for an old checkpoint that the keys didn't sign).
func Verify(from io.Reader, o Options) (Report, error) {
	v := &verifier{options: o, report: Report{Signed: len(o.Keys) > 0}, digest: First}
	if o.Old != "" {
		old, err := Open(o.Old, o.Keys...)
		if err != nil {
			return Report{}, fmt.Errorf("old checkpoint: %w", err)
		}
		v.old, v.report.Old = &old, old.Size
	}
	in := bufio.NewReaderSize(from, 1<<16)
	for {
		text, err := nextLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		v.line++
		if errors.Is(err, errLine) {
			return Report{}, v.fault(0, "文件第 %d 行不完整或太长：文件被截断，或不是审计日志", v.line)
		}
		if err == nil {
			err = v.take(text)
		}
		if err != nil {
			return Report{}, err
		}
	}
	return v.report, v.end()
}

// errLine says that a line has no end, or none within bounds.
var errLine = errors.New("line without end")

// nextLine returns a line with its LF, or io.EOF after the last.
func nextLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF) || len(line) > maxLine:
			return nil, errLine
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// verifier walks over an export once and keeps no more than the tree's frontier.
type verifier struct {
	options Options
	report  Report
	header  headerLine
	old     *Checkpoint
	met     bool // the old checkpoint itself stands in the file
	tree    frontier
	line    int
	digest  string // of the checkpoint before
}

func (v *verifier) fault(record int64, format string, args ...any) error {
	return &Fault{Line: v.line, Record: record, Text: fmt.Sprintf(format, args...)}
}

// take takes in one line.
func (v *verifier) take(text []byte) error {
	switch {
	case v.line == 1:
		return v.begin(text)
	case bytes.HasPrefix(text, []byte(`{"checkpoint":`)):
		return v.checkpoint(text)
	}
	return v.record(text)
}

func (v *verifier) begin(text []byte) error {
	if err := decode(text, &v.header); err != nil || v.header.Format != format {
		return v.fault(0, "文件第 1 行不是审计日志的开头（%s）", format)
	}
	v.report.Origin = v.header.Origin
	if v.old != nil && v.old.Origin != v.header.Origin {
		return v.fault(0, "文件是“%s”的日志，旧检查点是“%s”的", v.header.Origin, v.old.Origin)
	}
	return nil
}

func (v *verifier) record(text []byte) error {
	next := v.tree.size + 1
	var l recordLine
	err := decode(text, &l)
	var r Record
	if err == nil {
		r, err = l.record()
	}
	switch {
	case err != nil:
		return v.fault(next, "第 %d 条记录（文件第 %d 行）被改过：不是导出时的写法", next, v.line)
	case r.Seq > next:
		return v.fault(next, "第 %d 条记录缺失或被调换：文件第 %d 行是第 %d 条", next, v.line, r.Seq)
	case r.Seq < next:
		return v.fault(next, "第 %d 条记录的位置（文件第 %d 行）上是第 %d 条：有记录重复、插入或调换", next, v.line, r.Seq)
	case Leaf(r.Bytes()) != l.Leaf:
		return v.fault(next, "第 %d 条记录（文件第 %d 行）被改过：内容与记录时的摘要不符", next, v.line)
	}
	if err := v.tree.grow(l.Leaf); err != nil {
		return err
	}
	v.report.Records = v.tree.size
	if v.old == nil || v.old.Size != v.tree.size {
		return nil
	}
	root, err := Root(v.tree.size, &v.tree)
	if err == nil && root != v.old.Root {
		return v.fault(v.since(), "%s与旧检查点不符：其中有记录被改动、删去、插入或调换", span(v.since(), v.old.Size))
	}
	return err
}

// since is the first record that no signed checkpoint has covered yet.
func (v *verifier) since() int64 {
	if v.report.Signed {
		return v.report.Last.Size + 1
	}
	return 1
}

func span(first, last int64) string {
	if first == last {
		return fmt.Sprintf("第 %d 条记录", first)
	}
	return fmt.Sprintf("第 %d 至 %d 条记录", first, last)
}

func (v *verifier) checkpoint(text []byte) error {
	var l checkpointLine
	if err := decode(text, &l); err != nil {
		return v.fault(0, "文件第 %d 行的检查点被改过：不是导出时的写法", v.line)
	}
	c, err := Open(l.Note, v.options.Keys...)
	switch {
	case errors.Is(err, ErrSignature):
		return v.fault(0, "文件第 %d 行的检查点不是用这把公钥对应的私钥签的，或签后被改过", v.line)
	case err != nil || c.Size != l.Checkpoint || c.Origin != v.header.Origin:
		return v.fault(0, "文件第 %d 行的检查点被改过：格式不对", v.line)
	case c.Previous != v.digest || (v.report.Checkpoints > 0 && (c.Size <= v.report.Last.Size || c.At.Before(v.report.Last.At))):
		return v.fault(0, "文件第 %d 行的检查点接不上前一个：有检查点被改动、删去、插入或调换", v.line)
	case c.Size > v.tree.size:
		return v.fault(v.tree.size+1, "第 %d 条记录缺失：文件第 %d 行的检查点说有 %d 条，前面只有 %d 条", v.tree.size+1, v.line, c.Size, v.tree.size)
	case c.Size < v.tree.size:
		return v.fault(c.Size+1, "第 %d 条记录在检查点（文件第 %d 行）之前多出：检查点说只有 %d 条", c.Size+1, v.line, c.Size)
	}
	root, err := Root(c.Size, &v.tree)
	if err != nil {
		return err
	}
	if root != c.Root {
		first := v.report.Last.Size + 1
		return v.fault(first, "%s与检查点（文件第 %d 行）不符：其中有记录被改动、删去、插入或调换", span(first, c.Size), v.line)
	}
	v.met = v.met || l.Note == v.options.Old
	v.report.Last, v.digest = c, Digest(l.Note)
	v.report.Checkpoints++
	return nil
}

// end looks at what can only be seen after the last line.
func (v *verifier) end() error {
	size := v.tree.size
	switch {
	case v.line == 0:
		return v.fault(0, "文件是空的")
	case v.old != nil && size < v.old.Size:
		return v.fault(size+1, "第 %d 条起的记录被截去：旧检查点时已有 %d 条，文件里只有 %d 条", size+1, v.old.Size, size)
	case size != v.header.Records:
		return v.fault(min(size, v.header.Records)+1, "第 %d 条记录起对不上：开头说有 %d 条，文件里有 %d 条", min(size, v.header.Records)+1, v.header.Records, size)
	case v.report.Checkpoints != v.header.Checkpoints:
		return v.fault(0, "检查点少了或多了：开头说有 %d 个，文件里有 %d 个", v.header.Checkpoints, v.report.Checkpoints)
	case v.report.Last.Size != size || size == 0:
		return v.fault(v.report.Last.Size+1, "第 %d 条起的记录没有检查点盖住：末尾的检查点被删去", v.report.Last.Size+1)
	case v.old != nil && !v.met:
		return v.fault(0, "旧检查点本身（%d 条时）不在文件里：有检查点被删去或换过", v.old.Size)
	}
	return nil
}

// VerifyReceipt reads a receipt and holds it against what the options hold: the record leads to the root of the checkpoint
// in it, which is signed by a key of the options or is the old checkpoint. A *Fault says what is wrong.
func VerifyReceipt(from io.Reader, o Options) (Receipt, Checkpoint, error) {
	fail := func(record int64, format string, args ...any) (Receipt, Checkpoint, error) {
		return Receipt{}, Checkpoint{}, &Fault{Line: 1, Record: record, Text: fmt.Sprintf(format, args...)}
	}
	in := bufio.NewReaderSize(from, 1<<16)
	text, err := nextLine(in)
	if err != nil && !errors.Is(err, errLine) && !errors.Is(err, io.EOF) {
		return Receipt{}, Checkpoint{}, err
	}
	var l receiptLine
	if err != nil || decode(text, &l) != nil {
		return fail(0, "凭证被改过，或不是凭证：不是导出时的写法")
	}
	if more, _ := in.Peek(1); len(more) > 0 {
		return fail(l.Receipt, "凭证后面还有别的内容")
	}
	r, err := l.Record.record()
	leaf := Leaf(r.Bytes())
	if err != nil || r.Seq != l.Receipt || leaf != l.Record.Leaf {
		return fail(l.Receipt, "第 %d 条记录被改过：内容与记录时的摘要不符", l.Receipt)
	}
	c, err := Open(l.Note, o.Keys...)
	switch {
	case errors.Is(err, ErrSignature):
		return fail(0, "凭证里的检查点不是用这把公钥对应的私钥签的，或签后被改过")
	case err != nil:
		return fail(0, "凭证里的检查点被改过：格式不对")
	case o.Old != "" && o.Old != l.Note:
		return fail(0, "凭证里的检查点（%d 条时）不是手里的那一个：请要一张按手里检查点开的凭证", c.Size)
	case !Proven(l.Proof, c.Size, c.Root, r.Seq, leaf):
		return fail(r.Seq, "第 %d 条记录不在检查点（%d 条时）的日志里：记录或证明被改过", r.Seq, c.Size)
	}
	out := Receipt{Record: r, Salts: l.Salts, Proof: l.Proof, Note: l.Note}
	return out, c, out.opens(o.Open)
}

// opens holds values against the seals of the record.
func (r Receipt) opens(values map[string]string) error {
	fault := func(format string, args ...any) error {
		return &Fault{Line: 1, Record: r.Record.Seq, Text: fmt.Sprintf(format, args...)}
	}
	for name := range r.Salts {
		if _, ok := r.Record.Seals[name]; !ok {
			return fault("凭证里“%s”的盐没有对应的封存", name)
		}
	}
	for name, value := range values {
		salt, ok := r.Salts[name]
		if !ok {
			return fault("凭证没有带“%s”的盐，不能核对", name)
		}
		if salt.Seal(value) != r.Record.Seals[name] {
			return fault("“%s”不是封存时的值", name)
		}
	}
	return nil
}
