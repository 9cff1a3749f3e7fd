package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/intake"
	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Finding is what a person found out about a condition that no data decide, or the sum recorded for an item with at_most. It
// counts once another person of the same department has confirmed it.
type Finding struct {
	ID string // "" when it is recorded: a random one
	rules.PersonFinding
	Evidence               string // what it rests on: a document, minutes, an inspection
	RecordedBy, AnsweredBy string
	RecordedAt, AnsweredAt time.Time
	Answer                 string // confirmed, rejected, or "" while it waits
}

// Demand is what an item asks of persons: whose item it is, and which of its conditions no data decide.
type Demand struct {
	Department string
	Conditions []string // as rules.Rule.AsksPersons lists them
}

// Asks says what an item asks of persons; known is false for an item that there is not.
type Asks func(item string) (d Demand, known bool)

// AsksOf are the demands of a book's items.
func AsksOf(book *rules.Book) Asks {
	return func(item string) (Demand, bool) {
		r, ok := book.Rule(item)
		if !ok {
			return Demand{}, false
		}
		return Demand{r.Policy.Issuer, r.AsksPersons()}, true
	}
}

// Mistakes are what is wrong with a list of findings, one sentence each, in the order of the list. It is a store.ErrInvalid.
type Mistakes []string

// Error returns all sentences, one a line.
func (m Mistakes) Error() string { return strings.Join(m, "\n") }

// Unwrap makes it a store.ErrInvalid.
func (Mistakes) Unwrap() error { return store.ErrInvalid }

// MaxFindings is how many findings are recorded at once.
const MaxFindings = 20_000

// MaxFindingsFile is how many bytes a file of findings may have, wherever it comes in.
const MaxFindingsFile = 16 << 20

// ImportFindings records the findings of a file, all of one evidence, as RecordFindings does. The error is an *intake.Problems where
// cells can't be read.
func (b *Book) ImportFindings(ctx context.Context, in intake.Input, evidence string, asks Asks, by string, now time.Time) (int, error) {
	found, _, err := intake.ReadFindings(ctx, in, intake.Options{})
	if err != nil {
		return 0, err
	}
	list := make([]Finding, len(found))
	for i, f := range found {
		list[i] = Finding{PersonFinding: f, Evidence: evidence}
	}
	ids, err := b.RecordFindings(ctx, list, asks, by, now)
	return len(ids), err
}

// RecordFindings records what D1 of each item's department found out, all or nothing, and returns the ids. Everything that is wrong
// is said at once, as Mistakes.
func (b *Book) RecordFindings(ctx context.Context, list []Finding, asks Asks, by string, now time.Time) ([]string, error) {
	if len(list) == 0 || len(list) > MaxFindings {
		return nil, refuse(store.ErrInvalid, "一次可录入 1 至 %d 条人工认定，这次有 %d 条", MaxFindings, len(list))
	}
	list = slices.Clone(list)
	ids := make([]string, len(list))
	for i := range list {
		list[i].ID = identity(list[i].ID)
		ids[i] = list[i].ID
	}
	err := b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "录入人工认定", drafts)
		if err != nil {
			return err
		}
		// First whose items they are: what is found already of another department's is that department's.
		for _, f := range list {
			if demand, known := asks(f.Item); known && !p.has(drafts, demand.Department) {
				return refuse(ErrRole, "事项 %s 是%s的，请由该部门的%s录入", f.Item, demand.Department, duty.Full(drafts))
			}
		}
		if err := checkFindings(ctx, tx, list, asks, civil.On(now)); err != nil {
			return err
		}
		digest := sha256.New()
		for _, f := range list {
			if err := f.put(ctx, tx, p, now); err != nil {
				return err
			}
			fmt.Fprintln(digest, f.ID, f.Item, f.Enterprise, f.Condition, f.Result != nil && *f.Result, f.fen(), f.On)
		}
		return p.record(ctx, tx, "finding.recorded", ids[0], now, map[string]string{"count": strconv.Itoa(len(list)), "sha256": hex.EncodeToString(digest.Sum(nil))})
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// fen and verdict are the two columns, of which one is NULL.
func (f Finding) fen() any {
	if f.Amount == nil {
		return nil
	}
	return int64(*f.Amount)
}

func (f Finding) verdict() any {
	switch {
	case f.Result == nil:
		return nil
	case *f.Result:
		return 1
	}
	return 0
}

func (f Finding) put(ctx context.Context, tx *store.Tx, p person, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO finding (id, item, enterprise, condition, result, amount_fen, on_day, evidence, recorded_by, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.ID, f.Item, f.Enterprise, f.Condition, f.verdict(), f.fen(), store.Day(f.On), f.Evidence, p.id, store.Stamp(now))
	return err
}

// checkFindings collects everything that keeps a list from being recorded.
func checkFindings(ctx context.Context, tx *store.Tx, list []Finding, asks Asks, today civil.Date) error {
	var all Mistakes
	seen := map[string]bool{}
	for i, f := range list {
		wrong := f.wrong(asks, today)
		if seen[f.ID] {
			wrong = append(wrong, "编号与前面的一条相同")
		}
		seen[f.ID] = true
		stored, err := f.against(ctx, tx)
		if err != nil {
			return err
		}
		for _, text := range append(wrong, stored...) {
			all = append(all, fmt.Sprintf("第 %d 条（%s，%s）：%s", i+1, intake.Clip(f.Enterprise), intake.Clip(f.Item), text))
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// wrong lists what is wrong with a finding by itself.
func (f Finding) wrong(asks Asks, today civil.Date) (list []string) {
	add := func(text string, args ...any) { list = append(list, fmt.Sprintf(text, args...)) }
	switch {
	case (f.Result == nil) == (f.Amount == nil):
		add("结果和金额要填一项，且只能填一项")
	case f.Amount != nil && (*f.Amount < 0 || *f.Amount > MaxAmount):
		add("金额 %s 元不对，应在 0 至 %s 元之间", *f.Amount, MaxAmount)
	case (f.Amount != nil) != (f.Condition == rules.AmountFinding):
		add("金额只能认定在“%s”下，其他条件写结果", rules.AmountFinding)
	}
	switch {
	case f.On.IsZero():
		add("没有填写认定日期")
	case f.On.After(today):
		add("认定日期 %s 晚于今天（%s）", f.On, today)
	}
	if err := words("认定依据", f.Evidence); err != nil {
		add("%s", err)
	}
	demand, known := asks(f.Item)
	switch conditions := demand.Conditions; {
	case !known:
		add("没有这个事项")
	case len(conditions) == 0:
		add("这个事项没有要人工认定的条件")
	case !slices.Contains(conditions, f.Condition):
		add("这个事项没有要人工认定的条件“%s”，应为：%s", intake.Clip(f.Condition), strings.Join(conditions, "、"))
	}
	return list
}

// against lists what of the store is against a finding: an unknown firm, one of the same day for the same condition, the id.
func (f Finding) against(ctx context.Context, tx *store.Tx) (list []string, err error) {
	for _, c := range []struct {
		query string
		args  []any
		want  bool
		text  string
	}{
		{`SELECT 1 FROM enterprise WHERE uscc = $1`, []any{f.Enterprise}, true, "没有这家企业，请先导入企业数据"},
		{
			`SELECT 1 FROM finding WHERE enterprise = $1 AND item = $2 AND condition = $3 AND on_day = $4 AND (answer IS NULL OR answer = 'confirmed')`,
			[]any{f.Enterprise, f.Item, f.Condition, store.Day(f.On)},
			false, "同一企业、事项、条件在这一天已有一条认定，请先由复核人员退回，或改用另一日期",
		},
		{`SELECT 1 FROM finding WHERE id = $1`, []any{f.ID}, false, "编号已经有了"},
	} {
		found, err := exists(ctx, tx, c.query, c.args...)
		if err != nil {
			return nil, err
		}
		if found != c.want {
			list = append(list, c.text)
		}
	}
	return list, nil
}

// AnswerFinding confirms or rejects a finding, for good. D2 of the item's department does it, another person, if the one who recorded
// it is or was D1 of that department.
func (b *Book) AnswerFinding(ctx context.Context, id string, confirm bool, asks Asks, by string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "复核人工认定", reviews)
		if err != nil {
			return err
		}
		f, err := findingOf(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case f.Answer != "":
			return refuse(store.ErrConflict, "这条认定已经复核过，不能再改；有变化请另录一条")
		case f.RecordedBy == p.id:
			return refuse(store.ErrConflict, "这条认定是您录入的，请由另一人复核")
		}
		demand, known := asks(f.Item)
		if !known {
			return refuse(store.ErrConflict, "现行政策里没有事项 %s 了，这条认定不再有用", f.Item)
		}
		theirs, err := exists(ctx, tx, `SELECT 1 FROM role_grant WHERE person = $1 AND role = 'D1' AND scope = $2 AND confirmed_at IS NOT NULL`, f.RecordedBy, demand.Department)
		if err != nil {
			return err
		}
		if !theirs || !p.has(reviews, demand.Department) {
			return refuse(ErrRole, "事项 %s 是%s的，录入和复核都要由该部门的人办理，请交该部门的%s", f.Item, demand.Department, duty.Full(reviews))
		}
		answer := "rejected"
		if confirm {
			answer = "confirmed"
		}
		if _, err := tx.Exec(ctx, `UPDATE finding SET answer = $1, answered_by = $2, answered_at = $3 WHERE id = $4`, answer, p.id, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "finding.answered", id, now, map[string]string{"answer": answer, "enterprise": f.Enterprise, "item": f.Item})
	})
}

const findingColumns = `id, item, enterprise, condition, coalesce(result, -1), coalesce(amount_fen, -1), on_day, evidence, recorded_by, recorded_at,
	coalesce(answer, ''), coalesce(answered_by, ''), answered_at`

func scanFinding(scan rowset.Scan) (f Finding, err error) {
	var result, fen int64
	err = scan(&f.ID, &f.Item, &f.Enterprise, &f.Condition, &result, &fen, store.DayInto(&f.On), &f.Evidence, &f.RecordedBy, store.StampInto(&f.RecordedAt),
		&f.Answer, &f.AnsweredBy, store.StampInto(&f.AnsweredAt))
	if result >= 0 {
		yes := result == 1
		f.Result = &yes
	}
	if fen >= 0 {
		sum := exact.Money(fen)
		f.Amount = &sum
	}
	return f, err
}

func findingOf(ctx context.Context, tx *store.Tx, id string) (f Finding, err error) {
	rows, err := tx.Query(ctx, `SELECT `+findingColumns+` FROM finding WHERE id = $1`+tx.Lock(), id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		f, err = scanFinding(scan)
		return err
	})
	if err == nil && f.ID == "" {
		err = refuse(store.ErrNotFound, "没有编号为“%.64s”的人工认定，请核对编号", id)
	}
	return f, err
}

// FindingFilter says which findings are wanted; an empty field doesn't restrict.
type FindingFilter struct {
	Enterprise, Item string
	Waiting          bool // only those without an answer
	Page             Page
}

// FindingList lists findings, newest first.
func (b *Book) FindingList(ctx context.Context, f FindingFilter) (list []Finding, err error) {
	waiting := 0
	if f.Waiting {
		waiting = 1
	}
	order, args := f.Page.order("finding", "recorded_at", f.Enterprise, f.Item, waiting)
	rows, err := b.store.DB().QueryContext(ctx, `SELECT `+findingColumns+` FROM finding
		WHERE ($1 = '' OR enterprise = $1) AND ($2 = '' OR item = $2) AND ($3 = 0 OR answer IS NULL)`+order, args...)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		one, err := scanFinding(scan)
		list = append(list, one)
		return err
	})
	return list, err
}

// Findings are the confirmed findings up to a day, as rules decide with them. known, where it isn't zero, leaves out those that
// were confirmed after it.
func (b *Book) Findings(ctx context.Context, onDay civil.Date, known time.Time) (*rules.Findings, error) {
	var all []rules.PersonFinding
	rows, err := b.store.DB().QueryContext(ctx, `SELECT `+findingColumns+` FROM finding WHERE answer = 'confirmed' AND on_day <= $1`, store.Day(onDay))
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		f, err := scanFinding(scan)
		if known.IsZero() || !f.AnsweredAt.After(at(known)) {
			all = append(all, f.PersonFinding)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return rules.NewFindings(all), nil
}
