package money

import (
	"net/http"
	"slices"
	"strconv"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/recheck"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
)

// toList leads back to a list, or shows there why not.
func (p *Pages) toList(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return p.showList(w, r, p.Explain(r.Context(), err, "这份名单"))
	}
	return p.Lead(w, r, listURL(r.PathValue("id")))
}

// taken reads a step of a form.
func taken(r *http.Request) treasury.Order {
	o := treasury.Order{StandsFor: counter.Text(r, "stands_for"), AnswerBy: counter.Day(r, "answer_by")}
	o.List, o.Action, o.Hash, o.Note = r.PathValue("id"), lists.Action(counter.Text(r, "action")), counter.Text(r, "hash"), counter.Text(r, "note")
	o.Days, _ = strconv.Atoi(counter.Text(r, "days")) // 0 is refused in words
	return o
}

func (p *Pages) step(w http.ResponseWriter, r *http.Request) error {
	return p.toList(w, r, p.Step(r.Context(), p.Who(r.Context()), taken(r)))
}

// approve approves what was seen: the form holds its hash.
func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error {
	o := taken(r)
	if o.Action != lists.ActApproveFirst {
		o.Action = lists.ActApprove
	}
	return p.toList(w, r, p.Step(r.Context(), p.Who(r.Context()), o))
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err == nil {
		days, _ := strconv.Atoi(counter.Text(r, "days"))
		err = p.Lists.Ask(ctx, treasury.Actor(who, l.Department, "", "D1"), l.ID, days, p.Clock())
	}
	return p.toList(w, r, err)
}

// change holds, releases, removes or lowers one entry.
func (p *Pages) change(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	n, reason, now := number(r), counter.Text(r, "reason"), p.Clock()
	switch r.FormValue("do") {
	case "hold":
		err = p.Lists.Hold(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), l.ID, n, reason, now)
	case "release":
		err = p.Lists.Release(ctx, treasury.Actor(who, l.Department, "", "D1", "F1"), l.ID, n, reason, now)
	case "remove":
		err = p.Lists.Remove(ctx, treasury.Actor(who, l.Department, "", "D1"), l.ID, n, reason, now)
	case "lower":
		amount, bad := counter.Money(r, "amount")
		if err = bad; err == nil {
			err = p.Lists.Lower(ctx, treasury.Actor(who, l.Department, "", "D1"), l.ID, n, amount, reason, now)
		}
	default:
		err = problem.New(http.StatusUnprocessableEntity, "没有这种办法，请从条目页面办理。")
	}
	if err != nil {
		return p.showEntry(w, r, p.Explain(ctx, err, "这一条"))
	}
	return p.Lead(w, r, entryURL(l.ID, n))
}

func number(r *http.Request) int {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// holdChanged holds what the last check found changed. It is checked anew, so that only what is so now is held.
func (p *Pages) holdChanged(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	found, err := recheck.List(ctx, p.Office, l.ID)
	reasons := treasury.Changed(found)
	if err == nil && len(reasons) == 0 {
		err = problem.New(http.StatusConflict, "批前复查没有发现变化，不用暂缓。")
	}
	if err == nil {
		_, err = p.Lists.HoldAll(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), l.ID, reasons, p.Clock())
	}
	return p.toList(w, r, err)
}

func (p *Pages) object(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(counter.Text(r, "n"))
	if err != nil || n < 1 {
		return p.toList(w, r, problem.New(http.StatusUnprocessableEntity, "请写明对第几条有异议，序号在条目表里。"))
	}
	_, err = p.Lists.Object(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), l.ID, n, counter.Text(r, "raised_by"), counter.Text(r, "text"), p.Clock())
	return p.toList(w, r, err)
}

// resolve answers an objection of this list.
func (p *Pages) resolve(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := p.Lists.Objections(ctx, l.ID)
	if err != nil {
		return err
	}
	id := counter.Text(r, "objection")
	if !slices.ContainsFunc(all, func(o lists.Objection) bool { return o.ID == id }) {
		return p.toList(w, r, problem.New(http.StatusUnprocessableEntity, "这份名单没有这条异议，请刷新页面。"))
	}
	outcome := counter.Text(r, "outcome")
	if outcome != "upheld" && outcome != "rejected" {
		return p.toList(w, r, problem.New(http.StatusUnprocessableEntity, "请选异议成立还是不成立。"))
	}
	err = p.Lists.Resolve(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), id, outcome == "upheld", counter.Text(r, "answer"), p.Clock())
	return p.toList(w, r, err)
}

func (p *Pages) attach(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	name, body, err := counter.File(r, "paper", lists.MaxAttachment)
	if err == nil {
		_, err = p.Lists.Attach(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), l.ID, counter.Text(r, "kind"), name, body, p.Clock())
	}
	return p.toList(w, r, err)
}

// paper sends an attachment, never to be shown in place: what is in it is somebody else's.
func (p *Pages) paper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	l, err := p.Visible(ctx, p.Who(ctx), r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := p.Lists.Attachments(ctx, l.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(a lists.Attachment) bool { return a.N == number(r) })
	if i < 0 {
		return problem.New(http.StatusNotFound, "没有找到这份附件。")
	}
	body, err := p.Lists.Attachment(ctx, l.ID, all[i].N)
	if err != nil {
		return p.Explain(ctx, err, "这份附件")
	}
	return counter.Send(w, all[i].Name, "application/octet-stream", body)
}

// answer is what a firm says to an entry of its own.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	ctx, who, firm := r.Context(), p.Who(r.Context()), r.PathValue("uscc")
	n, _ := strconv.Atoi(counter.Text(r, "n"))
	list, said := counter.Text(r, "list"), counter.Text(r, "answer")
	dues, err := p.Seen.Dues(ctx, firm)
	if err != nil {
		return err
	}
	for _, d := range dues {
		if d.List != list || d.N != n || said != "yes" && said != "no" {
			continue
		}
		role := "E1"
		if who.For(caller.E2, firm) {
			role = "E2"
		}
		err := p.Lists.Answer(ctx, lists.Actor{Person: who.ID(), Role: role}, list, n, said == "yes", counter.Text(r, "note"), p.Clock())
		if err != nil {
			return p.Explain(ctx, err, "这一条")
		}
		return p.Lead(w, r, "/enterprises/"+firm+"#money")
	}
	return problem.New(http.StatusUnprocessableEntity, "这家企业没有这一笔要确认，请从企业页面答复。")
}
