package paytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mianshen/internal/store"
)

// Tables are those that disbursing changes, with the columns that tell what happened; a * stands for all of them.
var Tables = map[string]string{
	"disbursement_list": "*", "list_entry": "*", "list_event": "*", "payment": "*", "payment_batch": "*", "batch_file": "*", "batch_download": "*", "posting": "*",
	"budget_line": "*", "receipt_file": "*", "receipt_line": "*", "entry_seat": "*", "entry_cap": "*", "audit_record": "*", "audit_hash": "*", "audit_salt": "*",
}

// Outcome are the columns that may not depend on the order in which receipts came: all but when, out of which file, and, where the bank
// says a result at several times, at which of them it was posted.
var Outcome = map[string]string{
	"list_entry": "*", "payment": "id, state, reason", "posting": "kind, line, debit, credit, fen, list, n, round, payment", "budget_line": "*",
	"receipt_line": "id, batch, payment, print, amount_fen, result, reason, bank_at, class, resolution",
}

// Dump writes what stands in the tables, a line a row, in order.
func Dump(t testing.TB, s *store.Store, tables map[string]string) string {
	t.Helper()
	var out []string
	for table, columns := range tables {
		rows, err := s.DB().QueryContext(t.Context(), "SELECT "+columns+" FROM "+table)
		Check(t, err)
		names, err := rows.Columns()
		Check(t, err)
		for rows.Next() {
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			Check(t, rows.Scan(values...))
			line := table
			for i, v := range values {
				line += fmt.Sprintf(" %s=%v", names[i], *v.(*any))
			}
			out = append(out, line)
		}
		Check(t, rows.Err())
		Check(t, rows.Close())
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Differ returns the first few lines in which two dumps differ, "" where they are the same.
func Differ(a, b string) string {
	if a == b {
		return ""
	}
	var out []string
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, x := range left {
		if _, found := slices.BinarySearch(right, x); !found {
			out = append(out, "- "+x[:min(len(x), 400)])
		}
	}
	for _, x := range right {
		if _, found := slices.BinarySearch(left, x); !found {
			out = append(out, "+ "+x[:min(len(x), 400)])
		}
	}
	return strings.Join(out[:min(len(out), 12)], "\n")
}
