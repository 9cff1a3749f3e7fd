// Package whatif answers what a change of the law would do before anybody makes it: who enters, who leaves and what it costs,
// threshold by threshold or version by version, and who would have gained or lost on a past day had everything been known that is
// known now. It decides by the engine over whole tables, stores nothing and changes nothing.
package whatif

import (
	"fmt"

	"mianshen/rules"
	"mianshen/rules/source"
)

// Refusal is a question that can't be answered as it was put; the text says in Chinese what to change in it. Wrong edits come as
// source.Mistakes instead.
type Refusal struct{ Text string }

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Amended returns the book with the edits made to the policy that item belongs to. The error is a Refusal for an unknown item, or
// source.Mistakes: those of the edits, or of the law as it would read.
func Amended(book *rules.Book, item string, edits []rules.Edit) (*rules.Book, error) {
	rule, err := ruleOf(book, item)
	if err != nil {
		return nil, err
	}
	amended, mistakes := rules.Amend(rule.Policy, edits)
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	policies := make([]*rules.Policy, 0, len(book.Policies))
	for _, p := range book.Policies {
		if p == rule.Policy {
			p = amended
		}
		policies = append(policies, p)
	}
	out, mistakes := rules.Compile(book.Vocabulary, policies)
	return out, mistakes.Err()
}

// ruleOf finds an item's rule.
func ruleOf(book *rules.Book, item string) (*rules.Rule, error) {
	if r, ok := book.Rule(item); ok {
		return r, nil
	}
	return nil, unknownItem(item, book)
}

func unknownItem(item string, books ...*rules.Book) error {
	var ids []string
	for _, b := range books {
		for _, r := range b.Rules {
			ids = append(ids, r.Item.ID)
		}
	}
	if near, ok := source.Nearest(item, ids); ok {
		return refuse("没有事项 %s，是不是 %s？", source.Clip(item), near)
	}
	return refuse("没有事项 %s", source.Clip(item))
}
