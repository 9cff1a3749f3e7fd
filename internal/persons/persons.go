// Package persons knows who may do what: persons, the accounts by which they sign in, the roles that one administrator proposes
// and another confirms, sessions, tokens for programs, the first start of a database, and the persons of a demo.
//
// Power needs two: a system administrator (SA) proposes roles and prepares accounts, a security administrator (SE) confirms and
// enables; neither may be the person who gets it. Taking away needs one. Roles are read from the database at each request, so
// that what one node takes away no node grants any more.
//
// Every change of state writes its record of the audit log in the same transaction; that somebody was seen, and how often a
// login failed before it was locked, are counters and not changes.
package persons

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
)

// Role is what a person may be.
type Role string

// The roles. Pairwise different persons act as D1 and D2, and as F1, F2 and F3, on one list.
const (
	FirmClerk         Role = "E1" // of the enterprise that the scope names
	FirmAdmin         Role = "E2"
	DepartmentDrafts  Role = "D1" // of the department that the scope names
	DepartmentReviews Role = "D2"
	FinanceHandles    Role = "F1"
	FinanceChecks     Role = "F2"
	FinanceApproves   Role = "F3"
	Auditor           Role = "AU" // reads all
	SystemAdmin       Role = "SA" // proposes roles, prepares accounts
	SecurityAdmin     Role = "SE" // confirms roles, enables accounts
	AuditAdmin        Role = "LA"
	OpenData          Role = "OD"
	Service           Role = "SV"
)

// Roles are all of them, in the order in which they are listed.
var Roles = []Role{
	FirmClerk, FirmAdmin, DepartmentDrafts, DepartmentReviews, FinanceHandles, FinanceChecks, FinanceApproves, Auditor,
	SystemAdmin, SecurityAdmin, AuditAdmin, OpenData, Service,
}

// Label is the role in Chinese.
func (r Role) Label() string { return duty.Name(string(r)) }

// Holding is a role with what it is held for: a credit code for E1 and E2, a department for D1 and D2, else whatever was noted.
type Holding struct {
	Role  Role
	Scope string
}

// Identity is who sends a request, as a session or a token shows.
type Identity struct {
	Person   string
	Name     string
	Account  string // "" for a token
	Demo     bool   // a demo person
	Session  string // what is kept of the session; "" for a token
	Roles    []Holding
	Enrolled bool     // has all that signing in takes; who hasn't may do nothing but enrol
	StepUp   bool     // showed password and code again within StepUpFor
	Scopes   []string // what a token is for; nil for a session
}

// Has tells whether the identity holds any of the roles, whatever for.
func (id *Identity) Has(roles ...Role) bool {
	return slices.ContainsFunc(id.Roles, func(h Holding) bool { return slices.Contains(roles, h.Role) })
}

// Refusal is an error that says to a person what can't be done and what to do.
type Refusal struct {
	Message  string
	Conflict bool // with what stands in the database; else the order itself is wrong
}

// Error is the message.
func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{Message: fmt.Sprintf(format, args...)} }

func clash(message string) error { return &Refusal{Message: message, Conflict: true} }

// ErrNotAllowed says that who orders something hasn't the role for it.
var ErrNotAllowed = errors.New("not allowed")

// Sealer keeps the keys of one-time codes unreadable at rest.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Book is the book of persons over a store. It is safe for concurrent use.
type Book struct {
	store *store.Store
	seal  Sealer
	hash  chan struct{} // places for those who compute a password's hash, which takes memory
}

// New returns the book of a store.
func New(s *store.Store, seal Sealer) *Book {
	return &Book{store: s, seal: seal, hash: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// newID returns an id that nobody can guess.
func newID() string { return strings.ToLower(rand.Text()) }

// record is an entry of the audit log about a change that by ordered. Ids go in plain, names sealed by the caller.
func record(kind, subject string, by *Identity, now time.Time, facts map[string]string) audit.Entry {
	e := audit.Entry{Kind: kind, Subject: subject, At: now, Facts: facts}
	if by != nil {
		e.Sealed = map[string]string{"person": by.Person}
	}
	return e
}

// about makes a person's id part of what is sealed.
func about(e audit.Entry, name, value string) audit.Entry {
	if e.Sealed == nil {
		e.Sealed = map[string]string{}
	}
	e.Sealed[name] = value
	return e
}

// must refuses who doesn't hold one of the roles now, whatever the identity said when the request came.
func must(ctx context.Context, tx *store.Tx, by *Identity, roles ...Role) error {
	if by == nil {
		return ErrNotAllowed
	}
	held, err := holdings(ctx, tx, by.Person)
	if err != nil {
		return err
	}
	if !(&Identity{Roles: held}).Has(roles...) {
		return ErrNotAllowed
	}
	return nil
}

// text is what a person typed, without the white space around it; empty, long or unprintable text is refused.
func text(what, value string, most int) (string, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return "", refuse("%s不能为空。", what)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return "", refuse("%s里有不能用的字符。", what)
	case utf8.RuneCountInString(value) > most:
		return "", refuse("%s最多 %d 个字。", what, most)
	}
	return value, nil
}
