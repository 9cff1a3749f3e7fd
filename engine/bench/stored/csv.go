// Package stored holds the experiments on what is read and kept: deliveries, snapshots, nights.
package stored

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
)

// written writes the enterprises as one CSV file, unless an earlier experiment has.
func written(l *lab.Lab, w *workload.World) (path string, err error) {
	path = filepath.Join(l.Dir, fmt.Sprintf("mianshen-bench-%d.csv", l.Rows))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	file, err := os.CreateTemp(l.Dir, "mianshen-bench-*.csv")
	if err != nil {
		return "", fmt.Errorf("delivery: %w", err)
	}
	start := time.Now()
	err = workload.WriteCSV(file, w.NewViews(w.Columns(l.Rows, l.Workers)), workload.Codes(l.Rows), l.Workers)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("delivery: %w", err)
	}
	l.Logf("%s written in %v", path, time.Since(start).Round(time.Millisecond))
	return path, nil
}

// DuckDB measures DuckDB reading the delivery into a typed table: in memory and in a file, enums checked and as any text.
func DuckDB(ctx context.Context, l *lab.Lab) error {
	w, err := workload.NewWorld()
	if err != nil {
		return err
	}
	path, err := written(l, w)
	if err != nil {
		return err
	}
	best := time.Duration(math.MaxInt64)
	for _, v := range []struct {
		name          string
		file, checked bool
	}{{"duckdb_csv_text_s", false, false}, {"duckdb_csv_s", false, true}, {"duckdb_csv_file_s", true, true}} {
		took, err := duckReads(ctx, l, w, path, v.file, v.checked)
		if err != nil {
			return err
		}
		l.Report(v.name, took.Seconds(), "s")
		best = min(best, took)
	}
	l.Report("duckdb_csv_best_s", best.Seconds(), "s")
	return nil
}

func duckReads(ctx context.Context, l *lab.Lab, w *workload.World, path string, file, checked bool) (time.Duration, error) {
	name := ""
	if file {
		dir, err := os.MkdirTemp(l.Dir, "mianshen-bench-duckdb-*")
		if err != nil {
			return 0, fmt.Errorf("duckdb: %w", err)
		}
		defer os.RemoveAll(dir)
		name = filepath.Join(dir, "delivery.duckdb")
	}
	db, err := duck.Open(ctx, name, l.Workers)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	start := time.Now()
	rows, err := db.ReadCSV(ctx, path, w.Fields, checked)
	if err == nil && rows != l.Rows {
		err = fmt.Errorf("DuckDB read %d rows of %d", rows, l.Rows)
	}
	return time.Since(start), err
}
