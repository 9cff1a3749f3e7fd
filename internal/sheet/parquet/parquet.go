// Package parquet reads flat Parquet files as tables: the names of the columns are the header. Numbers become the decimals they
// stand for; a floating-point number that isn't the nearest to a decimal of at most 15 digits is refused, since nobody knows
// which sum was meant.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"mianshen/internal/sheet"
)

// rows is the stream of a file's rows, the header first.
type rows struct {
	file    *parquetgo.File
	columns []column
	limits  sheet.Limits
	groups  []parquetgo.RowGroup
	open    parquetgo.Rows
	number  int
	buf     []parquetgo.Row
	held    []parquetgo.Row
	cells   []sheet.Cell
	failed  error
}

type column struct {
	name    string
	kind    parquetgo.Kind
	logical format.LogicalTypeValue
}

// Read opens a file. Nested and repeated columns are refused; every error is a *sheet.Error.
func Read(r io.ReaderAt, size int64, limits sheet.Limits) (out sheet.Rows, err error) {
	defer recovered(&err)
	limits = limits.WithDefaults()
	f, err := parquetgo.OpenFile(r, size, parquetgo.SkipPageIndex(true), parquetgo.SkipBloomFilters(true))
	if err != nil {
		return nil, damaged()
	}
	p := &rows{file: f, limits: limits, groups: f.RowGroups(), buf: make([]parquetgo.Row, 64)}
	if f.NumRows() < 0 || f.NumRows() >= int64(limits.Rows) {
		return nil, &sheet.Error{Message: "行数超过上限，请拆分文件"}
	}
	var unpacked int64
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			unpacked += max(c.MetaData.TotalUncompressedSize, 0)
		}
	}
	if unpacked > limits.Unzipped {
		return nil, &sheet.Error{Message: fmt.Sprintf("文件解压后超过 %d MiB，不读", limits.Unzipped>>20)}
	}
	for _, field := range f.Schema().Fields() {
		if !field.Leaf() || field.Repeated() {
			return nil, &sheet.Error{Message: fmt.Sprintf("列“%s”是嵌套类型；集合请写成以分号隔开的字符串，表请另用一个文件", field.Name())}
		}
		c := column{name: field.Name(), kind: field.Type().Kind()}
		if t := field.Type().LogicalType(); t != nil {
			c.logical = t.Value
		}
		p.columns = append(p.columns, c)
	}
	if len(p.columns) > limits.Columns {
		return nil, &sheet.Error{Message: "列数超过上限"}
	}
	return p, nil
}

func damaged() error {
	return &sheet.Error{Message: "不是有效的 Parquet 文件，或文件不完整"}
}

// recovered turns a panic of the library, which damaged files can cause, into an error.
func recovered(err *error) {
	if recover() != nil {
		*err = damaged()
	}
}

func (p *rows) Notes() sheet.Notes { return sheet.Notes{} }

func (p *rows) Next() (sheet.Row, error) {
	if p.failed != nil {
		return sheet.Row{}, p.failed
	}
	row, err := p.next()
	p.failed = err
	return row, err
}

func (p *rows) next() (out sheet.Row, err error) {
	defer recovered(&err)
	p.cells = p.cells[:0]
	p.number++
	if p.number == 1 {
		for _, c := range p.columns {
			p.cells = append(p.cells, sheet.Words(c.name))
		}
		return sheet.Row{Number: 1, Cells: p.cells}, nil
	}
	row, err := p.pull()
	if err != nil {
		return sheet.Row{}, err
	}
	for i, c := range p.columns {
		if i >= len(row) {
			return sheet.Row{}, damaged()
		}
		cell, wrong := c.cell(row[i])
		if len(cell.Text) > p.limits.CellBytes {
			wrong = "单元格太长"
		}
		if wrong != "" {
			return sheet.Row{}, &sheet.Error{Row: p.number, Column: i + 1, Message: c.name + "：" + wrong}
		}
		p.cells = append(p.cells, cell)
	}
	return sheet.Row{Number: p.number, Cells: p.cells}, nil
}

// pull returns the next row of values.
func (p *rows) pull() (parquetgo.Row, error) {
	for len(p.held) == 0 {
		if err := p.fill(); err != nil {
			return nil, err
		}
	}
	row := p.held[0]
	p.held = p.held[1:]
	return row, nil
}

// fill reads more rows, from the next group when one is at its end; there may be none yet.
func (p *rows) fill() error {
	switch {
	case p.open != nil:
	case len(p.groups) > 0:
		p.open, p.groups = p.groups[0].Rows(), p.groups[1:]
	case int64(p.number-2) != p.file.NumRows():
		return damaged()
	default:
		return io.EOF
	}
	n, err := p.open.ReadRows(p.buf)
	p.held = p.buf[:n]
	if err == nil {
		return nil
	}
	if !errors.Is(err, io.EOF) || p.open.Close() != nil {
		return damaged()
	}
	p.open = nil
	return nil
}

// cell turns a stored value into a cell, or says why it can't.
func (c column) cell(v parquetgo.Value) (out sheet.Cell, wrong string) {
	if v.IsNull() {
		return sheet.Cell{}, ""
	}
	switch t := c.logical.(type) {
	case *format.DecimalType:
		return c.decimal(v, int(t.Scale))
	case *format.DateType:
		day := time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int32()))
		return sheet.Cell{Text: day.Format("2006-01-02"), Kind: sheet.Date}, ""
	case *format.TimestampType:
		return stamp(v.Int64(), t.Unit.Value)
	case *format.TimeType:
		return out, "是时刻，不能用在这里"
	case *format.IntType:
		if !t.IsSigned {
			return sheet.Figure(strconv.FormatUint(unsigned(c.kind, v), 10)), ""
		}
	}
	switch c.kind {
	case parquetgo.Boolean:
		return sheet.Cell{Text: strings.ToUpper(strconv.FormatBool(v.Boolean())), Kind: sheet.Bool}, ""
	case parquetgo.Int32:
		return sheet.Figure(strconv.FormatInt(int64(v.Int32()), 10)), ""
	case parquetgo.Int64:
		return sheet.Figure(strconv.FormatInt(v.Int64(), 10)), ""
	case parquetgo.Float:
		return float(float64(v.Float()), 32)
	case parquetgo.Double:
		return float(v.Double(), 64)
	case parquetgo.ByteArray, parquetgo.FixedLenByteArray:
		if !utf8.Valid(v.ByteArray()) {
			return out, "有无法识别的字符，应为 UTF-8"
		}
		return sheet.Words(string(v.ByteArray())), ""
	}
	return out, "类型不能用在这里，请改为字符串、整数、DECIMAL、布尔或日期"
}

func unsigned(kind parquetgo.Kind, v parquetgo.Value) uint64 {
	if kind == parquetgo.Int32 {
		return uint64(v.Uint32())
	}
	return v.Uint64()
}

// decimal writes an unscaled integer with its decimal point.
func (c column) decimal(v parquetgo.Value, scale int) (out sheet.Cell, wrong string) {
	n := new(big.Int)
	switch c.kind {
	case parquetgo.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquetgo.Int64:
		n.SetInt64(v.Int64())
	default:
		raw := v.ByteArray() // two's complement, highest byte first
		if len(raw) > 64 {
			return out, "DECIMAL 太大"
		}
		n.SetBytes(raw)
		if len(raw) > 0 && raw[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
		}
	}
	if scale < 0 || scale > 60 {
		return out, "DECIMAL 的小数位数不能用"
	}
	digits := new(big.Int).Abs(n).String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return sheet.Figure(digits), ""
}

// float writes the shortest decimal that the float stands for.
func float(f float64, bits int) (out sheet.Cell, wrong string) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return out, "是 NaN 或无穷大；缺失请写成空值（null）"
	}
	shortest := strconv.FormatFloat(f, 'e', -1, bits)
	mantissa, _, _ := strings.Cut(shortest, "e")
	text := strconv.FormatFloat(f, 'f', -1, bits)
	whole, _, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(strings.Trim(mantissa, "-")) > 16 || len(whole) > 15 || len(text) > 64 {
		return out, fmt.Sprintf("%s 是浮点数，不能确定是哪个十进制数，请改用 DECIMAL、整数或字符串", shortest)
	}
	return sheet.Figure(text), ""
}

// stamp writes a moment as it reads without a time zone.
func stamp(n int64, unit format.TimeUnitValue) (out sheet.Cell, wrong string) {
	var t time.Time
	switch unit.(type) {
	case *format.MilliSeconds:
		t = time.UnixMilli(n)
	case *format.MicroSeconds:
		t = time.UnixMicro(n)
	case *format.NanoSeconds:
		t = time.Unix(0, n)
	default:
		return out, "时间的单位无法识别"
	}
	return sheet.Cell{Text: strings.TrimSuffix(t.UTC().Format("2006-01-02 15:04:05"), " 00:00:00"), Kind: sheet.Date}, ""
}
