package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/formula"
)

// ReadProfiles reads one row an enterprise. In a workbook the first visible sheet with the column 统一社会信用代码 holds the
// profiles, and a sheet named as a table of the vocabulary holds its records. In CSV and XLSX the row with that column is the
// header; headers are names or ids of fields, with a unit in parentheses where it isn't the field's own. An empty cell is
// missing. Columns of derived fields are left out, which is said. The error is a *Problems when anything in the file can't be
// read, and then there is no batch at all; or ctx's.
func ReadProfiles(ctx context.Context, v *rules.Vocabulary, in Input, opts Options) (*Batch, error) {
	s, err := open(in, opts)
	if err != nil {
		return nil, err
	}
	b := &Batch{
		Names: map[string]string{}, vocabulary: v, options: s.opts, byCode: map[string]*rules.Profile{},
	}
	sc := profileSchema(v)
	rows := map[string]int{}
	if s.format == formatXLSX {
		err = s.readWorkbook(ctx, b, sc, rows)
	} else {
		err = s.read(ctx, sc, nil, func(l *line) { b.take(l, rows) })
	}
	if err == nil {
		err = s.err()
	}
	if err != nil {
		return nil, err
	}
	for _, code := range sortedKeys(b.byCode) {
		b.Profiles = append(b.Profiles, b.byCode[code])
	}
	s.notice("读入 %d 户企业（%s）", len(b.Profiles), s.found())
	b.Notices = append(s.notices, b.Notices...)
	return b, nil
}

// readWorkbook reads the profiles and then the sheets of records.
func (s *source) readWorkbook(ctx context.Context, b *Batch, sc *schema, rows map[string]int) error {
	book := s.openBook()
	if book == nil {
		return nil
	}
	main, tables := book.divide(b.vocabulary)
	im := &importer{source: s, schema: sc, at: make([]*column, len(sc.slots))}
	if err := s.readSheet(ctx, book, main, im, func(l *line) { b.take(l, rows) }); err != nil || s.err() != nil {
		return err
	}
	for _, t := range tables {
		records := newRecords(t.table)
		rsc := recordSchema(t.table)
		im := &importer{source: s, schema: rsc, at: make([]*column, len(rsc.slots))}
		if err := s.readSheet(ctx, book, t.sheet, im, records.take); err != nil {
			return err
		}
		records.name = s.in.Name + "：工作表“" + im.sheet + "”"
		if s.err() != nil {
			continue
		}
		if err := b.Attach(records); err != nil {
			s.reject(im.sheet, nil, err.Error())
		}
	}
	return nil
}

// take makes a profile of one row.
func (b *Batch) take(l *line, rows map[string]int) {
	code, ok := l.enterprise()
	if !ok {
		return
	}
	if first, dup := rows[code]; dup {
		l.fail(l.number, l.at[slotCode], code, fmt.Sprintf("%s 与第 %d 行重复，一户只能有一行", code, first))
		return
	}
	rows[code] = l.number
	p := rules.NewProfile(b.vocabulary, code)
	for _, col := range l.columns {
		if col == nil || col.slot < slotFirst {
			continue
		}
		v, ok := l.fact(col)
		if v == nil || !ok {
			continue
		}
		if err := p.Set(col.field, b.fact(v)); err != nil {
			l.fail(l.number, col, "", err.Error())
		}
	}
	b.byCode[code] = p
	if name := l.display(l.schema.names[nameColumn]); name != "" {
		b.Names[code] = name
	}
}

func (b *Batch) fact(v *formula.Value) rules.Fact {
	return rules.Fact{Value: v, Source: b.options.Source, On: b.options.On}
}

// Attach gives the batch's profiles their records of one table. A firm without a row stays without the fact; a firm that the
// profiles don't have is said in Notices. A table that some profile already has is an error.
func (b *Batch) Attach(r *Records) error {
	for _, code := range sortedKeys(r.firms) {
		if p := b.byCode[code]; p != nil && p.Fact(r.Table).Value != nil {
			return fmt.Errorf("表 %s 给出了两次（%s）", r.Table.Name, code)
		}
	}
	var strangers []string
	for _, code := range sortedKeys(r.firms) {
		p := b.byCode[code]
		if p == nil {
			strangers = append(strangers, code)
			continue
		}
		fact := b.fact(formula.TableOf(r.firms[code].sorted()))
		if r.source != "" {
			fact.Source, fact.On = r.source, r.on
		}
		if err := p.Set(r.Table, fact); err != nil {
			return err
		}
	}
	if len(strangers) > 0 {
		shown := strangers[:min(len(strangers), 3)]
		b.Notices = append(b.Notices, fmt.Sprintf("%s：有 %d 户不在企业画像里，没有用上：%s%s",
			r.name, len(strangers), strings.Join(shown, "、"), more(len(strangers) > len(shown))))
	}
	b.Notices = slices.Concat(b.Notices, r.Notices)
	return nil
}

func more(yes bool) string {
	if yes {
		return "……"
	}
	return ""
}
