// Package catalog tells the search index what can be found: it turns compiled policies into documents, one for the policy
// itself, for each item, each clause, the explanation in plain language, each question with its answer, and each recording.
// The index knows nothing of policies, the rules know nothing of the index; this is the only place that knows both. It is
// pure: the same policies give the same documents in the same order.
package catalog

import (
	"fmt"
	"strings"

	"mianshen/index"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Documents returns everything that can be found about the policies, in the order given. All documents of one policy have
// its id as their Group, so that a search shows it once. Ref is where a reader should be set down: the clause reference of
// a clause, the id of an item, q1, q2, ... and m1, m2, ... for questions and recordings, "" for the policy and its plain text.
func Documents(policies []*rules.Policy) []index.Document {
	var out []index.Document
	for _, p := range policies {
		out = append(out, policy(p)...)
	}
	return out
}

// ItemID is the ID of the document about an item.
func ItemID(p *rules.Policy, it *rules.Item) string { return name(p, index.KindItem, it.ID) }

// name is the ID of a document.
func name(p *rules.Policy, kind index.Kind, ref string) string {
	if ref == "" {
		return p.ID + "/" + string(kind)
	}
	return p.ID + "/" + string(kind) + "/" + ref
}

// policy lists the documents of one policy. What concerns the policy as a whole carries mode, kind and field only where all
// its items agree, so that a filter never shows a policy for something that only its neighbour item is.
func policy(p *rules.Policy) []index.Document {
	base := index.Document{
		Group: p.ID, Title: p.Title, Number: p.Number, Department: p.Issuer, Level: p.Level,
		From: p.InForce.From.String(), To: lastDay(p).String(),
	}
	base.Mode = common(p.Items, func(it *rules.Item) string { return string(it.Mode) })
	base.ItemKind = common(p.Items, func(it *rules.Item) string { return it.Kind })
	base.Field = common(p.Items, func(it *rules.Item) string { return it.Field })
	base.Industries = industries(p.Items)

	var out []index.Document
	add := func(kind index.Kind, ref, body string, change func(*index.Document)) {
		d := base
		d.Kind, d.Ref, d.Body = kind, ref, body
		d.ID = name(p, kind, ref)
		if change != nil {
			change(&d)
		}
		out = append(out, d)
	}
	add(index.KindPolicy, "", overview(p), nil)
	if p.Plain != "" {
		add(index.KindPlain, "", strings.TrimSpace(p.Plain), nil)
	}
	for _, it := range p.Items {
		add(index.KindItem, it.ID, itemText(p, it), func(d *index.Document) {
			d.Title = it.Title + "（" + p.Title + "）"
			d.Mode, d.ItemKind, d.Field, d.Industries = string(it.Mode), it.Kind, it.Field, it.Industries
		})
	}
	for _, c := range p.Clauses {
		add(index.KindClause, c.Ref, c.Text, nil)
	}
	for i, qa := range p.QA {
		add(index.KindQA, fmt.Sprintf("q%d", i+1), qa.Q+"\n"+qa.A, nil)
	}
	for i, m := range p.Media {
		add(index.KindMedia, fmt.Sprintf("m%d", i+1), m.Kind+"："+m.Title, nil)
	}
	return out
}

// lastDay is the last day on which the policy can still give something: the end of settlement, or of force; zero is open.
func lastDay(p *rules.Policy) civil.Date {
	if p.InForce.To.IsZero() || p.SettleTo.IsZero() {
		return p.InForce.To
	}
	return p.SettleTo
}

// overview is what the policy says of itself in a line each.
func overview(p *rules.Policy) string {
	lines := []string{p.Title}
	if p.Number != "" || p.Issuer != "" {
		lines = append(lines, strings.TrimSpace(p.Issuer+" "+p.Number))
	}
	for _, it := range p.Items {
		lines = append(lines, it.Title)
	}
	return strings.Join(lines, "；")
}

// itemText is what an item gives and asks for: its conditions as sentences, what is to be handed in, who reviews it.
func itemText(p *rules.Policy, it *rules.Item) string {
	lines := []string{it.Title + "：" + strings.Join(nonempty(it.Mode.Label(), it.Kind, it.Field), "、")}
	for _, c := range p.All(it) {
		lines = append(lines, sentences(c)...)
	}
	for _, m := range it.Materials {
		lines = append(lines, "材料："+m.Name)
	}
	return strings.Join(nonempty(lines...), "；")
}

func sentences(c *rules.Condition) []string {
	out := nonempty(c.Because)
	for _, part := range c.Parts {
		out = append(out, sentences(part)...)
	}
	return out
}

// common is the value that all items share, or "".
func common(items []*rules.Item, of func(*rules.Item) string) string {
	value := ""
	for i, it := range items {
		if v := of(it); i == 0 {
			value = v
		} else if v != value {
			return ""
		}
	}
	return value
}

// industries joins the sections of all items; nil, which means all, as soon as one item is open to all.
func industries(items []*rules.Item) []string {
	var out []string
	seen := map[string]bool{}
	for _, it := range items {
		if len(it.Industries) == 0 {
			return nil
		}
		for _, s := range it.Industries {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

func nonempty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
