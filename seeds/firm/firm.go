// Package firm draws made-up enterprises: branch, age, staff, revenue, research,
// insured persons, titles and troubles, each drawn so that it fits what was drawn before it. It
// knows nothing of the vocabulary or of files; package synth writes down
// what departments would deliver of a Firm.
package firm

import (
	"fmt"

	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

// Cutoff is the day on which the made-up district looks at its data: no date
// of the past is later, year-1 is 2024, quarter-1 the first quarter of 2025.
var Cutoff = Day(2025, 6, 30)

// MaxFirms is how many different credit codes the series XN has: six
// characters of base 31. The registries never issued a code of that series
// (theirs start with a digit or M), so no real firm has one of ours.
const MaxFirms = 31 * 31 * 31 * 31 * 31 * 31

// Firm is one made-up enterprise: what is true of it, before departments
// deliver it or fail to. Money is in 分; arrays are indexed by years back, so
// Revenue[1] is last year's. A year before the firm existed is -1.
type Firm struct {
	Dice   *Dice // the firm's own stream, for whoever draws more of it
	Number int
	Family *Family
	Code   string // GB/T 4754-2017 with the section's letter

	USCC, Name, Kind, District, Town string // Kind is the 主体类型; Town is 区外 outside the district
	Founded                          civil.Date
	Staff                            int64

	Revenue, Profit, Output, Research, Tax, Online, Trade [4]int64

	Assets, Debts, MainRevenue int64
	Quarter, QuarterBefore     int64 // output of the last quarter and of the same one a year before, -1 for none

	Insured      [3]int64 // persons last month, last December, the December before
	InsuredFirst int64    // persons in the first month of insurance
	InsuredSince civil.Date
	Attrition    int64
	Troubled     bool // lists of the dishonest are likely to have it
	Researches   bool
	Fine         int64 // the largest of three years
	Equity       int64
	Status       Standing
	Complete     bool // stands at a threshold, so every department delivers it

	seed uint64
}

// New draws the firm with the given number of the world that seed makes. It depends on these two only.
// The steps stand in the order in which one thing depends on another.
func New(seed uint64, number int) *Firm {
	f := &Firm{Dice: NewDice(seed, number), Number: number, seed: seed}
	f.identify()
	f.grow()
	f.earn()
	f.produce()
	f.insure()
	f.sin()
	f.edge()
	f.stand()
	return f
}

func (f *Firm) identify() {
	weights := make([]int64, len(families))
	for i := range families {
		weights[i] = families[i].Weight
	}
	f.Family = &families[f.Dice.Weighted(weights...)]
	f.Code = Choose(f.Dice, f.Family.Codes)
	f.Kind = f.entityKind()
	f.District, f.Town = "青浦区", standard.Towns()[f.Dice.Weighted(townWeights...)].Name
	if f.Dice.Chance(55) {
		f.District, f.Town = Choose(f.Dice, []string{"嘉定区", "松江区", "闵行区", "长宁区", "外省市"}), "区外"
	}
	f.USCC = f.creditCode()
	f.Name = f.madeUpName()
}

func (f *Firm) entityKind() string {
	switch {
	case f.Code == "L7231":
		return "律师事务所"
	case f.Code == "L7241" && f.Dice.Chance(300):
		return "会计师事务所"
	case f.Section() == 'A' && f.Dice.Chance(400):
		return "农民专业合作社"
	case f.Family.Name == "养老社会工作" && f.Dice.Chance(500), f.Section() == 'P' && f.Dice.Chance(250):
		return "社会服务机构"
	case (f.Section() == 'H' || f.Section() == 'O' || f.Code[:3] == "F52") && f.Dice.Chance(180):
		return "个体工商户"
	case f.Dice.Chance(6):
		return Choose(f.Dice, []string{"社会团体", "基金会", "事业单位"})
	}
	return "企业"
}

// authorities are the first two characters of the credit code by kind of entity.
var authorities = map[string]string{
	"企业": "91", "个体工商户": "92", "农民专业合作社": "93", "社会团体": "51", "基金会": "53", "社会服务机构": "52",
	"律师事务所": "31", "会计师事务所": "91", "事业单位": "12",
}

// creditCode scatters the firm's number over the series by a bijection, so codes are unique for a seed.
func (f *Firm) creditCode() string {
	scattered := (uint64(f.Number)*412_345_679 + mix(f.seed)%MaxFirms) % MaxFirms
	base, err := standard.OrganisationBase("XN", int(scattered))
	if err != nil {
		panic(err)
	}
	code, err := standard.USCCFrom(authorities[f.Kind], "310118", base)
	if err != nil {
		panic(err)
	}
	return code
}

func (f *Firm) madeUpName() string {
	pairs := len(nameFirst) * len(nameSecond)
	at := f.Number * 1009 % pairs
	core := string(nameFirst[at%len(nameFirst)]) + string(nameSecond[at/len(nameFirst)])
	if round := f.Number / pairs; round > 0 {
		core += fmt.Sprint(round)
	}
	suffix := "有限公司"
	switch f.Kind {
	case "律师事务所", "会计师事务所", "社会团体", "基金会", "事业单位":
		return "示例" + core + f.Kind
	case "个体工商户":
		suffix = "经营部"
	case "农民专业合作社":
		suffix = "专业合作社"
	case "社会服务机构":
		suffix = "服务中心"
	}
	return "示例" + core + f.Family.Trade + suffix
}

// grow draws age and staff; old firms are larger.
func (f *Firm) grow() {
	months := min(f.Dice.Around(104, 900), 520)
	if f.Dice.Chance(90) {
		months = f.Dice.Between(0, 40)
	}
	f.Founded, _ = Cutoff.AddMonths(-int(months))
	f.Founded, _ = f.Founded.AddDays(-int(f.Dice.Below(28)))
	median := f.Family.Staff * (60 + min(months, 120)) / 120
	f.Staff = min(max(f.Dice.Around(median, f.Family.Spread), 1), 9000)
	if f.Kind == "个体工商户" {
		f.Staff = min(f.Staff, 12)
	}
}

// MonthsIn returns how many months of the year so many years back the firm existed, 0 to 12.
func (f *Firm) MonthsIn(back int) int64 {
	year := Cutoff.Year() - back
	switch {
	case f.Founded.Year() > year:
		return 0
	case f.Founded.Year() < year:
		return 12
	}
	return int64(13 - f.Founded.Month())
}

// earn draws revenue over three years, and what depends on it.
func (f *Firm) earn() {
	f.Revenue, f.Profit, f.Research, f.Tax = gaps(), gaps(), gaps(), gaps()
	full := min(f.Staff*min(f.Dice.Around(f.Family.Head, 750), f.Family.Head*9)*100, 3_000_000_000_000)
	for back := 1; back <= 3; back++ {
		if months := f.MonthsIn(back); months > 0 {
			f.Revenue[back] = full*months/12 + f.Dice.Below(100_000)
			f.Profit[back] = Permille(f.Revenue[back], min(45+f.Dice.Bell()*80/1000, 400))
			f.Tax[back] = Permille(f.Revenue[back], min(f.Dice.Around(32, 900), 220))
		}
		full = full * 1000 / f.growth()
	}
	f.spendOnResearch()
	if f.Revenue[1] >= 0 {
		f.MainRevenue = Permille(f.Revenue[1], min(1000, 1010-abs(f.Dice.Bell())*90/1000))
		f.Assets = Permille(f.Revenue[1], f.Dice.Around(850, 800)) + f.Dice.Below(9_000_000)
		f.Debts = Permille(f.Assets, min(max(520+f.Dice.Bell()*200/1000, 20), 1250))
	}
}

// growth is this year's revenue in thousandths of the year before, 400 to 3400.
func (f *Firm) growth() int64 {
	if f.Dice.Chance(60) {
		return f.Dice.Between(1400, 3400)
	}
	return min(max(1060+f.Dice.Bell()*190/1000, 400), 2200)
}

func (f *Firm) spendOnResearch() {
	f.Researches = f.Dice.Chance(f.Family.Rd) && f.Staff >= 5 && f.Revenue[1] > 0
	part := f.Dice.Around(f.Family.RdPart, 650)
	for back := 1; back <= 2; back++ {
		if f.Revenue[back] < 0 {
			continue
		}
		f.Research[back] = 0
		if f.Researches {
			f.Research[back] = Permille(f.Revenue[back], min(part, 700)) + f.Dice.Below(50_000)
		}
		part = part * f.Dice.Between(750, 1180) / 1000
	}
}

// produce draws output, foreign trade and retail over the net.
func (f *Firm) produce() {
	f.Output, f.Trade, f.Online = gaps(), gaps(), gaps()
	trades := f.Dice.Chance(f.Family.Trader)
	sells := f.Section() == 'F' && f.Dice.Chance(450) || f.Dice.Chance(40)
	tradePart, onlinePart := f.Dice.Between(20, 700), f.Dice.Between(15, 800)
	for back := 1; back <= 2; back++ {
		if f.Revenue[back] < 0 {
			continue
		}
		f.Output[back], f.Trade[back], f.Online[back] = 0, 0, 0
		if f.Industrial() {
			f.Output[back] = Permille(f.Revenue[back], f.Dice.Between(930, 1070))
		}
		if trades {
			f.Trade[back] = Permille(f.Revenue[back], tradePart*f.Dice.Between(900, 1100)/1000)
		}
		if sells {
			f.Online[back] = Permille(f.Revenue[back], onlinePart*f.Dice.Between(850, 1100)/1000)
		}
	}
	f.QuarterBefore, f.Quarter = -1, -1
	if f.MonthsIn(1) == 12 {
		f.QuarterBefore = Permille(f.Output[1], f.Dice.Between(215, 265))
		f.Quarter = f.QuarterBefore * f.growth() / 1000
	}
}

// insure draws the counts of insured persons; the staff that left gives the rate of layoffs.
func (f *Firm) insure() {
	f.InsuredSince, _ = f.Founded.AddMonths(int(f.Dice.Below(5)))
	if f.InsuredSince.After(Cutoff) {
		f.InsuredSince = Cutoff
	}
	now := Permille(f.Staff, f.Dice.Between(850, 1000))
	f.Insured = [3]int64{now, now, now}
	kept := int64(1000)
	switch f.Dice.Weighted(620, 200, 120, 60) {
	case 0:
		kept = f.Dice.Between(1000, 1350)
	case 1:
		kept = f.Dice.Between(945, 1000)
	case 2:
		kept = f.Dice.Between(800, 945)
	case 3:
		kept = f.Dice.Between(350, 800)
	}
	f.Insured[2] = now * 1000 / kept
	f.Insured[0] = Permille(now, f.Dice.Between(930, 1080))
	f.InsuredFirst = max(1, Permille(now, f.Dice.Between(100, 900)))
	if f.InsuredSince.Year() == Cutoff.Year()-1 {
		f.InsuredFirst = max(1, now*1000/kept)
	}
	f.Attrition = Permille(f.Staff, f.Dice.Below(25))
}

// sin draws what the lists of the dishonest and the fined may hold; trouble seldom comes alone.
func (f *Firm) sin() {
	f.Troubled = f.Dice.Chance(60)
	f.Equity = 0
	if len(f.Family.Tags) > 0 && f.Researches && f.Dice.Chance(140) {
		f.Equity = f.Dice.Around(12_000_000, 1500) * 100
	}
	if f.Troubled && f.Dice.Chance(400) || f.Dice.Chance(25) {
		f.Fine = Choose(f.Dice, []int64{500_00, 2_000_00, 10_000_00, 49_999_99, 50_000_00, 80_000_00, 200_000_00})
	}
}

// NotUnborn returns d, or the day of foundation where d is earlier: nothing happens to a firm before it exists.
func (f *Firm) NotUnborn(d civil.Date) civil.Date {
	if d.Before(f.Founded) {
		return f.Founded
	}
	return d
}

func gaps() [4]int64 { return [4]int64{-1, -1, -1, -1} }

// Permille returns x * thousandths / 1000 for any x of this model without overflow.
func Permille(x, thousandths int64) int64 {
	return x/1000*thousandths + x%1000*thousandths/1000
}

// abs is the absolute value.
func abs(x int64) int64 { return max(x, -x) }

// Day makes a date known to exist.
func Day(year, month, date int) civil.Date {
	d, err := civil.New(year, month, date)
	if err != nil {
		panic(err)
	}
	return d
}
