package fsck

import (
	"context"
	"strconv"
	"strings"

	"mianshen/internal/store"
)

// guarded is the check that the database still refuses what it must refuse (M5).
var guarded = []Check{
	{ID: "M5.guards", Promise: "凭证、决定、审计和已发布的版本，库里拦着修改的触发器一个不少、没有停用", walk: guards},
}

// triggers says how many triggers stand at each table, by the schema of this program: a test holds it against a fresh database.
var triggers = map[store.Kind]string{
	store.SQLite: `
		account:4 api_token:1 audit_checkpoint:3 audit_hash:3 audit_head:3 audit_record:3 audit_salt:2 batch_download:2
		batch_file:2 budget_line:4 calendar_entry:1 cap_use:1 change:2 choice:2 confirmation:2 correction:2 delivery:4
		delivery_part:3 delivery_state:5 disbursement_list:4 earlier_file:4 earlier_grant:4 enterprise:2 entitlement:2
		entry_cap:5 entry_seat:3 event:2 feed_address:2 finding:2 follower:1 instance:3 job_slot:2 list_attachment:2
		list_entry:8 list_event:9 list_step:3 objection:2 outbox:3 outbox_attempt:2
		payee_account:3 payment:8 payment_batch:3 person:2 policy_pointer:2 policy_version:2 posting:5 receipt_file:2
		receipt_line:3 recovery:3 recovery_receipt:4 role_grant:5 saved_search:2 session:1 snapshot:3 snapshot_chunk:3
		supplied_fact:2 sweep:5 sweep_difference:3 sweep_fault:3 sweep_policy:3 sweep_shard:4 sweep_summary:3 template:2
		vocabulary_pointer:2 vocabulary_version:2 whole_ledger:3`,
	store.Postgres: `
		account:5 api_token:1 audit_checkpoint:3 audit_hash:3 audit_head:4 audit_record:3 audit_salt:3 batch_download:2
		batch_file:2 budget_line:5 calendar_entry:1 cap_use:4 change:2 choice:2 confirmation:2 correction:2 delivery:5
		delivery_part:3 delivery_state:3 disbursement_list:5 earlier_file:5 earlier_grant:3 enterprise:3 entitlement:6
		entry_cap:5 entry_seat:4 event:2 feed_address:3 finding:3 follower:1
		instance:5 job_slot:3 list_attachment:2 list_entry:6 list_event:7 list_step:2 objection:3 outbox:4 outbox_attempt:3
		payee_account:4 payment:5 payment_batch:3 person:3 policy_pointer:2 policy_version:2 posting:3 receipt_file:2
		receipt_line:4 recovery:4 recovery_receipt:3 role_grant:6 saved_search:2 seat:1 session:1 snapshot:4 snapshot_chunk:3
		supplied_fact:3 sweep:6 sweep_difference:3 sweep_fault:3 sweep_policy:3 sweep_shard:4 sweep_summary:3 template:2
		vocabulary_pointer:2 vocabulary_version:2 whole_ledger:4`,
}

// triggersOf is the query for the number of triggers at each table that aren't disabled.
func triggersOf(kind store.Kind) string {
	if kind == store.SQLite {
		return `SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name ORDER BY tbl_name`
	}
	return `SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname ORDER BY c.relname`
}

// guards counts the triggers.
func guards(ctx context.Context, b *book) error {
	have := map[string]int{}
	var table string
	var n int
	if err := b.each(ctx, triggersOf(b.kind), []any{&table, &n}, func() { have[table] = n }); err != nil {
		return err
	}
	for _, pair := range strings.Fields(triggers[b.kind]) {
		table, count, _ := strings.Cut(pair, ":")
		want, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		if have[table] < want {
			b.found("M5.guards", "表 "+table, "应有 %d 个触发器，起作用的有 %d 个", want, have[table])
		}
	}
	return nil
}
