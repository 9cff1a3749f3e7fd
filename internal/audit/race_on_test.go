//go:build race

package audit

// mutations: the race detector slows signatures tenfold; 500 mutations are enough to look for races.
const mutations = 500
