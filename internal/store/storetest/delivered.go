package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"mianshen/internal/store"
)

// tax is a delivery as it begins.
func tax(period string) store.Delivery {
	return store.Delivery{
		Source: "区税务局", Period: period, Complete: true, ReceivedAt: at(1), ReceivedBy: "接收人", File: "税务.csv",
		Purpose: "免申即享", LegalBasis: "示例条例第一条",
	}
}

// seal is what is known of a delivery of so many rows at its end.
func seal(name string, rows int64) store.Seal {
	return store.Seal{ID: hash(name), Bytes: 100, Rows: rows, Checksum: hash("raw " + name), Mapping: []byte("[]"), Report: []byte("{}")}
}

func standing(state store.State, n int) store.Standing {
	return store.Standing{State: state, At: at(n), By: "审核人", Reason: "说明"}
}

// deliver stores a delivery of two parts with three rows, accepted at second 3.
func deliver(t *testing.T, s *store.Store, period, name string) store.Delivery {
	t.Helper()
	seq := must[int64](t)(s.BeginDelivery(t.Context(), tax(period)))
	must[bool](t)(s.PutPart(t.Context(), seq, store.Part{N: 1, Rows: 1, Body: []byte("second " + name)}))
	must[bool](t)(s.PutPart(t.Context(), seq, store.Part{N: 0, Rows: 2, Body: []byte("first " + name)}))
	return must[store.Delivery](t)(s.SealDelivery(t.Context(), seq, seal(name, 3), standing(store.Accepted, 3)))
}

func delivery(t *testing.T, s *store.Store) {
	ctx := t.Context()
	loading := must[int64](t)(s.BeginDelivery(ctx, tax("2024")))
	must[bool](t)(s.PutPart(ctx, loading, store.Part{Rows: 1, Body: []byte("x")}))
	equal(t, "while it is loading", must[[]store.Delivery](t)(s.Deliveries(ctx, store.DeliveryFilter{})), []store.Delivery(nil))

	got := deliver(t, s, "2024", "a")
	want := tax("2024")
	want.Seq, want.Seal, want.Standing = got.Seq, seal("a", 3), standing(store.Accepted, 3)
	equal(t, "sealed", got, want)
	equal(t, "by id", must[store.Delivery](t)(s.Delivery(ctx, hash("a"))), want)
	var parts []string
	check(t, s.Parts(ctx, hash("a"), func(p store.Part) error {
		must[store.Delivery](t)(s.Delivery(ctx, hash("a"))) // may call the store
		parts = append(parts, fmt.Sprint(p.N, " ", p.Rows, " ", string(p.Body)))
		return nil
	}))
	equal(t, "parts", parts, []string{"0 2 first a", "1 1 second a"})
	enough := errors.New("enough")
	wants(t, "the caller's own error", s.Parts(ctx, hash("a"), func(store.Part) error { return enough }), enough)
	wants(t, "parts of none", s.Parts(ctx, hash("none"), nil), store.ErrNotFound)
	_, err := s.Delivery(ctx, hash("none"))
	wants(t, "no such delivery", err, store.ErrNotFound)

	deliver(t, s, "2024-Q1", "b")
	deliver(t, s, "2024", "c")
	empty := must[int64](t)(s.BeginDelivery(ctx, store.Delivery{Source: "区人社局", Period: "2024", ReceivedAt: at(1), ReceivedBy: "a", Purpose: "b", LegalBasis: "c"}))
	must[store.Delivery](t)(s.SealDelivery(ctx, empty, seal("d", 0), standing(store.OnHold, 5)))
	for name, test := range map[string]struct {
		filter store.DeliveryFilter
		want   string
	}{
		"all":                 {store.DeliveryFilter{}, "abcd"},
		"by source":           {store.DeliveryFilter{Source: "区税务局"}, "abc"},
		"by period":           {store.DeliveryFilter{Period: "2024"}, "acd"},
		"by state":            {store.DeliveryFilter{State: store.OnHold}, "d"},
		"known before sealed": {store.DeliveryFilter{KnownAt: at(2)}, ""},
		"known when accepted": {store.DeliveryFilter{KnownAt: at(4)}, "abc"},
		"the newest two":      {store.DeliveryFilter{Newest: true, Limit: 2}, "dc"},
		"and what follows":    {store.DeliveryFilter{Newest: true, After: empty - 1}, "ba"},
		"a second page":       {store.DeliveryFilter{After: got.Seq, Limit: 1}, "b"},
	} {
		ids := ""
		for _, d := range must[[]store.Delivery](t)(s.Deliveries(ctx, test.filter)) {
			for _, letter := range "abcd" {
				if d.ID == hash(string(letter)) {
					ids += string(letter)
				}
			}
			if d.Mapping != nil || d.Report != nil {
				t.Errorf("%s: the list has mapping or report", name)
			}
		}
		equal(t, name, ids, test.want)
	}
}

func deliveryConflicts(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for name, spoil := range map[string]func(*store.Delivery){
		"no source":  func(d *store.Delivery) { d.Source = "" },
		"no period":  func(d *store.Delivery) { d.Period = "" },
		"no person":  func(d *store.Delivery) { d.ReceivedBy = "" },
		"no purpose": func(d *store.Delivery) { d.Purpose = "" },
		"no law":     func(d *store.Delivery) { d.LegalBasis = "" },
		"no time":    func(d *store.Delivery) { d.ReceivedAt = at(0).AddDate(9999, 0, 0) },
		"bad file":   func(d *store.Delivery) { d.File = "\xff" },
	} {
		d := tax("2024")
		spoil(&d)
		_, err := s.BeginDelivery(ctx, d)
		wants(t, name, err, store.ErrInvalid)
	}
	seq := must[int64](t)(s.BeginDelivery(ctx, tax("2024")))
	part := store.Part{N: 1, Rows: 2, Body: []byte("part")}
	put := func(p store.Part) (bool, error) { return s.PutPart(ctx, seq, p) }
	if !must[bool](t)(put(part)) || must[bool](t)(put(part)) {
		t.Error("want a part to be added once")
	}
	_, err := put(store.Part{N: 1, Rows: 2, Body: []byte("else")})
	wants(t, "another body", err, store.ErrConflict)
	_, err = put(store.Part{N: 1, Rows: 3, Body: []byte("part")})
	wants(t, "another number of rows", err, store.ErrConflict)
	_, err = put(store.Part{N: -1})
	wants(t, "a negative number", err, store.ErrInvalid)
	_, err = s.PutPart(ctx, 999, part)
	wants(t, "no such delivery", err, store.ErrNotFound)

	finish := func(sl store.Seal, st store.Standing) error {
		_, err := s.SealDelivery(ctx, seq, sl, st)
		return err
	}
	good := standing(store.Accepted, 3)
	wants(t, "part 0 is missing", finish(seal("a", 2), good), store.ErrConflict)
	must[bool](t)(put(store.Part{N: 0, Rows: 5}))
	wants(t, "rows don't add up", finish(seal("a", 8), good), store.ErrConflict)
	wants(t, "withdrawn at once", finish(seal("a", 7), standing(store.Withdrawn, 3)), store.ErrConflict)
	wants(t, "no state", finish(seal("a", 7), standing("", 3)), store.ErrInvalid)
	wants(t, "nobody", finish(seal("a", 7), store.Standing{State: store.Accepted, At: at(3)}), store.ErrInvalid)
	bad := seal("a", 7)
	bad.ID = "A" + bad.ID[1:]
	wants(t, "an id in upper case", finish(bad, good), store.ErrInvalid)
	bad = seal("a", 7)
	bad.Checksum = ""
	wants(t, "no checksum", finish(bad, good), store.ErrInvalid)
	if n := len(must[[]store.Delivery](t)(s.Deliveries(ctx, store.DeliveryFilter{}))); n != 0 {
		t.Fatalf("%d deliveries are sealed, want none", n)
	}
	check(t, finish(seal("a", 7), good))
	check(t, finish(seal("a", 7), good)) // changes nothing
	wants(t, "another id", finish(seal("b", 7), good), store.ErrConflict)
	_, err = put(store.Part{N: 2, Rows: 1})
	wants(t, "a part of a sealed delivery", err, store.ErrConflict)
	if must[bool](t)(put(part)) {
		t.Error("a part is added to a sealed delivery")
	}
	if n := len(must[[]store.Standing](t)(s.Standings(ctx, hash("a")))); n != 1 {
		t.Errorf("%d standings, want 1", n)
	}

	again := must[int64](t)(s.BeginDelivery(ctx, tax("2024")))
	stored, err := s.SealDelivery(ctx, again, seal("a", 0), good)
	wants(t, "the id of another", err, store.ErrConflict)
	if stored.Seq != seq {
		t.Errorf("with the error came delivery %d, want %d, which has the id", stored.Seq, seq)
	}
}

func deliveryStates(t *testing.T, s *store.Store) {
	ctx := t.Context()
	legal := map[store.State][]store.State{
		store.Accepted:    {store.Quarantined, store.Withdrawn},
		store.OnHold:      {store.Accepted, store.Quarantined, store.Withdrawn},
		store.Quarantined: {store.Accepted, store.Withdrawn},
	}
	// reach says how a new delivery gets into each state.
	reach := map[store.State][]store.State{
		store.Accepted: {store.Accepted}, store.OnHold: {store.OnHold}, store.Quarantined: {store.Quarantined}, store.Withdrawn: {store.OnHold, store.Withdrawn},
	}
	states := []store.State{store.Accepted, store.OnHold, store.Quarantined, store.Withdrawn}
	for _, from := range states {
		for _, to := range states {
			name := string(from + " to " + to)
			seq := must[int64](t)(s.BeginDelivery(ctx, tax("2024")))
			must[store.Delivery](t)(s.SealDelivery(ctx, seq, seal(name, 0), standing(reach[from][0], 3)))
			for _, state := range reach[from][1:] {
				check(t, s.SetStanding(ctx, hash(name), standing(state, 3)))
			}
			err := s.SetStanding(ctx, hash(name), standing(to, 4))
			allowed := false
			for _, state := range legal[from] {
				allowed = allowed || state == to
			}
			if allowed {
				check(t, err)
			} else {
				wants(t, name, err, store.ErrConflict)
			}
		}
	}
	deliver(t, s, "2024", "a")
	check(t, s.SetStanding(ctx, hash("a"), standing(store.Quarantined, 5)))
	wants(t, "back in time", s.SetStanding(ctx, hash("a"), standing(store.Accepted, 4)), store.ErrConflict)
	check(t, s.SetStanding(ctx, hash("a"), standing(store.Accepted, 5))) // the same instant: the later one stands
	check(t, s.SetStanding(ctx, hash("a"), standing(store.Withdrawn, 9)))
	for second, want := range map[int]store.State{2: "", 3: store.Accepted, 4: store.Accepted, 5: store.Accepted, 8: store.Accepted, 9: store.Withdrawn, 30: store.Withdrawn} {
		var got store.State
		for _, d := range must[[]store.Delivery](t)(s.Deliveries(ctx, store.DeliveryFilter{KnownAt: at(second)})) {
			if d.ID == hash("a") {
				got = d.Standing.State
			}
		}
		if got != want {
			t.Errorf("at second %d it is %q, want %q", second, got, want)
		}
	}
	equal(t, "standings", must[[]store.Standing](t)(s.Standings(ctx, hash("a"))), []store.Standing{
		standing(store.Accepted, 3), standing(store.Quarantined, 5), standing(store.Accepted, 5), standing(store.Withdrawn, 9),
	})
	wants(t, "no such delivery", s.SetStanding(ctx, hash("none"), standing(store.Accepted, 5)), store.ErrNotFound)
}

func dropLoading(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 10)
	begin := func(second int) {
		d := tax("2024")
		d.ReceivedAt = at(second)
		must[bool](t)(s.PutPart(ctx, must[int64](t)(s.BeginDelivery(ctx, d)), store.Part{Rows: 1, Body: []byte("x")}))
		meta := w.meta(fmt.Sprint("unsealed ", second), 1)
		meta.ReceivedAt = at(second)
		must[bool](t)(s.BeginSnapshot(ctx, meta))
		check(t, s.PutChunks(ctx, meta.ID, []store.Chunk{{Body: []byte("x")}}))
		check(t, s.BeginUpload(ctx, store.Upload{ID: fmt.Sprint(second), At: at(second)}))
		must[int64](t)(s.AppendUpload(ctx, fmt.Sprint(second), 0, []byte("x")))
	}
	rows := func() (n int64) {
		for _, table := range []string{"delivery", "delivery_part", "snapshot", "snapshot_chunk", "upload", "upload_chunk"} {
			n += count(t, s, "SELECT count(*) FROM "+table)
		}
		return n
	}
	deliver(t, s, "2024", "a")
	sealed := rows()
	begin(5)
	begin(15)
	if n := must[int64](t)(s.DropLoading(ctx, at(10))); n != 3 || rows() != sealed+6 {
		t.Errorf("%d dropped, %d rows are left, want 3 and %d", n, rows(), sealed+6)
	}
	if n := must[int64](t)(s.DropLoading(ctx, at(59))); n != 3 || rows() != sealed {
		t.Errorf("%d dropped, %d rows are left, want 3 and what is sealed: %d", n, rows(), sealed)
	}
}

func corrections(t *testing.T, s *store.Store) {
	ctx := t.Context()
	deliver(t, s, "2024", "a")
	first := store.Correction{Series: "营业收入", Period: "2024", USCC: uscc(1), Cell: "12.50", Unit: "万元", At: at(1), By: "甲", Reason: "录入错误", Delivery: hash("a")}
	second := store.Correction{Series: "营业收入", Period: "2024", USCC: uscc(1), Missing: true, At: at(3), By: "乙", Reason: "企业异议"}
	third := store.Correction{Series: "从业人数", Period: "2024-Q1", USCC: uscc(2), At: at(5), By: "乙", Reason: "空文本不是缺失"}
	check(t, s.PutCorrections(ctx, []store.Correction{first, second}))
	check(t, s.PutCorrections(ctx, []store.Correction{third}))
	list := must[[]store.Correction](t)(s.Corrections(ctx, store.CorrectionFilter{}))
	for i, c := range []*store.Correction{&first, &second, &third} {
		c.Seq = list[i].Seq
	}
	equal(t, "all", list, []store.Correction{first, second, third})
	for name, test := range map[string]struct {
		filter store.CorrectionFilter
		want   []store.Correction
	}{
		"by then":     {store.CorrectionFilter{KnownAt: at(3)}, []store.Correction{first, second}},
		"a series":    {store.CorrectionFilter{Series: "从业人数"}, []store.Correction{third}},
		"a period":    {store.CorrectionFilter{Period: "2024"}, []store.Correction{first, second}},
		"a firm":      {store.CorrectionFilter{USCC: uscc(2)}, []store.Correction{third}},
		"a page":      {store.CorrectionFilter{After: first.Seq, Limit: 1}, []store.Correction{second}},
		"none of all": {store.CorrectionFilter{USCC: uscc(3)}, nil},
	} {
		equal(t, name, must[[]store.Correction](t)(s.Corrections(ctx, test.filter)), test.want)
	}
	for name, test := range map[string]struct {
		spoil func(*store.Correction)
		want  error
	}{
		"no series":            {func(c *store.Correction) { c.Series = "" }, store.ErrInvalid},
		"no firm":              {func(c *store.Correction) { c.USCC = "9131" }, store.ErrInvalid},
		"nobody":               {func(c *store.Correction) { c.By = "" }, store.ErrInvalid},
		"no reason":            {func(c *store.Correction) { c.Reason = "" }, store.ErrInvalid},
		"missing and a value":  {func(c *store.Correction) { c.Missing = true }, store.ErrInvalid},
		"an unknown delivery":  {func(c *store.Correction) { c.Delivery = hash("none") }, store.ErrNotFound},
		"a value with a NUL":   {func(c *store.Correction) { c.Cell = "\x00" }, store.ErrInvalid},
		"before all time":      {func(c *store.Correction) { c.At = at(0).AddDate(-9999, 0, 0) }, store.ErrInvalid},
		"a period without end": {func(c *store.Correction) { c.Period = "" }, store.ErrInvalid},
	} {
		bad := first
		test.spoil(&bad)
		wants(t, name, s.PutCorrections(ctx, []store.Correction{first, bad}), test.want)
	}
	if n := count(t, s, "SELECT count(*) FROM correction"); n != 3 {
		t.Errorf("%d corrections are stored, want 3", n)
	}
}

func uploads(t *testing.T, s *store.Store) {
	ctx := t.Context()
	begin := store.Upload{ID: "u", Meta: []byte(`{"file":"a.csv"}`), Total: 10, At: at(1)}
	check(t, s.BeginUpload(ctx, begin))
	wants(t, "begin again", s.BeginUpload(ctx, begin), store.ErrConflict)
	for _, test := range []struct {
		name    string
		offset  int64
		body    string
		arrived int64
		want    error
	}{
		{"a gap", 3, "abc", 0, store.ErrConflict},
		{"the first piece", 0, "abc", 3, nil},
		{"again", 0, "abc", 3, nil},
		{"again, but another", 0, "abd", 3, store.ErrConflict},
		{"into what is there", 2, "c", 3, store.ErrConflict},
		{"too much", 3, "defghijk", 3, store.ErrConflict},
		{"nothing", 3, "", 0, store.ErrInvalid},
		{"the rest", 3, "defghij", 10, nil},
		{"the first piece once more", 0, "abc", 10, nil},
	} {
		arrived, err := s.AppendUpload(ctx, "u", test.offset, []byte(test.body))
		if arrived != test.arrived || !errors.Is(err, test.want) {
			t.Errorf("%s: %d bytes have arrived, error %v; want %d and %v", test.name, arrived, err, test.arrived, test.want)
		}
	}
	begin.Bytes = 10
	equal(t, "upload", must[store.Upload](t)(s.Upload(ctx, "u")), begin)
	var whole bytes.Buffer
	check(t, s.ReadUpload(ctx, "u", &whole))
	equal(t, "what arrived", whole.String(), "abcdefghij")
	check(t, s.BeginUpload(ctx, store.Upload{ID: "open", At: at(1)}))
	if n := must[int64](t)(s.AppendUpload(ctx, "open", 0, bytes.Repeat([]byte{0}, 1000))); n != 1000 {
		t.Errorf("%d bytes have arrived, want 1000", n)
	}
	check(t, s.DropUpload(ctx, "u"))
	check(t, s.DropUpload(ctx, "u"))
	_, err := s.Upload(ctx, "u")
	wants(t, "dropped", err, store.ErrNotFound)
	wants(t, "read what is dropped", s.ReadUpload(ctx, "u", &whole), store.ErrNotFound)
	_, err = s.AppendUpload(ctx, "u", 0, []byte("x"))
	wants(t, "append to what is dropped", err, store.ErrNotFound)
}
