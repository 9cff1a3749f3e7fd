package treasury

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/internal/web/problem"
)

// TestExplain holds that whoever is refused reads the sentence, whatever the rooms put in front of it on its way, and that what is no
// sentence stays inside.
func TestExplain(t *testing.T) {
	treasury := &Treasury{Config: Config{Logger: slog.New(slog.DiscardHandler)}}
	for _, c := range []struct {
		err    error
		status int
		said   string
	}{
		{fmt.Errorf("export list L1: %w", &pay.Refusal{Message: "有 7 笔不能支付。"}), http.StatusConflict, "有 7 笔不能支付。"},
		{fmt.Errorf("receipt file: %w", fmt.Errorf("again: %w", &pay.Refusal{Message: "回单文件超过 32 MB。"})), http.StatusConflict, "回单文件超过 32 MB。"},
		{fmt.Errorf("export list L1: %w", payout.Batch{}.Check()), http.StatusConflict, ""},
		{fmt.Errorf("send list L1: %w", lists.ErrForbidden), http.StatusForbidden, ""},
		{fmt.Errorf("payment file: %w", store.ErrConflict), http.StatusInternalServerError, ""},
		{fmt.Errorf("payment file: %w", store.ErrNotFound), http.StatusNotFound, "没有找到名单。"},
		{errors.New("disk on fire"), http.StatusInternalServerError, ""},
	} {
		var p *problem.Problem
		if err := treasury.Explain(t.Context(), c.err, "名单"); !errors.As(err, &p) || p.Status != c.status || c.said != "" && p.Detail != c.said {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}
