package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
	"mianshen/internal/notify/channel/webhook"
)

// TestSignature checks a call as a firm's own system would.
func TestSignature(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte("geheim"))
		mac.Write([]byte("1751256000." + string(body)))
		if r.Header.Get("X-Mianshen-Signature") != "v1="+hex.EncodeToString(mac.Sum(nil)) || r.Header.Get("X-Mianshen-Timestamp") != "1751256000" || r.Header.Get("Idempotency-Key") != "k" {
			t.Errorf("headers %v, %v", r.Header, err)
		}
		if want := `{"id":"e","kind":"paid","enterprise":"x","title":"题","text":"文"}`; string(body) != want {
			t.Errorf("body %s", body)
		}
	}))
	defer s.Close()
	c := webhook.New(outward.Options{Loopback: true, Timeout: time.Second}, func() time.Time { return time.Unix(1751256000, 0) })
	m := channel.Message{Event: "e", Kind: "paid", Enterprise: "x", Title: "题", Text: "文", Key: "k"}
	if result, err := c.Send(t.Context(), channel.Address{To: s.URL, Secret: []byte("geheim")}, m); result != channel.Delivered || err != nil {
		t.Errorf("%s, %v", result, err)
	}
	if result, err := c.Send(t.Context(), channel.Address{To: s.URL}, m); result != channel.Refused || err == nil {
		t.Errorf("without a secret: %s, %v", result, err)
	}
	if result, _ := c.Send(t.Context(), channel.Address{To: "https://firm.cn/", Secret: []byte("x")}, m); result != channel.Refused {
		t.Errorf("a host that isn't on the list: %s", result)
	}
}
