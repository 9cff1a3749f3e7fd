package counter

import (
	"errors"
	"fmt"
	"testing"

	"mianshen/internal/store"
)

// TestTold: a refusal is read as its sentence; what the database alone refused is put into words, and stays the error that it is.
func TestTold(t *testing.T) {
	bare := fmt.Errorf("send list L1: %w: %w", store.ErrConflict, errors.New("a trigger (SQLSTATE 23001)"))
	said := fmt.Errorf("第 1 笔：收款账户已停用%w", silent{})
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("export list L1: %w", said), "第 1 笔：收款账户已停用"},
		{said, "第 1 笔：收款账户已停用"},
		{bare, "数据库没有接受：这一步与库里现有的记录合不上，什么都没有改。请查看现在的状态，核对后再办。（send list L1: conflict: a trigger (SQLSTATE 23001)）"},
	} {
		got := told(c.err)
		if got.Error() != c.want || !errors.Is(got, store.ErrConflict) {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
	if other := errors.New("x"); !errors.Is(told(other), other) || told(nil) != nil {
		t.Error("what is no refusal changed")
	}
}

// silent is a conflict that adds no words.
type silent struct{}

func (silent) Error() string { return "" }
func (silent) Unwrap() error { return store.ErrConflict }
