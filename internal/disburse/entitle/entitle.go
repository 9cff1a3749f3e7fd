// Package entitle holds what a firm has a right to, one line an item, period and basis, and what stands between such lines
// and their payment: one basis claimed twice, and caps, net of what was paid.
//
// It is pure: the caller brings decisions, payments and caps as plain values, and the day of everything is an argument. All
// sums are in 分; a sum that leaves int64 is exact.ErrOverflow.
package entitle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// The mistakes a caller can tell apart with errors.Is.
var (
	// ErrNothing refuses a claim of 0.00: it is known and makes no entry (design, section 7).
	ErrNothing = errors.New("金额为零，不生成应拨记录")
	// ErrInvalid refuses a value that no decision can hold: empty, too long, negative, or written in more than one way.
	ErrInvalid = errors.New("应拨记录无效")
	// ErrTwice refuses two lines with the same item, enterprise, period and basis (promise M1).
	ErrTwice = errors.New("同一事项、企业、所属期和依据重复")
)

// maxText bounds each text of a claim, in bytes.
const maxText = 400

// Basis is the one thing a grant is for: an invoice, a device, a certificate. Kind is the field it is read from (发票号), so
// that an invoice and a year that happen to be written alike are not taken for one thing; Value is its canonical text, as
// the field's own cell writes it. The zero Basis is none. A Value without Kind identifies something within its item only.
type Basis struct{ Kind, Value string }

// Rule says which item of an exclusive group counts.
type Rule string

// The rules of exclusion. In each group at most one item counts for a firm; what was paid counts as well.
const (
	// Highest is 就高不重复: the item counts that brings the firm most; once another item was paid, nothing more is.
	Highest Rule = "highest"
	// First counts the item whose claim arose first; ties go to the smaller item id.
	First Rule = "first"
	// Difference is Highest, but an item may follow another that was paid: what was paid is deducted from it.
	Difference Rule = "difference"
	// Choice lets the firm choose (三选一); until it has, the item that brings most is proposed.
	Choice Rule = "choice"
)

// Exclusive puts an item in a group whose items exclude each other. Group names are district-wide; a caller for whom a group
// starts anew each year puts the year into the name.
type Exclusive struct {
	Group string
	Rule  Rule
}

// Claim is what a decision gives: one item granted to one firm for one period and basis.
type Claim struct {
	Item       string      // id of the item
	Enterprise string      // unified social credit code
	Period     string      // 所属期: 2024, 2024-Q1, 2024-03 or 2024-03-05
	Basis      Basis       // zero: none
	Amount     exact.Money // 分, > 0
	Since      civil.Date  // the day on which the claim arose; the zero day counts as the earliest
	Once       bool        // once_per: basis, unique over all firms and periods of the item
	CapGroup   string      // joins items whose sums count together; "": the item alone
	Exclusive  []Exclusive // groups of exclusion; no group twice
}

// Entitlement is a claim with its identity. Make makes it; two are equal exactly if their ids are.
type Entitlement struct {
	ID string // 64 hex digits
	Claim
}

var periods = regexp.MustCompile(`^[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$`)

// Make checks a claim and gives it its id. A claim of 0 分 is ErrNothing, anything else that is wrong ErrInvalid.
func Make(c Claim) (Entitlement, error) {
	for _, f := range []struct{ name, text string }{{"事项", c.Item}, {"企业", c.Enterprise}} {
		if f.text == "" {
			return Entitlement{}, fmt.Errorf("%w：缺%s", ErrInvalid, f.name)
		}
	}
	texts := []string{c.Item, c.Enterprise, c.Basis.Kind, c.Basis.Value, c.CapGroup}
	for _, e := range c.Exclusive {
		if e.Group == "" || !slices.Contains([]Rule{Highest, First, Difference, Choice}, e.Rule) {
			return Entitlement{}, fmt.Errorf("%w：互斥组“%s”的规则“%s”", ErrInvalid, e.Group, e.Rule)
		}
		if slices.Contains(texts[5:], e.Group) {
			return Entitlement{}, fmt.Errorf("%w：互斥组“%s”写了两次", ErrInvalid, e.Group)
		}
		texts = append(texts, e.Group)
	}
	for _, text := range texts {
		if !canonical(text) {
			return Entitlement{}, fmt.Errorf("%w：文本 %.80q", ErrInvalid, text)
		}
	}
	switch {
	case !periods.MatchString(c.Period):
		return Entitlement{}, fmt.Errorf("%w：所属期 %.80q", ErrInvalid, c.Period)
	case c.Basis.Kind != "" && c.Basis.Value == "":
		return Entitlement{}, fmt.Errorf("%w：依据“%s”没有值", ErrInvalid, c.Basis.Kind)
	case c.Amount < 0:
		return Entitlement{}, fmt.Errorf("%w：金额 %s 为负", ErrInvalid, c.Amount)
	case c.Amount == 0:
		return Entitlement{}, ErrNothing
	}
	c.Exclusive = slices.Clone(c.Exclusive)
	slices.SortFunc(c.Exclusive, func(a, b Exclusive) int { return strings.Compare(a.Group, b.Group) })
	return Entitlement{ID: ID(c.Item, c.Enterprise, c.Period, c.Basis), Claim: c}, nil
}

// canonical reports whether a text is written in the one way that the id stands for.
func canonical(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && text == strings.TrimSpace(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// ID is the SHA-256, in hex, of item, enterprise, period and basis, each written as its length in bytes, a colon and the text,
// after a line that names this form. It is what UNIQUE stands on (promise M1), so the form never changes. The amount is no
// part of it: a claim computed anew with another amount is the same claim.
func ID(item, enterprise, period string, basis Basis) string {
	b := append(make([]byte, 0, 256), "mianshen entitlement 1\n"...)
	for _, text := range [...]string{item, enterprise, period, basis.Kind, basis.Value} {
		b = append(append(strconv.AppendInt(b, int64(len(text)), 10), ':'), text...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Year is the year that a period counts toward: the one it begins in. The period must be one that Make accepts.
func Year(period string) string { return period[:min(4, len(period))] }

// Paid is what was paid and not recovered, for one item, firm, period and basis.
type Paid struct {
	Item, Enterprise, Period string
	Basis                    Basis
	CapGroup                 string
	Groups                   []string    // groups of exclusion that the item was in
	Once                     bool        // once_per: basis
	Amount                   exact.Money // 分, net of recoveries, >= 0; 0 is as if nothing had been paid
	Spent                    bool        // nothing is left since all of it came back; the basis stays used
}

// ID is the id of the entitlement that was paid.
func (p Paid) ID() string { return ID(p.Item, p.Enterprise, p.Period, p.Basis) }

// Check refuses a payment with a negative sum, an odd period or without item or firm: ErrInvalid.
func (p Paid) Check() error {
	if p.Item == "" || p.Enterprise == "" || !periods.MatchString(p.Period) || p.Amount < 0 {
		return fmt.Errorf("%w：已拨付 %q %q %q %s", ErrInvalid, p.Item, p.Enterprise, p.Period, p.Amount)
	}
	return nil
}

// Add sums two amounts of 分, or gives exact.ErrOverflow.
func Add(a, b exact.Money) (exact.Money, error) {
	if sum := a + b; (sum > a) == (b > 0) {
		return sum, nil
	}
	return 0, exact.ErrOverflow
}

// Distinct is ErrTwice if two entitlements have one id.
func Distinct(all []Entitlement) error {
	seen := make(map[string]bool, len(all))
	for _, e := range all {
		if seen[e.ID] {
			return fmt.Errorf("%w：%s %s %s %s", ErrTwice, e.Item, e.Enterprise, e.Period, e.Basis.Value)
		}
		seen[e.ID] = true
	}
	return nil
}
