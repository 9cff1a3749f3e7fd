package payout

import "io"

// Format is one form that a batch can take: Pain001, CSV, Workbook, Application or Handover. There are no others, since a
// format is only ever reached through Write, which checks first.
type Format interface {
	// Name is how people call the form, in Chinese.
	Name() string
	// Extension is that of its files, without the dot.
	Extension() string
	// demands returns what this form can't carry of a batch that is right otherwise.
	demands(b Batch) Mistakes
	// write writes a batch that was found right.
	write(w io.Writer, b Batch) error
}

// Write checks the batch, for itself and against the format, and writes it. Where anything is wrong, the error is Mistakes
// with all of it, and not a byte is written. Any other error is one of w, after which the file is incomplete.
func Write(w io.Writer, b Batch, f Format) error {
	found := b.mistakes()
	if len(found) == 0 {
		found = f.demands(b)
	}
	if len(found) > 0 {
		return found
	}
	return f.write(w, b)
}
