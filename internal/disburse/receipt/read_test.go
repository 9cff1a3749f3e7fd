package receipt_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mianshen/internal/disburse/receipt"
)

type reader = func(io.Reader, receipt.Limits) (receipt.File, error)

// as compares what was read with what the bank wrote.
func as(t *testing.T, got receipt.File, want []line) {
	t.Helper()
	if len(got.Receipts) != len(want) {
		t.Fatalf("%d receipts, want %d", len(got.Receipts), len(want))
	}
	for i, r := range got.Receipts {
		w := want[i]
		reason := r.Reason
		if j := strings.LastIndex(reason, "；"); j >= 0 {
			reason = reason[j+len("；"):] // pain.002 has a code before it
		}
		back := line{r.Batch, r.Payment, r.Account, yuan(r.Amount), r.Result.String(), reason, r.At.Format(time.DateTime)}
		if back != w {
			t.Errorf("receipt %d:\n%v, want\n%v", i+1, back, w)
		}
	}
}

func TestReaders(t *testing.T) {
	list := answers(sample(11))
	gb := bytes.Replace(asPain(list), []byte("UTF-8"), []byte("GB18030"), 1)
	for name, c := range map[string]struct {
		read     reader
		data     []byte
		encoding string
	}{
		"csv":             {receipt.ReadCSV, asCSV(list), "UTF-8"},
		"csv with mark":   {receipt.ReadCSV, append([]byte("\ufeff"), asCSV(list)...), "UTF-8"},
		"csv in GB18030":  {receipt.ReadCSV, asGB18030(t, asCSV(list)), "GB18030"},
		"xlsx":            {receipt.ReadXLSX, asXLSX(t, list), ""},
		"pain":            {receipt.ReadPain002, asPain(list), "UTF-8"},
		"pain in GB18030": {receipt.ReadPain002, asGB18030(t, gb), "GB18030"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.read(iotest.OneByteReader(bytes.NewReader(c.data)), receipt.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			as(t, got, list)
			if got.Encoding != c.encoding {
				t.Errorf("encoding %q", got.Encoding)
			}
		})
	}
}

// TestTruncated cuts each file at every byte: nothing is read of it, and the error says where.
func TestTruncated(t *testing.T) {
	list := answers(sample(6))
	pain := bytes.TrimSpace(asPain(list)) // the line end after the root says nothing
	for name, c := range map[string]struct {
		read  reader
		data  []byte
		lines bool // an error has a line once anything was read
	}{
		"csv":            {receipt.ReadCSV, asCSV(list), true},
		"csv in GB18030": {receipt.ReadCSV, asGB18030(t, asCSV(list)), true},
		"xlsx":           {receipt.ReadXLSX, asXLSX(t, list), false},
		"pain":           {receipt.ReadPain002, pain, true},
	} {
		if _, err := c.read(bytes.NewReader(c.data), receipt.Limits{}); err != nil {
			t.Fatalf("%s whole: %v", name, err)
		}
		for n := range c.data {
			got, err := c.read(bytes.NewReader(c.data[:n]), receipt.Limits{})
			var said *receipt.Error
			switch {
			case !errors.As(err, &said):
				t.Fatalf("%s cut at %d: %v", name, n, err)
			case len(got.Receipts) > 0:
				t.Fatalf("%s cut at %d: %d receipts", name, n, len(got.Receipts))
			case c.lines && n > 3 && said.Line == 0:
				t.Fatalf("%s cut at %d: %v has no line", name, n, err)
			}
		}
	}
}

// TestWrongLines holds what is refused in a table, and how it is said.
func TestWrongLines(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(l *line)
		want  string
	}{
		"no id":             {func(l *line) { l.payment = "" }, "回单第 3 行：没有支付编号"},
		"long id":           {func(l *line) { l.payment = strings.Repeat("1", 36) }, "回单第 3 行：支付编号超过 35 位"},
		"no account":        {func(l *line) { l.account = "" }, "回单第 3 行：没有收款账号"},
		"no batch":          {func(l *line) { l.batch = "" }, "回单第 3 行：没有批次号"},
		"no amount":         {func(l *line) { l.amount = "" }, "回单第 3 行：没有金额"},
		"parts of a 分":      {func(l *line) { l.amount = "6000.001" }, "回单第 3 行：金额“6000.001”读不懂，应以元为单位、最多两位小数，如 6000.00"},
		"commas":            {func(l *line) { l.amount = "6,000.00" }, "回单第 3 行：金额“6,000.00”读不懂，应以元为单位、最多两位小数，如 6000.00"},
		"negative":          {func(l *line) { l.amount = "-1.00" }, "回单第 3 行：金额“-1.00”读不懂，应以元为单位、最多两位小数，如 6000.00"},
		"exponent":          {func(l *line) { l.amount = "6E3" }, "回单第 3 行：金额“6E3”读不懂，应以元为单位、最多两位小数，如 6000.00"},
		"unknown result":    {func(l *line) { l.result = "OK" }, "回单第 3 行：结果“OK”读不懂，应为成功、失败、退回或处理中"},
		"account as result": {func(l *line) { l.result = "6222020200112233445" }, "回单第 3 行：结果“****3445”读不懂，应为成功、失败、退回或处理中"},
		"no result":         {func(l *line) { l.result = "" }, "回单第 3 行：结果“”读不懂，应为成功、失败、退回或处理中"},
		"no reason":         {func(l *line) { l.reason = "" }, "回单第 3 行：结果是失败，却没有原因"},
		"no time":           {func(l *line) { l.at = "" }, "回单第 3 行：没有银行时间"},
		"no such day":       {func(l *line) { l.at = "2025-02-30 00:00:00" }, "回单第 3 行：银行时间“2025-02-30 00:00:00”读不懂，应如 2025-06-30 09:30:00"},
		"day without time":  {func(l *line) { l.at = "2025-02-20" }, "回单第 3 行：银行时间“2025-02-20”读不懂，应如 2025-06-30 09:30:00"},
		"year out of range": {func(l *line) { l.at = "0025-02-20 00:00:00" }, "回单第 3 行：银行时间“0025-02-20 00:00:00”读不懂，应如 2025-06-30 09:30:00"},
	} {
		list := answers(sample(4))
		c.spoil(&list[1])
		if _, err := receipt.ReadCSV(bytes.NewReader(asCSV(list)), receipt.Limits{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWrongFiles holds what is refused of a file as a whole.
func TestWrongFiles(t *testing.T) {
	list := answers(sample(3))
	text := string(asCSV(list))
	cut := strings.Join(slices.Delete(strings.SplitAfter(text, "\n"), 2, 3), "")
	swapped := strings.Replace(text, "6000.01", "6000.02", 1)
	pain := string(asPain(list))
	change := func(from, to string) []byte { return []byte(strings.Replace(pain, from, to, 1)) }
	for name, c := range map[string]struct {
		read reader
		data []byte
		want string
	}{
		"empty csv":       {receipt.ReadCSV, nil, "文件是空的"},
		"a line missing":  {receipt.ReadCSV, []byte(cut), "第 4 行：合计 3 笔，实有 2 笔"},
		"another sum":     {receipt.ReadCSV, []byte(swapped), "第 5 行：合计 18000.03 元，与各笔相加不符"},
		"after the end":   {receipt.ReadCSV, []byte(text + "x\r\n"), "第 6 行：“合计”行后面还有内容"},
		"a column twice":  {receipt.ReadCSV, []byte(strings.Replace(text, "户名", "金额", 1)), "第 1 行：表头有两列“金额”"},
		"no column":       {receipt.ReadCSV, []byte(strings.Replace(text, "结果", "说明", 1)), "第 1 行：表头没有“结果”列"},
		"UTF-16":          {receipt.ReadCSV, []byte("\xff\xfe\x7b\x98"), "UTF-16"},
		"Big5":            {receipt.ReadCSV, []byte("\xa7\xe5\xa6\xb8\xb8\xb9,\xaa\xf7\xc3B\r\n"), "第 1 行："},
		"damaged UTF-8":   {receipt.ReadCSV, []byte(strings.Replace(text, "龘", "\xe9\xbe", 1)), "第 3 行：有无法识别的字符"},
		"damaged GB18030": {receipt.ReadCSV, bytes.Replace(asGB18030(t, asCSV(list)), asGB18030(t, []byte("龘")), []byte("\x81"), 1), "第 3 行："},
		"no workbook":     {receipt.ReadXLSX, []byte("PK"), "不是有效的 XLSX"},
		"lost digits": {receipt.ReadXLSX, book(t, `<row r="1"><c t="inlineStr"><is><t>批次号</t></is></c><c t="inlineStr"><is><t>支付编号</t></is></c><c t="inlineStr"><is><t>收款账号</t></is></c>`+
			`<c t="inlineStr"><is><t>金额</t></is></c><c t="inlineStr"><is><t>结果</t></is></c><c t="inlineStr"><is><t>原因</t></is></c><c t="inlineStr"><is><t>银行时间</t></is></c></row>`+
			`<row r="2"><c t="inlineStr"><is><t>B</t></is></c><c t="inlineStr"><is><t>P</t></is></c><c><v>6222020000000000000</v></c></row>`), "第 2 行：收款账号超过 15 位却存成了数字"},

		"not XML":         {receipt.ReadPain002, []byte("支付编号,金额\n"), "不是 XML 文件"},
		"another report":  {receipt.ReadPain002, change("pain.002.001.10", "pain.002.001.99"), "第 3 行：不是 pain.002 报文"},
		"of direct debit": {receipt.ReadPain002, change("pain.001.001.09", "pain.008.001.08"), "不是对 pain.001 的答复"},
		"unknown status":  {receipt.ReadPain002, change(">ACSC<", ">ACXX<"), "第 9 行：状态“ACXX”不认识"},
		"status twice":    {receipt.ReadPain002, change("<TxSts>ACSC</TxSts>", "<TxSts>ACSC</TxSts><TxSts>RJCT</TxSts>"), "第 11 行：元素 TxSts 出现了两次"},
		"mixed":           {receipt.ReadPain002, change("<TxSts>ACSC", "<TxSts>RJ<b/>ACSC"), "第 11 行：文字和元素混在一起"},
		"mixed before":    {receipt.ReadPain002, change("<TxSts>ACSC", "<TxSts>RJCT<b/>"), "第 11 行：文字和元素混在一起"},
		"dollars":         {receipt.ReadPain002, change(`"CNY"`, `"USD"`), "第 13 行：金额的币种不是人民币"},
		"no currency":     {receipt.ReadPain002, change(` Ccy="CNY"`, ``), "第 13 行：金额的币种不是人民币"},
		"no amount":       {receipt.ReadPain002, change(`<Amt><InstdAmt Ccy="CNY">6000.00</InstdAmt></Amt>`, ``), "第 9 行：没有金额"},
		"no time":         {receipt.ReadPain002, change("   <AccptncDtTm>2025-07-01T09:30:00+08:00</AccptncDtTm>\n", ""), "第 9 行：没有银行时间"},
		"two roots":       {receipt.ReadPain002, append([]byte(pain), "<Document/>"...), "报文结束后还有内容"},
		"text after it":   {receipt.ReadPain002, append([]byte(pain), "x"...), "不是 XML 文件"},
		"Big5 in XML":     {receipt.ReadPain002, change("UTF-8", "Big5"), "第 1 行：编码“Big5”不认识"},
		"not its code":    {receipt.ReadPain002, asGB18030(t, []byte(pain)), "有无法识别的字符"},
		"damaged":         {receipt.ReadPain002, bytes.Replace(asGB18030(t, change("UTF-8", "GBK")), asGB18030(t, []byte("龘")), []byte("\xff"), 1), "有无法识别的字符"},
		"crossed tags":    {receipt.ReadPain002, change("</TxSts>", "</TxSt>"), "第 11 行：不是合格的 XML"},
	} {
		got, err := c.read(bytes.NewReader(c.data), receipt.Limits{})
		if err == nil || !strings.Contains(err.Error(), c.want) || len(got.Receipts) > 0 {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestRefused holds that a refusal of the whole message is said and makes no receipts.
func TestRefused(t *testing.T) {
	text := strings.Replace(string(asPain(nil)), "</OrgnlMsgNmId>", "</OrgnlMsgNmId><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn><AddtlInf>格式错误</AddtlInf></StsRsnInf>", 1)
	got, err := receipt.ReadPain002(strings.NewReader(text), receipt.Limits{})
	if err != nil || got.Refused != "FF01；格式错误" || len(got.Receipts) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// endless gives the same bytes for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at]
		e.at = (e.at + 1) % len(e.text)
	}
	return len(p), nil
}

func forever(text string) io.Reader { return &endless{text: text} }

// TestBombs holds that hostile files are refused at once, whatever they unpack to.
func TestBombs(t *testing.T) {
	pain := string(asPain(answers(sample(2))))
	head, body, _ := strings.Cut(pain, "<Document")
	body = "<Document" + body
	laughs := `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	open, _, _ := strings.Cut(pain, "<TxInfAndSts>")
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"billion laughs":   {strings.NewReader(laughs + strings.Replace(body, "ACSC", "&c;", 1)), "DTD"},
		"external entity":  {strings.NewReader(`<!DOCTYPE x SYSTEM "file:///etc/passwd">` + body), "DTD"},
		"DTD inside":       {strings.NewReader(strings.Replace(body, "<GrpHdr>", "<!DOCTYPE x><GrpHdr>", 1)), "DTD"},
		"unknown entity":   {strings.NewReader(strings.Replace(body, "ACSC", "&c;", 1)), "实体"},
		"instruction":      {strings.NewReader(`<?xml-stylesheet href="a"?>` + body), "处理指令"},
		"deep":             {io.MultiReader(strings.NewReader(open), forever("<a>")), "嵌套超过"},
		"endless text":     {io.MultiReader(strings.NewReader(open+"<a>"), forever("a")), "超过 65536 字节"},
		"endless name":     {io.MultiReader(strings.NewReader(open+"<"), forever("a")), "超过 65536 字节"},
		"endless attrs":    {io.MultiReader(strings.NewReader(open+"<a "), forever(`b="c" `)), "超过 65536 字节"},
		"endless comment":  {io.MultiReader(strings.NewReader(open+"<!--"), forever("a")), "超过 65536 字节"},
		"endless CDATA":    {io.MultiReader(strings.NewReader(open+"<a><![CDATA["), forever("a")), "超过 65536 字节"},
		"endless pieces":   {io.MultiReader(strings.NewReader(open+"<a>"), forever("aaaaaaaa<!---->")), "超过 65536 字节"},
		"endless elements": {io.MultiReader(strings.NewReader(open), forever("<a/>")), "文件太大"},
		"endless head":     {io.MultiReader(strings.NewReader(head), forever(" <!-- -->")), "超过 65536 字节"},
		"endless receipts": {io.MultiReader(strings.NewReader(open), forever(answers(sample(1))[0].pain())), "超过 1000 笔"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := receipt.ReadPain002(c.in, receipt.Limits{Bytes: 4 << 20, Receipts: 1000})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	for name, read := range map[string]reader{"csv": receipt.ReadCSV, "xlsx": receipt.ReadXLSX} {
		if _, err := read(forever("a"), receipt.Limits{Bytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "超过 1048576 字节") {
			t.Errorf("endless %s: %v", name, err)
		}
	}
	if _, err := receipt.ReadCSV(bytes.NewReader(asCSV(answers(sample(11)))), receipt.Limits{Receipts: 10}); err == nil || !strings.Contains(err.Error(), "第 12 行：超过 10 笔") {
		t.Errorf("too many lines: %v", err)
	}
}

// TestReadErrors holds that a broken source isn't taken for a short file.
func TestReadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		read reader
		data []byte
	}{"csv": {receipt.ReadCSV, asCSV(nil)}, "xlsx": {receipt.ReadXLSX, asXLSX(t, nil)}, "pain": {receipt.ReadPain002, asPain(nil)}} {
		broken := io.MultiReader(bytes.NewReader(c.data[:20]), iotest.ErrReader(io.ErrClosedPipe))
		if _, err := c.read(broken, receipt.Limits{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sound holds what every reader promises of what it lets through.
func sound(t *testing.T, got receipt.File, err error) {
	t.Helper()
	var said *receipt.Error
	if err != nil {
		if !errors.As(err, &said) || len(got.Receipts) > 0 {
			t.Fatalf("%d receipts with %v", len(got.Receipts), err)
		}
		return
	}
	for i, r := range got.Receipts {
		failed := r.Result == receipt.Failed || r.Result == receipt.Returned
		if r.Batch == "" || r.Payment == "" || r.Account == "" || r.Amount < 0 || r.Result < receipt.Underway || r.Result > receipt.Returned ||
			failed && r.Reason == "" || r.At.IsZero() && r.Result != receipt.Underway {
			t.Fatalf("receipt %d: %+v", i+1, r)
		}
	}
}

func FuzzPain002(f *testing.F) {
	f.Add(asPain(answers(sample(2))))
	f.Add(asPain(nil))
	f.Add([]byte(`<?xml version="1.0" encoding="GBK"?><Document/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := receipt.ReadPain002(bytes.NewReader(data), receipt.Limits{})
		sound(t, got, err)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add(asCSV(answers(sample(5))))
	f.Add(asGB18030(f, asCSV(answers(sample(2)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := receipt.ReadCSV(bytes.NewReader(data), receipt.Limits{})
		sound(t, got, err)
	})
}

func FuzzXLSX(f *testing.F) {
	f.Add(asXLSX(f, answers(sample(1))))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := receipt.ReadXLSX(bytes.NewReader(data), receipt.Limits{Bytes: 1 << 20})
		sound(t, got, err)
	})
}
