package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/source"
	"mianshen/rules/standard"
)

var policyID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

// policyReader reads the three files of one policy folder.
type policyReader struct {
	*source.Decoder
	p *Policy
}

// policyFiles are the files of a policy folder in the order in which they are read.
var policyFiles = []struct {
	name string
	read func(*policyReader)
}{{"policy.yaml", (*policyReader).policy}, {"values.yaml", (*policyReader).values}, {"cases.yaml", (*policyReader).cases}}

// ReadPolicy reads the policy folder dir of fsys: policy.yaml, and values.yaml and cases.yaml where they exist. Names in
// mistakes are the paths joined with shown, which is what the caller calls fsys. The policy is nil if policy.yaml is unreadable.
func ReadPolicy(fsys fs.FS, dir, shown string) (*Policy, source.Mistakes) {
	return readFolder(fsys, dir, shown, len(policyFiles))
}

// readFolder reads the first so many of the policyFiles.
func readFolder(fsys fs.FS, dir, shown string, count int) (*Policy, source.Mistakes) {
	files := map[string][]byte{}
	var ms source.Mistakes
	for _, f := range policyFiles[:count] {
		name := path.Join(dir, f.name)
		data, err := readCapped(fsys, name)
		switch {
		case err == nil:
			files[f.name] = data
		case f.name == "policy.yaml" || !isAbsent(err):
			ms = append(ms, source.Mistake{File: path.Join(shown, name), At: source.Position{Line: 1, Column: 1}, Message: "读不到文件：" + err.Error()})
		}
	}
	p, more := ReadPolicyFiles(files, path.Join(shown, dir))
	return p, append(ms, more...)
}

// ReadPolicyFiles reads a policy from the texts of its files by name; shown is what messages call the folder.
func ReadPolicyFiles(files map[string][]byte, shown string) (*Policy, source.Mistakes) {
	p := &Policy{files: map[string]*source.File{}}
	var all source.Mistakes
	for _, part := range policyFiles {
		data, ok := files[part.name]
		if !ok {
			continue
		}
		file, ms := source.Parse(path.Join(shown, part.name), data)
		r := &policyReader{Decoder: &source.Decoder{File: file, Mistakes: ms}, p: p}
		if file.Root != nil && !ms.Fatal() {
			p.files[part.name] = file
			part.read(r)
		}
		all = append(all, r.Mistakes...)
		if p.files["policy.yaml"] == nil {
			return nil, all // everything else would be a consequence of that
		}
	}
	if p.files["policy.yaml"] == nil {
		return nil, all
	}
	return p, all
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func readCapped(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("%s：%w", path.Base(name), err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s 不是普通文件", path.Base(name))
	}
	if info.Size() > source.MaxFile {
		return nil, fmt.Errorf("%s 有 %d 字节，超过上限 %d", path.Base(name), info.Size(), source.MaxFile)
	}
	return fs.ReadFile(fsys, name)
}

func (r *policyReader) policy() {
	p := r.p
	r.Map(r.File.Root, "政策", source.Keys{
		"id":        func(n *source.Node) { p.ID = r.id(n, "政策 id") },
		"title":     r.TextInto(&p.Title, "title"),
		"number":    r.TextInto(&p.Number, "number"),
		"issuer":    r.TextInto(&p.Issuer, "issuer"),
		"level":     r.TextInto(&p.Level, "level"),
		"in_force":  func(n *source.Node) { p.InForce = r.days(n, "in_force") },
		"settle_to": func(n *source.Node) { p.SettleTo = r.date(n, "settle_to") },
		"plain":     r.TextInto(&p.Plain, "plain"),
		"qa":        r.qa,
		"media":     r.media,
		"consultation": func(n *source.Node) {
			p.Consultation = r.consultation(n)
		},
		"clauses":    r.clauses,
		"conditions": func(n *source.Node) { p.conditions = r.conditions(n, "conditions", true) },
		"items": func(n *source.Node) {
			r.List(n, "items", func(item *source.Node) { p.Items = append(p.Items, r.item(item)) })
		},
	}, "id", "title", "in_force", "items")
	if !p.SettleTo.IsZero() && !p.InForce.To.IsZero() && p.SettleTo.Before(p.InForce.To) {
		r.Fail(r.File.Root, "", "settle_to 早于 in_force 的最后一天")
	}
	if len(p.Items) == 0 {
		r.Fail(r.File.Root, "", "政策没有事项")
	}
	r.checkRefs()
}

func (r *policyReader) id(n *source.Node, what string) string {
	if !policyID.MatchString(n.Text) {
		r.Fail(n, "只用字母、数字和 . _ -", "%s“%s”的写法不能用", what, source.Clip(n.Text))
		return ""
	}
	return n.Text
}

func (r *policyReader) date(n *source.Node, what string) civil.Date {
	d, err := civil.Parse(n.Text)
	if n.Kind != source.Scalar || err != nil {
		r.Fail(n, "写作 2025-01-01", "%s应是日期", what)
		return civil.Date{}
	}
	return d
}

func (r *policyReader) days(n *source.Node, what string) Days {
	var d Days
	r.Map(n, what, source.Keys{
		"from": func(n *source.Node) { d.From = r.date(n, "from") },
		"to":   func(n *source.Node) { d.To = r.date(n, "to") },
	}, "from")
	if !d.To.IsZero() && d.To.Before(d.From) {
		r.Fail(n, "", "%s的最后一天早于第一天", what)
	}
	return d
}

func (r *policyReader) qa(n *source.Node) {
	r.List(n, "qa", func(item *source.Node) {
		var q QA
		r.Map(item, "问答", source.Keys{"q": r.TextInto(&q.Q, "q"), "a": r.TextInto(&q.A, "a")}, "q", "a")
		r.p.QA = append(r.p.QA, q)
	})
}

func (r *policyReader) media(n *source.Node) {
	r.List(n, "media", func(item *source.Node) {
		var m Media
		r.Map(item, "media", source.Keys{"kind": r.TextInto(&m.Kind, "kind"), "title": r.TextInto(&m.Title, "title"), "url": r.TextInto(&m.URL, "url")}, "kind", "title")
		if m.URL != "" && !strings.HasPrefix(m.URL, "https://") && !strings.HasPrefix(m.URL, "http://") {
			r.Fail(item, "", "url 应以 https:// 开头")
			m.URL = ""
		}
		r.p.Media = append(r.p.Media, m)
	})
}

func (r *policyReader) consultation(n *source.Node) *Consultation {
	c := &Consultation{}
	r.Map(n, "consultation", source.Keys{
		"asked":  func(n *source.Node) { c.Asked = r.Int(n, "asked", 0, 1_000_000) },
		"sme":    func(n *source.Node) { c.SME = r.Int(n, "sme", 0, 1_000_000) },
		"opened": func(n *source.Node) { c.Opened = r.date(n, "opened") },
		"closed": func(n *source.Node) { c.Closed = r.date(n, "closed") },
	})
	if c.SME > c.Asked {
		r.Fail(n, "", "sme 不能多于 asked")
	}
	return c
}

func (r *policyReader) clauses(n *source.Node) {
	seen := map[string]bool{}
	r.List(n, "clauses", func(item *source.Node) {
		var c Clause
		r.Map(item, "条款", source.Keys{"ref": r.TextInto(&c.Ref, "ref"), "text": r.TextInto(&c.Text, "text")}, "ref", "text")
		if seen[c.Ref] {
			r.Fail(item, "", "条款 %s 写了两次", c.Ref)
		}
		seen[c.Ref] = true
		r.p.Clauses = append(r.p.Clauses, c)
	})
}

// checkRefs holds ids to be unique and every quote to stand in its clause.
func (r *policyReader) checkRefs() {
	seen := map[string]bool{}
	for _, it := range r.p.Items {
		if it.ID != "" && seen[it.ID] {
			r.Fail(it.node, "", "事项 %s 写了两次", it.ID)
		}
		seen[it.ID] = true
		ids := map[string]bool{}
		for _, c := range r.p.All(it) {
			r.checkCondition(c, ids)
		}
		for _, ind := range it.Industries {
			if !standard.ValidIndustry(ind) {
				r.Fail(it.node, "", "industries：GB/T 4754-2017 里没有“%s”", source.Clip(ind))
			}
		}
	}
}

func (r *policyReader) checkCondition(c *Condition, ids map[string]bool) {
	if c.ID != "" && ids[c.ID] {
		r.Fail(c.node, "", "条件 id %s 重复", c.ID)
	}
	ids[c.ID] = true
	at := [2]*source.Node{c.node, c.node}
	for i, n := range c.cited {
		if n != nil {
			at[i] = n
		}
	}
	r.cite(at, c.Clause, c.Quote)
	for _, part := range c.Parts {
		r.checkCondition(part, ids)
	}
}

func (r *policyReader) quote(n *source.Node, ref, quote string) {
	r.cite([2]*source.Node{n, n}, ref, quote)
}

// cite holds a reference and a quote, which stand at the two places, against the clauses.
func (r *policyReader) cite(at [2]*source.Node, ref, quote string) {
	if ref == "" {
		if quote != "" && len(r.p.Clauses) > 0 {
			r.Fail(at[1], "加上 clause: 第几条", "引用了原文却没有写出处 clause")
		}
		return
	}
	clause, ok := r.p.Clause(ref)
	if !ok {
		var refs []string
		for _, c := range r.p.Clauses {
			refs = append(refs, c.Ref)
		}
		hint := "先在 clauses 里写明这一条"
		if near, found := source.Nearest(ref, refs); found {
			hint = "是不是 " + near + "？"
		}
		r.Fail(at[0], hint, "没有“%s”这一条", source.Clip(ref))
		return
	}
	if quote != "" && !strings.Contains(squeeze(clause.Text), squeeze(quote)) {
		r.Fail(at[1], "quote 要逐字摘自条款", "“%s”不在%s的原文里", source.Clip(quote), ref)
	}
}

// squeeze drops white space, which line breaks in YAML may have added.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
