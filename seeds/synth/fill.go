package synth

import (
	"fmt"
	"strconv"
	"strings"

	"mianshen/rules/civil"
	"mianshen/seeds/firm"
)

// The setters write one cell each, in the form the profile files have: 是 and
// 否, 2025-06-30, yuan with two decimals, sets joined by ";". A name the vocabulary
// doesn't deliver is a mistake in this package and panics.

func (f *sheet) put(name, value string) {
	at, ok := f.layout.at[name]
	if !ok {
		panic(fmt.Sprintf("seeds: the vocabulary delivers no field %s", name))
	}
	f.cells[at] = value
}

func (f *sheet) yes(name string, value bool)     { f.put(name, yesNo(value)) }
func (f *sheet) count(name string, value int64)  { f.put(name, strconv.FormatInt(value, 10)) }
func (f *sheet) money(name string, fen int64)    { f.put(name, hundredths(fen)) }
func (f *sheet) decimal(name string, part int64) { f.put(name, hundredths(part)) }
func (f *sheet) date(name string, d civil.Date)  { f.put(name, dateCell(d)) }

// rank writes a level, 无 for none.
func (f *sheet) rank(name, level string) {
	if level == "" {
		level = "无"
	}
	f.put(name, level)
}

// yearly writes money of the year so many years back; a year before the firm's foundation has no value.
func (f *sheet) yearly(name string, series [4]int64, back int) {
	if f.MonthsIn(back) > 0 {
		f.money(name, series[back])
	}
}

func (f *sheet) set(name string, members []string) {
	if len(members) == 0 {
		f.put(name, ";;")
		return
	}
	f.put(name, strings.Join(members, ";"))
}

// some returns the members of xs that a throw with the given chance picks, in their order.
func (f *sheet) some(xs []string, permille int64) []string {
	var picked []string
	for _, x := range xs {
		if f.Dice.Chance(permille) {
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
func (f *sheet) fill() {
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

func (f *sheet) fillRegister() {
	f.put("企业名称", f.Name)
	f.put("主体类型", f.Kind)
	f.yes("独立法人", f.Kind != "个体工商户" && (f.Kind != "企业" || f.Dice.Chance(965)))
	state := []string{"存续", "吊销", "注销"}[f.Dice.Weighted(984, 7, 9)]
	if f.Complete {
		state = "存续"
	}
	f.put("登记状态", state)
	f.date("成立日期", f.Founded)
	f.put("注册区", f.District)
	f.put("注册街镇", f.Town)
	operation := f.District
	if f.Dice.Chance(70) {
		operation = firm.Choose(f.Dice, []string{"青浦区", "闵行区", "松江区", "外省市"})
	}
	f.put("实际经营区", operation)
	parks := f.column("所在园区").values
	outside := int64(615)
	if f.Status.Startup {
		outside = 250 // new firms sit where the incubators are
	}
	f.put("所在园区", parks[f.Dice.Weighted(150, 15, 70, 60, 90, outside)])
	capital := f.Dice.Around(3_000_000, 1700) / 10_000 * 1_000_000
	f.money("注册资本", capital+1_000_000)
	f.money("实缴资本", firm.Permille(capital+1_000_000, firm.Choose(f.Dice, []int64{0, 100, 300, 500, 1000, 1000})))
	kind := []string{"内资", "港澳台资", "外资"}[f.Dice.Weighted(900, 40, 60)]
	f.put("登记注册类型", kind)
	f.decimal("境外母公司资产总额", 0)
	if kind == "外资" {
		f.decimal("境外母公司资产总额", f.Dice.Around(900_000, 1800))
	}
	group := f.Name
	if f.Dice.Chance(80) {
		group = fmt.Sprintf("示例集团%04d", f.Number/40)
	}
	f.put("关联集团", group)
	f.yes("小微企业名录", f.Staff < 60 && f.Revenue[1] < 20_000_000_00 && f.Dice.Chance(900))
	f.yes("近三年严重质量问题", f.Troubled && f.Dice.Chance(80))
}

// column returns the declared column of a single fact.
func (f *sheet) column(name string) column { return f.layout.columns[f.layout.at[name]] }

func (f *sheet) fillStatistics() {
	s := &f.Status
	f.put("行业代码", f.Code)
	if f.MonthsIn(1) > 0 {
		f.count("从业人数", f.Staff)
	}
	f.yearly("上年工业总产值", f.Output, 1)
	f.yearly("前年工业总产值", f.Output, 2)
	if f.Quarter >= 0 {
		f.money("上季度工业总产值", f.Quarter)
		f.money("上年同季工业总产值", f.QuarterBefore)
	}
	f.yes("规模以上工业企业", s.IndustryScale)
	f.yes("限额以上批零住餐企业", s.TradeScale)
	f.yes("规模以上服务业企业", s.ServiceScale)
	f.yes("首次升规纳统", s.NewAtScale)
	f.date("升规入库日期", s.ScaleSince)
	f.count("连续在库年数", s.ScaleYears)
	f.put("统计关系区", f.seat(30))
	f.yes("联网直报正常", f.Dice.Chance(960))
	f.yearly("上年网络零售额", f.Online, 1)
	f.yearly("前年网络零售额", f.Online, 2)
	f.fillEnergy()
}

// seat says where a department keeps the firm: mostly where it is registered, elsewhere with the given chance.
func (f *sheet) seat(strayed int64) string {
	if f.Dice.Chance(strayed) {
		return firm.Choose(f.Dice, []string{"本市其他区", "外省市"})
	}
	switch f.District {
	case "青浦区":
		return "青浦区"
	case "外省市":
		return "外省市"
	}
	return "本市其他区"
}

func (f *sheet) fillEnergy() {
	if f.MonthsIn(1) == 0 {
		return
	}
	used := f.Dice.Around(f.Staff*60, 900) // hundredths of a tonne
	if f.Industrial() {
		used += f.Dice.Around(max(f.Output[1]/40_000_000, 1)*100, 1100)
	}
	f.decimal("上年综合能源消费量", used)
	if f.MonthsIn(2) > 0 {
		f.decimal("前年综合能源消费量", firm.Permille(used, f.Dice.Between(850, 1200)))
	}
}

func (f *sheet) fillTax() {
	f.yearly("上年营业收入", f.Revenue, 1)
	f.yearly("前年营业收入", f.Revenue, 2)
	f.yearly("大前年营业收入", f.Revenue, 3)
	f.yearly("上年净利润", f.Profit, 1)
	f.yearly("前年净利润", f.Profit, 2)
	f.yearly("上年入库税收", f.Tax, 1)
	f.yearly("前年入库税收", f.Tax, 2)
	f.yearly("上年研发费用", f.Research, 1)
	f.yearly("前年研发费用", f.Research, 2)
	f.put("税收户管区", f.seat(25))
	grade := []string{"A", "B", "M", "C", "D"}[f.Dice.Weighted(300, 470, 150, 50, 12)]
	if f.Troubled {
		grade = firm.Choose(f.Dice, []string{"B", "C", "D"})
	}
	f.put("纳税信用级别", grade)
	f.yes("欠税", f.Troubled && f.Dice.Chance(300) || f.Dice.Chance(8))
	if f.MonthsIn(1) > 0 {
		f.money("上年主营业务收入", f.MainRevenue)
		f.money("资产总额", f.Assets)
		f.money("负债总额", f.Debts)
		f.money("上年加计扣除额", firm.Permille(max(f.Research[1], 0), f.Dice.Between(700, 1000)))
	}
	land := int64(0)
	if f.Industrial() && f.Dice.Chance(420) {
		land = f.Dice.Around(2200, 900)
	}
	f.decimal("用地面积", land)
	if f.MonthsIn(1) > 0 {
		perMu, invested := int64(0), int64(0)
		if land > 0 {
			perMu, invested = f.Tax[1]/land/100, f.Assets/land/200
		}
		f.decimal("亩均税收", perMu)
		f.decimal("亩均投资强度", invested)
	}
}

func (f *sheet) fillScience() {
	s := &f.Status
	researchers := int64(0)
	if f.Researches {
		researchers = min(f.Staff, 1+firm.Permille(f.Staff, min(f.Dice.Around(140, 700), 900)))
	}
	if f.MonthsIn(1) > 0 {
		f.count("研发人员数", researchers)
	}
	f.yes("高新技术企业", s.HighTech)
	f.date("高企发证日期", s.Certified)
	f.date("高企证书有效期至", s.ValidTo)
	f.date("高企首次认定日期", s.FirstCertified)
	f.yes("科技型中小企业", s.TechSME)
	f.rank("科技小巨人级别", s.TechGiant)
	f.date("科技小巨人立项日期", s.TechGiantOn)
	f.money("市级科技拨款", s.TechGrant)
	f.yes("新技术新产品认定", s.HighTech && f.Dice.Chance(140))
	contracts, computing := int64(0), int64(0)
	if f.Researches && f.Dice.Chance(250) {
		contracts = firm.Permille(f.Revenue[1], f.Dice.Between(5, 400))
	}
	if f.Section() == 'I' && f.Researches && f.Dice.Chance(350) {
		computing = firm.Permille(f.Revenue[1], f.Dice.Between(2, 120))
	}
	if f.MonthsIn(1) > 0 {
		f.money("上年技术合同成交额", contracts)
		f.money("上年算力采购额", computing)
	}
	f.fillPatents()
}

func (f *sheet) fillPatents() {
	s, owned := &f.Status, int64(0)
	if f.Researches {
		owned = f.Dice.Around(8+f.Staff/20, 1100)
	}
	f.count("有效专利数", owned)
	f.count("一类知识产权数", owned*f.Dice.Between(0, 400)/1000)
	f.count("上年PCT申请量", owned*f.Dice.Between(0, 260)/1000)
	works := f.Dice.Below(4)
	if f.Section() == 'I' {
		works = f.Dice.Around(9, 1300)
	}
	f.count("软件著作权数", works)
	demo := ""
	if s.HighTech && f.Dice.Chance(130) {
		demo = []string{"国家示范", "国家优势", "市示范", "市试点"}[f.Dice.Weighted(1, 3, 4, 6)]
	}
	f.rank("知识产权示范级别", demo)
	f.yes("出口市场注册商标", f.Trade[1] > 0 && f.Dice.Chance(300))
}

func (f *sheet) fillIndustry() {
	s := &f.Status
	f.set("重点产业标签", f.some(f.Family.Tags, 420))
	f.yes("创新型中小企业", s.Innovative)
	f.yes("专精特新中小企业", s.Specialised)
	f.date("市级专精特新首次认定日期", s.SpecialisedOn)
	f.yes("专精特新复核通过", s.Reviewed)
	f.yes("小巨人", s.Giant)
	f.date("小巨人首次认定日期", s.GiantOn)
	if s.Giant {
		f.put("小巨人认定批次", batches[s.GiantOn.Year()-2019])
	}
	f.yes("小巨人复核通过", s.GiantReviewed)
	f.rank("单项冠军级别", s.Champion)
	f.date("单项冠军首次认定日期", s.ChampionOn)
	f.rank("绿色工厂级别", s.Green)
	f.date("绿色工厂认定日期", s.GreenOn)
	products := int64(0)
	if s.Green != "" {
		products = f.Dice.Below(18)
	}
	f.count("绿色设计产品数", products)
	f.rank("智能工厂级别", s.Smart)
	f.rank("企业技术中心级别", s.Centre)
	f.date("企业技术中心认定日期", s.CentreOn)
	f.yes("首台套装备有效", s.FirstSet)
	f.set("资质", f.some(f.column("资质").values, 40+min(f.Staff, 200)))
	f.yes("企业服务云按时填报", s.Innovative && f.Dice.Chance(930) || f.Dice.Chance(600))
	f.yes("一企一策协议", f.Revenue[1] > firm.HundredMillion*5 && f.Dice.Chance(120))
	power := int64(0)
	if f.Industrial() && f.Dice.Chance(130) {
		power = f.Dice.Around(60_000, 1200)
	}
	f.decimal("光伏装机容量", power)
}

func (f *sheet) fillLabour() {
	if f.MonthsIn(1) > 0 {
		f.count("大专以上职工数", firm.Permille(f.Staff, f.Dice.Between(80, 950)))
	}
	since := f.InsuredSince.Year()
	if since < firm.Cutoff.Year() {
		f.count("上年末参保人数", f.Insured[1])
		f.count("上年自然减员", f.Attrition)
		f.money("上年实缴失业保险费", f.Insured[1]*f.Dice.Between(880_00, 2400_00))
	}
	if since < firm.Cutoff.Year()-1 {
		f.count("前年末参保人数", f.Insured[2])
	}
	f.count("上月参保人数", f.Insured[0])
	f.count("参保首月人数", f.InsuredFirst)
	f.date("失业保险首次参保日期", f.InsuredSince)
	months, _ := civil.FullMonths(f.InsuredSince, firm.Cutoff)
	f.count("失业保险足额缴费月数", max(0, int64(months)-firm.Choose(f.Dice, []int64{0, 0, 0, 0, 0, 0, 1, 3})))
	f.yes("社保正常缴纳", f.Dice.Chance(975))
	f.yes("劳务派遣单位", f.Status.Dispatcher)
	talents := int64(0)
	if f.Researches {
		talents = f.Staff * f.Dice.Below(30) / 1000
	}
	f.count("高层次人才数", talents)
	disabled := int64(0)
	if f.Staff > 40 && f.Dice.Chance(400) {
		disabled = f.Staff * f.Dice.Below(35) / 1000
	}
	f.count("安置残疾人数", disabled)
	f.yes("就业见习基地", f.Staff > 80 && f.Dice.Chance(90))
	f.yes("初创企业", f.Status.Startup)
	var founders []string
	if f.Status.Startup {
		founders = f.some(f.column("创业者身份").values, 240)
	}
	f.set("创业者身份", founders)
}

func (f *sheet) fillCommerce() {
	f.yearly("上年进出口额", f.Trade, 1)
	f.yearly("前年进出口额", f.Trade, 2)
	if f.MonthsIn(1) > 0 {
		exported := firm.Permille(f.Trade[1], f.Dice.Between(100, 1000))
		f.money("上年出口额", exported)
		f.decimal("上年进出口额美元", f.Trade[1]/71_200) // 7.12 元 a dollar, hundredths of 万美元
		crossing := int64(0)
		if exported > 0 && f.Dice.Chance(250) {
			crossing = firm.Permille(exported, f.Dice.Between(20, 700))
		}
		f.money("上年跨境电商销售额", crossing)
	}
	f.yes("外贸经营备案", f.Trade[1] > 0 || f.Dice.Chance(60))
	abroad := int64(0)
	if f.Trade[1] > firm.HundredMillion && f.Dice.Chance(160) {
		abroad = f.Dice.Around(300_000, 1000)
	}
	f.decimal("海外仓面积", abroad)
	floor, shops := int64(0), int64(0)
	if f.Code[:3] == "F52" || f.Section() == 'H' || f.Section() == 'O' {
		floor, shops = f.Dice.Around(45_000, 1400), f.Dice.Around(2, 1300)
	}
	f.decimal("营业面积", floor)
	f.count("直营门店数", shops)
	f.yes("老字号", f.Status.TimeHonoured)
	f.yes("跨国公司地区总部", f.Status.Headquarters)
	f.yes("商务领域不良信用", f.Troubled && f.Dice.Chance(70))
}

func (f *sheet) fillCredit() {
	t := f.Troubled
	f.yes("失信被执行人", t && f.Dice.Chance(280))
	f.yes("严重失信", t && f.Dice.Chance(180))
	f.yes("经营异常", t && f.Dice.Chance(350) || f.Dice.Chance(9))
	f.yes("联合惩戒", t && f.Dice.Chance(110))
	clean := min(int64(firm.Cutoff.Year()-f.Founded.Year()), 15)
	if t {
		clean = f.Dice.Below(3)
	}
	f.count("连续无失信年数", clean)
	fines := int64(0)
	if f.Fine >= 50_000_00 {
		fines = f.Dice.Between(1, 3)
	}
	f.count("近三年重大行政处罚次数", fines)
	f.money("近三年最大单笔罚款", f.Fine)
	accident := ""
	if f.Dice.Chance(9) {
		accident = []string{"一般", "较大", "重大"}[f.Dice.Weighted(8, 2, 1)]
	}
	f.rank("近三年安全事故等级", accident)
	f.yes("近三年重大环境违法", f.Industrial() && f.Dice.Chance(12))
	f.yes("排污达标", f.Dice.Chance(970))
	f.yes("立案调查", t && f.Dice.Chance(60))
	f.yes("应退未退财政资金", t && f.Dice.Chance(90))
}

func (f *sheet) fillRest() {
	f.yes("同一项目已获上级资金", f.Researches && f.Dice.Chance(80))
	f.yes("对公账户已核验", f.Dice.Chance(880))
	f.yes("联系人手机已核验", f.Dice.Chance(800))
	f.money("近两年股权融资", f.Equity)
	f.yes("禁止限制目录", f.Dice.Chance(12))
	if f.MonthsIn(1) > 0 {
		invested := int64(0)
		if f.Industrial() && f.Dice.Chance(500) || f.Dice.Chance(150) {
			invested = firm.Permille(f.Revenue[1], f.Dice.Between(5, 180))
		}
		f.money("上年固定资产投资", invested)
	}
	f.rank("上市挂牌阶段", f.Status.Listing)
	f.date("上市挂牌日期", f.Status.ListingOn)
	fields, roofs, beds := int64(0), int64(0), int64(0)
	leading, cooperative := "", ""
	if f.Section() == 'A' {
		fields, roofs = f.Dice.Around(12_000, 1400), f.Dice.Around(1500, 1500)
		if f.Dice.Chance(160) {
			leading = firm.Levels[f.Dice.Weighted(1, 3, 6)]
		}
		if f.Kind == "农民专业合作社" && f.Dice.Chance(350) {
			cooperative = firm.Levels[f.Dice.Weighted(1, 3, 6)]
		}
	}
	if f.Code == "Q8514" || f.Code == "Q8512" {
		beds = f.Dice.Around(90, 800)
	}
	f.decimal("种植面积", fields)
	f.decimal("设施农业面积", roofs)
	f.rank("农业龙头级别", leading)
	f.rank("示范合作社级别", cooperative)
	f.count("养老床位数", beds)
	f.yes("文化企业", f.Section() == 'R' || f.Code == "I6572" || f.Code == "L7259")
}

// batches are the yearly rounds of 小巨人 from 2019 on.
var batches = []string{"第一批", "第二批", "第三批", "第四批", "第五批", "第六批"}
