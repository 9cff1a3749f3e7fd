package wecom_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
	"mianshen/internal/notify/channel/wecom"
)

func TestRobot(t *testing.T) {
	answer, status, last := "", 200, ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last = string(body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer s.Close()
	c := wecom.New(outward.Options{Loopback: true, Timeout: time.Second})
	m := channel.Message{Title: "题", Text: strings.Repeat("长", 2000), Link: "https://example.cn/1", OptOut: "https://example.cn/stop"}
	for _, try := range []struct {
		status int
		answer string
		want   channel.Result
	}{
		{200, `{"errcode":0,"errmsg":"ok"}`, channel.Delivered},
		{200, `{"errcode":45009}`, channel.Retry},
		{200, `{"errcode":93000}`, channel.Refused},
		{200, `{"ok":1}`, channel.Unknown},
		{200, `<html>`, channel.Unknown},
		{500, ``, channel.Unknown},
		{404, ``, channel.Refused},
	} {
		answer, status = try.answer, try.status
		got, err := c.Send(t.Context(), channel.Address{To: s.URL}, m)
		if got != try.want || (err == nil) != (got == channel.Delivered) {
			t.Errorf("%d %s: %s, %v", try.status, try.answer, got, err)
		}
	}
	var sent struct{ Text struct{ Content string } }
	if err := json.Unmarshal([]byte(last), &sent); err != nil || len(sent.Text.Content) > 2048 || !utf8.ValidString(sent.Text.Content) ||
		!strings.HasSuffix(sent.Text.Content, "…\nhttps://example.cn/1\nhttps://example.cn/stop") {
		t.Errorf("sent %d bytes, %v", len(sent.Text.Content), err)
	}
	if err := c.Check("https://evil.cn/"); err == nil {
		t.Error("another host is called")
	}
}
