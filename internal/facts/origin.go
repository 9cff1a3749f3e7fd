package facts

import (
	"mianshen/engine/column"
	"mianshen/internal/facts/gather"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// originOf says where the cells of a delivery come from.
func originOf(f *rules.Field, s *source) column.Origin {
	day := civil.On(s.ReceivedAt)
	if f.Period.Span == rules.Day {
		day = s.Day
	}
	return column.Origin{Source: s.Source, On: day.Number(), Delivery: s.ID}
}

// byHand is the source of a corrected fact.
const byHand = "人工更正"

// value is what a correction says. One that the vocabulary can no longer read is missing, and says so.
func (x *fix) value(f *rules.Field) (*column.Column, error) {
	day := civil.On(x.At)
	if f.Period.Span == rules.Day {
		day = x.Day
	}
	o := column.Origin{Source: byHand, On: day.Number(), Delivery: x.Delivery}
	c, err := gather.One(f, x.Cell, x.Unit, o)
	if err != nil {
		o.Reason = "更正的值读不出来"
		return gather.One(f, "", "", o)
	}
	return c, nil
}
