// Package intake reads what departments deliver: profiles, records, earlier awards and persons' findings from CSV, XLSX, JSONL
// and Parquet files, into profiles of a vocabulary. Half-read data is worse than none: every cell that can't be read without
// guessing becomes a Problem with file, row and column, all are collected, and any of them means that nothing is returned.
//
// Numbers go from text to exact numbers without a float on the way. Files are hostile until proved otherwise: sizes, rows,
// columns, cells, lines, depth and what a workbook unpacks to are capped (Limits).
package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/internal/sheet/parquet"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Input is a file to be read.
type Input struct {
	Name string      // as it stands in messages; its extension tells CSV from JSONL
	Data io.ReaderAt // may be read more than once
	Size int64
}

// Bytes returns an input that is held in memory.
func Bytes(name string, data []byte) Input {
	return Input{Name: name, Data: bytes.NewReader(data), Size: int64(len(data))}
}

// Open opens a file for reading. The caller closes it after the last use of the input.
func Open(path string) (Input, io.Closer, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a pipe would block in open
		return Input{}, nil, fmt.Errorf("打不开 %s：不是普通文件", path)
	}
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return Input{}, nil, fmt.Errorf("没有 %s 这个文件", path)
		}
		return Input{}, nil, fmt.Errorf("打不开 %s：%w", path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("不是普通文件")
	}
	if err != nil {
		return Input{}, nil, fmt.Errorf("打不开 %s：%w", path, errors.Join(err, f.Close()))
	}
	return Input{Name: filepath.Base(path), Data: f, Size: info.Size()}, f, nil
}

// Limits caps what is read. Zero values stand for the defaults.
type Limits struct {
	sheet.Limits
	FileBytes int64 // 512 MiB
	Depth     int   // of nested JSON values, 8
	Records   int   // of one table and one firm, 10,000
}

func (l Limits) withDefaults() Limits {
	l.Limits = l.Limits.WithDefaults()
	if l.FileBytes <= 0 {
		l.FileBytes = 512 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 8
	}
	if l.Records <= 0 {
		l.Records = 10_000
	}
	return l
}

// Options says how files are read. The zero value is fine.
type Options struct {
	IgnoreUnknown bool // leave out columns that nothing is known of, and say so, instead of refusing the file
	Limits        Limits
	Source        string     // Fact.Source of what is read; "" stands for the file's name
	On            civil.Date // Fact.On of what is read; may be zero
}

// Batch is what a profile file holds.
type Batch struct {
	Profiles []*rules.Profile  // sorted by enterprise, each once
	Names    map[string]string // 企业名称 by enterprise, where given
	Notices  []string          // sentences in Chinese that a person should be told, in a fixed order

	vocabulary *rules.Vocabulary
	options    Options
	byCode     map[string]*rules.Profile
}

// Profile returns the profile of an enterprise, nil when the file doesn't have it.
func (b *Batch) Profile(enterprise string) *rules.Profile { return b.byCode[enterprise] }

// format is the kind of a file.
type format uint8

const (
	formatCSV format = iota
	formatXLSX
	formatJSONL
	formatParquet
)

// detect tells the format by content first: what a file is named has less weight than what it is.
func (in Input) detect() (format, error) {
	head := make([]byte, min(in.Size, 512))
	if _, err := in.Data.ReadAt(head, 0); err != nil && err != io.EOF {
		return 0, fmt.Errorf("读文件出错：%w", err)
	}
	switch {
	case len(head) == 0:
		return 0, errors.New("文件是空的")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return formatXLSX, nil
	case bytes.HasPrefix(head, []byte("PAR1")):
		return formatParquet, nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return 0, errors.New("是旧版 Excel（.xls）或加了密码的工作簿，请另存为不加密码的 .xlsx")
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch strings.ToLower(filepath.Ext(in.Name)) {
	case ".csv":
		return formatCSV, nil
	case ".xlsx", ".xlsm":
		return 0, errors.New("扩展名是 .xlsx，内容却不是工作簿，文件可能不完整")
	case ".parquet":
		return 0, errors.New("扩展名是 .parquet，内容却不是 Parquet 文件，文件可能不完整")
	}
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return formatJSONL, nil
	}
	switch strings.ToLower(filepath.Ext(in.Name)) {
	case ".jsonl", ".ndjson", ".json":
		return formatJSONL, nil
	}
	return formatCSV, nil
}

// source is one file being read, with what is found wrong in it.
type source struct {
	in       Input
	opts     Options
	format   format
	encoding string // of CSV, once read
	problems *Problems
	notices  []string
}

func open(in Input, opts Options) (*source, error) {
	opts.Limits = opts.Limits.withDefaults()
	s := &source{in: in, opts: opts, problems: &Problems{}}
	if opts.Source == "" {
		s.opts.Source = in.Name
	}
	if in.Size > opts.Limits.FileBytes {
		s.reject("", nil, fmt.Sprintf("文件有 %d MiB，超过上限 %d MiB", in.Size>>20, opts.Limits.FileBytes>>20))
		return nil, s.problems
	}
	format, err := in.detect()
	if err != nil {
		s.reject("", nil, err.Error())
		return nil, s.problems
	}
	s.format = format
	return s, nil
}

// reject records what is wrong with the file or sheet as a whole.
func (s *source) reject(sheetName string, err *sheet.Error, message string) {
	p := Problem{File: s.in.Name, Sheet: sheetName, Message: message}
	if err != nil {
		p.Row, p.Text, p.Message = err.Row, clip(err.Text), err.Message
		if err.Column > 0 {
			p.Column = sheet.Letter(err.Column)
		}
	}
	s.problems.add(p)
}

func (s *source) notice(format string, args ...any) {
	s.notices = append(s.notices, s.in.Name+"："+fmt.Sprintf(format, args...))
}

// err returns everything found wrong, nil for nothing.
func (s *source) err() error {
	if len(s.problems.List) == 0 {
		return nil
	}
	return s.problems
}

// read reads one table of the file, whatever its format: in a workbook the sheet that choose picks.
func (s *source) read(ctx context.Context, sc *schema, choose func(*book) int, take func(*line)) error {
	im := &importer{source: s, schema: sc, at: make([]*column, len(sc.slots))}
	switch s.format {
	case formatJSONL:
		return im.readLines(ctx, take)
	case formatXLSX:
		b := s.openBook()
		if b == nil {
			return nil
		}
		return s.readSheet(ctx, b, choose(b), im, take)
	}
	rows, err := s.rows()
	if err != nil {
		var e *sheet.Error
		if !errors.As(err, &e) {
			return err
		}
		s.reject("", e, "")
		return nil
	}
	return im.readRows(ctx, rows, take)
}

func (s *source) rows() (sheet.Rows, error) {
	if s.format == formatParquet {
		return parquet.Read(s.in.Data, s.in.Size, s.opts.Limits.Limits)
	}
	return sheet.ReadCSV(s.in.Data, s.in.Size, s.opts.Limits.Limits)
}

// found says in messages what the file was found to be.
func (s *source) found() string {
	if s.format == formatCSV {
		return "CSV，编码 " + s.encoding
	}
	return [...]string{formatXLSX: "XLSX", formatJSONL: "JSONL", formatParquet: "Parquet"}[s.format]
}

// sortedKeys returns a map's keys in byte order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
