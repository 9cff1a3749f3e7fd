package duck

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"

	"mianshen/engine/bench/workload"
)

// types are the narrowest that hold each kind; codes of small enums are narrower still.
var types = map[workload.Kind]duckdb.Type{
	workload.Money: duckdb.TYPE_BIGINT, workload.Count: duckdb.TYPE_INTEGER, workload.Percent: duckdb.TYPE_INTEGER, workload.Day: duckdb.TYPE_INTEGER,
	workload.Enum: duckdb.TYPE_USMALLINT, workload.Flag: duckdb.TYPE_BOOLEAN, workload.Tags: duckdb.TYPE_UBIGINT,
}

func typeOf(f *workload.Field) duckdb.Type {
	if f.Kind == workload.Enum && len(f.Values) <= 256 {
		return duckdb.TYPE_UTINYINT
	}
	return types[f.Kind]
}

// Load makes the table t of so many rows.
func (db *DB) Load(ctx context.Context, views []*workload.View, rows int) error {
	db.writer.fields = nil
	src := &source{rows: rows, views: views}
	for _, v := range views {
		db.writer.fields = append(db.writer.fields, v.Field)
		info, err := duckdb.NewTypeInfo(typeOf(v.Field))
		if err != nil {
			return fmt.Errorf("type of %s: %w", v.Field.Name, err)
		}
		src.columns = append(src.columns, duckdb.ColumnInfo{Name: v.Field.Name, T: info})
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	name := strings.ToLower(fmt.Sprintf("firms_%p", src))
	bind := func(map[string]any, ...any) (duckdb.ParallelChunkTableSource, error) { return src, nil }
	if err := duckdb.RegisterTableUDF(conn, name, duckdb.ParallelChunkTableFunction{BindArguments: bind}); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "CREATE OR REPLACE TABLE t AS SELECT * FROM "+name+"()"); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

// source hands rows to DuckDB, a vector at a time.
type source struct {
	rows    int
	views   []*workload.View
	columns []duckdb.ColumnInfo
	next    atomic.Int64
}

// ColumnInfos are the columns.
func (s *source) ColumnInfos() []duckdb.ColumnInfo { return s.columns }

// Cardinality is the number of rows.
func (s *source) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.rows), Exact: true}
}

// Init begins at the first row.
func (s *source) Init() duckdb.ParallelTableSourceInfo {
	s.next.Store(0)
	return duckdb.ParallelTableSourceInfo{}
}

// NewLocalState is nothing: threads share only the count of rows.
func (s *source) NewLocalState() any { return new(int) }

// FillChunk writes the next rows.
func (s *source) FillChunk(_ any, chunk duckdb.DataChunk) error {
	size := duckdb.GetDataChunkCapacity()
	from := int(s.next.Add(int64(size))) - size
	size = max(0, min(size, s.rows-from))
	for i, v := range s.views {
		for row := range size {
			if err := setCell(chunk, v, i, row, from+row); err != nil {
				return err
			}
		}
	}
	return chunk.SetSize(size)
}

func setCell(chunk duckdb.DataChunk, v *workload.View, col, at, row int) error {
	value, known := v.At(row)
	switch {
	case !known:
		return duckdb.SetChunkValue[any](chunk, col, at, nil)
	case v.Field.Kind == workload.Flag:
		return duckdb.SetChunkValue(chunk, col, at, value == 1)
	}
	return duckdb.SetChunkValue(chunk, col, at, value)
}
