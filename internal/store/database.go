package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the "sqlite" driver

	"mianshen/internal/store/reuse"
)

//go:embed migrations
var migrations embed.FS

// sqliteOptions of every connection. recursive_triggers lets the append-only triggers see the deletions that INSERT OR
// REPLACE does; a writer waits up to 30 s for another connection (a checkpoint, a backup) before it gives up. The page cache is small, since
// each connection has its own, modernc's allocator takes two pages for one, and what it misses the system's cache has.
const sqliteOptions = "?_txlock=immediate&_defensive=1&_dqs=0&_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)" +
	"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=recursive_triggers(1)&_pragma=trusted_schema(0)" +
	"&_pragma=cache_size(-16384)&_pragma=temp_store(MEMORY)"

// openSQLite opens path, ":memory:" or a file, which it locks and creates for its owner alone. options are those of each connection.
func openSQLite(path, options string) (*Store, error) {
	if path == "" {
		return nil, fmt.Errorf("数据库地址缺少文件路径：%w", ErrInvalid)
	}
	s := &Store{kind: SQLite, writer: make(chan struct{}, 1)}
	name := "file::memory:"
	if path != ":memory:" {
		file, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if s.lock, file, err = take(file); err != nil {
			return nil, err
		}
		name = "file:" + (&url.URL{Path: file}).EscapedPath()
	}
	db, err := reuse.Open(name + options)
	if err != nil {
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, err
	}
	s.db = db
	if s.lock == nil { // each connection would be a database of its own
		db.SetMaxOpenConns(1)
		db.SetConnMaxIdleTime(0)
		db.SetConnMaxLifetime(0)
		return s, nil
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return s, nil
}

// take creates the file if need be and locks it for this Store. It returns the lock, held until closed or until the
// process ends, and the file's name with links followed, so that two names of one file meet at one lock.
func take(file string) (*os.File, string, error) {
	// O_EXCL: an existing file must not be opened here, for closing it would drop the locks that SQLite holds on it in
	// this process (fcntl(2)).
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, "", err
	}
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return nil, "", err
	}
	held, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, "", err
	}
	err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_, written := fmt.Fprintln(held, os.Getpid())
		err = errors.Join(written, held.Truncate(int64(len(fmt.Sprintln(os.Getpid())))))
	} else if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := os.ReadFile(file + ".lock") // only to help the reader of the message
		err = fmt.Errorf("数据库文件 %s 正由另一个进程（进程号 %s）使用；SQLite 文件同时只能由一个进程打开，请先停止该进程，或改用 postgres:// 数据库：%w",
			file, strings.TrimSpace(string(holder)), ErrLocked)
	}
	if err != nil {
		return nil, "", errors.Join(err, held.Close())
	}
	return held, file, nil
}

// openPostgres prepares connections to the database at address, with these parameters of the session; none is made yet.
func openPostgres(address string, params map[string]string) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("数据库地址无法识别，应为 postgres://用户:口令@主机:端口/库名") // pgx's own error may show a password
	}
	maps.Copy(config.RuntimeParams, params)
	config.RuntimeParams["timezone"] = "UTC"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "mianshen"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{db: db, kind: Postgres}, nil
}

// migrate applies what the database lacks. On PostgreSQL processes that start together do it one after the other. There
// is no way down: an older schema comes back by restoring a backup.
func (s *Store) migrate(ctx context.Context) error {
	provider, err := s.migrations()
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if current > target {
		return fmt.Errorf("数据库结构是第 %d 版，本程序只认识到第 %d 版，请换用更新的程序：%w", current, target, ErrNewer)
	}
	return nil
}

// migrations returns what knows the migrations of this kind of database, and which of them it lacks.
func (s *Store) migrations() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/"+string(s.kind))
	if err != nil {
		return nil, err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.kind == Postgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300), lock.WithUnlockTimeout(1, 30))
		if err != nil {
			return nil, err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, s.db, folder, options...)
}
