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
	Source string `json:"s,omitempty"`
	On     string `json:"d,omitempty"`
	Reason string `json:"r,omitempty"`
}

type storedRecord struct {
	Key   string            `json:"k"`
	Cells map[string]string `json:"c"`
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
			s.Cell = f.Cell(fact.Value)
		}
		out.Facts[f.Name] = s
	}
	return json.Marshal(out)
}

func encodeTable(f *rules.Field, v *formula.Value) []storedRecord {
	rows := make([]storedRecord, 0, len(v.Rows()))
	for _, r := range v.Rows() {
		rec := storedRecord{Key: r.Key, Cells: map[string]string{}}
		for _, c := range f.Columns {
			if cell := c.Cell(r.Columns[c.Index]); cell != "" {
				rec.Cells[c.Name] = cell
			}
		}
		rows = append(rows, rec)
	}
	return rows
}

// DecodeProfile reads what EncodeProfile wrote. Facts of fields that the vocabulary no longer has are left out.
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
		fact := rules.Fact{Source: s.Source, Reason: s.Reason}
		var err error
		if s.On != "" {
			fact.On, err = civil.Parse(s.On)
		}
		if err == nil && f.Type == rules.TypeTable && s.Reason == "" {
			fact.Value, err = decodeTable(f, in.Tables[name])
		} else if err == nil {
			fact.Value, err = f.Parse(s.Cell, "")
		}
		if err == nil {
			err = p.Set(f, fact)
		}
		if err != nil {
			return nil, fmt.Errorf("profile %s, %s: %w", uscc, name, err)
		}
	}
	return p, nil
}

func decodeTable(f *rules.Field, rows []storedRecord) (*formula.Value, error) {
	out := make([]*formula.Record, 0, len(rows))
	for _, r := range rows {
		cells := make([]*formula.Value, len(f.Columns))
		for name, text := range r.Cells {
			c, ok := f.Column(name)
			if !ok {
				continue
			}
			v, err := c.Parse(text, "")
			if err != nil {
				return nil, err
			}
			cells[c.Index] = v
		}
		out = append(out, f.NewRecord(r.Key, cells))
	}
	return formula.TableOf(out), nil
}
