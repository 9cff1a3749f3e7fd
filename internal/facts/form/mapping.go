package form

import (
	"encoding/json"
	"slices"
	"strings"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/intake/delivery"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Mapping is what is kept of a delivery's columns, as JSON in store.Delivery.Mapping.
type Mapping struct {
	Table  string   `json:"table,omitempty"` // whose records it holds; "" for one row an enterprise
	Series []Series `json:"series"`          // in the order of the delivery
}

// Series is one column of a delivery.
type Series struct {
	Name   string      `json:"name"`
	Kind   column.Kind `json:"kind"`
	Header string      `json:"header,omitempty"`
	Unit   string      `json:"unit,omitempty"`
	// Measure is that of the field by which it was read (rules.Field.Measure): under a vocabulary in which the series is something
	// else, the column isn't read.
	Measure string `json:"measure,omitempty"`
}

// ReadMapping reads the JSON of a mapping.
func ReadMapping(data []byte) (m Mapping, err error) {
	if err := json.Unmarshal(data, &m); err != nil {
		return m, damaged("mapping: %v", err)
	}
	return m, nil
}

// Has reports whether the delivery has a series as a field reads it. A column in which nothing is known goes with every field.
func (m *Mapping) Has(name string, f *rules.Field) bool {
	for _, s := range m.Series {
		if s.Name == name {
			return s.Kind == column.Nothing || s.Kind == engine.KindOf(f) && s.Measure == f.Measure()
		}
	}
	return false
}

// Bind notes by which fields of the vocabulary the series were read.
func (m *Mapping) Bind(v *rules.Vocabulary) {
	for i := range m.Series {
		for _, f := range v.Fields {
			if !f.Derived() && delivery.SeriesOf(f) == m.Series[i].Name {
				m.Series[i].Measure = f.Measure()
				break
			}
		}
	}
}

// Names reports whether the delivery has a series.
func (m *Mapping) Names(series string) bool {
	return slices.ContainsFunc(m.Series, func(s Series) bool { return s.Name == series })
}

// Add notes the columns of a part.
func (m *Mapping) Add(columns []delivery.NamedColumn) {
	for _, c := range columns {
		at := m.index(c.Series)
		if m.Series[at].Kind == column.Nothing {
			m.Series[at].Kind = c.Kind
		}
	}
}

func (m *Mapping) index(name string) int {
	for i := range m.Series {
		if m.Series[i].Name == name {
			return i
		}
	}
	m.Series = append(m.Series, Series{Name: name})
	return len(m.Series) - 1
}

// Describe adds what the columns were called and in which unit they came.
func (m *Mapping) Describe(r *delivery.Report) {
	m.Table = r.Table
	for _, c := range r.Columns {
		for i := range m.Series {
			if s := &m.Series[i]; s.Name == c.Series && s.Header == "" {
				s.Header, s.Unit = c.Header, c.Unit
			}
		}
	}
}

// Moment is the period of a delivery or a correction.
type Moment struct {
	Day  civil.Date // that it is of; of a year, quarter or month the last one
	Name string     // of a year, quarter or month; "" for a day
}

// ReadMoment reads a period as deliveries have it: current:2025-06-25, 2024, 2024-Q1, 2024-03. The error is in Chinese.
func ReadMoment(period string) (Moment, error) {
	if _, err := delivery.CheckPeriod(period); err != nil {
		return Moment{}, err
	}
	if text, ok := strings.CutPrefix(period, "current:"); ok {
		day, err := civil.Parse(text)
		return Moment{Day: day}, err
	}
	i, err := rules.ParseInterval(period)
	return Moment{Day: i.To, Name: i.Name}, err
}

// Serves reports whether what is of this period is what a field sees on a day.
func (m Moment) Serves(f *rules.Field, asOf civil.Date) bool {
	if f.Period.Span == rules.Day {
		return !m.Day.After(asOf)
	}
	return m.Name != "" && m.Name == f.Period.Span.Of(asOf, f.Period.Back).Name
}
