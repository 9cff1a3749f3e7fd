// Package store keeps what must last: published policies and vocabularies, what departments delivered and persons corrected,
// snapshots of the facts that come of it, sweeps over them with their shards and differences, the sequence of changes that
// derived things follow, the slots of the schedule, the searches that
// enterprises save, and the audit log, which is written in the transaction of what it tells of.
//
// A million enterprises with a hundred facts and a thousand items a night are too many for rows. So facts are stored as chunks
// of columns and outcomes as shards, both in forms that only the callers know; rows there are of what a person looks at: a
// delivery and its states, a correction, a sweep and its totals, a difference against the sweep before. What is large comes
// in small transactions, so that nobody waits for it, and counts once it is sealed: a delivery, a snapshot, a sweep.
//
// It is one set of functions over two databases, SQLite and PostgreSQL, in plain SQL. What may not happen is refused by
// the database itself: both migration folders carry the same constraints and triggers under one numbering, so that
// versions, deliveries, snapshots and sweeps stay as written even for someone with an SQL prompt. The suite in storetest is
// the contract, and both databases run it.
//
// The store has no clock: every function that writes takes the instant as an argument. Instants go in and come out in
// UTC, cut to microseconds. Money is int64 in 分. Lists come in the byte order of their keys on either database. Text
// must be valid UTF-8 without NUL (PostgreSQL can hold nothing else); bodies and files are bytes and may hold anything.
//
// SQLite has one writer at a time. Writers queue for it inside the process, readers don't wait. A second process is
// refused by a lock on the file PATH.lock. The system must have flock(2), as Linux, macOS and the BSDs have.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Kind says which database a store stands on.
type Kind string

// The two databases.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// Store is an open database whose schema is up to date. All methods may be called at once from many goroutines.
type Store struct {
	db     *sql.DB
	kind   Kind
	writer chan struct{} // SQLite: holds one token while somebody writes; nil on PostgreSQL
	lock   *os.File      // SQLite on a file: the lock that keeps other processes out
}

// Open opens the database at address, creates it if it is an SQLite file that doesn't exist, and migrates it to the
// schema of this program. The address is
//
//	sqlite://PATH       a file; PATH is taken as it stands, without escapes; its folder must exist
//	sqlite://:memory:   a database that is gone at Close, with one connection
//	postgres://...      any URL that libpq takes; the database must exist and be in UTF8
//
// Errors: ErrInvalid for another address, ErrLocked where another process (or another Store) has the SQLite file,
// ErrNewer where a later program has migrated the database. Passwords never stand in an error. ctx bounds the opening only.
func Open(ctx context.Context, address string) (s *Store, err error) {
	if path, ok := strings.CutPrefix(address, "sqlite://"); ok {
		s, err = openSQLite(path, sqliteOptions)
	} else if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		s, err = openPostgres(address, nil)
	} else {
		return nil, badAddress{address}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", redact(address), err)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", redact(address), err), s.Close())
	}
	return s, nil
}

// badAddress is an ErrInvalid whose words are for the one who typed the address.
type badAddress struct{ given string }

func (b badAddress) Error() string {
	hint := ""
	if !strings.Contains(b.given, "://") && !strings.Contains(b.given, "@") { // what may hold a password isn't repeated
		hint = "，是不是 sqlite://" + b.given + "？"
	}
	return "数据库地址应为 sqlite://路径 或 postgres://……" + hint
}

func (badAddress) Unwrap() error { return ErrInvalid }

// prepare brings a freshly opened database to this program's schema.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if s.kind == SQLite {
		if err := s.ours(ctx); err != nil {
			return err
		}
	}
	if s.kind == Postgres {
		var encoding string
		if err := s.db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
			return err
		}
		if encoding != "UTF8" {
			return fmt.Errorf("数据库编码是 %s，须为 UTF8：%w", encoding, ErrInvalid)
		}
	}
	return s.migrate(ctx)
}

// ours refuses a file with tables of another program.
func (s *Store) ours(ctx context.Context) error {
	var foreign, own int
	err := s.db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name IN ('policy_version', 'goose_db_version')), 0) FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&foreign, &own)
	if err == nil && foreign > 0 && own < 2 && !(foreign == 1 && own == 1) {
		err = fmt.Errorf("这个 SQLite 文件里有别的程序的表，请换一个文件：%w", ErrInvalid)
	}
	return err
}

// Close waits for running statements, closes the database and gives up the lock.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Kind says which database this is.
func (s *Store) Kind() Kind { return s.kind }

// DB gives the connections themselves, for checks that read with SQL of their own (fsck, tests). The program writes
// through the methods only: what they do in one transaction belongs together.
func (s *Store) DB() *sql.DB { return s.db }

// redact returns the address without its password.
func redact(address string) string {
	if strings.HasPrefix(address, "sqlite://") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return "database"
	}
	u.RawQuery = "" // may hold a password too
	return u.Redacted()
}
