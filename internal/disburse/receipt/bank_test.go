package receipt_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// What stands here plays the bank. It writes receipts from texts alone and shares no code with the readers.

// line is one line as the bank writes it.
type line struct{ batch, payment, account, amount, result, reason, at string }

// sample is a right batch of n payments of 6000.00, 6000.01, ....
func sample(n int) payout.Batch {
	b := payout.Batch{
		ID: "QP-2025-0001", ListHash: strings.Repeat("0a", 32), Created: civil.MustParse("2025-06-30"),
		Debtor: payout.Debtor{Name: "示例财政局", Bank: "102290000017", Account: "1001234509000000001"},
	}
	for i := range n {
		b.Lines = append(b.Lines, payout.Line{
			ID: fmt.Sprintf("P%04d", i+1), Payee: "上海𠮷祥食品有限公司", Bank: "103290000023", Account: fmt.Sprintf("06222020%011d", i),
			Amount: exact.Money(600_000 + i), Purpose: "奖励",
			Budget: payout.Budget{Unit: "118001", Project: "310118250000000000012", Function: "2150805", Economic: "50799"},
		})
	}
	b.Control, _ = b.Totals()
	return b
}

// answers are what a bank says where all goes well, with a failure, a return and one underway.
func answers(b payout.Batch) []line {
	var list []line
	for i, l := range b.Lines {
		one := line{b.ID, l.ID, l.Account, yuan(l.Amount), "成功", "", "2025-07-01 09:30:00"}
		switch i % 5 {
		case 1:
			one.result, one.reason = "失败", "户名“龘龘”不符，㐀"
		case 2:
			one.result, one.reason = "退回", "账户已销户 𠮷 & <注>"
		case 3:
			one.result = "处理中"
		}
		list = append(list, one)
	}
	return list
}

func yuan(m exact.Money) string { return fmt.Sprintf("%d.%02d", m/100, m%100) }

// quoted writes a CSV cell.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

var heads = []string{"银行时间", "批次号", "支付编号", "户名", "收款账号", "金额", "结果", "原因"}

func (l line) cells() []string {
	return []string{l.at, l.batch, l.payment, "某户", l.account, l.amount, l.result, l.reason}
}

// table gives the rows of a receipt table with its last one.
func table(list []line) [][]string {
	rows := [][]string{heads}
	fen := int64(0)
	for _, l := range list {
		rows = append(rows, l.cells())
		var a, b int64
		fmt.Sscanf(l.amount, "%d.%d", &a, &b) //nolint:errcheck // a wrong amount is what some tests are about
		fen += a*100 + b
	}
	return append(rows, []string{"", "合计", fmt.Sprint(len(list)), "", "", fmt.Sprintf("%d.%02d", fen/100, fen%100), "", ""})
}

func asCSV(list []line) []byte {
	var out bytes.Buffer
	for _, row := range table(list) {
		for i, c := range row {
			if i > 0 {
				out.WriteByte(',')
			}
			if strings.ContainsAny(c, ",\"\n") {
				c = quoted(c)
			}
			out.WriteString(c)
		}
		out.WriteString("\r\n")
	}
	return out.Bytes()
}

func asGB18030(t testing.TB, text []byte) []byte {
	t.Helper()
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// asXLSX writes the smallest workbook, with inline texts, and amounts as numbers.
func asXLSX(t testing.TB, list []line) []byte {
	t.Helper()
	var rows strings.Builder
	for i, row := range table(list) {
		fmt.Fprintf(&rows, `<row r="%d">`, i+1)
		for j, c := range row {
			at := fmt.Sprintf("%c%d", 'A'+j, i+1)
			if heads[j] == "金额" && i > 0 {
				fmt.Fprintf(&rows, `<c r="%s"><v>%s</v></c>`, at, html.EscapeString(c))
				continue
			}
			fmt.Fprintf(&rows, `<c r="%s" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, at, html.EscapeString(c))
		}
		rows.WriteString("</row>")
	}
	return book(t, rows.String())
}

func book(t testing.TB, rows string) []byte {
	t.Helper()
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"_rels/.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + main + ` xmlns:r="` + rel + `"><sheets><sheet name="回单" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `/worksheet" Target="worksheets/a.xml"/></Relationships>`},
		{"xl/worksheets/a.xml", `<worksheet ` + main + `><sheetData>` + rows + `</sheetData></worksheet>`},
	} {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = w.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// asPain writes a pain.002.001.10 with one transaction a line.
func asPain(list []line) []byte {
	var out strings.Builder
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">
 <CstmrPmtStsRpt>
  <GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2025-07-01T01:30:00Z</CreDtTm></GrpHdr>
`)
	batch := "QP-2025-0001"
	if len(list) > 0 {
		batch = list[0].batch
	}
	fmt.Fprintf(&out, "  <OrgnlGrpInfAndSts><OrgnlMsgId>%s</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>\n"+
		"  <OrgnlPmtInfAndSts>\n   <OrgnlPmtInfId>%s</OrgnlPmtInfId>\n", batch, batch)
	for _, l := range list {
		out.WriteString(l.pain())
	}
	out.WriteString("  </OrgnlPmtInfAndSts>\n </CstmrPmtStsRpt>\n</Document>\n")
	return []byte(out.String())
}

func (l line) pain() string {
	status, time, reason := "ACSC", "   <AccptncDtTm>"+strings.Replace(l.at, " ", "T", 1)+"+08:00</AccptncDtTm>\n", ""
	switch l.result {
	case "失败":
		status, time = "RJCT", "" // the report's time is the same instant
		reason = "   <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>" + html.EscapeString(l.reason) + "</AddtlInf></StsRsnInf>\n"
	case "退回":
		status = "RJCT"
		reason = "   <StsRsnInf><Rsn><Prtry>退汇</Prtry></Rsn><AddtlInf><![CDATA[" + l.reason + "]]></AddtlInf></StsRsnInf>\n"
	case "处理中":
		status = "ACSP"
	}
	return fmt.Sprintf("  <TxInfAndSts>\n   <OrgnlEndToEndId>%s</OrgnlEndToEndId>\n   <TxSts>%s</TxSts>\n%s%s"+
		"   <OrgnlTxRef><Amt><InstdAmt Ccy=\"CNY\">%s</InstdAmt></Amt><CdtrAcct><Id><Othr><Id>%s</Id></Othr></Id></CdtrAcct></OrgnlTxRef>\n"+
		"  </TxInfAndSts>\n", l.payment, status, reason, time, l.amount, l.account)
}
