package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSealedOpensInItsPlaceOnly(t *testing.T) {
	ring := New()
	plain, place := []byte("6222021001116245702"), "payee_account|number|a1"
	sealed, err := ring.Seal(plain, place)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Error("sealed bytes show the number")
	}
	if got, err := ring.Open(sealed, place); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened %q, %v", got, err)
	}
	again, err := ring.Seal(plain, place)
	if err != nil || bytes.Equal(again, sealed) {
		t.Error("the same plain is sealed the same twice", err)
	}
	if _, err := ring.Open(sealed, "payee_account|number|a2"); !errors.Is(err, ErrOpen) {
		t.Error("opens in another row:", err)
	}
	if _, err := New().Open(sealed, place); !errors.Is(err, ErrOpen) {
		t.Error("opens with another ring:", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := ring.Open(changed, place); !errors.Is(err, ErrOpen) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := ring.Open(sealed[:i], place); !errors.Is(err, ErrOpen) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	first, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path); !errors.Is(err, os.ErrExist) {
		t.Error("a key file was overwritten:", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	sealed, err := first.Seal([]byte("旧"), "t|c|1")
	if err != nil {
		t.Fatal(err)
	}
	if err := Renew(path); err != nil {
		t.Fatal(err)
	}
	second, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(sealed, "t|c|1"); err != nil || string(got) != "旧" {
		t.Errorf("after a new key: %q, %v", got, err)
	}
	newer, err := second.Seal([]byte("新"), "t|c|1")
	if err != nil || newer[4] != 2 {
		t.Error("the newest key doesn't seal", newer, err)
	}
	if _, err := first.Open(newer, "t|c|1"); !errors.Is(err, ErrOpen) {
		t.Error(err)
	}
	if first.Print("6222", "c") != second.Print("6222", "c") {
		t.Error("a new key changes prints")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("a key file for all was read:", err)
	}
}

func TestPrint(t *testing.T) {
	ring := New()
	seen := map[string]string{}
	for _, x := range [][2]string{{"1", "a"}, {"2", "a"}, {"1", "b"}, {"", "a1"}, {"a1", ""}, {"1a", ""}} {
		p := ring.Print(x[0], x[1])
		if len(p) != 64 || ring.Print(x[0], x[1]) != p {
			t.Errorf("%q: %s", x, p)
		}
		if other, ok := seen[p]; ok {
			t.Errorf("%q has the print of %s", x, other)
		}
		seen[p] = x[0] + "/" + x[1]
	}
	if New().Print("1", "a") == ring.Print("1", "a") {
		t.Error("prints don't depend on the key")
	}
}

func TestParseRefuses(t *testing.T) {
	good := string(another(nil, 1))
	key := strings.Fields(good)[1]
	for name, text := range map[string]string{
		"nothing": "", "no number": key, "short key": "1 AAAA", "number zero": "0 " + key, "twice": good + good, "falling": string(another(another(nil, 2), 1)),
		"not base64": "1 " + strings.Repeat("?", 44),
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrKey) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
