package lists_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// full gives an entry two seats and a cap.
func full(e lists.Entry, i int) lists.Entry {
	most := exact.Money(5000_00)
	e.Seats = []lists.Seat{{"exclusive", fmt.Sprint("研发|", e.Entitlement.Enterprise), e.Entitlement.Item}}
	e.Caps = []lists.CapShare{{Key: fmt.Sprint(e.Entitlement.Item, "|", i, "|2024"), Most: &most, Fen: e.Amount}}
	return e
}

func TestDraft(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 5)
		ctx := t.Context()
		d := w.draft("L-1", "a", 0, 1, 2)
		for i := range d.Entries {
			d.Entries[i] = full(d.Entries[i], i)
		}
		before := w.count("SELECT count(*) FROM audit_record")
		ok(t, w.b.Draft(ctx, as("D1"), d, day0))
		if n := w.count("SELECT count(*) FROM list_entry WHERE list = 'L-1' AND status = 'in'"); n != 3 {
			t.Errorf("%d entries", n)
		}
		if n := w.count("SELECT used_fen FROM cap_use WHERE key = 'a|1|2024'"); n != 1000_00 {
			t.Errorf("%d 分 used of the cap", n)
		}
		if n := w.count("SELECT count(*) FROM audit_record"); n != before+1 {
			t.Errorf("%d audit records, want one", n-before)
		}
		says(t, w.b.Draft(ctx, as("D1"), w.draft("L-1", "b", 0), day0), store.ErrConflict, "L-1", "换一个编号")
		says(t, w.b.Draft(ctx, as("D1"), w.draft("L-2", "a", 4, 0), day0), store.ErrConflict, firmName(0), "L-1", "草稿")
		says(t, w.b.Draft(ctx, as("D1"), w.draft("L-2", "b", 99), day0), store.ErrConflict, uscc(99), "导入企业")
		other := w.draft("L-2", "b", 0)
		other.Entries[0] = full(other.Entries[0], 0)
		says(t, w.b.Draft(ctx, as("D1"), other, day0), store.ErrConflict, firmName(0), "互斥组", "L-1")
		most := exact.Money(5000_00)
		other = w.draft("L-2", "b", 0)
		other.Entries[0].Caps = []lists.CapShare{{Key: "a|0|2024", Most: &most, Fen: 4000_01}}
		says(t, w.b.Draft(ctx, as("D1"), other, day0), store.ErrConflict, "5000.00", "1000.00", "4000.01")
		other.Entries[0].Caps[0].Fen = 4000_00
		ok(t, w.b.Draft(ctx, as("D1"), other, day0))
		other = w.draft("L-3", "c", 0)
		other.Entries[0].Line = "none"
		says(t, w.b.Draft(ctx, as("D1"), other, day0), store.ErrConflict, "none", "指标")
		says(t, w.b.Draft(ctx, as("D2"), w.draft("L-3", "c", 0), day0), lists.ErrForbidden, "部门经办")
		says(t, w.b.Draft(ctx, as("D1.other"), w.draft("L-3", "c", 0), day0), lists.ErrForbidden, dept)
	})
}

// TestDraftRefused goes through what is wrong whatever the database holds.
func TestDraftRefused(t *testing.T) {
	w := newWorld(t, "sqlite://:memory:")
	for words, spoil := range map[string]func(*lists.Draft){
		"编号":      func(d *lists.Draft) { d.ID = "" },
		"标题":      func(d *lists.Draft) { d.Title = "" },
		"只能用字母":   func(d *lists.Draft) { d.ID = "a/../b" }, // nobody could open it, and it held its firms' rights
		"U+000D":  func(d *lists.Draft) { d.Title = "名单\r\nBcc: x" },
		"61 个字":   func(d *lists.Draft) { d.Title = strings.Repeat("长", 61) },
		"当公式":     func(d *lists.Draft) { d.Title = "=1+1" },
		"种类":      func(d *lists.Draft) { d.Kind = "x" },
		"没有任何条目":  func(d *lists.Draft) { d.Entries = nil },
		"同一笔":     func(d *lists.Draft) { d.Entries[1] = d.Entries[0] },
		"缺少企业名称":  func(d *lists.Draft) { d.Entries[1].Name = "" },
		"不超过":     func(d *lists.Draft) { d.Entries[1].Amount++ },
		"写明原因":    func(d *lists.Draft) { d.Entries[1].Amount-- },
		"应拨编号":    func(d *lists.Draft) { d.Entries[1].Entitlement.Period = "2023" },
		"占位“x”无效": func(d *lists.Draft) { d.Entries[1].Seats = []lists.Seat{{"x", "k", "h"}} },
		"不能同时拨付": func(d *lists.Draft) {
			d.Entries[0].Seats, d.Entries[1].Seats = []lists.Seat{{"basis", "k", "h"}}, []lists.Seat{{"basis", "k", "i"}}
		},
		"占位“k”写了两次": func(d *lists.Draft) { d.Entries[1].Seats = []lists.Seat{{"basis", "k", "h"}, {"basis", "k", "h"}} },
		"上限“”无效":    func(d *lists.Draft) { d.Entries[1].Caps = []lists.CapShare{{}} },
		"上限“k”写了两次": func(d *lists.Draft) { d.Entries[1].Caps = []lists.CapShare{{Key: "k"}, {Key: "k"}} },
		"说法不同": func(d *lists.Draft) {
			d.Entries[0].Caps, d.Entries[1].Caps = []lists.CapShare{{Key: "k"}}, []lists.CapShare{{Key: "k", MostTimes: 2}}
		},
		"超过了上限": func(d *lists.Draft) {
			d.Entries[0].Caps, d.Entries[1].Caps = []lists.CapShare{{Key: "k", MostTimes: 1, Times: 1}}, []lists.CapShare{{Key: "k", MostTimes: 1, Times: 1}}
		},
	} {
		d := w.draft("L", "a", 0, 1)
		spoil(&d)
		says(t, w.b.Draft(t.Context(), as("D1"), d, day0), store.ErrInvalid, words)
	}
}

// TestSpeed drafts a list of MIANSHEN_ENTRIES entries with a seat and a cap each, and takes it to approval.
func TestSpeed(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		n := large()
		w.firms(0, n)
		firms := make([]int, n)
		for i := range firms {
			firms[i] = i
		}
		d := w.draft("L", "a", firms...)
		for i := range d.Entries {
			d.Entries[i] = full(d.Entries[i], i)
		}
		began := time.Now()
		ok(t, w.b.Draft(t.Context(), as("D1"), d, day0))
		drafted := time.Since(began)
		w.on("L", lists.Confirmed)
		began = time.Now()
		ok(t, w.take("D1", "L", lists.ActNotice))
		frozen := time.Since(began)
		began = time.Now()
		w.on("L", lists.Checked)
		o := w.order("L", lists.ActApprove)
		ok(t, w.b.Step(t.Context(), as("F3"), o, overNotice))
		t.Logf("%d entries drafted in %v, frozen in %v, handled, checked and approved in %v", n, drafted.Round(time.Millisecond),
			frozen.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	})
}
