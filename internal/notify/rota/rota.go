// Package rota says when firms are told: new results every minute, the days ahead every five, reminders and digests once a day or week.
package rota

import (
	"context"
	"fmt"
	"time"

	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/timetable"
	"mianshen/rules/civil"
)

// Rota is who finds what firms are to be told.
type Rota struct {
	Follower *derive.Follower
	Outlook  *outlook.Outlook
	Box      *outbox.Box
	Now      func() time.Time
	AsOf     func(time.Time) civil.Date // the day that is decided for
	Wake     func()                     // wakes who sends, when there is something
}

// Once does what all the jobs do, but for digests, and returns how many events are new.
func (r *Rota) Once(ctx context.Context) (fresh int, err error) {
	if fresh, err = r.Follower.Step(ctx, r.Now()); err != nil {
		return fresh, err
	}
	looked, err := r.Outlook.Step(ctx, r.Now())
	fresh += looked.Fresh
	if err != nil {
		return fresh, err
	}
	n, err := r.remind(ctx)
	return fresh + n, err
}

// remind reminds by the day that it is now, also for a slot that was missed: what is past by now is no use to anybody.
func (r *Rota) remind(ctx context.Context) (fresh int, err error) {
	now := r.Now()
	day := r.AsOf(now)
	if fresh, err = r.Outlook.Remind(ctx, day, now); err != nil {
		return fresh, err
	}
	n, err := r.Follower.Remind(ctx, day, now)
	return fresh + n, err
}

// Jobs make events and let digests go out.
func (r *Rota) Jobs() []timetable.Job {
	const days, weeks = 7, 4 // how much is made up for
	const reminding = 8*time.Hour + 30*time.Minute
	return []timetable.Job{
		{Name: "events", Label: "从新结果找要告知的企业", Every: time.Minute, CatchUp: 1, Run: func(ctx context.Context, _ time.Time) (string, error) {
			fresh, err := r.Follower.Step(ctx, r.Now())
			return r.woken(fresh), err
		}},
		{Name: "forecast", Label: "推算以后的变化", Every: 5 * time.Minute, CatchUp: 1, Run: func(ctx context.Context, _ time.Time) (string, error) {
			told, err := r.Outlook.Step(ctx, r.Now())
			r.woken(told.Fresh)
			if told.Sweeps == 0 {
				return "", err
			}
			return fmt.Sprintf("跟上 %d 次比对，重新推算 %d 家企业，%d 件新事", told.Sweeps, told.Firms, told.Fresh), err
		}},
		{Name: "reminders", Label: "提醒窗口、确认、证书和政策到期", Daily: true, At: reminding, CatchUp: days, Run: func(ctx context.Context, _ time.Time) (string, error) {
			fresh, err := r.remind(ctx)
			return r.woken(fresh), err
		}},
		{Name: "digest-daily", Label: "发每日摘要", Daily: true, At: choice.DigestHour * time.Hour, CatchUp: days, Run: r.digest(choice.Daily)},
		{Name: "digest-weekly", Label: "发每周摘要", Weekly: true, At: choice.DigestHour * time.Hour, CatchUp: weeks, Run: r.digest(choice.Weekly)},
	}
}

// woken wakes who sends, and says how many events are new.
func (r *Rota) woken(fresh int) string {
	if fresh == 0 {
		return ""
	}
	r.Wake()
	return fmt.Sprintf("%d 件新事", fresh)
}

// digest lets the digests of a rhythm go out.
func (r *Rota) digest(rhythm choice.Digest) func(context.Context, time.Time) (string, error) {
	return func(ctx context.Context, planned time.Time) (string, error) {
		messages, firms, err := r.Box.Digest(ctx, rhythm, planned, r.Now())
		if err != nil || messages == 0 {
			return "", err
		}
		r.Wake()
		return fmt.Sprintf("%d 家企业的 %d 条消息合并成摘要发出", firms, messages), nil
	}
}
