package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mianshen/internal/demo"
	"mianshen/internal/persons"
	"mianshen/internal/persons/provider"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

// entrance is what signing in needs.
type entrance struct {
	book     *persons.Book
	ring     *seal.Ring
	provider *provider.Provider // nil: none
}

// entrance opens the keys, making them on first use, and the identity provider.
func (c *serveCmd) entrance(db *store.Store, scratch string, say io.Writer) (*entrance, error) {
	path, err := c.keyFile(scratch)
	if err != nil {
		return nil, err
	}
	ring, err := keys(path, say)
	if err != nil {
		return nil, err
	}
	in := &entrance{book: persons.New(db, ring), ring: ring}
	if c.OIDCIssuer == "" {
		return in, nil
	}
	if c.OIDCClient == "" || c.PublicURL == "" {
		return nil, misuse{"用统一身份认证要写全 --oidc-issuer、--oidc-client 和 --public-url"}
	}
	cfg := provider.Config{Issuer: c.OIDCIssuer, ClientID: c.OIDCClient, Callback: strings.TrimSuffix(c.PublicURL, "/") + "/signin/oidc/callback"}
	if c.OIDCSecret != "" {
		secret, err := os.ReadFile(c.OIDCSecret)
		if err != nil {
			return nil, misuse{fmt.Sprintf("客户端密钥文件读不了：%v", err)}
		}
		cfg.Secret = strings.TrimSpace(string(secret))
	}
	if in.provider, err = provider.New(cfg); err != nil {
		return nil, misuse{err.Error()}
	}
	return in, nil
}

// keyFile is where the keys stand: with what is thrown away, or as keyPath says.
func (c *serveCmd) keyFile(scratch string) (string, error) {
	if c.Keys == "" && (c.DB == "" || c.DB == "sqlite://:memory:" || c.Demo && !strings.HasPrefix(c.DB, "sqlite://")) {
		return filepath.Join(scratch, "keys"), nil
	}
	return keyPath(c.DB, c.Keys)
}

// keyPath is where the keys of a database stand: where the operator says, or beside a SQLite file.
func keyPath(db, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if path, ok := strings.CutPrefix(db, "sqlite://"); ok && path != ":memory:" {
		return path + ".keys", nil
	}
	return "", misuse{"数据库不是 SQLite 文件时要用 --keys 写明密钥文件，各个节点用同一份"}
}

// keysOf opens the keys of a database, making them on first use.
func keysOf(db, given string, say io.Writer) (*seal.Ring, error) {
	path, err := keyPath(db, given)
	if err != nil {
		return nil, err
	}
	return keys(path, say)
}

// keys loads a key file, or makes it.
func keys(path string, say io.Writer) (*seal.Ring, error) {
	ring, err := seal.Load(path)
	if errors.Is(err, os.ErrNotExist) {
		if ring, err = seal.Create(path); err == nil {
			fmt.Fprintf(say, "新建了封存密钥 %s，请另行备份。\n", path)
		}
	}
	if errors.Is(err, os.ErrExist) { // another process made it at the same moment
		ring, err = seal.Load(path)
	}
	if err != nil {
		return nil, misuse{fmt.Sprintf("密钥文件 %s：%v", path, err)}
	}
	return ring, nil
}

// begin makes an empty database a demo with its persons.
func (in *entrance) begin(ctx context.Context, say io.Writer, now time.Time) error {
	ok, err := demo.Begin(ctx, in.book, now)
	if err != nil {
		return err
	}
	if !ok {
		fmt.Fprintln(say, "这个库在有演示人物之前就装了示例，所以没有演示人物，只能看。要演示人物，请换一个空库。")
		return nil
	}
	cast, err := demo.Cast()
	if err != nil {
		return err
	}
	return in.book.AddDemo(ctx, cast, now)
}

// invite prints the token of the first start while an administrator is missing. Without it the server still answers.
func (in *entrance) invite(ctx context.Context, say io.Writer, addr string, log *slog.Logger) {
	token, err := in.book.Start(ctx, time.Now())
	if err != nil {
		log.ErrorContext(ctx, "no token for the first start", "error", err)
		return
	}
	if token != "" {
		fmt.Fprintf(say, "还没有管理员。请打开 http://%s/first，用首次启动令牌设系统管理员和安全管理员（一天内有效，重启会换）：\n%s\n", addr, token)
	}
}
