package post

import (
	"net/http"

	"mianshen/internal/notify/subscription"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
)

// feedSection shows the addresses of a firm's calendar and feed. Where one was made just now, with shows it; nobody can show it again.
func (p *Post) feedSection(r *http.Request, firm string, with moneyui.Sheet) (moneyui.Section, error) {
	live, err := p.Subscriptions.Live(r.Context(), firm)
	section := moneyui.Section{
		ID: "feeds", Title: "日历和政策订阅",
		Hint:  "把办理期、确认和公示的期限放进手机或电脑的日历，提前 15 天、3 天、1 天提醒；把和本企业有关的政策放进阅读器。地址本身就是钥匙，不用登录：只放进自己的程序，不要转发。地址泄露了就换一个，旧的马上打不开。",
		Links: []moneyui.Link{{Text: "全部政策的公开订阅源", URL: "/policies.atom"}},
	}
	for _, s := range with.Sections {
		section.Facts = append(section.Facts, s.Facts...)
	}
	me, mine := p.Counter.Who(r.Context()).ID(), false
	var rows [][]moneyui.Cell
	for _, a := range live {
		state := moneyui.Badge("在用", moneyui.Good)
		if !a.Counts {
			state = moneyui.Badge("打不开：造的人不再为本企业办事", moneyui.Warn)
		}
		mine = mine || a.Person == me
		end := moneyui.Form{Action: "/inbox/feeds/end", Button: "停用", Quiet: true, Hidden: []moneyui.Pair{{Name: "firm", Value: firm}, {Name: "id", Value: a.ID}}}
		rows = append(rows, []moneyui.Cell{{Text: a.ID, Code: true}, moneyui.Text(a.Name), moneyui.Text(moneyui.Clock(a.MadeAt)), state, {Forms: []moneyui.Form{end}}})
	}
	section.Tables = []moneyui.Table{{Name: "订阅地址", Heads: []string{"编号", "谁造的", "什么时候", "状态", "可以做"}, Rows: rows, Empty: "还没有订阅地址。点下面的按钮造一个，再放进日历程序。"}}
	form := moneyui.Form{Action: "/inbox/feeds", Button: "造一个订阅地址", Hidden: []moneyui.Pair{{Name: "firm", Value: firm}}}
	if mine {
		form.Button, form.Hint, form.Quiet = "换一个新地址", "您原来的地址马上打不开，要在日历程序里换成新的。", true
	}
	section.Forms = []moneyui.Form{form}
	return section, err
}

// makeFeed makes the caller's address for a firm, or another one in its place, and shows it this once.
func (p *Post) makeFeed(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	token, err := p.Subscriptions.Make(r.Context(), firm, p.Counter.Who(r.Context()).ID(), p.Clock())
	if err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	calendar, policies := subscription.Addresses(p.here(r), token)
	return p.showSettings(w, r, moneyui.Sheet{
		Said:     "订阅地址造好了，在下面“日历和政策订阅”里。只显示这一次，请现在就复制到日历程序。",
		Sections: []moneyui.Section{{Facts: []moneyui.Fact{{Name: "日历（.ics，添加“网络日历”时填）", Value: calendar}, {Name: "政策（Atom，阅读器里填）", Value: policies}}}},
	}, nil)
}

// here is the address at which the one who asks sees the pages.
func (p *Post) here(r *http.Request) string {
	switch {
	case p.Base != "":
		return p.Base
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (p *Post) endFeed(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	if err := p.Subscriptions.End(r.Context(), firm, counter.Text(r, "id"), p.Counter.Who(r.Context()).ID(), p.Clock()); err != nil {
		return p.showSettings(w, r, moneyui.Sheet{}, err)
	}
	return p.showSettings(w, r, moneyui.Sheet{Said: "订阅地址停用了，拿着它的程序再也打不开。"}, nil)
}
