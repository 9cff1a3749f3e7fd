// Package seeds is the sample district: a vocabulary of the facts that
// departments deliver, sample policies with their cases, and synthetic
// enterprises, all embedded, so that every command has something real to run on.
//
// Nothing here is in force and nobody here exists. Policies are marked 示例 and name
// where their figures come from; firms are drawn by a generator (Generate) from a
// seed, carry names that begin with 示例, and credit codes of a series that the
// registries never issued. The embedded 2,000 are kept in data/ and made again with
//
//	go run ./seeds/gen
//
// A test proves that this gives the same bytes.
package seeds

import (
	"embed"
	"io/fs"
	"iter"
	"slices"
	"sync"

	"mianshen/seeds/synth"
)

// Size and Seed of the embedded enterprises.
const (
	Size = 2000
	Seed = 20250630
)

//go:generate go run ./gen

//go:embed vocabulary.yaml
var vocabulary []byte

//go:embed all:policies
var policies embed.FS

//go:embed data
var data embed.FS

// Vocabulary returns the sample vocabulary.yaml, a copy that the caller may change.
func Vocabulary() []byte { return slices.Clone(vocabulary) }

// Policies returns the sample policies: one folder each, with policy.yaml, values.yaml and cases.yaml.
func Policies() fs.FS {
	sub, err := fs.Sub(policies, "policies")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}

// Table is a sheet of text: a header and rows of the same width.
type Table = synth.Table

// Bundle is a set of synthetic enterprises as files hold them; see synth.Bundle for the form of its cells.
type Bundle = synth.Bundle

// Row is one synthetic enterprise with its records.
type Row = synth.Row

// theMaker reads the embedded vocabulary once; one that can't be read is a broken build, so it panics.
var theMaker = sync.OnceValue(func() *synth.Maker {
	m, err := synth.New(vocabulary)
	if err != nil {
		panic(err)
	}
	return m
})

// Firms yields n synthetic enterprises one at a time; see synth.Maker.Firms for what holds of them.
func Firms(n int, seed uint64) iter.Seq[Row] { return theMaker().Firms(n, seed) }

// Generate collects n synthetic enterprises into tables.
func Generate(n int, seed uint64) Bundle { return theMaker().Generate(n, seed) }

var embedded = sync.OnceValues(func() (Bundle, error) {
	sub, err := fs.Sub(data, "data")
	if err != nil {
		return Bundle{}, err
	}
	return theMaker().Unpack(sub)
})

// Enterprises returns the embedded firms: Generate(Size, Seed). All callers
// share one copy, which must not be changed. The error says which embedded file is damaged.
func Enterprises() (Bundle, error) { return embedded() }

// Pack returns the files of data/ that hold b, by name; see synth.Maker.Pack.
func Pack(b Bundle) (map[string][]byte, error) { return theMaker().Pack(b) }
