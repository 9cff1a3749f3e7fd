package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"mianshen/internal/audit"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// TestAuditPrivileges works as a role that owns its tables but isn't a superuser, as in production: everything can be
// written, and what is append-only is refused by privilege even before a trigger is asked.
func TestAuditPrivileges(t *testing.T) {
	address := pgtest.Database(t)
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(t.Context(), "CREATE ROLE audit_clerk LOGIN PASSWORD 'clerk'; CREATE SCHEMA clerk AUTHORIZATION audit_clerk"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("audit_clerk", "clerk")
	u.RawQuery += "&search_path=clerk"
	t.Cleanup(func() { // a role belongs to the server, not to the database
		again, err := sql.Open("pgx", address)
		if err == nil {
			_, err = again.Exec("DROP OWNED BY audit_clerk; DROP ROLE audit_clerk")
			err = errors.Join(err, again.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
	s := opened(t, u.String())
	if err := publishOne(t, s, 1); err != nil {
		t.Fatal(err)
	}
	secret, _, err := audit.NewKey("clerk", strings.NewReader(strings.Repeat("k", 64)))
	if err == nil {
		_, err = s.SignAudit(t.Context(), secret, time.Unix(9, 0))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE audit_record SET subject = 'x'", "DELETE FROM audit_record", "TRUNCATE audit_record",
		"UPDATE audit_hash SET record = 1", "DELETE FROM audit_hash", "TRUNCATE audit_hash",
		"UPDATE audit_checkpoint SET note = 'x'", "DELETE FROM audit_checkpoint", "TRUNCATE audit_checkpoint",
		"DELETE FROM audit_head", "TRUNCATE audit_head", "UPDATE audit_salt SET salt = salt", "TRUNCATE audit_salt",
	} {
		_, err := s.DB().ExecContext(t.Context(), statement)
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "42501" {
			t.Errorf("%s: %v, want a lack of privilege", statement, err)
		}
	}
	if _, err := s.DB().ExecContext(t.Context(), "DELETE FROM audit_salt"); err != nil {
		t.Error(err)
	}
}

func publishOne(t testing.TB, s *store.Store, n int) error {
	t.Helper()
	_, err := s.PublishPolicy(t.Context(), store.PolicyVersion{
		PolicyID: fmt.Sprint("p", n%100), Title: "办法", PublishedAt: time.Unix(1, 0), PublishedBy: "甲", Files: fmt.Append(nil, "files ", n, strings.Repeat("x", 10_000)),
	})
	return err
}

// BenchmarkAudit measures what the audit log adds to a commit: publishing a policy, which records itself, side by side with
// the same statements without a record, alternating so that both meet the same machine.
func BenchmarkAudit(b *testing.B) {
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			s := opened(b, address(b))
			var with, without time.Duration
			n := 0
			for b.Loop() {
				n++
				start := time.Now()
				err := publishOne(b, s, n)
				middle := time.Now()
				err = errors.Join(err, store.PublishUnaudited(b.Context(), s, -n))
				with, without = with+middle.Sub(start), without+time.Since(middle)
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(with.Microseconds())/float64(n), "µs/audited")
			b.ReportMetric(float64(without.Microseconds())/float64(n), "µs/unaudited")
			b.ReportMetric(100*(float64(with)/float64(without)-1), "%more")
		})
	}
}
