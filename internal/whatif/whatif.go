// Package whatif answers what a change of the law would do before anybody makes it: who enters, who leaves and what it costs,
// threshold by threshold or version by version. It decides by the engine over whole tables, stores nothing and changes nothing.
package whatif

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/source"
)

// Refusal is a question that can't be answered as it was put; the text says in Chinese what to change in it. Wrong edits come as
// source.Mistakes instead.
type Refusal struct{ Text string }

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Try compares the law of q.Before with the same law after edits to the policy that item belongs to; q.After isn't read. Without
// q.Items all items of that policy are compared. The error is as of Compare, or source.Mistakes: those of the edits, or of the law
// as it would read.
func Try(ctx context.Context, q Question, item string, edits []rules.Edit) (*Outcome, error) {
	rule, err := ruleOf(q.Before, item)
	if err != nil {
		return nil, err
	}
	if q.After, err = amended(q.Before, rule.Policy, edits); err != nil {
		return nil, err
	}
	if len(q.Items) == 0 {
		for _, it := range rule.Policy.Items {
			if q.rule(q.Before, it.ID) != nil {
				q.Items = append(q.Items, it.ID)
			}
		}
	}
	return Compare(ctx, q)
}

// amended is the law of a policy with edits made to it: the policy and those that it refers to, for compiling takes longer than
// deciding.
func amended(book *rules.Book, policy *rules.Policy, edits []rules.Edit) (*rules.Book, error) {
	fresh, mistakes := rules.Amend(policy, edits)
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	needed := map[*rules.Policy]bool{}
	addRelated(book, policy, needed)
	policies := []*rules.Policy{fresh}
	for _, p := range book.Policies {
		if p != policy && (needed[p] || slices.ContainsFunc(edits, refers)) {
			policies = append(policies, p)
		}
	}
	out, mistakes := rules.Compile(book.Vocabulary, policies)
	return out, mistakes.Err()
}

// refers reports whether the text of an edit may name items of any policy.
func refers(e rules.Edit) bool {
	return slices.ContainsFunc([]string{"符合", "已奖", "曾获"}, func(call string) bool { return strings.Contains(e.Text, call) })
}

// addRelated adds the policies of the items that those of a policy refer to.
func addRelated(book *rules.Book, p *rules.Policy, needed map[*rules.Policy]bool) {
	if needed[p] {
		return
	}
	needed[p] = true
	for _, it := range p.Items {
		rule, _ := book.Rule(it.ID)
		awards, outcomes := rule.Related()
		for _, id := range slices.Concat(awards, outcomes) {
			if other, ok := book.Rule(id); ok {
				addRelated(book, other.Policy, needed)
			}
		}
	}
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
