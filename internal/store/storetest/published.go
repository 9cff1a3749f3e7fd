package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mianshen/internal/store"
)

func policies(t *testing.T, s *store.Store) {
	ctx := t.Context()
	v := store.PolicyVersion{PolicyID: "qp-1", Title: "实施办法", PublishedAt: at(1), PublishedBy: "区经委", Files: []byte{0, 1, 0xff}}
	if isNew := must[bool](t)(s.PublishPolicy(ctx, v)); !isNew {
		t.Error("the first publication isn't new")
	}
	again := v
	again.PublishedAt, again.PublishedBy = at(9), "另一人"
	if isNew := must[bool](t)(s.PublishPolicy(ctx, again)); isNew {
		t.Error("the same content is a new version")
	}
	want := v
	want.ID = store.Hash(v.Files)
	equal(t, "by hash", must[store.PolicyVersion](t)(s.PolicyVersion(ctx, want.ID)), want)
	equal(t, "current", must[store.PolicyVersion](t)(s.CurrentPolicy(ctx, "qp-1")), want)
	equal(t, "history", must[[]store.Pointer](t)(s.PolicyHistory(ctx, "qp-1")), []store.Pointer{{PolicyID: "qp-1", Version: want.ID, At: at(1), By: "区经委"}})
	equal(t, "changes", must[[]store.Change](t)(s.Changes(ctx, 0, 10)), []store.Change{{Seq: 1, At: at(1), Kind: store.ChangePolicy, Subject: "qp-1"}})

	_, err := s.PolicyVersion(ctx, store.Hash([]byte("other")))
	wants(t, "unknown version", err, store.ErrNotFound)
	_, err = s.CurrentPolicy(ctx, "qp-2")
	wants(t, "unknown policy", err, store.ErrNotFound)
	for name, bad := range map[string]store.PolicyVersion{
		"no id":      {Title: "a", PublishedAt: at(1), PublishedBy: "a", Files: []byte("a")},
		"no title":   {PolicyID: "a", PublishedAt: at(1), PublishedBy: "a", Files: []byte("a")},
		"no time":    {PolicyID: "a", Title: "a", PublishedBy: "a", Files: []byte("a")},
		"no person":  {PolicyID: "a", Title: "a", PublishedAt: at(1), Files: []byte("a")},
		"no files":   {PolicyID: "a", Title: "a", PublishedAt: at(1), PublishedBy: "a"},
		"wrong hash": {ID: store.Hash([]byte("b")), PolicyID: "a", Title: "a", PublishedAt: at(1), PublishedBy: "a", Files: []byte("a")},
	} {
		_, err := s.PublishPolicy(ctx, bad)
		wants(t, name, err, store.ErrInvalid)
	}
}

func rollback(t *testing.T, s *store.Store) {
	ctx := t.Context()
	publish := func(n int, content string) bool {
		return must[bool](t)(s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p", Title: "办法", PublishedAt: at(n), PublishedBy: "甲", Files: []byte(content)}))
	}
	if !publish(1, "old") || !publish(2, "new") || publish(3, "old") {
		t.Error("want old and new to be new once each")
	}
	now := must[store.PolicyVersion](t)(s.CurrentPolicy(ctx, "p"))
	if string(now.Files) != "old" || !now.PublishedAt.Equal(at(1)) {
		t.Errorf("current is %q of %v, want the old one as first published", now.Files, now.PublishedAt)
	}
	var versions []string
	for _, p := range must[[]store.Pointer](t)(s.PolicyHistory(ctx, "p")) {
		versions = append(versions, fmt.Sprint(p.At.Second(), p.Version == now.ID))
	}
	equal(t, "history", versions, []string{"1 true", "2 false", "3 true"})
	if all := must[[]store.PolicyVersion](t)(s.CurrentPolicies(ctx)); len(all) != 1 || all[0].ID != now.ID {
		t.Errorf("current policies are %v, want the old version alone", all)
	}
	if n := len(must[[]store.Change](t)(s.Changes(ctx, 0, 10))); n != 3 {
		t.Errorf("%d changes, want 3", n)
	}
}

func foreignContent(t *testing.T, s *store.Store) {
	v := store.PolicyVersion{PolicyID: "p1", Title: "办法", PublishedAt: at(1), PublishedBy: "甲", Files: []byte("content")}
	must[bool](t)(s.PublishPolicy(t.Context(), v))
	v.PolicyID = "p2"
	isNew, err := s.PublishPolicy(t.Context(), v)
	wants(t, "the same content as p2", err, store.ErrConflict)
	if n := count(t, s, "SELECT count(*) FROM policy_pointer"); isNew || n != 1 {
		t.Errorf("new: %v, %d pointers; want nothing written", isNew, n)
	}
}

func vocabularies(t *testing.T, s *store.Store) {
	ctx := t.Context()
	_, err := s.CurrentVocabulary(ctx)
	wants(t, "before the first", err, store.ErrNotFound)
	publish := func(n int, body string) bool {
		return must[bool](t)(s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: at(n), PublishedBy: "甲", Body: []byte(body)}))
	}
	if !publish(1, "old") || publish(2, "old") || !publish(3, "new") || publish(4, "old") {
		t.Error("want old and new to be new once each")
	}
	want := store.VocabularyVersion{ID: store.Hash([]byte("old")), PublishedAt: at(1), PublishedBy: "甲", Body: []byte("old")}
	equal(t, "current", must[store.VocabularyVersion](t)(s.CurrentVocabulary(ctx)), want)
	equal(t, "by hash", must[store.VocabularyVersion](t)(s.VocabularyVersion(ctx, want.ID)), want)
	var subjects []string
	for _, c := range must[[]store.Change](t)(s.Changes(ctx, 0, 10)) {
		subjects = append(subjects, c.Kind+" "+c.Subject)
	}
	second := "vocabulary " + store.Hash([]byte("new"))
	equal(t, "changes", subjects, []string{"vocabulary " + want.ID, second, "vocabulary " + want.ID})
	_, err = s.VocabularyVersion(ctx, "none")
	wants(t, "unknown", err, store.ErrNotFound)
}

// changes lets writers of every kind loose and a follower read meanwhile: it must see each change once, none late.
func changes(t *testing.T, s *store.Store) {
	const writers, each = 4, 12
	world := newWorld(t, s, 0)
	start := int64(len(must[[]store.Change](t)(s.Changes(t.Context(), 0, 1000))))
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				content := fmt.Appendf(nil, "%d %d", w, i)
				var err error
				if i%2 == 0 {
					_, err = s.PublishPolicy(t.Context(), store.PolicyVersion{PolicyID: fmt.Sprint("p", w), Title: "办法", PublishedAt: at(i), PublishedBy: "甲", Files: content})
				} else {
					err = world.put(t.Context(), s, world.meta(string(content), 0))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	var seen []int64
	for last, writing := start, true; ; {
		page, err := s.Changes(t.Context(), last, 5)
		check(t, err)
		for _, c := range page {
			last = c.Seq
			seen = append(seen, c.Seq)
		}
		if len(page) == 0 && !writing {
			break
		}
		select {
		case <-done:
			writing = false
		default:
		}
	}
	var stored []int64
	for _, c := range must[[]store.Change](t)(s.Changes(t.Context(), start, 1000)) {
		stored = append(stored, c.Seq)
	}
	equal(t, "what the follower saw", seen, stored)
	if len(stored) != writers*each {
		t.Errorf("%d changes are stored, want %d", len(stored), writers*each)
	}
}

func textOrder(t *testing.T, s *store.Store) {
	want := []string{"A-1", "B", "a", "a-1", "a1", "aé", "b", "东", "啊", "𠮷"} // pinyin, case-blind and UTF-16 order all differ
	for i, id := range []string{"𠮷", "啊", "b", "a1", "B", "东", "aé", "a-1", "a", "A-1"} {
		must[bool](t)(s.PublishPolicy(t.Context(), store.PolicyVersion{PolicyID: id, Title: "办法", PublishedAt: at(i), PublishedBy: "甲", Files: []byte(id)}))
	}
	var got []string
	for _, v := range must[[]store.PolicyVersion](t)(s.CurrentPolicies(t.Context())) {
		got = append(got, v.PolicyID)
	}
	equal(t, "order of policies", got, want)
}

func instants(t *testing.T, s *store.Store) {
	local := time.Date(2025, 3, 30, 2, 30, 0, 987654999, time.FixedZone("somewhere", -7*3600-1800))
	must[bool](t)(s.PublishVocabulary(t.Context(), store.VocabularyVersion{PublishedAt: local, PublishedBy: "甲", Body: []byte("v")}))
	got := must[store.VocabularyVersion](t)(s.CurrentVocabulary(t.Context())).PublishedAt
	if want := "2025-03-30T10:00:00.987654Z"; got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
		t.Errorf("%v came out as %v in %v, want %s in UTC", local, got.Format(time.RFC3339Nano), got.Location(), want)
	}
}

func badText(t *testing.T, s *store.Store) {
	for _, bad := range []string{"a\x00b", "\xff", "半\xe4"} {
		_, err := s.PublishPolicy(t.Context(), store.PolicyVersion{PolicyID: bad, Title: "办法", PublishedAt: at(1), PublishedBy: "甲", Files: []byte("x")})
		wants(t, fmt.Sprintf("policy id %q", bad), err, store.ErrInvalid)
		_, err = s.TakeSlot(t.Context(), "job", bad, at(1))
		wants(t, fmt.Sprintf("slot %q", bad), err, store.ErrInvalid)
		_, err = s.SearchEnterprises(t.Context(), "a\x00", 1)
		wants(t, "search with NUL", err, store.ErrInvalid)
	}
	// Rare characters, outside the first plane too, must come back as they went in.
	v := store.PolicyVersion{PolicyID: "p", Title: "𠮷野家龘㐀（示例）", PublishedAt: at(1), PublishedBy: "甲", Files: []byte("x")}
	must[bool](t)(s.PublishPolicy(t.Context(), v))
	if got := must[store.PolicyVersion](t)(s.CurrentPolicy(t.Context(), "p")); got.Title != v.Title {
		t.Errorf("title came out as %q, want %q", got.Title, v.Title)
	}
}

// canceled cancels a write in its middle: the last of many chunks waits for the one who holds the database.
func canceled(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 10)
	must[bool](t)(s.BeginSnapshot(t.Context(), w.meta("canceled", 10)))
	chunks := make([]store.Chunk, 20_000)
	for i := range chunks {
		chunks[i] = store.Chunk{N: i, Body: []byte("codes")}
	}
	before := count(t, s, "SELECT count(*) FROM snapshot_chunk")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(20*time.Millisecond, cancel)
	wants(t, "put chunks", s.PutChunks(ctx, hash("canceled"), chunks), context.Canceled)
	if n := count(t, s, "SELECT count(*) FROM snapshot_chunk"); n != before {
		t.Errorf("%d rows are left", n-before)
	}
	check(t, s.PutChunks(t.Context(), hash("canceled"), chunks[:1])) // the writer's turn was given back
}
