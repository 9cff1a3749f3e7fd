package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/persons"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/internal/web/shelf"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// update writes what the commands print into the scripts' expected files; the difference is then read by a person.
var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// TestMain lets this binary be the command mianshen in the scripts, so that they run the code under test itself, under -race
// where the tests are.
func TestMain(m *testing.M) {
	runAsChild()
	testscript.Main(m, map[string]func(){"mianshen": main})
}

// TestStories runs the worked stories of examples.
func TestStories(t *testing.T) { runScripts(t, filepath.Join("..", "..", "examples")) }

// TestCommands runs the scripts about the commands themselves: flags, streams, exit codes.
func TestCommands(t *testing.T) { runScripts(t, "testdata") }

func runScripts(t *testing.T, dir string) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	testscript.Run(t, testscript.Params{
		Files:              racing(t, scripts),
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			// A program built with -race otherwise sleeps for a second when it ends, and the scripts run it a hundred times.
			env.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
			env.Values[serverKey{}] = &server{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"gb18030":  toGB18030,
			"workbook": makeWorkbook,
			"cells":    showWorkbook,
			"lines":    countLines,
			"deliver":  deliver,
			"tamper":   tamper,
			"keep":     keep,
			"stage":    stage,
			"grab":     grab,
			"bank":     bankCommand,
			"timed":    timed,
			"serve":    serve,
			"halt":     halt,
			"request":  request,
		},
	})
}

// racing are the scripts to run: all, or under the race detector those with a server, where requests, sweeps and messages run beside each
// other. What the others run beside each other is raced in the tests of engine, casework and index; make check runs all without the detector.
func racing(t *testing.T, scripts []string) []string {
	t.Helper()
	if !pgtest.Racing {
		return scripts
	}
	scripts = slices.DeleteFunc(scripts, func(name string) bool {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return !regexp.MustCompile(`(?m)^serve `).Match(text)
	})
	if len(scripts) == 0 {
		t.Skip("no server runs in these scripts: make check runs them without the race detector")
	}
	return scripts
}

// exits runs a command that must end with the exit code given: exits CODE COMMAND ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// toGB18030 writes a UTF-8 file in the encoding that older spreadsheets save: gb18030 IN OUT
func toGB18030(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gb18030 IN OUT")
	}
	out, err := simplifiedchinese.GB18030.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	if utf8.ValidString(out) {
		ts.Fatalf("%s is the same in both encodings", args[0])
	}
	writeFile(ts, args[1], out)
}

// makeWorkbook makes a workbook of one sheet from lines of cells parted by tabs: workbook IN OUT. A cell is text, or a number
// when it begins with 数:, or a number that is shown as a date when it begins with 日:.
func makeWorkbook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: workbook IN OUT")
	}
	book := excelize.NewFile()
	sheet := book.GetSheetName(0)
	day, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	ts.Check(err)
	for r, line := range strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n") {
		for c, text := range strings.Split(line, "\t") {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			ts.Check(err)
			number, isNumber := strings.CutPrefix(text, "数:")
			serial, isDay := strings.CutPrefix(text, "日:")
			switch {
			case isNumber:
				ts.Check(book.SetCellDefault(sheet, at, number))
			case isDay:
				ts.Check(book.SetCellDefault(sheet, at, serial))
				ts.Check(book.SetCellStyle(sheet, at, at, day))
			default:
				ts.Check(book.SetCellStr(sheet, at, text))
			}
		}
	}
	ts.Check(book.SaveAs(ts.MkAbs(args[1])))
}

// showWorkbook prints the cells of a workbook's first sheet, parted by tabs, numbers as 数: and what would run as 式:. cells FILE
func showWorkbook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cells FILE")
	}
	book, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	sheet := book.GetSheetName(0)
	rows, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
	ts.Check(err)
	for r, row := range rows {
		for c := range row {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			ts.Check(err)
			kind, err := book.GetCellType(sheet, at)
			ts.Check(err)
			formula, err := book.GetCellFormula(sheet, at)
			ts.Check(err)
			switch {
			case formula != "":
				row[c] = "式:" + formula
			case row[c] != "" && (kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset):
				row[c] = "数:" + row[c]
			}
		}
		_, err := ts.Stdout().Write([]byte(strings.Join(row, "\t") + "\n"))
		ts.Check(err)
	}
	ts.Check(book.Close())
}

// deliver stores profiles as deliveries of their departments: deliver DATABASE PROFILES. The vocabulary must have
// been published there.
func deliver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: deliver DATABASE PROFILES")
	}
	ctx := context.Background()
	db, err := store.Open(ctx, args[0])
	ts.Check(err)
	current, err := db.CurrentVocabulary(ctx)
	ts.Check(err)
	vocabulary, mistakes := rules.ParseVocabulary("vocabulary.yaml", current.Body)
	ts.Check(mistakes.Err())
	batch, err := intake.ReadProfiles(ctx, vocabulary, intake.Bytes(args[1], []byte(ts.ReadFile(args[1]))), intake.Options{})
	ts.Check(err)
	_, err = arrival.ReceiveProfiles(ctx, db, vocabulary, batch, civil.MustParse("2025-03-01"), time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC), args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// keep saves a search for an enterprise, as the page of a search does: keep DATABASE ENTERPRISE TEXT [FILTERS]
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: keep DATABASE ENTERPRISE TEXT [FILTERS]")
	}
	ctx := context.Background()
	db, err := store.Open(ctx, args[0])
	ts.Check(err)
	filters := ""
	if len(args) == 4 {
		filters = args[3]
	}
	_, err = shelf.New(db, time.Now).Save(ctx, args[1], args[2], filters)
	ts.Check(errors.Join(err, db.Close()))
}

// tamper writes a copy of a file in which one line, counted from 0, has another word: tamper IN OUT LINE OLD NEW
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: tamper IN OUT LINE OLD NEW")
	}
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	if n >= len(lines) || !strings.Contains(lines[n], args[3]) {
		ts.Fatalf("line %d of %s has no %s", n, args[0], args[3])
	}
	lines[n] = strings.Replace(lines[n], args[3], args[4], 1)
	writeFile(ts, args[1], strings.Join(lines, ""))
}

// stage makes an empty database a demo with persons of a department, of finance and of enterprises, who sign in by their role:
// stage DATABASE DEPARTMENT [ENTERPRISE...]
func stage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: stage DATABASE DEPARTMENT [ENTERPRISE...]")
	}
	ctx, now := context.Background(), time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(ctx, args[0])
	ts.Check(err)
	book := persons.New(db, nil)
	ts.Check(book.MakeDemo(ctx, now))
	var cast []persons.DemoPerson
	add := func(login, name string, held ...persons.Holding) {
		cast = append(cast, persons.DemoPerson{Login: login, Name: name, Holdings: held})
	}
	drafts, reviews := persons.Holding{Role: persons.DepartmentDrafts, Scope: args[1]}, persons.Holding{Role: persons.DepartmentReviews, Scope: args[1]}
	for _, firm := range args[2:] {
		add("E"+firm, "企业经办", persons.Holding{Role: persons.FirmClerk, Scope: firm})
	}
	add("D1", "部门经办甲", drafts)
	add("D2", "部门审核乙", reviews)
	add("D12", "又办又核丙", drafts, reviews)
	add("F1", "财政经办丁", persons.Holding{Role: persons.FinanceHandles})
	add("F2", "财政复核戊", persons.Holding{Role: persons.FinanceChecks})
	add("F3", "财政审批己", persons.Holding{Role: persons.FinanceApproves})
	add("F3b", "财政审批庚", persons.Holding{Role: persons.FinanceApproves})
	add("SA", "系统管理员辛", persons.Holding{Role: persons.SystemAdmin})
	ts.Check(errors.Join(book.AddDemo(ctx, cast, now), db.Close()))
}

// grab keeps what the group of a pattern matched in stdout as a variable: grab NAME PATTERN
func grab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: grab NAME PATTERN")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("stdout has no %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// bank answers a payment file (csv-utf8) with a table of receipts, all paid at one time; each amount is off by so many 元:
// bank FILE BATCH TIME OFF OUT
func bankCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: bank FILE BATCH TIME OFF OUT")
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(ts.ReadFile(args[0]), "\ufeff"))).ReadAll()
	ts.Check(err)
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	off, err := exact.ParseMoney(args[3])
	ts.Check(err)
	out := "批次号,支付编号,收款账号,金额,结果,原因,银行时间\r\n"
	var sum exact.Money
	for _, row := range rows[1 : len(rows)-1] {
		amount, err := exact.ParseMoney(row[at["金额"]])
		ts.Check(err)
		sum += amount + off
		out += strings.Join([]string{args[1], row[at["支付编号"]], row[at["收款账号"]], (amount + off).String(), "成功", "", args[2]}, ",") + "\r\n"
	}
	writeFile(ts, args[4], out+"合计,"+strconv.Itoa(len(rows)-2)+",,"+sum.String()+",,,\r\n")
}

// timed runs a command and says in the log how long it took; nothing depends on that.
func timed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: timed COMMAND ARG...")
	}
	began := time.Now()
	ts.Check(ts.Exec(args[0], args[1:]...))
	ts.Logf("took %v", time.Since(began).Round(time.Millisecond))
}

// countLines fails unless a file, which may be stdout, has so many lines: lines FILE COUNT
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE COUNT")
	}
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[0]), "\n")); got != args[1] {
		ts.Fatalf("%s has %s lines, want %s", args[0], got, args[1])
	}
}

func writeFile(ts *testscript.TestScript, name, content string) {
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(content), 0o600))
}
