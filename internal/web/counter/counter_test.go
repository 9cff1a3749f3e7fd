package counter

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"mianshen/rules/exact"
)

// TestMoney reads sums as people write them, and guesses at none: a comma that parts no thousands may stand for a point.
func TestMoney(t *testing.T) {
	for text, want := range map[string]exact.Money{
		"12345.60": 12345_60, "12,345.60": 12345_60, "1，000": 1000_00, "1,234,567": 1234567_00, " 7 ": 7_00, "0.01": 1, "999": 999_00,
		"1,2": 0, "12,34": 0, "1,,000": 0, ",1": 0, "1,000,": 0, "1234,567": 0, "1,000.5,0": 0, "1,0000": 0, "-1,000": 0,
		"1e3": 0, "０.０１": 0, "0.001": 0, "-5": 0, "0": 0, "": 0, "92233720368547758.08": 0, "99999999999999999999": 0, "0x10": 0, "1_000": 0, "NaN": 0, "二百": 0,
	} {
		got, err := Money(httptest.NewRequest(http.MethodGet, "/?amount="+url.QueryEscape(text), http.NoBody), "amount")
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}
