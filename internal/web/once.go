package web

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
)

// answerOnce answers a POST that comes with a key as it was answered before. Only what was done is kept, not refusals.
func (s *Server) answerOnce(a *once.Answers) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, by := c.Request(), s.caller(c.Request().Context()).ID()
			text := r.Header.Get(once.Header)
			if r.Method != http.MethodPost || text == "" || by == "" || allowed(c).body > maxHashed { // who isn't known orders nothing
				return next(c)
			}
			if len(text) > once.MaxKey {
				return problem.Wrong("header."+once.Header, "太长")
			}
			order, err := fingerprint(c)
			if err != nil {
				return err
			}
			key := once.Key{By: by, Path: r.URL.Path, Text: text}
			before, err := a.Begin(key, order)
			if err != nil {
				return err
			}
			if before != nil {
				return before.Write(c.Response())
			}
			var answer *once.Answer
			defer func() { a.End(key, answer) }()
			copied := &copying{ResponseWriter: c.Response().Writer}
			c.Response().Writer = copied
			if err := next(c); err != nil {
				return err
			}
			if status := c.Response().Status; status < http.StatusMultipleChoices {
				answer = &once.Answer{Status: status, Header: c.Response().Header().Clone(), Body: copied.body.Bytes()}
			}
			return nil
		}
	}
}

// maxHashed is the largest body that is read to tell orders apart. Larger ones are files of deliveries, which their content names: sent
// again they are carried out again, which changes nothing.
const maxHashed = 64 << 20

// fingerprint tells orders apart, by address and body.
func fingerprint(c echo.Context) (sum [sha256.Size]byte, err error) {
	r := c.Request()
	h := sha256.New()
	_, _ = io.WriteString(h, r.URL.RequestURI()+"\n") // never fails
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
