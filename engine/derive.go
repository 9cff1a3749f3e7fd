package engine

import (
	"strings"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/rules/standard"
)

// derive computes a derived text for every row. What is only partly known (划型 with a figure missing) is a value of its own, so
// that conditions can still decide where all possibilities agree.
func (p *Plan) derive(f *rules.Field) *derived {
	root := f.Derivation()
	if root.Op == formula.OpClassify {
		if d, ok := p.classify(f, root); ok {
			return d
		}
	}
	d := &derived{codes: make([]uint32, p.table.Rows())}
	codes := map[string]uint32{}
	s := p.book.NewSession(p.around)
	for row := range d.codes {
		profile, err := p.table.Profile(row)
		if err != nil {
			return &derived{}
		}
		s.Load(profile)
		v := s.Derived(f)
		key := "k" + v.String()
		if !v.Known() {
			key = "u" + strings.Join(v.Possible(), "\n")
		}
		code, ok := codes[key]
		if !ok {
			code = uint32(len(d.values))
			codes[key] = code
			d.values = append(d.values, v)
		}
		d.codes[row] = code
		if len(d.values) > maxEntries {
			return &derived{}
		}
	}
	if d.values == nil {
		d.values = []*formula.Value{nil}
	}
	return d
}

// classify is derive for 划型 over four delivered fields.
func (p *Plan) classify(f *rules.Field, root *formula.Node) (*derived, bool) {
	var in [4]*figures
	for i, a := range root.Args {
		if a.Op != formula.OpField || p.table.Vocabulary.Fields[a.Slot].Derived() {
			return nil, false
		}
		in[i] = p.figures(p.table.Vocabulary.Fields[a.Slot])
	}
	d := &derived{codes: make([]uint32, p.table.Rows())}
	var codes [256]uint32 // by class set, plus one
	for row := range d.codes {
		classes, _ := standard.Classify(in[0].text(row), in[1].indicator(row), in[2].indicator(row), in[3].indicator(row))
		if codes[classes] == 0 {
			d.values = append(d.values, classValue(f, classes))
			codes[classes] = uint32(len(d.values))
		}
		d.codes[row] = codes[classes] - 1
	}
	if d.values == nil {
		d.values = []*formula.Value{nil}
	}
	return d, true
}

// classValue is a set of classes as rules see it, held to the values that the field may have.
func classValue(f *rules.Field, classes standard.ClassSet) *formula.Value {
	var texts []string
	for _, c := range classes.List() {
		texts = append(texts, c.String())
	}
	return f.Fit(formula.OneOf(texts))
}

// figures reads one column for 划型.
type figures struct {
	column *column.Column
	open   []uint64 // bitmap of what isn't known
	scale  int64
}

func (p *Plan) figures(f *rules.Field) *figures {
	c := p.table.columns[f.Index]
	out := &figures{column: c, open: missing(f, c, p.table.Rows(), p.around.AsOf), scale: 1}
	if c != nil {
		out.scale = pow10(c.Scale)
	}
	return out
}

func (g *figures) known(row int) bool { return g.open[row>>6]>>(uint(row)&63)&1 == 0 }

func (g *figures) text(row int) string {
	if !g.known(row) {
		return ""
	}
	return g.column.Dict[g.column.Codes[row]]
}

// indicator is the greatest whole number not above the value: thresholds are whole, so it decides the same.
func (g *figures) indicator(row int) standard.Indicator {
	if !g.known(row) {
		return standard.Indicator{}
	}
	v := g.column.Ints[row]
	q := v / g.scale
	if v%g.scale < 0 {
		q--
	}
	return standard.Known(q)
}
