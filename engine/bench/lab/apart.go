package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"mianshen/engine/bench/results"
)

// Started is when this process began.
var Started = time.Now()

// Apart runs an experiment of this program in a process of its own, passes on what it writes, and gives its results.
func Apart(ctx context.Context, name string, o Options) ([]results.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("own program: %w", err)
	}
	args := []string{
		"-run", name, "-rows", fmt.Sprint(o.Rows), "-items", fmt.Sprint(o.Items), "-repeat", fmt.Sprint(o.Repeat),
		"-pairs", fmt.Sprint(o.Pairs), "-seed", fmt.Sprint(o.Seed), "-dir", o.Dir,
	}
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // it runs itself
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	os.Stdout.Write(text)
	got, bad := results.Parse(string(text))
	return got, errors.Join(err, bad)
}
