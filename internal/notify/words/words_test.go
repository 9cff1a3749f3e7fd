package words_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify/event"
	"mianshen/internal/notify/words"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// full is an event of a kind in which every variable has a value.
func full(k event.Kind) event.Event {
	e := event.New(k.Name, "91310118MA1JP7UB2B", "t", time.Unix(0, 0))
	for _, v := range k.Variables {
		if v.Name != event.Link {
			e.Data[v.Name] = "〈" + v.Name + "〉"
		}
	}
	e.Item, e.Decision = "xjr-first", "7-xjr-first-91310118MA1JP7UB2B"
	return e
}

// TestDefaults says an event of every kind in the words that are built in, and holds them against the lint.
func TestDefaults(t *testing.T) {
	for _, k := range event.Kinds() {
		template, ok := words.Default(k.Name)
		if !ok {
			t.Errorf("%s has no words", k.Name)
			continue
		}
		for _, wrong := range words.Lint(template) {
			t.Errorf("%s: %s", k.Name, wrong)
		}
		said, err := words.Say(template, full(k), "https://mianshen.example/")
		if err != nil || strings.ContainsAny(said.Title+said.Text, "{}") || !strings.Contains(said.Text, said.Link) {
			t.Errorf("%s: %v %+v", k.Name, err, said)
		}
	}
}

func TestLint(t *testing.T) {
	good, _ := words.Default(event.Paid)
	for _, x := range []struct {
		change func(*words.Template)
		says   string
	}{
		{func(w *words.Template) { w.Kind = "none" }, ":1:1: 错误：没有“none”这一类通知"},
		{func(w *words.Template) { w.Title = "" }, "标题写一行"},
		{func(w *words.Template) { w.Title = strings.Repeat("长", 81) }, "不超过 80 个字"},
		{func(w *words.Template) { w.Body = "" }, "正文写"},
		{func(w *words.Template) { w.Body = strings.Repeat("长", 2001) }, "现在是 2001 个"},
		{func(w *words.Template) { w.Body = "{企业}\n到{门槛}" }, "模板:3:2: 错误：“已拨付”类通知没有变量 {门槛}，请改用列出的变量。\n    到{门槛}\n      ^"},
		{func(w *words.Template) { w.Body += "{{金额" }, "花括号"},
		{func(w *words.Template) { w.Body = "一" }, "模板:2:2: 错误：没有写到 {链接}（查看依据和办理的网址），请补上。"},
		{func(w *words.Template) { w.Title = "{企业}恭喜" }, "模板:1:5: 错误：“恭喜”是宣传用语，请改成平实的说法。"},
		{func(w *words.Template) { w.Body += "请,核对" }, "全角"},
		{func(w *words.Template) { w.Body += "请核对！" }, "不用感叹号"},
		{func(w *words.Template) {
			w.Channel, w.Body = words.SMS, "SMS_1\nitem={事项}\nsum="+strings.Repeat("长", 35)+"{金额}"
		}, "模板:4:1: 错误：短信的一个参数最多 35 个字"},
		{func(w *words.Template) { w.Channel, w.Body = words.SMS, "SMS_1\nitem={事项}{金额}" }, "模板:3:1: 错误：短信的一个参数只放一个变量"},
		{func(w *words.Template) { w.Channel, w.Body = words.SMS, "SMS_1\na=恭喜" }, "模板:3:3: 错误：“恭喜”是宣传用语"},
		{func(w *words.Template) {
			w.Channel, w.Body = words.SMS, "SMS_1"
			for i := range 11 {
				w.Body += fmt.Sprintf("\np%d={事项}", i)
			}
		}, "短信会超过 350 个字"},
		{func(w *words.Template) { w.Body += "\n3. 三\n4. 四" }, "最多 3 步"},
		{func(w *words.Template) { w.Channel, w.Body = words.SMS, "模板 一" }, "模板编号"},
		{func(w *words.Template) { w.Channel, w.Body = words.SMS, "SMS_1\nname" }, "参数名={变量}"},
	} {
		bad := good
		x.change(&bad)
		if got := words.Lint(bad).Error(); !strings.Contains(got, x.says) {
			t.Errorf("wanted %q in %q", x.says, got)
		}
	}
}

// TestRead: a file holds several templates, whose mistakes have the file's lines; what is written is read back as it is.
func TestRead(t *testing.T) {
	var all strings.Builder
	for _, k := range event.Kinds() {
		d, _ := words.Default(k.Name)
		all.WriteString(d.String())
	}
	list, wrong := words.Read("a.txt", all.String())
	if len(wrong) > 0 || len(list) != len(event.Kinds()) {
		t.Errorf("%d templates, %v", len(list), wrong)
	}
	for _, read := range list {
		if d, _ := words.Default(read.Kind); read != d {
			t.Errorf("%+v isn't %+v", read, d)
		}
	}
	paid, _ := words.Default(event.Paid)
	before := "\n" + paid.String() + "== paid sms\n{事项}\nSMS_1\nsum={金额}\n== left\n"
	line := strings.Count(before, "\n") + 1
	list, wrong = words.Read("a.txt", before+"恭喜\n{企业}{门槛}{链接}\n")
	if len(list) != 2 || list[1].Channel != words.SMS || list[1].Body != "SMS_1\nsum={金额}" {
		t.Errorf("%+v", list)
	}
	if got := wrong.Error(); !strings.Contains(got, fmt.Sprintf("a.txt:%d:1: 错误：“恭喜”", line)) || !strings.Contains(got, fmt.Sprintf("a.txt:%d:5: 错误：“不再符合”类通知没有变量 {门槛}", line+1)) {
		t.Error(got)
	}
	for text, says := range map[string]string{"": "没有模板", "标题\n== paid": "a.txt:1:1: 错误：这里应该是一个模板的开头", "== paid": "标题写一行"} {
		if list, wrong := words.Read("a.txt", text); len(list) != 0 || !strings.Contains(wrong.Error(), says) {
			t.Errorf("%q gave %v", text, wrong)
		}
	}
}

// TestHostile: what data hold is never read as a template, and stays within its caps.
func TestHostile(t *testing.T) {
	k, _ := event.KindOf(event.Paid)
	e := full(k)
	e.Data[event.Firm] = "{金额}\r\nBcc: x\u202e" + strings.Repeat("长", 1000)
	template, _ := words.Default(event.Paid)
	said, err := words.Say(template, e, "https://m.example")
	if err != nil || !strings.Contains(said.Text, "{金额}") || strings.ContainsAny(said.Text, "\r\u202e") || len([]rune(said.Text)) > 1000 {
		t.Errorf("%v %q", err, said.Text)
	}
	if _, err := words.Say(words.Template{Kind: event.Paid, Title: "{没有}", Body: "x"}, e, ""); !errors.Is(err, words.ErrTemplate) {
		t.Errorf("an unknown variable gave %v", err)
	}
}

func TestSMS(t *testing.T) {
	k, _ := event.KindOf(event.Paid)
	sms := words.Template{Kind: event.Paid, Channel: words.SMS, Title: "{事项}已拨付", Body: "SMS_42\nitem={事项}\nsum={金额}\nlink={链接}"}
	if wrong := words.Lint(sms); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	e := full(k)
	e.Data[event.Item] = strings.Repeat("长", 90)
	said, err := words.Say(sms, e, "https://m.example")
	if err != nil || said.Params[words.TemplateID] != "SMS_42" || said.Params["sum"] != "〈金额〉" || len([]rune(said.Params["item"])) != 35 || said.Params["link"] != said.Link {
		t.Errorf("%v %+v", err, said)
	}
}

func TestShelf(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s, err := store.Open(ctx, address(t))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			shelf := words.NewShelf(s, "https://m.example")
			k, _ := event.KindOf(event.Paid)
			own, _ := words.Default(event.Paid)
			own.Title = "已付：{事项}"
			for want := 1; want <= 2; want++ {
				if v, err := shelf.Set(ctx, []words.Template{own}, "p1", time.Unix(int64(want), 0)); err != nil || len(v) != 1 || v[0] != want {
					t.Fatalf("version %v: %v", v, err)
				}
			}
			bad := own
			bad.Body = "{没有}"
			if _, err := shelf.Set(ctx, []words.Template{own, bad}, "p1", time.Unix(9, 0)); !errors.Is(err, words.ErrTemplate) {
				t.Errorf("a bad template gave %v", err)
			}
			if now, err := shelf.Current(ctx, event.Paid, "smtp"); err != nil || now.Version != 2 || now.Title != own.Title {
				t.Errorf("%v %+v", err, now)
			}
			if now, err := shelf.Current(ctx, event.Left, "smtp"); err != nil || now.Version != 0 {
				t.Errorf("%v %+v", err, now)
			}
			if _, err := shelf.Current(ctx, "none", "smtp"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("no kind gave %v", err)
			}
			one, err := shelf.Write(ctx, "smtp", []event.Event{full(k)})
			if err != nil || one.Title != "已付：〈事项〉" {
				t.Errorf("%v %+v", err, one)
			}
			two, err := shelf.Write(ctx, "smtp", []event.Event{full(k), full(k)})
			if err != nil || two.Title != "您单位有 2 条通知" || strings.Count(two.Text, one.Title) != 2 {
				t.Errorf("%v %+v", err, two)
			}
		})
	}
}
