package post

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"mianshen/internal/notify/effect"
	"mianshen/internal/web/problem"
)

// Bounds of live streams.
const (
	streams   = 64 // of all firms
	ofPerson  = 6
	look      = 2 * time.Second  // how often a stream looks, whoever wrote the news
	ask       = 5 * time.Second  // how often it asks whether its reader may still read
	heartbeat = 15 * time.Second // so that what stands between notices that both ends are alive
	patience  = 10 * time.Second // how long one line may take to be written
)

// hub knows the live streams that are open.
type hub struct {
	mu     sync.Mutex
	open   map[chan struct{}]string // wake to firm
	by     map[string]int           // person to streams
	closed chan struct{}
	once   sync.Once
}

func newHub() *hub {
	return &hub{open: map[chan struct{}]string{}, by: map[string]int{}, closed: make(chan struct{})}
}

func (h *hub) close() { h.once.Do(func() { close(h.closed) }) }

func (h *hub) tell(firm string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for wake, of := range h.open {
		if of != firm {
			continue
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// join opens a stream; nil where there are too many.
func (h *hub) join(firm, person string) (wake chan struct{}, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.open) >= streams || h.by[person] >= ofPerson {
		return nil, nil
	}
	wake = make(chan struct{}, 1)
	h.open[wake] = firm
	h.by[person]++
	return wake, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.open, wake)
		if h.by[person]--; h.by[person] == 0 {
			delete(h.by, person)
		}
	}
}

// live streams the state of a firm's inbox as it changes (text/event-stream), for as long as its reader may read it.
func (p *Post) live(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	wake, leave := p.hub.join(firm, p.Counter.Who(r.Context()).ID())
	if wake == nil {
		return problem.New(http.StatusServiceUnavailable, "同时打开的页面太多，消息不会自动更新，请刷新页面查看。")
	}
	defer leave()
	s := &stream{w: w, conn: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	p.follow(r, s, firm, wake)
	return nil // what is wrong now can't be said any more
}

// follow writes until the reader is gone, may read no more, or the server ends.
func (p *Post) follow(r *http.Request, s *stream, firm string, wake <-chan struct{}) {
	looks, asks, beats := time.NewTicker(look), time.NewTicker(ask), time.NewTicker(heartbeat)
	defer looks.Stop()
	defer asks.Stop()
	defer beats.Stop()
	last := ""
	for {
		if last = p.news(r.Context(), s, firm, last); s.err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-p.hub.closed:
			return
		case <-wake:
		case <-looks.C:
		case <-beats.C:
			s.write(": \n\n")
		case <-asks.C:
			if who, err := p.Again(r); err != nil || !who.Owns(firm) {
				s.write("event: end\ndata: {}\n\n")
				return
			}
		}
	}
}

// news writes the state if it isn't the last one.
func (p *Post) news(ctx context.Context, s *stream, firm, last string) string {
	m, err := effect.Inbox(ctx, p.Office.Store, firm)
	if err != nil {
		return last // it is asked again soon
	}
	state := fmt.Sprintf("%s %d", named(m), m.Unread)
	if state != last {
		s.write(fmt.Sprintf("event: inbox\ndata: {\"mark\":%q,\"unread\":%d}\n\n", named(m), m.Unread))
	}
	return state
}

// stream writes lines to a reader, until one can't be written.
type stream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	err  error
}

func (s *stream) write(text string) {
	if s.err != nil {
		return
	}
	// Where no deadline can be set the one of the server holds.
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.conn.Flush()
	}
}
