package door

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"mianshen/internal/persons"
	"mianshen/internal/persons/provider"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/ui"
)

// kept is what the browser keeps while its person is at the identity provider.
type kept struct {
	Attempt provider.Attempt `json:"attempt"`
	To      string           `json:"to"`
}

func (d *Door) keep(a provider.Attempt, to string) (string, error) {
	plain, err := json.Marshal(kept{a, to})
	if err != nil {
		return "", err
	}
	sealed, err := d.Seal.Seal(plain, attempt)
	return encode(sealed), err
}

// kept reads it again; what isn't ours is an attempt that nothing answers.
func (d *Door) kept(r *http.Request) (a provider.Attempt, to string) {
	c, err := r.Cookie(attempt)
	if err != nil {
		return a, ""
	}
	plain, err := d.Seal.Open(decode(c.Value), attempt)
	var k kept
	if err != nil || json.Unmarshal(plain, &k) != nil {
		return a, ""
	}
	return k.Attempt, k.To
}

func (d *Door) enrolPage(w http.ResponseWriter, r *http.Request) error {
	offer, err := d.Book.Offer(r.Context(), d.who(r))
	if _, _, err := d.wrong(r, err, "账号"); err != nil {
		return err
	}
	if err != nil { // bound in the meantime
		return lead(w, r, "/me")
	}
	return d.showEnrol(w, r, offer, nil)
}

func (d *Door) showEnrol(w http.ResponseWriter, r *http.Request, offer *persons.Enrolment, because error) error {
	text, status, err := d.wrong(r, because, "账号")
	if err != nil {
		return err
	}
	v := ui.EnrolView{Page: d.Page(r.Context(), "绑定动态验证码", "me"), Offer: offer, Wrong: text}
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteEnrol(ctx, b, v) })
}

func (d *Door) enrol(w http.ResponseWriter, r *http.Request) error {
	ticket := r.PostFormValue("ticket")
	cookie, because := d.Book.Enrol(r.Context(), d.who(r), ticket, r.PostFormValue("password"), r.PostFormValue("code"), d.Clock())
	if because == nil {
		return d.enter(w, r, cookie, "/me")
	}
	offer, err := d.Book.Again(r.Context(), d.who(r), ticket)
	if err != nil { // the ticket is void: a fresh one
		if offer, err = d.Book.Offer(r.Context(), d.who(r)); err != nil {
			return lead(w, r, "/me")
		}
	}
	return d.showEnrol(w, r, offer, because)
}

func (d *Door) mePage(w http.ResponseWriter, r *http.Request) error { return d.showMe(w, r, "", nil) }

func (d *Door) showMe(w http.ResponseWriter, r *http.Request, made string, because error) error {
	text, status, err := d.wrong(r, because, "这一项")
	if err != nil {
		return err
	}
	v := ui.MeView{Page: d.Page(r.Context(), "我的账号", "me"), Made: made, Wrong: text}
	if v.Local, err = d.Book.Local(r.Context(), d.who(r)); err != nil {
		return err
	}
	if v.Sessions, err = d.Book.Sessions(r.Context(), d.who(r), d.Clock()); err != nil {
		return err
	}
	if v.Tokens, err = d.Book.Tokens(r.Context(), d.who(r)); err != nil {
		return err
	}
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteMe(ctx, b, v) })
}

// toMe leads back to one's own page, or shows there why not.
func (d *Door) toMe(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return d.showMe(w, r, "", err)
	}
	return lead(w, r, "/me")
}

func (d *Door) password(w http.ResponseWriter, r *http.Request) error {
	return d.toMe(w, r, d.Book.ChangePassword(r.Context(), d.who(r), r.PostFormValue("password"), d.Clock()))
}

func (d *Door) endSession(w http.ResponseWriter, r *http.Request) error {
	return d.toMe(w, r, d.Book.End(r.Context(), d.who(r), r.PostFormValue("session"), d.Clock()))
}

func (d *Door) revokeToken(w http.ResponseWriter, r *http.Request) error {
	return d.toMe(w, r, d.Book.RevokeToken(r.Context(), d.who(r), r.PostFormValue("token"), d.Clock()))
}

func (d *Door) makeToken(w http.ResponseWriter, r *http.Request) error {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		days = 0 // which is refused
	}
	made, err := d.Book.NewToken(r.Context(), d.who(r), r.PostFormValue("name"), r.PostForm["scope"], days, d.Clock())
	if err != nil {
		made = ""
	}
	return d.showMe(w, r, made, err)
}

func (d *Door) firstPage(w http.ResponseWriter, r *http.Request) error {
	return d.showFirst(w, r, nil, nil)
}

func (d *Door) showFirst(w http.ResponseWriter, r *http.Request, handed *ui.Handed, because error) error {
	text, status, err := d.wrong(r, because, "这一项")
	if err != nil {
		return err
	}
	if errors.Is(because, persons.ErrSignIn) {
		text = "令牌不对或者过期了。令牌印在启动服务的终端上；重新启动服务会换一个新的。"
	}
	v := ui.FirstView{Page: d.Page(r.Context(), "首次启动", "me"), Handed: handed, Wrong: text}
	if v.Missing, err = d.Book.Missing(r.Context()); err != nil {
		return err
	}
	if len(v.Missing) == 0 && handed == nil || d.Demo {
		return problem.New(http.StatusNotFound, "")
	}
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteFirst(ctx, b, v) })
}

func (d *Door) first(w http.ResponseWriter, r *http.Request) error {
	login := r.PostFormValue("login")
	cookie, initial, err := d.Book.First(r.Context(), r.PostFormValue("token"), persons.Role(r.PostFormValue("role")), r.PostFormValue("name"), login, d.Clock())
	if err != nil {
		return d.showFirst(w, r, nil, err)
	}
	give(w, Cookie, cookie, 0)
	return d.showFirst(w, r, &ui.Handed{Login: login, Password: initial, Part: "初始密码", Advice: "下一步就会换掉；万一中断，用它登录接着办。"}, nil)
}

func (d *Door) demoPage(w http.ResponseWriter, r *http.Request) error {
	if !d.Demo {
		return problem.New(http.StatusNotFound, "")
	}
	v := ui.DemoView{Page: d.Page(r.Context(), "选一位演示人物", "me")}
	var err error
	if v.Persons, err = d.Book.DemoPersons(r.Context()); err != nil {
		return err
	}
	return d.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteDemo(ctx, b, v) })
}

func (d *Door) demo(w http.ResponseWriter, r *http.Request) error {
	if !d.Demo {
		return problem.New(http.StatusNotFound, "")
	}
	cookie, err := d.Book.AsDemo(r.Context(), r.PostFormValue("login"), d.Clock())
	if errors.Is(err, persons.ErrSignIn) {
		return problem.New(http.StatusNotFound, "没有找到这位演示人物。")
	}
	if err != nil {
		return problem.Of(r.Context(), d.Logger, err, "演示人物")
	}
	return d.enter(w, r, cookie, "/")
}
