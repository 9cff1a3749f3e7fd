// Package pay takes an approved list to the bank and back: payments and their batch, the files that leave the house, the bank's
// receipts, what they do to payments and ledger, what a person has to look at (待查), and the end of the list.
//
// Each door is one transaction with one audit record. Nothing here decides on its own: counts and sums are taken anew at every step
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

// SealedAccount is the context under which the number of a payee account is sealed.
func SealedAccount(id string) string { return "payee_account|sealed|" + id }

// Actor is who does something, and for whom when standing in.
type Actor struct {
	Person    string
	StandsFor string // "" where nobody is absent
}

// Desk holds the doors of this package. It is safe for concurrent use.
type Desk struct {
	s      *store.Store
	keys   Keys
	debtor payout.Debtor
}

// New gives the doors over a store. debtor is the paying account, which stands in every file.
func New(s *store.Store, keys Keys, debtor payout.Debtor) *Desk {
	return &Desk{s: s, keys: keys, debtor: debtor}
}

// Refusal is why something can't be done now, for people; it says what to do next. It is a store.ErrConflict.
type Refusal struct{ Message string }

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Message }

// Unwrap makes it a conflict for programs.
func (r *Refusal) Unwrap() error { return store.ErrConflict }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// name returns the name of a person who has one of the roles now.
func name(ctx context.Context, tx *store.Tx, person string, roles ...string) (string, error) {
	for _, role := range roles {
		var name string
		err := tx.QueryRow(ctx, `SELECT p.name FROM person p JOIN live_role r ON r.person = p.id WHERE p.id = $1 AND r.role = $2 LIMIT 1`, person, role).Scan(&name)
		if !errors.Is(err, sql.ErrNoRows) {
			return name, err
		}
	}
	return "", refuse("没有办理这一步的角色（%s），请由有此角色的人办理。", roles[0])
}

// record writes the audit record of a step.
func record(ctx context.Context, tx *store.Tx, kind, subject string, actor Actor, name string, now time.Time, facts map[string]string) error {
	facts["by"] = actor.Person
	if actor.StandsFor != "" {
		facts["stands_for"] = actor.StandsFor
	}
	return tx.Audit(ctx, audit.Entry{Kind: kind, Subject: subject, At: now, Facts: facts, Sealed: map[string]string{"person": name}})
}

// list is what the steps ask of a list.
type list struct {
	id, state, hash string
	suspended       bool
	round           int
}

// lockList reads a list and holds it to the end of the transaction.
func lockList(ctx context.Context, tx *store.Tx, id string) (list, error) {
	l := list{id: id}
	var suspended int
	var hash sql.NullString
	err := tx.QueryRow(ctx, `SELECT state, suspended, round, hash FROM disbursement_list WHERE id = $1`+tx.Lock(), id).Scan(&l.state, &suspended, &l.round, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fmt.Errorf("list %q: %w", id, store.ErrNotFound)
	}
	l.suspended, l.hash = suspended == 1, hash.String
	return l, err
}

// ready refuses a list that isn't in the state, is suspended, or has another content than was approved.
func (l list) ready(ctx context.Context, tx *store.Tx, state, word string) error {
	if l.state != state {
		return refuse("名单不在“%s”状态，不能办理这一步，请先查看名单现在到了哪一步。", word)
	}
	if l.suspended {
		return refuse("名单已中止，请先恢复。")
	}
	var approved string
	err := tx.QueryRow(ctx, `SELECT hash FROM list_event WHERE list = $1 AND action = 'approve' ORDER BY seq DESC LIMIT 1`, l.id).Scan(&approved)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if approved == "" || approved != l.hash {
		return refuse("名单内容与批准时不同，批准已失效，请退回后重新办理。")
	}
	return nil
}

// step writes the event by which a list moves. The database holds it against its table of steps, the person's roles and the hash.
func (l list) step(ctx context.Context, tx *store.Tx, action, to, role string, actor Actor, now time.Time) error {
	var last int
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM list_event WHERE list = $1`, l.id).Scan(&last); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, stands_for, at, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		l.id, last+1, action, l.state, to, role, actor.Person, sql.NullString{String: actor.StandsFor, Valid: actor.StandsFor != ""}, store.Stamp(now), l.hash)
	return err
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
