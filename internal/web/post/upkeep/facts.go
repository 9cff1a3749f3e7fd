package upkeep

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"

	"mianshen/internal/notify/supply"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/say"
	"mianshen/rules"
)

// vocabulary is the one that counts now.
func (p *Pages) vocabulary(r *http.Request) (*rules.Vocabulary, error) {
	book, err := p.Office.Current(r.Context())
	if err != nil {
		return nil, p.Explain(r.Context(), err, "指标字典")
	}
	return book.Book.Vocabulary, nil
}

func (p *Pages) facts(w http.ResponseWriter, r *http.Request) error {
	return p.showFacts(w, r, "", nil)
}

// showFacts shows what a firm supplied, with the form of the field that the address names.
func (p *Pages) showFacts(w http.ResponseWriter, r *http.Request, sent string, because error) error {
	ctx := r.Context()
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	v, err := p.vocabulary(r)
	if err != nil {
		return err
	}
	list, err := p.supply.Of(ctx, firm)
	if err != nil {
		return p.Explain(ctx, err, "补报")
	}
	s := p.Counter.Begin(r, "补报数据", "inbox")
	s.Crumbs, s.Meta, s.Said = []moneyui.Link{{Text: "消息", URL: counter.URL("/inbox", "firm", firm)}}, []string{p.Called(ctx, firm), firm}, sent
	s.Hint = "比对缺的数据、写错的数据，可以在这里补报，附上证明。掌握这项数据的部门核对后才算数，下一次比对就按它判定。"
	s.Sections = []moneyui.Section{giveSection(firm, given(r, because), v), {ID: "given", Title: "补报过的", Tables: []moneyui.Table{{
		Name: "补报过的数据", Heads: []string{"数据", "数值", "补报时间", "证明", "状态", "答复"}, Rows: givenRows(v, list), Empty: "还没有补报过。",
	}}}}
	return p.Counter.Show(w, r, s, p.Explain(ctx, because, "这项数据"))
}

// filled is what a form of one fact holds; what was refused stands in it again.
type filled struct{ field, cell, unit, note string }

func given(r *http.Request, because error) filled {
	f := filled{field: counter.Text(r, "field")}
	if because != nil {
		f.cell, f.unit, f.note = counter.Text(r, "cell"), counter.Text(r, "unit"), counter.Text(r, "note")
	}
	return f
}

func giveSection(firm string, in filled, v *rules.Vocabulary) moneyui.Section {
	field := in.field
	section := moneyui.Section{ID: "give", Title: "补报一项"}
	pick := moneyui.Field{Name: "field", Label: "数据", Kind: "select", Value: field}
	for _, f := range supply.Open(v) {
		pick.Choices = append(pick.Choices, moneyui.Pair{Name: f.Label + "（" + f.Source + "）", Value: f.Name})
	}
	section.Forms = []moneyui.Form{{Action: "/facts", Button: "选这一项", Ask: true, Quiet: true, Hidden: []moneyui.Pair{{Name: "firm", Value: firm}}, Fields: []moneyui.Field{pick}}}
	i := slices.IndexFunc(supply.Open(v), func(f *rules.Field) bool { return f.Name == field })
	switch {
	case i >= 0:
		section.Forms = append(section.Forms, giveForm(firm, supply.Open(v)[i], in))
	case field != "":
		section.Hint = "“" + field + "”不能在网上补报：它由别的数据推算，或者涉及个人信息。请联系提供它的部门。"
	}
	return section
}

func giveForm(firm string, f *rules.Field, in filled) moneyui.Form {
	value := moneyui.Field{Name: "cell", Label: f.Label, Must: true, Value: in.cell}
	switch f.Type {
	case rules.TypeBool:
		value.Kind, value.Choices = "select", []moneyui.Pair{{Name: "是", Value: "是"}, {Name: "否", Value: "否"}}
	case rules.TypeEnum:
		value.Kind = "select"
		for _, x := range f.Values {
			value.Choices = append(value.Choices, moneyui.Pair{Name: x, Value: x})
		}
	case rules.TypeDate:
		value.Kind = "date"
	}
	form := moneyui.Form{
		Action: "/facts", Button: "提交，请" + f.Source + "核对", Title: "补报：" + f.Label, Files: true,
		Hidden: []moneyui.Pair{{Name: "firm", Value: firm}, {Name: "field", Value: f.Name}}, Fields: []moneyui.Field{value},
	}
	if f.Unit != "" {
		hint := "例如 " + f.Unit
		if f.Type == rules.TypeMoney {
			hint = "元或万元，照您的报表写"
		}
		form.Fields = append(form.Fields, moneyui.Field{Name: "unit", Label: "单位", Value: cmp.Or(in.unit, f.Unit), Hint: hint, Must: true})
	}
	form.Fields = append(form.Fields, moneyui.Field{Name: "file", Label: "证明材料", Kind: "file", Hint: "一个文件，最大 10 MiB"}, moneyui.Field{Name: "note", Label: "说明", Kind: "area", Value: in.note})
	return form
}

func fieldLabel(v *rules.Vocabulary, name string) string {
	if f, known := v.Field(name); known {
		return f.Label
	}
	return name
}

func valueCell(x supply.Fact) moneyui.Cell {
	return moneyui.Cell{Text: x.Cell + " " + x.Unit, Small: x.Period}
}

func proofCell(x supply.Fact) moneyui.Cell {
	if x.FileName == "" {
		return moneyui.Text("没有")
	}
	return moneyui.Cell{Text: x.FileName, URL: "/facts/" + url.PathEscape(x.ID) + "/proof", Small: fmt.Sprintf("%d KB", (x.FileSize+1023)/1024)}
}

func factState(x supply.Fact) moneyui.Cell {
	switch x.Answer {
	case "confirmed":
		return moneyui.Badge("已采用", moneyui.Good)
	case "refused":
		return moneyui.Badge("没有采用", moneyui.Bad)
	}
	return moneyui.Badge("等部门核对", moneyui.Going)
}

func givenRows(v *rules.Vocabulary, list []supply.Fact) (rows [][]moneyui.Cell) {
	for _, x := range list {
		answer := moneyui.Cell{Text: x.Reason, Small: moneyui.Clock(x.AnsweredAt)}
		rows = append(rows, []moneyui.Cell{{Text: fieldLabel(v, x.Field), Small: x.Note}, valueCell(x), moneyui.Text(moneyui.Clock(x.SuppliedAt)), proofCell(x), factState(x), answer})
	}
	return rows
}

func (p *Pages) giveFact(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, data, err := attached(r)
	if err != nil {
		return p.showFacts(w, r, "", err)
	}
	firm, err := p.Firm(r)
	if err != nil {
		return err
	}
	v, err := p.vocabulary(r)
	if err != nil {
		return err
	}
	asOf, err := p.Desk.AsOf(ctx)
	if err != nil {
		return p.Explain(ctx, err, "比对结果")
	}
	given := supply.Given{
		Enterprise: firm, Field: counter.Text(r, "field"), Cell: counter.Text(r, "cell"), Unit: counter.Text(r, "unit"), Note: counter.Text(r, "note"), FileName: name, File: data,
	}
	if _, err := p.supply.Supply(ctx, v, given, asOf, p.Counter.Who(ctx).ID(), p.Clock()); err != nil {
		return p.showFacts(w, r, "", err)
	}
	return p.showFacts(w, r, "已提交，部门答复后会在下面看到。", nil)
}

// attached reads a file that may be there. Its name is kept as a name alone.
func attached(r *http.Request) (string, []byte, error) {
	name, data, err := counter.File(r, "file", supply.MaxFile)
	var p *problem.Problem
	if errors.As(err, &p) && r.MultipartForm != nil && len(r.MultipartForm.File["file"]) == 0 {
		return "", nil, nil // none was chosen
	}
	if name != "" {
		name = path.Base(name)
	}
	return name, data, err
}

// departments are those that the caller answers for.
func departments(who caller.Caller) (list []string) {
	if who.Identity == nil {
		return nil
	}
	for _, h := range who.Identity.Roles {
		if who.For(caller.D1|caller.D2, h.Scope) && !slices.Contains(list, h.Scope) {
			list = append(list, h.Scope)
		}
	}
	return list
}

// proof sends what proves a fact, to the firm, to the department whose fact it is, and to auditors.
func (p *Pages) proof(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Counter.Who(r.Context())
	v, err := p.vocabulary(r)
	if err != nil {
		return err
	}
	missing := problem.New(http.StatusNotFound, "没有找到这份证明。")
	x, data, err := p.supply.Proof(ctx, r.PathValue("id"))
	if err != nil {
		return p.Explain(ctx, err, "这份证明")
	}
	f, known := v.Field(x.Field)
	if !who.Owns(x.Enterprise) && !who.Has(caller.AU) && (!known || !who.For(caller.D1|caller.D2, f.Source)) || data == nil {
		return missing
	}
	return counter.Send(w, x.FileName, "application/octet-stream", data)
}

func (p *Pages) answers(w http.ResponseWriter, r *http.Request) error {
	return p.showAnswers(w, r, "", nil)
}

func (p *Pages) showAnswers(w http.ResponseWriter, r *http.Request, said string, because error) error {
	ctx, mine := r.Context(), departments(p.Counter.Who(r.Context()))
	v, err := p.vocabulary(r)
	if err != nil {
		return err
	}
	waiting, err := p.supply.Waiting(ctx, v, mine, false)
	if err != nil {
		return p.Explain(ctx, err, "补报")
	}
	done, err := p.supply.Waiting(ctx, v, mine, true)
	if err != nil {
		return p.Explain(ctx, err, "补报")
	}
	s := p.Counter.Begin(r, "企业补报的数据", "answers")
	s.Said, s.Meta = said, mine
	s.Hint = "企业补报、由本部门掌握的数据。核对属实点“属实”，马上记为更正，下一次比对就按它判定；不属实写明理由退回，企业会看到。"
	heads := []string{"企业", "数据", "数值", "补报", "证明", "核对"}
	s.Sections = []moneyui.Section{
		{ID: "waiting", Title: "等核对", Count: fmt.Sprintf("%d 条", len(waiting)), Tables: []moneyui.Table{{Name: "等核对", Heads: heads, Rows: p.answerRows(r, v, waiting), Empty: "没有等核对的补报。"}}},
		{ID: "done", Title: "答复过的", Fold: true, Tables: []moneyui.Table{{Name: "答复过的", Heads: heads, Rows: p.answerRows(r, v, done), Empty: "还没有答复过。"}}},
	}
	return p.Counter.Show(w, r, s, p.Explain(ctx, because, "这条补报"))
}

func (p *Pages) answerRows(r *http.Request, v *rules.Vocabulary, list []supply.Fact) (rows [][]moneyui.Cell) {
	me := p.Counter.Who(r.Context()).ID()
	for _, x := range list {
		last := moneyui.Cell{Text: map[string]string{"confirmed": "属实", "refused": "不属实"}[x.Answer], Small: x.Reason}
		switch {
		case x.Answer != "":
		case x.Supplier == me:
			last = moneyui.Text("您自己补报的，请由别人核对")
		default:
			last = moneyui.Cell{Forms: []moneyui.Form{{
				Action: "/facts/answers", Button: "答复", Hidden: []moneyui.Pair{{Name: "id", Value: x.ID}},
				Fields: []moneyui.Field{
					{Name: "answer", Label: "核对结果", Kind: "select", Choices: []moneyui.Pair{{Name: "请选择", Value: ""}, {Name: "属实", Value: "confirmed"}, {Name: "不属实", Value: "refused"}}},
					{Name: "reason", Label: "依据或理由", Must: true},
				},
			}}}
		}
		rows = append(rows, []moneyui.Cell{
			{Text: x.Firm, URL: "/enterprises/" + url.PathEscape(x.Enterprise), Small: x.Enterprise},
			{Text: fieldLabel(v, x.Field), Small: say.Fact(v, x.Field)},
			valueCell(x),
			{Text: moneyui.Clock(x.SuppliedAt), Small: x.Note},
			proofCell(x), last,
		})
	}
	return rows
}

func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.vocabulary(r)
	if err != nil {
		return err
	}
	said := counter.Text(r, "answer")
	if said != "confirmed" && said != "refused" {
		return p.showAnswers(w, r, "", problem.New(http.StatusUnprocessableEntity, "请选择属实还是不属实。"))
	}
	if err := p.supply.Answer(ctx, v, counter.Text(r, "id"), said == "confirmed", counter.Text(r, "reason"), p.Counter.Who(ctx).ID(), p.Clock()); err != nil {
		return p.showAnswers(w, r, "", err)
	}
	return p.showAnswers(w, r, "已答复。", nil)
}
