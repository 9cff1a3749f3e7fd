package standard

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed industry.tsv
var industryTable string

// maxIndustryText caps what CanonicalIndustry looks at, in bytes.
const maxIndustryText = 64

// industry is one code of the table.
type industry struct {
	name     string
	children []string
	scopes   scopeSet // which size standards its leaves fall under
}

type industryIndex struct {
	byCode   map[string]*industry
	byDigits map[string]string // "33" -> "C33": divisions are unique to a section
	sections []string
	all      scopeSet // the scopes of every leaf
}

var industries = sync.OnceValue(func() *industryIndex {
	x := &industryIndex{byCode: make(map[string]*industry, 2048), byDigits: make(map[string]string, 2048)}
	rows("industry.tsv", industryTable, "code\tname", func(cells []string) error {
		return x.add(cells[0], cells[1])
	})
	for _, section := range x.sections {
		x.all |= x.fillScopes(section)
	}
	return x
})

// add puts a code under its parent, which stands before it in the table.
func (x *industryIndex) add(code, name string) error {
	if x.byCode[code] != nil || len(code) == 2 || len(code) > 5 || name == "" {
		return fmt.Errorf("code %q is repeated, malformed or nameless", code)
	}
	x.byCode[code] = &industry{name: name}
	if len(code) == 1 {
		x.sections = append(x.sections, code)
		return nil
	}
	parent := x.byCode[parentCode(code)]
	if parent == nil || x.byDigits[code[1:]] != "" {
		return fmt.Errorf("code %q has no parent, or its digits stand in two sections", code)
	}
	parent.children = append(parent.children, code)
	x.byDigits[code[1:]] = code
	return nil
}

// fillScopes sets the scopes of a code and of all below it.
func (x *industryIndex) fillScopes(code string) scopeSet {
	entry := x.byCode[code]
	if len(entry.children) == 0 {
		entry.scopes = scopeOf(code)
	}
	for _, child := range entry.children {
		entry.scopes |= x.fillScopes(child)
	}
	return entry.scopes
}

// parentCode returns the code one level up: C3311, C331, C33, C and then "".
func parentCode(code string) string {
	if len(code) == 3 {
		return code[:1]
	}
	return code[:max(len(code)-1, 0)]
}

// Industry returns the name of a GB/T 4754-2017 code with its section letter,
// at any level: C (门类), C33 (大类), C331 (中类), C3311 (小类). ok is false for
// every other text.
func Industry(code string) (name string, ok bool) {
	entry := industries().byCode[code]
	if entry == nil {
		return "", false
	}
	return entry.name, true
}

// ValidIndustry reports whether Industry knows the code.
func ValidIndustry(code string) bool { return industries().byCode[code] != nil }

// IndustryPath returns the codes from the section down to code, both included:
// C, C33, C331, C3311. It is nil for a code that isn't in the table.
func IndustryPath(code string) []string {
	if !ValidIndustry(code) {
		return nil
	}
	var path []string
	for ; code != ""; code = parentCode(code) {
		path = append(path, code)
	}
	slices.Reverse(path)
	return path
}

// IndustryChildren returns the codes one level below code in the order of the
// standard, the twenty sections for "", and nil for a 小类 or an unknown code.
func IndustryChildren(code string) []string {
	if code == "" {
		return slices.Clone(industries().sections)
	}
	entry := industries().byCode[code]
	if entry == nil {
		return nil
	}
	return slices.Clone(entry.children)
}

// CanonicalIndustry finds the code meant by text: spaces around it, full-width
// and lower-case letters are put right, and digits alone get the section
// letter, which they determine (33 is C33, 3311 is C3311). ok is false when the
// result isn't a code of the table; nothing is guessed, a lost leading zero
// in particular isn't.
func CanonicalIndustry(text string) (code string, ok bool) {
	if len(text) > maxIndustryText {
		return "", false
	}
	code = strings.ToUpper(halfWidth(text))
	if ValidIndustry(code) {
		return code, true
	}
	code, ok = industries().byDigits[code]
	return code, ok
}

// Under decides whether an enterprise of industry code belongs to the industry
// prefix. True: code is prefix or stands below it. Unknown: code is above
// prefix (known only as C, an enterprise may or may not be in C33), or one of
// the two isn't a code of the table. False: everything else.
func Under(code, prefix string) Tri {
	x := industries()
	switch {
	case x.byCode[code] == nil || x.byCode[prefix] == nil:
		return Unknown
	case strings.HasPrefix(code, prefix):
		return True
	case strings.HasPrefix(prefix, code):
		return Unknown
	}
	return False
}
