package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// The kinds of error that callers tell apart with errors.Is. Each comes wrapped with the operation and its operands.
var (
	// ErrNotFound says that what was asked for isn't stored.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that what was to be written contradicts what stands there, or that the database refused it.
	ErrConflict = errors.New("conflict")
	// ErrSlotTaken says that the slot of the schedule already has its sweep. It is a kind of ErrConflict.
	ErrSlotTaken = fmt.Errorf("slot taken: %w", ErrConflict)
	// ErrInvalid says that an argument can't be stored, whatever stands there.
	ErrInvalid = errors.New("invalid")
	// ErrLocked says that another process has the SQLite file.
	ErrLocked = errors.New("locked")
	// ErrNewer says that the database's schema is newer than this program.
	ErrNewer = errors.New("database is newer than the program")
	// ErrOlder says that the database's schema is that of an earlier program, where it may not be migrated.
	ErrOlder = errors.New("database is older than the program")
)

// wrap puts the operation in front of *err and makes the driver's own "no rows" and "constraint" errors ours.
func wrap(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	operation := fmt.Sprintf(format, args...)
	switch {
	case errors.Is(*err, sql.ErrNoRows):
		*err = fmt.Errorf("%s: %w", operation, ErrNotFound)
	case constraint(*err) && !errors.Is(*err, ErrConflict):
		*err = fmt.Errorf("%s: %w: %w", operation, ErrConflict, *err)
	default:
		*err = fmt.Errorf("%s: %w", operation, *err)
	}
}

// constraint tells whether the database refused err's statement by a constraint or a trigger.
func constraint(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(e.Code, "23") // class 23: integrity constraint violation
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == 19 // SQLITE_CONSTRAINT and its extended codes
	}
	return false
}

// Full tells whether the database couldn't write because its disk is full. Nothing of the transaction was kept; reading goes on, and
// writing again once there is room.
func Full(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "53100"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == 13 // SQLITE_FULL
	}
	return false
}

// known makes a query's "no rows" say what isn't there.
func known(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %q: %w", what, id, ErrNotFound)
	}
	return err
}

// text refuses empty text and text that PostgreSQL can't hold; SQLite could, and must not differ.
func text(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s is empty: %w", name, ErrInvalid)
	}
	return clean(name, value)
}

// clean is text for what may be empty.
func clean(name, value string) error {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return fmt.Errorf("%s %q isn't UTF-8 without NUL: %w", name, value, ErrInvalid)
	}
	return nil
}

// instant refuses the zero time, which is always a forgotten argument, and years that one of the databases can't hold.
func instant(name string, t time.Time) error {
	if t.IsZero() || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return fmt.Errorf("%s %v isn't an instant: %w", name, t, ErrInvalid)
	}
	return nil
}

// maxBody is the size in bytes of the largest body that is stored; either database could hold somewhat more.
const maxBody = 512 << 20

// size refuses bodies that one of the databases might not hold.
func size(name string, body []byte) error {
	if len(body) > maxBody {
		return fmt.Errorf("%s has %d bytes, want at most %d: %w", name, len(body), maxBody, ErrInvalid)
	}
	return nil
}

// counted refuses negative numbers.
func counted(name string, n int64) error {
	if n < 0 {
		return fmt.Errorf("%s is %d: %w", name, n, ErrInvalid)
	}
	return nil
}

// hexadecimal refuses what isn't a SHA-256 in lower-case hexadecimal.
func hexadecimal(name, sum string) error {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size || strings.ToLower(sum) != sum {
		return fmt.Errorf("%s %q isn't 64 digits of lower-case hexadecimal: %w", name, sum, ErrInvalid)
	}
	return nil
}
