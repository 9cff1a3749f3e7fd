package quarter

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// order is a payment as the bank reads it in the file that it was given.
type order struct{ id, account, sum string }

// answer is a line of the bank's receipt.
type answer struct {
	at             time.Time
	batch          string
	order          order
	result, reason string
}

// send takes the files of a batch and says that it has left.
func (t *turn) send(ctx context.Context) error {
	batch, err := t.batch()
	if err != nil {
		return err
	}
	for format, name := range map[string]string{"csv-utf8": batch + ".csv", "application": batch + ".html", "pain.001": batch + ".xml"} {
		if _, err := t.bank.MakeFile(ctx, pay.Actor{Person: who(handler)}, batch, format, filepath.Join(t.Files, name), t.now); err != nil {
			return err
		}
	}
	if err := t.bank.Send(ctx, pay.Actor{Person: who(handler)}, t.ID, t.now.Add(time.Hour)); err != nil {
		return err
	}
	t.tell("%s %s：批次 %s 已送银行", civil.On(t.now), t.ID, batch)
	return nil
}

// batch is the one that the list was exported as in this round.
func (t *turn) batch() (string, error) {
	at := slices.IndexFunc(t.events, func(e view.Event) bool { return e.Action == lists.ActExport })
	if at < 0 {
		return "", fmt.Errorf("名单 %s 没有导出过：%w", t.ID, store.ErrConflict)
	}
	return fmt.Sprintf("%s-%d", t.ID, t.Round), nil
}

// settle lets the bank answer, a person look at what is in doubt, and ends the list.
func (t *turn) settle(ctx context.Context) error {
	batch, err := t.batch()
	if err != nil {
		return err
	}
	orders, err := t.read(batch)
	if err != nil {
		return err
	}
	sent := t.events[len(t.events)-1].At
	day := sent.AddDate(0, 0, 1)
	for i, file := range t.answers(batch, orders, day) {
		came := day.AddDate(0, 0, 3*i).Add(2 * time.Hour) // after what it tells of
		taken, err := t.bank.TakeReceipts(ctx, pay.Actor{Person: who(handler)}, fmt.Sprintf("%s-%d.csv", batch, i+1), file, came)
		if err != nil {
			return err
		}
		if !taken.Again {
			t.tell("%s %s：收到回单 %d 行，新 %d 行，%d 笔有了结果", civil.On(came), t.ID, taken.Lines, taken.New, taken.Moved)
		}
	}
	if err := t.doubts(ctx, batch, day.AddDate(0, 0, 5)); err != nil {
		return err
	}
	if err := t.bank.Settle(ctx, pay.Actor{Person: who(checker)}, t.ID, day.AddDate(0, 0, 6)); err != nil {
		return err
	}
	t.tell("%s %s：结清", civil.On(day.AddDate(0, 0, 6)), t.ID)
	return nil
}

// doubts closes what is in doubt: each line was compared with the order and doesn't count.
func (t *turn) doubts(ctx context.Context, batch string, now time.Time) error {
	lines, err := t.bank.Doubts(ctx, batch)
	for _, l := range lines {
		if err == nil {
			t.tell("%s %s：待查一笔，%s", civil.On(now), t.ID, l.Class)
			err = t.bank.Resolve(ctx, pay.Actor{Person: who(checker)}, l.ID, false, "与付款文件核对，不是这一笔的回单", now)
		}
	}
	return err
}

// read is the bank reading the file it was given, by a reader of its own.
func (t *turn) read(batch string) (list []order, err error) {
	text, err := os.ReadFile(filepath.Join(t.Files, batch+".csv"))
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, errors.Join(fmt.Errorf("付款文件 %s.csv 读不出来", batch), err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	for _, row := range rows[1 : len(rows)-1] {
		list = append(list, order{row[at("支付编号")], row[at("收款账号")], row[at("金额")]})
	}
	return list, nil
}

// answers are the bank's files: most are paid, some fail, some come back days later; then everything once more in another order,
// with a line that is a cent off and one of nobody's.
func (t *turn) answers(batch string, orders []order, day time.Time) [][]byte {
	var now, later []answer
	for _, o := range orders {
		switch n := t.chance("bank", o.id); {
		case n < 30:
			now = append(now, answer{day, batch, o, "失败", "账号与户名不符"})
		case n < 60:
			now = append(now, answer{day, batch, o, "成功", ""})
			later = append(later, answer{day.AddDate(0, 0, 3), batch, o, "退回", "账户已销户"})
		default:
			now = append(now, answer{day, batch, o, "成功", ""})
		}
	}
	again := slices.Concat(later, now)
	slices.SortFunc(again, func(a, b answer) int {
		return t.chance("order", a.order.id, a.result) - t.chance("order", b.order.id, b.result)
	})
	odd := orders[t.chance("odd", batch)%len(orders)]
	odd.sum = strings.TrimRight(odd.sum, "0123456789") + fmt.Sprintf("%02d", (int(odd.sum[len(odd.sum)-1]-'0')+1)%100)
	again = append(again, answer{day, batch, odd, "成功", ""}, answer{day, batch, order{"NOBODY0001", "6222000000000000", "1.00"}, "成功", ""})
	return [][]byte{table(now), table(again)}
}

// table writes a receipt as the bank's CSV.
func table(list []answer) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write([]string{"银行时间", "批次号", "支付编号", "户名", "收款账号", "金额", "结果", "原因"}) // a buffer takes everything
	var sum int64
	for _, a := range list {
		var yuan, fen int64
		if _, err := fmt.Sscanf(a.order.sum, "%d.%02d", &yuan, &fen); err == nil {
			sum += yuan*100 + fen
		}
		_ = w.Write([]string{a.at.Format("2006-01-02 15:04:05"), a.batch, a.order.id, "某户", a.order.account, a.order.sum, a.result, a.reason})
	}
	_ = w.Write([]string{"", "合计", fmt.Sprint(len(list)), "", "", fmt.Sprintf("%d.%02d", sum/100, sum%100), "", ""})
	w.Flush()
	return out.Bytes()
}
