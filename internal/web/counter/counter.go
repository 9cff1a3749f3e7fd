// Package counter is what the pages of lists and of money have in common: they show a sheet, carry out an order, and lead back or
// show why not.
package counter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"mianshen/internal/web/caller"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/internal/web/ui"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Answer answers one request. What its error says is the caller's to show.
type Answer = func(w http.ResponseWriter, r *http.Request) error

// Counter is where pages are asked for. It is safe for concurrent use.
type Counter struct {
	*treasury.Treasury
	Who  func(context.Context) caller.Caller
	Page func(ctx context.Context, title, place string) ui.Page
}

// Show sends a sheet once it is complete. because is why an order before wasn't carried out, nil where none was.
func (c *Counter) Show(w http.ResponseWriter, r *http.Request, s moneyui.Sheet, because error) error {
	status := http.StatusOK
	if because != nil {
		var p *problem.Problem
		if !errors.As(because, &p) || p.Status == http.StatusInternalServerError || p.Status == http.StatusNotFound {
			return because
		}
		s.Wrong, status = p.Detail, p.Status
		for _, d := range p.Errors {
			s.Wrong += "\n" + d.Message + "。"
		}
	}
	var b bytes.Buffer
	if err := moneyui.Write(r.Context(), &b, s); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

// Lead leads on after an order.
func (c *Counter) Lead(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// Begin begins a sheet.
func (c *Counter) Begin(r *http.Request, heading, place string) moneyui.Sheet {
	return moneyui.Sheet{Page: c.Page(r.Context(), heading, place), Heading: heading}
}

// Unproven tells whether who asks has to show password and code again before an order that wants it.
func (c *Counter) Unproven(r *http.Request) bool {
	id := c.Who(r.Context()).Identity
	return id == nil || !id.StepUp
}

// Proof leads to where password and code are shown again, and back to a page.
func Proof(back, what string) moneyui.Form {
	return moneyui.Form{Link: true, Action: "/stepup?to=" + url.QueryEscape(back), Button: "再验证一次，以便" + what, Hint: "五分钟内有效"}
}

// Text is what a form or an address says under a name, cut to a length that forms allow.
func Text(r *http.Request, name string) string {
	text := strings.TrimSpace(r.FormValue(name))
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	const most = 4000
	if n := []rune(text); len(n) > most {
		return string(n[:most])
	}
	return text
}

// Day is a date of a form; the zero date where it is none.
func Day(r *http.Request, name string) civil.Date {
	d, err := civil.Parse(Text(r, name))
	if err != nil {
		return civil.Date{}
	}
	return d
}

// grouped is a sum whose thousands are parted by commas. A comma anywhere else may stand for a point: 1,5 is not 15.
var grouped = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)

// Money reads a sum in 元, in which thousands may be parted by commas, full-width ones too.
func Money(r *http.Request, name string) (exact.Money, error) {
	text := strings.ReplaceAll(Text(r, name), "，", ",")
	if grouped.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	m, err := exact.ParseMoney(text)
	if err != nil || m <= 0 {
		return 0, problem.New(http.StatusUnprocessableEntity, "金额要写成大于 0 的元数，最多两位小数，例如 12345.60。")
	}
	return m, nil
}

// Open opens a file that a form brought along, of at most some bytes. It goes with the request; the caller closes it.
func Open(r *http.Request, name string, most int64) (multipart.File, *multipart.FileHeader, error) {
	const inMemory = 1 << 20
	missing := problem.New(http.StatusUnprocessableEntity, "没有收到文件，请选一个文件再提交。")
	if err := r.ParseMultipartForm(inMemory); err != nil { //nolint:gosec // the guards cap every body
		return nil, nil, missing
	}
	f, h, err := r.FormFile(name)
	switch {
	case err != nil:
		return nil, nil, missing
	case h.Size == 0:
		_ = f.Close()
		return nil, nil, missing
	case h.Size > most:
		_ = f.Close()
		return nil, nil, problem.New(http.StatusUnprocessableEntity, "文件太大，请拆开或压缩后再传。")
	}
	return f, h, nil
}

// File is a file that a form brought along, of at most some bytes.
func File(r *http.Request, name string, most int64) (called string, data []byte, err error) {
	f, h, err := Open(r, name, most)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = f.Close() }()
	data, err = io.ReadAll(f)
	return h.Filename, data, err
}

// Send sends a file to be kept.
func Send(w http.ResponseWriter, name, kind string, data []byte) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
	_, err := w.Write(data)
	return err
}

// URL is a path with values behind it; empty ones are left out. Names and values come in turn.
func URL(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if text := q.Encode(); text != "" {
		return path + "?" + text
	}
	return path
}
