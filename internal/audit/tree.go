package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hashes is where the hashes of the tree are kept: at index 0, 1, 2, ... in the order in which Grow returned them.
type Hashes interface {
	// ReadHashes returns the hashes at the given indexes, in their order, or an error if one isn't there.
	ReadHashes(indexes []int64) ([]Hash, error)
}

// reader is Hashes as tlog wants it.
type reader struct{ from Hashes }

// ReadHashes implements tlog.HashReader.
func (r reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	list, err := r.from.ReadHashes(indexes)
	return theirs(list), err
}

func theirs(list []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(list))
	for i, h := range list {
		out[i] = tlog.Hash(h)
	}
	return out
}

func ours(list []tlog.Hash) []Hash {
	out := make([]Hash, len(list))
	for i, h := range list {
		out[i] = Hash(h)
	}
	return out
}

// Leaf returns the hash of a record's canonical bytes as a leaf of the tree.
func Leaf(body []byte) Hash { return Hash(tlog.RecordHash(body)) }

// LeafIndex returns where the leaf of record seq stands among the kept hashes.
func LeafIndex(seq int64) int64 { return tlog.StoredHashIndex(0, seq-1) }

// Grow returns the hashes that record seq adds to those kept, its leaf first, and the index of the first one. The rest
// follow without gaps. All records before seq must have been added.
func Grow(seq int64, leaf Hash, from Hashes) (first int64, added []Hash, err error) {
	list, err := tlog.StoredHashesForRecordHash(seq-1, tlog.Hash(leaf), reader{from})
	return LeafIndex(seq), ours(list), err
}

// Root returns the hash of the tree of the first size records.
func Root(size int64, from Hashes) (Hash, error) {
	h, err := tlog.TreeHash(size, reader{from})
	return Hash(h), err
}

// Prove returns the hashes that lead from record seq to the root of the first size records.
func Prove(size, seq int64, from Hashes) ([]Hash, error) {
	if seq < 1 || seq > size {
		return nil, fmt.Errorf("%w: record %d of %d", ErrInvalid, seq, size)
	}
	p, err := tlog.ProveRecord(size, seq-1, reader{from})
	return ours(p), err
}

// Proven tells whether proof leads from leaf, as record seq, to the root of size records.
func Proven(proof []Hash, size int64, root Hash, seq int64, leaf Hash) bool {
	return seq >= 1 && seq <= size && tlog.CheckRecord(theirs(proof), size, tlog.Hash(root), seq-1, tlog.Hash(leaf)) == nil
}

// frontier is a tree that only grows: of all hashes it keeps those of the largest complete subtrees, one for each bit of its
// size, which is all that the next record and the root need.
type frontier struct {
	size int64
	kept map[int64]Hash
}

// ReadHashes implements Hashes.
func (f *frontier) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, index := range indexes {
		h, ok := f.kept[index]
		if !ok {
			return nil, fmt.Errorf("%w: no hash at %d", ErrInvalid, index)
		}
		out[i] = h
	}
	return out, nil
}

// grow adds the leaf of the next record.
func (f *frontier) grow(leaf Hash) error {
	_, added, err := Grow(f.size+1, leaf, f)
	if err != nil {
		return err
	}
	top := len(added) - 1
	for level := range top { // merged into the new subtree
		delete(f.kept, tlog.StoredHashIndex(level, f.size>>level-1))
	}
	if f.kept == nil {
		f.kept = map[int64]Hash{}
	}
	f.kept[tlog.StoredHashIndex(top, f.size>>top)] = added[top]
	f.size++
	return nil
}
