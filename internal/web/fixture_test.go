package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/catalog"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/intake"
	"mianshen/internal/persons"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/door"
	"mianshen/internal/web/source"
	"mianshen/seeds"
)

// sample is the sample district, published, received and compared once for all tests of the package: an office over a real
// store and a real index.
type sample struct {
	office *casework.Office
	index  *index.Index
	sweep  store.Sweep
	lists  [2]string // drafts of the department of the cast and of another one
}

// opened are the things that the samples stand on, given back when all tests are done.
var opened []io.Closer

func TestMain(m *testing.M) {
	code := m.Run()
	for _, c := range opened {
		if err := c.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var received = time.Date(2025, 7, 1, 2, 0, 0, 0, time.UTC)

// later is a day after the first comparison, when more data came and everything was compared again.
var later = received.Add(24 * time.Hour)

var district = sync.OnceValues(func() (*sample, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mianshen-web-")
	if err != nil {
		return nil, err
	}
	// The open file outlives its name; nothing is left behind.
	defer func() { _ = os.RemoveAll(dir) }()
	office, err := settle(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := &sample{office: office}
	opened = append(opened, office.Store)
	if err := more(ctx, s.office); err != nil {
		return nil, err
	}
	if s.sweep, err = s.office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: later.Add(time.Hour), Slot: "test-2"}, nil); err != nil {
		return nil, err
	}
	if s.lists, err = listed(ctx, s.office); err != nil {
		return nil, err
	}
	book, err := s.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	s.index, err = index.NewTemp(ctx, catalog.Documents(book.Policies), nil)
	if err == nil {
		opened = append(opened, s.index)
	}
	return s, err
})

// settled is a database in which the samples are published, some firms delivered and compared. It is closed: its bytes are all
// of it.
var settled = sync.OnceValues(func() ([]byte, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mianshen-web-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "web.db")
	db, err := store.Open(ctx, "sqlite://"+file)
	if err != nil {
		return nil, err
	}
	office := casework.New(db)
	book := persons.New(db, ring)
	if err = book.MakeDemo(ctx, received); err == nil {
		err = book.AddDemo(ctx, people(), received)
	}
	if err == nil {
		err = demo.Publish(ctx, office, received)
	}
	if err == nil {
		err = deliver(ctx, office)
	}
	if err == nil {
		_, err = office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: received, Slot: "test"}, nil)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// settle opens a copy of the settled database in dir.
func settle(ctx context.Context, dir string) (*casework.Office, error) {
	data, err := settled()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "web.db")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, "sqlite://"+file)
	return casework.New(db), err
}

// listed drafts a list of the department of the cast, with a paper, and one of another department.
func listed(ctx context.Context, office *casework.Office) (ids [2]string, err error) {
	now := later.Add(2 * time.Hour)
	for i, x := range []struct{ dept, item, line, maker string }{
		{demo.Department, "a-kuogang-buzhu", "失业保险基金-扩岗补助", "demo-D1"}, {"区统计局", "b-sg-first", "2025-升规稳规", "demo-tongji"},
	} {
		if err := funded(ctx, office, x.dept, x.line, now); err != nil {
			return ids, err
		}
		ids[i] = fmt.Sprintf("M%d", i)
		actor, asked := lists.Actor{Person: x.maker, Role: "D1"}, disburse.Request{Department: x.dept, Items: []string{x.item}}
		if _, err := disburse.New(office).Draft(ctx, actor, disburse.Drafting{ID: ids[i], Title: x.dept + "的名单", Request: asked}, now); err != nil {
			return ids, err
		}
		if _, err := lists.New(office.Store).Attach(ctx, actor, ids[i], "会议纪要", "纪要.txt", []byte("纪要"), now); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// funded opens, approves and fills a line.
func funded(ctx context.Context, office *casework.Office, dept, line string, now time.Time) error {
	book := ledger.New(office.Store)
	id, err := book.OpenLine(ctx, ledger.Line{Name: line, Year: 2025, Department: dept, Unit: "101001", Project: "P2025001", Function: "2150805", Economic: "50701"}, "demo-F1", now)
	if err == nil {
		err = book.ApproveLine(ctx, id, "demo-F3", now)
	}
	if err == nil {
		err = book.Allot(ctx, id, 100_000_000_00, "下达-"+line, "demo-F3", now)
	}
	return err
}

// premiums is a delivery of what firms paid for unemployment insurance, each times a factor; one in seven cells is empty.
func premiums(list []store.Enterprise, factor int) []byte {
	var b bytes.Buffer
	b.WriteString("统一社会信用代码,实缴失业保险费(元),自然减员人数\n")
	for i, e := range list {
		fmt.Fprintf(&b, "%s,%d,", e.USCC, (12_000+i*37)*factor)
		if i%7 > 0 {
			fmt.Fprint(&b, i%3)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// more delivers the premiums, then what looks like the same in another unit.
func more(ctx context.Context, office *casework.Office) error {
	list, err := office.Store.SearchEnterprises(ctx, "", 200)
	if err != nil {
		return err
	}
	for i, factor := range []int{1, 10_000} {
		act := bureau.Act{By: "区人社局 王工", At: later.Add(time.Duration(i) * time.Minute)}
		as := bureau.Intake{Source: "区人社局", Period: "2024", Purpose: "免申即享政策比对", LegalBasis: "数据共享协议第5条"}
		if _, _, err := bureau.New(office).Receive(ctx, intake.Bytes("失业保险费.csv", premiums(list, factor)), as, act); err != nil {
			return err
		}
	}
	return nil
}

// deliver hands over the first of the sample firms: enough for every page, and soon compared under the race detector too.
func deliver(ctx context.Context, office *casework.Office) error {
	const some = 300
	book, err := office.Current(ctx)
	if err != nil {
		return err
	}
	bundle, err := seeds.Enterprises()
	if err != nil {
		return err
	}
	bundle.Profiles.Rows = bundle.Profiles.Rows[:some]
	known := map[string]bool{}
	for _, row := range bundle.Profiles.Rows {
		known[row[0]] = true
	}
	bundle.Records = slices.Clone(bundle.Records)
	for i, t := range bundle.Records {
		bundle.Records[i].Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []string) bool { return !known[row[0]] })
	}
	firms, err := demo.Firms(book.Book.Vocabulary, bundle)
	if err != nil {
		return err
	}
	return demo.Deliver(ctx, office, book.Book.Vocabulary, firms, received)
}

// served returns a server over the samples; change may alter its configuration.
func served(t *testing.T, change func(*Config)) (*Server, *sample) {
	t.Helper()
	s, err := district()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Office: s.office, Searcher: s.index, Seal: ring, Demo: true, Clock: func() time.Time { return received },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Rate: source.Rate{PerSecond: 1e6, Burst: 1e6},
		Guesses: source.Rate{PerSecond: 1e6, Burst: 1e6}, Refusal: 1, Version: "test",
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Persons == nil {
		cfg.Persons = persons.New(cfg.Office.Store, ring)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return server, s
}

// ring seals for all servers of a test binary.
var ring = seal.New()

// people are the persons of the samples: one of each role, and officials who hold more than one.
func people() []persons.DemoPerson {
	cast, err := demo.Cast()
	if err != nil {
		panic(err) // the samples are in the binary
	}
	drafts, reviews := persons.Holding{Role: persons.DepartmentDrafts, Scope: demo.Department}, persons.Holding{Role: persons.DepartmentReviews, Scope: demo.Department}
	li := []persons.Holding{drafts, reviews}
	for _, more := range []string{"区市场监管局", "区某局"} {
		li = append(li, persons.Holding{Role: persons.DepartmentDrafts, Scope: more}, persons.Holding{Role: persons.DepartmentReviews, Scope: more})
	}
	return append(cast, persons.DemoPerson{Login: "li", Name: "区经委 李工", Holdings: li}, persons.DemoPerson{Login: "person", Name: "没有角色的人"},
		persons.DemoPerson{Login: "zhao", Name: "区税务局 赵工", Holdings: []persons.Holding{drafts}},
		persons.DemoPerson{Login: "other", Name: "别的部门", Holdings: []persons.Holding{{Role: persons.DepartmentDrafts, Scope: "区税务局"}, {Role: persons.DepartmentReviews, Scope: "区税务局"}}},
		persons.DemoPerson{Login: "tongji", Name: "区统计局 孙工", Holdings: []persons.Holding{{Role: persons.DepartmentDrafts, Scope: "区统计局"}}},
		persons.DemoPerson{Login: "OD", Name: "数据开放", Holdings: []persons.Holding{{Role: persons.OpenData}}},
		persons.DemoPerson{Login: "SV", Name: "服务账号", Holdings: []persons.Holding{{Role: persons.Service}}})
}

// signed are the servers whose requests come from somebody who is signed in: what his cookie holds.
var signed sync.Map

// as makes all requests that a test sends to a server come from one of the people.
func as(t *testing.T, s *Server, login string) {
	t.Helper()
	cookie, err := s.cfg.Persons.AsDemo(t.Context(), login, s.cfg.Clock())
	if err != nil {
		t.Fatal(login, err)
	}
	signed.Store(s, cookie)
	t.Cleanup(func() { signed.Delete(s) })
}

// call asks a handler for a path.
func call(h http.Handler, path string) *httptest.ResponseRecorder {
	return send(h, http.MethodGet, path, "", nil)
}

// send sends a handler a request; body may be "". Headers come as names and values in turn.
func send(h http.Handler, method, path, body string, headers []string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	front(h).ServeHTTP(w, r)
	return w
}

// front is a handler with the cookie of who is signed in at it.
func front(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, ok := signed.Load(h); ok {
			r.AddCookie(&http.Cookie{Name: door.Cookie, Value: cookie.(string)})
		}
		h.ServeHTTP(w, r)
	})
}

// read asks for JSON and decodes it; any other status than want fails the test.
func read[T any](t *testing.T, h http.Handler, path string, want int) T {
	t.Helper()
	w := call(h, path)
	if w.Code != want {
		t.Fatalf("GET %s: %d, want %d: %s", path, w.Code, want, w.Body)
	}
	var out T
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(fmt.Errorf("GET %s: %w: %s", path, err, w.Body))
	}
	return out
}
