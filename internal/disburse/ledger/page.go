package ledger

import (
	"fmt"
	"math"
)

// Page chooses rows of a register, the newest first: those after the row with the id After, at most Limit. The zero Page is all of them.
type Page struct {
	After string
	Limit int
}

// order is the end of a query over a table whose rows were written at a column, which has its condition in parentheses already; args
// begin with those that the condition has.
func (p Page) order(table, at string, args ...any) (clause string, all []any) {
	if p.After != "" {
		args = append(args, p.After)
		since := fmt.Sprintf("(SELECT s.%s FROM %s s WHERE s.id = $%d)", at, table, len(args))
		clause = fmt.Sprintf(" AND (%s < %s OR (%[1]s = %[2]s AND id > $%[3]d))", at, since, len(args))
	}
	clause += fmt.Sprintf(" ORDER BY %s DESC, id", at)
	limit := p.Limit
	if limit < 1 {
		limit = math.MaxInt32
	}
	return clause + fmt.Sprintf(" LIMIT %d", limit), args
}
