package pay

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/payee"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
)

// Formats are the files that a batch can leave as, by the name under which their hashes are kept. Another width of a bank's field is
// another format: give it another name.
func Formats() map[string]payout.Format {
	return map[string]payout.Format{
		"pain.001":    payout.Pain001{},
		"csv-utf8":    payout.CSV{Page: payout.UTF8},
		"csv-gb18030": payout.CSV{Page: payout.GB18030},
		"xlsx":        payout.Workbook{},
		"application": payout.Application{},
		"handover":    payout.Handover{},
	}
}

// File is a file that was made of a batch.
type File struct {
	Batch, Format string
	SHA256        string
	Bytes         int64
}

// MakeFile writes a file of the batch to path, for F1, and records who took it. The file is there whole or not at all, and a record is
// there before it. Made again it has the same bytes; where it would have others it is refused. It leaves only while the list
// stands at export with the content that was approved, every payment waits to be sent, and payments aren't locked.
func (d *Desk) MakeFile(ctx context.Context, actor Actor, batch, format, path string, now time.Time) (File, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".payment-*")
	if err != nil {
		return File{}, fmt.Errorf("payment file: %w", err)
	}
	defer func() {
		_ = temp.Close()           // is closed where all went well
		_ = os.Remove(temp.Name()) // and gone
	}()
	f, err := d.write(ctx, temp, batch, format)
	if err != nil {
		return File{}, err
	}
	if err := errors.Join(temp.Sync(), temp.Close()); err != nil {
		return File{}, fmt.Errorf("payment file: %w", err)
	}
	err = d.s.Transact(ctx, func(tx *store.Tx) error { return d.leave(ctx, tx, f, actor, now) })
	if err != nil {
		return File{}, fmt.Errorf("file %s of batch %s: %w", format, batch, err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return File{}, fmt.Errorf("payment file: %w", err)
	}
	return f, syncDir(filepath.Dir(path))
}

// Prove makes a file of the batch anew without letting it out, and refuses where it isn't what left.
func (d *Desk) Prove(ctx context.Context, batch, format string) (File, error) {
	f, err := d.write(ctx, io.Discard, batch, format)
	if err != nil {
		return File{}, err
	}
	var was string
	err = d.s.DB().QueryRowContext(ctx, `SELECT sha256 FROM batch_file WHERE batch = $1 AND format = $2`, batch, format).Scan(&was)
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, fmt.Errorf("file %s of batch %s: %w", format, batch, store.ErrNotFound)
	}
	if err != nil {
		return File{}, err
	}
	return f, f.same(was)
}

// same refuses other bytes than those that left before.
func (f File) same(was string) error {
	if f.SHA256 != was {
		return refuse("重新生成的支付文件与先前的不同（先前 %s，现在 %s），不能导出。付款账户设置或数据可能被改动，请立即停止支付并查明原因。", was, f.SHA256)
	}
	return nil
}

// write writes a file of the batch and says what was written.
func (d *Desk) write(ctx context.Context, w io.Writer, batch, format string) (File, error) {
	form, known := Formats()[format]
	if !known {
		return File{}, refuse("没有“%s”这种支付文件，请从列出的格式中选择。", format)
	}
	content, err := d.content(ctx, d.s.DB().QueryContext, batch)
	if err != nil {
		return File{}, fmt.Errorf("batch %s: %w", batch, err)
	}
	hash := sha256.New()
	count := &counter{w: io.MultiWriter(w, hash)}
	out := bufio.NewWriterSize(count, 1<<16)
	if err := payout.Write(out, content, form); err != nil {
		return File{}, err
	}
	if err := out.Flush(); err != nil {
		return File{}, fmt.Errorf("payment file: %w", err)
	}
	return File{batch, format, hex.EncodeToString(hash.Sum(nil)), count.n}, nil
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// leave records that a file leaves, and refuses where it may not: where its batch couldn't be sent.
func (d *Desk) leave(ctx context.Context, tx *store.Tx, f File, actor Actor, now time.Time) error {
	who, err := actor.name(ctx, tx, "F1")
	if err != nil {
		return err
	}
	b, err := scanBatch(tx.QueryRow(ctx, `SELECT `+batchColumns+` FROM payment_batch WHERE id = $1`, f.Batch))
	if err != nil {
		return err
	}
	turn, err := d.begin(ctx, tx, actor, "F1", lists.ActSend, b.List, now)
	if err != nil {
		return err
	}
	if turn.Round != b.Round || turn.Hash != b.Hash {
		return refuse("这个批次不是按现在批准的名单做的，请使用最新的批次。")
	}
	if err := unlocked(ctx, tx); err != nil {
		return err
	}
	if err := b.whole(ctx, tx, "ready"); err != nil {
		return err
	}
	if err := b.standing(ctx, tx, now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO batch_file (batch, format, sha256, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, f.Batch, f.Format, f.SHA256, f.Bytes); err != nil {
		return err
	}
	var was string
	if err := tx.QueryRow(ctx, `SELECT sha256 FROM batch_file WHERE batch = $1 AND format = $2`, f.Batch, f.Format).Scan(&was); err != nil {
		return err
	}
	if err := f.same(was); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO batch_download (batch, format, person, at) VALUES ($1, $2, $3, $4)`, f.Batch, f.Format, actor.Person, store.Stamp(now))
	if err != nil {
		return err
	}
	return record(ctx, tx, "batch.downloaded", f.Batch, actor, who, now, map[string]string{
		"list": b.List, "format": f.Format, "sha256": f.SHA256, "bytes": strconv.FormatInt(f.Bytes, 10),
	})
}

// syncDir makes a name in a folder last.
func syncDir(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("payment file: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("payment file: %w", err)
	}
	return nil
}

// query is how rows are asked for, within a transaction or without.
type query func(ctx context.Context, query string, args ...any) (*sql.Rows, error)

// content reads a batch with the accounts opened.
func (d *Desk) content(ctx context.Context, ask query, batch string) (payout.Batch, error) {
	b, sealed, err := readBatch(ctx, ask, batch)
	if err != nil {
		return payout.Batch{}, err
	}
	b.Debtor = d.debtor
	for i, s := range sealed {
		plain, err := d.keys.Open(s.bytes, payee.Sealed(s.account))
		if err != nil {
			return payout.Batch{}, fmt.Errorf("account of line %d: %w", i+1, err)
		}
		b.Lines[i].Account = string(plain)
	}
	return b, nil
}

// sealed is an account number at rest.
type sealed struct {
	account string
	bytes   []byte
}

// readBatch reads a batch as it was made, in the order of the list, with the prints of the accounts in the place of their numbers.
func readBatch(ctx context.Context, ask query, batch string) (payout.Batch, []sealed, error) {
	b, purpose, err := readHead(ctx, ask, batch)
	if err != nil {
		return payout.Batch{}, nil, err
	}
	budgets, err := readBudgets(ctx, ask)
	if err != nil {
		return payout.Batch{}, nil, err
	}
	rows, err := ask(ctx, `SELECT p.id, p.amount_fen, p.line, a.id, a.holder, a.bank, a.print, a.sealed
		FROM payment p JOIN payee_account a ON a.id = p.account WHERE p.batch = $1 ORDER BY p.n`, batch)
	if err != nil {
		return payout.Batch{}, nil, err
	}
	defer rows.Close()
	accounts := make([]sealed, 0, b.Control.Count)
	b.Lines = make([]payout.Line, 0, b.Control.Count)
	for rows.Next() {
		l := payout.Line{Purpose: purpose}
		var s sealed
		var line string
		if err := rows.Scan(&l.ID, &l.Amount, &line, &s.account, &l.Payee, &l.Bank, &l.Account, &s.bytes); err != nil {
			return payout.Batch{}, nil, err
		}
		l.Budget = budgets[line]
		b.Lines, accounts = append(b.Lines, l), append(accounts, s)
	}
	return b, accounts, rows.Err()
}

// readHead reads what is said of a batch as a whole, and what all its payments are for.
func readHead(ctx context.Context, ask query, batch string) (b payout.Batch, purpose string, err error) {
	rows, err := ask(ctx, `SELECT b.list_hash, b.made_on, b.lines, b.sum_fen, t.title FROM payment_batch b JOIN disbursement_list t ON t.id = b.list WHERE b.id = $1`, batch)
	if err != nil {
		return b, "", err
	}
	defer rows.Close()
	b.ID = batch
	if !rows.Next() {
		return b, "", cmp.Or(rows.Err(), store.ErrNotFound)
	}
	err = rows.Scan(&b.ListHash, store.DayInto(&b.Created), &b.Control.Count, &b.Control.Sum, &purpose)
	return b, purpose, err
}

// readBudgets reads the classification of every budget line; there are few.
func readBudgets(ctx context.Context, ask query) (map[string]payout.Budget, error) {
	rows, err := ask(ctx, `SELECT id, unit, project, function, economic FROM budget_line`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	budgets := map[string]payout.Budget{}
	for rows.Next() {
		var id string
		var b payout.Budget
		if err := rows.Scan(&id, &b.Unit, &b.Project, &b.Function, &b.Economic); err != nil {
			return nil, err
		}
		budgets[id] = b
	}
	return budgets, rows.Err()
}
