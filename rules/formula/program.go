package formula

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	typing "github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/vm"
)

// Program is a compiled expression. It may be run by many goroutines, each with its own Frame.
type Program struct {
	Root  *Node
	nodes []*Node
	text  string

	once sync.Once // over code
	code *vm.Program
	err  error
}

// machine is a Frame's own virtual machine and environment.
type machine struct {
	vm   vm.VM
	env  map[string]any
	prog *Program
}

// Guarded returns the program text that expr runs: every operator is a call of one of our functions.
func (p *Program) Guarded() string { return p.text }

// Compile turns a checked tree into a program for expr's machine. k is any operation over its already computed arguments;
// rows opens a table, a filter's result or a set for expr's map. The machine's code is made when the program first runs, since most
// programs never do: columns decide what they say. What expr might refuse, which is only too large a text, it gets to see at once.
func Compile(root *Node) (*Program, error) {
	p := &Program{Root: root}
	p.text = p.emit(root)
	if p.large() {
		p.once.Do(p.build)
	}
	return p, p.err
}

// large reports whether the text may be more than expr takes. A call makes at most four nodes besides its arguments, which are one
// more than its commas; half of what expr takes leaves room for what it may count otherwise.
func (p *Program) large() bool {
	calls, commas := strings.Count(p.text, "("), strings.Count(p.text, ",")
	return uint(5*calls+commas) > conf.DefaultMaxNodes/2
}

func (p *Program) build() {
	code, err := assemble(p.text)
	if err != nil {
		p.err = fmt.Errorf("guarded program %q: %w", p.text, err)
		return
	}
	p.code = code
}

// assemble is expr.Compile with guarded functions alone. expr would fill four maps with all its built-ins for each expression, to
// take them out again, which costs more than to compile the expression; here the maps are shared, since they are only read.
func assemble(text string) (*vm.Program, error) {
	config := *guarded
	config.WithEnv(map[string]any{"f": (*Frame)(nil)}) // fills a cache that only one goroutine may use
	tree, err := typing.ParseCheck(text, &config)
	if err != nil {
		return nil, err
	}
	if err := optimizer.Optimize(&tree.Node, &config); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, &config)
}

// guarded is what guarded programs are compiled with: no built-in of expr but map, and our functions. It has no environment yet.
var guarded = func() *conf.Config {
	config := conf.CreateNew()
	clear(config.Builtins)
	for _, f := range builtin.Builtins {
		if f.Name == "map" {
			config.Builtins[f.Name] = f
			continue
		}
		config.Disabled[f.Name] = true
	}
	for _, option := range []expr.Option{
		expr.Function("k", callOperation), expr.Function("loop", callLoop), expr.Function("col", callColumn), expr.Function("rows", callRows),
	} {
		option(config)
	}
	return config
}()

func (p *Program) emit(n *Node) string {
	p.nodes = append(p.nodes, n)
	id := strconv.Itoa(len(p.nodes) - 1)
	switch n.Op {
	case OpElement:
		return "#"
	case OpColumn:
		return "col(f, " + id + ", #)"
	case OpAny, OpAll, OpNone, OpFilter, OpCount, OpSum:
		src := p.emit(n.Args[0])
		if len(n.Args) == 1 {
			return fmt.Sprintf("loop(f, %s, %s)", id, src)
		}
		return fmt.Sprintf("loop(f, %s, %s, map(rows(%s), %s))", id, src, src, p.emit(n.Args[1]))
	}
	parts := []string{"f", id}
	for _, a := range n.Args {
		parts = append(parts, p.emit(a))
	}
	return "k(" + strings.Join(parts, ", ") + ")"
}

func operand(v any) *Value {
	if x, ok := v.(*Value); ok && x != nil {
		return x
	}
	return undefined
}

func callOperation(params ...any) (any, error) {
	f := params[0].(*Frame)
	f.steps++
	n := f.machine.prog.nodes[params[1].(int)]
	var buf [4]*Value
	args := buf[:0]
	for _, p := range params[2:] {
		args = append(args, operand(p))
	}
	return apply(f, n, args), nil
}

func callColumn(params ...any) (any, error) {
	f := params[0].(*Frame)
	f.steps++
	n := f.machine.prog.nodes[params[1].(int)]
	r, ok := params[2].(*Record)
	if !ok {
		return undefined, nil
	}
	return column(r, n.Slot), nil
}

func callRows(params ...any) (any, error) {
	v := operand(params[0])
	if !v.known && v.kind != rowsKind {
		return []any{}, nil
	}
	if v.kind == Set {
		out := make([]any, len(v.set))
		for i, s := range v.set {
			out[i] = TextOf(s)
		}
		return out, nil
	}
	out := make([]any, len(v.rows))
	for i, r := range v.rows {
		out[i] = r
	}
	return out, nil
}

func callLoop(params ...any) (any, error) {
	n := params[0].(*Frame).machine.prog.nodes[params[1].(int)]
	var results []*Value
	if len(params) > 3 {
		for _, p := range params[3].([]any) {
			results = append(results, operand(p))
		}
	}
	return fold3(n, operand(params[2]), results), nil
}

// MaxSteps bounds the operations of one decision; what comes after is unknown, with that reason.
const MaxSteps = 20_000_000

// Reset begins the count of operations anew, for the next decision.
func (f *Frame) Reset() { f.steps = 0 }

// Run evaluates the program. Anything that goes wrong inside is an unknown with a reason, never a yes.
func (f *Frame) Run(p *Program) *Value {
	if f.steps > MaxSteps {
		return fault("计算量太大，没有算完")
	}
	m := &f.machine
	if m.env == nil {
		m.env = map[string]any{"f": f}
	}
	p.once.Do(p.build)
	if p.err != nil {
		return fault("规则执行出错")
	}
	m.prog = p
	out, err := m.vm.Run(p.code, m.env)
	if err != nil {
		return fault("规则执行出错")
	}
	return operand(out)
}

// Eval walks the tree without the machine; for explanations, where parts of an expression are asked one by one.
func (f *Frame) Eval(n *Node) *Value { return f.eval(n, nil) }

func (f *Frame) eval(n *Node, element any) *Value {
	switch n.Op {
	case OpElement:
		return operand(element)
	case OpColumn:
		r, _ := element.(*Record)
		return column(r, n.Slot)
	case OpAny, OpAll, OpNone, OpFilter, OpCount, OpSum:
		src := f.eval(n.Args[0], element)
		if len(n.Args) == 1 {
			return fold3(n, src, nil)
		}
		rows, _ := callRows(src)
		var results []*Value
		for _, e := range rows.([]any) {
			results = append(results, f.eval(n.Args[1], e))
		}
		return fold3(n, src, results)
	}
	args := make([]*Value, len(n.Args))
	for i, a := range n.Args {
		args[i] = f.eval(a, element)
	}
	return apply(f, n, args)
}
