package seeds

import (
	"fmt"

	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

// cutoff is the day on which the made-up district looks at its data: no date
// of the past is later, year-1 is 2024, quarter-1 the first quarter of 2025.
var cutoff = day(2025, 6, 30)

// codeSpace is how many different credit codes the series XN has: six
// characters of base 31. The registries never issued a code of that series
// (theirs start with a digit or M), so no real firm has one of ours.
const codeSpace = 31 * 31 * 31 * 31 * 31 * 31

// firm is one made-up enterprise: what is true of it, before departments
// deliver it or fail to. Money is in 分; arrays are indexed by years back, so
// revenue[1] is last year's. A year before the firm existed is -1.
type firm struct {
	d      *dice
	layout *layout
	seed   uint64
	number int
	family *family
	code   string

	uscc, name, kind, district, town string
	founded                          civil.Date
	staff                            int64

	revenue, profit, output, research, tax, online, trade [4]int64

	assets, debts, mainRevenue int64
	quarter, quarterBefore     int64

	insured       [3]int64
	insuredFirst  int64
	insuredSince  civil.Date
	attrition     int64
	troubled      bool
	status        standing
	researches    bool
	fine          int64
	equity        int64
	cells         []string
	records       map[string][][]string
	keys          map[string]int
	complete      bool // every department delivers it, for firms that stand at a threshold
}

// newFirm draws the firm's truth; the steps stand in the order in which one thing depends on another.
func newFirm(l *layout, seed uint64, number int) *firm {
	f := &firm{
		d: newDice(seed, number), layout: l, seed: seed, number: number,
		cells: make([]string, len(l.columns)), records: map[string][][]string{}, keys: map[string]int{},
	}
	f.identify()
	f.grow()
	f.earn()
	f.produce()
	f.insure()
	f.sin()
	f.edge()
	f.stand()
	f.fill()
	f.keepRecords()
	f.edgeRecords()
	f.countRecords()
	f.lose()
	return f
}

func (f *firm) identify() {
	weights := make([]int64, len(families))
	for i := range families {
		weights[i] = families[i].weight
	}
	f.family = &families[f.d.weighted(weights...)]
	f.code = choose(f.d, f.family.codes)
	f.kind = f.entityKind()
	f.district, f.town = "青浦区", standard.Towns()[f.d.weighted(townWeights...)].Name
	if f.d.chance(55) {
		f.district, f.town = choose(f.d, []string{"嘉定区", "松江区", "闵行区", "长宁区", "外省市"}), "区外"
	}
	f.uscc = f.creditCode()
	f.name = f.madeUpName()
}

func (f *firm) entityKind() string {
	switch {
	case f.code == "L7231":
		return "律师事务所"
	case f.code == "L7241" && f.d.chance(300):
		return "会计师事务所"
	case f.section() == 'A' && f.d.chance(400):
		return "农民专业合作社"
	case f.family.name == "养老社会工作" && f.d.chance(500), f.section() == 'P' && f.d.chance(250):
		return "社会服务机构"
	case (f.section() == 'H' || f.section() == 'O' || f.code[:3] == "F52") && f.d.chance(180):
		return "个体工商户"
	case f.d.chance(6):
		return choose(f.d, []string{"社会团体", "基金会", "事业单位"})
	}
	return "企业"
}

// authorities are the first two characters of the credit code by kind of entity.
var authorities = map[string]string{
	"企业": "91", "个体工商户": "92", "农民专业合作社": "93", "社会团体": "51", "基金会": "53", "社会服务机构": "52",
	"律师事务所": "31", "会计师事务所": "91", "事业单位": "12",
}

// creditCode scatters the firm's number over the series by a bijection, so codes are unique for a seed.
func (f *firm) creditCode() string {
	scattered := (uint64(f.number)*412_345_679 + mix(f.seed)%codeSpace) % codeSpace
	base, err := standard.OrganisationBase("XN", int(scattered))
	if err != nil {
		panic(err)
	}
	code, err := standard.USCCFrom(authorities[f.kind], "310118", base)
	if err != nil {
		panic(err)
	}
	return code
}

func (f *firm) madeUpName() string {
	pairs := len(nameFirst) * len(nameSecond)
	at := f.number * 1009 % pairs
	core := string(nameFirst[at%len(nameFirst)]) + string(nameSecond[at/len(nameFirst)])
	if round := f.number / pairs; round > 0 {
		core += fmt.Sprint(round)
	}
	suffix := "有限公司"
	switch f.kind {
	case "律师事务所", "会计师事务所", "社会团体", "基金会", "事业单位":
		return "示例" + core + f.kind
	case "个体工商户":
		suffix = "经营部"
	case "农民专业合作社":
		suffix = "专业合作社"
	case "社会服务机构":
		suffix = "服务中心"
	}
	return "示例" + core + f.family.trade + suffix
}

// grow draws age and staff; old firms are larger.
func (f *firm) grow() {
	months := min(f.d.around(104, 900), 520)
	if f.d.chance(50) {
		months = f.d.between(0, 17)
	}
	f.founded, _ = cutoff.AddMonths(-int(months))
	f.founded, _ = f.founded.AddDays(-int(f.d.below(28)))
	median := f.family.staff * (60 + min(months, 120)) / 120
	f.staff = min(max(f.d.around(median, f.family.spread), 1), 9000)
	if f.kind == "个体工商户" {
		f.staff = min(f.staff, 12)
	}
}

// monthsIn returns how many months of the year so many years back the firm existed, 0 to 12.
func (f *firm) monthsIn(back int) int64 {
	year := cutoff.Year() - back
	switch {
	case f.founded.Year() > year:
		return 0
	case f.founded.Year() < year:
		return 12
	}
	return int64(13 - f.founded.Month())
}

// earn draws revenue over three years, and what depends on it.
func (f *firm) earn() {
	f.revenue, f.profit, f.research, f.tax = gaps(), gaps(), gaps(), gaps()
	full := min(f.staff*min(f.d.around(f.family.head, 750), f.family.head*9)*100, 3_000_000_000_000)
	for back := 1; back <= 3; back++ {
		if months := f.monthsIn(back); months > 0 {
			f.revenue[back] = full*months/12 + f.d.below(100_000)
			f.profit[back] = permille(f.revenue[back], min(45+f.d.bell()*80/1000, 400))
			f.tax[back] = permille(f.revenue[back], min(f.d.around(32, 900), 220))
		}
		full = full * 1000 / f.growth()
	}
	f.spendOnResearch()
	if f.revenue[1] >= 0 {
		f.mainRevenue = permille(f.revenue[1], min(1000, 1010-abs(f.d.bell())*90/1000))
		f.assets = permille(f.revenue[1], f.d.around(850, 800)) + f.d.below(9_000_000)
		f.debts = permille(f.assets, min(max(520+f.d.bell()*200/1000, 20), 1250))
	}
}

// growth is this year's revenue in thousandths of the year before, 400 to 3400.
func (f *firm) growth() int64 {
	if f.d.chance(60) {
		return f.d.between(1400, 3400)
	}
	return min(max(1060+f.d.bell()*190/1000, 400), 2200)
}

func (f *firm) spendOnResearch() {
	f.researches = f.d.chance(f.family.rd) && f.staff >= 5 && f.revenue[1] > 0
	part := f.d.around(f.family.rdPart, 650)
	for back := 1; back <= 2; back++ {
		if f.revenue[back] < 0 {
			continue
		}
		f.research[back] = 0
		if f.researches {
			f.research[back] = permille(f.revenue[back], min(part, 700)) + f.d.below(50_000)
		}
		part = part * f.d.between(750, 1180) / 1000
	}
}

// produce draws output, foreign trade and retail over the net.
func (f *firm) produce() {
	f.output, f.trade, f.online = gaps(), gaps(), gaps()
	trades := f.d.chance(f.family.trader)
	sells := f.section() == 'F' && f.d.chance(450) || f.d.chance(40)
	tradePart, onlinePart := f.d.between(20, 700), f.d.between(15, 800)
	for back := 1; back <= 2; back++ {
		if f.revenue[back] < 0 {
			continue
		}
		f.output[back], f.trade[back], f.online[back] = 0, 0, 0
		if f.industrial() {
			f.output[back] = permille(f.revenue[back], f.d.between(930, 1070))
		}
		if trades {
			f.trade[back] = permille(f.revenue[back], tradePart*f.d.between(900, 1100)/1000)
		}
		if sells {
			f.online[back] = permille(f.revenue[back], onlinePart*f.d.between(850, 1100)/1000)
		}
	}
	f.quarterBefore, f.quarter = -1, -1
	if f.monthsIn(1) == 12 {
		f.quarterBefore = permille(f.output[1], f.d.between(215, 265))
		f.quarter = f.quarterBefore * f.growth() / 1000
	}
}

// insure draws the counts of insured persons; the staff that left gives the rate of layoffs.
func (f *firm) insure() {
	f.insuredSince, _ = f.founded.AddMonths(int(f.d.below(5)))
	if f.insuredSince.After(cutoff) {
		f.insuredSince = cutoff
	}
	now := permille(f.staff, f.d.between(850, 1000))
	f.insured = [3]int64{now, now, now}
	kept := int64(1000)
	switch f.d.weighted(620, 200, 120, 60) {
	case 0:
		kept = f.d.between(1000, 1350)
	case 1:
		kept = f.d.between(945, 1000)
	case 2:
		kept = f.d.between(800, 945)
	case 3:
		kept = f.d.between(350, 800)
	}
	f.insured[2] = now * 1000 / kept
	f.insured[0] = permille(now, f.d.between(930, 1080))
	f.insuredFirst = max(1, permille(now, f.d.between(100, 900)))
	if f.insuredSince.Year() == cutoff.Year()-1 {
		f.insuredFirst = max(1, now*1000/kept)
	}
	f.attrition = permille(f.staff, f.d.below(25))
}

// sin draws what the lists of the dishonest and the fined may hold; trouble seldom comes alone.
func (f *firm) sin() {
	f.troubled = f.d.chance(60)
	f.equity = 0
	if len(f.family.tags) > 0 && f.researches && f.d.chance(140) {
		f.equity = f.d.around(12_000_000, 1500) * 100
	}
	if f.troubled && f.d.chance(400) || f.d.chance(25) {
		f.fine = choose(f.d, []int64{500_00, 2_000_00, 10_000_00, 49_999_99, 50_000_00, 80_000_00, 200_000_00})
	}
}

func gaps() [4]int64 { return [4]int64{-1, -1, -1, -1} }

// permille returns x * thousandths / 1000 for any x of this model without overflow.
func permille(x, thousandths int64) int64 {
	return x/1000*thousandths + x%1000*thousandths/1000
}

func abs(x int64) int64 { return max(x, -x) }

// day makes a date known to exist.
func day(year, month, date int) civil.Date {
	d, err := civil.New(year, month, date)
	if err != nil {
		panic(err)
	}
	return d
}
