package index
import ("testing";"os";"math/rand/v2";"strings";"fmt";"context";"time";"sort";"runtime")
func TestBig(t *testing.T) {
	if os.Getenv("BIG")=="" {t.Skip("manual")}
	c := corpus(t); var pool []string
	for _, d := range c { for _, s := range strings.FieldsFunc(d.Body, func(r rune) bool { return r=='，'||r=='。'||r=='、'}) { pool = append(pool, s) } }
	r := rand.New(rand.NewPCG(1,1)); han := []rune("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处理世车")
	n := 100000
	t0:=time.Now()
	x, err := func() (*Index, error) { dir,_ := os.MkdirTemp("","big"); err := Create(context.Background(), dir, func(y func(Document, error) bool) {
		for i := range n { var b strings.Builder; for b.Len() < 1500 { if r.IntN(3)>0 { b.WriteString(pool[r.IntN(len(pool))]) } else { for range 10 { b.WriteRune(han[min(len(han)-1, int(r.ExpFloat64()*60))]) } }; b.WriteString("，") }
			if !y(Document{ID: fmt.Sprint("d",i), Group: fmt.Sprint("g",i/20), Kind: KindClause, Title: pool[r.IntN(len(pool))], Body: b.String(), Department: fmt.Sprint("局",i%30), Mode: "auto"}, nil) {return} }
	}); if err!=nil {return nil, err}
	fmt.Println("build", time.Since(t0)); t0=time.Now(); var m runtime.MemStats; runtime.ReadMemStats(&m); fmt.Println("sys", m.Sys>>20)
	x, err := Open(dir); fmt.Println("open", time.Since(t0), err); x.temp=dir; return x, err }()
	if err!=nil {t.Fatal(err)}
	defer x.Close()
	var lat []time.Duration
	qs := []string{}; for _, s := range sections(t, "testdata/queries.txtar") { for _, l := range strings.Split(s.data,"\n") { q,_,ok := strings.Cut(l,"=>"); if ok {qs=append(qs,q)} } }
	for range 3 { for _, q := range qs { t0=time.Now(); _, err := x.Search(context.Background(), Query{Text:q}); d := time.Since(t0); if err!=nil {t.Error(q, err)}; lat=append(lat,d); if d>60*time.Millisecond {fmt.Println(q,d)} } }
	for _, q := range []string{"", "的", "企业"} { t0=time.Now(); r, err := x.Search(context.Background(), Query{Text:q}); fmt.Println(q, time.Since(t0), r.Total, err) }
	sort.Slice(lat, func(i,j int) bool {return lat[i]<lat[j]}); fmt.Println("p50", lat[len(lat)/2], "p99", lat[len(lat)*99/100])
	var m runtime.MemStats; runtime.ReadMemStats(&m); fmt.Println("heap", m.HeapAlloc>>20, "sys", m.Sys>>20)
}
