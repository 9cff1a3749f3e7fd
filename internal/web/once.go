package web

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"mianshen/internal/web/problem"
)

// Bounds of what is kept of orders that came with a key.
const (
	maxKey      = 200
	keptAnswers = 2000
	keptFor     = 24 * time.Hour
)

// answers remembers how orders with a key were answered, so that the same order sent again is answered alike and not carried out
// again. It lasts as long as the process; beyond that, orders are safe to repeat by themselves: deliveries are named by their
// content, and a state that is reached already changes nothing or is refused.
type answers struct {
	now  func() time.Time
	mu   sync.Mutex
	kept map[orderKey]*kept
	list []orderKey // the oldest first
}

type orderKey struct{ by, route, key string }

type kept struct {
	order  [sha256.Size]byte // what was asked, as far as it is told apart
	at     time.Time
	done   bool
	status int
	header http.Header
	body   []byte
}

func newAnswers(now func() time.Time) *answers {
	return &answers{now: now, kept: map[orderKey]*kept{}}
}

// begin takes the place of an order, or returns how it was answered.
func (a *answers) begin(key orderKey, order [sha256.Size]byte) (answered *kept, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k := a.kept[key]; k != nil && a.now().Sub(k.at) < keptFor {
		switch {
		case k.order != order:
			return nil, problem.Wrong("header."+keyHeader, "这个键用过了，那次的内容和这次不同：换一个新的")
		case !k.done:
			return nil, problem.New(http.StatusConflict, "同一个键的请求还在处理，请稍后再问。")
		}
		return k, nil
	}
	if a.kept[key] == nil {
		a.list = append(a.list, key)
	}
	a.kept[key] = &kept{order: order, at: a.now()}
	for len(a.list) > keptAnswers {
		delete(a.kept, a.list[0])
		a.list = a.list[1:]
	}
	return nil, nil
}

// end keeps an answer, or gives the place up where the order may still be carried out.
func (a *answers) end(key orderKey, answer *kept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k := a.kept[key]; k != nil && answer != nil {
		answer.order, answer.at, answer.done = k.order, k.at, true
		a.kept[key] = answer
		return
	}
	delete(a.kept, key)
	for i, k := range a.list {
		if k == key {
			a.list = append(a.list[:i], a.list[i+1:]...)
			break
		}
	}
}

// once answers a POST that comes with a key as it was answered before. Only what was done is kept, not refusals.
func (s *Server) once(a *answers) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			text := r.Header.Get(keyHeader)
			if r.Method != http.MethodPost || text == "" {
				return next(c)
			}
			if len(text) > maxKey {
				return problem.Wrong("header."+keyHeader, "太长")
			}
			order, err := fingerprint(c)
			if err != nil {
				return err
			}
			key := orderKey{s.caller(r.Context()).Name, r.URL.Path, text}
			before, err := a.begin(key, order)
			if err != nil {
				return err
			}
			if before != nil {
				return before.write(c.Response())
			}
			var answer *kept
			defer func() { a.end(key, answer) }()
			copied := &copying{ResponseWriter: c.Response().Writer}
			c.Response().Writer = copied
			if err := next(c); err != nil {
				return err
			}
			if status := c.Response().Status; status < http.StatusMultipleChoices {
				answer = &kept{status: status, header: c.Response().Header().Clone(), body: copied.body.Bytes()}
			}
			return nil
		}
	}
}

func (k *kept) write(w http.ResponseWriter) error {
	for name, values := range k.header {
		w.Header()[name] = values
	}
	w.WriteHeader(k.status)
	_, err := w.Write(k.body)
	return err
}

// fingerprint tells orders apart: by address and body; of files by length, since their content names what becomes of them.
func fingerprint(c echo.Context) (sum [sha256.Size]byte, err error) {
	r := c.Request()
	h := sha256.New()
	_, _ = io.WriteString(h, r.URL.RequestURI()+"\n") // never fails
	if allowed(c).body > maxBody {
		_, _ = io.WriteString(h, strconv.FormatInt(r.ContentLength, 10))
		return [sha256.Size]byte(h.Sum(nil)), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return sum, problem.New(http.StatusRequestEntityTooLarge, "")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, _ = h.Write(body)
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// copying keeps what is written. Answers to orders are small.
type copying struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (c *copying) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}

// Unwrap gives the writer beneath, for deadlines.
func (c *copying) Unwrap() http.ResponseWriter { return c.ResponseWriter }
