package foretell_test

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/foretell"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/words"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// firstPolicy stands already when the others come: without any law there is nothing to compare with.
const firstPolicy = "qp-wl-fz-2025-02"

// town is a store with firms, in which policies are published one after another; the clock moves by a minute with each step.
type town struct {
	*testing.T
	office   *casework.Office
	box      *outbox.Box
	follower *derive.Follower
	outlook  *outlook.Outlook
	now      time.Time
}

func newTown(t *testing.T, address string, firms int) *town {
	ctx := t.Context()
	s, err := store.Open(ctx, address)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	w := &town{T: t, office: casework.New(s), box: outbox.New(s, seal.New()), now: time.Date(2025, 6, 30, 12, 0, 0, 0, civil.Shanghai())}
	w.follower, w.outlook = derive.New(w.office, w.box), outlook.New(w.office, w.box)
	_, err = w.office.PublishVocabulary(ctx, seeds.Vocabulary(), "p1", w.now)
	ok(t, err)
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	ok(t, mistakes.Err())
	first, err := fs.Sub(seeds.Policies(), firstPolicy)
	ok(t, err)
	p, err := w.office.Propose(ctx, first, "policies")
	ok(t, err)
	_, err = w.office.Publish(ctx, p, "p1", w.now)
	ok(t, err)
	list, err := demo.Firms(v, seeds.Generate(firms, seeds.Seed))
	ok(t, err)
	ok(t, demo.Deliver(ctx, w.office, v, list, w.now))
	_, err = w.office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: w.now, Hold: -1}, nil)
	ok(t, err)
	w.tell()
	return w
}

// sight looks at what a trial brings.
func (w *town) sight() foretell.Office {
	return foretell.Office{Follower: w.follower, Outlook: w.outlook, Box: w.box, Shelf: words.NewShelf(w.office.Store, "")}
}

// tell tells of all that has been swept, and reminds.
func (w *town) tell() {
	w.Helper()
	_, err := w.follower.Step(w.Context(), w.now)
	ok(w, err)
	_, err = w.outlook.Step(w.Context(), w.now)
	ok(w, err)
	_, err = w.outlook.Remind(w.Context(), demo.AsOf(), w.now)
	ok(w, err)
}

// events are those stored, by id.
func (w *town) events() map[string]event.Event {
	w.Helper()
	all := map[string]event.Event{}
	rows, err := w.box.In(w.Context(), "waiting", 1_000_000)
	ok(w, err)
	for _, r := range rows {
		all[r.Event.ID] = r.Event
	}
	return all
}

// publish foretells, publishes, sweeps and tells, and holds what was foretold against what is told.
func (w *town) publish(fsys fs.FS) (foretell.Sight, bool) {
	w.Helper()
	ctx := w.Context()
	w.now = w.now.Add(time.Minute)
	p, err := w.office.Propose(ctx, fsys, "policies")
	if err != nil {
		return foretell.Sight{}, false // it needs an item of another policy
	}
	trial, err := w.office.Try(ctx, p, demo.AsOf(), w.now)
	ok(w, err)
	sight, err := w.sight().Of(ctx, p, trial, w.now)
	ok(w, err)
	said := map[string]event.Event{}
	keep := func(events []event.Event) error {
		for _, e := range events {
			said[e.ID] = e
		}
		return nil
	}
	ok(w, w.follower.Foretell(ctx, p, trial, w.now, keep))
	ok(w, w.outlook.Foretell(ctx, p, trial, w.now, keep))
	before := w.events()
	_, err = w.office.Publish(ctx, p, "p1", w.now)
	ok(w, err)
	w.now = w.now.Add(time.Minute)
	_, err = w.office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: w.now, Hold: -1}, nil)
	ok(w, err)
	w.tell()
	w.compare(p, sight, said, before)
	return sight, true
}

// compare holds what was said against the events that are new.
func (w *town) compare(p *casework.Proposal, sight foretell.Sight, said, before map[string]event.Event) {
	w.Helper()
	mine := map[string]bool{}
	for _, r := range p.Book.Rules {
		mine[r.Item.ID] = slices.ContainsFunc(p.Versions, func(v store.PolicyVersion) bool { return v.PolicyID == r.Policy.ID })
	}
	counts := map[string]int{}
	for id, e := range w.events() {
		if _, old := before[id]; old || !mine[e.Item] {
			continue
		}
		counts[e.Kind]++
		s, there := said[id]
		if !there {
			w.Errorf("%s of %s for %s is told, not foretold", e.Kind, e.Item, e.Enterprise)
			continue
		}
		if s.Worth != e.Worth || s.Due != e.Due || !maps.Equal(s.Data, e.Data) {
			w.Errorf("foretold %+v, told %+v", s, e)
		}
	}
	if !maps.Equal(counts, sight.Counts) {
		w.Errorf("foretold %v, told %v", sight.Counts, counts)
	}
}

// TestForetoldIsTold publishes the samples one after another, and a policy of its own in two versions: what the sight says before is what
// firms are told after the next sweep, event by event and word for word.
func TestForetoldIsTold(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	t.Run("samples", func(t *testing.T) {
		w := newTown(t, "sqlite://"+t.TempDir()+"/a.db", 60)
		folders, err := fs.ReadDir(seeds.Policies(), ".")
		ok(t, err)
		all, together := map[string]int{}, fstest.MapFS{}
		const step = 6
		for part := range slices.Chunk(folders, step) {
			for _, f := range part {
				gather(t, together, f.Name())
			}
			sight, done := w.publish(together)
			if done { // else one needs another, which comes with the next
				together = fstest.MapFS{}
			}
			for kind, n := range sight.Counts {
				all[kind] += n
			}
		}
		t.Logf("foretold and told: %v", all)
		if len(together) > 0 {
			t.Error("some weren't published")
		}
		for _, kind := range []string{event.Eligible, event.Missing, event.Near, event.Credit, event.Forecast, event.Expires} {
			if all[kind] == 0 {
				t.Errorf("nothing of %s", kind)
			}
		}
	})
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, address(t), 40)
			w.publish(policy("20", "100"))
			raised, _ := w.publish(policy("30", "2000"))
			if raised.Counts[event.Amount] == 0 || raised.Counts[event.Left] == 0 || raised.Counts[event.Opens] != 0 {
				t.Errorf("foretold %v", raised.Counts)
			}
			again, _ := w.publish(policy("30", "2000"))
			if again.Events != 0 || again.Firms != 0 || len(again.First) != 0 {
				t.Errorf("nothing changes, but %+v", again)
			}
		})
	}
}

// gather puts a sample policy into a file system.
func gather(t *testing.T, into fstest.MapFS, folder string) {
	t.Helper()
	files, err := fs.ReadDir(seeds.Policies(), folder)
	ok(t, err)
	for _, f := range files {
		data, err := fs.ReadFile(seeds.Policies(), folder+"/"+f.Name())
		ok(t, err)
		into[folder+"/"+f.Name()] = &fstest.MapFile{Data: data}
	}
}

// policy is one in which an amount and a threshold, in 万元, are as given.
func policy(amount, bound string) fstest.MapFS {
	const law = `id: try-2025
title: 试行奖励办法（示例）
number: 示例〔2025〕99号
issuer: 区经委
level: 区
in_force: {from: 2025-01-01, to: 2025-12-31}
clauses:
  - {ref: 第一条, text: 注册在本区，上年营业收入达到规定数额的企业，给予奖励。}
items:
  - id: try-jl
    title: 试行奖励
    mode: auto
    for: year-1
    period: year
    window: {from: 07-10, to: 07-20, unconfirmed: hold}
    conditions:
      - {id: here, clause: 第一条, quote: 注册在本区, require: 注册区 == "青浦区", because: 注册在本区}
      - {id: revenue, clause: 第一条, quote: 上年营业收入达到规定数额, require: 上年营业收入 >= BOUND*万元, because: 上年营业收入达到规定数额}
    amount: AMOUNT*万元
`
	const cases = `cases:
  - {name: 够, kind: accepted, item: try-jl, as_of: 2025-06-30, facts: {注册区: 青浦区, 上年营业收入: BOUND0000}, expect: {outcome: eligible, amount: "AMOUNT0000.00"}}
  - {name: 外省, kind: refused, like: 够, facts: {注册区: 外省市}, expect: {outcome: ineligible, failed: [here]}}
  - {name: 正好, kind: boundary, like: 够, expect: {outcome: eligible, amount: "AMOUNT0000.00"}}
  - {name: 没有收入, kind: missing, like: 够, facts: {上年营业收入: ~}, expect: {outcome: unknown, missing: [上年营业收入]}}
`
	put := strings.NewReplacer("AMOUNT", amount, "BOUND", bound)
	return fstest.MapFS{
		"policy.yaml": &fstest.MapFile{Data: []byte(put.Replace(law))},
		"cases.yaml":  &fstest.MapFile{Data: []byte(put.Replace(cases))},
	}
}

// TestFirst: the first ten come by worth, with their ways: what a firm chose counts.
func TestFirst(t *testing.T) {
	ctx := t.Context()
	w := newTown(t, "sqlite://"+t.TempDir()+"/a.db", 40)
	p, err := w.office.Propose(ctx, policy("20", "100"), "policies")
	ok(t, err)
	look := func(at time.Time) foretell.Sight {
		trial, err := w.office.Try(ctx, p, demo.AsOf(), w.now)
		ok(t, err)
		sight, err := w.sight().Of(ctx, p, trial, at)
		ok(t, err)
		return sight
	}
	sight := look(w.now)
	if len(sight.First) != foretell.Most || !slices.IsSortedFunc(sight.First, func(a, b foretell.First) int { return int(b.Event.Worth - a.Event.Worth) }) {
		t.Fatalf("%+v", sight.First)
	}
	first := sight.First[0].Event
	if !strings.Contains(sight.Words.Text, first.Data[event.Firm]) || !strings.Contains(sight.Words.Text, "20 万元") {
		t.Errorf("%+v", sight.Words)
	}
	reach(ctx, t, w, first.Enterprise)
	for name, c := range map[string]struct {
		p       choice.Preference
		at      time.Time
		until   time.Time
		dropped bool
	}{
		"at once": {p: choice.Default, at: w.now, until: w.now},
		"quiet":   {p: choice.Preference{QuietFrom: 22 * 60, QuietTo: 8 * 60, Digest: choice.None, ADay: 5}, at: at(30, 23, 0), until: at(31, 8, 0)},
		"sunday":  {p: choice.Preference{WorkingDays: true, Digest: choice.None, ADay: 5}, at: at(29, 10, 0), until: at(30, 9, 0)},
		"digest":  {p: choice.Preference{Digest: choice.Daily, ADay: 5}, at: at(30, 12, 0), until: at(31, 9, 0)},
		"other":   {p: choice.Preference{Topics: []string{event.Paid}, Digest: choice.None, ADay: 5}, at: w.now, until: w.now, dropped: true},
	} {
		ok(t, w.box.SetPreference(ctx, outbox.Actor{Person: "E1", Role: "E1"}, first.Enterprise, c.p, w.now))
		ways := look(c.at).First
		i := slices.IndexFunc(ways, func(f foretell.First) bool { return f.Event.ID == first.ID })
		if i < 0 || len(ways[i].Ways) != 2 || ways[i].Ways[0].Channel != channel.Inbox || !ways[i].Ways[0].At.Equal(c.at) {
			t.Fatalf("%s: %+v", name, ways)
		}
		if got := ways[i].Ways[1]; got.Channel != channel.SMTP || !got.At.Equal(c.until) || (got.Dropped != "") != c.dropped {
			t.Errorf("%s: %+v, want %s", name, got, c.until)
		}
	}
}

// at is a time of June 2025 in Shanghai; the 31st is the first of July.
func at(day, hour, minute int) time.Time {
	return time.Date(2025, 6, day, hour, minute, 0, 0, civil.Shanghai())
}

func reach(ctx context.Context, t *testing.T, w *town, uscc string) {
	t.Helper()
	actor := outbox.Actor{Person: "E1", Role: "E1"}
	ok(t, w.box.SetContact(ctx, actor, uscc, channel.SMTP, channel.Address{To: "a@example.cn", Masked: "a***@example.cn"}, w.now))
	ok(t, w.box.Verify(ctx, actor, uscc, channel.SMTP, w.now))
}
