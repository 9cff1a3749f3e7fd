package web

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// long is how many rows each register gets; MIANSHEN_LONG sets another number.
func long(t *testing.T) int {
	t.Helper()
	n := 20_000
	if text := os.Getenv("MIANSHEN_LONG"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// lengthen gives list M0 n more entries, and the registers n more accounts and findings, of firms of its own.
func lengthen(ctx context.Context, s *store.Store, n int) error {
	const series = `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < `
	at := store.Stamp(later)
	return s.Transact(ctx, func(tx *store.Tx) error {
		for _, q := range []string{
			`INSERT INTO enterprise (uscc, name, folded) SELECT printf('91310118LT%08d', n), '长名单' || n || '号有限公司', '长名单' || n || '号有限公司' FROM i`,
			`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
				SELECT 'long-' || n, printf('91310118LT%08d', n), '长名单' || n || '号有限公司', '102290000017', x'00', '6222****0001', printf('%064d', n), '测试', 'demo-F1', $1 FROM i`,
			`INSERT INTO finding (id, item, enterprise, condition, result, on_day, evidence, recorded_by, recorded_at)
				SELECT 'long-' || n, 'a-kuogang-buzhu', printf('91310118LT%08d', n), '测试', 1, '2025-06-30', '测试', 'demo-D1', $1 FROM i`,
			`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
				SELECT printf('%064d', i.n), '', e.item, printf('91310118LT%08d', i.n), t.period, '', '', 100000, t.sweep, t.policy_version, t.decision, $1
				FROM i, list_entry e JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part WHERE e.list = 'M0' AND e.n = 1`,
			`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, status)
				SELECT 'M0', 1000 + i.n, printf('%064d', i.n), '', printf('91310118LT%08d', i.n), e.item, '长名单' || i.n || '号有限公司', 100000, 100000, e.line, 'in'
				FROM i, list_entry e WHERE e.list = 'M0' AND e.n = 1`,
		} {
			head := fmt.Sprintf("%s%d) ", series, n)
			if _, err := tx.Exec(ctx, strings.Replace(q, "SELECT", head+"SELECT", 1), at); err != nil {
				return fmt.Errorf("%.60s: %w", q, err)
			}
		}
		return nil
	})
}

// TestLongRegisters holds that pages of a list and of registers stay small and quick however long these are: a page is bounded, says how
// many there are, finds by name and state, and goes on without a gap.
func TestLongRegisters(t *testing.T) {
	pgtest.NotRacing(t)                             // one page after the other
	office, err := settle(t.Context(), t.TempDir()) // of its own: what it adds is in nobody else's way
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = office.Store.Close() })
	if _, err := listed(t.Context(), office); err != nil {
		t.Fatal(err)
	}
	s, _ := served(t, func(c *Config) {
		c.Office, c.Clock = office, func() time.Time { return later.Add(3 * time.Hour) }
	})
	n := long(t)
	l, err := s.money.View.List(t.Context(), "M0")
	if err != nil {
		t.Fatal(err)
	}
	before := l.Statuses["in"]
	if err := lengthen(t.Context(), office.Store, n); err != nil {
		t.Fatal(err)
	}
	ask := func(path string) string {
		t.Helper()
		began := time.Now()
		w := call(s, path)
		took := time.Since(began)
		t.Logf("%s: %d, %d bytes, %v", path, w.Code, w.Body.Len(), took.Round(time.Millisecond))
		if w.Code != http.StatusOK || w.Body.Len() > 200<<10 || took > 5*time.Second {
			t.Errorf("%s: %d, %d bytes, %v: %.300s", path, w.Code, w.Body.Len(), took, w.Body)
		}
		return w.Body.String()
	}
	as(t, s, "D1")
	next := regexp.MustCompile(`href="([^"]*)" rel="next"`)
	for path, want := range map[string]string{
		"/lists/M0": "拨付 " + strconv.Itoa(n+before), "/accounts": strconv.Itoa(n), "/findings": strconv.Itoa(n) + " 条", "/findings?state=waiting": strconv.Itoa(n) + " 条", "/findings?state=rejected": "0 条",
		"/accounts?find=" + "%E9%95%BF%E5%90%8D%E5%8D%9517%E5%8F%B7": "1 个", "/accounts?find=100%25": "0 个", "/accounts?find=91310118LT": strconv.Itoa(n) + " 个",
		"/lists/M0?find=%E9%95%BF%E5%90%8D%E5%8D%9517%E5%8F%B7": "长名单17号有限公司", "/api/v1/lists/M0/entries?limit=100&find=91310118LT": "长名单1号有限公司",
	} {
		if body := ask(path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	for _, path := range []string{"/accounts", "/findings", "/lists/M0"} {
		seen := map[string]bool{}
		at := path
		for range 5 {
			body := ask(at)
			for _, name := range regexp.MustCompile(`长名单\d+号`).FindAllString(body, -1) {
				seen[name] = true
			}
			found := next.FindStringSubmatch(body)
			if found == nil {
				t.Fatalf("%s has no next page", at)
			}
			at, _, _ = strings.Cut(strings.ReplaceAll(found[1], "&amp;", "&"), "#")
		}
		if len(seen) < 70 { // the first page of the list has others, and the ten largest
			t.Errorf("%s: %d rows by five pages", path, len(seen))
		}
	}
	as(t, s, "tongji") // of another department: none of these firms is on its lists
	if body := ask("/accounts?find=91310118LT"); !strings.Contains(body, "0 个") {
		t.Error("accounts of firms on no list of the department are shown")
	}
	if body := ask("/findings"); !strings.Contains(body, "0 条") {
		t.Error("findings of another department are shown")
	}
}
