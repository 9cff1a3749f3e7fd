package granted_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/fsck"
	"mianshen/internal/intake"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	bureau       = "区经委"
	firm, second = "91310118832628001D", "91310118MA1JP7UB2B"
	head         = "统一社会信用代码,事项,所属期,依据,金额,发放日期\n"
)

var now = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// owner knows two items of the department and one of another.
func owner(item string) (string, bool) {
	department, known := map[string]string{"rent": bureau, "hire": bureau, "patent": "区科委"}[item]
	return department, known
}

func onBoth(t *testing.T, test func(*testing.T, *store.Store, *granted.Book)) {
	for _, x := range []struct {
		name string
		open func(t testing.TB) string
	}{{"sqlite", func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" }}, {"postgres", pgtest.Database}} {
		t.Run(x.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), x.open(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			exec := func(query string, args ...any) {
				if _, err := s.DB().ExecContext(t.Context(), query, args...); err != nil {
					t.Fatal(query, err)
				}
			}
			early := store.Stamp(now.Add(-time.Hour))
			for _, p := range []string{"d1", "d2", "both", "other", "g1", "g2"} {
				exec(`INSERT INTO person (id, name, created_at) VALUES ($1, $1, $2)`, p, early)
			}
			for id, role := range map[string][3]string{"a": {"d1", "D1", bureau}, "b": {"d2", "D2", bureau}, "c": {"both", "D1", bureau}, "d": {"both", "D2", bureau}, "e": {"other", "D1", "区科委"}} {
				exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, 'granted', 'g1', $5)`, id, role[0], role[1], role[2], early)
				exec(`UPDATE role_grant SET confirmed_by = 'g2', confirmed_at = $1 WHERE id = $2`, early, id)
			}
			if err := s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: firm, Name: "甲公司"}, {USCC: second, Name: "乙公司"}}); err != nil {
				t.Fatal(err)
			}
			test(t, s, granted.New(s))
			results, err := fsck.Run(t.Context(), s, func() {})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if r.Count > 0 && !(r.Check.ID == "L2.once" && strings.HasPrefix(r.Findings[0].Row, "role.")) { // roles come by SQL here
					t.Errorf("fsck %s: %+v", r.Check.ID, r.Findings)
				}
			}
		})
	}
}

// TestImport takes a file whole or not at all, says what is wrong with which line, and takes nothing twice.
func TestImport(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store, b *granted.Book) {
		ctx := t.Context()
		load := func(by, rows string) (granted.File, error) {
			return b.Import(ctx, granted.Loading{Department: bureau, Name: "a.csv", Source: "旧账", Body: []byte(head + rows)}, owner, by, now)
		}
		good := firm + ",rent,2023,合同一,100,2023-05-01\n"
		for _, x := range []struct{ by, rows, says string }{
			{"d1", "", "1 至"},
			{"d2", good, "政策部门经办（D1）"},
			{"other", good, "政策部门经办（D1）"},
			{"nobody", good, "没有编号"},
			{"d1", good + firm + ",none,2023,,1,2023-05-01\n", "第 3 行（" + firm + "，none）：没有这个事项"},
			{"d1", good + firm + ",patent,2023,,1,2023-05-01\n", "请由该部门补录"},
			{"d1", good + firm + ",rent,2023,合同二,,2023-05-01\n", "第 3 行（" + firm + "，rent）：没有写金额"},
			{"d1", good + firm + ",rent,2023,合同二,1,\n", "没有写发放日期"},
			{"d1", good + firm + ",rent,2023,合同二,1,2026-03-03\n", "晚于今天"},
			{"d1", good + good, "与第 2 行重复"},
			{"d1", good + firm + ",rent,2023,合同一,-101,2023-06-01\n", "退回的比拨付的多 1.00 元"},
			{"d1", good + "91310118XNQ4X1AB1Q,rent,2023,,1,2023-05-01\n", "没有这家企业"},
			{"d1", good + firm + ",rent,二三年,,1,2023-05-01\n", "a.csv:3"},
		} {
			_, err := load(x.by, x.rows)
			var problems *intake.Problems
			if err == nil || !strings.Contains(err.Error(), x.says) || !errors.Is(err, store.ErrInvalid) && !errors.Is(err, ledger.ErrRole) && !errors.As(err, &problems) {
				t.Errorf("%s brings in %q: %v, want %s", x.by, x.rows, err, x.says)
			}
		}
		if files, err := b.Files(ctx); err != nil || len(files) != 0 {
			t.Fatalf("what is refused leaves %+v, %v", files, err)
		}
		f, err := load("both", good+firm+",rent,2023,合同一,-40,2023-06-01\n")
		if err != nil || f.Grants != 2 || f.Sum != 6000 {
			t.Fatalf("%+v, %v", f, err)
		}
		if again, err := load("d1", good); err != nil || again.ID != "" || again.Grants != 0 {
			t.Errorf("the same again: %+v, %v", again, err)
		}
		if _, err := load("d1", strings.Replace(good, "100", "90", 1)); err == nil || !strings.Contains(err.Error(), "与这里的 90.00 元不同") {
			t.Errorf("another sum: %v", err)
		}
		_, known := b.Import(ctx, granted.Loading{Department: "区科委", Name: "a.csv", Source: "旧账", Body: []byte(head + strings.Replace(good, "100", "90", 1))}, owner, "other", now)
		_, unknown := b.Import(ctx, granted.Loading{Department: "区科委", Name: "a.csv", Source: "旧账", Body: []byte(head + strings.Replace(good, "合同一,100", "合同九,90", 1))}, owner, "other", now)
		if known == nil || unknown == nil || known.Error() != unknown.Error() {
			t.Errorf("another department learns what was brought in: %v, %v", known, unknown)
		}
		if err := b.AnswerFile(ctx, f.ID, true, "both", now); err == nil || !strings.Contains(err.Error(), "另一人") {
			t.Errorf("confirmed by himself: %v", err)
		}
		if list, err := b.Awards(ctx, civil.On(now), time.Time{}); err != nil || len(list) != 0 {
			t.Errorf("awards of a file that waits: %+v, %v", list, err)
		}
		later := now.Add(time.Hour)
		if err := b.AnswerFile(ctx, f.ID, true, "d2", later); err != nil {
			t.Fatal(err)
		}
		if err := b.AnswerFile(ctx, f.ID, false, "d2", later); !errors.Is(err, store.ErrConflict) {
			t.Errorf("answered twice: %v", err)
		}
		for when, want := range map[time.Time]string{{}: "100.00 -40.00 ", now: "", later: "100.00 -40.00 "} {
			list, err := b.Awards(ctx, civil.On(now), when)
			got := ""
			for _, a := range list {
				got += fmt.Sprint(a.Amount, " ")
			}
			if err != nil || got != want {
				t.Errorf("awards as of %v: %q, %v, want %q", when, got, err, want)
			}
		}
		if extra, err := load("d1", good+second+",hire,2022-Q1,,7,2022-05-01\n"); err != nil || extra.Grants != 1 {
			t.Errorf("one more line: %+v, %v", extra, err)
		} else if err := b.AnswerFile(ctx, extra.ID, false, "d2", later); err != nil {
			t.Error(err)
		}
		if again, err := load("d1", second+",hire,2022-Q1,,7,2022-05-01\n"); err != nil || again.Grants != 1 {
			t.Errorf("after it was rejected: %+v, %v", again, err)
		}
	})
}

// TestWhole lets a statement count from the instant at which another person confirmed it until it is ended.
func TestWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store, b *granted.Book) {
		ctx := t.Context()
		state := func(by string, since string, items ...string) ([]string, error) {
			st := granted.Statement{Department: bureau, Evidence: "对账"}
			if since != "" {
				st.Since = civil.MustParse(since)
			}
			return b.State(ctx, st, items, owner, by, now)
		}
		for _, x := range []struct{ by, since, item, says string }{
			{"d2", "", "rent", "政策部门经办（D1）"}, {"other", "", "rent", "由该部门办理"}, {"d1", "", "patent", "没有事项"}, {"d1", "", "none", "没有事项"}, {"d1", "2026-03-03", "rent", "晚于今天"},
		} {
			if _, err := state(x.by, x.since, x.item); err == nil || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%s states %s: %v, want %s", x.by, x.item, err, x.says)
			}
		}
		ids, err := state("both", "2024-01-01", "rent", "hire")
		if err != nil {
			t.Fatal(err)
		}
		whole := func(at time.Time) string {
			m, err := b.Whole(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(m)
		}
		if err := b.AnswerStatement(ctx, ids[0], true, "both", now); err == nil {
			t.Error("confirmed by himself")
		}
		if err := b.End(ctx, ids[0], "不全", "d1", now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("ended before it held: %v", err)
		}
		if got := whole(time.Time{}); got != "map[]" {
			t.Errorf("waiting: %s", got)
		}
		second := now.Add(time.Minute)
		for i, confirm := range []bool{true, false} {
			if err := b.AnswerStatement(ctx, ids[i], confirm, "d2", second); err != nil {
				t.Fatal(err)
			}
		}
		third := second.Add(time.Minute)
		if err := b.End(ctx, ids[0], "另有发放", "d2", third); err != nil {
			t.Fatal(err)
		}
		if err := b.End(ctx, ids[0], "另有发放", "d2", third); !errors.Is(err, store.ErrConflict) {
			t.Errorf("ended twice: %v", err)
		}
		for at, want := range map[time.Time]string{now: "map[]", second: "map[rent:2024-01-01]", third: "map[]", {}: "map[]"} {
			if got := whole(at); got != want {
				t.Errorf("whole at %v: %s, want %s", at, got, want)
			}
		}
	})
}
