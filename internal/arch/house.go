package arch

import "slices"

// The rooms that stand for law as code, from the bottom up. Everything above rules uses these doors.
var (
	bottom = []string{"rules/exact", "rules/civil", "rules/source", "rules/standard"}
	law    = append([]string{"rules", "rules/formula", "rules/lint"}, bottom...)
)

// House is the architecture of this module: ARCHITECTURE.md draws it, this table is it. Imports go down only:
// cmd -> internal/web -> {engine, index, internal/*} -> rules.
var House = Table{
	Rooms:     rooms,
	Libraries: libraries,
	Code:      Budget{Function: 60, File: 500, Package: 1300, Methods: 5, Nesting: 3},
	Tests:     Budget{Function: 120, File: 800, Methods: 5}, // nested loops over every case are how tests walk tables
	Excused:   excused,
}

var rooms = map[string]Room{
	// Law as code: no I/O, no clock.
	"rules/exact":        {Bars: NoClock | NoIO},
	"rules/civil":        {Bars: NoClock | NoIO},
	"rules/source":       {Bars: NoClock | NoIO},
	"rules/standard":     {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil"}},
	"rules/formula":      {Bars: NoClock | NoIO, Imports: bottom},
	"rules":              {Bars: NoClock | NoIO, Imports: with(bottom, "rules/formula"), TestImports: []string{"seeds", "seeds/synth", "rules/rulestest"}},
	"rules/rulestest":    {ForTests: true, Imports: with(bottom, "rules", "rules/formula")},
	"rules/lint/numeral": {Bars: NoClock | NoIO},
	"rules/lint/proof":   {Bars: NoClock | NoIO, Imports: with(bottom, "rules", "rules/formula")},
	"rules/lint":         {Bars: NoClock | NoIO, Imports: with(bottom, "rules", "rules/formula", "rules/lint/numeral", "rules/lint/proof"), TestImports: []string{"seeds", "seeds/synth"}},

	// Above the law.
	"engine/kernel":         {Bars: NoClock | NoIO},
	"engine/ladder":         {Bars: NoClock | NoIO},
	"engine/column/decimal": {Bars: NoClock | NoIO},
	"engine/column/intern":  {Bars: NoClock | NoIO},
	"engine/column/pack":    {Bars: NoClock | NoIO},
	"engine/column":         {Bars: NoClock | NoIO, Imports: []string{"engine/column/decimal", "engine/column/intern", "engine/column/pack"}},
	"engine/outcome":        {Bars: NoClock | NoIO, Imports: []string{"rules", "rules/exact", "engine/kernel"}},
	"engine":                {Bars: NoClock | NoIO, Imports: with(bottom, "rules", "rules/formula", "engine/column", "engine/kernel", "engine/ladder", "engine/outcome"), TestImports: []string{"seeds", "seeds/synth", "rules/rulestest"}},

	// Search knows only its own parts.
	"index/sealed":  {Bars: NoClock},
	"index/words":   {Bars: NoClock},
	"index/lexicon": {Bars: NoClock | NoIO, Imports: []string{"index/words"}},
	"index/repair":  {Bars: NoClock | NoIO, Imports: []string{"index/lexicon", "index/words"}},
	"index": {
		Bars: NoClock, Imports: []string{"index/lexicon", "index/pairs", "index/repair", "index/sealed", "index/share", "index/suggest", "index/words"}, TestImports: []string{"index/judge"},
	},
	"index/pairs":   {Bars: NoClock | NoIO},
	"index/share":   {Bars: NoClock | NoIO, Imports: []string{"index/lexicon", "index/words"}},
	"index/suggest": {Bars: NoClock | NoIO, Imports: []string{"index/lexicon", "index/repair", "index/words"}},
	"index/judge":   {Bars: NoClock, Imports: []string{"index"}},
	"index/texts":   {Bars: NoClock, Imports: []string{"index", "index/words"}},

	// Samples.
	"seeds/firm":  {Bars: NoClock, Imports: bottom},
	"seeds/synth": {Bars: NoClock, Imports: with(bottom, "seeds/firm")},
	"seeds":       {Bars: NoClock, Imports: with(bottom, "rules", "seeds/firm", "seeds/synth"), TestImports: []string{"rules/lint"}},
	"seeds/gen":   {Bars: NoClock, Imports: with(bottom, "rules", "seeds", "seeds/firm", "seeds/synth")},
	"examples":    {},

	// What holds the state and meets the world.
	"internal/sheet":                   {Bars: NoClock, TestImports: []string{"internal/sheet/xlsx"}},
	"internal/sheet/jsonl":             {Bars: NoClock, Imports: []string{"internal/sheet"}},
	"internal/sheet/parquet":           {Bars: NoClock, Imports: []string{"internal/sheet"}},
	"internal/sheet/xlsx":              {Bars: NoClock, Imports: []string{"internal/sheet"}},
	"internal/intake":                  {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "internal/sheet", "internal/sheet/jsonl", "internal/sheet/parquet", "internal/sheet/xlsx"), TestImports: []string{"seeds", "seeds/synth"}},
	"internal/intake/delivery/records": {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula")},
	"internal/intake/delivery/parts":   {Bars: NoClock, Imports: []string{"engine/column"}},
	"internal/intake/delivery/lines":   {Bars: NoClock, Imports: []string{"internal/sheet"}},
	"internal/intake/delivery/cells": {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "engine", "engine/column", "internal/intake", "internal/sheet",
		"internal/intake/delivery/lines", "internal/intake/delivery/parts", "internal/intake/delivery/records")},
	"internal/intake/delivery": {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "engine/column", "internal/intake", "internal/sheet",
		"internal/intake/delivery/cells", "internal/intake/delivery/lines", "internal/intake/delivery/parts", "internal/intake/delivery/records")},
	"internal/facts/form":   {Bars: NoClock, Imports: with(bottom, "rules", "engine", "engine/column", "internal/intake/delivery")},
	"internal/facts/layer":  {Bars: NoClock, Imports: []string{"engine/column", "internal/facts/form", "internal/store"}},
	"internal/facts/gather": {Bars: NoClock | NoIO, Imports: with(bottom, "rules", "engine", "engine/column")},
	"internal/facts/arrival": {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "engine", "engine/column", "internal/facts/form",
		"internal/intake", "internal/intake/delivery", "internal/intake/delivery/parts", "internal/store")},
	"internal/facts": {
		Bars: NoClock,
		Imports: with(bottom, "rules", "rules/formula", "engine", "engine/column", "internal/facts/form", "internal/facts/gather", "internal/facts/layer",
			"internal/intake/delivery", "internal/store"),
		TestImports: []string{"internal/facts/arrival", "internal/intake", "internal/pgtest"},
	},
	"internal/readiness":        {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "engine", "engine/column"), TestImports: []string{"seeds", "seeds/synth", "internal/intake"}},
	"internal/readiness/report": {Bars: NoClock, Imports: with(bottom, "rules", "internal/readiness", "internal/sheet")},
	"internal/whatif/place":     {Bars: NoClock, Imports: with(bottom, "rules", "rules/formula")},
	"internal/whatif": {
		Bars: NoClock, Imports: with(bottom, "rules", "rules/formula", "engine", "engine/column", "internal/whatif/place"),
		TestImports: []string{"seeds", "seeds/synth", "internal/demo", "rules/rulestest"},
	},
	"internal/whatif/past": {
		Bars: NoClock, Imports: with(bottom, "rules", "engine", "internal/casework", "internal/facts", "internal/store", "internal/whatif"),
		TestImports: []string{"internal/facts/arrival", "internal/intake", "internal/intake/delivery"},
	},
	"internal/pgtest":           {ForTests: true},
	"internal/audit":            {Bars: NoClock | NoIO},
	"internal/seal":             {Bars: NoClock},
	"internal/persons/duty":     {Bars: NoClock | NoIO},
	"internal/persons/secret":   {Bars: NoClock},
	"internal/persons/provider": {Bars: NoClock, Imports: []string{"internal/persons/secret"}},
	"internal/persons": {
		Bars: NoClock, Imports: []string{"rules/standard", "internal/audit", "internal/store", "internal/store/rowset", "internal/persons/duty", "internal/persons/secret"},
		TestImports: []string{"internal/pgtest", "internal/seal"},
	},
	"internal/store/rowset":    {Bars: NoClock | NoIO},
	"internal/store/reuse":     {Bars: NoClock, Imports: []string{}},
	"internal/store":           {Bars: NoClock, Imports: with(bottom, "rules", "engine", "internal/audit", "internal/store/reuse"), TestImports: []string{"internal/store/storetest", "internal/pgtest", "seeds", "seeds/synth"}},
	"internal/store/storetest": {ForTests: true, Imports: with(bottom, "rules", "engine", "internal/audit", "internal/store", "internal/pgtest")},
	"internal/casework": {
		Imports:     with(bottom, "rules", "rules/formula", "rules/lint", "engine", "engine/kernel", "internal/facts", "internal/store"),
		TestImports: []string{"seeds", "seeds/synth", "internal/pgtest", "internal/facts/arrival", "internal/intake", "internal/disburse/granted", "internal/disburse/ledger"},
	},
	"internal/catalog": {Bars: NoClock, Imports: with(bottom, "rules", "index"), TestImports: []string{"seeds"}},
	"internal/finder":  {Imports: []string{"index", "index/lexicon", "internal/casework", "internal/catalog", "internal/store"}, TestImports: []string{"internal/demo", "seeds"}},
	"internal/demo": {
		Bars:    NoClock,
		Imports: with(bottom, "rules", "rules/formula", "seeds", "seeds/synth", "internal/casework", "internal/facts/arrival", "internal/intake", "internal/sheet", "internal/store", "internal/persons", "internal/disburse/payout"),
	},
	"internal/demo/quarter": {
		Bars: NoClock,
		Imports: with(bottom, "rules", "seeds", "internal/casework", "internal/demo", "internal/disburse", "internal/disburse/ledger", "internal/disburse/lists", "internal/disburse/lists/view",
			"internal/disburse/pay", "internal/disburse/payout", "internal/disburse/recheck", "internal/facts/arrival", "internal/persons", "internal/store"),
		TestImports: []string{"internal/fsck", "internal/seal"},
	},
	"internal/disburse/entitle": {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil"}},
	"internal/disburse/best":    {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil", "internal/disburse/entitle"}, TestImports: []string{"internal/pgtest"}},
	"internal/disburse/ration":  {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil"}},
	"internal/disburse/payee":   {Bars: NoClock | NoIO},
	"internal/disburse/ledger": {
		Bars: NoClock, Imports: []string{"internal/disburse/payee", "internal/disburse/payout", "rules", "rules/exact", "rules/civil", "internal/audit", "internal/intake", "internal/persons/duty", "internal/store", "internal/store/rowset"}, TestImports: []string{"internal/pgtest"},
	},
	"internal/disburse/granted": {
		Bars: NoClock, Imports: []string{"internal/disburse/ledger", "rules", "rules/exact", "rules/civil", "internal/audit", "internal/intake", "internal/store", "internal/store/rowset"},
		TestImports: []string{"internal/fsck", "internal/pgtest"},
	},
	"internal/disburse/recheck":  {Bars: NoClock, Imports: []string{"engine", "internal/casework", "internal/store", "internal/disburse/claim", "rules", "rules/exact", "rules/civil"}},
	"internal/disburse/overview": {Bars: NoClock, Imports: []string{"internal/store", "internal/disburse/lists", "rules/exact", "rules/civil"}, TestImports: []string{"internal/pgtest"}},
	"internal/disburse/brake":    {Bars: NoClock, Imports: []string{"internal/audit", "internal/store", "internal/store/rowset"}, TestImports: []string{"internal/pgtest"}},
	"internal/disburse/report":   {Bars: NoClock, Imports: []string{"internal/casework", "internal/store", "internal/store/rowset", "rules", "rules/exact", "rules/civil"}},
	"internal/disburse/claim":    {Bars: NoClock | NoIO, Imports: []string{"rules", "rules/exact", "rules/civil", "internal/disburse/entitle"}},
	"internal/disburse": {
		Bars: NoClock,
		Imports: with(bottom, "rules", "engine", "internal/casework", "internal/store", "internal/store/rowset", "internal/disburse/best", "internal/disburse/claim", "internal/disburse/entitle", "internal/disburse/ledger",
			"internal/disburse/lists", "internal/disburse/ration"),
		TestImports: []string{
			"internal/disburse/granted", "internal/disburse/payee", "internal/fsck",
			"rules/formula", "internal/demo", "internal/pgtest", "internal/facts/arrival", "internal/intake", "internal/disburse/recheck", "internal/disburse/report",
			"internal/disburse/pay", "internal/disburse/pay/paytest", "internal/disburse/payout",
		},
	},
	"internal/disburse/lists": {
		Bars: NoClock, Imports: []string{"rules/exact", "rules/civil", "internal/audit", "internal/store", "internal/disburse/entitle", "internal/disburse/payout", "internal/persons/duty"},
		TestImports: []string{"internal/pgtest", "internal/disburse/lists/view"},
	},
	"internal/disburse/lists/view": {
		Bars: NoClock, Imports: []string{"rules/exact", "rules/civil", "internal/store", "internal/disburse/lists", "internal/disburse/notice"},
	},
	"internal/disburse/notice":  {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil", "internal/sheet"}, TestImports: []string{"internal/sheet/xlsx"}},
	"internal/disburse/payout":  {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil", "internal/sheet"}, TestImports: []string{"internal/sheet/xlsx"}},
	"internal/disburse/receipt": {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil", "internal/sheet", "internal/sheet/xlsx", "internal/disburse/payout"}},
	"internal/disburse/pay": {
		Bars: NoClock, Imports: []string{"internal/disburse/payee", "rules/exact", "rules/civil", "internal/audit", "internal/store", "internal/disburse/lists", "internal/disburse/payout", "internal/disburse/receipt", "internal/disburse/pay/evidence"},
		TestImports: []string{"internal/pgtest", "internal/disburse/ledger", "internal/disburse/pay/paytest", "internal/fsck"},
	},
	"internal/disburse/pay/evidence": {Bars: NoClock | NoIO, Imports: []string{"internal/disburse/payee", "rules/exact", "rules/civil", "internal/disburse/payout", "internal/disburse/receipt"}},
	"internal/disburse/pay/paytest":  {ForTests: true, Imports: []string{"rules/civil", "internal/store", "internal/disburse/lists"}},
	"internal/disburse/pay/balance": {
		Bars: NoClock, Imports: []string{"rules/exact", "rules/civil", "internal/store", "internal/sheet", "internal/disburse/pay", "internal/disburse/pay/evidence", "internal/disburse/receipt"},
		TestImports: []string{"internal/pgtest", "internal/disburse/pay/paytest", "internal/disburse/payout"},
	},
	"internal/fsck": {Bars: NoClock, Imports: []string{"internal/store", "internal/audit"}, TestImports: []string{"internal/pgtest"}}, // proves what disburse and persons keep, so it shares nothing with them

	// What firms are told. Only the dispatcher has a clock.
	"internal/notify/event":    {Bars: NoClock | NoIO, Imports: []string{"rules/exact", "rules/civil"}},
	"internal/notify/forecast": {Bars: NoClock | NoIO, Imports: []string{"rules", "rules/civil", "rules/exact", "rules/formula"}, TestImports: []string{"rules/rulestest"}},
	"internal/notify/night":    {Bars: NoClock, Imports: []string{"rules", "rules/civil", "rules/exact", "engine", "internal/casework", "internal/store", "internal/notify/event"}},
	"internal/notify/derive": {
		Bars: NoClock, Imports: []string{"rules", "rules/exact", "rules/civil", "engine", "internal/casework", "internal/store", "internal/notify/event", "internal/notify/night"},
		TestImports: []string{"internal/pgtest", "internal/seal", "internal/demo", "internal/demo/quarter", "internal/notify/channel", "internal/notify/effect", "internal/notify/outbox", "internal/notify/outlook", "internal/notify/words", "internal/disburse/lists", "internal/disburse/pay/paytest", "seeds"},
	},
	"internal/notify/outlook": {
		Bars: NoClock, Imports: []string{"rules", "rules/exact", "rules/civil", "engine", "engine/column", "internal/casework", "internal/store", "internal/notify/event", "internal/notify/forecast", "internal/notify/night"},
		TestImports: []string{"internal/facts", "internal/facts/form", "internal/seal", "internal/demo", "internal/notify/derive", "internal/notify/outbox", "internal/pgtest", "seeds"},
	},
	"internal/notify/words": {
		Bars: NoClock, Imports: []string{"rules/source", "internal/audit", "internal/store", "internal/notify/event"}, TestImports: []string{"internal/pgtest"},
	},
	"internal/notify/foretell": {Bars: NoClock, Imports: []string{
		"internal/casework", "internal/notify/channel", "internal/notify/choice", "internal/notify/derive", "internal/notify/event", "internal/notify/outbox", "internal/notify/outlook", "internal/notify/words",
	}, TestImports: []string{"internal/demo", "internal/pgtest", "internal/seal", "internal/store", "rules", "rules/civil", "rules/exact", "seeds"}},
	"internal/notify/rota": {Bars: NoClock, Imports: []string{"rules/civil", "internal/notify/choice", "internal/notify/derive", "internal/notify/outbox", "internal/notify/outlook", "internal/timetable"}},
	"internal/notify/feed": {Bars: NoClock | NoIO, Imports: []string{"rules/civil"}},
	"internal/notify/subscription": {
		Bars: NoClock, Imports: []string{"rules/civil", "internal/audit", "internal/persons/secret", "internal/store"}, TestImports: []string{"internal/persons", "internal/pgtest"},
	},
	"internal/notify/choice": {Bars: NoClock | NoIO, Imports: []string{"rules/civil", "internal/notify/event"}, TestImports: []string{"rules/exact"}},
	"internal/notify/outbox": {
		Bars: NoClock, Imports: []string{"rules/civil", "internal/audit", "internal/store", "internal/store/rowset", "internal/notify/channel", "internal/notify/choice", "internal/notify/event"},
		TestImports: []string{"rules/exact", "internal/pgtest", "internal/seal"},
	},
	"internal/notify/supply": {
		Bars:        NoClock,
		Imports:     []string{"rules", "rules/civil", "internal/audit", "internal/facts/arrival", "internal/intake", "internal/intake/delivery", "internal/store"},
		TestImports: []string{"seeds", "internal/casework", "internal/demo", "internal/persons", "internal/pgtest", "internal/seal"},
	},
	"internal/notify/exchange": {Imports: []string{
		"internal/notify", "internal/notify/channel", "internal/notify/channel/inbox", "internal/notify/channel/logged", "internal/notify/channel/outward",
		"internal/notify/channel/sms", "internal/notify/channel/smtp", "internal/notify/channel/webhook", "internal/notify/channel/wecom", "internal/notify/event", "internal/notify/outbox", "internal/notify/words",
	}},
	"internal/notify/effect":          {Bars: NoClock, Imports: []string{"internal/store"}, TestImports: []string{"internal/notify/channel", "internal/notify/event", "internal/notify/outbox", "internal/pgtest", "internal/seal"}},
	"internal/notify/channel":         {Bars: NoClock | NoIO},
	"internal/notify/channel/outward": {Bars: NoClock},
	"internal/notify/channel/inbox":   {Bars: NoClock | NoIO, Imports: []string{"internal/notify/channel"}},
	"internal/notify/channel/logged":  {Bars: NoClock, Imports: []string{"internal/notify/channel"}},
	"internal/notify/channel/sms":     {Bars: NoClock, Imports: []string{"internal/notify/channel", "internal/notify/channel/outward"}},
	"internal/notify/channel/smtp":    {Bars: NoClock, Imports: []string{"internal/notify/channel"}},
	"internal/notify/channel/webhook": {Bars: NoClock, Imports: []string{"internal/notify/channel", "internal/notify/channel/outward"}},
	"internal/notify/channel/wecom":   {Bars: NoClock, Imports: []string{"internal/notify/channel", "internal/notify/channel/outward"}},
	"internal/notify": {
		Imports:     []string{"internal/notify/channel", "internal/notify/choice", "internal/notify/event", "internal/notify/outbox", "rules", "internal/store", "internal/audit"},
		TestImports: []string{"rules/civil", "rules/exact", "internal/pgtest", "internal/seal", "internal/store", "internal/notify/channel/inbox", "internal/notify/channel/outward", "internal/notify/channel/sms", "internal/notify/channel/smtp", "internal/notify/channel/webhook"},
	},

	"internal/timetable": {Imports: []string{"rules/civil", "internal/store"}, TestImports: []string{"internal/pgtest"}},

	// The edge.
	"internal/web/say":    {Bars: NoClock, Imports: with(bottom, "rules")},
	"internal/web/static": {Bars: NoClock},
	"internal/web/desk":   {Bars: NoClock, Imports: with(bottom, "rules", "index", "index/lexicon", "internal/casework", "internal/catalog", "internal/store", "internal/web/say", "internal/web/seek")},
	"internal/web/seek":   {Bars: NoClock | NoIO, Imports: with(bottom, "rules", "index")},
	"internal/web/reader": {Bars: NoClock, Imports: []string{"rules", "index", "internal/casework", "internal/web/desk"}},
	"internal/web/shelf":  {Bars: NoClock, Imports: []string{"rules/civil", "index", "internal/store", "internal/web/desk", "internal/web/seek"}},
	"internal/web/ui": {
		Bars: NoClock,
		Imports: with(bottom, "rules", "internal/intake/delivery", "internal/persons", "internal/readiness", "internal/whatif", "internal/web/bureau", "internal/web/caller", "internal/web/desk", "internal/web/reader",
			"internal/web/say", "internal/web/seek", "internal/web/shelf", "internal/web/static"),
	},
	"internal/web/caller": {Bars: NoClock | NoIO, Imports: []string{"internal/persons"}},
	"internal/web/door": {
		Bars: NoClock, Imports: []string{"internal/persons", "internal/persons/provider", "internal/web/caller", "internal/web/problem", "internal/web/ui"},
	},
	"internal/web/problem": {Bars: NoClock, Imports: []string{"internal/store", "internal/web/desk"}},
	"internal/web/once":    {Bars: NoClock, Imports: []string{"internal/web/problem"}},
	"internal/web/strict":  {Bars: NoClock},
	"internal/web/source":  {Bars: NoClock},
	"internal/web/bureau": {
		Bars: NoClock,
		Imports: with(bottom, "rules", "rules/formula", "engine", "internal/casework", "internal/facts/arrival", "internal/facts/form", "internal/intake",
			"internal/intake/delivery", "internal/readiness", "internal/store", "internal/web/desk", "internal/whatif", "internal/whatif/place"),
	},
	"internal/web/receive": {Bars: NoClock, Imports: []string{"internal/intake", "internal/store", "internal/web/bureau", "internal/web/problem"}},
	"internal/web/treasury": {
		Bars: NoClock,
		Imports: []string{
			"internal/casework", "internal/disburse", "internal/disburse/ledger", "internal/disburse/lists", "internal/disburse/lists/view", "internal/disburse/overview", "internal/disburse/pay",
			"internal/disburse/payout", "internal/disburse/receipt", "internal/disburse/recheck", "internal/store", "internal/web/caller", "internal/web/problem", "rules", "rules/civil",
		},
	},
	"internal/web/moneyui": {Bars: NoClock, Imports: []string{"internal/disburse/lists", "internal/web/say", "internal/web/ui", "rules/civil", "rules/exact"}},
	"internal/web/counter": {
		Bars: NoClock, Imports: []string{"internal/disburse/lists", "internal/disburse/overview", "internal/web/caller", "internal/web/moneyui", "internal/web/problem", "internal/web/treasury", "internal/web/ui", "rules/civil", "rules/exact"},
	},
	"internal/web/money": {
		Bars: NoClock,
		Imports: []string{
			"internal/disburse", "internal/disburse/lists", "internal/disburse/lists/view", "internal/disburse/notice", "internal/disburse/overview", "internal/disburse/pay/evidence",
			"internal/disburse/recheck", "internal/web/caller", "internal/web/counter", "internal/web/moneyui", "internal/web/problem", "internal/web/treasury", "rules", "rules/civil", "rules/exact",
		},
	},
	"internal/web/moneyapi": {
		Bars: NoClock,
		Imports: []string{
			"internal/disburse", "internal/disburse/lists", "internal/disburse/lists/view", "internal/disburse/overview", "internal/disburse/pay", "internal/disburse/pay/balance", "internal/disburse/pay/evidence", "internal/disburse/report", "internal/sheet",
			"internal/web/caller", "internal/web/desk", "internal/web/problem", "internal/web/treasury", "rules/civil", "rules/exact",
		},
	},
	"internal/web/fundsapi": {
		Bars: NoClock,
		Imports: []string{
			"internal/disburse/brake", "internal/disburse/granted", "internal/disburse/ledger", "internal/disburse/overview", "internal/intake",
			"internal/web/caller", "internal/web/desk", "internal/web/problem", "internal/web/treasury", "rules", "rules/civil", "rules/exact", "rules/standard",
		},
	},
	"internal/web/lock": {Bars: NoClock, Imports: []string{"internal/disburse/brake", "internal/web/caller", "internal/web/counter", "internal/web/moneyui", "internal/web/problem"}},
	"internal/web/cashier": {
		Bars: NoClock,
		Imports: []string{
			"internal/disburse/brake", "internal/disburse/ledger", "internal/disburse/lists", "internal/disburse/overview", "internal/disburse/pay", "internal/disburse/pay/balance", "internal/disburse/pay/evidence",
			"internal/disburse/report", "internal/intake", "internal/web/caller", "internal/web/counter", "internal/web/moneyui", "internal/web/problem",
			"internal/web/treasury", "rules", "rules/civil", "rules/exact",
		},
	},
	"internal/web/pages": {Bars: NoClock, Imports: with(bottom, "rules", "internal/web/bureau", "internal/web/caller", "internal/web/desk", "internal/web/problem", "internal/web/reader", "internal/web/seek", "internal/web/shelf", "internal/web/ui")},
	"internal/web": {
		Imports:     with(law, "engine", "index", "seeds", "internal/casework", "internal/store", "internal/intake", "internal/sheet", "internal/disburse", "internal/disburse/granted", "internal/disburse/ledger", "internal/disburse/lists", "internal/disburse/lists/view", "internal/disburse/overview", "internal/disburse/pay", "internal/disburse/pay/balance", "internal/disburse/payout", "internal/disburse/report", "internal/notify", "internal/audit", "internal/persons", "internal/persons/provider", "internal/web/bureau", "internal/web/caller", "internal/web/cashier", "internal/web/counter", "internal/web/desk", "internal/web/door", "internal/web/fundsapi", "internal/web/money", "internal/web/moneyapi", "internal/web/once", "internal/web/pages", "internal/web/problem", "internal/web/reader", "internal/web/receive", "internal/web/say", "internal/web/seek", "internal/web/shelf", "internal/web/source", "internal/web/static", "internal/web/strict", "internal/web/treasury", "internal/web/ui", "internal/notify/channel", "internal/notify/choice", "internal/notify/outbox", "internal/notify/supply", "internal/timetable", "internal/web/letterbox", "internal/web/post", "internal/web/post/upkeep", "internal/web/lock", "internal/web/post/feeds"),
		TestImports: []string{"internal/fsck", "seeds/synth", "internal/pgtest", "internal/catalog", "internal/demo", "internal/finder", "internal/persons/secret", "internal/seal", "internal/notify/channel/inbox", "internal/notify/channel/logged", "internal/notify/event"},
	},
	"internal/web/postui": {Bars: NoClock, Imports: []string{"internal/web/ui"}},
	"internal/web/post": {
		Imports: with(bottom, "rules", "internal/casework", "internal/notify", "internal/notify/channel", "internal/notify/choice", "internal/notify/effect", "internal/notify/event", "internal/notify/outbox",
			"internal/notify/subscription", "internal/notify/supply", "internal/store", "internal/timetable", "internal/web/caller", "internal/web/counter", "internal/web/desk", "internal/web/moneyui", "internal/web/postui", "internal/web/problem",
			"internal/web/say"),
	},
	"internal/web/post/feeds": {Bars: NoClock, Imports: []string{
		"rules", "rules/civil", "internal/casework", "internal/disburse/lists", "internal/disburse/overview", "internal/notify/event", "internal/notify/feed", "internal/notify/outlook",
		"internal/notify/subscription", "internal/web/counter", "internal/web/desk", "internal/web/post", "internal/web/problem", "internal/web/say",
	}},
	"internal/web/post/upkeep": {Bars: NoClock, Imports: []string{
		"rules", "internal/notify/effect", "internal/notify/outbox", "internal/notify/supply", "internal/store", "internal/timetable", "internal/web/caller",
		"internal/web/counter", "internal/web/moneyui", "internal/web/post", "internal/web/problem", "internal/web/say",
	}},
	"internal/web/letterbox": {Bars: NoClock, Imports: []string{"rules/standard", "internal/notify/choice", "internal/notify/outbox", "internal/web/bureau", "internal/web/caller", "internal/web/desk", "internal/web/post", "internal/web/problem"}},
	"internal/counter": {Imports: []string{
		"rules/exact", "rules/civil", "internal/casework", "internal/disburse/lists", "internal/disburse/lists/view", "internal/disburse/pay",
		"internal/persons", "internal/seal", "internal/store",
	}, TestImports: []string{"internal/pgtest"}},
	"internal/counter/bank": {
		Imports: []string{
			"rules/civil", "internal/casework", "internal/counter", "internal/disburse/pay", "internal/disburse/pay/balance", "internal/disburse/pay/evidence",
			"internal/disburse/payout", "internal/seal",
		},
	},
	"internal/counter/hold": {Imports: []string{"internal/casework", "internal/counter", "internal/disburse/brake"}},
	"internal/counter/listing": {
		Imports: []string{
			"rules", "rules/exact", "rules/civil", "internal/casework", "internal/counter", "internal/counter/bank", "internal/disburse", "internal/disburse/lists",
			"internal/disburse/lists/view", "internal/disburse/recheck", "internal/disburse/report", "internal/store",
		},
	},
	"internal/counter/feeds": {Imports: []string{"internal/counter", "internal/notify/subscription", "internal/persons"}},
	"internal/counter/letters": {Imports: []string{
		"rules/civil", "internal/casework", "internal/counter", "internal/notify/channel", "internal/notify/derive", "internal/notify/event", "internal/notify/exchange",
		"internal/notify/foretell", "internal/notify/outbox", "internal/notify/outlook", "internal/notify/rota", "internal/notify/words", "internal/persons", "internal/store",
	}},
	"internal/counter/funds": {Imports: []string{"rules", "rules/exact", "rules/civil", "internal/casework", "internal/counter", "internal/disburse/granted", "internal/disburse/ledger", "internal/intake", "internal/store"}},
	"cmd/mianshen": {
		Imports: with(law, "engine", "index", "index/judge", "index/lexicon", "index/texts", "seeds", "seeds/synth", "internal/casework", "internal/facts/arrival", "internal/store", "internal/intake", "internal/intake/delivery", "internal/sheet",
			"internal/audit", "internal/catalog", "internal/counter", "internal/counter/bank", "internal/counter/feeds", "internal/counter/funds",
			"internal/counter/hold", "internal/counter/letters", "internal/counter/listing", "internal/demo", "internal/demo/quarter", "internal/disburse",
			"internal/disburse/granted", "internal/disburse/ledger", "internal/disburse/pay", "internal/disburse/payout", "internal/finder", "internal/fsck",
			"internal/notify", "internal/notify/channel", "internal/notify/derive", "internal/notify/event", "internal/notify/exchange",
			"internal/notify/foretell", "internal/notify/outbox", "internal/notify/outlook", "internal/notify/rota", "internal/notify/words", "internal/persons", "internal/persons/provider",
			"internal/readiness", "internal/readiness/report", "internal/seal", "internal/timetable", "internal/web", "internal/web/shelf", "internal/whatif"),
		TestImports: []string{"internal/pgtest", "examples", "internal/notify/event"},
	},

	"internal/arch":        {Imports: []string{"internal/arch/source"}},
	"internal/arch/source": {},
}

// with adds rooms to a list without changing it.
func with(list []string, more ...string) []string { return slices.Concat(list, more) }

var libraries = []Library{
	{Path: "github.com/expr-lang/expr", Owners: []string{"rules/formula"}, Tests: []string{"rules", "rules/rulestest"}, Why: "parser, checker and VM of the expressions"},
	{Path: "github.com/goccy/go-yaml", Owners: []string{"rules/source"}, Why: "YAML with line and column of every node"},
	{Path: "github.com/klauspost/compress", Owners: []string{"engine/column/pack"}, Tests: []string{"engine/column"}, Why: "s2, for columns at rest"},
	{Path: "github.com/blevesearch", Owners: []string{"index"}, Why: "full-text search on disk"},
	{Path: "github.com/go-ego/gse", Owners: []string{"index/lexicon"}, Why: "words of Chinese text"},
	{Path: "github.com/mozillazg/go-pinyin", Owners: []string{"index/lexicon"}, Why: "pinyin of queries and titles"},

	{Path: "github.com/xuri/excelize/v2", Owners: []string{"internal/sheet"}, Tests: []string{everyRoom}, Why: "writes workbooks; internal/sheet/xlsx reads them without it"},
	{Path: "github.com/parquet-go/parquet-go", Owners: []string{"internal/sheet/parquet"}, Why: "columnar deliveries"},

	{Path: "database/sql", Owners: []string{"internal/store", "internal/store/reuse", "internal/store/storetest", "internal/pgtest", "internal/persons", "internal/disburse/pay", "internal/fsck", "internal/notify/outbox", "internal/notify/words", "internal/notify/supply", "internal/notify/subscription"}, Tests: []string{everyRoom}, Why: "SQL stands in few rooms, and by parameters only"},
	{Path: "modernc.org/sqlite", Owners: []string{"internal/store"}, Tests: []string{"internal/store/reuse"}, Why: "SQLite without cgo"},
	{Path: "github.com/jackc/pgx/v5", Owners: []string{"internal/store", "internal/pgtest"}, Why: "PostgreSQL"},
	{Path: "github.com/pressly/goose/v3", Owners: []string{"internal/store"}, Why: "migrations"},

	{Path: "github.com/labstack/echo/v4", Owners: []string{"internal/web"}, Why: "HTTP routing; its support ends in 2026, so one room must be able to change it"},
	{Path: "github.com/danielgtaylor/huma/v2", Owners: []string{"internal/web"}, Why: "typed handlers and OpenAPI"},
	{Path: "github.com/a-h/templ", Owners: []string{"internal/web", "internal/web/moneyui", "internal/web/postui", "internal/web/ui"}, Why: "pages that escape by themselves"},
	{Path: "github.com/a-h/templ", Owners: []string{"internal/web", "internal/web/postui", "internal/web/ui"}, Why: "pages that escape by themselves"},
	{Path: "rsc.io/qr", Owners: []string{"internal/web/ui"}, Why: "the QR code of a second factor"},
	{Path: "github.com/prometheus/client_golang", Owners: []string{"internal/web"}, Why: "metrics"},

	{Path: "github.com/coreos/go-oidc/v3", Owners: []string{"internal/persons/provider"}, Why: "OpenID Connect: discovery, keys, identity tokens"},

	{Path: "github.com/wneessen/go-mail", Owners: []string{"internal/notify/channel/smtp"}, Why: "mail with STARTTLS, headers that can't be injected, and errors that say how far it came"},

	{Path: "github.com/go-co-op/gocron/v2", Owners: []string{"internal/timetable"}, Why: "the schedule"},
	{Path: "github.com/alecthomas/kong", Owners: []string{"cmd/mianshen"}, Why: "commands and flags"},
	{Path: "github.com/schollz/progressbar/v3", Owners: []string{"cmd/mianshen"}, Why: "progress of long work on a terminal"},

	// The Go project's own second shelf counts as standard, yet may not be shown in signatures either.
	{Path: "golang.org/x", Owners: []string{everyRoom}, Why: "the extended standard library"},

	// For tests alone.
	{Path: "github.com/google/go-cmp", Tests: []string{everyRoom}, Why: "differences"},
	{Path: "pgregory.net/rapid", Tests: []string{everyRoom}, Why: "property tests"},
	{Path: "github.com/rogpeppe/go-internal", Tests: []string{everyRoom}, Why: "stories and txtar files"},
	{Path: "github.com/zitadel/oidc/v3", Tests: []string{"internal/persons/provider", "internal/web"}, Why: "a real identity provider"},
	{Path: "github.com/emersion/go-smtp", Tests: []string{"internal/notify", "internal/notify/channel/smtp"}, Why: "a real mail server"},
	{Path: "github.com/arran4/golang-ical", Tests: []string{"internal/notify/feed", "internal/web"}, Why: "reads calendars back, as a calendar program would"},
	{Path: "github.com/chromedp", Tests: []string{"internal/web", "cmd/mianshen"}, Why: "pages in a real browser"},
}

// excused are the places that are larger than their budget, with the reason. checkBudgets refuses an excuse that is no
// longer needed.
var excused = []Excuse{
	{
		Place: "internal/disburse/pay", Kind: kindPackage, Ceiling: 1600,
		Why: "export, file, sending, receipts and settling hold the same rows in the same order; what is pure has left (evidence), and so has the report (balance)",
	},
	{
		Place: "rules", Kind: kindPackage, Ceiling: 6700,
		Why: "vocabulary, policy, compiled item and decision share one set of types; what could leave (numbers, days, language, files, standards, lint) has left",
	},
	{
		Place: "rules/formula", Kind: kindPackage, Ceiling: 3000,
		Why: "one language: reading, checking, units, guarded operators; all parts share the closed list of operators, and a second package would have to export it",
	},
	{
		Place: "engine", Kind: kindPackage, Ceiling: 5700,
		Why: "table, compilation into predicates and arithmetic, evaluation by blocks, the index for one profile: all speak of the same plan; columns, inner loops and results have left",
	},
	{
		Place: "index/words", Kind: kindPackage, Ceiling: 1400,
		Why: "folding, tokens, numbers, sums, the reading of questions and the marking of texts all walk over one folded text",
	},
	{
		Place: "index", Kind: kindPackage, Ceiling: 2500,
		Why: "reading a query, scoring, ranking and filtering all speak of the rows in memory; words, synonyms, repairs, pairs, shares and suggestions have left",
	},
	{
		Place: "internal/notify/outbox", Kind: kindPackage, Ceiling: 1350,
		Why: "events, messages, leases and slots move the rows of one table by its states, and who reads an inbox asks the same rows",
	},
	{
		Place: "cmd/mianshen", Kind: kindPackage, Ceiling: 4000,
		Why: "one file a command; the room grows with the number of commands, and each file can be read alone",
	},
	{
		Place: "rules/rulestest", Kind: kindPackage, Ceiling: 4000,
		Why: "the independent evaluator and the generator that tests it; it must share nothing with rules, so it says everything again",
	},
	{
		Place: "internal/intake", Kind: kindPackage, Ceiling: 2100,
		Why: "profiles, records, awards and findings are read by one set of cells, units and problems; the file formats have left to internal/sheet",
	},
	{
		Place: "internal/disburse/lists", Kind: kindPackage, Ceiling: 2050,
		Why: "one life of a list, from draft to settled: each step shares the list's head, its refusals and its record; the reading has left to view, the printing to notice",
	},
	{
		Place: "internal/store", Kind: kindPackage, Ceiling: 3420,
		Why: "everything that lasts behind one door, one file a subject; rooms that need less declare an interface of their own",
	},
	{
		Place: "internal/store/storetest", Kind: kindPackage, Ceiling: 2300,
		Why: "the contract of the store: each promise with its refusal, on both databases",
	},
	{
		Place: "internal/casework", Kind: kindPackage, Ceiling: 1800,
		Why: "one file a subject around the one office: publishing, sweeping, answering, replaying, all over what a sweep pins",
	},
	{
		Place: "internal/disburse", Kind: kindPackage, Ceiling: 2200,
		Why: "one file a subject around the one world that a proposal is worked out of: what was paid here and elsewhere, claims, settling, instalments, budget lines, additions, corrections",
	},
	{
		Place: "internal/disburse/ledger", Kind: kindPackage, Ceiling: 1650,
		Why: "one file a subject (lines, postings, accounts, findings, history, recoveries) over one way to act: role, refusal, change and audit record in a transaction",
	},
	{
		Place: "internal/arch", Kind: kindPackage, Ceiling: 1500,
		Why: "the table of the house itself grows by a row a room; what reads the source has left to source",
	},
	{
		Place: "internal/web", Kind: kindPackage, Ceiling: 2000,
		Why: "routes with who may call them, more than 200 of them, and the guards that each request passes; what answers has left to desk, reader, shelf, bureau, receive, pages and door",
	},
	{
		Place: "internal/persons", Kind: kindPackage, Ceiling: 1530,
		Why: "one file a subject; each order asks again, in its transaction, who holds which role and writes its record by the same few functions",
	},
	{
		Place: "internal/web/money", Kind: kindPackage, Ceiling: 1400,
		Why: "the pages of one thing, a list: what is shown and what may be ordered there lean on the same reading of it",
	},
	{
		Place: "internal/web/ui", Kind: kindPackage, Ceiling: 1750,
		Why: "one file a page, all drawn with the same small parts and addresses; templ calls what is in its own package only by short names",
	},
}
