// Package letterbox is the inbox and the subscriptions of a firm as programs get them.
package letterbox

import (
	"context"
	"slices"

	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/post"
	"mianshen/internal/web/problem"
	"mianshen/rules/standard"
)

// Box answers. It is safe for concurrent use.
type Box struct{ Post *post.Post }

// One names an enterprise.
type One struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
}

func uscc(text string) (string, error) {
	code, err := standard.ParseUSCC(text)
	if err != nil {
		return "", problem.Wrong("path.uscc", err.Error())
	}
	return code, nil
}

// Ask is which messages are wanted.
type Ask struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
	Kind string `query:"kind" maxLength:"40" doc:"只要这一种，如 eligible、closes、paid"`
	desk.Paging
}

// Messages are a page of them.
type Messages struct {
	Messages []post.Message `json:"messages"`
	Unread   int            `json:"unread"`
	Cursor   string         `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

// List gives the messages of a firm. That isn't reading them.
func (b *Box) List(ctx context.Context, in *Ask) (*Messages, error) {
	code, err := uscc(in.USCC)
	if err != nil {
		return nil, err
	}
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	place, ok := post.PlaceOf(after)
	if !ok {
		return nil, problem.Wrong("query.cursor", "不是这里给出的游标")
	}
	list, next, err := b.Post.Messages(ctx, code, in.Kind, place, in.Limit)
	if err != nil {
		return nil, err
	}
	out := Messages{Messages: slices.Concat([]post.Message{}, list)}
	if next != "" {
		out.Cursor = desk.CursorOf(next)
	}
	out.Unread, err = b.Post.Unread(ctx, code)
	return &out, err
}

// Marks are messages that were read, or acted on.
type Marks struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
	Body struct {
		Seen  []string `json:"seen,omitempty" maxItems:"200" doc:"看了的消息的 event"`
		Acted []string `json:"acted,omitempty" maxItems:"200" doc:"办了的消息的 event"`
	}
}

// Count is what a firm hasn't read.
type Count struct {
	Unread int `json:"unread"`
}

// Mark notes what was read and done.
func (b *Box) Mark(ctx context.Context, in *Marks, _ bureau.Act) (*Count, error) {
	code, err := uscc(in.USCC)
	if err != nil {
		return nil, err
	}
	if err := b.Post.Read(ctx, code, in.Body.Seen, in.Body.Acted); err != nil {
		return nil, err
	}
	n, err := b.Post.Unread(ctx, code)
	return &Count{n}, err
}

// Preference is what a firm chose, as programs write it.
type Preference struct {
	Topics      []string `json:"topics" maxItems:"40" doc:"消息种类；空的是全部"`
	Departments []string `json:"departments" maxItems:"40" doc:"部门；空的是全部"`
	Industries  []string `json:"industries" maxItems:"40" doc:"行业代码的开头；空的是全部"`
	QuietFrom   int      `json:"quiet_from" minimum:"0" maximum:"1439" doc:"免打扰从一天的第几分钟开始；与结束相同是没有免打扰"`
	QuietTo     int      `json:"quiet_to" minimum:"0" maximum:"1439"`
	WorkingDays bool     `json:"working_days" doc:"只在工作日"`
	Digest      string   `json:"digest" enum:"none,daily,weekly"`
	ADay        int      `json:"a_day" minimum:"0" maximum:"100" doc:"每个渠道每天最多几条"`
}

// Contact is where a firm can be reached.
type Contact struct {
	Channel  string `json:"channel"`
	Address  string `json:"address" doc:"隐去了一部分"`
	Verified bool   `json:"verified"`
	Stopped  bool   `json:"stopped"`
}

// Subscriptions are what a firm wants to hear, and where.
type Subscriptions struct {
	Preference Preference `json:"preference"`
	Contacts   []Contact  `json:"contacts"`
}

// Subscriptions gives what a firm chose.
func (b *Box) Subscriptions(ctx context.Context, in *One) (*Subscriptions, error) {
	code, err := uscc(in.USCC)
	if err != nil {
		return nil, err
	}
	box := b.Post.Box
	p, err := box.Preference(ctx, code)
	if err != nil {
		return nil, err
	}
	contacts, err := box.Contacts(ctx, code)
	none := []string{}
	out := Subscriptions{Contacts: []Contact{}, Preference: Preference{
		Topics: append(none, p.Topics...), Departments: append(none, p.Departments...), Industries: append(none, p.Industries...),
		QuietFrom: p.QuietFrom, QuietTo: p.QuietTo, WorkingDays: p.WorkingDays, Digest: string(p.Digest), ADay: p.ADay,
	}}
	for _, c := range contacts {
		out.Contacts = append(out.Contacts, Contact{c.Channel, c.Masked, !c.VerifiedAt.IsZero(), !c.StoppedAt.IsZero()})
	}
	return &out, err
}

// Choose is what a firm wants to hear.
type Choose struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位" example:"91310118MA1JP7UB2B"`
	Body Preference
}

// Subscribe stores what a firm chose.
func (b *Box) Subscribe(ctx context.Context, in *Choose, act bureau.Act) (*Subscriptions, error) {
	code, err := uscc(in.USCC)
	if err != nil {
		return nil, err
	}
	x, who := in.Body, b.Post.Counter.Who(ctx)
	p := choice.Preference{
		Topics: x.Topics, Departments: x.Departments, Industries: x.Industries, QuietFrom: x.QuietFrom, QuietTo: x.QuietTo, WorkingDays: x.WorkingDays,
		Digest: choice.Digest(x.Digest), ADay: x.ADay,
	}
	role := "E1"
	if who.For(caller.E2, code) {
		role = "E2"
	}
	if err := b.Post.Box.SetPreference(ctx, outbox.Actor{Person: who.ID(), Role: role}, code, p, act.At); err != nil {
		return nil, b.Post.Explain(ctx, err, "这家企业")
	}
	return b.Subscriptions(ctx, &One{USCC: in.USCC})
}
