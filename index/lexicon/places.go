package lexicon

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed data/places.txt
var placeText string

// Place is a part of the country, as a path from the province down: 广东, 广东/广州.
type Place string

// place is a name and what it stands for.
type place struct {
	name []rune
	path Place
}

// places gives all names, the longest first.
var places = sync.OnceValues(func() ([]place, error) {
	var out []place
	for line := range strings.Lines(placeText) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		province, rest, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("places: %q has no colon", line)
		}
		out = append(out, placesOf(strings.TrimSpace(province), rest)...)
	}
	slices.SortStableFunc(out, func(a, b place) int { return len(b.name) - len(a.name) })
	return out, nil
})

// placesOf reads one province. Where a province has no cities in the file but districts and other names, they stand for it.
func placesOf(province, rest string) []place {
	direct := slices.Contains([]string{"北京", "天津", "上海", "重庆"}, province)
	out := []place{{[]rune(province), Place(province)}}
	city := ""
	for name := range strings.FieldsSeq(strings.NewReplacer("（", " （ ", "）", " ） ").Replace(rest)) {
		path := province
		switch {
		case name == "（":
			continue
		case name == "）":
			city = ""
			continue
		case direct:
		case city != "" && inBrackets(rest, name):
			path = province + "/" + city
		default:
			city = name
			path = province + "/" + name
		}
		out = append(out, place{[]rune(name), Place(path)})
	}
	return out
}

// inBrackets reports whether name stands between brackets.
func inBrackets(text, name string) bool {
	before, _, _ := strings.Cut(text, name)
	return strings.Count(before, "（") > strings.Count(before, "）")
}

// Places gives the places named in folded text, each once, in order.
func Places(text string) []Place {
	all, err := places()
	if err != nil {
		return nil // the file is ours; a test reads it
	}
	var out []Place
	runes := []rune(text)
	for i := 0; i < len(runes); {
		n := slices.IndexFunc(all, func(p place) bool { return len(p.name) <= len(runes)-i && slices.Equal(p.name, runes[i:i+len(p.name)]) })
		if n < 0 {
			i++
			continue
		}
		if len(all[n].name) > 1 && !slices.Contains(out, all[n].path) {
			out = append(out, all[n].path)
		}
		i += len(all[n].name)
	}
	return out
}

// Within reports whether one place lies in the other, or is it.
func (p Place) Within(other Place) bool {
	return p == other || strings.HasPrefix(string(p), string(other)+"/")
}
