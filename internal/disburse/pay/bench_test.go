package pay_test

import (
	"path/filepath"
	"testing"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/paytest"
)

// BenchmarkFile100000 makes the pain.001 of 100,000 payments and lets it leave; 2 s is the promise.
func BenchmarkFile100000(b *testing.B) {
	d := newDesk(b, databases["sqlite"])
	d.w.List(b, "L1", 100_000)
	batch := paytest.Must[pay.Batch](b)(d.Export(b.Context(), handler, "L1", answerBy, paytest.Now))
	for _, format := range []string{"pain.001", "csv-gb18030", "handover"} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				paytest.Must[pay.File](b)(d.MakeFile(b.Context(), handler, batch.ID, format, filepath.Join(b.TempDir(), "file"), paytest.Now))
			}
		})
	}
}
