package column

// originMerger collects the origins of the rows of one column, in order of first use.
type originMerger struct {
	c     *Column
	index map[Origin]uint16
}

func newOriginMerger(c *Column) *originMerger {
	m := &originMerger{c: c, index: make(map[Origin]uint16, len(c.Origins))}
	for i, o := range c.Origins {
		m.index[o] = uint16(i)
	}
	return m
}

// place returns the index of o, and false when there is no room for one more.
func (m *originMerger) place(o Origin) (uint16, bool) {
	if at, ok := m.index[o]; ok {
		return at, true
	}
	if len(m.c.Origins) == MaxOrigins {
		return 0, false
	}
	at := uint16(len(m.c.Origins))
	m.index[o] = at
	m.c.Origins = append(m.c.Origins, o)
	if at > 0 && m.c.From == nil {
		m.c.From = make([]uint16, m.c.Rows)
	}
	return at, true
}

// fill gives rows [start, end) the origin o, or the last one where there is no room for it.
func (m *originMerger) fill(start, end int, o Origin) {
	if start == end {
		return
	}
	at, ok := m.place(o)
	if at > 0 {
		rows := m.c.From[start:end]
		for i := range rows {
			rows[i] = at
		}
	} else if ok && m.c.From != nil {
		clear(m.c.From[start:end])
	}
}
