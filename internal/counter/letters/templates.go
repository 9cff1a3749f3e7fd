package letters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/words"
	"mianshen/internal/persons"
	"mianshen/internal/store"
)

// Files are files of templates.
type Files struct {
	Paths []string `arg:"" name:"path" help:"模板文件；开头写作 == 类别，下一行是标题，再往下是正文，一个文件可以有几个"`
}

// read reads the templates; all mistakes are said at once, and then there are none.
func (f Files) read(p *counter.Program) (all []words.Template, err error) {
	const most = 1 << 20
	wrong := 0
	for _, path := range f.Paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > most {
			return nil, counter.Misuse{Text: fmt.Sprintf("读不了模板文件 %s：要是普通文件，不超过 1 MB", path)}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		list, found := words.Read(filepath.ToSlash(path), string(text))
		for _, m := range found {
			fmt.Fprintf(p.Err, "%s\n\n", m.Error())
		}
		all, wrong = append(all, list...), wrong+len(found)
	}
	if wrong > 0 {
		fmt.Fprintf(p.Err, "共 %d 处。\n", wrong)
		return nil, counter.ErrShown
	}
	return all, nil
}

type lintCmd struct{ Files }

// Run checks templates.
func (c *lintCmd) Run(p *counter.Program) error {
	all, err := c.read(p)
	if err == nil {
		fmt.Fprintf(p.Out, "%d 个模板，没有错误。\n", len(all))
	}
	return err
}

type preview struct {
	Files
	counter.Place
	Address
}

// Run says the newest real event of each template's kind in its words.
func (c *preview) Run(ctx context.Context, p *counter.Program) error {
	all, err := c.read(p)
	if err != nil {
		return err
	}
	return c.Read(ctx, p, func(o *casework.Office) error {
		box, shelf := outbox.New(o.Store, nil), words.NewShelf(o.Store, c.PublicURL)
		for _, t := range all {
			k, _ := event.KindOf(t.Kind)
			said, err := shelf.Preview(ctx, t, box.Newest)
			switch {
			case errors.Is(err, store.ErrNotFound):
				fmt.Fprintf(p.Out, "——%s（%s）：库里还没有这一类事项，等有了再预览。\n\n", k.Label, t.Kind)
			case err != nil:
				return err
			case t.Channel == words.SMS:
				fmt.Fprintf(p.Out, "——%s（%s，短信），网关模板 %s：\n", k.Label, t.Kind, said.Params[words.TemplateID])
				sayParams(p, said.Params)
			default:
				fmt.Fprintf(p.Out, "——%s（%s）：\n【%s】\n%s\n\n", k.Label, t.Kind, said.Title, said.Text)
			}
		}
		return nil
	})
}

func sayParams(p *counter.Program, params map[string]string) {
	part := &counter.Part{Columns: counter.Columns("name", "参数", "value", "内容")}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != words.TemplateID {
			part.Add(name, params[name])
		}
	}
	_ = counter.Shown{}.Show(p.Out, part) // what can't be written is noticed by the program
	fmt.Fprintln(p.Out)
}

type wordsCmd struct {
	DB      string `name:"db" help:"写出这个库里现行的模板；不写，写出内置的"`
	Kind    string `arg:"" optional:"" help:"只写这一类，如 eligible；不写，全部写出"`
	Channel string `help:"只用于这个渠道的模板，如 sms；没有就写出通用的"`
}

// Run writes templates as Read takes them.
func (c *wordsCmd) Run(ctx context.Context, p *counter.Program) error {
	if _, ok := event.KindOf(c.Kind); !ok && c.Kind != "" {
		return unknownKind(c.Kind)
	}
	if c.DB == "" {
		return c.write(p, func(kind string) (words.Template, error) {
			t, ok := words.Default(kind)
			if !ok {
				return t, unknownKind(kind)
			}
			return t, nil
		})
	}
	return counter.Place{DB: c.DB}.Read(ctx, p, func(o *casework.Office) error {
		shelf := words.NewShelf(o.Store, "")
		return c.write(p, func(kind string) (words.Template, error) { return shelf.Current(ctx, kind, c.Channel) })
	})
}

func (c *wordsCmd) write(p *counter.Program, current func(kind string) (words.Template, error)) error {
	for _, k := range event.Kinds() {
		if c.Kind != "" && k.Name != c.Kind {
			continue
		}
		t, err := current(k.Name)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, t)
	}
	return nil
}

type adopt struct {
	Files
	counter.Acting
}

// Run stores templates as new versions: all of the files or none.
func (c *adopt) Run(ctx context.Context, p *counter.Program) error {
	all, err := c.read(p)
	if err != nil {
		return err
	}
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if !d.Who.Has(persons.SystemAdmin) {
			return counter.Misuse{Text: "采用消息模板由系统管理员办理，请换系统管理员的令牌。"}
		}
		versions, err := words.NewShelf(d.Store, "").Set(ctx, all, d.Who.Person, d.Now)
		for i, version := range versions {
			k, _ := event.KindOf(all[i].Kind)
			fmt.Fprintf(p.Out, "%s（%s）已采用第 %d 版，从下一条消息起用它。\n", k.Label, all[i].Kind, version)
		}
		return err
	})
}
