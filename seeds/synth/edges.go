package synth

import "mianshen/seeds/firm"

// edgeRecords puts single records onto their thresholds.
func (f *sheet) edgeRecords() {
	if f.Number%firm.EdgeEvery != firm.RecordEdge || !f.Complete {
		return
	}
	recordEdges[f.Number/firm.EdgeEvery%len(recordEdges)](f)
}

var recordEdges = []func(*sheet){
	func(f *sheet) { f.lease(500_00, 30_000_00, firm.Cutoff, 24, "办公") }, // 500 square metres, begun today
	func(f *sheet) { f.lease(500_01, 30_000_00, firm.Day(2024, 1, 1), 24, "研发") },
	func(f *sheet) { f.hire("毕业年度高校毕业生", firm.Day(2025, 3, 30), 12, 3, 22) },
	func(f *sheet) { f.hire("登记失业青年", firm.Day(2025, 3, 30), 12, 3, 24) },
	func(f *sheet) { f.hire("登记失业青年", firm.Day(2025, 3, 30), 12, 3, 25) },
	func(f *sheet) { f.hire("离校两年内未就业高校毕业生", firm.Day(2025, 4, 1), 11, 2, 23) },
	func(f *sheet) { f.upgrade(700*firm.TenThousand, firm.Day(2024, 12, 31)) },
	func(f *sheet) { f.upgrade(700*firm.TenThousand-1, firm.Day(2024, 12, 31)) },
	func(f *sheet) { f.borrow(500*firm.TenThousand, firm.Day(2024, 1, 1), "设备购置与更新改造") },
	func(f *sheet) { f.borrow(500*firm.TenThousand, firm.Day(2023, 12, 31), "设备购置与更新改造") },
}
