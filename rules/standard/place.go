package standard

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"
)

//go:embed place.tsv
var placeTable string

// Place is a district of Shanghai or a town of Qingpu.
type Place struct {
	Code string // 6 digits of GB/T 2260 for a district, 9 for a street or town
	Name string // 青浦区, 金泽镇
}

var places = sync.OnceValue(func() (p struct{ districts, towns []Place }) {
	rows("place.tsv", placeTable, "code\tname", func(cells []string) error {
		place := Place{Code: cells[0], Name: cells[1]}
		switch len(place.Code) {
		case 6:
			p.districts = append(p.districts, place)
		case 9:
			p.towns = append(p.towns, place)
		default:
			return fmt.Errorf("code %q", place.Code)
		}
		return nil
	})
	return p
})

// Districts returns the 16 districts of Shanghai in the order of GB/T 2260.
// The slice belongs to the caller.
func Districts() []Place { return slices.Clone(places().districts) }

// Towns returns the streets and towns (街道、镇) of Qingpu in the order of their
// codes. The slice belongs to the caller.
func Towns() []Place { return slices.Clone(places().towns) }
