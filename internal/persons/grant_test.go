package persons

import (
	"encoding/base32"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/store"
)

// b32 reads a key as typed.
func b32(typed string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(typed, " ", ""))
}

func TestRolesTakeTwo(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		id, cookie := h.person(sa, se, "wang", Holding{DepartmentDrafts, "区人社局"})
		wang := h.who(cookie)
		if !slices.Equal(wang.Roles, []Holding{{DepartmentDrafts, "区人社局"}}) {
			h.Error(wang.Roles)
		}
		reviews := Holding{DepartmentReviews, "区人社局"}
		for _, by := range []*Identity{se, wang, nil, {Person: "nobody", Roles: []Holding{{Role: SystemAdmin}}}} {
			_, err := h.Propose(h.ctx(), by, id, reviews, h.now)
			h.is(err, ErrNotAllowed)
		}
		_, err := h.Propose(h.ctx(), sa, sa.Person, reviews, h.now)
		h.refused(err, "不能给自己")
		_, err = h.Propose(h.ctx(), sa, "nobody", reviews, h.now)
		h.refused(err, "没有这个人")
		var grant string
		h.audited("role.proposed", func() { grant, err = h.Propose(h.ctx(), sa, id, reviews, h.now) })
		h.must(err)
		if len(h.who(cookie).Roles) != 1 {
			h.Error("a proposed role counts")
		}
		for _, by := range []*Identity{sa, wang} {
			h.is(h.Confirm(h.ctx(), by, grant, h.now), ErrNotAllowed)
		}
		h.audited("role.confirmed", func() { h.must(h.Confirm(h.ctx(), se, grant, h.now)) })
		h.refused(h.Confirm(h.ctx(), se, grant, h.now), "已经确认")
		if len(h.who(cookie).Roles) != 2 {
			h.Error("a confirmed role doesn't count at once")
		}
		h.is(h.Revoke(h.ctx(), wang, grant, h.now), ErrNotAllowed)
		h.audited("role.revoked", func() { h.must(h.Revoke(h.ctx(), se, grant, h.now)) })
		h.refused(h.Revoke(h.ctx(), se, grant, h.now), "已经撤销")
		if len(h.who(cookie).Roles) != 1 {
			h.Error("a revoked role counts")
		}
		// What the identity said when the request came doesn't matter: the role is asked again.
		h.is(h.Confirm(h.ctx(), &Identity{Person: id, Roles: []Holding{{Role: SecurityAdmin}}}, grant, h.now), ErrNotAllowed)
		h.is(h.Confirm(h.ctx(), se, "none", h.now), store.ErrNotFound)
	})
}

func TestScopes(t *testing.T) {
	on(t, func(h *hall) {
		sa, _ := h.admins()
		id, err := h.Add(h.ctx(), sa, "某人", h.now)
		h.must(err)
		for _, x := range []Holding{{FirmClerk, ""}, {FirmAdmin, "91310118MA1JP7UB2C"}, {DepartmentDrafts, ""}, {DepartmentReviews, "\x00"}, {"XX", ""}, {"", ""}} {
			_, err := h.Propose(h.ctx(), sa, id, x, h.now)
			h.refused(err, "")
		}
		for _, x := range []Holding{{FirmClerk, firm}, {FinanceApproves, ""}, {Service, "大数据中心"}} {
			_, err := h.Propose(h.ctx(), sa, id, x, h.now)
			h.must(err)
		}
		list, err := h.List(h.ctx())
		h.must(err)
		if len(list) != 3 || len(list[2].Grants) != 3 || list[2].Grants[0].Confirmed || list[2].Grants[0].Proposer != "管理员sa" {
			h.Error(list)
		}
	})
}

func TestAdministratorsExcludeEachOther(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		id, _ := h.person(sa, se, "wang", Holding{FinanceHandles, ""})
		for _, role := range []Role{SystemAdmin, SecurityAdmin, AuditAdmin} {
			grant, err := h.Propose(h.ctx(), sa, id, Holding{Role: role}, h.now)
			h.must(err)
			h.refused(h.Confirm(h.ctx(), se, grant, h.now), "互相排斥")
		}
		list, err := h.List(h.ctx())
		h.must(err)
		for _, p := range list[:2] {
			h.refused(h.Revoke(h.ctx(), sa, p.Grants[0].ID, h.now), "最后一位")
		}
		h.refused(h.Disable(h.ctx(), sa, se.Person, h.now), "最后一位")
		h.refused(h.Disable(h.ctx(), sa, sa.Person, h.now), "停用自己")
		second, _ := h.person(sa, se, "li", Holding{SystemAdmin, ""})
		h.must(h.Revoke(h.ctx(), se, list[0].Grants[0].ID, h.now))
		h.is(h.Disable(h.ctx(), sa, second, h.now), ErrNotAllowed)
	})
}

func TestAccountsTakeTwo(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		id, cookie := h.person(sa, se, "wang", Holding{FinanceHandles, ""})
		wang := h.who(cookie)
		for _, by := range []*Identity{se, wang, nil} {
			_, err := h.Add(h.ctx(), by, "某人", h.now)
			h.is(err, ErrNotAllowed)
			_, _, err = h.Prepare(h.ctx(), by, Login{Person: id, Login: "x"}, h.now)
			h.is(err, ErrNotAllowed)
			_, _, err = h.Reset(h.ctx(), by, wang.Account, h.now)
			h.is(err, ErrNotAllowed)
		}
		// An account for oneself would be a way to another's power.
		_, _, err := h.Prepare(h.ctx(), sa, Login{Person: sa.Person, Login: "x"}, h.now)
		h.refused(err, "自己")
		account, _, err := h.Prepare(h.ctx(), sa, Login{Person: se.Person, Login: "x"}, h.now)
		h.must(err)
		_, _, err = h.Enable(h.ctx(), sa, account, h.now)
		h.is(err, ErrNotAllowed)
		_, _, err = h.Enable(h.ctx(), se, account, h.now)
		h.refused(err, "自己")
		_, _, err = h.Reset(h.ctx(), sa, sa.Account, h.now)
		h.refused(err, "自己")
		for _, same := range []string{"wang", "WANG", "Wang"} {
			_, _, err = h.Prepare(h.ctx(), sa, Login{Person: id, Login: same}, h.now)
			h.refused(err, "已经有了")
		}

		stepped, err := h.StepUp(h.ctx(), wang, good, h.code("wang"), h.now)
		h.must(err)
		token, err := h.NewToken(h.ctx(), h.who(stepped), "每月报送", []string{ScopeWork}, 30, h.now)
		h.must(err)
		var first, second string
		h.audited("account.reset", func() { _, first, err = h.Reset(h.ctx(), sa, wang.Account, h.now) })
		h.must(err)
		_, err = h.Session(h.ctx(), stepped, h.now)
		h.is(err, ErrNobody)
		_, err = h.Bearer(h.ctx(), token, h.now)
		h.is(err, ErrNobody)
		_, err = h.SignIn(h.ctx(), "wang", first, "", h.now)
		h.is(err, ErrSignIn)
		h.audited("account.enabled", func() { _, second, err = h.Enable(h.ctx(), se, wang.Account, h.now) })
		h.must(err)
		_, _, err = h.Enable(h.ctx(), se, wang.Account, h.now)
		h.refused(err, "已经启用")
		cookie, err = h.SignIn(h.ctx(), "wang", first+"-"+second, "", h.now)
		h.must(err)
		h.enrol(cookie, "wang")
	})
}

// TestHalves: neither who prepared or reset an account nor who enabled it can come in with what he saw, and what either saw is no
// password to choose.
func TestHalves(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		id, err := h.Add(h.ctx(), sa, "某人", h.now)
		h.must(err)
		account, old, err := h.Prepare(h.ctx(), sa, Login{Person: id, Login: "zhao"}, h.now)
		h.must(err)
		_, oldSecond, err := h.Enable(h.ctx(), se, account, h.now)
		h.must(err)
		_, first, err := h.Reset(h.ctx(), sa, account, h.now)
		h.must(err)
		login, second, err := h.Enable(h.ctx(), se, account, h.now)
		h.must(err)
		if login != "zhao" || len(first) != 16 || len(second) != 16 || first == second || first == old || second == oldSecond {
			h.Fatal(login, first, second)
		}
		for _, bad := range []string{
			first, second, first + "-", "-" + second, second + "-" + first, first + second, first + "-" + first,
			second + "-" + second, first + "-" + oldSecond, old + "-" + second, old + "-" + oldSecond, "", "-",
		} {
			_, err := h.SignIn(h.ctx(), "zhao", bad, "", h.now)
			h.is(err, ErrSignIn)
			h.now = h.now.Add(lockMost)
		}
		var kept string
		h.must(h.store.DB().QueryRowContext(h.ctx(), `SELECT password || second FROM account WHERE id = $1`, account).Scan(&kept))
		if strings.Contains(kept, first) || strings.Contains(kept, second) {
			h.Error("a half stands in plain")
		}
		cookie, err := h.SignIn(h.ctx(), "zhao", " "+first+"-"+second+" ", "", h.now)
		h.must(err)
		offer, err := h.Offer(h.ctx(), h.who(cookie))
		h.must(err)
		h.keys["zhao"] = offer.Typed
		for _, bad := range []string{first, second, first + "-" + second} {
			_, err = h.Enrol(h.ctx(), h.who(cookie), offer.Ticket, bad, h.code("zhao"), h.now)
			h.refused(err, "不同")
		}
		cookie = h.enrol(cookie, "zhao")
		h.who(cookie)
		_, err = h.SignIn(h.ctx(), "zhao", first+"-"+second, h.code("zhao"), h.now)
		h.is(err, ErrSignIn)
		h.now = h.now.Add(time.Minute)
		_, err = h.SignIn(h.ctx(), "zhao", good, h.code("zhao"), h.now)
		h.must(err)
		// The database itself enables nothing without the second half.
		_, _, err = h.Reset(h.ctx(), sa, account, h.now)
		h.must(err)
		_, err = h.store.DB().ExecContext(h.ctx(), `UPDATE account SET disabled_at = NULL WHERE id = $1`, account)
		if err == nil || !strings.Contains(err.Error(), "half of its initial password") {
			h.Error("enabled without the second half", err)
		}
	})
}

func TestEnrolment(t *testing.T) {
	on(t, func(h *hall) {
		token, err := h.Start(h.ctx(), h.now)
		h.must(err)
		cookie, initial, err := h.First(h.ctx(), token, SystemAdmin, "甲", "jiagong", h.now)
		h.must(err)
		_, other, err := h.First(h.ctx(), token, SecurityAdmin, "乙", "yi", h.now)
		h.must(err)
		id := h.who(cookie)
		offer, err := h.Offer(h.ctx(), id)
		h.must(err)
		if h.keys["jiagong"] = offer.Typed; !strings.HasPrefix(offer.Address, "otpauth://totp/") {
			h.Error(offer)
		}
		again, err := h.Again(h.ctx(), id, offer.Ticket)
		h.must(err)
		if again.Typed != offer.Typed {
			h.Error("another key after a mistake")
		}
		foreign, err := h.SignIn(h.ctx(), "yi", other, "", h.now)
		h.must(err)
		_, err = h.Enrol(h.ctx(), h.who(foreign), offer.Ticket, good, h.code("jiagong"), h.now)
		h.refused(err, "作废") // another's ticket
		_, err = h.Enrol(h.ctx(), id, offer.Ticket, good, "000000", h.now)
		h.refused(err, "动态验证码不对")
		_, err = h.Enrol(h.ctx(), id, offer.Ticket, "short", h.code("jiagong"), h.now)
		h.refused(err, "至少 12")
		_, err = h.Enrol(h.ctx(), id, offer.Ticket, "a sentence of JIAGONG", h.code("jiagong"), h.now)
		h.refused(err, "登录名")
		_, err = h.Enrol(h.ctx(), id, offer.Ticket, initial, h.code("jiagong"), h.now)
		h.refused(err, "不同")
		_, err = h.StepUp(h.ctx(), id, initial, "", h.now)
		h.is(err, ErrNotAllowed)
		h.audited("account.enrolled", func() { _, err = h.Enrol(h.ctx(), id, offer.Ticket, good, h.code("jiagong"), h.now) })
		h.must(err)
		_, err = h.Enrol(h.ctx(), id, offer.Ticket, good+"2", h.code("jiagong"), h.now)
		h.refused(err, "已经绑定")
		_, err = h.Offer(h.ctx(), id)
		h.refused(err, "已经绑定")
		_, err = h.SignIn(h.ctx(), "jiagong", good, h.code("jiagong"), h.now)
		h.is(err, ErrSignIn) // the code of the enrolment is used
		// The key is nowhere in plain.
		key, err := b32(offer.Typed)
		h.must(err)
		var kept []byte
		h.must(h.store.DB().QueryRowContext(h.ctx(), `SELECT totp FROM account WHERE login = 'jiagong'`).Scan(&kept))
		if strings.Contains(string(kept), string(key)) || strings.Contains(offer.Ticket, encode(key)) {
			h.Error("the key stands in plain")
		}
	})
}

func TestTokens(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		id, cookie := h.person(sa, se, "wang", Holding{DepartmentDrafts, "区人社局"})
		wang := h.who(cookie)
		_, err := h.NewToken(h.ctx(), wang, "x", []string{ScopeRead}, 30, h.now)
		h.is(err, ErrNotAllowed) // without step-up
		h.is(h.ChangePassword(h.ctx(), wang, "another sentence", h.now), ErrNotAllowed)
		cookie, err = h.StepUp(h.ctx(), wang, good, h.code("wang"), h.now)
		h.must(err)
		wang = h.who(cookie)
		for _, bad := range []struct {
			name   string
			scopes []string
			days   int
		}{{"", []string{ScopeRead}, 1}, {"x", nil, 1}, {"x", []string{"all"}, 1}, {"x", []string{ScopeRead}, 0}, {"x", []string{ScopeRead}, 367}, {"x", []string{ScopeRead, ScopeApprove}, 2}} {
			_, err := h.NewToken(h.ctx(), wang, bad.name, bad.scopes, bad.days, h.now)
			h.refused(err, "")
		}
		var token string
		h.audited("token.made", func() {
			token, err = h.NewToken(h.ctx(), wang, "每月报送", []string{ScopeRead, ScopeIntake, ScopeRead}, 30, h.now)
		})
		h.must(err)
		by, err := h.Bearer(h.ctx(), token, h.now)
		h.must(err)
		if by.Person != id || !slices.Equal(by.Scopes, []string{ScopeIntake, ScopeRead}) || by.StepUp || !by.Has(DepartmentDrafts) {
			h.Error(by)
		}
		_, err = h.NewToken(h.ctx(), by, "x", []string{ScopeRead}, 30, h.now)
		h.is(err, ErrNotAllowed) // a token makes no token
		for _, bad := range []string{"", token + "x", strings.TrimPrefix(token, tokenBegins), cookie} {
			_, err := h.Bearer(h.ctx(), bad, h.now)
			h.is(err, ErrNobody)
		}
		_, err = h.Bearer(h.ctx(), token, h.now.AddDate(0, 0, 30))
		h.is(err, ErrNobody)
		list, err := h.Tokens(h.ctx(), wang)
		h.must(err)
		if len(list) != 1 || !list[0].Used.Equal(h.now) || strings.Contains(list[0].ID, token) {
			h.Fatal(list)
		}
		h.is(h.RevokeToken(h.ctx(), sa, list[0].ID, h.now), store.ErrNotFound)
		h.audited("token.revoked", func() { h.must(h.RevokeToken(h.ctx(), wang, list[0].ID, h.now)) })
		_, err = h.Bearer(h.ctx(), token, h.now)
		h.is(err, ErrNobody)

		token, err = h.NewToken(h.ctx(), wang, "又一个", []string{ScopeWork}, 1, h.now)
		h.must(err)
		h.audited("person.disabled", func() { h.must(h.Disable(h.ctx(), se, id, h.now)) })
		_, err = h.Bearer(h.ctx(), token, h.now)
		h.is(err, ErrNobody)
		_, err = h.Session(h.ctx(), cookie, h.now)
		h.is(err, ErrNobody)
		h.now = h.now.Add(time.Minute)
		_, err = h.SignIn(h.ctx(), "wang", good, h.code("wang"), h.now)
		h.is(err, ErrSignIn)
	})
}

func TestExternal(t *testing.T) {
	on(t, func(h *hall) {
		sa, se := h.admins()
		_, err := h.External(h.ctx(), "https://id.example.gov", "u1", h.now)
		h.is(err, ErrSignIn) // nobody is made by signing in
		id, err := h.Add(h.ctx(), sa, "某人", h.now)
		h.must(err)
		_, _, err = h.Prepare(h.ctx(), sa, Login{Person: id, Login: "x", Issuer: "https://id.example.gov"}, h.now)
		h.refused(err, "")
		for _, bad := range []string{"u1\u202e2u", "u\u200b1", "u\n1", strings.Repeat("u", 301), " "} {
			_, _, err = h.Prepare(h.ctx(), sa, Login{Person: id, Login: "x", Issuer: "https://id.example.gov", Subject: bad}, h.now)
			h.refused(err, "用户编号")
		}
		account, initial, err := h.Prepare(h.ctx(), sa, Login{Person: id, Login: "x", Issuer: "https://id.example.gov", Subject: "u1"}, h.now)
		h.must(err)
		list, err := h.List(h.ctx())
		h.must(err)
		if a := list[len(list)-1].Accounts[0]; a.Issuer != "https://id.example.gov" || a.Subject != "u1" || !a.Disabled {
			h.Errorf("who enables sees %+v", a)
		}
		if initial != "" {
			h.Error("a password for an account of a provider")
		}
		_, err = h.External(h.ctx(), "https://id.example.gov", "u1", h.now)
		h.is(err, ErrSignIn)
		_, _, err = h.Enable(h.ctx(), sa, account, h.now) // who linked it
		h.is(err, ErrNotAllowed)
		_, half, err := h.Enable(h.ctx(), se, account, h.now)
		h.must(err)
		_, err = h.store.DB().ExecContext(h.ctx(), `UPDATE account SET subject = 'u2' WHERE id = $1`, account)
		if err == nil {
			h.Error("what was enabled is linked to another one afterwards")
		}
		if half != "" {
			h.Error("half a password for an account of a provider")
		}
		cookie, err := h.External(h.ctx(), "https://id.example.gov", "u1", h.now)
		h.must(err)
		if who := h.who(cookie); who.Person != id || len(who.Roles) != 0 || !who.Enrolled {
			h.Error(who)
		}
		_, err = h.External(h.ctx(), "https://evil.example", "u1", h.now)
		h.is(err, ErrSignIn)
		_, err = h.ExternalStepUp(h.ctx(), h.who(cookie), "https://id.example.gov", "u2", h.now)
		h.is(err, ErrSignIn)
		stepped, err := h.ExternalStepUp(h.ctx(), h.who(cookie), "https://id.example.gov", "u1", h.now)
		h.must(err)
		if !h.who(stepped).StepUp {
			h.Error("didn't step up")
		}
		_, err = h.DemoStepUp(h.ctx(), h.who(stepped), h.now)
		h.is(err, ErrSignIn)
		_, err = h.AsDemo(h.ctx(), "x", h.now)
		h.is(err, ErrSignIn)
	})
}

func TestDemo(t *testing.T) {
	on(t, func(h *hall) {
		list := []DemoPerson{{"E1", "演示企业经办", []Holding{{FirmClerk, firm}, {FirmAdmin, firm}}}, {"SA", "演示系统管理员", []Holding{{SystemAdmin, ""}}}}
		h.is(h.AddDemo(h.ctx(), list, h.now), store.ErrConflict)
		h.audited("instance.demo", func() { h.must(h.MakeDemo(h.ctx(), h.now)) })
		h.audited("", func() { h.must(h.MakeDemo(h.ctx(), h.now)) })
		h.audited("demo.persons", func() { h.must(h.AddDemo(h.ctx(), list, h.now)) })
		h.audited("", func() { h.must(h.AddDemo(h.ctx(), list, h.now)) })
		h.audited("", func() {
			h.must(h.AddDemo(h.ctx(), []DemoPerson{{"sa", "另一个演示的系统管理员", []Holding{{SystemAdmin, ""}}}}, h.now))
		})
		if token, err := h.Start(h.ctx(), h.now); err != nil || token != "" {
			h.Error("a demo has a first start", err)
		}
		if demo, err := h.IsDemo(h.ctx()); err != nil || !demo {
			h.Error(demo, err)
		}
		got, err := h.DemoPersons(h.ctx())
		h.must(err)
		if !reflect.DeepEqual(got, list) {
			h.Error(got)
		}
		cookie, err := h.AsDemo(h.ctx(), "E1", h.now)
		h.must(err)
		if id := h.who(cookie); !id.Demo || !id.Has(FirmClerk) || id.Roles[0].Scope != firm {
			h.Error(id)
		}
		cookie, err = h.DemoStepUp(h.ctx(), h.who(cookie), h.now)
		h.must(err)
		if !h.who(cookie).StepUp {
			h.Error("didn't step up")
		}
	})
	on(t, func(h *hall) {
		h.admins()
		h.is(h.MakeDemo(h.ctx(), h.now), store.ErrConflict) // what is real stays so
	})
}
