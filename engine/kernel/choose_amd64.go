//go:build goexperiment.simd && amd64

package kernel

import "simd/archsimd"

// loops are the loops of this build.
var loops = vector{on: archsimd.X86.AVX512() && archsimd.X86.AVX512VBMI() && archsimd.X86.AVX512VBMI2() && archsimd.X86.AVX512VPOPCNTDQ()}

// vector are the loops on 512-bit registers. Where it isn't on, and for what it doesn't say itself, it is portable.
type vector struct {
	portable
	on bool
}

// wide tells whether the processor has what the loops need.
func (v vector) wide() bool { return v.on }
