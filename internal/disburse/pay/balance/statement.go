package balance

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// MaxStatement is how many bytes a statement may have, and maxStatementRows how many rows.
const (
	MaxStatement     = 256 << 20
	maxStatementRows = 1_000_000
)

// Movement is one line of the bank's statement that names a payment of ours, or none.
type Movement struct {
	Row     int // of the file
	On      civil.Date
	Fen     exact.Money // what left; below zero: what came back
	Payment string      // "" where none is named
}

// Statement is a bank statement by payment.
type Statement struct {
	by     map[string][]Movement
	strays []Movement
}

// paymentForm is how our payment ids look inside a purpose.
var paymentForm = regexp.MustCompile(`\bP[A-Z2-7]{26}\b`)

// ReadStatement reads a statement as CSV with the columns 日期, 金额 (in 元, below zero for what came back), and 支付编号 or 摘要 in which
// the payment's id stands. Columns may come in any order; others are left alone. A line that can't be read is an error that names it.
func ReadStatement(r io.ReaderAt, size int64) (*Statement, error) {
	if size > MaxStatement {
		return nil, fmt.Errorf("银行流水超过 %d MB，请分段核对。", MaxStatement>>20)
	}
	rows, err := sheet.ReadCSV(r, size, sheet.Limits{Rows: maxStatementRows, Columns: 100, CellBytes: 2_000, LineBytes: 64 << 10})
	if err != nil {
		return nil, said(err)
	}
	head, err := rows.Next()
	if err == io.EOF {
		return nil, errors.New("银行流水是空的，请重新下载。")
	}
	if err != nil {
		return nil, said(err)
	}
	place := map[string]int{}
	for i, c := range head.Cells {
		place[strings.TrimSpace(c.Text)] = i
	}
	for _, name := range []string{"日期", "金额"} {
		if _, found := place[name]; !found {
			return nil, fmt.Errorf("银行流水第 %d 行：表头没有“%s”列，请补上。", head.Number, name)
		}
	}
	s := &Statement{by: map[string][]Movement{}}
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, said(err)
		}
		if err := s.add(row, place); err != nil {
			return nil, err
		}
	}
}

// said keeps the place of a sheet's error and leaves out the cell, which may be an account.
func said(err error) error {
	if e, ok := errors.AsType[*sheet.Error](err); ok {
		return fmt.Errorf("银行流水第 %d 行：%s", e.Row, e.Message)
	}
	return err
}

func (s *Statement) add(row sheet.Row, place map[string]int) error {
	cell := func(name string) string {
		if i, found := place[name]; found && i < len(row.Cells) {
			return strings.TrimSpace(row.Cells[i].Text)
		}
		return ""
	}
	m := Movement{Row: row.Number}
	var err error
	if m.On, err = civil.Parse(cell("日期")); err != nil {
		return fmt.Errorf("银行流水第 %d 行：日期读不懂，应如 2025-06-30。", row.Number)
	}
	if m.Fen, err = exact.ParseMoney(cell("金额")); err != nil {
		return fmt.Errorf("银行流水第 %d 行：金额读不懂，应以元为单位、最多两位小数，如 6000.00。", row.Number)
	}
	if m.Payment = cell("支付编号"); m.Payment == "" {
		if found := paymentForm.FindAllString(cell("摘要"), 2); len(found) == 1 {
			m.Payment = found[0]
		}
	}
	if m.Payment == "" {
		s.strays = append(s.strays, m)
		return nil
	}
	s.by[m.Payment] = append(s.by[m.Payment], m)
	return nil
}

// take gives what the statement has of a payment, and forgets it.
func (s *Statement) take(payment string) []Movement {
	list := s.by[payment]
	delete(s.by, payment)
	return list
}
