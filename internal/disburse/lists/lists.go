// Package lists keeps the life of a disbursement list (拨付名单) from draft to settled: its entries with the seats and caps that
// they take, who did what on which content, the firms' confirmations, the public notice that freezes the money, objections and
// papers. Payments are another room's: it makes them in the transaction of the step that needs them (Begin, End).
//
// A list goes from state to state by the table in steps.go alone, which the database repeats. Everything that decides stands in
// the database as a constraint as well; here it is looked at first, so that the one who is refused reads what to do.
//
// Errors for persons are Chinese sentences. errors.Is tells their kinds apart: store.ErrNotFound, store.ErrInvalid for an
// argument that is never right, store.ErrConflict for what can't be done now, ErrForbidden for who may not.
package lists

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// ErrForbidden says that the person may not do this, whatever the state: the role is missing, or he did another stage.
var ErrForbidden = errors.New("forbidden")

// Book keeps lists in a store. It may be used by many goroutines at once.
type Book struct{ s *store.Store }

// New gives the book of the lists in s.
func New(s *store.Store) *Book { return &Book{s} }

// Actor is who acts: the person, in which role, and for whom he stands in (AB角), "" for nobody. The role must be the person's
// own: standing in gives no power, it is only written down.
type Actor struct{ Person, Role, StandsFor string }

// refused is an error for a person: the sentence alone is shown, kind tells programs what it is.
type refused struct {
	kind error
	text string
}

func (r refused) Error() string { return r.text }
func (r refused) Unwrap() error { return r.kind }

func conflict(format string, args ...any) error {
	return refused{store.ErrConflict, fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return refused{store.ErrInvalid, fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) error {
	return refused{ErrForbidden, fmt.Sprintf(format, args...)}
}

// sentences are what the database's own refusals mean to a person, where code didn't see it first: two acted at once, mostly.
var sentences = []struct {
	part string
	kind error
	text string
}{
	{"another stage of this list was done by the same person", ErrForbidden, "您已办理过这份名单的其他环节，制单、审核、经办、复核、审批须由不同的人办理，请交由其他人员办理。"},
	{"the person does not have this role here", ErrForbidden, "您没有办理这一步所需的角色，或角色已被收回，请联系安全管理员核对授权。"},
	{"the list can not take this step now", store.ErrConflict, "名单的状态或内容刚刚变了，请刷新页面、重新核对后再办理。"},
	{"a list moves by its events alone", store.ErrConflict, "名单的状态刚刚变了，请刷新页面后再办理。"},
	{"payments of the list are open", store.ErrConflict, "名单还有银行未答复的付款，请先导入回单或逐笔处理待查后再办结。"},
	{"payments of the list have left", store.ErrConflict, "名单已有付款送出，不能退回或撤回；已付的请按追回办理。"},
	{"entries of the list have no payment", store.ErrConflict, "名单里还有条目没有生成付款，请用“生成支付文件”整批办理。"},
	{"a list keeps who has to approve it", store.ErrConflict, "公示期只能延长，审批人数只能在草稿时定；请退回更正后再改。"},
	{"the entry can not change in this way now", store.ErrConflict, "这一条在名单当前状态下不能这样改，请刷新页面后再试；已移出的不能恢复。"},
	{"the budget line is of another fiscal year", store.ErrConflict, "预算指标不是本年度的，请改用本年度的指标，或先办理结转。"},
	{"an objection is answered once", store.ErrConflict, "这条异议已经答复过，请刷新页面查看结果。"},
	{"the right was paid before this ledger or elsewhere", store.ErrConflict, "其中有的以前已经拨付（刚刚补录），不能再列入名单，请重新起草。"},
	{"an entry comes into a draft", store.ErrConflict, "条目与应拨记录不一致，或名单已不是草稿，请重新起草。"},
}

// said gives what the database refused its sentence. Other errors, and those that have one, stay as they are.
func said(err error) error {
	if _, ok := errors.AsType[refused](err); ok || err == nil || !errors.Is(err, store.ErrConflict) {
		return err
	}
	for _, s := range sentences {
		if strings.Contains(err.Error(), s.part) {
			return refused{errors.Join(s.kind, err), s.text}
		}
	}
	if strings.Contains(err.Error(), "list_event") { // two events with one number
		return refused{err, "名单刚被别人办理了一步，请刷新页面后再办理。"}
	}
	return refused{err, "数据库拒绝了这次修改，请刷新页面后重试；仍不行时请把时间和名单编号告诉系统管理员。"}
}

// transact runs do in one transaction and gives refusals their sentences.
func (b *Book) transact(ctx context.Context, do func(*store.Tx) error) error {
	return said(b.s.Transact(ctx, do))
}

// head is what a list is at the moment.
type head struct {
	id, title, department, kind string
	sweep                       int64
	state                       State
	suspended, two              bool
	round                       int
	hash                        string
	confirmUntil, noticeUntil   civil.Date
}

// load reads a list and holds it to the end of the transaction.
func load(ctx context.Context, tx *store.Tx, id string) (h head, err error) {
	var hash *string
	var suspended, two int
	err = query(ctx, tx, `SELECT id, title, department, kind, sweep, state, suspended, two_approvers, round, hash, confirm_until, notice_until
		FROM disbursement_list WHERE id = $1`+tx.Lock(), []any{id}, func(scan scanner) error {
		return scan(&h.id, &h.title, &h.department, &h.kind, &h.sweep, &h.state, &suspended, &two, &h.round, &hash,
			store.DayInto(&h.confirmUntil), store.DayInto(&h.noticeUntil))
	})
	if err == nil && h.id == "" {
		return h, refused{store.ErrNotFound, fmt.Sprintf("没有编号为“%s”的名单，请核对编号。", id)}
	}
	if hash != nil {
		h.hash = *hash
	}
	h.suspended, h.two = suspended == 1, two == 1
	return h, err
}

// has refuses a person who doesn't have the role now: for this department, or this firm, where the role is one of those.
func (a Actor) has(ctx context.Context, tx *store.Tx, department string) error {
	if a.StandsFor != "" && a.StandsFor == a.Person {
		return invalid("代办人与被代办人是同一人，请去掉“代办”后再提交。")
	}
	if a.Role == "" {
		return forbidden("没有写明您以哪个角色办理，请重新登录后再试。")
	}
	scope := "%"
	if a.Role[0] == 'D' || a.Role[0] == 'E' {
		scope = department
	}
	can, err := holds(ctx, tx, a.Person, a.Role, scope)
	switch {
	case err != nil || can && a.StandsFor == "":
		return err
	case !can && scope == "%":
		return forbidden("您没有“%s”的角色，请联系安全管理员核对授权，或交由有此角色的人办理。", RoleName(a.Role))
	case !can:
		return forbidden("您没有%s的“%s”角色，请联系安全管理员核对授权，或交由该部门的人办理。", department, RoleName(a.Role))
	}
	// Who couldn't do it himself can't be stood in for: the history would tell an untruth.
	if can, err = holds(ctx, tx, a.StandsFor, a.Role, scope); err == nil && !can {
		err = invalid("被代办的人没有“%s”的角色，不能由您代办；请改选有同一角色的人，或按“本人办理”提交。", RoleName(a.Role))
	}
	return err
}

func holds(ctx context.Context, tx *store.Tx, person, role, scope string) (can bool, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) > 0 FROM live_role WHERE person = $1 AND role = $2 AND ($3 = '%' OR scope = $3)`, person, role, scope).Scan(&can)
	return can, err
}

// RoleName is a role as persons say it, such as 财政复核; a role that nobody knows comes back as it is.
func RoleName(role string) string { return duty.Name(role) }

// event is one row of list_event: inserting it moves the list.
func event(ctx context.Context, tx *store.Tx, h head, s Step, a Actor, note string, hash any, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, stands_for, at, hash, note)
		SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM list_event WHERE list = $1`,
		h.id, string(s.Action), string(s.From), string(s.To), a.Role, a.Person, null(a.StandsFor), store.Stamp(now), hash, note)
	return err
}

// record is the audit record of a change to list id, the last statement of its transaction. Names and notes are sealed.
func record(ctx context.Context, tx *store.Tx, kind, id string, a Actor, note string, now time.Time, facts map[string]string) error {
	sealed := map[string]string{"person": a.Person}
	if a.StandsFor != "" {
		sealed["stands_for"] = a.StandsFor
	}
	if note != "" {
		sealed["note"] = note
	}
	all := map[string]string{"role": a.Role}
	for name, value := range facts {
		if value != "" {
			all[name] = value
		}
	}
	return tx.Audit(ctx, audit.Entry{Kind: "list." + kind, Subject: id, At: now, Facts: all, Sealed: sealed})
}

// null is a text column that "" leaves empty.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}
