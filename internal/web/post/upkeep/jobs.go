package upkeep

import (
	"net/http"
	"strconv"

	"mianshen/internal/notify/effect"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/store"
	"mianshen/internal/timetable"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/post"
)

// jobs shows the schedule with its last and next runs.
func (p *Pages) jobs(w http.ResponseWriter, r *http.Request) error {
	const runs = 8
	s := p.Counter.Begin(r, "定时任务", "jobs")
	s.Hint = "每一次运行占一个时段，有一行记录；几个节点同时在跑，一个时段也只跑一次。停机错过的时段，重新启动后按先后补跑。"
	if p.Jobs == nil {
		s.Next = []string{"这台服务器不跑定时任务。"}
		return p.Counter.Show(w, r, s, nil)
	}
	lines, err := p.Jobs.Lines(r.Context(), runs)
	if err != nil {
		return p.Explain(r.Context(), err, "定时任务")
	}
	var rows [][]moneyui.Cell
	for _, l := range lines {
		last := []moneyui.Cell{moneyui.Text("还没有跑过"), moneyui.Text("")}
		if len(l.Slots) > 0 {
			last = []moneyui.Cell{{Text: moneyui.Clock(l.Slots[0].StartedAt), URL: "#job-" + l.Name}, slotState(l.Slots[0])}
		}
		rows = append(rows, append([]moneyui.Cell{{Text: l.Label, Small: l.When}, moneyui.Text(moneyui.Clock(l.Next))}, last...))
	}
	s.Sections = []moneyui.Section{{ID: "all", Title: "全部任务", Tables: []moneyui.Table{{Name: "全部任务", Heads: []string{"任务", "下一次", "上一次", "结果"}, Rows: rows, Empty: "没有定时任务。"}}}}
	for _, l := range lines {
		s.Sections = append(s.Sections, moneyui.Section{ID: "job-" + l.Name, Title: l.Label + "：近来的运行", Fold: true, Tables: []moneyui.Table{{
			Name: l.Label, Heads: []string{"时段", "开始", "结束", "结果"}, Rows: slotRows(l), Empty: "还没有跑过。",
		}}})
	}
	return p.Counter.Show(w, r, s, nil)
}

func slotRows(l timetable.Line) (rows [][]moneyui.Cell) {
	for _, x := range l.Slots {
		rows = append(rows, []moneyui.Cell{{Text: x.Name, Code: true}, moneyui.Text(moneyui.Clock(x.StartedAt)), moneyui.Text(moneyui.Clock(x.FinishedAt)), slotState(x)})
	}
	return rows
}

func slotState(x store.Slot) moneyui.Cell {
	switch {
	case x.FinishedAt.IsZero():
		return moneyui.Badge("在跑，或者中断了", moneyui.Warn)
	case timetable.Failed(x):
		return moneyui.Cell{Text: "失败", Badge: true, Tone: moneyui.Bad, Small: x.Outcome}
	}
	return moneyui.Cell{Text: "完成", Badge: true, Tone: moneyui.Good, Small: x.Outcome}
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	return p.showReport(w, r, "", nil)
}

// everything is how many days back the report goes at most.
const everything = 3660

// showReport shows what came of messages, and those that wait for a person.
func (p *Pages) showReport(w http.ResponseWriter, r *http.Request, said string, because error) error {
	ctx, now, who := r.Context(), p.Clock(), p.Counter.Who(r.Context())
	days, err := strconv.Atoi(counter.Text(r, "days"))
	if err != nil || days < 1 || days > everything {
		days = 30
	}
	lines, err := effect.Report(ctx, p.Office.Store, now.AddDate(0, 0, -days), now)
	if err != nil {
		return p.Explain(ctx, err, "消息")
	}
	s := p.Counter.Begin(r, "消息的成效", "messages")
	s.Said = said
	s.Hint = "告知了多少，多少看了、办了，后来拨了款。“拨付”是告知之后同一事项到了账、没有退回的；“不发”是企业的设置不要的；“不明”是送出去了、不知道收到没有的。"
	for _, d := range []int{7, 30, 365} {
		s.Tabs = append(s.Tabs, moneyui.Link{Text: "最近 " + strconv.Itoa(d) + " 天", URL: counter.URL("/report/messages", "days", strconv.Itoa(d)), Here: d == days})
	}
	s.Tabs = append(s.Tabs, moneyui.Link{Text: "全部", URL: counter.URL("/report/messages", "days", strconv.Itoa(everything)), Here: days == everything})
	s.Sections = []moneyui.Section{{ID: "effect", Title: "按种类和渠道", Tables: []moneyui.Table{effectTable(lines)}}}
	if who.Has(caller.SA | caller.AU) {
		stuck, err := p.stuck(r)
		if err != nil {
			return p.Explain(ctx, err, "消息")
		}
		s.Sections = append(s.Sections, stuck...)
	}
	return p.Counter.Show(w, r, s, p.Explain(ctx, because, "这条消息"))
}

func effectTable(lines []effect.Line) moneyui.Table {
	t := moneyui.Table{
		Name: "消息的成效", Empty: "这段时间没有消息。",
		Heads: []string{"种类", "告知#", "看了#", "办了#", "拨付#", "应发#", "等发#", "不发#", "发不出#", "不明#"},
	}
	var sum effect.Line
	count := func(l effect.Line) (cells []moneyui.Cell) {
		for _, n := range []int{l.Told, l.Seen, l.Acted, l.Paid, l.Sent, l.Waiting, l.Dropped, l.Dead, l.Unknown} {
			cells = append(cells, moneyui.Text(strconv.Itoa(n)))
		}
		return cells
	}
	for _, l := range lines {
		t.Rows = append(t.Rows, append([]moneyui.Cell{{Text: post.Label(l.Kind), Small: post.ChannelName(l.Channel)}}, count(l)...))
		sum = effect.Line{
			Sent: sum.Sent + l.Sent, Told: sum.Told + l.Told, Seen: sum.Seen + l.Seen, Acted: sum.Acted + l.Acted, Paid: sum.Paid + l.Paid,
			Waiting: sum.Waiting + l.Waiting, Dropped: sum.Dropped + l.Dropped, Dead: sum.Dead + l.Dead, Unknown: sum.Unknown + l.Unknown,
		}
	}
	t.Sum = append([]moneyui.Cell{moneyui.Text("合计")}, count(sum)...)
	return t
}

// stuck are the messages that wait for a person. What they say isn't shown: administrators have no business with it.
func (p *Pages) stuck(r *http.Request) (list []moneyui.Section, err error) {
	const most = 100
	for _, state := range []struct{ name, title, hint string }{
		{"unknown", "结果不明", "送出去了，但不知道对方收到没有。重发可能让企业收到两次，所以要由人查实后决定。"},
		{"dead", "发不出", "试了多次，或者对方拒收。改好原因后可以再发。"},
	} {
		rows, err := p.Box.In(r.Context(), state.name, most)
		if err != nil {
			return nil, err
		}
		section := moneyui.Section{ID: state.name, Title: state.title, Count: strconv.Itoa(len(rows)) + " 条", Hint: state.hint}
		var cells [][]moneyui.Cell
		for _, x := range rows {
			cells = append(cells, []moneyui.Cell{
				{Text: post.Label(x.Event.Kind), Small: x.Event.Enterprise},
				moneyui.Text(post.ChannelName(x.Channel)),
				{Text: moneyui.Clock(x.EndedAt), Small: x.Note},
				moneyui.Text(strconv.Itoa(x.Attempt)),
				{Forms: stuckForms(p.Counter.Who(r.Context()), x)},
			})
		}
		section.Tables = []moneyui.Table{{Name: state.title, Heads: []string{"种类", "渠道", "最后一次", "次数#", "办理"}, Rows: cells, Empty: "没有。"}}
		list = append(list, section)
	}
	return list, nil
}

func stuckForms(who caller.Caller, x outbox.Row) []moneyui.Form {
	if !who.Has(caller.SA) {
		return nil
	}
	about := []moneyui.Pair{{Name: "event", Value: x.Event.ID}, {Name: "channel", Value: x.Channel}}
	why := []moneyui.Field{{Name: "why", Label: "依据", Must: true}}
	list := []moneyui.Form{{Action: "/report/messages/retry", Button: "再发一次", Title: "再发一次", Fold: true, Hidden: about, Fields: why, Quiet: true}}
	if x.State == "unknown" {
		list = append(list, moneyui.Form{Action: "/report/messages/confirm", Button: "记为已送到", Title: "查实已送到", Fold: true, Hidden: about, Fields: why, Quiet: true})
	}
	return list
}

func (p *Pages) retry(w http.ResponseWriter, r *http.Request) error {
	err := p.Box.Retry(r.Context(), p.administrator(r), counter.Text(r, "event"), counter.Text(r, "channel"), counter.Text(r, "why"), p.Clock())
	return p.decided(w, r, err, "已排队再发。")
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	err := p.Box.Confirm(r.Context(), p.administrator(r), counter.Text(r, "event"), counter.Text(r, "channel"), counter.Text(r, "why"), p.Clock())
	return p.decided(w, r, err, "已记为送到。")
}

func (p *Pages) administrator(r *http.Request) outbox.Actor {
	return outbox.Actor{Person: p.Counter.Who(r.Context()).ID(), Role: "SA"}
}

func (p *Pages) decided(w http.ResponseWriter, r *http.Request, err error, said string) error {
	if err != nil {
		said = ""
	}
	return p.showReport(w, r, said, err)
}
