// Package demo puts the sample district of package seeds into a store, through the same doors that real policies and
// deliveries take: nothing of it is written past the checks. All of it is made up and says so.
package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
	"mianshen/seeds"
)

// By is who publishes and delivers the samples, as the store and the pages name it.
const By = "示例数据"

// AsOf is the day for which the sample firms were made: their last year is 2024, their last quarter the first of 2025. A
// sweep as of another day finds other results, and far from this day mostly missing facts.
func AsOf() civil.Date { return civil.MustParse("2025-06-30") }

// DeliveredOn is the day on which all sample facts count as received.
func DeliveredOn() civil.Date { return civil.MustParse("2025-06-25") }

// Load publishes the sample vocabulary and policies and receives the sample firms with their records. It may be called
// again on the same store: what was published before is left as it is, also when somebody has published something newer
// since, and firms are only delivered where nothing was delivered yet. It doesn't sweep.
func Load(ctx context.Context, office *casework.Office, now time.Time) error {
	if err := Publish(ctx, office, now); err != nil {
		return err
	}
	if err := receive(ctx, office, seeds.Vocabulary(), now); err != nil {
		return fmt.Errorf("demo: enterprises: %w", err)
	}
	return nil
}

// Publish publishes the sample vocabulary and policies, as Load does.
func Publish(ctx context.Context, office *casework.Office, now time.Time) error {
	body := seeds.Vocabulary()
	_, err := office.Store.VocabularyVersion(ctx, store.Hash(body))
	if errors.Is(err, store.ErrNotFound) {
		_, err = office.PublishVocabulary(ctx, body, By, now)
	}
	if err != nil {
		return fmt.Errorf("demo: vocabulary: %w", err)
	}
	if err := publish(ctx, office, now); err != nil {
		return fmt.Errorf("demo: policies: %w", err)
	}
	return nil
}

// publish publishes the sample policies whose present content was never published.
func publish(ctx context.Context, office *casework.Office, now time.Time) error {
	proposal, err := office.Propose(ctx, seeds.Policies(), "seeds/policies")
	if err != nil {
		return err
	}
	fresh := proposal.Versions[:0:0]
	for _, v := range proposal.Versions {
		_, err := office.Store.PolicyVersion(ctx, v.ID)
		if errors.Is(err, store.ErrNotFound) {
			fresh, err = append(fresh, v), nil
		}
		if err != nil {
			return err
		}
	}
	proposal.Versions = fresh
	_, err = office.Publish(ctx, proposal, By, now)
	return err
}

// receive delivers the sample firms, unless something was delivered already.
func receive(ctx context.Context, office *casework.Office, body []byte, now time.Time) error {
	delivered, err := office.Store.Deliveries(ctx, store.DeliveryFilter{Limit: 1})
	if err != nil || len(delivered) > 0 {
		return err
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", body)
	if err := mistakes.Err(); err != nil {
		return err
	}
	bundle, err := seeds.Enterprises()
	if err != nil {
		return err
	}
	firms, err := Firms(v, bundle)
	if err != nil {
		return err
	}
	return Deliver(ctx, office, v, firms, now)
}

// Firm is a sample enterprise: its name and what is known of it.
type Firm struct {
	Name    string
	Profile *rules.Profile
}

// Deliver hands sample firms over as their departments would: one delivery for each department and period, as of DeliveredOn.
func Deliver(ctx context.Context, office *casework.Office, v *rules.Vocabulary, firms []Firm, now time.Time) error {
	batch := &intake.Batch{Names: map[string]string{}}
	for _, f := range firms {
		batch.Profiles = append(batch.Profiles, f.Profile)
		batch.Names[f.Profile.Enterprise] = f.Name
	}
	slices.SortFunc(batch.Profiles, func(a, b *rules.Profile) int { return strings.Compare(a.Enterprise, b.Enterprise) })
	_, err := arrival.ReceiveProfiles(ctx, office.Store, v, batch, DeliveredOn(), now, By)
	return err
}

// Firms reads a bundle of sample enterprises into profiles of the vocabulary, in the bundle's order. Each fact names the
// department that owes it and DeliveredOn. The error names table, firm and column of a cell that can't be read.
func Firms(v *rules.Vocabulary, b seeds.Bundle) ([]Firm, error) {
	firms := make([]Firm, 0, len(b.Profiles.Rows))
	byCode := make(map[string]*rules.Profile, len(b.Profiles.Rows))
	for _, row := range b.Profiles.Rows {
		p, name, err := profile(v, b.Profiles.Header, row)
		if err != nil {
			return nil, err
		}
		byCode[p.Enterprise] = p
		firms = append(firms, Firm{Name: name, Profile: p})
	}
	for _, t := range b.Records {
		if err := attach(v, t, byCode); err != nil {
			return nil, err
		}
	}
	return firms, nil
}

// profile reads one row of 企业画像; name is the cell 企业名称.
func profile(v *rules.Vocabulary, header, row []string) (p *rules.Profile, name string, err error) {
	if len(row) != len(header) || len(row) == 0 || header[0] != rules.KeyColumn {
		return nil, "", fmt.Errorf("a row of %d cells under %d headers", len(row), len(header))
	}
	p = rules.NewProfile(v, row[0])
	for i, column := range header[1:] {
		cell := row[i+1]
		if column == "企业名称" {
			name = cell
		}
		f, ok := v.Field(column)
		if !ok {
			return nil, "", fmt.Errorf("column %s isn't in the vocabulary", column)
		}
		value, err := f.Parse(cell, "")
		if err == nil && value != nil {
			err = p.Set(f, rules.Fact{Value: value, Source: f.Source, On: DeliveredOn()})
		}
		if err != nil {
			return nil, "", fmt.Errorf("%s, %s: %w", row[0], column, err)
		}
	}
	return p, name, nil
}

// attach gives the firms their records of one table: a firm without a row stays without the fact, one row with nothing but
// the code says that the firm has none.
func attach(v *rules.Vocabulary, t seeds.Table, firms map[string]*rules.Profile) error {
	f, ok := v.Field(t.Name)
	if !ok || f.Type != rules.TypeTable {
		return fmt.Errorf("table %s isn't in the vocabulary", t.Name)
	}
	records := map[string][]*formula.Record{}
	for _, row := range t.Rows {
		code := row[0]
		if firms[code] == nil {
			return fmt.Errorf("%s: %s isn't among the profiles", t.Name, code)
		}
		if _, ok := records[code]; !ok {
			records[code] = []*formula.Record{}
		}
		if row[1] == "" {
			continue
		}
		r, err := record(f, t.Header, row)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", t.Name, code, err)
		}
		records[code] = append(records[code], r)
	}
	for code, rows := range records {
		fact := rules.Fact{Value: formula.TableOf(rows), Source: f.Source, On: DeliveredOn()}
		if err := firms[code].Set(f, fact); err != nil {
			return fmt.Errorf("%s, %s: %w", t.Name, code, err)
		}
	}
	return nil
}

// record reads one row of a table: the code, the key, then the columns.
func record(f *rules.Field, header, row []string) (*formula.Record, error) {
	cells := make([]*formula.Value, len(f.Columns))
	for i, name := range header {
		if i < 2 {
			continue
		}
		c, ok := f.Column(name)
		if !ok {
			return nil, fmt.Errorf("no column %s", name)
		}
		value, err := c.Parse(row[i], "")
		if err != nil {
			return nil, err
		}
		cells[c.Index] = value
	}
	return f.NewRecord(row[1], cells), nil
}
