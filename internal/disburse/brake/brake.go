// Package brake holds payments and messages back after a restore from a backup: what left since the backup was made isn't in the
// database, and would be paid or told again. One person says what was reconciled, another one lets go. What is locked is refused by the
// rooms that pay and send, and by the database.
package brake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Brake is safe for concurrent use.
type Brake struct{ s *store.Store }

// New gives the brake of a store.
func New(s *store.Store) *Brake { return &Brake{s} }

// refused is why something can't be done now, for people.
type refused struct {
	kind error
	text string
}

func (r refused) Error() string { return r.text }
func (r refused) Unwrap() error { return r.kind }

// ErrRole is wrapped by the refusal of who has no role for what he wants.
var ErrRole = errors.New("no such role")

// Standing is how it stands.
type Standing struct {
	Locked         bool
	Reason         string
	Since          time.Time
	AskedBy, Asker string // who said what was reconciled: id and name; "" while nobody has
	Asked          time.Time
	Note           string // what he said

	// What may have left without this database knowing, to be reconciled first.
	Taken   int // payments that wait to be sent, though somebody took their file
	Open    int // payments that are sent and not answered, or unknown
	Unsaid  int // messages whose outcome nobody knows
	Waiting int // messages that go out as soon as it is unlocked
}

// Standing reads it.
func (b *Brake) Standing(ctx context.Context) (s Standing, err error) {
	var locked int
	err = b.s.DB().QueryRowContext(ctx, `SELECT i.locked, i.lock_reason, i.locked_at, coalesce(i.unlock_by, ''), coalesce(p.name, ''), i.asked_at, i.unlock_note,
		(SELECT count(*) FROM payment x WHERE x.state = 'ready' AND EXISTS (SELECT 1 FROM batch_download d WHERE d.batch = x.batch)),
		(SELECT count(*) FROM payment x WHERE x.state IN ('sent', 'unknown')),
		(SELECT count(*) FROM outbox o WHERE o.state = 'unknown'), (SELECT count(*) FROM outbox o WHERE o.state = 'waiting')
		FROM instance i LEFT JOIN person p ON p.id = i.unlock_by`).Scan(&locked, &s.Reason, store.StampInto(&s.Since), &s.AskedBy, &s.Asker, store.StampInto(&s.Asked), &s.Note,
		&s.Taken, &s.Open, &s.Unsaid, &s.Waiting)
	s.Locked = locked == 1
	return s, err
}

// Pull locks payments and messages at once. A person of finance, a system or a security administrator may; by is "" for who restores
// the database at the machine, where nobody is signed in. What was said for unlocking before doesn't count any more.
func (b *Brake) Pull(ctx context.Context, by, reason string, now time.Time) error {
	if err := told("锁定的原因", &reason); err != nil {
		return err
	}
	return b.change(ctx, func(tx *store.Tx, locked bool, _ string) error {
		name := "restore"
		if by != "" {
			var err error
			if name, err = may(ctx, tx, by, "锁定支付和推送", "F1", "F2", "F3", "SA", "SE"); err != nil {
				return err
			}
		}
		if locked {
			return refused{store.ErrConflict, "支付和推送已经锁着，不用再锁。"}
		}
		_, err := tx.Exec(ctx, `UPDATE instance SET locked = 1, lock_reason = $1, locked_at = $2, unlock_by = NULL, asked_at = NULL, unlock_note = '', opened_by = NULL`, reason, store.Stamp(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, "instance.locked", by, name, reason, now)
	})
}

// Ask says, by F2, that what left since the backup is reconciled, and how; it unlocks nothing. Said again it replaces what was said.
func (b *Brake) Ask(ctx context.Context, by, note string, now time.Time) error {
	if err := told("核对的情况", &note); err != nil {
		return err
	}
	return b.change(ctx, func(tx *store.Tx, locked bool, _ string) error {
		name, err := may(ctx, tx, by, "申请解锁", "F2")
		if err != nil {
			return err
		}
		if !locked {
			return refused{store.ErrConflict, "支付和推送没有锁，不用解锁。"}
		}
		if _, err := tx.Exec(ctx, `UPDATE instance SET unlock_by = $1, asked_at = $2, unlock_note = $3`, by, store.Stamp(now), note); err != nil {
			return err
		}
		return record(ctx, tx, "instance.reconciled", by, name, note, now)
	})
}

// Release unlocks, by F3, another person than the one who said what was reconciled. asked is when that was said, as who releases saw it: what was
// said anew since has to be read first.
func (b *Brake) Release(ctx context.Context, by string, asked, now time.Time) error {
	return b.change(ctx, func(tx *store.Tx, locked bool, asker string) error {
		name, err := may(ctx, tx, by, "解锁支付和推送", "F3")
		if err != nil {
			return err
		}
		var last time.Time
		if err := tx.QueryRow(ctx, `SELECT asked_at FROM instance`).Scan(store.StampInto(&last)); err != nil {
			return err
		}
		switch {
		case !locked:
			return refused{store.ErrConflict, "支付和推送没有锁，不用解锁。"}
		case asker == "":
			return refused{store.ErrConflict, "还没有人说明核对情况：请先由财政复核核对银行流水，写明核对到哪一天。"}
		case asker == by:
			return refused{ErrRole, "核对情况是您写的，要由另一位财政审批来解锁。"}
		case !last.Equal(asked.Truncate(time.Microsecond)):
			return refused{store.ErrConflict, "核对情况刚刚重写过，请看过新的再解锁。"}
		}
		if _, err := tx.Exec(ctx, `UPDATE instance SET locked = 0, lock_reason = '', locked_at = NULL, unlock_by = NULL, opened_by = $1`, by); err != nil {
			return err
		}
		return record(ctx, tx, "instance.unlocked", by, name, "", now)
	})
}

// change runs with the row of the instance held.
func (b *Brake) change(ctx context.Context, do func(tx *store.Tx, locked bool, asker string) error) error {
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		var locked int
		var asker string
		if err := tx.QueryRow(ctx, `SELECT locked, coalesce(unlock_by, '') FROM instance`+tx.Lock()).Scan(&locked, &asker); err != nil {
			return err
		}
		return do(tx, locked == 1, asker)
	})
}

// told refuses a text that says nothing, or too much.
func told(what string, text *string) error {
	*text = strings.TrimSpace(*text)
	if n := utf8.RuneCountInString(*text); n == 0 || n > 1000 || !utf8.ValidString(*text) || strings.ContainsRune(*text, 0) {
		return refused{store.ErrInvalid, "请写明" + what + "，不超过 1000 字。"}
	}
	return nil
}

// may returns the name of a person who has one of the roles now, or refuses him.
func may(ctx context.Context, tx *store.Tx, person, what string, roles ...string) (name string, err error) {
	args := []any{person}
	for _, r := range roles {
		args = append(args, r)
	}
	rows, err := tx.Query(ctx, `SELECT p.name FROM person p JOIN live_role r ON r.person = p.id WHERE p.id = $1 AND r.role IN `+store.Places(1, len(roles))+` LIMIT 1`, args...)
	if err := rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&name) }); err != nil {
		return "", err
	}
	if name == "" {
		return "", refused{ErrRole, fmt.Sprintf("您没有%s的角色（%s），请由有此角色的人办理。", what, strings.Join(roles, "、"))}
	}
	return name, nil
}

// record writes the audit record of a change; what was said is sealed, since it may name persons.
func record(ctx context.Context, tx *store.Tx, kind, by, name, said string, now time.Time) error {
	e := audit.Entry{Kind: kind, Subject: "instance", At: now, Facts: map[string]string{}, Sealed: map[string]string{"person": name}}
	if by != "" {
		e.Facts["by"] = by
	}
	if said != "" {
		e.Sealed["note"] = said
	}
	return tx.Audit(ctx, e)
}
