package pay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/disburse/receipt"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// StatementFormat is the format under which Statements are kept beside the files of the bank.
const StatementFormat = "statement"

// Statement is what the bank said of a payment whose outcome is unknown, where no receipt comes: by letter, over the counter, on its
// pages.
type Statement struct {
	Payment string
	Result  receipt.Result // Success, Failed or Returned
	On      civil.Date     // when it happened
	Basis   string         // how the bank said so: the number of its letter, who was asked
}

// check refuses a statement that says too little.
func (s Statement) check(now time.Time) error {
	basis := utf8.RuneCountInString(s.Basis)
	switch {
	case s.Result != receipt.Success && s.Result != receipt.Failed && s.Result != receipt.Returned:
		return refuse("请写明银行答复的结果：成功、失败或退回。")
	case s.On.IsZero() || s.On.After(civil.On(now)):
		return refuse("请写明是哪一天的事，不能晚于今天。")
	case basis == 0 || basis > 500:
		return refuse("请写明银行怎么答复的（函号、谁问的），不超过 500 字。")
	}
	return nil
}

// State writes down, by F1, what the bank said of a payment whose outcome is unknown, and returns the line of 待查 that it makes. It moves
// nothing: it counts once another person, F2, has resolved the line as true, as Resolve does with any other.
func (d *Desk) State(ctx context.Context, actor Actor, s Statement, now time.Time) (string, error) {
	s.Basis = strings.TrimSpace(s.Basis)
	if err := s.check(now); err != nil {
		return "", err
	}
	text, err := json.Marshal([]string{s.Payment, s.Result.String(), s.On.String(), s.Basis, actor.Person, now.UTC().Format(time.RFC3339Nano)})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	file := hex.EncodeToString(sum[:])
	sealed, err := d.keys.Seal(text, "receipt_file|sealed|"+file)
	if err != nil {
		return "", wrapped(err, "statement")
	}
	var line evidence.Line
	err = d.s.Transact(ctx, func(tx *store.Tx) error {
		who, err := actor.name(ctx, tx, "F1")
		if err != nil {
			return err
		}
		b, l, err := unknown(ctx, tx, s.Payment)
		if err != nil {
			return err
		}
		if s.On.Before(b.MadeOn) {
			return refuse("支付批次 %s 才生成，银行的答复不能说的是更早的事。", b.MadeOn)
		}
		if s.Result == receipt.Returned && s.On.Year() != b.MadeOn.Year() {
			return refuse("银行在 %d 年退回，这批支付用的是 %d 年的额度。请先向银行问清哪一天划款，把划款成功补记下来，由财政复核认定，再收退回的回单。", s.On.Year(), b.MadeOn.Year())
		}
		line = evidence.State(receipt.Receipt{Batch: b.ID, Payment: s.Payment, Account: l.Account, Amount: l.Amount, Result: s.Result, Reason: s.Basis, At: evidence.Noon(s.On)}, file)
		_, err = tx.Exec(ctx, `INSERT INTO receipt_file (sha256, name, format, sealed, lines, received_at, received_by, received_for) VALUES ($1, $2, $3, $4, 1, $5, $6, $7)`,
			file, "银行答复 "+s.Payment, StatementFormat, sealed, store.Stamp(now), actor.Person, actor.absent())
		if err != nil {
			return err
		}
		if err := putLines(ctx, tx, []evidence.Line{line}, map[string]evidence.Class{line.ID: evidence.Stated}); err != nil {
			return err
		}
		return record(ctx, tx, "receipts.taken", file, actor, who, now, map[string]string{
			"format": StatementFormat, "lines": strconv.Itoa(1), "payment": s.Payment, "result": evidence.ResultWord(s.Result),
		})
	})
	return line.ID, wrapped(err, "payment "+s.Payment)
}

// unknown reads a payment whose outcome is unknown, of which nobody has stated anything that is still open, with its batch held.
func unknown(ctx context.Context, tx *store.Tx, id string) (b Batch, l payout.Line, err error) {
	var batch string
	if err := tx.QueryRow(ctx, `SELECT batch FROM payment WHERE id = $1`, id).Scan(&batch); err != nil {
		return b, l, err
	}
	if b, err = lockBatch(ctx, tx, batch); err != nil {
		return b, l, err
	}
	var state string
	var open int
	err = tx.QueryRow(ctx, `SELECT p.state, p.amount_fen, a.print,
			(SELECT count(*) FROM receipt_line r WHERE r.payment = p.id AND r.class = $2 AND r.resolved_at IS NULL)
		FROM payment p JOIN payee_account a ON a.id = p.account WHERE p.id = $1`, id, string(evidence.Stated)).Scan(&state, &l.Amount, &l.Account, &open)
	switch {
	case err != nil:
	case state != "unknown":
		err = refuse("支付 %s 不在“结果不明”状态，不用补记银行答复；有回单请收回单。", id)
	case open > 0:
		err = refuse("支付 %s 已经有一份银行答复在待查里，请先由财政复核处理。", id)
	}
	return b, l, err
}
