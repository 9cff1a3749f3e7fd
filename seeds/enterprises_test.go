package seeds_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/standard"
	"mianshen/seeds"
)

var (
	integer = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	yuan    = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]{2}$`)
	isoDate = regexp.MustCompile(`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$`)
)

// cutoff is the day after which nothing can have happened.
var cutoff = civil.MustParse("2025-06-30")

// checkCell reads one cell by the letter of the format: nothing to trim, one way to write each value.
func checkCell(f fact, cell string) error {
	if cell == "" {
		return nil
	}
	ok := false
	switch f.keys["type"] {
	case "bool":
		ok = cell == "是" || cell == "否"
	case "int":
		ok = integer.MatchString(cell)
	case "decimal":
		ok = decimal.MatchString(cell)
	case "money":
		_, err := exact.ParseMoney(cell)
		ok = yuan.MatchString(cell) && err == nil
	case "date":
		return checkDate(f, cell)
	case "enum":
		ok = slices.Contains(f.values, cell)
	case "set":
		ok = checkSet(f, cell)
	case "string":
		ok = strings.TrimSpace(cell) == cell && !strings.ContainsAny(cell, "\n\r\t\",=+@")
	}
	if !ok {
		return fmt.Errorf("%s: cell %q is no %s", f.name(), cell, f.keys["type"])
	}
	return nil
}

func checkDate(f fact, cell string) error {
	d, err := civil.Parse(cell)
	if err != nil || !isoDate.MatchString(cell) {
		return fmt.Errorf("%s: cell %q is no date: %w", f.name(), cell, err)
	}
	future := f.name() == "到期日期" || f.name() == "高企证书有效期至"
	if d.After(cutoff) && !future {
		return fmt.Errorf("%s: %s is after %s", f.name(), cell, cutoff)
	}
	return nil
}

func checkSet(f fact, cell string) bool {
	if cell == ";;" {
		return true
	}
	members := strings.Split(cell, ";")
	for i, m := range members {
		if !slices.Contains(f.values, m) || slices.Contains(members[:i], m) {
			return false
		}
	}
	return true
}

// world is a generated set with its vocabulary, for reading cells by name.
type world struct {
	bundle seeds.Bundle
	fields map[string]fact
	at     map[string]int
}

func newWorld(t *testing.T, b seeds.Bundle) *world {
	t.Helper()
	w := &world{bundle: b, fields: map[string]fact{}, at: map[string]int{}}
	for _, f := range facts(t) {
		w.fields[f.name()] = f
	}
	for i, name := range b.Profiles.Header {
		w.at[name] = i
	}
	return w
}

func (w *world) cell(row []string, name string) string { return row[w.at[name]] }

// number reads a cell as a whole count of hundredths; ok is false when it is missing.
func (w *world) number(row []string, name string) (n int64, ok bool) {
	cell := w.cell(row, name)
	if cell == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(cell, ".", ""), 10, 64)
	if err != nil {
		panic(err)
	}
	if !strings.Contains(cell, ".") {
		n *= 100
	}
	return n, true
}

func TestEveryCell(t *testing.T) {
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, b)
	checkHeader(t, w)
	cells := 0
	for _, row := range b.Profiles.Rows {
		for i, cell := range row[1:] {
			if err := checkCell(w.fields[b.Profiles.Header[i+1]], cell); err != nil {
				t.Errorf("%s: %v", row[0], err)
			}
			cells++
		}
		if !standard.ValidIndustry(w.cell(row, "行业代码")) && w.cell(row, "行业代码") != "" {
			t.Errorf("%s: industry %q", row[0], w.cell(row, "行业代码"))
		}
		if name := w.cell(row, "企业名称"); name != "" && !strings.HasPrefix(name, "示例") {
			t.Errorf("%s: name %q could be a real firm's", row[0], name)
		}
	}
	for _, table := range b.Records {
		cells += checkRecords(t, w, table)
	}
	t.Logf("%d cells read", cells)
}

// checkHeader: the code and every delivered single field of the vocabulary, in its order.
func checkHeader(t *testing.T, w *world) {
	t.Helper()
	want := []string{"统一社会信用代码"}
	var tables []string
	for _, f := range facts(t) {
		switch {
		case f.keys["type"] == "table":
			tables = append(tables, f.name())
		case f.keys["derive"] == "":
			want = append(want, f.name())
		}
	}
	if !slices.Equal(w.bundle.Profiles.Header, want) {
		t.Errorf("profile header %v, want %v", w.bundle.Profiles.Header, want)
	}
	for i, table := range w.bundle.Records {
		header := []string{"统一社会信用代码", w.fields[table.Name].keys["key"]}
		for _, c := range w.fields[table.Name].columns {
			header = append(header, c.name())
		}
		if table.Name != tables[i] || !slices.Equal(table.Header, header) {
			t.Errorf("table %d is %s %v, want %s %v", i, table.Name, table.Header, tables[i], header)
		}
	}
}

// checkRecords reads a table: keys are unique, an empty row stands alone.
func checkRecords(t *testing.T, w *world, table seeds.Table) int {
	t.Helper()
	columns := w.fields[table.Name].columns
	keys, filled, emptied := map[string]bool{}, map[string]bool{}, map[string]bool{}
	cells := 0
	for _, row := range table.Rows {
		if strings.Join(row[1:], "") == "" {
			if emptied[row[0]] {
				t.Errorf("%s: %s is said twice to have none", table.Name, row[0])
			}
			emptied[row[0]] = true
			continue
		}
		filled[row[0]] = true
		if row[1] == "" || keys[row[1]] {
			t.Errorf("%s: key %q is empty or twice", table.Name, row[1])
		}
		keys[row[1]] = true
		for i, cell := range row[2:] {
			if err := checkCell(columns[i], cell); err != nil {
				t.Errorf("%s %s: %v", table.Name, row[1], err)
			}
			cells++
		}
	}
	for code := range filled {
		if emptied[code] {
			t.Errorf("%s: %s has records and is said to have none", table.Name, code)
		}
	}
	n := len(w.bundle.Profiles.Rows)
	missing := n - len(filled) - len(emptied)
	t.Logf("%s: %d records of %d firms, %d known to have none, %d missing (%.1f %%)", table.Name, len(keys), len(filled), len(emptied), missing, percent(missing, n))
	if len(filled) < 8 || missing*100 < n || missing*2 > n {
		t.Errorf("%s: %d firms have records, %d of %d are missing", table.Name, len(filled), missing, n)
	}
	return cells
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(max(of, 1)) }

// onlyHolders are fields that exist only for firms with a title, so they say nothing about deliveries.
var onlyHolders = strings.Fields(`升规入库日期 高企发证日期 高企证书有效期至 高企首次认定日期 科技小巨人立项日期 市级专精特新首次认定日期
	小巨人首次认定日期 小巨人认定批次 单项冠军首次认定日期 绿色工厂认定日期 企业技术中心认定日期 上市挂牌日期`)

// TestMissing: each field is missing for 1 to 50 % of the firms, and a missing department takes all its fields.
func TestMissing(t *testing.T) {
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, b)
	rows := b.Profiles.Rows
	var shares []string
	bySource := map[string][]string{}
	for _, name := range b.Profiles.Header[1:] {
		f := w.fields[name]
		if slices.Contains(onlyHolders, name) {
			continue
		}
		bySource[f.keys["source"]] = append(bySource[f.keys["source"]], name)
		gaps := 0
		for _, row := range rows {
			if w.cell(row, name) == "" {
				gaps++
			}
		}
		share := percent(gaps, len(rows))
		shares = append(shares, fmt.Sprintf("%s %.1f", name, share))
		if share < 1 || share > 50 {
			t.Errorf("%s is missing for %.2f %% of the firms", name, share)
		}
	}
	t.Logf("missing, in per cent: %s", strings.Join(shares, "，"))
	for source, names := range bySource {
		none := 0
		for _, row := range rows {
			if !slices.ContainsFunc(names, func(n string) bool { return w.cell(row, n) != "" }) {
				none++
			}
		}
		if share := percent(none, len(rows)); share < 1 || share > 50 {
			t.Errorf("%s delivers nothing for %.2f %% of the firms", source, share)
		}
	}
}

// TestTruthsFitTogether holds what can't be true at once, wherever both facts are delivered.
func TestTruthsFitTogether(t *testing.T) {
	w := newWorld(t, seeds.Generate(4000, 11))
	yes := func(row []string, name string) bool { return w.cell(row, name) == "是" }
	no := func(row []string, name string) bool { return w.cell(row, name) == "否" }
	for _, row := range w.bundle.Profiles.Rows {
		wrong := map[string]bool{
			"小巨人 without 专精特新":  yes(row, "小巨人") && no(row, "专精特新中小企业"),
			"小巨人 without batch": yes(row, "小巨人") != (w.cell(row, "小巨人认定批次") != ""),
			"复核 without 小巨人":    yes(row, "小巨人复核通过") && no(row, "小巨人"),
			"单项冠军 without 小巨人":  w.cell(row, "单项冠军级别") != "" && w.cell(row, "单项冠军级别") != "无" && no(row, "小巨人"),
			"高企 out of date":    yes(row, "高新技术企业") && w.cell(row, "高企证书有效期至") < cutoff.String(),
			"高企 not said":       no(row, "高新技术企业") && w.cell(row, "高企证书有效期至") >= cutoff.String(),
			"升规 without scale":  yes(row, "首次升规纳统") && w.cell(row, "升规入库日期") < "2024-03-01",
			"town abroad":       w.cell(row, "注册区") != "" && (w.cell(row, "注册区") == "青浦区") == (w.cell(row, "注册街镇") == "区外"),
			"fine not counted":  w.cell(row, "近三年重大行政处罚次数") == "0" && exceeds(w, row, "近三年最大单笔罚款", 49_999_99),
			"more researchers":  above(w, row, "研发人员数", "从业人数"),
			"main above all":    above(w, row, "上年主营业务收入", "上年营业收入"),
			"exports above all": above(w, row, "上年出口额", "上年进出口额"),
			"research above":    above(w, row, "上年加计扣除额", "上年研发费用"),
			"output elsewhere":  exceeds(w, row, "上年工业总产值", 0) && !strings.ContainsAny(w.cell(row, "行业代码")+"B", "CDB"),
		}
		for name, f := range w.fields {
			if f.keys["type"] == "date" && w.cell(row, name) != "" && w.cell(row, name) < w.cell(row, "成立日期") {
				wrong[name+" before birth"] = true
			}
		}
		for what, is := range wrong {
			if is {
				t.Errorf("%s: %s", row[0], what)
			}
		}
	}
}

// TestRecordsFollowFoundation: no record is dated before its firm, and projects named by invoices exist.
func TestRecordsFollowFoundation(t *testing.T) {
	w := newWorld(t, seeds.Generate(4000, 12))
	founded, projects := map[string]string{}, map[string]bool{"": true}
	for _, row := range w.bundle.Profiles.Rows {
		founded[row[0]] = w.cell(row, "成立日期")
	}
	for _, table := range w.bundle.Records {
		for _, row := range table.Rows {
			projects[row[1]] = projects[row[1]] || table.Name == "技改项目"
			for i, c := range w.fields[table.Name].columns {
				if cell := row[i+2]; c.keys["type"] == "date" && cell != "" && cell < founded[row[0]] {
					t.Errorf("%s %s of %s: %s is %s, the firm is of %s", table.Name, row[1], row[0], c.name(), cell, founded[row[0]])
				}
			}
		}
	}
	undelivered := 0
	for _, table := range w.bundle.Records {
		at := slices.Index(table.Header, "项目备案号")
		if at < 2 {
			continue
		}
		for _, row := range table.Rows {
			if !projects[row[at]] {
				undelivered++
			}
		}
	}
	// The department of projects is another than that of invoices, so some invoices name a project that was never delivered.
	if undelivered > 200 {
		t.Errorf("%d invoices and contracts name no delivered project", undelivered)
	}
	t.Logf("%d invoices and contracts name a project that was not delivered", undelivered)
}

func exceeds(w *world, row []string, name string, bound int64) bool {
	n, ok := w.number(row, name)
	return ok && n > bound
}

func above(w *world, row []string, part, whole string) bool {
	a, known := w.number(row, part)
	b, both := w.number(row, whole)
	return known && both && a > b
}
