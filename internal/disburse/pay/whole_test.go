package pay_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/store"
)

// arm makes the k-th row that is written from now on a failure of its statement; 0: none.
func arm(t testing.TB, s *store.Store, k int) {
	t.Helper()
	db := s.DB()
	run := func(query string) {
		_, err := db.ExecContext(t.Context(), query)
		paytest.Check(t, err)
	}
	if s.Kind() == store.Postgres {
		run(`CREATE TABLE IF NOT EXISTS fault (remaining bigint)`)
		run(`CREATE OR REPLACE FUNCTION fault_fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			UPDATE fault SET remaining = remaining - 1;
			IF (SELECT remaining FROM fault) = 0 THEN RAISE EXCEPTION 'the fault fires'; END IF;
			RETURN NULL; END $$`)
	} else {
		run(`CREATE TABLE IF NOT EXISTS fault (remaining INTEGER)`)
	}
	run(`DELETE FROM fault`)
	run(fmt.Sprint(`INSERT INTO fault VALUES (`, k, `)`))
	for table := range paytest.Tables {
		for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
			name := strings.ToLower("fault_" + table + "_" + event)
			if s.Kind() == store.Postgres {
				run(fmt.Sprintf(`CREATE OR REPLACE TRIGGER %s AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION fault_fires()`, name, event, table))
				continue
			}
			run(fmt.Sprintf(`CREATE TRIGGER IF NOT EXISTS %s AFTER %s ON %s BEGIN
				UPDATE fault SET remaining = remaining - 1; SELECT RAISE(ABORT, 'the fault fires') FROM fault WHERE remaining = 0; END`, name, event, table))
		}
	}
}

// TestOneTransaction fails each door after each row that it writes, and finds the database as it was before; then lets it through.
func TestOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.w.List(t, "L1", 3)
		path := filepath.Join(t.TempDir(), "file")
		b := pay.Batch{ID: "L1-1", List: "L1"}
		doubts := func() []evidence.Line { return paytest.Must[[]evidence.Line](t)(d.Doubts(ctx, "")) }
		take := func(list ...paytest.Answer) func() error {
			return func() error {
				_, err := d.TakeReceipts(ctx, handler, "a", paytest.CSV(list), later)
				return err
			}
		}
		late := answer(b, 3, "成功")
		late.At = "2025-07-20 10:00:00"
		before := d.ask(t, `SELECT count(*) FROM audit_record`)
		for _, door := range []struct {
			name string
			open func() error
		}{
			{"export", func() error { _, err := d.Export(ctx, handler, "L1", answerBy, paytest.Now); return err }},
			{"file", func() error { _, err := d.MakeFile(ctx, handler, b.ID, "xlsx", path, paytest.Now); return err }},
			{"unsent", take(answer(b, 1, "成功"))},
			{"send", func() error { return d.Send(ctx, handler, "L1", paytest.Now) }},
			{"unknown", func() error {
				_, err := d.MarkUnknown(ctx, checker, b.ID, []string{pay.PaymentID("L1", 2, 1)}, "x", later)
				return err
			}},
			{"overdue", func() error { _, err := d.Overdue(ctx, handler, later.AddDate(0, 1, 0)); return err }},
			{"take", take(answer(b, 1, "退回"), answer(b, 2, "失败"), late)},
			{"resolve", func() error { return d.Resolve(ctx, checker, doubts()[0].ID, true, "x", later) }},
			{"settle", func() error { return d.Settle(ctx, checker, "L1", later) }},
		} {
			d.fails(t, door.name, door.open)
		}
		equal(t, "states", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "returned returned, failed returned, paid in")
		equal(t, "records", d.ask(t, `SELECT count(*) - CAST($1 AS INTEGER) FROM audit_record`, before), "9")
		d.sums(t)
	})
}

// fails opens a door again and again, each time with the fault one row further on, until it goes through.
func (d *desk) fails(t *testing.T, name string, open func() error) {
	t.Helper()
	arm(t, d.s, 0)
	before := paytest.Dump(t, d.s, paytest.Tables)
	for k := 1; k < 500; k++ {
		arm(t, d.s, k)
		err := open()
		if err == nil {
			if k < 4 {
				t.Errorf("%s wrote %d rows only", name, k-1)
			}
			t.Logf("%s failed at each of %d rows", name, k-1)
			return
		}
		if !strings.Contains(err.Error(), "the fault fires") {
			t.Fatalf("%s at row %d: %v", name, k, err)
		}
		if diff := paytest.Differ(before, paytest.Dump(t, d.s, paytest.Tables)); diff != "" {
			t.Fatalf("%s failed at row %d and left\n%s", name, k, diff)
		}
	}
	t.Fatalf("%s never went through", name)
}
