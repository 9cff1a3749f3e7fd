// Package fundsapi answers the API's questions and orders about what lists draw on: budget lines, the accounts that firms are paid to,
// findings of persons, recoveries, earlier grants, choices of firms, and whether payments are locked. Its answers are plain values whose
// JSON form is that of the API: money as strings in 元, instants as RFC 3339, persons by name. Who may ask is decided before, by the
// table of access; what another department's is, is answered like what isn't there.
//
// Doors that ask for password and code once more on their pages have no door here, neither for a token nor for a session, as approving a
// list has none: approving and filling a budget line, carrying over, verifying an account, seeing a whole account number, approving a
// recovery, unlocking. A person does those on the page that shows what he signs.
package fundsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/disburse/brake"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/intake"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/standard"
)

// API answers. It is safe for concurrent use.
type API struct {
	*treasury.Treasury
	who     func(context.Context) caller.Caller
	granted *granted.Book
	brake   *brake.Brake
}

// New returns the API of a treasury; who says who sends the request of a context.
func New(t *treasury.Treasury, who func(context.Context) caller.Caller) *API {
	return &API{t, who, granted.New(t.Office.Store), brake.New(t.Office.Store)}
}

// One names a thing by its number.
type One struct {
	ID string `path:"id" minLength:"1" maxLength:"100"`
}

// Asked is how a register is asked.
type Asked struct {
	Find string `query:"find" maxLength:"100" doc:"企业名称的一部分，或统一社会信用代码的开头"`
	desk.Paging
}

// choice is a page as overview chooses it, of the caller's departments.
func (a *API) choice(ctx context.Context, p desk.Paging, find, state string) (overview.Choice, error) {
	after, err := p.Position()
	return overview.Choice{Find: find, State: state, Departments: treasury.Departments(a.who(ctx)), After: after, Limit: p.Limit}, err
}

// of narrows a choice to one department. Another's has nothing in it that the caller may see.
func of(c overview.Choice, department string) overview.Choice {
	switch {
	case department == "":
	case c.Departments == nil || slices.Contains(c.Departments, department):
		c.Departments = []string{department}
	default:
		c.Departments = []string{""} // of no department
	}
	return c
}

// listed makes rows what the API says of them; the cursor is "" where there is no further page.
func listed[Row, Said any](page []Row, limit int, say func(Row) Said, id func(Row) string) (list []Said, cursor string) {
	list = make([]Said, 0, len(page))
	for _, r := range page {
		list = append(list, say(r))
	}
	if len(page) > 0 && len(page) == limit {
		cursor = desk.CursorOf(id(page[limit-1]))
	}
	return list, cursor
}

// one reads the one row with an id that the caller may see, or says what wasn't found.
func one[Row, Said any](ctx context.Context, a *API, id, what string, read func(context.Context, overview.Choice) ([]Row, int, error), say func(Row) Said) (*Said, error) {
	c, err := a.choice(ctx, desk.Paging{Limit: 1}, "", "")
	if err != nil {
		return nil, err
	}
	c.ID = id
	page, _, err := read(ctx, c)
	if err == nil && len(page) == 0 {
		err = problem.New(http.StatusNotFound, "没有找到"+what+"。")
	}
	if err != nil {
		return nil, err
	}
	out := say(page[0])
	return &out, nil
}

// number is a position that counts; 0 for the beginning.
func number(p desk.Paging) (int64, error) {
	const most = 1<<31 - 1
	n, err := p.Skip(most)
	return int64(n), err
}

func counted[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

// money reads a sum in 元.
func money(location, text string) (exact.Money, error) {
	m, err := exact.ParseMoney(text)
	if err != nil {
		return 0, problem.Wrong(location, "金额要写成元数，最多两位小数，例如 12345.60")
	}
	return m, nil
}

// day reads a day, the one that now is on where it isn't given.
func day(location, text string, now time.Time) (civil.Date, error) {
	if text == "" {
		return civil.On(now), nil
	}
	d, err := civil.Parse(text)
	if err != nil {
		return d, problem.Wrong(location, "应为日期，如 2025-07-01")
	}
	return d, nil
}

func uscc(location, text string) (string, error) {
	code, err := standard.ParseUSCC(text)
	if err != nil {
		return "", problem.Wrong(location, err.Error())
	}
	return code, nil
}

// unread makes errors of a file, or of what stands in it, a problem that names each place; others come back as they are.
func unread(location string, err error) error {
	const most = 50
	var cells *intake.Problems
	var lines ledger.Mistakes
	p := problem.New(http.StatusUnprocessableEntity, "没有收，什么都没有改：请改正后再送。")
	switch {
	case errors.As(err, &cells):
		for _, c := range cells.List {
			p.Errors = append(p.Errors, problem.Detail{Location: location, Message: c.String()})
		}
	case errors.As(err, &lines):
		for _, text := range lines {
			p.Errors = append(p.Errors, problem.Detail{Location: location, Message: text})
		}
	default:
		return err
	}
	if n := len(p.Errors); n > most {
		p.Errors = append(p.Errors[:most], problem.Detail{Location: location, Message: fmt.Sprintf("还有 %d 处没有列出", n-most)})
	}
	return p
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(civil.Shanghai()).Format(time.RFC3339)
}
