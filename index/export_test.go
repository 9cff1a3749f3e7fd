package index

import (
	"time"

	"mianshen/index/lexicon"
)

// SetLexicon makes queries be read with another lexicon.
func (x *Index) SetLexicon(l *lexicon.Lexicon) { x.lexicon = l }

// Patient lets searches take as long as they need: the race detector and busy neighbours slow them down.
func (x *Index) Patient() { x.limit = time.Minute }
