package form

import (
	"encoding/binary"
	"sort"

	"mianshen/engine/column"
)

const patchMagic = "msfO\x01"

// maxRow caps the row numbers of a patch.
const maxRow = 1 << 30

// EncodePatch writes what some rows of a column have become: row i of c is now rows[i], which ascend. The chunks have
// column.ChunkRows rows each, the last one fewer. Their heads have runs of rows that follow each other: how many rows lie
// between the last run and this one, and how many rows it has.
func EncodePatch(rows []int, c *column.Column) [][]byte {
	var chunks [][]byte
	for from := 0; from < len(rows); from += column.ChunkRows {
		n := min(column.ChunkRows, len(rows)-from)
		chunks = append(chunks, frame(patchMagic, runsOf(rows[from:from+n]), column.Append(nil, c, from, n)))
	}
	return chunks
}

func runsOf(rows []int) []byte {
	b := binary.AppendUvarint(nil, uint64(len(rows)))
	for next := 0; len(rows) > 0; {
		first, n := rows[0], 1
		for n < len(rows) && rows[n] == first+n {
			n++
		}
		b = binary.AppendUvarint(b, uint64(first-next))
		b = binary.AppendUvarint(b, uint64(n))
		next, rows = first+n, rows[n:]
	}
	return b
}

// patchRows appends the rows that a chunk is about.
func patchRows(rows []int, head []byte) ([]int, error) {
	r := &reader{rest: head}
	left := r.count(column.ChunkRows)
	for next := 0; left > 0 && !r.bad; {
		first := next + r.count(maxRow)
		n := r.count(left)
		r.bad = r.bad || n == 0
		for i := range n {
			rows = append(rows, first+i)
		}
		next, left = first+n, left-n
	}
	if r.bad || len(r.rest) > 0 {
		return nil, damaged("rows of a patch")
	}
	return rows, nil
}

// DecodePatch reads all chunks of a patch: row i of the column is what rows[i] became.
func DecodePatch(chunks [][]byte) (rows []int, c *column.Column, err error) {
	bodies := make([][]byte, len(chunks))
	for i, data := range chunks {
		head, body, err := unframe(patchMagic, data)
		if err != nil {
			return nil, nil, err
		}
		if rows, err = patchRows(rows, head); err != nil {
			return nil, nil, err
		}
		bodies[i] = body
	}
	for i := 1; i < len(rows); i++ {
		if rows[i] <= rows[i-1] {
			return nil, nil, damaged("rows of a patch don't ascend")
		}
	}
	if c, err = column.Join(bodies, len(rows)); err != nil {
		return nil, nil, damaged("patch: %v", err)
	}
	return rows, c, nil
}

// PatchAt returns the one row of the column that a row became by a chunk of a patch, nil where the chunk isn't about it.
func PatchAt(data []byte, row int) (*column.Column, error) {
	head, body, err := unframe(patchMagic, data)
	if err != nil {
		return nil, err
	}
	rows, err := patchRows(nil, head)
	if err != nil {
		return nil, err
	}
	i, found := sort.Find(len(rows), func(i int) int { return row - rows[i] })
	if !found {
		return nil, nil
	}
	c, err := column.Decode(body)
	if err != nil || c.Rows != len(rows) {
		return nil, damaged("patch of %d rows: %v", len(rows), err)
	}
	return column.Gather(c, []int{i}), nil
}
