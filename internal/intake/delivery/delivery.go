// Package delivery reads what one department delivers of one period, however large: a CSV, XLSX, JSONL or Parquet file, or a
// folder of them, is validated and handed on in parts of typed columns, in the order of the file, without ever being held as
// a whole. Nothing counts until the whole delivery was read: the caller keeps the parts aside as they come and drops them when
// Read fails.
//
// A column is a series: what the department delivers period by period (营业收入), from which the fields of the vocabulary take
// their period (上年营业收入, 前年营业收入). Its values are those that rules.Field.Parse reads, in the base unit of the field.
//
// CSV is read by several goroutines at once, straight from bytes; what the fast way doesn't recognise goes to Field.Parse, and
// a test holds the two together. The result doesn't depend on how many there are.
package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/internal/intake/delivery/parts"
	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Meta says whose data of which period a delivery is.
type Meta struct {
	Source     string // department, as the vocabulary names it
	Period     string // current:2025-06-25 for what holds on a day, or 2024, 2024-Q1, 2024-03
	Complete   bool   // enterprises that aren't in it have the absent value of its fields
	Purpose    string // what the data may be used for
	LegalBasis string
	// IgnoreUnknown leaves out columns that nothing is known of, and says so, instead of refusing the delivery.
	IgnoreUnknown bool
	// Table is the name of the table whose records the files hold, one row a record. "": one row an enterprise, unless a file is
	// named after a table, or a CSV file has a table's key among its headers.
	Table string
	// Registered tells whether an enterprise is known; nil: nobody asks. It is called from one goroutine.
	Registered func(code string) bool `json:"-"`
}

// Part is some consecutive rows of a delivery; see package parts.
type Part = parts.Part

// NamedColumn is a series and its values; see package parts.
type NamedColumn = parts.NamedColumn

// EncodePart returns the part as one blob with a checksum; see parts.Encode.
func EncodePart(p Part) []byte { return parts.Encode(p) }

// DecodePart reads what EncodePart wrote; see parts.Decode.
func DecodePart(data []byte) (Part, error) { return parts.Decode(data) }

// Limits caps what is read. Zero values stand for the defaults, which are those of intake but for FileBytes, 8 GiB of all
// files together, and Rows, which counts for all files together too: only tables of records are held as a whole, and stay at 512 MiB a file.
type Limits struct {
	intake.Limits
	Workers  int // goroutines that read CSV, GOMAXPROCS but at most 3
	PartRows int // rows of a part, MaxRows; where columns are many, parts have fewer in any case
}

// MaxProblems is how many problems a report keeps. Reading stops once there are more.
const MaxProblems = cells.MaxProblems

// maxFiles is how many files a delivery has at most.
const maxFiles = 1000

// SeriesOf names the delivered series that a base field reads.
func SeriesOf(f *rules.Field) string {
	if f.Of != "" {
		return f.Of
	}
	return f.Name
}

// CheckPeriod reads the period of a delivery; span is rules.Day for current:DATE.
func CheckPeriod(text string) (span rules.Span, err error) {
	if day, ok := strings.CutPrefix(text, "current:"); ok {
		d, err := civil.Parse(day)
		if err != nil || d.String() != day {
			return 0, fmt.Errorf("所属期“%s”写作 current:2025-06-25", intake.Clip(text))
		}
		return rules.Day, nil
	}
	i, err := rules.ParseInterval(text)
	if err != nil {
		return 0, err
	}
	if i.Name != text {
		return 0, fmt.Errorf("所属期“%s”应写作 %s", intake.Clip(text), i.Name)
	}
	switch {
	case len(text) == len("2024"):
		return rules.Year, nil
	case strings.Contains(text, "Q"):
		return rules.Quarter, nil
	}
	return rules.Month, nil
}

// Read reads a delivery that is one file. See ReadAll.
func Read(ctx context.Context, v *rules.Vocabulary, in intake.Input, meta Meta, limits Limits, emit func(Part) error) (*Report, error) {
	return ReadAll(ctx, v, []intake.Input{in}, meta, limits, emit)
}

// ReadAll reads a delivery that is one or more files, in the given order, and hands its parts to emit, one at a time and in
// order; they are the receiver's. The report tells what was read, also of a delivery that is refused: then the error is an
// *intake.Problems with the first MaxProblems things that are wrong, and nothing that was emitted may be used. Another error is
// ctx's, emit's or a misuse such as a period that can't be read. The files of a delivery need not have the same columns, but no
// enterprise may come twice.
func ReadAll(ctx context.Context, v *rules.Vocabulary, ins []intake.Input, meta Meta, limits Limits, emit func(Part) error) (*Report, error) {
	span, err := check(v, meta, len(ins))
	if err != nil {
		return nil, err
	}
	if limits.FileBytes <= 0 {
		limits.FileBytes = 8 << 30
	}
	if limits.PartRows <= 0 || limits.PartRows > parts.MaxRows {
		limits.PartRows = parts.MaxRows
	}
	limits.Limits.Limits = limits.Limits.Limits.WithDefaults()
	r := &reader{vocabulary: v, meta: meta, span: span, limits: limits, sum: sha256.New()}
	r.gatherer = newGatherer(meta, limits.Rows, emit)
	r.slots = seriesSlots(v, meta.Source)
	r.tallies = make([]cells.Tally, len(r.slots))
	for _, in := range ins {
		if err := r.file(ctx, in); err != nil {
			return r.report, err
		}
		if r.full() {
			break
		}
	}
	return r.finish(len(ins))
}

// check finds misuse.
func check(v *rules.Vocabulary, meta Meta, files int) (rules.Span, error) {
	if meta.Source == "" {
		return 0, errors.New("没有说明是哪个部门的数据")
	}
	if files == 0 || files > maxFiles {
		return 0, fmt.Errorf("一批数据有 1 至 %d 个文件，这里有 %d 个", maxFiles, files)
	}
	if f, known := v.Field(meta.Table); meta.Table != "" && (!known || f.Type != rules.TypeTable) {
		return 0, fmt.Errorf("指标字典里没有叫“%s”的表", intake.Clip(meta.Table))
	}
	return CheckPeriod(meta.Period)
}

// reader reads one delivery.
type reader struct {
	*gatherer
	vocabulary *rules.Vocabulary
	meta       Meta
	span       rules.Span
	limits     Limits
	slots      []intake.Slot
	tallies    []cells.Tally // by slot
	sum        hash.Hash     // over the lines of a delivery of several files
	bytes      int64
}

// file reads one file. The error is ctx's or emit's; what is wrong with the file is kept.
func (r *reader) file(ctx context.Context, in intake.Input) error {
	r.begin(in)
	r.bytes += max(in.Size, 0)
	if r.bytes > r.limits.FileBytes {
		r.reject(intake.Problem{File: in.Name, Message: fmt.Sprintf("这一批数据超过上限 %d MiB", r.limits.FileBytes>>20)})
		return nil
	}
	csv, err := in.IsCSV()
	if err != nil {
		return r.refused(err)
	}
	if table := r.tableOf(in.Name); table != nil {
		return r.records(ctx, table, in)
	}
	if csv {
		return r.csv(ctx, in)
	}
	return r.stream(ctx, in)
}

// digest reads the raw bytes of a file for their checksum.
func digest(ctx context.Context, in intake.Input) ([]byte, error) {
	h := sha256.New()
	if _, err := io.Copy(h, &careful{ctx: ctx, in: io.NewSectionReader(in.Data, 0, in.Size)}); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &sheet.Error{Message: "读文件出错：" + err.Error()}
	}
	return h.Sum(nil), nil
}

// careful is a reader that looks at the context.
type careful struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	in  io.Reader
}

func (c *careful) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(p)
}

// summed takes the checksum of a file's raw bytes.
func (r *reader) summed(sum []byte) {
	f := r.current()
	f.Checksum = hex.EncodeToString(sum)
	fmt.Fprintf(r.sum, "%s  %s\n", f.Checksum, f.Name)
}

// finish completes the report.
func (r *reader) finish(files int) (*Report, error) {
	out := r.report
	out.Bytes, out.Parts = r.bytes, r.parts
	if files == 1 {
		out.Checksum = r.current().Checksum
	} else if !r.full() {
		out.Checksum = hex.EncodeToString(r.sum.Sum(nil))
	}
	if err := r.problems(); err != nil {
		out.Checksum = ""
		return out, err
	}
	r.describe()
	return out, nil
}
