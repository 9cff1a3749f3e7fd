// Package feeds answers programs that subscribe: a firm's calendar and the policies that concern it, at a secret address and without a
// session, and all published policies for everybody. What an address opens is a look at these, and nothing else.
package feeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"mianshen/internal/web/counter"
	"mianshen/internal/web/post"
	"mianshen/internal/web/problem"
)

// Bounds of what is given.
const (
	anHour  = 120     // requests by one secret address
	maxBody = 4 << 20 // bytes
)

// Pages answers. It is safe for concurrent use.
type Pages struct{ *post.Post }

// New returns the pages.
func New(p *post.Post) *Pages { return &Pages{p} }

// Routes are the answers by method and address.
func (p *Pages) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /policies.atom":              p.everybodys,
		"GET /feeds/:token/calendar.ics":  p.calendar,
		"GET /feeds/:token/policies.atom": p.policies,
	}
}

// open finds whose address was asked for. One that never was, one that was ended and one of somebody who left are told apart by nobody.
func (p *Pages) open(w http.ResponseWriter, r *http.Request) (firm string, err error) {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a secret
	w.Header().Set("X-Robots-Tag", "noindex")
	found, ok, err := p.Subscriptions.Find(r.Context(), r.PathValue("token"))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", problem.New(http.StatusNotFound, "没有这个订阅地址，或者它已经停用。请登录后在通知设置里另造一个。")
	}
	if !p.Allow("feed "+found.ID, anHour, time.Hour) {
		w.Header().Set("Retry-After", "3600")
		return "", problem.New(http.StatusTooManyRequests, "这个订阅地址读得太频繁，请一小时后再读。")
	}
	return found.Enterprise, nil
}

// answer is what a feed answers with.
type answer struct {
	name, kind, cache string
	body              []byte
	modified          time.Time
}

// send sends it, or says that the program has it already.
func send(w http.ResponseWriter, r *http.Request, now time.Time, a answer) error {
	if len(a.body) > maxBody {
		return problem.New(http.StatusInternalServerError, "内容太多，给不出来，请与本系统的管理员联系。")
	}
	sum := sha256.Sum256(a.body)
	h := w.Header()
	h.Set("Content-Type", a.kind+"; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="`+a.name+`"`)
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	// Last-Modified counts seconds: what changed just now may change again within the same one, and isn't dated yet.
	const settled = 2 * time.Second
	if now.Sub(a.modified) < settled {
		a.modified = time.Time{}
	}
	http.ServeContent(w, r, "", a.modified, bytes.NewReader(a.body))
	return nil
}

// Of a secret address only the program itself may keep what it got.
const (
	privately = "private, max-age=600"
	publicly  = "public, max-age=600"
)

// absolute is the full address of a path, "" where the server doesn't know its own.
func (p *Pages) absolute(path string) string {
	if p.Base == "" || path == "" {
		return ""
	}
	return strings.TrimSuffix(p.Base, "/") + path
}
