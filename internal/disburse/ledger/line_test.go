package ledger_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

func TestLine(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.audited("budget.opened", "a", map[string]string{"by": f1, "year": "2026", "function": "2150805"}, func() error {
			_, err := w.b.OpenLine(ctx, sample("a", 2026), f1, now)
			return err
		})
		w.audited("budget.approved", "a", map[string]string{"by": f3}, func() error { return w.b.ApproveLine(ctx, "a", f3, now) })
		w.audited("budget.allotted", "a", map[string]string{"fen": "1000", "ref": "沪财〔2026〕1号"}, func() error {
			return w.b.Allot(ctx, "a", 1000, "沪财〔2026〕1号", f3, now)
		})
		check(w.t, w.b.Allot(ctx, "a", 1, "沪财〔2026〕2号", both, now))
		w.sums("a", 1001, 0, 0)
		id, err := w.b.OpenLine(ctx, sample("", 2025), f1, last)
		check(w.t, err)
		list, err := w.b.Lines(ctx, ledger.LineFilter{Department: department})
		check(w.t, err)
		if len(list) != 2 || list[0].ID != "a" || list[1].ID != id || list[0].ApprovedBy != f3 || !list[0].ApprovedAt.Equal(now) || list[0].Available() != 1001 {
			w.t.Errorf("lines: %+v", list)
		}
		if list, err = w.b.Lines(ctx, ledger.LineFilter{Year: 2025, Item: "x"}); err != nil || len(list) != 0 {
			w.t.Errorf("lines of another item: %v, %v", list, err)
		}
	})
}

func TestLineRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		open := func(by string, change func(*ledger.Line)) error {
			l := sample("b", 2026)
			change(&l)
			_, err := w.b.OpenLine(ctx, l, by, now)
			return err
		}
		_, err := w.b.OpenLine(ctx, sample("a", 2026), f1, now)
		check(w.t, err)
		w.line("old", 2025, "", 100)
		_, err = w.b.OpenLine(ctx, sample("mine", 2026), both, now)
		check(w.t, err)
		w.unchanged(func() {
			for name, change := range map[string]func(*ledger.Line){
				"预算单位":  func(l *ledger.Line) { l.Unit = "12" },
				"项目代码":  func(l *ledger.Line) { l.Project = "项目" },
				"功能分类":  func(l *ledger.Line) { l.Function = "215080" },
				"经济分类":  func(l *ledger.Line) { l.Economic = "3120a" },
				"额度名称":  func(l *ledger.Line) { l.Name = " " },
				"主管部门":  func(l *ledger.Line) { l.Department = strings.Repeat("区", 201) },
				"预算年度":  func(l *ledger.Line) { l.Year = 1999 },
				"换行":    func(l *ledger.Line) { l.Name = "租金\n补贴" },
				"年度晚一年": func(l *ledger.Line) { l.CarriedFrom = "a" },
			} {
				w.refused(open(f1, change), store.ErrInvalid, name)
			}
			w.refused(open(f1, func(l *ledger.Line) { l.CarriedFrom, l.Department = "old", "区科委" }), store.ErrInvalid, "同部门")
			w.refused(open(f1, func(l *ledger.Line) { l.CarriedFrom = "none" }), store.ErrNotFound, "没有编号为“none”的预算额度")
			w.refused(open(f1, func(l *ledger.Line) { l.ID = "a" }), store.ErrConflict, "换一个编号")
			w.refused(open(f3, func(*ledger.Line) {}), ledger.ErrRole, "财政经办（F1）", "开立预算额度")
			w.refused(open("ghost", func(*ledger.Line) {}), ledger.ErrRole, "重新登录")
			w.refused(w.b.ApproveLine(ctx, "a", f1, now), ledger.ErrRole, "财政审批（F3）")
			w.refused(w.b.ApproveLine(ctx, "mine", both, now), store.ErrConflict, "另一人批准")
			w.refused(w.b.ApproveLine(ctx, "none", f3, now), store.ErrNotFound)
			w.refused(w.b.ApproveLine(ctx, "old", f3, now), store.ErrConflict, "已经批准过")
			w.refused(w.b.Allot(ctx, "a", 1, "一号", f3, now), store.ErrConflict, "还没有批准")
			w.refused(w.b.Allot(ctx, "old", 1, "一号", f3, now), store.ErrConflict, "属于 2025 年度，今年是 2026 年")
			w.refused(w.b.Allot(ctx, "none", 1, "一号", f3, now), store.ErrNotFound)
			_, err := w.b.Statement(ctx, "none")
			w.refused(err, store.ErrNotFound)
		})
		check(w.t, w.b.ApproveLine(ctx, "a", f3, now))
		check(w.t, w.b.ApproveLine(ctx, "mine", f3, now))
		check(w.t, w.b.Allot(ctx, "a", 1, "一号", f3, now))
		w.unchanged(func() {
			for _, fen := range []exact.Money{0, -1, ledger.MaxAmount + 1} {
				w.refused(w.b.Allot(ctx, "a", fen, "二号", f3, now), store.ErrInvalid, "不能入账")
			}
			w.refused(w.b.Allot(ctx, "a", ledger.MaxAmount, "二号", f3, now), store.ErrInvalid, "合计将超过")
			w.refused(w.b.Allot(ctx, "a", 1, "", f3, now), store.ErrInvalid, "没有填写指标文号")
			w.refused(w.b.Allot(ctx, "a", 1, "一号", f3, now), store.ErrConflict, "“一号”已经入过账")
			w.refused(w.b.Allot(ctx, "a", 1, "二号", f1, now), ledger.ErrRole, "财政审批（F3）")
			w.refused(w.b.Allot(ctx, "mine", 1, "二号", both, now), store.ErrConflict, "另一人下达")
		})
		w.sums("a", 1, 0, 0)
		w.exec(`UPDATE person SET disabled_at = $1 WHERE id = 'f3'`, store.Stamp(now))
		w.refused(w.b.Allot(ctx, "a", 1, "三号", f3, now), ledger.ErrRole, "财政审批（F3）")
	})
}

func TestCarryOver(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.line("old", 2025, "", 1000)
		w.line("new", 2026, "old", 0)
		w.line("stranger", 2026, "", 0)
		c := ledger.Carry{From: "old", To: "new", Fen: 300, Ref: "结转1号"}
		list, err := w.entry("old", "2025", "x", 200)
		check(w.t, err)
		check(w.t, w.together(step{
			`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person) VALUES ($1, 'reserve', 'old', 'available', 'reserved', 200, $2, 1, 1, 'f1')`,
			[]any{store.Stamp(last), list},
		}))
		w.unchanged(func() {
			change := func(by string, when time.Time, change func(*ledger.Carry)) error {
				c := c
				change(&c)
				return w.b.CarryOver(ctx, c, by, when)
			}
			w.refused(change(f1, now, func(*ledger.Carry) {}), ledger.ErrRole, "财政审批（F3）")
			w.refused(change(f3, last, func(*ledger.Carry) {}), store.ErrConflict, "属于 2026 年度，今年是 2025 年")
			w.refused(change(f3, now, func(c *ledger.Carry) { c.To = "stranger" }), store.ErrConflict, "没有写明由")
			w.refused(change(f3, now, func(c *ledger.Carry) { c.From = "none" }), store.ErrNotFound)
			w.refused(change(f3, now, func(c *ledger.Carry) { c.To = "none" }), store.ErrNotFound)
			w.refused(change(f3, now, func(c *ledger.Carry) { c.Fen = 801 }), store.ErrConflict, "只剩 8.00 元可用")
			w.refused(change(f3, now, func(c *ledger.Carry) { c.Fen = 0 }), store.ErrInvalid)
			w.refused(change(f3, now, func(c *ledger.Carry) { c.Ref = "" }), store.ErrInvalid, "结转文号")
			w.refused(change(f3, now, func(c *ledger.Carry) { c.Ref = "首次old" }), store.ErrConflict, "已经入过账")
		})
		w.audited("budget.carried", "old", map[string]string{"to": "new", "fen": "300", "ref": "结转1号"}, func() error { return w.b.CarryOver(ctx, c, f3, now) })
		w.unchanged(func() { w.refused(w.b.CarryOver(ctx, c, f3, now), store.ErrConflict, "是否重复办理") })
		w.sums("old", 700, 200, 0)
		w.sums("new", 300, 0, 0)
		s, err := w.b.Statement(ctx, "old")
		check(w.t, err)
		if n := len(s.Postings); n != 3 || s.Postings[2].Kind != "carry" || s.Postings[2].Ref != "结转1号" || s.Postings[1].List != list || s.Postings[2].Person != f3 {
			w.t.Errorf("postings: %+v", s.Postings)
		}
		c = ledger.Carry{From: "old", To: "new", Fen: 500, Ref: "结转2号"}
		check(w.t, w.b.CarryOver(ctx, c, f3, now)) // to exactly 0.00
		w.sums("old", 200, 200, 0)
	})
}

// TestHammer lets 64 writers allot to and reserve from one line, while somebody reads.
func TestHammer(t *testing.T) {
	everywhere(t, func(w *world) {
		const writers, each, fen = 64, 4, exact.Money(70)
		w.line("a", 2026, "", 5000)
		lists := make(chan string, writers*each)
		for range writers / 2 * each {
			list, err := w.entry("a", "2026", "合同"+string(rune('一'+len(lists))), fen)
			check(w.t, err)
			lists <- list
		}
		var allotted, reserved atomic.Int64
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				for k := range each {
					if i%2 == 0 {
						ref := "追加" + string(rune('一'+i*each+k)) // every second one twice
						if k%2 == 1 {
							ref = "追加" + string(rune('一'+i*each+k-1))
						}
						if w.b.Allot(w.t.Context(), "a", 10, ref, f3, now) == nil {
							allotted.Add(10)
						}
						continue
					}
					if list := <-lists; w.reserve(list, "a", fen) == nil {
						reserved.Add(int64(fen))
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()
		reads := 0
		for running := true; running; reads++ {
			select {
			case <-done:
				running = false
			default:
			}
			s, err := w.b.Statement(w.t.Context(), "a")
			if err != nil || s.Line.Available() < 0 {
				w.t.Fatalf("%+v, %v", s.Line, err)
			}
		}
		if allotted.Load() != writers/2*each/2*10 || reserved.Load() <= 5000-int64(fen) {
			w.t.Errorf("allotted %d, reserved %d", allotted.Load(), reserved.Load())
		}
		w.sums("a", exact.Money(5000+allotted.Load()), exact.Money(reserved.Load()), 0)
		w.t.Logf("%d reads of whole statements meanwhile", reads)
	})
}

func TestDamagedLine(t *testing.T) {
	w := newWorld(t, sqliteStore(t)) // the owner of a database can take its guards away
	w.line("a", 2026, "", 100)
	w.exec(`DROP TRIGGER budget_line_counts`)
	w.exec(`UPDATE budget_line SET total_fen = 101 WHERE id = 'a'`)
	_, err := w.b.Statement(t.Context(), "a")
	w.refused(err, ledger.ErrDamaged, "mianshen fsck")
}
