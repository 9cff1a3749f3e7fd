package counter_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/persons"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var databases = []struct {
	name string
	open func(t testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" }},
	{"postgres", pgtest.Database},
}

// world is a database, a demo or not, and the tokens of its one person by scope. A real one has a person only where it is a demo.
func world(t *testing.T, db string, demo bool) map[string]string {
	t.Helper()
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !demo {
		return nil
	}
	now := time.Now()
	book := persons.New(s, nil)
	cast := []persons.DemoPerson{{Login: "F3", Name: "甲", Holdings: []persons.Holding{{Role: persons.FinanceApproves}, {Role: persons.DepartmentDrafts, Scope: "区经委"}}}}
	if err := errors.Join(book.MakeDemo(t.Context(), now), book.AddDemo(t.Context(), cast, now)); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	who := &persons.Identity{Person: "demo-F3", Session: "s", StepUp: true}
	for _, scope := range persons.Scopes {
		if tokens[scope], err = book.NewToken(t.Context(), who, scope, []string{scope}, 1, now); err != nil {
			t.Fatal(err)
		}
	}
	return tokens
}

var program = &counter.Program{Office: casework.New}

func do(ctx context.Context, a counter.Acting, scope string) (who string, now time.Time, err error) {
	err = a.Do(ctx, program, scope, func(d *counter.Desk) error { who, now = d.Who.Person, d.Now; return nil })
	return who, now, err
}

// TestToken asks with each token for each scope: only the one that was made for it acts.
func TestToken(t *testing.T) {
	for _, x := range databases {
		t.Run(x.name, func(t *testing.T) {
			db := x.open(t)
			tokens := world(t, db, true)
			a := counter.Acting{Place: counter.Place{DB: db}}
			for _, scope := range []string{counter.Work, counter.Approve, counter.Unmask, counter.Verify} {
				for made, token := range tokens {
					t.Setenv("MIANSHEN_TOKEN", token)
					who, _, err := do(t.Context(), a, scope)
					if made == scope && (err != nil || who != "demo-F3") {
						t.Errorf("%s: %q, %v", scope, who, err)
					}
					if made != scope && !(errors.As(err, new(counter.Misuse)) && strings.Contains(err.Error(), "这个令牌不能用来")) {
						t.Errorf("a token for %s does %s: %v", made, scope, err)
					}
				}
			}
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte(tokens[counter.Work]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			a.TokenFile = file
			if who, _, err := do(t.Context(), a, counter.Work); err != nil || who != "demo-F3" {
				t.Errorf("from a file: %q, %v", who, err)
			}
		})
	}
}

// TestDemoOnly tries what a demo may on a demo and on a real database.
func TestDemoOnly(t *testing.T) {
	for _, x := range databases {
		t.Run(x.name, func(t *testing.T) {
			t.Setenv("MIANSHEN_TOKEN", "")
			demo, realOne := x.open(t), x.open(t)
			world(t, demo, true)
			world(t, realOne, false)
			const moment = "2099-07-20T09:00:00+08:00"
			who, now, err := do(t.Context(), counter.Acting{Place: counter.Place{DB: demo}, As: "F3", Now: moment}, counter.Approve)
			if err != nil || who != "demo-F3" || civil.On(now).String() != "2099-07-20" {
				t.Errorf("%q at %v, %v", who, now, err)
			}
			for _, c := range []struct {
				a    counter.Acting
				says string
			}{
				{counter.Acting{Place: counter.Place{DB: realOne}, As: "F3"}, "--as 只用于示例库"},
				{counter.Acting{Place: counter.Place{DB: realOne}, Now: moment}, "--now 只用于示例库"},
				{counter.Acting{Place: counter.Place{DB: realOne}}, "要知道是谁在办"},
				{counter.Acting{Place: counter.Place{DB: demo}, As: "F9"}, "没有演示人物"},
				{counter.Acting{Place: counter.Place{DB: demo}, As: "F3", Now: "明天"}, "--now 写作"},
				{counter.Acting{Place: counter.Place{DB: demo}, TokenFile: "没有"}, "读不了"},
			} {
				if _, _, err := do(t.Context(), c.a, counter.Work); !errors.As(err, new(counter.Misuse)) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%+v: %v, want %s", c.a, err, c.says)
				}
			}
		})
	}
}

// TestActor takes the first role that the person has, and another of his where he has none that is asked for.
func TestActor(t *testing.T) {
	d := &counter.Desk{Who: &persons.Identity{Person: "p", Roles: []persons.Holding{{Role: "D1", Scope: "x"}, {Role: "F3"}}}, StandsFor: "q"}
	for _, c := range []struct {
		asked []string
		role  string
	}{{[]string{"F1", "F3"}, "F3"}, {[]string{"D1", "F3"}, "D1"}, {[]string{"F2"}, "D1"}} {
		if a := d.Actor(c.asked...); a.Role != c.role || a.Person != "p" || a.StandsFor != "q" {
			t.Errorf("%v: %+v, want %s", c.asked, a, c.role)
		}
	}
}

func TestShow(t *testing.T) {
	card := &counter.Part{Key: "list", Card: true, Columns: counter.Columns("id", "编号", "until", "到", "held", "暂缓")}
	card.Add("L1", civil.Date{}, true)
	table := &counter.Part{Key: "rows", Title: "条目：", Columns: counter.Columns("name", "名", "sum", "元", "at", "时间", "state", "状态")}
	table.Add("甲公司\x1b[2J", exact.Money(123456), time.Date(2025, 6, 30, 17, 0, 0, 0, time.UTC), counter.Word{Code: "in", Text: "拨付"})
	table.Add("b", exact.Money(-1), time.Time{}, counter.Word{})
	empty := &counter.Part{Key: "none", Columns: counter.Columns("a", "甲")}
	for _, c := range []struct{ format, want string }{
		{"text", "编号：L1\n暂缓：是\n\n条目：\n名          元       时间                 状态\n甲公司 [2J  1234.56  2025-07-01 01:00:00  拨付\nb           -0.01\n"},
		{"json", `{"list":{"id":"L1","until":null,"held":true},"rows":[{"name":"甲公司\u001b[2J","sum":"1234.56","at":"2025-06-30T17:00:00Z","state":"in"},` +
			`{"name":"b","sum":"-0.01","at":null,"state":""}],"none":[]}`},
	} {
		var out bytes.Buffer
		if err := (counter.Shown{Format: c.format}).Show(&out, card, table, empty); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if c.format == "json" {
			got = strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(got)
		}
		if got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.format, got, c.want)
		}
	}
}
