package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// How to ask each database for its columns, unique indexes and references, one line of text each.
var shapes = map[store.Kind][]string{
	store.SQLite: {
		`SELECT 'column ' || m.name || '.' || c.name || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END
			FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'`,
		`SELECT 'unique ' || m.name || ' ' || i.partial || ' ' || coalesce((SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)), 'expression')
			FROM sqlite_schema m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i."unique" = 1 AND m.name <> 'goose_db_version'`,
		`SELECT 'unique ' || m.name || ' 0 ' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name <> 'goose_db_version'
			AND c.pk > 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) i WHERE i.origin = 'pk')`,
		`SELECT 'reference ' || m.name || ' ' || f."table" || ' ' || group_concat(f."from", ',') FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
			WHERE m.type = 'table' AND m.name NOT LIKE 'audit_%' GROUP BY m.name, f."table", f.id`,
		`SELECT 'view ' || name FROM sqlite_schema WHERE type = 'view'`,
	},
	store.Postgres: {
		`SELECT 'column ' || c.relname || '.' || a.attname || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'goose_db_version'`,
		`SELECT 'unique ' || c.relname || ' ' || (i.indpred IS NOT NULL)::INT || ' ' || coalesce((SELECT string_agg(a.attname, ',' ORDER BY k.at)
				FROM unnest(i.indkey) WITH ORDINALITY k (att, at) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att), 'expression')
			FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique
			WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'goose_db_version'`,
		`SELECT 'reference ' || c.relname || ' ' || t.relname || ' ' || (SELECT string_agg(a.attname, ',' ORDER BY k.at)
				FROM unnest(f.conkey) WITH ORDINALITY k (att, at) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att)
			FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid
			WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace`,
		`SELECT 'view ' || relname FROM pg_class WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace`,
	},
}

// looked are references that PostgreSQL holds by a look a statement instead of one a row (see 0006_money.sql).
var looked = strings.Split(strings.ReplaceAll(`entitlement enterprise enterprise, entitlement sweep sweep, entitlement policy_version policy_version, list_entry disbursement_list list, list_entry entitlement entitlement,part,
list_entry enterprise enterprise, list_entry budget_line line, list_entry payee_account account,enterprise, entry_seat list_entry list,n,
entry_cap list_entry list,n, entry_cap cap_use key,
payment list_entry list,n, payment budget_line line, payment payee_account account, posting budget_line line,
posting payment payment, posting person person, posting list_entry list,n`, "\n", " "), ", ")

// TestTwins holds the two schemas against each other: tables, columns, what may be NULL, unique indexes, references, views, and the
// steps of a list. The references of the audit log are triggers on PostgreSQL (see 0004_audit.sql), as are those of large tables.
func TestTwins(t *testing.T) {
	sqlite, postgres := opened(t, file(t)), opened(t, pgtest.Database(t))
	have := shape(t, postgres)
	for _, reference := range looked {
		have = append(have, "reference "+reference)
	}
	slices.Sort(have)
	if diff := cmp.Diff(shape(t, sqlite), have); diff != "" {
		t.Errorf("schemas differ (-sqlite +postgres):\n%s", diff)
	}
	one, other := (&town{TB: t, s: sqlite}).table(), (&town{TB: t, s: postgres}).table()
	if diff := cmp.Diff(fmt.Sprint(one), fmt.Sprint(other)); diff != "" || len(one) < 50 {
		t.Errorf("steps differ (-sqlite +postgres), of %d:\n%s", len(one), diff)
	}
}

func shape(t *testing.T, s *store.Store) (out []string) {
	t.Helper()
	for _, query := range shapes[s.Kind()] {
		rows, err := s.DB().QueryContext(t.Context(), query) //nolint:sqlclosecheck // read to the end, which closes it
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		n := len(out)
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			out = append(out, line)
		}
		if err := rows.Err(); err != nil || len(out) == n {
			t.Fatalf("%s: %d lines, %v", query, len(out)-n, err)
		}
	}
	slices.Sort(out)
	return out
}
