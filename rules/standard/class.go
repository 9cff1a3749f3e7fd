package standard

import (
	"fmt"
	"math/bits"
	"strings"
)

// Class is the size class of an enterprise. The zero value is no class.
type Class uint8

// The classes, ordered from the smallest; NotApplicable is for industries that
// the classification doesn't cover.
const (
	Micro         Class = iota + 1 // 微型
	Small                          // 小型
	Medium                         // 中型
	Large                          // 大型
	NotApplicable                  // 不适用
)

var classNames = [...]string{Micro: "微型", Small: "小型", Medium: "中型", Large: "大型", NotApplicable: "不适用"}

// String returns 大型, 中型, 小型, 微型 or 不适用, and "" for no class.
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return fmt.Sprintf("Class(%d)", uint8(c))
	}
	return classNames[c]
}

// ParseClass is the inverse of Class.String for the five classes; ok is false
// for every other text.
func ParseClass(name string) (c Class, ok bool) {
	for c := Micro; c <= NotApplicable; c++ {
		if classNames[c] == name {
			return c, true
		}
	}
	return 0, false
}

// ClassSet is a set of classes, the ones that are still possible. Sets compare
// with ==. The zero value is empty, which Classify never returns.
type ClassSet uint8

// Classes returns the set of the given classes; what is no class is left out.
func Classes(classes ...Class) ClassSet {
	var s ClassSet
	for _, c := range classes {
		if c >= Micro && c <= NotApplicable {
			s |= 1 << c
		}
	}
	return s
}

// upTo returns every class from Micro to c.
func upTo(c Class) ClassSet { return ClassSet(1<<(c+1) - 1<<Micro) }

// Has reports whether c is in the set.
func (s ClassSet) Has(c Class) bool { return c >= Micro && c <= NotApplicable && s>>c&1 == 1 }

// Only returns the class of a set that has exactly one, else false.
func (s ClassSet) Only() (c Class, ok bool) {
	if bits.OnesCount8(uint8(s)) != 1 {
		return 0, false
	}
	return Class(bits.TrailingZeros8(uint8(s))), true
}

// Union returns the classes of either set.
func (s ClassSet) Union(other ClassSet) ClassSet { return s | other }

// In decides whether the class is one of other, as == and in do in a rule:
// True if every class still possible is in other, False if none is, else
// Unknown. An empty set is Unknown.
func (s ClassSet) In(other ClassSet) Tri {
	switch {
	case s == 0:
		return Unknown
	case s&^other == 0:
		return True
	case s&other == 0:
		return False
	}
	return Unknown
}

// List returns the classes of the set, 大型 first and 不适用 last.
func (s ClassSet) List() []Class {
	var list []Class
	for _, c := range [...]Class{Large, Medium, Small, Micro, NotApplicable} {
		if s.Has(c) {
			list = append(list, c)
		}
	}
	return list
}

// String returns the classes for people, 大型 first: 中型、小型.
func (s ClassSet) String() string {
	var names []string
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return strings.Join(names, "、")
}
