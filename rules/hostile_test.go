package rules_test

import (
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/rules"
	"mianshen/rules/source"
)

const (
	hostileTime   = 100 * time.Millisecond
	hostileMemory = 32 << 20
	mega          = 1 << 20
)

// policyAround puts text into a policy at the place of %s.
const policyAround = "id: p\ntitle: 示例\nin_force: {from: 2025-01-01}\nitems:\n  - id: i\n    title: 示例\n    conditions:\n%s\n"

func withCondition(expression string) string {
	return fmt.Sprintf(policyAround, "      - id: c\n        require: '"+expression+"'")
}

// hostileExpressions are conditions that want to kill, hang, starve or deceive.
func hostileExpressions() map[string]string {
	rep := strings.Repeat
	return map[string]string{
		"1 MB of (":             rep("(", mega-300),
		"1 MB of [":             rep("[", mega-300),
		"1 MB of {":             rep("{", mega-300),
		"1 MB of not":           rep("not ", mega/4-100),
		"1 MB of minus":         rep("-", mega-300),
		"1 MB of !":             rep("!", mega-300),
		"1 MB of a name":        rep("a", mega-300),
		"1 MB of digits":        rep("9", mega-300),
		"1 MB of and":           rep("高新技术企业 and ", mega/23-20) + "高新技术企业",
		"7 KB of (":             rep("(", 7000),
		"7 KB of [":             rep("[", 7000),
		"7 KB of not":           rep("not ", 1700) + "高新技术企业",
		"7 KB of !":             rep("!", 7000) + "高新技术企业",
		"7 KB of minus":         rep("-", 7000) + "系数 > 0",
		"7 KB of plus":          rep("+", 7000) + "系数 > 0",
		"nested ternaries":      rep("高新技术企业 ? true : ", 250) + "true",
		"nested ternaries left": rep("(高新技术企业 ? ", 200) + "true" + rep(" : true)", 200),
		"nested loops":          "any(合同, any(合同, any(合同, .租金 > 0*元)))",
		"loop in a filter":      "count(filter(filter(合同, .转租), .转租)) > 0",
		"loops by closures":     "all(标签, all(标签, # == \"软件\"))",
		"clock":                 "now() > 成立日期",
		"range":                 "sum(1..1000000000) > 0",
		"range in count":        "count(1..1000000000, # > 1) > 0",
		"repeat":                `repeat("长", 1000000000) == 企业名称`,
		"join":                  `join(map(1..100000, "长")) == 企业名称`,
		"let":                   "let x = 1; x > 0",
		"pipe":                  "合同 | count() > 0",
		"environment":           "$env == 1",
		"maps":                  `{"a": 1}.a == 1`,
		"index":                 "合同[0].租金 > 0*元",
		"method":                `企业名称.String() == "x"`,
		"optional chain":        "合同?.租金 > 0*元",
		"default":               "(失信 ?? false) == false",
		"power":                 "系数 ** 系数 ** 系数 > 1",
		"overflow literal":      "系数 > 9223372036854775808",
		"overflow in constants": "上年营业收入 > 9223372036854775807*亿元",
		"huge literal":          "系数 > 1" + rep("0", 500),
		"exponent":              "系数 > 1e999999999",
		"hexadecimal":           "系数 > 0xFFFFFFFFFFFFFFFFFF",
		"zero division":         "系数 / 0 > 1",
		"Cyrillic":              "高新技术企业 and аrrears",
		"full-width":            "系数 ＞ 1",
		"full-width letters":    "ｎｏｔ 高新技术企业",
		"Kangxi radical":        "⾼新技术企业",
		"compatibility Han":     "\uf9f1 > 1",
		"right-to-left":         "高新技术企业 and \u202enot 失信",
		"isolate":               "高新技术企业 \u2066and 失信",
		"zero width":            "高新\u200b技术企业",
		"combining":             "高新技术企业\u0301",
		"no-break space":        "高新技术企业\u00a0and 失信",
		"line separator":        "高新技术企业\u2028and 失信",
		"invisible in text":     "企业名称 == \"甲\u200b\"",
		"pattern":               `企业名称 matches "((((a{1,900}){1,900}){1,900}){1,900})"`,
		"bad pattern":           `企业名称 matches "(("`,
		"pattern of a field":    "企业名称 matches 批次",
		"200 arguments":         "max(" + rep("系数, ", 200) + "系数) > 1",
		"1000 in a list":        "系数 in [" + rep("1, ", 1000) + "1]",
		"unclosed quote":        "企业名称 == \"" + rep("长", 1000),
		"backquotes":            "企业名称 == `" + rep("`", 1001),
		"comment":               "高新技术企业 /* " + rep("*", 2000),
		"hash comment":          "高新技术企业 # " + rep("x", 2000),
		"escapes":               `企业名称 == "` + rep(`\u0000`, 900) + `"`,
		"bytes":                 `b"abc" == 企业名称`,
		"assignment":            "失信 = false",
		"semicolon":             "true; true",
		"if":                    "if 失信 { true } else { false }",
		"predicate":             "{失信}",
		"nil":                   "失信 != nil",
		"get":                   `get(合同, 0) == 1`,
		"type of":               `type(失信) == "bool"`,
		"reduce":                "reduce(合同, #acc + .租金) > 0*元",
		"groupBy":               "len(groupBy(合同, .用途)) > 0",
	}
}

// hostileFiles are policy files that want the same.
func hostileFiles() map[string]string {
	rep := strings.Repeat
	files := map[string]string{
		"one line of 1 MB":        "id: " + rep("x", mega-10),
		"title of 1 MB":           strings.Replace(withCondition("失信"), "title: 示例", "title: "+rep("长", 300_000), 1),
		"more than 1 MB":          "title: " + rep("x", mega),
		"flow sequences":          rep("[", mega-1),
		"flow maps":               rep("{", mega-1),
		"flow maps with keys":     rep("{a: ", mega/4-1),
		"closed flow sequences":   "id: " + rep("[", 400_000) + rep("]", 400_000),
		"dashes":                  rep("- ", mega/2-1),
		"question marks":          rep("? ", mega/2-1),
		"colons":                  rep(": ", mega/2-1),
		"dashes, 40 a line":       rep(rep("- ", 40)+"x\n", 10_000),
		"question marks, 40":      rep("? ", 40) + "x\n",
		"alias bomb":              "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
		"merge keys":              "a: &a {x: 1}\nb: {<<: *a}\n",
		"tags":                    "id: !!binary aGVsbG8=\n",
		"directive":               "%YAML 1.2\n---\nid: p\n",
		"two documents":           "id: p\n---\nid: q\n",
		"many documents":          rep("---\n", mega/4-1),
		"100,000 keys":            manyKeys(100_000),
		"100,000 items":           "items:\n" + rep("  - {}\n", 100_000),
		"100,000 clauses":         "id: p\nclauses:\n" + rep("  - {}\n", 90_000),
		"deep blocks":             deepBlocks(400),
		"deep any and all":        fmt.Sprintf(policyAround, deepConditions(60)),
		"very deep any and all":   fmt.Sprintf(policyAround, deepConditions(2000)),
		"a thousand conditions":   fmt.Sprintf(policyAround, rep("      - {id: c, require: 失信}\n", 20_000)),
		"defines that double":     doublingDefines(40),
		"defines that double, 9k": doublingDefines(9000),
		"defines in a circle":     strings.Replace(withCondition("甲 > 1"), "    conditions:", "    define: {甲: 乙 + 1, 乙: 甲 + 1}\n    conditions:", 1),
		"invalid UTF-8":           "id: p\xff\xfe\n",
		"UTF-16":                  "\xff\xfei\x00d\x00:\x00",
		"NUL":                     "id: p\x00\n",
		"NULs":                    rep("\x00", mega),
		"control characters":      "id: p\x1b[2J\n",
		"tabs":                    "id: p\n\titems: []\n",
		"1 MB of tabs":            rep("\t", mega),
		"1 MB of blank":           rep(" ", mega),
		"1 MB of lines":           rep("\n", mega),
		"1 MB of comment":         "#" + rep("x", mega-1),
		"1 MB of comments":        rep("#\n", mega/2),
		"1 MB of quotes":          rep(`"`, mega),
		"1 MB of single quotes":   rep("'", mega),
		"quoted keys":             rep("\"a\": \"b\"\n", 90_000),
		"literal":                 "plain: |\n" + rep("  x\n", 200_000),
		"folded":                  "plain: >\n" + rep("  x\n", 200_000),
		"unclosed quote":          "id: \"" + rep("x\n", 300_000),
		"bidi in title":           "id: p\ntitle: \u202e示例\u202c\n",
		"empty":                   "",
		"only null":               "~",
		"scalar":                  "just text",
		"list":                    "- id: p",
		"1 MB of commas":          "id: [" + rep(",", mega-10),
		"1 MB of ampersands":      rep("&", mega),
		"1 MB of stars":           rep("*", mega),
		"1 MB of percent":         rep("%", mega),
		"1 MB of colons":          rep(":", mega),
		"1 MB of pipes":           rep("|", mega),
		"1 MB of exclamations":    rep("!", mega),
		"1 MB of backslashes":     "id: \"" + rep("\\", mega-10),
		"long keys":               rep("k", 500_000) + ": " + rep("v", 500_000),
		"keys of one map":         "id: {" + rep("a: 1, ", 150_000) + "}",
		"spaces in flow":          "id: {a:" + rep(" ", 900_000) + "1}",
		"indent grows":            deepIndent(600),
	}
	for name, e := range hostileExpressions() {
		files["expression: "+name] = withCondition(e)
	}
	maps.Copy(files, atTheCaps())
	return files
}

// atTheCaps fills a file as far as the reader lets it through to the parser: long lines of one sign, many short lines.
func atTheCaps() map[string]string {
	rep := strings.Repeat
	out := map[string]string{}
	for _, sign := range strings.Split("% * & \" ' \\ , : | ! ? - # > @ ` [] {} () a 长 . = ~ < ^ $ / 0 ;", " ") {
		out["long lines of "+sign] = rep(rep(sign, 7900/len(sign))+"\n", 32)
		out["quoted lines of "+sign] = "id: \"" + rep(rep(sign, 7900/len(sign))+"\n", 32)
		out["values of "+sign] = rep("k: "+rep(sign, 7900/len(sign))+"\n", 32)
		out["short lines of "+sign] = rep(rep(sign, 24/len(sign))+"\n", 7900)
		out["list of "+sign] = "k: [" + rep(sign+", ", 2000) + "]\n"
		out["items of "+sign] = "k:\n" + rep("  - "+sign+" x\n", 7900)
	}
	keys := manyKeys(7900)
	out["7,900 keys"] = keys
	out["7,900 keys in quotes"] = strings.ReplaceAll(strings.ReplaceAll(keys, "k", "\"k"), ":", "\":")
	out["7,900 items"] = "items:\n" + rep("  - {id: a, title: b}\n", 7900)
	out["9,000 braces"] = rep("k: "+rep("{a: ", 40)+rep("}", 40)+"\n", 220)
	out["dashes, 40 a line, to the cap"] = rep(rep("- ", 15)+"x\n", 7900)
	out["blocks, to the cap"] = rep("a: |\n  x\n", 3950)
	out["expressions, to the cap"] = fmt.Sprintf(policyAround, rep("      - {id: c, require: 系数 > 1 and 系数 > 2}\n", 3900))
	out["defines, to the cap"] = doublingDefines(190)
	return out
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func deepIndent(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("  ", i) + "- \n")
	}
	return b.String()
}

func deepConditions(n int) string {
	var b strings.Builder
	b.WriteString("      - id: c\n        any: ")
	for range n {
		b.WriteString("[{all: ")
	}
	b.WriteString("[{require: 失信}]" + strings.Repeat("}]", n))
	return b.String()
}

func doublingDefines(n int) string {
	var b strings.Builder
	b.WriteString("    define:\n      d0: 系数\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "      d%d: d%d + d%d\n", i, i-1, i-1)
	}
	text := strings.Replace(withCondition(fmt.Sprintf("d%d > 1", n-1)), "    conditions:", b.String()+"    conditions:", 1)
	return text
}

// fine lists the texts that are big or odd and yet lawful: they must be read within the bounds too.
var fine = map[string]bool{"defines that double": true, "defines, to the cap": true}

// TestHostileTexts: each hostile text ends in a mistake that points into the file, within 100 ms and 32 MB; none panics.
func TestHostileTexts(t *testing.T) {
	v := randomVocabulary(t)
	files := hostileFiles()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		bounded(t, name, !fine[name], func() source.Mistakes {
			p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(text)}, "policy")
			if p == nil || ms.Fatal() {
				return ms
			}
			book, more := rules.Compile(v, []*rules.Policy{p})
			if book != nil {
				s := book.NewSession(rules.Circumstances{})
				s.Load(rules.NewProfile(v, "91310118MA1JP7UB2B"))
				for _, r := range book.Rules {
					s.Decide(r)
				}
			}
			return append(ms, more...)
		})
	}
}

// TestHostileOtherFiles: the same for values.yaml, cases.yaml and the vocabulary.
func TestHostileOtherFiles(t *testing.T) {
	rep := strings.Repeat
	policy := []byte(withCondition("失信"))
	for name, text := range map[string]string{
		"numbers too long":   "values: [{name: 甲, clause: 第一条, unit: 元, value: " + rep("9", 100_000) + "}]",
		"number overflows":   "values: [{name: 甲, clause: 第一条, unit: 亿元, value: 99999999999}]",
		"many tiers":         "values:\n  - name: 甲\n    clause: 第一条\n    unit: 元\n    by: 系数\n    tiers:\n" + rep("      - {at_least: 1, value: 1}\n", 19_000/2),
		"many dated":         "values:\n  - name: 甲\n    clause: 第一条\n    unit: 元\n    dated:\n" + rep("      - {from: 2025-01-01, value: 1}\n", 9000),
		"unit of 100 KB":     "values: [{name: 甲, clause: 第一条, unit: " + rep("元/", 40_000) + "元, value: 1}]",
		"a table of garbage": "values: [{name: 甲, clause: 第一条, unit: 元, by: 批次, table: {" + rep("甲: 1, ", 20_000) + "}}]",
	} {
		bounded(t, "values: "+name, true, func() source.Mistakes {
			_, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": policy, "values.yaml": []byte(text)}, "policy")
			return ms
		})
	}
	chain := "cases:\n"
	for i := range 4000 {
		chain += fmt.Sprintf("  - {name: n%d, kind: accepted, like: n%d, expect: {outcome: eligible}}\n", i, (i+1)%4000)
	}
	for name, text := range map[string]string{
		"a circle of 4000": chain,
		"9000 cases":       "cases:\n" + rep("  - {name: a, kind: accepted, as_of: 2025-01-01, expect: {outcome: eligible}}\n", 9000),
	} {
		bounded(t, "cases: "+name, true, func() source.Mistakes {
			_, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": policy, "cases.yaml": []byte(text)}, "policy")
			return ms
		})
	}
	for name, text := range map[string]string{
		"a circle of derived": "fields:\n  - {name: 甲, id: a, type: bool, derive: 乙}\n  - {name: 乙, id: b, type: bool, derive: 甲}\n",
		"30,000 fields":       "fields:\n" + rep("  - {name: 甲, id: a, type: bool}\n", 9000),
		"table in table":      "fields:\n  - {name: 甲, id: a, type: table, key: 键, columns: [{name: 乙, id: b, type: table}]}\n",
		"hostile derive":      "fields:\n  - {name: 甲, id: a, type: bool, derive: '" + rep("(", 500_000) + "'}\n",
		"reserved name":       "fields:\n  - {name: 基准日, id: a, type: date}\n",
		"look-alike name":     "fields:\n  - {name: 甲, id: а, type: bool}\n",
	} {
		bounded(t, "vocabulary: "+name, true, func() source.Mistakes {
			_, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(text))
			return ms
		})
	}
}

// hung is set once a text didn't end: its goroutine goes on, so that nothing can be measured any more.
var hung atomic.Bool

// bounded runs read and holds it to the bounds; time is the best of three, since other work shares the machine.
func bounded(t *testing.T, name string, wrong bool, read func() source.Mistakes) {
	t.Helper()
	best := time.Hour
	var ms source.Mistakes
	var used uint64
	for i := 0; i < 3 && best > hostileTime/2; i++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		done := make(chan source.Mistakes, 1)
		go func() { done <- read() }() // a panic ends the test run, as it should
		select {
		case ms = <-done:
		case <-time.After(deadline()):
			hung.Store(true)
			t.Errorf("%s: not done after %v", name, deadline())
			return
		}
		best = min(best, time.Since(start))
		runtime.ReadMemStats(&after)
		used = after.TotalAlloc - before.TotalAlloc
	}
	if wrong != ms.Fatal() {
		t.Errorf("%s: refused %v, want %v: %.300s", name, ms.Fatal(), wrong, ms.Error())
	}
	pointed(t, name, ms)
	if underRace || hung.Load() {
		return
	}
	if best > hostileTime {
		t.Errorf("%s: %v, bound %v", name, best, hostileTime)
	}
	if used <= hostileMemory {
		return
	}
	if p := peak(func() { _ = read() }); p > hostileMemory {
		t.Errorf("%s: %d MB at once (%d MB in all), bound %d MB", name, p>>20, used>>20, hostileMemory>>20)
	}
}

func deadline() time.Duration {
	if underRace {
		return time.Minute
	}
	return 20 * hostileTime
}

// pointed holds that every mistake says where it is, in few words.
func pointed(t *testing.T, name string, ms source.Mistakes) {
	t.Helper()
	for _, m := range ms {
		if m.At.Line < 1 || m.At.Column < 1 || m.Message == "" || m.File == "" {
			t.Errorf("%s: a mistake that points nowhere: %+v", name, m)
			return
		}
		if len(m.Error()) > 3000 {
			t.Errorf("%s: a message of %d bytes", name, len(m.Error()))
			return
		}
	}
}

// peak is the largest heap that was seen while work ran, above what was there before.
func peak(work func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	read := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	base, most := read(), uint64(0)
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	for {
		select {
		case <-done:
			return max(most, base) - base
		default:
			most = max(most, read())
			time.Sleep(100 * time.Microsecond)
		}
	}
}
