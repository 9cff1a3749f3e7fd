package lists_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// TestView reads a page of everything.
func TestView(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 4)
		ctx, v := t.Context(), view.New(w.s)
		first := w.draft("A", "a", 0, 1)
		w.to(first, lists.Settled)
		later := w.draft("B", "a", 1, 2, 3)
		for i := range later.Entries { // another period, one with another amount, and one item more
			later.Entries[i] = w.entryOf("a", i+1, "2025", exact.Money(1000_00+i*100))
		}
		later.Entries = append(later.Entries, w.entryOf("b", 3, "2025", 5))
		w.to(later, lists.Checked)
		simulated := exact.Money(3000_00)
		s, err := v.Summary(ctx, "B", &simulated)
		ok(t, err)
		if s.List.Count != 4 || s.List.Sum != 3003_05 || s.Off != 3_05 || s.Before != "A" || len(s.Top) != 4 || s.Top[0].Amount != 1002_00 {
			t.Errorf("summary is %+v", s)
		}
		want := view.Difference{New: 3, NewSum: 2003_05, Gone: 1, GoneSum: 1000_00}
		if s.Against != want {
			t.Errorf("difference is %+v, want %+v", s.Against, want)
		}
		if len(s.Lines) != 1 || s.Lines[0].Sum != 3003_05 || s.Lines[0].Left != budget-2000_00-3003_05 {
			t.Errorf("lines are %+v", s.Lines)
		}
		page, err := v.Lists(ctx, view.Filter{Department: dept, Limit: 1})
		ok(t, err)
		next, err := v.Lists(ctx, view.Filter{After: page[0].ID})
		ok(t, err)
		if len(page) != 1 || len(next) != 1 || page[0].ID+next[0].ID != "AB" {
			t.Errorf("pages are %+v and %+v", page, next)
		}
		entries, err := v.Entries(ctx, "B", view.EntryFilter{Item: "a", After: 1})
		ok(t, err)
		if len(entries) != 2 || entries[0].N != 2 || entries[0].Account != "尾号0001" || entries[0].Period != "2025" {
			t.Errorf("entries are %+v", entries)
		}
		events, err := v.Events(ctx, "B")
		ok(t, err)
		if len(events) != 6 || events[1].Action != lists.ActReview || events[1].Name != "人员D2" || !events[1].At.Equal(overNotice) {
			t.Errorf("events are %+v", events)
		}
		_, err = v.List(ctx, "none")
		says(t, err, store.ErrNotFound, "none")
		table, err := v.Notice(ctx, "B")
		ok(t, err)
		if len(table.Rows) != 4 || table.From.String() != "2025-06-30" || table.Until.String() != "2025-07-07" || table.Rows[0].Payee != firmName(1) {
			t.Errorf("notice is %+v", table)
		}
	})
}

// TestConfirm: no is out, silence is what the item says.
func TestConfirm(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 6)
		ctx := t.Context()
		w.exec("INSERT INTO person (id, name, created_at) VALUES ('E1', '企业人员', $1)", store.Stamp(day0))
		w.grant("E1", "E1", uscc(0))
		d := w.draft("L", "a", 0, 1, 2)
		d.Entries = append(d.Entries, w.entry("b", 3), w.entry("c", 4), w.entry("d", 5))
		w.to(d, lists.Reviewed)
		o := w.order("L", lists.ActConfirm)
		o.Silence = map[string]lists.Silence{"a": lists.Forfeit, "b": lists.Grant, "c": lists.Hold, "d": lists.Unasked}
		says(t, w.b.Step(ctx, as("D1"), o, day0), store.ErrConflict, "开启企业确认")
		unsaid := o
		unsaid.Silence = map[string]lists.Silence{"a": lists.Forfeit, "b": lists.Grant, "c": lists.Hold}
		says(t, w.b.Step(ctx, as("D1"), unsaid, day0), store.ErrInvalid, "没有说明事项“d”")
		says(t, w.b.Answer(ctx, as("E1"), "L", 1, true, "", day0), store.ErrConflict, "确认期")
		ok(t, w.b.Ask(ctx, as("D1"), "L", 3, day0))
		ok(t, w.b.Answer(ctx, as("E1"), "L", 1, true, "", day0))
		says(t, w.b.Answer(ctx, as("E1"), "L", 1, false, "", day0), store.ErrConflict, "答复过")
		says(t, w.b.Answer(ctx, as("E1"), "L", 2, true, "", day0), lists.ErrForbidden, "企业经办")
		ok(t, w.b.Answer(ctx, as("D1"), "L", 2, false, "电话告知放弃", day0))
		says(t, w.b.Step(ctx, as("D1"), o, day0.AddDate(0, 0, 3)), store.ErrConflict, "2025-07-03")
		ok(t, w.b.Step(ctx, as("D1"), o, day0.AddDate(0, 0, 4)))
		var got []string
		entries, err := view.New(w.s).Entries(ctx, "L", view.EntryFilter{})
		ok(t, err)
		for _, e := range entries {
			got = append(got, e.Status+"/"+e.Confirmation)
		}
		if want := []string{"in/yes", "removed/no", "removed/silent", "in/silent", "held/silent", "in/"}; !slices.Equal(got, want) {
			t.Errorf("entries are %v, want %v", got, want)
		}
	})
}

// TestObjection: exactly the entry concerned is held, and comes back or goes with its money.
func TestObjection(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 3)
		ctx := t.Context()
		w.to(w.draft("L", "a", 0, 1, 2), lists.Noticed)
		one, err := w.b.Object(ctx, as("D1"), "L", 1, "李四", "虚报", day0)
		ok(t, err)
		two, err := w.b.Object(ctx, as("D1"), "L", 2, "李四", "虚报", day0)
		ok(t, err)
		if n := w.count("SELECT count(*) FROM list_entry WHERE status = 'held' AND n IN (1, 2)"); n != 2 || w.count("SELECT count(*) FROM list_entry WHERE status = 'held'") != 2 {
			t.Error("other entries than those objected to are held")
		}
		says(t, w.b.Resolve(ctx, as("D1"), one, true, "属实", day0), lists.ErrForbidden, "另一人")
		says(t, w.b.Release(ctx, as("D1"), "L", 1, "没事", day0), store.ErrConflict, "异议")
		ok(t, w.b.Resolve(ctx, as("D2"), one, true, "属实", day0))
		ok(t, w.b.Resolve(ctx, as("D2"), two, false, "不属实", day0))
		says(t, w.b.Resolve(ctx, as("D2"), two, false, "不属实", day0), store.ErrConflict, "答复过")
		if n := w.count("SELECT reserved_fen FROM budget_line WHERE id = $1", line); n != 2000_00 {
			t.Errorf("%d 分 reserved, want those of two entries", n)
		}
		w.on("L", lists.Approved)
		_, err = w.b.Object(ctx, as("D1"), "L", 3, "李四", "虚报", overNotice)
		says(t, err, store.ErrConflict, "追回")
		all, err := w.b.Objections(ctx, "L")
		ok(t, err)
		if len(all) != 2 || all[0].Outcome+all[1].Outcome != "upheldrejected" && all[0].Outcome+all[1].Outcome != "rejectedupheld" {
			t.Errorf("objections are %+v", all)
		}
	})
}

// TestRecheck holds what was found just before approval, at once.
func TestRecheck(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 3)
		ctx := t.Context()
		w.to(w.draft("L", "a", 0, 1, 2), lists.Checked)
		n, err := w.b.HoldAll(ctx, as("F2"), "L", map[int]string{1: "信用核查：列入失信名单，请移出", 3: "信用核查：列入失信名单，请移出", 9: "没有这一条"}, overNotice)
		ok(t, err)
		if n != 2 || w.hash("L") != "" {
			t.Errorf("%d held, hash %q", n, w.hash("L"))
		}
		ok(t, w.b.Remove(ctx, as("D1"), "L", 1, "失信", overNotice))
		says(t, w.b.Remove(ctx, as("D1"), "L", 2, "失信", overNotice), store.ErrConflict, "暂缓")
	})
}

// TestAttachments: bounded, of known kinds, found as they were added.
func TestAttachments(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		ctx := t.Context()
		w.to(w.draft("L", "a", 0), lists.Drafted)
		body := bytes.Repeat([]byte{0, 1, 2, 255}, 100)
		n, err := w.b.Attach(ctx, as("D1"), "L", "会议纪要", `C:\文件\纪要.pdf`, body, day0)
		ok(t, err)
		got, err := w.b.Attachment(ctx, "L", n)
		ok(t, err)
		all, err := w.b.Attachments(ctx, "L")
		ok(t, err)
		if !bytes.Equal(got, body) || len(all) != 1 || all[0].Name != "纪要.pdf" || all[0].Size != 400 || all[0].State != lists.Drafted {
			t.Errorf("attachments are %+v", all)
		}
		for words, try := range map[string]func() error{
			"种类": func() error { _, err := w.b.Attach(ctx, as("D1"), "L", "照片", "a", body, day0); return err },
			"10 MiB": func() error {
				_, err := w.b.Attach(ctx, as("D1"), "L", "其他", "a", make([]byte, lists.MaxAttachment+1), day0)
				return err
			},
			"1 字节": func() error { _, err := w.b.Attach(ctx, as("D1"), "L", "其他", "a", nil, day0); return err },
			"文件名": func() error {
				_, err := w.b.Attach(ctx, as("D1"), "L", "其他", strings.Repeat("长", 100), body, day0)
				return err
			},
		} {
			says(t, try(), store.ErrInvalid, words)
		}
		_, err = w.b.Attachment(ctx, "L", 9)
		says(t, err, store.ErrNotFound, "附件")
	})
}
