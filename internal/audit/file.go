package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"
)

// An export is a file of JSON lines: a header, then the records in their order, each checkpoint after the last record that
// it covers. A receipt is a file of one line. Every line has exactly one spelling: that of encode.

const format = "mianshen-audit-1"

// maxLine bounds a line in bytes; the largest record, escaped as far as JSON allows, stays below.
const maxLine = 2 << 20

type headerLine struct {
	Format      string `json:"format"`
	Origin      string `json:"origin"`
	Records     int64  `json:"records"`
	Checkpoints int64  `json:"checkpoints"`
}

type recordLine struct {
	Record  int64             `json:"record"`
	At      string            `json:"at"`
	Kind    string            `json:"kind"`
	Subject string            `json:"subject"`
	Facts   map[string]string `json:"facts"`
	Seals   map[string]Hash   `json:"seals"`
	Leaf    Hash              `json:"leaf"`
}

type checkpointLine struct {
	Checkpoint int64  `json:"checkpoint"` // its size
	Note       string `json:"note"`
}

type receiptLine struct {
	Receipt int64           `json:"receipt"` // the record's number
	Record  recordLine      `json:"of"`
	Salts   map[string]Salt `json:"salts"`
	Proof   []Hash          `json:"proof"`
	Note    string          `json:"note"`
}

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHash(string(text))
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (s Salt) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, s[:]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Salt) UnmarshalText(text []byte) error {
	h, err := ParseHash(string(text))
	*s = Salt(h)
	return err
}

// encode returns a line with its LF.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}

// decode reads a line that encode wrote; one byte more, less or other is ErrInvalid.
func decode(text []byte, value any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(value); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	again, err := encode(value)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return fmt.Errorf("%w: another spelling", ErrInvalid)
	}
	return nil
}

func (r Record) line(leaf Hash) recordLine {
	l := recordLine{
		Record: r.Seq, At: r.At.UTC().Format(layout), Kind: r.Kind, Subject: r.Subject,
		Facts: map[string]string{}, Seals: map[string]Hash{}, Leaf: leaf,
	}
	maps.Copy(l.Facts, r.Facts)
	maps.Copy(l.Seals, r.Seals)
	return l
}

// record returns what the line holds; that it is the leaf's is for the caller to see.
func (l recordLine) record() (Record, error) {
	at, err := time.Parse(layout, l.At)
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r := Record{Seq: l.Record, At: at, Kind: l.Kind, Subject: l.Subject, Facts: l.Facts, Seals: l.Seals}
	return r, r.check()
}

// Writer writes an export.
type Writer struct{ w io.Writer }

// NewWriter begins an export of so many records and checkpoints of the log named origin.
func NewWriter(w io.Writer, origin string, records, checkpoints int64) (*Writer, error) {
	out := &Writer{w}
	err := out.put(headerLine{format, origin, records, checkpoints})
	return out, err
}

func (w *Writer) put(value any) error {
	text, err := encode(value)
	if err == nil {
		_, err = w.w.Write(text)
	}
	return err
}

// Record writes the next record. leaf is its hash as kept when it was recorded, not computed now: where the two differ,
// Verify can name the record.
func (w *Writer) Record(r Record, leaf Hash) error { return w.put(r.line(leaf)) }

// Checkpoint writes a checkpoint, after the record whose number is its size.
func (w *Writer) Checkpoint(size int64, signed string) error {
	return w.put(checkpointLine{size, signed})
}

// Receipt proves that one record is in the log, to somebody who has nothing but a public key or a checkpoint.
type Receipt struct {
	Record Record
	Salts  map[string]Salt // of the seals that whoever gets the receipt may open; may be empty
	Proof  []Hash          // what Prove gives for the record and the checkpoint's size
	Note   string          // the signed checkpoint
}

// Write writes the receipt as a file of one line.
func (r Receipt) Write(w io.Writer) error {
	l := receiptLine{
		Receipt: r.Record.Seq, Record: r.Record.line(Leaf(r.Record.Bytes())),
		Salts: map[string]Salt{}, Proof: append([]Hash{}, r.Proof...), Note: r.Note,
	}
	maps.Copy(l.Salts, r.Salts)
	return (&Writer{w}).put(l)
}
