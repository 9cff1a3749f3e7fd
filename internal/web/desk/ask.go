package desk

import (
	"encoding/base64"
	"strconv"
)

// Refusal says in Chinese why a question or an order can't be taken: it is wrong, or comes at the wrong time.
type Refusal struct {
	Location string // of the input that is wrong, as the API names it: query.cursor; "" where it is no single one
	Message  string
	Conflict bool // it contradicts what stands
	Busy     bool // it may be asked again later
}

// Error is the message.
func (r *Refusal) Error() string { return r.Message }

// Paging is which part of a list is wanted.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"400" doc:"上一页答复里的 cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"一页几条"`
}

// CursorOf hides a position in a list; callers hand it back as it is.
func CursorOf(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

var badCursor = &Refusal{Location: "query.cursor", Message: "不是这个接口给出的游标"}

// Position is what CursorOf hid, "" for the beginning. The error is a *Refusal.
func (p Paging) Position() (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return "", badCursor
	}
	return string(b), nil
}

// Skip is a position that counts from 0 to most. The error is a *Refusal.
func (p Paging) Skip(most int) (int, error) {
	text, err := p.Position()
	if err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, badCursor
	}
	return n, nil
}
