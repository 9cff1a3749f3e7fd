package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mianshen/internal/store"
)

func snapshots(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 5)
	meta := w.meta("a", 20)
	for range 2 {
		if !must[bool](t)(s.BeginSnapshot(ctx, meta)) {
			t.Error("a snapshot that isn't sealed isn't new")
		}
	}
	check(t, s.PutChunks(ctx, meta.ID, []store.Chunk{{Field: "乙", N: 1, Body: []byte("b1")}, {Field: "", N: 0, Body: []byte("c0")}}))
	check(t, s.PutChunks(ctx, meta.ID, []store.Chunk{{Field: "乙", N: 0, Body: []byte("b0")}, {Field: "", N: 1, Body: []byte("c1")}}))
	check(t, s.PutChunks(ctx, meta.ID, []store.Chunk{{Field: "乙", N: 0, Body: []byte("b0")}, {Field: "a", N: 1}, {Field: "a", N: 0, Body: []byte{0, 255}}}))
	_, err := s.Snapshot(ctx, meta.ID)
	wants(t, "before it is sealed", err, store.ErrNotFound)
	_, err = s.Chunk(ctx, meta.ID, "", 0)
	wants(t, "a chunk before it is sealed", err, store.ErrNotFound)
	_, err = s.Fields(ctx, meta.ID)
	wants(t, "fields before it is sealed", err, store.ErrNotFound)
	if n := len(must[[][]byte](t)(s.Chunks(ctx, meta.ID, ""))) + len(must[map[string][]byte](t)(s.ChunksOf(ctx, meta.ID, 0))); n != 0 {
		t.Errorf("%d chunks are read before it is sealed", n)
	}
	plan := w.plan("", 0)
	plan.Snapshot = meta.ID
	_, err = s.BeginSweep(ctx, plan, at(2))
	wants(t, "a sweep of what isn't sealed", err, store.ErrNotFound)

	equal(t, "sealed", must[store.Snapshot](t)(s.SealSnapshot(ctx, meta.ID, true, at(4))), meta)
	equal(t, "by id", must[store.Snapshot](t)(s.Snapshot(ctx, meta.ID)), meta)
	if must[bool](t)(s.BeginSnapshot(ctx, meta)) {
		t.Error("a snapshot that is sealed is new")
	}
	equal(t, "fields", must[[]string](t)(s.Fields(ctx, meta.ID)), []string{"a", "乙"})
	equal(t, "codes", must[[][]byte](t)(s.Chunks(ctx, meta.ID, "")), [][]byte{[]byte("c0"), []byte("c1")})
	equal(t, "a field", must[[][]byte](t)(s.Chunks(ctx, meta.ID, "乙")), [][]byte{[]byte("b0"), []byte("b1")})
	buf, bodies, err := s.AppendChunks(ctx, []byte("x"), meta.ID, "乙")
	check(t, err)
	equal(t, "appended", bodies, [][]byte{[]byte("b0"), []byte("b1")})
	equal(t, "the buffer", string(buf), "xb0b1")
	equal(t, "no field", must[[][]byte](t)(s.Chunks(ctx, meta.ID, "c")), [][]byte(nil))
	equal(t, "a chunk", must[[]byte](t)(s.Chunk(ctx, meta.ID, "a", 0)), []byte{0, 255})
	equal(t, "some rows", must[map[string][]byte](t)(s.ChunksOf(ctx, meta.ID, 1)), map[string][]byte{"": []byte("c1"), "a": {}, "乙": []byte("b1")})
	_, err = s.Chunk(ctx, meta.ID, "a", 2)
	wants(t, "no such chunk", err, store.ErrNotFound)
	_, err = s.Snapshot(ctx, hash("none"))
	wants(t, "no such snapshot", err, store.ErrNotFound)
}

func latestSnapshot(t *testing.T, s *store.Store) {
	ctx := t.Context()
	_, err := s.LatestSnapshot(ctx)
	wants(t, "before the first", err, store.ErrNotFound)
	w := newWorld(t, s, 5)
	announced := func() (out []string) {
		for _, c := range must[[]store.Change](t)(s.Changes(ctx, 0, 100)) {
			if c.Kind == store.ChangeSnapshot {
				out = append(out, c.Subject)
			}
		}
		return out
	}
	latest := func(what, want string) {
		t.Helper()
		if got := must[store.Snapshot](t)(s.LatestSnapshot(ctx)); got.ID != hash(want) {
			t.Errorf("%s: the latest snapshot isn't %q", what, want)
		}
	}
	check(t, w.put(ctx, s, w.meta("a", 0)))
	latest("announced", "a")
	must[bool](t)(s.BeginSnapshot(ctx, w.meta("aside", 0)))
	must[store.Snapshot](t)(s.SealSnapshot(ctx, hash("aside"), false, at(3)))
	latest("one sealed aside", "a")
	check(t, w.put(ctx, s, w.meta("snapshot", 5)))
	latest("received again", "snapshot")
	check(t, w.put(ctx, s, w.meta("snapshot", 5)))
	latest("and again", "snapshot")
	must[store.Snapshot](t)(s.SealSnapshot(ctx, hash("aside"), true, at(5)))
	latest("announced later", "aside")
	equal(t, "announced", announced(), []string{hash("snapshot"), hash("a"), hash("snapshot"), hash("aside")})
}

func snapshotBase(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 5)
	over := func(name, base string) store.Snapshot {
		meta := w.meta(name, 6)
		meta.Base = hash(base)
		return meta
	}
	check(t, w.put(ctx, s, over("b", "snapshot"), store.Chunk{Field: "field", Body: []byte("patch")}))
	check(t, w.put(ctx, s, over("c", "b")))
	want := over("c", "b")
	want.Depth = 2
	equal(t, "on a base on a base", must[store.Snapshot](t)(s.Snapshot(ctx, hash("c"))), want)
	_, err := s.BeginSnapshot(ctx, over("d", "none"))
	wants(t, "an unknown base", err, store.ErrNotFound)
	must[bool](t)(s.BeginSnapshot(ctx, over("e", "c")))
	_, err = s.BeginSnapshot(ctx, over("f", "e"))
	wants(t, "a base that isn't sealed", err, store.ErrNotFound)
}

func chunkConflicts(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 5)
	for name, test := range map[string]struct {
		spoil func(*store.Snapshot)
		want  error
	}{
		"no hash":       {func(m *store.Snapshot) { m.ID = "x" }, store.ErrInvalid},
		"no day":        {func(m *store.Snapshot) { m.AsOf = store.Snapshot{}.AsOf }, store.ErrInvalid},
		"no source":     {func(m *store.Snapshot) { m.Source = "" }, store.ErrInvalid},
		"negative rows": {func(m *store.Snapshot) { m.Rows = -1 }, store.ErrInvalid},
		"no vocabulary": {func(m *store.Snapshot) { m.Vocabulary = hash("none") }, store.ErrNotFound},
		"no known-at":   {func(m *store.Snapshot) { m.KnownAt = m.KnownAt.AddDate(-9999, 0, 0) }, store.ErrInvalid},
	} {
		meta := w.meta("bad", 1)
		test.spoil(&meta)
		_, err := s.BeginSnapshot(ctx, meta)
		wants(t, name, err, test.want)
	}
	id := hash("a")
	must[bool](t)(s.BeginSnapshot(ctx, w.meta("a", 20)))
	put := func(chunks ...store.Chunk) error { return s.PutChunks(ctx, id, chunks) }
	seals := func(what string, want error) {
		t.Helper()
		_, err := s.SealSnapshot(ctx, id, true, at(4))
		wants(t, what, err, want)
	}
	seals("rows without codes", store.ErrConflict)
	check(t, put(store.Chunk{N: 1, Body: []byte("c1")}))
	seals("a gap in the codes", store.ErrConflict)
	check(t, put(store.Chunk{N: 0, Body: []byte("c0")}, store.Chunk{Field: "a", N: 0, Body: []byte("a0")}))
	seals("a field with fewer chunks", store.ErrConflict)
	wants(t, "another chunk", put(store.Chunk{Field: "a", N: 1, Body: []byte("a1")}, store.Chunk{N: 0, Body: []byte("else")}), store.ErrConflict)
	seals("the good chunk beside it wasn't stored", store.ErrConflict)
	wants(t, "two of one number", put(store.Chunk{Field: "b", Body: []byte("1")}, store.Chunk{Field: "b", Body: []byte("2")}), store.ErrConflict)
	wants(t, "a negative number", put(store.Chunk{N: -1}), store.ErrInvalid)
	wants(t, "a field with a NUL", put(store.Chunk{Field: "\x00"}), store.ErrInvalid)
	wants(t, "no such snapshot", s.PutChunks(ctx, hash("none"), nil), store.ErrNotFound)
	check(t, put(store.Chunk{Field: "a", N: 1, Body: []byte("a1")}))
	seals("complete", nil)
	check(t, put(store.Chunk{Field: "a", N: 1, Body: []byte("a1")})) // by a second builder
	wants(t, "a chunk of what is sealed", put(store.Chunk{Field: "b"}), store.ErrConflict)
	_, err := s.SealSnapshot(ctx, hash("none"), true, at(4))
	wants(t, "seal none", err, store.ErrNotFound)
}

func enterprises(t *testing.T, s *store.Store) {
	named := []string{"上海青浦科技有限公司", "青浦ＡＢＣ材料有限公司", "青浦abd材料有限公司", "百分之100%纯有限公司", "下_划线有限公司", `反\斜线有限公司`, "同名有限公司", "同名有限公司"}
	var all []store.Enterprise
	for i, name := range named {
		all = append(all, store.Enterprise{USCC: uscc(i), Name: name})
	}
	check(t, s.PutEnterprises(t.Context(), all))
	for _, test := range []struct {
		query string
		limit int
		want  []int
	}{
		{uscc(3), 10, []int{3}},
		{strings.ToLower(uscc(3)[:17]), 2, []int{0, 4}}, // by name, up to the limit
		{"青浦", 10, []int{2, 1, 0}},                      // names that begin with it come first
		{"ａｂｃ", 10, []int{1}},
		{"AB", 10, []int{2, 1}},
		{"%", 10, []int{3}},
		{"_", 10, []int{4}},
		{`\`, 10, []int{5}},
		{"同名", 10, []int{6, 7}},
		{" 同名 ", 1, []int{6}},
		{"没有", 10, nil},
		{"' OR 1=1 --", 10, nil},
	} {
		var want []store.Enterprise
		for _, n := range test.want {
			want = append(want, store.Enterprise{USCC: uscc(n), Name: named[n]})
		}
		equal(t, fmt.Sprintf("search %q", test.query), must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), test.query, test.limit)), want)
	}
	if n := len(must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), "", 100))); n != len(named) {
		t.Errorf("the empty query finds %d, want all %d", n, len(named))
	}
	if n := len(must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), "", -1))); n != 0 {
		t.Errorf("a negative limit finds %d", n)
	}
	_, err := s.SearchEnterprises(t.Context(), strings.Repeat("%", 501), 10)
	wants(t, "a long query", err, store.ErrInvalid)
	_, err = s.Enterprise(t.Context(), uscc(99))
	wants(t, "unknown enterprise", err, store.ErrNotFound)
}

func enterpriseNames(t *testing.T, s *store.Store) {
	ctx := t.Context()
	var many []store.Enterprise
	for n := range 1001 {
		many = append(many, store.Enterprise{USCC: uscc(1000 - n), Name: fmt.Sprintf("示例%d号有限公司", 1000-n)})
	}
	check(t, s.PutEnterprises(ctx, many))
	check(t, s.PutEnterprises(ctx, slices.Concat(many[:10], []store.Enterprise{{USCC: uscc(7), Name: "旧名"}, {USCC: uscc(7), Name: "新名"}})))
	if n := count(t, s, "SELECT count(*) FROM enterprise"); n != 1001 {
		t.Errorf("%d enterprises are stored, want 1001", n)
	}
	equal(t, "renamed", must[store.Enterprise](t)(s.Enterprise(ctx, uscc(7))), store.Enterprise{USCC: uscc(7), Name: "新名"})
	equal(t, "found by the new name", len(must[[]store.Enterprise](t)(s.SearchEnterprises(ctx, "新名", 9))), 1)
	for name, bad := range map[string]store.Enterprise{
		"short code": {USCC: "9131", Name: "a"},
		"lower case": {USCC: strings.ToLower(uscc(6)), Name: "a"},
		"full width": {USCC: "９１３１１８", Name: "a"},
		"no name":    {USCC: uscc(6)},
	} {
		wants(t, name, s.PutEnterprises(ctx, []store.Enterprise{{USCC: uscc(5000), Name: "a"}, bad}), store.ErrInvalid)
	}
	_, err := s.Enterprise(ctx, uscc(5000))
	wants(t, "the good one beside a bad one", err, store.ErrNotFound)
}
