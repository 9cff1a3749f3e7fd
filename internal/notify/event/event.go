// Package event says what a firm should know. An event is pure data; its id makes sure that nobody hears it twice.
package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// What Data may hold for the choice of a firm: the topic where it isn't the kind, the department that gives the item, and the code
// of the industry (GB/T 4754) that it is for. What isn't there passes every choice.
const (
	Topic      = "topic"
	Department = "department"
	Industry   = "industry"
)

// Event is something that one firm should know.
type Event struct {
	ID         string // ID(Kind, Enterprise, Subject)
	Kind       string
	Enterprise string // its unified social credit code
	Subject    string // what it is about: whoever has heard of it under this kind doesn't hear it again
	At         time.Time
	Change     int64 // the change that it comes from, 0 for none
	Item       string
	Decision   string
	Worth      exact.Money // what it may bring, for the order under a cap; never negative
	Due        civil.Date  // the day after which it is no use, the zero date for none
	Data       map[string]string
}

// ID is the SHA-256 of kind, enterprise and subject, in hexadecimal.
func ID(kind, enterprise, subject string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{kind, enterprise, subject}, "\x00")))
	return hex.EncodeToString(sum[:])
}
