package intake

import (
	"context"
	"fmt"
	"io"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/internal/sheet/jsonl"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// readLines reads JSON objects one a line; keys are headers.
func (im *importer) readLines(ctx context.Context, take func(*line)) error {
	im.keyed = true
	data := io.NewSectionReader(im.in.Data, 0, im.in.Size)
	in := jsonl.NewReader(data, im.opts.Limits.Limits, im.opts.Limits.Depth)
	keys := map[string]*column{}
	for n := 0; ; n++ {
		if n%every == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if im.problems.full {
			return nil
		}
		object, number, fatal, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			im.stop(err)
			if fatal {
				return nil
			}
			continue
		}
		l := &line{importer: im, number: number, tables: map[int]*formula.Value{}}
		if l.fill(object, keys) {
			take(l)
		}
	}
	im.finish(sheet.Notes{}, 0)
	return nil
}

// fill puts an object's members into the line's cells.
func (l *line) fill(object jsonl.Value, keys map[string]*column) bool {
	fine, given := true, map[int]bool{}
	l.cells = make([]sheet.Cell, len(l.columns), len(l.columns)+len(object.Members))
	for _, m := range object.Members {
		col, known := keys[m.Key]
		if !known {
			col = l.key(m.Key)
			keys[m.Key] = col
		}
		for len(l.cells) < len(l.columns) {
			l.cells = append(l.cells, sheet.Cell{})
		}
		if col.slot < 0 {
			continue
		}
		if given[col.slot] {
			l.fail(l.number, col, "", fmt.Sprintf("%s 给出了两次", l.schema.slots[col.slot].name))
			fine = false
		}
		given[col.slot] = true
		fine = l.member(col, m.Value) && fine
	}
	for _, i := range l.schema.needed {
		if !given[i] {
			l.fail(l.number, nil, "", fmt.Sprintf("缺少“%s”", l.schema.slots[i].name))
			fine = false
		}
	}
	return fine
}

// key resolves a key when it first appears; name and id of one field share a column's slot, each with its own unit.
func (l *line) key(key string) *column {
	before := l.at
	l.at = make([]*column, len(l.schema.slots))
	col := l.resolve(l.number, len(l.columns), key)
	l.at = before
	l.columns = append(l.columns, col)
	return col
}

// member puts one value where it belongs.
func (l *line) member(col *column, v jsonl.Value) bool {
	l.at[col.slot] = col
	table := col.field != nil && col.field.Type == rules.TypeTable
	switch {
	case v.Kind == jsonl.Null:
		return true
	case table && v.Kind == jsonl.Array:
		rows, ok := l.records(col, v.List)
		l.tables[col.slot] = formula.TableOf(rows)
		return ok
	}
	c, wrong := jsonCell(col.field, v)
	if wrong != "" {
		l.fail(l.number, col, v.Text, wrong)
		return false
	}
	l.cells[col.position] = c
	return true
}

// jsonCell turns a value that isn't a table into a cell, or says why its JSON type doesn't fit the field.
func jsonCell(f *rules.Field, v jsonl.Value) (c sheet.Cell, wrong string) {
	kind := rules.TypeString
	if f != nil {
		kind = f.Type
	}
	numeric := kind == rules.TypeInt || kind == rules.TypeDecimal || kind == rules.TypeMoney
	switch {
	case kind == rules.TypeTable:
		return c, "应是对象的数组"
	case v.Kind == jsonl.String:
		return sheet.Cell{Text: v.Text}, ""
	case v.Kind == jsonl.Bool && kind == rules.TypeBool, v.Kind == jsonl.Number && (numeric || kind == rules.TypeBool || kind == rules.TypeDate):
		return sheet.Cell{Text: v.Text}, ""
	case v.Kind == jsonl.Array && kind == rules.TypeSet:
		return setCell(v.List)
	case v.Kind == jsonl.Number:
		return c, fmt.Sprintf("%s 应写成字符串，加引号", clip(v.Text))
	case v.Kind == jsonl.Bool:
		return c, fmt.Sprintf("%s 不能用在这里", v.Text)
	case v.Kind == jsonl.Array:
		return c, "不能是数组"
	}
	return c, "不能是对象"
}

// setCell writes an array of strings as a set's text; the empty array is the empty set, which is known.
func setCell(list []jsonl.Value) (c sheet.Cell, wrong string) {
	if len(list) == 0 {
		return sheet.Cell{Text: ";;"}, ""
	}
	members := make([]string, len(list))
	for i, one := range list {
		if one.Kind != jsonl.String || strings.TrimSpace(one.Text) == "" || strings.ContainsAny(one.Text, ";；") {
			return c, "集合的成员应是不含分号的非空字符串"
		}
		members[i] = one.Text
	}
	return sheet.Cell{Text: strings.Join(members, ";")}, ""
}

// records reads a table that is given as an array of objects.
func (l *line) records(col *column, list []jsonl.Value) ([]*formula.Record, bool) {
	table := col.field
	if len(list) > l.opts.Limits.Records {
		l.fail(l.number, col, "", fmt.Sprintf("一户最多 %d 条记录，这里有 %d 条", l.opts.Limits.Records, len(list)))
		return nil, false
	}
	n := l.nest(col)
	firm, fine := &firmRecords{keys: map[string]int{}}, true
	for i, one := range list {
		if one.Kind != jsonl.Object {
			l.fail(l.number, col, one.Text, fmt.Sprintf("第 %d 条不是对象", i+1))
			return nil, false
		}
		row := &line{importer: n.importer, number: l.number}
		fine = row.fill(one, n.keys) && firm.take(row, table) && fine
	}
	return firm.sorted(), fine
}

// nested reads the objects of one table field; its columns go on from line to line.
type nested struct {
	*importer
	keys map[string]*column
}

func (l *line) nest(col *column) *nested {
	if n := l.inner[col.slot]; n != nil {
		return n
	}
	sc := recordSchema(col.field)
	sc.needed = []int{slotFirst}
	delete(sc.names, rules.KeyColumn)
	delete(sc.names, nameColumn)
	n := &nested{
		importer: &importer{source: l.source, schema: sc, at: make([]*column, len(sc.slots)), keyed: true, prefix: col.field.Name + "."},
		keys:     map[string]*column{},
	}
	if l.inner == nil {
		l.inner = map[int]*nested{}
	}
	l.inner[col.slot] = n
	return n
}
