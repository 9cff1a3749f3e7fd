package pages

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/ui"
	"mianshen/rules"
	"mianshen/rules/exact"
)

const (
	workSize  = 20 // entries of a list for officials
	maxSweeps = 10_000
)

func (s *Pages) deliveriesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	in := &bureau.ListDeliveries{State: oneOf(q.Get("state"), "accepted", "held", "quarantined", "withdrawn"), Paging: desk.Paging{Cursor: q.Get("cursor"), Limit: workSize}}
	list, err := s.Bureau.Deliveries(ctx, in)
	if err != nil {
		return s.explain(ctx, err, "数据")
	}
	v := ui.DeliveriesView{Page: s.Page(ctx, "数据到达", "deliveries"), List: list, State: in.State, Later: in.Cursor != ""}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteDeliveries(ctx, b, v) })
}

func (s *Pages) deliveryPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := s.Bureau.Delivery(ctx, &bureau.OneDelivery{ID: r.PathValue("id")})
	if err != nil {
		return s.explain(ctx, err, "这批数据")
	}
	v := ui.DeliveryView{Page: s.Page(ctx, d.Source+" · 数据到达", "deliveries"), Delivery: d}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteDelivery(ctx, b, v) })
}

func (s *Pages) sweepsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	skip, err := desk.Paging{Cursor: r.URL.Query().Get("cursor")}.Skip(maxSweeps)
	if err != nil {
		return s.explain(ctx, err, "比对批次")
	}
	list, more, err := s.Desk.Sweeps(ctx, skip, workSize)
	if err != nil {
		return s.explain(ctx, err, "比对批次")
	}
	v := ui.SweepsView{Page: s.Page(ctx, "比对批次", "sweeps"), Sweeps: list}
	if more && skip+workSize <= maxSweeps {
		v.Next = skip + workSize
	}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteSweeps(ctx, b, v) })
}

// sweep finds the comparison that the address names.
func (s *Pages) sweep(r *http.Request) (*bureau.SweepDetail, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return nil, problem.New(http.StatusNotFound, "没有找到这次比对。")
	}
	detail, err := s.Bureau.Sweep(r.Context(), &bureau.OneSweep{ID: id})
	return detail, s.explain(r.Context(), err, "这次比对")
}

func (s *Pages) sweepPage(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.sweep(r)
	if err != nil {
		return err
	}
	v := ui.SweepView{Page: s.Page(r.Context(), "第 "+strconv.FormatInt(detail.ID, 10)+" 次比对", "sweeps"), Sweep: detail}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteSweep(ctx, b, v) })
}

func (s *Pages) differencesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	detail, err := s.sweep(r)
	if err != nil {
		return err
	}
	in := &bureau.ListDifferences{
		OneSweep: bureau.OneSweep{ID: detail.ID}, Turn: oneOf(q.Get("turn"), "entered", "left", "amount", "unknown", "known"),
		Paging: desk.Paging{Cursor: q.Get("cursor"), Limit: workSize},
	}
	in.Item, _ = clip(q.Get("item"), maxFind)
	list, err := s.Bureau.Differences(ctx, in)
	if err != nil {
		return s.explain(ctx, err, "这次比对")
	}
	title := "第 " + strconv.FormatInt(detail.ID, 10) + " 次比对的变化"
	for _, x := range detail.Items {
		if x.Item == in.Item {
			title = x.Title + "的变化"
		}
	}
	v := ui.DifferencesView{Page: s.Page(ctx, title, "sweeps"), Sweep: detail, List: list, Item: in.Item, Turn: in.Turn}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteDifferences(ctx, b, v) })
}

func (s *Pages) readinessPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	in := &bureau.AskReadiness{Verdict: oneOf(r.URL.Query().Get("verdict"), "ready", "data", "clause")}
	report, err := s.Bureau.Readiness(ctx, in)
	if err != nil {
		return s.explain(ctx, err, "数据")
	}
	v := ui.ReadinessView{Page: s.Page(ctx, "免申准备度", "readiness"), Report: report, Verdict: in.Verdict}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteReadiness(ctx, b, v) })
}

func (s *Pages) gapsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	report, err := s.Bureau.Gaps(ctx, &bureau.AskGaps{})
	if err != nil {
		return s.explain(ctx, err, "数据")
	}
	v := ui.GapsView{Page: s.Page(ctx, "漏享清单", "gaps"), Report: report}
	return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteGaps(ctx, b, v) })
}

func (s *Pages) simulationPage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := ui.SimulationView{Page: s.Page(ctx, "试算", "simulation")}
	var err error
	if v.Choices, err = s.Bureau.Choices(ctx); err != nil {
		return s.explain(ctx, err, "事项")
	}
	if i := slices.IndexFunc(v.Choices, func(c bureau.Choice) bool { return c.Item == q.Get("item") }); i >= 0 {
		v.Item = &v.Choices[i]
		if v.Dials, err = s.Bureau.Dials(ctx, v.Item.Item); err != nil {
			return s.explain(ctx, err, "这个事项")
		}
	} else if q.Get("item") != "" {
		v.Notice = "没有这个事项，或者它在基准日不判定。请另选一个。"
	}
	if len(v.Dials) == 0 {
		return s.write(w, r, http.StatusOK, func(ctx context.Context, b io.Writer) error { return ui.WriteSimulation(ctx, b, v) })
	}
	v.Form = form(v.Dials, q.Get)
	status := http.StatusOK
	v.Result, err = s.try(ctx, &v)
	if err != nil {
		var p *problem.Problem
		if !errors.As(s.explain(ctx, err, "这个事项"), &p) || p.Status == http.StatusInternalServerError {
			return p
		}
		v.Notice, status = p.Detail, p.Status
	}
	return s.write(w, r, status, func(ctx context.Context, b io.Writer) error { return ui.WriteSimulation(ctx, b, v) })
}

// form reads what a visitor has filled in. A number that isn't one of the item's, or is asked for anew, gets the span that is
// proposed for it.
func form(dials []bureau.Dial, get func(string) string) ui.SimulationForm {
	text := func(name string, most int) string {
		short, _ := clip(strings.TrimSpace(get(name)), most)
		return short
	}
	f := ui.SimulationForm{Name: text("name", maxQuery), From: text("from", 40), To: text("to", 40), Budget: text("budget", 20), Set: text("set", 400)}
	at := slices.IndexFunc(dials, func(d bureau.Dial) bool { return d.Name == f.Name })
	anew := at < 0 || get("again") != "" || f.From == "" && f.To == "" && f.Set == ""
	if at = max(at, 0); anew {
		f = ui.SimulationForm{Name: dials[at].Name, From: dials[at].From, To: dials[at].To, Budget: f.Budget}
	}
	return f
}

// try computes what the form asks; nil where it asks nothing yet.
func (s *Pages) try(ctx context.Context, v *ui.SimulationView) (*bureau.Simulation, error) {
	in := &bureau.Simulate{}
	in.Body.Item = v.Item.Item
	if v.Form.From != "" || v.Form.To != "" {
		in.Body.Vary = &bureau.Vary{Name: v.Form.Name, From: v.Form.From, To: v.Form.To}
		if v.Form.Budget != "" {
			budget, err := exact.ParseMoney(v.Form.Budget)
			if err != nil || budget < 0 || budget > 1e14 {
				return nil, &desk.Refusal{Message: "预算应写多少万元，例如 500。"}
			}
			budget *= 10_000
			in.Body.Vary.Budget = &budget
		}
	}
	if d := v.Chosen(); v.Form.Set != "" && d != nil {
		edit := rules.Edit{What: rules.EditCondition, Condition: d.Name, Text: v.Form.Set}
		if d.Value != "" {
			edit = rules.Edit{What: rules.EditValue, Value: d.Value, Cell: d.Cell, Text: v.Form.Set}
		}
		in.Body.Edits = []rules.Edit{edit}
	}
	if in.Body.Vary == nil && in.Body.Edits == nil {
		return nil, nil
	}
	return s.Bureau.Simulate(ctx, in)
}

// oneOf is the text if it is one of those, else "".
func oneOf(text string, known ...string) string {
	if slices.Contains(known, text) {
		return text
	}
	return ""
}
