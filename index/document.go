package index

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says what part of the public record a document is.
type Kind string

// The kinds of documents.
const (
	KindPolicy Kind = "policy" // a policy as a whole: title, number, issuer
	KindItem   Kind = "item"   // one benefit of a policy
	KindClause Kind = "clause" // one clause, with its reference
	KindPlain  Kind = "plain"  // the explanation in plain language (大白话解读)
	KindQA     Kind = "qa"     // a question with its answer
	KindMedia  Kind = "media"  // a talk, a video, a broadcast
	KindText   Kind = "text"   // a passage of a plain text file
)

// Document is one passage that can be found. Documents with the same Group are shown as one hit, represented by the
// passage that fits best.
type Document struct {
	ID         string   // unique in an index, 1 to 512 bytes
	Group      string   // the policy or file it belongs to; empty means that it stands alone
	Kind       Kind     // one of the kinds above
	Title      string   // counts more than Body; repeat the policy's title on each of its passages
	Also       string   // further names, searched like the title and not shown
	Body       string   // at most MaxBody bytes
	Ref        string   // clause reference or anchor at which a reader should be set down; not searched
	Department string   // 区经委
	Level      string   // 国家 市 区
	Industries []string // section letters of GB/T 4754, A to T; none means all
	Mode       string   // auto, confirm, apply
	ItemKind   string   // 补贴 融资 减免 人才 荣誉 就业 其他
	Field      string   // 领域, such as 科技创新
	Number     string   // 文号, such as 沪府办规〔2024〕4号; searched like the title
	From, To   string   // first and last day in force, 2025-01-31; empty is open
}

// Caps on a document.
const (
	MaxBody = 1 << 20 // bytes of Body, and of Title
	maxID   = 512
)

// All gives docs as the sequence that [Create] reads.
func All(docs []Document) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// check says what is wrong with a document before it is indexed.
func (d Document) check() error {
	switch {
	case d.ID == "" || len(d.ID) > maxID || !utf8.ValidString(d.ID):
		return fmt.Errorf("document %.40q: id must be 1 to %d bytes of UTF-8", d.ID, maxID)
	case len(d.Group) > maxID:
		return fmt.Errorf("document %q: group is longer than %d bytes", d.ID, maxID)
	case len(d.Body) > MaxBody || len(d.Title) > MaxBody || len(d.Also) > MaxBody:
		return fmt.Errorf("document %q: text of %d bytes, at most %d", d.ID, max(len(d.Body), len(d.Title)), MaxBody)
	case !d.Kind.valid():
		return fmt.Errorf("document %q: unknown kind %q", d.ID, d.Kind)
	}
	for _, f := range []string{d.ID, d.Group, d.Ref, d.Department, d.Level, d.Mode, d.ItemKind, d.Field, d.Number, strings.Join(d.Industries, "")} {
		if strings.Contains(f, separator) {
			return fmt.Errorf("document %.40q: NUL in a field", d.ID)
		}
	}
	return errors.Join(checkDay(d.ID, d.From), checkDay(d.ID, d.To))
}

func (k Kind) valid() bool {
	switch k {
	case KindPolicy, KindItem, KindClause, KindPlain, KindQA, KindMedia, KindText:
		return true
	}
	return false
}

// checkDay accepts a civil date written 2025-01-31, or nothing.
func checkDay(id, day string) error {
	if day == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("document %q: day %q is not written YYYY-MM-DD", id, day)
	}
	return nil
}

// validText replaces invalid bytes and NULs, so that what is stored can be told apart, printed and sent as JSON.
func validText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, string(utf8.RuneError)), separator, string(utf8.RuneError))
}

// separator stands between the fields of a packed document, and in none.
const separator = "\x00"

// pack joins the fields of a document; [unpack] takes them apart again. It is read for every hit, so it is not JSON.
func pack(d Document) string {
	return strings.Join([]string{
		d.ID, d.Group, string(d.Kind), d.Title, d.Also, d.Body, d.Ref, d.Department, d.Level, strings.Join(d.Industries, ","), d.Mode, d.ItemKind, d.Field,
		d.Number, d.From, d.To,
	}, separator)
}

func unpack(packed string) (d Document, err error) {
	f := strings.Split(packed, separator)
	const fields = 16
	if len(f) != fields {
		return d, fmt.Errorf("stored document has %d fields, want %d", len(f), fields)
	}
	d = Document{
		ID: f[0], Group: f[1], Kind: Kind(f[2]), Title: f[3], Also: f[4], Body: f[5], Ref: f[6], Department: f[7], Level: f[8], Mode: f[10], ItemKind: f[11],
		Field: f[12], Number: f[13], From: f[14], To: f[15],
	}
	if f[9] != "" {
		d.Industries = strings.Split(f[9], ",")
	}
	return d, nil
}
