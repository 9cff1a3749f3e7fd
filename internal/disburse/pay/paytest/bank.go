package paytest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"strings"
	"testing"
)

// Answer is one line of a receipt as the bank writes it: Result is 成功, 失败, 退回 or 处理中, Fen the amount, At a time in Shanghai.
type Answer struct {
	Batch, Payment, Account string
	Fen                     int64
	Result, Reason, At      string
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

var heads = []string{"银行时间", "批次号", "支付编号", "户名", "收款账号", "金额", "结果", "原因"}

// rows are the table of a receipt, with its header and its last row.
func rows(list []Answer) [][]string {
	all := [][]string{heads}
	var sum int64
	for _, a := range list {
		all = append(all, []string{a.At, a.Batch, a.Payment, "某户", a.Account, yuan(a.Fen), a.Result, a.Reason})
		sum += a.Fen
	}
	return append(all, []string{"", "合计", fmt.Sprint(len(list)), "", "", yuan(sum), "", ""})
}

// CSV writes a receipt as a table in UTF-8.
func CSV(list []Answer) []byte {
	var out bytes.Buffer
	for _, row := range rows(list) {
		for i, c := range row {
			if strings.ContainsAny(c, ",\"\n") {
				c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(c)
		}
		out.WriteString("\r\n")
	}
	return out.Bytes()
}

// XLSX writes it as a workbook of one sheet.
func XLSX(t testing.TB, list []Answer) []byte {
	t.Helper()
	const space = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	var cells strings.Builder
	for i, row := range rows(list) {
		fmt.Fprintf(&cells, `<row r="%d">`, i+1)
		for j, c := range row {
			fmt.Fprintf(&cells, `<c r="%c%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, 'A'+j, i+1, html.EscapeString(c))
		}
		cells.WriteString("</row>")
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"_rels/.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + space + ` xmlns:r="` + rel + `"><sheets><sheet name="回单" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `/worksheet" Target="worksheets/a.xml"/></Relationships>`},
		{"xl/worksheets/a.xml", `<worksheet ` + space + `><sheetData>` + cells.String() + `</sheetData></worksheet>`},
	} {
		f, err := z.Create(part[0])
		Check(t, err)
		_, err = f.Write([]byte(part[1]))
		Check(t, err)
	}
	Check(t, z.Close())
	return out.Bytes()
}

// Pain writes it as a pain.002 for the batch of its first line.
func Pain(list []Answer) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2025-07-01T01:30:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>%s</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>%[1]s</OrgnlPmtInfId>
`, list[0].Batch)
	for _, a := range list {
		status := map[string]string{"成功": "ACSC", "失败": "RJCT", "退回": "RJCT", "处理中": "ACSP"}[a.Result]
		reason := map[string]string{"失败": "<Cd>AC04</Cd>", "退回": "<Prtry>退汇</Prtry>"}[a.Result]
		if reason != "" {
			reason = "<StsRsnInf><Rsn>" + reason + "</Rsn><AddtlInf>" + html.EscapeString(a.Reason) + "</AddtlInf></StsRsnInf>\n"
		}
		fmt.Fprintf(&out, "<TxInfAndSts><OrgnlEndToEndId>%s</OrgnlEndToEndId><TxSts>%s</TxSts>\n%s<AccptncDtTm>%s+08:00</AccptncDtTm>\n<OrgnlTxRef><Amt><InstdAmt Ccy=\"CNY\">%s</InstdAmt></Amt>"+
			"<CdtrAcct><Id><Othr><Id>%s</Id></Othr></Id></CdtrAcct></OrgnlTxRef></TxInfAndSts>\n", a.Payment, status, reason, strings.Replace(a.At, " ", "T", 1), yuan(a.Fen), a.Account)
	}
	out.WriteString("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n")
	return []byte(out.String())
}
