package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mianshen/index/words"

	_ "modernc.org/sqlite"
)

// pairsOf gives the terms under which this project indexes text, so that every engine has the same tokens.
func pairsOf(text string) []string {
	var out []string
	for _, t := range words.Tokens(text) {
		if t.Kind == words.Pair || t.Kind == words.Word {
			out = append(out, t.Term)
		}
	}
	return out
}

// fts5 measures SQLite's full-text search over the same pairs, joined by OR and ranked by its BM25.
func (l *lab) fts5(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", filepath.Join(l.dir, "fts.db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	start := time.Now()
	if _, err := db.ExecContext(ctx, `create virtual table d using fts5(id unindexed, text, content='', contentless_delete=0, tokenize="unicode61")`); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for i, d := range l.docs {
		if _, err := tx.ExecContext(ctx, `insert into d(rowid, text) values(?, ?)`, i+1, strings.Join(pairsOf(d.Title+"。"+d.Body), " ")); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	l.report("fts5_build_s", time.Since(start).Seconds(), "s")
	ask := func(q string) (string, error) {
		var terms []string
		for _, p := range pairsOf(q) {
			terms = append(terms, `"`+p+`"`)
		}
		if len(terms) == 0 {
			return "", nil
		}
		rows, err := db.QueryContext(ctx, `select rowid from d where d match ? order by rank limit 10`, strings.Join(terms, " OR "))
		if err != nil {
			return "", err
		}
		defer rows.Close()
		first := ""
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return "", err
			}
			if first == "" {
				first = l.docs[id-1].ID
			}
		}
		return first, rows.Err()
	}
	if err := l.knownItems(ask, "fts5"); err != nil {
		return err
	}
	return l.latency("fts5_query", l.asked, func(q string) error { _, err := ask(q); return err })
}

// peerFile is what minisearch.mjs reads.
type peerFile struct {
	Documents []peerDocument `json:"documents"`
	Known     []peerKnown    `json:"known"`
	Questions [][]string     `json:"questions"`
}

type peerDocument struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type peerKnown struct {
	ID    string   `json:"id"`
	Terms []string `json:"terms"`
}

// minisearchDocuments is how many documents minisearch gets: it holds everything in memory and takes too long for more.
const minisearchDocuments = 100_000

// minisearch measures minisearch over the same pairs in Node.
func (l *lab) minisearch(ctx context.Context) error {
	file := peerFile{}
	for _, d := range l.docs[:min(len(l.docs), minisearchDocuments)] {
		file.Documents = append(file.Documents, peerDocument{d.ID, strings.Join(pairsOf(d.Title+"。"+d.Body), " ")})
	}
	for _, k := range l.items {
		file.Known = append(file.Known, peerKnown{k.id, pairsOf(k.question)})
	}
	for _, q := range l.asked {
		file.Questions = append(file.Questions, pairsOf(q))
	}
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	path := filepath.Join(l.dir, "peer.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "npm", "ci", "--silent").CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, "node", "--max-old-space-size=8192", "minisearch.mjs", path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("minisearch: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 {
			return fmt.Errorf("minisearch: line %q", line)
		}
		v, err := strconv.ParseFloat(f[1], 64)
		if err != nil {
			return err
		}
		l.report(f[0], v, f[2])
	}
	return nil
}
