package receipt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// painSpace are the namespaces that are read: the versions of pain.002 that share the elements used here.
var painSpace = regexp.MustCompile(`^urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(0[3-9]|1[0-4])$`)

// ReadPain002 reads a CustomerPaymentStatusReport as a stream, in UTF-8 or, where it declares so, GB18030 or a part of it.
// Document types and entities are refused; so is a report on another message than a pain.001, and a status that isn't known
// here. TxSts ACSC and ACCC are success; RJCT is failure, or a return where Rsn/Prtry is 退汇, since ISO 20022 has no status
// for it; ACCP, ACFC, ACSP, ACTC, ACWC, ACWP, PDNG, PATC and RCVD are underway. A rejection without AccptncDtTm has the
// report's own time. The error is an *Error, or one of r.
func ReadPain002(r io.Reader, limits Limits) (File, error) {
	limits = limits.withDefaults()
	p := &painReader{limits: limits, meter: &meter{in: r, left: limits.Bytes, most: limits.Token}}
	p.decoder = xml.NewDecoder(p.meter)
	p.decoder.CharsetReader = p.charset
	p.file.Encoding = "UTF-8"
	for !p.done {
		if err := p.step(); err != nil {
			return File{}, p.said(err)
		}
	}
	return p.file, nil
}

// meter counts bytes, of the file and since the last token. It is an io.ByteReader, so that the decoder reads no further
// than its token.
type meter struct {
	in    io.Reader
	buf   [4096]byte
	have  []byte
	left  int64
	most  int
	since int
	fault error // of in
}

func (m *meter) ReadByte() (byte, error) {
	if len(m.have) == 0 {
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
	if m.since++; m.since > m.most {
		return 0, &Error{Message: fmt.Sprintf("有一段内容超过 %d 字节", m.most)}
	}
	c := m.have[0]
	m.have = m.have[1:]
	return c, nil
}

func (m *meter) fill() error {
	for len(m.have) == 0 {
		n, err := m.in.Read(m.buf[:])
		m.have = m.buf[:n]
		if m.left -= int64(n); m.left < 0 {
			return &Error{Message: "文件太大"}
		}
		if err != nil && n == 0 {
			if err != io.EOF {
				m.fault = err
			}
			return err
		}
	}
	return nil
}

// Read serves the decoders of other code pages byte by byte, so that the meter stays exact.
func (m *meter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// painReader walks over one report.
type painReader struct {
	limits  Limits
	meter   *meter
	decoder *xml.Decoder
	file    File
	space   string
	path    []string            // local names from the root
	text    strings.Builder     // of the innermost element
	head    map[string][]string // path below CstmrPmtStsRpt -> values, outside of TxInfAndSts
	tx      map[string][]string // path below TxInfAndSts -> values; nil outside
	txLine  int
	after   bool // the last tag closed an element
	done    bool
}

func (p *painReader) charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "gb18030", "gbk", "gb2312":
		p.file.Encoding = "GB18030"
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	}
	return nil, &Error{Message: "编码“" + clip(label) + "”不认识，应为 UTF-8 或 GB18030"}
}

func (p *painReader) line() int {
	line, _ := p.decoder.InputPos()
	return line
}

// said gives an error its line, and replaces what the decoder says in English.
func (p *painReader) said(err error) error {
	var e *Error
	switch {
	case p.meter.fault != nil:
		return fmt.Errorf("read receipt: %w", p.meter.fault)
	case errors.As(err, &e):
		if e.Line == 0 {
			return &Error{p.line(), e.Message}
		}
		return e
	case strings.Contains(err.Error(), "unexpected EOF"):
		return &Error{p.line(), "文件到这里就断了，不完整"}
	case strings.Contains(err.Error(), "entity"):
		return &Error{p.line(), "含有自定义的实体，不读"}
	case strings.Contains(err.Error(), "UTF-8"):
		return &Error{p.line(), "有无法识别的字符，文件的编码已损坏或不是 UTF-8"}
	}
	return &Error{p.line(), "不是合格的 XML"}
}

// step reads one token.
func (p *painReader) step() error {
	p.meter.since = 0
	token, err := p.decoder.Token()
	if err == io.EOF {
		return p.end()
	}
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case xml.Directive:
		return &Error{Message: "含有文档类型声明（DTD），不读"}
	case xml.ProcInst:
		if t.Target != "xml" || p.space != "" {
			return &Error{Message: "含有处理指令，不读"}
		}
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		return p.close()
	case xml.CharData:
		return p.chars(t)
	}
	return nil
}

func (p *painReader) chars(t xml.CharData) error {
	switch {
	case strings.ContainsRune(string(t), utf8.RuneError):
		return &Error{Message: "有无法识别的字符，文件的编码已损坏"}
	case p.after && len(p.path) > 0 && strings.TrimSpace(string(t)) != "":
		return errMixed
	case len(p.path) == 0 && strings.TrimSpace(string(t)) != "" && string(t) != "\ufeff":
		return &Error{Message: "不是 XML 文件"}
	case p.text.Len()+len(t) > p.limits.Token:
		return &Error{Message: fmt.Sprintf("有一段内容超过 %d 字节", p.limits.Token)}
	}
	p.text.Write(t)
	return nil
}

func (p *painReader) start(t xml.StartElement) error {
	name := t.Name
	if p.space == "" {
		if !painSpace.MatchString(name.Space) || name.Local != "Document" {
			return &Error{Message: "不是 pain.002 报文"}
		}
		p.space, p.head = name.Space, map[string][]string{}
	} else if len(p.path) == 0 {
		return &Error{Message: "报文结束后还有内容"}
	}
	if strings.TrimSpace(p.text.String()) != "" {
		return errMixed
	}
	if len(p.path) >= p.limits.Depth {
		return &Error{Message: fmt.Sprintf("元素嵌套超过 %d 层", p.limits.Depth)}
	}
	local := name.Local
	if name.Space != p.space {
		local = "?" + local // another's element has no meaning here
	}
	p.path = append(p.path, local)
	p.text.Reset()
	p.after = false
	switch p.place() {
	case txPlace:
		p.tx, p.txLine = map[string][]string{}, p.line()
	case txPlace + "/OrgnlTxRef/Amt/InstdAmt":
		return inYuan(t.Attr)
	}
	return nil
}

var errMixed = &Error{Message: "文字和元素混在一起"}

// inYuan holds that an amount is in CNY.
func inYuan(attributes []xml.Attr) error {
	for _, a := range attributes {
		if a.Name.Local == "Ccy" && a.Value == "CNY" {
			return nil
		}
	}
	return &Error{Message: "金额的币种不是人民币（CNY）"}
}

// place is where the innermost element stands, from below CstmrPmtStsRpt on; "" outside.
func (p *painReader) place() string {
	if len(p.path) < 3 || p.path[1] != "CstmrPmtStsRpt" {
		return ""
	}
	return strings.Join(p.path[2:], "/")
}

// Where the values stand that are read.
const txPlace = "OrgnlPmtInfAndSts/TxInfAndSts"

var (
	headPlaces = []string{"GrpHdr/CreDtTm", "OrgnlGrpInfAndSts/OrgnlMsgId", "OrgnlGrpInfAndSts/OrgnlMsgNmId", "OrgnlGrpInfAndSts/GrpSts"}
	txPlaces   = []string{"OrgnlEndToEndId", "TxSts", "AccptncDtTm", "OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/CdtrAcct/Id/Othr/Id"}
	reasons    = []string{"StsRsnInf/Rsn/Prtry", "StsRsnInf/Rsn/Cd", "StsRsnInf/AddtlInf"}
)

// close takes the value of the innermost element.
func (p *painReader) close() error {
	place := p.place()
	value := strings.TrimSpace(p.text.String())
	p.text.Reset()
	p.path = p.path[:len(p.path)-1]
	p.after = true
	switch {
	case place == txPlace:
		one, err := p.receipt()
		p.file.Receipts, p.tx = append(p.file.Receipts, one), nil
		return err
	case p.tx != nil:
		return keep(p.tx, strings.TrimPrefix(place, txPlace+"/"), value)
	case place != "":
		return keep(p.head, place, value)
	}
	return nil
}

// keep stores a value that is read; one that may stand once must not stand twice.
func keep(values map[string][]string, place, value string) error {
	single, many := false, false
	for _, list := range [][]string{headPlaces, txPlaces} {
		for _, known := range list {
			single = single || known == place
		}
	}
	for _, known := range reasons {
		many = many || known == place || "OrgnlGrpInfAndSts/"+known == place
	}
	switch {
	case single && len(values[place]) > 0:
		return &Error{Message: "元素 " + clip(place) + " 出现了两次"}
	case single, many && value != "" && len(values[place]) < 20:
		values[place] = append(values[place], value)
	}
	return nil
}

func first(values map[string][]string, place string) string {
	if len(values[place]) == 0 {
		return ""
	}
	return values[place][0]
}

// because joins the reasons below a place.
func because(values map[string][]string, under string) string {
	var all []string
	for _, place := range reasons {
		all = append(all, values[under+place]...)
	}
	return strings.Join(all, "；")
}

// statuses are the codes of ExternalPaymentTransactionStatus1Code that are understood, besides RJCT.
var statuses = map[string]Result{
	"ACSC": Success, "ACCC": Success,
	"ACCP": Underway, "ACFC": Underway, "ACSP": Underway, "ACTC": Underway, "ACWC": Underway, "ACWP": Underway,
	"PDNG": Underway, "PATC": Underway, "RCVD": Underway,
}

// returnedWord marks a rejection that is a return.
const returnedWord = "退汇"

// receipt makes a receipt of the transaction that just ended.
func (p *painReader) receipt() (Receipt, error) {
	if len(p.file.Receipts) >= p.limits.Receipts {
		return Receipt{}, &Error{p.txLine, fmt.Sprintf("超过 %d 笔", p.limits.Receipts)}
	}
	r := raw{
		batch: first(p.head, "OrgnlGrpInfAndSts/OrgnlMsgId"), payment: first(p.tx, "OrgnlEndToEndId"),
		account: first(p.tx, "OrgnlTxRef/CdtrAcct/Id/Othr/Id"), amount: first(p.tx, "OrgnlTxRef/Amt/InstdAmt"),
		at: first(p.tx, "AccptncDtTm"),
	}
	status := first(p.tx, "TxSts")
	r.result = statuses[status]
	switch {
	case status == "RJCT":
		r.result, r.reason = Failed, because(p.tx, "")
		for _, word := range p.tx["StsRsnInf/Rsn/Prtry"] {
			if word == returnedWord {
				r.result = Returned
			}
		}
		if r.at == "" && r.result == Failed {
			r.at = first(p.head, "GrpHdr/CreDtTm")
		}
	case r.result == 0:
		return Receipt{}, &Error{p.txLine, "状态“" + clip(status) + "”不认识"}
	}
	one, message := r.receipt()
	if message != "" {
		return Receipt{}, &Error{p.txLine, message}
	}
	return one, nil
}

// end is called where the file ends.
func (p *painReader) end() error {
	p.done = true
	switch {
	case p.space == "":
		return &Error{Message: "文件是空的或不完整"}
	case !strings.HasPrefix(first(p.head, "OrgnlGrpInfAndSts/OrgnlMsgNmId"), "pain.001."):
		return &Error{Message: "不是对 pain.001 的答复"}
	case first(p.head, "OrgnlGrpInfAndSts/OrgnlMsgId") == "":
		return &Error{Message: "没有说明答复的是哪一批（OrgnlMsgId）"}
	}
	if first(p.head, "OrgnlGrpInfAndSts/GrpSts") == "RJCT" {
		p.file.Refused = because(p.head, "OrgnlGrpInfAndSts/")
		if p.file.Refused == "" {
			p.file.Refused = "银行没有说明原因"
		}
	}
	return nil
}
