package exchange

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfig opens the channels of a file, and refuses files that say something else.
func TestConfig(t *testing.T) {
	dir, log := t.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	password := write("password", "geheim\n")
	c, err := Read(write("good.json", `{"smtp":{"host":"mail.example.cn","port":587,"user":"u","password_file":"`+password+`","from":"notice@example.cn"},
		"webhook":{"hosts":["*.example.cn"]},"sms":{"url":"https://sms.example.cn/send","sign":"青浦区","templates":{"":"T1"},"hosts":["sms.example.cn"]},"wecom":{},"log":true}`))
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.Channels(log)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range list {
		names = append(names, x.Name())
	}
	if got := strings.Join(names, " "); got != "smtp sms webhook wecom log" {
		t.Errorf("channels: %s", got)
	}
	for name, text := range map[string]string{"unknown": `{"fax":{}}`, "two": `{} {}`, "none": ``} {
		if _, err := Read(write(name, text)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	bad := Config{SMS: &Gateway{URL: "http://sms.example.cn", Hosts: []string{"sms.example.cn"}}}
	if _, err := bad.Channels(log); err == nil {
		t.Error("a gateway without TLS is taken")
	}
	gone := Config{SMTP: &Mail{PasswordFile: filepath.Join(dir, "gone")}}
	if _, err := gone.Channels(log); err == nil {
		t.Error("a password that isn't there is taken")
	}
}
