// Package postui draws the inbox of a firm. The other pages of messages are sheets.
package postui

import (
	"context"
	"io"

	"mianshen/internal/web/ui"
)

// Message is one message as the inbox shows it.
type Message struct {
	Event, Kind, Title string
	Lines              []string // of the text
	Amount, When, Due  string
	Link               string // of the decision with its reasons, or where to act; "" for none
	Fresh              bool   // not read before
	Acted              bool
}

// Choice is a kind that the list can be narrowed to.
type Choice struct {
	Name, URL string
	N         int // so many messages
	Here      bool
}

// InboxView is the inbox.
type InboxView struct {
	ui.Page
	Firm     string // its code
	Name     string
	Kind     string // that the list is narrowed to, "" for all
	After    string // where the page begins, "" for the newest
	All      string // address of the whole inbox
	Rest     int    // unread messages of the kind, those shown not among them
	Marked   string // how many were marked as read just now, "" where that wasn't ordered
	MarkedAt string // when, which takes it back
	Kinds    []Choice
	Messages []Message
	Mark     string // of the state that is shown
	Live     string // address of the live stream
	Part     string // address of the list alone
	Next     string // address of older messages, "" for none
}

// WriteInbox writes the page.
func WriteInbox(ctx context.Context, w io.Writer, v InboxView) error {
	return ui.WriteFrame(ctx, w, v.Page, func(ctx context.Context, w io.Writer) error { return inbox(v).Render(ctx, w) })
}

// WriteList writes the list alone, to be put into the page.
func WriteList(ctx context.Context, w io.Writer, v InboxView) error { return list(v).Render(ctx, w) }
