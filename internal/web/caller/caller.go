// Package caller says who sends a request, as routes, handlers and pages need to know it.
package caller

import (
	"strings"

	"mianshen/internal/persons"
)

// Roles are what a caller is, one bit each.
type Roles uint32

// The roles. Of the first four a caller has exactly one; the others are those of the book of persons.
const (
	Visitor     Roles = 1 << iota // anybody, without signing in
	DemoVisitor                   // anybody, on a server that holds nothing but samples
	Newcomer                      // signed in, but not enrolled: has to choose a password and a second factor first
	Person                        // signed in, whatever else
	E1
	E2
	D1
	D2
	F1
	F2
	F3
	AU
	SA
	SE
	LA
	OD
	SV
)

// Names are the roles with the names that they are written by.
var Names = []struct {
	Role Roles
	Name string
}{
	{Visitor, "visitor"},
	{DemoVisitor, "demo"},
	{Newcomer, "newcomer"},
	{Person, "person"},
	{E1, "E1"},
	{E2, "E2"},
	{D1, "D1"},
	{D2, "D2"},
	{F1, "F1"},
	{F2, "F2"},
	{F3, "F3"},
	{AU, "AU"},
	{SA, "SA"},
	{SE, "SE"},
	{LA, "LA"},
	{OD, "OD"},
	{SV, "SV"},
}

// Sets of roles that go together.
const (
	Firms    = E1 | E2
	Business = D1 | D2 | F1 | F2 | F3 | AU // see every enterprise
	Anybody  = Visitor | DemoVisitor | Newcomer | Person
)

// Caller is who sends a request.
type Caller struct {
	Roles    Roles
	Identity *persons.Identity // nil: not signed in
}

// Of is the caller that an identity makes.
func Of(id *persons.Identity) Caller {
	if !id.Enrolled {
		return Caller{Newcomer, id}
	}
	c := Caller{Person, id}
	for _, h := range id.Roles {
		for _, n := range Names {
			if n.Name == string(h.Role) {
				c.Roles |= n.Role
			}
		}
	}
	return c
}

// Has tells whether the caller has any of the roles.
func (c Caller) Has(r Roles) bool { return c.Roles&r != 0 }

// Name is the name of the person, "" when nobody is signed in.
func (c Caller) Name() string {
	if c.Identity == nil {
		return ""
	}
	return c.Identity.Name
}

// ID is the person, "" when nobody is signed in.
func (c Caller) ID() string {
	if c.Identity == nil {
		return ""
	}
	return c.Identity.Person
}

// DemoPerson tells whether the caller acts as one of the persons of a demo.
func (c Caller) DemoPerson() bool { return c.Identity != nil && c.Identity.Demo }

// Firm is the enterprise that the caller acts for, "" when there is none; of several the first.
func (c Caller) Firm() string {
	for _, h := range c.held(Firms) {
		return h.Scope
	}
	return ""
}

// Owns tells whether the caller acts for an enterprise.
func (c Caller) Owns(uscc string) bool { return c.holds(Firms, uscc) }

// For tells whether the caller holds one of the roles for a department.
func (c Caller) For(r Roles, department string) bool { return c.holds(r, department) }

// SeesAll tells whether the caller may see every enterprise.
func (c Caller) SeesAll() bool { return c.Has(Business | DemoVisitor) }

// Sees tells whether the caller may see an enterprise.
func (c Caller) Sees(uscc string) bool { return c.SeesAll() || c.Owns(uscc) }

// Manages tells whether the caller may see who has which role.
func (c Caller) Manages() bool { return c.Has(SA | SE | AU) }

func (c Caller) holds(r Roles, scope string) bool {
	for _, h := range c.held(r) {
		if h.Scope == scope && scope != "" {
			return true
		}
	}
	return false
}

// held are the holdings of any of the roles.
func (c Caller) held(r Roles) (list []persons.Holding) {
	if c.Identity == nil {
		return nil
	}
	for _, h := range c.Identity.Roles {
		for _, n := range Names {
			if n.Role&r != 0 && n.Name == string(h.Role) {
				list = append(list, h)
			}
		}
	}
	return list
}

// Labels are the caller's roles in Chinese, with what for.
func (c Caller) Labels() string {
	if c.Identity == nil {
		return ""
	}
	var list []string
	for _, h := range c.Identity.Roles {
		label := string(h.Role) + " " + h.Role.Label()
		if h.Scope != "" {
			label += "（" + h.Scope + "）"
		}
		list = append(list, label)
	}
	return strings.Join(list, "、")
}
