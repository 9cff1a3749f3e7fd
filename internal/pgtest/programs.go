package pgtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// debian is where Debian puts the initdb of each installed version.
const debian = "/usr/lib/postgresql/*/bin/initdb"

// programs returns the folder of initdb and postgres: that of the initdb in PATH, else of the newest version among the
// files that pattern matches. The error is errNotInstalled where there is none.
func programs(pattern string) (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		program, err := filepath.EvalSymlinks(path)
		if err != nil {
			return "", err
		}
		return filepath.Dir(program), nil
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", errors.Join(errNotInstalled, err)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version returns the major version in /usr/lib/postgresql/VERSION/bin/initdb, 0 if it isn't a number.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// account is who runs the server; the zero value is the user of the test itself.
type account struct{ credential *syscall.Credential }

// servant returns who runs the server. PostgreSQL refuses to run as root: there it is the user postgres, or nobody.
func servant() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("group of user %s: %w", name, err)
		}
		return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("running as root, and there is neither a user postgres nor nobody to run the server")
}

// give makes the account the owner of path.
func (a account) give(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// apply makes cmd run as the account, in a session of its own, so that no signal to the tests' group reaches it.
func (a account) apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential}
}

// freePort returns a TCP port on 127.0.0.1 that nobody listened on a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
