package best

// explain gives each line that is paid less than its amount its reason. What is known before the search comes first, then an
// entitlement that is paid and excludes it, then the limit that 1 分 more would break. Of a best combination one of these
// always holds: otherwise 1 分 more could be paid.
func (m *model) explain(a *Answer) {
	for i := range a.Lines {
		if a.Lines[i].Pay < m.all[i].Amount {
			a.Lines[i].Reason = m.reason(i, a.Lines)
		}
	}
}

func (m *model) reason(i int, lines []Line) *Reason {
	if m.out[i] != nil {
		return m.out[i]
	}
	for _, c := range m.clashes[i] {
		if lines[c.other].Pay > 0 {
			return &c.reason
		}
	}
	for _, k := range m.of[i] {
		if l := &m.limits[k]; l.broken(i, lines) {
			return &l.reason
		}
	}
	return &Reason{Kind: NotProved}
}

// broken reports whether 1 分 more for i breaks the limit.
func (l *limit) broken(i int, lines []Line) bool {
	binds := l.owned[i]
	sum, times := int64(1), int64(0)
	for _, j := range l.members {
		sum += int64(lines[j].Pay)
		if j == i || lines[j].Pay > 0 {
			times++
		}
		binds = binds || l.owned[j] && lines[j].Pay > 0
	}
	return binds && (sum > l.room || times > l.times)
}
