// Package pay takes an approved list to the bank and back: payments and their batch, the files that leave the house, the bank's
// receipts, what they do to payments and ledger, what a person has to look at (待查), and the end of the list.
//
// Each door is one transaction with one audit record; the list itself is moved by package lists. Nothing here decides on its own: counts and sums are taken anew at every step
// and one difference stops it (M8); a payment moves by the bank's receipts alone; what was sent and not answered is unknown and never
// sent again by itself (A8). Account numbers are opened for the file that needs them and stand in no error and no record.
package pay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
)

// Keys seals and opens what may not be read at rest. context says which column of which row it is for.
type Keys interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
	// Print tells whether two texts are the same, without showing them. payee_account.print is made under payee_account|print.
	Print(plain string, context string) string
}

// Actor is who does something, and for whom when standing in.
type Actor struct {
	Person    string
	StandsFor string // "" where nobody is absent
}

// Desk holds the doors of this package. It is safe for concurrent use.
type Desk struct {
	s      *store.Store
	lists  *lists.Book
	keys   Keys
	debtor payout.Debtor
}

// New gives the doors over a store. debtor is the paying account, which stands in every file.
func New(s *store.Store, keys Keys, debtor payout.Debtor) *Desk {
	return &Desk{s: s, lists: lists.New(s), keys: keys, debtor: debtor}
}

// Refusal is why something can't be done now, for people; it says what to do next. It is a store.ErrConflict.
type Refusal struct{ Message string }

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Message }

// Unwrap makes it a conflict for programs.
func (r *Refusal) Unwrap() error { return store.ErrConflict }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// name returns the name of who acts, who has one of the roles now. For whom he stands in is another person with the same role.
func (a Actor) name(ctx context.Context, tx *store.Tx, roles ...string) (string, error) {
	if a.StandsFor != "" && a.StandsFor == a.Person {
		return "", refuse("代办人与被代办人是同一人，请去掉“代办”后再提交。")
	}
	for _, role := range roles {
		name, err := holder(ctx, tx, a.Person, role)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil || a.StandsFor == "":
			return name, err
		}
		// Who couldn't do it himself can't be stood in for: the record would tell an untruth.
		if _, err = holder(ctx, tx, a.StandsFor, role); errors.Is(err, sql.ErrNoRows) {
			err = refuse("被代办的人没有“%s”的角色，不能由您代办；请改选有同一角色的人，或按“本人办理”提交。", lists.RoleName(role))
		}
		return name, err
	}
	return "", refuse("没有办理这一步的角色（%s），请由有此角色的人办理。", roles[0])
}

// holder is the name of a person who has the role now; sql.ErrNoRows where he hasn't.
func holder(ctx context.Context, tx *store.Tx, person, role string) (name string, err error) {
	err = tx.QueryRow(ctx, `SELECT p.name FROM person p JOIN live_role r ON r.person = p.id WHERE p.id = $1 AND r.role = $2 LIMIT 1`, person, role).Scan(&name)
	return name, err
}

// absent is for whom the actor stands in, as a column; NULL for nobody.
func (a Actor) absent() any {
	if a.StandsFor == "" {
		return nil
	}
	return a.StandsFor
}

// record writes the audit record of a step.
func record(ctx context.Context, tx *store.Tx, kind, subject string, actor Actor, name string, now time.Time, facts map[string]string) error {
	facts["by"] = actor.Person
	if actor.StandsFor != "" {
		facts["stands_for"] = actor.StandsFor
	}
	return tx.Audit(ctx, audit.Entry{Kind: kind, Subject: subject, At: now, Facts: facts, Sealed: map[string]string{"person": name}})
}

// begin holds a list and refuses a step that can't be taken with it now, for a list that is suspended, in another state or of
// another content than was approved.
func (d *Desk) begin(ctx context.Context, tx *store.Tx, actor Actor, role string, action lists.Action, list string, now time.Time) (*lists.Turn, error) {
	return d.lists.Begin(ctx, tx, lists.Actor{Person: actor.Person, Role: role, StandsFor: actor.StandsFor}, lists.Order{List: list, Action: action}, now)
}

// unlocked refuses where payments are locked after a restore (R7).
func unlocked(ctx context.Context, tx *store.Tx) error {
	var locked int
	if err := tx.QueryRow(ctx, `SELECT locked FROM instance`).Scan(&locked); err != nil {
		return err
	}
	if locked == 1 {
		return refuse("数据库恢复后支付已锁定，请先核对，并由两人解锁。")
	}
	return nil
}
