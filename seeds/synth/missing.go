package synth

// undelivered says, for each department, for how many firms out of 1,000 its
// data never arrived. One throw takes out everything the department delivers.
var undelivered = map[string]int64{
	"区市场监管局": 15, "区税务局": 40, "区统计局": 70, "区科委": 55, "区经委": 50, "区人社局": 45, "区知识产权局": 60, "区发展改革委": 70,
	"区法院": 30, "区应急局": 110, "区生态环境局": 150, "区司法局": 90, "区商务委": 120, "青浦海关": 180, "区规划资源局": 280, "区财政局": 60,
	"人民银行": 300, "区政务服务办": 200, "区公安分局": 450, "区农业农村委": 380, "区民政局": 420, "区文旅局": 330, "区房管局": 220,
}

// holes are single fields that are often empty although the department delivered, in thousandths.
var holes = map[string]int64{
	"所在园区": 60, "实缴资本": 90, "境外母公司资产总额": 150, "关联集团": 120, "重点产业标签": 140, "大前年营业收入": 60, "上年主营业务收入": 180,
	"负债总额": 40, "研发人员数": 160, "大专以上职工数": 220, "上年技术合同成交额": 120, "上年算力采购额": 300, "一类知识产权数": 250, "软件著作权数": 100,
	"光伏装机容量": 180, "近两年股权融资": 260, "上年综合能源消费量": 80, "前年综合能源消费量": 110, "安置残疾人数": 90, "创业者身份": 300, "资质": 150,
	"直营门店数": 140, "营业面积": 170, "海外仓面积": 200, "参保首月人数": 130, "连续无失信年数": 60, "企业服务云按时填报": 70,
}

// recordless are the tables of which a delivered firm without rows is not said
// to have none, in thousandths: the source doesn't say, so it stays missing.
const recordless = 120

// lose empties what the departments fail to deliver: fields, and whole tables.
// A table that was delivered and has no rows gets one row of empty cells.
func (f *sheet) lose() {
	gone := map[string]bool{}
	for _, department := range f.layout.departments {
		if f.Dice.Chance(undelivered[department]) && !f.Complete {
			gone[department] = true
		}
	}
	for i, c := range f.layout.columns {
		if gone[c.source] || f.Dice.Chance(holes[c.name]) && !f.Complete {
			f.cells[i] = ""
		}
	}
	for _, t := range f.layout.tables {
		switch {
		case gone[t.source]:
			delete(f.records, t.name)
		case len(f.records[t.name]) == 0 && (f.Complete || !f.Dice.Chance(recordless)):
			f.records[t.name] = [][]string{make([]string, len(t.columns)+1)}
		}
	}
}
