package fsck

import (
	"context"
	"fmt"
)

// change says which rows are changes of state and which kind of audit record each of them must have exactly one of.
type change struct {
	kind string // of the record
	rows string // a query that gives the subject of the record for each change
}

// changes are the kinds of record that stand for one row each.
var changes = []change{
	{"policy.published", `SELECT policy_id AS subject FROM policy_pointer`},
	{"list.draft", `SELECT list AS subject FROM list_event WHERE action = 'draft'`},
	{"list.edit", `SELECT list AS subject FROM list_event WHERE action = 'edit'`},
	{"list.review", `SELECT list AS subject FROM list_event WHERE action = 'review'`},
	{"list.confirm", `SELECT list AS subject FROM list_event WHERE action = 'confirm'`},
	{"list.notice", `SELECT list AS subject FROM list_event WHERE action = 'notice'`},
	{"list.handle", `SELECT list AS subject FROM list_event WHERE action = 'handle'`},
	{"list.check", `SELECT list AS subject FROM list_event WHERE action = 'check'`},
	{"list.approve_first", `SELECT list AS subject FROM list_event WHERE action = 'approve_first'`},
	{"list.approve", `SELECT list AS subject FROM list_event WHERE action = 'approve'`},
	{"list.export", `SELECT list AS subject FROM list_event WHERE action = 'export'`},
	{"list.send", `SELECT list AS subject FROM list_event WHERE action = 'send'`},
	{"list.settle", `SELECT list AS subject FROM list_event WHERE action = 'settle'`},
	{"list.reopen", `SELECT list AS subject FROM list_event WHERE action = 'reopen'`},
	{"list.return", `SELECT list AS subject FROM list_event WHERE action = 'return'`},
	{"list.withdraw", `SELECT list AS subject FROM list_event WHERE action = 'withdraw'`},
	{"list.suspend", `SELECT list AS subject FROM list_event WHERE action = 'suspend'`},
	{"list.resume", `SELECT list AS subject FROM list_event WHERE action = 'resume'`},
}

// once counts the records of each subject against its changes.
func once(ctx context.Context, b *book) error {
	for _, c := range changes {
		var subject string
		var rows, told int64
		err := b.each(ctx, `SELECT x.subject, sum(x.made), sum(x.told) FROM (
				SELECT m.subject, 1 AS made, 0 AS told FROM (`+c.rows+`) m
				UNION ALL SELECT r.subject, 0, 1 FROM audit_record r WHERE r.kind = $1) x
			GROUP BY x.subject HAVING sum(x.made) <> sum(x.told)`, []any{&subject, &rows, &told}, func() {
			b.found("L2.once", c.kind+" "+subject, "变化 %d 次，审计记录 %d 条", rows, told)
		}, c.kind)
		if err != nil {
			return fmt.Errorf("%s: %w", c.kind, err)
		}
	}
	return nil
}
