package post

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/notify"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/effect"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/postui"
	"mianshen/internal/web/say"
	"mianshen/rules/exact"
)

// shown is how many messages stand on a page.
const shown = 20

// Message is one message as programs get it.
type Message struct {
	Event    string      `json:"event" doc:"编号：种类、企业和事由的 SHA-256"`
	Kind     string      `json:"kind"`
	Title    string      `json:"title"`
	Text     string      `json:"text"`
	Worth    exact.Money `json:"worth" doc:"可能带来的金额"`
	At       time.Time   `json:"at"`
	Due      string      `json:"due,omitempty" doc:"期限，过了就没有用"`
	Item     string      `json:"item,omitempty"`
	Decision string      `json:"decision,omitempty" doc:"判定编号"`
	Link     string      `json:"link,omitempty"`
	Seen     bool        `json:"seen"`
	Acted    bool        `json:"acted"`
}

// Messages are those of a firm behind a place, the newest first; of one kind where one is given. next is where to go on, "" at the end.
func (p *Post) Messages(ctx context.Context, firm, kind string, after outbox.Place, limit int) (list []Message, next string, err error) {
	rows, err := p.Box.Inbox(ctx, firm, kind, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = last.EndedAt.UTC().Format(time.RFC3339Nano) + "." + last.Event.ID
	}
	for _, r := range rows {
		list = append(list, p.message(ctx, r))
	}
	return list, next, nil
}

// PlaceOf reads where to go on; "" is the beginning.
func PlaceOf(text string) (outbox.Place, bool) {
	if text == "" {
		return outbox.Place{}, true
	}
	cut := strings.LastIndexByte(text, '.')
	if cut < 0 {
		return outbox.Place{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text[:cut])
	return outbox.Place{At: at, Event: text[cut+1:]}, err == nil && tokenForm.MatchString(text[cut+1:])
}

func (p *Post) message(ctx context.Context, r outbox.Row) Message {
	e := r.Event
	words := p.words(ctx, e)
	m := Message{
		Event: e.ID, Kind: e.Kind, Title: words.Title, Text: words.Text, Worth: e.Worth, At: e.At, Item: e.Item, Decision: e.Decision,
		Link: here(words.Link, e), Seen: !r.SeenAt.IsZero(), Acted: !r.ActedAt.IsZero(),
	}
	if !e.Due.IsZero() {
		m.Due = e.Due.String()
	}
	return m
}

// here is the path of a link of ours; else that of the decision.
func here(link string, e event.Event) string {
	if u, err := url.Parse(link); err == nil && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "//") && link != "" {
		return (&url.URL{Path: u.Path, RawQuery: u.RawQuery, Fragment: u.Fragment}).String()
	}
	if e.Decision == "" {
		return ""
	}
	return "/decisions/" + url.PathEscape(e.Decision)
}

// words are what a message says. What the writer can't say is said plainly: a firm must be able to read what it was told.
func (p *Post) words(ctx context.Context, e event.Event) notify.Words {
	if p.Words != nil {
		said, err := p.Words.Write(ctx, channel.Inbox, []event.Event{e})
		if err == nil {
			return said
		}
		p.Logger.WarnContext(ctx, "no words for a message", "event", e.ID, "kind", e.Kind, "error", err)
	}
	return plainly(e)
}

// plainly says what an event holds.
func plainly(e event.Event) notify.Words {
	said := notify.Words{Title: Label(e.Kind)}
	if item := e.Data[event.Item]; item != "" {
		said.Title += "：" + item
	}
	k, _ := event.KindOf(e.Kind)
	var lines []string
	for _, v := range k.Variables {
		if value := e.Data[v.Name]; value != "" && v.Name != event.Item && v.Name != event.Firm {
			lines = append(lines, v.Name+"："+value)
		}
	}
	said.Text = strings.Join(lines, "\n")
	return said
}

// Label is what people call a kind.
func Label(kind string) string {
	if k, known := event.KindOf(kind); known {
		return k.Label
	}
	return kind
}

func (p *Post) inbox(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	kind, after := counter.Text(r, "kind"), counter.Text(r, "after")
	place, ok := PlaceOf(after)
	if !ok {
		after = "" // from the newest
	}
	v := postui.InboxView{
		Page: p.Counter.Page(ctx, "消息", "inbox"), Firm: firm, Name: p.Called(ctx, firm), Kind: kind, After: after, All: counter.URL("/inbox", "firm", firm),
		Live: counter.URL("/inbox/live", "firm", firm), Part: counter.URL("/inbox", "firm", firm, "kind", kind, "after", after, "part", "list"),
	}
	if v.Mark, err = p.mark(ctx, firm); err != nil {
		return p.Explain(ctx, err, "消息")
	}
	list, next, err := p.Messages(ctx, firm, kind, place, shown)
	if err != nil {
		return p.Explain(ctx, err, "消息")
	}
	var fresh []string
	for _, m := range list {
		v.Messages = append(v.Messages, drawn(m))
		if !m.Seen {
			fresh = append(fresh, m.Event)
		}
	}
	if next != "" {
		v.Next = counter.URL("/inbox", "firm", firm, "kind", kind, "after", next)
	}
	// What is shown is read. A store that can't be written now doesn't keep anybody from reading.
	if len(fresh) > 0 {
		if err := p.Box.Seen(ctx, firm, fresh, p.Clock()); err != nil {
			p.Logger.WarnContext(ctx, "reading not recorded", "error", err)
		}
	}
	if counter.Text(r, "part") == "list" {
		return write(w, r, func(ctx context.Context, b io.Writer) error { return postui.WriteList(ctx, b, v) })
	}
	if err := p.kinds(ctx, &v); err != nil {
		return p.Explain(ctx, err, "消息")
	}
	v.Marked, v.MarkedAt = marked(r)
	return write(w, r, func(ctx context.Context, b io.Writer) error { return postui.WriteInbox(ctx, b, v) })
}

func drawn(m Message) postui.Message {
	out := postui.Message{Event: m.Event, Kind: Label(m.Kind), Title: m.Title, When: moneyui.Clock(m.At), Due: m.Due, Link: m.Link, Fresh: !m.Seen, Acted: m.Acted}
	if m.Worth > 0 {
		out.Amount = say.Wan(m.Worth)
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		// Where the message leads stands in a button.
		if line = strings.TrimSpace(line); line != "" && (m.Link == "" || !strings.HasPrefix(line, "查看：")) {
			out.Lines = append(out.Lines, line)
		}
	}
	return out
}

// kinds adds the ways in which the list can be narrowed, those of which there are messages, and counts what is unread.
func (p *Post) kinds(ctx context.Context, v *postui.InboxView) error {
	counts, err := effect.Kinds(ctx, p.Office.Store, v.Firm)
	if err != nil {
		return err
	}
	of, all := map[string]effect.Count{}, effect.Count{}
	for _, c := range counts {
		of[c.Kind] = c
		all.All, all.Unread = all.All+c.All, all.Unread+c.Unread
	}
	v.Unread, v.Rest = all.Unread, all.Unread
	v.Kinds = []postui.Choice{{Name: "全部", URL: v.All, N: all.All, Here: v.Kind == ""}}
	for _, k := range event.Kinds() {
		if c := of[k.Name]; c.All > 0 || v.Kind == k.Name {
			v.Kinds = append(v.Kinds, postui.Choice{Name: k.Label, URL: counter.URL("/inbox", "firm", v.Firm, "kind", k.Name), N: c.All, Here: v.Kind == k.Name})
		}
	}
	if v.Kind != "" {
		v.Rest = of[v.Kind].Unread
	}
	return nil
}

// mark names the state of an inbox; another one means that there is something new.
func (p *Post) mark(ctx context.Context, firm string) (string, error) {
	m, err := effect.Inbox(ctx, p.Office.Store, firm)
	return named(m), err
}

func named(m effect.Mark) string { return fmt.Sprintf("%d-%d", m.All, m.Newest.UnixMicro()) }

// Unread counts what a firm hasn't read, for the head of every page.
func (p *Post) Unread(ctx context.Context, firm string) (int, error) {
	m, err := effect.Inbox(ctx, p.Office.Store, firm)
	return m.Unread, err
}

// Read notes that a firm has read, and done, what events asked.
func (p *Post) Read(ctx context.Context, firm string, seen, acted []string) error {
	if err := p.Box.Seen(ctx, firm, seen, p.Clock()); err != nil {
		return err
	}
	return p.Box.Acted(ctx, firm, acted, p.Clock())
}

// acted notes that a firm did what a message asked, or that it didn't after all, and leads back to the message.
func (p *Post) acted(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	id := counter.Text(r, "event")
	switch {
	case !tokenForm.MatchString(id):
	case counter.Text(r, "undo") != "":
		err = p.Box.Unact(ctx, firm, id)
	default:
		err = p.Read(ctx, firm, nil, []string{id})
	}
	if err != nil {
		return p.Explain(ctx, err, "这条消息")
	}
	to := counter.URL("/inbox", "firm", firm, "kind", counter.Text(r, "kind"), "after", counter.Text(r, "after"))
	return lead(w, r, to+"#m-"+url.PathEscape(id))
}

// seen notes that all is read, of one kind where one is shown. Back on the page that can be undone.
func (p *Post) seen(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	kind, now := counter.Text(r, "kind"), p.Clock().Truncate(time.Microsecond)
	n, err := p.Box.SeenAll(r.Context(), firm, kind, now)
	if err != nil {
		return p.Explain(r.Context(), err, "消息")
	}
	return lead(w, r, counter.URL("/inbox", "firm", firm, "kind", kind, "marked", strconv.FormatInt(n, 10), "at", now.UTC().Format(time.RFC3339Nano)))
}

// unseen takes that back.
func (p *Post) unseen(w http.ResponseWriter, r *http.Request) error {
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, counter.Text(r, "at"))
	if err == nil {
		if _, err := p.Box.Unsee(r.Context(), firm, at); err != nil {
			return p.Explain(r.Context(), err, "消息")
		}
	}
	return lead(w, r, counter.URL("/inbox", "firm", firm, "kind", counter.Text(r, "kind")))
}

// marked is how many messages were marked just now, and when; "" for no order that can be undone.
func marked(r *http.Request) (n, at string) {
	count, err := strconv.Atoi(counter.Text(r, "marked"))
	_, wrong := time.Parse(time.RFC3339Nano, counter.Text(r, "at"))
	if err != nil || wrong != nil || count < 0 {
		return "", ""
	}
	return strconv.Itoa(count), counter.Text(r, "at")
}
