package stored

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
)

// Receive measures a delivery of all enterprises through the product's door: read, validated, and stored in SQLite. What was
// stored is then held against what was written.
func Receive(ctx context.Context, l *lab.Lab) error {
	w, err := workload.NewWorld()
	if err != nil {
		return err
	}
	path, err := written(l, w)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(l.Dir, "mianshen-bench-store-*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer os.RemoveAll(dir)
	st, err := store.Open(ctx, "sqlite://"+filepath.Join(dir, "bench.db"))
	if err != nil {
		return err
	}
	defer st.Close()
	lab.ForgetPeak()
	start := time.Now()
	id, err := deliver(ctx, st, w, path)
	if err != nil {
		return err
	}
	l.Report("csv_s", time.Since(start).Seconds(), "s: read, validated, stored")
	l.Report("csv_peak_mib", lab.Peak(), "MiB resident at most")
	l.Equal("csv", stored(ctx, st, id, w, l.Population(w, l.Rows)))
	return nil
}

// deliver stores a file as one accepted delivery.
func deliver(ctx context.Context, st *store.Store, w *workload.World, path string) (id string, err error) {
	in, file, err := intake.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	meta := delivery.Meta{Source: workload.Source, Period: "current:2025-06-25", Complete: true, Purpose: "政策匹配", LegalBasis: "示例"}
	now := time.Date(2025, 6, 26, 0, 0, 0, 0, time.UTC)
	seq, err := st.BeginDelivery(ctx, store.Delivery{
		Source: meta.Source, Period: meta.Period, Complete: meta.Complete, ReceivedAt: now, ReceivedBy: "bench", File: filepath.Base(path),
		Purpose: meta.Purpose, LegalBasis: meta.LegalBasis,
	})
	if err != nil {
		return "", err
	}
	report, err := delivery.Read(ctx, w.Vocabulary, in, meta, delivery.Limits{}, func(p delivery.Part) error {
		_, err := st.PutPart(ctx, seq, store.Part{N: p.N, Rows: int64(len(p.Codes)), Body: delivery.EncodePart(p)})
		return err
	})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	name := sha256.Sum256([]byte(meta.Source + "\n" + meta.Period + "\n" + report.Checksum))
	sealed, err := st.SealDelivery(ctx, seq, store.Seal{
		ID: hex.EncodeToString(name[:]), Bytes: report.Bytes, Rows: int64(report.Rows), Checksum: report.Checksum, Mapping: []byte("[]"), Report: text,
	}, store.Standing{State: store.Accepted, At: now, By: "bench"})
	return sealed.ID, err
}

// stored lists in what a stored delivery differs from the population it was written from.
func stored(ctx context.Context, st *store.Store, id string, w *workload.World, p lab.Population) (problems []string) {
	views, first := w.NewViews(p.Columns), 0
	err := st.Parts(ctx, id, func(part store.Part) error {
		got, err := delivery.DecodePart(part.Body)
		if err != nil {
			return err
		}
		for i, code := range got.Codes {
			if code != p.Codes[first+i] {
				return fmt.Errorf("row %d is of %s, want %s", first+i, code, p.Codes[first+i])
			}
		}
		if len(got.Columns) != len(views) {
			return fmt.Errorf("part %d has %d columns", part.N, len(got.Columns))
		}
		for _, c := range got.Columns {
			i, ok := w.Field(c.Series)
			if !ok {
				return fmt.Errorf("no field %s", c.Series)
			}
			if row, same := views[i].Same(workload.NewView(w.Fields[i], c.Column), first); !same {
				problems = append(problems, fmt.Sprintf("%s row %d", c.Series, first+row))
			}
		}
		first += len(got.Codes)
		return nil
	})
	if err != nil {
		problems = append(problems, err.Error())
	}
	if first != len(p.Codes) {
		problems = append(problems, fmt.Sprintf("%d rows of %d", first, len(p.Codes)))
	}
	return problems
}
