package feed

import (
	"encoding/xml"
	"strings"
	"time"
)

// Entry is one policy of a feed.
type Entry struct {
	ID      string // the policy's own id
	Title   string
	Author  string // who issued it
	Summary string
	Path    string // of its page
	Updated time.Time
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  atomAuthor  `xml:"author"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Author  atomAuthor `xml:"author"`
	Link    atomLink   `xml:"link"`
	Summary string     `xml:"summary"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

// Atom writes policies as a feed, in the order given. base is the address of the pages and self the path of the feed; it was
// updated when its newest entry was.
func Atom(title, base, self string, entries []Entry) ([]byte, error) {
	base = strings.TrimSuffix(base, "/")
	f := atomFeed{ID: base + self, Title: text(title), Author: atomAuthor{text(title)}, Links: []atomLink{{"self", base + self}, {"alternate", base + "/"}}}
	newest := time.Unix(0, 0)
	for _, e := range entries {
		if e.Updated.After(newest) {
			newest = e.Updated
		}
		f.Entries = append(f.Entries, atomEntry{
			ID: base + "/policies/" + e.ID, Title: text(e.Title), Updated: stamp(e.Updated), Author: atomAuthor{text(e.Author)},
			Link: atomLink{"alternate", base + e.Path}, Summary: text(e.Summary),
		})
	}
	f.Updated = stamp(newest)
	body, err := xml.MarshalIndent(f, "", " ")
	return append([]byte(xml.Header), body...), err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// text is never empty, since RFC 4287 wants something in each of these.
func text(s string) string {
	if s = strings.TrimSpace(strings.ToValidUTF8(s, " ")); s == "" {
		return "无"
	}
	return s
}
