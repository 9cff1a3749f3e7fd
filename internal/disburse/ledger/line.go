package ledger

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Line is a line of the budget (预算额度). What is available is Total less Reserved less Posted.
type Line struct {
	ID          string // "" when it is opened: a random one
	Name        string
	Year        int    // fiscal year
	Department  string // whose lists may draw on it
	Item        string // the one item it is for; "": any of the department
	Unit        string // 预算单位, 3 to 21 letters and digits
	Project     string // 项目代码, 1 to 21 letters and digits
	Function    string // 功能分类科目, 7 digits
	Economic    string // 经济分类科目, 5 digits
	CarriedFrom string // the line of the year before whose rest comes here (结转); "": none

	OpenedBy, ApprovedBy    string // persons; ApprovedBy "" while it waits
	OpenedAt, ApprovedAt    time.Time
	Total, Reserved, Posted exact.Money
}

// Available is what can still be reserved.
func (l Line) Available() exact.Money { return l.Total - l.Reserved - l.Posted }

var (
	unitForm     = regexp.MustCompile(`^[A-Za-z0-9]{3,21}$`)
	projectForm  = regexp.MustCompile(`^[A-Za-z0-9]{1,21}$`)
	functionForm = regexp.MustCompile(`^[0-9]{7}$`)
	economicForm = regexp.MustCompile(`^[0-9]{5}$`)
)

// check refuses a line that can't be opened.
func (l Line) check() error {
	if l.Year < 2000 || l.Year > 2999 {
		return refuse(store.ErrInvalid, "预算年度 %d 不对，应是四位年份", l.Year)
	}
	for _, c := range []struct {
		name, value, want string
		form              *regexp.Regexp
	}{
		{"预算单位", l.Unit, "3 至 21 位字母或数字", unitForm},
		{"项目代码", l.Project, "1 至 21 位字母或数字", projectForm},
		{"功能分类", l.Function, "7 位数字（类款项）", functionForm},
		{"经济分类", l.Economic, "5 位数字（类款）", economicForm},
	} {
		if !c.form.MatchString(c.value) {
			return refuse(store.ErrInvalid, "%s“%.40s”不对，应为 %s", c.name, c.value, c.want)
		}
	}
	err := first(words("额度编号", l.ID), words("额度名称", l.Name), words("主管部门", l.Department))
	if err == nil && l.Item != "" {
		err = words("事项", l.Item)
	}
	return err
}

// OpenLine opens an empty line that waits for its approval, and returns its id. F1 does it. A line that is to take what a
// line of the year before leaves names that line, which must be of the same department and item.
func (b *Book) OpenLine(ctx context.Context, l Line, by string, now time.Time) (string, error) {
	l.ID = identity(l.ID)
	if err := l.check(); err != nil {
		return "", err
	}
	return l.ID, b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "开立预算额度", handles)
		if err != nil {
			return err
		}
		if err := l.fresh(ctx, tx); err != nil {
			return err
		}
		var from any
		if l.CarriedFrom != "" {
			from = l.CarriedFrom
		}
		if _, err := tx.Exec(ctx, `INSERT INTO budget_line (id, name, year, department, item, unit, project, function, economic, carried_from, opened_by, opened_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			l.ID, l.Name, l.Year, l.Department, l.Item, l.Unit, l.Project, l.Function, l.Economic, from, p.id, store.Stamp(now)); err != nil {
			return err
		}
		return p.record(ctx, tx, "budget.opened", l.ID, now, map[string]string{
			"year": strconv.Itoa(l.Year), "unit": l.Unit, "project": l.Project,
			"function": l.Function, "economic": l.Economic, "carried_from": l.CarriedFrom,
		})
	})
}

// fresh refuses a line whose id is taken or whose origin doesn't fit.
func (l Line) fresh(ctx context.Context, tx *store.Tx) error {
	taken, err := exists(ctx, tx, `SELECT 1 FROM budget_line WHERE id = $1`, l.ID)
	switch {
	case err != nil:
		return err
	case taken:
		return refuse(store.ErrConflict, "额度编号“%s”已经有了，请换一个编号", l.ID)
	case l.CarriedFrom == "":
		return nil
	}
	old, err := lineOf(ctx, tx, l.CarriedFrom)
	if err != nil {
		return err
	}
	if old.Year+1 != l.Year || old.Department != l.Department || old.Item != l.Item {
		return refuse(store.ErrInvalid, "结转额度应与来源额度“%s”同部门、同事项，年度晚一年（%d 年），请改正后再开立", old.ID, old.Year+1)
	}
	return nil
}

// ApproveLine makes an opened line usable. F3 does it, another person than the one who opened it.
func (b *Book) ApproveLine(ctx context.Context, id, by string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "批准预算额度", approves)
		if err != nil {
			return err
		}
		l, err := lineOf(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case l.ApprovedBy != "":
			return refuse(store.ErrConflict, "额度“%s”已经批准过，不用再批", l.Name)
		case l.OpenedBy == p.id:
			return refuse(store.ErrConflict, "额度“%s”是您开立的，请由另一人批准", l.Name)
		}
		if _, err := tx.Exec(ctx, `UPDATE budget_line SET approved_by = $1, approved_at = $2 WHERE id = $3`, p.id, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "budget.approved", id, now, nil)
	})
}

// Allot puts more money on an approved line of the current year, under the reference of the document (指标文号), which counts
// once. F3 does it, another person than the one who opened the line.
func (b *Book) Allot(ctx context.Context, id string, fen exact.Money, ref, by string, now time.Time) error {
	if err := first(sum(fen), words("指标文号", ref)); err != nil {
		return err
	}
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "下达预算指标", approves)
		if err != nil {
			return err
		}
		l, err := lineOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := first(l.takes(fen, p, now), unused(ctx, tx, allot, ref)); err != nil {
			return err
		}
		if err := post(ctx, tx, Posting{At: now, Kind: allot, Fen: fen, Ref: ref, Person: p.id}, id); err != nil {
			return err
		}
		return p.record(ctx, tx, "budget.allotted", id, now, map[string]string{"fen": amount(fen), "ref": ref})
	})
}

// takes refuses to put money on a line that isn't approved or not of the current year, or by the one who opened it.
func (l Line) takes(fen exact.Money, p person, now time.Time) error {
	switch year := civil.On(now).Year(); {
	case l.ApprovedBy == "":
		return refuse(store.ErrConflict, "额度“%s”还没有批准，请先由财政审批人员批准", l.Name)
	case l.OpenedBy == p.id:
		return refuse(store.ErrConflict, "额度“%s”是您开立的，请由另一人下达指标", l.Name)
	case l.Year != year:
		return refuse(store.ErrConflict, "额度“%s”属于 %d 年度，今年是 %d 年，不能再下达；请使用当年的额度", l.Name, l.Year, year)
	case l.Total > MaxAmount-fen:
		return refuse(store.ErrInvalid, "额度“%s”合计将超过 %s 元，请核对金额", l.Name, MaxAmount)
	}
	return nil
}

// LineFilter says which lines are wanted; a zero field doesn't restrict.
type LineFilter struct {
	ID         string
	Year       int
	Department string
	Item       string
}

const lineColumns = `id, name, year, department, item, unit, project, function, economic, coalesce(carried_from, ''),
	opened_by, opened_at, coalesce(approved_by, ''), approved_at, total_fen, reserved_fen, posted_fen`

// columns is where a row of lineColumns goes.
func (l *Line) columns() []any {
	return []any{
		&l.ID, &l.Name, &l.Year, &l.Department, &l.Item, &l.Unit, &l.Project, &l.Function, &l.Economic, &l.CarriedFrom,
		&l.OpenedBy, store.StampInto(&l.OpenedAt), &l.ApprovedBy, store.StampInto(&l.ApprovedAt), &l.Total, &l.Reserved, &l.Posted,
	}
}

// Lines lists lines by year, newest first, then department and id.
func (b *Book) Lines(ctx context.Context, f LineFilter) (list []Line, err error) {
	rows, err := b.store.DB().QueryContext(ctx, `SELECT `+lineColumns+` FROM budget_line WHERE ($1 = '' OR id = $1) AND ($2 = 0 OR year = $2)
		AND ($3 = '' OR department = $3) AND ($4 = '' OR item = $4)`, f.ID, f.Year, f.Department, f.Item)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var l Line
		err := scan(l.columns()...)
		list = append(list, l)
		return err
	})
	sortLines(list)
	return list, err
}

// lineOf reads a line and holds it to the end of the transaction.
func lineOf(ctx context.Context, tx *store.Tx, id string) (l Line, err error) {
	rows, err := tx.Query(ctx, `SELECT `+lineColumns+` FROM budget_line WHERE id = $1`+tx.Lock(), id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(l.columns()...) })
	if err == nil && l.ID == "" {
		err = noLine(id)
	}
	return l, err
}

func noLine(id string) error {
	return refuse(store.ErrNotFound, "没有编号为“%.64s”的预算额度，请核对编号", id)
}
