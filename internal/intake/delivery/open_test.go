package delivery

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A folder is one delivery, its files sorted by name.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"2.csv": fill(t, "统一社会信用代码,入库税收\n<2>,5\n"), "1.csv": fill(t, "统一社会信用代码,入库税收\n<1>,5\n"), ".hidden": "x", "~$1.xlsx": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ins, closeAll, err := Open(dir)
	if err != nil || len(ins) != 2 {
		t.Fatalf("%d files, %v", len(ins), err)
	}
	report, err := ReadAll(context.Background(), parseVocabulary(t, taxVocabulary), ins, taxes, Limits{}, func(Part) error { return nil })
	if err != nil || report.Files[0].Name != "1.csv" || report.Rows != 2 {
		t.Errorf("%v, %+v", err, report)
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "旧"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                     dir + " 里还有文件夹 旧，请只放这一批的数据文件",
		filepath.Join(dir, "旧"): filepath.Join(dir, "旧") + " 里有 0 个文件，一批数据有 1 至 1000 个",
		filepath.Join(dir, "x"): "没有 " + filepath.Join(dir, "x") + " 这个文件",
	} {
		if _, _, err := Open(path); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A Parquet file, which TestWritten of internal/sheet/parquet made, gives typed columns too.
func TestParquet(t *testing.T) {
	v := parseVocabulary(t, `fields:
  - {name: 上年营业收入, id: revenue, type: money, unit: 元, source: 税务局, of: 营业收入, period: year-1}
  - {name: 从业人数, id: staff, type: int, unit: 人, source: 税务局}
  - {name: 裁员率, id: layoffs, type: decimal, unit: "%", source: 税务局}
  - {name: 成立日期, id: since, type: date, source: 税务局}
  - {name: 高新技术企业, id: high_tech, type: bool, source: 税务局}
  - {name: 资质, id: kinds, type: set, source: 税务局}
`)
	ins, closeAll, err := Open("../testdata/firms.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll() //nolint:errcheck // only read
	var parts []Part
	meta := taxes
	meta.IgnoreUnknown = true
	if _, err := ReadAll(context.Background(), v, ins, meta, Limits{}, func(p Part) error { parts = append(parts, p); return nil }); err != nil {
		t.Fatal(err)
	}
	parts[0].Names = make([]string, len(parts[0].Codes)) // it has none
	want := "MA1JP7UB \"\" 营业收入=-123456e-0 从业人数=30e-0 裁员率=55e-3 成立日期=45837 高新技术企业=true 资质=\"乙\\n甲\\n\"\n" +
		"MA1JN1AK \"\" 营业收入=? 从业人数=? 裁员率=? 成立日期=25568 高新技术企业=? 资质=?\n"
	if diff := cmp.Diff(want, written(parts)); diff != "" {
		t.Error(diff)
	}
}
