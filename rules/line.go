package rules

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"mianshen/rules/exact"
)

// AppendLine appends the decision's canonical JSON, one line without its end: the same decision gives the same bytes on every
// machine. Keys stand in a fixed order; open is written only when the window is closed, records only for items decided record
// by record, payments only for items with instalments.
func (d *Decision) AppendLine(b []byte) []byte {
	b = append(b, `{"policy":`...)
	b = appendText(b, d.Rule.Policy.ID)
	b = append(b, `,"item":`...)
	b = appendText(b, d.Rule.Item.ID)
	b = append(b, `,"enterprise":`...)
	b = appendText(b, d.Enterprise)
	b = append(b, `,"as_of":"`...)
	b = append(b, d.AsOf.String()...)
	b = append(b, `","outcome":"`...)
	b = append(b, d.Outcome...)
	b = append(b, `","amount":`...)
	b = appendMoney(b, d.Amount)
	b = append(b, `,"failed":`...)
	b = appendTexts(b, d.Failed)
	b = append(b, `,"missing":`...)
	b = appendTexts(b, d.Missing)
	b = append(b, `,"manual":`...)
	b = appendTexts(b, d.Manual)
	if !d.Open {
		b = append(b, `,"open":false`...)
	}
	if d.Rule.table != nil {
		b = d.appendRecords(b)
	}
	if len(d.Rule.Item.Payments) > 0 {
		b = d.appendPayments(b)
	}
	return append(b, '}')
}

func (d *Decision) appendRecords(b []byte) []byte {
	b = append(b, `,"records":[`...)
	for i, r := range d.Records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"basis":`...)
		b = appendText(b, r.Basis)
		b = append(b, `,"outcome":"`...)
		b = append(b, r.Outcome...)
		b = append(b, `","amount":`...)
		b = appendMoney(b, r.Amount)
		b = append(b, `,"failed":`...)
		b = appendTexts(b, r.Failed)
		b = append(b, `,"missing":`...)
		b = appendTexts(b, r.Missing)
		b = append(b, '}')
	}
	return append(b, ']')
}

func (d *Decision) appendPayments(b []byte) []byte {
	b = append(b, `,"payments":[`...)
	for i, p := range d.Payments {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"n":`...)
		b = strconv.AppendInt(b, int64(p.N), 10)
		b = append(b, `,"due":"`...)
		b = append(b, p.Due.String()...)
		b = append(b, `","amount":"`...)
		b = append(b, p.Amount.String()...)
		b = append(b, `"}`...)
	}
	return append(b, ']')
}

func appendMoney(b []byte, m *exact.Money) []byte {
	if m == nil {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = append(b, m.String()...)
	return append(b, '"')
}

func appendTexts(b []byte, ss []string) []byte {
	b = append(b, '[')
	for i, s := range ss {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendText writes a JSON string; what needs escaping goes through encoding/json, without its HTML escapes.
func appendText(b []byte, s string) []byte {
	plain := utf8.ValidString(s)
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' && s[i] != 0x7f
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...)
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
