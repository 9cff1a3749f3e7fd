package fsck

import (
	"regexp"

	"mianshen/internal/store"
)

// Queries are written once. What the two databases say differently stands in them as YEAR[x] and DAY[x], the year and the
// civil day of an instant in Shanghai, and TEXT[x], a number, a date or an instant as text; ENTRY[e] and EVENT[v] name a row.
var shorthand = regexp.MustCompile(`(YEAR|DAY|TEXT|ENTRY|EVENT)\[([^\]]*)\]`)

var spelled = map[store.Kind]map[string]string{
	store.SQLite: {
		"YEAR":  `CAST(strftime('%Y', $2, '+8 hours') AS INTEGER)`,
		"DAY":   `date($2, '+8 hours')`,
		"TEXT":  `CAST($2 AS TEXT)`,
		"ENTRY": `('清单 ' || $2.list || ' 第 ' || CAST($2.n AS TEXT) || ' 条')`,
		"EVENT": `('清单 ' || $2.list || ' 第 ' || CAST($2.seq AS TEXT) || ' 步')`,
	},
	store.Postgres: {
		"YEAR":  `CAST(extract(year FROM $2 AT TIME ZONE 'Asia/Shanghai') AS BIGINT)`,
		"DAY":   `CAST($2 AT TIME ZONE 'Asia/Shanghai' AS DATE)`,
		"TEXT":  `CAST($2 AS TEXT)`,
		"ENTRY": `('清单 ' || $2.list || ' 第 ' || CAST($2.n AS TEXT) || ' 条')`,
		"EVENT": `('清单 ' || $2.list || ' 第 ' || CAST($2.seq AS TEXT) || ' 步')`,
	},
}

// dialect spells a query out for one of the databases.
func dialect(kind store.Kind, query string) string {
	return shorthand.ReplaceAllStringFunc(query, func(short string) string {
		parts := shorthand.FindStringSubmatch(short)
		return shorthand.ReplaceAllString(short, spelled[kind][parts[1]])
	})
}
