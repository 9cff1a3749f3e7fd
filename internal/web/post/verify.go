package post

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
)

// order is what is done with a contact.
type order = func(ctx context.Context, a outbox.Actor, firm, name string, now time.Time) error

// Bounds of codes.
const (
	codeDigits = 8
	codeTime   = 15 * time.Minute
	codeTries  = 5                // of one code
	codesAHour = 6                // sent to one contact
	sendTime   = 10 * time.Second // that sending one takes at most
)

const ticketContext = "web|post|contact ticket"

// ticket is what the browser keeps, sealed, while its person looks for the code.
type ticket struct {
	Firm, Channel, Address, Code string // Address is a sum
	Until                        time.Time
}

// code sends a code to an address and asks for it. secret is shown once, "" for none.
func (p *Post) code(w http.ResponseWriter, r *http.Request, firm string, c channel.Channel, secret string) error {
	ctx, now := r.Context(), p.Clock()
	with := moneyui.Sheet{Secret: secret}
	to, _, err := p.Box.Reach(ctx, firm, c.Name())
	if err != nil || to.To == "" {
		return p.showSettings(w, r, with, problem.New(http.StatusConflict, "这个联系方式已经不在了，请刷新页面查看。"))
	}
	if !p.tries.again("send "+firm+" "+c.Name(), codesAHour, time.Hour, now) {
		return p.showSettings(w, r, with, problem.New(http.StatusTooManyRequests, "验证码发得太频繁，请一小时后再试。"))
	}
	t := ticket{Firm: firm, Channel: c.Name(), Address: digest(to.To), Code: newCode(), Until: now.Add(codeTime)}
	sealed, err := p.sealed(t)
	if err != nil {
		return err
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	m := channel.Message{
		Event: digest(sealed), Channel: c.Name(), Enterprise: firm, Kind: "verify", Attempt: 1, Title: "验证联系方式", Key: digest(sealed),
		Text: "验证码 " + t.Code + "，15 分钟内填到“通知设置”页面。不是您要求的，请不用理会。", Params: map[string]string{"code": t.Code},
	}
	if result, err := c.Send(sending, to, m); result != channel.Delivered {
		p.Logger.WarnContext(ctx, "code not sent", "channel", c.Name(), "to", to.Masked, "result", string(result), "error", err)
		return p.showSettings(w, r, with, problem.New(http.StatusServiceUnavailable, "验证码没有发出去，请核对地址，过一会儿点“再发一次验证码”。"))
	}
	with.Said = "验证码已发到 " + to.Masked + "。"
	with.Do = []moneyui.Form{{
		Action: "/inbox/contacts/verify", Button: "验证", Title: "填收到的验证码",
		Hidden: append(hidden(firm, c.Name()), moneyui.Pair{Name: "ticket", Value: sealed}),
		Fields: []moneyui.Field{{Name: "code", Label: "验证码", Hint: fmt.Sprintf("%d 位数字", codeDigits), Must: true}},
	}}
	return p.showSettings(w, r, with, nil)
}

func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1e8))
	if err != nil {
		panic(err) // never fails
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (p *Post) sealed(t ticket) (string, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := p.Seal.Seal(plain, ticketContext)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (p *Post) opened(text string) (t ticket, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, false
	}
	plain, err := p.Seal.Open(sealed, ticketContext)
	return t, err == nil && json.Unmarshal(plain, &t) == nil
}

// verify takes the code back.
func (p *Post) verify(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), p.Clock()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	text := r.PostFormValue("ticket")
	t, ok := p.opened(text)
	to, _, err := p.Box.Reach(ctx, firm, t.Channel)
	if err != nil {
		return p.Explain(ctx, err, "这个联系方式")
	}
	given := strings.ReplaceAll(counter.Text(r, "code"), " ", "")
	switch {
	case !ok || t.Firm != firm || t.Channel != counter.Text(r, "channel") || now.After(t.Until) || to.To == "" || digest(to.To) != t.Address:
		err = problem.New(http.StatusUnprocessableEntity, "验证码过期了，请点“再发一次验证码”。")
	case !p.tries.again("try "+digest(text), codeTries, codeTime, now):
		err = problem.New(http.StatusTooManyRequests, "这个验证码试的次数太多，已经作废，请点“再发一次验证码”。")
	case subtle.ConstantTimeCompare([]byte(given), []byte(t.Code)) != 1:
		again := moneyui.Sheet{Do: []moneyui.Form{{
			Action: "/inbox/contacts/verify", Button: "验证", Title: "填收到的验证码", Hidden: append(hidden(firm, t.Channel), moneyui.Pair{Name: "ticket", Value: text}),
			Fields: []moneyui.Field{{Name: "code", Label: "验证码", Must: true}},
		}}}
		return p.showSettings(w, r, again, problem.New(http.StatusUnprocessableEntity, "验证码不对，请再看一遍收到的消息。"))
	default:
		err = p.Box.Verify(ctx, p.actor(ctx, firm), firm, t.Channel, now)
	}
	if err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	return p.showSettings(w, r, moneyui.Sheet{Said: "验证好了，以后的消息也发到这里。"}, nil)
}

// tries counts how often something was tried lately. It forgets what is over, and holds no more than it must.
type tries struct {
	mu   sync.Mutex
	seen map[string]*tried
}

type tried struct {
	n     int
	until time.Time
}

func newTries() *tries { return &tries{seen: map[string]*tried{}} }

// again counts a try; false: there were enough of them within the span.
func (t *tries) again(key string, most int, span time.Duration, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	const many = 10_000
	if len(t.seen) >= many {
		for k, x := range t.seen {
			if now.After(x.until) {
				delete(t.seen, k)
			}
		}
	}
	x := t.seen[key]
	if x == nil || now.After(x.until) {
		if len(t.seen) >= many {
			return false
		}
		x = &tried{until: now.Add(span)}
		t.seen[key] = x
	}
	x.n++
	return x.n <= most
}
