package payout

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

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
	p.creditTransfers(w, b.Lines)
	p.shut("PmtInf")
	var hash painListHash
	hash.Hash.Space, hash.Hash.Value = nameOurs, b.ListHash
	p.whole(hash)
	p.shut("CstmrCdtTrfInitn")
	p.shut("Document")
	return p.close(w)
}

// creditTransfer is the element CdtTrfTxInf of one payment, as the encoder would write it at its depth; a hundred thousand of them
// take it three times as long. What stands for a part of the payment is in braces.
const creditTransfer = `
   <CdtTrfTxInf>
    <PmtId>
     <InstrId>{id}</InstrId>
     <EndToEndId>{id}</EndToEndId>
    </PmtId>
    <Amt>
     <InstdAmt Ccy="CNY">{sum}</InstdAmt>
    </Amt>
    <CdtrAgt>
     <FinInstnId>
      <ClrSysMmbId>
       <ClrSysId>
        <Cd>CNAPS</Cd>
       </ClrSysId>
       <MmbId>{bank}</MmbId>
      </ClrSysMmbId>
     </FinInstnId>
    </CdtrAgt>
    <Cdtr>
     <Nm>{payee}</Nm>
    </Cdtr>
    <CdtrAcct>
     <Id>
      <Othr>
       <Id>{account}</Id>
      </Othr>
     </Id>
    </CdtrAcct>
    <RmtInf>
     <Ustrd>{purpose}</Ustrd>
    </RmtInf>
    <SplmtryData>
     <Envlp>
      <Budget xmlns="` + nameOurs + `">
       <Unit>{unit}</Unit>
       <Project>{project}</Project>
       <Function>{function}</Function>
       <Economic>{economic}</Economic>
      </Budget>
     </Envlp>
    </SplmtryData>
   </CdtTrfTxInf>`

// creditTransfers writes the payments.
func (p *painWriter) creditTransfers(w io.Writer, lines []Line) {
	if p.err == nil {
		p.err = p.out.Flush()
	}
	parts := strings.FieldsFunc(creditTransfer, func(r rune) bool { return r == '{' || r == '}' })
	var out bytes.Buffer
	for _, l := range lines {
		if p.err != nil {
			return
		}
		out.Reset()
		for i, part := range parts {
			if i%2 == 0 {
				out.WriteString(part)
			} else {
				p.err = cmp.Or(p.err, xml.EscapeText(&out, []byte(l.part(part))))
			}
		}
		if p.err == nil {
			_, p.err = w.Write(out.Bytes())
		}
	}
}

// part is what a name in creditTransfer stands for.
func (l Line) part(name string) string {
	switch name {
	case "id": // InstrId and EndToEndId are Max35Text
		return l.ID
	case "sum": // 18 digits, at most 5 decimals
		return fen(l.Amount)
	case "bank": // Max35Text, 12 digits in CNAPS
		return l.Bank
	case "payee": // Max140Text
		return l.Payee
	case "account": // Max34Text
		return l.Account
	case "purpose": // Max140Text
		return l.Purpose
	case "unit":
		return l.Budget.Unit
	case "project":
		return l.Budget.Project
	case "function":
		return l.Budget.Function
	default:
		return l.Budget.Economic
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
