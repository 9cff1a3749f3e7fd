package notify

import (
	"context"
	"time"

	"mianshen/internal/notify/outbox"
)

// book writes for all workers of a lane at once: while one transaction runs, what comes meanwhile gathers for the next.
type book struct {
	d     *Dispatcher
	turns chan turn
	most  int
}

// turn is one thing to write, and where the answer goes.
type turn struct {
	begin *outbox.Ticket
	done  *outbox.Done
	ok    chan<- bool
}

func newBook(d *Dispatcher, workers int) *book {
	return &book{d: d, turns: make(chan turn, workers), most: workers}
}

// begin says that a message is being sent, and whether it may be.
func (b *book) begin(t outbox.Ticket) bool { return b.ask(turn{begin: &t}) }

// mark says what came of an attempt, and whether it still counted.
func (b *book) mark(d outbox.Done) bool { return b.ask(turn{done: &d}) }

func (b *book) ask(t turn) bool {
	ok := make(chan bool, 1)
	t.ok = ok
	b.turns <- t
	return <-ok
}

// run writes until turns is closed.
func (b *book) run() {
	for first := range b.turns {
		group := b.gather(first)
		if b.write(group) {
			continue
		}
		for _, t := range group { // one of them may be what the database doesn't take
			if !b.patient(t) {
				t.ok <- false
			}
		}
	}
}

// gather takes what is there already.
func (b *book) gather(first turn) []turn {
	group := []turn{first}
	for len(group) < b.most {
		select {
		case t, open := <-b.turns:
			if !open {
				return group
			}
			group = append(group, t)
		default:
			return group
		}
	}
	return group
}

// patient writes one turn, with time for a database that is being restarted. What it doesn't take after that stays as it is in the
// row, and is unknown or sent again when the lease has ended.
func (b *book) patient(t turn) bool {
	const tries = 6
	wait := 100 * time.Millisecond
	for range tries {
		if b.write([]turn{t}) {
			return true
		}
		if t.begin != nil {
			return false
		}
		time.Sleep(wait)
		wait *= 2
	}
	return false
}

func (b *book) write(group []turn) bool {
	var begin []outbox.Ticket
	var done []outbox.Done
	for _, t := range group {
		if t.begin != nil {
			begin = append(begin, *t.begin)
		} else {
			done = append(done, *t.done)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.d.o.Timeout)
	defer cancel()
	granted, marked, err := b.d.box.Turn(ctx, begin, done, b.d.o.Now())
	if err != nil {
		b.d.o.Log.Error("what is sent can't be written down", "error", err)
		return false
	}
	for _, t := range group {
		var ok bool
		if t.begin != nil {
			ok, granted = granted[0], granted[1:]
		} else {
			ok, marked = marked[0], marked[1:]
		}
		t.ok <- ok
	}
	return true
}
