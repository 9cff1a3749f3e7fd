package bureau

import (
	"context"
	"errors"
	"slices"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// Simulate asks what a change of the law would do, what a number costs at each of its values, or both.
type Simulate struct {
	Body struct {
		Item  string       `json:"item" minLength:"1" maxLength:"100" doc:"事项编号"`
		Edits []rules.Edit `json:"edits,omitempty" maxItems:"20" doc:"改动，依次作用。what 说明改什么：value 政策规定的数（value 是名称，cell 是档，text 是新的数），condition 条件的算式，drop 去掉条件，amount 金额的算式，per_grant、per_year、total、times 上限"`
		Vary  *Vary        `json:"vary,omitempty" doc:"变动一个数，看每个值各要多少钱"`
	}
}

// Vary is a number that is moved.
type Vary struct {
	Name   string       `json:"name" minLength:"1" maxLength:"200" doc:"政策规定的数的名称，分档的写作 名称[档]；或者条件的编号，这个条件是一个指标与一个数的比较"`
	From   string       `json:"from" minLength:"1" maxLength:"40" doc:"从多少，例如 300万元、3%、8"`
	To     string       `json:"to" minLength:"1" maxLength:"40" doc:"到多少"`
	Budget *exact.Money `json:"budget,omitempty" doc:"预算，元，两位小数"`
}

// Simulation is what a change of the law would do, by the data of the newest finished comparison.
type Simulation struct {
	AsOf    civil.Date        `json:"as_of"`
	Sweep   int64             `json:"sweep" doc:"依据第几次比对的数据和政策版本"`
	Firms   int               `json:"enterprises"`
	Effects []*whatif.Effect  `json:"effects,omitempty" doc:"改动对这个事项的影响，以及同一政策里别的受影响的事项"`
	Curve   *whatif.Curve     `json:"curve,omitempty"`
	Names   map[string]string `json:"names,omitempty" doc:"例子里各企业的名称"`
}

// Simulate answers. A *desk.Refusal says what in the question is wrong.
func (b *Bureau) Simulate(ctx context.Context, in *Simulate) (*Simulation, error) {
	if len(in.Body.Edits) == 0 && in.Body.Vary == nil {
		return nil, &desk.Refusal{Message: "没有说明改什么：写 edits 或 vary。"}
	}
	sweep, err := b.office.LatestDone(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.enter(ctx); err != nil {
		return nil, err
	}
	defer b.leave()
	book, table, err := b.population(ctx, sweep)
	if err != nil {
		return nil, err
	}
	out := &Simulation{AsOf: sweep.AsOf, Sweep: sweep.ID, Firms: table.Rows()}
	if v := in.Body.Vary; v != nil {
		x := whatif.Variation{Table: table, Book: book.Book, Circumstances: rules.Circumstances{AsOf: sweep.AsOf}, Item: in.Body.Item, Name: v.Name, From: v.From, To: v.To}
		if v.Budget != nil {
			x.Budget = *v.Budget
		}
		if out.Curve, err = whatif.Vary(ctx, x); err != nil {
			return nil, impossible(err)
		}
	}
	if len(in.Body.Edits) > 0 {
		err = b.compare(ctx, in, book, table, out)
	}
	return out, err
}

// compare adds what edits do.
func (b *Bureau) compare(ctx context.Context, in *Simulate, book *casework.Book, table *engine.Table, out *Simulation) error {
	edits := slices.Clone(in.Body.Edits)
	for i := range edits {
		if edits[i].Item == "" && edits[i].What != rules.EditValue {
			edits[i].Item = in.Body.Item
		}
		if edits[i].On.IsZero() && edits[i].What == rules.EditValue {
			edits[i].On = out.AsOf
		}
	}
	found, err := whatif.Try(ctx, whatif.Question{Table: table, Before: book.Book, Circumstances: rules.Circumstances{AsOf: out.AsOf}}, in.Body.Item, edits)
	if err != nil {
		return impossible(err)
	}
	out.Effects = []*whatif.Effect{}
	for _, e := range found.Items {
		switch {
		case e.Item == in.Body.Item:
			out.Effects = slices.Insert(out.Effects, 0, e)
		case e.Any():
			out.Effects = append(out.Effects, e)
		}
	}
	var codes []string
	for _, e := range out.Effects {
		for _, x := range slices.Concat(e.EnteredExamples, e.LeftExamples) {
			codes = append(codes, x.Enterprise)
		}
	}
	out.Names, err = b.names(ctx, codes)
	return err
}

// impossible tells apart what a caller asked wrongly.
func impossible(err error) error {
	var refused *whatif.Refusal
	var mistakes source.Mistakes
	if errors.As(err, &refused) || errors.As(err, &mistakes) {
		return &desk.Refusal{Message: err.Error()}
	}
	return tooMuch(err)
}

// Dial is a number of the law that can be varied or changed.
type Dial struct {
	Name     string // as Vary takes it
	Words    string // what it is, and what it is now
	From, To string // a span around the present, to begin with; "" where none offers itself
	Value    string // of an Edit: the value's name; "" for a condition
	Cell     string
	Text     string // what stands there now, as an Edit takes it
}

// Choice is an item that may be simulated.
type Choice struct {
	Item, Title, Policy string
}

// Choices lists the items that are due on the day of the newest finished comparison, by policy.
func (b *Bureau) Choices(ctx context.Context) ([]Choice, error) {
	book, sweep, err := b.newest(ctx)
	if err != nil {
		return nil, err
	}
	var out []Choice
	for _, p := range book.Policies {
		for _, it := range p.Items {
			if r, ok := book.Rule(it.ID); ok && r.Due(sweep.AsOf) {
				out = append(out, Choice{Item: it.ID, Title: it.Title, Policy: p.Title})
			}
		}
	}
	return out, nil
}

func (b *Bureau) newest(ctx context.Context) (*casework.Book, store.Sweep, error) {
	sweep, err := b.office.LatestDone(ctx)
	if err != nil {
		return nil, sweep, err
	}
	book, err := b.office.Of(ctx, sweep.Plan)
	return book, sweep, err
}

// Dials lists the numbers of an item: the dated values that it reads, then the thresholds that stand in its conditions.
func (b *Bureau) Dials(ctx context.Context, item string) ([]Dial, error) {
	book, sweep, err := b.newest(ctx)
	if err != nil {
		return nil, err
	}
	r, ok := book.Rule(item)
	if !ok {
		return nil, desk.ErrNotFound
	}
	var out []Dial
	for _, name := range lookups(r) {
		if v := r.Policy.Value(name); v != nil {
			out = append(out, valueDials(r, v, sweep.AsOf)...)
		}
	}
	return append(out, thresholds(r)...), nil
}
