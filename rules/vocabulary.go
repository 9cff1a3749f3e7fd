// Package rules is law as code: the vocabulary of declared facts, policy folders, and their compilation into rules that decide
// one enterprise's profile on one day. It does no input or output, reads no clock and knows no database: everything it needs
// comes in as an argument, so that the same policy version, facts and day always give the same decision.
//
// A missing fact is neither true nor false. The meaning of operators under missing facts stands in rules/formula, numbers and
// money in rules/exact, days in rules/civil, national standards in rules/standard.
package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// KeyColumn is the header of the column that names the enterprise.
const KeyColumn = "统一社会信用代码"

// FieldType is the declared type of a field.
type FieldType string

// The field types of a vocabulary file.
const (
	TypeBool    FieldType = "bool"
	TypeInt     FieldType = "int"
	TypeDecimal FieldType = "decimal"
	TypeMoney   FieldType = "money"
	TypeDate    FieldType = "date"
	TypeString  FieldType = "string"
	TypeEnum    FieldType = "enum"
	TypeSet     FieldType = "set"
	TypeTable   FieldType = "table"
)

// Field is one declared fact.
type Field struct {
	Name       string // as in rules and column headers
	ID         string // ascii, unique
	Type       FieldType
	Unit       string // as declared; money is always 元
	Source     string // department that delivers it; "" for derived fields
	Of         string // delivered series it reads; "" is the field's own
	Period     Period
	Level      int    // 1 public .. 4 critical
	StaleAfter int    // days; 0: never stale
	Min, Max   string // bounds of a number as declared, in Unit; "" none
	Label      string
	Absent     string   // cell text that holds for firms not in a complete delivery; "" none
	Values     []string // of an enum or declared set
	Derive     string   // expression of a derived field; "" for base fields
	Key        string   // of a table: its key column
	Columns    []*Field // of a table
	Index      int      // slot in profiles; of a column: place in the record

	table  string // of a column: name of its table
	typ    formula.Type
	factor exact.Num
	min    *exact.Num
	max    *exact.Num
	derive *formula.Program
}

// Vocabulary is the set of declared facts. It is immutable.
type Vocabulary struct {
	Fields  []*Field
	byName  map[string]*Field
	derived []*Field // in order of dependence
	scope   *formula.Scope
}

// Field finds a field by its name or id.
func (v *Vocabulary) Field(nameOrID string) (*Field, bool) {
	f, ok := v.byName[nameOrID]
	return f, ok
}

// Tables returns the table fields in file order.
func (v *Vocabulary) Tables() []*Field {
	var out []*Field
	for _, f := range v.Fields {
		if f.Type == TypeTable {
			out = append(out, f)
		}
	}
	return out
}

// Derived reports whether the field is computed from others and never delivered.
func (f *Field) Derived() bool { return f.Derive != "" }

// FullName is the field's name, for a column table.column.
func (f *Field) FullName() string {
	if f.table != "" {
		return f.table + "." + f.Name
	}
	return f.Name
}

// Column finds a column of a table by name or id.
func (f *Field) Column(nameOrID string) (*Field, bool) {
	for _, c := range f.Columns {
		if c.Name == nameOrID || c.ID == nameOrID {
			return c, true
		}
	}
	return nil, false
}

// maxFields caps a vocabulary.
const maxFields = 2000

var (
	idPattern    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	stalePattern = regexp.MustCompile(`^([1-9][0-9]{0,4}) days?$`)
	reserved     = []string{"基准日", "年度", "本条", KeyColumn, "and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "true", "false", "nil", "any", "all", "none", "count", "sum", "filter", "min", "max", "取值", "日期", "年", "加年", "加月", "满年", "满月", "工作日", "比例", "划型", "行业", "分档", "已奖", "曾获", "符合"}
)

// identifier reports whether name can be written in an expression without meaning something else.
func identifier(name string) bool {
	for i, r := range name {
		if !(unicode.IsLetter(r) || r == '_' || i > 0 && unicode.IsDigit(r)) {
			return false
		}
	}
	return name != "" && len(name) <= 96 && !slices.Contains(reserved, name) && !formula.KnownUnit(name)
}

// ParseVocabulary reads a vocabulary file. All mistakes are returned at once; the vocabulary is nil if one is fatal.
func ParseVocabulary(name string, data []byte) (*Vocabulary, source.Mistakes) {
	file, ms := source.Parse(name, data)
	if file.Root == nil || ms.Fatal() {
		return nil, ms
	}
	d := &source.Decoder{File: file, Mistakes: ms}
	v := &Vocabulary{byName: map[string]*Field{}}
	nodes := map[*Field]*source.Node{}
	d.Map(file.Root, "指标字典", source.Keys{"fields": func(n *source.Node) {
		d.List(n, "fields", func(item *source.Node) {
			if f := readField(d, item, "指标", nodes); f != nil {
				v.add(d, item, f)
			}
		})
	}}, "fields")
	if len(v.Fields) > maxFields {
		d.Fail(file.Root, "", "指标超过 %d 个", maxFields)
	}
	v.oneMeasure(d, file.Root)
	if !d.Mistakes.Fatal() {
		v.compile(d, nodes)
	}
	if d.Mistakes.Fatal() {
		d.Mistakes.Sort()
		return nil, d.Mistakes
	}
	return v, d.Mistakes
}

func (v *Vocabulary) add(d *source.Decoder, n *source.Node, f *Field) {
	for _, key := range []string{f.Name, f.ID} {
		if key == "" {
			continue
		}
		if _, dup := v.byName[key]; dup {
			d.Fail(n, "名称和 id 在整个字典里都不能重复", "指标 %s 重复", key)
			return
		}
	}
	f.Index = len(v.Fields)
	v.Fields = append(v.Fields, f)
	v.byName[f.Name] = f
	v.byName[f.ID] = f
}

// readField reads a field or, inside a table, a column.
func readField(d *source.Decoder, n *source.Node, what string, nodes map[*Field]*source.Node) *Field {
	f := &Field{Level: 1}
	before := len(d.Mistakes)
	keys := source.Keys{
		"name": d.TextInto(&f.Name, "name"),
		"id":   d.TextInto(&f.ID, "id"),
		"type": func(n *source.Node) {
			f.Type = FieldType(d.OneOf(n, "type", "bool", "int", "decimal", "money", "date", "string", "enum", "set", "table"))
		},
		"unit":   func(n *source.Node) { f.Unit = readUnit(d, n) },
		"label":  d.TextInto(&f.Label, "label"),
		"min":    d.TextInto(&f.Min, "min"),
		"max":    d.TextInto(&f.Max, "max"),
		"values": func(n *source.Node) { f.Values = d.Texts(n, "values") },
	}
	if what == "指标" {
		fieldKeys(d, f, keys, nodes)
	}
	d.Map(n, what, keys, "name", "id", "type")
	if len(d.Mistakes) > before {
		return nil
	}
	checkField(d, n, f)
	return f
}

func fieldKeys(d *source.Decoder, f *Field, keys source.Keys, nodes map[*Field]*source.Node) {
	keys["source"] = d.TextInto(&f.Source, "source")
	keys["of"] = d.TextInto(&f.Of, "of")
	keys["period"] = func(n *source.Node) { f.Period = readPeriod(d, n, "period") }
	keys["level"] = func(n *source.Node) {
		if s := d.OneOf(n, "level", "L1", "L2", "L3", "L4"); s != "" {
			f.Level = int(s[1] - '0')
		}
	}
	keys["stale_after"] = func(n *source.Node) {
		m := stalePattern.FindStringSubmatch(n.Text)
		if m == nil {
			d.Fail(n, "", "stale_after 写作 400 days")
			return
		}
		f.StaleAfter, _ = strconv.Atoi(m[1])
	}
	keys["absent"] = d.TextInto(&f.Absent, "absent")
	keys["derive"] = func(n *source.Node) { f.Derive = d.Expression(n, "derive"); nodes[f] = n }
	keys["key"] = d.TextInto(&f.Key, "key")
	keys["columns"] = func(n *source.Node) {
		d.List(n, "columns", func(item *source.Node) {
			if c := readField(d, item, "列", nodes); c != nil {
				c.Index = len(f.Columns)
				f.Columns = append(f.Columns, c)
			}
		})
	}
}

func readUnit(d *source.Decoder, n *source.Node) string {
	if n.Kind == source.Null || n.Text == "" {
		return ""
	}
	if _, _, err := formula.ParseUnit(n.Text); err != nil {
		d.Fail(n, "", "%v", err)
	}
	return n.Text
}

func checkField(d *source.Decoder, n *source.Node, f *Field) {
	if !identifier(f.Name) {
		d.Fail(n, "名称只含汉字、字母、数字和下划线，不与单位、函数和保留字同名", "“%s”不能作指标名", source.Clip(f.Name))
	}
	if !idPattern.MatchString(f.ID) {
		d.Fail(n, "小写字母开头，只含小写字母、数字和下划线", "“%s”不能作 id", source.Clip(f.ID))
	}
	if f.Type == TypeMoney && f.Unit != "元" {
		d.Fail(n, "数据里的 万元 在列名后注明，如 上年营业收入(万元)", "money 的 unit 必须是 元")
	}
	if f.Type != TypeInt && f.Type != TypeDecimal && f.Type != TypeMoney && f.Unit != "" {
		d.Fail(n, "", "%s 没有单位", f.Type)
	}
	if f.Type == TypeEnum && len(f.Values) == 0 {
		d.Fail(n, "写作 values: [甲, 乙]", "enum 要写明 values")
	}
	if len(f.Values) > 0 && f.Type != TypeEnum && f.Type != TypeSet {
		d.Fail(n, "", "只有 enum 和 set 能写 values")
	}
	if f.Derived() && (f.Source != "" || f.Absent != "" || f.Of != "") {
		d.Fail(n, "", "推算的指标不写 source、of、absent")
	}
	checkTable(d, n, f)
	u, factor, err := formula.ParseUnit(f.Unit)
	if err != nil {
		return
	}
	f.factor = factor
	u.Scaled = f.Unit != "%" && !u.IsMoney() && factor.Cmp(exact.Int(1)) != 0
	f.typ = fieldType(f, u)
	f.bounds(d, n)
	if f.Absent != "" {
		if _, err := f.Parse(f.Absent, ""); err != nil {
			d.Fail(n, "", "absent：%v", err)
		}
	}
}

func checkTable(d *source.Decoder, n *source.Node, f *Field) {
	if f.Type != TypeTable {
		if f.Key != "" || len(f.Columns) > 0 {
			d.Fail(n, "", "只有 table 能写 key 和 columns")
		}
		return
	}
	if f.Key == "" || len(f.Columns) == 0 || len(f.Columns) > 200 {
		d.Fail(n, "", "table 要有 key 和 1 到 200 个 columns")
	}
	seen := map[string]bool{f.Key: true, KeyColumn: true}
	for _, c := range f.Columns {
		c.table = f.Name
		if seen[c.Name] || seen[c.ID] {
			d.Fail(n, "", "表 %s 的列 %s 重复", f.Name, c.Name)
		}
		if c.Type == TypeTable {
			d.Fail(n, "", "表里不能再有表")
		}
		seen[c.Name], seen[c.ID] = true, true
	}
}

func fieldType(f *Field, u formula.Unit) formula.Type {
	switch f.Type {
	case TypeBool:
		return formula.Type{Kind: formula.Bool}
	case TypeInt, TypeDecimal, TypeMoney:
		return formula.Type{Kind: formula.Number, Unit: u}
	case TypeDate:
		return formula.Type{Kind: formula.Date}
	case TypeSet:
		return formula.Type{Kind: formula.Set, Options: f.Values}
	case TypeTable:
		t := &formula.Table{Name: f.Name, Key: f.Key}
		for _, c := range f.Columns {
			t.Columns = append(t.Columns, formula.Column{Name: c.Name, Type: c.typ})
		}
		return formula.Type{Kind: formula.TableKind, Table: t}
	}
	return formula.Type{Kind: formula.String, Options: f.Values}
}

// FormulaType is the field's type in expressions.
func (f *Field) FormulaType() formula.Type { return f.typ }

// compile checks and orders the derived fields.
func (v *Vocabulary) compile(d *source.Decoder, nodes map[*Field]*source.Node) {
	v.scope = &formula.Scope{Fields: map[string]formula.Symbol{}, Units: map[string]bool{}, NoItems: true}
	for _, f := range v.Fields {
		v.scope.Fields[f.Name] = formula.Symbol{Type: f.typ, Slot: f.Index}
		for _, c := range append([]*Field{f}, f.Columns...) {
			if c.Unit != "" && c.Unit != "%" && !strings.Contains(c.Unit, "/") {
				v.scope.Units[c.Unit] = true
			}
		}
	}
	reads := map[*Field][]*Field{}
	var derived []*Field
	for _, f := range v.Fields {
		if !f.Derived() {
			continue
		}
		node := nodes[f]
		program, deps := v.compileDerive(d, f, node)
		f.derive, reads[f] = program, deps
		derived = append(derived, f)
	}
	if d.Mistakes.Fatal() {
		return
	}
	v.derived = order(derived, reads, func(f *Field) { d.Fail(nodes[f], "", "%s 的推算绕回了自己", f.Name) })
}

func (v *Vocabulary) compileDerive(d *source.Decoder, f *Field, node *source.Node) (*formula.Program, []*Field) {
	root, problems := formula.Parse(f.Derive, v.scope)
	if len(problems) == 0 {
		root, problems = formula.Assign(root, f.typ)
	}
	for _, p := range problems {
		d.Mistakes = append(d.Mistakes, node.MistakeAt(p.Offset, p.Message, p.Hint))
	}
	if root == nil || len(problems) > 0 {
		return nil, nil
	}
	program, err := formula.Compile(root)
	if err != nil {
		d.Fail(node, "", "%v", err)
		return nil, nil
	}
	var deps []*Field
	root.Walk(func(n *formula.Node) bool {
		if n.Op == formula.OpField && v.Fields[n.Slot].Derived() {
			deps = append(deps, v.Fields[n.Slot])
		}
		return true
	})
	return program, deps
}

// order sorts keys so that each comes after what it reads; cycle is told one member of every cycle.
func order[T comparable](keys []T, deps map[T][]T, cycle func(T)) []T {
	var out []T
	state := map[T]int{}
	var visit func(T)
	visit = func(x T) {
		switch state[x] {
		case 1:
			cycle(x)
			return
		case 2:
			return
		}
		state[x] = 1
		for _, y := range deps[x] {
			visit(y)
		}
		state[x] = 2
		out = append(out, x)
	}
	for _, x := range keys {
		visit(x)
	}
	return out
}

// String names the field with its unit.
func (f *Field) String() string {
	if f.Unit == "" {
		return f.FullName()
	}
	return fmt.Sprintf("%s（%s）", f.FullName(), f.Unit)
}
