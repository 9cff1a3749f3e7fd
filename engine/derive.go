package engine

import (
	"maps"
	"slices"
	"strings"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/rules/standard"
)

// derivedText computes a derived text for every row, or takes what the table still has of the same day.
func (p *Plan) derivedText(f *rules.Field) *derived {
	t := p.table
	t.mu.Lock()
	kept := t.texts[f.Index]
	same := t.day == p.around.AsOf
	t.mu.Unlock()
	if same && kept != nil {
		return kept
	}
	d := p.derive(f, &derived{index: map[string]uint32{}})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.day != p.around.AsOf || t.texts == nil {
		t.day, t.texts = p.around.AsOf, map[int]*derived{}
	}
	t.texts[f.Index] = d
	return d
}

// derive computes a derived text for every row; codes that d has already keep their meaning. What is only partly known (划型
// with a figure missing) is a value of its own, so that conditions can still decide where all possibilities agree. Without
// values where there are too many.
func (p *Plan) derive(f *rules.Field, d *derived) *derived {
	out := &derived{codes: make([]uint32, p.table.Rows()), values: slices.Clone(d.values), index: maps.Clone(d.index)}
	root := f.Derivation()
	done := root.Op == formula.OpClassify && p.classify(f, root, out) || p.eachRow(f, out)
	if !done {
		return &derived{}
	}
	if out.values == nil {
		out.values = []*formula.Value{nil}
	}
	return out
}

// code is the code of a value.
func (d *derived) code(v *formula.Value) uint32 {
	key := "k" + v.String()
	if !v.Known() {
		key = "u" + strings.Join(v.Possible(), "\n")
	}
	code, ok := d.index[key]
	if !ok {
		code = uint32(len(d.values))
		d.index[key] = code
		d.values = append(d.values, v)
	}
	return code
}

// eachRow derives by the rule's own program.
func (p *Plan) eachRow(f *rules.Field, d *derived) bool {
	s := p.book.NewSession(p.around)
	for row := range d.codes {
		profile, err := p.table.Profile(row)
		if err != nil {
			return false
		}
		s.Load(profile)
		d.codes[row] = d.code(s.Derived(f))
		if len(d.values) > maxEntries {
			return false
		}
	}
	return true
}

// classify derives 划型 over four delivered fields.
func (p *Plan) classify(f *rules.Field, root *formula.Node, d *derived) bool {
	var in [4]*figures
	for i, a := range root.Args {
		if a.Op != formula.OpField || p.table.Vocabulary.Fields[a.Slot].Derived() {
			return false
		}
		if in[i] = p.figures(p.table.Vocabulary.Fields[a.Slot]); in[i].column != nil && len(in[i].column.Odd) > 0 {
			return false
		}
	}
	var codes [256]uint32 // by class set, plus one
	for row := range d.codes {
		classes, _ := standard.Classify(in[0].text(row), in[1].indicator(row), in[2].indicator(row), in[3].indicator(row))
		if codes[classes] == 0 {
			codes[classes] = d.code(classValue(f, classes)) + 1
		}
		d.codes[row] = codes[classes] - 1
	}
	return true
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
	out := &figures{column: c, open: p.table.missing(f, p.around.AsOf), scale: 1}
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
