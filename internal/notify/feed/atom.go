package feed

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
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

// Feed is a feed, or one page of it. Addresses that begin with no scheme are read against the one that it was fetched from, so that a
// secret address needn't stand in it.
type Feed struct {
	Name       string // of the feed, for ever: its id is made of it
	Title      string
	Base       string // the address of the pages, "" where it isn't known
	Self       string
	Next, Prev string // of the pages beside this one, "" for none
	Entries    []Entry
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
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

// Atom writes a feed with its entries in the order given; it was updated when the newest of them was.
func Atom(given Feed) ([]byte, error) {
	base := strings.TrimSuffix(given.Base, "/")
	f := atomFeed{Lang: "zh-CN", ID: urn("feed", given.Name), Title: text(given.Title), Author: atomAuthor{text(given.Title)}}
	for _, l := range []atomLink{{"self", given.Self}, {"alternate", base + "/"}, {"next", given.Next}, {"previous", given.Prev}} {
		if l.Href != "" {
			f.Links = append(f.Links, l)
		}
	}
	newest := time.Unix(0, 0)
	for _, e := range given.Entries {
		if e.Updated.After(newest) {
			newest = e.Updated
		}
		f.Entries = append(f.Entries, atomEntry{
			ID: urn("policy", e.ID), Title: text(e.Title), Updated: stamp(e.Updated), Author: atomAuthor{text(e.Author)},
			Link: atomLink{"alternate", base + e.Path}, Summary: text(e.Summary),
		})
	}
	f.Updated = stamp(newest)
	body, err := xml.MarshalIndent(f, "", " ")
	return append([]byte(xml.Header), body...), err
}

// urn is the id of a thing, the same wherever it is served: a UUID of version 8 (RFC 9562) out of the hash of its name.
func urn(kind, name string) string {
	sum := sha256.Sum256([]byte("mianshen\n" + kind + "\n" + name))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// text is never empty, since RFC 4287 wants something in each of these.
func text(s string) string {
	if s = strings.TrimSpace(strings.ToValidUTF8(s, " ")); s == "" {
		return "无"
	}
	return s
}
