// Package reuse lets a connection to SQLite keep the statements that it compiled. Compiling takes longer than running where a
// table has triggers, since SQLite compiles these with each statement: half of a small transaction's time went there.
package reuse

import (
	"container/list"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// Of each connection: how many statements are kept, those used last, and how long the text of one may be, so that what is kept stays
// small. Longer ones insert many rows at a time and are compiled once for many of them anyway.
const (
	keep    = 200
	longest = 4 << 10
)

// Open is sql.Open for SQLite, with connections that keep what they compiled. name is a data source name of modernc.org/sqlite, whose
// "sqlite" driver the caller has registered by its import.
func Open(name string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	d := plain.Driver()
	return sql.OpenDB(connector{d, name}), plain.Close()
}

type connector struct {
	driver driver.Driver
	name   string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	in, ok := opened.(inner)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T isn't a connection of modernc.org/sqlite", opened), opened.Close())
	}
	return &conn{inner: in, kept: map[string]*list.Element{}}, nil
}

// inner is what database/sql uses of a connection of modernc.org/sqlite: it runs statements in transactions, and says how it is.
type inner interface {
	driver.Conn
	driver.ConnBeginTx
	runner
	keeper
}

type runner interface {
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type keeper interface {
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is what a prepared statement of modernc.org/sqlite can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// conn is a connection with its statements that nobody uses right now. database/sql uses a connection from one goroutine at a time.
type conn struct {
	inner
	kept   map[string]*list.Element
	newest list.List // of idle; what was used last comes first
}

type idle struct {
	text string
	stmt statement
}

// keeps tells whether a statement of this text is worth keeping: one that reads or changes rows, and isn't too long.
func keeps(text string) bool {
	if len(text) > longest {
		return false
	}
	word, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), " ")
	word, _, _ = strings.Cut(word, "\n")
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

// take is a compiled statement of this text that nobody else uses until it is given back.
func (c *conn) take(ctx context.Context, text string) (statement, error) {
	if at := c.kept[text]; at != nil {
		delete(c.kept, text)
		return c.newest.Remove(at).(idle).stmt, nil
	}
	s, err := c.inner.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(statement), nil
}

// give keeps a statement for the next one who needs it. One that another of the same text, in use at the same time, came before is
// closed, as is the one that wasn't used for longest.
func (c *conn) give(text string, s statement) error {
	if c.kept[text] != nil {
		return s.Close()
	}
	c.kept[text] = c.newest.PushFront(idle{text, s})
	if c.newest.Len() <= keep {
		return nil
	}
	oldest := c.newest.Remove(c.newest.Back()).(idle)
	delete(c.kept, oldest.text)
	return oldest.stmt.Close()
}

func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if !keeps(text) {
		return c.inner.ExecContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if err != nil { // whatever state it is in, it is not used again
		_ = s.Close()
		return nil, err
	}
	return result, c.give(text, s)
}

func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if !keeps(text) {
		return c.inner.QueryContext(ctx, text, args)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	found, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return &rows{Rows: found, c: c, text: text, s: s}, nil
}

// rows gives its statement back when it is closed. database/sql closes rows once.
type rows struct {
	driver.Rows
	c    *conn
	text string
	s    statement
}

func (r *rows) Close() error {
	if err := r.Rows.Close(); err != nil {
		_ = r.s.Close()
		return err
	}
	return r.c.give(r.text, r.s)
}

func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if !keeps(text) {
		return c.inner.PrepareContext(ctx, text)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	return &prepared{statement: s, c: c, text: text}, nil
}

// prepared is a statement that goes back to the connection when its user closes it.
type prepared struct {
	statement
	c      *conn
	text   string
	failed bool
}

func (p *prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := p.statement.ExecContext(ctx, args)
	p.failed = p.failed || err != nil
	return result, err
}

func (p *prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	found, err := p.statement.QueryContext(ctx, args)
	p.failed = p.failed || err != nil
	return found, err
}

func (p *prepared) Close() error {
	if p.failed {
		return p.statement.Close()
	}
	return p.c.give(p.text, p.statement)
}

func (c *conn) Close() error {
	var failed error
	for at := c.newest.Front(); at != nil; at = at.Next() {
		failed = errors.Join(failed, at.Value.(idle).stmt.Close())
	}
	c.kept, c.newest = map[string]*list.Element{}, list.List{}
	return errors.Join(failed, c.inner.Close())
}
