package duck

import (
	"context"
	"fmt"
	"strings"

	"mianshen/engine/bench/workload"
)

// csvTypes are the types of a table that keeps what a delivery says, exactly.
var csvTypes = map[workload.Kind]string{
	workload.Money: "DECIMAL(18,2)", workload.Count: "INTEGER", workload.Percent: "DECIMAL(9,2)", workload.Day: "DATE",
	workload.Flag: "BOOLEAN", workload.Tags: "VARCHAR",
}

// ReadCSV reads a delivery into a new typed table and returns its rows. checked makes enums refuse undeclared values, as ours
// do; otherwise they are any text.
func (db *DB) ReadCSV(ctx context.Context, path string, fields []*workload.Field, checked bool) (rows int, err error) {
	columns := []string{"'统一社会信用代码': 'VARCHAR'"}
	for _, f := range fields {
		name := csvTypes[f.Kind]
		if f.Kind == workload.Enum {
			name = "VARCHAR"
			if checked {
				name = strings.ToLower(f.Name) + "_values"
				values := "'" + strings.Join(f.Values, "','") + "'"
				if _, err := db.pool.ExecContext(ctx, fmt.Sprintf("CREATE TYPE %s AS ENUM (%s)", name, values)); err != nil {
					return 0, fmt.Errorf("enum %s: %w", f.Name, err)
				}
			}
		}
		columns = append(columns, fmt.Sprintf("'%s': '%s'", f.Name, name))
	}
	query := fmt.Sprintf("CREATE OR REPLACE TABLE delivery AS SELECT * FROM read_csv('%s', header=true, auto_detect=false, delim=',', quote='\"', columns={%s})",
		strings.ReplaceAll(path, "'", "''"), strings.Join(columns, ", "))
	if _, err := db.pool.ExecContext(ctx, query); err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := db.pool.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	err = db.pool.QueryRowContext(ctx, "SELECT count(*) FROM delivery").Scan(&rows)
	return rows, err
}
