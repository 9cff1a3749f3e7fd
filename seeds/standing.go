package seeds

import "mianshen/rules/civil"

// standing is what authorities have recognised the firm as. A title of "" in a
// level means 无; its date is then no date.
type standing struct {
	industryScale, tradeScale, serviceScale, newAtScale bool

	scaleSince civil.Date
	scaleYears int64

	highTech                 bool
	certified, validTo       civil.Date
	firstCertified           civil.Date
	techSME, innovative      bool
	specialised, reviewed    bool
	specialisedOn            civil.Date
	giant, giantReviewed     bool
	giantOn                  civil.Date
	champion                 string
	championOn               civil.Date
	green, smart, centre     string
	greenOn, centreOn        civil.Date
	techGiant                string
	techGiantOn              civil.Date
	techGrant                int64
	firstSet                 bool
	listing                  string
	listingOn                civil.Date
	startup, timeHonoured    bool
	headquarters, dispatcher bool
}

// stand draws titles in the order in which one leads to the next: scale,
// high-tech certificate, the ladder 创新型 - 专精特新 - 小巨人 - 单项冠军, and the rest.
func (f *firm) stand() {
	f.standAtScale()
	f.certify()
	f.climb()
	f.distinguish()
	f.list()
	s, age := &f.status, cutoff.Year()-f.founded.Year()
	s.startup = age < 3 && f.staff < 60 && f.d.chance(700)
	s.timeHonoured = age > 25 && f.d.chance(60)
	s.headquarters = f.code == "L7211" && f.revenue[1] > 10_000_000_000 && f.d.chance(400)
	s.dispatcher = f.code == "L7263"
}

// scaleBound is the yearly revenue in 分 from which the statistics bureau counts
// a firm of the section, by our simplification of its rules.
func (f *firm) scaleBound() int64 {
	switch {
	case f.industrial(), f.code[:3] == "F51":
		return 20_000_000_00
	case f.code[:3] == "F52":
		return 5_000_000_00
	case f.section() == 'H':
		return 2_000_000_00
	}
	return 20_000_000_00
}

func (f *firm) standAtScale() {
	bound, s := f.scaleBound(), &f.status
	if f.revenue[1] < bound || f.kind != "企业" || !f.d.chance(930) {
		return
	}
	switch {
	case f.industrial():
		s.industryScale = true
	case f.section() == 'F' || f.section() == 'H':
		s.tradeScale = true
	case f.section() != 'A' && f.section() != 'E' && f.section() != 'J' && f.section() != 'K':
		s.serviceScale = true
	default:
		return
	}
	s.newAtScale = f.revenue[2] < bound
	if s.newAtScale {
		s.scaleSince = day(2024, 3, 1)
		s.scaleSince, _ = s.scaleSince.AddMonths(int(f.d.below(12)))
		s.scaleYears = 1
		return
	}
	s.scaleYears = f.d.between(2, max(2, min(12, int64(cutoff.Year()-f.founded.Year()))))
	s.scaleSince = day(cutoff.Year()-int(s.scaleYears), 1, 1)
	s.scaleSince, _ = s.scaleSince.AddMonths(int(f.d.below(12)))
}

// certify gives the high-tech certificate mostly to those whose research share
// reaches what the certificate asks: 5, 4 or 3 % by revenue.
func (f *firm) certify() {
	if !f.researches || f.kind != "企业" || f.monthsIn(2) < 12 {
		return
	}
	s := &f.status
	need := int64(30)
	switch {
	case f.revenue[1] <= 50_000_000_00:
		need = 50
	case f.revenue[1] <= 200_000_000_00:
		need = 40
	}
	able := f.research[1] >= permille(f.revenue[1], need)
	s.techSME = f.staff <= 500 && f.revenue[1] <= 200_000_000_00 && f.assets <= 200_000_000_00 && f.d.chance(520)
	if !(able && f.d.chance(720) || f.d.chance(70)) {
		return
	}
	s.highTech = f.d.chance(960)
	s.certified = day(int(f.d.between(2022, 2024)), int(f.d.between(10, 12)), int(f.d.between(1, 28)))
	if !s.highTech {
		s.certified = day(int(f.d.between(2019, 2021)), int(f.d.between(10, 12)), int(f.d.between(1, 28)))
	}
	s.validTo, _ = s.certified.AddYears(3)
	s.firstCertified = s.certified
	for first, _ := s.certified.AddYears(-3); first.After(f.founded) && f.d.chance(650); first, _ = first.AddYears(-3) {
		s.firstCertified = first
	}
	if s.highTech && f.d.chance(270) {
		s.techGiant = choose(f.d, []string{"科技小巨人", "科技小巨人培育", "科技小巨人培育"})
		s.techGiantOn = day(int(f.d.between(2022, 2024)), 9, int(f.d.between(1, 28)))
		s.techGrant = map[string]int64{"科技小巨人": 1_500_000_00, "科技小巨人培育": 1_000_000_00}[s.techGiant]
	}
}

// climb draws the ladder of small and medium firms. Who was named in 2021 was
// due for review in 2024, three years later.
func (f *firm) climb() {
	s := &f.status
	steady := f.researches && f.revenue[1] >= 10_000_000_00 && f.research[1] >= permille(f.revenue[1], 30) && f.staff < 1000
	s.innovative = steady && f.d.chance(620) || s.highTech && f.d.chance(250)
	if !steady || !s.innovative || !f.d.chance(560) {
		return
	}
	s.specialised = true
	s.specialisedOn = f.named(3, 0)
	s.reviewed = s.specialisedOn.Year() == 2021 && f.d.chance(780)
	if cutoff.Year()-f.founded.Year() < 5 || f.revenue[1] < 30_000_000_00 || !f.d.chance(340) {
		return
	}
	s.giant = true
	s.giantOn = f.named(9, s.specialisedOn.Year())
	s.giantReviewed = s.giantOn.Year() == 2021 && f.d.chance(800)
	if f.section() == 'C' && f.revenue[1] > 100_000_000_00 && f.d.chance(260) {
		s.champion = choose(f.d, []string{"国家级", "市级"})
		s.championOn = day(int(f.d.between(int64(s.giantOn.Year()), 2024)), 11, int(f.d.between(1, 28)))
	}
}

// named draws the day of a yearly list between 2019 and 2024, the latest being
// the most frequent, not before the year least and not before the firm was three years old.
func (f *firm) named(month int, least int) civil.Date {
	year := 2019 + f.d.weighted(10, 10, 18, 16, 18, 28)
	year = min(2024, max(year, least, f.founded.Year()+3))
	return day(year, month, int(f.d.between(1, 28)))
}

var levels = []string{"国家级", "市级", "区级"}

func (f *firm) distinguish() {
	s := &f.status
	recent := func() civil.Date { return day(int(f.d.between(2020, 2024)), int(f.d.between(1, 12)), int(f.d.between(1, 28))) }
	if s.industryScale && f.d.chance(110) {
		s.green = levels[f.d.weighted(2, 4, 4)]
		s.greenOn = recent()
	}
	if s.industryScale && f.d.chance(120) {
		s.smart = levels[f.d.weighted(1, 4, 5)]
	}
	if f.researches && f.revenue[1] > 50_000_000_00 && f.d.chance(280) {
		s.centre = levels[f.d.weighted(1, 4, 6)]
		s.centreOn = recent()
	}
	s.firstSet = f.section() == 'C' && s.highTech && f.family.name == "装备" && f.d.chance(240)
}

// stages are those of 上市挂牌阶段 but 无, the lower ones first.
var stages = []string{"股交中心挂牌", "新三板基础层", "新三板创新层", "辅导备案", "申请受理", "审核过会", "境内上市", "境外上市"}

func (f *firm) list() {
	s := &f.status
	if f.kind != "企业" || f.revenue[1] < 20_000_000_00 || !f.d.chance(85) {
		return
	}
	at := f.d.weighted(34, 22, 12, 12, 7, 4, 6, 3)
	if f.revenue[1] < 100_000_000_00 {
		at = min(at, 3)
	}
	s.listing = stages[at]
	months := f.d.between(0, 50)
	s.listingOn, _ = day(2025, 5, int(f.d.between(1, 28))).AddMonths(-int(months))
}
