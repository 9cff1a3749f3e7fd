package quarter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"mianshen/internal/store"
)

// counted is everything that a quarter comes to, whenever it was interrupted: nothing in it is random or of a clock.
var counted = []string{
	`SELECT 'list ' || id || ' ' || state || ' ' || coalesce(hash, '') FROM disbursement_list ORDER BY id`,
	`SELECT 'entry ' || list || ' ' || n || ' ' || entitlement || part || ' ' || amount_fen || ' ' || status FROM list_entry ORDER BY list, n`,
	`SELECT 'payment ' || id || ' ' || amount_fen || ' ' || state FROM payment ORDER BY id`,
	`SELECT 'line ' || id || ' ' || total_fen || ' ' || reserved_fen || ' ' || posted_fen FROM budget_line ORDER BY id`,
	`SELECT 'posting ' || kind || ' ' || count(*) || ' ' || sum(fen) FROM posting GROUP BY kind ORDER BY kind`,
	`SELECT 'recovery ' || id || ' ' || amount_fen || ' ' || received_fen FROM recovery ORDER BY id`,
	`SELECT 'receipt ' || id || ' ' || class FROM receipt_line ORDER BY id`,
}

// Digest is one hash over what a quarter came to: lists, entries, payments, budget lines, postings, recoveries and receipts. With
// the same keys it is the same for the same seed, on either database.
func Digest(ctx context.Context, s *store.Store) (sum string, err error) {
	h := sha256.New()
	for _, query := range counted {
		rows, err := s.DB().QueryContext(ctx, query)
		if err != nil {
			return "", err
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return "", errors.Join(err, rows.Close())
			}
			fmt.Fprintln(h, line)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Count is how much of something a quarter came to.
type Count struct {
	What string // in Chinese
	N    int64
	Fen  int64 // 0 where it isn't about money
}

// Counts sums a quarter up for people: lists by state, payments by state, what was claimed back.
func Counts(ctx context.Context, s *store.Store) (list []Count, err error) {
	for _, query := range []string{
		`SELECT '名单，' || CASE state WHEN 'settled' THEN '已结清' WHEN 'withdrawn' THEN '已撤回' ELSE state END, count(*), 0 FROM disbursement_list GROUP BY state ORDER BY state`,
		`SELECT '款，' || CASE state WHEN 'paid' THEN '已付' WHEN 'failed' THEN '付款失败' WHEN 'returned' THEN '退回' ELSE state END, count(*), CAST(sum(amount_fen) AS BIGINT) FROM payment GROUP BY state ORDER BY state`,
		`SELECT '异议，' || CASE outcome WHEN 'upheld' THEN '成立' ELSE '不成立' END, count(*), 0 FROM objection GROUP BY outcome ORDER BY outcome`,
		`SELECT '追回', count(*), CAST(coalesce(sum(amount_fen), 0) AS BIGINT) FROM recovery`,
		`SELECT '待查回单，已核对', count(*), 0 FROM receipt_line WHERE resolved_at IS NOT NULL`,
	} {
		rows, err := s.DB().QueryContext(ctx, query)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var c Count
			if err := rows.Scan(&c.What, &c.N, &c.Fen); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			list = append(list, c)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return list, nil
}
