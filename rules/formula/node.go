package formula

import "regexp"

// Type is what the checker knows of an expression: its kind, a number's unit, the texts an enum or set may hold, a table's columns.
type Type struct {
	Kind    Kind
	Unit    Unit
	Options []string // of an enum or declared set; nil: any text
	Table   *Table
}

// Table describes the columns of a table, in the order in which records hold them.
type Table struct {
	Name    string
	Key     string // name of the key column, which is read as text
	Columns []Column
}

// Column is one column of a Table.
type Column struct {
	Name string
	Type Type
}

func (t *Table) find(name string) (int, bool) {
	for i, c := range t.Columns {
		if c.Name == name {
			return i, true
		}
	}
	return 0, false
}

// Op is an operation of a Node.
type Op uint8

// The operations. Each has its three-valued meaning in apply; engines may translate them as long as they keep it.
const (
	OpConst         Op = iota // Const
	OpField                   // Slot: index of the field in the scope
	OpColumn                  // Slot: column of the loop's record, -1 its key
	OpRecord                  // Slot: column of the record under decision (本条), -1 its key
	OpDefine                  // Slot: index of the named part
	OpAsOf                    // 基准日
	OpGrantYear               // 年度
	OpAnd                     // Args: 2
	OpOr                      // Args: 2
	OpNot                     // Args: 1
	OpIf                      // Args: test, then, else
	OpEq                      // Args: 2 of one type
	OpNe                      //
	OpLt                      // numbers or dates
	OpLe                      //
	OpGt                      //
	OpGe                      //
	OpIn                      // Args: text/number/date/bool, then the list
	OpInSet                   // Args: text, set
	OpContains                // Args: text, text
	OpStartsWith              // Args: text, text
	OpMatches                 // Args: text; Pattern
	OpAdd                     // numbers of one unit
	OpSub                     //
	OpMul                     //
	OpDiv                     //
	OpNeg                     //
	OpMin                     // Args: 2 or more
	OpMax                     //
	OpShiftDays               // date plus days
	OpDayDiff                 // days between two dates
	OpAny                     // Args: rows, predicate
	OpAll                     //
	OpNone                    //
	OpFilter                  // Args: rows, predicate
	OpCount                   // Args: rows [, predicate]
	OpSum                     // Args: rows, number
	OpElement                 // the member of a set in a loop over the set
	OpLookup                  // Name: dated value; Args: none or its by-argument
	OpAddYears                // Args: date, n
	OpAddMonths               //
	OpReachedYears            // Args: date, n [, base]
	OpReachedMonths           //
	OpWorkdays                // Args: date, n
	OpYear                    // Args: date
	OpClassify                // Args: industry, staff, revenue, assets
	OpIndustry                // Args: code; Names: prefixes
	OpTiers                   // Args: x, bound, value, bound, value, ...
	OpAwarded                 // Names: items; Args: year
	OpEverAwarded             // Names: items
	OpQualifies               // Names: one item
	opCount
)

// Node is one node of a checked expression. Nodes are immutable once parsed.
type Node struct {
	Op      Op
	Type    Type
	Args    []*Node
	Const   *Value
	Slot    int
	Name    string
	Names   []string
	Pattern *regexp.Regexp
	From    int // where it stands in the source, in characters
	To      int
}

// Walk calls visit for n and everything below it, parents first; it goes below a node only where visit returns true.
func (n *Node) Walk(visit func(*Node) bool) {
	if !visit(n) {
		return
	}
	for _, a := range n.Args {
		a.Walk(visit)
	}
}

// Symbol is a field or named part an expression may read.
type Symbol struct {
	Type Type
	Slot int
}

// Lookup is a dated value of the policy: its type and, where it depends on a field, the type of its argument.
type Lookup struct {
	Type Type
	By   *Type
}

// Scope holds all names an expression may use. Maps may be nil. Fields and Defines must not share a name.
type Scope struct {
	Fields  map[string]Symbol
	Defines map[string]Symbol
	Lookups map[string]Lookup
	Units   map[string]bool      // units of the vocabulary besides those known anyway
	Record  *Table               // 本条, in items decided for each record
	Item    func(id string) bool // whether an item of that id exists; nil: any
	Broken  map[string]bool      // named parts that have a mistake of their own
	NoItems bool                 // history and other items may not be asked (derived fields)
}
