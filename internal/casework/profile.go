package casework

import (
	"encoding/json"
	"fmt"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// storedProfile is a profile as the store keeps it: known facts by field name, written as cells, so that the same facts give
// the same bytes (encoding/json sorts keys).
type storedProfile struct {
	Facts  map[string]storedFact     `json:"facts"`
	Tables map[string][]storedRecord `json:"tables,omitempty"`
}

// storedFact is one known fact, or the reason why there is none.
type storedFact struct {
	Cell   string `json:"v,omitempty"`
	Unit   string `json:"u,omitempty"` // in which Cell counts
	Source string `json:"s,omitempty"`
	On     string `json:"d,omitempty"`
	Reason string `json:"r,omitempty"`
}

type storedRecord struct {
	Key   string            `json:"k"`
	Cells map[string]string `json:"c"` // by column, with its unit in parentheses where it has one
}

// EncodeProfile writes the known facts of a profile.
func EncodeProfile(v *rules.Vocabulary, p *rules.Profile) ([]byte, error) {
	out := storedProfile{Facts: map[string]storedFact{}, Tables: map[string][]storedRecord{}}
	for _, f := range v.Fields {
		fact := p.Fact(f)
		if fact.Value == nil && fact.Reason == "" {
			continue
		}
		s := storedFact{Source: fact.Source, Reason: fact.Reason}
		if !fact.On.IsZero() {
			s.On = fact.On.String()
		}
		if f.Type == rules.TypeTable && fact.Value != nil {
			out.Tables[f.Name] = encodeTable(f, fact.Value)
		} else {
			s.Cell, s.Unit = f.Cell(fact.Value), f.Unit
		}
		out.Facts[f.Name] = s
	}
	return json.Marshal(out)
}

// header names a column with its unit.
func header(c *rules.Field) string {
	if c.Unit == "" {
		return c.Name
	}
	return c.Name + "(" + c.Unit + ")"
}

func encodeTable(f *rules.Field, v *formula.Value) []storedRecord {
	rows := make([]storedRecord, 0, len(v.Rows()))
	for _, r := range v.Rows() {
		rec := storedRecord{Key: r.Key, Cells: map[string]string{}}
		for _, c := range f.Columns {
			if cell := c.Cell(r.Columns[c.Index]); cell != "" {
				rec.Cells[header(c)] = cell
			}
		}
		rows = append(rows, rec)
	}
	return rows
}

// DecodeProfile reads what EncodeProfile wrote, perhaps under an earlier vocabulary. Facts of fields that the vocabulary no
// longer has are left out; one that doesn't fit its field any more, in unit or values, is missing with that reason, so that it
// stops nobody else's decision and is never taken for something it isn't.
func DecodeProfile(v *rules.Vocabulary, uscc string, body []byte) (*rules.Profile, error) {
	var in storedProfile
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("profile %s: %w", uscc, err)
	}
	p := rules.NewProfile(v, uscc)
	for name, s := range in.Facts {
		f, ok := v.Field(name)
		if !ok || f.Derived() {
			continue
		}
		fact, err := s.decode(f, in.Tables[name])
		if err != nil {
			fact = rules.Fact{Source: s.Source, Reason: "存的数据与指标字典不合"}
		}
		if err := p.Set(f, fact); err != nil {
			return nil, fmt.Errorf("profile %s, %s: %w", uscc, name, err)
		}
	}
	return p, nil
}

// decode reads one fact as the field has it now.
func (s storedFact) decode(f *rules.Field, rows []storedRecord) (fact rules.Fact, err error) {
	fact = rules.Fact{Source: s.Source, Reason: s.Reason}
	if s.On != "" {
		if fact.On, err = civil.Parse(s.On); err != nil {
			return fact, err
		}
	}
	switch {
	case s.Reason != "":
	case f.Type == rules.TypeTable:
		fact.Value, err = decodeTable(f, rows)
	case s.Cell != "" && s.Unit != f.Unit:
		err = fmt.Errorf("stored in %q, the field is in %q", s.Unit, f.Unit)
	default:
		fact.Value, err = f.Parse(s.Cell, "")
	}
	return fact, err
}

func decodeTable(f *rules.Field, rows []storedRecord) (*formula.Value, error) {
	out := make([]*formula.Record, 0, len(rows))
	for _, r := range rows {
		cells := make([]*formula.Value, len(f.Columns))
		for name, text := range r.Cells {
			column, unit := rules.SplitHeader(name)
			c, ok := f.Column(column)
			if !ok {
				continue
			}
			v, err := c.Parse(text, unit)
			if err != nil {
				return nil, err
			}
			cells[c.Index] = v
		}
		out = append(out, f.NewRecord(r.Key, cells))
	}
	return formula.TableOf(out), nil
}
