package feeds

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/feed"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/subscription"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/say"
	"mianshen/rules"
	"mianshen/rules/civil"
)

func (p *Pages) calendar(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), p.Clock()
	firm, err := p.open(w, r)
	if err != nil {
		return err
	}
	b, err := p.gather(ctx, firm, now)
	if err != nil {
		return p.Explain(ctx, err, "日历")
	}
	entries, err := p.Subscriptions.Calendar(ctx, firm, b.days, b.today, now)
	if err != nil {
		return p.Explain(ctx, err, "日历")
	}
	var modified time.Time
	days := make([]feed.Day, len(entries))
	for i, e := range entries {
		days[i] = feed.Day{
			UID: e.UID, From: e.Day.Day, To: e.Day.Day, Title: e.Title, Text: e.Text, Link: p.absolute(e.Path), Sequence: e.Sequence, Changed: e.ChangedAt, Cancelled: e.Cancelled,
		}
		if e.ChangedAt.After(modified) {
			modified = e.ChangedAt
		}
	}
	return send(w, r, now, answer{"calendar.ics", "text/calendar", privately, feed.Calendar("免申即享 "+b.name, days), modified})
}

// builder gathers the days of a firm.
type builder struct {
	firm, name string
	today      civil.Date
	days       []subscription.Day
	book       *casework.Book
	outcomes   map[string]rules.Outcome // by item
}

// gather collects the days of a firm from what is known now: the windows of the items that it may have, what lists ask of it, and the
// days on which dates change an outcome.
func (p *Pages) gather(ctx context.Context, firm string, now time.Time) (*builder, error) {
	b := &builder{firm: firm, name: firm, today: civil.On(now), outcomes: map[string]rules.Outcome{}}
	known, err := p.Desk.Firm(ctx, firm)
	switch {
	case err == nil:
		b.name, b.today = known.Enterprise.Called(), lately(known.AsOf, b.today)
	case !errors.Is(err, desk.ErrNotFound) && !errors.Is(err, desk.ErrNotReady):
		return nil, err
	}
	if b.book, err = p.Office.Current(ctx); err != nil && !errors.Is(err, casework.ErrNothing) {
		return nil, err
	}
	if known != nil {
		for _, m := range known.Matches {
			b.outcomes[m.Item] = m.Outcome
			b.windows(m)
		}
	}
	dues, err := p.Counter.Seen.Dues(ctx, firm)
	if err != nil {
		return nil, err
	}
	for _, d := range dues {
		b.due(d)
	}
	told, err := p.Box.Latest(ctx, firm, event.Forecast, event.Expires, event.Ending)
	for _, e := range told {
		b.ahead(e)
	}
	return b, err
}

// lately is the day from which on things are ahead: today, or the day of the last comparison where that was made for another time.
func lately(asOf, today civil.Date) civil.Date {
	const late = 7
	if days := today.Sub(asOf); days >= 0 && days <= late {
		return today
	}
	return asOf
}

// add adds a day that isn't past. what and which name the thing.
func (b *builder) add(what, which string, day civil.Date, title, text, path string) {
	if day.IsZero() || day.Before(b.today) {
		return
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{b.firm, what, which}, "\n")))
	b.days = append(b.days, subscription.Day{UID: fmt.Sprintf("%x@mianshen", sum[:16]), Day: day, Title: title, Text: text, Path: path})
}

func (b *builder) rule(item string) (*rules.Rule, bool) {
	if b.book == nil {
		return nil, false
	}
	return b.book.Rule(item)
}

// windows are the days on which an item opens and closes. A window that moves within its year is the same one.
func (b *builder) windows(m desk.Match) {
	r, ok := b.rule(m.Item)
	if !ok || m.Outcome == rules.Ineligible {
		return
	}
	text := "政策：" + r.Policy.Title + "\n"
	if m.Outcome == rules.Unknown {
		text += "现在的结论：待核实，还缺数据或者认定。\n"
	} else {
		text += "现在的结论：符合。\n"
		if m.Amount != nil {
			text += "金额：" + m.Amount.Words() + "\n"
		}
	}
	for i := range r.Item.Windows {
		from, to, ok := outlook.Window(&rules.Item{Windows: r.Item.Windows[i : i+1]}, b.today)
		if !ok {
			continue
		}
		says := text + "办理期：" + say.Day(from) + "至" + say.Day(to) + "。"
		b.add("opens", fmt.Sprintf("%s|%d|%d", m.Item, i, from.Year()), from, "开始办理："+m.Title, says, policyPath(r))
		b.add("closes", fmt.Sprintf("%s|%d|%d", m.Item, i, to.Year()), to, "截止办理："+m.Title, says, policyPath(r))
	}
}

func policyPath(r *rules.Rule) string { return "/policies/" + url.PathEscape(r.Policy.ID) }

// due is what a list asks of the firm, or shows of it.
func (b *builder) due(d overview.Due) {
	if d.Suspended || d.Status != "in" && d.Status != "held" {
		return
	}
	title := d.Item
	if r, ok := b.rule(d.Item); ok {
		title = r.Item.Title
	}
	which, path := fmt.Sprintf("%s|%d", d.List, d.N), "/enterprises/"+url.PathEscape(b.firm)
	text := "金额：" + d.Amount.Words() + "\n部门：" + d.Department + "\n"
	switch {
	case d.State == lists.Reviewed && d.Answer == "":
		b.add("confirm", which, d.ConfirmUntil, "请确认："+title, text+"这一天以前在“我的企业”里确认；不确认就不列入。", path)
	case d.State == lists.Noticed:
		b.add("notice", which, d.NoticeUntil, "公示最后一天："+title, text+"有异议请在这一天以前提出；没有就不用做什么。", path)
	}
}

// ahead is a day on which dates change the outcome, as long as that isn't overtaken.
func (b *builder) ahead(e event.Event) {
	r, ok := b.rule(e.Item)
	if !ok {
		return
	}
	title, eligible := r.Item.Title, b.outcomes[e.Item] == rules.Eligible
	text := "政策：" + r.Policy.Title + "\n"
	if why := e.Data[event.Why]; why != "" {
		text += why + "\n"
	}
	switch {
	case e.Kind == event.Forecast && !eligible:
		day, err := civil.Parse(e.Data[event.From])
		if err == nil {
			b.add(e.Kind, e.Item, day, "起符合："+title, text+"按现在的数据推算，从这一天起符合，到时以比对结果为准。", policyPath(r))
		}
	case e.Kind == event.Expires && eligible:
		b.add(e.Kind, e.Item, e.Due, "最后一天符合："+title, text+"补救："+e.Data[event.Remedy], policyPath(r))
	case e.Kind == event.Ending && eligible:
		b.add(e.Kind, e.Item, e.Due, "政策最后一天："+title, text+"过了这一天政策失效。", policyPath(r))
	}
}
