//go:build !race

package audit

// mutations is what promise L1 names.
const mutations = 10_000
