//go:build !goexperiment.simd || !amd64

package kernel

// loops are the loops of this build.
var loops portable
