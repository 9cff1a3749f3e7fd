package intake

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// historyFields declares the columns of awards and findings, so that their cells are read as those of profiles are.
const historyFields = `fields:
  - {name: 事项, id: item, type: string}
  - {name: 所属期, id: period, type: string}
  - {name: 依据, id: basis, type: string}
  - {name: 金额, id: amount, type: money, unit: 元}
  - {name: 发放日期, id: paid_on, type: date}
  - {name: 条件, id: condition, type: string}
  - {name: 结果, id: result, type: string}
  - {name: 认定日期, id: date, type: date}
`

var historyVocabulary = sync.OnceValue(func() *rules.Vocabulary {
	v, mistakes := rules.ParseVocabulary("history", []byte(historyFields))
	if v == nil {
		panic(fmt.Sprintf("intake: history fields: %v", mistakes))
	}
	return v
})

// historySchema has the named columns from slotFirst on; the first few are needed.
func historySchema(what string, needed int, names ...string) *schema {
	s := newSchema(what)
	for i, name := range names {
		f, _ := historyVocabulary().Field(name)
		at := s.add(slot{name: f.Name, field: f}, f.Name, f.ID)
		if f.ID == "date" {
			s.names["日期"] = at // no field may be called so
		}
		if i < needed {
			s.needed = append(s.needed, at)
		}
	}
	return s
}

// ReadAwards reads earlier grants: 统一社会信用代码, 事项, 所属期 (2024, 2024-Q1, 2024-03), 依据, 金额, 发放日期; the last three may be absent
// or empty. They come in the order of the file. The error is a *Problems or ctx's.
func ReadAwards(ctx context.Context, in Input, opts Options) (awards []rules.Award, notices []string, err error) {
	awards, _, notices, err = ReadAwardLines(ctx, in, opts)
	return awards, notices, err
}

// ReadAwardLines is ReadAwards, and says in which line of the file each award stands.
func ReadAwardLines(ctx context.Context, in Input, opts Options) (awards []rules.Award, lines []int, notices []string, err error) {
	s, err := open(in, opts)
	if err != nil {
		return nil, nil, nil, err
	}
	sc := historySchema("发放记录", 2, "事项", "所属期", "依据", "金额", "发放日期")
	err = s.read(ctx, sc, func(b *book) int { return b.first() }, func(l *line) {
		if a, ok := l.award(); ok {
			awards, lines = append(awards, a), append(lines, l.number)
		}
	})
	if err == nil {
		err = s.err()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return awards, lines, s.notices, nil
}

func (l *line) award() (a rules.Award, ok bool) {
	code, ok := l.enterprise()
	a.Enterprise = code
	item, ok1 := l.required(slotFirst)
	period, ok2 := l.required(slotFirst + 1)
	basis, ok3 := l.words(slotFirst + 2)
	amount, ok4 := l.money(slotFirst + 3)
	on, ok5 := l.day(slotFirst + 4)
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return a, false
	}
	interval, err := rules.ParseInterval(period)
	if err != nil {
		l.fail(l.number, l.at[slotFirst+1], period, err.Error())
		return a, false
	}
	a.Item, a.Period, a.Basis, a.On = item, interval, basis, on
	a.Unstated = amount == nil
	if amount != nil {
		a.Amount = *amount
	}
	return a, true
}

// ReadFindings reads what persons found: 统一社会信用代码, 事项, 条件, 结果, 金额, 日期. 结果 is 是/否, 符合/不符合, 通过/不通过, true/false or 1/0; it
// may be empty when 金额 is given, and then an empty 条件 stands for the amount itself. A condition may be found again on another
// day, not twice on one. They come in the order of the file. The error is a *Problems or ctx's.
func ReadFindings(ctx context.Context, in Input, opts Options) (findings []rules.PersonFinding, notices []string, err error) {
	s, err := open(in, opts)
	if err != nil {
		return nil, nil, err
	}
	sc := historySchema("人工认定", 1, "事项", "条件", "结果", "金额", "认定日期")
	seen := map[[4]string]int{}
	err = s.read(ctx, sc, func(b *book) int { return b.first() }, func(l *line) {
		f, ok := l.finding()
		if !ok {
			return
		}
		key := [4]string{f.Enterprise, f.Item, f.Condition, f.On.String()}
		if first := seen[key]; first > 0 {
			l.fail(l.number, nil, "", fmt.Sprintf("与第 %d 行重复：同一企业、事项、条件在同一天只能有一条认定", first))
			return
		}
		seen[key] = l.number
		findings = append(findings, f)
	})
	if err == nil {
		err = s.err()
	}
	if err != nil {
		return nil, nil, err
	}
	return findings, s.notices, nil
}

func (l *line) finding() (f rules.PersonFinding, ok bool) {
	code, ok := l.enterprise()
	item, ok1 := l.required(slotFirst)
	condition, ok2 := l.words(slotFirst + 1)
	result, ok3 := l.result(slotFirst + 2)
	amount, ok4 := l.money(slotFirst + 3)
	on, ok5 := l.day(slotFirst + 4)
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return f, false
	}
	if condition == "" && amount != nil && result == nil {
		condition = rules.AmountFinding
	}
	if condition == "" || result == nil && amount == nil {
		l.fail(l.number, nil, "", "要写明条件和结果；只认定金额时，结果可以空着")
		return f, false
	}
	return rules.PersonFinding{Enterprise: code, Item: item, Condition: condition, Result: result, Amount: amount, On: on}, true
}

// required reads text that must be there.
func (l *line) required(slot int) (string, bool) {
	text, ok := l.words(slot)
	if ok && text == "" {
		l.fail(l.number, l.at[slot], "", fmt.Sprintf("缺少 %s", l.schema.slots[slot].name))
		return "", false
	}
	return text, ok
}

// money reads a sum; nil is an empty cell.
func (l *line) money(slot int) (*exact.Money, bool) {
	c, col := l.cell(slot)
	if col == nil {
		return nil, true
	}
	v, ok := l.value(col, c)
	if v == nil || !ok {
		return nil, ok
	}
	fen, whole := v.Num().Int64()
	if !whole {
		l.fail(l.number, col, c.Text, "金额太大")
		return nil, false
	}
	m := exact.Money(fen)
	return &m, true
}

// day reads a day; the zero Date is an empty cell.
func (l *line) day(slot int) (civil.Date, bool) {
	c, col := l.cell(slot)
	if col == nil {
		return civil.Date{}, true
	}
	v, ok := l.value(col, c)
	if v == nil {
		return civil.Date{}, ok
	}
	return v.Day(), ok
}

// result reads a yes or no; nil is an empty cell.
func (l *line) result(slot int) (*bool, bool) {
	c, col := l.cell(slot)
	if c.Kind == sheet.Bool {
		yes := c.Text == "TRUE"
		return &yes, true
	}
	text, ok := l.words(slot)
	if !ok || text == "" {
		return nil, ok
	}
	var yes bool
	switch strings.ToLower(text) {
	case "是", "true", "1", "符合", "通过":
		yes = true
	case "否", "false", "0", "不符合", "不通过":
	default:
		l.fail(l.number, col, c.Text, fmt.Sprintf("“%s”应是 是/否、符合/不符合、通过/不通过、true/false 或 1/0", clip(text)))
		return nil, false
	}
	return &yes, true
}
