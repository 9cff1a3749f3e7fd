package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/store"
)

// auditCmd groups what its holder does with the audit log.
type auditCmd struct {
	Key     auditKeyCmd     `cmd:"" help:"造一对签署检查点的密钥：私钥自己收好，公钥给人核对"`
	Sign    auditSignCmd    `cmd:"" help:"签一个检查点：把此刻的日志定住，交给外面的人留存"`
	Receipt auditReceiptCmd `cmd:"" help:"给一条记录开凭证：不联网、没有数据库也能核对"`
}

// auditKeyCmd makes a key pair.
type auditKeyCmd struct {
	Origin string `required:"" help:"日志的名字，不含空格和加号，例如 qingpu.mianshen；以后不能改"`
	Out    string `required:"" help:"私钥写到这个文件（只有本人可读），公钥写到同名的 .pub 文件"`
}

// Run writes two files that mustn't exist yet.
func (c *auditKeyCmd) Run(s *streams) error {
	secret, public, err := audit.NewKey(c.Origin, rand.Reader)
	if err != nil {
		return misuse{"--origin：要有名字，不超过 200 字节，不含空格和加号"}
	}
	if err := create(c.Out, 0o600, secret+"\n"); err != nil {
		return err
	}
	if err := create(c.Out+".pub", 0o644, public+"\n"); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n", public)
	fmt.Fprintf(s.err, "私钥在 %s，请离开数据库另存；公钥在 %s.pub，可以公开。\n", c.Out, c.Out)
	return nil
}

// create writes a new file; what is there isn't overwritten.
func create(path string, mode os.FileMode, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return misuse{fmt.Sprintf("%s 已经有了，不覆盖", path)}
	}
	if err != nil {
		return misuse{fmt.Sprintf("写不了 %s：%v", path, err)}
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Sync(), f.Close())
}

// secretKey reads a secret key from a file that nobody else may read.
func secretKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", misuse{fmt.Sprintf("--key：读不了私钥 %s", path)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", misuse{fmt.Sprintf("--key：别人也能读私钥 %s（权限 %04o），先改为 0600", path, info.Mode().Perm())}
	}
	text, err := os.ReadFile(path)
	if err == nil {
		_, err = audit.Origin(string(text))
	}
	if err != nil {
		return "", misuse{fmt.Sprintf("--key：%s 不是 mianshen audit key 造的私钥", path)}
	}
	return string(text), nil
}

// auditSignCmd signs a checkpoint.
type auditSignCmd struct {
	DB  string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Key string `required:"" help:"私钥文件"`
	Out string `help:"检查点写到这个文件；缺省到标准输出"`
}

// Run signs all records that are there now.
func (c *auditSignCmd) Run(ctx context.Context, s *streams) (err error) {
	secret, err := secretKey(c.Key)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	signed, err := db.SignAudit(ctx, secret, time.Now())
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("审计日志里还没有记录，没有可签的。")
	}
	if err != nil {
		return err
	}
	if err := output(c.Out, s.out, false, func(w io.Writer) error { return text(w, signed) }); err != nil {
		return err
	}
	point, err := audit.Open(signed)
	if err == nil {
		fmt.Fprintf(s.err, "检查点盖住 %d 条记录。请交给系统之外的人留存。\n", point.Size)
	}
	return err
}

func text(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// auditReceiptCmd proves one record.
type auditReceiptCmd struct {
	Number     int64    `arg:"" help:"第几条记录"`
	DB         string   `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Checkpoint string   `help:"按这个检查点文件开；缺省按最新的检查点"`
	Reveal     []string `help:"带上这些封存项的盐，收到凭证的人可以核对它们的值，例如 person"`
	Out        string   `help:"写到这个文件；缺省到标准输出"`
}

// Run writes the receipt.
func (c *auditReceiptCmd) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var note string
	if c.Checkpoint != "" {
		note, err = held("--checkpoint", c.Checkpoint)
	} else if notes, e := db.AuditCheckpoints(ctx); len(notes) > 0 {
		note, err = notes[len(notes)-1], e
	} else {
		err = errors.Join(e, errNoCheckpoint)
	}
	if err != nil {
		return err
	}
	r, err := c.receipt(ctx, db, note)
	if err != nil {
		return err
	}
	return output(c.Out, s.out, false, r.Write)
}

var errNoCheckpoint = errors.New("审计日志还没有检查点，先用 mianshen audit sign 签一个。")

func (c *auditReceiptCmd) receipt(ctx context.Context, db *store.Store, note string) (r audit.Receipt, err error) {
	point, err := audit.Open(note)
	if err != nil {
		return r, misuse{"--checkpoint：不是检查点"}
	}
	if c.Number < 1 || c.Number > point.Size {
		return r, misuse{fmt.Sprintf("没有第 %d 条记录，或检查点（%d 条）还没有盖住它", c.Number, point.Size)}
	}
	list, err := db.AuditRecords(ctx, c.Number-1, 1)
	if err != nil {
		return r, err
	}
	if len(list) == 0 || list[0].Seq != c.Number {
		return r, fmt.Errorf("库里没有第 %d 条记录，检查点却有 %d 条：日志被改过", c.Number, point.Size)
	}
	r = audit.Receipt{Record: list[0].Record, Salts: map[string]audit.Salt{}, Note: note}
	salts, err := db.AuditSalts(ctx, c.Number)
	if err != nil {
		return r, err
	}
	for _, name := range c.Reveal {
		salt, ok := salts[name]
		if !ok {
			return r, misuse{fmt.Sprintf("--reveal：第 %d 条记录没有封存“%s”，或盐已销毁", c.Number, name)}
		}
		r.Salts[name] = salt
	}
	r.Proof, err = audit.Prove(point.Size, c.Number, db.AuditHashes(ctx))
	return r, err
}

// exportAuditCmd writes the log to a file.
type exportAuditCmd struct {
	DB  string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Out string `required:"" help:"写到这个文件，每行一条 JSON"`
	Key string `help:"先用这把私钥签一个检查点，使全部记录都导出；缺省导出到已有的最新检查点为止"`
}

// Run exports what checkpoints cover.
func (c *exportAuditCmd) Run(ctx context.Context, s *streams) (err error) {
	var secret string
	if c.Key != "" {
		if secret, err = secretKey(c.Key); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if secret != "" {
		if _, err := db.SignAudit(ctx, secret, time.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	notes, err := db.AuditCheckpoints(ctx)
	if err != nil {
		return err
	}
	if len(notes) == 0 {
		return errNoCheckpoint
	}
	e := &auditExport{db: db, notes: notes}
	if err := e.points(); err != nil {
		return err
	}
	if err := output(c.Out, s.out, false, func(w io.Writer) error { return e.write(ctx, w) }); err != nil {
		return err
	}
	size, err := db.AuditSize(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已导出 %d 条记录、%d 个检查点到 %s。\n", e.last.Size, len(notes), c.Out)
	if size > e.last.Size {
		fmt.Fprintf(s.err, "还有 %d 条记录没有检查点盖住，没有导出；用 --key 先签一个。\n", size-e.last.Size)
	}
	return nil
}

// auditExport is an export under way.
type auditExport struct {
	db    *store.Store
	notes []string
	sizes []int64 // of the notes
	last  audit.Checkpoint
}

func (e *auditExport) points() (err error) {
	for _, note := range e.notes {
		if e.last, err = audit.Open(note); err != nil {
			return fmt.Errorf("库里的检查点被改过：%w", err)
		}
		e.sizes = append(e.sizes, e.last.Size)
	}
	return nil
}

// write pages through the records up to the last checkpoint.
func (e *auditExport) write(ctx context.Context, out io.Writer) error {
	w, err := audit.NewWriter(out, e.last.Origin, e.last.Size, int64(len(e.notes)))
	for after, next := int64(0), 0; err == nil && after < e.last.Size; {
		var page []store.AuditRecord
		page, err = e.db.AuditRecords(ctx, after, int(min(1000, e.last.Size-after)))
		if err == nil && len(page) == 0 {
			err = fmt.Errorf("库里没有第 %d 条以后的记录，检查点却有 %d 条：日志被改过", after, e.last.Size)
		}
		for _, r := range page {
			after = r.Seq
			err = errors.Join(err, w.Record(r.Record, r.Leaf))
			if next < len(e.sizes) && e.sizes[next] == after {
				err = errors.Join(err, w.Checkpoint(after, e.notes[next]))
				next++
			}
		}
	}
	return err
}

// held reads a small file that the user holds in his hands.
func held(option, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", misuse{fmt.Sprintf("%s：读不了 %s", option, path)}
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", misuse{fmt.Sprintf("%s：读不了 %s", option, path)}
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n"), nil
}
