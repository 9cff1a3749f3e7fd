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

// changes are the kinds of record that stand for one row each. What was shown or taken away changes nothing and isn't here.
var changes = []change{
	{"policy.published", `SELECT policy_id AS subject FROM policy_pointer`},
	{"list.drafted", events("draft")},
	{"list.review", events("review")},
	{"list.confirm", events("confirm")},
	{"list.notice", events("notice")},
	{"list.handle", events("handle")},
	{"list.check", events("check")},
	{"list.approve_first", events("approve_first")},
	{"list.approve", events("approve")},
	{"list.export", events("export")},
	{"list.send", events("send")},
	{"list.settle", events("settle")},
	{"list.reopen", events("reopen")},
	{"list.return", events("return")},
	{"list.withdraw", events("withdraw")},
	{"list.suspend", events("suspend")},
	{"list.resume", events("resume")},
	{"receipts.taken", `SELECT sha256 AS subject FROM receipt_file`},
	{"receipt.resolved", `SELECT id AS subject FROM receipt_line WHERE resolved_at IS NOT NULL`},
	{"budget.opened", `SELECT id AS subject FROM budget_line`},
	{"budget.approved", `SELECT id AS subject FROM budget_line WHERE approved_at IS NOT NULL`},
	{"budget.allotted", `SELECT line AS subject FROM posting o WHERE kind = 'allot'
		AND NOT EXISTS (SELECT 1 FROM posting c WHERE c.kind = 'carry' AND c.ref = o.ref)`},
	{"budget.carried", `SELECT line AS subject FROM posting WHERE kind = 'carry'`},
	{"budget.moved", `SELECT payment AS subject FROM posting WHERE kind = 'move_out'`},
	{"payee.recorded", `SELECT id AS subject FROM payee_account`},
	{"payee.verified", `SELECT id AS subject FROM payee_account WHERE verified_at IS NOT NULL`},
	{"finding.answered", `SELECT id AS subject FROM finding WHERE answered_at IS NOT NULL`},
	{"earlier.imported", `SELECT id AS subject FROM earlier_file`},
	{"earlier.answered", `SELECT id AS subject FROM earlier_file WHERE answered_at IS NOT NULL`},
	{"whole.stated", `SELECT id AS subject FROM whole_ledger`},
	{"whole.answered", `SELECT id AS subject FROM whole_ledger WHERE answered_at IS NOT NULL`},
	{"whole.ended", `SELECT id AS subject FROM whole_ledger WHERE ended_at IS NOT NULL`},
	{"choice.made", `SELECT enterprise AS subject FROM choice`},
	{"recovery.proposed", `SELECT id AS subject FROM recovery`},
	{"recovery.approved", `SELECT id AS subject FROM recovery WHERE approved_at IS NOT NULL`},
	{"recovery.received", `SELECT recovery AS subject FROM recovery_receipt`},
	{"role.proposed", `SELECT id AS subject FROM role_grant WHERE origin = 'granted'`},
	{"role.confirmed", `SELECT id AS subject FROM role_grant WHERE origin = 'granted' AND confirmed_at IS NOT NULL`},
	{"role.revoked", `SELECT id AS subject FROM role_grant WHERE revoked_at IS NOT NULL`},
}

// events are the steps of lists by one action.
func events(action string) string {
	return `SELECT list AS subject FROM list_event WHERE action = '` + action + `'`
}

// once counts the records of each subject against its changes.
func once(ctx context.Context, b *book) error {
	for _, c := range changes {
		var subject string
		var rows, told int64
		err := b.each(ctx, `SELECT x.subject, sum(x.made), sum(x.told) FROM (
				SELECT m.subject, 1 AS made, 0 AS told FROM (`+c.rows+`) m
				UNION ALL SELECT r.subject, 0, 1 FROM audit_record r WHERE r.kind = '`+c.kind+`') x
			GROUP BY x.subject HAVING sum(x.made) <> sum(x.told)`, []any{&subject, &rows, &told}, func() {
			b.found("L2.once", c.kind+" "+subject, "变化 %d 次，审计记录 %d 条", rows, told)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.kind, err)
		}
	}
	return nil
}
