package rowset

import (
	"errors"
	"fmt"
	"testing"
)

type fake struct {
	left   int
	closed *int
	broken error
}

func (f *fake) Next() bool           { f.left--; return f.left >= 0 }
func (f *fake) Scan(to ...any) error { *to[0].(*int) = f.left; return nil }
func (f *fake) Err() error           { return f.broken }
func (f *fake) Close() error         { *f.closed++; return nil }

// TestEach reads every row, ends at the first error, and closes once either way, but not what a failed query didn't return.
func TestEach(t *testing.T) {
	query, broken, stop := errors.New("query"), errors.New("broken"), errors.New("stop")
	for _, x := range []struct {
		name        string
		err, broken error
		until       int
		want        error
		got         string
		closed      int
	}{
		{"all", nil, nil, -1, nil, "[2 1 0]", 1},
		{"the query failed", query, nil, -1, query, "[]", 0},
		{"reading broke off", nil, broken, -1, broken, "[2 1 0]", 1},
		{"the taker stops", nil, nil, 1, stop, "[2 1]", 1},
	} {
		closed, got := 0, []int{}
		err := Each(&fake{3, &closed, x.broken}, x.err, func(scan Scan) error {
			var n int
			if err := scan(&n); err != nil {
				return err
			}
			if got = append(got, n); n == x.until {
				return stop
			}
			return nil
		})
		if !errors.Is(err, x.want) || fmt.Sprint(got) != x.got || closed != x.closed {
			t.Errorf("%s: %v, closed %d times, %v", x.name, got, closed, err)
		}
	}
}
