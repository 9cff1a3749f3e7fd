package post

import (
	"net/http"
	"net/url"
	"regexp"

	"mianshen/internal/notify/outbox"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
)

var tokenForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// contact finds what the link in a message stops. Whoever has the link may: no account is asked for.
func (p *Post) contact(r *http.Request) (outbox.Contact, error) {
	token := r.PathValue("token")
	if !tokenForm.MatchString(token) {
		return outbox.Contact{}, gone()
	}
	c, err := p.Box.ByToken(r.Context(), token)
	if err != nil {
		return c, p.Explain(r.Context(), err, "退订链接")
	}
	return c, nil
}

func gone() error {
	return problem.New(http.StatusNotFound, "退订链接已失效，请登录后在通知设置里停用该渠道。")
}

// stopPage asks once. It changes nothing, since mail programs open links by themselves.
func (p *Post) stopPage(w http.ResponseWriter, r *http.Request) error {
	c, err := p.contact(r)
	if err != nil {
		return err
	}
	return p.showStop(w, r, c, "")
}

func (p *Post) showStop(w http.ResponseWriter, r *http.Request, c outbox.Contact, said string) error {
	s := p.Counter.Begin(r, "退订", "")
	s.Said = said
	name, path := ChannelName(c.Channel), "/stop/"+url.PathEscape(c.Token)
	section := moneyui.Section{ID: "stop", Title: name + " " + c.Masked}
	if c.StoppedAt.IsZero() {
		section.Words = []string{"点一下，就不再往这里发消息。站内消息还会有，拨付和公示不受影响。"}
		section.Forms = []moneyui.Form{{Action: path, Button: "退订这个渠道"}}
	} else {
		section.Words = []string{"已经停了：不再往这里发任何消息。站内消息还会有，拨付和公示不受影响。"}
		section.Forms = []moneyui.Form{{Action: path + "/undo", Button: "撤销退订", Quiet: true}}
	}
	s.Sections = []moneyui.Section{section}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a secret
	return p.Counter.Show(w, r, s, nil)
}

// stop opts out, by a button or by a mail program (RFC 8058: List-Unsubscribe=One-Click).
func (p *Post) stop(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.contact(r); err != nil {
		return err
	}
	c, err := p.Box.StopByToken(r.Context(), r.PathValue("token"), p.Clock())
	if err != nil {
		return p.Explain(r.Context(), err, "退订链接")
	}
	return p.showStop(w, r, c, "退订好了。")
}

func (p *Post) undo(w http.ResponseWriter, r *http.Request) error {
	c, err := p.contact(r)
	if err == nil && !c.StoppedAt.IsZero() {
		err = p.Explain(r.Context(), p.Box.Resume(r.Context(), outbox.Actor{}, c.Enterprise, c.Channel, p.Clock()), "退订链接")
	}
	if err != nil {
		return err
	}
	if c, err = p.contact(r); err != nil {
		return err
	}
	return p.showStop(w, r, c, "已撤销退订，还会往这里发消息。")
}
