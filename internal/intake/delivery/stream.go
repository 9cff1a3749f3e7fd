package delivery

import (
	"context"

	"mianshen/engine/column"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/internal/intake/delivery/records"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// stack is what streams and tables are gathered in: rows come one by one, batches go on when they are full.
type stack struct {
	reader *reader
	rows   int // of a batch
	lanes  []*cells.Lane
	batch  *cells.Batch
	named  bool
	failed error // emit's
}

func (r *reader) newStack(lanes int, rows int) *stack {
	return &stack{reader: r, rows: rows, lanes: make([]*cells.Lane, lanes), batch: &cells.Batch{}}
}

// stream reads a workbook, JSONL or Parquet, row by row.
func (r *reader) stream(ctx context.Context, in intake.Input) error {
	sum, err := digest(ctx, in)
	if err != nil {
		return r.refused(err)
	}
	r.summed(sum)
	if !r.same("") {
		return nil
	}
	t := r.newStack(len(r.slots), r.partRows(len(r.slots)))
	opts := intake.Options{IgnoreUnknown: r.meta.IgnoreUnknown, Limits: r.limits.Limits}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	layout, err := intake.Stream(inner, what, r.slots, in, opts, MaxProblems, func(row intake.StreamRow) {
		if t.failed == nil {
			t.add(row)
		}
		if t.failed != nil || r.full() {
			cancel()
		}
	})
	if t.failed != nil {
		return t.failed
	}
	if err != nil && ctx.Err() == nil && r.full() {
		return nil
	}
	if err != nil {
		if err := r.refused(err); err != nil {
			return err
		}
		return t.flush()
	}
	r.columns(layout)
	return t.flush()
}

// what names a delivery's table in messages.
const what = "这一批数据"

// partCells is how many cells a part has at most.
const partCells = 1 << 20

// partRows is how many rows a part of so many columns has.
func (r *reader) partRows(columns int) int {
	n := min(r.limits.PartRows, partCells/max(columns, 1))
	if n > column.ChunkRows {
		n -= n % column.ChunkRows
	}
	return max(n, 1)
}

// add takes one row.
func (t *stack) add(row intake.StreamRow) {
	b := t.batch
	at := len(b.Codes)
	for i, v := range row.Values {
		if t.lanes[i] == nil && v != nil {
			t.lanes[i] = cells.NewLane(t.reader.slots[i].Field, "")
			t.lanes[i].Begin(t.rows)
			t.skip(t.lanes[i], at)
		}
		if t.lanes[i] != nil {
			t.put(i, row.Number, v)
		}
	}
	b.Codes = append(b.Codes, row.Code)
	b.Keys = append(b.Keys, cells.Pack(row.Code))
	b.Rows = append(b.Rows, row.Number)
	t.name(row.Name)
	if len(b.Codes) == t.rows || t.size() > pieceBytes {
		t.failed = t.flush()
	}
}

// size is how many bytes of text there are.
func (t *stack) size() (n int) {
	for _, l := range t.lanes {
		if l != nil {
			n += l.Size()
		}
	}
	return n
}

// skip makes up for rows in which a lane wasn't there yet.
func (t *stack) skip(l *cells.Lane, rows int) {
	for range rows {
		l.Missing()
	}
}

func (t *stack) put(slot, row int, v *formula.Value) {
	l := t.lanes[slot]
	if err := l.Put(v); err != nil {
		l.Missing()
		t.batch.Add(intake.Problem{File: t.reader.current().Name, Row: row, Header: t.reader.slots[slot].Name, Message: err.Error()})
	}
}

// name notes the name of the row that was added last. Names begin with the first.
func (t *stack) name(name string) {
	b := t.batch
	t.named = t.named || name != ""
	if !t.named {
		return
	}
	for len(b.Names) < len(b.Codes)-1 {
		b.Names = append(b.Names, "")
	}
	b.Names = append(b.Names, name)
}

// flush hands on what there is. The error is emit's.
func (t *stack) flush() error {
	b := t.batch
	for i, l := range t.lanes {
		if l == nil {
			continue
		}
		c := l.Take()
		t.reader.tallies[i].Add(c)
		b.Columns = append(b.Columns, NamedColumn{Series: t.reader.slots[i].Name, Column: c})
		l.Begin(t.rows)
	}
	t.batch = &cells.Batch{}
	return t.reader.take(b)
}

// records reads a file of one row a record. Its enterprises come sorted: their records may stand anywhere in the file, so it
// is held as a whole.
func (r *reader) records(ctx context.Context, f *rules.Field, in intake.Input) error {
	if !mayDeliver(f, r.meta.Source) {
		r.reject(intake.Problem{File: in.Name, Message: "表 " + f.Name + " 由" + f.Source + "提供，这一批是" + r.meta.Source + "的数据"})
		return nil
	}
	if !r.same(f.Name) {
		return nil
	}
	sum, err := digest(ctx, in)
	if err != nil {
		return r.refused(err)
	}
	r.summed(sum)
	limits := r.limits.Limits
	limits.FileBytes = min(limits.FileBytes, maxTableFile)
	all, err := intake.ReadRecords(ctx, f, in, intake.Options{IgnoreUnknown: r.meta.IgnoreUnknown, Limits: limits})
	if err != nil {
		return r.refused(err)
	}
	r.current().Found = "表 " + f.Name
	r.report.Columns = append(r.report.Columns, Column{File: in.Name, Header: f.Name, Series: SeriesOf(f)})
	r.report.Warnings = append(r.report.Warnings, all.Notices...)
	return r.firms(f, all)
}

// maxTableFile caps what is held as a whole.
const maxTableFile = 512 << 20

// firms hands on the records of each enterprise.
func (r *reader) firms(f *rules.Field, all *intake.Records) error {
	slot := 0
	for i, s := range r.slots {
		if s.Name == SeriesOf(f) {
			slot = i
		}
	}
	t := r.newStack(len(r.slots), r.partRows(1))
	values := make([]*formula.Value, len(r.slots))
	for i, code := range all.Firms() {
		rows, _ := all.Of(code)
		values[slot] = formula.TableOf(rows)
		t.add(intake.StreamRow{Number: i + 1, Code: code, Values: values})
		if t.failed != nil {
			return t.failed
		}
	}
	return t.flush()
}

// EncodeRecords writes one enterprise's records of a table as Records columns hold them. See package records.
func EncodeRecords(f *rules.Field, rows []*formula.Record) []byte { return records.Encode(f, rows) }

// DecodeRecords reads what EncodeRecords wrote. The error wraps records.ErrDamaged.
func DecodeRecords(f *rules.Field, data []byte) ([]*formula.Record, error) {
	return records.Decode(f, data)
}
