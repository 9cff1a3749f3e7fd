package payout_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"mianshen/internal/disburse/payout"
)

// rule is what the schema of pain.001.001.09 says of one element: which elements it may hold, in this order, or the form of its
// text. Elements that we don't write are listed where they must stand between those that we do.
type rule struct {
	order string // names in order; ! mandatory, ? optional, * any number, + at least one
	most  int    // characters
	form  string // pattern of the text
}

// Types of the schema.
var (
	max35   = rule{most: 35}
	max34   = rule{most: 34}
	max140  = rule{most: 140}
	party   = rule{order: "Nm? PstlAdr? Id? CtryOfRes? CtctDtls?"}
	account = rule{order: "Id! Tp? Ccy? Nm? Prxy?"}
	code    = rule{form: `^[A-Z]{3}$`}
	decimal = rule{form: `^\d{1,16}(\.\d{1,2})?$`, most: 19} // 18 digits
	count   = rule{form: `^[0-9]{1,15}$`}
)

// schema gives the rule of each path below Document.
var schema = map[string]rule{
	"":                        {order: "CstmrCdtTrfInitn!"},
	"CstmrCdtTrfInitn":        {order: "GrpHdr! PmtInf+ SplmtryData*"},
	"CstmrCdtTrfInitn/GrpHdr": {order: "MsgId! CreDtTm! Authstn* NbOfTxs! CtrlSum? InitgPty! FwdgAgt? InitnSrc?"},
	"*/MsgId":                 max35,
	"*/CreDtTm":               {form: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$`},
	"*/NbOfTxs":               count,
	"*/CtrlSum":               decimal,
	"*/InitgPty":              party,
	"*/Dbtr":                  party,
	"*/Cdtr":                  party,
	"*/Nm":                    max140,
	"CstmrCdtTrfInitn/PmtInf": {order: "PmtInfId! PmtMtd! BtchBookg? NbOfTxs? CtrlSum? PmtTpInf? ReqdExctnDt! PoolgAdjstmntDt? Dbtr! DbtrAcct! DbtrAgt! DbtrAgtAcct? InstrForDbtrAgt? UltmtDbtr? ChrgBr? ChrgsAcct? ChrgsAcctAgt? CdtTrfTxInf+"},
	"*/PmtInfId":              max35,
	"*/PmtMtd":                {form: `^(CHK|TRF|TRA)$`},
	"*/ReqdExctnDt":           {order: "Dt!"},
	"*/Dt":                    {form: `^\d{4}-\d\d-\d\d$`},
	"*/DbtrAcct":              account,
	"*/CdtrAcct":              account,
	"*/DbtrAcct/Id":           {order: "Othr!"},
	"*/CdtrAcct/Id":           {order: "Othr!"},
	"*/Othr":                  {order: "Id! SchmeNm? Issr?"},
	"*/Othr/Id":               max34,
	"*/Ccy":                   code,
	"*/DbtrAgt":               {order: "FinInstnId! BrnchId?"},
	"*/CdtrAgt":               {order: "FinInstnId! BrnchId?"},
	"*/FinInstnId":            {order: "BICFI? ClrSysMmbId? LEI? Nm? PstlAdr? Othr?"},
	"*/ClrSysMmbId":           {order: "ClrSysId? MmbId!"},
	"*/ClrSysId":              {order: "Cd!"},
	"*/ClrSysId/Cd":           {form: `^CNAPS$`, most: 5},
	"*/MmbId":                 {form: `^[0-9]{12}$`, most: 35},
	"*/CdtTrfTxInf":           {order: "PmtId! PmtTpInf? Amt! XchgRateInf? ChrgBr? MndtRltdInf? ChqInstr? UltmtDbtr? IntrmyAgt1? CdtrAgt? CdtrAgtAcct? Cdtr? CdtrAcct? UltmtCdtr? InstrForCdtrAgt* InstrForDbtrAgt? Purp? RgltryRptg* Tax? RltdRmtInf* RmtInf? SplmtryData*"},
	"*/PmtId":                 {order: "InstrId? EndToEndId! UETR?"},
	"*/InstrId":               max35,
	"*/EndToEndId":            max35,
	"*/Amt":                   {order: "InstdAmt!"},
	"*/InstdAmt":              decimal,
	"*/RmtInf":                {order: "Ustrd* Strd*"},
	"*/Ustrd":                 max140,
	"*/SplmtryData":           {order: "PlcAndNm? Envlp!"},
	"*/SplmtryData/Envlp":     {order: "any!"},
}

// element is a parsed element.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*element
}

func tree(t *testing.T, data string) *element {
	t.Helper()
	root := &element{}
	stack := []*element{root}
	d := xml.NewDecoder(strings.NewReader(data))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return root.children[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch x := token.(type) {
		case xml.StartElement:
			e := &element{name: x.Name, attrs: x.Attr}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(x)
		}
	}
}

const painName = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

// find returns the rule of the longest ending of the path.
func find(path string) (rule, bool) {
	if r, ok := schema[path]; ok {
		return r, true
	}
	for rest := path; ; {
		if r, ok := schema["*/"+rest]; ok {
			return r, true
		}
		_, after, more := strings.Cut(rest, "/")
		if !more {
			return rule{}, false
		}
		rest = after
	}
}

// obeys returns the first thing in which the element breaks the schema.
func obeys(e *element, path string) error {
	if e.name.Space != painName {
		return fmt.Errorf("%s is in namespace %q", path, e.name.Space)
	}
	r, ok := find(path)
	if !ok {
		return fmt.Errorf("%s isn't in the schema", path)
	}
	if r.order == "any!" {
		if len(e.children) != 1 || e.children[0].name.Space == painName {
			return fmt.Errorf("%s holds not one element of another namespace", path)
		}
		return nil
	}
	if r.order == "" {
		return simple(e, r, path)
	}
	if strings.TrimSpace(e.text) != "" || len(e.children) == 0 {
		return fmt.Errorf("%s holds text or nothing", path)
	}
	if err := inOrder(e.children, r.order); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, c := range e.children {
		if err := obeys(c, strings.TrimPrefix(path+"/"+c.name.Local, "/")); err != nil {
			return err
		}
	}
	return nil
}

func simple(e *element, r rule, path string) error {
	n := utf8.RuneCountInString(e.text)
	switch {
	case len(e.children) > 0:
		return fmt.Errorf("%s holds elements", path)
	case n == 0 || r.most > 0 && n > r.most:
		return fmt.Errorf("%s has %d characters", path, n)
	case r.form != "" && !regexp.MustCompile(r.form).MatchString(e.text):
		return fmt.Errorf("%s is %q", path, e.text)
	case e.name.Local == "InstdAmt" && (len(e.attrs) != 1 || e.attrs[0].Value != "CNY"):
		return fmt.Errorf("%s has no currency", path)
	}
	return nil
}

// inOrder holds a sequence of the schema against the elements.
func inOrder(list []*element, order string) error {
	for _, item := range strings.Fields(order) {
		name, how := item[:len(item)-1], item[len(item)-1]
		n := 0
		for len(list) > 0 && list[0].name.Local == name {
			list = list[1:]
			n++
		}
		if n == 0 && (how == '!' || how == '+') || n > 1 && (how == '!' || how == '?') {
			return fmt.Errorf("%d of %s", n, name)
		}
	}
	if len(list) > 0 {
		return fmt.Errorf("%s stands in the wrong place", list[0].name.Local)
	}
	return nil
}

// TestPain001KeepsTheSchema holds the message against the rules of the schema, with values as long as a batch may have.
func TestPain001KeepsTheSchema(t *testing.T) {
	b := sample(2)
	b.ID = strings.Repeat("9", 35)
	b.Debtor.Name, b.Debtor.Account = strings.Repeat("龘", 60), strings.Repeat("8", 32)
	b.Lines[0].ID, b.Lines[0].Account = strings.Repeat("7", 35), strings.Repeat("6", 32)
	b.Lines[0].Payee, b.Lines[0].Purpose = strings.Repeat("𠮷", 60), strings.Repeat("&", 60)
	b.Lines[0].Amount = payout.MaxAmount - b.Lines[1].Amount
	b.Control, _ = b.Totals()
	text := string(written(t, b, payout.Pain001{}))
	if err := obeys(tree(t, text), ""); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(text, `<?xml version="1.0" encoding="UTF-8"?>`+"\n") || strings.Contains(text, "<!") {
		t.Error("no plain XML declaration in front")
	}
	// The judge itself must be able to say no.
	for from, to := range map[string]string{
		"<PmtMtd>TRF</PmtMtd>":      "",
		"<CtrlSum>":                 "<CtrlSum>x",
		"<Cdtr>":                    "<Cdtr><Id>x</Id>",
		strings.Repeat("7", 35):     strings.Repeat("7", 36),
		`<InstdAmt Ccy="CNY">`:      "<InstdAmt>",
		"<CdtrAgt>":                 "<Cdtr><Nm>x</Nm></Cdtr><CdtrAgt>",
		strings.Repeat("&amp;", 60): strings.Repeat("&amp;", 141),
		"pain.001.001.09":           "pain.001.001.03",
	} {
		if changed := strings.Replace(text, from, to, 1); changed == text || obeys(tree(t, changed), "") == nil {
			t.Errorf("the judge lets %q for %q pass", to, from)
		}
	}
}
