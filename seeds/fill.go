package seeds

import (
	"fmt"
	"strconv"
	"strings"

	"mianshen/rules/civil"
)

// The setters write one cell each, in the form the profile files have: 是 and
// 否, 2025-06-30, yuan with two decimals, sets joined by ";". A name the vocabulary
// doesn't deliver is a mistake in this package and panics.

func (f *firm) put(name, value string) {
	at, ok := f.layout.at[name]
	if !ok {
		panic(fmt.Sprintf("seeds: the vocabulary delivers no field %s", name))
	}
	f.cells[at] = value
}

func (f *firm) yes(name string, value bool)     { f.put(name, yesNo(value)) }
func (f *firm) count(name string, value int64)  { f.put(name, strconv.FormatInt(value, 10)) }
func (f *firm) money(name string, fen int64)    { f.put(name, hundredths(fen)) }
func (f *firm) decimal(name string, part int64) { f.put(name, hundredths(part)) }
func (f *firm) date(name string, d civil.Date)  { f.put(name, dateCell(d)) }

// rank writes a level, 无 for none.
func (f *firm) rank(name, level string) {
	if level == "" {
		level = "无"
	}
	f.put(name, level)
}

// yearly writes money of the year so many years back; a year before the firm's foundation has no value.
func (f *firm) yearly(name string, series [4]int64, back int) {
	if f.monthsIn(back) > 0 {
		f.money(name, series[back])
	}
}

func (f *firm) set(name string, members []string) {
	if len(members) == 0 {
		f.put(name, ";;")
		return
	}
	f.put(name, strings.Join(members, ";"))
}

// some returns the members of xs that a throw with the given chance picks, in their order.
func (f *firm) some(xs []string, permille int64) []string {
	var picked []string
	for _, x := range xs {
		if f.d.chance(permille) {
			picked = append(picked, x)
		}
	}
	return picked
}

func yesNo(value bool) string {
	if value {
		return "是"
	}
	return "否"
}

// hundredths writes n/100 with two decimals.
func hundredths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

func dateCell(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// fill writes every delivered field, department by department.
func (f *firm) fill() {
	f.fillRegister()
	f.fillStatistics()
	f.fillTax()
	f.fillScience()
	f.fillIndustry()
	f.fillLabour()
	f.fillCommerce()
	f.fillCredit()
	f.fillRest()
}

func (f *firm) fillRegister() {
	f.put("企业名称", f.name)
	f.put("主体类型", f.kind)
	f.yes("独立法人", f.kind != "个体工商户" && (f.kind != "企业" || f.d.chance(965)))
	f.put("登记状态", []string{"存续", "吊销", "注销"}[f.d.weighted(984, 7, 9)])
	f.date("成立日期", f.founded)
	f.put("注册区", f.district)
	f.put("注册街镇", f.town)
	operation := f.district
	if f.d.chance(70) {
		operation = choose(f.d, []string{"青浦区", "闵行区", "松江区", "外省市"})
	}
	f.put("实际经营区", operation)
	parks := f.column("所在园区").values
	f.put("所在园区", parks[f.d.weighted(150, 15, 70, 60, 90, 615)])
	capital := f.d.around(3_000_000, 1700) / 10_000 * 1_000_000
	f.money("注册资本", capital+1_000_000)
	f.money("实缴资本", permille(capital+1_000_000, choose(f.d, []int64{0, 100, 300, 500, 1000, 1000})))
	kind := []string{"内资", "港澳台资", "外资"}[f.d.weighted(900, 40, 60)]
	f.put("登记注册类型", kind)
	f.decimal("境外母公司资产总额", 0)
	if kind == "外资" {
		f.decimal("境外母公司资产总额", f.d.around(900_000, 1800))
	}
	group := f.name
	if f.d.chance(80) {
		group = fmt.Sprintf("示例集团%04d", f.number/40)
	}
	f.put("关联集团", group)
	f.yes("小微企业名录", f.staff < 60 && f.revenue[1] < 20_000_000_00 && f.d.chance(900))
	f.yes("近三年严重质量问题", f.troubled && f.d.chance(80))
}

// column returns the declared column of a single fact.
func (f *firm) column(name string) column { return f.layout.columns[f.layout.at[name]] }

func (f *firm) fillStatistics() {
	s := &f.status
	f.put("行业代码", f.code)
	if f.monthsIn(1) > 0 {
		f.count("从业人数", f.staff)
	}
	f.yearly("上年工业总产值", f.output, 1)
	f.yearly("前年工业总产值", f.output, 2)
	if f.quarter >= 0 {
		f.money("上季度工业总产值", f.quarter)
		f.money("上年同季工业总产值", f.quarterBefore)
	}
	f.yes("规模以上工业企业", s.industryScale)
	f.yes("限额以上批零住餐企业", s.tradeScale)
	f.yes("规模以上服务业企业", s.serviceScale)
	f.yes("首次升规纳统", s.newAtScale)
	f.date("升规入库日期", s.scaleSince)
	f.count("连续在库年数", s.scaleYears)
	f.put("统计关系区", f.seat(30))
	f.yes("联网直报正常", f.d.chance(960))
	f.yearly("上年网络零售额", f.online, 1)
	f.yearly("前年网络零售额", f.online, 2)
	f.fillEnergy()
}

// seat says where a department keeps the firm: mostly where it is registered, elsewhere with the given chance.
func (f *firm) seat(strayed int64) string {
	if f.d.chance(strayed) {
		return choose(f.d, []string{"本市其他区", "外省市"})
	}
	switch f.district {
	case "青浦区":
		return "青浦区"
	case "外省市":
		return "外省市"
	}
	return "本市其他区"
}

func (f *firm) fillEnergy() {
	if f.monthsIn(1) == 0 {
		return
	}
	used := f.d.around(f.staff*60, 900) // hundredths of a tonne
	if f.industrial() {
		used += f.d.around(max(f.output[1]/40_000_000, 1)*100, 1100)
	}
	f.decimal("上年综合能源消费量", used)
	if f.monthsIn(2) > 0 {
		f.decimal("前年综合能源消费量", permille(used, f.d.between(850, 1200)))
	}
}

func (f *firm) fillTax() {
	f.yearly("上年营业收入", f.revenue, 1)
	f.yearly("前年营业收入", f.revenue, 2)
	f.yearly("大前年营业收入", f.revenue, 3)
	f.yearly("上年净利润", f.profit, 1)
	f.yearly("前年净利润", f.profit, 2)
	f.yearly("上年入库税收", f.tax, 1)
	f.yearly("前年入库税收", f.tax, 2)
	f.yearly("上年研发费用", f.research, 1)
	f.yearly("前年研发费用", f.research, 2)
	f.put("税收户管区", f.seat(25))
	grade := []string{"A", "B", "M", "C", "D"}[f.d.weighted(300, 470, 150, 50, 12)]
	if f.troubled {
		grade = choose(f.d, []string{"B", "C", "D"})
	}
	f.put("纳税信用级别", grade)
	f.yes("欠税", f.troubled && f.d.chance(300) || f.d.chance(8))
	if f.monthsIn(1) > 0 {
		f.money("上年主营业务收入", f.mainRevenue)
		f.money("资产总额", f.assets)
		f.money("负债总额", f.debts)
		f.money("上年加计扣除额", permille(max(f.research[1], 0), f.d.between(700, 1000)))
	}
	land := int64(0)
	if f.industrial() && f.d.chance(420) {
		land = f.d.around(2200, 900)
	}
	f.decimal("用地面积", land)
	if f.monthsIn(1) > 0 {
		perMu, invested := int64(0), int64(0)
		if land > 0 {
			perMu, invested = f.tax[1]/land/100, f.assets/land/200
		}
		f.decimal("亩均税收", perMu)
		f.decimal("亩均投资强度", invested)
	}
}

func (f *firm) fillScience() {
	s := &f.status
	researchers := int64(0)
	if f.researches {
		researchers = min(f.staff, 1+permille(f.staff, min(f.d.around(140, 700), 900)))
	}
	if f.monthsIn(1) > 0 {
		f.count("研发人员数", researchers)
	}
	f.yes("高新技术企业", s.highTech)
	f.date("高企发证日期", s.certified)
	f.date("高企证书有效期至", s.validTo)
	f.date("高企首次认定日期", s.firstCertified)
	f.yes("科技型中小企业", s.techSME)
	f.rank("科技小巨人级别", s.techGiant)
	f.date("科技小巨人立项日期", s.techGiantOn)
	f.money("市级科技拨款", s.techGrant)
	f.yes("新技术新产品认定", s.highTech && f.d.chance(140))
	contracts, computing := int64(0), int64(0)
	if f.researches && f.d.chance(250) {
		contracts = permille(f.revenue[1], f.d.between(5, 400))
	}
	if f.section() == 'I' && f.researches && f.d.chance(350) {
		computing = permille(f.revenue[1], f.d.between(2, 120))
	}
	if f.monthsIn(1) > 0 {
		f.money("上年技术合同成交额", contracts)
		f.money("上年算力采购额", computing)
	}
	f.fillPatents()
}

func (f *firm) fillPatents() {
	s, owned := &f.status, int64(0)
	if f.researches {
		owned = f.d.around(8+f.staff/20, 1100)
	}
	f.count("有效专利数", owned)
	f.count("一类知识产权数", owned*f.d.between(0, 400)/1000)
	f.count("上年PCT申请量", owned*f.d.between(0, 80)/1000)
	works := f.d.below(4)
	if f.section() == 'I' {
		works = f.d.around(9, 1300)
	}
	f.count("软件著作权数", works)
	demo := ""
	if s.highTech && f.d.chance(130) {
		demo = []string{"国家示范", "国家优势", "市示范", "市试点"}[f.d.weighted(1, 3, 4, 6)]
	}
	f.rank("知识产权示范级别", demo)
	f.yes("出口市场注册商标", f.trade[1] > 0 && f.d.chance(300))
}

func (f *firm) fillIndustry() {
	s := &f.status
	f.set("重点产业标签", f.some(f.family.tags, 420))
	f.yes("创新型中小企业", s.innovative)
	f.yes("专精特新中小企业", s.specialised)
	f.date("市级专精特新首次认定日期", s.specialisedOn)
	f.yes("专精特新复核通过", s.reviewed)
	f.yes("小巨人", s.giant)
	f.date("小巨人首次认定日期", s.giantOn)
	if s.giant {
		f.put("小巨人认定批次", batches[s.giantOn.Year()-2019])
	}
	f.yes("小巨人复核通过", s.giantReviewed)
	f.rank("单项冠军级别", s.champion)
	f.date("单项冠军首次认定日期", s.championOn)
	f.rank("绿色工厂级别", s.green)
	f.date("绿色工厂认定日期", s.greenOn)
	products := int64(0)
	if s.green != "" {
		products = f.d.below(18)
	}
	f.count("绿色设计产品数", products)
	f.rank("智能工厂级别", s.smart)
	f.rank("企业技术中心级别", s.centre)
	f.date("企业技术中心认定日期", s.centreOn)
	f.yes("首台套装备有效", s.firstSet)
	f.set("资质", f.some(f.column("资质").values, 40+min(f.staff, 200)))
	f.yes("企业服务云按时填报", s.innovative && f.d.chance(930) || f.d.chance(600))
	f.yes("一企一策协议", f.revenue[1] > hundredMil*5 && f.d.chance(120))
	power := int64(0)
	if f.industrial() && f.d.chance(130) {
		power = f.d.around(60_000, 1200)
	}
	f.decimal("光伏装机容量", power)
}

func (f *firm) fillLabour() {
	if f.monthsIn(1) > 0 {
		f.count("大专以上职工数", permille(f.staff, f.d.between(80, 950)))
	}
	since := f.insuredSince.Year()
	if since < cutoff.Year() {
		f.count("上年末参保人数", f.insured[1])
		f.count("上年自然减员", f.attrition)
		f.money("上年实缴失业保险费", f.insured[1]*f.d.between(880_00, 2400_00))
	}
	if since < cutoff.Year()-1 {
		f.count("前年末参保人数", f.insured[2])
	}
	f.count("上月参保人数", f.insured[0])
	f.count("参保首月人数", f.insuredFirst)
	f.date("失业保险首次参保日期", f.insuredSince)
	months, _ := civil.FullMonths(f.insuredSince, cutoff)
	f.count("失业保险足额缴费月数", max(0, int64(months)-choose(f.d, []int64{0, 0, 0, 0, 0, 0, 1, 3})))
	f.yes("社保正常缴纳", f.d.chance(975))
	f.yes("劳务派遣单位", f.status.dispatcher)
	talents := int64(0)
	if f.researches {
		talents = f.staff * f.d.below(30) / 1000
	}
	f.count("高层次人才数", talents)
	disabled := int64(0)
	if f.staff > 40 && f.d.chance(400) {
		disabled = f.staff * f.d.below(35) / 1000
	}
	f.count("安置残疾人数", disabled)
	f.yes("就业见习基地", f.staff > 80 && f.d.chance(90))
	f.yes("初创企业", f.status.startup)
	var founders []string
	if f.status.startup {
		founders = f.some(f.column("创业者身份").values, 150)
	}
	f.set("创业者身份", founders)
}

func (f *firm) fillCommerce() {
	f.yearly("上年进出口额", f.trade, 1)
	f.yearly("前年进出口额", f.trade, 2)
	if f.monthsIn(1) > 0 {
		exported := permille(f.trade[1], f.d.between(100, 1000))
		f.money("上年出口额", exported)
		f.decimal("上年进出口额美元", f.trade[1]/71_200) // 7.12 元 a dollar, hundredths of 万美元
		crossing := int64(0)
		if exported > 0 && f.d.chance(250) {
			crossing = permille(exported, f.d.between(20, 700))
		}
		f.money("上年跨境电商销售额", crossing)
	}
	f.yes("外贸经营备案", f.trade[1] > 0 || f.d.chance(60))
	abroad := int64(0)
	if f.trade[1] > hundredMil && f.d.chance(160) {
		abroad = f.d.around(300_000, 1000)
	}
	f.decimal("海外仓面积", abroad)
	floor, shops := int64(0), int64(0)
	if f.code[:3] == "F52" || f.section() == 'H' || f.section() == 'O' {
		floor, shops = f.d.around(45_000, 1400), f.d.around(2, 1300)
	}
	f.decimal("营业面积", floor)
	f.count("直营门店数", shops)
	f.yes("老字号", f.status.timeHonoured)
	f.yes("跨国公司地区总部", f.status.headquarters)
	f.yes("商务领域不良信用", f.troubled && f.d.chance(70))
}

func (f *firm) fillCredit() {
	t := f.troubled
	f.yes("失信被执行人", t && f.d.chance(280))
	f.yes("严重失信", t && f.d.chance(180))
	f.yes("经营异常", t && f.d.chance(350) || f.d.chance(9))
	f.yes("联合惩戒", t && f.d.chance(110))
	clean := min(int64(cutoff.Year()-f.founded.Year()), 15)
	if t {
		clean = f.d.below(3)
	}
	f.count("连续无失信年数", clean)
	fines := int64(0)
	if f.fine >= 50_000_00 {
		fines = f.d.between(1, 3)
	}
	f.count("近三年重大行政处罚次数", fines)
	f.money("近三年最大单笔罚款", f.fine)
	accident := ""
	if f.d.chance(9) {
		accident = []string{"一般", "较大", "重大"}[f.d.weighted(8, 2, 1)]
	}
	f.rank("近三年安全事故等级", accident)
	f.yes("近三年重大环境违法", f.industrial() && f.d.chance(12))
	f.yes("排污达标", f.d.chance(970))
	f.yes("立案调查", t && f.d.chance(60))
	f.yes("应退未退财政资金", t && f.d.chance(90))
}

func (f *firm) fillRest() {
	f.yes("同一项目已获上级资金", f.researches && f.d.chance(80))
	f.yes("对公账户已核验", f.d.chance(880))
	f.yes("联系人手机已核验", f.d.chance(800))
	f.money("近两年股权融资", f.equity)
	f.yes("禁止限制目录", f.d.chance(12))
	if f.monthsIn(1) > 0 {
		invested := int64(0)
		if f.industrial() && f.d.chance(500) || f.d.chance(150) {
			invested = permille(f.revenue[1], f.d.between(5, 180))
		}
		f.money("上年固定资产投资", invested)
	}
	f.rank("上市挂牌阶段", f.status.listing)
	f.date("上市挂牌日期", f.status.listingOn)
	fields, roofs, beds := int64(0), int64(0), int64(0)
	leading, cooperative := "", ""
	if f.section() == 'A' {
		fields, roofs = f.d.around(12_000, 1400), f.d.around(1500, 1500)
		if f.d.chance(160) {
			leading = levels[f.d.weighted(1, 3, 6)]
		}
		if f.kind == "农民专业合作社" && f.d.chance(350) {
			cooperative = levels[f.d.weighted(1, 3, 6)]
		}
	}
	if f.code == "Q8514" || f.code == "Q8512" {
		beds = f.d.around(90, 800)
	}
	f.decimal("种植面积", fields)
	f.decimal("设施农业面积", roofs)
	f.rank("农业龙头级别", leading)
	f.rank("示范合作社级别", cooperative)
	f.count("养老床位数", beds)
	f.yes("文化企业", f.section() == 'R' || f.code == "I6572" || f.code == "L7259")
}
