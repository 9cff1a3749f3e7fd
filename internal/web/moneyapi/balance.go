package moneyapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"

	"mianshen/internal/disburse/pay/balance"
	"mianshen/internal/sheet"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Side is how many payments one side has, and their sum.
type Side struct {
	Count int         `json:"count"`
	Sum   exact.Money `json:"sum" doc:"元"`
}

// Sides are the five that are put side by side.
type Sides struct {
	List      Side  `json:"list" doc:"名单"`
	Ledger    Side  `json:"ledger" doc:"账"`
	File      Side  `json:"file" doc:"支付文件"`
	Receipts  Side  `json:"receipts" doc:"回单"`
	Statement *Side `json:"statement,omitempty" doc:"银行流水；没有给流水就没有"`
}

// BalanceClass is one class of a reconciliation.
type BalanceClass struct {
	Class    string `json:"class"`
	Words    string `json:"words" doc:"类别的中文"`
	Finished bool   `json:"finished" doc:"办完了的：已付、失败、退回、已撤销"`
	Lines    int    `json:"lines"`
	Sides
}

// BalanceLine is one payment, receipt or movement in its class.
type BalanceLine struct {
	Class   string      `json:"class"`
	List    string      `json:"list,omitempty"`
	N       int         `json:"n,omitempty" doc:"第几条"`
	Payment string      `json:"payment,omitempty" doc:"支付编号"`
	Amount  exact.Money `json:"amount" doc:"元"`
	Note    string      `json:"note,omitempty" doc:"要看什么"`
}

// BalanceFile is a payment file that was made anew and held against the one that left.
type BalanceFile struct {
	Batch   string `json:"batch"`
	Format  string `json:"format"`
	Problem string `json:"problem,omitempty" doc:"哪里不同；相同就没有"`
}

// Reconciliation is list, ledger, file, receipts and statement side by side, with a page of its lines.
type Reconciliation struct {
	Year    int            `json:"year"`
	List    string         `json:"list,omitempty"`
	Clean   bool           `json:"clean" doc:"全部办完、全部相符"`
	Classes []BalanceClass `json:"classes"`
	Total   Sides          `json:"total"`
	Files   []BalanceFile  `json:"files"`
	Lines   []BalanceLine  `json:"lines" doc:"一页明细，按类别、名单、序号排"`
	Cursor  string         `json:"cursor,omitempty"`
}

// AskReconciliation asks for the reconciliation of a year, or of one list.
type AskReconciliation struct {
	Year   int    `query:"year" minimum:"2000" maximum:"2999" doc:"哪一年的批次；不写就是今年"`
	List   string `query:"list" maxLength:"30" doc:"只对这份名单"`
	Class  string `query:"class" maxLength:"20" doc:"只要这一类的明细；不写就是还没办完或不符的各类，all 是全部"`
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页答复里的 cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"一页几条明细；全部明细请下载"`
}

// Reconciliation puts them side by side, without a statement.
func (a *API) Reconciliation(ctx context.Context, in *AskReconciliation) (*Reconciliation, error) {
	return a.reconciled(ctx, in, nil)
}

// report is the reconciliation itself.
func (a *API) report(ctx context.Context, in *AskReconciliation, statement *balance.Statement) (*balance.Report, error) {
	if in.Year == 0 {
		in.Year = civil.On(a.Clock()).Year()
	}
	r, err := balance.Reconcile(ctx, a.Office.Store, a.Bank, in.Year, in.List, statement)
	return r, a.Explain(ctx, err, "这份名单")
}

func (a *API) reconciled(ctx context.Context, in *AskReconciliation, statement *balance.Statement) (*Reconciliation, error) {
	after, err := desk.Paging{Cursor: in.Cursor}.Skip(10_000_000)
	if err != nil {
		return nil, err
	}
	pick, err := in.pick()
	if err != nil {
		return nil, err
	}
	r, err := a.report(ctx, in, statement)
	if err != nil {
		return nil, err
	}
	asked := statement != nil
	out := &Reconciliation{Year: in.Year, List: in.List, Clean: r.Clean(), Classes: []BalanceClass{}, Total: sides(r.Total, asked), Files: []BalanceFile{}, Lines: []BalanceLine{}}
	for i, row := range r.Rows {
		if class := balance.Class(i); len(r.Lines[i]) > 0 {
			out.Classes = append(out.Classes, BalanceClass{class.Code(), class.String(), class.Finished(), len(r.Lines[i]), sides(row, asked)})
		}
	}
	for _, f := range r.Files {
		out.Files = append(out.Files, BalanceFile(f))
	}
	seen := 0
	for i, lines := range r.Lines {
		if !pick(balance.Class(i)) {
			continue
		}
		from := min(max(after-seen, 0), len(lines))
		for _, l := range lines[from:min(len(lines), from+in.Limit-len(out.Lines))] {
			out.Lines = append(out.Lines, lineOf(l))
		}
		if seen += len(lines); len(out.Lines) == in.Limit && after+in.Limit < seen {
			out.Cursor = cursor(after + in.Limit)
			break
		}
	}
	return out, nil
}

// pick says whose lines are wanted.
func (in *AskReconciliation) pick() (func(balance.Class) bool, error) {
	switch in.Class {
	case "":
		return func(c balance.Class) bool { return !c.Finished() }, nil
	case "all":
		return func(balance.Class) bool { return true }, nil
	}
	if !balance.IsCode(in.Class) {
		return nil, problem.Wrong("query.class", "没有这个类别")
	}
	return func(c balance.Class) bool { return c.Code() == in.Class }, nil
}

func lineOf(l balance.Line) BalanceLine {
	return BalanceLine{l.Class.Code(), l.List, l.N, l.Payment, l.Amount, l.Note}
}

func sides(r balance.Row, asked bool) Sides {
	side := func(t balance.Tally) Side { return Side(t) }
	out := Sides{List: side(r.List), Ledger: side(r.Ledger), File: side(r.File), Receipts: side(r.Receipts)}
	if asked {
		s := side(r.Statement)
		out.Statement = &s
	}
	return out
}

// Lines sends all lines of a reconciliation as a file, and Statement does so, or answers as Reconciliation, with a bank statement that
// is the body.
func (a *API) Lines(w http.ResponseWriter, r *http.Request) error {
	in, format, err := asked(r, "jsonl")
	if err != nil {
		return err
	}
	return a.send(w, r, in, format, nil)
}

// Statement reconciles with a bank statement, which is read from a file of its own and kept nowhere.
func (a *API) Statement(w http.ResponseWriter, r *http.Request) (err error) {
	in, format, err := asked(r, "json")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(a.Scratch, "mianshen-statement-")
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close() // nothing in it is needed again
		_ = os.Remove(file.Name())
	}()
	size, err := io.Copy(file, io.LimitReader(r.Body, balance.MaxStatement+1))
	if err != nil {
		return err
	}
	statement, err := balance.ReadStatement(file, size)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, err.Error())
	}
	return a.send(w, r, in, format, statement)
}

// asked reads what the address of a file asks for.
func asked(r *http.Request, usual string) (in *AskReconciliation, format string, err error) {
	in = &AskReconciliation{Limit: 100, Class: "all"}
	format = usual
	for name, values := range r.URL.Query() {
		text := values[len(values)-1]
		switch name {
		case "year", "limit":
			least, most, to := 2000, 2999, &in.Year
			if name == "limit" {
				least, most, to = 1, 1000, &in.Limit
			}
			n, err := strconv.Atoi(text)
			if err != nil || n < least || n > most {
				return nil, "", problem.Wrong("query."+name, "应为 "+strconv.Itoa(least)+" 至 "+strconv.Itoa(most)+" 的整数")
			}
			*to = n
		case "list":
			in.List = text
		case "class":
			in.Class = text
		case "cursor":
			in.Cursor = text
		case "format":
			format = text
		default:
			return nil, "", problem.Wrong("query."+name, "没有这个参数")
		}
	}
	if format != "jsonl" && format != "csv" && format != usual {
		return nil, "", problem.Wrong("query.format", "可用 "+usual+"、jsonl、csv")
	}
	return in, format, nil
}

// send answers with the report, or with all lines that are asked for as a file.
func (a *API) send(w http.ResponseWriter, r *http.Request, in *AskReconciliation, format string, statement *balance.Statement) error {
	w.Header().Set("Cache-Control", "no-store")
	if format == "json" {
		out, err := a.reconciled(r.Context(), in, statement)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}
	pick, err := in.pick()
	if err != nil {
		return err
	}
	rep, err := a.report(r.Context(), in, statement)
	if err != nil {
		return err
	}
	put, end, err := writer(w, format)
	if err != nil {
		return err
	}
	for i, lines := range rep.Lines {
		for _, l := range lines {
			if !pick(balance.Class(i)) {
				break
			}
			if err := put(l); err != nil {
				return err
			}
		}
	}
	return end()
}

// writer writes lines as JSONL or as CSV in which nothing runs as a formula.
func writer(w http.ResponseWriter, format string) (put func(balance.Line) error, end func() error, err error) {
	w.Header().Set("Content-Disposition", `attachment; filename="reconciliation.`+format+`"`)
	if format == "jsonl" {
		w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
		out := json.NewEncoder(w)
		return func(l balance.Line) error { return out.Encode(lineOf(l)) }, func() error { return nil }, nil
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	table, err := sheet.NewCSV(w, []string{"类别", "名单", "序号", "支付编号", "金额（元）", "要看什么"}, true)
	if err != nil {
		return nil, nil, err
	}
	return func(l balance.Line) error {
		return table.Write(sheet.Words(l.Class.String()), sheet.Words(l.List), sheet.Figure(strconv.Itoa(l.N)), sheet.Words(l.Payment), sheet.Figure(l.Amount.String()), sheet.Words(l.Note))
	}, table.Close, nil
}
