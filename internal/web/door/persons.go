package door

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"mianshen/internal/persons"
	"mianshen/internal/web/ui"
)

func (d *Door) personsPage(w http.ResponseWriter, r *http.Request) error {
	return d.showPersons(w, r, nil, nil)
}

func (d *Door) showPersons(w http.ResponseWriter, r *http.Request, handed *ui.Handed, because error) error {
	text, status, err := d.wrong(r, because, "这一项")
	if err != nil {
		return err
	}
	v := ui.PersonsView{Page: d.Page(r.Context(), "人员和角色", "persons"), Handed: handed, Wrong: text}
	if v.Persons, err = d.Book.List(r.Context()); err != nil {
		return err
	}
	slices.SortStableFunc(v.Persons, func(a, b persons.Person) int { return cmp.Compare(waiting(a), waiting(b)) })
	return d.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WritePersons(ctx, b, v) })
}

// waiting is 0 for a person of whom something waits for the security administrator, else 1: who has to do it finds it at the top.
func waiting(p persons.Person) int {
	waits := slices.ContainsFunc(p.Accounts, func(a persons.Account) bool { return a.Disabled }) || slices.ContainsFunc(p.Grants, func(g persons.Grant) bool { return !g.Confirmed })
	if waits && !p.Disabled {
		return 0
	}
	return 1
}

// toPersons leads back to the list, or shows there why not.
func (d *Door) toPersons(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return d.showPersons(w, r, nil, err)
	}
	return lead(w, r, "/persons")
}

func (d *Door) addPerson(w http.ResponseWriter, r *http.Request) error {
	_, err := d.Book.Add(r.Context(), d.who(r), r.PostFormValue("name"), d.Clock())
	return d.toPersons(w, r, err)
}

func (d *Door) disable(w http.ResponseWriter, r *http.Request) error {
	return d.toPersons(w, r, d.Book.Disable(r.Context(), d.who(r), r.PostFormValue("person"), d.Clock()))
}

func (d *Door) prepare(w http.ResponseWriter, r *http.Request) error {
	l := persons.Login{
		Person: r.PostFormValue("person"), Login: strings.TrimSpace(r.PostFormValue("login")),
		Issuer: strings.TrimSpace(r.PostFormValue("issuer")), Subject: strings.TrimSpace(r.PostFormValue("subject")),
	}
	_, half, err := d.Book.Prepare(r.Context(), d.who(r), l, d.Clock())
	if err != nil || half == "" {
		return d.toPersons(w, r, err)
	}
	return d.showPersons(w, r, firstHalf(l.Login, half), nil)
}

func firstHalf(login, half string) *ui.Handed {
	const advice = "请当面交给本人，不要告诉别的管理员；后半在安全管理员启用账号时显示。"
	return &ui.Handed{Login: login, Password: half, Part: "初始密码前半", Advice: advice}
}

func (d *Door) reset(w http.ResponseWriter, r *http.Request) error {
	login, half, err := d.Book.Reset(r.Context(), d.who(r), r.PostFormValue("account"), d.Clock())
	if err != nil {
		return d.toPersons(w, r, err)
	}
	return d.showPersons(w, r, firstHalf(login, half), nil)
}

func (d *Door) enable(w http.ResponseWriter, r *http.Request) error {
	login, half, err := d.Book.Enable(r.Context(), d.who(r), r.PostFormValue("account"), d.Clock())
	if err != nil || half == "" {
		return d.toPersons(w, r, err)
	}
	const advice = "请当面交给本人，不要告诉别的管理员。本人第一次登录时，密码填“前半-后半”，中间一个减号；登录后要另设密码、绑定动态验证码。丢了一半，请系统管理员重置后再启用。"
	return d.showPersons(w, r, &ui.Handed{Login: login, Password: half, Part: "初始密码后半", Advice: advice}, nil)
}

func (d *Door) propose(w http.ResponseWriter, r *http.Request) error {
	h := persons.Holding{Role: persons.Role(r.PostFormValue("role")), Scope: strings.TrimSpace(r.PostFormValue("scope"))}
	_, err := d.Book.Propose(r.Context(), d.who(r), r.PostFormValue("person"), h, d.Clock())
	return d.toPersons(w, r, err)
}

func (d *Door) confirm(w http.ResponseWriter, r *http.Request) error {
	return d.toPersons(w, r, d.Book.Confirm(r.Context(), d.who(r), r.PostFormValue("grant"), d.Clock()))
}

func (d *Door) revoke(w http.ResponseWriter, r *http.Request) error {
	return d.toPersons(w, r, d.Book.Revoke(r.Context(), d.who(r), r.PostFormValue("grant"), d.Clock()))
}
