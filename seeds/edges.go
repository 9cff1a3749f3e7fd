package seeds

import (
	"slices"

	"mianshen/rules/civil"
)

// edgeEvery is the step between firms that stand exactly at a threshold, or one 分 or one person beside it.
const edgeEvery = 20

// edge moves one firm in edgeEvery onto a threshold that subsidies commonly use
// (figures of the published rules the sample policies are modelled on), so
// that a whole run meets each boundary. Those firms are delivered in full.
func (f *firm) edge() {
	if f.number%edgeEvery != 7 || f.monthsIn(3) < 12 {
		return
	}
	f.complete, f.troubled, f.fine = true, false, 0
	edges[f.number/edgeEvery%len(edges)](f)
}

const (
	tenThousand = 10_000_00         // 分 in 1 万元
	hundredMil  = 10_000 * tenThousand // 分 in 1 亿元
)

var edges = []func(*firm){
	func(f *firm) { f.staffAt(200, 200, 189, 0) }, // layoff rate exactly 5.5 %
	func(f *firm) { f.staffAt(200, 200, 188, 0) }, // one person more
	func(f *firm) { f.staffAt(30, 30, 24, 0) },    // thirty persons, exactly 20 %
	func(f *firm) { f.staffAt(31, 31, 24, 0) },    // thirty-one persons
	func(f *firm) { f.staffAt(30, 30, 20, 4) },    // natural attrition counts
	func(f *firm) { f.revenueAt(2000*tenThousand, 1900*tenThousand) },
	func(f *firm) { f.revenueAt(2000*tenThousand-1, 1900*tenThousand) },
	func(f *firm) { f.revenueAt(2000*tenThousand, 2000*tenThousand-1) },
	func(f *firm) { f.revenueAt(hundredMil, hundredMil); f.researchAt(300*tenThousand, 300*tenThousand) }, // 3 %
	func(f *firm) { f.revenueAt(5000*tenThousand, 4000*tenThousand); f.researchAt(250*tenThousand, 150*tenThousand) },
	func(f *firm) { f.revenueAt(2*hundredMil, hundredMil); f.researchAt(600*tenThousand-1, 500*tenThousand) },
	func(f *firm) { f.industry("C3491"); f.outputAt(21*hundredMil, 20*hundredMil) }, // 1 亿元 more and 5 %
	func(f *firm) { f.industry("C3670"); f.outputAt(21*hundredMil-1, 20*hundredMil) },
	func(f *firm) { f.industry("C3983"); f.quarterBefore, f.quarter = 2*hundredMil, 2*hundredMil+4000*tenThousand },
	func(f *firm) { f.industry("C3823"); f.quarterBefore, f.quarter = hundredMil, hundredMil+2000*tenThousand },
	func(f *firm) { f.industry("C3311"); f.staff = 1000; f.revenueAt(4*hundredMil, 3*hundredMil) }, // large from here
	func(f *firm) { f.industry("C2661"); f.staff = 300; f.revenueAt(2000*tenThousand, 1999*tenThousand) },
	func(f *firm) { f.industry("I6513"); f.staff = 300; f.revenueAt(hundredMil-1, 9000*tenThousand) },
	func(f *firm) { f.industry("F5292"); f.online[1], f.online[2] = 3000*tenThousand, 2000*tenThousand },
	func(f *firm) { f.industry("F5292"); f.online[1], f.online[2] = 3000*tenThousand-1, 2000*tenThousand },
	func(f *firm) { f.fine = 5 * tenThousand },
	func(f *firm) { f.fine = 5*tenThousand - 1 },
	func(f *firm) { f.bornOn(day(2022, 6, 30)) }, // three full years today
	func(f *firm) { f.bornOn(day(2020, 2, 29)) },
	func(f *firm) { f.revenueAt(5000*tenThousand, 4000*tenThousand); f.debts = permille(f.assets, 800) },
	func(f *firm) { f.revenue = [4]int64{-1, 13_225 * tenThousand, 11_500 * tenThousand, hundredMil} }, // 15 % twice
	func(f *firm) { f.equity = 500 * tenThousand },
	func(f *firm) { f.profit[1], f.profit[2] = 1, 0 },
}

// staffAt sets insured persons two years and one year ago, and who retired or died.
func (f *firm) staffAt(staff, before, last, attrition int64) {
	f.staff, f.insured, f.attrition = staff, [3]int64{last, last, before}, attrition
	f.insuredSince = f.founded
}

func (f *firm) revenueAt(last, before int64) {
	f.revenue[1], f.revenue[2], f.mainRevenue = last, before, permille(last, 800)
	f.research[1], f.research[2] = min(f.research[1], last), min(f.research[2], before)
	if f.industrial() {
		f.output[1], f.output[2] = last, before
	}
}

func (f *firm) researchAt(last, before int64) {
	f.researches, f.research[1], f.research[2] = true, last, before
}

func (f *firm) bornOn(founded civil.Date) {
	f.founded, f.insuredSince = founded, founded
}

func (f *firm) outputAt(last, before int64) {
	f.output[1], f.output[2] = last, before
	f.revenueAt(last, before)
}

// industry changes the branch's code; output is set where the new branch has any.
func (f *firm) industry(code string) {
	f.code, f.kind = code, "企业"
	for i := range families {
		if slices.Contains(families[i].codes, code) {
			f.family = &families[i]
		}
	}
	if f.industrial() && f.output[1] <= 0 {
		f.output[1], f.output[2] = f.revenue[1], f.revenue[2]
	}
	f.uscc, f.name = f.creditCode(), f.madeUpName()
}

// edgeRecords puts single records onto their thresholds.
func (f *firm) edgeRecords() {
	if f.number%edgeEvery != 13 || f.monthsIn(3) < 12 {
		return
	}
	f.complete = true
	recordEdges[f.number/edgeEvery%len(recordEdges)](f)
}

var recordEdges = []func(*firm){
	func(f *firm) { f.lease(500_00, 30_000_00, cutoff, 24, "办公") }, // 500 square metres, begun today
	func(f *firm) { f.lease(500_01, 30_000_00, day(2024, 1, 1), 24, "研发") },
	func(f *firm) { f.hire("毕业年度高校毕业生", day(2025, 3, 30), 12, 3, 22) },
	func(f *firm) { f.hire("登记失业青年", day(2025, 3, 30), 12, 3, 24) },
	func(f *firm) { f.hire("登记失业青年", day(2025, 3, 30), 12, 3, 25) },
	func(f *firm) { f.hire("离校两年内未就业高校毕业生", day(2025, 4, 1), 11, 2, 23) },
	func(f *firm) { f.upgrade(700*tenThousand, day(2024, 12, 31)) },
	func(f *firm) { f.upgrade(700*tenThousand-1, day(2024, 12, 31)) },
	func(f *firm) { f.borrow(500*tenThousand, day(2024, 1, 1), "设备购置与更新改造") },
	func(f *firm) { f.borrow(500*tenThousand, day(2023, 12, 31), "设备购置与更新改造") },
}
