package lint
import ("testing";"fmt";"strings";"time";"mianshen/rules")
func TestZZ(t *testing.T){
 v:=vocabulary(t)
 var b strings.Builder
 b.WriteString("id: p\ntitle: x\nin_force: {from: 2025-01-01, to: 2027-12-31}\nclauses: [{ref: 第一条, text: 示例。}]\nitems:\n  - id: a\n    title: x\n    conditions:\n")
 for i:=0;i<290;i++{ fmt.Fprintf(&b,"      - {id: c%d, require: '上年营业收入 >= %d*万元 or 从业人数 > %d or 裁员率 < %d or 企业规模 == \"大型\" and 行业(行业代码, \"C%d\")'}\n",i,i,i,i,13+i%30)}
 var vals strings.Builder
 vals.WriteString("values:\n  - {name: x, unit: 万元, clause: 第一条, dated: [")
 for i:=0;i<20;i++{ if i>0 {vals.WriteString(", ")}; fmt.Fprintf(&vals,"{from: 2025-01-%02d, to: 2025-01-%02d, value: %d}",i+1,i+1,i)}
 vals.WriteString(", {from: 2025-01-21, value: 3}]}\n")
 p,ms:=rules.ReadPolicyFiles(map[string][]byte{"policy.yaml":[]byte(b.String()),"values.yaml":[]byte(vals.String())},"")
 if ms.Fatal(){t.Fatal(ms)}
 bk,ms:=rules.Compile(v,[]*rules.Policy{p}); if bk==nil {t.Fatal(ms)}
 s:=time.Now(); n:=len(Policy(bk,p)); t.Log(time.Since(s),n)
}
