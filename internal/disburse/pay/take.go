package pay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/receipt"
	"mianshen/internal/store"
)

// MaxReceiptFile is how many bytes a file of receipts may have.
const MaxReceiptFile = 32 << 20

// Taken is what a file of receipts came to.
type Taken struct {
	SHA256  string
	Format  string                 // pain.002, csv or xlsx
	Again   bool                   // the same bytes had come before: nothing happened
	Lines   int                    // of the file
	New     int                    // that no file before had
	Moved   int                    // payments that moved
	Classes map[evidence.Class]int // of the new lines
	Refused string                 // of pain.002: why the bank refused the order as a whole; a person decides what follows
}

// TakeReceipts takes a file of receipts in, whole or not at all, by F1 or a service. What the file is, its content says. Equal lines count
// once, in any file and order; each gets its class, and the payments that they speak of move. A file that can't be read is an
// error that names the line, and changes nothing.
func (d *Desk) TakeReceipts(ctx context.Context, actor Actor, fileName string, data []byte, now time.Time) (Taken, error) {
	if len(data) > MaxReceiptFile {
		return Taken{}, refuse("回单文件超过 %d MB，请分成几个文件。", MaxReceiptFile>>20)
	}
	if fileName = strings.TrimSpace(fileName); fileName == "" || len(fileName) > 500 || !utf8.ValidString(fileName) || strings.ContainsRune(fileName, 0) {
		return Taken{}, refuse("回单文件名为空、过长或含有损坏的字符，请改名后重新上传。")
	}
	var t Taken
	file, err := t.read(data)
	if err != nil {
		return Taken{}, fmt.Errorf("receipt file: %w", err)
	}
	sum := sha256.Sum256(data)
	t.SHA256 = hex.EncodeToString(sum[:])
	sealed, err := d.keys.Seal(data, "receipt_file|sealed|"+t.SHA256)
	if err != nil {
		return Taken{}, fmt.Errorf("receipt file: %w", err)
	}
	lines := d.lines(file.Receipts, t.SHA256, now)
	t.Lines = len(file.Receipts)
	err = d.s.Transact(ctx, func(tx *store.Tx) error {
		who, err := actor.name(ctx, tx, "F1", "SV")
		if err != nil {
			return err
		}
		added, err := tx.Exec(ctx, `INSERT INTO receipt_file (sha256, name, format, sealed, lines, received_at, received_by, received_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT DO NOTHING`, t.SHA256, fileName, t.Format, sealed, t.Lines, store.Stamp(now), actor.Person, actor.absent())
		if err != nil {
			return err
		}
		t.Again, t.New, t.Moved, t.Classes = added == 0, 0, 0, map[evidence.Class]int{}
		if t.Again {
			return nil
		}
		for _, batch := range slices.Sorted(maps.Keys(lines)) {
			if err := t.batch(ctx, tx, batch, lines[batch], actor, now); err != nil {
				return err
			}
		}
		return record(ctx, tx, "receipts.taken", t.SHA256, actor, who, now, map[string]string{
			"format": t.Format, "lines": strconv.Itoa(t.Lines), "new": strconv.Itoa(t.New), "moved": strconv.Itoa(t.Moved),
		})
	})
	if err != nil {
		return Taken{}, fmt.Errorf("receipt file: %w", err)
	}
	return t, nil
}

// read finds out what a file is and reads it.
func (t *Taken) read(data []byte) (receipt.File, error) {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	read := receipt.ReadCSV
	switch {
	case bytes.HasPrefix(data, []byte("PK")):
		t.Format, read = "xlsx", receipt.ReadXLSX
	case bytes.HasPrefix(text, []byte("<")):
		t.Format, read = "pain.002", receipt.ReadPain002
	default:
		t.Format = "csv"
	}
	file, err := read(bytes.NewReader(data), receipt.Limits{Bytes: MaxReceiptFile})
	t.Refused = file.Refused
	return file, err
}

// lines makes receipts what is kept of them, each once, by batch.
func (d *Desk) lines(receipts []receipt.Receipt, file string, came time.Time) map[string][]evidence.Line {
	seen := map[string]bool{}
	by := map[string][]evidence.Line{}
	for _, r := range receipts {
		l := evidence.Keep(r, d.keys)
		l.File, l.Came = file, came
		if !seen[l.ID] {
			seen[l.ID] = true
			by[r.Batch] = append(by[r.Batch], l)
		}
	}
	for _, list := range by {
		slices.SortFunc(list, func(a, b evidence.Line) int { return strings.Compare(a.ID, b.ID) })
	}
	return by
}

// batch takes in the lines that name one batch.
func (t *Taken) batch(ctx context.Context, tx *store.Tx, id string, lines []evidence.Line, actor Actor, now time.Time) error {
	b, err := lockBatch(ctx, tx, id)
	unknown := errors.Is(err, sql.ErrNoRows)
	if err != nil && !unknown {
		return err
	}
	fresh, err := newOf(ctx, tx, lines)
	if err != nil {
		return err
	}
	class := map[string]evidence.Class{}
	if unknown {
		for _, l := range fresh {
			class[l.ID] = evidence.OtherBatch
		}
		err = putLines(ctx, tx, fresh, class)
	} else {
		var done advanced
		done, err = advance(ctx, tx, b, fresh, actor, now)
		class = done.class
		t.Moved += done.moved
	}
	for _, l := range fresh {
		t.New++
		t.Classes[class[l.ID]]++
	}
	return err
}

// newOf leaves out the lines that are kept already.
func newOf(ctx context.Context, tx *store.Tx, lines []evidence.Line) ([]evidence.Line, error) {
	known := map[string]bool{}
	for some := range slices.Chunk(lines, 100) {
		ids := make([]any, len(some))
		for i, l := range some {
			ids[i] = l.ID
		}
		rows, err := tx.Query(ctx, `SELECT id FROM receipt_line WHERE id IN `+store.Places(0, len(ids)), ids...)
		if err != nil {
			return nil, err
		}
		if err := mark(rows, known); err != nil {
			return nil, err
		}
	}
	var fresh []evidence.Line
	for _, l := range lines {
		if !known[l.ID] {
			fresh = append(fresh, l)
		}
	}
	return fresh, nil
}

// mark reads rows of one text.
func mark(rows *sql.Rows, into map[string]bool) error {
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		into[id] = true
	}
	return rows.Err()
}
