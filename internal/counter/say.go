package counter

import (
	"context"
	"fmt"
	"io"
	"os"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/rules/exact"
)

// Stands says where a list stands.
func (d *Desk) Stands(ctx context.Context, list string) error {
	l, err := view.New(d.Store).List(ctx, list)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.Out, "名单“%s”现在是“%s”：%d 笔 %s 元%s。\n", l.ID, l.State.Words(), l.Count, l.Sum, also(l))
	return err
}

func also(l view.List) (text string) {
	if l.Held > 0 {
		text += fmt.Sprintf("，另暂缓 %d 笔", l.Held)
	}
	if l.Suspended {
		text += "，已暂停"
	}
	if l.State == lists.Noticed {
		text += fmt.Sprintf("，公示到 %s（含当日）", l.NoticeUntil)
	}
	return text
}

// Money reads a sum of a flag.
func Money(flag, text string) (exact.Money, error) {
	m, err := exact.ParseMoney(text)
	if err != nil {
		return 0, Misuse{Text: fmt.Sprintf("%s：金额写作 6000.00，以元为单位，最多两位小数", flag)}
	}
	return m, nil
}

// Small reads a file that may have most bytes.
func Small(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Misuse{Text: fmt.Sprintf("读不了 %s，请核对文件名", path)}
	}
	defer f.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, Misuse{Text: fmt.Sprintf("读不了 %s：%v", path, err)}
	}
	if int64(len(body)) > most {
		return nil, Misuse{Text: fmt.Sprintf("%s 超过 %d MiB，请拆分后再试", path, most>>20)}
	}
	return body, nil
}
