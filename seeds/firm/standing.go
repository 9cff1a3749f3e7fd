package firm

import "mianshen/rules/civil"

// Standing is what authorities have recognised the firm as. A title of "" in a
// level means 无; its date is then no date.
type Standing struct {
	IndustryScale, TradeScale, ServiceScale, NewAtScale bool

	ScaleSince civil.Date
	ScaleYears int64

	HighTech                 bool
	Certified, ValidTo       civil.Date
	FirstCertified           civil.Date
	TechSME, Innovative      bool
	Specialised, Reviewed    bool
	SpecialisedOn            civil.Date
	Giant, GiantReviewed     bool
	GiantOn                  civil.Date
	Champion                 string
	ChampionOn               civil.Date
	Green, Smart, Centre     string
	GreenOn, CentreOn        civil.Date
	TechGiant                string
	TechGiantOn              civil.Date
	TechGrant                int64
	FirstSet                 bool
	Listing                  string
	ListingOn                civil.Date
	Startup, TimeHonoured    bool
	Headquarters, Dispatcher bool
}

// stand draws titles in the order in which one leads to the next: scale,
// high-tech certificate, the ladder 创新型 - 专精特新 - 小巨人 - 单项冠军, and the rest.
func (f *Firm) stand() {
	f.standAtScale()
	f.certify()
	f.climb()
	f.distinguish()
	f.list()
	s, age := &f.Status, Cutoff.Year()-f.Founded.Year()
	s.Startup = age < 3 && f.Staff < 60 && f.Dice.Chance(700)
	s.TimeHonoured = age > 25 && f.Dice.Chance(60)
	s.Headquarters = f.Code == "L7211" && f.Revenue[1] > 10_000_000_000 && f.Dice.Chance(400)
	s.Dispatcher = f.Code == "L7263"
}

// scaleBound is the yearly revenue in 分 from which the statistics bureau counts
// a firm of the section, by our simplification of its rules.
func (f *Firm) scaleBound() int64 {
	switch {
	case f.Code[:3] == "F52":
		return 5_000_000_00
	case f.Section() == 'H':
		return 2_000_000_00
	}
	return 20_000_000_00
}

func (f *Firm) standAtScale() {
	bound, s := f.scaleBound(), &f.Status
	if f.Revenue[1] < bound || f.Kind != "企业" || !f.Dice.Chance(930) {
		return
	}
	switch {
	case f.Industrial():
		s.IndustryScale = true
	case f.Section() == 'F' || f.Section() == 'H':
		s.TradeScale = true
	case f.Section() != 'A' && f.Section() != 'E' && f.Section() != 'J' && f.Section() != 'K':
		s.ServiceScale = true
	default:
		return
	}
	s.NewAtScale = f.Revenue[2] < bound
	if s.NewAtScale {
		s.ScaleSince = Day(2024, 3, 1)
		s.ScaleSince, _ = s.ScaleSince.AddMonths(int(f.Dice.Below(12)))
		s.ScaleSince = f.NotUnborn(s.ScaleSince)
		s.ScaleYears = 1
		return
	}
	s.ScaleYears = f.Dice.Between(2, max(2, min(12, int64(Cutoff.Year()-f.Founded.Year()))))
	s.ScaleSince = Day(Cutoff.Year()-int(s.ScaleYears), 1, 1)
	s.ScaleSince, _ = s.ScaleSince.AddMonths(int(f.Dice.Below(12)))
	s.ScaleSince = f.NotUnborn(s.ScaleSince)
}

// certify gives the high-tech certificate mostly to those whose research share
// reaches what the certificate asks: 5, 4 or 3 % by revenue.
func (f *Firm) certify() {
	if !f.Researches || f.Kind != "企业" || f.MonthsIn(2) < 12 {
		return
	}
	s := &f.Status
	need := int64(30)
	switch {
	case f.Revenue[1] <= 50_000_000_00:
		need = 50
	case f.Revenue[1] <= 200_000_000_00:
		need = 40
	}
	able := f.Research[1] >= Permille(f.Revenue[1], need)
	s.TechSME = f.Staff <= 500 && f.Revenue[1] <= 200_000_000_00 && f.Assets <= 200_000_000_00 && f.Dice.Chance(520)
	chance := int64(70)
	if able {
		chance = 740
	}
	if !f.Dice.Chance(chance) {
		return
	}
	s.HighTech = f.Dice.Chance(960)
	s.Certified = Day(int(f.Dice.Between(2022, 2024)), int(f.Dice.Between(10, 12)), int(f.Dice.Between(1, 28)))
	if !s.HighTech {
		s.Certified = Day(int(f.Dice.Between(2019, 2021)), int(f.Dice.Between(10, 12)), int(f.Dice.Between(1, 28)))
	}
	s.Certified = f.NotUnborn(s.Certified)
	s.ValidTo, _ = s.Certified.AddYears(3)
	s.HighTech = !s.ValidTo.Before(Cutoff)
	s.FirstCertified = s.Certified
	for first, _ := s.Certified.AddYears(-3); first.After(f.Founded) && f.Dice.Chance(650); first, _ = first.AddYears(-3) {
		s.FirstCertified = first
	}
	if s.HighTech && f.Dice.Chance(270) {
		s.TechGiant = Choose(f.Dice, []string{"科技小巨人", "科技小巨人培育", "科技小巨人培育"})
		s.TechGiantOn = f.NotUnborn(Day(int(f.Dice.Between(2022, 2024)), 9, int(f.Dice.Between(1, 28))))
		s.TechGrant = map[string]int64{"科技小巨人": 1_500_000_00, "科技小巨人培育": 1_000_000_00}[s.TechGiant]
	}
}

// climb draws the ladder of small and medium firms. Who was named in 2021 was
// due for review in 2024, three years later.
func (f *Firm) climb() {
	s := &f.Status
	steady := f.Researches && f.Revenue[1] >= 10_000_000_00 && f.Research[1] >= Permille(f.Revenue[1], 30) && f.Staff < 1000
	s.Innovative = steady && f.Dice.Chance(620) || s.HighTech && f.Dice.Chance(250)
	if !steady || !s.Innovative || !f.Dice.Chance(560) {
		return
	}
	s.Specialised = true
	s.SpecialisedOn = f.named(3, 0)
	s.Reviewed = s.SpecialisedOn.Year() == 2021 && f.Dice.Chance(780)
	if Cutoff.Year()-f.Founded.Year() < 5 || f.Revenue[1] < 30_000_000_00 || !f.Dice.Chance(480) {
		return
	}
	s.Giant = true
	s.GiantOn = f.named(9, s.SpecialisedOn.Year())
	s.GiantReviewed = s.GiantOn.Year() == 2021 && f.Dice.Chance(800)
	if f.Section() == 'C' && f.Revenue[1] > 100_000_000_00 && f.Dice.Chance(450) {
		s.Champion = Choose(f.Dice, []string{"国家级", "市级"})
		s.ChampionOn = Day(int(f.Dice.Between(int64(s.GiantOn.Year()), 2024)), 11, int(f.Dice.Between(1, 28)))
	}
}

// named draws the day of a yearly list between 2019 and 2024, the latest being
// the most frequent, not before the year least and not before the firm was three years old.
func (f *Firm) named(month int, least int) civil.Date {
	year := 2019 + f.Dice.Weighted(10, 10, 18, 16, 18, 28)
	year = min(2024, max(year, least, f.Founded.Year()+3))
	return f.NotUnborn(Day(year, month, int(f.Dice.Between(1, 28))))
}

// Levels of most titles, the highest first.
var Levels = []string{"国家级", "市级", "区级"}

func (f *Firm) distinguish() {
	s := &f.Status
	recent := func() civil.Date {
		return f.NotUnborn(Day(int(f.Dice.Between(2020, 2024)), int(f.Dice.Between(1, 12)), int(f.Dice.Between(1, 28))))
	}
	if s.IndustryScale && f.Dice.Chance(110) {
		s.Green = Levels[f.Dice.Weighted(2, 4, 4)]
		s.GreenOn = recent()
	}
	if s.IndustryScale && f.Dice.Chance(120) {
		s.Smart = Levels[f.Dice.Weighted(1, 4, 5)]
	}
	if f.Researches && f.Revenue[1] > 50_000_000_00 && f.Dice.Chance(280) {
		s.Centre = Levels[f.Dice.Weighted(1, 4, 6)]
		s.CentreOn = recent()
	}
	s.FirstSet = f.Section() == 'C' && s.HighTech && f.Family.Name == "装备" && f.Dice.Chance(420)
}

// stages are those of 上市挂牌阶段 but 无, the lower ones first.
var stages = []string{"股交中心挂牌", "新三板基础层", "新三板创新层", "辅导备案", "申请受理", "审核过会", "境内上市", "境外上市"}

func (f *Firm) list() {
	s := &f.Status
	if f.Kind != "企业" || f.Revenue[1] < 20_000_000_00 || !f.Dice.Chance(85) {
		return
	}
	at := f.Dice.Weighted(34, 22, 12, 12, 7, 4, 6, 3)
	if f.Revenue[1] < 100_000_000_00 {
		at = min(at, 3)
	}
	s.Listing = stages[at]
	months := f.Dice.Between(0, 50)
	s.ListingOn, _ = Day(2025, 5, int(f.Dice.Between(1, 28))).AddMonths(-int(months))
	s.ListingOn = f.NotUnborn(s.ListingOn)
}
