package firm

// Family is a branch of business as the generator sees it. Weights and
// medians are of our own making: they give the mix of an outer district with
// much machinery, express delivery, trade and software, not statistics of one.
type Family struct {
	Name   string
	Weight int64    // relative frequency
	Codes  []string // GB/T 4754-2017 classes, each as likely
	Trade  string   // the word in made-up names
	Staff  int64    // median staff
	Spread int64    // of staff, thousandths of an octave
	Head   int64    // median revenue a head, 元
	Rd     int64    // firms out of 1,000 that do research
	RdPart int64    // their median research expense, thousandths of revenue
	Trader int64    // firms out of 1,000 that export or import
	Tags   []string // 重点产业标签 they may carry
}

var families = []Family{
	{"装备", 95, []string{"C3421", "C3431", "C3434", "C3441", "C3443", "C3484", "C3491", "C3499", "C3525", "C3544", "C3581", "C3584", "C3591", "C3599"}, "智能装备", 46, 1700, 900_000, 620, 48, 420, []string{"智能制造", "医药健康", "人工智能"}},
	{"电子电气", 78, []string{"C3823", "C3824", "C3825", "C3831", "C3841", "C3871", "C3921", "C3963", "C3973", "C3982", "C3983", "C3989"}, "电子科技", 60, 1800, 950_000, 680, 52, 480, []string{"新一代信息技术", "集成电路", "北斗导航", "新能源", "氢能"}},
	{"汽车零部件", 34, []string{"C3612", "C3660", "C3670", "C3720", "C3744"}, "汽车部件", 90, 1800, 1_000_000, 560, 38, 450, []string{"新能源", "氢能", "智能制造"}},
	{"化工医药", 46, []string{"C2614", "C2641", "C2661", "C2669", "C2682", "C2710", "C2720", "C2761", "C2770", "C2921", "C2929"}, "生物材料", 52, 1700, 1_300_000, 600, 50, 400, []string{"医药健康", "新材料"}},
	{"金属制品", 40, []string{"C3311", "C3321", "C3333", "C3360", "C3392", "C3399", "C3252"}, "精密金属", 38, 1600, 850_000, 380, 34, 300, []string{"新材料", "智能制造"}},
	{"轻工食品", 44, []string{"C1411", "C1439", "C1491", "C1821", "C2110", "C2231", "C2319", "C2439"}, "食品用品", 40, 1700, 750_000, 260, 22, 260, []string{"文化创意"}},
	{"道路运输", 62, []string{"G5431", "G5432", "G5433", "G5437", "G5442"}, "运输", 28, 1700, 700_000, 40, 8, 60, []string{"现代物流"}},
	{"货代", 22, []string{"G5810", "G5821", "G5829"}, "国际货运", 16, 1600, 2_200_000, 30, 6, 550, []string{"现代物流"}},
	{"仓储", 26, []string{"G5910", "G5920", "G5930", "G5990"}, "仓储物流", 30, 1600, 800_000, 80, 12, 120, []string{"现代物流"}},
	{"快递", 16, []string{"G6020", "G6090"}, "快递", 90, 2100, 500_000, 120, 10, 40, []string{"现代物流", "人工智能"}},
	{"批发", 112, []string{"F5126", "F5132", "F5134", "F5154", "F5164", "F5165", "F5169", "F5172", "F5174", "F5175", "F5176", "F5193"}, "贸易", 12, 1500, 4_500_000, 30, 6, 420, []string{"现代物流"}},
	{"零售", 62, []string{"F5211", "F5212", "F5213", "F5232", "F5261", "F5267", "F5283", "F5292"}, "商业", 16, 1700, 1_600_000, 25, 6, 120, []string{"会展商务"}},
	{"软件", 92, []string{"I6511", "I6513", "I6519", "I6520", "I6531", "I6532", "I6540", "I6550", "I6560", "I6572"}, "软件", 24, 1700, 620_000, 640, 130, 160, []string{"新一代信息技术", "人工智能", "北斗导航", "集成电路"}},
	{"互联网", 22, []string{"I6410", "I6429", "I6431", "I6432", "I6450"}, "网络科技", 22, 1800, 850_000, 420, 100, 140, []string{"新一代信息技术", "人工智能"}},
	{"商务服务", 80, []string{"L7211", "L7221", "L7224", "L7231", "L7241", "L7249", "L7259", "L7263", "L7269", "L7284", "L7289", "L7299"}, "商务服务", 16, 1800, 480_000, 60, 20, 60, []string{"会展商务", "文化创意"}},
	{"科研技术", 62, []string{"M7310", "M7320", "M7340", "M7452", "M7484", "M7491", "M7512", "M7513", "M7514", "M7520", "M7540", "M7590"}, "技术服务", 20, 1600, 560_000, 480, 110, 120, []string{"医药健康", "新材料", "新能源", "人工智能"}},
	{"建筑", 40, []string{"E4720", "E4813", "E4852", "E4891", "E4910", "E5011", "E5012"}, "建设工程", 30, 1600, 900_000, 70, 14, 20, nil},
	{"餐饮住宿", 34, []string{"H6110", "H6121", "H6130", "H6210", "H6220", "H6232"}, "餐饮住宿", 22, 1500, 220_000, 5, 4, 10, nil},
	{"房地产", 14, []string{"K7010", "K7020", "K7030", "K7040"}, "置业", 26, 1900, 900_000, 4, 3, 5, nil},
	{"农业", 24, []string{"A0111", "A0141", "A0142", "A0149", "A0412", "A0514"}, "农业", 12, 1500, 300_000, 60, 16, 30, nil},
	{"文化体育", 20, []string{"R8626", "R8730", "R8760", "R9030", "R9051"}, "文化传播", 14, 1600, 420_000, 60, 30, 40, []string{"文化创意"}},
	{"养老社会工作", 12, []string{"Q8512", "Q8514", "Q8521"}, "养老服务", 34, 1300, 160_000, 5, 4, 0, nil},
	{"卫生", 6, []string{"Q8415", "Q8425", "Q8491"}, "医疗", 40, 1500, 420_000, 60, 20, 10, []string{"医药健康"}},
	{"教育培训", 8, []string{"P8310", "P8391", "P8393"}, "职业培训", 18, 1400, 200_000, 10, 6, 5, nil},
	{"居民服务", 16, []string{"O8010", "O8030", "O8040", "O8111"}, "家政服务", 14, 1500, 180_000, 5, 4, 0, nil},
	{"环保公用", 12, []string{"N7721", "N7723", "N7820", "N7840", "D4416", "D4430"}, "环境科技", 36, 1600, 600_000, 240, 30, 40, []string{"新能源", "氢能"}},
	{"金融", 3, []string{"J6635", "J6920", "J6940"}, "金融信息", 14, 1500, 1_500_000, 60, 20, 10, nil},
}

// Section is the letter of the firm's branch, C for manufacturing.
func (f *Firm) Section() byte { return f.Code[0] }

// Industrial reports whether the bureau of statistics counts the firm's output (sections B, C and D).
func (f *Firm) Industrial() bool { return f.Section() >= 'B' && f.Section() <= 'D' }

// names of made-up firms are 示例 and two of these characters.
var nameFirst = []rune("云启恒瑞华青博远明盛联创汇智天弘正和泰安宏信润丰嘉禾凯源卓越锦程永兴佳宜海纳同德百川星辰晨光东升")

var nameSecond = []rune("腾拓阔帆翼辉煜峰岳林森澜泽涛沐舟航驰骋达畅颂韵筑基石砺锋锐铭钧衡枢纽擎鼎尚品致臻优真朴实诚谦")

// townWeights are the towns' shares in the order of standard.Towns.
var townWeights = []int64{110, 120, 150, 90, 60, 55, 80, 140, 100, 45, 50}
