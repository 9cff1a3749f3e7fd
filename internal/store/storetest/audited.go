package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mianshen/internal/audit"
	"mianshen/internal/store"
)

// pair is a key pair for checkpoints.
type pair struct{ secret, public string }

func newKey(t *testing.T) (k pair) {
	t.Helper()
	var err error
	k.secret, k.public, err = audit.NewKey("audit.example.gov", rand.Reader)
	check(t, err)
	return k
}

// export returns the log as it would leave the building.
func export(t *testing.T, s *store.Store) *bytes.Buffer {
	t.Helper()
	records := must[[]store.AuditRecord](t)(s.AuditRecords(t.Context(), 0, 1000))
	notes := must[[]string](t)(s.AuditCheckpoints(t.Context()))
	var out bytes.Buffer
	w, err := audit.NewWriter(&out, "audit.example.gov", int64(len(records)), int64(len(notes)))
	check(t, err)
	for _, r := range records {
		check(t, w.Record(r.Record, r.Leaf))
		for _, note := range notes {
			c, err := audit.Open(note)
			check(t, err)
			if c.Size == r.Seq {
				check(t, w.Checkpoint(c.Size, note))
			}
		}
	}
	return &out
}

func auditTogether(t *testing.T, s *store.Store) {
	ctx := t.Context()
	publish := func(id, content string, n int) error {
		_, err := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: id, Title: "办法", PublishedAt: at(n), PublishedBy: "张三", Files: []byte(content)})
		return err
	}
	check(t, publish("p1", "a", 1))
	check(t, publish("p1", "a", 2)) // is current: nothing happens
	check(t, publish("p1", "b", 3))
	check(t, publish("p1", "a", 4)) // becomes current again
	wants(t, "another's content", publish("p2", "a", 5), store.ErrConflict)
	wants(t, "an id that no record can hold", publish("p\n3", "c", 6), store.ErrInvalid)
	_, err := s.PolicyVersion(ctx, hash("c"))
	wants(t, "the version without a record", err, store.ErrNotFound)
	list := must[[]store.AuditRecord](t)(s.AuditRecords(ctx, 0, 10))
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%d %s %s %t %d", r.Seq, r.Kind, r.Subject, r.Facts["version"] == hash("a"), r.At.Second()))
		salts := must[map[string]audit.Salt](t)(s.AuditSalts(ctx, r.Seq))
		if salt, ok := salts["person"]; !ok || salt.Seal("张三") != r.Seals["person"] || len(r.Seals) != 1 {
			t.Errorf("record %d seals %v with %v", r.Seq, r.Seals, salts)
		}
		if bytes.Contains(r.Bytes(), []byte("张三")) || r.Leaf != audit.Leaf(r.Bytes()) {
			t.Errorf("record %d is %q with leaf %v", r.Seq, r.Bytes(), r.Leaf)
		}
	}
	equal(t, "records", got, []string{"1 policy.published p1 true 1", "2 policy.published p1 false 3", "3 policy.published p1 true 4"})
	if n := must[int64](t)(s.AuditSize(ctx)); n != 3 {
		t.Errorf("the log has %d records", n)
	}
	equal(t, "pages", len(must[[]store.AuditRecord](t)(s.AuditRecords(ctx, 1, 1))), 1)
	check(t, run(t, s, "DELETE FROM audit_salt WHERE record = 2")) // how a person is forgotten
	if salts := must[map[string]audit.Salt](t)(s.AuditSalts(ctx, 2)); len(salts) != 0 {
		t.Errorf("salts of record 2: %v", salts)
	}
}

// auditNumbers lets many write at once, some in vain, while somebody signs.
func auditNumbers(t *testing.T, s *store.Store) {
	const writers, each = 8, 12
	key := newKey(t)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				var err error
				switch i % 3 {
				case 0:
					_, err = s.AppendAudit(t.Context(), audit.Entry{Kind: "test.done", Subject: fmt.Sprint(w, " ", i), At: at(i), Sealed: map[string]string{"a": "x", "b": "y"}})
				case 1:
					_, err = s.PublishPolicy(t.Context(), store.PolicyVersion{PolicyID: fmt.Sprint("p", w), Title: "办法", PublishedAt: at(i), PublishedBy: "甲", Files: fmt.Append(nil, w, i)})
				default:
					if _, err := s.AppendAudit(t.Context(), audit.Entry{Kind: "no kind", Subject: "s", At: at(i)}); !errors.Is(err, store.ErrInvalid) {
						t.Errorf("a kind of two words: %v", err)
					}
					_, err = s.SignAudit(t.Context(), key.secret, at(100))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	must[string](t)(s.SignAudit(t.Context(), key.secret, at(100)))
	report, err := audit.Verify(export(t, s), audit.Options{Keys: []string{key.public}})
	if err != nil || report.Records != writers*each*2/3 {
		t.Errorf("%+v, %v", report, err)
	}
}

func auditSigned(t *testing.T, s *store.Store) {
	ctx, key, other := t.Context(), newKey(t), newKey(t)
	_, err := s.SignAudit(ctx, key.secret, at(1))
	wants(t, "sign nothing", err, store.ErrNotFound)
	newWorld(t, s, 1)
	_, err = s.SignAudit(ctx, "PRIVATE", at(1))
	wants(t, "sign with no key", err, store.ErrInvalid)
	first := must[string](t)(s.SignAudit(ctx, key.secret, at(1)))
	if again := must[string](t)(s.SignAudit(ctx, key.secret, at(2))); again != first {
		t.Errorf("signed again where nothing was new:\n%s%s", first, again)
	}
	must[int64](t)(s.AppendAudit(ctx, audit.Entry{Kind: "test.done", Subject: "s", At: at(3)}))
	_, err = s.SignAudit(ctx, key.secret, at(0))
	wants(t, "sign at an instant before the last", err, store.ErrConflict)
	stranger, _, err := audit.NewKey("else", rand.Reader)
	check(t, err)
	_, err = s.SignAudit(ctx, stranger, at(4))
	wants(t, "sign as another log", err, store.ErrConflict)
	second := must[string](t)(s.SignAudit(ctx, other.secret, at(4))) // a new key of the same log
	equal(t, "checkpoints", must[[]string](t)(s.AuditCheckpoints(ctx)), []string{first, second})
	report, err := audit.Verify(export(t, s), audit.Options{Keys: []string{key.public, other.public}, Old: first})
	if err != nil || report.Records != 3 || report.Old != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	proof, err := audit.Prove(3, 2, s.AuditHashes(ctx))
	check(t, err)
	c, err := audit.Open(second, other.public)
	check(t, err)
	if !audit.Proven(proof, 3, c.Root, 2, must[[]store.AuditRecord](t)(s.AuditRecords(ctx, 1, 1))[0].Leaf) {
		t.Error("the second record isn't proven")
	}
}

// auditTampered takes the guards away, as the owner of a database can, and changes what they guard.
func auditTampered(t *testing.T, s *store.Store) {
	ctx, key := t.Context(), newKey(t)
	newWorld(t, s, 1)
	old := must[string](t)(s.SignAudit(ctx, key.secret, at(1)))
	must[int64](t)(s.AppendAudit(ctx, audit.Entry{Kind: "test.done", Subject: "s", At: at(3)}))
	unguard := []string{"DROP TRIGGER audit_record_update", "DROP TRIGGER audit_hash_update"}
	if s.Kind() == store.Postgres {
		unguard = []string{"ALTER TABLE audit_record DISABLE TRIGGER ALL", "ALTER TABLE audit_hash DISABLE TRIGGER ALL", "GRANT UPDATE ON audit_record, audit_hash TO CURRENT_USER"}
	}
	for _, statement := range unguard {
		check(t, run(t, s, statement))
	}
	rewrite := func(n int64, change func(*audit.Record)) {
		r := must[[]store.AuditRecord](t)(s.AuditRecords(ctx, n-1, 1))[0]
		change(&r.Record)
		_, err := s.DB().ExecContext(ctx, "UPDATE audit_record SET subject = $1, body = $2 WHERE seq = $3", r.Subject, r.Bytes(), n)
		check(t, err)
	}
	check(t, run(t, s, "UPDATE audit_record SET subject = 'else' WHERE seq = 3"))
	_, err := s.AuditRecords(ctx, 2, 1)
	wants(t, "a column changed", err, store.ErrConflict)
	check(t, run(t, s, "UPDATE audit_record SET subject = 's' WHERE seq = 3"))
	rewrite(1, func(r *audit.Record) { r.Subject = "else" })
	must[string](t)(s.SignAudit(ctx, key.secret, at(4)))
	if _, err := audit.Verify(export(t, s), audit.Options{Old: old}); err == nil || !strings.HasPrefix(err.Error(), "第 1 条记录（文件第 2 行）被改过") {
		t.Errorf("a record changed: %v", err)
	}
	must[int64](t)(s.AppendAudit(ctx, audit.Entry{Kind: "test.done", Subject: "s", At: at(5)}))
	_, err = s.DB().ExecContext(ctx, "UPDATE audit_hash SET hash = $1 WHERE idx = 2", make([]byte, 32)) // the node above records 1 and 2
	check(t, err)
	_, err = s.SignAudit(ctx, key.secret, at(6))
	wants(t, "sign a tree that isn't the one signed before", err, store.ErrConflict)
}

// auditRefused tries by raw SQL what no log has.
func auditRefused(t *testing.T, s *store.Store) {
	ctx := t.Context()
	newWorld(t, s, 1) // two records, three hashes
	must[string](t)(s.SignAudit(ctx, newKey(t).secret, at(1)))
	sum, short := "X'"+hash("")+"'", "X'00'"
	if s.Kind() == store.Postgres {
		sum, short = `'\x`+hash("")+"'", `'\x00'`
	}
	const (
		when   = "'2025-06-30T00:00:00.000000Z'"
		late   = "'2025-07-30T00:00:00.000000Z'"
		take   = "UPDATE audit_head SET last = 3"
		record = "INSERT INTO audit_record (seq, at, kind, subject, body) VALUES "
		node   = "INSERT INTO audit_hash (idx, record, hash) VALUES "
		salt   = "INSERT INTO audit_salt (record, name, salt) VALUES "
		signed = "INSERT INTO audit_checkpoint (size, at, note) VALUES "
	)
	good := record + "(3, " + when + ", 'a.b', 's', " + sum + ")"
	for name, statements := range map[string][]string{
		"a number without a record":        {take},
		"a record without a number":        {good},
		"a number left out":                {"UPDATE audit_head SET last = 4"},
		"two numbers, the second used":     {take, "UPDATE audit_head SET last = 4", record + "(4, " + when + ", 'a.b', 's', " + sum + ")"},
		"a record under another number":    {take, record + "(4, " + when + ", 'a.b', 's', " + sum + ")"},
		"a number again":                   {record + "(2, " + when + ", 'a.b', 's', " + sum + ")"},
		"number zero":                      {record + "(0, " + when + ", 'a.b', 's', " + sum + ")"},
		"a second head":                    {"INSERT INTO audit_head (id, last) VALUES (2, NULL)"},
		"a number given back":              {"UPDATE audit_head SET last = 1"},
		"no number":                        {"UPDATE audit_head SET last = NULL"},
		"a record without content":         {take, strings.Replace(good, sum, "''", 1)},
		"a record without subject":         {take, strings.Replace(good, "'s'", "''", 1)},
		"a hash of an older record":        {node + "(3, 1, " + sum + ")"},
		"a hash that leaves one out":       {node + "(4, 2, " + sum + ")"},
		"a hash again":                     {node + "(0, 2, " + sum + ")"},
		"a short hash":                     {node + "(3, 2, " + short + ")"},
		"a salt of an older record":        {salt + "(1, 'x', " + sum + ")"},
		"a salt of no record":              {salt + "(3, 'x', " + sum + ")"},
		"a salt again":                     {salt + "(2, 'person', " + sum + ")"},
		"a short salt":                     {salt + "(2, 'x', " + short + ")"},
		"a checkpoint of what isn't there": {signed + "(3, " + late + ", 'x')"},
		"a checkpoint again":               {signed + "(2, " + late + ", 'x')"},
		"a checkpoint of less":             {signed + "(1, " + late + ", 'x')"},
		"a checkpoint before the last":     {take, good, signed + "(3, '2024-01-01T00:00:00.000000Z', 'x')"},
	} {
		if err := together(t, s, statements); err == nil {
			t.Errorf("%s: the database carried out %s", name, statements)
		}
	}
	for _, statements := range [][]string{ // the spelling is right
		{salt + "(2, 'x', " + sum + ")"},
		{node + "(3, 2, " + sum + ")"},
		{take, good, signed + "(3, " + late + ", 'x')"},
	} {
		check(t, together(t, s, statements))
	}
}

// together runs statements in one transaction.
func together(t *testing.T, s *store.Store, statements []string) error {
	t.Helper()
	tx, err := s.DB().BeginTx(t.Context(), nil)
	check(t, err)
	for _, statement := range statements {
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	err = tx.Commit()
	if err != nil {
		_ = tx.Rollback() // SQLite leaves the transaction open where a deferred reference fails
	}
	return err
}
