package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/rules/civil"
)

// verifyCmd checks an exported audit log or a receipt, with no database and no network.
type verifyCmd struct {
	File       string            `arg:"" help:"export-audit 导出的日志，或 audit receipt 开的凭证"`
	Key        []string          `help:"公钥，或公钥文件（.pub）；换过密钥就给几把"`
	Checkpoint string            `help:"以前留存的检查点文件：核对那时已有的记录一条没变"`
	Value      map[string]string `help:"核对凭证里封存的值，例如 person=张三"`
}

// Run says what is in order, or which record is wrong.
func (c *verifyCmd) Run(s *streams) (err error) {
	o := audit.Options{Open: c.Value}
	for _, key := range c.Key {
		if text, err := os.ReadFile(key); err == nil {
			key = strings.TrimSpace(string(text))
		}
		if audit.CheckKey(key) != nil {
			return misuse{"--key：不是公钥，也不是公钥文件"}
		}
		o.Keys = append(o.Keys, key)
	}
	if c.Checkpoint != "" {
		if o.Old, err = held("--checkpoint", c.Checkpoint); err != nil {
			return err
		}
		_, err = audit.Open(o.Old, o.Keys...)
	}
	if errors.Is(err, audit.ErrSignature) {
		return misuse{fmt.Sprintf("--checkpoint：%s 不是用给出的公钥签的", c.Checkpoint)}
	}
	if err != nil {
		return misuse{fmt.Sprintf("--checkpoint：%s 不是检查点，或被改过", c.Checkpoint)}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return misuse{fmt.Sprintf("读不了 %s", c.File)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := bufio.NewReader(f)
	start, _ := in.Peek(len(`{"receipt":`)) // a shorter file is told so by Verify
	if bytes.Equal(start, []byte(`{"receipt":`)) {
		return c.receipt(s, in, o)
	}
	if len(c.Value) > 0 {
		return misuse{"--value 只用于凭证"}
	}
	r, err := audit.Verify(in, o)
	if err != nil {
		return c.wrong(s, err)
	}
	fmt.Fprintf(s.out, "日志“%s”完好：%d 条记录，%d 个检查点，截至 %s。\n", r.Origin, r.Records, r.Checkpoints, shanghai(r.Last.At))
	if r.Old > 0 {
		fmt.Fprintf(s.out, "旧检查点时的 %d 条记录一条没变。\n", r.Old)
	}
	c.warn(s)
	return nil
}

// receipt checks the proof of one record.
func (c *verifyCmd) receipt(s *streams, in *bufio.Reader, o audit.Options) error {
	r, point, err := audit.VerifyReceipt(in, o)
	if err != nil {
		return c.wrong(s, err)
	}
	fmt.Fprintf(s.out, "凭证属实：日志“%s”第 %d 条，%s，%s，%s。\n", point.Origin, r.Record.Seq, r.Record.Kind, r.Record.Subject, shanghai(r.Record.At))
	for _, name := range slices.Sorted(maps.Keys(r.Record.Facts)) {
		fmt.Fprintf(s.out, "  %s：%s\n", name, r.Record.Facts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Value)) {
		fmt.Fprintf(s.out, "  %s 是“%s”\n", name, c.Value[name])
	}
	c.warn(s)
	return nil
}

// wrong says what is wrong with the file; the exit code is 1.
func (c *verifyCmd) wrong(s *streams, err error) error {
	if fault, ok := errors.AsType[*audit.Fault](err); ok {
		fmt.Fprintf(s.err, "%s：%s。\n", c.File, fault.Text)
		return errMistakes
	}
	return err
}

// warn says how far the answer goes when nothing was held against the file.
func (c *verifyCmd) warn(s *streams) {
	if len(c.Key) == 0 && c.Checkpoint == "" {
		fmt.Fprintln(s.err, "没有给公钥，也没有给旧检查点：只核对了文件自身前后一致，不能证明它没有被整个换过。")
	}
}

func shanghai(t time.Time) string {
	return t.In(civil.Shanghai()).Format("2006-01-02 15:04:05")
}
