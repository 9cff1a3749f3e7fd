package rules_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/rulestest"
)

// TestMachineAgreesWithWalk holds expr's machine against the walk over the tree: the same value, the same reasons.
func TestMachineAgreesWithWalk(t *testing.T) {
	seed := number(t, "MIANSHEN_SEED", 20250630)
	r := rand.New(rand.NewPCG(seed, 99))
	v := randomVocabulary(t)
	scope, table := randomScope(v)
	known, unknown := 0, 0
	for range 2000 {
		text := rulestest.RandomExpression(r, 1+r.IntN(3))
		root, problems := formula.Parse(text, scope)
		if len(problems) > 0 {
			if !expected(problemError("错误："+problems.Error())) && !strings.Contains(problems.Error(), "写定的数") {
				t.Errorf("seed %d: %s: %v", seed, text, problems)
			}
			continue
		}
		program, err := formula.Compile(root)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		for range 10 {
			frame := randomFrame(t, r, v, table)
			ran, walked := frame.Run(program), frame.Eval(root)
			if ran.Known() {
				known++
			} else {
				unknown++
			}
			if ran.Known() != walked.Known() || ran.Known() && !ran.Equal(walked) || !reflect.DeepEqual(ran.Causes(), walked.Causes()) {
				t.Fatalf("seed %d: %s: the machine says %v %v, the walk %v %v\n%s", seed, text, ran, ran.Causes(), walked, walked.Causes(), program.Guarded())
			}
		}
	}
	if t.Logf("seed %d: %d known, %d unknown", seed, known, unknown); known < 1000 || unknown < 1000 {
		t.Error("too one-sided to prove anything")
	}
}

// randomScope is what an expression over the random vocabulary may name, and the table of 本条.
func randomScope(v *rules.Vocabulary) (*formula.Scope, *rules.Field) {
	scope := &formula.Scope{Fields: map[string]formula.Symbol{}, Units: map[string]bool{"亩": true}, NoItems: true}
	for _, f := range v.Fields {
		scope.Fields[f.Name] = formula.Symbol{Type: f.FormulaType(), Slot: f.Index}
	}
	table, _ := v.Field(rulestest.RecordTable)
	scope.Record = table.FormulaType().Table
	return scope, table
}

// TestUnitsAreTypes: whatever stands around it, money never meets a bare number, a count or a percentage, and a count never money.
func TestUnitsAreTypes(t *testing.T) {
	seed := number(t, "MIANSHEN_SEED", 20250630)
	r := rand.New(rand.NewPCG(seed, 98))
	scope, _ := randomScope(randomVocabulary(t))
	refused, accepted := 0, 0
	for range 1500 {
		depth := r.IntN(3)
		m, c, p := rulestest.RandomQuantity(r, "元", depth), rulestest.RandomQuantity(r, "人", depth), rulestest.RandomQuantity(r, "%", depth)
		for _, text := range []string{
			m + " >= 5", "5 < " + m, m + " + 1 > 0*元", m + " == " + c, c + " > 30*元", m + " - " + c + " > 0*元", m + " != " + p, "min(" + m + ", 100) > 0*元",
			m + " in [1*元, 2]", "(高新技术企业 ? " + m + " : 0) > 0*元", "分档(" + m + ", [[500, 1]]) > 0", "分档(" + c + ", [[5, 1*万元], [6, 2]]) > 0*元", m + " * " + m + " > 0*元", c + " <= 30*平方米",
			"成立日期 + " + m + " > 基准日", "满年(成立日期, " + m + ")", "比例(" + m + ") > 0", "not " + m + " > 0*元", "高新技术企业 > 0", m + ` == "甲"`,
		} {
			_, problems := formula.Parse(text, scope)
			if len(problems) == 0 {
				t.Errorf("seed %d: passed: %s", seed, text)
			}
			refused++
		}
		for _, text := range []string{m + " >= 5*元", c + " > 30", p + " <= 5.5", "min(" + m + ", 100*元) > 0*元"} {
			if _, problems := formula.Parse(text, scope); len(problems) == 0 {
				accepted++
			}
		}
	}
	t.Logf("%d refused, %d accepted with the right unit", refused, accepted)
	if accepted < 5500 { // some divide by a number that is zero
		t.Error("too few are right with the right unit: the others may be refused for another reason")
	}
}

type problemError string

func (p problemError) Error() string { return string(p) }

// randomFrame draws values for all fields, derived ones too, and a record.
func randomFrame(t *testing.T, r *rand.Rand, v *rules.Vocabulary, table *rules.Field) *formula.Frame {
	t.Helper()
	f := &formula.Frame{Fields: make([]*formula.Value, len(v.Fields)), AsOf: civil.MustParse("2025-06-30"), GrantYear: 2024}
	facts := rulestest.RandomFacts(r, 25)
	p, err := facts.Profile(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range v.Fields {
		missing := formula.Unknown(formula.Cause{Kind: formula.Missing, Name: field.Name, Text: "缺失"})
		f.Fields[field.Index] = missing
		switch {
		case field.Derived() && r.IntN(4) > 0:
			f.Fields[field.Index] = derivedValue(r, field)
		case p.Fact(field).Value != nil:
			f.Fields[field.Index] = p.Fact(field).Value
		}
	}
	f.Record = table.NewRecord("R1", []*formula.Value{formula.NumberOf(exact.Int(int64(r.IntN(3)) * 100_000_000)), nil, formula.BoolOf(r.IntN(2) == 0)})
	return f
}

// derivedValue is a value of the field's type; a size class may be open between several.
func derivedValue(r *rand.Rand, f *rules.Field) *formula.Value {
	switch f.Type {
	case rules.TypeBool:
		return formula.BoolOf(r.IntN(2) == 0)
	case rules.TypeEnum:
		at := r.IntN(len(f.Values) - 1)
		return formula.OneOf(f.Values[at:at+1+r.IntN(len(f.Values)-at)], formula.Cause{Kind: formula.Missing, Name: "从业人数", Text: "缺失"})
	}
	return formula.NumberOf(exact.Frac(int64(r.IntN(2_000_000_000)), 1000))
}
