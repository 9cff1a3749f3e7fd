package payout

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"mianshen/rules/exact"
)

// Pain001 is the ISO 20022 message CustomerCreditTransferInitiation, pain.001.001.09, one PmtInf, currency CNY, in UTF-8. The
// list's hash stands in the message's SplmtryData, each payment's budget classification in the payment's.
type Pain001 struct{}

// Name returns 付款指令报文（pain.001）.
func (Pain001) Name() string { return "付款指令报文（pain.001）" }

// Extension returns xml.
func (Pain001) Extension() string { return "xml" }

// demands is empty: Batch.Check is stricter than the message everywhere, as TestPain001KeepsTheSchema holds.
func (Pain001) demands(Batch) Mistakes { return nil }

// Names of the message. nameOurs is the namespace of what we add in envelopes.
const (
	namePain = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
	nameOurs = "urn:mianshen:payout:1"
)

// The parts of the message, in the order of the schema; the comments give the schema's types.

type painHeader struct {
	XMLName   xml.Name  `xml:"GrpHdr"`
	ID        string    `xml:"MsgId"`    // Max35Text
	Created   string    `xml:"CreDtTm"`  // ISODateTime
	Count     int       `xml:"NbOfTxs"`  // Max15NumericText
	Sum       string    `xml:"CtrlSum"`  // DecimalNumber, 18 digits
	Initiator painParty `xml:"InitgPty"` // PartyIdentification135
}

type painParty struct {
	Name string `xml:"Nm"` // Max140Text
}

type painAccount struct {
	ID       string `xml:"Id>Othr>Id"` // Max34Text
	Currency string `xml:"Ccy,omitempty"`
}

type painAgent struct {
	System string `xml:"FinInstnId>ClrSysMmbId>ClrSysId>Cd"` // ExternalClearingSystemIdentification1Code: CNAPS
	Member string `xml:"FinInstnId>ClrSysMmbId>MmbId"`       // Max35Text, 12 digits in CNAPS
}

type painAmount struct {
	Value    string `xml:",chardata"` // 18 digits, at most 5 decimals
	Currency string `xml:"Ccy,attr"`  // ActiveOrHistoricCurrencyCode: CNY
}

type painPayment struct {
	XMLName     xml.Name    `xml:"CdtTrfTxInf"`
	Instruction string      `xml:"PmtId>InstrId"`    // Max35Text
	EndToEnd    string      `xml:"PmtId>EndToEndId"` // Max35Text
	Amount      painAmount  `xml:"Amt>InstdAmt"`
	Agent       painAgent   `xml:"CdtrAgt"`
	Creditor    painParty   `xml:"Cdtr"`
	Account     painAccount `xml:"CdtrAcct"`
	Purpose     string      `xml:"RmtInf>Ustrd"` // Max140Text
	Budget      painBudget  `xml:"SplmtryData>Envlp>Budget"`
}

type painBudget struct {
	Space    string `xml:"xmlns,attr"`
	Unit     string `xml:"Unit"`
	Project  string `xml:"Project"`
	Function string `xml:"Function"`
	Economic string `xml:"Economic"`
}

type painListHash struct {
	XMLName xml.Name `xml:"SplmtryData"`
	Hash    struct {
		Space string `xml:"xmlns,attr"`
		Value string `xml:",chardata"`
	} `xml:"Envlp>ListHash"`
}

func (Pain001) write(w io.Writer, b Batch) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("pain.001: %w", err)
	}
	p := &painWriter{out: xml.NewEncoder(w)}
	p.out.Indent("", " ")
	day := b.Created.String()
	p.open("Document", xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: namePain})
	p.open("CstmrCdtTrfInitn")
	p.whole(painHeader{
		ID: b.ID, Created: day + "T00:00:00+08:00", Count: b.Control.Count, Sum: b.Control.Sum.String(),
		Initiator: painParty{b.Debtor.Name},
	})
	p.open("PmtInf")
	p.text("PmtInfId", b.ID)
	p.text("PmtMtd", "TRF")
	p.text("NbOfTxs", strconv.Itoa(b.Control.Count))
	p.text("CtrlSum", b.Control.Sum.String())
	p.open("ReqdExctnDt")
	p.text("Dt", day)
	p.shut("ReqdExctnDt")
	p.part("Dbtr", painParty{b.Debtor.Name})
	p.part("DbtrAcct", painAccount{ID: b.Debtor.Account, Currency: "CNY"})
	p.part("DbtrAgt", painAgent{"CNAPS", b.Debtor.Bank})
	for _, l := range b.Lines {
		p.whole(payment(l))
	}
	p.shut("PmtInf")
	var hash painListHash
	hash.Hash.Space, hash.Hash.Value = nameOurs, b.ListHash
	p.whole(hash)
	p.shut("CstmrCdtTrfInitn")
	p.shut("Document")
	return p.close(w)
}

func payment(l Line) painPayment {
	return painPayment{
		Instruction: l.ID,
		EndToEnd:    l.ID,
		Amount:      painAmount{Value: fen(l.Amount), Currency: "CNY"},
		Agent:       painAgent{"CNAPS", l.Bank},
		Creditor:    painParty{l.Payee},
		Account:     painAccount{ID: l.Account},
		Purpose:     l.Purpose,
		Budget:      painBudget{nameOurs, l.Budget.Unit, l.Budget.Project, l.Budget.Function, l.Budget.Economic},
	}
}

// fen writes a sum as all forms hold it: in 元 with exactly two decimals, without separators.
func fen(m exact.Money) string { return m.String() }

// painWriter writes element by element and keeps the first error.
type painWriter struct {
	out *xml.Encoder
	err error
}

func (p *painWriter) token(t xml.Token) {
	if p.err == nil {
		p.err = p.out.EncodeToken(t)
	}
}

func (p *painWriter) open(name string, attributes ...xml.Attr) {
	p.token(xml.StartElement{Name: xml.Name{Local: name}, Attr: attributes})
}

func (p *painWriter) shut(name string) { p.token(xml.EndElement{Name: xml.Name{Local: name}}) }

// text writes an element that holds text.
func (p *painWriter) text(name, value string) { p.part(name, value) }

// part writes a value under a name.
func (p *painWriter) part(name string, value any) {
	if p.err == nil {
		p.err = p.out.EncodeElement(value, xml.StartElement{Name: xml.Name{Local: name}})
	}
}

// whole writes a value that has a name of its own.
func (p *painWriter) whole(value any) {
	if p.err == nil {
		p.err = p.out.Encode(value)
	}
}

func (p *painWriter) close(w io.Writer) error {
	if p.err == nil {
		p.err = p.out.Close()
	}
	if p.err == nil {
		_, p.err = io.WriteString(w, "\n")
	}
	if p.err != nil {
		return fmt.Errorf("pain.001: %w", p.err)
	}
	return nil
}
