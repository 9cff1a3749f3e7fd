package firm

import (
	"slices"

	"mianshen/rules/civil"
)

// EdgeEvery is the step between firms that stand exactly at a threshold, or one 分 or one person beside it.
const EdgeEvery = 20

// RecordEdge is the remainder of Number / EdgeEvery of those firms that have a record at a threshold.
const RecordEdge = 13

// edge moves one firm in EdgeEvery onto a threshold that subsidies commonly use
// (figures of the published rules the sample policies are modelled on), so
// that a whole run meets each boundary. Those firms are delivered in full.
func (f *Firm) edge() {
	if f.MonthsIn(3) < 12 {
		return
	}
	switch f.Number % EdgeEvery {
	case RecordEdge:
		f.settle()
		return
	case 7:
	default:
		return
	}
	f.settle()
	f.Fine = 0
	edges[f.Number/EdgeEvery%len(edges)](f)
}

// Multiples of 元 in 分.
const (
	TenThousand    = 10_000_00            // 1 万元
	HundredMillion = 10_000 * TenThousand // 1 亿元
)

var edges = []func(*Firm){
	func(f *Firm) { f.staffAt(200, 200, 189, 0) }, // layoff rate exactly 5.5 %
	func(f *Firm) { f.staffAt(200, 200, 188, 0) }, // one person more
	func(f *Firm) { f.staffAt(30, 30, 24, 0) },    // thirty persons, exactly 20 %
	func(f *Firm) { f.staffAt(31, 31, 24, 0) },    // thirty-one persons
	func(f *Firm) { f.staffAt(30, 30, 20, 4) },    // natural attrition counts
	func(f *Firm) { f.revenueAt(2000*TenThousand, 1900*TenThousand) },
	func(f *Firm) { f.revenueAt(2000*TenThousand-1, 1900*TenThousand) },
	func(f *Firm) { f.revenueAt(2000*TenThousand, 2000*TenThousand-1) },
	func(f *Firm) {
		f.revenueAt(HundredMillion, HundredMillion)
		f.researchAt(300*TenThousand, 300*TenThousand)
	}, // 3 %
	func(f *Firm) {
		f.revenueAt(5000*TenThousand, 4000*TenThousand)
		f.researchAt(250*TenThousand, 150*TenThousand)
	},
	func(f *Firm) {
		f.revenueAt(2*HundredMillion, HundredMillion)
		f.researchAt(600*TenThousand-1, 500*TenThousand)
	},
	func(f *Firm) { f.industry("C3491"); f.outputAt(21*HundredMillion, 20*HundredMillion) }, // 1 亿元 more and 5 %
	func(f *Firm) { f.industry("C3670"); f.outputAt(21*HundredMillion-1, 20*HundredMillion) },
	func(f *Firm) {
		f.industry("C3983")
		f.QuarterBefore, f.Quarter = 2*HundredMillion, 2*HundredMillion+4000*TenThousand
	},
	func(f *Firm) {
		f.industry("C3823")
		f.QuarterBefore, f.Quarter = HundredMillion, HundredMillion+2000*TenThousand
	},
	func(f *Firm) { f.industry("C3311"); f.Staff = 1000; f.revenueAt(4*HundredMillion, 3*HundredMillion) }, // large from here
	func(f *Firm) { f.industry("C2661"); f.Staff = 300; f.revenueAt(2000*TenThousand, 1999*TenThousand) },
	func(f *Firm) { f.industry("I6513"); f.Staff = 300; f.revenueAt(HundredMillion-1, 9000*TenThousand) },
	func(f *Firm) { f.industry("F5292"); f.Online[1], f.Online[2] = 3000*TenThousand, 2000*TenThousand },
	func(f *Firm) { f.industry("F5292"); f.Online[1], f.Online[2] = 3000*TenThousand-1, 2000*TenThousand },
	func(f *Firm) { f.Fine = 5 * TenThousand },
	func(f *Firm) { f.Fine = 5*TenThousand - 1 },
	func(f *Firm) { f.bornOn(Day(2022, 6, 30)) }, // three full years today
	func(f *Firm) { f.bornOn(Day(2020, 2, 29)) },
	func(f *Firm) { f.revenueAt(5000*TenThousand, 4000*TenThousand); f.Debts = Permille(f.Assets, 800) },
	func(f *Firm) { f.Revenue = [4]int64{-1, 13_225 * TenThousand, 11_500 * TenThousand, HundredMillion} }, // 15 % twice
	func(f *Firm) { f.Equity = 500 * TenThousand },
	func(f *Firm) { f.Profit[1], f.Profit[2] = 1, 0 },
}

// staffAt sets insured persons two years and one year ago, and who retired or died.
func (f *Firm) staffAt(staff, before, last, attrition int64) {
	f.Staff, f.Insured, f.Attrition = staff, [3]int64{last, last, before}, attrition
	f.InsuredSince = f.Founded
}

func (f *Firm) revenueAt(last, before int64) {
	f.Revenue[1], f.Revenue[2], f.MainRevenue = last, before, Permille(last, 800)
	f.Research[1], f.Research[2] = min(f.Research[1], last), min(f.Research[2], before)
	if f.Industrial() {
		f.Output[1], f.Output[2] = last, before
	}
}

func (f *Firm) researchAt(last, before int64) {
	f.Researches, f.Research[1], f.Research[2] = true, last, before
}

func (f *Firm) bornOn(founded civil.Date) {
	f.Founded, f.InsuredSince = founded, founded
}

func (f *Firm) outputAt(last, before int64) {
	f.Output[1], f.Output[2] = last, before
	f.revenueAt(last, before)
}

// industry changes the branch's code; output is set where the new branch has any.
func (f *Firm) industry(code string) {
	f.Code, f.Kind = code, "企业"
	for i := range families {
		if slices.Contains(families[i].Codes, code) {
			f.Family = &families[i]
		}
	}
	if f.Industrial() && f.Output[1] <= 0 {
		f.Output[1], f.Output[2] = f.Revenue[1], f.Revenue[2]
	}
	f.USCC, f.Name = f.creditCode(), f.madeUpName()
}

// settle makes the firm an ordinary one of the district, so that nothing but the threshold decides.
func (f *Firm) settle() {
	f.Complete, f.Troubled, f.District = true, false, "青浦区"
	if f.Town == "区外" {
		f.Town = "香花桥街道"
	}
	if f.Kind != "企业" {
		f.Kind = "企业"
		f.USCC, f.Name = f.creditCode(), f.madeUpName()
	}
}
