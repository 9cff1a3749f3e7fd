package disburse_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mianshen/internal/disburse"
	"mianshen/internal/disburse/lists"
	teller "mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/payee"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// BenchmarkList takes a list of 100,000 entries for 50,000 firms from a finished sweep to the payment file: two items with caps, one in
// records with bases that count once, and one that loses to another. It says how long each part took, and how much of the processor this
// process and PostgreSQL used: on a machine that others use too, that says more. Promised are, for draft, check and freeze together, 10 s on SQLite and 15 s on PostgreSQL, and
// 2 s for the file.
func BenchmarkList(b *testing.B) {
	s := small{items: []thing{
		{id: "item-0", field: 0, total: 5, rule: "highest"},
		{id: "item-1", field: 1, rule: "highest"},
		{id: "item-2", field: 2, each: true, once: true},
		{id: "item-3", field: 3, times: 2},
	}}
	for n := range 50_000 {
		f := smallFirm{code: fmt.Sprintf("9131%014d", n), group: fmt.Sprint("集团", n), able: [4]bool{true, n%2 == 0, n%4 == 0, n%4 != 0}, amounts: [4]int{3, 2, 0, 4}}
		f.invoices = map[string]int{fmt.Sprint("F", n): 2}
		s.firms = append(s.firms, f)
	}
	for _, x := range databases {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				d := newDesk(b, x.open(b))
				d.persons()
				d.line("L", "区经委", 1_000_000_00)
				d.publish(smallVocabulary, s.files(), now.Add(-time.Hour))
				d.deliver(s.firms, now)
				ring := paytest.NewRing(b)
				d.sweep(now.Add(time.Minute))
				d.accounts(s.firms, ring)
				d.way(b, teller.New(d.db, ring, payout.Debtor{Name: "示例财政局", Bank: "102290000017", Account: "1001234509000000001"}))
			}
		})
	}
}

// way is what BenchmarkList measures.
func (d *desk) way(b *testing.B, bank *teller.Desk) {
	request := disburse.Request{Department: "区经委"}
	handler, over := teller.Actor{Person: "F1"}, now.AddDate(0, 0, 14)
	d.part(b, "plan", func() { d.plan(request) })
	var p *disburse.Proposal
	d.part(b, "plan+draft", func() { p = d.draft("L1", request) })
	if len(p.Entries) != 100_000 || len(p.Left) != 25_000 {
		b.Errorf("%d entries, %d left out", len(p.Entries), len(p.Left))
	}
	d.part(b, "check", func() {
		d.step("D2", lists.ActReview, now)
		d.step("D1", lists.ActConfirm, now)
	})
	d.part(b, "freeze", func() { d.step("D1", lists.ActNotice, now) })
	d.part(b, "approve", func() {
		d.step("F1", lists.ActHandle, over)
		d.step("F2", lists.ActCheck, over)
		d.step("F3", lists.ActApprove, over)
	})
	var batch teller.Batch
	d.part(b, "export", func() {
		batch = paytest.Must[teller.Batch](b)(bank.Export(b.Context(), handler, "L1", civil.On(over), over))
	})
	d.part(b, "file", func() {
		paytest.Must[teller.File](b)(bank.MakeFile(b.Context(), handler, batch.ID, "pain.001", filepath.Join(b.TempDir(), "file"), over))
	})
}

// part reports how many seconds a part took, and of the processor.
func (d *desk) part(b *testing.B, name string, do func()) {
	began, used := time.Now(), d.processor()
	do()
	b.ReportMetric(time.Since(began).Seconds(), "s/"+name)
	b.ReportMetric((d.processor() - used).Seconds(), "cpu-s/"+name)
}

// processor is how much this process has used of it, and PostgreSQL's for it, as far as Linux tells.
func (d *desk) processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	used := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if d.db.Kind() != store.Postgres {
		return used
	}
	rows, err := d.db.DB().QueryContext(d.Context(), "SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
	paytest.Check(d, err)
	defer func() { paytest.Check(d, errors.Join(rows.Err(), rows.Close())) }()
	for rows.Next() {
		var pid, ticks, more int
		paytest.Check(d, rows.Scan(&pid))
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])); len(f) > 12 {
			_, err := fmt.Sscan(f[11]+" "+f[12], &ticks, &more)
			paytest.Check(d, err)
		}
		used += time.Duration(ticks+more) * (time.Second / 100)
	}
	return used
}

// persons makes one person for each role, named like it, beside the maker.
func (d *desk) persons() {
	d.role("D1", "区经委")
	for _, role := range []string{"D2", "F1", "F2", "F3"} {
		scope := ""
		if role == "D2" {
			scope = "区经委"
		}
		d.exec(`INSERT INTO person (id, name, created_at) VALUES ($1, $1, $2)`, role, store.Stamp(now))
		d.exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $2, $3, 'granted', 'other', $4)`, "of "+role, role, scope, store.Stamp(now))
		d.exec(`UPDATE role_grant SET confirmed_by = 'third', confirmed_at = $1 WHERE id = $2`, store.Stamp(now), "of "+role)
	}
}

// accounts gives each firm a verified account.
func (d *desk) accounts(firms []smallFirm, ring paytest.Ring) {
	rows := make([][]any, len(firms))
	for i, f := range firms {
		id := "A" + f.code
		sealed := paytest.Must[[]byte](d)(ring.Seal([]byte(paytest.Account(i)), payee.Sealed(id)))
		rows[i] = []any{id, f.code, "企业" + f.code, "103290000023", sealed, "****", ring.Print(paytest.Account(i), "payee_account|print"), "test", "maker", store.Stamp(now)}
	}
	paytest.Check(d, d.db.Transact(d.Context(), func(tx *store.Tx) error {
		err := tx.Many(d.Context(), "payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)", "", rows)
		if err == nil {
			_, err = tx.Exec(d.Context(), `UPDATE payee_account SET verified_how = 'bank', verified_by = 'other', verified_at = $1, usable_from = $1`, store.Stamp(now))
		}
		return err
	}))
}

// step takes the list one step further on the content that it has.
func (d *desk) step(role string, action lists.Action, at time.Time) {
	d.Helper()
	var hash string
	paytest.Check(d, d.db.DB().QueryRowContext(d.Context(), `SELECT coalesce(hash, '') FROM disbursement_list WHERE id = 'L1'`).Scan(&hash))
	person := role
	if role == "D1" {
		person = maker.Person
	}
	o := lists.Order{List: "L1", Action: action, Hash: hash, Days: 5}
	if action == lists.ActConfirm {
		o.Silence = paytest.Must[map[string]lists.Silence](d)(disburse.Silences(d.Context(), d.office, "L1"))
	}
	paytest.Check(d, lists.New(d.db).Step(d.Context(), lists.Actor{Person: person, Role: role}, o, at))
}
