package payout

import (
	"encoding/xml"
	"strings"
	"testing"
)

// What one payment is for encoding/xml.

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

// TestCreditTransferIsAsEncoded holds the element that is put together by hand against the encoder's.
func TestCreditTransferIsAsEncoded(t *testing.T) {
	l := Line{ID: "P1", Payee: "甲<&>\"'公司\t𠮷", Bank: "102290000017", Account: "6222-1", Amount: 123456789, Purpose: "补贴 & 奖励"}
	l.Budget = Budget{Unit: "101001", Project: "P<1>", Function: "2150805", Economic: "50701"}
	want, err := xml.MarshalIndent(payment(l), "   ", " ")
	if err != nil {
		t.Fatal(err)
	}
	var have strings.Builder
	p := &painWriter{out: xml.NewEncoder(&have)}
	if p.creditTransfers(&have, []Line{l}); p.err != nil || have.String() != "\n"+string(want) {
		t.Errorf("%v\n%s\nwant\n%s", p.err, have.String(), want)
	}
}
