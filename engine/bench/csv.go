package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
)

// delivery writes the enterprises as one CSV file, unless an earlier experiment has.
func (l *lab) delivery(w *workload.World) (path string, err error) {
	path = filepath.Join(l.dir, fmt.Sprintf("mianshen-bench-%d.csv", l.rows))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	file, err := os.CreateTemp(l.dir, "mianshen-bench-*.csv")
	if err != nil {
		return "", fmt.Errorf("delivery: %w", err)
	}
	start := time.Now()
	err = workload.WriteCSV(file, w.NewViews(w.Columns(l.rows, l.workers)), workload.Codes(l.rows), l.workers)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("delivery: %w", err)
	}
	l.logf("%s written in %v", path, time.Since(start).Round(time.Millisecond))
	return path, nil
}

// duckCSV measures DuckDB reading the delivery into a typed table: in memory and in a file, enums checked and as any text.
func duckCSV(ctx context.Context, l *lab) error {
	w, err := workload.NewWorld()
	if err != nil {
		return err
	}
	path, err := l.delivery(w)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name          string
		file, checked bool
	}{{"duckdb_csv_text_s", false, false}, {"duckdb_csv_s", false, true}, {"duckdb_csv_file_s", true, true}} {
		took, err := l.duckReads(ctx, w, path, v.file, v.checked)
		if err != nil {
			return err
		}
		l.report(v.name, took.Seconds(), "s")
	}
	return nil
}

func (l *lab) duckReads(ctx context.Context, w *workload.World, path string, file, checked bool) (time.Duration, error) {
	name := ""
	if file {
		dir, err := os.MkdirTemp(l.dir, "mianshen-bench-duckdb-*")
		if err != nil {
			return 0, fmt.Errorf("duckdb: %w", err)
		}
		defer os.RemoveAll(dir)
		name = filepath.Join(dir, "delivery.duckdb")
	}
	db, err := duck.Open(ctx, name, l.workers)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	start := time.Now()
	rows, err := db.ReadCSV(ctx, path, w.Fields, checked)
	if err == nil && rows != l.rows {
		err = fmt.Errorf("DuckDB read %d rows of %d", rows, l.rows)
	}
	return time.Since(start), err
}
