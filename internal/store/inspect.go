package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Inspect opens a database that is there already, to read it with DB alone: nothing is created, migrated or written, and the
// connections refuse to write. On PostgreSQL whoever else works on the database isn't disturbed. On SQLite the lock rule of
// Open holds here too: ErrLocked while another process has the file. ErrInvalid: no such database. ErrNewer: its schema is
// that of a later program; ErrOlder: of an earlier one.
func Inspect(ctx context.Context, address string) (s *Store, err error) {
	if path, ok := strings.CutPrefix(address, "sqlite://"); ok {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil, unfit{ErrInvalid, fmt.Sprintf("没有数据库文件 %s，请核对路径。", path)}
		}
		s, err = openSQLite(path, inspectOptions)
	} else if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		s, err = openPostgres(address, map[string]string{"default_transaction_read_only": "on"})
	} else {
		return nil, badAddress{address}
	}
	if err == nil {
		if err = s.sameSchema(ctx); err != nil {
			err = errors.Join(err, s.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", redact(address), err)
	}
	return s, nil
}

// unfit is an error of Inspect whose words are for the one who typed the address.
type unfit struct {
	kind error
	text string
}

func (u unfit) Error() string { return u.text }
func (u unfit) Unwrap() error { return u.kind }

// inspectOptions lets nothing be written, and sorts what doesn't fit into memory on disk.
const inspectOptions = "?_defensive=1&_dqs=0&_pragma=busy_timeout(30000)&_pragma=query_only(1)&_pragma=trusted_schema(0)" +
	"&_pragma=cache_size(-65536)&_pragma=temp_store(FILE)"

// sameSchema refuses a database whose schema isn't this program's.
func (s *Store) sameSchema(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	var current int64
	if err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current); err != nil {
		return unfit{errors.Join(ErrInvalid, err), "这个数据库里没有本程序的表，请核对地址。"}
	}
	provider, err := s.migrations()
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	sources := provider.ListSources()
	target := sources[len(sources)-1].Version
	switch {
	case current > target:
		return unfit{ErrNewer, fmt.Sprintf("数据库结构是第 %d 版，本程序只认识到第 %d 版，请换用更新的程序。", current, target)}
	case current < target:
		return unfit{ErrOlder, fmt.Sprintf("数据库结构是第 %d 版，本程序的是第 %d 版；请先用本程序启动一次 serve 完成升级。", current, target)}
	}
	return nil
}
