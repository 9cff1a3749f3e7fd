package synth

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
)

const (
	packedEnd  = ".csv.gz"
	profilesID = "profiles"
	// maxPacked bounds the unpacked text of one file: a hundred thousand firms need about 100 MB.
	maxPacked = 256 << 20
)

// Pack returns the files that hold b, by name: profiles.csv.gz and, by the
// vocabulary's ids, one a table. The gzip headers carry no time and no name, so the
// same b gives the same bytes with the same Go release. b must come from Generate,
// so that its tables stand in the vocabulary's order.
func (m *Maker) Pack(b Bundle) (map[string][]byte, error) {
	tables := m.layout.tables
	if len(b.Records) != len(tables) {
		return nil, fmt.Errorf("pack %d tables: the vocabulary has %d", len(b.Records), len(tables))
	}
	packed, err := pack(b.Profiles)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{profilesID + packedEnd: packed}
	for i, t := range b.Records {
		if files[tables[i].id+packedEnd], err = pack(t); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func pack(t Table) ([]byte, error) {
	var buf bytes.Buffer
	out, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := t.WriteCSV(out); err != nil {
		return nil, err
	}
	if err := out.Close(); err != nil {
		return nil, fmt.Errorf("compress %s: %w", t.Name, err)
	}
	return buf.Bytes(), nil
}

// Unpack reads back what Pack made from a folder of such files. The error names the file that is missing or damaged.
func (m *Maker) Unpack(folder fs.FS) (Bundle, error) {
	profiles, err := unpack(folder, profilesID, "企业画像")
	if err != nil {
		return Bundle{}, err
	}
	b := Bundle{Profiles: profiles}
	for _, t := range m.layout.tables {
		table, err := unpack(folder, t.id, t.name)
		if err != nil {
			return Bundle{}, err
		}
		b.Records = append(b.Records, table)
	}
	return b, nil
}

func unpack(folder fs.FS, id, name string) (Table, error) {
	file, err := folder.Open(id + packedEnd)
	if err != nil {
		return Table{}, fmt.Errorf("read %s: %w", name, err)
	}
	defer file.Close()
	in, err := gzip.NewReader(file)
	if err != nil {
		return Table{}, fmt.Errorf("read %s: %w", name, err)
	}
	return ReadCSV(name, io.LimitReader(in, maxPacked))
}
