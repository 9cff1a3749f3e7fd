package web

import (
	"fmt"
	"mianshen/internal/web/desk"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestScratch(t *testing.T) {
	b := time.Now()
	s, _ := served(t, nil)
	fmt.Println("built", time.Since(b))
	for _, p := range []string{"/", "/?q=小巨人奖励", "/enterprises", "/policies/qp-jw-zjtx-tidu", "/openapi.json", "/api/v1/search?q=研发&limit=1", "/readyz", "/api/v1/nope", "/nope"} {
		b := time.Now()
		w := call(s, strings.ReplaceAll(p, " ", "%20"))
		fmt.Println(p, w.Code, w.Body.Len(), time.Since(b))
		if w.Code >= 400 {
			fmt.Println(w.Body)
		}
	}
	fmt.Println(call(s, "/api/v1/search?q=研发&limit=1").Body)
	list := read[enterpriseList](t, s, "/api/v1/enterprises?limit=60", 200)
	best := ""
	max := int64(0)
	for _, e := range list.Enterprises {
		f := read[desk.Firm](t, s, "/api/v1/enterprises/"+e.USCC+"/matches", 200)
		if f.Totals.Eligible > max {
			max = f.Totals.Eligible
			best = e.USCC
		}
	}
	b = time.Now()
	call(s, "/enterprises/"+best)
	fmt.Println(best, max, time.Since(b))
	if os.Getenv("SERVE") != "" {
		l := httptest.NewUnstartedServer(s)
		l.Start()
		fmt.Println(l.URL)
		os.WriteFile("/tmp/web-url", []byte(l.URL), 0o644)
		time.Sleep(3600 * time.Second)
	}
}
