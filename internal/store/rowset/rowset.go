// Package rowset reads the rows of a query to their end and closes them, whatever happens on the way.
package rowset

import "errors"

// Scan reads the columns of the row that it is called for, into pointers, as sql.Rows.Scan does.
type Scan = func(to ...any) error

// Rows are what a query found, as *sql.Rows are.
type Rows interface {
	Next() bool
	Scan(to ...any) error
	Err() error
	Close() error
}

// Each takes what a query returned, its rows or its error, hands every row over, and closes the rows. The error is that of the query, of
// take, which ends it, or of reading.
func Each[R Rows](rows R, err error, take func(Scan) error) (failed error) {
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, rows.Close()) }()
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
