package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/fsck"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// fsckRun runs the command and returns its exit code and what it wrote.
func fsckRun(args ...string) (code int, out, said string) {
	var stdout, stderr bytes.Buffer
	code = run(append([]string{"fsck"}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func published(t *testing.T, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err == nil {
		_, err = s.PublishPolicy(t.Context(), store.PolicyVersion{PolicyID: "p", Title: "办法", PublishedAt: time.Unix(1, 0), PublishedBy: "甲", Files: []byte("files")})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFsckCommand goes through the exit codes: 0 clean, 1 findings, 2 misuse; and through both formats.
func TestFsckCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	address := "sqlite://" + path
	if code, out, said := fsckRun("--db", address); code != exitMisuse || out != "" || !strings.Contains(said, "没有数据库文件") {
		t.Errorf("a missing file: %d %s%s", code, out, said)
	}
	if found, err := filepath.Glob(path + "*"); err != nil || len(found) > 0 {
		t.Errorf("fsck made %v, %v", found, err)
	}
	s := published(t, address)
	if code, _, said := fsckRun("--db", address); code != exitMisuse || !strings.Contains(said, "正由另一个进程") {
		t.Errorf("a file in use: %d %s", code, said)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, said := fsckRun("--db", address); code != 0 || !strings.Contains(out, "全部相符") || said != "" {
		t.Errorf("a clean database: %d %s%s", code, out, said)
	}
	if code, _, said := fsckRun("--db", address, "--format", "xml"); code != exitMisuse || !strings.Contains(said, "--format") {
		t.Errorf("another format: %d %s", code, said)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `DROP TRIGGER policy_version_update; UPDATE policy_version SET files = x'00'`)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, _ := fsckRun("--db", address)
	if code != exitMistakes || !strings.Contains(out, "M5.guards 不符") || !strings.Contains(out, "D3.policy 不符") || !strings.Contains(out, "2 项不符") {
		t.Errorf("a damaged database: %d %s", code, out)
	}
	code, out, _ = fsckRun("--db", address, "--format", "json")
	var report struct {
		Clean  bool
		Checks []fsckJSON
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitMistakes || report.Clean || len(report.Checks) != len(fsck.Checks()) {
		t.Errorf("as JSON: %d, %v, clean %v, %d checks", code, err, report.Clean, len(report.Checks))
	}
	for _, c := range report.Checks {
		if broken := c.Check == "M5.guards" || c.Check == "D3.policy"; broken != (c.Count == 1) || len(c.Findings) != int(c.Count) {
			t.Errorf("%s: %d findings %v", c.Check, c.Count, c.Findings)
		}
	}
}

// TestFsckBesideServe checks a PostgreSQL database while another program works on it, which goes on working.
func TestFsckBesideServe(t *testing.T) {
	address := pgtest.Database(t)
	s := published(t, address)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if code, out, said := fsckRun("--db", address); code != 0 || !strings.Contains(out, "全部相符") {
		t.Errorf("%d %s%s", code, out, said)
	}
	if _, err := s.TakeSlot(t.Context(), "job", "tick", time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
}
