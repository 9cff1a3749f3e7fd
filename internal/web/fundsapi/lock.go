package fundsapi

import (
	"context"

	"mianshen/internal/web/caller"
)

// Lock is whether payments and messages are held back after a restore.
type Lock struct {
	Locked bool   `json:"locked"`
	Reason string `json:"reason,omitempty"`
	Since  string `json:"since,omitempty" format:"date-time"`
	Note   string `json:"note,omitempty" doc:"核对情况；没有锁就是上次解锁时的"`
	Asker  string `json:"asked_by,omitempty" doc:"谁核对的"`
	Asked  string `json:"asked_at,omitempty" format:"date-time"`

	Outstanding *Outstanding `json:"outstanding,omitempty" doc:"解锁以前要核对的；系统和安全管理员看不到"`
}

// Outstanding is what may have left without the database knowing.
type Outstanding struct {
	Taken   int `json:"taken" doc:"文件已取走、没记送出的支付"`
	Open    int `json:"open" doc:"送出了没有结果的支付"`
	Unsaid  int `json:"unsaid" doc:"结果不明的消息"`
	Waiting int `json:"waiting" doc:"一解锁就发的消息"`
}

// AskLock asks for nothing in particular.
type AskLock struct{}

// Lock says how it stands. Locking, saying what was reconciled and unlocking are done on the page, by two persons.
func (a *API) Lock(ctx context.Context, _ *AskLock) (*Lock, error) {
	s, err := a.brake.Standing(ctx)
	if err != nil {
		return nil, err
	}
	out := &Lock{Locked: s.Locked, Reason: s.Reason, Since: instant(s.Since), Note: s.Note, Asker: s.Asker, Asked: instant(s.Asked)}
	if a.who(ctx).Has(caller.F1 | caller.F2 | caller.F3 | caller.AU) {
		out.Outstanding = &Outstanding{s.Taken, s.Open, s.Unsaid, s.Waiting}
	}
	return out, nil
}
