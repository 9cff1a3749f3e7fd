package post

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
)

// channelNames are what people call the channels.
var channelNames = map[string]string{
	channel.Inbox: "站内消息", channel.SMTP: "电子邮件", channel.Webhook: "网络回调（Webhook）", channel.SMS: "短信", channel.WeCom: "企业微信机器人", channel.Log: "演示日志",
}

// ChannelName is what people call a channel.
func ChannelName(name string) string { return channelNames[name] }

var addressHints = map[string]string{
	channel.SMTP: "例如 name@example.com", channel.Webhook: "https:// 开头的地址，主机要在管理员的名单上", channel.SMS: "11 位手机号",
	channel.WeCom: "群机器人的完整地址", channel.Log: "任意一行文字，消息写进服务器日志",
}

func (p *Post) settings(w http.ResponseWriter, r *http.Request) error {
	return p.showSettings(w, r, moneyui.Sheet{}, nil)
}

// showSettings shows what a firm chose and where it can be reached. with holds what an order before left to be shown: a code that is
// asked for, a secret.
func (p *Post) showSettings(w http.ResponseWriter, r *http.Request, with moneyui.Sheet, because error) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	preference, err := p.Box.Preference(ctx, firm)
	if err != nil {
		return p.Explain(ctx, err, "设置")
	}
	contacts, err := p.Box.Contacts(ctx, firm)
	if err != nil {
		return p.Explain(ctx, err, "设置")
	}
	s := p.Counter.Begin(r, "通知设置", "inbox")
	s.Crumbs, s.Meta = []moneyui.Link{{Text: "消息", URL: counter.URL("/inbox", "firm", firm)}}, []string{p.Called(ctx, firm), firm}
	s.Hint = "站内消息总会有。下面选还要在哪里收、收哪些、什么时候收。改了马上算数，还没有发出的消息也按新的来。"
	s.Secret, s.Said, s.Do = with.Secret, with.Said, with.Do
	feeds, err := p.feedSection(r, firm, with)
	if err != nil {
		return p.Explain(ctx, err, "设置")
	}
	s.Sections = []moneyui.Section{p.contactSection(firm, contacts), preferenceSection(firm, preference), feeds}
	return p.Counter.Show(w, r, s, p.Explain(ctx, because, "这个联系方式"))
}

// Called is what a firm is called; its code where there is no name.
func (p *Post) Called(ctx context.Context, firm string) string {
	if enterprise, err := p.Desk.Enterprise(ctx, firm); err == nil {
		return enterprise.Called()
	}
	return firm
}

func (p *Post) contactSection(firm string, contacts []outbox.Contact) moneyui.Section {
	section := moneyui.Section{ID: "contacts", Title: "在哪里收", Hint: "新的联系方式先收到一个验证码，填回来才开始用。每条消息里都有一点就停的退订链接。"}
	var rows [][]moneyui.Cell
	for _, c := range contacts {
		rows = append(rows, []moneyui.Cell{moneyui.Text(ChannelName(c.Channel)), {Text: c.Masked, Code: true}, contactState(c), {Forms: p.contactForms(firm, c)}})
	}
	section.Tables = []moneyui.Table{{Name: "联系方式", Heads: []string{"渠道", "地址", "状态", "可以做"}, Rows: rows, Empty: "还没有别的联系方式，只有站内消息。在下面加一个。"}}
	for _, c := range p.Channels {
		if c.Name() == channel.Inbox {
			continue
		}
		section.Forms = append(section.Forms, moneyui.Form{
			Action: "/inbox/contacts", Button: "保存并发验证码", Title: "设置" + ChannelName(c.Name()), Fold: true, Hidden: hidden(firm, c.Name()),
			Fields: []moneyui.Field{{Name: "address", Label: "地址", Hint: addressHints[c.Name()], Must: true}},
		})
	}
	return section
}

func hidden(firm, name string) []moneyui.Pair {
	return []moneyui.Pair{{Name: "firm", Value: firm}, {Name: "channel", Value: name}}
}

func contactState(c outbox.Contact) moneyui.Cell {
	switch {
	case !c.StoppedAt.IsZero():
		return moneyui.Badge("已停用", moneyui.Quiet)
	case c.VerifiedAt.IsZero():
		return moneyui.Badge("待验证", moneyui.Warn)
	}
	return moneyui.Badge("在用", moneyui.Good)
}

func (p *Post) contactForms(firm string, c outbox.Contact) (list []moneyui.Form) {
	if _, there := p.channel(c.Channel); there && c.VerifiedAt.IsZero() {
		list = append(list, moneyui.Form{Action: "/inbox/contacts/code", Button: "再发一次验证码", Hidden: hidden(firm, c.Channel), Quiet: true})
	}
	if c.StoppedAt.IsZero() {
		return append(list, moneyui.Form{Action: "/inbox/contacts/stop", Button: "停用", Hidden: hidden(firm, c.Channel), Quiet: true})
	}
	return append(list, moneyui.Form{Action: "/inbox/contacts/resume", Button: "恢复", Hidden: hidden(firm, c.Channel), Quiet: true})
}

func preferenceSection(firm string, c choice.Preference) moneyui.Section {
	form := moneyui.Form{Action: "/inbox/settings", Button: "保存", Hidden: []moneyui.Pair{{Name: "firm", Value: firm}}, Fields: []moneyui.Field{{Kind: "head", Label: "收哪些"}}}
	chosen := map[string]bool{}
	for _, t := range c.Topics {
		chosen[t] = true
	}
	for _, k := range event.Kinds() {
		value := ""
		if len(c.Topics) == 0 || chosen[k.Name] {
			value = "1"
		}
		form.Fields = append(form.Fields, moneyui.Field{Name: "topic." + k.Name, Label: k.Label, Kind: "check", Value: value})
	}
	quiet := func(minute int) string {
		if c.QuietFrom == c.QuietTo {
			return ""
		}
		return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
	}
	working := ""
	if c.WorkingDays {
		working = "1"
	}
	form.Fields = append(form.Fields,
		moneyui.Field{Kind: "head", Label: "什么时候收，收多少"},
		moneyui.Field{Name: "departments", Label: "只收这些部门的", Value: strings.Join(c.Departments, " "), Hint: "部门名称，用空格隔开；空着是全部"},
		moneyui.Field{Name: "industries", Label: "只收这些行业的", Value: strings.Join(c.Industries, " "), Hint: "国民经济行业代码的开头，如 C I65；空着是全部"},
		moneyui.Field{Name: "quiet_from", Label: "免打扰从", Value: quiet(c.QuietFrom), Hint: "如 21:00；空着没有免打扰"},
		moneyui.Field{Name: "quiet_to", Label: "免打扰到", Value: quiet(c.QuietTo), Hint: "如 08:00"},
		moneyui.Field{Name: "digest", Label: "汇总", Kind: "select", Value: string(c.Digest), Choices: []moneyui.Pair{
			{Name: "不汇总，一条一条发", Value: string(choice.None)}, {Name: "每天 9:00 汇总", Value: string(choice.Daily)}, {Name: "每周一 9:00 汇总", Value: string(choice.Weekly)},
		}},
		moneyui.Field{Name: "a_day", Label: "每个渠道每天最多几条", Value: strconv.Itoa(c.ADay), Hint: "0 至 100，多的按金额大小留到第二天；0 是只留站内消息", Must: true},
		moneyui.Field{Name: "working_days", Label: "只在工作日发（按国务院办公厅的放假安排）", Kind: "check", Value: working},
	)
	return moneyui.Section{ID: "preference", Title: "收哪些，什么时候收", Forms: []moneyui.Form{form}}
}

func (p *Post) setPreference(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	preference, err := preferred(r)
	if err == nil {
		err = p.Box.SetPreference(r.Context(), p.actor(r.Context(), firm), firm, preference, p.Clock())
	}
	if err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	return p.showSettings(w, r, moneyui.Sheet{Said: "已保存。"}, nil)
}

// preferred reads a form. All topics are none in particular: what comes later is wanted too.
func preferred(r *http.Request) (c choice.Preference, err error) {
	all := event.Kinds()
	for _, k := range all {
		if r.PostFormValue("topic."+k.Name) != "" {
			c.Topics = append(c.Topics, k.Name)
		}
	}
	switch len(c.Topics) {
	case 0:
		return c, problem.New(http.StatusUnprocessableEntity, "请至少选一类消息；一条都不想收，请停用联系方式。")
	case len(all):
		c.Topics = nil
	}
	c.Departments, c.Industries = strings.Fields(counter.Text(r, "departments")), strings.Fields(counter.Text(r, "industries"))
	c.WorkingDays, c.Digest = r.PostFormValue("working_days") != "", choice.Digest(counter.Text(r, "digest"))
	from, to := counter.Text(r, "quiet_from"), counter.Text(r, "quiet_to")
	if from != "" || to != "" {
		if c.QuietFrom, err = minute(from); err == nil {
			c.QuietTo, err = minute(to)
		}
		if err != nil {
			return c, err
		}
	}
	if c.ADay, err = strconv.Atoi(counter.Text(r, "a_day")); err != nil {
		return c, problem.New(http.StatusUnprocessableEntity, "每天的条数上限应是 0 至 100 的整数。")
	}
	return c, nil
}

func minute(text string) (int, error) {
	const hours, minutes = 24, 60
	h, m, cut := strings.Cut(strings.ReplaceAll(text, "：", ":"), ":")
	hour, err := strconv.Atoi(h)
	past, wrong := strconv.Atoi(m)
	if !cut || err != nil || wrong != nil || hour < 0 || hour >= hours || past < 0 || past >= minutes || len(m) != 2 {
		return 0, problem.New(http.StatusUnprocessableEntity, "免打扰时间写成 21:00 这样，从和到都要写。")
	}
	return hour*minutes + past, nil
}

func (p *Post) setContact(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	c, there := p.channel(counter.Text(r, "channel"))
	if !there {
		return p.showSettings(w, r, moneyui.Sheet{}, problem.New(http.StatusUnprocessableEntity, "这个渠道没有开通，请另选一个。"))
	}
	to := channel.Address{To: counter.Text(r, "address")}
	var secret string
	if to.Masked, err = masked(c, to.To); err == nil && c.Name() == channel.Webhook {
		secret = newSecret()
		to.Secret = []byte(secret)
	}
	if err == nil {
		err = p.Box.SetContact(ctx, p.actor(ctx, firm), firm, c.Name(), to, p.Clock())
	}
	if err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	return p.code(w, r, firm, c, secret)
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// masked checks an address and gives what people see of it.
func masked(c channel.Channel, address string) (string, error) {
	bad := problem.New(http.StatusUnprocessableEntity, "地址不对："+addressHints[c.Name()]+"。")
	if address == "" || len(address) > 400 || channel.Line(address) != nil {
		return "", bad
	}
	if checks, ok := c.(interface{ Check(string) error }); ok && checks.Check(address) != nil {
		return "", bad
	}
	switch c.Name() {
	case channel.SMTP:
		a, err := mail.ParseAddress(address)
		at := strings.LastIndexByte(address, '@')
		if err != nil || a.Address != address || at < 1 {
			return "", bad
		}
		return address[:1] + "***" + address[at:], nil
	case channel.SMS:
		const digits, head, tail = 11, 3, 4
		if len(address) != digits || strings.Trim(address, "0123456789") != "" {
			return "", bad
		}
		return address[:head] + "****" + address[digits-tail:], nil
	case channel.Webhook, channel.WeCom:
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return "", bad
		}
		return u.Host + "/***", nil
	}
	return "***", nil
}

func (p *Post) stopChannel(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, p.Box.Stop, "已停用，这个渠道不再发消息。")
}

func (p *Post) resumeChannel(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, p.Box.Resume, "已恢复。")
}

func (p *Post) change(w http.ResponseWriter, r *http.Request, do order, said string) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	if err := do(ctx, p.actor(ctx, firm), firm, counter.Text(r, "channel"), p.Clock()); err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	return p.showSettings(w, r, moneyui.Sheet{Said: said}, nil)
}

// sendCode sends another code to an address that waits for one.
func (p *Post) sendCode(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	c, there := p.channel(counter.Text(r, "channel"))
	if !there {
		return p.showSettings(w, r, moneyui.Sheet{}, problem.New(http.StatusUnprocessableEntity, "这个渠道没有开通，请另选一个。"))
	}
	return p.code(w, r, firm, c, "")
}
