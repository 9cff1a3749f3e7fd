package pack

import (
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
)

// maxUnpacked is the greatest body that is compressed: what a reader may be made to allocate for a few bytes.
const maxUnpacked = 64 << 20

// Squeeze compresses what dst has from start on if that saves an eighth, and reports whether it did; less isn't worth the time
// to read it.
func Squeeze(dst []byte, start int) ([]byte, bool) {
	end, n := len(dst), len(dst)-start
	if n == 0 || n > maxUnpacked {
		return dst, false
	}
	dst = slices.Grow(dst, s2.MaxEncodedLen(n))
	small := s2.Encode(dst[end:cap(dst)], dst[start:end])
	if len(small) > n-n/8 {
		return dst, false
	}
	return dst[:start+copy(dst[start:end], small)], true
}

// Unsqueeze returns what Squeeze compressed to body, in scratch if that has room. Errors wrap ErrMalformed; more than 64 MiB is
// one.
func Unsqueeze(scratch, body []byte) ([]byte, error) {
	n, err := s2.DecodedLen(body)
	if err != nil || n > maxUnpacked {
		return nil, fmt.Errorf("%w: length of the body", ErrMalformed)
	}
	if n > cap(scratch) {
		scratch = make([]byte, n)
	}
	out, err := s2.Decode(scratch[:n], body)
	if err != nil {
		return nil, fmt.Errorf("%w: compression: %w", ErrMalformed, err)
	}
	return out, nil
}
