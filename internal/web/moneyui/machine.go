package moneyui

import (
	"fmt"
	"strconv"

	"mianshen/internal/disburse/lists"
)

// Drawing is the state machine of lists as shapes.
type Drawing struct {
	Box, Width, Height string
	Boxes, Texts       []Shape
	Lines              []Stroke
}

// Shape is a box or a text.
type Shape struct{ X, Y, MidX, MidY, Text, Class string }

// Stroke is a line.
type Stroke struct{ Path, Class string }

// way are the states from the top down, in the order in which a list passes them.
var way = []lists.State{
	lists.Drafted, lists.Reviewed, lists.Confirmed, lists.Noticed, lists.Handled, lists.Checked, lists.Approving, lists.Approved, lists.Exported, lists.Sent, lists.Settled,
}

const (
	boxWidth, boxHeight, boxGap = 170, 44, 44
	boxLeft                     = 210
)

// Machine draws the table of steps: the states from the top down, the way forward as lines between them with who goes it, what
// leads back on the left, giving up on the right. here is a state to mark, "" for none.
func Machine(steps []lists.Step, here lists.State) *Drawing {
	top := map[lists.State]int{}
	d := &Drawing{Width: strconv.Itoa(boxWidth), Height: strconv.Itoa(boxHeight)}
	put := func(s lists.State, x, y int) {
		b := Shape{X: strconv.Itoa(x), Y: strconv.Itoa(y), MidX: strconv.Itoa(x + boxWidth/2), MidY: strconv.Itoa(y + boxHeight/2 + 6), Text: s.Words()}
		if s == here {
			b.Class = "machine-here"
		}
		d.Boxes = append(d.Boxes, b)
	}
	for i, s := range way {
		top[s] = 10 + i*(boxHeight+boxGap)
		put(s, boxLeft, top[s])
	}
	const right = boxLeft + boxWidth
	put(lists.Withdrawn, right+330, top[lists.Handled])
	back := map[lists.State]int{}
	for _, s := range steps {
		from, to := top[s.From], top[s.To]
		switch {
		case s.From == lists.None || s.From == s.To:
		case s.To == lists.Withdrawn:
			d.line("machine-aside", "M%d %d C%d %d %d %d %d %d", right, from+boxHeight/2, right+230, from+boxHeight/2, right+200, top[lists.Handled]+boxHeight/2, right+330, top[lists.Handled]+boxHeight/2)
		case to == from+boxHeight+boxGap:
			d.line("machine-way", "M%d %d V%d m-5 -8 l5 8 l5 -8", boxLeft+boxWidth/2, from+boxHeight, to)
			d.word(boxLeft+boxWidth/2+12, from+boxHeight+boxGap/2+5, s)
		case to > from:
			d.line("machine-way", "M%d %d C%d %d %d %d %d %d", right, from+boxHeight/2+8, right+180, from+boxHeight, right+180, to, right, to+boxHeight/2-8)
			d.word(right+142, (from+to)/2+boxHeight/2+5, s)
		default:
			if back[s.From]++; back[s.From] > 2 || drawn(steps, s) {
				continue
			}
			out := 40 + (from-to)/7
			d.line("machine-back", "M%d %d C%d %d %d %d %d %d", boxLeft, from+boxHeight/2, boxLeft-out, from+boxHeight/2, boxLeft-out, to+boxHeight/2, boxLeft, to+boxHeight/2)
		}
	}
	d.Box = fmt.Sprintf("0 0 %d %d", right+330+boxWidth+10, top[lists.Settled]+boxHeight+10)
	return d
}

// drawn tells whether an earlier step leads between the same states by the same action.
func drawn(steps []lists.Step, s lists.Step) bool {
	for _, e := range steps {
		if e == s {
			return false
		}
		if e.Action == s.Action && e.From == s.From && e.To == s.To {
			return true
		}
	}
	return false
}

func (d *Drawing) line(class, format string, numbers ...any) {
	d.Lines = append(d.Lines, Stroke{fmt.Sprintf(format, numbers...), class})
}

func (d *Drawing) word(x, y int, s lists.Step) {
	d.Texts = append(d.Texts, Shape{MidX: strconv.Itoa(x), MidY: strconv.Itoa(y), Text: s.Action.Words() + " · " + lists.RoleName(s.Role)})
}
