package ui

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mianshen/internal/whatif"
	"mianshen/rules/exact"
)

// The chart in units of its own picture; the page scales it.
const (
	chartWide, chartHigh = 760, 340
	chartLeft, chartTop  = 92, 20
	chartRight, chartLow = 20, 64
)

// chart is a curve as a drawing: a line of steps, marks, and the ticks of both axes. Floats place ink; no figure that is read
// comes from them.
type chart struct {
	line         string // points of the polyline
	money        bool   // the height is money; else it is how many enterprises
	xs, ys       []tick
	present      *mark
	affordable   *mark
	budget       float64 // height of the budget's line; 0: none
	title, about string
}

type tick struct {
	at   float64
	text string
}

type mark struct{ x, y float64 }

// scale maps what is drawn onto the picture.
type scale struct{ low, high, top float64 }

func (s scale) x(v float64) float64 {
	if s.high == s.low {
		return chartLeft
	}
	return chartLeft + (v-s.low)/(s.high-s.low)*(chartWide-chartLeft-chartRight)
}

func (s scale) y(v float64) float64 {
	return chartHigh - chartLow - v/s.top*(chartHigh-chartTop-chartLow)
}

func ink(n exact.Num) float64 {
	f, _ := n.Rat().Float64()
	return f
}

// draw makes a drawing of a curve; nil where there is nothing to draw.
func draw(c *whatif.Curve) *chart {
	if len(c.Steps) < 2 {
		return nil
	}
	d := &chart{money: slices.ContainsFunc(c.Steps, func(s whatif.Step) bool { return s.Money > 0 })}
	most := slices.MaxFunc(c.Steps, func(a, b whatif.Step) int { return cmp.Compare(d.height(a), d.height(b)) })
	s := scale{low: ink(c.Steps[0].Value), high: ink(c.Steps[len(c.Steps)-1].Value), top: nice(d.height(most))}
	falls := d.height(c.Steps[0]) > d.height(c.Steps[len(c.Steps)-1])
	var before mark
	for i, step := range c.Steps {
		x, y := s.x(ink(step.Value)), s.y(d.height(step))
		switch { // between two figures nothing happens: the line falls behind the first or rises at the second
		case i == 0 || !c.Exact:
		case falls:
			d.point(before.x, y)
		default:
			d.point(x, before.y)
		}
		d.point(x, y)
		before = mark{x, y}
		if step.Present {
			d.present = &mark{x, y}
		}
		if step.Affordable {
			d.affordable = &mark{x, y}
		}
	}
	d.axes(c, s)
	if b := c.Budget; b != nil && d.money && float64(*b) <= s.top {
		d.budget = s.y(float64(*b))
	}
	d.describe(c)
	return d
}

func (d *chart) point(x, y float64) {
	if d.line != "" {
		d.line += " "
	}
	d.line += coordinate(x) + "," + coordinate(y)
}

func (d *chart) height(s whatif.Step) float64 {
	if d.money {
		return float64(s.Money)
	}
	return float64(s.Enterprises)
}

// nice is the least of 1, 2, 4 and 5 times a power of ten that isn't below v.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 5, 10} {
		if m*p >= v {
			return m * p
		}
	}
	return 10 * p
}

// axes puts five ticks on the height, and up to five values that occur under the line, far enough apart to be read.
func (d *chart) axes(c *whatif.Curve, s scale) {
	const parts = 4
	for i := range parts + 1 {
		v := s.top * float64(i) / parts
		text := itoa(int64(math.Round(v))) + " 户"
		if d.money {
			text = exact.Money(math.Round(v)).Words()
		}
		if d.money || v == math.Trunc(v) {
			d.ys = append(d.ys, tick{s.y(v), text})
		}
	}
	last := math.Inf(-1)
	const apart = (chartWide - chartLeft - chartRight) / 5.5
	end := c.Steps[len(c.Steps)-1]
	for _, step := range c.Steps {
		x := s.x(ink(step.Value))
		if x-last >= apart && s.x(ink(end.Value))-x >= apart {
			d.xs = append(d.xs, tick{x, step.Words})
			last = x
		}
	}
	d.xs = append(d.xs, tick{s.x(ink(end.Value)), end.Words})
}

// describe says in words what the drawing shows.
func (d *chart) describe(c *whatif.Curve) {
	first, last := c.Steps[0], c.Steps[len(c.Steps)-1]
	d.title = c.Name + "取不同的值时，" + c.Title + "要多少钱"
	if !d.money {
		d.title = c.Name + "取不同的值时，" + c.Title + "有多少户符合"
	}
	d.about = fmt.Sprintf("从 %s（%d 户，%s）到 %s（%d 户，%s）；现为 %s，%d 户，%s。各点的数见旁边的表。",
		first.Words, first.Enterprises, first.Money.Words(), last.Words, last.Enterprises, last.Money.Words(),
		c.Present.Words, c.Present.Enterprises, c.Present.Money.Words())
}

func coordinate(v float64) string { return fmt.Sprintf("%.1f", v) }
