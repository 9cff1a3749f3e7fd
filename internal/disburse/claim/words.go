package claim

import (
	"cmp"
	"strings"

	"mianshen/rules"
)

// Failing says in a sentence which conditions don't hold, or aren't known.
func Failing(findings []rules.Finding) string {
	no, open := "", ""
	for _, f := range findings {
		name := f.ID
		if f.Text != "" {
			name = f.Text
		}
		if f.Condition != nil {
			name = cmp.Or(f.Condition.Because, f.Condition.Quote, f.ID)
			if f.Condition.Clause != "" {
				name += "（" + f.Condition.Clause + "）"
			}
		}
		switch {
		case f.Value.False():
			no += "；不满足“" + name + "”"
		case !f.Value.Known():
			open += "；“" + name + "”待核实"
		}
	}
	if no == "" {
		no = open
	}
	return cmp.Or(strings.TrimPrefix(no, "；"), "无法判定")
}
