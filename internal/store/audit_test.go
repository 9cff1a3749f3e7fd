package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"
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
// the same statements without a record, alternating so that both meet the same machine. The third is the least that any record would
// cost: the statements without a record, and one row of as many bytes in a table without index, reference or trigger.
func BenchmarkAudit(b *testing.B) {
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			s := opened(b, address(b))
			kind := map[store.Kind]string{store.SQLite: "BLOB", store.Postgres: "BYTEA"}[s.Kind()]
			if _, err := s.DB().ExecContext(b.Context(), "CREATE TABLE plain (n INTEGER PRIMARY KEY, body "+kind+")"); err != nil {
				b.Fatal(err)
			}
			n := 0
			alternate(b, func() error {
				n++
				return publishOne(b, s, n)
			}, func() error { return store.PublishUnaudited(b.Context(), s, -n, "") }, func() error {
				return store.PublishUnaudited(b.Context(), s, -1_000_000-n, "INSERT INTO plain (n, body) VALUES ($1, $2)", n, make([]byte, 400))
			})
		})
	}
}

// BenchmarkAuditMoney measures what a record adds to a commit about money: a draft of five entries with their rights and seats.
func BenchmarkAuditMoney(b *testing.B) {
	const entries = 5
	for name, address := range both {
		b.Run(name, func(b *testing.B) {
			s := opened(b, address(b))
			w := newTown(b, s)
			n := 0
			draft := func(audited bool) error {
				n++
				list := fmt.Sprint("l", n)
				statements := []string{fmt.Sprintf(`INSERT INTO disbursement_list (id, title, department, kind, sweep, made_at) VALUES ('%s', '名单', '科委', 'regular', %d, %s)`, list, w.sweep, stamp(1))}
				for k := 1; k <= entries; k++ {
					of := n*entries + k
					seat := fmt.Sprintf("'exclusive', 'g|%s', 'i1'", firm(of))
					statements = append(statements, fmt.Sprintf("INSERT INTO enterprise (uscc, name, folded) VALUES ('%s', '某公司', '')", firm(of)),
						w.right(of), entry(list, k, of, "L25"), "INSERT INTO seat (kind, key, holder) VALUES ("+seat+")",
						fmt.Sprintf("INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('%s', %d, %s)", list, k, seat))
				}
				statements = append(statements, event(list, 1, "draft", "", "draft", "D1", "d1", stamp(1), "NULL"))
				return s.Transact(b.Context(), func(tx *store.Tx) error {
					err := execAll(w, tx, statements)
					if err == nil && audited {
						err = tx.Audit(b.Context(), audit.Entry{Kind: "list.drafted", Subject: list, At: time.Unix(int64(n), 0), Facts: map[string]string{
							"entries": "5", "sweep": "1", "department": "科委", "role": "D1",
						}, Sealed: map[string]string{"person": "d1", "note": ""}})
					}
					return err
				})
			}
			alternate(b, func() error { return draft(true) }, func() error { return draft(false) })
		})
	}
}

// alternate runs several ways of doing something in turn, and reports the median time of each, how much it is more than the second's, and
// how much of the processor this process used for each: on a machine that others use too, that says more.
func alternate(b *testing.B, ways ...func() error) {
	b.Helper()
	took, used := make([][]time.Duration, len(ways)), make([]time.Duration, len(ways))
	processor := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for b.Loop() {
		for i, way := range ways {
			start, before := time.Now(), processor()
			if err := way(); err != nil {
				b.Fatal(err)
			}
			took[i], used[i] = append(took[i], time.Since(start)), used[i]+processor()-before
		}
	}
	median := func(i int) float64 {
		slices.Sort(took[i])
		return float64(took[i][len(took[i])/2].Microseconds())
	}
	for i, name := range []string{"audited", "unaudited", "plain-row"}[:len(ways)] {
		b.ReportMetric(median(i), "µs/"+name)
		b.ReportMetric(float64(used[i].Microseconds())/float64(len(took[i])), "cpu-µs/"+name)
		if i != 1 {
			b.ReportMetric(100*(median(i)/median(1)-1), "%more/"+name)
		}
	}
}
