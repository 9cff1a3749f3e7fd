//go:build goexperiment.simd && amd64

package kernel

import "simd/archsimd"

// loops are the loops of this build.
var loops = vector{on: archsimd.X86.AVX512() && archsimd.X86.AVX512VBMI() && archsimd.X86.AVX512VBMI2() && archsimd.X86.AVX512VPOPCNTDQ()}

// vector are the loops on 512-bit registers, if the processor has what they need, else those in plain Go. Each ends by clearing
// the upper parts of the registers: older instructions, which the rest of the program uses, would wait for them on some
// processors.
type vector struct {
	portable
	on bool
}

// wide tells whether the processor has what the loops need.
func (v vector) wide() bool { return v.on }

// The types of a register, by what a row or a word is.
type (
	bytes64  = archsimd.Uint8x64
	codes32  = archsimd.Uint16x32
	values16 = archsimd.Int32x16
	values8  = archsimd.Int64x8
	words8   = archsimd.Uint64x8
)

func load64(c []uint8) bytes64 { return archsimd.LoadUint8x64((*[64]uint8)(c)) }

func load32(c []uint16) codes32 { return archsimd.LoadUint16x32((*[32]uint16)(c)) }

func load16(c []int32) values16 { return archsimd.LoadInt32x16((*[16]int32)(c)) }

func load8(c []int64) values8 { return archsimd.LoadInt64x8((*[8]int64)(c)) }

func (v vector) ge32(values []int32, bound int32, out *Bits) {
	if !v.on {
		v.portable.ge32(values, bound, out)
		return
	}
	b := archsimd.BroadcastInt32x16(bound)
	for w := range len(values) / 64 {
		x := (*[64]int32)(values[w*64:])
		b0, b1 := load16(x[0:]).GreaterEqual(b).ToBits(), load16(x[16:]).GreaterEqual(b).ToBits()
		b2, b3 := load16(x[32:]).GreaterEqual(b).ToBits(), load16(x[48:]).GreaterEqual(b).ToBits()
		out[w] = uint64(b0) | uint64(b1)<<16 | uint64(b2)<<32 | uint64(b3)<<48
	}
	archsimd.ClearAVXUpperBits()
	atLeastTail(values, bound, out)
}

func (v vector) ge64(values []int64, bound int64, out *Bits) {
	if !v.on {
		v.portable.ge64(values, bound, out)
		return
	}
	b := archsimd.BroadcastInt64x8(bound)
	for w := range len(values) / 64 {
		x := (*[64]int64)(values[w*64:])
		b0, b1 := load8(x[0:]).GreaterEqual(b).ToBits(), load8(x[8:]).GreaterEqual(b).ToBits()
		b2, b3 := load8(x[16:]).GreaterEqual(b).ToBits(), load8(x[24:]).GreaterEqual(b).ToBits()
		b4, b5 := load8(x[32:]).GreaterEqual(b).ToBits(), load8(x[40:]).GreaterEqual(b).ToBits()
		b6, b7 := load8(x[48:]).GreaterEqual(b).ToBits(), load8(x[56:]).GreaterEqual(b).ToBits()
		out[w] = uint64(b0) | uint64(b1)<<8 | uint64(b2)<<16 | uint64(b3)<<24 |
			uint64(b4)<<32 | uint64(b5)<<40 | uint64(b6)<<48 | uint64(b7)<<56
	}
	archsimd.ClearAVXUpperBits()
	atLeastTail(values, bound, out)
}
