package delivery

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"sync"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/internal/intake/delivery/lines"
	"mianshen/internal/sheet"
)

// pieceBytes is the text at which a part ends, however few rows it has.
const pieceBytes = 8 << 20

// maxWorkers is how many goroutines read at a time: cutting and what emit does keep a fourth processor busy, and each has a
// piece and a part in memory.
const maxWorkers = 3

// csv reads a CSV file.
func (r *reader) csv(ctx context.Context, in intake.Input) error {
	limits := lines.Limits{Rows: r.limits.Rows, LineBytes: r.limits.LineBytes, Piece: pieceBytes}
	t, err := lines.Open(in.Data, in.Size, limits)
	if err != nil {
		return r.refused(err)
	}
	head := &headRows{in: t, walker: r.walker(t)}
	layout, err := intake.Header(what, r.slots, in.Name, intake.Options{IgnoreUnknown: r.meta.IgnoreUnknown}, head)
	if table := r.tableUnder(head.last); table != nil {
		return r.records(ctx, table, in)
	}
	if err != nil {
		return r.refused(err)
	}
	if !r.same("") {
		return nil
	}
	layout.Found = "CSV，编码 " + t.Encoding
	r.columns(layout)
	if err := r.pieces(ctx, t, layout); err != nil || r.full() {
		return err
	}
	r.summed(t.Sum())
	if row := t.Bare(); row > 0 {
		r.warn("%s：最后一行（第 %d 行）末尾没有换行，请核对文件是否完整", in.Name, row)
	}
	return nil
}

func (r *reader) walker(t *lines.Text) *lines.Walker {
	return &lines.Walker{Encoding: t.Encoding, CellBytes: r.limits.CellBytes}
}

// headRows gives the first rows of a file one by one, until the header is found.
type headRows struct {
	in     *lines.Text
	walker *lines.Walker
	buf    []byte
	last   []string // texts of the row that was given last
}

// Next implements sheet.Rows.
func (h *headRows) Next() (sheet.Row, error) {
	for {
		p, err := h.in.Next(h.buf, 1)
		if err != nil {
			return sheet.Row{}, err
		}
		h.buf = p.Data
		h.walker.Reset(p)
		if h.walker.Next() {
			return h.row(), nil
		}
		if err := h.walker.Err(); err != nil {
			return sheet.Row{}, err
		}
	}
}

func (h *headRows) row() sheet.Row {
	parts := h.walker.Cells
	if h.walker.Plain != nil {
		parts = bytes.Split(h.walker.Plain, []byte(","))
	}
	row := sheet.Row{Number: h.walker.Row}
	h.last = h.last[:0]
	for _, c := range parts {
		text := sheet.Unguard(string(c))
		h.last = append(h.last, text)
		row.Cells = append(row.Cells, sheet.Words(text))
	}
	return row
}

// Notes implements sheet.Rows.
func (h *headRows) Notes() sheet.Notes { return sheet.Notes{Encoding: h.in.Encoding} }

// job is a piece on its way: one worker reads it, and the batch comes out of done.
type job struct {
	piece lines.Piece
	done  chan *cells.Batch
}

// pieces reads what follows the header: one goroutine cuts the text into pieces, several read them, and this one takes what
// they made, in the order of the file.
func (r *reader) pieces(ctx context.Context, t *lines.Text, layout *intake.Layout) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := r.limits.Workers
	if workers <= 0 {
		workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	// As many pieces are about as there are workers, and one that is being cut; made batches wait in order.
	free := make(chan []byte, workers+1)
	for range cap(free) {
		free <- nil
	}
	jobs, order := make(chan job), make(chan job, workers+1)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(order)
		defer close(jobs)
		cut(ctx, t, r.current().Name, r.partRows(layout.Width), free, jobs, order)
	})
	crew := make([]*cells.Worker, workers)
	for i := range crew {
		w := cells.NewWorker(r.current().Name, r.slots, layout, r.walker(t))
		crew[i] = w
		wg.Go(func() {
			for j := range jobs {
				j.done <- w.Read(j.piece)
				free <- j.piece.Data
			}
		})
	}
	err := r.collect(ctx, order)
	cancel()
	wg.Wait()
	if err == nil && !r.full() {
		for _, w := range crew {
			w.Count(r.tallies)
		}
	}
	return err
}

// cut sends the pieces of a text to the workers and, in the same order, to who collects what they make.
func cut(ctx context.Context, t *lines.Text, file string, rows int, free chan []byte, jobs, order chan<- job) {
	for {
		var buf []byte
		select {
		case buf = <-free:
		case <-ctx.Done():
			return
		}
		p, err := t.Next(buf, rows)
		if err == io.EOF {
			return
		}
		j := job{piece: p, done: make(chan *cells.Batch, 1)}
		select {
		case order <- j:
		case <-ctx.Done():
			return
		}
		if err != nil {
			j.done <- cells.Broken(file, err)
			return
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

// collect takes the batches until there are no more or nobody needs them. The error is ctx's or emit's.
func (r *reader) collect(ctx context.Context, order <-chan job) error {
	for {
		var j job
		var more bool
		select {
		case j, more = <-order:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !more {
			return ctx.Err()
		}
		var b *cells.Batch
		select {
		case b = <-j.done:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.take(b); err != nil {
			return err
		}
		if r.full() {
			return nil
		}
	}
}
