package counter

import (
	"fmt"
	"net/http"

	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/moneyui"
)

// PageSize is how many rows of a register a page shows.
const PageSize = 50

// Register is a long table of a page, looked through by state and name, page by page.
type Register struct {
	Path   string         // of the page
	Unit   string         // that its rows are counted in, such as 个
	States []moneyui.Pair // what may be chosen, "" first
}

// Choice is what an address chooses of a register.
func (g Register) Choice(r *http.Request) overview.Choice {
	return overview.Choice{Find: Text(r, "find"), State: Text(r, "state"), After: Text(r, "after"), Limit: PageSize}
}

// Section begins the section of a register with how many rows are chosen, the ways to choose others, and the next page where the
// page at hand is full; last is the id of its last row.
func (g Register) Section(c overview.Choice, id, title string, count, shown int, last string) moneyui.Section {
	s := moneyui.Section{ID: id, Title: title, Count: fmt.Sprintf("%d %s", count, g.Unit)}
	for _, x := range g.States {
		s.Tabs = append(s.Tabs, moneyui.Link{Text: x.Name, URL: URL(g.Path, "state", x.Value, "find", c.Find), Here: x.Value == c.State})
	}
	s.Forms = []moneyui.Form{{
		Action: g.Path, Ask: true, Quiet: true, Button: "找", Hidden: []moneyui.Pair{{Name: "state", Value: c.State}},
		Fields: []moneyui.Field{{Name: "find", Label: "找企业", Kind: "text", Value: c.Find, Hint: "名称的一部分，或统一社会信用代码的开头"}},
	}}
	if c.Find != "" || c.After != "" {
		s.Links = []moneyui.Link{{Text: "看全部", URL: URL(g.Path, "state", c.State)}}
	}
	if shown == PageSize {
		s.More = URL(g.Path, "state", c.State, "find", c.Find, "after", last)
	}
	return s
}
