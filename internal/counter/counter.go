// Package counter is where people at a command line deal with money: whom a token or a demo lets act and when, how what a
// command found is shown, and how errors are told. The commands themselves are in the rooms beside it.
package counter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/persons"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

// Program is what the program lends its commands.
type Program struct {
	Out, Err io.Writer
	Save     func(path string, stdout io.Writer, binary bool, write func(io.Writer) error) error // to a file, whole or not at all, or to stdout
	Keys     func(db, path string) (*seal.Ring, error)                                           // made on first use; path "": where they stand by default
	Office   func(*store.Store) *casework.Office
}

// Misuse is an error in how a command was called.
type Misuse struct{ Text string }

// Error returns the sentence.
func (m Misuse) Error() string { return m.Text }

// ErrShown says that a command couldn't do what it was asked, and has said why.
var ErrShown = errors.New("said already")

// Place is the database that a command works on.
type Place struct {
	DB string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
}

// Shown is how a command shows what it found.
type Shown struct {
	Format string `enum:"text,json" default:"text" help:"text 或 json"`
}

// Read opens the database for a command that changes nothing.
func (p Place) Read(ctx context.Context, program *Program, do func(*casework.Office) error) (err error) {
	db, err := store.Open(ctx, p.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return told(do(program.Office(db)))
}

// told makes of what isn't there a misuse, and puts what has no words into words.
func told(err error) error {
	switch {
	case errors.Is(err, casework.ErrNothing):
		return errors.New("库里还没有现行的比对结果：先用 mianshen publish、mianshen import 和 mianshen sweep run。")
	case err == store.ErrNotFound: //nolint:errorlint // bare, it says nothing to a person
		return Misuse{"没有这个编号，请核对后再试。"}
	case errors.Is(err, store.ErrNotFound):
		return Misuse{err.Error()}
	case errors.Is(err, store.ErrConflict):
		return refusal{err}
	}
	return err
}

// refusal is what is refused, as a person reads it: the first sentence of its chain, those begin in Chinese, without what was put in front on the
// way. Where the database alone refused, its own words come last.
type refusal struct{ error }

func (p refusal) Error() string {
	for err := p.error; err != nil; err = errors.Unwrap(err) {
		if r, _ := utf8.DecodeRuneInString(err.Error()); r > '⺀' && r != utf8.RuneError {
			return err.Error()
		}
	}
	return fmt.Sprintf("数据库没有接受：这一步与库里现有的记录合不上，什么都没有改。请查看现在的状态，核对后再办。（%v）", p.error)
}

func (p refusal) Unwrap() error { return p.error }

// The scopes of tokens that commands ask for.
const (
	Work    = persons.ScopeWork
	Approve = persons.ScopeApprove
	Unmask  = persons.ScopeUnmask
	Verify  = persons.ScopeVerify
)

// Acting are the flags of a command that changes something.
type Acting struct {
	Place
	TokenFile string `name:"token-file" help:"令牌所在的文件；缺省读环境变量 MIANSHEN_TOKEN。令牌在网页“我的账号”里造"`
	As        string `help:"以哪个演示人物办理，如 D1；只用于示例库"`
	StandsFor string `name:"stands-for" help:"代谁办理（AB 角）：那个人的编号"`
	Now       string `help:"当作现在是这一刻，如 2025-07-20T09:00:00+08:00；只用于示例库"`
}

// Desk is an open database with who acts on it, and when.
type Desk struct {
	*Program
	Store     *store.Store
	Office    *casework.Office
	Who       *persons.Identity
	StandsFor string
	Now       time.Time
	db        string
}

// Do opens the database and finds out who acts; his token must be for scope.
func (a Acting) Do(ctx context.Context, program *Program, scope string, do func(*Desk) error) (err error) {
	db, err := store.Open(ctx, a.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d := &Desk{Program: program, Store: db, Office: program.Office(db), StandsFor: a.StandsFor, db: a.DB}
	book := persons.New(db, nil)
	demo, err := book.IsDemo(ctx)
	if err != nil {
		return err
	}
	if d.Now, err = instant(demo, a.Now); err != nil {
		return err
	}
	if d.Who, err = a.who(ctx, book, demo, scope, d.Now); err != nil {
		return err
	}
	return told(do(d))
}

// At is the instant that a command without a person works at: now, or the one given, which is for demos alone.
func At(ctx context.Context, db *store.Store, given string) (time.Time, error) {
	demo, err := persons.New(db, nil).IsDemo(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return instant(demo, given)
}

func instant(demo bool, given string) (time.Time, error) {
	if given == "" {
		return time.Now(), nil
	}
	if !demo {
		return time.Time{}, Misuse{"--now 只用于示例库：真实业务按真实时间办理，请去掉 --now"}
	}
	now, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return now, Misuse{"--now 写作 2025-07-20T09:00:00+08:00"}
	}
	return now, nil
}

// who is the person of --as or of the token.
func (a Acting) who(ctx context.Context, book *persons.Book, demo bool, scope string, now time.Time) (*persons.Identity, error) {
	if a.As != "" {
		if !demo {
			return nil, Misuse{"--as 只用于示例库：请本人在网页“我的账号”里造一个令牌，放进环境变量 MIANSHEN_TOKEN 或用 --token-file 给出"}
		}
		return actDemo(ctx, book, a.As, now)
	}
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	who, err := book.Bearer(ctx, token, now)
	if errors.Is(err, persons.ErrNobody) {
		return nil, Misuse{"令牌不对、已过期或已作废：请在网页“我的账号”里重新造一个"}
	}
	if err == nil && !slices.Contains(who.Scopes, scope) {
		return nil, Misuse{fmt.Sprintf("这个令牌不能用来%s：请在网页“我的账号”里新建一个勾选“%[1]s”的令牌", persons.ScopeWord(scope))}
	}
	return who, err
}

// actDemo signs in as a demo person.
func actDemo(ctx context.Context, book *persons.Book, login string, now time.Time) (*persons.Identity, error) {
	cookie, err := book.AsDemo(ctx, login, now)
	if errors.Is(err, persons.ErrSignIn) {
		return nil, Misuse{fmt.Sprintf("没有演示人物“%s”：可用 E1、E2、D1、D2、F1、F2、F3、F3b、AU", login)}
	}
	if err != nil {
		return nil, err
	}
	return book.Session(ctx, cookie, now)
}

// token reads the token out of its file or the environment; on the command line everybody on the machine would see it.
func (a Acting) token() (string, error) {
	if a.TokenFile == "" {
		if token := os.Getenv("MIANSHEN_TOKEN"); token != "" {
			return strings.TrimSpace(token), nil
		}
		return "", Misuse{"要知道是谁在办：把令牌放进环境变量 MIANSHEN_TOKEN，或用 --token-file 给出；示例库可用 --as D1"}
	}
	text, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return "", Misuse{fmt.Sprintf("--token-file：读不了 %s", a.TokenFile)}
	}
	return strings.TrimSpace(string(text)), nil
}

// Actor is the person in the first of the roles that he has. Who has none of them acts in one that he has, and is refused by
// what he does, which knows why.
func (d *Desk) Actor(roles ...string) lists.Actor {
	a := lists.Actor{Person: d.Who.Person, StandsFor: d.StandsFor}
	for _, r := range roles {
		if d.Who.Has(persons.Role(r)) {
			a.Role = r
			return a
		}
	}
	if len(d.Who.Roles) > 0 {
		a.Role = string(d.Who.Roles[0].Role)
	}
	return a
}

// Payer is the person for the rooms about payments.
func (d *Desk) Payer() pay.Actor { return pay.Actor{Person: d.Who.Person, StandsFor: d.StandsFor} }

// Sealing are the flags of a command that seals or opens account numbers.
type Sealing struct {
	Keys string `env:"MIANSHEN_KEYS" help:"封存密钥文件（权限 600），与 serve 用的是同一份；没有就新建。缺省在 SQLite 数据库文件旁边，PostgreSQL 必须写明"`
}

// Ring opens the keys.
func (s Sealing) Ring(d *Desk) (*seal.Ring, error) { return d.Program.Keys(d.db, s.Keys) }
