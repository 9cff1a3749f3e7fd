// Package granted holds what was granted before this ledger or elsewhere, and who says since when the ledger has everything: together
// they make what decisions look back on.
//
// Grants come in as a file that one person of a department brings in and another confirms. That the ledger is whole for an item is a
// statement of the same kind, which holds until somebody ends it. Each change is one transaction with its record of the audit log. What
// is waiting makes the history unknown, never a yes. There is no clock: callers give the instant.
package granted

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
)

// Book is what was granted, of one store. It may be used by many goroutines.
type Book struct{ store *store.Store }

// New returns the book of a store.
func New(s *store.Store) *Book { return &Book{s} }

// Owner says whose item it is; known is false for an item that there is not.
type Owner func(item string) (department string, known bool)

// OwnerOf are the owners of a book's items.
func OwnerOf(book *rules.Book) Owner {
	return func(item string) (string, bool) {
		r, ok := book.Rule(item)
		if !ok {
			return "", false
		}
		return r.Policy.Issuer, true
	}
}

// Answer is what the second person said.
type Answer struct {
	Answer string // confirmed, rejected, or "" while it waits
	By     string
	At     time.Time
}

func refuse(kind error, format string, args ...any) error {
	return &ledger.Refusal{Text: fmt.Sprintf(format, args...), Kind: kind}
}

// because gives the sentence to what the database refuses for a cause: most often what came up at the same moment.
func because(err error, cause, text string) error {
	if err != nil && errors.Is(err, store.ErrConflict) && strings.Contains(err.Error(), cause) {
		return refuse(store.ErrConflict, "%s", text)
	}
	return err
}

// words refuses a text that is empty, longer than 200 characters, or has characters that can't stand in one line.
func words(what, text string) error {
	switch n := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return refuse(store.ErrInvalid, "没有填写%s，请补上", what)
	case n > 200:
		return refuse(store.ErrInvalid, "%s有 %d 个字，请缩短到 200 个字以内", what, n)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, ledger.Unseen):
		return refuse(store.ErrInvalid, "%s含有换行或不能显示的字符，请重新填写", what)
	}
	return nil
}

// The roles of a department that act here.
const (
	drafts  = "D1"
	reviews = "D2"
)

var roleNames = map[string]string{drafts: "政策部门经办（D1）", reviews: "政策部门审核（D2）"}

// person is who acts, with the roles that count now.
type person struct {
	id, name string
	roles    [][2]string // role and scope
}

func (p person) has(role, department string) bool {
	return slices.Contains(p.roles, [2]string{role, department})
}

// acts reads who acts within the transaction, and refuses who has none of the roles in the department.
func acts(ctx context.Context, tx *store.Tx, id, what, department string, roles ...string) (p person, err error) {
	rows, err := tx.Query(ctx, `SELECT p.name, coalesce(r.role, ''), coalesce(r.scope, '')
		FROM person p LEFT JOIN live_role r ON r.person = p.id WHERE p.id = $1`, id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var r [2]string
		err := scan(&p.name, &r[0], &r[1])
		p.roles = append(p.roles, r)
		return err
	})
	p.id = id
	switch {
	case err != nil:
		return p, err
	case p.name == "":
		return p, refuse(ledger.ErrRole, "没有编号为“%.64s”的人员，请重新登录后再办理", id)
	case !slices.ContainsFunc(roles, func(r string) bool { return p.has(r, department) }):
		var names []string
		for _, r := range roles {
			names = append(names, roleNames[r])
		}
		return p, refuse(ledger.ErrRole, "您没有“%s”的%s的角色，不能%s；请由该部门办理", department, strings.Join(names, "或"), what)
	}
	return p, nil
}

// record writes the audit record of a change, last in its transaction.
func (p person) record(ctx context.Context, tx *store.Tx, kind, subject string, now time.Time, facts map[string]string) error {
	all := map[string]string{"by": p.id}
	for name, value := range facts {
		if value != "" {
			all[name] = value
		}
	}
	return tx.Audit(ctx, audit.Entry{Kind: kind, Subject: subject, At: now, Facts: all, Sealed: map[string]string{"person": p.name}})
}

// verdict is the answer as the column has it.
func verdict(confirm bool) string {
	if confirm {
		return "confirmed"
	}
	return "rejected"
}

// answers checks that another person of the department may answer what one recorded.
func answers(ctx context.Context, tx *store.Tx, by, what, department, recorder string, a Answer) (person, error) {
	p, err := acts(ctx, tx, by, "复核"+what, department, reviews)
	switch {
	case err != nil:
		return p, err
	case a.Answer != "":
		return p, refuse(store.ErrConflict, "这%s已经复核过，不能再改", what)
	case recorder == p.id:
		return p, refuse(store.ErrConflict, "这%s是您登记的，请由另一人复核", what)
	}
	return p, nil
}

// identity is the id that the caller gave, else a random one.
func identity(id string) string {
	if id == "" {
		return rand.Text()
	}
	return id
}
