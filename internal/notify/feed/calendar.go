// Package feed writes what others subscribe to: a firm's calendar of windows and deadlines (iCalendar, RFC 5545), and the policies of a
// district (Atom, RFC 4287), as bytes. The same content gives the same bytes.
package feed

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/rules/civil"
)

// Day is one all-day entry of a calendar, or several days from From to To, both included. Days have no zone of their own; they are
// Shanghai's.
type Day struct {
	UID         string // the same for the same thing, whatever becomes of it
	From, To    civil.Date
	Title, Text string
	Link        string    // an absolute address, "" for none
	Sequence    int       // how often it changed
	Changed     time.Time // when it became so
	Cancelled   bool      // it is off; programs that know it take it away
}

// Alarms are how many days before the first day a program may ring, at nine in the morning.
var Alarms = []int{15, 3, 1}

const maxLine = 75 // octets, without the end of the line

// Calendar writes days as a calendar called name.
func Calendar(name string, days []Day) []byte {
	var b strings.Builder
	line(&b, "BEGIN:VCALENDAR")
	line(&b, "VERSION:2.0")
	line(&b, "PRODID:-//mianshen//calendar//ZH")
	line(&b, "CALSCALE:GREGORIAN")
	line(&b, "METHOD:PUBLISH")
	line(&b, "X-WR-CALNAME:"+escape(name))
	line(&b, "X-WR-TIMEZONE:Asia/Shanghai")
	line(&b, "REFRESH-INTERVAL;VALUE=DURATION:PT6H")
	line(&b, "X-PUBLISHED-TTL:PT6H")
	days = slices.Clone(days)
	slices.SortStableFunc(days, func(a, b Day) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.UID, b.UID)
	})
	for _, d := range days {
		d.write(&b)
	}
	line(&b, "END:VCALENDAR")
	return []byte(b.String())
}

func (d Day) write(b *strings.Builder) {
	to := d.To
	if to.Before(d.From) || to.IsZero() {
		to = d.From
	}
	end, _ := to.AddDays(1) // DTEND is the first day that is no longer part of it
	line(b, "BEGIN:VEVENT")
	line(b, "UID:"+escape(d.UID))
	line(b, "DTSTAMP:"+stamped(d.Changed))
	line(b, "LAST-MODIFIED:"+stamped(d.Changed))
	line(b, fmt.Sprintf("SEQUENCE:%d", d.Sequence))
	line(b, "DTSTART;VALUE=DATE:"+basic(d.From))
	line(b, "DTEND;VALUE=DATE:"+basic(end))
	line(b, "SUMMARY:"+escape(d.Title))
	if d.Text != "" {
		line(b, "DESCRIPTION:"+escape(d.Text))
	}
	if d.Link != "" {
		line(b, "URL:"+strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, d.Link))
	}
	line(b, "TRANSP:TRANSPARENT")
	if d.Cancelled {
		line(b, "STATUS:CANCELLED")
	} else {
		line(b, "STATUS:CONFIRMED")
		d.alarms(b)
	}
	line(b, "END:VEVENT")
}

// alarms ring at nine: an all-day entry begins at midnight, so that a day before it at nine is fifteen hours before.
func (d Day) alarms(b *strings.Builder) {
	for _, days := range Alarms {
		line(b, "BEGIN:VALARM")
		line(b, "ACTION:DISPLAY")
		if days == 1 {
			line(b, "TRIGGER:-PT15H")
		} else {
			line(b, fmt.Sprintf("TRIGGER:-P%dDT15H", days-1))
		}
		line(b, "DESCRIPTION:"+escape(fmt.Sprintf("还有 %d 天：%s", days, d.Title)))
		line(b, "END:VALARM")
	}
}

func stamped(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func basic(d civil.Date) string {
	year, month, day := d.Parts()
	return fmt.Sprintf("%04d%02d%02d", year, month, day)
}

// escape makes a text a value of RFC 5545, section 3.3.11.
func escape(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\r\n", "\n")
	text = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`, "\r", `\n`).Replace(text)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// line writes one line, folded so that no part of it is longer than maxLine octets and no character is cut.
func line(b *strings.Builder, text string) {
	room := maxLine
	for len(text) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		b.WriteString(text[:cut] + "\r\n ")
		text, room = text[cut:], maxLine-1
	}
	b.WriteString(text + "\r\n")
}
