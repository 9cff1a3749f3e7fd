package index

import "mianshen/index/lexicon"

// SetLexicon makes queries be read with another lexicon.
func (x *Index) SetLexicon(l *lexicon.Lexicon) { x.lexicon = l }
