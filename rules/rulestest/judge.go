package rulestest

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
)

// Facts are the facts of one firm as texts, the way a delivery brings them. A field without an entry, or with "", is missing.
type Facts struct {
	Enterprise string
	Cells      map[string]string
	Records    map[string][]Record // a table without an entry is missing
}

// Record is one row of a table; columns without an entry are missing.
type Record struct {
	Key   string
	Cells map[string]string
}

// Profile reads the facts through the door of rules.
func (f Facts) Profile(v *rules.Vocabulary) (*rules.Profile, error) {
	p := rules.NewProfile(v, f.Enterprise)
	for _, field := range v.Fields {
		if field.Type == rules.TypeTable {
			if err := f.table(p, field); err != nil {
				return nil, err
			}
			continue
		}
		if f.Cells[field.Name] == "" {
			continue
		}
		x, err := field.Parse(f.Cells[field.Name], "")
		if err == nil {
			err = p.Set(field, rules.Fact{Value: x})
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Around is what a decision depends on besides the facts.
type Around struct {
	AsOf     civil.Date
	Awards   []rules.Award // nil: not known; empty: none
	Findings []rules.PersonFinding
}

// Circumstances is the same for the door of rules.
func (a Around) Circumstances() rules.Circumstances {
	c := rules.Circumstances{AsOf: a.AsOf, Findings: rules.NewFindings(a.Findings)}
	if a.Awards != nil {
		c.History = rules.NewHistory(a.Awards)
	}
	return c
}

// field is a declared fact as the judge sees it.
type field struct {
	kind    kind
	unit    unit
	by      *big.Rat
	table   string // of a table: its own name
	key     string // of a table
	columns []string
	text    string // derive
	derived *typed
}

// Judge decides items by its own reading of the policies. It isn't safe for concurrent use.
type Judge struct {
	counts map[string]*int
	fields map[string]*field
	base   []string
	items  map[string]*item
	groups map[string][]string
	lines  map[string][]int
}

// NewJudge reads policies that rules has accepted. The error names an expression that the judge can't read.
func NewJudge(v *rules.Vocabulary, policies []*rules.Policy) (*Judge, error) {
	j := &Judge{counts: map[string]*int{}, fields: map[string]*field{}, items: map[string]*item{}, groups: map[string][]string{}, lines: map[string][]int{}}
	for _, f := range v.Fields {
		j.declare(f, "")
		for _, c := range f.Columns {
			j.declare(c, f.Name+".")
		}
	}
	for name, f := range j.fields {
		if f.text == "" {
			continue
		}
		t, err := (&scope{judge: j}).read1(f.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t = t.into(f.unit)
		f.derived = &t
	}
	for _, p := range policies {
		if err := j.policy(p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.ID, err)
		}
	}
	return j, nil
}

// Counts says how often each operation, outcome and kind of not knowing occurred so far.
func (j *Judge) Counts() map[string]int {
	out := map[string]int{}
	for name, n := range j.counts {
		out[name] = *n
	}
	return out
}

var kinds = map[rules.FieldType]kind{
	rules.TypeBool: kindBool, rules.TypeInt: kindNumber, rules.TypeDecimal: kindNumber, rules.TypeMoney: kindNumber, rules.TypeDate: kindDate,
	rules.TypeString: kindText, rules.TypeEnum: kindText, rules.TypeSet: kindSet, rules.TypeTable: kindTable,
}

func (j *Judge) declare(f *rules.Field, prefix string) {
	d := &field{kind: kinds[f.Type], text: f.Derive}
	d.unit, d.by = unitOf(f.Unit)
	if f.Type == rules.TypeTable {
		d.table, d.key = f.Name, f.Key
		for _, c := range f.Columns {
			d.columns = append(d.columns, c.Name)
		}
	}
	if !f.Derived() && prefix == "" {
		j.base = append(j.base, f.Name)
	}
	j.fields[prefix+f.Name] = d
}

// cell reads the text of a cell; the texts come from the generator or from cases that rules has read.
func (f *field) cell(s, name string) value {
	if s == "" {
		return lacking(name)
	}
	switch f.kind {
	case kindBool:
		return truth(s == "是" || s == "true" || s == "1")
	case kindNumber:
		r, ok := new(big.Rat).SetString(strings.TrimSuffix(s, "%"))
		if !ok {
			panic("number " + s)
		}
		return number(r.Mul(r, f.by))
	case kindDate:
		return date(dayFromCivil(civil.MustParse(s)))
	case kindSet:
		members := strings.FieldsFunc(s, func(r rune) bool { return r == ';' })
		slices.Sort(members)
		return value{kind: kindSet, known: true, set: slices.Compact(members)}
	}
	return text(s)
}

// load reads the facts.
func (j *Judge) load(f Facts) map[string]value {
	out := map[string]value{}
	for _, name := range j.base {
		d := j.fields[name]
		if d.kind != kindTable {
			out[name] = d.cell(f.Cells[name], name)
			continue
		}
		records, ok := f.Records[name]
		if !ok {
			out[name] = lacking(name)
			continue
		}
		t := value{kind: kindTable, known: true}
		for _, r := range records {
			in := &row{key: r.Key, cells: map[string]value{}}
			for _, c := range d.columns {
				in.cells[c] = j.fields[name+"."+c].cell(r.Cells[c], name+"."+c)
			}
			t.rows = append(t.rows, in)
		}
		slices.SortStableFunc(t.rows, func(a, b *row) int { return strings.Compare(a.key, b.key) })
		out[name] = t
	}
	return out
}

// fact is the value of a field; a derived one is worked out once a firm.
func (e *env) fact(name string) value {
	if v, ok := e.facts[name]; ok {
		return v
	}
	plain := *e
	plain.row, plain.record = nil, nil
	v := e.judge.fields[name].derived.eval(&plain)
	e.counted("derive")
	e.facts[name] = v
	return v
}

// table gives a table its rows through the door of rules.
func (f Facts) table(p *rules.Profile, field *rules.Field) error {
	records, ok := f.Records[field.Name]
	if !ok {
		return nil
	}
	v, err := tableValue(field, records)
	if err != nil {
		return err
	}
	return p.Set(field, rules.Fact{Value: v})
}
