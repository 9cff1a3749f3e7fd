package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// server is the one server that a script may run.
type server struct {
	cmd    *exec.Cmd
	stderr strings.Builder
	ended  chan error // receives what ended the process, once
}

type serverKey struct{}

// patience is how long a server may take to begin or to end before the script fails; on two busy processors with -race the
// sample data takes a while.
const patience = 90 * time.Second

var ready = regexp.MustCompile(`已就绪：(http://\S+)`)

// serve runs mianshen serve with the arguments given until it is ready; $URL and $ADDR then tell where. serve ARG...
func serve(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if neg || s.cmd != nil {
		ts.Fatalf("usage: serve ARG..., once at a time")
	}
	path, err := exec.LookPath("mianshen")
	ts.Check(err)
	s.cmd = exec.Command(path, append([]string{"serve"}, args...)...)
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "GORACE="+ts.Getenv("GORACE"))
	pipe, err := s.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	s.stderr.Reset()
	s.ended = make(chan error, 1)
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			fmt.Fprintln(&s.stderr, lines.Text())
			if m := ready.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		s.ended <- s.cmd.Wait()
	}()
	process := s.cmd.Process
	ts.Defer(func() { _ = process.Kill() }) // it has ended already where the script came to its halt
	select {
	case url := <-address:
		ts.Setenv("URL", url)
		ts.Setenv("ADDR", strings.TrimPrefix(url, "http://"))
	case err := <-s.ended:
		ts.Fatalf("server ended before it was ready: %v\n%s", err, s.stderr.String())
	case <-time.After(patience):
		ts.Fatalf("server not ready after %v", patience)
	}
}

// halt ends the server as a supervisor does and prints what it wrote to stderr; it must end with exit code 0.
func halt(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if neg || len(args) > 0 || s.cmd == nil {
		ts.Fatalf("usage: halt, after serve")
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		_, wrote := io.WriteString(ts.Stdout(), s.stderr.String())
		ts.Check(errors.Join(err, wrote))
	case <-time.After(patience):
		ts.Fatalf("server still runs after %v", patience)
	}
	s.cmd = nil
}

// request asks the server and prints the body; the status must be the one given: request STATUS PATH
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: request STATUS PATH")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.Getenv("URL")+args[1], http.NoBody)
	ts.Check(err)
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	_, err = io.Copy(ts.Stdout(), res.Body)
	ts.Check(errors.Join(err, res.Body.Close()))
	if got := fmt.Sprint(res.StatusCode); got != args[0] {
		ts.Fatalf("status %s, want %s", got, args[0])
	}
}
