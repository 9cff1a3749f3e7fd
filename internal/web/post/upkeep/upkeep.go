// Package upkeep answers with what stands beside the inbox: facts that firms supply and departments answer, the jobs of the schedule,
// what came of messages and which of them wait for a person.
package upkeep

import (
	"mianshen/internal/notify/supply"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/post"
)

// Pages answers. It is safe for concurrent use.
type Pages struct {
	*post.Post
	supply *supply.Book
}

// New returns the pages.
func New(p *post.Post) *Pages { return &Pages{p, supply.New(p.Office.Store)} }

// Routes are the answers by method and address.
func (p *Pages) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /facts":                    p.facts,
		"POST /facts":                   p.giveFact,
		"GET /facts/:id/proof":          p.proof,
		"GET /facts/answers":            p.answers,
		"POST /facts/answers":           p.answer,
		"GET /jobs":                     p.jobs,
		"GET /report/messages":          p.report,
		"POST /report/messages/retry":   p.retry,
		"POST /report/messages/confirm": p.confirm,
	}
}
