package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// output writes to a file, whole or not at all, or to stdout. What isn't text doesn't go to a terminal. A pipe or device is
// written to as it is; a link is followed.
func output(path string, stdout io.Writer, binary bool, write func(io.Writer) error) (err error) {
	if path == "" {
		if binary && terminal(stdout) {
			return misuse{"xlsx 不能显示在终端上，请用 --out 写到文件"}
		}
		return write(stdout)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := os.FileMode(0o644)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return misuse{fmt.Sprintf("--out：%s 是目录", path)}
	case err == nil && !info.Mode().IsRegular():
		return direct(path, write)
	case err == nil:
		mode = info.Mode().Perm()
	}
	return replace(path, mode, write)
}

// direct writes to what isn't a regular file.
func direct(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return misuse{fmt.Sprintf("写不了 %s：%v", path, err)}
	}
	return errors.Join(write(f), f.Close())
}

// replace writes a new file beside path and puts it in its place once it is complete.
func replace(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".mianshen-*")
	if err != nil {
		return misuse{fmt.Sprintf("写不了 %s：%v", path, err)}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if err := errors.Join(write(tmp), tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("写 %s：%w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

func terminal(w io.Writer) bool {
	if c, ok := w.(*checkedWriter); ok {
		w = c.w
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// progress shows how far long work has come, on a terminal only and only once it has taken a second.
type progress struct {
	count atomic.Int64
	stop  chan struct{}
	ended chan struct{}
}

func newProgress(s *streams, what string, total int64) *progress {
	p := &progress{}
	if !terminal(s.err) || total == 0 {
		return p
	}
	p.stop, p.ended = make(chan struct{}), make(chan struct{})
	go p.show(s.err, what, total)
	return p
}

func (p *progress) show(w io.Writer, what string, total int64) {
	defer close(p.ended)
	select {
	case <-p.stop:
		return
	case <-time.After(time.Second):
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(w),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			_ = bar.Finish() // the bar is for the eye; what it can't draw doesn't matter
			return
		case <-tick.C:
			_ = bar.Set64(p.count.Load())
		}
	}
}

func (p *progress) add() { p.count.Add(1) }

func (p *progress) done() {
	if p.stop != nil {
		close(p.stop)
		<-p.ended
	}
}
