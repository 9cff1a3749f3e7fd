package lexicon

import "testing"

func TestByteOrderMarkIsNoPartOfAWord(t *testing.T) {
	groups, err := ParseGroups("a.txt", "\ufeff高企 > 高新技术企业\n")
	if err != nil || len(groups) != 1 || groups[0].Said[0] != "高企" {
		t.Errorf("%+v %v", groups, err)
	}
}
