package money

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/notice"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
)

const noticeSize = 100

// notices are all public notices, for everybody.
func (p *Pages) notices(w http.ResponseWriter, r *http.Request) error {
	s := p.Begin(r, "公示", "notices")
	s.Hint = "拨付以前公示拟拨付的企业和金额，任何人都可以看、可以提异议。"
	page, err := p.Seen.Notices(r.Context(), counter.Text(r, "after"), pageSize)
	if err != nil {
		return err
	}
	var rows [][]moneyui.Cell
	for _, n := range page {
		rows = append(rows, []moneyui.Cell{moneyui.To(n.Title, listURL(n.List)+"/notice"), moneyui.Text(n.Department), moneyui.Text(n.Until.String()), moneyui.Text(strconv.Itoa(n.Count)), moneyui.Sum(n.Sum)})
	}
	section := moneyui.Section{ID: "all", Title: "名单", Tables: []moneyui.Table{{Name: "公示的名单", Heads: []string{"名单", "部门", "公示到", "笔数#", "金额（元）#"}, Rows: rows, Empty: "现在没有公示。"}}}
	if len(page) == pageSize {
		section.More = counter.URL("/notices", "after", page[pageSize-1].List)
	}
	s.Sections = []moneyui.Section{section}
	return p.Show(w, r, s, nil)
}

// table is the notice of a list that is to be seen: one that was called back isn't. It has at most limit rows after a number, all where
// limit is 0; count is how many there are.
func (p *Pages) table(r *http.Request, after, limit int) (t notice.Table, count int, err error) {
	ctx := r.Context()
	missing := problem.New(http.StatusNotFound, "没有找到这份公示。")
	l, err := p.View.List(ctx, r.PathValue("id"))
	if err != nil {
		return t, 0, p.Explain(ctx, err, "这份公示")
	}
	switch l.State {
	case lists.Drafted, lists.Reviewed, lists.Confirmed, lists.Withdrawn:
		return t, 0, missing
	}
	if t, err = p.View.NoticePage(ctx, l.ID, after, limit); err != nil {
		return t, 0, p.Explain(ctx, err, "这份公示")
	}
	t.Contact = l.Department
	return t, l.Count, nil
}

func (p *Pages) notice(w http.ResponseWriter, r *http.Request) error {
	after, _ := strconv.Atoi(counter.Text(r, "after"))
	t, count, err := p.table(r, max(after, 0), noticeSize)
	if err != nil {
		return err
	}
	id, who := r.PathValue("id"), p.Who(r.Context())
	s := p.Begin(r, t.Title, "notices")
	s.Crumbs = []moneyui.Link{{Text: "公示", URL: "/notices"}}
	s.Meta = []string{t.Department, fmt.Sprintf("公示期 %s 至 %s（含首尾两日）", t.From, t.Until)}
	s.Hint = "对名单有异议，请在公示期内向" + t.Contact + "提出，写明姓名或单位、联系方式和理由。"
	for _, f := range []struct{ name, file string }{{"下载 Excel", "table.xlsx"}, {"下载 Word", "table.docx"}, {"打印页", "table.html"}} {
		s.Links = append(s.Links, moneyui.Link{Text: f.name, URL: listURL(id) + "/notice/" + f.file})
	}
	items, err := p.Items(r.Context())
	if err != nil {
		return err
	}
	var rows [][]moneyui.Cell
	section := moneyui.Section{ID: "rows", Title: "拟拨付名单", Count: strconv.Itoa(count) + " 笔"}
	if len(t.Rows) == noticeSize {
		section.More = counter.URL(listURL(id)+"/notice", "after", strconv.Itoa(t.Rows[noticeSize-1].N))
	}
	for _, x := range t.Rows {
		title := items[x.Item].Title
		if title == "" {
			title = x.Item
		}
		rows = append(rows, []moneyui.Cell{moneyui.Text(strconv.Itoa(x.N)), {Text: x.Payee, Small: x.USCC}, moneyui.Text(title), moneyui.Sum(x.Amount)})
	}
	section.Tables = []moneyui.Table{{Name: "拟拨付名单", Heads: []string{"序号", "企业", "事项", "金额（元）#"}, Rows: rows, Empty: "没有可以公示的条目。"}}
	s.Sections = []moneyui.Section{section}
	if l, err := p.View.List(r.Context(), id); err == nil && who.For(caller.D1|caller.D2, l.Department) {
		s.Links = append(s.Links, moneyui.Link{Text: "登记异议", URL: listURL(id) + "#objections"})
	}
	return p.Show(w, r, s, nil)
}

// noticeFile is the notice as a file.
func (p *Pages) noticeFile(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.table(r, 0, 0)
	if err != nil {
		return err
	}
	name := r.PathValue("file")
	files := map[string]struct {
		kind  string
		write func(io.Writer) error
	}{
		"table.xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", t.WriteXLSX},
		"table.docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", t.WriteDOCX},
		"table.csv":  {"text/csv; charset=utf-8", t.WriteCSV},
		"table.html": {"text/html; charset=utf-8", t.WriteHTML},
	}
	f, ok := files[name]
	if !ok {
		return problem.New(http.StatusNotFound, "没有这种文件。")
	}
	var b bytes.Buffer
	if err := f.write(&b); err != nil {
		return err
	}
	return counter.Send(w, "公示 "+r.PathValue("id")+name[len("table"):], f.kind, b.Bytes())
}
