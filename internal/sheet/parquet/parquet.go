// Package parquet reads Parquet files as plain tables.
package parquet

import (
	"io"

	"mianshen/internal/sheet"
)

// Read is being written.
func Read(r io.ReaderAt, size int64, limits sheet.Limits) (sheet.Rows, error) {
	return nil, &sheet.Error{Message: "Parquet 暂不支持"}
}
