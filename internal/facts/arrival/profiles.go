package arrival

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/intake/delivery/parts"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// What is said of deliveries that were made of a file of profiles.
const (
	nobody        = "未指明部门"
	importPurpose = "免申即享政策比对"
	importBasis   = "随企业画像文件导入"
)

// ReceiveProfiles stores a file of profiles, as `mianshen match` reads it, as deliveries: one for each department and period from
// which fields come on the day asOf, each with all enterprises of the file. They are accepted at now, and received by somebody.
// Two fields that read one series of one period must not differ. The same profiles again give the same deliveries.
func ReceiveProfiles(ctx context.Context, st *store.Store, v *rules.Vocabulary, batch *intake.Batch, asOf civil.Date, now time.Time, by string) ([]store.Delivery, error) {
	var out []store.Delivery
	for _, b := range bundles(v, batch, asOf) {
		d, err := b.receive(ctx, st, v, batch, now, by)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", b.source, b.period, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// bundle is the fields that one department delivers of one period, by series.
type bundle struct {
	source, period string
	series         []string
	fields         map[string][]*rules.Field
}

// bundles divides the fields of which the batch knows anything, in the order of the vocabulary. If it knows nothing, one bundle
// without fields stands for its enterprises.
func bundles(v *rules.Vocabulary, batch *intake.Batch, asOf civil.Date) []*bundle {
	var out []*bundle
	for _, f := range v.Fields {
		if f.Derived() || !slices.ContainsFunc(batch.Profiles, func(p *rules.Profile) bool { return p.Fact(f).Value != nil }) {
			continue
		}
		source, period := f.Source, "current:"+asOf.String()
		if source == "" {
			source = nobody
		}
		if f.Period.Span != rules.Day {
			period = f.Period.Span.Of(asOf, f.Period.Back).Name
		}
		at := slices.IndexFunc(out, func(b *bundle) bool { return b.source == source && b.period == period })
		if at < 0 {
			at = len(out)
			out = append(out, &bundle{source: source, period: period, fields: map[string][]*rules.Field{}})
		}
		out[at].add(f)
	}
	if len(out) == 0 {
		out = append(out, &bundle{source: nobody, period: "current:" + asOf.String()})
	}
	return out
}

func (b *bundle) add(f *rules.Field) {
	s := delivery.SeriesOf(f)
	if b.fields[s] == nil {
		b.series = append(b.series, s)
	}
	b.fields[s] = append(b.fields[s], f)
}

func (b *bundle) receive(ctx context.Context, st *store.Store, v *rules.Vocabulary, batch *intake.Batch, now time.Time, by string) (store.Delivery, error) {
	a, err := begin(ctx, st, store.Delivery{
		Source: b.source, Period: b.period, ReceivedAt: now, ReceivedBy: by, Purpose: importPurpose, LegalBasis: importBasis,
	})
	if err != nil {
		return store.Delivery{}, err
	}
	sum, seal := sha256.New(), store.Seal{Rows: int64(len(batch.Profiles))}
	for profiles := range slices.Chunk(batch.Profiles, parts.MaxRows) {
		p, err := b.part(batch, profiles)
		if err != nil {
			return store.Delivery{}, err
		}
		body, err := a.put(ctx, p)
		if err != nil {
			return store.Delivery{}, err
		}
		seal.Bytes += int64(len(body))
		sum.Write(body)
	}
	seal.Checksum = hex.EncodeToString(sum.Sum(nil))
	report := delivery.Report{
		Source: b.source, Period: b.period, Purpose: importPurpose, LegalBasis: importBasis, Bytes: seal.Bytes, Checksum: seal.Checksum,
		Rows: len(batch.Profiles), Parts: a.parts, Warnings: batch.Notices,
	}
	if seal.Report, err = json.Marshal(report); err != nil {
		return store.Delivery{}, err
	}
	a.mapping.Bind(v)
	return a.seal(ctx, seal, store.Standing{State: store.Accepted, At: now, By: by})
}

// part makes the columns of some profiles.
func (b *bundle) part(batch *intake.Batch, profiles []*rules.Profile) (delivery.Part, error) {
	p := delivery.Part{Codes: make([]string, len(profiles)), Names: make([]string, len(profiles))}
	for i, profile := range profiles {
		p.Codes[i], p.Names[i] = profile.Enterprise, batch.Names[profile.Enterprise]
	}
	for _, s := range b.series {
		build := column.NewBuilder(engine.KindOf(b.fields[s][0]))
		for _, profile := range profiles {
			if err := addFact(build, b.fields[s], profile); err != nil {
				return p, err
			}
		}
		p.Columns = append(p.Columns, delivery.NamedColumn{Series: s, Column: build.Take(column.Origin{})})
	}
	return p, nil
}

// addFact adds what a profile knows of fields that read the same.
func addFact(b *column.Builder, fields []*rules.Field, profile *rules.Profile) error {
	f, value := fields[0], profile.Fact(fields[0]).Value
	for _, other := range fields[1:] {
		theirs := profile.Fact(other).Value
		switch {
		case theirs == nil:
		case value == nil:
			f, value = other, theirs
		case f.Cell(value) != other.Cell(theirs):
			return fmt.Errorf("%s 的 %s 和 %s 是同一个数据项，值却不同", profile.Enterprise, f.Name, other.Name)
		}
	}
	if value != nil && value.Known() && value.Kind() == formula.TableKind {
		b.Text(delivery.EncodeRecords(f, value.Rows()))
		return nil
	}
	return engine.AddValue(b, f, value)
}
