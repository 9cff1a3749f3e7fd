package arrival

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/standard"
)

// Correct stores corrections of single cells, all or none, as made at now; their Seq and At aren't read. Each names a series of
// the vocabulary, an enterprise, a period as deliveries have it, and a value that can be read, unless it says that the value is
// missing. Where one can't be stored the error is an *intake.Problems whose rows are the numbers of the corrections, from 1.
func Correct(ctx context.Context, st *store.Store, v *rules.Vocabulary, list []store.Correction, now time.Time) error {
	list, err := checked(v, list, now)
	if err != nil {
		return err
	}
	return st.PutCorrections(ctx, list)
}

// CorrectWithin is Correct within a transaction, for corrections that belong together with something else.
func CorrectWithin(ctx context.Context, tx *store.Tx, v *rules.Vocabulary, list []store.Correction, now time.Time) error {
	list, err := checked(v, list, now)
	if err != nil {
		return err
	}
	return tx.PutCorrections(ctx, list)
}

// Check says what is wrong with corrections before they are made, as Correct would.
func Check(v *rules.Vocabulary, list []store.Correction, now time.Time) error {
	_, err := checked(v, list, now)
	return err
}

func checked(v *rules.Vocabulary, list []store.Correction, now time.Time) ([]store.Correction, error) {
	list = slices.Clone(list)
	problems := &intake.Problems{}
	for i := range list {
		c := &list[i]
		c.At = now
		if message := check(v, c); message != "" {
			problems.List = append(problems.List, intake.Problem{File: "更正", Row: i + 1, Header: c.Series, Text: intake.Clip(c.Cell), Message: message})
		}
	}
	if len(problems.List) > 0 {
		return nil, problems
	}
	return list, nil
}

// check says what is wrong with a correction, and brings its code into normal form.
func check(v *rules.Vocabulary, c *store.Correction) string {
	code, err := standard.ParseUSCC(c.USCC)
	if err != nil {
		return err.Error()
	}
	c.USCC = code
	span, err := delivery.CheckPeriod(c.Period)
	if err != nil {
		return err.Error()
	}
	if c.By == "" || c.Reason == "" {
		return "更正要写明更正人和理由"
	}
	at := slices.IndexFunc(v.Fields, func(f *rules.Field) bool { return !f.Derived() && delivery.SeriesOf(f) == c.Series })
	if at < 0 {
		return fmt.Sprintf("没有“%s”这个数据项", intake.Clip(c.Series))
	}
	f := v.Fields[at]
	switch {
	case f.Type == rules.TypeTable:
		return "表的记录不能逐格更正，请重新交换数据"
	case f.Period.Span != rules.Day && f.Period.Span != span:
		return fmt.Sprintf("%s 不是按“%s”这样的所属期交换的", intake.Clip(c.Series), intake.Clip(c.Period))
	case c.Missing && c.Cell != "":
		return "更正为缺失时不能再写值"
	case c.Missing:
		return ""
	}
	value, err := f.Parse(c.Cell, c.Unit)
	switch {
	case err != nil:
		return err.Error()
	case value == nil:
		return "没有写更正后的值；数据本来就缺的，请注明更正为缺失"
	}
	return ""
}
