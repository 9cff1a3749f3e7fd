package synth

import (
	"fmt"
	"strconv"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/seeds/firm"
)

// prefixes begin the keys of made-up records; number and running count follow.
var prefixes = map[string]string{
	"租赁合同": "ZL", "新招用人员": "RY", "引进人才": "RC", "贷款合同": "DK", "设备发票": "FP", "技改项目": "JG", "融资租赁合同": "RZ",
	"知识产权": "ZS", "标准制修订": "BZ", "首台套产品": "ST", "上市挂牌事件": "SS", "境外参展": "ZH", "门店": "MD", "节能项目": "JN", "新能源车辆": "CL",
}

// add appends one record with a key of its own and returns the key; cells are in column order.
func (f *sheet) add(table string, cells ...string) string {
	f.keys[table]++
	key := fmt.Sprintf("%s-%06d-%02d", prefixes[table], f.Number, f.keys[table])
	f.records[table] = append(f.records[table], append([]string{key}, cells...))
	return key
}

// fresh returns a day at most so many months before the cutoff, not before the firm's foundation.
func (f *sheet) fresh(months int64) civil.Date {
	d, _ := firm.Cutoff.AddDays(-int(f.Dice.Below(months * 30)))
	return f.NotUnborn(d)
}

// keepRecords draws the tables. Those a branch or title makes likely have rows;
// the others are delivered empty or, for some firms, not at all.
func (f *sheet) keepRecords() {
	f.rentRooms()
	f.hireStaff()
	f.takeLoans()
	f.renew()
	f.protectIdeas()
	f.goPublic()
	f.sellRecords()
	f.greenRecords()
}

func (f *sheet) rentRooms() {
	if !f.Dice.Chance(560) && !f.Status.Startup {
		return
	}
	for range f.Dice.Between(1, 3) {
		area := f.Dice.Around(6_000+f.Staff*900, 900)
		usage := f.allowed("租赁合同", "用途")[f.Dice.Weighted(4, 1, 0, 1, 1)]
		if f.Industrial() {
			usage = firm.Choose(f.Dice, []string{"生产", "生产", "研发", "办公"})
		}
		f.lease(area, f.Dice.Between(15_00, 140_00)*area/100*12, f.fresh(40), firm.Choose(f.Dice, []int{12, 24, 36, 36, 60}), usage)
	}
}

// lease adds a lease of hundredths of square metres at a yearly rent in 分.
func (f *sheet) lease(area, rent int64, start civil.Date, months int, usage string) {
	end, _ := start.AddMonths(months)
	end, _ = end.AddDays(-1)
	paid, _ := civil.FullMonths(start, firm.Cutoff)
	paid = min(paid, months)
	key := fmt.Sprintf("FP-%06d-Z%d", f.Number, f.keys["租赁合同"]+1)
	place := f.Town
	if f.Dice.Chance(80) {
		place = firm.Choose(f.Dice, f.allowed("租赁合同", "位于"))
	}
	f.add("租赁合同", hundredths(rent/12*int64(paid)), hundredths(area), dateCell(start), dateCell(end), strconv.Itoa(paid),
		place, usage, yesNo(f.Dice.Chance(40)), yesNo(f.Dice.Chance(50)), key)
}

func (f *sheet) hireStaff() {
	if f.Dice.Chance(300) {
		for range f.Dice.Between(1, min(40, 1+f.Staff/8)) {
			start := f.fresh(12)
			kind := f.allowed("新招用人员", "招用类别")[f.Dice.Weighted(34, 20, 10, 6, 5, 25)]
			insured, _ := civil.FullMonths(start, firm.Cutoff)
			f.hire(kind, start, int(firm.Choose(f.Dice, []int64{6, 12, 12, 12, 24, 36, 36})), max(0, insured-int(f.Dice.Below(2))), f.Dice.Between(19, 30))
		}
	}
	if f.Researches && f.Dice.Chance(220) {
		for range f.Dice.Between(1, 4) {
			start := f.fresh(30)
			insured, _ := civil.FullMonths(start, firm.Cutoff)
			f.add("引进人才", f.allowed("引进人才", "人才类别")[f.Dice.Weighted(1, 3, 5, 5, 12, 55, 19)], dateCell(start),
				hundredths(f.Dice.Around(220_000, 600)*100), firm.Choose(f.Dice, []string{"12", "36", "36", "60"}), strconv.Itoa(insured))
		}
	}
}

// hire adds a person employed at the given age; only graduates have a year of graduation.
func (f *sheet) hire(kind string, start civil.Date, contract, insured int, age int64) {
	graduated := ""
	switch kind {
	case "毕业年度高校毕业生":
		graduated = strconv.Itoa(start.Year())
	case "离校两年内未就业高校毕业生":
		graduated = strconv.Itoa(start.Year() - 1)
	case "登记失业青年":
		age = min(age, 25)
	}
	f.add("新招用人员", kind, dateCell(start), strconv.Itoa(contract), strconv.Itoa(insured), yesNo(f.Dice.Chance(950)),
		graduated, strconv.FormatInt(age, 10), yesNo(f.Dice.Chance(60)))
}

func (f *sheet) takeLoans() {
	if f.Revenue[1] <= 0 || !f.Dice.Chance(330) {
		return
	}
	for range f.Dice.Between(1, 3) {
		purpose := f.allowed("贷款合同", "用途")[f.Dice.Weighted(25, 50, 12, 6, 2, 5)]
		f.borrow(max(firm.Permille(f.Revenue[1], f.Dice.Between(10, 300))/firm.TenThousand, 1)*firm.TenThousand, f.fresh(34), purpose)
	}
}

// borrow adds a loan of so many 分 at about 3.5 %.
func (f *sheet) borrow(principal int64, signed civil.Date, purpose string) {
	const lpr = 345 // hundredths of a per cent
	rate := lpr + f.Dice.Between(-90, 220)
	due, _ := signed.AddMonths(firm.Choose(f.Dice, []int{12, 12, 24, 36, 60}))
	months, _ := civil.FullMonths(signed, firm.Cutoff)
	guarantee := f.allowed("贷款合同", "担保方式")[f.Dice.Weighted(20, 20, 18, 30, 8, 4)]
	spread := (rate - lpr) * 10_000 / lpr
	f.add("贷款合同", hundredths(principal), hundredths(principal/120_000*rate*int64(min(months, 12))), hundredths(rate), hundredths(spread),
		dateCell(signed), dateCell(due), purpose, guarantee, yesNo(f.Dice.Chance(960)), fmt.Sprintf("FX-%06d-%d", f.Number, f.keys["贷款合同"]+1))
}

// renew draws technical upgrades with their invoices, leasing and first sets.
func (f *sheet) renew() {
	if f.Status.IndustryScale && f.Dice.Chance(300) || f.Industrial() && f.Dice.Chance(60) {
		for range f.Dice.Between(1, 2) {
			f.upgrade(max(firm.Permille(f.Revenue[1], f.Dice.Between(8, 150)), 500_00), f.fresh(24))
		}
	}
	if f.Researches && f.Dice.Chance(160) {
		f.invoice(f.Dice.Around(300_000, 1200)*100, "研发设备", "")
	}
	if f.Status.FirstSet {
		bought := fmt.Sprintf("FP-%06d-01", f.Number)
		sold := f.Dice.Around(4_000_000, 900) * 100
		f.add("首台套产品", f.allowed("首台套产品", "首台套级别")[f.Dice.Weighted(1, 3, 6)], dateCell(f.fresh(30)),
			hundredths(sold), hundredths(firm.Permille(sold, f.Dice.Between(5, 30))), bought)
	}
}

// upgrade adds a project whose equipment costs so many 分 net, the invoices for
// it, and where the firm leases, the leasing contract.
func (f *sheet) upgrade(equipment int64, done civil.Date) {
	began, _ := done.AddMonths(-int(f.Dice.Between(4, 20)))
	began = f.NotUnborn(began)
	leased, choice := int64(0), f.allowed("技改项目", "支持方式")[f.Dice.Weighted(50, 20, 10, 20)]
	if choice == "融资租赁补贴" {
		leased = firm.Permille(equipment, f.Dice.Between(300, 900))
	}
	project := f.add("技改项目", hundredths(firm.Permille(equipment, f.Dice.Between(1050, 1700))), hundredths(equipment),
		hundredths(firm.Permille(equipment, f.Dice.Below(500))), hundredths(firm.Permille(equipment, f.Dice.Below(40))), hundredths(leased),
		firm.Choose(f.Dice, f.allowed("技改项目", "项目类别")), dateCell(began), dateCell(done),
		yesNo(f.Dice.Chance(940)), yesNo(f.Dice.Chance(880)), yesNo(f.Dice.Chance(70)), choice)
	first := firm.Permille(equipment, f.Dice.Between(400, 900))
	f.invoice(first, "生产设备", project)
	f.invoice(equipment-first, firm.Choose(f.Dice, []string{"生产设备", "检测设备", "软件", "节能环保设备"}), project)
	if leased > 0 {
		f.add("融资租赁合同", hundredths(leased), hundredths(firm.Permille(leased, f.Dice.Below(900))), "3.45", dateCell(began), project)
	}
}

func (f *sheet) invoice(net int64, kind, project string) {
	device := fmt.Sprintf("SB-%06d-%d", f.Number, f.keys["设备发票"]+1)
	f.add("设备发票", hundredths(net), dateCell(f.fresh(24)), kind, device, project, yesNo(f.Dice.Chance(30)), yesNo(f.Dice.Chance(50)))
}

func (f *sheet) protectIdeas() {
	if f.Researches && f.Dice.Chance(560) {
		for range f.Dice.Between(1, 7) {
			kind := f.allowed("知识产权", "类别")[f.Dice.Weighted(28, 5, 34, 8, 4, 4, 15, 2)]
			country := "中国"
			if kind == "国外发明专利" || kind == "马德里商标" {
				country = firm.Choose(f.Dice, []string{"美国", "日本", "欧洲", "韩国", "其他"})
			}
			f.add("知识产权", kind, dateCell(f.fresh(30)), country, yesNo(f.Dice.Chance(900)), hundredths(f.Dice.Between(300_00, 30_000_00)))
		}
	}
	if f.Researches && f.Revenue[1] > 50_000_000_00 && f.Dice.Chance(260) {
		for range f.Dice.Between(1, 3) {
			f.add("标准制修订", f.allowed("标准制修订", "标准级别")[f.Dice.Weighted(2, 20, 26, 12, 40)],
				f.allowed("标准制修订", "承担角色")[f.Dice.Weighted(3, 2, 5)], dateCell(f.fresh(30)))
		}
	}
}

func (f *sheet) goPublic() {
	s := &f.Status
	if s.Listing == "" {
		return
	}
	raised, here := int64(0), int64(0)
	if s.Listing == "境内上市" || s.Listing == "境外上市" {
		raised = max(firm.Permille(f.Revenue[1], f.Dice.Between(300, 1500)), firm.HundredMillion)
		here = firm.Permille(raised, f.Dice.Between(100, 900))
	}
	f.add("上市挂牌事件", s.Listing, dateCell(s.ListingOn), hundredths(raised), hundredths(here))
}

func (f *sheet) sellRecords() {
	if f.Trade[1] > 0 && f.Dice.Chance(320) {
		for range f.Dice.Between(1, 3) {
			f.add("境外参展", hundredths(f.Dice.Around(42_000, 700)*100), hundredths(f.Dice.Between(1, 8)*900), dateCell(f.fresh(22)),
				firm.Choose(f.Dice, f.allowed("境外参展", "目的地")), yesNo(f.Dice.Chance(500)))
		}
	}
	if (f.Code[:3] == "F52" || f.Section() == 'H') && f.Dice.Chance(420) {
		for range f.Dice.Between(1, 2) {
			f.add("门店", f.allowed("门店", "首店级别")[f.Dice.Weighted(1, 2, 6, 14, 77)], dateCell(f.fresh(28)),
				hundredths(f.Dice.Around(22_000, 900)), hundredths(f.Dice.Around(900_000, 1200)*100), firm.Choose(f.Dice, []string{"12", "24", "36", "60"}))
		}
	}
}

func (f *sheet) greenRecords() {
	if f.Industrial() && f.Dice.Chance(90) {
		saved := f.Dice.Around(24_000, 1300)
		f.add("节能项目", hundredths(saved), hundredths(saved*f.Dice.Between(2500, 9000)), dateCell(f.fresh(24)), yesNo(f.Dice.Chance(850)), yesNo(f.Dice.Chance(80)))
	}
	if f.Section() == 'G' && f.Dice.Chance(320) || f.Code[:3] == "F51" && f.Dice.Chance(30) {
		for range f.Dice.Between(1, 6) {
			kind := f.allowed("新能源车辆", "车辆类别")[f.Dice.Weighted(40, 10, 40, 10)]
			bill := fmt.Sprintf("FP-%06d-C%d", f.Number, f.keys["新能源车辆"]+1)
			f.add("新能源车辆", kind, hundredths(f.Dice.Between(180_000, 900_000)*100), dateCell(f.fresh(20)), hundredths(f.Dice.Between(500_000, 9_000_000)), bill)
		}
	}
}

// allowed returns the values an enum column of a table may have.
func (f *sheet) allowed(table, name string) []string {
	for _, c := range f.layout.tables[f.layout.tableAt[table]].columns {
		if c.name == name {
			return c.values
		}
	}
	panic(fmt.Sprintf("seeds: the vocabulary has no column %s.%s", table, name))
}

// countRecords writes the facts that are sums or counts of records, so that both agree.
func (f *sheet) countRecords() {
	f.count("当年招用毕业生数", f.tally("新招用人员", 1, "毕业年度高校毕业生", "离校两年内未就业高校毕业生"))
	f.count("当年招用失业青年数", f.tally("新招用人员", 1, "登记失业青年"))
	f.count("当年招用就业困难人员数", f.tally("新招用人员", 1, "就业困难人员"))
	f.yes("知识产权质押贷款", f.tally("贷款合同", 8, "知识产权质押") > 0)
	f.money("贷款余额", f.sum("贷款合同", 1))
	f.money("首台套投保保费", f.sum("首台套产品", 4))
	if f.MonthsIn(1) == 0 {
		return
	}
	f.money("上年技改投资额", f.sum("技改项目", 2))
	var home, abroad int64
	for _, row := range f.records["知识产权"] {
		if row[2][:4] != strconv.Itoa(firm.Cutoff.Year()-1) {
			continue
		}
		switch row[1] {
		case "国内发明专利":
			home++
		case "国外发明专利":
			abroad++
		}
	}
	f.count("授权发明专利数", home+abroad)
	f.count("国外授权发明专利数", abroad)
}

// tally counts the records of a table whose cell is one of the values.
func (f *sheet) tally(table string, cell int, values ...string) int64 {
	var n int64
	for _, row := range f.records[table] {
		for _, v := range values {
			if row[cell] == v {
				n++
			}
		}
	}
	return n
}

// sum adds up a money column, in 分.
func (f *sheet) sum(table string, cell int) int64 {
	var fen int64
	for _, row := range f.records[table] {
		m, err := exact.ParseMoney(row[cell])
		if err != nil {
			panic(fmt.Sprintf("seeds: own record %s: %v", row[0], err))
		}
		fen += int64(m)
	}
	return fen
}
