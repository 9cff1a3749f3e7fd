package column

import "hash/maphash"

// interner finds the code of a text in a dictionary that only grows. A map would do the same at three times the cost: here
// a slot is one word and growing never reads the texts again. The hash is seeded, since deliveries choose their texts; codes
// depend on the order of the texts alone.
type interner struct {
	seed  maphash.Seed
	slots []uint64 // 0, or hash<<32 | code+1; a power of two, at most half full
	dict  []string
}

func newInterner() *interner { return &interner{seed: maphash.MakeSeed()} }

// code returns the code of text, which becomes a new entry when the dictionary doesn't have it.
func (t *interner) code(text []byte) uint32 {
	hash := uint32(maphash.Bytes(t.seed, text))
	if code, ok := t.find(hash, text); ok {
		return code
	}
	return t.add(hash, string(text))
}

func (t *interner) find(hash uint32, text []byte) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			return 0, false
		}
		if uint32(slot>>32) == hash && t.dict[uint32(slot)-1] == string(text) {
			return uint32(slot) - 1, true
		}
	}
}

// add makes text, which the dictionary doesn't have, its next entry.
func (t *interner) add(hash uint32, text string) uint32 {
	if 2*(len(t.dict)+1) > len(t.slots) {
		t.grow()
	}
	t.dict = append(t.dict, text)
	t.put(uint64(hash)<<32 | uint64(len(t.dict)))
	return uint32(len(t.dict) - 1)
}

func (t *interner) grow() {
	old := t.slots
	t.slots = make([]uint64, max(64, 2*len(old)))
	for _, slot := range old {
		if slot != 0 {
			t.put(slot)
		}
	}
}

func (t *interner) put(slot uint64) {
	mask := uint32(len(t.slots) - 1)
	i := uint32(slot>>32) & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

// take gives the dictionary away and starts an empty one.
func (t *interner) take() []string {
	dict := t.dict
	t.dict = nil
	if len(dict) > 0 {
		clear(t.slots)
	}
	return dict
}
