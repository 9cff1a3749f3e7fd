package facts

import (
	"encoding/json"
	"fmt"
	"strings"

	"mianshen/engine/column"
	"mianshen/internal/intake/delivery"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// mapping is what is kept of a delivery's columns, as JSON in store.Delivery.Mapping.
type mapping struct {
	Table  string   `json:"table,omitempty"` // whose records it holds; "" for one row an enterprise
	Series []series `json:"series"`          // in the order of the delivery
}

// series is one column of a delivery.
type series struct {
	Name   string      `json:"name"`
	Kind   column.Kind `json:"kind"`
	Header string      `json:"header,omitempty"`
	Unit   string      `json:"unit,omitempty"`
}

func readMapping(data []byte) (m mapping, err error) {
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("mapping: %w", err)
	}
	return m, nil
}

// has reports whether the delivery has a series of a kind. A column in which nothing is known goes with every kind.
func (m *mapping) has(name string, kind column.Kind) bool {
	for _, s := range m.Series {
		if s.Name == name {
			return s.Kind == kind || s.Kind == column.Nothing
		}
	}
	return false
}

// add notes the columns of a part.
func (m *mapping) add(columns []delivery.NamedColumn) {
	for _, c := range columns {
		at := m.index(c.Series)
		if m.Series[at].Kind == column.Nothing {
			m.Series[at].Kind = c.Kind
		}
	}
}

func (m *mapping) index(name string) int {
	for i := range m.Series {
		if m.Series[i].Name == name {
			return i
		}
	}
	m.Series = append(m.Series, series{Name: name})
	return len(m.Series) - 1
}

// describe adds what the columns were called and in which unit they came.
func (m *mapping) describe(r *delivery.Report) {
	m.Table = r.Table
	for _, c := range r.Columns {
		for i := range m.Series {
			if s := &m.Series[i]; s.Name == c.Series && s.Header == "" {
				s.Header, s.Unit = c.Header, c.Unit
			}
		}
	}
}

// moment is the period of a delivery or a correction.
type moment struct {
	day  civil.Date // that it is of; of a year, quarter or month the last one
	name string     // of a year, quarter or month; "" for a day
}

func readMoment(period string) (moment, error) {
	if _, err := delivery.CheckPeriod(period); err != nil {
		return moment{}, err
	}
	if text, ok := strings.CutPrefix(period, "current:"); ok {
		day, err := civil.Parse(text)
		return moment{day: day}, err
	}
	i, err := rules.ParseInterval(period)
	return moment{day: i.To, name: i.Name}, err
}

// serves reports whether what is of this period is what a field sees on a day.
func (m moment) serves(f *rules.Field, asOf civil.Date) bool {
	if f.Period.Span == rules.Day {
		return !m.day.After(asOf)
	}
	return m.name != "" && m.name == f.Period.Span.Of(asOf, f.Period.Back).Name
}
