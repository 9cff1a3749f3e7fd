package letters

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mianshen/internal/counter"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/foretell"
	"mianshen/rules/civil"
)

// SayFirst says who is told first of a publication, how it reaches them if they were told now, and in which words.
func SayFirst(out io.Writer, sight foretell.Sight, now time.Time) {
	if sight.Events == 0 {
		fmt.Fprintln(out, "没有企业要因此收到消息。")
		return
	}
	var kinds []string
	for _, k := range event.Kinds() {
		if n := sight.Counts[k.Name]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %d", k.Label, n))
		}
	}
	fmt.Fprintf(out, "下一次比对以后告知 %d 户企业，%d 件事：%s。先告知：\n", sight.Firms, sight.Events, strings.Join(kinds, "，"))
	part := &counter.Part{Columns: counter.Columns("name", "企业", "uscc", "统一社会信用代码", "kind", "说什么", "item", "事项", "sum", "金额", "ways", "渠道")}
	for _, f := range sight.First {
		k, _ := event.KindOf(f.Event.Kind)
		d := f.Event.Data
		part.Add(d[event.Firm], f.Event.Enterprise, k.Label, d[event.Item], d[event.Sum], ways(f.Ways, now))
	}
	_ = counter.Shown{}.Show(out, part) // the program notices what can't be written
	fmt.Fprintf(out, "第一条在站内的原文（链接在比对后指向判定依据）：\n【%s】\n%s\n", sight.Words.Title, sight.Words.Text)
}

// ways says on which channels a firm hears, and what holds it up.
func ways(list []foretell.Way, now time.Time) string {
	var out []string
	for _, w := range list {
		name := names[w.Channel]
		switch {
		case w.Dropped != "":
			name += "（不发：" + w.Dropped + "）"
		case w.At.After(now):
			name += "（按企业选的时间，" + w.At.In(civil.Shanghai()).Format("01-02 15:04") + " 起）"
		}
		out = append(out, name)
	}
	return strings.Join(out, "、")
}
