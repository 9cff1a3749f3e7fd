package facts_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/engine"
	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// The reference says again, over maps and one cell at a time, what the package comment says.

type given struct {
	store.Delivery
	cells map[int]map[string]string // enterprise, series; "" is an empty cell
	names []string                  // of the series
	turns []store.Standing
}

type history struct {
	deliveries  []*given // as they were received
	corrections []store.Correction
}

// said is what somebody says of one cell.
type said struct {
	day    civil.Date
	text   string // "": known to be empty
	source string
	on     civil.Date
}

func dayOf(period string) civil.Date {
	if day, ok := strings.CutPrefix(period, "current:"); ok {
		return civil.MustParse(day)
	}
	i, err := rules.ParseInterval(period)
	if err != nil {
		panic(err)
	}
	return i.To
}

func serves(f *rules.Field, period string, asOf civil.Date) bool {
	if f.Period.Span == rules.Day {
		return !dayOf(period).After(asOf)
	}
	return period == f.Period.Span.Of(asOf, f.Period.Back).Name
}

func (g *given) accepted(knownAt time.Time) bool {
	state := store.State("")
	for _, t := range g.turns {
		if !t.At.After(knownAt) {
			state = t.State
		}
	}
	return state == store.Accepted
}

// fact is what is known of a field of an enterprise, as tell writes it.
func (h *history) fact(f *rules.Field, n int, asOf civil.Date, knownAt time.Time) string {
	var counted []*given
	for _, g := range h.deliveries {
		if g.accepted(knownAt) && serves(f, g.Period, asOf) && slices.Contains(g.names, delivery.SeriesOf(f)) {
			counted = append(counted, g)
		}
	}
	slices.SortStableFunc(counted, func(a, b *given) int { return dayOf(a.Period).Compare(dayOf(b.Period)) })
	var all []said
	var sources []string
	for _, g := range counted {
		if !slices.Contains(sources, g.Source) {
			sources = append(sources, g.Source)
		}
	}
	slices.Sort(sources)
	for _, source := range sources {
		if s := department(f, n, source, counted); s != nil {
			all = append(all, *s)
		}
	}
	if c := h.correction(f, n, asOf, knownAt); c != nil {
		older := false
		for i := range all {
			if f.Period.Span != rules.Day || !all[i].day.After(c.day) {
				all[i], older = *c, true
			}
		}
		if len(all) == 0 && !older {
			all = append(all, *c)
		}
	}
	return settle(f, all)
}

// department is what one department says: the newest value, or a complete delivery's word, whichever is newer.
func department(f *rules.Field, n int, source string, counted []*given) *said {
	var s *said
	for _, g := range counted {
		if g.Source != source {
			continue
		}
		on := civil.On(g.ReceivedAt)
		if f.Period.Span == rules.Day {
			on = dayOf(g.Period)
		}
		row, in := g.cells[n]
		text := row[delivery.SeriesOf(f)]
		switch {
		case in && (text != "" || g.Complete):
			s = &said{day: dayOf(g.Period), text: text, source: source, on: on}
		case !in && g.Complete && f.Absent == "":
			s = nil
		case !in && g.Complete:
			s = &said{day: dayOf(g.Period), text: f.Absent, source: source, on: on}
		}
	}
	return s
}

func (h *history) correction(f *rules.Field, n int, asOf civil.Date, knownAt time.Time) *said {
	var best *said
	for _, c := range h.corrections {
		if c.Series != delivery.SeriesOf(f) || c.USCC != code(n) || c.At.After(knownAt) || !serves(f, c.Period, asOf) {
			continue
		}
		day := dayOf(c.Period)
		if best != nil && best.day.After(day) {
			continue
		}
		best = &said{day: day, text: c.Cell, source: "人工更正", on: civil.On(c.At)}
		if f.Period.Span == rules.Day {
			best.on = day
		}
	}
	return best
}

func settle(f *rules.Field, all []said) string {
	var best *said
	for i := range all {
		s := &all[i]
		if s.text == "" {
			continue
		}
		if best == nil {
			best = s
			continue
		}
		a, _ := f.Parse(best.text, "")
		b, _ := f.Parse(s.text, "")
		if f.Cell(a) != f.Cell(b) {
			return "?矛盾"
		}
		if s.on.After(best.on) {
			best = s
		}
	}
	if best == nil {
		return "?"
	}
	v, err := f.Parse(best.text, "")
	if err != nil {
		panic(err)
	}
	return tell(f, rules.Fact{Value: v, Source: best.source, On: best.on})
}

// life makes random things happen.
type life struct {
	*bench
	*rand.Rand
	history
	order []string // codes by row, of the latest snapshot
}

const enterprisesInLife = 14

var cellsOf = map[string][]string{
	"注册区": {"青浦区", "松江区", ""}, "企业规模": {"大型", "中型", "小型", "", ""}, "失信": {"是", "否", "是", ""}, "营收": {"1", "2.5", "100", ""},
	"用电": {"0.1", "12.25", "", "3"}, "认定日": {"2024-01-01", "20240102", "", "2024/1/1"}, "资质": {"甲;乙", "乙;甲", ";;", ""},
	"人数": {"1", "2", "", "2"},
}

func (l *life) period(f *rules.Field) string {
	switch f.Period.Span {
	case rules.Year:
		return []string{"2023", "2024"}[l.IntN(2)]
	case rules.Quarter:
		return []string{"2024-Q4", "2024-Q3"}[l.IntN(2)]
	}
	if l.IntN(6) == 0 {
		return []string{"2024-12", "2024-Q4", "2024"}[l.IntN(3)]
	}
	return "current:2025-01-0" + strconv.Itoa(1+l.IntN(9))
}

func (l *life) deliver() {
	groups := []struct {
		source, field string
		series        []string
	}{
		{"区市场局", "注册区", []string{"注册区", "企业规模"}},
		{"区法院", "失信", []string{"失信"}},
		{"区税务局", "上年营收", []string{"营收"}},
		{"供电公司", "上季用电", []string{"用电"}},
		{"甲局", "人数", []string{"认定日", "资质", "人数"}},
		{"乙局", "人数", []string{"认定日", "资质", "人数"}},
		{"丙局", "人数", []string{"人数"}},
	}
	group := groups[l.IntN(len(groups))]
	f, _ := l.v.Field(group.field)
	m := meta(group.source, l.period(f), l.IntN(3) == 0)
	m.Hold.Never = true
	g := &given{cells: map[int]map[string]string{}}
	for _, s := range group.series {
		if len(g.names) == 0 || l.IntN(3) > 0 {
			g.names = append(g.names, s)
		}
	}
	var rows [][]string
	for _, n := range l.Perm(enterprisesInLife)[:l.IntN(6)+1] {
		g.cells[n] = map[string]string{}
		row := []string{code(n)}
		for _, s := range g.names {
			text := cellsOf[s][l.IntN(len(cellsOf[s]))]
			g.cells[n][s] = text
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	d, _, _, err := arrival.Receive(ctx, l.st, l.v, []intake.Input{file(g.names, rows)}, m, l.now)
	if err != nil {
		l.Fatal(err)
	}
	if !d.ReceivedAt.Equal(l.now) {
		return // the same as once before
	}
	g.Delivery, g.turns = d, []store.Standing{d.Standing}
	l.deliveries = append(l.deliveries, g)
}

func (l *life) correct() {
	f := l.v.Fields[l.IntN(9)]
	s := delivery.SeriesOf(f)
	c := store.Correction{Series: s, Period: l.period(f), USCC: code(l.IntN(enterprisesInLife)), Cell: cellsOf[s][l.IntN(len(cellsOf[s]))], By: "乙", Reason: "核对"}
	c.Missing = c.Cell == ""
	if err := arrival.Correct(ctx, l.st, l.v, []store.Correction{c}, l.now); err != nil {
		l.Fatal(err)
	}
	c.At = l.now
	l.corrections = append(l.corrections, c)
}

func (l *life) turn() {
	if len(l.deliveries) == 0 {
		return
	}
	g := l.deliveries[l.IntN(len(l.deliveries))]
	last := g.turns[len(g.turns)-1].State
	to := map[store.State]store.State{store.Accepted: store.Quarantined, store.Quarantined: store.Accepted}[last]
	if l.IntN(3) == 0 {
		to = store.Withdrawn
	}
	if to == "" || last == store.Withdrawn {
		return
	}
	st := store.Standing{State: to, At: l.now, By: "乙", Reason: "核对"}
	if err := l.st.SetStanding(ctx, g.ID, st); err != nil {
		l.Fatal(err)
	}
	g.turns = append(g.turns, st)
}

// check builds a snapshot and holds every fact in it against the reference.
func (l *life) check(asOf string, knownAt time.Time, announce bool) {
	s := l.build(asOf, knownAt, announce)
	table := l.open(s)
	reader := facts.NewReader(l.st)
	l.rows(table, announce)
	if int64(table.Rows()) != s.Rows {
		l.Fatalf("%d rows, said to be %d", table.Rows(), s.Rows)
	}
	for n := range enterprisesInLife {
		row, in := table.Row(code(n))
		if !in {
			continue
		}
		p, err := table.Profile(row)
		if err != nil {
			l.Fatal(err)
		}
		alone, err := reader.Profile(ctx, l.v, s, code(n))
		if err != nil {
			l.Fatal(err)
		}
		for _, f := range l.v.Fields {
			if f.Derived() {
				continue
			}
			want := l.history.fact(f, n, civil.MustParse(asOf), knownAt)
			if got := tell(f, p.Fact(f)); got != want {
				l.Errorf("as of %s, known at %v (base %.4s, depth %d): enterprise %d, %s is %q, want %q", asOf, knownAt, s.Base, s.Depth, n, f.Name, got, want)
			}
			if got := tell(f, alone.Fact(f)); got != want {
				l.Errorf("alone, as of %s, known at %v: enterprise %d, %s is %q, want %q", asOf, knownAt, n, f.Name, got, want)
			}
		}
	}
}

// rows looks whether an enterprise has the row that it had.
func (l *life) rows(t *engine.Table, announce bool) {
	for i := range min(len(l.order), t.Rows()) {
		if t.Code(i) != l.order[i] {
			l.Errorf("row %d was %s and is %s", i, l.order[i], t.Code(i))
		}
	}
	if !announce {
		return
	}
	if t.Rows() < len(l.order) {
		l.Errorf("%d rows, before %d", t.Rows(), len(l.order))
	}
	for i := len(l.order); i < t.Rows(); i++ {
		l.order = append(l.order, t.Code(i))
	}
}

// setting is a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestReference lives two random lives, or MIANSHEN_LIVES. Overlays, full snapshots and single profiles must all say what the
// reference says.
func TestReference(t *testing.T) {
	s := setting(t, "MIANSHEN_SEED", rand.Uint64())
	t.Logf("MIANSHEN_SEED=%d", s)
	overlays, lives := 0, setting(t, "MIANSHEN_LIVES", 2)
	for i := range lives {
		l := &life{bench: newBench(t, "", vocabularyText), Rand: rand.New(rand.NewPCG(s, i))}
		var instants []time.Time
		for range 15 {
			l.later(time.Duration(1+l.IntN(90)) * time.Minute * 10)
			for range 1 + l.IntN(3) {
				l.later(time.Second)
				switch k := l.IntN(10); {
				case k < 6:
					l.deliver()
				case k < 8:
					l.correct()
				default:
					l.turn()
				}
			}
			instants = append(instants, l.now)
			l.check([]string{"2025-01-05", "2025-01-09", "2025-01-10", "2026-01-01"}[l.IntN(4)], l.now, true)
			if latest, err := l.st.LatestSnapshot(ctx); err == nil && latest.Base != "" {
				overlays++
			}
			if l.IntN(3) == 0 {
				l.check("2025-01-0"+strconv.Itoa(1+l.IntN(9)), instants[l.IntN(len(instants))], false)
			}
			if t.Failed() {
				t.Fatalf("life %d", i)
			}
		}
	}
	if overlays < int(lives) {
		t.Errorf("%d overlays in all", overlays)
	}
}
